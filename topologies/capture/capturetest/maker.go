// Package capturetest makes frames and filters up, for tests of what captures them.
package capturetest

import (
	"encoding/binary"
	"math/rand/v2"
)

// Maker makes frames of all kinds that filters tell apart, and filters, the same ones for the same
// seed. What it chooses from is small, so that filters meet some frames of theirs.
type Maker struct{ *rand.Rand }

// NewMaker gives one.
func NewMaker(seed uint64) Maker {
	return Maker{rand.New(rand.NewPCG(seed, 15))} //nolint:gosec // no secret
}

// Frames makes some.
func Frames(seed uint64, n int) [][]byte {
	m := NewMaker(seed)
	list := make([][]byte, n)
	for i := range list {
		list[i] = m.Frame()
	}
	return list
}

func pick[T any](m Maker, list ...T) T { return list[m.IntN(len(list))] }

// byte makes a number below n.
func (m Maker) byte(n int) byte { return byte(m.IntN(n)) } //nolint:gosec // n is at most 256

func (m Maker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = m.byte(256)
	}
	return b
}

// U16 is a field of two bytes.
func U16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) } //nolint:gosec // two bytes are meant

// Join puts parts of a frame together.
func Join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// Frame makes one; now and then a broken one.
func (m Maker) Frame() []byte {
	f := Join(m.mac(), m.mac(), m.tags(), m.payload())
	switch m.IntN(12) {
	case 0:
		return f[:m.IntN(len(f)+1)]
	case 1:
		f[m.IntN(len(f))] ^= byte(1 << m.IntN(8))
	case 2, 3:
		f = append(f, make([]byte, max(0, 60-len(f)))...)
	}
	return f
}

func (m Maker) mac() []byte {
	return pick(m,
		[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []byte{1, 0x80, 0xc2, 0, 0, 0}, []byte{1, 0x80, 0xc2, 0, 0, 14}, []byte{2, 0, 0, 0, 0, 1},
		[]byte{2, 0, 0, 0, 0, 2}, []byte{1, 0, 0x5e, 0, 0, 5},
	)
}

func (m Maker) tags() []byte {
	var b []byte
	for range pick(m, 0, 0, 0, 1, 1, 2, 3) {
		b = Join(b, U16(pick(m, 0x8100, 0x88a8, 0x9100, 0x8100)), U16(pick(m, 0, 1, 5, 100, 0xe005, 0x6000, 4095)))
	}
	return b
}

func (m Maker) payload() []byte {
	switch m.IntN(10) {
	case 0:
		return Join(U16(pick(m, 0x0806, 0x8035)), U16(1), U16(0x800), []byte{6, 4}, U16(m.IntN(3)), m.mac(), m.address(), m.mac(), m.address())
	case 1:
		body := pick(m, []byte{0x42, 0x42, 3, 0, 0, 2, 2, 0x3c}, []byte{0xff, 0xff, 0, 1}, []byte{0xaa, 0xaa, 3, 0, 0, 12, 1, 11}, []byte{0xfe, 0xfe, 3, 0x82, 0, 1, 0},
			m.isis(), m.isis(), m.isis())
		return Join(U16(len(body)), body)
	case 2:
		return Join(U16(0x88cc), []byte{2, 7, 4, 2, 0, 0, 0, 0, 1}, m.bytes(m.IntN(30)))
	case 3:
		return Join(U16(m.IntN(1<<16)), m.bytes(m.IntN(80)))
	case 4, 5, 6:
		return Join(U16(0x86dd), m.ip6())
	default:
		return Join(U16(0x0800), m.ip4())
	}
}

func (m Maker) isis() []byte {
	return Join([]byte{0xfe, 0xfe, 3, 0x83, 27, 1, 0, pick[byte](m, 15, 16, 17, 18, 20, 24, 25, 26, 27)}, m.bytes(20))
}

func (m Maker) address() []byte {
	return pick(m, []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}, []byte{10, 1, 2, 3}, []byte{192, 168, 1, 1}, []byte{224, 0, 0, 5}, []byte{0, 0, 0, 10}, m.bytes(4))
}

func (m Maker) address6() []byte {
	b := make([]byte, 16)
	copy(b, pick(m, []byte{0xfe, 0x80}, []byte{0x20, 1, 0xd, 0xb8}, []byte{0xff, 2}))
	b[15] = 1 + m.byte(3)
	return b
}

func (m Maker) protocol() byte {
	return pick[byte](m, 1, 2, 6, 6, 17, 17, 50, 51, 58, 89, 103, 112, 132, 9)
}

func (m Maker) ip4() []byte {
	words := pick[byte](m, 0, 0, 0, 1, 3, 10)
	options := m.bytes(4 * int(words))
	head := Join(
		[]byte{0x45 + words, m.byte(256)}, U16(40), m.bytes(2), U16(pick(m, 0, 0, 0x4000, 0x2000, 100, 0x2001)),
		[]byte{32 * m.byte(3), m.protocol()}, m.bytes(2), m.address(), m.address(), options,
	)
	return Join(head, m.transport())
}

