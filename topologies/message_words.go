package topologies

import (
	"slices"
	"strings"
)

// FrameKinds lists the protocols that a frame is told to be of, in a word (capture/frames), with the words for their messages;
// none where its messages have no words. A message without a word is "type N".
func FrameKinds() map[string][]string {
	return map[string][]string{
		"tcp": nil, "udp": nil, "pim": nil, "dhcp6": nil, "dns": nil, "rip": nil, "lldp": nil, "slow": nil, "llc": nil,
		"arp":   {"request", "reply"},
		"bfd":   {"admin-down", "down", "init", "up"},
		"bgp":   {"open", "update", "notification", "keepalive", "route-refresh"},
		"dhcp":  {"request", "reply"},
		"icmp":  {"echo", "echo-reply", "unreachable", "redirect", "router-advertisement", "router-solicitation", "time-exceeded"},
		"icmp6": {"echo", "echo-reply", "unreachable", "too-big", "time-exceeded", "parameter-problem", "listener-query", "listener-report", "listener-done", "router-solicitation", "router-advertisement", "neighbor-solicitation", "neighbor-advertisement", "redirect"},
		"igmp":  {"query", "report", "leave"},
		"isis":  {"hello", "lsp", "csnp", "psnp"},
		"lacp":  {"marker"},
		"ospf":  {"hello", "dd", "request", "update", "ack"},
		"stp":   {"config", "rst", "tcn"},
		"vrrp":  {"advertisement"},
	}
}

// FrameMessages lists all words that a message of a frame is told by.
func FrameMessages() []string {
	var all []string
	for _, words := range FrameKinds() {
		all = append(all, words...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sameMessages are the words of frames for what a FrameMatch has other words for, by protocol.
func sameMessages() map[string]map[string]string {
	icmp6 := map[string]string{"echo": "echo-request", "too-big": "packet-too-big", "listener-query": "mld-query"}
	return map[string]map[string]string{
		"ospf":  {"dd": "database-description", "request": "ls-request", "update": "ls-update", "ack": "ls-ack"},
		"icmp":  {"echo": "echo-request"},
		"icmp6": icmp6, "icmpv6": icmp6,
	}
}

// MessageNamed gives the word of a FrameMatch for a message that is named by it, or as frames have it.
func MessageNamed(protocol, word string) string {
	word = strings.ToLower(word)
	if other := sameMessages()[strings.ToLower(protocol)][word]; other != "" {
		return other
	}
	return word
}

// FrameWord gives the word of frames for a message that a FrameMatch names otherwise; the word itself where there is none.
func FrameWord(word string) string {
	for _, same := range sameMessages() {
		for told, named := range same {
			if strings.EqualFold(named, word) {
				return told
			}
		}
	}
	if after, ok := strings.CutPrefix(word, "mld-"); ok {
		return "listener-" + after
	}
	for _, level := range []string{"l1-", "l2-", "p2p-", "v1-", "v2-", "v3-"} {
		if after, ok := strings.CutPrefix(word, level); ok {
			return after
		}
	}
	return word
}
