package images

import "testing"

// TestDerived: an image that was built on one of ours inherits its labels, and must be neither
// listed as ours nor removed with it.
func TestDerived(t *testing.T) {
	for _, tt := range []struct {
		tags []string
		want bool
	}{
		{[]string{"reprise/debian:bookworm", "reprise/frr:8.4.4"}, false},
		{[]string{"mirror.example/debian:bookworm", "reprise/debian:bookworm"}, false},
		{[]string{"<none>:<none>"}, false},
		{nil, false},
		{[]string{"vrnetlab/extreme_exos:stand-in"}, true},
	} {
		if got := derived(tt.tags); got != tt.want {
			t.Errorf("%q: %v", tt.tags, got)
		}
	}
}
