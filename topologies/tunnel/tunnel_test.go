package tunnel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/tunnel"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// network is one of the kernel's own, and a process in it.
func network(tb testing.TB) int {
	tb.Helper()
	livetest.Long(tb, "frames are sent through the kernel")
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		livetest.Missing(tb, "root to wire in this process", err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	return cmd.Process.Pid
}

// within does something in the network of a process.
func within(tb testing.TB, pid int, do func() error) {
	tb.Helper()
	err := wiring.OnThread(func() error {
		ns, err := netns.GetFromPid(pid)
		if err != nil {
			return err
		}
		defer ns.Close() //nolint:errcheck // it was only read
		if err := netns.Set(ns); err != nil {
			return err
		}
		return do()
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func apply(tb testing.TB, op wiring.Op) {
	tb.Helper()
	if _, err := wiring.Apply(op); err != nil {
		tb.Fatal(err)
	}
}

// opened opens a file in the network of a process.
func opened(tb testing.TB, pid int, open func() (*os.File, error)) (f *os.File) {
	tb.Helper()
	within(tb, pid, func() (err error) {
		f, err = open()
		return err
	})
	return f
}

// running waits until the kernel lets frames leave an interface, which it does a while after it is up.
func running(tb testing.TB, p wiring.Port) {
	tb.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	within(tb, p.PID, func() error {
		for begin := time.Now(); time.Since(begin) < soon; <-tick.C {
			link, err := net.InterfaceByName(p.Interface)
			if err != nil || link.Flags&net.FlagRunning != 0 {
				return err
			}
		}
		return fmt.Errorf("%s never runs", p.Interface)
	})
}

// end is a node with one interface, whose cable goes through a tunnel.
type end struct {
	tb       testing.TB
	node, at int // processes of the node's network, and of that at the other end of its veth
	iface    string
	tunnel   *tunnel.Tunnel
	cable    *tunnel.Cable
	far      chan bool // what is heard of the other end
	frames   *os.File  // that come to the node, and leave it
}

// newEnd makes one whose tunnel has a socket at an address in the network of a process; 0: this one.
func newEnd(tb testing.TB, host int, address string, key tunnel.Key) *end {
	tb.Helper()
	e := &end{tb: tb, node: network(tb), at: network(tb), iface: "eth1", far: make(chan bool, 100)}
	for _, pid := range []int{e.node, e.at} { // whose kernel says nothing by itself then
		within(tb, pid, func() error {
			err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return err
		})
	}
	apply(tb, wiring.Op{Kind: wiring.Connect, A: wiring.Port{PID: e.node, Interface: e.iface}, B: wiring.Port{PID: e.at, Interface: "x0"}, MTU: 9000})
	for _, port := range []wiring.Port{{PID: e.node, Interface: e.iface}, {PID: e.at, Interface: "x0"}} {
		running(tb, port)
	}
	var conn *net.UDPConn
	listen := func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)))
		return err
	}
	if host != 0 {
		within(tb, host, listen)
	} else if err := listen(); err != nil {
		tb.Fatal(err)
	}
	var err error
	if e.tunnel, err = tunnel.Open(conn, key); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.tunnel.Close(); err != nil {
			tb.Error(err)
		}
	})
	e.frames = opened(tb, e.node, func() (*os.File, error) { return tunnel.OpenPlug(e.iface) })
	tb.Cleanup(func() { _ = e.frames.Close() }) // it was only read
	return e
}

// lay has the end's cable go to another host's tunnel.
func (e *end) lay(side byte, peer netip.AddrPort) {
	e.tb.Helper()
	var err error
	e.cable, err = e.tunnel.Lay(tunnel.Options{Number: 5, Side: side, Peer: peer, Far: func(up bool) error {
		e.far <- up
		return nil
	}})
	if err != nil {
		e.tb.Fatal(err)
	}
	if err := e.cable.Plug(opened(e.tb, e.at, func() (*os.File, error) { return tunnel.OpenPlug("x0") })); err != nil {
		e.tb.Fatal(err)
	}
}

