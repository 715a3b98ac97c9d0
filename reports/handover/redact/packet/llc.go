package packet

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

// Protocols of SNAP, by their vendors' numbers.
const (
	snapEDP  = 0x00bb // Extreme Discovery Protocol, of 00:e0:2b
	snapPVST = 0x010b // Cisco's spanning tree per VLAN, of 00:00:0c
	snapCDP  = 0x2000 // Cisco Discovery Protocol, of 00:00:0c
)

// llc goes into a frame of IEEE 802.2.
func (c *capture) llc(f *frame, at, end int) {
	if at+snapLen > end {
		c.payload(at, end)
		return
	}
	sap, protocol := c.byteAt(at+llcDestination), c.u16(at+snapProtocol)
	switch {
	case sap == sapSpanningTree && at+llcLen+bpduLen <= end:
		c.bpdu(at + llcLen)
	case sap == sapSNAP && protocol == snapPVST && at+snapLen+bpduLen <= end:
		c.bpdu(at + snapLen)
	case sap == sapSNAP && protocol == snapCDP:
		c.discovery(f, at+snapLen, cdpSum, end)
	case sap == sapSNAP && protocol == snapEDP:
		c.discovery(f, at+snapLen, edpSum, end)
	case sap == sapISO && c.byteAt(at+llcLen) == nlpidISIS:
		c.isis(at+llcLen, end)
	default:
		c.payload(at, end)
	}
}
