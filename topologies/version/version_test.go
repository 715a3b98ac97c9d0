package version_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/topologies/version"
)

func parse(t interface{ Fatal(args ...any) }, s string) version.Version {
	v, err := version.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each line is newer than the one before; those in one line are equal.
func TestCompare(t *testing.T) {
	order := [][]string{
		{"1.0.11"},
		{"1.0.16", "1.0.16.0"},
		{"1.0.18"},
		{"2.0.7"},
		{"2.0.12"},
		{"2.0.12-7"},
		{"2.2.7~rc1"},
		{"2.2.7", "1:2.2.7"},
		{"1:2.2.7-1"},
		{"1:2.2.7-1+b2"},
		{"2.15.0"},
		{"2.17.6"},
		{"3.1.0~git20230108.006e1c6-1"},
		{"3.1.0", "v3.1.0", "3.1"},
		{"3.1.0-2"},
		{"3.1.0-2+deb12u1"},
		{"6.0.1.2", "VOSS8K.6.0.1.2.GA"},
		{"7.0.0.0"},
		{"7.0.0.0_B015"},
		{"7.0.0.0_B100"},
		{"7.3.1b3", "7.3.1.3"},
		{"8.1.5.0"},
		{"8.4.4"},
		{"8.4.4-1"},
		{"8.4.4-1.1~deb12u1"},
		{"8.4.4-1.1~deb12u2"},
		{"8.4.4-1.1"},
		{"8.4.4-1.1+deb12u1"},
		{"9.3.0.0", "9.3"},
		{"10.0-dev"},
		{"10.0-rc1"},
		{"10.0"},
		{"10.3"},
		{"15.4.1.3", "v1541b3", "15.4.1.3 v1541b3"},
		{"v1541b3-patch1-12", "15.4.1.3-patch1-12", "15.4.1.3 v1541b3-patch1-12"},
		{"16.2.5-Patch1-5"},
		{"16.2.5-Patch1-31"},
		{"16.2.5.4"},
		{"16.2.5.4-patch1-5"},
		{"16.2.5.4-patch1-31", "16.2.5.4-Patch1-31"},
		{"30.6.1.11 30.6.1.11"},
		{"32.7.2.19"},
		{"33.6.1.14"},
		{"40.2R3.15"},
		{"40.2R3-S5"},
		{"40.2R3-S5.4"},
		{"40.2R3-S10"},
		{"41.2(4)E"},
		{"41.2(4)E7"},
		{"41.2(4)E7a"},
		{"41.2(4)E10"},
		{"42.29.2F"},
		{"42.29.2.1F"},
		{"42.29.3M"},
		{"43.7_9"},
		{"43.7_12"},
		{"43.7.1"},
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
					if got := parse(t, a).Compare(parse(t, b)); got != want {
						t.Errorf("%s and %s: %d, want %d", a, b, got, want)
					}
				}
			}
		}
	}
}

// TestLines: a shorter form of EXOS names a line of releases, of which nobody knows which one is meant; one of FRR
// names a release.
func TestLines(t *testing.T) {
	for _, tt := range []struct {
		platform, v, bound string
		want               int
		unknown            bool
	}{
		{"exos", "32.7", "32.7.1", 0, true},
		{"exos", "32.7", "32.7.2", 0, true},
		{"exos", "32", "32.7", 0, true},
		{"exos", "32.7", "32.7", 0, false},
		{"exos", "32.7", "32.6.3", 1, false},
		{"exos", "32.7", "33.1", -1, false},
		{"exos", "32.7.1", "32.7.2", -1, false},
		{"exos", "32.7.1.9", "32.7", 0, false},
		{"voss", "9.2", "9.2.1", 0, true},
		{"voss", "9.2", "9.2.0.0", 0, true},
		{"voss", "9.2", "9.3.0.0", -1, false},
		{"voss", "9.2.0", "9.2.0.0", 0, false},
		{"frr", "10.0", "10.0.0", 0, false},
		{"frr", "10.0", "10.0.1", -1, false},
		{"", "32.7", "32.7.1", -1, false},
	} {
		v, err := version.ParseOf(tt.platform, tt.v)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := v.Against(parse(t, tt.bound))
		if ok == tt.unknown || ok && c != tt.want {
			t.Errorf("%s %s against %s: %d, known %v", tt.platform, tt.v, tt.bound, c, ok)
		}
	}
	if v, err := version.ParseOf("exos", "latest"); err == nil || !v.IsZero() {
		t.Errorf("%v, %v", v, err)
	}
}

