package packet_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// understood are frames of protocols of which each byte is known: nothing of them is searched by value alone.
func understood(v values) map[string][]byte {
	all := map[string][]byte{}
	for _, part := range []map[string][]byte{nameFrames(v), configurationFrames(v), neighbourFrames(v), gatewayFrames(v), multicastFrames(v), routingFrames(v), exportFrames(v), accessFrames(v)} {
		maps.Copy(all, part)
	}
	return all
}

// TestUnderstood: of what is understood a person is told nothing.
func TestUnderstood(t *testing.T) {
	for name, f := range understood(values{t, false}) {
		m := newSwap()
		if _, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 1, f), m); err != nil || len(m.notes) > 0 {
			t.Errorf("%s: %v, %q", name, err, m.notes)
		}
	}
}

// TestUnread: what a decoder does not know is searched by value, whichever place it is in, and told with the protocol that
// it is of.
func TestUnread(t *testing.T) {
	before, after := values{t, false}, values{t, true}
	for name, build := range map[string]func(values) []byte{
		"Ethernet: ": func(v values) []byte {
			return pt.Cat(v.ether(0x0806, []byte{0, 1, 8, 0, 6, 4, 0, 1}, make([]byte, 20)), v.host())
		},
		"LLDP: ": func(v values) []byte { return v.ether(0x88cc, pt.TLV(0, nil), v.host()) },
		"CDP: ": func(v values) []byte {
			return v.llc([]byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0}, pt.Summed(pt.Cat([]byte{2, 180, 0, 0, 0, 0x7f}, pt.U16(4+len(host)), v.host()), 2))
		},
		"DHCP: ": func(v values) []byte {
			head := pt.Cat([]byte{1, 1, 6, 0}, make([]byte, 232), []byte{0x63, 0x82, 0x53, 0x63, 255})
			return v.udp(68, 67, head, v.host())
		},
		"BFD: ": func(v values) []byte { return v.udp(49152, 3784, make([]byte, 24), v.host()) },
		"IPv6: ": func(v values) []byte {
			return v.ether(0x86dd, pt.IPv6(59, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), v.host()))
		},
		"UDP port 9,":  func(v values) []byte { return v.udp(9, 9, []byte{0, 0xff}, v.host()) },
		"EtherType 0x": func(v values) []byte { return v.ether(0x9999, v.host()) },
	} {
		m := newSwap()
		out, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 1, build(before)), m)
		if want := pt.Pcap(binary.BigEndian, 1, build(after)); err != nil || !bytes.Equal(out, want) {
			t.Errorf("%s%v\n%x\nwant\n%x", name, err, out, want)
		}
		told := func(note string) bool {
			return strings.Contains(note, strings.TrimSuffix(name, "Ethernet: ")) && strings.HasSuffix(note, "searched by value")
		}
		if !slices.ContainsFunc(m.notes, told) {
			t.Errorf("%s%q", name, m.notes)
		}
	}
}

// labels is a name as DNS has it, of these labels.
func labels(list ...[]byte) []byte {
	var name []byte
	for _, l := range list {
		name = pt.Cat(name, []byte{byte(len(l))}, l)
	}
	return append(name, 0)
}

// reversedName is the name that an address has in the tree of addresses.
func (v values) reversedName(text string) []byte {
	ip := v.addr(text)
	var list [][]byte
	if len(ip) == 4 {
		digits := map[byte]string{10: "10", 1: "01", 22: "22", 2: "2", 3: "3"} // the length stays
		for _, o := range slices.Backward(ip) {
			list = append(list, []byte(digits[o]))
		}
		return labels(append(list, []byte("in-addr"), []byte("arpa"))...)
	}
	for _, o := range slices.Backward(ip) {
		list = append(list, []byte{"0123456789abcdef"[o&15]}, []byte{"0123456789abcdef"[o>>4]})
	}
	return labels(append(list, []byte("ip6"), []byte("arpa"))...)
}

// netbiosName is one of a station: sixteen bytes, each of two letters.
func netbiosName(name []byte) []byte {
	padded := pt.Cat(name, bytes.Repeat([]byte{' '}, 15-len(name)), []byte{0})
	var letters []byte
	for _, b := range padded {
		letters = append(letters, 'A'+b>>4, 'A'+b&15)
	}
	return labels(letters)
}

