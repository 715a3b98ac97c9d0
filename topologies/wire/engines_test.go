package wire_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// The differential test of what drops frames: each engine, in front of every kind of reader and behind every
// kind of sender, has to hit the same frames, and none that it should have hit may reach a reader untold.

// engine is something that drops frames of the test's cable as a fault wants.
type engine struct {
	by topologies.DropBy
	c  *cable
	w  *wire.Fault
}

func newEngine(t *testing.T, c *cable, by topologies.DropBy, f topologies.Fault) *engine {
	t.Helper()
	e := &engine{by: by, c: c}
	if by == topologies.DropByWire {
		e.w = c.fault(f)
		return e
	}
	filter := wiring.Filter{ID: "e", Match: c.match, Probability: f.Probability, Pick: wiring.Pick{Nth: f.Frames.Nth, Count: f.Frames.Count, Every: f.Frames.Every}}
	if f.Probability != 0 {
		filter.Pick.Lot = topologies.NewLot(f.Frames.Seed, topologies.Endpoint{Node: "r1", Interface: "eth1"}) // as the wire's
	}
	if f.Frames.Filter != "" {
		filter.Pick.Filters = []string{f.Frames.Filter}
	}
	if r := c.apply(wiring.Op{Kind: wiring.Drop, By: by, A: c.at, B: c.from, Filters: []wiring.Filter{filter}}); r.By != by {
		t.Fatalf("asked to drop by %s, and %s does", by, r.By)
	}
	return e
}

// acted is what it did; the error is what it has to tell.
func (e *engine) acted() (topologies.Acted, error) {
	if e.w != nil {
		r := e.c.apply(wiring.Op{Kind: wiring.Diverted, A: e.c.at, B: e.c.from, Name: "w"})
		s, err := e.c.wire.State("w", r.Count)
		if err == nil && r.Arrived > s.Sent {
			err = fmt.Errorf("%d frames have arrived past the wire", r.Arrived-s.Sent)
		}
		if err == nil && r.Past > s.All {
			err = fmt.Errorf("%d frames have gone past the wire, and nobody sees which", r.Past-s.All)
		}
		return e.w.Acted(), err
	}
	r, err := wiring.Apply(wiring.Op{Kind: wiring.Count, By: e.by, A: e.c.at, B: e.c.from, Name: "e"})
	if r.Acted == nil {
		return topologies.Acted{Hit: r.Count}, err
	}
	return *r.Acted, err
}

func (e *engine) end() {
	if e.w != nil {
		e.c.wire.Remove(e.w) // what is handed over to it still goes on
		return
	}
	e.c.apply(wiring.Op{Kind: wiring.Drop, By: e.by, A: e.c.at, B: e.c.from})
}

// picks are faults that drop, of every way to pick, and the frames that those which leave nothing to chance hit
// of forty.
func picks() map[string]topologies.Fault {
	f := func(share float64, f topologies.FrameFault) topologies.Fault {
		return topologies.Fault{Kind: topologies.FaultDrop, Probability: share, Frames: f}
	}
	return map[string]topologies.Fault{
		"all": f(0, topologies.FrameFault{}), "second": f(0, topologies.FrameFault{Nth: 2, Count: 1}), "every third": f(0, topologies.FrameFault{Nth: 3, Every: 3}),
		"by filter": f(0, topologies.FrameFault{Filter: "udp[9] & 4 != 0", Nth: 2}),
		"share":     f(0.3, topologies.FrameFault{Seed: 7}), "some of a share": f(0.5, topologies.FrameFault{Seed: 9, Nth: 5, Every: 2, Count: 4}),
	}
}

// counts is which numbers have come, and how often.
type counts map[int]int

// reader sees which of the test's datagrams arrive.
type reader interface {
	// read adds what has come since it was asked last, of which so many are waited for.
	read(t *testing.T, want int) counts
}

// socketReader reads frames, or what datagrams carry, from a descriptor.
type socketReader struct {
	fd    int
	bytes int // before the number
}

