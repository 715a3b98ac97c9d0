// Package packettest builds frames and captures for tests of what reads and rewrites them.
// Checksums are right. Nothing here is for use outside of tests.
package packettest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// U16 and U32 are numbers with the greatest byte first.
func U16(v int) []byte { return []byte{byte(v >> 8), byte(v)} } //nolint:gosec // tests give what fits

// U32 is a number of 32 bits.
func U32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// Cat joins.
func Cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// IP is the bytes of an address.
func IP(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

// Sum16 is the Internet checksum over parts; over what has a right one it is zero.
func Sum16(parts ...[]byte) uint16 {
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

// Summed puts the checksum of p, with what precedes it in the sum, at offset at of p.
func Summed(p []byte, at int, before ...[]byte) []byte {
	binary.BigEndian.PutUint16(p[at:], Sum16(append(before, p)...))
	return p
}

// Ether is a frame between the stations of v.
func Ether(dst, src []byte, kind int, body []byte) []byte { return Cat(dst, src, U16(kind), body) }

// IPv4 is a packet without options.
func IPv4(proto byte, src, dst string, body []byte) []byte {
	h := Cat([]byte{0x45, 0}, U16(20+len(body)), []byte{0, 1, 0, 0, 64, proto, 0, 0}, IP(src), IP(dst))
	return Cat(Summed(h, 10), body)
}

// IPv6 is a packet; body may begin with extension headers.
func IPv6(next byte, src, dst string, body []byte) []byte {
	return Cat([]byte{0x60, 0, 0, 0}, U16(len(body)), []byte{next, 255}, IP(src), IP(dst), body)
}

// Pseudo is what checksums of UDP, TCP and ICMPv6 cover of IP.
func Pseudo(proto byte, src, dst string, n int) []byte {
	return Cat(IP(src), IP(dst), []byte{0, proto}, U16(n))
}

// UDP is a datagram in IPv4.
func UDP(src, dst string, sport, dport int, body []byte) []byte {
	d := Cat(U16(sport), U16(dport), U16(8+len(body)), []byte{0, 0}, body)
	return IPv4(17, src, dst, Summed(d, 6, Pseudo(17, src, dst, len(d))))
}

// TCP is a segment in IPv4. options fill words of four bytes.
func TCP(src, dst string, sport, dport int, seq uint32, body []byte, options ...byte) []byte {
	head := byte((20 + len(options)) / 4 << 4) //nolint:gosec // tests give what fits
	d := Cat(U16(sport), U16(dport), U32(seq), U32(0), []byte{head, 0x18, 0x10, 0, 0, 0, 0, 0}, options, body)
	return IPv4(6, src, dst, Summed(d, 16, Pseudo(6, src, dst, len(d))))
}

// TLV is one of LLDP.
func TLV(kind int, body []byte) []byte { return Cat(U16(kind<<9|len(body)), body) }

// OSPF is a packet of version 2 without authentication.
func OSPF(kind byte, src, router string, body []byte) []byte {
	d := Cat([]byte{2, kind}, U16(24+len(body)), IP(router), IP("0.0.0.0"), []byte{0, 0, 0, 0}, make([]byte, 8), body)
	binary.BigEndian.PutUint16(d[12:], Sum16(d[:16], d[24:]))
	return IPv4(89, src, "224.0.0.5", d)
}

// LSA is one with its checksum.
func LSA(kind byte, id, router string, body []byte) []byte {
	l := Cat([]byte{0, 1, 2, kind}, IP(id), IP(router), U32(0x80000001), []byte{0, 0}, U16(20+len(body)), body)
	SetFletcher(l[2:], 14)
	return l
}

// SetFletcher makes the checksum at offset at of b.
func SetFletcher(b []byte, at int) {
	b[at], b[at+1] = 0, 0
	c0, c1 := Fletcher(b)
	x := ((len(b)-at-1)*c0 - c1) % 255
	if x <= 0 {
		x += 255
	}
	y := 510 - c0 - x
	if y > 255 {
		y -= 255
	}
	b[at], b[at+1] = byte(x), byte(y) //nolint:gosec // bytes by construction
}

// Fletcher is both zero over what has a right checksum.
func Fletcher(b []byte) (c0, c1 int) {
	for _, v := range b {
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	return c0, c1
}

// BGP is a message.
func BGP(kind byte, body []byte) []byte {
	return Cat(bytes.Repeat([]byte{0xff}, 16), U16(19+len(body)), []byte{kind}, body)
}

// BER is an element of less than 128 bytes.
func BER(kind byte, body []byte) []byte { return LV(kind, 0, body) }

// LV is a value of one byte of length after its type; extra is what the length counts beside.
func LV(kind byte, extra int, body []byte) []byte {
	return Cat([]byte{kind, byte(len(body) + extra)}, body) //nolint:gosec // tests give what fits
}

// Block is one of pcapng.
func Block(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := binary.LittleEndian.AppendUint32(nil, uint32(12+len(body))) //nolint:gosec // tests give what fits
	return Cat(binary.LittleEndian.AppendUint32(nil, kind), n, body, n)
}

// Option is one of a block of pcapng.
func Option(kind int, body []byte) []byte {
	le := binary.LittleEndian
	head := le.AppendUint16(le.AppendUint16(nil, uint16(kind)), uint16(len(body))) //nolint:gosec // tests give what fits
	return Cat(head, body, make([]byte, (4-len(body)%4)%4))
}

// Pcapng is a file with these frames of Ethernet, and a comment in its head.
func Pcapng(comment string, frames [][]byte) []byte {
	le := binary.LittleEndian
	section := Cat(le.AppendUint32(nil, 0x1a2b3c4d), []byte{1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8))
	out := Cat(Block(0x0a0d0d0a, Cat(section, Option(1, []byte(comment)), make([]byte, 4))), Block(1, []byte{1, 0, 0, 0, 0, 0, 4, 0}))
	for i, f := range frames {
		head := Cat(make([]byte, 4), make([]byte, 4), le.AppendUint32(nil, uint32(i)), le.AppendUint32(nil, uint32(len(f))), le.AppendUint32(nil, uint32(len(f)))) //nolint:gosec // tests give what fits
		out = append(out, Block(6, Cat(head, f))...)
	}
	return out
}

// Pcap is a file with these frames of a link type.
func Pcap(order binary.AppendByteOrder, link uint32, frames ...[]byte) []byte {
	out := Cat(order.AppendUint32(nil, 0xa1b2c3d4), order.AppendUint16(nil, 2), order.AppendUint16(nil, 4), make([]byte, 8), order.AppendUint32(nil, 1<<18), order.AppendUint32(nil, link))
	for _, f := range frames {
		n := order.AppendUint32(nil, uint32(len(f))) //nolint:gosec // tests give what fits
		out = Cat(out, make([]byte, 8), n, n, f)
	}
	return out
}

// Frames reads the frames of what [Pcapng] made back.
func Frames(data []byte) [][]byte {
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
