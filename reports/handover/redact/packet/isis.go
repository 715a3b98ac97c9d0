package packet

import "fmt"

// IS-IS is of ISO 10589 where nothing else is said; the sections are its.

// nlpidISIS begins a PDU (ISO 9577).
const nlpidISIS = 0x83

// systemLen is how long a system's id is (7.1.1: all implementations have this length).
const systemLen = 6

// The head that all PDUs have (9.5).
const (
	isisHeaderLen = 1 // where the TLVs begin
	isisType      = 4
	isisLen       = 8

	isisTypeMask = 0x1f
)

// Types of PDUs (9.5 to 9.13).
const (
	helloLevel1 = 15
	helloLevel2 = 16
	helloPoint  = 17
	lspLevel1   = 18
	lspLevel2   = 20
	csnpLevel1  = 24
	csnpLevel2  = 25
	psnpLevel1  = 26
	psnpLevel2  = 27
)

// Where PDUs have the ids of systems, and LSPs their checksum (9.5 to 9.13).
const (
	helloSource = 9
	helloLAN    = 20
	lspID       = 12 // what the checksum is over begins here
	lspSum      = 24
	lspLen      = 26
	snpSource   = 10
	csnpFirst   = 17
	csnpLast    = 25
)

// Types of TLVs (IANA's registry of IS-IS TLV codepoints, which names their documents).
const (
	isisAreas       = 1
	isisNeighbours  = 2
	isisLANSystems  = 6
	isisPadding     = 8
	isisEntries     = 9
	isisAuth        = 10
	isisReach       = 22  // RFC 5305, section 3
	isisInternal    = 128 // RFC 1195, section 5
	isisProtocols   = 129 // RFC 1195, section 5
	isisExternal    = 130
	isisInterfaces  = 132
	isisRouterID    = 134 // RFC 5305, section 4.3
	isisIPv4Reach   = 135 // RFC 5305, section 4
	isisName        = 137 // RFC 5301
	isisMTReach     = 222 // RFC 5120, section 7.1
	isisTopologies  = 229 // RFC 5120
	isisInterfaces6 = 232 // RFC 5308, section 3
	isisMTIPv4Reach = 235 // RFC 5120, section 7.3
	isisIPv6Reach   = 236 // RFC 5308, section 2
	isisMTIPv6Reach = 237 // RFC 5120, section 7.4
	isisAdjacency   = 240 // RFC 5303, section 3.1
)

// Positions in entries of TLVs.
const (
	neighboursFirst = 1 // 9.8: after a byte that says whether they are virtual
	neighbourID     = 4 // after four metrics
	neighbourLen    = 11

	reachSubLength = 10 // RFC 5305, section 3: after id and metric
	reachLen       = 11

	entryID  = 2 // 9.10: after a lifetime
	entryLen = 16

	authIs        = 0 // RFC 5304: the type, then what it is
	authValue     = 1
	authPassword  = 1
	adjacencyID   = 5
	adjacencyWith = 11 // the length that has an id

	reachIPv4      = 6 // sub-TLVs with an address of this side and of the other (RFC 5305, sections 3.2 and 3.3)
	reachIPv4There = 8
	reachIPv6      = 12 // RFC 6119, sections 4.2 and 4.3
	reachIPv6There = 13

	narrowAddr = 4 // RFC 1195, section 5.3.1: after four metrics, before its mask
	narrowMask = 8
	narrowLen  = 12

	routeControl   = 4 // RFC 5305, section 4: after a metric
	routePrefix    = 5
	routeBits      = 0x3f
	routeHasSub    = 0x40
	routeSubLength = 1
	longest4       = 8 * ipv4Len

	route6Bits   = 5 // RFC 5308, section 2: after metric and control
	route6Prefix = 6
	route6HasSub = 0x20

	topologyLen = 2 // RFC 5120: which one, before the entries
)

// isis maps the ids of systems in hellos, LSPs and SNPs; their TLVs of addresses, neighbours
// and names. Where it changes an LSP, its checksum is made again.
func (c *capture) isis(at, end int) {
	c.in(at, "IS-IS")
	if at+isisLen > end {
		return
	}
	kind := c.byteAt(at+isisType) & isisTypeMask
	c.isisSystems(kind, at)
	head := c.byteAt(at + isisHeaderLen)
	if head < isisLen || at+head > end {
		return
	}
	c.plain(at, at+head)
	lsp := kind == lspLevel1 || kind == lspLevel2
	right := lsp && end-at > lspLen && fletcherHolds(c.old[at+lspID:end])
	c.tlvs(at+head, end, c.isisTLV)
	c.cutTLV(at+head, end)
	if right {
		setFletcher(c.out[at+lspID:end], lspSum-lspID)
	}
}

// isisSystems maps the ids that the head of a PDU has.
func (c *capture) isisSystems(kind, at int) {
	switch kind {
	case helloLevel1, helloLevel2:
		c.system(at + helloSource)
		c.system(at + helloLAN)
	case helloPoint:
		c.system(at + helloSource)
	case lspLevel1, lspLevel2:
		c.system(at + lspID)
	case csnpLevel1, csnpLevel2:
		c.system(at + snpSource)
		c.system(at + csnpFirst)
		c.system(at + csnpLast)
	case psnpLevel1, psnpLevel2:
		c.system(at + snpSource)
	}
}

