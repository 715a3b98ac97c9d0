package packet

import "fmt"

// The header of a frame that has a length in place of a type (IEEE 802.2, 3.2), and what
// SNAP adds to it (IEEE 802, 10.3).
const (
	llcDestination = 0
	llcLen         = 3
	snapProtocol   = 6
	snapLen        = 8
)

// Destination service access points (IEEE 802.2; ISO 9577 for the last).
const (
	sapSpanningTree = 0x42
	sapSNAP         = 0xaa
	sapISO          = 0xfe
)

// Protocols of SNAP, by who gave them out and their numbers; zero is who gives out EtherTypes (IEEE 802, 10.3).
const (
	snapVendor  = 3
	snapNobody  = 0
	snapCisco   = 0x00000c
	snapExtreme = 0x00e02b // Extreme Networks

	snapEDP  = 0x00bb // Extreme Discovery Protocol, EAPS too
	snapPVST = 0x010b // spanning tree per VLAN
	snapCDP  = 0x2000 // Cisco Discovery Protocol
	snapVTP  = 0x2003 // VLAN Trunking Protocol
)

// llc goes into a frame of IEEE 802.2.
func (c *capture) llc(f *frame, at, end int) {
	if at+llcLen > end {
		c.opaque("LLC", at, end)
		return
	}
	switch sap := c.byteAt(at + llcDestination); {
	case sap == sapSpanningTree:
		c.plain(at, at+llcLen)
		c.bpdu(at+llcLen, end)
	case sap == sapSNAP && at+snapLen <= end:
		c.plain(at, at+snapLen)
		c.snap(f, c.byteAt(at+snapVendor)<<16|c.u16(at+snapVendor+1), c.u16(at+snapProtocol), at+snapLen, end)
	case sap == sapISO && at+llcLen < end && c.byteAt(at+llcLen) == nlpidISIS:
		c.plain(at, at+llcLen)
		c.isis(at+llcLen, end)
	default:
		c.opaque(fmt.Sprintf("LLC of 0x%02x", sap), at, end)
	}
}

// snap goes into what a vendor's number says.
func (c *capture) snap(f *frame, vendor, protocol, at, end int) {
	switch {
	case vendor == snapNobody && protocol >= typeFirst:
		c.ethertype(f, protocol, at, end)
	case vendor == snapCisco && protocol == snapPVST:
		c.bpdu(at, end)
		if vlan := at + bpduRapid; end-vlan >= pvstVLAN {
			c.plain(end-pvstVLAN, end)
		}
	case vendor == snapCisco && protocol == snapCDP:
		c.cdp(f, at, end)
	case vendor == snapCisco && protocol == snapVTP:
		c.vtp(at, end)
	case vendor == snapExtreme && protocol == snapEDP:
		c.edp(f, at, end)
	default:
		c.opaque(fmt.Sprintf("SNAP %06x/%04x", vendor, protocol), at, end)
	}
}