func nameFrames(v values) map[string][]byte {
	domain := labels(v.word("zurich"), v.word("example"), v.word("net"))
	dns := func(port int, questions, answers [][]byte) []byte {
		return v.udp(port, 5000, []byte{0, 1, 0x84, 0}, pt.U16(len(questions)), pt.U16(len(answers)), pt.U16(0), pt.U16(0), pt.Cat(questions...), pt.Cat(answers...))
	}
	record := func(name []byte, kind int, data ...[]byte) []byte {
		d := pt.Cat(data...)
		return pt.Cat(name, pt.U16(kind), pt.U16(1), pt.U32(60), pt.U16(len(d)), d)
	}
	question := func(name []byte, kind int) []byte { return pt.Cat(name, pt.U16(kind), pt.U16(1)) }
	own := pt.U16(0xc00c)
	service := labels([]byte("_ssh"), []byte("_tcp"), []byte("local"))
	return map[string][]byte{
		"DNS of names": dns(53, [][]byte{question(domain, 255)}, [][]byte{
			record(own, 2, pt.Cat([]byte{3}, v.word("ns1"), own)), record(own, 15, pt.U16(10), pt.Cat([]byte{4}, v.word("mail"), own)),
			record(own, 33, pt.U16(1), pt.U16(1), pt.U16(22), own), record(own, 6, own, pt.Cat([]byte{5}, v.word("admin"), own), make([]byte, 20)),
			record(own, 16, []byte{byte(len(host))}, v.host()), record(own, 47, own, []byte{0, 1, 0x40}),
		}),
		"DNS of addresses' names": dns(53, [][]byte{question(v.reversedName("10.1.2.3"), 12), question(v.reversedName("2a02:1:2::3"), 12)},
			[][]byte{record(own, 12, domain)}),
		"mDNS": dns(5353, nil, [][]byte{
			record(service, 12, labels(v.host(), []byte("_ssh"), []byte("_tcp"), []byte("local"))), record(labels(v.host(), []byte("local")), 1, v.addr("10.1.2.3")),
		}),
		"LLMNR": dns(5355, [][]byte{question(labels(v.host()), 1)}, nil),
		"NetBIOS": dns(137, [][]byte{question(netbiosName(v.word("ZURICHPC")), 32)}, [][]byte{
			record(own, 32, pt.U16(0x6000), v.addr("10.1.2.3")),
			record(own, 33, []byte{1}, v.word("ZURICHPC"), bytes.Repeat([]byte{' '}, 7), []byte{0}, pt.U16(0x0400), v.mac(4), make([]byte, 8)),
		}),
	}
}

