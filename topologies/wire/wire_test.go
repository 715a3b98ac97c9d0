package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// cable is one between two networks, of which one way goes through a wire.
type cable struct {
	t        testing.TB
	at, from wiring.Port
	wire     *wire.Wire
	match    topologies.FrameMatch
	tx, rx   int
}

const group = 777

// newCable makes one that hands over what matches.
func newCable(tb testing.TB, mtu int, match topologies.FrameMatch) *cable {
	tb.Helper()
	livetest.Long(tb, "frames are sent through the kernel")
	c := &cable{t: tb, match: match}
	ends := []*wiring.Port{&c.at, &c.from}
	for i, name := range []string{"in", "out"} {
		cmd := exec.Command("sleep", "100")
		cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
		if err := cmd.Start(); err != nil {
			livetest.Missing(tb, "root to wire in this process", err)
		}
		tb.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		*ends[i] = wiring.Port{PID: cmd.Process.Pid, Interface: name, IPv4: fmt.Sprintf("10.9.0.%d/24", i+1), IPv6: fmt.Sprintf("fd09::%d/64", i+1)}
	}
	c.apply(wiring.Op{Kind: wiring.Connect, A: c.at, B: c.from, MTU: mtu})
	c.stand()
	c.tx, c.rx = c.socket(c.from), c.socket(c.at)
	return c
}

func (c *cable) apply(op wiring.Op) wiring.Result {
	c.t.Helper()
	r, err := wiring.Apply(op)
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok {
		livetest.Missing(c.t, missing.Name, missing)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// stand has a wire stand on the cable.
func (c *cable) stand() {
	c.t.Helper()
	in, err := wiring.Opener(nil).OpenTap(c.from.PID, capture.Tap{Log: group})
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok {
		livetest.Missing(c.t, missing.Name, missing)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	s := wire.Sockets{In: in, Group: group}
	for to, tap := range map[**os.File]capture.Tap{
		&s.Out:  {Interface: c.from.Interface, Send: true},
		&s.Poke: {Interface: c.from.Interface, Poke: true},
		&s.Ask:  {Ask: true},
	} {
		if *to, err = wiring.Opener(nil).OpenTap(c.from.PID, tap); err != nil {
			c.t.Fatal(err)
		}
	}
	if c.wire, err = wire.Start(s, 1500); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = c.wire.Close() }) // it may be over
}

// inside does something in the network of a port.
func inside(tb testing.TB, p wiring.Port, do func() error) {
	tb.Helper()
	err := wiring.OnThread(func() error {
		ns, err := netns.GetFromPid(p.PID)
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

// socket is one that sees and sends frames at a port.
func (c *cable) socket(p wiring.Port) (fd int) {
	c.t.Helper()
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	inside(c.t, p, func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all); err != nil {
			return err
		}
		link, err := net.InterfaceByName(p.Interface)
		if err != nil {
			return err
		}
		return errors.Join(unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}),
			unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}))
	})
	c.t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// kind is the type of the test's frames.
const kind = 0x88b5

// numbered is a frame of a size with a number.
func numbered(n, size int) []byte {
	b := make([]byte, size)
	copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, kind >> 8, kind & 0xff})
	binary.BigEndian.PutUint16(b[14:], uint16(n))
	return b
}

func (c *cable) send(frames ...[]byte) {
	c.t.Helper()
	for _, b := range frames {
		if _, err := unix.Write(c.tx, b); err != nil {
			c.t.Fatalf("the sender has learned something: %v", err)
		}
	}
}

// next is the next frame of the test's that arrives, with its tag; nil when none comes for so long.
func (c *cable) next(wait time.Duration) []byte {
	c.t.Helper()
	tv := unix.NsecToTimeval(int64(wait))
	if err := unix.SetsockoptTimeval(c.rx, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		c.t.Fatal(err)
	}
	buffer, beside := make([]byte, 1<<16), make([]byte, 256)
	for {
		n, oob, _, from, err := unix.Recvmsg(c.rx, buffer, beside, 0)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if a, ok := from.(*unix.SockaddrLinklayer); ok && a.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		b := tagged(c.t, slices.Clone(buffer[:n]), beside[:oob])
		if bytes.Contains(b[12:min(len(b), 24)], []byte{kind >> 8, kind & 0xff}) {
			return b
		}
	}
}

