package filter

// meant is what to write for names of protocols that the syntax has no word for. Some of its own words
// are among them, which mean something else there than is meant.
func meant() map[string]string {
	return map[string]string{
		"ospf": "ip proto 89, or ip6 proto 89 for version 3", "ospfv2": "ip proto 89", "ospf2": "ip proto 89", "ospfv3": "ip6 proto 89", "ospf3": "ip6 proto 89",
		"bgp": "tcp port 179", "ldp": "port 646", "bfd": "udp port 3784 (4784 over several hops)", "eigrp": "ip proto 88", "rsvp": "ip proto 46", "gre": "ip proto 47",
		"rip": "udp port 520", "ripng": "udp port 521", "hsrp": "udp port 1985", "glbp": "udp port 3222", "msdp": "tcp port 639", "vrrp": "ip proto 112, or ip6 proto 112",
		"lacp": "ether proto 0x8809 and ether[14] == 1", "lldp": "ether proto 0x88cc", "eapol": "ether proto 0x888e", "dot1x": "ether proto 0x888e", "macsec": "ether proto 0x88e5",
		"ptp": "ether proto 0x88f7, or udp port 319 or 320", "cfm": "ether proto 0x8902", "oam": "ether proto 0x8809 and ether[14] == 3", "mvrp": "ether proto 0x88f5",
		"cdp": "ether dst 01:00:0c:cc:cc:cc and ether[20:2] == 0x2000", "edp": "ether dst 00:e0:2b:00:00:00 and ether[20:2] == 0x00bb", "rstp": "stp", "mstp": "stp", "bpdu": "stp",
		"dhcp": "udp port 67 or 68", "bootp": "udp port 67 or 68", "dhcpv6": "udp port 546 or 547", "dhcp6": "udp port 546 or 547", "dns": "port 53", "ntp": "udp port 123",
		"snmp": "udp port 161 or 162", "syslog": "udp port 514", "radius": "udp port 1812 or 1813", "tacacs": "tcp port 49", "ssh": "tcp port 22", "telnet": "tcp port 23",
		"http": "tcp port 80", "https": "tcp port 443", "tftp": "udp port 69", "vxlan": "udp port 4789", "sflow": "udp port 6343",
		"ipv4": "ip", "ipv6": "ip6", "icmpv6": "icmp6", "nd": "icmp6 and ip6[40] >= 133 and ip6[40] <= 137", "ndp": "icmp6 and ip6[40] >= 133 and ip6[40] <= 137",
		"ra": "icmp6 and ip6[40] == 134", "rs": "icmp6 and ip6[40] == 133", "ns": "icmp6 and ip6[40] == 135", "na": "icmp6 and ip6[40] == 136",
		"mld": "ip6[6] == 0 and ip6[40] == 58 and ip6[48] == 143 (a report of version 2)", "ping": "icmp or icmp6", "is-is": "isis", "qinq": "vlan and vlan",
	}
}
