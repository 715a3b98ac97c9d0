package frr

import (
	"context"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// TestAskAgain: a refusal that a filter or JSON hides is given; an answer of which a filter leaves nothing, and an empty table, are answers.
func TestAskAgain(t *testing.T) {
	const absent = "% VRF nosuch not found\n"
	for _, tt := range []struct {
		line, first, again string // what is said at first, and to the command that is asked again; empty: nobody asks again
		second             string
		want               string
	}{
		{"show bgp vrf nosuch summary | include Estab", "", "show bgp vrf nosuch summary ", absent, absent},
		{"show running-config | include x", "", "show running-config ", "hostname r1\n", ""},
		{"show ip route vrf nosuch json", "{\n}\n", "show ip route vrf nosuch ", absent, absent},
		{"show ip route 10.9.9.0/24 json", "{}\n", "show ip route 10.9.9.0/24 ", "% Network not in table\n", "{}\n"},
		{"show ip route ospf json", "{}\n", "show ip route ospf ", "", "{}\n"},
		{"show ip ospf neighbor json", "{\"neighbors\":{}}\n", "", "", "{\"neighbors\":{}}\n"},
		{"show bgp summary", "", "", "", ""},
	} {
		var asked []string
		run := func(_ context.Context, c drivers.Command) (x drivers.Exchange, err error) {
			if asked = append(asked, c.Line); len(asked) == 1 {
				return drivers.Exchange{Output: tt.first}, nil
			}
			return drivers.Exchange{Output: tt.second}, nil
		}
		x, err := askAgain(t.Context(), drivers.Command{Line: tt.line}, run)
		if err != nil || x.Output != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.line, x.Output, err, tt.want)
		}
		if len(asked) == 2 != (tt.again != "") || len(asked) == 2 && asked[1] != tt.again {
			t.Errorf("%s: asked %q, want %q again", tt.line, asked, tt.again)
		}
	}
}