const headers = 14 + 20 + 8

func (r socketReader) read(t *testing.T, want int) counts {
	t.Helper()
	got, b := counts{}, make([]byte, 1<<12)
	for n := 0; ; {
		wait := 2 * time.Second
		if n >= want {
			wait = 30 * time.Millisecond // one too many
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}, int(wait.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if ready == 0 || err != nil {
			return got
		}
		size, err := unix.Read(r.fd, b)
		if err != nil {
			t.Fatal(err)
		}
		if f := b[:size]; size >= r.bytes+2 && (r.bytes == 0 || f[12] == 8 && f[13] == 0 && f[23] == unix.IPPROTO_UDP && f[37] == 9) {
			got[int(binary.BigEndian.Uint16(f[r.bytes:]))]++
			n++
		}
	}
}

// xdpReader is a program that takes every datagram of the test's before the kernel's own reading.
type xdpReader struct {
	seen *ebpf.Map
	was  counts
}

const maxNumber = 64

func newXDP(t *testing.T, c *cable) reader {
	t.Helper()
	seen, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: maxNumber})
	if err != nil {
		livetest.Missing(t, "root to load a program", err)
	}
	t.Cleanup(func() { _ = seen.Close() })
	const pass, drop = 2, 1
	half := func(offset int16) asm.Instructions {
		return asm.Instructions{asm.LoadMem(asm.R2, asm.R6, offset, asm.Half), asm.HostTo(asm.BE, asm.R2, asm.Half)}
	}
	p := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, 0, asm.Word), asm.LoadMem(asm.R7, asm.R1, 4, asm.Word),
		asm.Mov.Reg(asm.R2, asm.R6), asm.Add.Imm(asm.R2, headers+2), asm.JGT.Reg(asm.R2, asm.R7, "pass"),
	}
	p = append(append(p, half(12)...), asm.JNE.Imm(asm.R2, unix.ETH_P_IP, "pass"))
	p = append(append(p, half(36)...), asm.JNE.Imm(asm.R2, 9, "pass"))
	p = append(append(p, half(headers)...),
		asm.StoreMem(asm.RFP, -4, asm.R2, asm.Word),
		asm.LoadMapPtr(asm.R1, seen.FD()), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -4), asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "pass"), asm.Mov.Imm(asm.R1, 1), asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, drop), asm.Return(),
		asm.Mov.Imm(asm.R0, pass).WithSymbol("pass"), asm.Return())
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "reader", Type: ebpf.XDP, License: "Apache-2.0", Instructions: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	inside(t, c.at, func() error {
		link, err := netlink.LinkByName(c.at.Interface)
		if err != nil {
			return err
		}
		return netlink.LinkSetXdpFdWithFlags(link, program.FD(), nl.XDP_FLAGS_DRV_MODE)
	})
	return &xdpReader{seen, counts{}}
}

func (r *xdpReader) read(t *testing.T, want int) counts {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); ; {
		got, sum := counts{}, 0
		var n uint64
		for i := range uint32(maxNumber) {
			if err := r.seen.Lookup(i, &n); err != nil {
				t.Fatal(err)
			}
			if more := int(n) - r.was[int(i)]; more > 0 {
				got[int(i)] = more
				sum += more
			}
		}
		if sum >= want || time.Now().After(end) {
			for i, more := range got {
				r.was[i] += more
			}
			return got
		}
	}
}

// newTap is a tap to which tc redirects what arrives, as a machine within a node has one: QEMU reads it.
func newTap(t *testing.T, c *cable) reader {
	t.Helper()
	var fd int
	inside(t, c.at, func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		request, err := unix.NewIfreq("tap0")
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(request))); errno != 0 {
			return errno
		}
		return redirect(c, "tap0")
	})
	t.Cleanup(func() { _ = unix.Close(fd) })
	return socketReader{fd, headers}
}