// join has two ends be those of one cable, ready for use.
func join(a, b *end, toB, toA netip.AddrPort) {
	a.tb.Helper()
	a.lay(0, toB)
	b.lay(1, toA)
	for _, e := range []*end{a, b} {
		if err := e.cable.Ready(e.tb.Context()); err != nil {
			e.tb.Fatal(err)
		}
	}
}

const experimental = 0x88b5 // EtherType that nobody uses (IEEE 802)

// frame makes one of so many bytes, with a number in it and tags before its type.
func frame(number, size int, tags ...uint32) []byte {
	b := slices.Concat(bytes.Repeat([]byte{0xff}, 6), []byte{2, 0, 0, 0, 0, 1})
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint32(b, tag)
	}
	b = binary.BigEndian.AppendUint16(b, experimental)
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	for len(b) < size {
		b = append(b, byte(len(b)))
	}
	return b
}

func (e *end) send(b []byte) {
	e.tb.Helper()
	if _, err := e.frames.Write(b); err != nil {
		e.tb.Fatal(err)
	}
}

// next reads the next frame of the test that comes to the node, as far as the kernel has not held a tag apart.
func (e *end) next(within time.Duration) ([]byte, bool) {
	e.tb.Helper()
	if err := e.frames.SetReadDeadline(time.Now().Add(within)); err != nil {
		e.tb.Fatal(err)
	}
	b := make([]byte, 1<<16)
	for {
		n, err := e.frames.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, false
		}
		if err != nil {
			e.tb.Fatal(err)
		}
		if n > 12 && bytes.Equal(b[6:12], []byte{2, 0, 0, 0, 0, 1}) {
			return b[:n], true
		}
	}
}

const soon = 20 * time.Second // bounds what comes anyway

// settled gives what is known of the cable when all that was sent has come.
func (e *end) settled() tunnel.Counts {
	e.tb.Helper()
	n, err := e.cable.Settled(e.tb.Context())
	if err != nil {
		e.tb.Fatal(err)
	}
	return n
}

// Frames of every length that the link carries pass between two hosts whose own way carries less.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, family := range []struct{ name, a, b string }{{"IPv4", "10.255.0.1", "10.255.0.2"}, {"IPv6", "fd55::1", "fd55::2"}} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			hosts := []int{network(t), network(t)}
			apply(t, wiring.Op{
				Kind: wiring.Connect, MTU: 1400,
				A: wiring.Port{PID: hosts[0], Interface: "under", IPv4: "10.255.0.1/24", IPv6: "fd55::1/64"},
				B: wiring.Port{PID: hosts[1], Interface: "under", IPv4: "10.255.0.2/24", IPv6: "fd55::2/64"},
			})
			key := tunnel.NewKey()
			a, b := newEnd(t, hosts[0], netip.AddrPortFrom(netip.MustParseAddr(family.a), 0).String(), key), newEnd(t, hosts[1], netip.AddrPortFrom(netip.MustParseAddr(family.b), 0).String(), key)
			join(a, b, b.tunnel.Address(), a.tunnel.Address())
			sent := 0
			for i, size := range []int{60, 61, 1399, 1400, 1401, 1514, 4000, 9014} {
				for _, way := range [][2]*end{{a, b}, {b, a}} {
					want := frame(i, size)
					way[0].send(want)
					sent++
					if got, ok := way[1].next(soon); !ok || !bytes.Equal(got, want) {
						t.Fatalf("of a frame of %d bytes came %d; %+v and %+v", size, len(got), way[0].settled(), way[1].settled())
					}
				}
			}
			n := a.settled()
			if n.Lost+n.Duplicated+n.Reordered+n.Unsent+n.Unread != 0 || n.Arrived != n.Sent || n.Sent < uint64(sent/2) || n.Delay.Measured == 0 || n.Delay.Least <= 0 || n.Delay.Least > n.Delay.Median || n.Delay.Median > n.Delay.Most {
				t.Errorf("%+v", n)
			}
			if a.tunnel.Foreign()+b.tunnel.Foreign() != 0 {
				t.Error("packets of the lab's own are taken for others'")
			}
		})
	}
}