func (m Maker) ip6() []byte {
	next, extension := m.protocol(), []byte(nil)
	if m.IntN(4) == 0 {
		next, extension = 44, Join([]byte{m.protocol(), 0}, U16(m.IntN(3)*8), m.bytes(4))
	}
	return Join([]byte{0x60, 0, 0, 0}, U16(40), []byte{next, 64}, m.address6(), m.address6(), extension, m.transport())
}

func (m Maker) port() int { return pick(m, 22, 53, 80, 179, 443, 1985, 8080, 3784) }

func (m Maker) transport() []byte {
	return Join(U16(m.port()), U16(m.port()), m.bytes(8), []byte{0x50, m.byte(64)}, m.bytes(m.IntN(40)))
}

// Expression makes a filter that libpcap accepts too.
func (m Maker) Expression(depth int) string {
	if depth > 0 {
		switch m.IntN(6) {
		case 0, 1:
			return m.Expression(depth-1) + pick(m, " and ", " or ", " && ", " || ") + m.Expression(depth-1)
		case 2:
			return "not " + m.Expression(depth-1)
		case 3:
			return "(" + m.Expression(depth-1) + ")"
		}
	}
	return m.primitive()
}

func (m Maker) primitive() string {
	dir := pick(m, "", "src ", "dst ", "src or dst ", "src and dst ")
	switch m.IntN(12) {
	case 0:
		return pick(m, "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "vrrp", "ah", "esp", "stp", "isis", "esis", "clnp", "iso", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "llc")
	case 1:
		return pick(m, "", "ip ", "arp ") + pick(m, "src host ", "dst host ", "host ") + pick(m, "10.0.0.1", "10.0.0.2", "224.0.0.5", "10")
	case 2:
		return dir + pick(m, "host fe80::1", "host 2001:db8::2", "net fe80::/10", "net 2001:db8::/32", "host ff02::1", "net ::/0")
	case 3:
		return dir + pick(m, "net 10", "net 10.1", "net 10.0.0.0/8", "net 192.168.1.0 mask 255.255.255.0", "net 10.0.0.0/31")
	case 4:
		return pick(m, "", "tcp ", "udp ", "sctp ") + dir + pick(m, "port 179 or 22", "port 53", "portrange 80-443", "port not 80", "port (22 or 80 and 443)", "portrange 443-80")
	case 5:
		return "ether " + pick(m, "src ", "dst ", "host ") + pick(m, "02:00:00:00:00:01", "1:80:c2:0:0:e", "ff-ff-ff-ff-ff-ff", "0100.5e00.0005")
	case 6:
		return pick(m, "broadcast", "multicast", "ether broadcast", "ether multicast", "ip multicast", "ip6 multicast")
	case 7:
		return pick(m, "vlan", "vlan 5", "vlan 100", "vlan (5)", "vlan 0")
	case 8:
		return pick(m, "ether proto 0x88cc", `ether proto \arp`, "ether proto 0x42", "ip proto 89", "ip6 proto 58", "proto ospf", `proto \tcp`, `ip proto (\udp or 6)`, "isis proto 20", "iso proto 0x82")
	case 9:
		return pick(m, "less ", "greater ") + pick(m, "60", "64", "100", "0")
	default:
		return m.sum(2) + " " + pick(m, "=", "==", "!=", "<", "<=", ">", ">=") + " " + m.sum(1)
	}
}

func (m Maker) sum(depth int) string {
	if depth > 0 && m.IntN(2) == 0 {
		op := pick(m, "+", "-", "*", "&", "|", "<<", ">>", "/")
		right := pick(m, "1", "60", "0xff", "len", "ether[13]", "ether[len - 20]", "(len + 3)") // of other fields, see TestFieldsOnTheRight
		if op == "<<" || op == ">>" || op == "/" {
			right = pick(m, "1", "4", "8", "31")
		}
		if m.IntN(3) == 0 {
			return "(" + m.sum(depth-1) + " " + op + " " + right + ")"
		}
		return m.sum(depth-1) + " " + op + " " + right
	}
	size := pick(m, "", ":1", ":2", ":4")
	switch m.IntN(8) {
	case 0:
		return "len"
	case 1:
		return pick(m, "0", "1", "6", "0x0f", "64", "tcp-syn", "tcp-ack", "icmp-echo", "0xffff")
	case 2:
		return "ether[" + pick(m, "0", "6", "10", "11", "12", "13", "14", "15", "16", "20", "ether[0] & 15", "len - 10", "len - 54") + size + "]"
	case 3:
		return pick(m, "ip", "ip6", "arp") + "[" + pick(m, "0", "1", "6", "8", "(ip[0] & 0xf) * 4", "12", "16") + size + "]"
	case 4:
		return pick(m, "tcp", "udp", "icmp", "igmp", "vrrp", "sctp", "pim") + "[" + pick(m, "0", "2", "13", "tcpflags", "icmptype", "(tcp[12] >> 4) * 4", "4") + size + "]"
	case 5:
		return "icmp6[" + pick(m, "icmp6type", "1", "4") + size + "]"
	default:
		return pick(m, "ip[6:2] & 0x1fff", "ip[0] & 0xf", "tcp[tcpflags]", "ip[9]", "ip[2:2]", "udp[4:2]", "ether[12:2]")
	}
}
