package packet

// The bridges in a BPDU (IEEE 802.1D, 9.3.1). An identifier is a priority and a MAC.
const (
	bpduVersion = 2
	bpduRoot    = 7
	bpduBridge  = 19
	bpduLen     = 25 // up to the end of the second
	bpduRapid   = 36 // all that there is of version 2
	bpduTCN     = 4  // of a change of topology (9.3.2)
)

// What version 3 has behind it (IEEE 802.1Q, 14.4): a length, the identifier of a region, the
// bridge, and a message for each instance.
const (
	mstVersion = 3
	mstRegion  = 39
	mstRevised = 71
	mstBridge  = 95
	mstLen     = 102

	mstiRoot = 3
	mstiLen  = 16
)

// pvstVLAN is the element with its VLAN behind Cisco's BPDU: type, length, number.
const pvstVLAN = 6

// bpdu maps bridges, and the name of a region.
func (c *capture) bpdu(at, end int) {
	c.in(at, "spanning tree")
	if at+bpduLen > end {
		c.plain(at, min(end, at+bpduTCN))
		return
	}
	c.plain(at, min(end, at+bpduRapid))
	c.mac(at + bpduRoot)
	c.mac(at + bpduBridge)
	if c.byteAt(at+bpduVersion) != mstVersion {
		return
	}
	if at+mstRevised > end {
		c.bytes(Part, min(end, at+mstRegion), end)
		return
	}
	c.plain(at+bpduRapid, min(end, at+mstLen))
	c.name(at+mstRegion, c.untilZero(at+mstRegion, mstRevised-mstRegion))
	c.mac(at + mstBridge)
	for p := at + mstLen; p+mstiLen <= end; p += mstiLen {
		c.plain(p, p+mstiLen)
		c.mac(p + mstiRoot)
	}
}