// Tags pass as they are: what the kernel holds apart of a frame comes back, a priority tag among it.
func TestTags(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	join(a, b, b.tunnel.Address(), a.tunnel.Address())
	tests := map[string][]uint32{
		"a VLAN": {0x8100_0064}, "priority alone": {0x8100_a000}, "a provider's": {0x88a8_0064}, "two": {0x88a8_0064, 0x8100_0065},
	}
	next, end, err := tunnel.ReadFrames(b.frames)
	if err != nil {
		t.Fatal(err)
	}
	defer context.AfterFunc(t.Context(), end)()
	timer := time.AfterFunc(soon, end)
	defer timer.Stop()
	for name, tags := range tests {
		want := frame(1, 100, tags...)
		a.send(want)
		for {
			got, err := next()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !bytes.Equal(got[6:12], want[6:12]) {
				continue // the kernel's own
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %x came of %x", name, got[:24], want[:24])
			}
			break
		}
	}
}

// way is one between two hosts that does things to packets.
type way struct {
	conn *net.UDPConn
	mu   sync.Mutex
	ends [2]netip.AddrPort
	do   func(p []byte, pass func([]byte))
	hold time.Duration // of every packet
	cut  bool
	seen [][]byte // frames' packets
}

// newWay makes one that passes everything.
func newWay(tb testing.TB) *way {
	tb.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		tb.Fatal(err)
	}
	w := &way{conn: conn, do: func(p []byte, pass func([]byte)) { pass(p) }}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			w.mu.Lock()
			to := w.ends[0]
			if from == to {
				to = w.ends[1]
			}
			pass := func(p []byte) { _, _ = conn.WriteToUDPAddrPort(p, to) }
			p := bytes.Clone(b[:n])
			if w.cut {
				w.mu.Unlock()
				continue
			}
			if w.hold > 0 {
				time.AfterFunc(w.hold, func() { pass(p) })
			} else if p[2] == 1 {
				w.seen = append(w.seen, p)
				w.do(p, pass)
			} else {
				pass(p)
			}
			w.mu.Unlock()
		}
	}()
	tb.Cleanup(func() {
		_ = conn.Close() // it is not used any more
		<-done
	})
	return w
}

