package packet

// Link types (tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkRawBSD   = 12 // the number of raw IP on most systems, found in files of old
	linkRawOpen  = 14 // and on OpenBSD
	linkPPPHDLC  = 50
	linkPPPoE    = 51
	linkRaw      = 101
	linkHDLC     = 104 // Cisco's
	linkLoop     = 108
	linkCooked   = 113
	linkJuniper  = 178 // Ethernet, as Junos writes it
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276
)

// nullLen is the family that precedes a packet of BSD's loopback.
const nullLen = 4

// What Linux makes of the header when it captures on all interfaces
// (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html).
const (
	cookedSource   = 6
	cookedProtocol = 14
	cookedLen      = 16
)

// The same, version 2 (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html).
const (
	cooked2Protocol = 0
	cooked2Source   = 12
	cooked2Len      = 20
)

// frame goes into a packet by its link type.
func (c *capture) frame(f *frame) {
	at, end := f.start, f.end
	switch f.link {
	case linkEthernet:
		c.ethernet(f, at, end)
	case linkRaw, linkIPv4, linkIPv6, linkRawBSD, linkRawOpen:
		c.ip(f, at, end)
	case linkNull, linkLoop:
		c.plain(at, at+nullLen)
		c.ip(f, min(at+nullLen, end), end)
	case linkCooked:
		if at+cookedLen <= end {
			c.plain(at, at+cookedSource)
			c.mac(at + cookedSource)
			c.plain(at+cookedSource+macLen, at+cookedLen)
			c.ethertype(f, c.u16(at+cookedProtocol), at+cookedLen, end)
		}
	case linkCooked2:
		if at+cooked2Len <= end {
			c.plain(at, at+cooked2Source)
			c.mac(at + cooked2Source)
			c.plain(at+cooked2Source+macLen, at+cooked2Len)
			c.ethertype(f, c.u16(at+cooked2Protocol), at+cooked2Len, end)
		}
	case linkPPP:
		c.ppp(f, at, end)
	case linkPPPHDLC, linkHDLC:
		c.hdlc(f, at, end)
	case linkPPPoE:
		c.pppoe(f, at, end)
	case linkJuniper:
		c.juniper(f, at, end)
	default:
		c.unknown(at, end)
	}
}

// unknown is a frame of which nothing can be told, not even where an address is: it is blanked. A file of which all frames
// are is none that can be rewritten.
func (c *capture) unknown(at, end int) {
	c.unread++
	c.plain(at, end)
	if !c.blank {
		c.m.Note("packets of a link type that is not understood")
		return
	}
	c.m.Note("packets of a link type that is not understood were blanked")
	if at < end {
		clear(c.out[at:end])
		c.edits++
	}
}