// redirect has what arrives at a cable's end, in whose network it is called, go to a tap there.
func redirect(c *cable, name string) error {
	tap, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	in, err := netlink.LinkByName(c.at.Interface)
	if err != nil {
		return err
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "Apache-2.0", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R1, int32(tap.Attrs().Index)), asm.Mov.Imm(asm.R2, 0), asm.FnRedirect.Call(), asm.Return(),
	}})
	if err != nil {
		return err
	}
	hook := &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: in.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}
	return errors.Join(netlink.LinkSetUp(tap), netlink.QdiscAdd(hook), netlink.FilterAdd(&netlink.BpfFilter{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: in.Attrs().Index, Parent: netlink.HANDLE_MIN_INGRESS, Priority: 10, Protocol: unix.ETH_P_ALL},
		Fd:          program.FD(), Name: "redirect", DirectAction: true,
	}), program.Close())
}

// newKernel is a socket of UDP: the kernel reads what arrives.
func newKernel(t *testing.T, c *cable) reader {
	t.Helper()
	var fd int
	inside(t, c.at, func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrInet4{Port: 9})
	})
	t.Cleanup(func() { _ = unix.Close(fd) })
	return socketReader{fd, 0}
}

func readers() map[string]func(*testing.T, *cable) reader {
	return map[string]func(*testing.T, *cable) reader{
		"packet socket": func(_ *testing.T, c *cable) reader { return socketReader{c.rx, headers} },
		"XDP":           newXDP, "tap": newTap, "kernel": newKernel, "Open vSwitch": newSwitch, "QEMU": newQEMU,
	}
}

// sender puts datagrams with numbers on the cable; it gives the frames, where it knows them.
type sender func(t *testing.T, c *cable, numbers int) [][]byte

// sendFrames sends them by a packet socket.
func sendFrames(t *testing.T, c *cable, numbers int) (frames [][]byte) {
	t.Helper()
	dst, src := c.mac(c.at), c.mac(c.from)
	for n := 1; n <= numbers; n++ {
		b := make([]byte, 60)
		copy(b, dst)
		copy(b[6:], src)
		copy(b[12:], []byte{8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1, 0, 7, 0, 9, 0, 26})
		var sum uint32
		for i := 14; i < 34; i += 2 {
			sum += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		binary.BigEndian.PutUint16(b[24:], ^uint16(sum>>16+sum&0xffff))
		binary.BigEndian.PutUint16(b[headers:], uint16(n))
		frames = append(frames, b)
	}
	c.send(frames...)
	return frames
}

func (c *cable) mac(p wiring.Port) (mac net.HardwareAddr) {
	c.t.Helper()
	inside(c.t, p, func() error {
		link, err := net.InterfaceByName(p.Interface)
		if err == nil {
			mac = link.HardwareAddr
		}
		return err
	})
	return mac
}

func sendPast(t *testing.T, c *cable, numbers int) [][]byte {
	t.Helper()
	if err := unix.SetsockoptInt(c.tx, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		t.Fatal(err)
	}
	return sendFrames(t, c, numbers)
}

// sendDatagrams sends them by the kernel.
func sendDatagrams(t *testing.T, c *cable, numbers int) [][]byte {
	t.Helper()
	to := c.mac(c.at)
	inside(t, c.from, func() error {
		link, err := netlink.LinkByName(c.from.Interface)
		if err != nil {
			return err
		}
		conn, err := net.ListenPacket("udp4", "10.9.0.2:7") // nobody tells it that nobody reads
		if err != nil {
			return err
		}
		err = netlink.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: net.IPv4(10, 9, 0, 1), HardwareAddr: to})
		for n := 1; n <= numbers && err == nil; n++ {
			b := make([]byte, 18)
			binary.BigEndian.PutUint16(b, uint16(n))
			_, err = conn.WriteTo(b, &net.UDPAddr{IP: net.IPv4(10, 9, 0, 1), Port: 9})
		}
		return errors.Join(err, conn.Close())
	})
	return nil
}

