package redact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
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

func be16(v int) []byte { return []byte{byte(v >> 8), byte(v)} }

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func ipOf(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

func sum16(parts ...[]byte) uint16 {
	var v uint32
	for _, p := range parts {
		if len(p)%2 == 1 {
			p = append(bytes.Clone(p), 0)
		}
		for i := 0; i < len(p); i += 2 {
			v += uint32(binary.BigEndian.Uint16(p[i:]))
		}
	}
	for v > 0xffff {
		v = v&0xffff + v>>16
	}
	return ^uint16(v)
}

var macA, macB = []byte{0, 4, 0x96, 0xab, 0xcd, 1}, []byte{0, 4, 0x96, 0xab, 0xcd, 2}

func ether(kind int, body []byte) []byte { return cat(macA, macB, be16(kind), body) }

func ipv4(proto byte, src, dst string, body []byte) []byte {
	h := cat([]byte{0x45, 0}, be16(20+len(body)), []byte{0, 1, 0, 0, 64, proto, 0, 0}, ipOf(src), ipOf(dst))
	binary.BigEndian.PutUint16(h[10:], sum16(h))
	return cat(h, body)
}

func pseudo(proto byte, src, dst string, n int) []byte {
	return cat(ipOf(src), ipOf(dst), []byte{0, proto}, be16(n))
}

func udp(src, dst string, sport, dport int, body []byte) []byte {
	d := cat(be16(sport), be16(dport), be16(8+len(body)), []byte{0, 0}, body)
	binary.BigEndian.PutUint16(d[6:], sum16(pseudo(17, src, dst, len(d)), d))
	return ipv4(17, src, dst, d)
}

func tcp(src, dst string, sport, dport int, seq uint32, body []byte) []byte {
	d := cat(be16(sport), be16(dport), be32(seq), be32(0), []byte{0x50, 0x18, 0x10, 0, 0, 0, 0, 0}, body)
	binary.BigEndian.PutUint16(d[16:], sum16(pseudo(6, src, dst, len(d)), d))
	return ipv4(6, src, dst, d)
}

func tlv(kind int, body []byte) []byte { return cat(be16(kind<<9|len(body)), body) }

func ospf(kind byte, router string, body []byte) []byte {
	d := cat([]byte{2, kind}, be16(24+len(body)), ipOf(router), ipOf("0.0.0.0"), []byte{0, 0, 0, 0}, make([]byte, 8), body)
	binary.BigEndian.PutUint16(d[12:], sum16(d[:16], d[24:]))
	return ipv4(89, "10.44.10.1", "224.0.0.5", d)
}

func lsa(kind byte, id, router string, body []byte) []byte {
	l := cat([]byte{0, 1, 2, kind}, ipOf(id), ipOf(router), be32(0x80000001), []byte{0, 0}, be16(20+len(body)), body)
	b := l[2:]
	c0, c1 := fletcher(b)
	x := ((len(b)-15)*c0 - c1) % 255
	if x <= 0 {
		x += 255
	}
	y := 510 - c0 - x
	if y > 255 {
		y -= 255
	}
	b[14], b[15] = byte(x), byte(y)
	return l
}

func fletcher(b []byte) (c0, c1 int) {
	for _, v := range b {
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	return c0, c1
}

func bgp(kind byte, body []byte) []byte {
	return cat(bytes.Repeat([]byte{0xff}, 16), be16(19+len(body)), []byte{kind}, body)
}

func ber(kind byte, body []byte) []byte { return cat([]byte{kind, byte(len(body))}, body) }

const (
	leak = "Only-In-Packets-1"
)

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
	lldp := cat(tlv(1, cat([]byte{4}, macA)), tlv(2, []byte("\x051/1")), tlv(3, be16(120)), tlv(5, []byte("zurich-core-07")),
		tlv(6, []byte("IOS 17.9 of hmustermann")), tlv(8, cat([]byte{5, 1}, ipOf("10.44.10.1"), []byte{2, 0, 0, 0, 1, 0})), tlv(0, nil))
	router := lsa(1, "172.20.9.9", "172.20.9.9", cat([]byte{0, 0, 0, 2}, ipOf("10.44.10.0"), ipOf("255.255.255.0"), []byte{3, 0, 0, 10},
		ipOf("10.44.10.1"), ipOf("10.44.10.1"), []byte{2, 0, 0, 10}))
	summary := lsa(3, "10.44.0.0", "172.20.9.9", cat(ipOf("255.255.0.0"), be32(10)))
	hello := cat(ipOf("255.255.255.0"), be16(10), []byte{2, 1}, be32(40), ipOf("10.44.10.1"), ipOf("10.44.10.2"), ipOf("172.20.9.10"))
	open := bgp(1, cat([]byte{4}, be16(65010), be16(180), ipOf("10.66.255.2"), []byte{0}))
	update := bgp(2, cat(be16(3), []byte{16, 10, 66}, be16(7), []byte{0x40, 3, 4}, ipOf("62.81.14.78"), []byte{24, 10, 44, 10}))
	snmp := ber(0x30, cat(ber(2, []byte{1}), ber(4, []byte(snmpCommunity(tb))), ber(0xa2, cat(ber(2, []byte{1}), ber(2, []byte{0}), ber(2, []byte{0}),
		ber(0x30, cat(ber(0x30, cat(ber(6, []byte{0x2b, 6, 1, 2, 1, 1, 5, 0}), ber(4, []byte("zurich-core-07")))),
			ber(0x30, cat(ber(6, []byte{0x2b, 6, 1, 2, 1, 4, 20, 1, 1, 10, 44, 10, 1}), ber(0x40, ipOf("10.44.10.1"))))))))))
	login := "user hmustermann typed " + leak + " here, and that was all"
	const cut = 31 // inside of the value
	wrong := ipv4(17, "10.44.10.1", "10.44.10.2", cat(be16(1), be16(2), be16(12), []byte{0xde, 0xad}, []byte("abcd")))
	icmp := cat([]byte{3, 1, 0, 0, 0, 0, 0, 0}, udp("10.44.10.1", "10.44.10.2", 5, 6, []byte("abcdefgh"))[:28])
	binary.BigEndian.PutUint16(icmp[2:], sum16(icmp))
	inner := ether(0x0800, udp("10.44.10.1", "10.44.10.2", 514, 514, []byte("<134>zurich-core-07: login of hmustermann from 10.44.17.5")))
	return [][]byte{
		ether(0x88cc, lldp),
		ether(0x8100, cat(be16(10), be16(0x0806), []byte{0, 1, 8, 0, 6, 4, 0, 1}, macA, ipOf("10.44.10.1"), macB, ipOf("10.44.10.2"))),
		ether(0x0800, ospf(1, "172.20.9.9", hello)),
		ether(0x0800, ospf(4, "172.20.9.9", cat(be32(2), router, summary))),
		ether(0x0800, ospf(5, "172.20.9.10", cat(router[:20], summary[:20]))),
		ether(0x0800, tcp("62.81.14.77", "62.81.14.78", 4000, 179, 100, open)),
		ether(0x0800, tcp("62.81.14.77", "62.81.14.78", 4000, 179, 100+uint32(len(open)), update[:25])),
		ether(0x0800, tcp("62.81.14.77", "62.81.14.78", 4000, 179, 125+uint32(len(open)), update[25:])),
		ether(0x0800, udp("10.44.17.30", "10.44.10.1", 4001, 161, snmp)),
		ether(0x0800, tcp("10.44.17.5", "10.44.10.1", 4002, 23, 7, []byte(login[:cut]))),
		ether(0x0800, tcp("10.44.17.5", "10.44.10.1", 4002, 23, 7+cut, []byte(login[cut:]))),
		ether(0x0800, tcp("10.44.17.5", "10.44.10.1", 4002, 23, 7, []byte(login[:cut]))), // again
		ether(0x0800, wrong),
		ether(0x0800, ipv4(1, "10.44.10.9", "10.44.10.1", icmp)),
		ether(0x0800, udp("10.44.10.1", "10.44.10.9", 4003, 4789, cat([]byte{8, 0, 0, 0, 0, 0, 1, 0}, inner))),
	}
}

func ngBlock(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := binary.LittleEndian.AppendUint32(nil, uint32(12+len(body)))
	return cat(binary.LittleEndian.AppendUint32(nil, kind), n, body, n)
}

func pcapng(frames [][]byte) []byte {
	le := binary.LittleEndian
	section := cat(le.AppendUint32(nil, 0x1a2b3c4d), []byte{1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8))
	comment := "taken by hmustermann on zurich-core-07"
	option := cat(le.AppendUint16(nil, 1), le.AppendUint16(nil, uint16(len(comment))), []byte(comment), make([]byte, (4-len(comment)%4)%4), make([]byte, 4))
	out := cat(ngBlock(0x0a0d0d0a, cat(section, option)), ngBlock(1, []byte{1, 0, 0, 0, 0, 0, 4, 0}))
	for i, f := range frames {
		head := cat(make([]byte, 4), make([]byte, 4), le.AppendUint32(nil, uint32(i)), le.AppendUint32(nil, uint32(len(f))), le.AppendUint32(nil, uint32(len(f))))
		out = append(out, ngBlock(6, cat(head, f))...)
	}
	return out
}

func plantedCapture(tb testing.TB) []byte {
	tb.Helper()
	return pcapng(packets(tb))
}

// framesOf reads the frames of our pcapng files back.
func framesOf(data []byte) [][]byte {
	var out [][]byte
	for at := 0; at < len(data); {
		n := int(binary.LittleEndian.Uint32(data[at+4:]))
		if binary.LittleEndian.Uint32(data[at:]) == 6 {
			size := int(binary.LittleEndian.Uint32(data[at+20:]))
			out = append(out, data[at+28:at+28+size])
		}
		at += n
	}
	return out
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
		if bytes.Contains(out, ipOf(ip)) || bytes.Contains(out, []byte(ip)) {
			t.Errorf("%s survives", ip)
		}
	}
	if bytes.Contains(out, macA) || bytes.Contains(out, macB) {
		t.Error("a MAC survives")
	}
	before, after := framesOf(in), framesOf(out)
	if len(before) != len(after) {
		t.Fatalf("%d frames became %d", len(before), len(after))
	}
	const wrong = 12
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
	if id := splitFields(text)[1]; !bytes.Contains(after[2], ipOf(id)) {
		t.Errorf("the router id is not the one of the configuration, %s", id)
	}
}

// sumOf is zero when the UDP, TCP or ICMP checksum of an IPv4 packet is right.
func sumOf(p []byte) uint16 {
	body := p[20:]
	switch p[9] {
	case 1:
		return sum16(body)
	case 89:
		return sum16(body[:16], body[24:])
	}
	return sum16(p[12:20], []byte{0, p[9]}, be16(len(body)), body)
}

func checkSums(t *testing.T, i int, p []byte, right bool) {
	t.Helper()
	if s := sum16(p[:20]); s != 0 {
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
		if c0, c1 := fletcher(l[2:n]); c0 != 0 || c1 != 0 {
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
	f := framesOf(out)
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
