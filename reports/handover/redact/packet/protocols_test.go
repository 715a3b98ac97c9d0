package packet_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// frames are frames of all protocols that have places of their own for addresses, names and
// secrets, by the protocol. A frame that is built of other values is what it has to become.
func frames(v values) map[string][]byte {
	all := map[string][]byte{}
	for _, part := range []map[string][]byte{linkFrames(v), ipFrames(v), applicationFrames(v), bgpFrames(v), ospfFrames(v), isisFrames(v), understood(v)} {
		maps.Copy(all, part)
	}
	return all
}

func (v values) ether(kind int, body ...[]byte) []byte {
	return pt.Ether(v.mac(1), v.mac(2), kind, pt.Cat(body...))
}

func (v values) udp(sport, dport int, body ...[]byte) []byte {
	return v.ether(0x0800, pt.UDP(v.ip("10.1.2.3"), v.ip("10.1.2.4"), sport, dport, pt.Cat(body...)))
}

func (v values) tcp(sport, dport int, body []byte, options ...byte) []byte {
	return v.ether(0x0800, pt.TCP(v.ip("10.1.2.3"), v.ip("10.1.2.4"), sport, dport, 100, body, options...))
}

func (v values) ipv4(proto byte, body ...[]byte) []byte {
	return v.ether(0x0800, pt.IPv4(proto, v.ip("10.1.2.3"), v.ip("10.1.2.4"), pt.Cat(body...)))
}

// over6 is a message in IPv6 with its checksum at offset at.
func (v values) over6(next byte, at int, body ...[]byte) []byte {
	src, dst := v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4")
	m := pt.Cat(body...)
	return v.ether(0x86dd, pt.IPv6(next, src, dst, pt.Summed(m, at, pt.Pseudo(next, src, dst, len(m)))))
}

// quiet is a datagram with nothing but its addresses.
func (v values) quiet() []byte {
	return pt.UDP(v.ip("10.1.2.3"), v.ip("10.1.2.4"), 514, 514, []byte("quiet"))
}

// llc is a frame with a length in place of a type.
func (v values) llc(body ...[]byte) []byte {
	b := pt.Cat(body...)
	return v.ether(len(b), b)
}

// inner is a frame in another one.
func (v values) inner() []byte { return pt.Ether(v.mac(3), v.mac(4), 0x0800, v.quiet()) }

// pap is a request of PAP, and pppoe a packet of a session.
func (v values) pap() []byte {
	return pt.Cat([]byte{1, 1}, pt.U16(6+len(host)+len(secret)), []byte{byte(len(host))}, v.host(), []byte{byte(len(secret))}, v.secret())
}

func (v values) pppoe(body []byte) []byte {
	return pt.Cat([]byte{0x11, 0}, pt.U16(1), pt.U16(len(body)), body)
}

