package packet

// LLDP is of IEEE 802.1AB; the sections are its.

// The head of a TLV (8.4): seven bits of a type, nine of a length.
const (
	lldpHead       = 2
	lldpLengthBits = 9
	lldpLengthMask = 1<<lldpLengthBits - 1
)

// Types of TLVs (8.4.1).
const (
	lldpEnd        = 0
	lldpChassis    = 1
	lldpPort       = 2
	lldpSystemName = 5
	lldpManagement = 8
)

// Kinds of identifiers, and where they are after that byte (8.5.2.2 and 8.5.3.2).
const (
	lldpID = 1

	chassisMAC     = 4
	chassisAddress = 5
	chassisLocal   = 7
	portMAC        = 3
	portAddress    = 4
)

// Families of addresses (IANA's address family numbers), which precede an address.
const (
	familyIPv4 = 1
	familyIPv6 = 2
	family802  = 6

	familyLen = 1
)

// A management address (8.5.9): the length of family and address, then those.
const (
	managementLength = 0
	managementFamily = 1
	managementAddr   = 2
)

// lldp goes over the TLVs.
func (c *capture) lldp(at, end int) {
	for at+lldpHead <= end {
		head := c.u16(at)
		kind, n := head>>lldpLengthBits, head&lldpLengthMask
		at += lldpHead
		if kind == lldpEnd || at+n > end {
			return
		}
		switch kind {
		case lldpChassis:
			c.lldpChassis(at, at+n)
		case lldpPort:
			c.lldpID(at, at+n, portMAC, portAddress)
		case lldpSystemName:
			c.name(at, at+n)
		case lldpManagement:
			c.lldpManagement(at, n)
		default:
			c.payload(at, at+n)
		}
		at += n
	}
}

func (c *capture) lldpChassis(at, end int) {
	if end-at > lldpID && c.byteAt(at) == chassisLocal {
		c.name(at+lldpID, end)
		return
	}
	c.lldpID(at, end, chassisMAC, chassisAddress)
}

// lldpID maps an identifier whose kinds have these numbers.
func (c *capture) lldpID(at, end, isMAC, isAddress int) {
	n := end - at
	switch {
	case n == lldpID+macLen && c.byteAt(at) == isMAC:
		c.mac(at + lldpID)
	case n == lldpID+familyLen+ipv4Len && c.byteAt(at) == isAddress && c.byteAt(at+lldpID) == familyIPv4:
		c.addr(at+lldpID+familyLen, ipv4Len)
	default:
		c.text(min(at+lldpID, end), end)
	}
}

func (c *capture) lldpManagement(at, n int) {
	is := func(family, size int) bool {
		return n > managementAddr+size && c.byteAt(at+managementLength) == familyLen+size && c.byteAt(at+managementFamily) == family
	}
	switch {
	case is(familyIPv4, ipv4Len):
		c.addr(at+managementAddr, ipv4Len)
	case is(familyIPv6, ipv6Len):
		c.addr(at+managementAddr, ipv6Len)
	case is(family802, macLen):
		c.mac(at + managementAddr)
	}
}