// tagged puts the tag back that the kernel tells of beside a frame.
func tagged(tb testing.TB, b, beside []byte) []byte {
	tb.Helper()
	list, err := unix.ParseSocketControlMessage(beside)
	if err != nil {
		tb.Fatal(err)
	}
	for _, m := range list {
		if status := binary.NativeEndian.Uint32(m.Data); m.Header.Type == unix.PACKET_AUXDATA && status&unix.TP_STATUS_VLAN_VALID != 0 {
			tag := binary.BigEndian.AppendUint16(nil, binary.NativeEndian.Uint16(m.Data[18:]))
			tag = binary.BigEndian.AppendUint16(tag, binary.NativeEndian.Uint16(m.Data[16:]))
			return slices.Insert(b, 12, tag...)
		}
	}
	return b
}

func (c *cable) numbers(count int) []int {
	c.t.Helper()
	var list []int
	for range count {
		b := c.next(2 * time.Second)
		if b == nil {
			break
		}
		list = append(list, int(binary.BigEndian.Uint16(b[14:])))
	}
	if b := c.next(50 * time.Millisecond); b != nil {
		c.t.Errorf("one frame more than %d arrived: % x", count, b[:20])
	}
	return list
}

func (c *cable) fault(f topologies.Fault) *wire.Fault {
	c.t.Helper()
	match, err := wiring.Matcher(c.match)
	if err != nil {
		c.t.Fatal(err)
	}
	x, err := wire.NewFault(f, topologies.Endpoint{Node: "r1", Interface: "eth1"}, match, f.Frames.Seed)
	if err != nil {
		c.t.Fatal(err)
	}
	c.wire.Add("w", x)
	c.apply(wiring.Op{Kind: wiring.Divert, A: c.at, B: c.from, Filters: []wiring.Filter{{ID: "w", Match: c.match, Group: group}}})
	return x
}

// whole says that nothing was lost on the way round, and nothing passed beside it.
func (c *cable) whole() {
	c.t.Helper()
	r := c.apply(wiring.Op{Kind: wiring.Diverted, A: c.at, B: c.from, Name: "w"})
	s, err := c.wire.State("w", r.Count)
	if err != nil || s.Missing != 0 || s.Unsent != 0 || s.Come < r.Count {
		c.t.Errorf("%+v of %d, %v", s, r.Count, err)
	}
	if r.Arrived > s.Sent {
		c.t.Errorf("%d arrived, and %d were sent", r.Arrived, s.Sent)
	}
}

func own() topologies.FrameMatch { return topologies.FrameMatch{EtherType: "0x88b5"} }

func sequence(n int) (frames [][]byte) {
	for i := range n {
		frames = append(frames, numbered(i+1, 60))
	}
	return frames
}

