package topologiestest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/topologies"
)

// captured captures in a lab of the subject.
func (s Subject) captured(t *testing.T) {
	t.Helper()
	t.Parallel()
	Captured(t, Reserve(t, s.Open(t), s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "capture")}))
}

// Captured captures at r1:eth1 of a pair whose ends have 10.0.0.1 and 10.0.0.2, while its cable is laid
// anew and its nodes are restarted.
func Captured(t *testing.T, r topologies.Reservation) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "captures", "r1.pcapng")
	spec := topologies.CaptureSpec{Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}, Filter: "icmp or arp", Path: path, About: "the suite"}
	var told uint64 // read when Sync has waited for who writes it
	spec.Each = func(topologies.Frame) { told++ }
	capturer := Ability[topologies.Capturer](t, r)
	run, err := capturer.Capture(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	r1 := Host(t, r, "r1")
	ping := func(after string) {
		t.Helper()
		run.Mark(time.Now(), after)
		Eventually(t, "ping "+after, func() bool { return Ping(t.Context(), r1, "10.0.0.2") == nil })
	}
	ping("at first")
	Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: spec.Endpoint})
	ping("after a replug")
	for _, node := range []string{"r1", "r2"} {
		if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), node); err != nil {
			t.Fatal(err)
		}
		ping("after a restart of " + node)
	}
	if by, err := run.Sync(t.Context()); err != nil || by.Frames < 8 || told < by.Frames {
		t.Errorf("%+v, %d told, %v: what has come by now is there", by, told, err)
	}
	s, err := run.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if s.Anew != 2 || s.Dropped != 0 || s.Discarded != 0 { // made anew by the replug and by the restart of r1 itself
		t.Errorf("%+v", s)
	}
	in, out, marks := readCapture(t, path, s)
	if in < 4 || out < 4 || marks != 4 {
		t.Errorf("%d frames in, %d out, %d marks; each of 4 pings is one either way", in, out, marks)
	}
	for _, bad := range []topologies.CaptureSpec{
		{Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth9"}, Path: path},
		{Endpoint: topologies.Endpoint{Node: "r9", Interface: "eth1"}, Path: path},
		{Endpoint: spec.Endpoint, Path: path, Filter: "port bgp"},
	} {
		if _, err := capturer.Capture(t.Context(), bad); err == nil {
			t.Errorf("%+v is captured", bad)
		}
	}
}

func readCapture(t *testing.T, path string, s topologies.Captured) (in, out, marks int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != s.Bytes {
		t.Errorf("%d bytes, %+v", len(data), s)
	}
	ng, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	if face, err := ng.Interface(0); err != nil || face.Name != "r1:eth1" || face.Filter != "icmp or arp" || ng.SectionInfo().Comment != "the suite" {
		t.Errorf("%+v %v", face, err)
	}
	for {
		_, _, o, err := ng.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if o.Flags == nil {
			t.Fatal("a frame has no direction")
		}
		if o.Flags.Direction == pcapgo.NgEpbFlagDirectionInbound {
			in++
		} else {
			out++
		}
		for _, c := range o.Comments {
			if strings.HasPrefix(c, "a") {
				marks++
			}
		}
	}
	if uint64(in+out) != s.Frames {
		t.Errorf("%d frames in and %d out, %+v", in, out, s)
	}
	return in, out, marks
}
