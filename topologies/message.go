package topologies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// protocolRow is a protocol whose messages a FrameMatch takes by their names.
type protocolRow struct {
	match FrameMatch // what rules of the kernel find of it
	types map[string]string
	all   string // a filter for all of its messages; empty: the match suffices
	flat  bool   // it is not looked for behind VLAN tags
}

// Filters in tcpdump's syntax for what begins behind the header of IP, at a byte: its value, or some of
// its bits.
func behindIPv4(protocol, at int, test string) string {
	return fmt.Sprintf("(ip proto %d and ip[6:2] & 0x1fff = 0 and ip[((ip[0] & 0xf) << 2) + %d] %s)", protocol, at, test)
}

func behindIPv6(protocol, at int, test string) string {
	return fmt.Sprintf("(ip6[6] = %d and ip6[%d] %s)", protocol, 40+at, test)
}

func behindIP(protocol, at int, test string) string {
	return behindIPv4(protocol, at, test) + " or " + behindIPv6(protocol, at, test)
}

func is(n int) string { return "= " + strconv.Itoa(n) }

// typed makes the types of a protocol of their numbers.
func typed(numbers map[string]int, filter func(n int) string) map[string]string {
	types := map[string]string{}
	for name, n := range numbers {
		types[name] = filter(n)
	}
	return types
}

// bgp finds a message at the begin of a segment (RFC 4271 section 4.1): marker, length, type.
func bgp(n int) string {
	return fmt.Sprintf("(tcp port 179 and tcp[((tcp[12] & 0xf0) >> 2):4] = 0xffffffff and tcp[((tcp[12] & 0xf0) >> 2) + 18] = %d)"+
		" or (ip6[6] = 6 and (ip6[40:2] = 179 or ip6[42:2] = 179) and ip6[40 + ((ip6[52] & 0xf0) >> 2):4] = 0xffffffff and ip6[40 + ((ip6[52] & 0xf0) >> 2) + 18] = %d)", n, n)
}

// icmp6 finds a message, behind the option that those of MLD have too (RFC 2710 section 3).
func icmp6(n int) string {
	return fmt.Sprintf("(ip6[6] = 58 and ip6[40] = %d) or (ip6[6] = 0 and ip6[40] = 58 and ip6[48] = %d)", n, n)
}

// isis finds the messages of ISO 10589 of any of the numbers.
func isis(numbers ...int) string {
	var list []string
	for _, n := range numbers {
		list = append(list, "ether[21] & 0x1f "+is(n))
	}
	return "(" + isisAll + " and (" + strings.Join(list, " or ") + "))"
}

const (
	isisAll = "ether[14:2] = 0xfefe and ether[17] = 0x83"
	stpAll  = "ether[14:2] = 0x4242 and ether[17:2] = 0"
	bfdPort = "(udp dst port 3784 or udp dst port 4784)"
)

// dhcp finds a message whose type is its first option (RFC 2132 section 9.6), as it is everywhere.
func dhcp(n int) string { return fmt.Sprintf("(udp[248:2] = 0x3501 and udp[250] = %d)", n) }

