package packet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// TestLinkTypes: a packet of each link type becomes what it is with the other values.
func TestLinkTypes(t *testing.T) {
	of := func(v values) map[uint32][]byte {
		return map[uint32][]byte{
			0: pt.Cat([]byte{2, 0, 0, 0}, v.quiet()), 108: pt.Cat([]byte{0, 0, 0, 2}, v.quiet()),
			12: v.quiet(), 14: v.quiet(), 101: v.quiet(), 228: v.quiet(), 229: pt.IPv6(59, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), v.host()),
			113: pt.Cat(pt.U16(0), pt.U16(1), pt.U16(6), v.mac(3), pt.U16(0), pt.U16(0x0800), v.quiet()),
			276: pt.Cat(pt.U16(0x0800), pt.U16(0), pt.U32(3), pt.U16(1), []byte{0, 6}, v.mac(3), pt.U16(0), v.quiet()),
			9:   pt.Cat([]byte{0xff, 3}, pt.U16(0x0021), v.quiet()), 50: pt.Cat([]byte{0xff, 3}, pt.U16(0xc023), v.pap()),
			51: v.pppoe(pt.Cat(pt.U16(0xc023), v.pap())), 104: pt.Cat([]byte{0x0f, 0}, pt.U16(0x0800), v.quiet()),
			204: pt.Cat([]byte{1, 0xff, 3}, pt.U16(0x0021), v.quiet()), 219: pt.Cat([]byte{0, 1, 1, 64}, v.quiet()),
			107: pt.Cat([]byte{0x18, 0x41, 3, 0xcc}, v.quiet()), 105: v.air(), 127: pt.Cat([]byte{0, 0, 8, 0, 0, 0, 0, 0}, v.air()), 239: v.logged(),
			178: pt.Cat([]byte("MGC"), []byte{0x81}, pt.U16(4), make([]byte, 4), pt.Ether(v.mac(1), v.mac(2), 0x0800, v.quiet())),
		}
	}
	before, after := of(values{t, false}), of(values{t, true})
	for link, f := range before {
		out, _, err := packet.Rewrite(pt.Pcap(binary.LittleEndian, link, f), newSwap())
		if want := pt.Pcap(binary.LittleEndian, link, after[link]); err != nil || !bytes.Equal(out, want) {
			t.Errorf("link type %d: %v\n%x\nwant\n%x", link, err, out, want)
		}
	}
}

// air is a frame of data of IEEE 802.11 with a fourth address and a priority.
func (v values) air() []byte {
	return pt.Cat([]byte{0x88, 3, 0, 0}, v.mac(1), v.mac(2), v.mac(3), []byte{0x10, 0}, v.mac(4), []byte{0, 0}, []byte{0xaa, 0xaa, 3, 0, 0, 0}, pt.U16(0x0800), v.quiet())
}

// logged is a packet as Linux's firewall logs it.
func (v values) logged() []byte {
	element := func(kind byte, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat([]byte{byte(4 + len(b)), 0, kind, 0}, b, make([]byte, (4-len(b)%4)%4))
	}
	return pt.Cat([]byte{2, 0, 0, 0}, element(10, v.host(), []byte{0}), element(16, v.mac(1), v.mac(2), pt.U16(0x0800)), element(8, pt.U16(6), pt.U16(0), v.mac(2), pt.U16(0)), element(9, v.quiet()))
}

// TestNetworkName: that of a wireless network is a name; nothing of its frames is searched by value alone.
func TestNetworkName(t *testing.T) {
	beacon := func(v values) []byte {
		head := pt.Cat([]byte{0x80, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 6), v.mac(1), v.mac(1), make([]byte, 14))
		return pt.Pcap(binary.LittleEndian, 105, pt.Cat(head, pt.LV(0, 0, v.host()), pt.LV(1, 0, []byte{0x82, 0x84})))
	}
	m := newSwap()
	out, _, err := packet.Rewrite(beacon(values{t, false}), m)
	if want := beacon(values{t, true}); err != nil || !bytes.Equal(out, want) || !slices.Contains(m.asked[packet.Name], host) {
		t.Errorf("%v, %q\n%x\nwant\n%x", err, m.notes, out, want)
	}
}