func (c *capture) isisTLV(kind, at, end int) {
	switch kind {
	case isisReach, isisMTReach, isisNeighbours, isisEntries, isisAdjacency, isisInternal, isisExternal, isisIPv4Reach, isisMTIPv4Reach,
		isisIPv6Reach, isisMTIPv6Reach, isisAuth: // metrics and flags beside what is mapped
		c.plain(at, end)
	}
	switch kind {
	case isisInterfaces:
		c.addrs(at, end, ipv4Len)
	case isisRouterID:
		if end-at == ipv4Len {
			c.addr(at, ipv4Len)
		}
	case isisInterfaces6:
		c.addrs(at, end, ipv6Len)
	case isisLANSystems:
		for ; at+macLen <= end; at += macLen {
			c.mac(at)
		}
	case isisReach:
		c.isisReach(at, end)
	case isisMTReach:
		c.isisReach(at+topologyLen, end)
	case isisNeighbours:
		for at += neighboursFirst; at+neighbourLen <= end; at += neighbourLen {
			c.system(at + neighbourID)
		}
	case isisEntries:
		for ; at+entryLen <= end; at += entryLen {
			c.system(at + entryID)
		}
	case isisAdjacency:
		if end-at >= adjacencyWith {
			c.system(at + adjacencyID)
		}
	case isisInternal, isisExternal:
		for ; at+narrowLen <= end; at += narrowLen {
			c.network(at+narrowAddr, ipv4Len, c.maskBits(at+narrowMask))
		}
	case isisIPv4Reach:
		c.isisRoutes(at, end)
	case isisMTIPv4Reach:
		c.isisRoutes(at+topologyLen, end)
	case isisIPv6Reach:
		c.isisRoutes6(at, end)
	case isisMTIPv6Reach:
		c.isisRoutes6(at+topologyLen, end)
	case isisName:
		c.name(at, end)
	case isisAuth:
		c.isisAuth(at, end)
	case isisAreas, isisProtocols, isisPadding, isisTopologies:
		c.plain(at, end)
	default:
		c.opaque(fmt.Sprintf("IS-IS element %d", kind), at, end)
	}
}

// cutTLV goes over what the frame has of a TLV with a name or a secret that it has not whole.
func (c *capture) cutTLV(at, end int) {
	for at+tlvHead <= end {
		value := at + tlvHead
		if stop := value + c.byteAt(at+tlvLength); stop <= end {
			at = stop
			continue
		}
		switch c.byteAt(at) {
		case isisName:
			c.bytes(Part, value, end)
		case isisAuth:
			if value+authValue < end && c.byteAt(value+authIs) == authPassword {
				c.bytes(Part, value+authValue, end)
			}
		}
		return
	}
}

func (c *capture) isisAuth(at, end int) {
	if end-at > authValue && c.byteAt(at+authIs) == authPassword {
		c.secret(at+authValue, end)
		return
	}
	c.digest(at+authValue, end)
}

// isisReach maps neighbours, and the addresses of the links to them.
func (c *capture) isisReach(at, end int) {
	for at+reachLen <= end {
		c.system(at)
		sub := at + reachLen
		at = sub + c.byteAt(at+reachSubLength)
		c.tlvs(sub, min(at, end), c.isisLink)
	}
}

// isisLink maps the address that a sub-TLV of a neighbour has.
func (c *capture) isisLink(kind, at, end int) {
	switch kind {
	case reachIPv4, reachIPv4There:
		c.addrs(at, end, ipv4Len)
	case reachIPv6, reachIPv6There:
		c.addrs(at, end, ipv6Len)
	}
}

// isisRoutes6 maps prefixes of IPv6.
func (c *capture) isisRoutes6(at, end int) {
	for at+route6Prefix <= end {
		prefix := at + route6Prefix
		bits := min(c.byteAt(at+route6Bits), longest6)
		stop := prefix + octets(bits)
		if stop > end {
			return
		}
		c.prefix(prefix, bits, ipv6Len)
		if c.byteAt(at+routeControl)&route6HasSub != 0 && stop < end {
			stop += routeSubLength + c.byteAt(stop)
		}
		at = stop
	}
}

func (c *capture) isisRoutes(at, end int) {
	for at+routePrefix <= end {
		control, prefix := c.byteAt(at+routeControl), at+routePrefix
		bits := min(control&routeBits, longest4)
		stop := prefix + octets(bits)
		if stop > end {
			return
		}
		c.prefix(prefix, bits, ipv4Len)
		if control&routeHasSub != 0 && stop < end {
			stop += routeSubLength + c.byteAt(stop)
		}
		at = stop
	}
}

// system maps a system's id: a MAC, or an IPv4 address in decimal, such as 1921.6800.1001.
func (c *capture) system(at int) {
	if at+systemLen > c.end {
		return
	}
	if ip, ok := decimalSystem([systemLen]byte(c.old[at : at+systemLen])); ok {
		id := systemOf(c.m.Addr(ip, longest4).As4())
		c.put(at, id[:])
		return
	}
	c.mac(at)
}