func (w *way) address() netip.AddrPort { return w.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// through joins two ends by a way.
func (w *way) through(a, b *end) {
	w.mu.Lock()
	w.ends = [2]netip.AddrPort{a.tunnel.Address(), b.tunnel.Address()}
	w.mu.Unlock()
	join(a, b, w.address(), w.address())
}

// What the way loses, doubles and reorders is counted as it was, and doubled frames go on once.
func TestWay(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	var lost, doubled, swapped uint64
	var held []byte
	count := 0
	w.mu.Lock()
	w.do = func(p []byte, pass func([]byte)) {
		count++
		switch count % 10 {
		case 3:
			lost++
			return
		case 5:
			doubled++
			pass(p)
		case 7:
			held = p
			return
		}
		pass(p)
		if held != nil {
			swapped++
			pass(held)
			held = nil
		}
	}
	w.mu.Unlock()
	const frames = 500 // none is held when all were sent
	for i := range frames {
		a.send(frame(i, 100))
	}
	n := a.settled()
	w.mu.Lock() // all that there was has passed
	w.do = func(p []byte, pass func([]byte)) { pass(p) }
	w.mu.Unlock()
	if n.Lost != lost || n.Duplicated != doubled || n.Reordered != swapped || lost*doubled*swapped == 0 || n.Sent != frames || n.Arrived != frames-lost {
		t.Errorf("counted are %+v; it was %d lost, %d doubled, %d swapped", n, lost, doubled, swapped)
	}
	seen := map[uint32]bool{}
	for range frames - int(lost) {
		got, ok := b.next(soon)
		if !ok {
			t.Fatalf("only %d came", len(seen))
		}
		seen[binary.BigEndian.Uint32(got[14:])] = true
	}
	if got, ok := b.next(50 * time.Millisecond); ok || len(seen) != frames-int(lost) {
		t.Errorf("%d came once, and then %x", len(seen), got)
	}
	far, err := b.cable.Settled(context.WithoutCancel(t.Context()))
	if err != nil || far.Lost != n.Lost {
		t.Errorf("the other end counts %+v, %v", far, err)
	}
}

// Nobody else puts a frame in: not by what he makes up, nor by what he has seen.
func TestForeign(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	a.send(frame(1, 100))
	if _, ok := b.next(soon); !ok {
		t.Fatal("nothing came")
	}
	before := b.settled()
	w.mu.Lock()
	packet := w.seen[len(w.seen)-1]
	w.mu.Unlock()
	stranger, err := net.Dial("udp", b.tunnel.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close() //nolint:errcheck // it only sent
	later := bytes.Clone(packet)
	later[13] += 100 // another number
	turned := bytes.Clone(packet)
	turned[3] ^= 1 // the other direction
	made := [][]byte{packet, later, turned, packet[:40], {}, {1}, bytes.Repeat([]byte{0xff}, 2000), []byte("R1")}
	for _, p := range made {
		if _, err := stranger.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := b.next(300 * time.Millisecond); ok {
		t.Errorf("a frame came in: %x", got)
	}
	n := b.settled()
	if n.Received != before.Received || n.Duplicated != before.Duplicated+1 || b.tunnel.Foreign() != uint64(len(made)-1) {
		t.Errorf("%+v, %d foreign; before %+v", n, b.tunnel.Foreign(), before)
	}
}

// As much as nodes send at once comes, without any loss.
func TestBurst(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	join(a, b, b.tunnel.Address(), a.tunnel.Address())
	const frames = 3000
	go func() {
		for i := range frames {
			_, _ = a.frames.Write(frame(i, 1514))
		}
	}()
	for i := range frames {
		got, ok := b.next(soon)
		if !ok {
			t.Fatalf("%d of %d came; %+v and %+v", i, frames, a.settled(), b.settled())
		}
		if number := binary.BigEndian.Uint32(got[14:]); int(number) != i {
			t.Fatalf("frame %d came in the place of %d", number, i)
		}
	}
	if n := a.settled(); n.Lost+n.Unread+n.Unsent != 0 {
		t.Errorf("%+v", n)
	}
}

// The delay of the way is measured, at least as what it is; so is how long nobody has answered.
func TestDelay(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.hold = 30 * time.Millisecond
	w.through(a, b)
	if n := a.settled(); n.Delay.Measured == 0 || n.Delay.Least < w.hold {
		t.Errorf("each packet takes %s: %+v", w.hold, n)
	}
	if err := b.tunnel.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	n, err := a.cable.Settled(ctx)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || n.Silent < 200*time.Millisecond {
		t.Errorf("of an end that does not answer: %+v, %v", n, err)
	}
}

// The worst that the way did since it was asked for is kept, and told once.
func TestStall(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	set := func(hold time.Duration, cut bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hold, w.cut = hold, cut
	}
	until := func(what string, so func() bool) {
		t.Helper()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for begin := time.Now(); !so(); <-tick.C {
			if time.Since(begin) > soon {
				t.Fatal(what)
			}
		}
	}
	const hold, quiet = 300 * time.Millisecond, 2 * time.Second
	a.cable.Stall()
	set(hold, false)
	until("nobody says how long packets take", func() bool { return a.cable.Stall().Round >= 2*hold })
	set(0, false)
	until("what was told is told again", func() bool { s := a.cable.Stall(); a.settled(); return s.Round < 2*hold })
	set(0, true)
	until("somebody speaks on a way that is cut", func() bool { return a.cable.Counts().Silent > quiet })
	set(0, false)
	a.settled()
	if s := a.cable.Stall(); s.Silent < quiet/2 {
		t.Errorf("nothing came for %s: %+v", quiet, s)
	}
	until("what was told is told again", func() bool { s := a.cable.Stall(); return s.Silent < quiet/2 })
}

// The other end hears whether an interface is up, as its node has it.
func TestWatch(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	watch, err := tunnel.StartWatch(opened(t, a.node, tunnel.OpenWatch), a.iface, a.cable.Up)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	hears := func(want bool) {
		t.Helper()
		select {
		case got := <-b.far:
			if got != want {
				t.Fatalf("heard %v, want %v", got, want)
			}
		case <-time.After(soon):
			t.Fatalf("nobody heard %v", want)
		}
		if err := a.cable.Heard(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	hears(true)
	if err := watch.Sync(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, up := range []bool{false, true} {
			apply(t, wiring.Op{Kind: wiring.State, A: wiring.Port{PID: a.node, Interface: a.iface}, Up: up})
			hears(up)
		}
	}
	apply(t, wiring.Op{Kind: wiring.Disconnect, A: wiring.Port{PID: a.node, Interface: a.iface}})
	hears(false)
	if err := watch.Sync(); err != nil {
		t.Errorf("of an interface that was said to be gone: %v", err)
	}
	if _, err := tunnel.StartWatch(opened(t, a.node, tunnel.OpenWatch), a.iface, func(bool) {}); err == nil || !strings.Contains(err.Error(), a.iface) {
		t.Errorf("of an interface that is gone: %v", err)
	}
}

// An interface that leaves a bridge, or whose bridge goes, is as it was.
func TestWatchBridgePort(t *testing.T) {
	t.Parallel()
	node := network(t)
	apply(t, wiring.Op{Kind: wiring.Connect, A: wiring.Port{PID: node, Interface: "eth1"}, B: wiring.Port{PID: node, Interface: "eth2"}, MTU: 1500})
	heard := make(chan bool, 100)
	watch, err := tunnel.StartWatch(opened(t, node, tunnel.OpenWatch), "eth1", func(up bool) { heard <- up })
	if err != nil {
		t.Fatal(err)
	}
	within(t, node, func() error {
		bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		port, err := netlink.LinkByName("eth1")
		return errors.Join(
			err, netlink.LinkAdd(bridge), netlink.LinkSetMaster(port, bridge), netlink.LinkSetNoMaster(port),
			netlink.LinkSetMaster(port, bridge), netlink.LinkDel(bridge),
		)
	})
	if err := watch.Sync(); err != nil {
		t.Fatal(err)
	}
	watch.Stop()
	close(heard)
	for up := range heard {
		if !up {
			t.Error("an interface that only left its bridge is said to be down")
		}
	}
}

// Of a way that is cut while frames wait for it, it is said within the time given that they do.
func TestCutWay(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	a.settled()
	w.mu.Lock()
	w.cut = true
	w.mu.Unlock()
	for i := range 100 {
		a.send(frame(i, 9000))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	said := make(chan error, 1)
	go func() {
		_, err := a.cable.Settled(ctx)
		said <- err
	}()
	select {
	case err := <-said:
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "frames wait") {
			t.Errorf("of frames that wait: %v", err)
		}
	case <-time.After(soon):
		t.Error("nothing is said")
	}
	w.mu.Lock()
	w.cut = false
	w.mu.Unlock()
	for number := -1; number < 99; {
		got, ok := b.next(soon)
		if !ok {
			t.Fatalf("frame %d is the last that came", number)
		}
		number = int(binary.BigEndian.Uint32(got[14:]))
	}
	if n := a.settled(); n.Sent < 100 {
		t.Errorf("settled are %+v", n)
	}
}

// The other end answers for frames that wait there when they are on their way, and not before.
func TestSettledAwaitsTheOtherEnd(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	before := b.settled()
	w.mu.Lock()
	w.hold = 150 * time.Millisecond // for each 15 of them there is room on the way
	w.mu.Unlock()
	const frames = 60
	for i := range frames {
		b.send(frame(i, 9000))
	}
	a.settled()
	if n := b.cable.Counts(); n.Sent < before.Sent+frames {
		t.Errorf("settled is said when %d of %d frames are sent", n.Sent-before.Sent, frames)
	}
}

// Frames that the kernel had no room for are counted when their cable has ended too.
func TestUnreadAtTheEnd(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	w := newWay(t)
	w.through(a, b)
	small := opened(t, a.at, func() (*os.File, error) { return tunnel.OpenPlug("x0") })
	if err := unix.SetsockoptInt(int(small.Fd()), unix.SOL_SOCKET, unix.SO_RCVBUF, 64<<10); err != nil {
		t.Fatal(err)
	}
	if err := a.cable.Plug(small); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.cut = true
	w.mu.Unlock()
	for i := range 100 {
		a.send(frame(i, 9000))
	}
	if err := a.tunnel.Close(); err != nil {
		t.Fatal(err)
	}
	if n := a.cable.Counts(); n.Unread == 0 {
		t.Errorf("of frames that there was no room for: %+v", n)
	}
}

// An end where nothing can be read says so.
func TestUnreadableEnd(t *testing.T) {
	t.Parallel()
	b := newBare(t)
	r, w, err := os.Pipe() // is no socket
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() //nolint:errcheck // nothing is written
	if err := b.cables[0].Plug(r); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); b.cables[0].Counts().Unsent == 0 && time.Since(begin) < soon; {
		<-tick.C
	}
	b.close(t)
	if n := b.cables[0].Counts(); n.Unsent != 1 || !errors.Is(n.Refused, unix.ENOTSOCK) {
		t.Errorf("of what cannot be read: %+v", n)
	}
	if n := b.cables[1].Counts(); n.Unsent != 0 {
		t.Errorf("of an end that was closed: %+v", n)
	}
}

// A watch that understands nothing more says so, and one that was stopped says nothing.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	node := network(t)
	apply(t, wiring.Op{Kind: wiring.Connect, A: wiring.Port{PID: node, Interface: "eth1"}, B: wiring.Port{PID: node, Interface: "eth2"}, MTU: 1500})
	for _, damaged := range []bool{true, false} {
		f := opened(t, node, tunnel.OpenWatch)
		same, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		watch, err := tunnel.StartWatch(f, "eth1", func(bool) {})
		if err != nil {
			t.Fatal(err)
		}
		if damaged { // each message is cut after 20 bytes
			cut := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 20}}
			if err := unix.SetsockoptSockFprog(same, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &cut[0]}); err != nil {
				t.Fatal(err)
			}
			apply(t, wiring.Op{Kind: wiring.State, A: wiring.Port{PID: node, Interface: "eth1"}})
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for begin := time.Now(); watch.Err() == nil && time.Since(begin) < soon; {
				<-tick.C
			}
		} else {
			watch.Stop()
		}
		if err := watch.Err(); (err != nil) != damaged || damaged && !strings.Contains(err.Error(), "eth1") {
			t.Errorf("damaged: %v; it says %v", damaged, err)
		}
		watch.Stop()
		if err := unix.Close(same); err != nil {
			t.Error(err)
		}
	}
}

