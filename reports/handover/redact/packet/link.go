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
	linkAir      = 105 // IEEE 802.11
	linkRelay    = 107 // Frame Relay
	linkRadiotap = 127
	linkJuniper  = 178 // Ethernet, as Junos writes it
	linkPPPSide  = 204 // behind a byte that says which side sent
	linkMPLS     = 219
	linkIPv4     = 228
	linkIPv6     = 229
	linkLog      = 239 // what Linux's firewall logs
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
	case linkPPPSide:
		c.plain(at, at+1)
		c.ppp(f, at+1, end)
	case linkMPLS:
		c.mpls(f, at, end)
	case linkAir:
		c.air(f, at, end)
	case linkRadiotap:
		c.radiotap(f, at, end)
	case linkRelay:
		c.relay(f, at, end)
	case linkLog:
		c.log(f, at, end)
	case linkJuniper:
		c.juniper(f, at, end)
	default:
		c.unknown(at, end)
	}
}

// Frame Relay (RFC 2427, section 3; Cisco's own way has an EtherType behind the address).
const (
	relayAddress = 2
	relayLen     = 4
	relayControl = 0x03
	nlpidSNAP    = 0x80
	nlpidIPv6    = 0x8e
	nlpidIPv4    = 0xcc

	relaySNAPHead = 5 // behind it: who gave out a type, and the type
)

func (c *capture) relay(f *frame, at, end int) {
	body := at + relayLen
	if body > end {
		c.unknown(at, end)
		return
	}
	c.plain(at, body)
	switch first, second := c.byteAt(at+relayAddress), c.byteAt(at+relayAddress+1); {
	case first == relayControl && (second == nlpidIPv4 || second == nlpidIPv6):
		c.ip(f, body, end)
	case first == relayControl && second == 0 && body+1+relaySNAPHead <= end && c.byteAt(body) == nlpidSNAP:
		c.plain(body, body+1+relaySNAPHead)
		c.snap(f, c.byteAt(body+1)<<16|c.u16(body+2), c.u16(body+4), body+1+relaySNAPHead, end)
	case first != relayControl:
		c.ethertype(f, c.u16(at+relayAddress), body, end)
	default:
		c.opaque("Frame Relay", body, end)
	}
}

// What Linux's firewall logs (tcpdump.org/linktypes/LINKTYPE_NFLOG.html): a family, then elements whose lengths count their
// heads, in the order of bytes of the machine, which is taken for one that has the least byte first.
const (
	logLen       = 4
	logHead      = 4
	logType      = 2
	logAlign     = 4
	logStation   = 8 // a length, what pads, a MAC
	logPayload   = 9
	logPrefix    = 10
	logLink      = 16
	logStationAt = 4
	logBridge    = 7 // a family
)

func (c *capture) log(f *frame, at, end int) {
	if at+logLen > end {
		c.unknown(at, end)
		return
	}
	c.in(at, "a firewall's log")
	c.plain(at, at+logLen)
	family := c.byteAt(at)
	for at += logLen; at+logHead <= end; {
		n, kind, body := c.byteAt(at)|c.byteAt(at+1)<<8, c.byteAt(at+logType), at+logHead
		if n < logHead || at+n > end {
			return
		}
		stop := at + n
		c.plain(at, body)
		switch {
		case kind == logPayload && family == logBridge:
			c.ethernet(f, body, stop)
		case kind == logPayload:
			c.ip(f, body, stop)
		case kind == logPrefix:
			c.text(body, stop)
		case kind == logStation && n >= logHead+logStationAt+macLen:
			c.plain(body, stop)
			c.mac(body + logStationAt)
		case kind == logLink && n >= logHead+etherLen:
			c.plain(body, stop)
			c.mac(body)
			c.mac(body + etherSource)
		default: // marks, numbers of interfaces and users, times
			c.plain(body, stop)
		}
		at += (n + logAlign - 1) &^ (logAlign - 1)
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