func TestAgainst(t *testing.T) {
	tests := []struct {
		v, bound string
		want     int
		unknown  bool
	}{
		{"32.7.1.9", "32.7", 0, false},
		{"32.7", "32.7.1", -1, false},
		{"16.2.5.4-patch1-31", "16.2.5-Patch1-5", 1, false},
		{"16.2.5.4-patch1-3", "16.2.5-Patch1-5", -1, false},
		{"16.2.5.4", "16.2.5-Patch1-5", -1, false},
		{"16.2.5.4-patch1-31", "16.2.5", 0, false},
		{"16.2.5.4-patch1-31", "16.2.5.4", 1, false},
		{"16.2.6.1", "16.2.5-Patch1-5", 1, false},
		{"8.4.4-1.1~deb12u1", "8.4.4", 0, false},
		{"8.4.4-1.1~deb12u1", "8.4.4-1.1~deb12u2", -1, false},
		{"8.4.4", "8.4.4-1.1~deb12u2", 0, true},
		{"10.0-dev", "10.0", -1, false},
		{"10.0-dev", "10", -1, false},
		{"10.0.1", "10.0-dev", 1, false},
		{"7.0.0.0", "7.0.0.0_B015", 0, true},
		{"7.0.0.0_B014", "7.0.0.0_B015", -1, false},
		{"9.2.0.0", "9.2.1.0", -1, false},
		{"32.7.1.9-patch1-5", "32.7.1.9-Patch1-5", 0, false},
		{"32.7.1.9-patch1-5", "32.7.1.9", 1, false},
		{"32.7.1.9-patch1-5", "32.7.1.9-patch1-12", -1, false},
		{"32.7.1.9-patch1-5", "32.7.2.19", -1, false},
		{"16.2.5-Patch1-31", "16.2.5.4-patch1-5", 0, true}, // of which build?
		{"9.2", "9.2.1.0", 0, true},
		{"8.10.1.0_B012", "8.10.1.0", 0, false},
		{"8.10.1.0_B012", "8.10.1.0_B100", -1, false},
		{"8.10.1.0_B012", "8.9.3.0", 1, false},

		{"4.29.2F", "4.29.2F", 0, false},
		{"4.29.2F", "4.29.3M", -1, false},
		{"4.29.10M", "4.29.9.1M", 1, false},
		{"4.29.2F", "4.29", 0, false},
		{"4.29.2F", "4.29.2", 0, false},
		{"4.29.2.1F", "4.29.2F", 1, false},
		{"4.29.2F", "4.29.2.1F", -1, false},
		{"4.29.2F", "4.29.2M", 0, true},
		{"4.29.2", "4.29.2F", 0, true},

		{"21.4R3-S5.4", "21.4R3-S5", 0, false},
		{"21.4R3-S5.4", "21.4R3-S5.10", -1, false},
		{"21.4R3-S5", "21.4R3-S5.4", 0, true},
		{"21.4R3-S5.4", "21.4R3-S10", -1, false},
		{"21.4R3-S5.4", "21.4R3", 1, false},
		{"21.4R3.15", "21.4R3-S1", -1, false},
		{"21.4R3.15", "21.4R3", 0, false},
		{"21.4R3-S5.4", "21.4R3.15", 1, false},
		{"21.4R3-S5.4", "21.4", 0, false},
		{"21.4R3-S5.4", "22.1R1", -1, false},
		{"21.4", "21.4R3-S5", 0, true},
		{"21.4R3-S5-EVO", "21.4R3-S6", 0, true},
		{"21.4R3-S5-EVO", "21.4R3-S6-EVO", -1, false},
		{"15.1X53-D59.4", "15.1X53-D60", -1, false},
		{"15.1X53-D59.4", "15.1X49-D60", 0, true},
		{"15.1X53-D59", "15.1R7", 0, true},
		{"15.1X53", "15.1X53-D59", 0, true},

		{"15.2(4)E7", "15.2(4)E10", -1, false},
		{"15.2(4)E7", "15.2(2)E9", 1, false},
		{"15.2(4)E7", "15.2(4)E", 1, false},
		{"15.2(4)E7", "15.2(4)", 0, false},
		{"15.2(4)E7", "15.2", 0, false},
		{"15.2(4)E7", "15.3", -1, false},
		{"15.2(4)", "15.2(4)E7", 0, true},
		{"15.2", "15.2(4)E7", 0, true},
		{"15.2(4)E7", "15.2(4)S7", 0, true},
		{"12.2(55)SE12", "15.2(4)E7", 0, true},
		{"15.1(4)M12a", "15.1(4)M12", 1, false},
		{"12.4(21)", "12.4(21a)", -1, false},
		{"17.03.05a", "17.3.5", 1, false},
		{"17.03.05a", "17.3", 0, false},
		{"17.3.5", "17.3.5b", -1, false},

		{"9.3(10)", "9.3(9)", 1, false},
		{"9.3(10)", "9.3", 0, false},
		{"9.3", "9.3(10)", 0, true},
		{"9.3(7a)", "9.3(7)", 1, false},
		{"7.0(3)I7(9)", "7.0(3)I7(10)", -1, false},
		{"7.0(3)I7(9)", "7.0(3)I7", 0, false},
		{"7.0(3)I7(9)", "9.3(10)", -1, false},
		{"10.2(3)F", "10.2(4)M", -1, false},
		{"10.2(3)F", "10.2(3)", 0, false},

		{"24.7.5_3", "24.7.5", 0, false},
		{"24.7.5_3", "24.7.5_12", -1, false},
		{"24.7.5", "24.7.5_3", 0, true},
		{"24.7.1", "24.7_9", 1, false},
		{"24.7.5_3", "24.7.5-3", 0, true},
		{"10.0.1", "10.0-1", 1, false},
		{"8.4.4-1.1~deb12u1", "8.4.4-5.el9", 0, true},
		{"8.4.4-1ubuntu1.3", "8.4.4-1.1~deb12u1", 0, true},
		{"8.4.4-1+deb11u2", "8.4.4-1.1~deb12u1", 0, true},
		{"8.4.4-1ubuntu1.3", "8.4.4-1ubuntu1.12", -1, false},
		{"10.3-0~deb12u1", "10.3", 0, false},
		{"2.17.9-0ubuntu0.22.04.1", "2.17.8", 1, false},
		{"3.1.0-2+b1", "3.1.0-2", 1, false},
	}
	for _, tt := range tests {
		got, ok := parse(t, tt.v).Against(parse(t, tt.bound))
		if ok == tt.unknown || ok && got != tt.want {
			t.Errorf("%s against %s: %d, %v; want %d, %v", tt.v, tt.bound, got, ok, tt.want, !tt.unknown)
		}
	}
}

