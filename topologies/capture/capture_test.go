package capture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/capture/capturetest"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// cable is one between two interfaces of a network of its own, with a socket to send at each end.
type cable struct {
	inside func(f func() error)
	near   int // sends out of near, which the captures are of
	far    int // sends to it

	// witness gets what comes to near, after every capture: the last to ask is the first to be given.
	witness int
}

// newCable makes one; nobody speaks on it by himself.
func newCable(tb testing.TB) *cable {
	tb.Helper()
	work := make(chan func() error)
	done := make(chan error)
	go func() {
		_ = wiring.OnThread(func() error {
			for f := range work {
				done <- f()
			}
			return nil
		})
	}()
	tb.Cleanup(func() { close(work) })
	c := &cable{inside: func(f func() error) {
		tb.Helper()
		work <- f
		if err := <-done; err != nil {
			tb.Fatal(err)
		}
	}}
	if os.Geteuid() != 0 {
		tb.Skip("only root may make networks without a lab") //nolint:forbidigo // rights are not installed
	}
	c.inside(func() error {
		return errors.Join(unix.Unshare(unix.CLONE_NEWNET), os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0))
	})
	c.inside(c.lay)
	c.inside(func() (err error) {
		c.near, err = sender("near")
		return err
	})
	c.inside(func() (err error) {
		c.far, err = sender("far")
		return err
	})
	c.inside(func() (err error) {
		c.witness, err = witness()
		return err
	})
	tb.Cleanup(func() { _ = errors.Join(unix.Close(c.near), unix.Close(c.far), unix.Close(c.witness)) })
	return c
}

func witness() (int, error) {
	link, err := net.InterfaceByName("near")
	if err != nil {
		return -1, err
	}
	const everything = unix.ETH_P_ALL << 8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, everything)
	if err != nil {
		return -1, err
	}
	room := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20)
	if errors.Is(room, unix.EPERM) { // root of its own namespace has what there is by itself
		room = nil
	}
	return fd, errors.Join(
		room, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index, Protocol: everything}), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}),
	)
}

// arrived waits until so many frames have come to near, and been given to every capture.
func (c *cable) arrived(tb testing.TB, n int) {
	tb.Helper()
	for n > 0 {
		_, from, err := unix.Recvfrom(c.witness, nil, 0)
		if err != nil {
			tb.Fatalf("%d frames did not come: %v", n, err)
		}
		if a, ok := from.(*unix.SockaddrLinklayer); ok && a.Pkttype != unix.PACKET_OUTGOING {
			n--
		}
	}
}

// lay makes the interfaces, within the network.
func (c *cable) lay() error {
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "near", MTU: 1500, TxQLen: 100_000}, PeerName: "far"}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	far, err := netlink.LinkByName("far")
	if err != nil {
		return err
	}
	return errors.Join(netlink.LinkSetUp(veth), netlink.LinkSetUp(far), operational())
}

// operational waits until both ends send: the kernel's queues begin a while after the carrier.
func operational() error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		up := 0
		for _, name := range []string{"near", "far"} {
			if link, err := netlink.LinkByName(name); err == nil && link.Attrs().OperState == netlink.OperUp {
				up++
			}
		}
		if up == 2 {
			return nil
		}
	}
	return errors.New("the cable does not come up")
}

func sender(name string) (int, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index})
}

func (c *cable) tap(tb testing.TB, t capture.Tap) *os.File {
	tb.Helper()
	t.Interface = "near"
	var f *os.File
	c.inside(func() (err error) {
		f, err = t.Open()
		return err
	})
	return f
}

func (c *cable) start(tb testing.TB, o capture.Options) *capture.Capture {
	tb.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(tb.TempDir(), "x.pcapng")
	}
	o.Name, o.About = "r1:eth1", "a test"
	run, err := capture.Start(c.tap(tb, o.Tap), o)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func send(tb testing.TB, fd int, frames ...[]byte) {
	tb.Helper()
	for _, f := range frames {
		for {
			_, err := unix.Write(fd, f)
			if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil {
				tb.Fatalf("% x: %v", f, err)
			}
			break
		}
	}
}

