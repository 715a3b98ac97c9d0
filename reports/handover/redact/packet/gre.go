package packet

// The header of GRE (RFC 2784, section 2; RFC 2890, section 2, for key and sequence number).
// Each of the fields that a flag announces has four bytes.
const (
	greFlags    = 0
	greProtocol = 2
	greLen      = 4
	greSum      = 4 // where it is, if it is
	greField    = 4

	greHasSum      = 0x8000
	greHasKey      = 0x2000
	greHasSequence = 0x1000
)

func (c *capture) gre(f *frame, at, end int) {
	flags, kind := c.u16(at+greFlags), c.u16(at+greProtocol)
	body := at + greLen
	for _, has := range []int{greHasSum, greHasKey, greHasSequence} {
		if flags&has != 0 {
			body += greField
		}
	}
	if body > end {
		return
	}
	c.in(at, "GRE")
	c.plain(at, body)
	if flags&greHasSum != 0 {
		f.sum(at+greSum, part{at, end})
	}
	switch kind {
	case typeERSPAN, typeERSPAN3:
		c.erspan(f, kind, flags&greHasSequence != 0, body, end)
	case typePPP:
		if flags&greHasAck != 0 {
			c.plain(body, body+greField)
			body += greField
		}
		c.ppp(f, body, end)
	default:
		c.carried(f, kind, body, end)
	}
}