// bare is a cable whose ends are pairs of sockets, with nothing of a lab around.
type bare struct {
	tunnels [2]*tunnel.Tunnel
	cables  [2]*tunnel.Cable
	nodes   [2]*os.File // the other socket of each pair
}

func newBare(tb testing.TB) (b bare) {
	tb.Helper()
	key := tunnel.NewKey()
	for i := range b.tunnels {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			tb.Fatal(err)
		}
		if b.tunnels[i], err = tunnel.Open(conn, key); err != nil {
			tb.Fatal(err)
		}
	}
	for i := range b.tunnels {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			tb.Fatal(err)
		}
		b.nodes[i] = os.NewFile(uintptr(fds[1]), "node")
		tb.Cleanup(func() { _ = b.nodes[i].Close() }) // it is not used any more
		if b.cables[i], err = b.tunnels[i].Lay(tunnel.Options{Number: 1, Side: byte(i), Peer: b.tunnels[1-i].Address()}); err != nil {
			tb.Fatal(err)
		}
		if err := b.cables[i].Plug(os.NewFile(uintptr(fds[0]), "plug")); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

// close ends the tunnels, which nothing may hinder.
func (b bare) close(tb testing.TB) {
	tb.Helper()
	for _, x := range b.tunnels {
		closed := make(chan error, 1)
		go func() { closed <- x.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				tb.Error(err)
			}
		case <-time.After(soon):
			tb.Fatal("a tunnel does not end")
		}
	}
}

