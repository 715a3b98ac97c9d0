package filter_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
)

// Every message that a fault takes by its name has a filter that is one, and a match.
func TestMessagesHaveFilters(t *testing.T) {
	for _, protocol := range topologies.MessageProtocols() {
		for _, kind := range append(topologies.MessageTypes(protocol), "") {
			_, text, err := topologies.FrameMatch{Proto: protocol, Type: kind}.Plain()
			if err == nil {
				_, err = filter.Compile(text)
			}
			if err != nil {
				t.Errorf("%s %s: %v: %s", protocol, kind, err, text)
			}
		}
	}
}

// Frames of the tests below.
const (
	macs  = "020000000001 020000000002 "
	ipv4  = "4500 0064 0000 0000 01PP 0000 0a000001 0a000002 "
	ip4up = "4600 0064 0000 0000 01PP 0000 0a000001 0a000002 94040000 " // with an option
	ipv6  = "60000000 0040 PP 40 fe800000000000000000000000000001 fe800000000000000000000000000002 "
)

func frame(t *testing.T, text, protocol string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.ReplaceAll(text, "PP", protocol), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return append(b, make([]byte, 64)...)
}

// A message is found by its name wherever it may stand, and is no other of its protocol.
func TestMessagesAreFound(t *testing.T) {
	const tcp = "00b3 c000 00000001 00000001 8018 1000 0000 0000 0101080a 00000001 00000002 " // 12 bytes of options
	const bgp = "ffffffffffffffffffffffffffffffff 0017 02"
	for _, tt := range []struct {
		name, proto, kind string
		frame, protocol   string
	}{
		{"OSPF", "ospf", "ls-update", macs + "0800 " + ipv4 + "0204", "59"},
		{"OSPF behind an option of IP", "ospf", "ls-update", macs + "0800 " + ip4up + "0204", "59"},
		{"OSPF in a VLAN", "ospf", "ls-update", macs + "8100 0005 0800 " + ipv4 + "0204", "59"},
		{"OSPF in two VLANs", "ospf", "ls-update", macs + "88a8 0005 8100 0006 0800 " + ipv4 + "0204", "59"},
		{"OSPFv3", "ospf", "ls-update", macs + "86dd " + ipv6 + "0304", "59"},
		{"OSPF, hello", "ospf", "hello", macs + "0800 " + ipv4 + "0201", "59"},
		{"BGP", "bgp", "update", macs + "0800 " + ipv4 + tcp + bgp, "06"},
		{"BGP over IPv6", "bgp", "update", macs + "86dd " + ipv6 + tcp + bgp, "06"},
		{"IS-IS", "isis", "l1-lsp", "0180c2000014 020000000002 0400 fefe03 83 1b 01 00 12", ""},
		{"STP, topology change", "stp", "tcn", "0180c2000000 020000000002 0007 424203 0000 00 80", ""},
		{"RSTP", "stp", "rst", "0180c2000000 020000000002 0027 424203 0000 02 02", ""},
		{"VRRP", "vrrp", "advertisement", macs + "0800 " + ipv4 + "21", "70"},
		{"BFD, up", "bfd", "up", macs + "0800 " + ipv4 + "c000 0ec8 0020 0000 20c0", "11"},
		{"BFD over IPv6, down", "bfd", "down", macs + "86dd " + ipv6 + "c000 0ec8 0020 0000 2040", "11"},
		{"ARP", "arp", "reply", macs + "0806 0001 0800 0604 0002", ""},
		{"ICMP", "icmp", "echo-request", macs + "0800 " + ipv4 + "0800", "01"},
		{"ND", "icmp6", "neighbor-solicitation", macs + "86dd " + ipv6 + "8700", "3a"},
		{"MLD behind its option", "icmp6", "mld-report", macs + "86dd " + ipv6 + "3a00050200000100 8f00", "00"},
		{"IGMP", "igmp", "query", macs + "0800 " + ip4up + "1164", "02"},
		{"LACP", "lacp", "synchronized", "0180c2000002 020000000002 8809 01 01 0114 ffff 020000000002 0001 ffff 0001 3d", ""},
		{"DHCP", "dhcp", "offer", macs + "0800 " + ipv4 + "0043 0044 0200 0000 " + strings.Repeat("00", 236) + "63825363 350102", "11"},
	} {
		_, text, err := topologies.FrameMatch{Proto: tt.proto, Type: tt.kind}.Plain()
		if err != nil {
			t.Fatal(err)
		}
		f, err := filter.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		b := frame(t, tt.frame, tt.protocol)
		if !f.Match(b) {
			t.Errorf("%s is no %s of %s: %s", tt.name, tt.kind, tt.proto, text)
		}
		same := map[string][]string{"isis": {"lsp"}, "bfd": {"control"}}[tt.proto]
		for _, other := range topologies.MessageTypes(tt.proto) {
			_, text, err := topologies.FrameMatch{Proto: tt.proto, Type: other}.Plain()
			if err != nil {
				t.Fatal(err)
			}
			if f, err := filter.Compile(text); err != nil || f.Match(b) && other != tt.kind && !slices.Contains(same, other) {
				t.Errorf("%s is a %s too, %v", tt.name, other, err)
			}
		}
	}
}