func configurationFrames(v values) map[string][]byte {
	dhcp := func(options ...[]byte) []byte {
		return v.udp(67, 68, []byte{2, 1, 6, 0}, make([]byte, 8), v.addr("10.1.2.5"), make([]byte, 12), v.mac(3), make([]byte, 10), make([]byte, 64), v.word("boot.cfg"), make([]byte, 120),
			[]byte{0x63, 0x82, 0x53, 0x63, 53, 1, 5}, pt.Cat(options...), []byte{255, 0, 0})
	}
	duid := func() []byte { return pt.Cat(pt.U16(1), pt.U16(1), pt.U32(7), v.mac(4)) }
	option := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(len(b)), b)
	}
	domain := labels(v.host(), v.word("example"))
	asked := pt.Cat([]byte{1, 0, 0, 7}, option(1, duid()), option(2, pt.U16(2), pt.U32(9), v.digest(8)), option(8, pt.U16(0)), option(39, []byte{0}, domain),
		option(3, make([]byte, 12), option(5, v.addr("2a02:1:2::9"), make([]byte, 8), option(13, pt.U16(0), v.host()))), option(25, make([]byte, 12),
			option(26, make([]byte, 8), []byte{48}, v.addr("2a02:1:2::"))), option(4, make([]byte, 4)), option(23, v.addr("2a02:1:2::53")), option(24, domain, domain),
		option(11, v.digest(11)), option(59, v.host()))
	return map[string][]byte{
		"DHCP of a relay": dhcp(pt.LV(82, 0, pt.Cat(pt.LV(1, 0, []byte{0, 4, 0, 10, 1, 3}), pt.LV(1, 0, v.host()), pt.LV(2, 0, pt.Cat([]byte{0, 6}, v.mac(4))), pt.LV(2, 0, v.mac(4)),
			pt.LV(6, 0, v.host()), pt.LV(5, 0, v.addr("10.1.2.0")), pt.LV(8, 0, v.digest(16)), pt.LV(11, 0, v.addr("10.1.2.1"))))),
		"DHCP of names": dhcp(pt.LV(15, 0, v.word("example.net")), pt.LV(40, 0, v.host()), pt.LV(66, 0, v.host()), pt.LV(67, 0, v.host()), pt.LV(17, 0, v.host()), pt.LV(56, 0, v.host()),
			pt.LV(60, 0, v.host()), pt.LV(77, 0, v.host()), pt.LV(81, 0, pt.Cat([]byte{4, 0, 0}, domain)), pt.LV(81, 0, pt.Cat([]byte{0, 0, 0}, v.host())), pt.LV(119, 0, domain)),
		"DHCP of identifiers": dhcp(pt.LV(61, 0, pt.Cat([]byte{255}, pt.U32(7), duid())), pt.LV(61, 0, pt.Cat([]byte{0}, v.host())), pt.LV(97, 0, pt.Cat([]byte{0}, v.digest(16))),
			pt.LV(90, 0, v.digest(11)), pt.LV(121, 0, pt.Cat([]byte{24}, v.addr("10.1.2.0")[:3], v.addr("10.1.2.1"), []byte{0}, v.addr("10.1.2.1")))),
		"DHCPv6": v.udp(546, 547, asked),
		"DHCPv6 of a relay": v.udp(547, 547, []byte{12, 0}, v.addr("2a02:1:2::1"), v.addr("2a02:1:2::2"), option(9, asked), option(18, v.host()),
			option(37, pt.U32(9), v.host()), option(38, v.host()), option(79, pt.U16(1), v.mac(3))),
	}
}

func neighbourFrames(v values) map[string][]byte {
	cdp := func(elements ...[]byte) []byte {
		return v.llc([]byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0}, pt.Summed(pt.Cat([]byte{2, 180, 0, 0}, pt.Cat(elements...)), 2))
	}
	element := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(4+len(b)), b)
	}
	address := pt.Cat([]byte{1, 1, 0xcc}, pt.U16(4), v.addr("10.1.2.3"))
	address6 := pt.Cat([]byte{2, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd}, pt.U16(16), v.addr("2a02:1:2::3"))
	vtp := func(kind byte, body ...[]byte) []byte {
		return v.llc([]byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 3}, []byte{1, kind, 1, byte(len(host))}, v.host(), make([]byte, 32-len(host)), pt.Cat(body...))
	}
	vlan := pt.Cat([]byte{12 + byte(len(host)), 0, 1, byte(len(host))}, pt.U16(10), pt.U16(1500), pt.U32(100010), v.host())
	region := pt.Cat(v.host(), make([]byte, 32-len(host)))
	mst := pt.Cat([]byte{0, 0, 3, 2, 0x7c, 0x80, 0}, v.mac(3), make([]byte, 4), []byte{0x80, 0}, v.mac(4), make([]byte, 10), []byte{0}, pt.U16(80), []byte{0}, region, make([]byte, 18+4),
		[]byte{0x80, 0}, v.mac(5), []byte{20}, []byte{0x7c, 0x80, 1}, v.mac(3), pt.U32(0), []byte{0x80, 0x80, 20})
	org := func(vendor uint32, kind byte, body ...[]byte) []byte {
		return pt.TLV(127, pt.Cat(pt.U32(vendor)[1:], []byte{kind}, pt.Cat(body...)))
	}
	return map[string][]byte{
		"CDP of all": cdp(element(1, v.host(), []byte("("), v.secret(), []byte(")")), element(2, pt.U32(2), address, address6), element(3, v.host()), element(4, pt.U32(40)),
			element(5, v.host()), element(6, v.host()), element(7, v.addr("10.1.2.0"), []byte{24}), element(8, make([]byte, 5), v.addr("10.1.2.3"), make([]byte, 8), v.mac(3), v.mac(4), make([]byte, 3)),
			element(9, v.host()), element(0x0a, pt.U16(1)), element(0x14, v.host()), element(0x16, pt.U32(1), address), element(0x17, []byte{0}, v.host())),
		"VTP": vtp(1, pt.U32(7), v.addr("10.1.2.3"), []byte("930301000000"), v.digest(16)), "VTP of VLANs": vtp(2, pt.U32(7), vlan), "VTP asks": vtp(3, pt.U16(0)),
		"MSTP": v.llc([]byte{0x42, 0x42, 3}, mst), "RSTP, a change": v.llc([]byte{0x42, 0x42, 3}, make([]byte, 4)),
		"LLDP of organizations": v.ether(0x88cc, pt.TLV(1, pt.Cat([]byte{4}, v.mac(3))), pt.TLV(2, pt.Cat([]byte{5}, v.host())), pt.TLV(3, pt.U16(120)), pt.TLV(6, v.host()),
			org(0x0080c2, 3, pt.U16(10), []byte{byte(len(host))}, v.host()), org(0x00120f, 1, make([]byte, 5)), org(0x0012bb, 1, make([]byte, 3)), org(0x0012bb, 3, v.digest(9)),
			org(0x0012bb, 6, v.host()), org(0x0012bb, 8, v.secret()), org(0x0012bb, 10, v.host()), org(0x0012bb, 11, v.secret()), pt.TLV(0, nil)),
	}
}

