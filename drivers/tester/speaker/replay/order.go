package replay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Order says what is to be sent.
type Order struct {
	File string `yaml:"file"` // pcap or pcapng, in the node
	Port string `yaml:"port"` // interface that it is sent from
	// From is whose frames are sent: a MAC or IP address, as the capture has it. All, where it is absent.
	From string `yaml:"from"`
	// Only are the protocols that are sent; every one but TCP where none is named.
	Only []string `yaml:"only"`
	// Rewrite has what stands for the capture's addresses: address or network for one of the same length, MAC for
	// MAC, where "own" is the port's.
	Rewrite map[string]string `yaml:"rewrite"`
	Count   int               `yaml:"count"` // frames; 0: all
	Speed   float64           `yaml:"speed"` // of the capture's times; 0: 1
	// Session has one side of a session of TCP said, in the place of frames.
	Session *Session `yaml:"session"`
}

// Addresses are what stands for what, in a capture.
type Addresses struct {
	Networks map[netip.Prefix]netip.Prefix
	MACs     map[[6]byte][6]byte
}

// Rewriter gives a capture with other addresses in it, and says what is not right after that.
type Rewriter func(capture []byte, a Addresses) (out []byte, notes []string, err error)

func (o *Order) check() error {
	switch {
	case o.File == "":
		return errors.New("file: it names the capture, in the node")
	case o.Count < 0 || o.Speed < 0:
		return errors.New("count and speed: they are not negative")
	}
	if o.Session != nil {
		return o.Session.check(o)
	}
	for _, word := range o.Only {
		if !slices.Contains(protocols(), word) {
			return fmt.Errorf("only: there is no protocol %q here: there are %s", word, strings.Join(protocols(), ", "))
		}
	}
	return nil
}

// sender reads From.
func (o *Order) sender() (func(frame) bool, error) {
	if o.From == "" {
		return func(frame) bool { return true }, nil
	}
	if a, err := netip.ParseAddr(o.From); err == nil {
		return func(f frame) bool { return f.source() == a }, nil
	}
	mac, err := parseMAC(o.From)
	if err != nil {
		return nil, fmt.Errorf("from: %q is no address", o.From)
	}
	return func(f frame) bool { return len(f.data) >= etherLen && [6]byte(f.data[6:12]) == mac }, nil
}

func parseMAC(text string) (mac [6]byte, err error) {
	a, err := net.ParseMAC(text)
	if err != nil || len(a) != len(mac) {
		return mac, fmt.Errorf("%q is no MAC address", text)
	}
	return [6]byte(a), nil
}

// addresses reads Rewrite. own is the MAC address of the port.
func (o *Order) addresses(own [6]byte) (a Addresses, err error) {
	a = Addresses{Networks: map[netip.Prefix]netip.Prefix{}, MACs: map[[6]byte][6]byte{}}
	for from, to := range o.Rewrite {
		if mac, err := parseMAC(from); err == nil {
			with := own
			if to != "own" {
				if with, err = parseMAC(to); err != nil {
					return a, fmt.Errorf("rewrite: %w", err)
				}
			}
			a.MACs[mac] = with
			continue
		}
		old, err1 := network(from)
		with, err2 := network(to)
		if err := errors.Join(err1, err2); err != nil {
			return a, fmt.Errorf("rewrite: %w", err)
		}
		if old.Bits() != with.Bits() || old.Addr().BitLen() != with.Addr().BitLen() {
			return a, fmt.Errorf("rewrite: %s and %s are not of one length", from, to)
		}
		a.Networks[old] = with
	}
	return a, nil
}

// network reads an address or a network.
func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p != p.Masked() {
		return p, fmt.Errorf("%q is no address or network", text)
	}
	return p, nil
}
