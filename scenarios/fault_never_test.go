package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// What becomes of a step that no frame may meet.
const (
	refused  = "refused"
	warned   = "warned"
	accepted = "accepted"
)

// validated is what becomes of a scenario: refused, warned of more than it usually is, or accepted, and what was said.
func validated(t *testing.T, text string, usual int) (what, said string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	switch {
	case err != nil:
		return refused, err.Error()
	case len(l.Warnings) > usual:
		return warned, l.Warnings.Error()
	default:
		return accepted, ""
	}
}

// usually is how many warnings a text has with something harmless in a place of it.
func usually(t *testing.T, text, place, harmless string) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(text, place, harmless, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return len(l.Warnings)
}

// TestFaultsThatNeverFire: a fault that can act on no frame of its link is refused before a trial is lost on it; what may
// be is not.
func TestFaultsThatNeverFire(t *testing.T) {
	text := strings.Replace(framesHead, `"r2:eth1"]}]}`, `"r2:eth1"], mtu: 1400}]}`, 1)
	if text == framesHead {
		t.Fatal("the scenario has another topology")
	}
	usual := usually(t, text, "FAULT", "fault: hold")
	for _, tt := range []struct{ fault, want, says string }{
		// Longer than what the link carries, 1400 bytes and the header of Ethernet, with two tags.
		{"fault: corrupt, offset: 1422", refused, "no frame on r1:eth1 has a byte 1422"},
		{"fault: corrupt, offset: 1421", accepted, ""},
		{"fault: truncate, size: 1422", refused, "no frame on r1:eth1 is longer than 1422 bytes"},
		{"fault: truncate, size: 60", accepted, ""},
		{"fault: mtu, size: 1400", refused, "carries packets of 1400 bytes at most anyhow"},
		{"fault: mtu, size: 1399", accepted, ""},
		{"fault: rate, rate: 8000, queue: 1000", warned, "never arrive"},
		{"fault: rate, rate: 8000", accepted, ""},
		{"fault: delay, delay: 10s, for: 5s", warned, "no frame is delayed by 10s"},
		{"fault: delay, delay: 4s, for: 5s", accepted, ""},
		{"fault: drop, filter: greater 2000", refused, "no frame on r1:eth1 is as long as that"},
		{"fault: drop, filter: greater 1400", accepted, ""},
		{"fault: drop, filter: less 10", refused, "a header of 14 bytes at least"},
		// Longer than frames of a protocol are: 60 of ARP, with its padding, and 124 of LACP, with two tags.
		{"fault: corrupt, match: {proto: arp}, offset: 68", refused, "scenario.yaml:9:68: no frame that it is to meet has a byte 68: with the padding of Ethernet, a frame of ARP (RFC 826) has 60 at most (0 to 59)"},
		{"fault: corrupt, match: {proto: arp}, offset: 67", accepted, ""},
		{"fault: corrupt, match: {proto: arp, type: request}, offset: 100", refused, "no frame that it is to meet has a byte 100"},
		{"fault: corrupt, match: {ethertype: arp}, offset: 5000", refused, "no frame that it is to meet has a byte 5000"},
		{"fault: corrupt, filter: arp or rarp, offset: 100", accepted, ""},
		{"fault: corrupt, filter: vlan 5 and arp, offset: 100", refused, "no frame that it is to meet has a byte 100"},
		{"fault: truncate, match: {proto: arp}, size: 68", refused, "no frame that it is to meet is longer than 68 bytes"},
		{"fault: truncate, match: {proto: arp}, size: 60", accepted, ""},
		{"fault: mtu, filter: arp, size: 46", refused, "no packet that it is to meet is longer than 46 bytes"},
		{"fault: mtu, filter: arp, size: 45", accepted, ""},
		{"fault: drop, match: {proto: arp}, filter: greater 69", refused, "scenario.yaml:9:65: no frame is as long as that"},
		{"fault: drop, match: {proto: arp}, filter: greater 68", accepted, ""},
		{"fault: drop, match: {proto: arp}, filter: greater 2000", refused, "no frame is as long as that: with the padding"},
		{"fault: corrupt, match: {proto: lacp}, filter: 'ether[15] = 1', offset: 132", refused, "no frame that it is to meet has a byte 132: a frame of LACP has 124"},
		{"fault: corrupt, match: {proto: lacp}, offset: 132", warned, "a frame of LACP has 124 (IEEE 802.1AX section 6.4.2.3), unless LACP of version 2 is spoken"},
		{"fault: corrupt, match: {proto: lacp}, offset: 123", accepted, ""},
		{"fault: truncate, match: {proto: lacp, type: expired}, size: 200", warned, "no frame that it is to meet is longer than 200 bytes"},
		{"fault: mtu, match: {proto: lacp}, size: 110", warned, "no packet that it is to meet is longer than 110 bytes"},
		{"fault: mtu, match: {proto: lacp}, size: 109", accepted, ""},
		{"fault: corrupt, match: {ethertype: '0x8809'}, offset: 300", accepted, ""}, // OAM has longer ones
		// Ports that a protocol does not have.
		{"fault: drop, match: {proto: bgp, dst-port: 53}", refused, "messages of bgp have port 179"},
		{"fault: drop, match: {proto: bgp, type: update, dst-port: 53}", refused, "messages of bgp have port 179"},
		{"fault: drop, match: {proto: bgp, src-port: 40000, dst-port: 40001}", refused, "messages of bgp have port 179"},
		{"fault: drop, match: {proto: bgp, dst-port: 179}", accepted, ""},
		{"fault: drop, match: {proto: bgp, src-port: 40000}", accepted, ""},
		{"fault: drop, match: {proto: dhcp, dst-port: 546}", warned, "messages of dhcp have port 67 or 68"},
		{"fault: drop, match: {proto: dhcp, src-port: 1067}", accepted, ""}, // of a relay (RFC 8357)
		{"fault: drop, match: {proto: dhcp, src-port: 546, dst-port: 67}", accepted, ""},
		{"fault: drop, match: {proto: dhcp, src-port: 1067, dst-port: 1068}", refused, "messages of dhcp have port 67 or 68"},
		{"fault: drop, match: {proto: dhcp, type: offer, dst-port: 68}", accepted, ""},
		{"fault: drop, match: {proto: bfd, dst-port: 53}", refused, "the parts of the match exclude each other"},
		{"fault: drop, match: {proto: bfd, type: echo, dst-port: 3784}", refused, "the parts of the match exclude each other"},
		{"fault: drop, match: {proto: bfd, type: up, dst-port: 4784}", accepted, ""},
		{"fault: drop, match: {proto: '132', dst-port: 3868}", refused, "ports are matched in TCP and UDP alone"},
		{"fault: drop, match: {proto: '17', dst-port: 3868}", accepted, ""},
		// Versions of IP.
		{"fault: drop, match: {proto: dhcp, dst-ip: 'ff02::1:2'}", refused, "proto dhcp is of IPv4"},
		{"fault: drop, match: {proto: ospf, type: ls-update, lsa: link, dst-ip: 224.0.0.5}", refused, "lsa link of IPv6"},
		{"fault: drop, match: {proto: ospf, type: ls-update, lsa: opaque-area, src-ip: 'fe80::/10'}", refused, "lsa opaque-area is of IPv4"},
		{"fault: drop, match: {proto: ospf, type: ls-update, lsa: router, src-ip: 'fe80::/10'}", accepted, ""},
		// Addresses that nobody sends from, or to.
		{"fault: drop, match: {src-mac: '01:80:c2:00:00:0e'}", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-mac: 'ff:ff:ff:ff:ff:ff'}", refused, "nobody sends from that address"},
		{"fault: drop, match: {dst-mac: 'ff:ff:ff:ff:ff:ff'}", accepted, ""},
		{"fault: drop, match: {src-mac: '00:00:00:00:00:00'}", refused, "no device has the hardware address"},
		{"fault: drop, match: {src-mac: '02:00:00:00:00:00:00:01'}", refused, "is no hardware address"},
		{"fault: drop, match: {src-mac: '02:00:00:00:00:01'}", accepted, ""},
		{"fault: drop, filter: 'ether src 01:00:5e:00:00:05'", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-ip: 224.0.0.5}", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-ip: 224.0.0.0/4}", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-ip: 'ff02::5'}", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-ip: 255.255.255.255}", refused, "nobody sends from that address"},
		{"fault: drop, match: {src-ip: 192.0.0.0/2}", accepted, ""}, // in which there are groups, and others
		{"fault: drop, match: {dst-ip: 224.0.0.0/4}", accepted, ""},
		{"fault: drop, match: {src-ip: 0.0.0.0}", accepted, ""}, // who asks for an address
		{"fault: drop, match: {dst-ip: 0.0.0.0}", refused, "the address that stands for none"},
		{"fault: drop, match: {dst-ip: '::'}", refused, "the address that stands for none"},
		{"fault: drop, match: {src-ip: 127.0.0.1}", refused, "the loopback is on no link"},
		{"fault: drop, match: {src-ip: '::1'}", refused, "the loopback is on no link"},
		{"fault: drop, match: {proto: udp, dst-ip: 127.0.0.1, dst-port: 3503}", warned, "its ping (RFC 8029)"},
		{"fault: drop, match: {proto: udp, dst-ip: 127.0.0.0/8, dst-port: 3784}", warned, "its BFD (RFC 5884)"},
		{"fault: drop, match: {dst-ip: '::1'}", warned, "its ping (RFC 8029)"},
		{"fault: drop, match: {proto: icmp6, src-ip: '::'}", accepted, ""}, // who looks whether an address is taken
		// Groups, and their hardware addresses.
		{"fault: drop, match: {dst-mac: '01:80:c2:00:00:0e', proto: udp}", warned, "a group of IEEE 802.1, to which no IP is sent"},
		{"fault: drop, match: {dst-mac: '01:80:c2:00:00:0e', proto: lldp}", accepted, ""},
		{"fault: drop, match: {dst-mac: '01:80:c2:00:00:14', proto: isis}", accepted, ""},
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', dst-ip: 224.0.0.6}", refused, "not the address to which packets for 224.0.0.6 are sent"},
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', dst-ip: 224.0.0.5}", accepted, ""},
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', dst-ip: 239.128.0.5}", accepted, ""}, // of whose bits 23 are in it
		{"fault: drop, match: {dst-mac: '33:33:00:00:00:05', dst-ip: 'ff02::5'}", accepted, ""},
		{"fault: drop, match: {dst-mac: '33:33:00:00:00:05', ethertype: ip}", warned, "a group of IPv6"},
		{"fault: drop, match: {dst-mac: '33:33:00:00:00:05', dst-ip: 224.0.0.5}", refused, "a group of IPv6"},
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', ethertype: '0x8100'}", accepted, ""}, // with a tag
		{"fault: drop, match: {dst-mac: '33:33:00:00:00:05', ethertype: '0x88a8'}", accepted, ""},
		{"fault: drop, match: {dst-mac: '33:33:00:00:00:01', ethertype: '0x8864'}", accepted, ""},                      // in PPPoE
		{"fault: drop, match: {dst-mac: '03:bf:0a:00:00:64', proto: tcp}", warned, "a group, and TCP"},                 // of a cluster
		{"fault: drop, match: {dst-mac: '01:00:5e:7f:00:64', dst-ip: 10.0.0.100}", warned, "not the address to which"}, // and by IGMP
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', proto: bgp}", warned, "a group, and TCP is between two"},
		{"fault: drop, match: {dst-mac: '01:00:5e:00:00:05', proto: ospf}", accepted, ""},
		// The filter beside the match.
		{"fault: drop, match: {proto: ospf}, filter: tcp port 179", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: ospf}, filter: tcp", refused, "scenario.yaml:9:66: the filter takes none of the frames that the match does: no frame can match (leave out one of them)"},
		{"fault: drop, match: {proto: ospf}, filter: vlan and tcp", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: vrrp}, filter: tcp or udp", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: igmp}, filter: port 179", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: icmp6}, filter: tcp", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: '47', src-ip: 'fd00::1'}, filter: udp", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: tcp, dst-port: 179}, filter: udp", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {dst-port: 179}, filter: tcp", accepted, ""},
		{"fault: drop, match: {proto: ospf}, filter: 'ip6[6] = 51'", accepted, ""}, // behind an authentication header
		{"fault: drop, match: {proto: ospf}, filter: 'ip6[6] = 44 and ip6[40] = 89'", accepted, ""},
		{"fault: drop, match: {proto: ospf}, filter: 'ip6[6] = 44 and ip6[40] = 60'", accepted, ""},
		{"fault: drop, match: {proto: ospf}, filter: 'ip6[6] = 44 and ip6[40] = 17'", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {proto: ospf, type: hello}, filter: 'ip[1] & 0xe0 = 0xc0'", accepted, ""},
		{"fault: drop, match: {ethertype: arp}, filter: ip6", refused, "the filter takes none of the frames that the match does"},
		{"fault: drop, match: {src-ip: 10.0.0.1}, filter: src host 10.0.0.2", refused, "the filter takes none"},
		{"fault: drop, match: {src-ip: 10.0.0.0/8}, filter: src host 10.0.0.2", accepted, ""},
		{"fault: drop, match: {proto: tcp, dst-port: 179}, filter: 'vlan 5 and tcp'", accepted, ""}, // both look behind the tag
		{"fault: drop, match: {proto: tcp}, filter: 'ip6'", accepted, ""},
		{"fault: drop, match: {ethertype: '0x8100'}, filter: 'vlan 5'", accepted, ""},
		{"fault: drop, match: {proto: isis}, filter: 'ether[12:2] < 1500'", accepted, ""},
		{"fault: drop, match: {ethertype: '0x0100'}", refused, "a length in the place of a type"},
	} {
		what, said := validated(t, strings.Replace(text, "FAULT", tt.fault, 1), usual)
		if what != tt.want || !strings.Contains(said, tt.says) || what == refused && strings.Contains(said, "\n") {
			t.Errorf("%s: %s, want %s: %s", tt.fault, what, tt.want, said)
		}
	}
}

