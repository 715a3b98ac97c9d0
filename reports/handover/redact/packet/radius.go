package packet

// The header of RADIUS, and an attribute (RFC 2865, sections 3 and 5).
const (
	radiusAuthenticator = 4
	radiusLen           = 20

	attributeLength = 1
	attributeHead   = 2
)

// Attributes (RFC 2865, section 5; RFC 2869, section 5.14, for the last).
const (
	radiusUserName      = 1
	radiusUserPassword  = 2
	radiusCHAPPassword  = 3
	radiusNASAddress    = 4
	radiusFramedAddress = 8
	radiusFilter        = 11
	radiusLoginHost     = 14
	radiusCalledStation = 30
	radiusCaller        = 31
	radiusNASIdentifier = 32
	radiusMessageAuth   = 80
)

// radius maps attributes. Authenticators no longer fit what they cover.
func (c *capture) radius(at, end int) {
	c.digest(at+radiusAuthenticator, at+radiusLen)
	for p := at + radiusLen; p+attributeHead <= end; {
		n := c.byteAt(p + attributeLength)
		if n < attributeHead {
			return
		}
		body, whole := p+attributeHead, p+n
		stop := min(whole, end)
		switch c.byteAt(p) {
		case radiusUserName, radiusNASIdentifier:
			c.field(Name, body, whole, end)
		case radiusFilter, radiusCalledStation, radiusCaller:
			c.text(body, stop)
		case radiusUserPassword, radiusCHAPPassword, radiusMessageAuth:
			c.digest(body, stop)
		case radiusNASAddress, radiusFramedAddress, radiusLoginHost:
			if stop-body == ipv4Len {
				c.addr(body, ipv4Len)
			}
		default:
			c.payload(body, stop)
		}
		p = stop
	}
}