// Each action does what it says, to the frames that were picked, and to no others.
func TestActions(t *testing.T) {
	for name, tt := range map[string]struct {
		kind   topologies.FaultKind
		frames topologies.FrameFault
		want   []int
		healed []int // what arrives when it is healed
		hit    uint64
	}{
		"drop the second":          {topologies.FaultDrop, topologies.FrameFault{Nth: 2, Count: 1}, []int{1, 3, 4, 5, 6}, nil, 1},
		"drop from the third":      {topologies.FaultDrop, topologies.FrameFault{Nth: 3}, []int{1, 2}, nil, 4},
		"drop every third":         {topologies.FaultDrop, topologies.FrameFault{Every: 3, Nth: 3}, []int{1, 2, 4, 5}, nil, 2},
		"drop two of every second": {topologies.FaultDrop, topologies.FrameFault{Every: 2, Count: 2}, []int{2, 4, 5, 6}, nil, 2},
		"drop by filter":           {topologies.FaultDrop, topologies.FrameFault{Filter: "ether[15] = 4"}, []int{1, 2, 3, 5, 6}, nil, 1},
		"drop by both filters":     {topologies.FaultDrop, topologies.FrameFault{Filter: "ether[15] > 2 or vlan", Message: "ether[15] < 5"}, []int{1, 2, 5, 6}, nil, 2},
		"duplicate":                {topologies.FaultDuplicate, topologies.FrameFault{Nth: 2, Count: 2}, []int{1, 2, 2, 3, 3, 4, 5, 6}, nil, 2},
		"reorder":                  {topologies.FaultReorder, topologies.FrameFault{Nth: 2, Count: 1, After: 2}, []int{1, 3, 4, 2, 5, 6}, nil, 1},
		"reorder the last":         {topologies.FaultReorder, topologies.FrameFault{Nth: 6, Count: 1, After: 2}, []int{1, 2, 3, 4, 5}, []int{6}, 0},
		"hold":                     {topologies.FaultHold, topologies.FrameFault{Nth: 2, Count: 3}, []int{1, 5, 6}, []int{2, 3, 4}, 3},
		"hold all":                 {topologies.FaultHold, topologies.FrameFault{}, nil, []int{1, 2, 3, 4, 5, 6}, 6},
		"corrupt":                  {topologies.FaultCorrupt, topologies.FrameFault{Offset: 15, XOR: 0x40, Nth: 3, Count: 1}, []int{1, 2, 3 + 0x40, 4, 5, 6}, nil, 1},
		"delay in order":           {topologies.FaultDelay, topologies.FrameFault{Delay: 30 * time.Millisecond, Jitter: 30 * time.Millisecond, Seed: 3}, []int{1, 2, 3, 4, 5, 6}, nil, 6},
		"delay of one":             {topologies.FaultDelay, topologies.FrameFault{Delay: 40 * time.Millisecond, Nth: 2, Count: 1}, []int{1, 3, 4, 5, 6, 2}, nil, 1},
		"delayed when healed":      {topologies.FaultDelay, topologies.FrameFault{Delay: time.Hour}, nil, []int{1, 2, 3, 4, 5, 6}, 6},
		"rate with a queue":        {topologies.FaultRate, topologies.FrameFault{Rate: 48000, Queue: 240}, []int{1, 2, 3, 4}, nil, 6},
		"mtu that suffices":        {topologies.FaultMTU, topologies.FrameFault{Size: 46}, []int{1, 2, 3, 4, 5, 6}, nil, 0},
		"mtu":                      {topologies.FaultMTU, topologies.FrameFault{Size: 45}, nil, nil, 6},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCable(t, 1500, own())
			f := c.fault(topologies.Fault{Kind: tt.kind, Frames: tt.frames})
			c.send(sequence(6)...)
			if got := c.numbers(len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("arrived %v, want %v", got, tt.want)
			}
			c.wire.Remove(f)
			if got := c.numbers(len(tt.healed)); !slices.Equal(got, tt.healed) {
				t.Errorf("when it is healed, %v arrived, want %v", got, tt.healed)
			}
			var missed uint64 // of what was held, nothing has overtaken it
			if tt.kind == topologies.FaultReorder {
				missed = uint64(len(tt.healed))
			}
			if a := f.Acted(); a.Matched < a.Hit || a.Hit != tt.hit || a.Matched != a.Hit+a.Passed+missed || len(a.Hits) != int(tt.hit) || a.Healed != uint64(len(tt.healed)) {
				t.Errorf("%+v", a)
			}
			c.whole()
		})
	}
}

// A frame is cut, and what is left of it arrives.
func TestTruncate(t *testing.T) {
	c := newCable(t, 1500, own())
	c.fault(topologies.Fault{Kind: topologies.FaultTruncate, Frames: topologies.FrameFault{Size: 40, Nth: 2, Count: 1}})
	c.send(numbered(1, 100), numbered(2, 100), numbered(3, 30))
	for i, want := range []int{100, 40, 30} {
		if b := c.next(time.Second); len(b) != want {
			t.Errorf("frame %d is of %d bytes, want %d", i+1, len(b), want)
		}
	}
}

// Frames are as they were: of every size, with every tag.
func TestFramesAsTheyWere(t *testing.T) {
	c := newCable(t, 9000, topologies.FrameMatch{})
	c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 9000}})
	for _, size := range []int{20, 60, 1514, 9014} {
		c.send(numbered(1, size))
		if b := c.next(time.Second); !bytes.Equal(b, numbered(1, size)) {
			t.Errorf("a frame of %d bytes arrived with %d", size, len(b))
		}
	}
	for _, tag := range [][]byte{{0x81, 0, 0, 0}, {0x81, 0, 0xe0, 5}, {0x88, 0xa8, 0x0f, 0xff}, {0x88, 0xa8, 0, 1, 0x81, 0, 0, 2}} {
		b := slices.Insert(numbered(7, 100), 12, tag...)
		c.send(b)
		if got := c.next(time.Second); !bytes.Equal(got, b) {
			t.Errorf("% x arrived as % x", b[:24], got[:min(len(got), 24)])
		}
	}
	c.whole()
}