func gatewayFrames(v values) map[string][]byte {
	hsrp := pt.Cat(pt.LV(1, 0, pt.Cat([]byte{2, 3, 6, 4}, pt.U16(1), v.mac(3), make([]byte, 12), v.addr("10.1.2.1"), make([]byte, 12))), pt.LV(3, 0, pt.Cat(v.word("passwd"), []byte{0, 0})),
		pt.LV(4, 0, pt.Cat(make([]byte, 4), v.addr("10.1.2.3"), pt.U32(1), v.digest(16))))
	hsrp6 := pt.LV(1, 0, pt.Cat([]byte{2, 3, 6, 6}, pt.U16(1), v.mac(3), make([]byte, 12), v.addr("2a02:1:2::1")))
	glbp := func(elements ...[]byte) []byte {
		return v.udp(3222, 3222, []byte{1, 0}, pt.U16(1), pt.U16(0), v.mac(3), pt.Cat(elements...))
	}
	return map[string][]byte{
		"HSRP 2": v.udp(1985, 1985, hsrp), "HSRP 2 of IPv6": v.udp(1985, 1985, hsrp6),
		"GLBP":                  glbp(pt.LV(3, 2, pt.Cat([]byte{1, 6}, v.word("passwd"))), pt.LV(1, 2, pt.Cat(make([]byte, 21), []byte{4}, v.addr("10.1.2.1"))), pt.LV(2, 2, pt.Cat(make([]byte, 12), v.mac(4)))),
		"GLBP, a digest":        glbp(pt.LV(3, 2, pt.Cat([]byte{2, 16}, v.digest(16)))),
		"VRRP 2 of no password": v.ipv4(112, pt.Summed(pt.Cat([]byte{0x21, 1, 100, 1, 0, 1, 0, 0}, v.addr("10.1.2.1"), make([]byte, 8)), 6)),
	}
}