// TestUnknownLink: a frame of a link type that is not known is blanked beside others, and a file of nothing else is none that
// can be rewritten; where addresses alone are changed it passes.
func TestUnknownLink(t *testing.T) {
	before, after := values{t, false}, values{t, true}
	f := pt.Ether(before.mac(1), before.mac(2), 0x0800, before.quiet())
	usb := pt.Pcap(binary.LittleEndian, 220, f)
	if out, _, err := packet.Rewrite(usb, newSwap()); !errors.Is(err, packet.ErrCapture) || out != nil {
		t.Errorf("%v\n%x", err, out)
	}
	if out, _, err := packet.Readdress(usb, packet.Addresses{}); err != nil || !bytes.Equal(out, usb) {
		t.Errorf("%v\n%x", err, out)
	}
	file := func(first, second []byte) []byte {
		in := pt.Pcapng("", [][]byte{first})
		le := binary.LittleEndian
		n := le.AppendUint32(nil, uint32(len(second)))
		padded := pt.Cat(second, make([]byte, (4-len(second)%4)%4))
		return pt.Cat(in, pt.Block(1, []byte{220, 0, 0, 0, 0, 0, 4, 0}), pt.Block(6, pt.Cat([]byte{1, 0, 0, 0}, make([]byte, 8), n, n, padded)))
	}
	m := newSwap()
	out, _, err := packet.Rewrite(file(f, f), m)
	want := file(pt.Ether(after.mac(1), after.mac(2), 0x0800, after.quiet()), make([]byte, len(f)))
	if err != nil || !bytes.Equal(out, want) || !slices.Contains(m.notes, "packets of a link type that is not understood were blanked") {
		t.Errorf("%v, %q\n%x\nwant\n%x", err, m.notes, out, want)
	}
}

// TestLyingHead: a frame whose head says that it is longer than all of it is blanked.
func TestLyingHead(t *testing.T) {
	before, after := values{t, false}, values{t, true}
	head := func(ext int, v values) []byte {
		return pt.Cat([]byte("MGC"), []byte{0x81}, pt.U16(ext), make([]byte, 4), pt.Ether(v.mac(1), v.mac(2), 0x0800, v.quiet()))
	}
	lying := head(9000, before)
	file := func(first, second []byte) []byte {
		one, two := pt.Pcap(binary.LittleEndian, 178, first), pt.Pcap(binary.LittleEndian, 178, second)
		return pt.Cat(one, two[24:])
	}
	out, _, err := packet.Rewrite(file(head(4, before), lying), newSwap())
	if want := file(head(4, after), make([]byte, len(lying))); err != nil || !bytes.Equal(out, want) {
		t.Errorf("%v\n%x\nwant\n%x", err, out, want)
	}
}

// TestManyTags: tags upon tags use up nothing but time.
func TestManyTags(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(16 << 20))
	tags := bytes.Repeat([]byte{0, 1, 0, 2, 0x89, 0x26}, 1<<20)
	f := pt.Ether(values{t, false}.mac(1), values{t, false}.mac(2), 0x8926, tags)
	if _, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 1, f), newSwap()); err != nil {
		t.Error(err)
	}
}

// TestSnapped: of a secret or a name in its field nothing is left where the frame ends within it, as a capture with a snap
// length has it.
func TestSnapped(t *testing.T) {
	before, after := frames(values{t, false}), frames(values{t, true})
	of := []string{secret, "passwd", host}
	names := []string{"SNMP 2", "RIP with a password", "VRRP 2", "OSPF with a password", "HSRP", "RADIUS", "PPPoE with PAP", "EAP", "IS-IS hello, LAN"}
	for _, name := range names {
		f, want := before[name], after[name]
		if f == nil {
			t.Fatalf("no frame %q", name)
		}
		for n := 14; n <= len(f); n++ {
			out, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 1, f[:n]), newSwap())
			if err != nil {
				t.Fatal(err)
			}
			got := out[24+16:]
			for _, word := range of {
				for at := 0; ; at++ {
					i := bytes.Index(f[at:], []byte(word))
					if i < 0 {
						break
					}
					at += i
					if word == host && !fieldOfName(name, f, at) {
						continue
					}
					if end := min(n, at+len(word)); end > at && !bytes.Equal(got[at:end], want[at:end]) {
						t.Errorf("%s, of which %d bytes are there: %q is left of %q", name, n, got[at:end], word)
					}
				}
			}
		}
	}
}