// messageTable lists the protocols whose messages have names.
func messageTable() map[string]protocolRow {
	lengths := FrameMatch{EtherType: "0x0004"} // the kernel's word for frames with a length in the place of the type
	return map[string]protocolRow{
		"ospf": {match: FrameMatch{Proto: "ospf"}, types: typed(map[string]int{
			"hello": 1, "database-description": 2, "ls-request": 3, "ls-update": 4, "ls-ack": 5,
		}, func(n int) string { return behindIP(89, 1, is(n)) })},
		"bgp": {
			match: FrameMatch{Proto: "tcp"}, all: "tcp port 179 or (ip6[6] = 6 and (ip6[40:2] = 179 or ip6[42:2] = 179))",
			types: typed(map[string]int{"open": 1, "update": 2, "notification": 3, "keepalive": 4, "route-refresh": 5}, bgp),
		},
		"isis": {match: lengths, all: isisAll, flat: true, types: map[string]string{
			"hello": isis(15, 16, 17), "l1-hello": isis(15), "l2-hello": isis(16), "p2p-hello": isis(17),
			"lsp": isis(18, 20), "l1-lsp": isis(18), "l2-lsp": isis(20),
			"csnp": isis(24, 25), "l1-csnp": isis(24), "l2-csnp": isis(25),
			"psnp": isis(26, 27), "l1-psnp": isis(26), "l2-psnp": isis(27),
		}},
		"lacp": {match: FrameMatch{EtherType: "0x8809"}, all: "ether[14] = 1", flat: true, types: map[string]string{
			"synchronized": "(ether[14] = 1 and ether[32] & 8 != 0)", "expired": "(ether[14] = 1 and ether[32] & 0x80 != 0)",
		}},
		"lldp": {match: FrameMatch{EtherType: "lldp"}, flat: true},
		"stp": {match: lengths, all: stpAll, flat: true, types: map[string]string{
			"config": "(" + stpAll + " and ether[20] = 0)", "tcn": "(" + stpAll + " and ether[20] = 0x80)",
			"rst": "(" + stpAll + " and ether[19] = 2 and ether[20] = 2)", "mst": "(" + stpAll + " and ether[19] = 3 and ether[20] = 2)",
		}},
		"vrrp": {match: FrameMatch{Proto: "vrrp"}, types: map[string]string{"advertisement": behindIP(112, 0, "& 0xf = 1")}},
		"bfd": {
			match: FrameMatch{Proto: "udp"}, all: bfdPort + " or udp dst port 3785",
			types: map[string]string{
				"control": bfdPort, "echo": "udp dst port 3785",
				"admin-down": bfdState(0), "down": bfdState(1), "init": bfdState(2), "up": bfdState(3),
			},
		},
		"arp": {match: FrameMatch{EtherType: "arp"}, types: map[string]string{"request": "arp[6:2] = 1", "reply": "arp[6:2] = 2"}},
		"icmp": {match: FrameMatch{Proto: "icmp"}, types: typed(map[string]int{
			"echo-reply": 0, "unreachable": 3, "redirect": 5, "echo-request": 8, "time-exceeded": 11,
		}, func(n int) string { return behindIPv4(1, 0, is(n)) })},
		"icmp6": icmp6Row(), "icmpv6": icmp6Row(),
		"igmp": {match: FrameMatch{Proto: "igmp"}, types: typed(map[string]int{
			"query": 0x11, "v1-report": 0x12, "v2-report": 0x16, "leave": 0x17, "v3-report": 0x22,
		}, func(n int) string { return behindIPv4(2, 0, is(n)) })},
		"pim": {match: FrameMatch{Proto: "pim"}, types: typed(map[string]int{
			"hello": 0, "register": 1, "join-prune": 3, "bootstrap": 4, "assert": 5,
		}, func(n int) string { return behindIP(103, 0, "& 0xf "+is(n)) })},
		"dhcp": {match: FrameMatch{Proto: "udp"}, all: "udp port 67 or udp port 68", types: typed(map[string]int{
			"discover": 1, "offer": 2, "request": 3, "decline": 4, "ack": 5, "nak": 6, "release": 7, "inform": 8,
		}, func(n int) string { return "((udp port 67 or udp port 68) and " + dhcp(n) + ")" })},
	}
}

// bfdState finds the control packets of a state (RFC 5880 section 4.1).
func bfdState(n int) string {
	return fmt.Sprintf("(%s and (%s or %s))", bfdPort, behindIPv4(17, 9, fmt.Sprintf("& 0xc0 = %d", n<<6)), behindIPv6(17, 9, fmt.Sprintf("& 0xc0 = %d", n<<6)))
}

func icmp6Row() protocolRow {
	return protocolRow{match: FrameMatch{Proto: "icmp6"}, types: typed(map[string]int{
		"unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "echo-request": 128, "echo-reply": 129, "mld-query": 130, "mld-report": 143,
		"router-solicitation": 133, "router-advertisement": 134, "neighbor-solicitation": 135, "neighbor-advertisement": 136,
	}, icmp6)}
}

// MessageProtocols lists the protocols whose messages a FrameMatch takes by name.
func MessageProtocols() []string { return slices.Sorted(maps.Keys(messageTable())) }

