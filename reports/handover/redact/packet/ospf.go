package packet

import "encoding/binary"

// OSPF is of RFC 2328 where nothing else is said; the sections are its.

// The header of a packet (A.3.1), and that of version 3, which ends before authentication
// (RFC 5340, A.3.1).
const (
	ospfVersion  = 0
	ospfType     = 1
	ospfLength   = 2
	ospfRouter   = 4
	ospfArea     = 8
	ospfSum      = 12
	ospfAuthType = 14
	ospfAuth     = 16
	ospfLen      = 24
	ospf3Len     = 16

	ospfVersion2 = 2
	ospfVersion3 = 3
)

// Types of authentication (D): a password in the header, or a digest after the packet.
const (
	ospfAuthNone      = 0
	ospfAuthPassword  = 1
	ospfAuthDigest    = 2
	ospfAuthDigestLen = 19
	ospfPasswordLen   = 8
)

// Types of packets (A.3.1).
const (
	ospfHello       = 1
	ospfDescription = 2
	ospfRequest     = 3
	ospfUpdate      = 4
	ospfAck         = 5
)

// Positions in the bodies of packets (A.3.2 to A.3.5).
const (
	helloDesignated = 12
	helloBackup     = 16
	helloNeighbours = 20

	descriptionHeaders = 8

	requestType   = 0
	requestID     = 4
	requestRouter = 8
	requestLen    = 12

	updateLSAs = 4
)

// The header of an LSA (A.4.1). Its checksum leaves out the age.
const (
	lsaSummed = 2
	lsaType   = 3
	lsaID     = 4
	lsaRouter = 8
	lsaSum    = 16
	lsaLength = 18
	lsaLen    = 20
)

// Types of LSAs (A.4.1; RFC 3101, appendix A, for type 7).
const (
	lsaOfRouter    = 1
	lsaOfNetwork   = 2
	lsaSummary     = 3
	lsaSummaryASBR = 4
	lsaExternal    = 5
	lsaNSSA        = 7
)

// Positions in the bodies of LSAs, and of a router's link (A.4.2 to A.4.5).
const (
	routerLinkCount = 2
	routerLinks     = 4

	linkID       = 0
	linkData     = 4
	linkType     = 8
	linkTOSCount = 9
	linkLen      = 12
	linkTOSLen   = 4
	linkIsStub   = 3 // a network and its mask

	networkRouters = 4 // after its mask

	prefixMask = 0 // of summaries and externals

	externalRoutes  = 4
	externalForward = 4
	externalLen     = 12
)

// ospf goes over OSPFv2. Of version 3 the header's ids are mapped.
func (c *capture) ospf(f *frame, at, end int, pseudo part) {
	c.in(at, "OSPF")
	c.plain(at, min(end, at+ospf3Len))
	n := c.u16(at + ospfLength)
	if n >= ospf3Len {
		end = min(end, at+n)
		n = end - at
	}
	switch {
	case c.byteAt(at+ospfVersion) == ospfVersion3:
		f.sum(at+ospfSum, pseudo, part{at, end})
		c.addr(at+ospfRouter, ipv4Len)
		c.m.Note("bodies of OSPFv3, of which only router ids were mapped")
		c.payload(at+ospf3Len, end)
	case c.byteAt(at+ospfVersion) == ospfVersion2 && n < ospfLen:
		c.addr(at+ospfRouter, ipv4Len)
		c.addr(at+ospfArea, ipv4Len)
		if c.u16(at+ospfAuthType) == ospfAuthPassword {
			c.padded(at+ospfAuth, ospfPasswordLen, end)
		}
	case c.byteAt(at+ospfVersion) == ospfVersion2 && n >= ospfLen:
		c.addr(at+ospfRouter, ipv4Len)
		c.addr(at+ospfArea, ipv4Len)
		c.ospfAuth(f, at, end)
		c.ospfBody(c.byteAt(at+ospfType), at+ospfLen, end)
	default:
		c.payload(at, end)
	}
}

// ospfAuth cuts passwords and digests. A packet with a digest has no checksum.
func (c *capture) ospfAuth(f *frame, at, end int) {
	kind, auth := c.u16(at+ospfAuthType), at+ospfAuth
	c.plain(at, at+ospfLen)
	if kind == ospfAuthNone || kind == ospfAuthPassword {
		f.sum(at+ospfSum, part{at, auth}, part{at + ospfLen, end})
	}
	switch kind {
	case ospfAuthPassword:
		c.secret(auth, c.untilZero(auth, ospfPasswordLen))
	case ospfAuthDigest:
		c.digest(end, min(end+c.byteAt(at+ospfAuthDigestLen), f.end))
	}
}