// fieldOfName tells a name in a field of its own from one in a text, which is known by its value alone.
func fieldOfName(frame string, f []byte, at int) bool {
	switch frame {
	case "PPPoE with PAP", "EAP":
		return true
	case "RADIUS":
		return f[at-2] == 1
	case "IS-IS hello, LAN":
		return f[at-2] == 137
	}
	return false
}

// blocks is a pcapng file with a block of each kind.
func blocks(v values) []byte {
	le := binary.LittleEndian
	section := pt.Cat(le.AppendUint32(nil, 0x1a2b3c4d), []byte{1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8), pt.Option(2, v.host()), pt.Option(4, v.host()), make([]byte, 4))
	iface := pt.Cat([]byte{101, 0, 0, 0, 0, 0, 4, 0}, pt.Option(2, v.host()), pt.Option(3, v.host()), pt.Option(4, pt.Cat(v.addr("10.1.2.3"), pt.IP("255.255.255.0"))),
		pt.Option(5, pt.Cat(v.addr("2a02:1:2::3"), []byte{64})), pt.Option(6, v.mac(3)), pt.Option(7, pt.Cat(v.mac(3)[:3], []byte{0xff, 0xfe}, v.mac(3)[3:])), pt.Option(7, v.digest(8)), pt.Option(9, []byte{6}), pt.Option(12, v.host()), pt.Option(0, nil))
	f := v.quiet()
	n := le.AppendUint32(nil, uint32(len(f)))
	padded := pt.Cat(f, make([]byte, (4-len(f)%4)%4))
	records := pt.Cat(pt.Option(1, pt.Cat(v.addr("10.1.2.3"), v.host(), []byte{0}, v.word("other.name"), []byte{0})), pt.Option(2, pt.Cat(v.addr("2a02:1:2::3"), v.host(), []byte{0})),
		pt.Option(3, pt.Cat(v.mac(3), v.host(), []byte{0})), pt.Option(0, nil), pt.Option(1, v.host()), pt.Option(2, v.host()), pt.Option(3, v.addr("10.1.2.53")), pt.Option(4, v.addr("2a02:1:2::53")))
	custom := pt.Cat(pt.Option(2988, pt.Cat(pt.U32(9), v.host())), pt.Option(2989, pt.Cat(pt.U32(9), v.digest(8))), pt.Option(77, v.host()))
	journal := []byte("MESSAGE=of a host\n\n\n")
	if v.swapped {
		journal = bytes.Repeat([]byte{'\n'}, len(journal))
	}
	secrets := []byte("CLIENT_RANDOM 00 11 ")
	if v.swapped {
		secrets = make([]byte, len(secrets))
	}
	return pt.Cat(pt.Block(0x0a0d0d0a, section), pt.Block(1, iface), pt.Block(6, pt.Cat(make([]byte, 12), n, n, padded, pt.Option(1, v.host()), custom, pt.Option(0, nil))),
		pt.Block(2, pt.Cat(make([]byte, 12), n, n, padded)), pt.Block(3, pt.Cat(n, padded)), pt.Block(4, records), pt.Block(5, pt.Cat(make([]byte, 12), pt.Option(1, v.host()))),
		pt.Block(10, secrets), pt.Block(9, journal))
}

func TestBlocks(t *testing.T) {
	m := newSwap()
	out, _, err := packet.Rewrite(blocks(values{t, false}), m)
	if err != nil {
		t.Fatal(err)
	}
	if want := blocks(values{t, true}); !bytes.Equal(out, want) {
		t.Errorf("\n%x\nwant\n%x", out, want)
	}
	if !slices.Contains(m.notes, "a block that is no packet was blanked") {
		t.Errorf("notes: %q", m.notes)
	}
}

