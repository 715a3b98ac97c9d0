package packet

// The bridges in a BPDU (IEEE 802.1D, 9.3.1). An identifier is a priority and a MAC.
const (
	bpduRoot   = 7
	bpduBridge = 19
	bpduLen    = 25 // up to the end of the second
)

func (c *capture) bpdu(at int) {
	c.mac(at + bpduRoot)
	c.mac(at + bpduBridge)
}
