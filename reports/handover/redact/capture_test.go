package redact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

func tarGz(t *testing.T, names []string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range names {
		data := read(t, name)
		if err := w.WriteHeader(&tar.Header{Name: "zurich-core-07/" + name, Mode: 0o644, Size: int64(len(data)), Uname: "hmustermann"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// leak is found in packets only.
const leak = pt.Typed

// snmpCommunity is one of the communities of the IOS sample.
func snmpCommunity(tb testing.TB) string {
	tb.Helper()
	for line := range strings.Lines(string(read(tb, "ios.cfg"))) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "snmp-server" && f[1] == "community" {
			return f[2]
		}
	}
	tb.Fatal("no community in the sample")
	return ""
}

// packets are frames of the protocols that carry names and addresses.
func packets(tb testing.TB) [][]byte {
	tb.Helper()
	return pt.Samples(snmpCommunity(tb))
}

func pcapng(frames [][]byte) []byte {
	return pt.Pcapng("taken by hmustermann on zurich-core-07", frames)
}

func plantedCapture(tb testing.TB) []byte {
	tb.Helper()
	return pcapng(packets(tb))
}

func TestCapture(t *testing.T) {
	r := newRedactor(t, redact.Options{Secrets: []string{leak}})
	r.Learn("ios.cfg", read(t, "ios.cfg"))
	in := plantedCapture(t)
	r.LearnFile("a.pcapng", in)
	out, err := r.Capture("a.pcapng", in)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(in) {
		t.Fatalf("%d bytes became %d", len(in), len(out))
	}
	if hits := r.Gate("hmustermann", "zurich-core-07", leak, snmpCommunity(t)).Data("a.pcapng", out); len(hits) > 0 {
		t.Errorf("survives: %v", hits)
	}
	if hits := r.Gate("hmustermann", "zurich-core-07", leak, snmpCommunity(t)).Data("a.pcapng", in); len(hits) < 10 {
		t.Errorf("the gate sees only %v in the original", hits)
	}
	for _, ip := range []string{"10.44.10.1", "172.20.9.9", "62.81.14.78", "10.66.255.2", "10.44.17.5"} {
		if bytes.Contains(out, pt.IP(ip)) || bytes.Contains(out, []byte(ip)) {
			t.Errorf("%s survives", ip)
		}
	}
	if bytes.Contains(out, pt.MACA()) || bytes.Contains(out, pt.MACB()) {
		t.Error("a MAC survives")
	}
	before, after := pt.Frames(in), pt.Frames(out)
	if len(before) != len(after) {
		t.Fatalf("%d frames became %d", len(before), len(after))
	}
	const wrong = pt.Wrong
	for i, f := range after {
		if f[12] != 8 || f[13] != 0 {
			continue
		}
		checkSums(t, i, f[14:], i != wrong)
	}
	// The same checksum error as before.
	was, is := sumOf(before[wrong][14:]), sumOf(after[wrong][14:])
	if was != is || was == 0 {
		t.Errorf("the wrong checksum was off by %d and is off by %d", was, is)
	}
	text := string(r.Text("ios.cfg", []byte("router-id 172.20.9.9 x")))
	if id := splitFields(text)[1]; !bytes.Contains(after[2], pt.IP(id)) {
		t.Errorf("the router id is not the one of the configuration, %s", id)
	}
}

// sumOf is zero when the UDP, TCP or ICMP checksum of an IPv4 packet is right.
func sumOf(p []byte) uint16 {
	body := p[20:]
	switch p[9] {
	case 1:
		return pt.Sum16(body)
	case 89:
		return pt.Sum16(body[:16], body[24:])
	}
	return pt.Sum16(p[12:20], []byte{0, p[9]}, pt.U16(len(body)), body)
}

func checkSums(t *testing.T, i int, p []byte, right bool) {
	t.Helper()
	if s := pt.Sum16(p[:20]); s != 0 {
		t.Errorf("frame %d: IP checksum is off by %d", i, s)
	}
	if s := sumOf(p); right && s != 0 {
		t.Errorf("frame %d: checksum is off by %d", i, s)
	}
	if p[9] != 89 || p[21] != 4 {
		return
	}
	for l := p[20+28:]; len(l) >= 20; {
		n := int(binary.BigEndian.Uint16(l[18:]))
		if c0, c1 := pt.Fletcher(l[2:n]); c0 != 0 || c1 != 0 {
			t.Errorf("frame %d: the checksum of an LSA is wrong", i)
		}
		l = l[n:]
	}
}

// TestCaptureHeaders: an LSA's header in an acknowledgement is the one of its body.
func TestCaptureHeaders(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	in := plantedCapture(t)
	r.LearnFile("a.pcapng", in)
	out, err := r.Capture("a.pcapng", in)
	if err != nil {
		t.Fatal(err)
	}
	f := pt.Frames(out)
	update, ack := f[3][14+20+28:], f[4][14+20+24:]
	if !bytes.Equal(update[:20], ack[:20]) {
		t.Errorf("%s, want %s", hex.EncodeToString(ack[:20]), hex.EncodeToString(update[:20]))
	}
	if !bytes.Equal(f[9], f[11]) {
		t.Error("a retransmission differs")
	}
}

func TestASNumbers(t *testing.T) {
	r := newRedactor(t, redact.Options{ASNumbers: true})
	got := string(r.Text("x.cfg", []byte("router bgp 65010\n neighbor 192.0.2.1 remote-as 3320\n neighbor 192.0.2.2 remote-as 65010\n")))
	f := splitFields(got)
	if f[2] == "65010" || f[2] != f[10] || len(f[2]) != 5 || f[2] < "64512" || f[2] > "65534" || f[6] == "3320" {
		t.Errorf("%q", got)
	}
	if _, err := r.Capture("a.pcapng", plantedCapture(t)); !errors.Is(err, redact.ErrASNumbers) {
		t.Errorf("a capture with its own AS numbers: %v", err)
	}
}

func FuzzCapture(f *testing.F) {
	f.Add(plantedCapture(f))
	for _, p := range packets(f) {
		f.Add(pcapng([][]byte{p}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}})
		for _, in := range [][]byte{data, pcapng([][]byte{data})} {
			r.LearnFile("a.pcapng", in)
			if out, err := r.Capture("a.pcapng", in); err == nil && len(out) != len(in) {
				t.Fatalf("%d bytes became %d", len(in), len(out))
			}
		}
	})
}

// TestCaptureRegions: what a capture has that is not understood is told of its file, and of
// no file without a name. One of a link type that is not known is left out.
func TestCaptureRegions(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	in := pt.Pcap(binary.LittleEndian, 1, []byte("a frame that is cut off at its end"))
	in = in[:len(in)-1]
	r.LearnFile("a.pcap", in)
	if _, err := r.Capture("a.pcap", in); err != nil {
		t.Fatal(err)
	}
	regions := r.Report().Regions
	if len(regions) != 1 || regions[0].File != "a.pcap" {
		t.Errorf("%+v", regions)
	}
	in = pt.Pcap(binary.LittleEndian, 147, []byte("of a link type that nobody knows"))
	r.LearnFile("b.pcap", in)
	if out, ok := r.File("b.pcap", in); ok || out != nil {
		t.Errorf("%q is passed through", out)
	}
	if d := r.Report().Dropped; len(d) != 1 || d[0].File != "b.pcap" {
		t.Errorf("%+v", d)
	}
}
