package packet

import (
	"bytes"
	"net/netip"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// Elements of BER (ITU-T X.690, 8.1): a tag, a length, contents. A length above the first
// bound says how many bytes of length follow.
const (
	berLength    = 1
	berHead      = 2
	berLong      = 0x80
	berLongMask  = 0x7f
	berLongest   = 3 // bytes of a length: what a datagram can hold, and more
	berDeepest   = 12
	berStructure = 0x20 // a tag's bit: the contents are elements
)

// Tags (ITU-T X.690, 8; RFC 2578, section 7.1.5, for addresses).
const (
	berInteger  = 0x02
	berOctets   = 0x04
	berOID      = 0x06
	berSequence = 0x30
	berAddress  = 0x40
	berTicks    = 0x43 // and between them numbers
)

// snmpVersion2c is the last of the versions that have a community (RFC 3417, RFC 1901).
const snmpVersion2c = 1

// The tags of the PDUs (RFC 1157, section 4.1; RFC 3416, section 3).
const (
	snmpFirstPDU = 0xa0
	snmpLastPDU  = 0xa8
)

// securityLeast is the length up to which an octet string is not looked into for the security
// parameters of version 3 (RFC 3414, section 2.4), which are longer.
const securityLeast = 8

// An engine's id that is made of its MAC (RFC 3411, section 5, SnmpEngineID).
const (
	engineByStandard = 0x80 // the first bit: the rest is as the RFC has it
	engineFormat     = 4
	engineIsMAC      = 3
	engineMAC        = 5
)

// An octet of an OID's number but the last one has the first bit (ITU-T X.690, 8.19).
const (
	oidMore     = 0x80
	oidMask     = 0x7f
	oidBits     = 7
	oidLongest  = 3 // octets that are read as one number
	oidOfOctet  = 255
	oidShortest = 1 + ipv4Len // what an address can end
)

// snmp goes over a message in BER: the community or user, and in the rest octet strings
// by value, IpAddress values, and addresses that index OIDs. It reports whether it is one.
func (c *capture) snmp(at, end int) bool {
	message, ok := c.berCut(at, end)
	if !ok || message.tag != berSequence {
		return false
	}
	version, ok := c.ber(message.body, message.end)
	if !ok || version.tag != berInteger || version.end != version.body+1 {
		return false
	}
	c.in(at, "SNMP")
	c.plain(at, version.end)
	at = version.end
	if c.byteAt(version.body) <= snmpVersion2c {
		community, ok := c.berCut(at, message.end)
		if !ok || community.tag != berOctets {
			return message.missing > 0 && at+berHead > message.end // the frame ends before it
		}
		c.plain(at, community.body)
		if unpack.IsText(c.old[community.body:community.end]) {
			c.field(Secret, community.body, community.end+community.missing, community.end)
		}
		at = community.end
	}
	c.berTree(at, message.end, 0)
	return true
}

// snmpMessages goes over those of a stream (RFC 3430, section 2).
func (c *capture) snmpMessages() {
	for at := 0; at < len(c.old); {
		message, ok := c.berCut(at, len(c.old))
		if !ok || !c.snmp(at, message.end) {
			return
		}
		at = message.end
	}
}

// looksSNMP tells a message of version 1 or 2c on a port of somebody's choice: a sequence that
// is the whole datagram, of a version, a text and one of the PDUs.
func (c *capture) looksSNMP(at, end int) bool {
	message, ok := c.berCut(at, end)
	if !ok || message.tag != berSequence || message.end != end {
		return false
	}
	version, ok := c.ber(message.body, message.end)
	if !ok || version.tag != berInteger || version.end != version.body+1 || c.byteAt(version.body) > snmpVersion2c {
		return false
	}
	community, ok := c.berCut(version.end, message.end)
	if !ok || community.tag != berOctets || !unpack.IsText(c.old[community.body:community.end]) {
		return false
	}
	if message.missing > 0 && community.end+berHead > message.end {
		return true // the frame ends in it, or behind it
	}
	pdu, ok := c.berCut(community.end, message.end)
	return ok && pdu.missing == message.missing && pdu.tag >= snmpFirstPDU && pdu.tag <= snmpLastPDU && pdu.end == message.end
}

// element is one element of BER: its tag, and where its contents are.
type element struct {
	tag       int
	body, end int
	missing   int // bytes that the frame has not
}

// berCut is the same of one whose end was perhaps not captured: of what is there.
func (c *capture) berCut(at, end int) (element, bool) {
	e, ok := c.ber(at, end)
	if !ok && e.tag != 0 {
		e.missing, e.end, ok = e.end-end, end, e.body <= end
	}
	return e, ok
}

// ber reads the head of one element.
func (c *capture) ber(at, end int) (element, bool) {
	if at+berHead > end {
		return element{}, false
	}
	n, body := c.byteAt(at+berLength), at+berHead
	if n >= berLong {
		k := n & berLongMask
		if k > berLongest || body+k > end {
			return element{}, false
		}
		n = 0
		for range k {
			n = n<<8 | c.byteAt(body)
			body++
		}
	}
	return element{tag: c.byteAt(at), body: body, end: body + n}, body+n <= end
}

func (c *capture) berTree(at, end, depth int) {
	for at < end && depth < berDeepest {
		e, ok := c.ber(at, end)
		if !ok {
			c.payload(at, end)
			if e.tag&berStructure == 0 || e.body >= end {
				return
			}
			e.end = end // cut off
		}
		c.plain(at, e.body)
		switch {
		case e.tag == berAddress && e.end-e.body == ipv4Len:
			c.addr(e.body, ipv4Len)
		case e.tag == berOctets:
			c.octets(e, depth)
		case e.tag == berOID:
			c.plain(e.body, e.end)
			c.oidIndex(e.body, e.end)
		case e.tag == berInteger || e.tag > berAddress && e.tag <= berTicks: // numbers
			c.plain(e.body, e.end)
		case e.tag&berStructure != 0:
			c.berTree(e.body, e.end, depth+1)
		}
		at = e.end
	}
}

// octets maps an octet string by what it looks like.
func (c *capture) octets(e element, depth int) {
	n := e.end - e.body
	switch {
	case n == macLen && !unpack.IsText(c.old[e.body:e.end]):
		c.mac(e.body)
	case n > securityLeast && c.byteAt(e.body) == berSequence: // the security parameters of SNMPv3
		if in, ok := c.ber(e.body, e.end); ok && in.end == e.end {
			c.plain(e.body, in.body)
			c.berTree(in.body, in.end, depth+1)
			c.security(in.body, in.end)
		} else {
			c.payload(e.body, e.end)
		}
	case n >= engineMAC+macLen && c.byteAt(e.body) == engineByStandard && c.byteAt(e.body+engineFormat) == engineIsMAC:
		c.plain(e.body, e.body+engineMAC)
		c.mac(e.body + engineMAC)
	default:
		c.payload(e.body, e.end)
	}
}

// Places in the security parameters of version 3 (RFC 3414, section 2.4).
const (
	securityUser   = 3
	securityDigest = 4
	securityParts  = 6
)

// security cuts the name of the user, and what was made with the user's password.
func (c *capture) security(at, end int) {
	for i := range securityParts {
		part, ok := c.ber(at, end)
		switch {
		case !ok:
			return
		case i == securityUser && part.tag == berOctets:
			c.name(part.body, part.end)
		case i == securityDigest && part.tag == berOctets:
			c.digest(part.body, part.end)
		}
		at = part.end
	}
}

// oidIndex maps an address that ends an OID, when it was seen as one and its new octets
// take as many bytes as the old.
func (c *capture) oidIndex(at, end int) {
	octets, from := c.lastOctets(at, end)
	n := len(octets)
	if n < oidShortest {
		return
	}
	ip := netip.AddrFrom4([ipv4Len]byte(octets[n-ipv4Len:]))
	if !c.m.Seen(ip) {
		return
	}
	var with []byte
	for _, v := range c.m.Addr(ip, unknownBits).As4() {
		if v >= oidMore {
			with = append(with, oidMore|v>>oidBits, v&oidMask)
		} else {
			with = append(with, v)
		}
	}
	start := from[n-ipv4Len]
	if len(with) != end-start {
		with = bytes.Repeat([]byte{0}, end-start)
	}
	c.put(start, with)
}

// lastOctets are the numbers at the end of an OID that can be octets of an address, and
// where each is.
func (c *capture) lastOctets(at, end int) (octets []byte, from []int) {
	for p := at; p < end; {
		start, v := p, 0
		for p < end && c.byteAt(p)&oidMore != 0 && p-start < oidLongest {
			v = v<<oidBits | c.byteAt(p)&oidMask
			p++
		}
		if p == end {
			return nil, nil
		}
		v = v<<oidBits | c.byteAt(p)
		p++
		if v > oidOfOctet {
			octets, from = nil, nil
			continue
		}
		octets, from = append(octets, byte(v)), append(from, start) //nolint:gosec // at most 255
	}
	return octets, from
}