const bypass = "packet socket past the queues"

func senders() map[string]sender {
	return map[string]sender{"packet socket": sendFrames, bypass: sendPast, "kernel": sendDatagrams}
}

const datagrams = 40

// tried is a fault that was put in front of a reader: which datagrams were hit, by their ordinals among those
// that match; nil where the engine does not tell.
func tried(t *testing.T, c *cable, by topologies.DropBy, f topologies.Fault, send sender, r reader) (hit []int, arrived counts, told error) {
	t.Helper()
	e := newEngine(t, c, by, f)
	defer e.end()
	frames := send(t, c, datagrams)
	a, err := e.acted()
	for _, h := range a.Hits {
		hit = append(hit, int(h.Ordinal))
		if frames == nil || f.Frames.Filter != "" {
			continue
		}
		if d := sha256.Sum256(frames[h.Ordinal-1]); h.Digest != hex.EncodeToString(d[:8]) {
			t.Errorf("frame %d has another digest: %+v", h.Ordinal, h)
		}
	}
	return hit, r.read(t, datagrams-int(a.Hit)), err
}

// Every engine hits the same frames whoever sends and reads; a reader gets the rest. Where an engine is passed
// by, it says so.
func TestEngines(t *testing.T) {
	want := map[string]counts{} // what arrives, by the fault
	for _, from := range slices.Sorted(maps.Keys(senders())) {
		for _, to := range slices.Sorted(maps.Keys(readers())) {
			for _, by := range topologies.DropsBy() {
				t.Run(from+"/"+to+"/"+string(by), func(t *testing.T) {
					c := newCable(t, 1500, topologies.FrameMatch{DstPort: 9})
					r := readers()[to](t, c)
					if to == "XDP" && by == topologies.DropByXDP {
						_, err := wiring.Apply(wiring.Op{Kind: wiring.Drop, By: by, A: c.at, B: c.from, Filters: []wiring.Filter{{ID: "e"}}})
						if missing, ok := errors.AsType[*topologies.MissingError](err); !ok || missing.What != "place" {
							t.Fatalf("beside the node's own program: %v", err)
						}
						return
					}
					for name, f := range picks() {
						if by == topologies.DropByNFT && name != "all" {
							continue // it does not pick
						}
						_, arrived, err := tried(t, c, by, f, senders()[from], r)
						passes := from == bypass && by != topologies.DropByXDP
						switch {
						case passes && err == nil:
							t.Errorf("%s: frames went past it untold, and %v arrived", name, arrived)
						case passes:
							continue
						case err != nil:
							t.Fatalf("%s: %v", name, err)
						}
						if want[name] == nil {
							want[name] = arrived
						}
						if diff := cmp.Diff(want[name], arrived); diff != "" {
							t.Errorf("%s: arrived, against what arrived with another engine: %s", name, diff)
						}
					}
				})
			}
		}
	}
	for name, arrived := range want {
		if n := len(arrived); n == datagrams || n == 0 && name != "all" {
			t.Errorf("of %s, %d arrived, which tells nothing", name, n)
		}
	}
	if got, tried := want["second"]; tried && (got[2] != 0 || len(got) != datagrams-1) { // not by who runs one of them alone, or none
		t.Errorf("of all but the second, %v arrived", got)
	}
}

// The same seed hits the same frames, twenty times on each engine.
func TestSameFramesHit(t *testing.T) {
	for name, f := range picks() {
		var want []int
		for _, by := range topologies.DropsBy() {
			if by == topologies.DropByNFT {
				continue // it does not pick
			}
			c := newCable(t, 1500, topologies.FrameMatch{DstPort: 9})
			r := socketReader{c.rx, headers}
			for range 20 {
				hit, arrived, err := tried(t, c, by, f, sendFrames, r)
				if err != nil {
					t.Fatalf("%s by %s: %v", name, by, err)
				}
				if want == nil {
					want = hit
				}
				if !slices.Equal(hit, want) || len(hit)+len(arrived) != datagrams {
					t.Fatalf("%s by %s hit %v, and before %v; %d arrived", name, by, hit, want, len(arrived))
				}
			}
		}
	}
}