func linkFrames(v values) map[string][]byte {
	bpdu := pt.Cat(make([]byte, 5), []byte{0x80, 0}, v.mac(3), make([]byte, 4), []byte{0x80, 1}, v.mac(4), make([]byte, 10))
	element := func(kind byte, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat([]byte{0x99, kind}, pt.U16(4+len(b)), b)
	}
	discovery := func(at int, body []byte) []byte { return pt.Summed(body, at) }
	return map[string][]byte{
		"ARP":  v.ether(0x0806, []byte{0, 1, 8, 0, 6, 4, 0, 1}, v.mac(3), v.addr("10.1.2.3"), v.mac(4), v.addr("10.1.2.4")),
		"RARP": v.ether(0x8035, []byte{0, 1, 8, 0, 6, 4, 0, 3}, v.mac(3), v.addr("10.1.2.3"), v.mac(4), v.addr("10.1.2.4")),
		"LLDP": v.ether(0x88cc, pt.TLV(1, pt.Cat([]byte{4}, v.mac(3))), pt.TLV(2, pt.Cat([]byte{3}, v.mac(4))), pt.TLV(4, v.host()),
			pt.TLV(5, v.host()), pt.TLV(8, pt.Cat([]byte{5, 1}, v.addr("10.1.2.3"), []byte{2, 0, 0, 0, 1, 0})),
			pt.TLV(8, pt.Cat([]byte{17, 2}, v.addr("2a02:1:2::3"), []byte{2, 0, 0, 0, 1, 0})), pt.TLV(8, pt.Cat([]byte{7, 6}, v.mac(5), []byte{2, 0, 0, 0, 1, 0})), pt.TLV(0, nil)),
		"LLDP of addresses":    v.ether(0x88cc, pt.TLV(1, pt.Cat([]byte{5, 1}, v.addr("10.1.2.3"))), pt.TLV(2, pt.Cat([]byte{4, 1}, v.addr("10.1.2.4"))), pt.TLV(0, nil)),
		"LLDP of names":        v.ether(0x88cc, pt.TLV(1, pt.Cat([]byte{7}, v.host())), pt.TLV(2, pt.Cat([]byte{5}, v.host())), pt.TLV(0, nil)),
		"LACP":                 v.ether(0x8809, []byte{1, 1, 1, 20, 0x80, 0}, v.mac(3), make([]byte, 9), []byte{2, 20, 0x80, 0, 0}, v.mac(4), make([]byte, 20)),
		"OAM, as slow as LACP": v.ether(0x8809, []byte{3, 0, 0x50, 0, 1, 16, 1, 0, 0, 8, 5, 0, 0, 4, 0x96}, make([]byte, 8), v.host(), v.host()),
		"STP":                  v.llc([]byte{0x42, 0x42, 3}, bpdu),
		"PVST":                 v.llc([]byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 1, 0x0b}, bpdu),
		"CDP":                  v.llc([]byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0}, discovery(2, pt.Cat([]byte{2, 180, 0, 0, 0, 1}, pt.U16(4+len(host)), v.host()))),
		"EDP": v.llc([]byte{0xaa, 0xaa, 3, 0, 0xe0, 0x2b, 0, 0xbb}, discovery(4, pt.Cat([]byte{1, 0, 0, 55, 0, 0, 0, 7, 0, 0}, v.mac(3),
			element(1, v.host(), []byte{0}), element(5, make([]byte, 8), v.addr("10.1.2.1"), []byte("blue\x00")), element(0)))),
		"LLC of others":         v.llc([]byte{0xe0, 0xe0, 3}, v.host(), v.host()),
		"VLAN in VLAN":          v.ether(0x88a8, pt.U16(10), pt.U16(0x8100), pt.U16(20), pt.U16(0x0800), v.quiet()),
		"MPLS":                  v.ether(0x8847, []byte{0, 1, 0, 64, 0, 2, 1, 64}, v.quiet()),
		"PPPoE":                 v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0x0021), v.quiet()))),
		"PPPoE with PAP":        v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0xc023), v.pap()))),
		"PPPoE, PAP's answer":   v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0xc023), []byte{2, 1}, pt.U16(5+len(host)), []byte{byte(len(host))}, v.host()))),
		"PPPoE with CHAP":       v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0xc223), []byte{2, 1}, pt.U16(21+len(host)), []byte{16}, v.digest(16), v.host()))),
		"PPPoE with IPCP":       v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0x8021), []byte{1, 1}, pt.U16(16), []byte{3, 6}, v.addr("10.1.2.3"), []byte{129, 6}, v.addr("10.1.2.53")))),
		"PPPoE with EAP":        v.ether(0x8864, v.pppoe(pt.Cat(pt.U16(0xc227), []byte{2, 1}, pt.U16(5+len(host)), []byte{1}, v.host()))),
		"PPPoE, short protocol": v.ether(0x8864, v.pppoe(pt.Cat([]byte{0xff, 3, 0x21}, v.quiet()))),
		"EAP":                   v.ether(0x888e, []byte{1, 0}, pt.U16(5+len(host)), []byte{2, 1}, pt.U16(5+len(host)), []byte{1}, v.host()),
		"Ethernet over MPLS":    v.ether(0x8847, []byte{0, 1, 1, 64}, v.inner()),
		"MPLS, a control word":  v.ether(0x8847, []byte{0, 1, 1, 64, 0, 0, 0, 9}, v.inner()),
		"MPLS of others":        v.ether(0x8847, []byte{0, 1, 1, 64, 0x10, 0, 0, 0}, v.host()),
		"metadata":              v.ether(0x8909, []byte{1, 1, 0, 1, 0, 7}, pt.U16(0x0800), v.quiet()),
		"VN-Tag":                v.ether(0x8926, []byte{0, 1, 0, 2}, pt.U16(0x0800), v.quiet()),
		"metadata, another":     v.ether(0x8909, []byte{1, 0, 0, 10}, pt.U16(0x0800), v.quiet()),
		"HSR":                   v.ether(0x892f, []byte{0, 64, 0, 1}, pt.U16(0x0800), v.quiet()),
		"MACsec, signed":        v.ether(0x88e5, []byte{0, 0}, pt.U32(7), pt.U16(0x0800), v.quiet(), make([]byte, 16)),
		"MACsec, signed by one": v.ether(0x88e5, []byte{0x20, 0}, pt.U32(7), v.mac(2), []byte{0, 1}, pt.U16(0x0800), v.quiet(), make([]byte, 16)),
		"FabricPath":            v.ether(0x8903, []byte{0, 0x5f}, v.inner()),
		"TRILL":                 v.ether(0x22f3, []byte{0, 0x7f, 0, 1, 0, 2}, make([]byte, 4), v.inner()),
		"SPB":                   v.ether(0x88e7, []byte{0, 0, 0, 7}, pt.Ether(v.mac(3), v.mac(4), 0x0800, v.quiet())),
		"an unknown EtherType":  v.ether(0x9999, v.host()),
		"an unknown IP version": v.ether(0x0800, []byte{0x90}, v.host()),
	}
}

