package packet

import "bytes"

// CDP and EDP (Wireshark's packet-cdp.c and packet-edp.c; the vendors publish none): where the
// checksum is, where elements begin, and the head of one, whose length counts the head too.
const (
	cdpSum      = 2 // after version and time to live
	cdpElements = 4
	edpSum      = 4 // after version, reserved and length
	edpMAC      = 10
	edpElements = 16

	elementLength = 2
	elementHead   = 4
)

// Elements of CDP.
const (
	cdpDevice       = 0x01
	cdpAddresses    = 0x02
	cdpPort         = 0x03
	cdpCapabilities = 0x04
	cdpSoftware     = 0x05
	cdpPlatform     = 0x06
	cdpPrefixes     = 0x07
	cdpCluster      = 0x08
	cdpVTPDomain    = 0x09
	cdpNativeVLAN   = 0x0a
	cdpDuplex       = 0x0b
	cdpPower        = 0x10
	cdpMTU          = 0x11
	cdpTrust        = 0x12
	cdpClass        = 0x13
	cdpSystemName   = 0x14
	cdpObject       = 0x15
	cdpManagement   = 0x16
	cdpLocation     = 0x17
	cdpRequested    = 0x19
	cdpAvailable    = 0x1a

	cdpCountLen       = 4
	cdpPrefixLen      = ipv4Len + 1
	cdpClusterMaster  = 5 // after the vendor and a protocol
	cdpClusterMACs    = 17
	cdpClusterLen     = 29
	cdpLocationHead   = 1
	cdpProtocolLength = 1 // of an address: a type, the length of a protocol, that, the length of the address
	cdpProtocol       = 2
)

// Elements of EDP: each begins with a mark.
const (
	edpMark    = 0x99
	edpNull    = 0
	edpDisplay = 1
	edpInfo    = 2
	edpVLAN    = 5
	edpEAPS    = 11

	edpVLANAddr = 8 // after flags, its number and what is reserved
	edpVLANName = 12
	edpEAPSMAC  = 6
	edpEAPSLen  = 56
)

// cdp maps names and addresses.
func (c *capture) cdp(f *frame, at, end int) {
	c.in(at, "CDP")
	if at+cdpElements > end {
		return
	}
	c.plain(at, at+cdpElements)
	f.sums = append(f.sums, checksum{at: at + cdpSum, parts: []part{{at, end}}, low: (end-at)%sumLen == 1 && c.lowSum(at, end)})
	for p := at + cdpElements; p+elementHead <= end; {
		kind, stop := c.u16(p), p+c.u16(p+elementLength)
		if stop < p+elementHead {
			return
		}
		c.plain(p, p+elementHead)
		c.cdpElement(kind, p+elementHead, stop, min(stop, end))
		p = stop
	}
}

// cdpElement maps one, of which the frame has perhaps the begin only.
func (c *capture) cdpElement(kind, at, whole, end int) {
	switch kind {
	case cdpDevice:
		c.deviceID(at, whole, end)
	case cdpVTPDomain, cdpSystemName:
		c.field(Name, at, whole, end)
	case cdpLocation:
		c.plain(at, at+cdpLocationHead)
		c.field(Name, at+cdpLocationHead, whole, end)
	case cdpAddresses, cdpManagement:
		c.cdpAddresses(at, end)
	case cdpPort, cdpSoftware, cdpPlatform:
		c.text(at, end)
	case cdpPrefixes:
		if (end-at)%cdpPrefixLen != 0 { // a default gateway
			c.addrs(at, end, ipv4Len)
			return
		}
		for ; at+cdpPrefixLen <= end; at += cdpPrefixLen {
			c.network(at, ipv4Len, min(c.byteAt(at+ipv4Len), longest4))
			c.plain(at+ipv4Len, at+cdpPrefixLen)
		}
	case cdpCluster:
		if end-at >= cdpClusterLen {
			c.plain(at, end)
			c.addrs(at+cdpClusterMaster, at+cdpClusterMaster+2*ipv4Len, ipv4Len)
			c.mac(at + cdpClusterMACs)
			c.mac(at + cdpClusterMACs + macLen)
		}
	case cdpCapabilities, cdpNativeVLAN, cdpDuplex, cdpPower, cdpMTU, cdpTrust, cdpClass, cdpObject, cdpRequested, cdpAvailable:
		c.plain(at, end)
	}
}

