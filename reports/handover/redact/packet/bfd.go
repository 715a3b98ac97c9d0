package packet

// BFD (RFC 5880, section 4; RFC 5881, section 4; RFC 5883; RFC 7130).
const (
	portBFD         = 3784
	portBFDMultihop = 4784
	portBFDLAG      = 6784

	bfdFlags    = 1
	bfdLen      = 24
	bfdHasAuth  = 0x04
	bfdAuthLen  = 1
	bfdPassword = 3 // after type, length and the number of a key
	bfdDigest   = 8
	bfdSimple   = 1
)

// bfd cuts the password or the digest.
func (c *capture) bfd(at, end int) {
	c.in(at, "BFD")
	if at+bfdLen > end {
		return
	}
	c.plain(at, at+bfdLen)
	auth := at + bfdLen
	if c.byteAt(at+bfdFlags)&bfdHasAuth == 0 || auth+bfdPassword > end {
		return
	}
	whole := auth + c.byteAt(auth+bfdAuthLen)
	c.plain(auth, auth+bfdPassword)
	if c.byteAt(auth) == bfdSimple {
		c.field(Secret, auth+bfdPassword, whole, end)
		return
	}
	c.plain(auth, min(end, auth+bfdDigest))
	c.digest(auth+bfdDigest, min(whole, end))
}
