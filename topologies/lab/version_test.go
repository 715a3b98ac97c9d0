package lab_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/topologies/lab"
)

func release(t *testing.T, s string) lab.Release {
	t.Helper()
	r, err := lab.ParseRelease(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each is newer than the one before; those in one line are equal.
func TestCompareReleases(t *testing.T) {
	order := [][]string{
		{"6.0.1.2", "VOSS8K.6.0.1.2.GA"},
		{"7.0.0.0"},
		{"7.0.0.0_B015"},
		{"7.0.0.0_B100"},
		{"8.1.5.0"},
		{"9.3.0.0", "9.3"},
		{"15.4.1.3", "v1541b3", "15.4.1.3 v1541b3"},
		{"v1541b3-patch1-12", "15.4.1.3-patch1-12", "15.4.1.3 v1541b3-patch1-12"},
		{"16.2.5.4"},
		{"16.2.5.4-patch1-5"},
		{"16.2.5.4-patch1-31", "16.2.5.4-Patch1-31"},
		{"16.2.5.4-patch2-1"},
		{"30.6.1.11 30.6.1.11"},
		{"30.6.1.11 30.6.1.11-patch1-11", "30.6.1.11-patch1-11"},
		{"32.7.1.9"},
		{"32.7.1.10"},
		{"33.1.1.14", "v33.1.1.14"},
		{"33.6.1.14"},
	}
	for i, line := range order {
		for _, a := range line {
			for j, other := range order {
				for _, b := range other {
					want := 0
					switch {
					case i < j:
						want = -1
					case i > j:
						want = 1
					}
					if got := release(t, a).Compare(release(t, b)); got != want {
						t.Errorf("%s and %s: %d, want %d", a, b, got, want)
					}
				}
			}
		}
	}
}

func TestParseReleaseRefuses(t *testing.T) {
	for _, s := range []string{"", "latest", "32.7.", "32..7", "1.2.3.4-patch", "99999999.1", "23.4R2-S3", "8.1.5.0 9.0.0.0"} {
		if _, err := lab.ParseRelease(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func TestRange(t *testing.T) {
	tests := []struct {
		text, version string
		want          bool
	}{
		{"", "1.0", true},
		{">=32.7 <33", "32.7.1.9", true},
		{">=32.7 <33", "33.1.1.14", false},
		{">=32.7 <33", "32.6.9.9", false},
		{">= 32.7.1.9 < 32.7.1.10", "32.7.1.9", true},
		{"32.7", "32.7.1.9", true},
		{"=32.7.1.9", "32.7.1.9", true},
		{"=32.7.1.9", "32.7.1.9-patch1-1", false},
		{">32.7", "32.7.1.9", false},
		{">32.7", "32.8.1.1", true},
		{"<=32.7", "32.7.1.9", true},
		{"!=32.7", "32.7.1.9", false},
		{"!=32.7", "32.8.1.9", true},
		{">32.7.1.9", "32.7.1.9-patch1-1", true},
		{">=16.2.5-Patch1-5", "16.2.5.4-patch1-31", true},
		{">=16.2.5-Patch1-5", "16.2.5.4-patch1-4", false},
		{">=16.2.5-Patch1-5", "16.2.5.4", false},
		{">=16.2.5-Patch1-5", "16.2.6.1", true},
		{">=15.4.1.3", "v1541b3-patch1-12", true},
		{"=7.0.0.0", "7.0.0.0_B015", true},
		{">=8.1 <9", "VOSS8K.8.1.5.0.GA", true},
		{">=32.7.1.9", "32.7", false}, // the inventory says too little
	}
	for _, tt := range tests {
		r, err := lab.ParseRange(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Holds(release(t, tt.version)); got != tt.want {
			t.Errorf("%s in %q: %v, want %v", tt.version, tt.text, got, tt.want)
		}
	}
	for _, s := range []string{">=", "~1.2", ">=x", "1.2 ||", ">>1"} {
		if _, err := lab.ParseRange(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

// Compare is an order: antisymmetric and transitive.
func TestReleaseOrder(t *testing.T) {
	form := rapid.StringMatching(`(v[0-9]{4}b[0-9]|[0-3]\.[0-3](\.[0-3]){0,2}(_B[0-9])?)(-patch[01]-[0-3])?`)
	rapid.Check(t, func(t *rapid.T) {
		var r [3]lab.Release
		for i := range r {
			var err error
			if r[i], err = lab.ParseRelease(form.Draw(t, "release")); err != nil {
				t.Skip(err)
			}
		}
		if r[0].Compare(r[1]) != -r[1].Compare(r[0]) {
			t.Error("not antisymmetric")
		}
		if r[0].Compare(r[1]) <= 0 && r[1].Compare(r[2]) <= 0 && r[0].Compare(r[2]) > 0 {
			t.Error("not transitive")
		}
	})
}