// deviceID maps the name of a device, and the serial number that some put behind it in brackets.
func (c *capture) deviceID(at, whole, end int) {
	if n := bytes.IndexByte(c.old[at:end], '('); n > 0 && whole == end && c.byteAt(end-1) == ')' {
		c.name(at, at+n)
		c.secret(at+n+1, end-1)
		c.plain(at+n, end)
		return
	}
	c.field(Name, at, whole, end)
}

func (c *capture) cdpAddresses(at, end int) {
	c.plain(at, at+cdpCountLen)
	for p := at + cdpCountLen; p+cdpProtocol <= end; {
		length := p + cdpProtocol + c.byteAt(p+cdpProtocolLength)
		if length+lengthLen > end {
			return
		}
		addr := length + lengthLen
		stop := addr + c.u16(length)
		if stop > end {
			return
		}
		c.plain(p, addr)
		if n := stop - addr; n == ipv4Len || n == ipv6Len {
			c.addr(addr, n)
		}
		p = stop
	}
}

// edp maps names and addresses, of EAPS too.
func (c *capture) edp(f *frame, at, end int) {
	c.in(at, "EDP")
	if at+edpElements > end {
		return
	}
	f.sum(at+edpSum, part{at, end})
	c.plain(at, at+edpMAC)
	c.mac(at + edpMAC)
	for p := at + edpElements; p+elementHead <= end && c.byteAt(p) == edpMark; {
		kind, stop := c.byteAt(p+1), p+c.u16(p+elementLength)
		if stop < p+elementHead || stop > end {
			return
		}
		c.plain(p, p+elementHead)
		c.edpElement(kind, p+elementHead, stop)
		p = stop
	}
}

func (c *capture) edpElement(kind, at, end int) {
	switch kind {
	case edpNull, edpInfo:
		c.plain(at, end)
	case edpDisplay:
		c.name(at, c.untilZero(at, end-at))
	case edpVLAN:
		if at+edpVLANName <= end {
			c.plain(at, at+edpVLANAddr)
			c.addr(at+edpVLANAddr, ipv4Len)
			c.text(at+edpVLANName, end)
		}
	case edpEAPS:
		if at+edpEAPSLen <= end {
			c.plain(at, end)
			c.mac(at + edpEAPSMAC)
		}
	}
}

// VTP (Wireshark's packet-vtp.c): who advertises which domain.
const (
	vtpCode     = 1
	vtpDomain   = 4
	vtpDomainTo = 36
	vtpUpdater  = 40 // of a summary; behind a revision
	vtpDate     = 44
	vtpDigest   = 56
	vtpTail     = 72
	vtpVLANs    = 40 // of a subset

	vtpSummary = 1
	vtpSubset  = 2
	vtpRequest = 3

	vtpVLANNameLen = 3
	vtpVLANName    = 12
)

// vtp maps the domain and who changed it, and cuts the digest, which the password is in.
func (c *capture) vtp(at, end int) {
	c.in(at, "VTP")
	if at+vtpDomain > end {
		return
	}
	c.plain(at, at+vtpDomain)
	stop := min(end, at+vtpDomainTo)
	c.name(at+vtpDomain, c.untilZero(at+vtpDomain, stop-at-vtpDomain))
	switch c.byteAt(at + vtpCode) {
	case vtpSummary:
		c.plain(at+vtpDomainTo, at+vtpUpdater)
		c.addr(at+vtpUpdater, ipv4Len)
		c.plain(at+vtpDate, at+vtpDigest)
		c.digest(at+vtpDigest, min(end, at+vtpTail))
	case vtpSubset:
		c.plain(at+vtpDomainTo, at+vtpVLANs)
		for p := at + vtpVLANs; p+vtpVLANName <= end; {
			next := p + c.byteAt(p)
			name := p + vtpVLANName
			to := name + c.byteAt(p+vtpVLANNameLen)
			if next < name || next > end || to > next {
				return
			}
			c.plain(p, next)
			c.text(name, to)
			p = next
		}
	case vtpRequest:
		c.plain(at+vtpDomainTo, at+vtpDomainTo+2)
	}
}
