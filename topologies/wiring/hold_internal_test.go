package wiring

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// mortal starts a process with a network of its own, and gives what ends it.
func mortal(t *testing.T) (pid int, end func()) {
	t.Helper()
	cmd := exec.Command("sleep", "100")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		livetest.Missing(t, "root to wire in this process", err)
	}
	end = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	t.Cleanup(end)
	return cmd.Process.Pid, end
}

// sees looks at an interface in the network of a process, until ok says yes of it.
func sees(t *testing.T, pid int, iface, what string, ok func(a *netlink.LinkAttrs) bool) {
	t.Helper()
	s, err := Opener(nil).open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	updates, done := make(chan netlink.LinkUpdate, 100), make(chan struct{})
	defer close(done)
	if err := netlink.LinkSubscribeWithOptions(updates, done, netlink.LinkSubscribeOptions{Namespace: &s.ns, ListExisting: true}); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case u := <-updates:
			if u.Attrs().Name == iface && ok(u.Attrs()) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("%s never %s", iface, what)
		}
	}
}

func carries(a *netlink.LinkAttrs) bool { return a.RawFlags&unix.IFF_LOWER_UP != 0 }
func dark(a *netlink.LinkAttrs) bool    { return a.RawFlags&unix.IFF_LOWER_UP == 0 }

// A network that is held outlives its process: the far end of a cable stays, loses its carrier with the
// process, and gets one again in the network that follows, where the near end is as new.
func TestHold(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "networks are made")
	far := networks(t, 1)[0]
	client, server := net.Pipe()
	go func() { _ = Serve(server, server, nil, nil, nil) }()
	for name, w := range map[string]Wirer{"local": NewLocal(), "served": Dial(client)} {
		t.Run(name, func(t *testing.T) {
			near, end := mortal(t)
			next := networks(t, 1)[0]
			do := func(op Op) Result {
				t.Helper()
				r, err := w.Apply(t.Context(), op)
				if err != nil {
					t.Fatalf("%s: %v", op.Kind, err)
				}
				return r
			}
			port := func(pid, index int) Port {
				return Port{PID: pid, Interface: name, Index: index, MAC: "02:00:00:00:00:07", IPv4: "10.0.0.1/24"}
			}
			b := Port{PID: far, Interface: name, Index: 70 + len(name), IPv4: "10.0.0.2/24"}
			do(Op{Kind: Connect, A: port(near, 50), B: b})
			other := Port{PID: near, Interface: "gone", Index: 51}
			do(Op{Kind: Connect, A: other, B: Port{PID: far, Interface: "x" + name}})
			sees(t, far, name, "has a carrier", carries)
			held := do(Op{Kind: Hold, A: Port{PID: near}, Ends: []Port{{Index: 50}, {Index: 51}}}).Held
			sees(t, far, name, "has a carrier", carries)
			end()
			sees(t, far, name, "is without a carrier", dark)
			if _, err := w.Apply(t.Context(), Op{Kind: Move, Held: held, From: 50, A: port(next, 60), B: Port{Index: b.Index + 1}}); err == nil {
				t.Error("the end of another cable is taken for this one's")
			}
			do(Op{Kind: Move, Held: held, From: 50, A: port(next, 60), B: b})
			sees(t, next, name, "has the index that was asked for", func(a *netlink.LinkAttrs) bool {
				return a.Index == 60 && a.HardwareAddr.String() == "02:00:00:00:00:07" && a.MTU == DefaultMTU && a.RawFlags&unix.IFF_UP == 0
			})
			do(Op{Kind: State, A: port(next, 60), Up: true})
			sees(t, far, name, "has a carrier again", func(a *netlink.LinkAttrs) bool { return carries(a) && a.ParentIndex == 60 && a.Index == b.Index })
			for range 2 { // the second has nothing to do
				do(Op{Kind: Free, Held: held})
			}
			if view := do(Op{Kind: Look, A: Port{PID: far}}).View; len(view.Links) == 0 || view.Links[len(view.Links)-1].Name == "x"+name {
				t.Errorf("what was not moved goes with the network that was held: %+v", view.Links)
			}
			if _, err := w.Apply(t.Context(), Op{Kind: Move, Held: held, From: 51, A: other, B: b}); !Gone(err) {
				t.Errorf("out of a network that is not held any more: %v", err)
			}
		})
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is held is let go of with who holds it, and no descriptor of it is left.
func TestHoldIsClosed(t *testing.T) { //nolint:paralleltest // it counts the descriptors of this process
	livetest.Long(t, "networks are made")
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	pid := networks(t, 1)[0]
	_, err := Opener(nil).own(Port{PID: pid, Interface: "lo"}) // what the first use of anything leaves open
	before := count()
	for range 5 {
		w := NewLocal()
		for range 3 {
			if _, failed := w.Apply(t.Context(), Op{Kind: Hold, A: Port{PID: pid}}); failed != nil {
				t.Fatal(failed)
			}
		}
		if count() <= before {
			t.Error("nothing is held")
		}
		if failed := w.Close(); failed != nil {
			t.Error(failed)
		}
	}
	if after := count(); after != before || err != nil {
		t.Errorf("%d descriptors, and %d before; %v", after, before, err)
	}
	if _, err := (Local{}).Apply(t.Context(), Op{Kind: Hold, A: Port{PID: pid}}); err == nil {
		t.Error("who holds nothing holds a network")
	}
}

// An interface has of its own what no lab gives it.
func TestOwn(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "networks are made")
	pids := networks(t, 2)
	a := Port{PID: pids[0], Interface: "eth1", IPv4: "10.0.0.1/24", IPv6: "2001:DB8::1/64"}
	if err := Opener(nil).connect(Op{A: a, B: Port{PID: pids[1], Interface: "eth1"}}); err != nil {
		t.Fatal(err)
	}
	if list, err := Opener(nil).own(a); err != nil || len(list) > 0 {
		t.Errorf("got %v, %v", list, err)
	}
	s, err := Opener(nil).open(pids[0])
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName("eth1")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := netlink.ParseAddr("10.0.9.1/24")
	if err != nil {
		t.Fatal(err)
	}
	over := netlink.NewLinkAttrs()
	over.Name, over.ParentIndex = "over", link.Attrs().Index
	for _, err := range []error{s.handle.AddrAdd(link, addr), s.handle.LinkAdd(&netlink.Macvlan{LinkAttrs: over, Mode: netlink.MACVLAN_MODE_BRIDGE})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if list, err := Opener(nil).own(a); err != nil || len(list) != 2 || list[0] != "10.0.9.1/24" || list[1] != "over" {
		t.Errorf("got %v, %v", list, err)
	}
}
