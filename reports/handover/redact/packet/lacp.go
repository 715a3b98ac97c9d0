package packet

// What a frame of the slow protocols is (IEEE 802.3, annex 57A).
const (
	slowSubtype = 0
	slowLACP    = 1
)

// The systems of actor and partner in a LACPDU (IEEE 802.1AX, 6.4.2.3).
const (
	lacpActor      = 6
	lacpPartner    = 26
	lacpPartnerEnd = 42 // of what is said about the partner
)

func (c *capture) lacp(at int) {
	c.in(at, "LACP")
	c.plain(at, at+lacpPartnerEnd)
	c.mac(at + lacpActor)
	c.mac(at + lacpPartner)
}