func multicastFrames(v values) map[string][]byte {
	igmp := func(body ...[]byte) []byte { return v.ipv4(2, pt.Summed(pt.Cat(body...), 2)) }
	pim := func(kind byte, body ...[]byte) []byte {
		return v.ipv4(103, pt.Summed(pt.Cat([]byte{0x20 | kind, 0, 0, 0}, pt.Cat(body...)), 2))
	}
	unicast := func(ip string) []byte { return pt.Cat([]byte{1, 0}, v.addr(ip)) }
	group := func(ip string) []byte { return pt.Cat([]byte{1, 0, 0, 32}, v.addr(ip)) }
	option := func(kind int, body []byte) []byte { return pt.Cat(pt.U16(kind), pt.U16(len(body)), body) }
	head := pt.Summed([]byte{0x21, 0, 0, 0, 0, 0, 0, 0}, 2)
	return map[string][]byte{
		"IGMP asks":         igmp([]byte{0x11, 100, 0, 0}, v.addr("239.1.2.3"), []byte{2, 125}, pt.U16(2), v.addr("10.1.2.3"), v.addr("10.1.2.4")),
		"IGMP 3":            igmp([]byte{0x22, 0, 0, 0, 0, 0}, pt.U16(1), []byte{1, 0}, pt.U16(1), v.addr("232.1.2.3"), v.addr("10.1.2.3")),
		"PIM hello":         pim(0, option(1, pt.U16(105)), option(20, pt.U32(7)), option(24, unicast("10.1.2.9"))),
		"PIM register":      v.ipv4(103, head, make([]byte, 0), v.quiet()),
		"PIM register stop": pim(2, group("239.1.2.3"), unicast("10.1.2.3")),
		"PIM join":          pim(3, unicast("10.1.2.4"), []byte{0, 1, 0, 210}, group("239.1.2.3"), pt.U16(1), pt.U16(1), group("10.1.2.3"), group("10.1.2.9")),
		"PIM bootstrap":     pim(4, []byte{0, 1, 30, 64}, unicast("10.9.9.9"), group("239.0.0.0"), []byte{1, 1, 0, 0}, unicast("10.9.9.8"), []byte{0, 150, 192, 0}),
		"PIM assert":        pim(5, group("239.1.2.3"), unicast("10.1.2.3"), make([]byte, 8)),
		"PIM candidate":     pim(8, []byte{1, 192, 0, 150}, unicast("10.9.9.8"), group("239.0.0.0")),
	}
}

func routingFrames(v values) map[string][]byte {
	element := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(4+len(b)), b)
	}
	eigrp := func(elements ...[]byte) []byte {
		return v.ipv4(88, pt.Summed(pt.Cat([]byte{2, 5, 0, 0}, make([]byte, 12), pt.U32(100), pt.Cat(elements...)), 2))
	}
	bfd := func(auth ...[]byte) []byte {
		return v.udp(49152, 3784, []byte{0x20, 0xc4, 3, byte(24 + len(pt.Cat(auth...)))}, make([]byte, 20), pt.Cat(auth...))
	}
	tlv := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(len(b)), b)
	}
	message := func(kind int, body ...[]byte) []byte { return tlv(kind, pt.U32(7), pt.Cat(body...)) }
	pdu := func(messages ...[]byte) []byte {
		m := pt.Cat(messages...)
		return pt.Cat(pt.U16(1), pt.U16(6+len(m)), v.addr("10.9.9.9"), pt.U16(0), m)
	}
	return map[string][]byte{
		"EIGRP": eigrp(element(1, make([]byte, 8)), element(2, pt.U16(2), pt.U16(16), make([]byte, 12), v.digest(16)), element(0x0102, v.addr("10.1.2.9"), make([]byte, 16), []byte{24}, v.addr("10.1.2.0")[:3]),
			element(0x0103, v.addr("10.1.2.9"), v.addr("10.9.9.9"), make([]byte, 32), []byte{16}, v.addr("10.1.0.0")[:2])),
		"BFD": bfd(), "BFD with a password": bfd([]byte{1, byte(3 + len(secret)), 1}, v.secret()), "BFD with a digest": bfd([]byte{2, 24, 1, 0, 0, 0, 0, 7}, v.digest(16)),
		"LDP hello": v.udp(646, 646, pdu(message(0x0100, tlv(0x0400, make([]byte, 4)), tlv(0x0401, v.addr("10.9.9.9")), tlv(0x0403, v.addr("2a02:1:2::9"))))),
		"LDP": v.tcp(4000, 646, pt.Cat(pdu(message(0x0200, tlv(0x0500, pt.U16(1), pt.U16(180), make([]byte, 4), v.addr("10.9.9.8"), pt.U16(0)))),
			pdu(message(0x0300, tlv(0x0101, pt.U16(1), v.addr("10.1.2.3"), v.addr("10.1.2.4"))), message(0x0400, tlv(0x0100, []byte{2}, pt.U16(1), []byte{24}, v.addr("10.1.2.0")[:3]), tlv(0x0200, pt.U32(16)))))),
		"BGP open of products": v.tcp(4000, 179, pt.BGP(1, pt.Cat([]byte{4}, pt.U16(65010), pt.U16(180), v.addr("10.9.9.9"), []byte{byte(4 + len(host))}, pt.LV(2, 0, pt.LV(75, 0, v.host()))))),
		"BGP update of communities": v.tcp(4000, 179, pt.BGP(2, pt.Cat(pt.U16(0), pt.U16(3+4+3+16), []byte{0xc0, 8, 4}, pt.U32(0xfde80001), []byte{0xc0, 16, 16}, []byte{1, 2}, v.addr("10.9.9.9"), pt.U16(7),
			[]byte{0, 2}, pt.U16(65010), pt.U32(7)))),
	}
}