// The same seed picks the same frames, time and again; another picks others.
func TestSeed(t *testing.T) {
	c := newCable(t, 1500, own())
	hits := func(seed uint64) (list []uint64) {
		f := c.fault(topologies.Fault{Kind: topologies.FaultDrop, Probability: 0.3, Frames: topologies.FrameFault{Seed: seed}})
		c.send(sequence(100)...)
		c.whole()
		a := f.Acted()
		c.wire.Remove(f)
		for _, h := range a.Hits {
			list = append(list, h.Ordinal)
		}
		return list
	}
	first := hits(7)
	for range 19 {
		if again := hits(7); !slices.Equal(again, first) {
			t.Fatalf("the same seed picked %v and %v", first, again)
		}
	}
	if len(first) < 10 || len(first) > 60 || reflect.DeepEqual(hits(8), first) {
		t.Errorf("picked %v", first)
	}
}

// The kernel reads what went round: TCP, whose checksums it leaves to the last step, and UDP.
func TestKernelReads(t *testing.T) {
	c := newCable(t, 1500, topologies.FrameMatch{})
	c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 1500}})
	data := bytes.Repeat([]byte("reprise "), 20_000)
	for _, address := range []string{"10.9.0.1:7000", "[fd09::1]:7001"} {
		var l net.Listener
		inside(t, c.at, func() (err error) { l, err = net.Listen("tcp", address); return err })
		done := make(chan []byte, 1)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				done <- nil
				return
			}
			var b bytes.Buffer
			_, _ = b.ReadFrom(conn) // what was read is looked at
			done <- b.Bytes()
		}()
		inside(t, c.from, func() error {
			conn, err := net.DialTimeout("tcp", address, 5*time.Second)
			if err != nil {
				return err
			}
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				return err
			}
			_, err = conn.Write(data)
			return errors.Join(err, conn.Close())
		})
		if got := <-done; !bytes.Equal(got, data) {
			t.Errorf("%s: %d of %d bytes arrived", address, len(got), len(data))
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	c.whole()
}

// A stream that comes faster than it is read is whole and in its order to its last frame, and so is what
// follows it.
func TestStream(t *testing.T) {
	c := newCable(t, 1500, own())
	f := c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 1500}})
	const count, room = 20_000, 64 << 20
	if err := unix.SetsockoptInt(c.rx, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room); err != nil {
		livetest.Missing(t, "root to make room for frames", err)
	}
	for n := range count {
		if _, err := unix.Write(c.tx, numbered(n, 60)); err != nil {
			t.Fatal(err)
		}
	}
	c.send(numbered(count, 60))
	for n := range count + 1 {
		b := c.next(5 * time.Second)
		if b == nil || int(binary.BigEndian.Uint16(b[14:])) != n {
			t.Fatalf("in the place of frame %d came % x", n, b[:min(len(b), 20)])
		}
	}
	c.whole()
	if a := f.Acted(); a.Matched != count+1 {
		t.Errorf("%+v", a)
	}
}

// Of a connection with small segments that stood before, no frame is seen that is longer than them: a fault
// finds none that the link would not have carried, and counts each.
func TestTrains(t *testing.T) {
	c := newCable(t, 1500, topologies.FrameMatch{Proto: "tcp"})
	const mss, longest = 500, 700
	data := bytes.Repeat([]byte("reprise "), 20_000)
	for _, address := range []string{"10.9.0.1:7000", "[fd09::1]:7001"} {
		var l net.Listener
		inside(t, c.at, func() (err error) {
			small := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
				return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, mss) })
			}}
			l, err = small.Listen(t.Context(), "tcp", address)
			return err
		})
		var conn net.Conn
		inside(t, c.from, func() (err error) { conn, err = net.DialTimeout("tcp", address, 5*time.Second); return err })
		f := c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: longest}})
		got := make(chan []byte, 1)
		go func() {
			var b bytes.Buffer
			if in, err := l.Accept(); err == nil {
				_, _ = b.ReadFrom(in) // what was read is looked at
			}
			got <- b.Bytes()
		}()
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Write(data)
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
		if b := <-got; !bytes.Equal(b, data) {
			t.Errorf("%s: %d of %d bytes arrived", address, len(b), len(data))
		}
		if a := f.Acted(); a.Hit != 0 || a.Matched < uint64(len(data)/mss) {
			t.Errorf("%s: the fault found frames that were never on the wire: %+v", address, a)
		}
		if s, err := c.wire.State("w", 0); s.Guessed != 0 || err != nil {
			t.Errorf("%s: %+v, %v", address, s, err)
		}
		c.wire.Remove(f)
		c.apply(wiring.Op{Kind: wiring.Divert, A: c.at, B: c.from})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Segments that TCP has signed go on as they are, whatever size the kernel tells: of a listener's socket some
