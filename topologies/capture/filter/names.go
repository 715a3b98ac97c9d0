package filter

import "maps"

// constants are names that stand for numbers (pcap-filter(7)).
func constants() map[string]uint32 {
	return map[string]uint32{
		"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,
		"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8, "icmp-routeradvert": 9,
		"icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
		"icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,
		"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4, "icmp6-echo": 128,
		"icmp6-echoreply": 129, "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131, "icmp6-multicastlistenerdone": 132,
		"icmp6-routersolicit": 133, "icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
		"icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139, "icmp6-nodeinformationresponse": 140, "icmp6-multicastlistenerreportv2": 143,
		"tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
	}
}

// Numbers of protocols above IP.
const (
	protoICMP  = 1
	protoTCP   = 6
	protoUDP   = 17
	protoFrag  = 44
	protoICMP6 = 58
	protoSCTP  = 132
)

// transports are the protocols above IP that the syntax has a word for.
func transports() map[string]uint32 {
	return map[string]uint32{
		"icmp": protoICMP, "igmp": 2, "igrp": 9, "tcp": protoTCP, "udp": protoUDP, "esp": 50, "ah": 51, "icmp6": protoICMP6, "pim": 103, "vrrp": 112,
		"carp": 112, "sctp": protoSCTP,
	}
}

// ipProtocols are names for a number behind "proto".
func ipProtocols() map[string]uint32 {
	names := transports()
	delete(names, "icmp6")
	delete(names, "carp")
	maps.Copy(names, map[string]uint32{
		"igp": 9, "gre": 47, "ipv6-icmp": protoICMP6, "eigrp": 88, "ospf": 89, "l2tp": 115, "isis": 124, "udplite": 136,
	})
	return names
}

// Types of Ethernet.
const (
	typeIP    = 0x0800
	typeARP   = 0x0806
	typeRARP  = 0x8035
	typeIP6   = 0x86dd
	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	typeQinQ2 = 0x9100
	maxLength = 1500 // above it, the field is a type and no length
)

// etherTypes are names for a type behind "ether proto".
func etherTypes() map[string]uint32 {
	return map[string]uint32{"ip": typeIP, "ip6": typeIP6, "arp": typeARP, "rarp": typeRARP}
}

// Service access points of LLC.
const (
	sapBPDU = 0x42
	sapISO  = 0xfe
)

// Protocols of ISO, by their first byte.
const (
	isoESIS = 0x82
	isoISIS = 0x83
	isoCLNP = 0x81
)

// isisPDUs are the types of packets of IS-IS that a word stands for.
func isisPDUs() map[string][]uint32 {
	return map[string][]uint32{
		"l1": {15, 17, 18, 24, 26}, "l2": {16, 17, 20, 25, 27}, "iih": {15, 16, 17}, "lsp": {18, 20}, "snp": {26, 27, 24, 25}, "csnp": {24, 25}, "psnp": {26, 27},
	}
}

// refused are words of the syntax that are not accepted, and why.
func refused() map[string]string {
	frame := "which way a frame went is not in the frame"
	other := "that protocol is not supported"
	wireless := "captures are of Ethernet"
	return map[string]string{
		"inbound": frame, "outbound": frame, "ifindex": "the interface is not in the frame: a capture is of one", "gateway": "no names of hosts are looked up",
		"mpls": "what is behind a label cannot be looked into", "pppoed": other, "pppoes": other, "geneve": other, "batadv": other,
		"protochain": "a program has no loops to follow a chain of headers", "byte": `ether[…] says the same`, "atalk": other, "aarp": other, "decnet": other, "lat": other, "sca": other,
		"moprc": other, "mopdl": other, "ipx": other, "netbeui": other, "radio": wireless, "wlan": wireless, "fddi": wireless, "tr": wireless, "type": wireless,
		"subtype": wireless, "dir": wireless, "addr1": wireless, "addr2": wireless, "addr3": wireless, "addr4": wireless, "ta": wireless,
		"lane": wireless, "vpi": wireless, "vci": wireless, "ifname": wireless, "on": wireless, "rset": wireless, "reason": wireless, "action": wireless,
	}
}