func ipFrames(v values) map[string][]byte {
	route := pt.Cat([]byte{1, 7, 7, 4}, v.addr("10.1.2.9"), []byte{131, 7, 4}, v.addr("10.1.2.8"), []byte{0})
	routed := pt.Cat([]byte{0x49, 0}, pt.U16(36+8), []byte{0, 1, 0, 0, 64, 1, 0, 0}, v.addr("10.1.2.3"), v.addr("10.1.2.4"), route)
	echo := pt.Summed([]byte{8, 0, 0, 0, 0, 0, 0, 0}, 2)
	later := pt.Cat([]byte{0x45, 0}, pt.U16(20+len(host)), []byte{0, 1, 0, 5, 64, 17, 0, 0}, v.addr("10.1.2.3"), v.addr("10.1.2.4"))
	icmp := func(head, rest []byte) []byte { return pt.Summed(pt.Cat(head, rest), 2) }
	ns := pt.Cat([]byte{135, 0, 0, 0, 0, 0, 0, 0}, v.addr("2a02:1:2::9"), []byte{1, 1}, v.mac(3))
	gre := pt.Summed(pt.Cat(pt.U16(0xb000), pt.U16(0x0800), make([]byte, 12), v.quiet()), 4)
	vrrp3 := pt.Cat([]byte{0x31, 1, 100, 1, 0, 100, 0, 0}, v.addr("2a02:1:2::1"))
	vrrp4 := pt.Cat([]byte{0x31, 1, 100, 1, 0, 100, 0, 0}, v.addr("10.1.2.1"))
	return map[string][]byte{
		"IPv4 with routes":    v.ether(0x0800, pt.Summed(routed, 10), echo),
		"IPv4, later part":    v.ether(0x0800, pt.Summed(later, 10), v.host()),
		"IPv4 in IPv4":        v.ipv4(4, v.quiet()),
		"IGMP":                v.ipv4(2, []byte{0x16, 0, 0, 0, 224, 1, 2, 3}),
		"another protocol":    v.ipv4(200, v.host()),
		"L2TPv3":              v.ipv4(115, pt.U32(7), v.inner()),
		"L2TPv3, a cookie":    v.ipv4(115, pt.U32(7), make([]byte, 8), v.inner()),
		"IPv4 with AH":        v.ipv4(51, []byte{17, 4, 0, 0}, pt.U32(7), pt.U32(1), v.digest(12), v.quiet()[20:]),
		"ESP of no cipher":    v.ipv4(50, pt.U32(7), pt.U32(1), v.quiet(), []byte{1, 2, 2, 4}, make([]byte, 12)),
		"a tunnel of nobody":  v.udp(40001, 40002, []byte{0xff, 0, 7}, v.inner(), []byte{1}),
		"IPv6 of nobody":      v.udp(40001, 40002, []byte{0xff, 0, 7}, v.over6(58, 2, []byte{128, 0, 0, 0, 0, 0, 0, 0})),
		"GTP-U":               v.udp(2152, 2152, []byte{0x30, 0xff}, pt.U16(20), pt.U32(7), v.quiet()),
		"GTP-U with more":     v.udp(2152, 2152, []byte{0x36, 0xff}, pt.U16(20), pt.U32(7), []byte{0, 1, 0, 0x85, 1, 0, 0, 0}, v.over6(58, 2, []byte{128, 0, 0, 0, 0, 0, 0, 0})[14:]),
		"ICMP error":          v.ipv4(1, icmp([]byte{3, 1, 0, 0, 0, 0, 0, 0}, v.quiet()[:28])),
		"ICMP redirect":       v.ipv4(1, icmp(pt.Cat([]byte{5, 1, 0, 0}, v.addr("10.1.2.1")), v.quiet()[:28])),
		"ICMP echo":           v.ipv4(1, icmp([]byte{8, 0, 0, 0, 0, 0, 0, 0}, v.host())),
		"ICMPv6 error":        v.over6(58, 2, []byte{1, 0, 0, 0, 0, 0, 0, 0}, v.quiet()[:28]),
		"ICMPv6 echo":         v.over6(58, 2, []byte{128, 0, 0, 0, 0, 0, 0, 0}, v.host()),
		"ICMPv6 router asked": v.over6(58, 2, []byte{133, 0, 0, 0, 0, 0, 0, 0, 1, 1}, v.mac(3)),
		"ICMPv6 router": v.over6(58, 2, []byte{134, 0, 0, 0, 64, 0, 0, 0}, make([]byte, 8), []byte{3, 4, 48, 0xc0}, make([]byte, 12), v.addr("2a02:1:2::"),
			[]byte{25, 3}, make([]byte, 6), v.addr("2a02:1:2::53")),
		"ICMPv6 neighbour": v.over6(58, 2, ns),
		"ICMPv6 redirect": v.over6(58, 2, []byte{137, 0, 0, 0, 0, 0, 0, 0}, v.addr("2a02:1:2::1"), v.addr("2a02:1:2::9"), []byte{2, 1}, v.mac(4),
			[]byte{4, 5, 0, 0, 0, 0, 0, 0}, v.quiet()[:28], make([]byte, 4)),
		"ICMPv6 listener": v.over6(58, 2, []byte{143, 0, 0, 0, 0, 0}, pt.U16(2), []byte{1, 1}, pt.U16(2), pt.IP("ff05::1:3"), v.addr("2a02:1:2::7"), v.addr("2a02:1:2::8"),
			make([]byte, 4), []byte{1, 0}, pt.U16(0), v.addr("2a02:1:2::6")),
		"IPv6 with extensions": v.ether(0x86dd, pt.IPv6(0, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), pt.Cat([]byte{51, 0}, make([]byte, 6), []byte{44, 1}, make([]byte, 10),
			[]byte{58, 0}, make([]byte, 6), pt.Summed(bytes.Clone(ns), 2, pt.Pseudo(58, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), len(ns)))))),
		"IPv6, later part":      v.ether(0x86dd, pt.IPv6(44, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), pt.Cat([]byte{58, 0, 0, 8, 0, 0, 0, 1}, v.host()))),
		"GRE":                   v.ipv4(47, gre),
		"GRE of Ethernet":       v.ipv4(47, pt.U16(0), pt.U16(0x6558), pt.Ether(v.mac(3), v.mac(4), 0x0800, v.quiet())),
		"ERSPAN 1":              v.ipv4(47, pt.U16(0), pt.U16(0x88be), v.inner()),
		"ERSPAN 2":              v.ipv4(47, pt.U16(0x1000), pt.U16(0x88be), pt.U32(7), []byte{0x10, 1, 0, 1, 0, 0, 0, 0}, v.inner()),
		"ERSPAN 3":              v.ipv4(47, pt.U16(0x1000), pt.U16(0x22eb), pt.U32(7), []byte{0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, v.inner()),
		"ERSPAN 3, more":        v.ipv4(47, pt.U16(0x1000), pt.U16(0x22eb), pt.U32(7), []byte{0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 8), v.inner()),
		"GRE of PPP":            v.ipv4(47, pt.U16(0x3081), pt.U16(0x880b), make([]byte, 12), []byte{0xff, 3}, pt.U16(0x0021), v.quiet()),
		"Geneve":                v.udp(4003, 6081, []byte{1, 0}, pt.U16(0x6558), make([]byte, 8), v.inner()),
		"Geneve of IP":          v.udp(4003, 6081, []byte{0, 0}, pt.U16(0x0800), make([]byte, 4), v.quiet()),
		"VXLAN-GPE":             v.udp(4003, 4790, []byte{12, 0, 0, 3}, make([]byte, 4), v.inner()),
		"VXLAN-GPE of IP":       v.udp(4003, 4790, []byte{12, 0, 0, 1}, make([]byte, 4), v.quiet()),
		"LISP":                  v.udp(4003, 4341, make([]byte, 8), v.quiet()),
		"TZSP":                  v.udp(4003, 37008, []byte{1, 0, 0, 1, 10, 1, 7, 0, 1}, v.inner()),
		"TZSP of others":        v.udp(4003, 37008, []byte{1, 0, 0, 18, 10, 1, 7, 0, 1}, v.host()),
		"L2TP":                  v.udp(4003, 1701, pt.U16(0x4a02), pt.U16(9), pt.U32(1), pt.U32(2), pt.U16(1), []byte{0, 0xff, 3}, pt.U16(0x0021), v.quiet()),
		"L2TP, a lying offset":  v.udp(4003, 1701, pt.U16(0x0202), pt.U32(1), pt.U16(9000), v.host()),
		"Geneve, lying options": v.udp(4003, 6081, []byte{60, 0}, pt.U16(0x6558), make([]byte, 4), v.host()),
		"Geneve with options":   v.udp(4003, 6081, []byte{5, 0}, pt.U16(0x6558), make([]byte, 4), v.host(), make([]byte, 4), v.inner()),
		"TZSP without an end":   v.udp(4003, 37008, []byte{1, 0, 0, 1, 10, 40}, v.host()),
		"SNMP beside a tunnel":  v.udp(37008, 161, pt.BER(0x30, pt.Cat(pt.BER(2, []byte{1}), pt.BER(4, v.word("passwd")), pt.BER(0xa0, pt.BER(2, []byte{7}))))),
		"L2TP, control":         v.udp(4003, 1701, pt.U16(0xc802), pt.U16(9), pt.U32(1), v.host()),
		"HSRP":                  v.udp(1985, 1985, []byte{0, 0, 16, 3, 10, 100, 1, 0}, v.word("passwd"), []byte{0, 0}, v.addr("10.1.2.1")),
		"VRRP 2":                v.ipv4(112, pt.Summed(pt.Cat([]byte{0x21, 1, 100, 1, 1, 1, 0, 0}, v.addr("10.1.2.1"), v.word("passwd"), []byte{0, 0}), 6)),
		"VRRP 3":                v.ipv4(112, pt.Summed(vrrp4, 6, pt.IP(v.ip("10.1.2.3")), pt.IP(v.ip("10.1.2.4")))),
		"VRRP 3 of IPv6":        v.ether(0x86dd, pt.IPv6(112, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), pt.Summed(vrrp3, 6, v.addr("2a02:1:2::3"), v.addr("2a02:1:2::4")))),
		"TCP signed by MD5":     v.tcp(4000, 4001, nil, pt.Cat([]byte{1, 1, 19, 18}, v.digest(16))...),
		"TCP with AO":           v.tcp(4000, 4001, nil, pt.Cat([]byte{29, 16, 1, 1}, v.digest(12))...),
		"TCP":                   v.tcp(4000, 23, v.host()),
		"VXLAN":                 v.udp(4003, 4789, make([]byte, 8), pt.Ether(v.mac(3), v.mac(4), 0x0800, v.quiet())),
		"UDP without checksum":  v.ipv4(17, pt.U16(9), pt.U16(9), pt.U16(8+len(host)), pt.U16(0), v.host()),
		"UDP of an unknown use": v.udp(9, 9, v.host()),
	}
}

