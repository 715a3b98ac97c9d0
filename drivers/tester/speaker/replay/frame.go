package replay

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// frame is one of a capture.
type frame struct {
	at   time.Time
	data []byte
	size int // on the wire
}

// The header of a frame (IEEE 802.3, 3.1.1) and what it carries (IEEE's registry of EtherTypes).
const (
	etherLen  = 14
	typeFirst = 0x0600
	typeIPv4  = 0x0800
	typeARP   = 0x0806
	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	typeIPv6  = 0x86dd
	typeSlow  = 0x8809
	typeLLDP  = 0x88cc
)

// Protocols of IP and ports of UDP (IANA's registries).
const (
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
	protoOSPF   = 89
	protoVRRP   = 112
	portBFD     = 3784
	portBFDMany = 4784
	portDHCP    = 67
	portDHCPc   = 68
	portRIP     = 520
)

// Extension headers of IPv6 (IANA's registry of them).
const (
	extHopByHop       = 0
	extRouting        = 43
	extFragment       = 44
	extAuthentication = 51
	extDestination    = 60
	extMobility       = 135
	extHIP            = 139
	extShim6          = 140
)

// protocols are the words of Order.Only.
func protocols() []string {
	return []string{"arp", "bfd", "dhcp", "icmpv6", "igmp", "isis", "lacp", "lldp", "ospf", "rip", "stp", "vrrp"}
}

// carried is what follows the header and its tags.
func (f frame) carried() (kind int, rest []byte) {
	if len(f.data) < etherLen {
		return 0, nil
	}
	kind, rest = int(binary.BigEndian.Uint16(f.data[12:])), f.data[etherLen:]
	for (kind == typeVLAN || kind == typeQinQ) && len(rest) >= 4 {
		kind, rest = int(binary.BigEndian.Uint16(rest[2:])), rest[4:]
	}
	return kind, rest
}

// source is the address that the packet within comes from; the zero one where that is none.
func (f frame) source() netip.Addr {
	switch kind, b := f.carried(); {
	case kind == typeIPv4 && len(b) >= 20:
		return netip.AddrFrom4([4]byte(b[12:16]))
	case kind == typeIPv6 && len(b) >= 40:
		return netip.AddrFrom16([16]byte(b[8:24]))
	case kind == typeARP && len(b) >= 28:
		return netip.AddrFrom4([4]byte(b[14:18]))
	}
	return netip.Addr{}
}

// protocol is the word for what a frame is; "tcp" for what is never sent, and empty for what has no word.
func (f frame) protocol() string {
	kind, b := f.carried()
	switch {
	case kind == typeARP:
		return "arp"
	case kind == typeLLDP:
		return "lldp"
	case kind == typeSlow && len(b) > 0 && b[0] == 1:
		return "lacp"
	case kind < typeFirst && len(b) > 1 && b[0] == 0x42 && b[1] == 0x42:
		return "stp"
	case kind < typeFirst && len(b) > 3 && b[0] == 0xfe && b[1] == 0xfe && b[3] == 0x83:
		return "isis"
	case kind == typeIPv4 && len(b) >= 20:
		return transport(int(b[9]), b[min(len(b), 4*int(b[0]&15)):])
	case kind == typeIPv6 && len(b) >= 40:
		return transport(behind(int(b[6]), b[40:]))
	}
	return ""
}

// behind is what stands behind the extension headers of IPv6 (RFC 8200 section 4): its protocol, and its bytes; of
// a fragment that is not the first, the protocol alone.
func behind(proto int, b []byte) (int, []byte) {
	for len(b) >= 8 {
		size := 8 + 8*int(b[1])
		switch proto {
		case extHopByHop, extRouting, extDestination, extMobility, extHIP, extShim6:
		case extAuthentication:
			size = 8 + 4*int(b[1]) // RFC 4302 section 2.2
		case extFragment:
			size = 8
			if binary.BigEndian.Uint16(b[2:])&^7 != 0 {
				return int(b[0]), nil
			}
		default:
			return proto, b
		}
		proto, b = int(b[0]), b[min(len(b), size):]
	}
	return proto, b
}

func transport(proto int, b []byte) string {
	switch proto {
	case protoIGMP:
		return "igmp"
	case protoTCP:
		return "tcp"
	case protoICMPv6:
		return "icmpv6"
	case protoOSPF:
		return "ospf"
	case protoVRRP:
		return "vrrp"
	case protoUDP:
		if len(b) < 4 {
			return ""
		}
		switch binary.BigEndian.Uint16(b[2:]) {
		case portBFD, portBFDMany:
			return "bfd"
		case portDHCP, portDHCPc:
			return "dhcp"
		case portRIP:
			return "rip"
		}
	}
	return ""
}
