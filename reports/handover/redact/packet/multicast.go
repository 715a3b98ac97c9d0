package packet

// IGMP (RFC 2236, section 2; RFC 3376, section 4).
const (
	igmpType    = 0
	igmpSum     = 2
	igmpGroup   = 4
	igmpLen     = 8
	igmpCount   = 10 // of a query's sources
	igmpSources = 12

	igmpQuery   = 0x11
	igmpReport1 = 0x12
	igmpReport2 = 0x16
	igmpLeave   = 0x17
	igmpReport3 = 0x22
)

// A report of IGMP 3 (RFC 3376, section 4.2) and of MLD 2 (RFC 3810, section 5.2), which differ in the length of an address.
const (
	recordCount   = 6
	records       = 8
	recordExtra   = 1 // in words of four bytes
	recordSources = 2
	recordGroup   = 4 // then the sources
)

// igmp maps groups and sources.
func (c *capture) igmp(at, end int) {
	c.in(at, "IGMP")
	switch c.byteAt(at + igmpType) {
	case igmpQuery, igmpReport1, igmpReport2, igmpLeave:
		c.plain(at, at+igmpGroup)
		c.addr(at+igmpGroup, ipv4Len)
		if c.byteAt(at+igmpType) == igmpQuery && at+igmpSources <= end {
			c.plain(at+igmpLen, at+igmpSources)
			c.addrs(at+igmpSources, min(end, at+igmpSources+c.u16(at+igmpCount)*ipv4Len), ipv4Len)
		}
	case igmpReport3:
		c.groups(at, end, ipv4Len)
	}
}

// groups maps the groups and sources of a report, whose addresses have so many bytes.
func (c *capture) groups(at, end, size int) {
	c.plain(at, at+records)
	p := at + records
	for range c.u16(at + recordCount) {
		list := p + recordGroup + size
		if list > end {
			return
		}
		c.plain(p, p+recordGroup)
		c.addr(p+recordGroup, size)
		sources := list + c.u16(p+recordSources)*size
		c.addrs(list, min(sources, end), size)
		p = sources + c.byteAt(p+recordExtra)*headerWord
	}
}

// PIM is of RFC 7761 where nothing else is said; the sections are its.

// The header (4.9), whose checksum does not cover the packet in a register.
const (
	pimType     = 0
	pimSum      = 2
	pimLen      = 4
	pimTypeMask = 0x0f

	pimHello     = 0
	pimRegister  = 1
	pimStop      = 2
	pimJoin      = 3
	pimBootstrap = 4
	pimAssert    = 5
	pimGraft     = 6
	pimGraftAck  = 7
	pimCandidate = 8
)

// Positions and lengths in bodies (4.9.2 to 4.9.6; RFC 5059, section 4; RFC 3973, section 4.7).
const (
	registerPacket = 4 // after flags
	registerSummed = 8 // with the header
	pimUnicastHead = 2 // family and encoding; then an address (4.9.1)
	pimGroupHead   = 4 // and flags and the length of a mask
	joinGroups     = 4 // after the neighbour: reserved, how many groups, hold time
	joinCount      = 1
	joinSources    = 4 // after a group: how many are joined and pruned
	bootstrapHead  = 4 // fragment, length of a hash, priority
	bootstrapCount = 4 // after a group: how many there are, and are here
	bootstrapHere  = 1
	bootstrapRP    = 4 // after it: hold time and priority
	assertMetrics  = 8
	candidateHead  = 4 // how many groups, priority, hold time

	pimOptionHead = 4 // type and length, of two bytes each (4.9.2)
	pimOptionLen  = 2
)

// Options of a hello: a list of addresses (4.3.4), and those whose numbers name nobody (IANA's registry), up to the bound.
const (
	helloAddresses    = 24
	helloAddressesOld = 65001
	helloLastPlain    = 35
)