// What a node is told may make frames longer than the topology has it, and a tester sends what no device does: that is warned of.
func TestFaultsThatMayFire(t *testing.T) {
	stated := strings.Replace(framesHead, `"r2:eth1"]}]}`, `"r2:eth1"], mtu: 1400}]}`, 1)
	longer := strings.Replace(stated, "{link:", "{node: r2, exec: ip link set eth1 mtu 9000}\n  - {link:", 1)
	node := func(keys string) string {
		return strings.Replace(stated, "r2: {kind: linux}", "r2: {kind: linux, "+keys+"}", 1)
	}
	bound := node(`binds: ["up.sh:/up.sh"], exec: ["sh /up.sh"]`)
	started := node(`cmd: "sh -c 'ip link set eth1 mtu 9000; sleep 3600'"`)
	entered := node(`entrypoint: "sh -c 'ip link set eth1 mtu 9000; sleep 3600'"`)
	testers := strings.Replace(framesHead, "{role: peer, platform: plain}", "{role: tester, platform: tester}", 1)
	for _, tt := range []struct{ text, fault, want, says string }{
		{stated, "fault: corrupt, offset: 5000", refused, "no frame on r1:eth1 has a byte 5000"},
		{framesHead, "fault: corrupt, offset: 5000", warned, "unless a node or its image has that changed"}, // what the image does, none knows
		{framesHead, "fault: mtu, size: 1500", warned, "carries packets of 1500 bytes at most anyhow"},
		{framesHead, "fault: truncate, size: 1600", warned, "no frame on r1:eth1 is longer than 1600 bytes"},
		{framesHead, "fault: drop, filter: greater 2000", warned, "no frame on r1:eth1 is as long as that"},
		{bound, "fault: mtu, size: 1400", warned, "carries packets of 1400 bytes at most anyhow"},
		{started, "fault: mtu, size: 1400", warned, "carries packets of 1400 bytes at most anyhow"},
		{entered, "fault: mtu, size: 1400", warned, "carries packets of 1400 bytes at most anyhow"},
		{longer, "fault: corrupt, offset: 5000", warned, "no frame on r1:eth1 has a byte 5000"},
		{longer, "fault: drop, filter: greater 2000", warned, "no frame on r1:eth1 is as long as that"},
		{framesHead, "fault: drop, match: {src-mac: '01:80:c2:00:00:0e'}", refused, "nobody sends from that address"},
		{testers, "fault: drop, match: {src-mac: '01:80:c2:00:00:0e'}", warned, "unless the tester is told to"},
		{testers, "fault: drop, match: {proto: bgp, dst-port: 53}", warned, "unless the tester is told to"},
		{testers, "fault: drop, match: {proto: ospf}, filter: tcp port 179", refused, "the filter takes none"},
		{testers, "fault: corrupt, match: {proto: arp}, offset: 100", warned, "unless the tester is told to"},
	} {
		what, said := validated(t, strings.Replace(tt.text, "FAULT", tt.fault, 1), usually(t, tt.text, "FAULT", "fault: hold"))
		if what != tt.want || !strings.Contains(said, tt.says) {
			t.Errorf("%s: %s, want %s: %s", tt.fault, what, tt.want, said)
		}
	}
}