func stop(tb testing.TB, run *capture.Capture) capture.Summary {
	tb.Helper()
	s, err := run.Stop()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// read is a captured frame.
type read struct {
	data     []byte
	at       time.Time
	out      bool
	comments []string
}

func readFile(tb testing.TB, path string) (list []read, ng *pcapgo.NgReader) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	if ng, err = pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions); err != nil {
		tb.Fatal(err)
	}
	for {
		data, ci, opts, err := ng.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			return list, ng
		}
		if err != nil {
			tb.Fatal(err)
		}
		r := read{data: data, at: ci.Timestamp, comments: opts.Comments}
		r.out = opts.Flags != nil && opts.Flags.Direction == pcapgo.NgEpbFlagDirectionOutbound
		list = append(list, r)
	}
}

// sendable are made frames that a cable takes: with a whole header, and a whole tag where one begins.
func sendable(seed uint64, n int) [][]byte {
	list := slices.DeleteFunc(capturetest.Frames(seed, n), func(f []byte) bool {
		return len(f) < 18 || f[12] == 0x90 // whose tag of an odd kind the kernel knows nothing of, and drops short
	})
	for i := range list {
		list[i] = binary.BigEndian.AppendUint32(list[i], uint32(i)) // so that all differ
	}
	return list
}

// checkWireshark has Wireshark's programs read a file without a word of complaint.
func checkWireshark(tb testing.TB, path string, frames int) string {
	tb.Helper()
	for _, tool := range []string{"tshark", "capinfos"} {
		if _, err := exec.LookPath(tool); err != nil {
			livetest.Missing(tb, tool, err)
		}
	}
	var said, complaint bytes.Buffer
	cmd := exec.CommandContext(tb.Context(), "tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment", "-e", "frame.packet_flags_direction")
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		tb.Fatalf("tshark: %v: %s", err, &complaint)
	}
	if text := strings.TrimSpace(strings.ReplaceAll(complaint.String(), `Running as user "root" and group "root". This could be dangerous.`, "")); text != "" {
		tb.Errorf("tshark warns: %s", text)
	}
	if n := strings.Count(said.String(), "\n"); n != frames {
		tb.Errorf("tshark shows %d frames, want %d", n, frames)
	}
	info, err := exec.CommandContext(tb.Context(), "capinfos", path).CombinedOutput()
	if err != nil {
		tb.Fatalf("capinfos: %v: %s", err, info)
	}
	return said.String() + string(info)
}

// TestEveryFrame: what passes is in the file as it was on the wire, either way, tags of priority alone
// included, and once.
func TestEveryFrame(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "captures", "x.pcapng")
	run := c.start(t, capture.Options{Path: path})
	frames := append(sendable(1, 1500), append(append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0xe0, 0, 8, 0}, make([]byte, 46)...), 1))
	begin := time.Now()
	for i, f := range frames {
		send(t, []int{c.far, c.near}[i%2], f)
	}
	c.arrived(t, (len(frames)+1)/2)
	s := stop(t, run)
	if s.Frames != uint64(len(frames)) || s.Dropped != 0 || s.Discarded != 0 {
		t.Fatalf("%+v of %d", s, len(frames))
	}
	list, ng := readFile(t, path)
	for i, r := range list {
		if !bytes.Equal(r.data, frames[i]) || r.out != (i%2 == 1) || r.at.Before(begin) || time.Since(r.at) > time.Minute {
			t.Fatalf("frame %d: % x, out %v, at %v; was % x", i, r.data, r.out, r.at, frames[i])
		}
		if i > 0 && r.at.Before(list[i-1].at) {
			t.Errorf("frame %d is before the one before", i)
		}
	}
	if !slices.ContainsFunc(list, func(r read) bool { return r.at.Nanosecond()%1000 != 0 }) {
		t.Error("no time is in nanoseconds")
	}
	face, err := ng.Interface(0)
	if err != nil || face.Name != "r1:eth1" || face.Statistics.PacketsReceived != uint64(len(frames)) || face.Statistics.PacketsDropped != 0 && face.Statistics.PacketsDropped != pcapgo.NgNoValue64 {
		t.Errorf("%+v %v", face, err)
	}
	if said := checkWireshark(t, path, len(frames)); !strings.Contains(said, "r1:eth1") || !strings.Contains(said, "a test") {
		t.Error(said)
	}
}

