package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// ability is one thing that a kernel may be able to do, tried in a fresh namespace.
type ability struct {
	name     string
	optional bool
	lost     string
	try      func(*netlink.Handle) error
}

// Names within the namespace of the probes.
const (
	probeLink = "probe0"
	probePeer = "probe1"
)

func abilities() []ability {
	plain := func(name string) netlink.LinkAttrs {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		return attrs
	}
	add := func(link netlink.Link) func(*netlink.Handle) error {
		return func(h *netlink.Handle) error { return h.LinkAdd(link) }
	}
	return []ability{
		{"veth", false, "every cable", func(h *netlink.Handle) error { // the others hang on it
			return h.LinkAdd(&netlink.Veth{LinkAttrs: plain(probeLink), PeerName: probePeer})
		}},
		{"bridge", false, "shared segments of kind bridge", add(&netlink.Bridge{LinkAttrs: plain("probe2")})},
		{"nftables netdev ingress", false, "shared segments of kind bridge that keep spanning tree frames", nil}, // tried by its own means
		{"XDP", true, "faults that drop frames where they arrive (before Linux 5.18 by their match alone): rules of nftables do it at the far end (nftables netdev egress)", tryXDP},
		{"eBPF that picks frames", true, "faults that drop frames by number, share or filter in the kernel (the wire in user space does the same)", func(*netlink.Handle) error { return wiring.Programs() }},
		{"nftables netdev egress", true, "faults that drop frames, for who may load no program (XDP)", tryEgress},
		{"vxlan", true, "overlay scenarios", add(&netlink.Vxlan{LinkAttrs: plain("probe3"), VxlanId: 1, Port: 4789})},
		{"802.1Q", true, "VLAN interfaces of the kernel (switches in user space have their own)", func(h *netlink.Handle) error {
			parent, err := h.LinkByName(probeLink)
			if err != nil {
				return err
			}
			attrs := plain("probe4")
			attrs.ParentIndex = parent.Attrs().Index
			return h.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: 7})
		}},
		{"bonding", true, "link aggregation of the kernel", func(h *netlink.Handle) error { return h.LinkAdd(netlink.NewLinkBond(plain("probe5"))) }},
		{"VRF", true, "VRF scenarios", add(&netlink.Vrf{LinkAttrs: plain("probe6"), Table: 100})},
		{"netem", true, "delay and loss in the kernel (the wire in user space does the same)", func(h *netlink.Handle) error {
			link, err := h.LinkByName(probeLink)
			if err != nil {
				return err
			}
			return h.QdiscAdd(netlink.NewNetem(netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
				netlink.NetemQdiscAttrs{Latency: 1000}))
		}},
	}
}

// kernelChecks tries what the kernel can do. It takes root's rights.
func kernelChecks(context.Context) []doctor.Check {
	checks := []doctor.Check{tunCheck()}
	tried, err := tryAll()
	for i, a := range abilities() {
		c := doctor.Check{Name: "kernel: " + a.name, Optional: a.optional, Lost: a.lost, Fix: "use a kernel that has it, or load its module"}
		switch {
		case err != nil:
			c.Unknown, c.Detail = true, err.Error()
			c.Fix = "run as root: reprise doctor"
		case tried[i] != nil:
			c.Detail = tried[i].Error()
		default:
			c.OK = true
		}
		checks = append(checks, c)
	}
	return checks
}

func tunCheck() doctor.Check {
	c := doctor.Check{Name: "/dev/net/tun", Optional: true, Lost: "ports of its own for a switch in user space", Fix: "as root: modprobe tun"}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	_ = unix.Close(fd)
	c.OK = true
	return c
}

// tryAll tries every ability in one fresh namespace, which ends with the thread.
func tryAll() ([]error, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can try it")
	}
	type outcome struct {
		tried []error
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is in another namespace
		var o outcome
		o.tried, o.err = tryHere()
		done <- o
	}()
	o := <-done
	return o.tried, o.err
}

// tryHere moves this thread to a fresh namespace and tries there.
func tryHere() (tried []error, err error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	ns, err := netns.Get()
	if err != nil {
		return nil, fmt.Errorf("open the network namespace: %w", err)
	}
	defer func() { _ = ns.Close() }()
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("reach the network namespace: %w", err)
	}
	defer h.Close()
	for _, a := range abilities() {
		if a.try == nil {
			tried = append(tried, tryIngress(ns))
			continue
		}
		tried = append(tried, a.try(h))
	}
	return tried, nil
}

// tryXDP loads a program and puts it where the drop faults are. The thread is in the namespace of the probes.
func tryXDP(h *netlink.Handle) (err error) {
	link, err := h.LinkByName(probeLink)
	if err != nil {
		return err
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	const pass = 2 // XDP_PASS of linux/bpf.h
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.XDP, License: "Apache-2.0", Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, pass), asm.Return()}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prog.Close()) }()
	return netlink.LinkSetXdpFdWithFlags(link, prog.FD(), nl.XDP_FLAGS_SKB_MODE)
}

// tryEgress hooks an empty chain where rules drop frames, and has tc stand behind it.
func tryEgress(h *netlink.Handle) error {
	ns, err := netns.Get()
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	link, err := h.LinkByName(probeLink)
	if err != nil {
		return err
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(ns)))
	if err != nil {
		return err
	}
	c.AddChain(&nftables.Chain{
		Name: "out", Table: c.AddTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: "probe"}), Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookEgress, Priority: nftables.ChainPriorityFilter, Device: probeLink,
	})
	if err := c.Flush(); err != nil {
		return err
	}
	return h.QdiscAdd(&netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT,
	}})
}

// tryIngress hooks an empty chain where segments keep spanning tree frames from their bridge.
func tryIngress(ns netns.NsHandle) error {
	c, err := nftables.New(nftables.WithNetNSFd(int(ns)))
	if err != nil {
		return err
	}
	t := c.AddTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: "probe"})
	c.AddChain(&nftables.Chain{
		Name: "in", Table: t, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookIngress,
		Priority: nftables.ChainPriorityFilter, Device: probeLink,
	})
	return c.Flush()
}
