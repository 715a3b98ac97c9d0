package frames

import (
	"bytes"
	"fmt"
	"net"

	"github.com/gopacket/gopacket/layers"
)

// transport says what is above IP.
func (d *decoder) transport(b []byte) {
	switch layers.IPProtocol(d.Proto) { //nolint:exhaustive,gosec // the others have no more to say; it is a byte
	case layers.IPProtocolTCP:
		d.tcp(b)
	case layers.IPProtocolUDP:
		d.udp(b)
	case layers.IPProtocolICMPv4:
		d.icmp(b)
	case layers.IPProtocolICMPv6:
		d.icmp6(b)
	case layers.IPProtocolIGMP:
		d.igmp(b)
	case layers.IPProtocolOSPF:
		d.ospf(b)
	case layers.IPProtocolVRRP:
		d.vrrp(b)
	case 103:
		d.is("pim", "")
	}
}

func (d *decoder) ports(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	d.SPort, d.DPort = int(be16(b)), int(be16(b[2:]))
	return true
}

func (d *decoder) of(port int) bool { return d.SPort == port || d.DPort == port }

func (d *decoder) tcp(b []byte) {
	d.is("tcp", "")
	if !d.ports(b) || len(b) < 20 {
		return
	}
	var flags []rune
	for i, f := range "FSRPAU" {
		if b[13]&(1<<i) != 0 {
			flags = append(flags, f)
		}
	}
	payload := b[min(len(b), 4*int(b[12]>>4)):]
	d.say("%d → %d [%s] %d bytes", d.SPort, d.DPort, string(flags), len(payload))
	if d.of(179) {
		d.bgp(payload)
	}
}

// bgp names the first message that begins with the segment (RFC 4271, section 4.1).
func (d *decoder) bgp(b []byte) {
	const head = 19
	if len(b) >= head && bytes.Equal(b[:16], bytes.Repeat([]byte{0xff}, 16)) {
		d.message = b
		d.is("bgp", word(int(b[18]), "", "open", "update", "notification", "keepalive", "route-refresh"))
	}
}

func (d *decoder) udp(b []byte) {
	d.is("udp", "")
	if !d.ports(b) || len(b) < 8 {
		return
	}
	payload := b[8:]
	switch {
	case (d.DPort == 3784 || d.DPort == 4784) && len(payload) >= 24: // RFC 5880, section 4.1
		d.message = payload
		d.is("bfd", word(int(payload[1]>>6), "admin-down", "down", "init", "up"))
	case (d.of(67) || d.of(68)) && len(payload) >= 1:
		d.is("dhcp", word(int(payload[0]), "", "request", "reply"))
	case d.of(546) && d.of(547):
		d.is("dhcp6", "")
	case d.of(53):
		d.is("dns", "")
	case d.DPort == 520 || d.DPort == 521:
		d.is("rip", "")
	default:
		d.say("%d → %d %d bytes", d.SPort, d.DPort, len(payload))
	}
}

func (d *decoder) icmp(b []byte) {
	d.is("icmp", "")
	if len(b) < 1 {
		return
	}
	d.Message = named(b[0], map[byte]string{0: "echo-reply", 3: "unreachable", 5: "redirect", 8: "echo", 9: "router-advertisement", 10: "router-solicitation", 11: "time-exceeded"})
	const head = 8
	if t := b[0]; (t == 3 || t == 4 || t == 5 || t == 11 || t == 12) && len(b) > head {
		d.About = quoted(b[head:], (*decoder).quotedIPv4)
	}
}

// quoted is a packet within an error. It is cut off, and has none within it.
func quoted(packet []byte, read func(*decoder, []byte) bool) *Fields {
	d := &decoder{Fields: Fields{VLAN: -1, Proto: -1}}
	if !read(d, packet) {
		return nil
	}
	d.About, d.Summary = nil, ""
	return &d.Fields
}

