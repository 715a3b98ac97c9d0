package packet

import "github.com/reprise-lab/reprise/harness/unpack"

// The header of RADIUS, and an attribute (RFC 2865, sections 3 and 5).
const (
	radiusAuthenticator = 4
	radiusLen           = 20

	attributeLength = 1
	attributeHead   = 2
)

// Attributes (RFC 2865, section 5; RFC 2866; RFC 2868; RFC 2869; RFC 3162; RFC 4372; RFC 4818; RFC 6911).
const (
	radiusUserName       = 1
	radiusUserPassword   = 2
	radiusCHAPPassword   = 3
	radiusNASAddress     = 4
	radiusFramedAddress  = 8
	radiusFilter         = 11
	radiusLoginHost      = 14
	radiusReply          = 18
	radiusCallback       = 19
	radiusCallbackID     = 20
	radiusRoute          = 22
	radiusState          = 24
	radiusClass          = 25
	radiusVendor         = 26
	radiusCalledStation  = 30
	radiusCaller         = 31
	radiusNASIdentifier  = 32
	radiusSession        = 44
	radiusChallenge      = 60
	radiusTunnelClient   = 66
	radiusTunnelServer   = 67
	radiusTunnelSecret   = 69
	radiusConnect        = 77
	radiusEAP            = 79
	radiusMessageAuth    = 80
	radiusVLAN           = 81
	radiusPort           = 87
	radiusPool           = 88
	radiusChargeable     = 89
	radiusTunnelAuthC    = 90
	radiusTunnelAuthS    = 91
	radiusNASAddress6    = 95
	radiusPrefix6        = 97
	radiusLoginHost6     = 98
	radiusPool6          = 100
	radiusDelegated6     = 123
	radiusFramedAddress6 = 168

	radiusMACText    = 17
	radiusPrefixHead = 2
)

// radius maps attributes. Authenticators no longer fit what they cover.
func (c *capture) radius(at, end int) {
	c.in(at, "RADIUS")
	c.plain(at, at+radiusAuthenticator)
	c.digest(at+radiusAuthenticator, at+radiusLen)
	for p := at + radiusLen; p+attributeHead <= end; {
		n := c.byteAt(p + attributeLength)
		if n < attributeHead {
			return
		}
		whole := p + n
		c.plain(p, p+attributeHead)
		c.radiusAttribute(c.byteAt(p), p+attributeHead, whole, min(whole, end))
		p = whole
	}
}

// radiusAttribute maps one, of which the frame has perhaps the begin only.
func (c *capture) radiusAttribute(kind, at, whole, end int) {
	n := end - at
	switch {
	case n <= 0:
	case kind == radiusUserName || kind == radiusNASIdentifier || kind == radiusPool || kind == radiusPool6 || kind == radiusChargeable:
		c.field(Name, at, whole, end)
	case kind == radiusCalledStation && n > radiusMACText+1 && c.byteAt(at+radiusMACText) == ':': // a MAC, and the network behind it (RFC 3580, section 3.20)
		c.text(at, at+radiusMACText)
		c.plain(at, end)
		c.field(Name, at+radiusMACText+1, whole, end)
	case kind == radiusUserPassword || kind == radiusCHAPPassword || kind == radiusChallenge || kind == radiusMessageAuth ||
		kind == radiusState || kind == radiusClass || kind == radiusTunnelSecret:
		c.digest(at, end)
	case (kind == radiusNASAddress || kind == radiusFramedAddress || kind == radiusLoginHost) && n == ipv4Len,
		(kind == radiusNASAddress6 || kind == radiusLoginHost6 || kind == radiusFramedAddress6) && n == ipv6Len:
		c.addr(at, n)
	case (kind == radiusPrefix6 || kind == radiusDelegated6) && n > radiusPrefixHead:
		bits := min(c.byteAt(at+1), longest6)
		c.plain(at, at+radiusPrefixHead)
		if octets(bits) <= n-radiusPrefixHead {
			c.prefix(at+radiusPrefixHead, bits, ipv6Len)
		}
	case kind == radiusEAP:
		c.eap(at, end)
	case kind == radiusVendor && n > headerWord:
		c.plain(at, at+headerWord)
		c.radiusVendor(at+headerWord, end)
	case n == headerWord && !textAttribute(kind): // a number
		c.plain(at, end)
	default:
		c.text(at, end)
	}
}

// textAttribute tells the attributes that are texts also where they have the length of a number.
func textAttribute(kind int) bool {
	switch kind {
	case radiusFilter, radiusReply, radiusCallback, radiusCallbackID, radiusRoute, radiusCalledStation, radiusCaller, radiusSession, radiusPort,
		radiusConnect, radiusTunnelClient, radiusTunnelServer, radiusVLAN, radiusTunnelAuthC, radiusTunnelAuthS:
		return true
	}
	return false
}

// radiusVendor maps what a vendor defined: numbers stay, texts are searched (RFC 2865, section 5.26).
func (c *capture) radiusVendor(at, end int) {
	for at+attributeHead <= end {
		n := c.byteAt(at + attributeLength)
		if n < attributeHead || at+n > end {
			break
		}
		c.plain(at, at+attributeHead)
		switch body, stop := at+attributeHead, at+n; {
		case n == attributeHead+headerWord && !unpack.IsText(c.old[body:stop]):
			c.plain(body, stop)
		case unpack.IsText(c.old[body:stop]):
			c.text(body, stop)
		default:
			c.digest(body, stop)
		}
		at += n
	}
	c.opaque("RADIUS attributes of a vendor", at, end)
}