// TestCutOff: what follows the last whole packet is blanked, and said; a broken block in the
// middle makes the file none.
func TestCutOff(t *testing.T) {
	f := values{t, false}.quiet()
	want := values{t, true}.quiet()
	for name, of := range map[string]func([]byte) []byte{
		"pcap": func(f []byte) []byte { return pt.Pcap(binary.LittleEndian, 101, f, f) },
		"pcapng": func(f []byte) []byte {
			return bytes.Replace(pt.Pcapng("", [][]byte{f, f}), []byte{1, 0, 0, 0, 0, 0, 4, 0}, []byte{101, 0, 0, 0, 0, 0, 4, 0}, 1)
		},
	} {
		whole := of(f)
		for cut := 1; cut < 40; cut++ {
			m := newSwap()
			out, _, err := packet.Rewrite(whole[:len(whole)-cut], m)
			if err != nil || len(out) != len(whole)-cut || bytes.Count(out, want) != 1 || len(m.notes) != 1 || !strings.Contains(m.notes[0], "cut off") {
				t.Fatalf("%s without %d bytes: %v, %q\n%x", name, cut, err, m.notes, out)
			}
		}
	}
	for name, data := range map[string][]byte{
		"text": []byte("hello"), "a short pcap": []byte("\xd4\xc3\xb2\xa1 and no more"),
		"a block of no length":         pt.Cat(pt.Pcapng("", nil), make([]byte, 12)),
		"a packet of no interface":     pt.Cat(pt.Pcapng("", nil)[:40], pt.Block(6, make([]byte, 20))),
		"a packet without its head":    pt.Cat(pt.Pcapng("", nil), pt.Block(6, make([]byte, 8))),
		"an interface without a type":  pt.Cat(pt.Pcapng("", nil), pt.Block(1, nil)),
		"a simple block without one":   pt.Cat(pt.Pcapng("", nil), pt.Block(3, nil)),
		"a packet longer than a block": pt.Cat(pt.Pcapng("", nil), pt.Block(6, bytes.Repeat([]byte{0, 0, 0, 0, 9}, 4))),
	} {
		if _, _, err := packet.Rewrite(data, newSwap()); !errors.Is(err, packet.ErrCapture) {
			t.Errorf("%s: %v", name, err)
		}
		packet.Read(data, newSwap())
	}
}

// TestShortFrames: a frame that is cut where a header says more changes nothing behind it, and
// nothing breaks where the file ends with it.
func TestShortFrames(t *testing.T) {
	before := frames(values{t, false})
	before["LSA without a body"] = values{t, false}.ospf(4, pt.U32(1), pt.LSA(1, "10.9.9.9", "10.9.9.9", nil))
	next, want := values{t, false}.quiet(), values{t, true}.quiet()
	for name, f := range before {
		for n := range len(f) + 1 {
			in := pt.Pcap(binary.BigEndian, 1, f[:n], pt.Ether(values{t, false}.mac(1), values{t, false}.mac(2), 0x0800, next), f[:n])
			out, _, err := packet.Rewrite(in, newSwap())
			if err != nil {
				t.Fatal(err)
			}
			head, tail := 24+16+n, 24+16+n+16+14+len(next)
			if !bytes.Equal(out[head:head+16], in[head:head+16]) || !bytes.Equal(out[head+16+14:tail], want) {
				t.Errorf("%s, of which %d bytes are there, changes what follows", name, n)
				break
			}
		}
	}
}

// TestPacketsInPackets: those of a stranger end at a bound, with their addresses mapped up to
// there.
func TestPacketsInPackets(t *testing.T) {
	nested := func(v values, n int) []byte {
		p := v.quiet()
		for range n {
			p = pt.IPv4(4, v.ip("10.1.2.3"), v.ip("10.1.2.4"), p)
		}
		return p
	}
	m := newSwap()
	out, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 101, nested(values{t, false}, 5)), m)
	if err != nil || !bytes.Equal(out, pt.Pcap(binary.BigEndian, 101, nested(values{t, true}, 5))) || len(m.notes) > 0 {
		t.Errorf("five of them: %v, %q", err, m.notes)
	}
	_, edits, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 101, nested(values{t, false}, 2000)), m)
	if err != nil || edits > 100 || len(m.notes) == 0 || !strings.Contains(m.notes[0], "beyond the bound") {
		t.Errorf("two thousand: %v, %d edits, %q", err, edits, m.notes)
	}
}

// TestLengths: a Mapper hears of the length of networks where packets say it.
func TestLengths(t *testing.T) {
	all := frames(values{t, false})
	for name, want := range map[string]int{"RIP": 24, "OSPF update": 24, "BGP update": 24, "IS-IS LSP": 24, "RIP with a password": -1} {
		m := newSwap()
		packet.Read(pt.Pcap(binary.LittleEndian, 1, all[name]), m)
		net := netip.MustParseAddr("10.1.2.0")
		if want < 0 {
			net = netip.MustParseAddr("10.1.0.0")
		}
		if !slices.Contains(m.bits[net], want) {
			t.Errorf("%s: %s has the lengths %v, want %d", name, net, m.bits[net], want)
		}
	}
}