// kernels tell one that lacks the digest already.
func TestSignedSegments(t *testing.T) {
	c := newCable(t, 1500, topologies.FrameMatch{Proto: "tcp"})
	data := bytes.Repeat([]byte("reprise "), 20_000)
	sign := func(peer net.IP) func(_, _ string, raw syscall.RawConn) error {
		return func(_, _ string, raw syscall.RawConn) error {
			var refused error
			key := unix.TCPMD5Sig{Keylen: 7}
			copy(key.Key[:], "reprise")
			if peer.To4() != nil {
				*(*unix.RawSockaddrInet4)(unsafe.Pointer(&key.Addr)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte(peer.To4())}
			} else {
				*(*unix.RawSockaddrInet6)(unsafe.Pointer(&key.Addr)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: [16]byte(peer)}
			}
			b := unsafe.Slice((*byte)(unsafe.Pointer(&key)), unsafe.Sizeof(key))
			return errors.Join(raw.Control(func(fd uintptr) {
				refused = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_MD5SIG, string(b))
			}), refused)
		}
	}
	for _, tt := range []struct {
		name, listener, from string
		passive              bool // the listener sends
	}{
		{"IPv4, from a listener", "10.9.0.2:7000", "10.9.0.1:0", true},
		{"IPv6, from a listener", "[fd09::2]:7001", "[fd09::1]:0", true},
		{"IPv4, from who connects", "10.9.0.1:7002", "10.9.0.2:0", false},
	} {
		at, err := net.ResolveTCPAddr("tcp", tt.listener)
		if err != nil {
			t.Fatal(err)
		}
		from, err := net.ResolveTCPAddr("tcp", tt.from)
		if err != nil {
			t.Fatal(err)
		}
		near, far := c.at, c.from
		if tt.passive {
			near, far = far, near
		}
		var l net.Listener
		inside(t, near, func() (err error) {
			l, err = (&net.ListenConfig{Control: sign(from.IP)}).Listen(t.Context(), "tcp", tt.listener)
			if errors.Is(err, unix.ENOPROTOOPT) {
				livetest.Missing(t, "a kernel that signs TCP (CONFIG_TCP_MD5SIG)", err)
			}
			return err
		})
		var conns [2]net.Conn // who sends, and who gets
		inside(t, far, func() (err error) {
			conns[0], err = (&net.Dialer{LocalAddr: from, Control: sign(at.IP), Timeout: 5 * time.Second}).Dial("tcp", tt.listener)
			return err
		})
		if conns[1], err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		if tt.passive {
			slices.Reverse(conns[:])
		}
		f := c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 1500}})
		for _, conn := range conns {
			if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		sent := make(chan error, 1)
		go func() {
			_, err := conns[0].Write(data)
			sent <- errors.Join(err, conns[0].Close())
		}()
		var got bytes.Buffer
		if _, err := got.ReadFrom(conns[1]); err != nil || !bytes.Equal(got.Bytes(), data) {
			t.Errorf("%s: %d of %d bytes arrived, %v", tt.name, got.Len(), len(data), err)
		}
		if err := errors.Join(<-sent, conns[1].Close(), l.Close()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if s, err := c.wire.State("w", 0); s.Guessed != 0 || err != nil {
			t.Errorf("%s: %+v, %v", tt.name, s, err)
		}
		c.wire.Remove(f)
		c.apply(wiring.Op{Kind: wiring.Divert, A: c.at, B: c.from})
	}
}

// What passes beside the rules is known: a sender past the queues is seen by both ends.
func TestSenderPastTheQueues(t *testing.T) {
	c := newCable(t, 1500, own())
	f := c.fault(topologies.Fault{Kind: topologies.FaultDrop})
	if err := unix.SetsockoptInt(c.tx, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		t.Fatal(err)
	}
	c.send(sequence(3)...)
	if got := c.numbers(3); len(got) != 3 {
		t.Skip("this kernel takes such frames too") //nolint:forbidigo // the kernel decides
	}
	r := c.apply(wiring.Op{Kind: wiring.Diverted, A: c.at, B: c.from, Name: "w"})
	if s, err := c.wire.State("w", r.Count); r.Arrived != 3 || s.Sent != 0 || err != nil {
		t.Errorf("%d arrived of which nobody is to know: %+v, %v; %+v", r.Arrived, s, err, f.Acted())
	}
}

