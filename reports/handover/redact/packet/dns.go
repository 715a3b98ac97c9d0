package packet

// DNS is of RFC 1035; the sections are its.

// The header (4.1.1): how many records each of its four parts has.
const (
	dnsQuestions   = 4
	dnsAnswers     = 6
	dnsAuthorities = 8
	dnsAdditional  = 10
	dnsLen         = 12
)

// What follows the name of a question (4.1.2) and of a record (4.1.3).
const (
	dnsQuestionLen = 4
	dnsType        = 0
	dnsDataLength  = 8
	dnsRecordHead  = 10
)

// Records with an address (3.4.1; RFC 3596, section 2.1).
const (
	dnsA    = 1
	dnsAAAA = 28
)

// A label that refers to a name elsewhere (4.1.4).
const (
	dnsPointer    = 0xc0
	dnsPointerLen = 2
)

// dns maps the addresses of A and AAAA records; names were searched by value.
func (c *capture) dns(at, end int) {
	p, ok := at+dnsLen, false
	for range c.u16(at + dnsQuestions) {
		if p, ok = c.dnsName(p, end); !ok {
			return
		}
		p += dnsQuestionLen
	}
	for range c.u16(at+dnsAnswers) + c.u16(at+dnsAuthorities) + c.u16(at+dnsAdditional) {
		if p, ok = c.dnsName(p, end); !ok || p+dnsRecordHead > end {
			return
		}
		kind, n := c.u16(p+dnsType), c.u16(p+dnsDataLength)
		p += dnsRecordHead
		if p+n > end {
			return
		}
		if kind == dnsA && n == ipv4Len || kind == dnsAAAA && n == ipv6Len {
			c.addr(p, n)
		}
		p += n
	}
}

// dnsName returns where the name at at ends.
func (c *capture) dnsName(at, end int) (after int, ok bool) {
	for at < end {
		n := c.byteAt(at)
		switch {
		case n == 0:
			return at + 1, true
		case n >= dnsPointer:
			at += dnsPointerLen
			return at, at <= end
		}
		at += n + 1
	}
	return at, false
}
