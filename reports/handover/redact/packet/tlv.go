package packet

// An element of one byte of type and one of length, which counts the value alone: parameters and
// capabilities of BGP (RFC 4271, section 4.2; RFC 5492, section 4), TLVs of IS-IS (ISO/IEC 10589,
// section 9.5).
const (
	tlvLength = 1
	tlvHead   = 2
)

// tlvs calls do with the type of each such element and the place of its value, up to the first
// that goes beyond end.
func (c *capture) tlvs(at, end int, do func(kind, at, end int)) {
	for at+tlvHead <= end {
		value := at + tlvHead
		stop := value + c.byteAt(at+tlvLength)
		if stop > end {
			return
		}
		c.plain(at, value)
		do(c.byteAt(at), value, stop)
		at = stop
	}
}