// When who reads is gone, what matches goes nowhere, and the rest arrives; without the rules all does.
func TestReaderGone(t *testing.T) {
	c := newCable(t, 1500, own())
	c.fault(topologies.Fault{Kind: topologies.FaultDuplicate})
	if err := c.wire.Close(); err != nil {
		t.Fatal(err)
	}
	c.send(sequence(2)...)
	if b := c.next(50 * time.Millisecond); b != nil {
		t.Errorf("% x arrived", b[:20])
	}
	c.apply(wiring.Op{Kind: wiring.Divert, A: c.at, B: c.from})
	c.send(sequence(2)...)
	if got := c.numbers(2); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("%v arrived", got)
	}
}

// A group that another socket has is told from a kernel that hands no frames over, by another that can be had.
func TestTaken(t *testing.T) {
	c := newCable(t, 1500, own()) // its wire listens at group
	other, err := wiring.Opener(nil).OpenTap(c.from.PID, capture.Tap{Log: group})
	if err == nil || !wire.Taken(err) {
		t.Errorf("a second socket for a group: %v, %v", other, err)
	}
	next, err := wiring.Opener(nil).OpenTap(c.from.PID, capture.Tap{Log: group + 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkWire is how many frames a second go round, beside who sends them and who gets them.
func BenchmarkWire(b *testing.B) {
	for _, size := range []int{64, 1500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { benchmark(b, size) })
	}
}

func benchmark(b *testing.B, size int) {
	b.Helper()
	c := newCable(b, 1500, own())
	f := c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 1500}})
	if err := unix.Close(c.rx); err != nil { // the witness counts what arrives
		b.Fatal(err)
	}
	g := newGenerator(b, c, numbered(1, size))
	const ahead = 16 << 10
	begin := time.Now()
	var sent uint64
	for b.Loop() {
		sent += g.send()
		if sent%ahead == 0 { // no further ahead than the kernel can hold
			if _, err := c.wire.State("w", sent-ahead/2); err != nil {
				b.Fatal(err)
			}
		}
	}
	s, err := c.wire.State("w", sent)
	seconds := time.Since(begin).Seconds()
	r := c.apply(wiring.Op{Kind: wiring.Diverted, A: c.at, B: c.from, Name: "w"})
	if err != nil || s.Missing != 0 || f.Acted().Matched != sent || r.Count != sent || r.Arrived != sent {
		b.Fatalf("%+v of %d, %d arrived, %v", s, sent, r.Arrived, err)
	}
	b.ReportMetric(float64(sent)/seconds, "frames/s")
	b.ReportMetric(float64(sent)*float64(8*size)/seconds/1e6, "Mbit/s")
}

// generator sends the same frame many times at once.
type generator struct {
	tb       testing.TB
	fd       int
	messages [64]unix.Mmsghdr
	piece    unix.Iovec
}

func newGenerator(tb testing.TB, c *cable, frame []byte) *generator {
	tb.Helper()
	g := &generator{tb: tb}
	inside(tb, c.from, func() (err error) {
		if g.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		link, err := net.InterfaceByName(c.from.Interface)
		if err != nil {
			return err
		}
		return unix.Bind(g.fd, &unix.SockaddrLinklayer{Ifindex: link.Index})
	})
	tb.Cleanup(func() { _ = unix.Close(g.fd) })
	g.piece.Base = &frame[0]
	g.piece.SetLen(len(frame))
	for i := range g.messages {
		g.messages[i].Hdr.Iov = &g.piece
		g.messages[i].Hdr.SetIovlen(1)
	}
	return g
}

func (g *generator) send() uint64 {
	n, _, err := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(g.fd), uintptr(unsafe.Pointer(&g.messages)), uintptr(len(g.messages)), 0, 0, 0)
	if err != 0 || int(n) != len(g.messages) {
		g.tb.Fatalf("%d were sent, %v", n, err)
	}
	return uint64(n)
}

// BenchmarkWireLatency is how long one frame takes from its sender to its reader.
func BenchmarkWireLatency(b *testing.B) {
	for _, wired := range []bool{false, true} {
		b.Run(fmt.Sprintf("wired=%t", wired), func(b *testing.B) {
			c := newCable(b, 1500, own())
			if wired {
				c.fault(topologies.Fault{Kind: topologies.FaultMTU, Frames: topologies.FrameFault{Size: 1500}})
			}
			var times []time.Duration
			frame := numbered(1, 64)
			for b.Loop() {
				begin := time.Now()
				c.send(frame)
				if c.next(time.Second) == nil {
					b.Fatal("it is lost")
				}
				times = append(times, time.Since(begin))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-µs")
		})
	}
}