// TestFiltered: the kernel keeps what the filter says, of tagged frames too, either way.
func TestFiltered(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	frames := sendable(2, 400)
	texts := []string{
		"vlan", "vlan 5", "vlan 0", "not vlan", "vlan and ip", "vlan and vlan 100 and udp", "ip or vlan 5 and arp", "ether[12:2] = 0x8100", "ether[14:2] & 0xfff = 5",
		"ether[10:4] & 0xffff = 0x8100", "vlan and port 80 or 179", "len > 80", "greater 80 and vlan", "ether[len - 50] > 20", "stp or vlan and stp", "ether proto 0x88cc",
	}
	m := capturetest.NewMaker(3)
	for range 30 {
		texts = append(texts, m.Expression(2))
	}
	var runs []*capture.Capture
	var paths []string
	for i, text := range texts {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.pcapng", i))
		paths = append(paths, path)
		runs = append(runs, c.start(t, capture.Options{Path: path, Tap: capture.Tap{Filter: text, Ring: 2 << 20}}))
	}
	for i, f := range frames {
		send(t, []int{c.far, c.near}[i%2], f)
	}
	c.arrived(t, (len(frames)+1)/2)
	for i, text := range texts {
		s := stop(t, runs[i])
		f, err := filter.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		var want [][]byte
		for _, frame := range frames {
			if f.Match(frame) {
				want = append(want, frame)
			}
		}
		list, _ := readFile(t, paths[i])
		if len(list) != len(want) || s.Frames != uint64(len(want)) {
			t.Errorf("%q: %d frames, want %d: %+v", text, len(list), len(want), s)
			continue
		}
		for n, r := range list {
			if !bytes.Equal(r.data, want[n]) {
				t.Errorf("%q: frame %d: % x, want % x", text, n, r.data, want[n])
				break
			}
		}
	}
}

// TestBound: the newest are kept, in one file that Wireshark reads, and what went is told.
func TestBound(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	run := c.start(t, capture.Options{Path: path, Max: 3 << 20})
	const n = 8000
	for i := range n {
		send(t, c.far, binary.BigEndian.AppendUint32(make([]byte, 1000), uint32(i)))
		if i%500 == 0 {
			run.Mark(time.Now(), fmt.Sprint("mark ", i))
		}
	}
	c.arrived(t, n)
	s := stop(t, run)
	if s.Frames+s.Dropped != n || s.Discarded == 0 || s.Bytes > 3<<20 || s.Bytes < 1<<20 {
		t.Errorf("%+v", s)
	}
	list, _ := readFile(t, path)
	if uint64(len(list)) != s.Frames-s.Discarded {
		t.Errorf("%d frames in the file, %+v", len(list), s)
	}
	for i, r := range list {
		if got := binary.BigEndian.Uint32(r.data[1000:]); s.Dropped == 0 && int(got) != n-len(list)+i {
			t.Fatalf("frame %d of %d is number %d", i, len(list), got)
		}
	}
	if _, err := os.Stat(path + ".earlier"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part is left: %v", err)
	}
	checkWireshark(t, path, len(list))
}