func applicationFrames(v values) map[string][]byte {
	dhcp := pt.Cat([]byte{2, 1, 6, 0}, make([]byte, 8), v.addr("10.1.2.5"), v.addr("10.1.2.6"), v.addr("10.1.2.7"), v.addr("10.1.2.8"), v.mac(3), make([]byte, 10),
		v.host(), make([]byte, 192-len(host)), []byte{0x63, 0x82, 0x53, 0x63, 53, 1, 5, 0, 1, 4, 255, 255, 255, 0}, pt.LV(3, 0, v.addr("10.1.2.1")),
		pt.LV(6, 0, pt.Cat(v.addr("10.1.2.53"), v.addr("10.1.2.54"))), pt.LV(12, 0, v.host()), pt.LV(61, 0, pt.Cat([]byte{1}, v.mac(4))), pt.LV(61, 0, v.host()),
		pt.LV(81, 0, pt.Cat(make([]byte, 3), v.host())), pt.LV(150, 0, v.addr("10.1.2.69")), pt.LV(43, 0, v.host()), []byte{255})
	rip := func(entries ...[]byte) []byte { return pt.Cat([]byte{2, 2, 0, 0}, pt.Cat(entries...)) }
	dns := pt.Cat([]byte{0, 1, 0x84, 0}, pt.U16(1), pt.U16(2), pt.U16(1), pt.U16(0), []byte{byte(len(host))}, v.host(), []byte{0}, pt.U16(1), pt.U16(1),
		pt.U16(0xc00c), pt.U16(1), pt.U16(1), pt.U32(60), pt.U16(4), v.addr("10.1.2.3"), pt.U16(0xc00c), pt.U16(28), pt.U16(1), pt.U32(60), pt.U16(16), v.addr("2a02:1:2::3"),
		pt.U16(0xc00c), pt.U16(5), pt.U16(1), pt.U32(60), pt.U16(2+len(host)), []byte{byte(len(host))}, v.host(), []byte{0})
	o := v.addr("10.1.2.3")
	oid := pt.BER(6, pt.Cat([]byte{0x2b, 6, 1, 2, 1, 4, 20, 0x82, 0x01, 1}, o))
	pdu := pt.BER(0xa2, pt.Cat(pt.BER(2, []byte{1}), pt.BER(0x30, pt.Cat(pt.BER(0x40, v.addr("10.1.2.3")), oid, pt.BER(4, v.host()), pt.BER(4, v.mac(3))))))
	engine := pt.Cat([]byte{0x80, 0, 7, 0xe5, 3}, v.mac(4))
	security := pt.BER(4, pt.BER(0x30, pt.Cat(pt.BER(4, engine), pt.BER(4, v.host()))))
	return map[string][]byte{
		"DHCP":                v.udp(67, 68, dhcp),
		"BOOTP cut off":       v.udp(67, 68, v.host()),
		"RIP":                 v.udp(520, 520, rip(pt.Cat(pt.U16(2), pt.U16(0), v.addr("10.1.2.0"), pt.IP("255.255.255.0"), v.addr("10.1.2.9"), pt.U32(1)))),
		"RIP with a password": v.udp(520, 520, rip(pt.Cat(pt.U16(0xffff), pt.U16(2), v.secret(), make([]byte, 16-len(secret))), pt.Cat(pt.U16(2), pt.U16(0), v.addr("10.1.0.0"), make([]byte, 4), v.addr("10.1.2.9"), pt.U32(1)))),
		"RIP with a digest":   v.udp(520, 520, rip(pt.Cat(pt.U16(0xffff), pt.U16(1), v.digest(16)))),
		"RADIUS": v.udp(1812, 5000, []byte{1, 1, 0, 0}, v.digest(16), pt.LV(1, 2, v.host()), pt.LV(2, 2, v.digest(16)), pt.LV(4, 2, v.addr("10.1.2.3")), pt.LV(11, 2, v.host()),
			pt.LV(26, 2, pt.Cat(pt.U32(9), pt.LV(2, 2, v.host()))), pt.LV(80, 2, v.digest(16))),
		"DNS":             v.udp(53, 5000, dns),
		"SNMP 2":          v.udp(161, 5000, pt.BER(0x30, pt.Cat(pt.BER(2, []byte{1}), pt.BER(4, v.secret()), pdu))),
		"SNMP 3":          v.udp(161, 5000, pt.BER(0x30, pt.Cat(pt.BER(2, []byte{3}), pt.BER(0x30, pt.BER(2, []byte{1})), security, pdu))),
		"no SNMP at all":  v.udp(161, 5000, v.host()),
		"SNMP of garbage": v.udp(161, 5000, pt.BER(0x30, pt.Cat(pt.BER(2, []byte{3}), []byte{4, 0x84}, v.host()))),
	}
}