// MessageTypes lists the names of a protocol's messages; none where it has none.
func MessageTypes(protocol string) []string {
	return slices.Sorted(maps.Keys(messageTable()[strings.ToLower(protocol)].types))
}

// LSAType is a type of LSA as OSPF numbers it; 0 where a version has none.
type LSAType struct {
	V2 uint8  // RFC 2328 section A.4.1, RFC 3101, RFC 5250
	V3 uint16 // the function code of RFC 5340 section A.4.2.1
}

// LSATypes are the types of LSA that a FrameMatch takes by name.
func LSATypes() map[string]LSAType {
	return map[string]LSAType{
		"router": {1, 1}, "network": {2, 2}, "summary": {3, 3}, "asbr-summary": {4, 4}, "external": {5, 5}, "nssa": {7, 7},
		"opaque-link": {9, 0}, "opaque-area": {10, 0}, "opaque-as": {11, 0}, "link": {0, 8}, "intra-area-prefix": {0, 9},
	}
}

// PathAttributes are the path attributes of BGP that a FrameMatch takes by name, as IANA numbers them.
func PathAttributes() map[string]uint8 {
	return map[string]uint8{
		"origin": 1, "as-path": 2, "next-hop": 3, "med": 4, "local-pref": 5, "atomic-aggregate": 6, "aggregator": 7,
		"communities": 8, "originator-id": 9, "cluster-list": 10, "mp-reach": 14, "mp-unreach": 15, "ext-communities": 16,
		"as4-path": 17, "as4-aggregator": 18, "large-communities": 32, "prefix-sid": 40,
	}
}

// Plain is the match without names of messages: a match for the kernel, and a filter in tcpdump's syntax
// for what that lets through; the filter is empty where the match suffices.
func (m FrameMatch) Plain() (plain FrameMatch, filter string, err error) {
	if m.LSA != "" && !m.is("ospf", "ls-update") && !m.is("ospf", "ls-ack") {
		return m, "", errors.New("LSAs are in ls-update and ls-ack of ospf alone")
	}
	if m.Attribute != "" && !m.is("bgp", "update") {
		return m, "", errors.New("path attributes are in update of bgp alone")
	}
	row, known := messageTable()[strings.ToLower(m.Proto)]
	_, ip := Protocols()[strings.ToLower(m.Proto)]
	switch {
	case m.Type == "" && (ip || !known):
		return m, "", nil
	case m.Type != "" && !known:
		return m, "", fmt.Errorf("no messages of protocol %q are known by name", m.Proto)
	}
	filter = row.all
	if m.Type != "" {
		var ok bool
		if filter, ok = row.types[MessageNamed(m.Proto, m.Type)]; !ok {
			return m, "", fmt.Errorf("%s has no message %q", m.Proto, m.Type)
		}
	}
	if row.match.EtherType != "" {
		if m.EtherType != "" && !strings.EqualFold(m.EtherType, row.match.EtherType) {
			return m, "", fmt.Errorf("frames of ethertype %s hold no %s", m.EtherType, m.Proto)
		}
		m.EtherType = row.match.EtherType
	}
	m.Proto, m.Type = row.match.Proto, ""
	if filter != "" && !row.flat {
		filter = fmt.Sprintf("(%s) or (vlan and ((%s) or (vlan and (%s))))", filter, filter, filter) // each vlan looks further in
	}
	return m, filter, nil
}

func (m FrameMatch) is(proto, kind string) bool {
	return strings.EqualFold(m.Proto, proto) && MessageNamed(m.Proto, m.Type) == kind
}

// Plain is the fault with its match made plain. The filter of a message is beside that of the fault: in
// tcpdump's syntax, what one says of VLANs would change the meaning of the other.
func (f Fault) Plain() (Fault, error) {
	match, filter, err := f.Match.Plain()
	if err != nil {
		return f, err
	}
	f.Match = match
	if filter != "" {
		f.Frames.Message = filter
	}
	f.Frames.LSA, f.Frames.Attribute = match.LSA, match.Attribute
	f.Match.LSA, f.Match.Attribute = "", ""
	return f, nil
}