func (c *capture) ospfBody(kind, at, end int) {
	switch kind {
	case ospfHello:
		if at+helloNeighbours > end {
			return
		}
		c.plain(at, at+helloNeighbours)
		c.addr(at+helloDesignated, ipv4Len)
		c.addr(at+helloBackup, ipv4Len)
		c.addrs(at+helloNeighbours, end, ipv4Len)
	case ospfDescription:
		c.plain(at, min(end, at+descriptionHeaders))
		c.lsaHeaders(at+descriptionHeaders, end)
	case ospfRequest:
		for ; at+requestLen <= end; at += requestLen {
			c.plain(at, at+requestID)
			c.linkState(int(binary.BigEndian.Uint32(c.old[at+requestType:])), at+requestID, unknownBits)
			c.addr(at+requestRouter, ipv4Len)
		}
	case ospfUpdate:
		c.plain(at, min(end, at+updateLSAs))
		c.lsUpdate(at+updateLSAs, end)
	case ospfAck:
		c.lsaHeaders(at, end)
	}
}

func (c *capture) lsUpdate(at, end int) {
	for at+lsaLen <= end {
		size := c.u16(at + lsaLength)
		if size < lsaLen || at+size > end {
			return
		}
		c.lsa(at, at+size)
		at += size
	}
}

// lsaKey is an LSA's header without age and options: which LSA it is, and which instance.
func (c *capture) lsaKey(at int) string { return string(c.old[at+lsaType : at+lsaLen]) }

// linkState maps the link state id: an address, a network, or a router id, by the type. The
// length of a network is in the body only; elsewhere it is the one that was learned.
func (c *capture) linkState(kind, at, bits int) {
	switch kind {
	case lsaOfRouter, lsaOfNetwork, lsaSummaryASBR:
		c.addr(at, ipv4Len)
	case lsaSummary, lsaExternal, lsaNSSA:
		c.network(at, ipv4Len, bits)
	}
}

// lsaHeaders maps headers that stand without their bodies.
func (c *capture) lsaHeaders(at, end int) {
	for ; at+lsaLen <= end; at += lsaLen {
		c.plain(at, at+lsaLen)
		c.linkState(c.byteAt(at+lsaType), at+lsaID, unknownBits)
		c.addr(at+lsaRouter, ipv4Len)
		if sum, ok := c.lsas[c.lsaKey(at)]; ok {
			c.put(at+lsaSum, binary.BigEndian.AppendUint16(nil, sum))
		}
	}
}

// lsa maps an LSA, and makes its checksum again where it was right.
func (c *capture) lsa(at, end int) {
	right := fletcherHolds(c.old[at+lsaSummed : end])
	c.plain(at, at+lsaLen)
	kind, body, bits := c.byteAt(at+lsaType), at+lsaLen, unknownBits
	if body+ipv4Len <= end {
		bits = c.maskBits(body + prefixMask)
	}
	c.linkState(kind, at+lsaID, bits)
	c.addr(at+lsaRouter, ipv4Len)
	c.lsaBody(kind, body, end)
	if right {
		setFletcher(c.out[at+lsaSummed:end], lsaSum-lsaSummed)
	}
	c.lsas[c.lsaKey(at)] = binary.BigEndian.Uint16(c.out[at+lsaSum:])
}

func (c *capture) lsaBody(kind, at, end int) {
	switch kind {
	case lsaOfRouter, lsaOfNetwork, lsaExternal, lsaNSSA, lsaSummary, lsaSummaryASBR: // masks, metrics and tags
		c.plain(at, end)
	}
	switch kind {
	case lsaOfRouter:
		c.routerLinks(at, end)
	case lsaOfNetwork:
		c.addrs(at+networkRouters, end, ipv4Len)
	case lsaExternal, lsaNSSA:
		for p := at + externalRoutes; p+externalLen <= end; p += externalLen {
			c.addr(p+externalForward, ipv4Len)
		}
	case lsaSummary, lsaSummaryASBR:
	default:
		c.m.Note("an opaque LSA, searched by value")
		c.payload(at, end)
	}
}

func (c *capture) routerLinks(at, end int) {
	p := at + routerLinks
	if p > end {
		return
	}
	for range c.u16(at + routerLinkCount) {
		if p+linkLen > end {
			return
		}
		if c.byteAt(p+linkType) == linkIsStub {
			c.network(p+linkID, ipv4Len, c.maskBits(p+linkData))
		} else {
			c.addr(p+linkID, ipv4Len)
			c.addr(p+linkData, ipv4Len)
		}
		p += linkLen + linkTOSLen*c.byteAt(p+linkTOSCount)
	}
}
