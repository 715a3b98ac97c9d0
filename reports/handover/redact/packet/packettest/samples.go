package packettest

import "encoding/binary"

// Stations of the samples.
func stations() (a, b []byte) {
	return []byte{0, 4, 0x96, 0xab, 0xcd, 1}, []byte{0, 4, 0x96, 0xab, 0xcd, 2}
}

// MACA is the station that the samples are to.
func MACA() []byte { a, _ := stations(); return a }

// MACB is the station that the samples are from.
func MACB() []byte { _, b := stations(); return b }

// Typed is a value that a user of the samples types into a terminal, in two segments.
const Typed = "Only-In-Packets-1"

// Wrong is which of the samples has a wrong checksum.
const Wrong = 12

// Samples are frames of the protocols that carry names and addresses, of the network that the
// tests of redaction are about. community is what SNMP asks with.
func Samples(community string) [][]byte {
	ether := func(kind int, body []byte) []byte { return Ether(MACA(), MACB(), kind, body) }
	ospf := func(kind byte, router string, body []byte) []byte { return OSPF(kind, "10.44.10.1", router, body) }
	lldp := Cat(TLV(1, Cat([]byte{4}, MACA())), TLV(2, []byte("\x051/1")), TLV(3, U16(120)), TLV(5, []byte("zurich-core-07")),
		TLV(6, []byte("IOS 17.9 of hmustermann")), TLV(8, Cat([]byte{5, 1}, IP("10.44.10.1"), []byte{2, 0, 0, 0, 1, 0})), TLV(0, nil))
	router := LSA(1, "172.20.9.9", "172.20.9.9", Cat([]byte{0, 0, 0, 2}, IP("10.44.10.0"), IP("255.255.255.0"), []byte{3, 0, 0, 10},
		IP("10.44.10.1"), IP("10.44.10.1"), []byte{2, 0, 0, 10}))
	summary := LSA(3, "10.44.0.0", "172.20.9.9", Cat(IP("255.255.0.0"), U32(10)))
	hello := Cat(IP("255.255.255.0"), U16(10), []byte{2, 1}, U32(40), IP("10.44.10.1"), IP("10.44.10.2"), IP("172.20.9.10"))
	open := BGP(1, Cat([]byte{4}, U16(65010), U16(180), IP("10.66.255.2"), []byte{0}))
	next := 100 + uint32(len(open)) //nolint:gosec // a short message
	update := BGP(2, Cat(U16(3), []byte{16, 10, 66}, U16(7), []byte{0x40, 3, 4}, IP("62.81.14.78"), []byte{24, 10, 44, 10}))
	snmp := BER(0x30, Cat(BER(2, []byte{1}), BER(4, []byte(community)), BER(0xa2, Cat(BER(2, []byte{1}), BER(2, []byte{0}), BER(2, []byte{0}),
		BER(0x30, Cat(BER(0x30, Cat(BER(6, []byte{0x2b, 6, 1, 2, 1, 1, 5, 0}), BER(4, []byte("zurich-core-07")))),
			BER(0x30, Cat(BER(6, []byte{0x2b, 6, 1, 2, 1, 4, 20, 1, 1, 10, 44, 10, 1}), BER(0x40, IP("10.44.10.1"))))))))))
	login := "user hmustermann typed " + Typed + " here, and that was all"
	const cut = 31 // inside of the value
	wrong := IPv4(17, "10.44.10.1", "10.44.10.2", Cat(U16(1), U16(2), U16(12), []byte{0xde, 0xad}, []byte("abcd")))
	icmp := Cat([]byte{3, 1, 0, 0, 0, 0, 0, 0}, UDP("10.44.10.1", "10.44.10.2", 5, 6, []byte("abcdefgh"))[:28])
	binary.BigEndian.PutUint16(icmp[2:], Sum16(icmp))
	inner := ether(0x0800, UDP("10.44.10.1", "10.44.10.2", 514, 514, []byte("<134>zurich-core-07: login of hmustermann from 10.44.17.5")))
	return [][]byte{
		ether(0x88cc, lldp),
		ether(0x8100, Cat(U16(10), U16(0x0806), []byte{0, 1, 8, 0, 6, 4, 0, 1}, MACA(), IP("10.44.10.1"), MACB(), IP("10.44.10.2"))),
		ether(0x0800, ospf(1, "172.20.9.9", hello)),
		ether(0x0800, ospf(4, "172.20.9.9", Cat(U32(2), router, summary))),
		ether(0x0800, ospf(5, "172.20.9.10", Cat(router[:20], summary[:20]))),
		ether(0x0800, TCP("62.81.14.77", "62.81.14.78", 4000, 179, 100, open)),
		ether(0x0800, TCP("62.81.14.77", "62.81.14.78", 4000, 179, next, update[:25])),
		ether(0x0800, TCP("62.81.14.77", "62.81.14.78", 4000, 179, next+25, update[25:])),
		ether(0x0800, UDP("10.44.17.30", "10.44.10.1", 4001, 161, snmp)),
		ether(0x0800, TCP("10.44.17.5", "10.44.10.1", 4002, 23, 7, []byte(login[:cut]))),
		ether(0x0800, TCP("10.44.17.5", "10.44.10.1", 4002, 23, 7+cut, []byte(login[cut:]))),
		ether(0x0800, TCP("10.44.17.5", "10.44.10.1", 4002, 23, 7, []byte(login[:cut]))), // again
		ether(0x0800, wrong),
		ether(0x0800, IPv4(1, "10.44.10.9", "10.44.10.1", icmp)),
		ether(0x0800, UDP("10.44.10.1", "10.44.10.9", 4003, 4789, Cat([]byte{8, 0, 0, 0, 0, 0, 1, 0}, inner))),
	}
}