func exportFrames(v values) map[string][]byte {
	record := pt.Cat(v.addr("10.1.2.3"), v.addr("10.1.2.4"), v.addr("10.1.2.1"), make([]byte, 36))
	set := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(4+len(b)), b)
	}
	field := func(kind, size int) []byte { return pt.Cat(pt.U16(kind), pt.U16(size)) }
	sets := func(templates int) []byte {
		return pt.Cat(set(templates, pt.U16(256), pt.U16(5), field(8, 4), field(27, 16), field(56, 6), field(1, 4), field(82, 20)),
			set(256, v.addr("10.1.2.3"), v.addr("2a02:1:2::3"), v.mac(3), pt.U32(1400), v.host(), make([]byte, 4)))
	}
	ipfix := pt.Cat(sets(2), set(2, pt.U16(257), pt.U16(1), field(371, 0xffff)), set(257, []byte{byte(len(host))}, v.host()))
	words := func(kind uint32, body ...[]byte) []byte {
		b := pt.Cat(body...)
		for len(b)%4 > 0 {
			b = append(b, 0)
		}
		return pt.Cat(pt.U32(kind), pt.U32(uint32(len(b))), b)
	}
	sampled := pt.Cat(words(1, pt.U32(1), pt.U32(64), pt.U32(4), pt.U32(uint32(len(v.inner()))), v.inner()), words(1001, make([]byte, 16)), words(1002, pt.U32(1), v.addr("10.1.2.1"), make([]byte, 8)),
		words(3, make([]byte, 8), v.addr("10.1.2.3"), v.addr("10.1.2.4"), make([]byte, 16)), words(2, pt.U32(64), v.mac(3), []byte{0, 0}, v.mac(4), []byte{0, 0}, pt.U32(0x0800)))
	return map[string][]byte{
		"NetFlow 5": v.udp(4003, 2055, pt.U16(5), pt.U16(2), make([]byte, 20), record, record),
		"NetFlow 9": v.udp(4003, 2055, pt.U16(9), pt.U16(2), make([]byte, 16), sets(0)),
		"IPFIX":     v.udp(4003, 4739, pt.U16(10), pt.U16(16+len(ipfix)), make([]byte, 12), ipfix),
		"sFlow":     v.udp(4003, 6343, pt.U32(5), pt.U32(1), v.addr("10.1.2.9"), make([]byte, 12), pt.U32(2), words(1, make([]byte, 32), sampled), words(2, make([]byte, 40))),
	}
}

