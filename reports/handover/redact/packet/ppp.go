package packet

import "fmt"

// The head of a packet of PPP (RFC 1661, section 2; RFC 1662, section 3.1): an address and a control field, which may be
// left out, and a protocol, whose first byte may be left out where it is zero. Cisco's HDLC has an EtherType there.
const (
	pppAddress      = 0xff
	pppControl      = 0x03
	pppFrame        = 2 // both fields
	pppProtocolLen  = 2
	pppCompressed   = 1 // the bit of the last byte of a protocol
	hdlcUnicast     = 0x0f
	hdlcMulticast   = 0x8f
	hdlcLen         = 4
	hdlcProtocol    = 2
	typeSLARP       = 0x8035 // who asks for an address, or says that the line lives
	slarpLen        = 14
	pppoeHead       = 6 // RFC 2516, section 4
	pppoeLength     = 4
	typePPPoE       = 0x8864
	typePPP         = 0x880b // in GRE (RFC 2637, section 4.1)
	greHasAck       = 0x0080 // of its version of GRE
	portL2TP        = 1701
	l2tpFlags       = 0
	l2tpControl     = 0x8000 // RFC 2661, section 3.1
	l2tpHasLength   = 0x4000
	l2tpHasSequence = 0x0800
	l2tpHasOffset   = 0x0200
	l2tpVersionMask = 0x000f
	l2tpVersion     = 2
	l2tpIDs         = 4 // of the tunnel and the session
)

// Protocols of PPP (IANA's registry).
const (
	pppIPv4   = 0x0021
	pppOSI    = 0x0023
	pppIPv6   = 0x0057
	pppMPLS   = 0x0281
	pppIPCP   = 0x8021
	pppOSICP  = 0x8023
	pppIPv6CP = 0x8057
	pppMPLSCP = 0x8281
	pppLCP    = 0xc021
	pppPAP    = 0xc023
	pppCHAP   = 0xc223
	pppEAP    = 0xc227
)

// What PAP, CHAP and the protocols that configure have: a code, an identifier, a length and data (RFC 1334, section 2.2;
// RFC 1994, section 4; RFC 1661, section 5).
const (
	pppCode    = 0
	pppLength  = 2
	pppData    = 4
	papRequest = 1
	chapFirst  = 1 // a challenge, and a response
	chapLast   = 2
)

// Options of IPCP that are addresses (RFC 1332, section 3.3; RFC 1877).
const (
	ipcpAddress  = 3
	ipcpFirstDNS = 129
	ipcpLastNBNS = 132
)

// ppp goes into a packet of PPP, with or without its address and control field.
func (c *capture) ppp(f *frame, at, end int) {
	if at+pppFrame <= end && c.byteAt(at) == pppAddress && c.byteAt(at+1) == pppControl {
		c.plain(at, at+pppFrame)
		at += pppFrame
	}
	if at >= end || !c.enter(at, end) {
		return
	}
	defer c.leave()
	begin := at
	kind := c.byteAt(at)
	if kind&pppCompressed != 0 {
		at++
	} else {
		if at+pppProtocolLen > end {
			return
		}
		kind = c.u16(at)
		at += pppProtocolLen
	}
	c.in(begin, "PPP")
	c.plain(begin, at)
	switch kind {
	case pppIPv4, pppIPv6:
		c.ip(f, at, end)
	case pppMPLS:
		c.mpls(f, at, end)
	case pppOSI:
		if at < end && c.byteAt(at) == nlpidISIS {
			c.isis(at, end)
			return
		}
		c.opaque("OSI in PPP", at, end)
	case pppPAP:
		c.pap(at, end)
	case pppCHAP:
		c.chap(at, end)
	case pppEAP:
		c.eap(at, end)
	case pppLCP, pppIPv6CP, pppMPLSCP, pppOSICP: // numbers
		c.plain(at, end)
	case pppIPCP:
		if at+pppData <= end {
			c.plain(at, at+pppData)
			c.ipOptions(at+pppData, end, func(kind, at, end int) {
				if (kind == ipcpAddress || kind >= ipcpFirstDNS && kind <= ipcpLastNBNS) && end-at == optHead+ipv4Len {
					c.plain(at, at+optHead)
					c.addr(at+optHead, ipv4Len)
				}
			})
		}
	default:
		c.opaque(fmt.Sprintf("PPP protocol 0x%04x", kind), at, end)
	}
}

// pap cuts the name and the password of a request; what answers it is a text.
func (c *capture) pap(at, end int) {
	if at+pppData > end {
		return
	}
	c.plain(at, at+pppData)
	if c.byteAt(at+pppCode) != papRequest {
		c.payload(at+pppData, end)
		return
	}
	at += pppData
	for _, kind := range []Kind{Name, Secret} {
		if at >= end {
			return
		}
		n := c.byteAt(at)
		c.plain(at, at+1)
		c.field(kind, at+1, at+1+n, end)
		at += 1 + n
	}
}

// chap cuts what was made with the secret, and the name behind it.
func (c *capture) chap(at, end int) {
	if at+pppData >= end {
		return
	}
	kind, n := c.byteAt(at+pppCode), c.u16(at+pppLength)
	c.plain(at, at+pppData)
	whole := end
	if n > pppData {
		whole = at + n
		end = min(end, whole)
	}
	if kind < chapFirst || kind > chapLast {
		c.payload(at+pppData, end)
		return
	}
	value := at + pppData + 1
	c.plain(at+pppData, value)
	stop := value + c.byteAt(at+pppData)
	c.digest(value, min(stop, end))
	c.field(Name, stop, whole, end)
}

// hdlc goes into a packet of Cisco's HDLC, or of PPP in frames like it.
func (c *capture) hdlc(f *frame, at, end int) {
	if at < end && c.byteAt(at) == pppAddress {
		c.ppp(f, at, end)
		return
	}
	if at+hdlcLen > end {
		return
	}
	if first := c.byteAt(at); first != hdlcUnicast && first != hdlcMulticast {
		c.unknown(at, end)
		return
	}
	c.plain(at, at+hdlcLen)
	if c.u16(at+hdlcProtocol) == typeSLARP && at+hdlcLen+slarpLen <= end {
		c.plain(at+hdlcLen, end)
		c.addr(at+hdlcLen+headerWord, ipv4Len)
		return
	}
	c.ethertype(f, c.u16(at+hdlcProtocol), at+hdlcLen, end)
}

// pppoe goes into a packet of a session.
func (c *capture) pppoe(f *frame, at, end int) {
	if at+pppoeHead > end {
		return
	}
	c.plain(at, at+pppoeHead)
	c.ppp(f, at+pppoeHead, min(end, at+pppoeHead+c.u16(at+pppoeLength)))
}

// l2tp goes into the PPP that a message of L2TP carries; one that controls is searched by value.
func (c *capture) l2tp(f *frame, at, end int) {
	if at+2 > end {
		return
	}
	flags := c.u16(at + l2tpFlags)
	if flags&l2tpControl != 0 || flags&l2tpVersionMask != l2tpVersion {
		c.opaque("L2TP's control messages and version 3", at, end)
		return
	}
	body := at + 2 + l2tpIDs
	if flags&l2tpHasLength != 0 {
		body += 2
	}
	if flags&l2tpHasSequence != 0 {
		body += 4
	}
	if flags&l2tpHasOffset != 0 {
		if body += 2; body <= end {
			body += c.u16(body - 2)
		}
	}
	if body > end {
		c.payload(at, end)
		return
	}
	c.plain(at, body)
	c.ppp(f, body, end)
}