func bgpFrames(v values) map[string][]byte {
	msg := func(kind byte, body ...[]byte) []byte { return v.tcp(4000, 179, pt.BGP(kind, pt.Cat(body...))) }
	net := v.addr("10.1.2.0")[:3]
	net6 := v.addr("2a02:1:2::")[:6]
	update := func(routes []byte, attributes ...[]byte) []byte {
		a := pt.Cat(attributes...)
		return msg(2, pt.U16(4), []byte{24}, net, pt.U16(len(a)), a, routes)
	}
	attribute := func(kind byte, body ...[]byte) []byte {
		b := pt.Cat(body...)
		return pt.Cat([]byte{0xc0, kind, byte(len(b))}, b)
	}
	return map[string][]byte{
		"BGP open": msg(1, []byte{4}, pt.U16(65010), pt.U16(180), v.addr("10.9.9.9"), []byte{byte(6 + 2*len(host) + 2)}, []byte{2, byte(4 + 2*len(host))},
			[]byte{73, byte(2 + 2*len(host)), byte(len(host))}, v.host(), []byte{byte(len(host))}, v.host())[:],
		"BGP update": update(pt.Cat([]byte{24}, net), attribute(3, v.addr("10.1.2.1")), attribute(9, v.addr("10.9.9.9")), attribute(10, v.addr("10.9.9.8"), v.addr("10.9.9.7")),
			attribute(7, pt.U16(65010), v.addr("10.9.9.6")), attribute(18, pt.U32(65010), v.addr("10.9.9.5"))),
		"BGP update with path ids": update(pt.Cat(pt.U32(7), []byte{24}, net, pt.U32(8), []byte{24}, net)),
		"BGP update of IPv6": update(nil, attribute(14, pt.U16(2), []byte{1, 32}, v.addr("2a02:1:2::1"), pt.IP("fe80::1"), []byte{0, 48}, net6),
			pt.Cat([]byte{0xd0, 15}, pt.U16(10), pt.U16(2), []byte{1, 48}, net6)),
		"BGP update of a VPN": update(nil, attribute(14, pt.U16(1), []byte{128, 12}, make([]byte, 8), v.addr("10.9.9.9"), []byte{0}, v.host())),
		"BGP notification":    msg(3, []byte{6, 2}, v.host()),
		"BGP keepalive":       msg(4),
	}
}