func accessFrames(v values) map[string][]byte {
	radius := func(attributes ...[]byte) []byte {
		return v.udp(1812, 5000, []byte{1, 1, 0, 0}, v.digest(16), pt.Cat(attributes...))
	}
	eap := pt.Cat([]byte{2, 1}, pt.U16(5+len(host)), []byte{1}, v.host())
	part := func(next byte, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat([]byte{next, 0}, pt.U16(4+len(b)), b)
	}
	ike := pt.Cat(make([]byte, 16), []byte{5, 0x10, 4, 0}, make([]byte, 8), part(8, []byte{2, 0, 0, 0}, v.host()), part(5, v.digest(16)), part(0, []byte{1, 17, 0, 0}, v.addr("10.1.2.3")))
	extension := func(kind int, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat(pt.U16(kind), pt.U16(len(b)), b)
	}
	named := pt.Cat(pt.U16(3+len(host)), []byte{0}, pt.U16(len(host)), v.host())
	extensions := pt.Cat(extension(43, []byte{2, 3, 4}), extension(0, named))
	hello := pt.Cat(pt.U16(0x0303), make([]byte, 32), []byte{0}, pt.U16(2), pt.U16(0x1301), []byte{1, 0}, pt.U16(len(extensions)), extensions)
	handshake := pt.Cat([]byte{22, 3, 1}, pt.U16(4+len(hello)), []byte{1, 0}, pt.U16(len(hello)), hello)
	field := func(b []byte) []byte { return pt.Cat(pt.U16(len(b)), b) }
	connect := pt.Cat(field([]byte("MQTT")), []byte{4, 0xc2}, pt.U16(60), field(v.host()), field(v.host()), field(v.secret()))
	return map[string][]byte{
		"RADIUS of names": radius(pt.LV(30, 2, pt.Cat([]byte("xx-xx-xx-xx-xx-xx:"), v.host())), pt.LV(31, 2, v.host()), pt.LV(32, 2, v.host()), pt.LV(79, 2, eap), pt.LV(6, 2, pt.U32(2)), pt.LV(24, 2, v.digest(8)),
			pt.LV(87, 2, v.host()), pt.LV(95, 2, v.addr("2a02:1:2::3")), pt.LV(97, 2, pt.Cat([]byte{0, 48}, v.addr("2a02:1:2::")[:6])), pt.LV(26, 2, pt.Cat(pt.U32(9), pt.LV(1, 2, v.host()), pt.LV(2, 2, pt.U32(7))))),
		"NTP": v.udp(123, 123, []byte{0x24, 2}, make([]byte, 10), v.addr("10.1.2.3"), make([]byte, 32), pt.U32(7), v.digest(16)),
		"IKE": v.udp(500, 500, ike), "IKE of a NAT": v.udp(4500, 4500, make([]byte, 4), ike), "ESP of a NAT": v.udp(4500, 4500, pt.U32(0x11223344), make([]byte, 40)),
		"TLS": v.tcp(4000, 443, handshake), "MQTT": v.tcp(4000, 1883, pt.Cat([]byte{0x10, byte(len(connect))}, connect)),
		"SNMP over TCP": v.tcp(4000, 161, bytes.Repeat(pt.BER(0x30, pt.Cat(pt.BER(2, []byte{1}), pt.BER(4, v.word("passwd")), pt.BER(0xa0, pt.BER(2, []byte{7})))), 2)),
		"SNMP 3 of a user": v.udp(161, 5000, pt.BER(0x30, pt.Cat(pt.BER(2, []byte{3}), pt.BER(0x30, pt.BER(2, []byte{1})), pt.BER(4, pt.BER(0x30, pt.Cat(
			pt.BER(4, pt.Cat([]byte{0x80, 0, 7, 0xe5, 3}, v.mac(4))), pt.BER(2, []byte{1}), pt.BER(2, []byte{1}), pt.BER(4, v.word("benedikta")), pt.BER(4, v.digest(12)), pt.BER(4, nil))))))),
		"SOCKS": v.tcp(4000, 1080, pt.Cat([]byte{5, 1, 2}, []byte{1, byte(len(host))}, v.host(), []byte{byte(len(secret))}, v.secret())),
		"HTTP":  v.tcp(4000, 80, pt.Cat([]byte("GET / HTTP/1.1\r\nHost: "), v.word("zurich.example.net"), []byte("\r\nAccept: */*\r\n\r\n"))),
		"SMTP":  v.tcp(25, 4000, pt.Cat([]byte("220 "), v.word("mail.example.net"), []byte(" ESMTP ready\r\n250-"), v.word("mail.example.net"), []byte("\r\n"))),
	}
}