// An end that takes nothing more hinders nothing: what does not go on there is counted, and the tunnel ends.
func TestFullEnd(t *testing.T) {
	t.Parallel()
	b := newBare(t)
	const frames = 2000 // more than a pair of sockets holds
	if err := b.nodes[0].SetWriteDeadline(time.Now().Add(soon / 2)); err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		if _, err := b.nodes[0].Write(frame(i, 100)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon/2)
	defer cancel()
	n, err := b.cables[0].Settled(ctx)
	for err == nil && n.Arrived < frames { // nobody counts what waits at a pair of sockets
		n, err = b.cables[0].Settled(ctx)
	}
	if err != nil || n.Sent != frames || n.Arrived != frames {
		t.Errorf("%+v, %v", n, err)
	}
	if far := b.cables[1].Counts(); far.Unsent == 0 || !errors.Is(far.Refused, unix.EAGAIN) {
		t.Errorf("of the end that takes nothing more: %+v", far)
	}
	b.close(t)
}

// An interface that is laid anew goes on where another socket is plugged in, and counts go on.
func TestPlugAgain(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	a, b := newEnd(t, 0, "127.0.0.1:0", key), newEnd(t, 0, "127.0.0.1:0", key)
	join(a, b, b.tunnel.Address(), a.tunnel.Address())
	for i := range 3 {
		before := a.settled()
		if err := a.cable.Plug(opened(t, a.at, func() (*os.File, error) { return tunnel.OpenPlug("x0") })); err != nil {
			t.Fatal(err)
		}
		a.send(frame(i, 100))
		if got, ok := b.next(soon); !ok || !bytes.Equal(got, frame(i, 100)) {
			t.Fatalf("%d: %x", i, got)
		}
		if n := a.settled(); n.Sent <= before.Sent || n.Lost != 0 {
			t.Errorf("%+v after %+v", n, before)
		}
	}
}

// Ends that could not work are refused.
func TestLayRefuses(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	x, err := tunnel.Open(conn, tunnel.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	peer := x.Address()
	if _, err := x.Lay(tunnel.Options{Number: 1, Peer: peer}); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]tunnel.Options{"a number twice": {Number: 1, Peer: peer}, "a third side": {Number: 2, Side: 2, Peer: peer}, "no peer": {Number: 3}} {
		if _, err := x.Lay(o); err == nil {
			t.Error(name, "is taken")
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if _, err := x.Lay(tunnel.Options{Number: 4, Peer: peer}); err == nil || !strings.Contains(fmt.Sprint(err), "closed") {
		t.Errorf("laid through a closed one: %v", err)
	}
}