// quotedIPv4 reads the head of a packet, and what is left of its payload.
func (d *decoder) quotedIPv4(b []byte) bool {
	const least, word = 20, 4
	if len(b) < least || b[0]>>4 != 4 {
		return false
	}
	head := word * int(b[0]&15)
	if head < least || len(b) < head {
		return false
	}
	d.IPSrc, d.IPDst, d.Proto = net.IP(b[12:16]).String(), net.IP(b[16:20]).String(), int(b[9])
	d.transport(b[head:])
	return true
}

func (d *decoder) quotedIPv6(b []byte) bool {
	if len(b) < 40 || b[0]>>4 != 6 {
		return false
	}
	d.ipv6(b)
	return true
}

func (d *decoder) icmp6(b []byte) {
	d.is("icmp6", "")
	if len(b) < 1 {
		return
	}
	d.Message = named(b[0], map[byte]string{
		1: "unreachable", 2: "too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo", 129: "echo-reply", 130: "listener-query", 131: "listener-report",
		132: "listener-done", 133: "router-solicitation", 134: "router-advertisement", 135: "neighbor-solicitation", 136: "neighbor-advertisement", 137: "redirect",
		143: "listener-report",
	})
	const head, target = 8, 24
	switch t := b[0]; {
	case t >= 1 && t <= 4 && len(b) > head:
		d.About = quoted(b[head:], (*decoder).quotedIPv6)
	case (t == 135 || t == 136) && len(b) >= target:
		d.About = &Fields{VLAN: -1, Proto: -1, IPDst: net.IP(b[head:target]).String()}
	}
}

func (d *decoder) igmp(b []byte) {
	d.is("igmp", "")
	if len(b) >= 1 {
		d.Message = named(b[0], map[byte]string{0x11: "query", 0x12: "report", 0x16: "report", 0x17: "leave", 0x22: "report"})
	}
}

func named(n byte, names map[byte]string) string {
	if name := names[n]; name != "" {
		return name
	}
	return fmt.Sprintf("type %d", n)
}

// ospf is of both versions, which begin alike (RFC 2328, A.3.1; RFC 5340, A.3.1).
func (d *decoder) ospf(b []byte) {
	d.is("ospf", "")
	d.message = b
	if len(b) < 16 {
		return
	}
	d.Message = word(int(b[1]), "", "hello", "dd", "request", "update", "ack")
	d.say("v%d router %s area %s", b[0], net.IP(b[4:8]), net.IP(b[8:12]))
}

func (d *decoder) vrrp(b []byte) {
	d.is("vrrp", "")
	d.message = b
	if len(b) < 8 {
		return
	}
	d.Message = word(int(b[0]&0xf), "", "advertisement")
	d.say("v%d router %d priority %d", b[0]>>4, b[1], b[2])
}

// slow are the slow protocols (IEEE 802.3, annex 57A), of which LACP is one.
func (d *decoder) slow(b []byte) {
	d.is("slow", "")
	if len(b) < 1 {
		return
	}
	switch b[0] {
	case 1:
		d.is("lacp", "")
		d.message = b
	case 2:
		d.is("lacp", "marker")
	default:
		d.Message = fmt.Sprintf("type %d", b[0])
	}
}

func (d *decoder) llc(b []byte) {
	switch {
	case len(b) >= 7 && b[0] == 0x42: // IEEE 802.1D, clause 9
		d.message = b[3:]
		d.is("stp", named(b[6], map[byte]string{0: "config", 2: "rst", 0x80: "tcn"}))
	case len(b) >= 8 && b[0] == 0xfe && b[3] == 0x83: // ISO/IEC 10589, 9.1
		d.is("isis", named(b[7]&0x1f, map[byte]string{
			15: "hello", 16: "hello", 17: "hello", 18: "lsp", 20: "lsp", 24: "csnp", 25: "csnp", 26: "psnp", 27: "psnp",
		}))
	case len(b) >= 1:
		d.is("llc", "")
	}
}
