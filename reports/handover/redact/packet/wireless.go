package packet

// Frames of IEEE 802.11; the sections are those of its edition of 2020. Numbers have the least byte first.
const (
	radiotapLength = 2 // radiotap.org: a version, what pads, the length of all

	airFlags    = 1
	airFirst    = 4 // three addresses, a sequence number, perhaps a fourth address (9.2.4)
	airSecond   = 10
	airThird    = 16
	airHead     = 24
	airQoSLen   = 2
	airControl  = 4
	airTypeMask = 0x0c
	airKindMask = 0xf0

	airManagement = 0x00
	airData       = 0x08
	airQoS        = 0x80 // a bit of a data frame's kind, and that it has no data
	airNoData     = 0x40

	airBothWays  = 0x03 // flags: to and from a distribution system
	airProtected = 0x40
	airOrder     = 0x80

	airElementSSID = 0 // 9.4.2.2
)

// radiotap goes behind what a station writes before a frame that it received.
func (c *capture) radiotap(f *frame, at, end int) {
	if at+airFirst > end {
		c.unknown(at, end)
		return
	}
	head := c.byteAt(at+radiotapLength) | c.byteAt(at+radiotapLength+1)<<8
	if head < airFirst || at+head > end {
		c.unknown(at, end)
		return
	}
	c.plain(at, at+head)
	c.air(f, at+head, end)
}

// air maps stations and the name of a network, and goes into data that is not encrypted.
func (c *capture) air(f *frame, at, end int) {
	c.in(at, "IEEE 802.11")
	c.plain(at, min(end, at+airHead))
	for _, p := range []int{at + airFirst, at + airSecond, at + airThird} {
		if p+macLen <= min(end, at+airHead) {
			c.mac(p)
		}
	}
	if at+airHead > end {
		return
	}
	kind, flags, body := c.byteAt(at), c.byteAt(at+airFlags), at+airHead
	switch kind & airTypeMask {
	case airManagement:
		if flags&airProtected == 0 {
			c.airElements(kind&airKindMask, body, end)
		}
	case airData:
		if flags&airBothWays == airBothWays {
			c.mac(body)
			body += macLen
		}
		if kind&airQoS != 0 {
			body += airQoSLen
			if flags&airOrder != 0 {
				body += airControl
			}
		}
		c.plain(at+airHead, min(body, end))
		switch {
		case flags&airProtected != 0: // encrypted
			c.plain(body, end)
		case kind&airNoData == 0 && body < end:
			c.llc(f, body, end)
		}
	}
}

// airElements maps the name of the network among the elements of a frame that manages, which stand behind fields of
// a length that its kind says (9.3.3).
func (c *capture) airElements(kind, at, end int) {
	fixed := map[int]int{0x00: 4, 0x10: 6, 0x20: 10, 0x30: 6, 0x40: 0, 0x50: 12, 0x80: 12}
	n, ok := fixed[kind]
	if !ok || at+n > end {
		return
	}
	c.plain(at, at+n)
	c.tlvs(at+n, end, func(element, at, end int) {
		if element == airElementSSID {
			c.name(at, end)
		}
	})
}
