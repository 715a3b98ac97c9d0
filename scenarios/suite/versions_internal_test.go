package suite

import "testing"

// Whether a version is in a range is asked of its platform: 9.2 of VOSS is all of 9.2.x, and 10.0 of FRR a release.
func TestInVersions(t *testing.T) {
	for _, tt := range []struct {
		platform, version, in string
		want                  bool
	}{
		{"voss", "9.2", "<9.2.1", false},
		{"voss", "9.2", "=9.2.0.0", false},
		{"voss", "9.2.0.0", "<9.2.1", true},
		{"voss", "9.1", "<9.2.1", true},
		{"frr", "10.0", "<10.0.1", true},
		{"frr", "10.0", "=10.0.0", true},
		{"frr", "latest", "<10.0.1", false},
		{"frr", "latest", "", true},
	} {
		if got := inVersions(tt.in, Subject{Platform: tt.platform, Version: tt.version}); got != tt.want {
			t.Errorf("%s %s in %q: %v", tt.platform, tt.version, tt.in, got)
		}
	}
}
