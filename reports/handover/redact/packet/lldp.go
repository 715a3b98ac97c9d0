package packet

import "fmt"

// LLDP is of IEEE 802.1AB; the sections are its.

// The head of a TLV (8.4): seven bits of a type, nine of a length.
const (
	lldpHead       = 2
	lldpLengthBits = 9
	lldpLengthMask = 1<<lldpLengthBits - 1
)

// Types of TLVs (8.4.1).
const (
	lldpEnd          = 0
	lldpChassis      = 1
	lldpPort         = 2
	lldpTime         = 3
	lldpPortText     = 4
	lldpSystemName   = 5
	lldpSystemText   = 6
	lldpCapabilities = 7
	lldpManagement   = 8
	lldpVendor       = 127
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
	c.in(at, "LLDP")
	for at+lldpHead <= end {
		head := c.u16(at)
		kind, n := head>>lldpLengthBits, head&lldpLengthMask
		c.plain(at, at+lldpHead)
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
		case lldpPortText, lldpSystemText:
			c.text(at, at+n)
		case lldpTime, lldpCapabilities:
			c.plain(at, at+n)
		case lldpVendor:
			c.lldpVendor(at, at+n)
		default:
			c.opaque(fmt.Sprintf("LLDP's element %d", kind), at, at+n)
		}
		at += n
	}
}

func (c *capture) lldpChassis(at, end int) {
	if end-at > lldpID && c.byteAt(at) == chassisLocal {
		c.plain(at, at+lldpID)
		c.name(at+lldpID, end)
		return
	}
	c.lldpID(at, end, chassisMAC, chassisAddress)
}

// lldpID maps an identifier whose kinds have these numbers.
func (c *capture) lldpID(at, end, isMAC, isAddress int) {
	n := end - at
	c.plain(at, min(end, at+lldpID+familyLen))
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
	if size := c.managementSize(at, n); size > 0 {
		c.plain(at, at+managementAddr)
		c.plain(at+managementAddr+size, at+n)
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

// managementSize is how long a management address is; zero where the element lies.
func (c *capture) managementSize(at, n int) int {
	if n <= managementAddr || managementAddr+c.byteAt(at+managementLength)-familyLen > n {
		return 0
	}
	return max(0, c.byteAt(at+managementLength)-familyLen)
}

// Elements of organizations: a number of who defined it, and a kind (8.6; annexes D and F; ANSI/TIA-1057, section 10.2).
const (
	lldpVendorHead = 4

	lldpOf8021 = 0x0080c2
	lldpOf8023 = 0x00120f
	lldpOfMED  = 0x0012bb

	lldpVLANName   = 3
	lldpVLANText   = 3 // after a number and a length
	medLocation    = 3
	medRevisions   = 5 // to 7: of hardware, firmware and software
	medSerial      = 8
	medModel       = 10
	medAsset       = 11
	lldpVendorKind = 3
)

// lldpVendor goes over an element of an organization.
func (c *capture) lldpVendor(at, end int) {
	if at+lldpVendorHead > end {
		c.opaque("LLDP's element of an organization", at, end)
		return
	}
	vendor, kind, body := c.byteAt(at)<<16|c.u16(at+1), c.byteAt(at+lldpVendorKind), at+lldpVendorHead
	c.plain(at, body)
	switch {
	case vendor == lldpOf8021 && kind == lldpVLANName:
		c.plain(body, min(end, body+lldpVLANText))
		c.text(body+lldpVLANText, end)
	case vendor == lldpOf8021 || vendor == lldpOf8023:
		c.plain(body, end)
	case vendor == lldpOfMED && kind == medLocation:
		c.digest(body, end)
	case vendor == lldpOfMED && (kind == medSerial || kind == medAsset):
		c.secret(body, end)
	case vendor == lldpOfMED && kind >= medRevisions && kind <= medModel:
		c.text(body, end)
	case vendor == lldpOfMED:
		c.plain(body, end)
	default:
		c.opaque(fmt.Sprintf("LLDP's element %06x/%d", vendor, kind), body, end)
	}
}
