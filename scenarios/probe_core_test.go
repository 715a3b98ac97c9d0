package scenarios_test

import (
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// A name asks for the processes of that daemon's own, and for no other that begins alike.
func TestCoreAsks(t *testing.T) {
	for _, tt := range []struct {
		asked, name string
		want        bool
	}{
		{scenarios.AnyProcess, "x", true},
		{"bgpd", "bgpd", true},
		{"bgpd", "bgpd io", true},
		{"bgpd", "bgpd2", false},
		{"bgpd io", "bgpd", false},
	} {
		if got := (scenarios.CoreProbe{Process: tt.asked}).Asks(tt.name); got != tt.want {
			t.Errorf("%q asks for %q: %v", tt.asked, tt.name, got)
		}
	}
}
