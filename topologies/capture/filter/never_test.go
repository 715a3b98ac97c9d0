package filter_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/capture/filter"
)

// TestExclude: filters each look at the whole frame, so that a tag which one asks for moves nothing of the others.
func TestExclude(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		want  bool
	}{
		{nil, false},
		{[]string{"", "ip"}, false},
		{[]string{"ip", "arp"}, true},
		{[]string{"vlan 5", "vlan 6"}, true},
		{[]string{"vlan 5 and ip", "vlan 5 and tcp"}, false},
		{[]string{"ip", "vlan 5 and ip"}, true},
		{[]string{"ether[6] & 1 = 0", "ether src 01:80:c2:00:00:0e"}, true},
		{[]string{"ether[6] & 1 = 0", "ether dst 01:80:c2:00:00:0e"}, false},
		{[]string{"less 1522", "greater 2000"}, true},
		{[]string{"less 1522", "greater 1500", "udp port 53"}, false},
		{[]string{"tcp dst port 53", "tcp dst port 179"}, true},
		{[]string{"tcp src port 53", "tcp port 179"}, false},
		{[]string{"not (ip src net 224.0.0.0/4)", "ip src net 224.0.0.0/4"}, true},
		{[]string{"not (ip src net 224.0.0.0/4)", "ip src net 192.0.0.0/2"}, false},
	} {
		var list []*filter.Filter
		for _, text := range tt.texts {
			f, err := filter.Compile(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			list = append(list, f)
		}
		if got := filter.Exclude(list...); got != tt.want {
			t.Errorf("%q exclude each other: %v", tt.texts, got)
		}
	}
}

// TestNever: a filter that asks for what excludes itself accepts nothing. Where libpcap sees it too, it says so.
func TestNever(t *testing.T) {
	needTcpdump(t)
	for _, tt := range []struct {
		text        string
		never, seen bool
	}{
		{"ip and arp", true, true},
		{"tcp and udp", true, true},
		{"ip and not ip", true, true},
		{"tcp and port 53 and icmp", true, true},
		{"src host 10.0.0.1 and src host 10.0.0.2", true, true},
		{"ether proto 0x88cc and ip", true, true},
		{"arp and port 80", true, true},
		{"ip and vlan 5", true, true}, // the tag is before the packet
		{"ip[8] = 1 and ip[8] != 1", true, true},
		{"ip[8] > 5 and ip[8] = 5", true, false},
		{"ip[8] = 5 and ip[8] > 5", true, false},
		{"ip[8] < 5 and ip[8] > 5", true, false},
		{"ip[8] & 1 = 1 and ip[8] & 3 = 2", true, false},
		{"ip[2:2] = 0x1234 and ip[3] = 0x35", true, false},
		{"ip[8] & 1 = 2", true, false},
		{"(tcp or udp) and icmp", true, true},
		{"not (ip or not ip)", true, true},
		{"less 50 and greater 100", true, false},
		{"ip[8] < 0", true, false},
		{"ip", false, false},
		{"", false, false},
		{"host 10.0.0.1 and host 10.0.0.2", false, false},
		{"ip or arp", false, false},
		{"vlan 5 and ip", false, false},
		{"ip[8] > 5 and ip[8] < 7", false, false},
		{"ip[8] & 1 = 1 and ip[8] & 2 = 0", false, false},
		{"tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack = 0", false, false},
		{"ip[2:2] = 0x1234 and ip[3] = 0x34", false, false},
		{"not tcp and ip", false, false},
		{"ip[0] = ip[1] and ip[0] = 3 and ip[1] = 4", false, false},                                 // which is more than is looked for
		{strings.TrimSuffix(strings.Repeat("(tcp or udp or arp) and ", 40), " and "), false, false}, // as many ways as are looked at, or none
	} {
		f, err := filter.Compile(tt.text)
		if err != nil {
			t.Fatalf("%q: %v", tt.text, err)
		}
		if f.Never() != tt.never {
			t.Errorf("%q accepts nothing: %v", tt.text, f.Never())
		}
		out, err := exec.CommandContext(t.Context(), "tcpdump", "-y", "EN10MB", "-ddd", tt.text).CombinedOutput()
		if rejects := err != nil && strings.Contains(string(out), "rejects all packets"); rejects != tt.seen {
			t.Errorf("%q rejects all, as libpcap says: %v: %s", tt.text, rejects, out)
		}
	}
}