func (v values) ospf(kind byte, body ...[]byte) []byte {
	return v.ether(0x0800, pt.OSPF(kind, v.ip("10.1.2.3"), v.ip("10.9.9.9"), pt.Cat(body...)))
}

// lsas are one of each kind.
func (v values) lsas() [][]byte {
	mask := pt.IP("255.255.255.0")
	lsas := [][]byte{
		pt.LSA(1, v.ip("10.9.9.9"), v.ip("10.9.9.9"), pt.Cat([]byte{0, 0, 0, 3}, v.addr("10.1.2.0"), mask, []byte{3, 0, 0, 10},
			v.addr("10.1.2.1"), v.addr("10.1.2.3"), []byte{2, 1, 0, 10}, make([]byte, 4), v.addr("10.9.9.8"), v.addr("10.1.3.3"), []byte{1, 0, 0, 10})),
		pt.LSA(2, v.ip("10.1.2.1"), v.ip("10.9.9.9"), pt.Cat(mask, v.addr("10.9.9.9"), v.addr("10.9.9.8"))),
		pt.LSA(3, v.ip("10.1.2.0"), v.ip("10.9.9.9"), pt.Cat(mask, pt.U32(10))),
		pt.LSA(4, v.ip("10.9.9.7"), v.ip("10.9.9.9"), make([]byte, 8)),
		pt.LSA(5, v.ip("10.1.2.0"), v.ip("10.9.9.9"), pt.Cat(mask, pt.U32(20), v.addr("10.1.2.9"), pt.U32(0))),
		pt.LSA(10, "1.0.0.0", v.ip("10.9.9.9"), v.host()),
	}
	if v.swapped { // the id of an opaque LSA is none
		copy(lsas[5][4:], pt.IP("1.0.0.0"))
		pt.SetFletcher(lsas[5][2:], 14)
	}
	return lsas
}

