package packet

import "net"

// The head of RIP and an entry of it (RFC 2453, section 4).
const (
	ripHead    = 4
	ripFamily  = 0
	ripTag     = 2
	ripAddr    = 4
	ripMask    = 8
	ripNextHop = 12
	ripEntry   = 20

	ripIPv4 = 2
)

// An entry that authenticates, and what it has in place of a tag (RFC 2453, section 4.1;
// RFC 4822, section 2.2).
const (
	ripAuth     = 0xffff
	ripDigest   = 1
	ripPassword = 2
	ripAuthData = 4
	ripAuthLen  = 16
)

// rip maps the entries.
func (c *capture) rip(at, end int) {
	c.in(at, "RIP")
	c.plain(at, at+ripHead)
	for p := at + ripHead; p+ripAuthData <= end; p += ripEntry {
		if p+ripEntry > end && c.u16(p+ripFamily) != ripAuth {
			c.addrs(p+ripAddr, min(end, p+ripMask), ipv4Len)
			return
		}
		switch c.u16(p + ripFamily) {
		case 0: // a request for all
			c.plain(p, min(end, p+ripEntry))
		case ripIPv4:
			c.plain(p, p+ripEntry)
			bits := c.maskBits(p + ripMask)
			if c.byteAt(p+ripMask) == 0 { // none, as in version 1
				bits = unknownBits
			}
			c.network(p+ripAddr, ipv4Len, bits)
			c.addr(p+ripNextHop, ipv4Len)
		case ripAuth:
			data := p + ripAuthData
			c.plain(p, data)
			switch c.u16(p + ripTag) {
			case ripPassword:
				c.padded(data, ripAuthLen, end)
			case ripDigest:
				c.digest(data, min(end, data+ripAuthLen))
			}
		}
	}
}

// maskBits is the length of the network that a mask of IPv4 means; unknownBits when it has holes.
func (c *capture) maskBits(at int) int {
	ones, all := net.IPMask(c.old[at : at+ipv4Len]).Size()
	if all == 0 {
		return unknownBits
	}
	return ones
}
