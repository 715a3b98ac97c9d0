package topologies

import (
	"maps"
	"slices"
)

// Protocols are the IP protocols that a FrameMatch takes by name, with their numbers.
func Protocols() map[string]uint8 {
	return map[string]uint8{
		"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "icmp6": 58, "icmpv6": 58,
		"ospf": 89, "pim": 103, "vrrp": 112,
	}
}

// ProtocolNames lists them.
func ProtocolNames() []string { return slices.Sorted(maps.Keys(Protocols())) }

// EtherTypes are the types of frame that a FrameMatch takes by name, with their numbers.
func EtherTypes() map[string]uint16 {
	return map[string]uint16{"ip": 0x0800, "ip4": 0x0800, "ipv4": 0x0800, "arp": 0x0806, "ip6": 0x86dd, "ipv6": 0x86dd, "lldp": 0x88cc}
}

// EtherTypeNames lists them.
func EtherTypeNames() []string { return slices.Sorted(maps.Keys(EtherTypes())) }