// lsaFrames are LSAs, and frames that have their headers only.
func lsaFrames(v values) [][]byte {
	lsas := v.lsas()
	var headers []byte
	for _, l := range lsas {
		headers = append(headers, l[:20]...)
	}
	return [][]byte{
		v.ospf(5, headers),
		v.ospf(4, pt.U32(uint32(len(lsas))), pt.Cat(lsas...)),
		v.ospf(2, pt.U16(1500), []byte{2, 7}, pt.U32(1), headers),
	}
}

func ospfFrames(v values) map[string][]byte {
	mask := pt.IP("255.255.255.0")
	hello := pt.Cat(mask, pt.U16(10), []byte{2, 1}, pt.U32(40), v.addr("10.1.2.1"), v.addr("10.1.2.2"), v.addr("10.9.9.8"))
	lsas := v.lsas()
	auth := func(kind byte, data []byte, after ...[]byte) []byte {
		p := pt.Cat([]byte{2, 1}, pt.U16(24+len(hello)), v.addr("10.9.9.9"), pt.IP("0.0.0.0"), []byte{0, 0, 0, kind}, data, hello)
		if kind == 1 {
			binary.BigEndian.PutUint16(p[12:], pt.Sum16(p[:16], p[24:]))
		}
		return v.ipv4(89, append([][]byte{p}, after...)...)
	}
	return map[string][]byte{
		"OSPF hello":           v.ospf(1, hello),
		"OSPF with a password": auth(1, pt.Cat(v.word("passwd"), []byte{0, 0})),
		"OSPF with a digest":   auth(2, pt.Cat([]byte{0, 0, 1, 16}, pt.U32(7)), v.digest(16)),
		"OSPF request":         v.ospf(3, pt.U32(1), v.addr("10.9.9.9"), v.addr("10.9.9.9"), pt.U32(3), v.addr("10.1.2.0"), v.addr("10.9.9.9")),
		"OSPF update":          v.ospf(4, pt.U32(uint32(len(lsas))), pt.Cat(lsas...)),
		"OSPFv3":               v.over6(89, 12, []byte{3, 1}, pt.U16(36), v.addr("10.9.9.9"), make([]byte, 8), v.host(), make([]byte, 4)),
		"OSPF of no version":   v.ipv4(89, []byte{9, 1, 0, 40}, v.host(), make([]byte, 20)),
	}
}

