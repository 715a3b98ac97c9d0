package fleettest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Cable lays a cable from the network of the caller to another, where its end is eth0, and gives both ends their addresses (/24). The
// link is its end here, of that name; who pulls it takes it down.
func Cable(to netns.NsHandle, name string, near, far netip.Addr) (netlink.Link, error) {
	pair := netlink.NewVeth(netlink.LinkAttrs{Name: name})
	pair.PeerName, pair.PeerNamespace = "eth0", netlink.NsFd(int(to))
	if err := netlink.LinkAdd(pair); err != nil {
		return nil, fmt.Errorf("lay a cable: %w", err)
	}
	there, err := netlink.NewHandleAt(to)
	if err != nil {
		return nil, fmt.Errorf("look into the other network: %w", err)
	}
	defer there.Close()
	end, err := there.LinkByName("eth0")
	if err != nil {
		return nil, fmt.Errorf("find the cable's end: %w", err)
	}
	lo, err := there.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("find the loopback: %w", err)
	}
	here, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("find the cable's end: %w", err)
	}
	address := func(a netip.Addr) *netlink.Addr {
		return &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(24, 32)}}
	}
	return here, errors.Join(
		there.LinkSetUp(lo), netlink.AddrAdd(here, address(near)), there.AddrAdd(end, address(far)), netlink.LinkSetUp(here), there.LinkSetUp(end),
	)
}