// Flows whose packets no link carries, or that stay where they are, are refused.
func TestFlowsThatNeverArrive(t *testing.T) {
	text := strings.Replace(strings.Replace(framesHead, `"r2:eth1"]}]}`, `"r2:eth1"], mtu: 1400}]}`, 1), "  - {link: \"r1:eth1\", FAULT}", "  - {node: r1, exec: \"true\"}", 1) + "traffic: {f: {from: r1, to: r2, FLOW}}\n"
	for flow, want := range map[string]string{
		"dst: 10.0.0.2, size: 1401":     "no link of r1 carries packets of 1401 bytes",
		"dst: 10.0.0.2, src: 10.0.0.2":  "the flow goes from 10.0.0.2 to itself",
		"dst: 255.255.255.255":          "255.255.255.255 is not the address of one node",
		"dst: 10.0.0.2, size: 1400":     "",
		"dst: 10.0.0.2, src: 10.0.0.99": "",
	} {
		what, said := validated(t, strings.Replace(text, "FLOW", flow, 1), 99)
		if (what == refused) != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%s: %s: %s", flow, what, said)
		}
	}
}

// What an image carries is not known, where the link does not have it: a flow of longer packets is warned of.
func TestFlowsThatMayArrive(t *testing.T) {
	text := strings.Replace(framesHead, "  - {link: \"r1:eth1\", FAULT}", "  - {node: r1, exec: \"true\"}", 1) + "traffic: {f: {from: r1, to: r2, dst: 10.0.0.2, size: 1501}}\n"
	what, said := validated(t, text, usually(t, text, "size: 1501", "size: 1500"))
	if what != warned || !strings.Contains(said, "no link of r1 carries packets of 1501 bytes") {
		t.Errorf("%s: %s", what, said)
	}
}