func isisFrames(v values) map[string][]byte {
	pdu := func(kind, head byte, body ...[]byte) []byte {
		return v.llc([]byte{0xfe, 0xfe, 3}, []byte{0x83, head, 1, 0, kind, 1, 0, 0}, pt.Cat(body...))
	}
	// The id of a router that is made of 10.1.2.3, as 0100.0100.2003.
	ofAddress := []byte{0x01, 0x00, 0x01, 0x00, 0x20, 0x03}
	if v.swapped {
		ofAddress = []byte{0x01, 0x00, 0x22, 0x00, 0x20, 0x03} // 10.22.2.3
	}
	tlvs := pt.Cat(pt.LV(1, 0, []byte{3, 0x49, 0, 1}), pt.LV(6, 0, v.mac(4)), pt.LV(132, 0, v.addr("10.1.2.3")), pt.LV(134, 0, v.addr("10.9.9.9")), pt.LV(232, 0, v.addr("2a02:1:2::3")),
		pt.LV(137, 0, v.host()), pt.LV(10, 0, pt.Cat([]byte{1}, v.secret())), pt.LV(10, 0, pt.Cat([]byte{54}, v.digest(16))), pt.LV(8, 0, make([]byte, 5)), pt.LV(250, 0, v.host()),
		pt.LV(240, 0, pt.Cat([]byte{0, 0, 0, 0, 1}, v.mac(4), make([]byte, 4))))
	reach := pt.Cat(pt.LV(22, 0, pt.Cat(v.mac(4), make([]byte, 4), []byte{2, 0xaa, 0xbb}, ofAddress, make([]byte, 5))), pt.LV(2, 0, pt.Cat([]byte{0, 1, 2, 3, 4}, v.mac(4), []byte{0})),
		pt.LV(135, 0, pt.Cat(pt.U32(10), []byte{24}, v.addr("10.1.2.0")[:3], pt.U32(10), []byte{0x40 | 32}, v.addr("10.9.9.9"), []byte{2, 1, 2})))
	link := pt.Cat(pt.LV(6, 0, v.addr("10.1.2.3")), pt.LV(8, 0, v.addr("10.1.2.4")), pt.LV(12, 0, v.addr("2a02:1:2::3")), pt.LV(13, 0, v.addr("2a02:1:2::4")), pt.LV(18, 0, []byte{0, 1, 2}))
	wide := pt.Cat(v.mac(4), make([]byte, 4), []byte{byte(len(link))}, link)
	route := pt.Cat(pt.U32(10), []byte{24}, v.addr("10.1.2.0")[:3])
	route6 := pt.Cat(pt.U32(10), []byte{0x20, 48}, v.addr("2a02:1:2::")[:6], []byte{3, 1, 1, 9}, pt.U32(10), []byte{0, 64}, v.addr("2a02:1:2::")[:8])
	narrow := pt.Cat([]byte{10, 128, 128, 128}, v.addr("10.1.2.0"), pt.IP("255.255.255.0"))
	routes := pt.Cat(pt.LV(22, 0, wide), pt.LV(222, 0, pt.Cat(pt.U16(2), wide)), pt.LV(128, 0, pt.Cat(narrow, narrow)), pt.LV(130, 0, narrow), pt.LV(235, 0, pt.Cat(pt.U16(2), route)),
		pt.LV(236, 0, route6), pt.LV(237, 0, pt.Cat(pt.U16(2), route6)))
	addresses := pdu(18, 27, pt.U16(100), pt.U16(1200), v.mac(3), []byte{0, 0}, pt.U32(7), []byte{0, 0, 3}, routes)
	pt.SetFletcher(addresses[14+3+12:], 12)
	lsp := pdu(20, 27, pt.U16(100), pt.U16(1200), v.mac(3), []byte{0, 0}, pt.U32(7), []byte{0, 0, 3}, tlvs, reach)
	pt.SetFletcher(lsp[14+3+12:], 12)
	entries := pt.LV(9, 0, pt.Cat(pt.U16(1200), v.mac(3), []byte{0, 0}, pt.U32(7), []byte{1, 2}))
	return map[string][]byte{
		"IS-IS hello, LAN":            pdu(15, 27, []byte{3}, v.mac(3), pt.U16(30), pt.U16(100), []byte{64}, v.mac(4), []byte{1}, tlvs),
		"IS-IS hello, point to point": pdu(17, 20, []byte{3}, v.mac(3), pt.U16(30), pt.U16(100), []byte{1}, tlvs),
		"IS-IS LSP":                   lsp,
		"IS-IS LSP of addresses":      addresses,
		"IS-IS CSNP":                  pdu(25, 33, pt.U16(100), ofAddress, []byte{0}, make([]byte, 8), bytes.Repeat([]byte{0xff}, 8), entries),
		"IS-IS PSNP":                  pdu(27, 17, pt.U16(100), v.mac(3), []byte{0}, entries),
	}
}

// TestProtocols: a frame becomes what it would have been with the other values, to the last
// bit of its checksums, in both kinds of files and in both orders of bytes.
func TestProtocols(t *testing.T) {
	before, after := frames(values{t, false}), frames(values{t, true})
	for _, name := range slices.Sorted(maps.Keys(before)) {
		for kind, file := range map[string]func([]byte) []byte{
			"pcapng":    func(f []byte) []byte { return pt.Pcapng("", [][]byte{f}) },
			"pcap":      func(f []byte) []byte { return pt.Pcap(binary.LittleEndian, 1, f) },
			"big pcap":  func(f []byte) []byte { return pt.Pcap(binary.BigEndian, 1, f) },
			"two times": func(f []byte) []byte { return pt.Pcap(binary.BigEndian, 1, f, f) },
		} {
			out, edits, err := packet.Rewrite(file(before[name]), newSwap())
			if err != nil {
				t.Fatal(err)
			}
			if want := file(after[name]); !bytes.Equal(out, want) {
				t.Errorf("%s in %s:\n%s\nwant\n%s", name, kind, hex.EncodeToString(out), hex.EncodeToString(want))
				break
			}
			if edits == 0 && !bytes.Equal(before[name], after[name]) {
				t.Errorf("%s in %s: no edit is counted", name, kind)
			}
		}
	}
}

// TestHeadersOfLSAs: where only the header of an LSA is, it gets the checksum that the whole
// has, be it before or behind in the file.
func TestHeadersOfLSAs(t *testing.T) {
	out, _, err := packet.Rewrite(pt.Pcapng("", lsaFrames(values{t, false})), newSwap())
	if err != nil {
		t.Fatal(err)
	}
	if want := pt.Pcapng("", lsaFrames(values{t, true})); !bytes.Equal(out, want) {
		t.Errorf("\n%s\nwant\n%s", hex.EncodeToString(out), hex.EncodeToString(want))
	}
}
