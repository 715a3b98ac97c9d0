package cli

import "testing"

// TestNearest: of images of a platform the one of the version is taken, or the nearest that begins with the
// same number, or the newest.
func TestNearest(t *testing.T) {
	refs := []string{"reprise/frr:8.1", "reprise/frr:8.4.4", "reprise/bird:8.5", "reprise/frr:8.5.2", "reprise/frr:10.3"}
	for _, c := range []struct {
		version, want string
		exact         bool
	}{
		{"8.4.4", "reprise/frr:8.4.4", true},
		{"8.4.1", "reprise/frr:8.4.4", false},
		{"8.5", "reprise/frr:8.5.2", false},
		{"8.0.1", "reprise/frr:8.1", false},
		{"8.9-MyOwn", "reprise/frr:8.5.2", false},
		{"9.1", "reprise/frr:10.3", false},
		{"", "reprise/frr:10.3", false},
	} {
		if got, exact, ok := nearest(refs, "frr", c.version); got != c.want || exact != c.exact || !ok {
			t.Errorf("%q: %s, exact %t, %t; want %s", c.version, got, exact, ok, c.want)
		}
	}
	if got, _, ok := nearest(refs, "junos", "20.4"); ok {
		t.Errorf("junos has %s", got)
	}
}
