package frr

import (
	"context"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// TestUnfiltered: a refusal that a filter hides is given, and an answer of which it leaves nothing is none.
func TestUnfiltered(t *testing.T) {
	for _, tt := range []struct{ line, bare, want, rejected string }{
		{"show bgp vrf x summary | include Estab", "% BGP instance not found\n", "% BGP instance not found\n", ""},
		{"show no | include Estab", "% Unknown command: show no\n", "% Unknown command: show no\n", "% Unknown command"},
		{"show running-config | include x", "hostname r1\n", "", ""},
		{"show bgp summary", "", "", ""},
	} {
		run := func(_ context.Context, c drivers.Command) (x drivers.Exchange, err error) {
			if strings.Contains(c.Line, "|") || tt.bare == "" {
				return x, nil
			}
			if x.Output = tt.bare; strings.Contains(tt.bare, "Unknown") {
				x.Rejected = "% Unknown command"
			}
			return x, nil
		}
		x, err := unfiltered(t.Context(), drivers.Command{Line: tt.line}, run)
		if err != nil || x.Output != tt.want || x.Rejected != tt.rejected {
			t.Errorf("%s: %q, rejected %q, %v; want %q, %q", tt.line, x.Output, x.Rejected, err, tt.want, tt.rejected)
		}
	}
}