// pim maps neighbours, sources, groups and rendezvous points.
func (c *capture) pim(f *frame, at, end int, pseudo part) {
	c.in(at, "PIM")
	c.plain(at, at+pimLen)
	kind, sum := c.byteAt(at+pimType)&pimTypeMask, part{at, end}
	if kind == pimRegister {
		sum.end = min(end, at+registerSummed)
	}
	if pseudo.end-pseudo.start == 2*ipv6Len {
		f.sum(at+pimSum, pseudo, sum)
	} else {
		f.sum(at+pimSum, sum)
	}
	body := at + pimLen
	switch kind {
	case pimHello:
		c.pimHello(body, end)
	case pimRegister:
		c.plain(body, body+registerPacket)
		c.ip(f, body+registerPacket, end)
	case pimStop:
		c.pimAddresses(body, end, pimGroupHead, pimUnicastHead)
	case pimJoin, pimGraft, pimGraftAck:
		c.pimJoin(body, end)
	case pimBootstrap:
		c.pimBootstrap(body, end)
	case pimAssert:
		if p, ok := c.pimAddresses(body, end, pimGroupHead, pimUnicastHead); ok {
			c.plain(p, p+assertMetrics)
		}
	case pimCandidate:
		c.plain(body, body+candidateHead)
		p, ok := c.pimAddresses(body+candidateHead, end, pimUnicastHead)
		for ok {
			p, ok = c.pimAddresses(p, end, pimGroupHead)
		}
	}
}

func (c *capture) pimHello(at, end int) {
	for at+pimOptionHead <= end {
		kind, value := c.u16(at), at+pimOptionHead
		c.plain(at, value)
		at = value + c.u16(at+pimOptionLen)
		switch {
		case at > end:
			return
		case kind == helloAddresses || kind == helloAddressesOld:
			for p, ok := value, true; ok && p < at; {
				p, ok = c.pimAddresses(p, at, pimUnicastHead)
			}
		case kind <= helloLastPlain:
			c.plain(value, at)
		}
	}
}

func (c *capture) pimJoin(at, end int) {
	p, ok := c.pimAddresses(at, end, pimUnicastHead)
	if !ok || p+joinGroups > end {
		return
	}
	c.plain(p, p+joinGroups)
	groups := c.byteAt(p + joinCount)
	p += joinGroups
	for range groups {
		if p, ok = c.pimAddresses(p, end, pimGroupHead); !ok || p+joinSources > end {
			return
		}
		c.plain(p, p+joinSources)
		n := c.u16(p) + c.u16(p+joinSources/2)
		p += joinSources
		for range n {
			if p, ok = c.pimAddresses(p, end, pimGroupHead); !ok {
				return
			}
		}
	}
}

func (c *capture) pimBootstrap(at, end int) {
	c.plain(at, at+bootstrapHead)
	p, ok := c.pimAddresses(at+bootstrapHead, end, pimUnicastHead)
	for ok && p < end {
		if p, ok = c.pimAddresses(p, end, pimGroupHead); !ok || p+bootstrapCount > end {
			return
		}
		c.plain(p, p+bootstrapCount)
		n := c.byteAt(p + bootstrapHere)
		p += bootstrapCount
		for range n {
			if p, ok = c.pimAddresses(p, end, pimUnicastHead); !ok {
				return
			}
			c.plain(p, p+bootstrapRP)
			p += bootstrapRP
		}
	}
}

// pimAddresses maps addresses that follow each other, each behind a head of this length (4.9.1).
func (c *capture) pimAddresses(at, end int, heads ...int) (after int, ok bool) {
	for _, head := range heads {
		if at+head >= end {
			return at, false
		}
		size := map[int]int{familyIPv4: ipv4Len, familyIPv6: ipv6Len}[c.byteAt(at)]
		if size == 0 || at+head+size > end {
			return at, false
		}
		c.plain(at, at+head)
		bits := unknownBits
		if head == pimGroupHead {
			bits = min(c.byteAt(at+head-1), 8*size)
		}
		c.network(at+head, size, bits)
		at += head + size
	}
	return at, true
}
