package packet

import "fmt"

// The header of a frame (IEEE 802.3, 3.1.1).
const (
	etherDestination = 0
	etherSource      = 6
	etherType        = 12
	etherLen         = 14
)

// What a frame carries (IEEE's registry of EtherTypes). What is less than the first is the
// length of a frame of IEEE 802.2 (IEEE 802.3, 3.2.6).
const (
	typeFirst     = 0x0600
	typeIPv4      = 0x0800
	typeARP       = 0x0806
	typeRARP      = 0x8035 // RFC 903
	typeTransEth  = 0x6558 // an Ethernet frame, in GRE (RFC 1701)
	typeVLAN      = 0x8100 // IEEE 802.1Q
	typeQinQOld   = 0x9100 // what switches used before 802.1ad
	typeIPv6      = 0x86dd
	typeSlow      = 0x8809 // IEEE 802.3, annex 57A
	typeMPLS      = 0x8847
	typeMPLSMulti = 0x8848
	typeProvider  = 0x88a8 // IEEE 802.1ad
	typeLLDP      = 0x88cc
	typeBackbone  = 0x88e7 // IEEE 802.1ah, the frames of SPB
)

// A tag of a VLAN: its number, then the type of what follows (IEEE 802.1Q, 9.4).
const (
	vlanType = 2
	vlanLen  = 4
)

// serviceTagLen is the tag with the number of a service that precedes the customer's frame
// (IEEE 802.1Q, 9.7).
const serviceTagLen = 4

func (c *capture) ethernet(f *frame, at, end int) {
	if at+etherLen > end || !c.enter(at, end) {
		return
	}
	defer c.leave()
	c.mac(at + etherDestination)
	c.mac(at + etherSource)
	c.in(at, "Ethernet")
	c.plain(at+etherType, at+etherLen)
	c.ethertype(f, c.u16(at+etherType), at+etherLen, end)
}

// ethertype goes into what a frame carries, behind its tags.
func (c *capture) ethertype(f *frame, kind, at, end int) {
	begin := at
	for tagged := true; tagged; {
		switch {
		case (kind == typeVLAN || kind == typeProvider || kind == typeQinQOld) && at+vlanLen <= end:
			kind, at = c.u16(at+vlanType), at+vlanLen
		case kind == typeMetadata && at+metadataLen <= end:
			kind, at = c.u16(at+metadataType), at+metadataLen
		case (kind == typeVNTag || kind == typeHSR) && at+vnTagLen <= end: // of one shape
			kind, at = c.u16(at+vnTagType), at+vnTagLen
		case kind == typeMACsec && c.signedOnly(at, end) > 0:
			at = c.signedOnly(at, end)
			kind = c.u16(at - pppProtocolLen)
		default:
			tagged = false
		}
	}
	c.plain(begin, at)
	switch {
	case kind == typeIPv4 || kind == typeIPv6:
		c.ip(f, at, end)
	case kind == typeARP || kind == typeRARP:
		c.arp(at, end)
	case kind == typeEAPOL && at+eapolBody <= end:
		c.eapol(at, end)
	case kind == typeLLDP:
		c.lldp(at, end)
	case kind == typeBackbone && at+serviceTagLen <= end:
		c.plain(at, at+serviceTagLen)
		c.ethernet(f, at+serviceTagLen, end)
	case kind == typePPPoE:
		c.pppoe(f, at, end)
	case kind == typeFabricPath:
		c.plain(at, at+fabricPathLen)
		c.ethernet(f, at+fabricPathLen, end)
	case kind == typeTRILL && at+trillLen <= end:
		c.plain(at, at+trillLen)
		c.inside(f, at+trillLen, at+trillLen+c.u16(at)&trillOptions>>trillShift*headerWord, end)
	case kind == typeMPLS || kind == typeMPLSMulti:
		c.mpls(f, at, end)
	case kind == typeSlow && at+lacpPartnerEnd <= end && c.byteAt(at+slowSubtype) == slowLACP:
		c.lacp(at)
	case kind < typeFirst:
		c.llc(f, at, min(end, at+kind))
	default:
		c.opaque(fmt.Sprintf("EtherType 0x%04x", kind), begin, end)
	}
}
