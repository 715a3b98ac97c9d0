package wiring

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// line is a cable between two networks, with a packet socket at each end.
type line struct {
	at, from Port
	tx, rx   int
	sock     unix.SockaddrLinklayer
}

// newLine makes one. What is sent goes through one processor, so that it stays in order.
func newLine(t *testing.T) *line {
	t.Helper()
	livetest.Long(t, "frames are sent through the kernel")
	runtime.LockOSThread() // never unlocked: the thread has one processor
	var one unix.CPUSet
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	pids := networks(t, 2)
	l := &line{at: Port{PID: pids[0], Interface: "in"}, from: Port{PID: pids[1], Interface: "out"}}
	for _, p := range []Port{l.at, l.from} {
		s, err := Opener(nil).open(p.PID)
		if err != nil {
			t.Fatal(err)
		}
		err = s.inside(func() error { // nothing speaks by itself
			return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
		})
		s.close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Apply(Op{Kind: Connect, A: l.at, B: l.from, MTU: 1500}); err != nil {
		t.Fatal(err)
	}
	l.tx, l.rx = l.socket(t, l.from), l.socket(t, l.at)
	return l
}

func (l *line) socket(t *testing.T, p Port) int {
	t.Helper()
	s, err := Opener(nil).open(p.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName(p.Interface)
	if err != nil {
		t.Fatal(err)
	}
	fd := -1
	if err := s.inside(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(nl.Swap16(unix.ETH_P_ALL)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	l.sock = unix.SockaddrLinklayer{Protocol: nl.Swap16(unix.ETH_P_ALL), Ifindex: link.Attrs().Index}
	if err := errors.Join(
		unix.Bind(fd, &l.sock), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20),
	); err != nil && !errors.Is(err, unix.EPERM) {
		t.Fatal(err)
	}
	return fd
}

// outcome is what became of frames: which have arrived, and how many each filter dropped.
type outcome struct {
	Arrived []int
	Counts  []uint64
	Unread  []bool // the filter could not tell
}

// numbered gives a frame its number, in its destination's address.
func numbered(frame []byte, n int) []byte {
	frame = slices.Clone(frame)
	binary.BigEndian.PutUint16(frame[3:], uint16(n))
	return frame
}

// send sends frames past filters.
func (l *line) send(t *testing.T, by topologies.DropBy, filters []Filter, frames [][]byte) outcome {
	t.Helper()
	op := Op{Kind: Drop, By: by, A: l.at, B: l.from, Filters: filters}
	r, err := Apply(op)
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok && missing.What == kernelAbility {
		t.Skip(missing) //nolint:forbidigo // the kernel decides
	}
	if err != nil || r.By != by {
		t.Fatalf("by %q: %v", r.By, err)
	}
	var o outcome
	for i, f := range frames {
		if _, err := unix.Write(l.tx, numbered(f, i)); err != nil {
			t.Fatalf("the sender has learned something of frame %d: %v", i, err)
		}
		for { // before the socket is full
			n, err := l.next(unix.MSG_DONTWAIT)
			if err != nil {
				break
			}
			o.Arrived = append(o.Arrived, n)
		}
	}
	for _, f := range filters {
		r, err := Apply(Op{Kind: Count, By: by, A: l.at, B: l.from, Name: f.ID})
		o.Counts, o.Unread = append(o.Counts, r.Count), append(o.Unread, err != nil)
		if err != nil && !strings.Contains(err.Error(), "cannot read") {
			t.Errorf("%s: %v", f.ID, err)
		}
	}
	op.Filters = nil
	if _, err := Apply(op); err != nil {
		t.Fatal(err)
	}
	const last = 0xffff
	if _, err := unix.Write(l.tx, numbered(bytes.Join([][]byte{ether(0x88b5), make([]byte, 46)}, nil), last)); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := l.next(0)
		if err != nil {
			t.Fatalf("wait for the last frame: %v", err)
		}
		if n == last {
			return o
		}
		o.Arrived = append(o.Arrived, n)
	}
}

// next gives the number of the next frame that arrives.
func (l *line) next(flags int) (int, error) {
	buffer := make([]byte, 2048)
	if _, _, err := unix.Recvfrom(l.rx, buffer, flags); err != nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint16(buffer[3:])), nil
}

// Rules drop what the program drops: see TestProgram.
func TestEgress(t *testing.T) {
	l := newLine(t)
	for _, tt := range predicates() {
		if tt.match.DstMAC != "" {
			continue // of which some is the number here
		}
		t.Run(tt.name, func(t *testing.T) {
			var frames [][]byte
			want := outcome{Counts: []uint64{uint64(len(tt.drop))}, Unread: []bool{false}}
			for i, parts := range slices.Concat(tt.drop, tt.pass) {
				frames = append(frames, bytes.Join(parts, nil))
				if i >= len(tt.drop) {
					want.Arrived = append(want.Arrived, i)
				}
			}
			if diff := cmp.Diff(want, l.send(t, topologies.DropByNFT, []Filter{{ID: "f", Match: tt.match}}, frames)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("destination's address", func(t *testing.T) {
		frames := [][]byte{bytes.Join([][]byte{ether(0x88cc), make([]byte, 46)}, nil), bytes.Join([][]byte{ether(0x0800), ip4(17, 0, 0)}, nil)}
		got := l.send(t, topologies.DropByNFT, []Filter{{ID: "f", Match: topologies.FrameMatch{DstMAC: "02:00:00:00:01:0b"}}}, frames)
		if diff := cmp.Diff(outcome{Arrived: []int{0}, Counts: []uint64{1}, Unread: []bool{false}}, got); diff != "" {
			t.Error(diff)
		}
	})
	for name, parts := range map[string][][]byte{
		"headers behind a tag": {ether(0x8100), tag(0x86dd), ip6(0), {58, 0, 5, 2, 0, 0, 0, 0}, make([]byte, 24)},
		"headers behind AH":    {ether(0x86dd), ip6(51), {60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {58, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 24)},
		"no headers":           {ether(0x8100), tag(0x86dd), ip6(17), make([]byte, 24)},
	} {
		t.Run(name, func(t *testing.T) {
			want := outcome{Arrived: []int{0}, Counts: []uint64{0}, Unread: []bool{name != "no headers"}}
			got := l.send(t, topologies.DropByNFT, []Filter{{ID: "f", Match: topologies.FrameMatch{Proto: "icmp6"}}}, [][]byte{bytes.Join(parts, nil)})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A predicate in user space matches what rules drop, and reads what they cannot.
func TestMatcher(t *testing.T) {
	l := newLine(t)
	for seed := range uint64(seeds) {
		filters, frames := random(seed)
		filters = filters[:1]
		match, err := Matcher(filters[0].Match)
		if err != nil {
			t.Fatal(err)
		}
		var n uint64
		for i, f := range frames {
			if match(numbered(f, i)) {
				n++
			}
		}
		if o := l.send(t, topologies.DropByNFT, filters, frames); n != o.Counts[0] && (!o.Unread[0] || n < o.Counts[0]) {
			t.Errorf("seed %d, %+v: matches %d of the frames, and rules drop %d", seed, filters[0].Match, n, o.Counts[0])
		}
	}
}

// A witness counts what the filter would drop, whatever way it came.
func TestWitness(t *testing.T) {
	l := newLine(t)
	for seed := range uint64(seeds) {
		filters, frames := random(seed)
		filters = filters[:1]
		want := l.send(t, topologies.DropByNFT, filters, frames).Counts[0]
		s, err := Opener(nil).open(l.at.PID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.setWitnesses(witnesses(), l.at.Interface, filters); err != nil {
			t.Fatal(err)
		}
		for i, f := range frames {
			if _, err := unix.Write(l.tx, numbered(f, i)); err != nil {
				t.Fatal(err)
			}
			if n, err := l.next(0); n != i || err != nil {
				t.Fatalf("frame %d, %v arrived, and %d was sent", n, err, i)
			}
		}
		if n, err := s.arrived(witnesses(), l.at.Interface, filters[0].ID); n != want || err != nil {
			t.Errorf("seed %d, %+v: counted %d, %v; want %d", seed, filters[0].Match, n, err, want)
		}
		if err := s.setWitnesses(witnesses(), l.at.Interface, nil); err != nil {
			t.Fatal(err)
		}
		s.close()
	}
}

// Filters come and go, and those that stay keep their counters. Nothing is left of the last.
func TestEgressFilters(t *testing.T) {
	l := newLine(t)
	udp, tcp := Filter{ID: "udp", Match: topologies.FrameMatch{Proto: "udp"}}, Filter{ID: "tcp", Match: topologies.FrameMatch{Proto: "tcp"}}
	all := Filter{ID: "all", Probability: 0.5}
	set := func(filters ...Filter) int {
		t.Helper()
		r, err := Apply(Op{Kind: Drop, By: topologies.DropByNFT, A: l.at, B: l.from, Filters: filters})
		if err != nil {
			t.Fatal(err)
		}
		return r.Egress
	}
	send := func() {
		t.Helper()
		for _, parts := range [][][]byte{{ether(0x0800), ip4(17, 0, 0), make([]byte, 20)}, {ether(0x86dd), ip6(6), make([]byte, 20)}} {
			if _, err := unix.Write(l.tx, bytes.Join(parts, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func(id string) (uint64, error) {
		r, err := Apply(Op{Kind: Count, By: topologies.DropByNFT, A: l.at, B: l.from, Name: id})
		return r.Count, err
	}
	first := set(udp)
	send()
	if second := set(udp, tcp); second == first || second == 0 {
		t.Errorf("two sets of rules have the stamps %d and %d", first, second)
	}
	send()
	for id, want := range map[string]uint64{"udp": 2, "tcp": 1} {
		if n, err := count(id); n != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", id, n, err, want)
		}
	}
	set(tcp, all)
	send()
	if n, err := count("tcp"); n != 2 || err != nil {
		t.Errorf("tcp: %d, %v", n, err)
	}
	if _, err := count("udp"); !Gone(err) {
		t.Errorf("a filter that was taken away: %v", err)
	}
	for range 500 {
		send()
	}
	if n, err := count("all"); n < 150 || n > 350 || err != nil { // beyond 8 standard deviations
		t.Errorf("half of 501 is %d, %v", n, err)
	}
	set(Filter{ID: "udp", Match: udp.Match}) // anew: its counter begins at zero
	if n, err := count("udp"); n != 0 || err != nil {
		t.Errorf("a new filter of an old name: %d, %v", n, err)
	}
	set()
	if left := l.left(t); left != "" {
		t.Errorf("left: %s", left)
	}
}

// Where the receiver has ended, nothing is left at the sender. A socket of the test's holds its network.
func TestEgressOutlivesReceiver(t *testing.T) {
	l := newLine(t)
	op := Op{Kind: Drop, By: topologies.DropByNFT, A: l.at, B: l.from, Filters: []Filter{{ID: "f", Match: topologies.FrameMatch{Proto: "udp"}}}}
	if _, err := Apply(op); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(l.at.PID, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, l.at.PID, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	op.Filters = nil
	if _, err := Apply(op); err != nil {
		t.Errorf("take filters away after the receiver: %v", err)
	}
	if left := l.left(t); left != "" {
		t.Errorf("left: %s", left)
	}
}

// Rules that stayed while nothing took what they mark begin anew: what they counted has arrived.
func TestEgressBeginsAnew(t *testing.T) {
	l := newLine(t)
	op := Op{Kind: Drop, By: topologies.DropByNFT, A: l.at, B: l.from, Filters: []Filter{{ID: "f", Match: topologies.FrameMatch{Proto: "udp"}}}}
	if _, err := Apply(op); err != nil {
		t.Fatal(err)
	}
	s, err := Opener(nil).open(l.from.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName(l.from.Interface)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.leaveMarked(link); err != nil {
		t.Fatal(err)
	}
	datagram := bytes.Join([][]byte{ether(0x0800), ip4(17, 0, 0), make([]byte, 20)}, nil)
	if _, err := unix.Write(l.tx, datagram); err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(op); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(l.tx, datagram); err != nil {
		t.Fatal(err)
	}
	if r, err := Apply(Op{Kind: Count, By: topologies.DropByNFT, A: l.at, B: l.from, Name: "f"}); r.Count != 1 || err != nil {
		t.Errorf("dropped %d, %v; want 1", r.Count, err)
	}
}

// left tells what there is of rules and of tc at the sender's end.
func (l *line) left(t *testing.T) string {
	t.Helper()
	s, err := Opener(nil).open(l.from.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	c, err := s.nft()
	if err != nil {
		t.Fatal(err)
	}
	chains, err := c.ListChains()
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.handle.LinkByName(l.from.Interface)
	if err != nil {
		t.Fatal(err)
	}
	qdiscs, err := s.handle.QdiscList(link)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, ch := range chains {
		list = append(list, "chain "+ch.Name)
	}
	for _, q := range qdiscs {
		if q.Type() == "clsact" {
			list = append(list, "qdisc clsact")
		}
	}
	return strings.Join(list, ", ")
}

// What passes the rules is told: a packet socket that sends past the queues does.
func TestEgressBypassed(t *testing.T) {
	l := newLine(t)
	filter := []Filter{{ID: "f", Match: topologies.FrameMatch{Proto: "udp"}}}
	if _, err := Apply(Op{Kind: Drop, By: topologies.DropByNFT, A: l.at, B: l.from, Filters: filter}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(l.tx, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		t.Fatal(err)
	}
	h := ip4(17, 0, 0)
	binary.BigEndian.PutUint16(h[2:], 40)
	if _, err := unix.Write(l.tx, bytes.Join([][]byte{ether(0x0800), h, make([]byte, 20)}, nil)); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := Apply(Op{Kind: Count, By: topologies.DropByNFT, A: l.at, B: l.from, Name: "f"})
		if err != nil && strings.Contains(err.Error(), "past the queues") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a frame that was not dropped is not told: %v", err)
		}
		runtime.Gosched()
	}
}

// Where tc is the node's own, it stays.
func TestEgressBesideTC(t *testing.T) {
	l := newLine(t)
	s, err := Opener(nil).open(l.from.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName(l.from.Interface)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.handle.QdiscAdd(clsact(link)); err != nil {
		t.Fatal(err)
	}
	l.send(t, topologies.DropByNFT, []Filter{{ID: "f"}}, nil)
	if left := l.left(t); left != "qdisc clsact" {
		t.Errorf("left: %q", left)
	}
}

const seeds = 6

// random makes a stream of frames and filters of it.
func random(seed uint64) ([]Filter, [][]byte) {
	r := rand.New(rand.NewPCG(seed, 2))
	pick := func(list ...int) int { return list[r.IntN(len(list))] }
	var frames [][]byte
	for range 800 {
		parts := [][]byte{nil}
		kind := pick(0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x86dd, 0x0806, 0x88cc, 46)
		tags := pick(0, 0, 0, 1, 1, 2, 3)
		types := []uint16{}
		for range tags {
			types = append(types, uint16(pick(0x8100, 0x88a8)))
		}
		types = append(types, uint16(kind))
		parts[0] = ether(types[0])
		for _, next := range types[1:] {
			parts = append(parts, tag(next))
		}
		proto := byte(pick(1, 2, 6, 6, 17, 17, 17, 58, 89))
		switch kind {
		case 0x0800:
			h := ip4(proto, uint16(pick(0, 0, 0, 0x2000, 0x10)), pick(0, 0, 4, 12, 40))
			h[15], h[19] = byte(r.IntN(4)), byte(r.IntN(4))
			parts = append(parts, h)
		case 0x86dd:
			chain := []byte{}
			if tags == 0 {
				for range pick(0, 0, 1, 2, 3) {
					chain = append(chain, byte(pick(0, 43, 44, 60)))
				}
				if len(chain) < maxHeaders && r.IntN(4) == 0 {
					chain = append(chain, 51)
				}
			}
			chain = append(chain, proto)
			h := ip6(chain[0])
			h[23], h[39] = byte(r.IntN(4)), byte(r.IntN(4))
			parts = append(parts, h)
			for i, header := range chain[:len(chain)-1] {
				body := make([]byte, 8)
				body[0] = chain[i+1]
				switch {
				case header == 44:
					body[3] = byte(pick(0, 1)) // of the first fragment
				case r.IntN(2) == 0:
					body[1] = map[bool]byte{true: 2, false: 1}[header == 51]
					body = append(body, make([]byte, 8)...)
				}
				parts = append(parts, body)
			}
		}
		parts = append(parts, ports(uint16(pick(7, 8, 9)), uint16(pick(7, 8, 9))), make([]byte, r.IntN(60)))
		frames = append(frames, bytes.Join(parts, nil))
	}
	var filters []Filter
	for i := range 3 {
		m := topologies.FrameMatch{}
		switch pick(0, 1, 2, 3, 4) {
		case 0:
			m.EtherType = []string{"ip", "ip6", "0x8100", "0x88a8", "lldp", "0x0004"}[r.IntN(6)]
		case 1:
			m.Proto = []string{"udp", "tcp", "icmp6", "89", "igmp"}[r.IntN(5)]
		case 2:
			m.DstPort, m.SrcPort = pick(0, 7, 8), pick(7, 8)
		case 3:
			m.SrcIP, m.DstPort = fmt.Sprintf("10.0.0.%d/%d", r.IntN(4), pick(31, 32)), pick(0, 0, 9)
		case 4:
			m.DstIP, m.Proto = fmt.Sprintf("2001:db8::%d/%d", r.IntN(4), pick(127, 128)), []string{"", "udp", "tcp"}[r.IntN(3)]
		}
		filters = append(filters, Filter{ID: fmt.Sprintf("f%d", i), Match: m})
	}
	return filters, frames
}

// streams says what becomes of the stream of every seed.
func streams(t *testing.T, by topologies.DropBy) []outcome {
	t.Helper()
	l := newLine(t)
	var list []outcome
	for seed := range uint64(seeds) {
		filters, frames := random(seed)
		list = append(list, l.send(t, by, filters, frames))
	}
	return list
}

// insideEnv has this program be the one within the namespace of TestEgressAsTheProgram, and names
// the file where it says what became of the streams.
const insideEnv = "REPRISE_TEST_STREAMS"

// The same frames of the same streams are dropped by a program that root loads, and by rules
// that root of a user namespace sets, who may load none.
func TestEgressAsTheProgram(t *testing.T) {
	if file := os.Getenv(insideEnv); file != "" {
		l := newLine(t)
		op := Op{Kind: Drop, A: l.at, B: l.from, Filters: []Filter{{ID: "f"}}}
		for _, op.By = range []topologies.DropBy{topologies.DropByXDP, topologies.DropByTC} {
			if _, err := Apply(op); !Lacks(err) {
				t.Errorf("a program of %s in a user namespace: %v", op.By, err)
			}
		}
		op.By = ""
		if r, err := Apply(op); r.By != topologies.DropByNFT || err != nil {
			t.Errorf("frames are dropped by %q, %v", r.By, err)
		}
		op.Filters[0].Pick.Nth = 2
		op.Filters[0].ID = "g"
		if _, err := Apply(op); !Lacks(err) {
			t.Errorf("rules pick the second frame: %v", err)
		}
		data, err := json.Marshal(streams(t, topologies.DropByNFT))
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("root alone loads the program") //nolint:forbidigo // the other tests of this file are for all
	}
	want := streams(t, topologies.DropByXDP)
	for seed, o := range want {
		if n := len(o.Arrived); n == 0 || n == 800 {
			t.Logf("seed %d tells nothing: %d have arrived", seed, n)
		}
	}
	if diff := cmp.Diff(want, streams(t, topologies.DropByNFT)); diff != "" {
		t.Errorf("by the rules of root: %s", diff)
	}
	file := t.TempDir() + "/streams"
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestEgressAsTheProgram$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"="+file)
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, UidMappings: ids, GidMappings: ids}
	if out, err := cmd.CombinedOutput(); err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) {
			t.Skip("no user namespaces: ", err) //nolint:forbidigo // the kernel's settings decide
		}
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []outcome
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by the rules of root of a namespace: %s", diff)
	}
}