// TestOpens: the first release of a line is told from its maintenance releases, in each maker's form.
func TestOpens(t *testing.T) {
	for _, tt := range []struct {
		platform string
		versions string
		want     bool
	}{
		{"voss", "9.2 9.2.0.0", true},
		{"voss", "9.2.1.0 9.2.0.1 8.10.2.0", false},
		{"exos", "32.7 32.7.1 32.7.1.9 31.1", true},
		{"exos", "32.7.2 32.7.1.9-patch1-3 16.2.5", false},
		{"eos", "4.29.0F", true},
		{"eos", "4.29.2F 4.28.7.1M", false},
		{"junos", "21.4 21.4R1", true},
		{"junos", "21.4R3 21.4R1-S2 15.1X53-D59", false},
		{"nxos", "9.3(1) 10.2(1)F", true},
		{"nxos", "9.3(10) 10.2(3)F 10.2(4)M 7.0(3)I7(9)", false},
		{"ios", "15.2(4)E 12.4(1)", true},
		{"ios", "15.2(4)E1 15.2(4)E7 12.4(21) 12.4(1a) 17.3.5a", false},
		{"frr", "10.0 10.3 9.1.0", true},
		{"frr", "10.0.1 8.4.4-1.1~deb12u1", false},
	} {
		for s := range strings.FieldsSeq(tt.versions) {
			if v, err := version.ParseOf(tt.platform, s); err != nil || v.Opens() != tt.want {
				t.Errorf("%s of %s: opens a line %t, want %t (%v)", s, tt.platform, v.Opens(), tt.want, err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "latest", "32.7.", "32..7", "1.2.3.4-patch", "99999999.1", "23.4R2-", "23.4B1.5", "23.4-S3", "15.1X53.4", "15.2(4a)E7", "15.2(4", "15.2()E", "9.3(10)(11)", "4.22.1FX-CLI", "24.7.5_", "10.0-MyOwnFRRVersion", "8.1.5.0 9.0.0.0", "x86", strings.Repeat("1", 200)} {
		if v, err := version.Parse(s); err == nil {
			t.Errorf("%q was read as %v", s, v.Numbers())
		}
	}
}

// some draws a version of one of the grammars.
func some() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[0-9]{1,2}(\.[0-9]{1,2}){0,3}`),
		rapid.StringMatching(`[0-9]{1,2}(\.[0-9]){2}-Patch[1-3]-[0-9]{1,2}`),
		rapid.StringMatching(`[0-9]{1,2}(\.[0-9]){3}-patch[1-3]-[0-9]{1,2}`),
		rapid.StringMatching(`v[0-9]{4}b[0-9]{1,2}(-patch[1-3]-[0-9]{1,2})?`),
		rapid.StringMatching(`[0-9](\.[0-9]){3}(_B0[0-9]{2})?`),
		rapid.StringMatching(`2[0-3]\.[1-4](R[1-3](-S[1-9])?(\.[1-9])?(-EVO)?|X[1-2](-D[1-9])?)`),
		rapid.StringMatching(`1[0-2]\.[0-2]\([1-3]\)((E|SE|F|M)([1-9][ab]?)?|I[1-3]\([1-3]a?\))?`),
		rapid.StringMatching(`4\.[0-9](\.[1-3]){1,2}[FMab]?(_[1-9])?`),
		rapid.StringMatching(`(1:)?[0-9](\.[0-9]){1,2}((-dev|~rc[1-3])|-[0-9](\.[0-9])?([~+](deb|b)?[0-9]{1,2}){0,2})`),
	)
}

func TestTotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := parse(t, some().Draw(t, "a")), parse(t, some().Draw(t, "b")), parse(t, some().Draw(t, "c"))
		if a.Compare(a) != 0 {
			t.Fatalf("%s is not itself", a)
		}
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%s and %s: %d one way, %d the other", a, b, a.Compare(b), b.Compare(a))
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%s <= %s <= %s, and the first is newer than the last", a, b, c)
		}
		if got := strings.Compare(a.Key(), b.Key()); got != a.Compare(b) {
			t.Fatalf("%s and %s: keys %d, versions %d", a, b, got, a.Compare(b))
		}
		if c, ok := a.Against(a); c != 0 || !ok {
			t.Fatalf("%s against itself: %d, %v", a, c, ok)
		}
		// Where a bound that is not left open by the version says so, the two agree.
		if c, ok := a.Against(b); ok && len(a.Numbers()) == len(b.Numbers()) && c != 0 && c != a.Compare(b) {
			t.Fatalf("%s against %s: %d, compared %d", a, b, c, a.Compare(b))
		}
	})
}

// TestDebianOrder holds the revisions against the order that dpkg --compare-versions gives.
func TestDebianOrder(t *testing.T) {
	order := []string{"1.0-1~~", "1.0-1~~a", "1.0-1~", "1.0-1", "1.0-1a", "1.0-1+", "1.0-1+b2", "1.0-1+b10", "1.0-1.1", "1.0-2", "1.0-10"}
	for i := range order {
		for j := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := parse(t, order[i]).Compare(parse(t, order[j])); got != want {
				t.Errorf("%s and %s: %d, want %d", order[i], order[j], got, want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"16.2.5-Patch1-5", "v1541b3-patch1-12", "1:2.2.7-1+b2", "VOSS8K.6.0.1.2.GA", "10.0-dev"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := version.Parse(s)
		if err != nil {
			return
		}
		if v.IsZero() || v.Compare(v) != 0 {
			t.Errorf("%q: no version, or not itself", s)
		}
		if _, err := version.Parse(v.String()); err != nil {
			t.Errorf("%q was read and %q was not", s, v)
		}
	})
}

// TestBeyond: a release behind a bound of two numbers may be of its line or not; one of a maker whose releases have more
// numbers than they are called by is of it.
func TestBeyond(t *testing.T) {
	for _, tt := range []struct {
		platform, v, bound string
		want               bool
	}{
		{"frr", "9.0.1", "9.0", true},
		{"frr", "9.0.1-1~deb12u1", "9.0", true},
		{"frr", "9.0", "9.0", false},
		{"frr", "9.0.0", "9.0", false},
		{"frr", "9.1.1", "9.0", false},
		{"frr", "9.0.1", "9.0.1", false},
		{"exos", "32.7.1.9", "32.7", false},
		{"eos", "4.29.2F", "4.29", false},
		{"junos", "21.4R3", "21.4", false},
	} {
		v, err := version.ParseOf(tt.platform, tt.v)
		if err != nil {
			t.Fatal(err)
		}
		bound, err := version.Parse(tt.bound)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Beyond(bound); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}