// TestMarks: a mark is on the first frame from its moment on, or at the end.
func TestMarks(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	run := c.start(t, capture.Options{Path: path})
	frame := make([]byte, 60)
	send(t, c.far, frame)
	c.arrived(t, 1)
	run.Mark(time.Now(), "second, of two")
	run.Mark(time.Now(), "and this")
	send(t, c.far, frame, frame)
	c.arrived(t, 2)
	run.Mark(time.Now(), "nothing came any more")
	stop(t, run)
	list, _ := readFile(t, path)
	var got [][]string
	for _, r := range list {
		got = append(got, r.comments)
	}
	if fmt.Sprint(got) != "[[] [second, of two and this] []]" {
		t.Errorf("%q", got)
	}
	if said := checkWireshark(t, path, 3); !strings.Contains(said, "second, of two") {
		t.Error(said)
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Contains(data, []byte("nothing came any more")) {
		t.Errorf("the last mark is lost: %v", err)
	}
}

// TestReadWhileWritten: what a crash leaves is a file too.
func TestReadWhileWritten(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	run := c.start(t, capture.Options{Path: path})
	send(t, c.far, sendable(5, 50)...)
	var data []byte
	for deadline := time.Now().Add(10 * time.Second); len(data) < 300_000; {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes", len(data))
		}
		send(t, c.far, sendable(6, 100)...)
		var err error
		if data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(t.TempDir(), "left.pcapng")
	if err := os.WriteFile(left, data, 0o600); err != nil {
		t.Fatal(err)
	}
	list, _ := readFile(t, left)
	checkWireshark(t, left, len(list))
	stop(t, run)
}

// TestInterfaceMadeAnew: a capture outlives its interface, and says so.
func TestInterfaceMadeAnew(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	run := c.start(t, capture.Options{Path: path})
	send(t, c.far, make([]byte, 60))
	c.arrived(t, 1)
	c.inside(func() error {
		link, err := netlink.LinkByName("near")
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetDown(link), netlink.LinkSetUp(link), operational())
	})
	_, _, _ = unix.Recvfrom(c.witness, nil, unix.MSG_DONTWAIT) // that the interface went down
	send(t, c.far, make([]byte, 61))
	c.arrived(t, 1)
	c.inside(func() error {
		link, err := netlink.LinkByName("near")
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	c.inside(c.lay)
	var again int
	c.inside(func() (err error) {
		again, err = sender("far")
		return err
	})
	defer unix.Close(again) //nolint:errcheck // only written to
	c.inside(func() (err error) {
		_ = unix.Close(c.witness) // of an interface that is gone
		c.witness, err = witness()
		return err
	})
	run.Replace(c.tap(t, capture.Tap{}))
	send(t, again, make([]byte, 62))
	c.arrived(t, 1)
	s := stop(t, run)
	list, _ := readFile(t, path)
	if s.Frames != 3 || s.Anew != 1 || len(list) != 3 || len(list[2].data) != 62 {
		t.Errorf("%+v, %d", s, len(list))
	}
	run.Replace(c.tap(t, capture.Tap{})) // of one that has ended: it is closed
}

func TestRefused(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	for _, tap := range []capture.Tap{{Interface: "near", Filter: "port bgp"}, {Interface: "nowhere"}} {
		c.inside(func() error {
			if f, err := tap.Open(); err == nil {
				return errors.Join(fmt.Errorf("%+v is opened", tap), f.Close())
			}
			return nil
		})
	}
	if _, err := capture.Start(c.tap(t, capture.Tap{}), capture.Options{Path: "/proc/nowhere/x"}); err == nil {
		t.Error("it writes where nothing can be written")
	}
}

// BenchmarkCapture sends 200,000 frames of 64 bytes a second to a capture, and says what it lost of
// them: whoever sends tells how fast it was.
func BenchmarkCapture(b *testing.B) {
	const rate, seconds = 200_000, 1
	c := newCable(b)
	if err := unix.SetsockoptInt(c.far, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		b.Fatal(err)
	}
	var sent, lost, took float64
	frame := make([]byte, 64)
	for b.Loop() {
		run := c.start(b, capture.Options{Path: filepath.Join(b.TempDir(), "x.pcapng")})
		begin := time.Now()
		for n := range rate * seconds {
			if n%100 == 0 {
				for time.Since(begin) < time.Duration(n)*time.Second/rate {
					continue // busy: a pause would be longer than what it takes to send them
				}
			}
			send(b, c.far, frame)
		}
		took += time.Since(begin).Seconds()
		s := stop(b, run)
		sent += rate * seconds
		lost += rate*seconds - float64(s.Frames)
		if s.Frames+s.Dropped > rate*seconds {
			b.Fatalf("%+v", s)
		}
	}
	b.ReportMetric(sent/took, "frames/s")
	b.ReportMetric(lost, "lost")
}
