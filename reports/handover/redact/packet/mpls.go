package packet

// A label of MPLS (RFC 3032, section 2.1).
const (
	labelStack  = 2 // the byte with the bit that says that it is the last
	labelBottom = 1
	labelLen    = 4
)

// mpls goes below the stack of labels.
func (c *capture) mpls(f *frame, at, end int) {
	for at+labelLen <= end {
		last := c.byteAt(at+labelStack)&labelBottom != 0
		c.plain(at, at+labelLen)
		at += labelLen
		if last {
			break
		}
	}
	if version := 0; at < end {
		version = c.byteAt(at) >> versionShift
		if version != version4 && version != version6 {
			c.overMPLS(f, at, end)
			return
		}
	}
	c.ip(f, at, end)
}
