package recipe

import "testing"

func TestUpstream(t *testing.T) {
	tests := []struct{ name, version, want string }{
		{"update suffix", "8.4.4-1.1~deb12u2", "8.4.4"},
		{"epoch and rebuild", "1:2.2.7-1+b2", "2.2.7"},
		{"repackaged", "2.15.0+ds1-2+deb11u5", "2.15.0"},
		{"revision zero", "2.17.6-0+deb13u1", "2.17.6"},
		{"two parts", "10.3-3+deb13u1", "10.3"},
		{"no revision", "1.2", "1.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := upstream(tt.version); got != tt.want {
				t.Errorf("upstream(%q) = %q, want %q", tt.version, got, tt.want)
			}
		})
	}
}

func TestDigestTellsRecipesApart(t *testing.T) {
	seen := map[string]string{}
	for _, s := range suites() {
		for _, mirror := range []string{"", "http://mirror.example/debian"} {
			d := s.Digest(mirror)
			if other, ok := seen[d]; ok {
				t.Errorf("%s %q has the digest of %s", s.name, mirror, other)
			}
			seen[d] = s.name + " " + mirror
		}
	}
}

func TestKnown(t *testing.T) {
	tests := []struct {
		ref, want string
		ok        bool
	}{
		{"reprise/frr:8.4.4", "bookworm", true},
		{"reprise/debian:trixie", "trixie", true},
		{"reprise/ovs:2.15.0", "bullseye", true},
		{"reprise/frr:1.0", "", false},
		{"vendor/switch:1", "", false},
	}
	for _, tt := range tests {
		if got, ok := Known(tt.ref); got != tt.want || ok != tt.ok {
			t.Errorf("Known(%q) = %q, %v; want %q, %v", tt.ref, got, ok, tt.want, tt.ok)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	ours := map[string]string{LabelRecipe: "r", LabelPackage + "frr": "8.4.4-1", LabelPackage + "bird2": "2.0.12-7"}
	for _, c := range []struct {
		labels map[string]string
		layers int
		want   string
	}{
		{ours, 1, "bird2 2.0.12-7, frr 8.4.4-1"},
		{ours, 2, "sha256:1"}, // somebody's, built on ours
		{map[string]string{LabelPackage + "frr": "8.4.4-1"}, 1, "sha256:1"},
		{map[string]string{LabelRecipe: "r"}, 1, "sha256:1"},
		{nil, 1, "sha256:1"},
	} {
		if got := Identity("sha256:1", c.labels, c.layers); got != c.want {
			t.Errorf("%v of %d layers: %q, want %q", c.labels, c.layers, got, c.want)
		}
	}
}