// BenchmarkFault is how fast frames pass a fault in the kernel that lets them through, over how fast they pass
// the same cable without one, each in turns: those of another protocol, and those that it counts and does not pick.
func BenchmarkFault(b *testing.B) {
	for _, by := range []topologies.DropBy{topologies.DropByXDP, topologies.DropByTC, topologies.DropByNFT} {
		for name, match := range map[string]topologies.FrameMatch{"other": {DstPort: 9}, "counted": own()} {
			if by == topologies.DropByNFT && name == "counted" {
				continue // it counts none that it lets pass
			}
			for _, size := range []int{64, 1500} {
				b.Run(fmt.Sprintf("%s/%s/%d", by, name, size), func(b *testing.B) { benchmarkFault(b, by, match, size) })
			}
		}
	}
}

func benchmarkFault(b *testing.B, by topologies.DropBy, match topologies.FrameMatch, size int) {
	b.Helper()
	bare, faulted := newCable(b, 1500, own()), newCable(b, 1500, own())
	faulted.apply(wiring.Op{Kind: wiring.Drop, By: by, A: faulted.at, B: faulted.from, Filters: []wiring.Filter{{ID: "e", Match: match, Pick: wiring.Pick{Nth: nth(by)}}}})
	var took [2]time.Duration
	var lines [2]*generator
	for i, c := range []*cable{bare, faulted} {
		if err := unix.Close(c.rx); err != nil {
			b.Fatal(err)
		}
		lines[i] = newGenerator(b, c, numbered(1, size))
	}
	const each, turns = 500, 50
	for b.Loop() {
		for range turns {
			for i, g := range lines {
				begin := time.Now()
				for range each {
					g.send()
				}
				took[i] += time.Since(begin)
			}
		}
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "×bare")
	b.ReportMetric(float64(b.N*turns*each*len(lines[0].messages))/took[1].Seconds(), "frames/s")
}

// nth is a frame that never comes, for what picks.
func nth(by topologies.DropBy) int {
	if by == topologies.DropByNFT {
		return 0
	}
	return 1 << 40
}

// Trains of TCP are frames where they arrive, each with its number; where they leave, they are told of at least.
func TestTrainsInTheKernel(t *testing.T) {
	const size = 1 << 20
	for _, by := range []topologies.DropBy{topologies.DropByXDP, topologies.DropByTC} {
		t.Run(string(by), func(t *testing.T) {
			c := newCable(t, 1500, topologies.FrameMatch{Proto: "tcp", DstPort: 7000})
			e := newEngine(t, c, by, topologies.Fault{Kind: topologies.FaultDrop, Frames: topologies.FrameFault{Nth: 1 << 40}})
			var l net.Listener
			inside(t, c.at, func() (err error) { l, err = net.Listen("tcp", "10.9.0.1:7000"); return err })
			done := make(chan int64, 1)
			go func() {
				var n int64
				if conn, err := l.Accept(); err == nil {
					n, _ = io.Copy(io.Discard, conn) // what was read is looked at
				}
				done <- n
			}()
			inside(t, c.from, func() error {
				conn, err := net.DialTimeout("tcp", "10.9.0.1:7000", 5*time.Second)
				if err != nil {
					return err
				}
				_, err = conn.Write(make([]byte, size))
				return errors.Join(err, conn.Close())
			})
			if n := <-done; n != size {
				t.Errorf("%d bytes have arrived of %d", n, size)
			}
			a, err := e.acted()
			if err == nil && a.Matched < size/1460 || err != nil && (by == topologies.DropByXDP || !strings.Contains(err.Error(), "several frames")) {
				t.Errorf("%d frames have matched, %v", a.Matched, err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