// TestStreams: segments are joined in their order, what came twice counts once, and a value
// across two of them is one value.
func TestStreams(t *testing.T) {
	v := values{t, false}
	segment := func(seq uint32, text string) []byte {
		return pt.Ether(v.mac(1), v.mac(2), 0x0800, pt.TCP("10.1.2.3", "10.1.2.4", 4000, 23, seq, []byte(text)))
	}
	half := len(secret) / 2
	in := pt.Pcapng("", [][]byte{
		segment(100, "login "+secret[:half]), segment(106+uint32(half), secret[half:]+" ok"), segment(100, "login "+secret[:half]), segment(5000, "later"),
	})
	m := newSwap()
	out, _, err := packet.Rewrite(in, m)
	if err != nil {
		t.Fatal(err)
	}
	f := pt.Frames(out)
	turned := string(turn([]byte(secret)))
	if got := string(f[0][54:]) + string(f[1][54:]); got != "login "+turned+" ok" || !bytes.Equal(f[0], f[2]) {
		t.Errorf("%q, and again %q", got, f[2][54:])
	}
	if want := []string{"login " + secret + " ok", "later"}; !slices.Equal(m.asked[packet.Payload][:2], want) {
		t.Errorf("%q, want %q", m.asked[packet.Payload], want)
	}
	streams, ok := packet.Streams(in)
	if !ok || len(streams) != 1 || string(streams[0]) != "login "+secret+" oklater" {
		t.Errorf("%q, %v", streams, ok)
	}
	if _, ok := packet.Streams([]byte("no capture")); ok {
		t.Error("a text has streams")
	}
}

// TestWrongSums: a checksum that was wrong is wrong by as much after.
func TestWrongSums(t *testing.T) {
	v := values{t, false}
	for name, at := range map[string]int{"UDP of an unknown use": 14 + 20 + 6, "TCP": 14 + 20 + 16, "ICMP redirect": 14 + 20 + 2, "OSPF hello": 14 + 20 + 12} {
		in, want := frames(v)[name], frames(values{t, true})[name]
		for _, f := range [][]byte{in, want} {
			sum := uint64(binary.BigEndian.Uint16(f[at:])) + 0x1234
			binary.BigEndian.PutUint16(f[at:], uint16(sum%0xffff))
		}
		out, _, err := packet.Rewrite(pt.Pcapng("", [][]byte{in}), newSwap())
		if err != nil || !bytes.Equal(pt.Frames(out)[0], want) {
			t.Errorf("%s: %v\n%x\nwant\n%x", name, err, pt.Frames(out)[0], want)
		}
	}
}

// wide answers with bytes that are too long.
type wide struct{ *swap }

func (wide) Bytes(packet.Kind, []byte) []byte { return make([]byte, 1000) }

// TestAnswersOfAnotherLength: they are not written.
func TestAnswersOfAnotherLength(t *testing.T) {
	f := pt.Pcapng("a comment", [][]byte{frames(values{t, false})["TCP"]})
	out, _, err := packet.Rewrite(f, wide{newSwap()})
	if err != nil || len(out) != len(f) || !bytes.Contains(out, []byte(host)) {
		t.Errorf("%v, %q", err, out)
	}
}

// FuzzRewrite: whatever is in a file, nothing breaks, nothing becomes longer, and who only
// reads is asked the same.
func FuzzRewrite(f *testing.F) {
	f.Add(blocks(values{}))
	for _, frame := range frames(values{}) {
		f.Add(pt.Pcapng("", [][]byte{frame}))
		f.Add(pt.Pcap(binary.BigEndian, 1, frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, in := range [][]byte{data, pt.Pcapng("", [][]byte{data}), pt.Pcap(binary.LittleEndian, 1, data)} {
			before := bytes.Clone(in)
			packet.Read(in, newSwap())
			packet.Streams(in)
			out, _, err := packet.Rewrite(in, newSwap())
			if err == nil && len(out) != len(in) {
				t.Fatalf("%d bytes became %d", len(in), len(out))
			}
			if !bytes.Equal(before, in) {
				t.Fatal("the input was changed")
			}
		}
	})
}
