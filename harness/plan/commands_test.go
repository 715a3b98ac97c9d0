package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/plan"
)

// What a node was booted with is over by the time that the symptom is looked at, but for what it left in the background and
// what a daemon calls.
func TestCommandsSince(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{"sysctl -w net.ipv4.ip_forward=1\nip addr add 10.0.0.1/24 dev eth1 2>&1 && true\n", ""},
		{"(sleep 30; sysctl -w net.ipv4.ip_forward=0) &\n", "sysctl -w net.ipv4.ip_forward=0"},
		{"nohup sysctl -w x\n", "nohup sysctl -w x"},
		{"vrrp_instance a {\n notify_master \"/sbin/sysctl -w x\"\n}\n", "sysctl -w x"},
		{"router bgp 65001\n neighbor 10.0.0.2 description the core\n", ""},
	} {
		p := &plan.Plan{Nodes: []plan.Node{{Name: "r1", Config: []byte(tt.config), Files: map[string][]byte{"/x": []byte("a file")}}}}
		since := p.CommandsSince("r1")
		if !slices.Contains(since, "a file") {
			t.Errorf("%q: what files say is not among %q", tt.config, since)
		}
		said := strings.Join(since, "\n")
		if tt.want == "" && len(since) != 1 || !strings.Contains(said, tt.want) {
			t.Errorf("%q: %q, want %q", tt.config, said, tt.want)
		}
		if all := p.CommandsFor("r1"); len(all) < 2 {
			t.Errorf("%q: all are %q", tt.config, all)
		}
	}
}
