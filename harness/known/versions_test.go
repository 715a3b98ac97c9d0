package known_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/known"
)

func TestParseVersions(t *testing.T) {
	tests := []struct {
		text, product string
		found, fixed  string
	}{
		{"EW 7.0", "extremeware", "7.0", ""},
		{"EW 7.1.1, 7.3.1", "", "extremeware 7.1.1, extremeware 7.3.1", ""},
		{"7.3.1b3", "", "7.3.1b3", ""},
		{`EXOS 15.4.1; "future release"`, "exos", "15.4.1", ""},
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "9.1 to 9.2.0.0", "9.1.2.0, 9.2.1.0, 9.3.0.0"},
		{"FE 9.1.x, 9.2, 9.2.1, 9.3; SE 33.2 to 33.5.1; fixed FE 9.2.2 / 9.3.1, SE 33.5.2", "", "voss 9.1.x, voss 9.2, voss 9.2.1, voss 9.3, exos 33.2 to 33.5.1", "voss 9.2.2, voss 9.3.1, exos 33.5.2"},
		{"before 32.5.1.5; also fixed 22.7, 31.7.2", "exos", "before 32.5.1.5", "32.5.1.5, 22.7, 31.7.2"},
		{"before 22.7 and 30.2", "exos", "before 22.7, before 30.2", "22.7, 30.2"},
		{"before 4.2.3.0, 5.x before 5.0.1.0", "voss", "before 4.2.3.0, 5 to before 5.0.1.0", "4.2.3.0, 5.0.1.0"},
		{"22.6.1.4 to 32.7.2.19", "exos", "22.6.1.4 to 32.7.2.19", ""},
		{"22.6.1.4 - 32.7.2.19", "exos", "22.6.1.4 to 32.7.2.19", ""},
		{"EXOS 31.1 and later", "exos", "31.1 and later", ""},
		{"22.2.1-Patch1-4 notes", "exos", "22.2.1-Patch1-4", ""},
		{"found 7.5.1, 8.4.4; fixed 10.3 at the latest", "frr", "7.5.1, 8.4.4", "10.3 at the latest"},
		{"frr 8.4.4-1.1~deb12u1", "frr", "8.4.4-1.1~deb12u1", ""},
		{"Found in lldpd 1.0.4-2.1", "", "lldpd 1.0.4-2.1", ""},
		{"Fixed in 1.0.4-1.1", "lldpd", "", "1.0.4-1.1"},
		{"fixed in 5.14.0-362.8.1.el9", "linux", "", "5.14.0-362.8.1.el9"},
		{"fixed in 5.14.0-5.14.2+b1", "linux", "", "5.14.0-5.14.2+b1"},
		{"found in 3.7.11-3.7.12.", "frr", "3.7.11 to 3.7.12", ""},
		{"found in 3.7.11–4.1", "frr", "3.7.11 to 4.1", ""},
		{"before and through 9.1", "frr", "to 9.1", ""},
		{"all versions prior to and including 9.1", "frr", "to 9.1", ""},
		{"up to and including 9.1.2; fixed 9.1.3", "frr", "to 9.1.2", "9.1.3"},
		{"through 9.1", "frr", "to 9.1", ""},
		{"8.0 through 9.1", "frr", "8.0 to 9.1", ""},
		{"9.1 and earlier", "frr", "to 9.1", ""},
		{"9.1 and all prior", "frr", "to 9.1", ""},
		{"up to but not including 9.2", "frr", "before 9.2", "9.2"},
		{"before 7.5.1, 8.0 before 8.0.1, and 8.1 before 8.1.2", "frr", "before 7.5.1, 8.0 to before 8.0.1, 8.1 to before 8.1.2", "7.5.1, 8.0.1, 8.1.2"},
		{"prior to 7.5.1 and 8.0 through 8.1", "frr", "before 7.5.1, 8.0 to 8.1", "7.5.1"},
		{"before 7.5.1, 8.0 - 8.1", "frr", "before 7.5.1, 8.0 to 8.1", "7.5.1"},
		{"seen through a crafted packet in 9.1.0", "frr", "9.1.0", ""},
		{"bgpd crashes before the session is up in 9.1.0", "frr", "9.1.0", ""},
		{"found in 8.4.4, not yet fixed in 9.1.0; fixed in 9.2", "frr", "8.4.4, 9.1.0", "9.2"},
		{"before version 9.1.0", "frr", "before 9.1.0", "9.1.0"},
		{"4.29.0F to 4.29.2F; fixed 4.29.3M", "eos", "4.29.0F to 4.29.2F", "4.29.3M"},
		{"21.4 versions before 21.4R3-S5, 22.1 versions before 22.1R3-S4", "junos", "21.4 to before 21.4R3-S5, 22.1 to before 22.1R3-S4", "21.4R3-S5, 22.1R3-S4"},
		{"15.1X53 before 15.1X53-D59.4; 21.4-EVO before 21.4R3-S5-EVO", "junos", "15.1X53 to before 15.1X53-D59.4, 21.4 to before 21.4R3-S5-EVO", "15.1X53-D59.4, 21.4R3-S5-EVO"},
		{"15.2(4)E through 15.2(4)E7; fixed in 15.2(4)E8 and later", "ios", "15.2(4)E to 15.2(4)E7", "15.2(4)E8"},
		{"before 9.3(10) and 7.0(3)I7(9)", "nx-os", "before 9.3(10), before 7.0(3)I7(9)", "9.3(10), 7.0(3)I7(9)"},
		{"17.3.5a and later", "ios-xe", "17.3.5a and later", ""},
		{"24.7.5_2 to 24.7.5_3", "opnsense", "24.7.5_2 to 24.7.5_3", ""},
		{"8.10.1.0_B012 and earlier", "voss", "to 8.10.1.0_B012", ""},
		{"found in 32.7.1.9-patch1-5; fixed 32.7.1.9-patch1-12", "exos", "32.7.1.9-patch1-5", "32.7.1.9-patch1-12"},
		// The beginning of a version that has no order is not that version.
		{"fixed in 4.22.1FX-CLI", "eos", "", ""},
		{"found in 21.4I20220101", "junos", "", ""},
		{"fixed in 15.2(4a)E7", "ios", "", ""},
		{"se ha visto", "", "", ""},
		{"no version at all, in 2 places of 10", "", "", ""},
	}
	for _, tt := range tests {
		found, fixed := products(t).ParseVersions(tt.text, tt.product)
		if got := joinStrings(found); got != tt.found {
			t.Errorf("%s: found %q, want %q", tt.text, got, tt.found)
		}
		if got := joinStrings(fixed); got != tt.fixed {
			t.Errorf("%s: fixed %q, want %q", tt.text, got, tt.fixed)
		}
	}
}

func joinStrings[T fmt.Stringer](list []T) string {
	var words []string
	for _, v := range list {
		words = append(words, v.String())
	}
	return strings.Join(words, ", ")
}

func TestAffects(t *testing.T) {
	tests := []struct {
		versions, product, v string
		want                 known.Affected
		fixedIn              string
	}{
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "9.2.0.0", known.AffectedYes, "9.2.1.0"},
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "9.1.1.0", known.AffectedYes, "9.1.2.0"},
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "9.1.3.0", known.AffectedNo, ""},
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "9.3.0.0", known.AffectedNo, ""},
		{"9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss", "8.10.0.0", known.AffectedNo, "9.1.2.0"},
		{"before 32.5.1.5; also fixed 22.7, 31.7.2", "exos", "31.7.1.4", known.AffectedYes, "31.7.2"},
		{"before 32.5.1.5; also fixed 22.7, 31.7.2", "exos", "31.7.2.28-patch1-5", known.AffectedNo, ""},
		{"before 32.5.1.5; also fixed 22.7, 31.7.2", "exos", "32.1.1.6", known.AffectedYes, "32.5.1.5"},
		{"before 22.7 and 30.2", "exos", "22.8.1", known.AffectedUnknown, "30.2"},
		{"before 22.7 and 30.2", "exos", "31.1", known.AffectedNo, ""},
		{"before 7.5.1, 8.0 before 8.0.1", "frr", "8.0", known.AffectedYes, "8.0.1"},
		{"seen through a crafted packet in 9.1.0", "frr", "9.2.0", known.AffectedUnknown, ""},
		{"bgpd crashes before the session is up in 9.1.0", "frr", "9.1.0", known.AffectedYes, ""},
		{"before 4.2.3.0, 5.x before 5.0.1.0", "voss", "5.0.0.0", known.AffectedYes, "5.0.1.0"},
		{"found 7.5.1, 8.4.4; fixed 10.3 at the latest", "frr", "8.4.4-1.1~deb12u1", known.AffectedYes, "10.3"},
		{"found 7.5.1, 8.4.4; fixed 10.3 at the latest", "frr", "9.0", known.AffectedUnknown, "10.3"},
		{"found 7.5.1, 8.4.4; fixed 10.3 at the latest", "frr", "10.3.1", known.AffectedNo, ""},
		{"fixed 8.4.4-1.1~deb12u2", "frr", "8.4.4", known.AffectedUnknown, "8.4.4-1.1~deb12u2"},
		{"fixed 8.4.4-1.1~deb12u2", "frr", "8.4.4-1.1~deb12u1", known.AffectedUnknown, "8.4.4-1.1~deb12u2"},
		{"FE 9.1.x, 9.2; SE 33.2 to 33.5.1; fixed FE 9.2.2, SE 33.5.2", "exos", "33.5.1.6", known.AffectedYes, "33.5.2"},
		{"FE 9.1.x, 9.2; SE 33.2 to 33.5.1; fixed FE 9.2.2, SE 33.5.2", "voss", "9.1.0.0", known.AffectedYes, "9.2.2"},
		{"FE 9.1.x, 9.2; SE 33.2 to 33.5.1; fixed FE 9.2.2, SE 33.5.2", "frr", "8.4.4", known.AffectedUnknown, ""},
		{"fixed 32.7.2", "exos", "32.7", known.AffectedUnknown, "32.7.2"},
		{"32.6.x to 32.7.2", "exos", "32.7", known.AffectedUnknown, ""},
		{"32.6.x to 32.7.2", "exos", "32.7.1", known.AffectedYes, ""},
		{"before 10.0.1", "frr", "10.0", known.AffectedYes, "10.0.1"},
		{"fixed 9.2.2", "voss", "9.2", known.AffectedUnknown, "9.2.2"},
		{"31.1 and later", "exos", "33.1.1", known.AffectedYes, ""},
		{"31.1 and later", "exos", "30.7", known.AffectedNo, ""},
		{"21.4 before 21.4R3-S5, 22.1 before 22.1R3-S4", "junos", "21.4R3-S4.9", known.AffectedYes, "21.4R3-S5"},
		{"21.4 before 21.4R3-S5, 22.1 before 22.1R3-S4", "junos", "21.4R3-S5.4", known.AffectedNo, ""},
		{"21.4 before 21.4R3-S5, 22.1 before 22.1R3-S4", "junos", "21.4", known.AffectedUnknown, "21.4R3-S5"},
		{"21.4 before 21.4R3-S5, 22.1 before 22.1R3-S4", "junos", "22.1R2.8", known.AffectedYes, "22.1R3-S4"},
		{"21.4 before 21.4R3-S5, 22.1 before 22.1R3-S4", "junos", "21.4R3-S4-EVO", known.AffectedUnknown, "21.4R3-S5"},
		{"fixed 21.4R2-S8, 21.4R3-S5", "junos", "21.4R3-S1", known.AffectedUnknown, "21.4R3-S5"},
		{"before 15.2(4)E7", "ios", "15.2(4)E1", known.AffectedYes, "15.2(4)E7"},
		{"before 15.2(4)E7", "ios", "15.2(4)E10", known.AffectedNo, ""},
		{"before 15.2(4)E7", "ios", "12.2(55)SE12", known.AffectedUnknown, "15.2(4)E7"},
		{"through 15.2(4)E7", "ios", "15.2(4)E7", known.AffectedYes, ""},
		{"9.3(5) and later", "nx-os", "9.3(10)", known.AffectedYes, ""},
		{"9.3(5) and later", "nx-os", "7.0(3)I7(9)", known.AffectedNo, ""},
		{"before 4.29.3M", "eos", "4.29.2F", known.AffectedYes, "4.29.3M"},
		{"through 24.7.5_3", "opnsense", "24.7.5_2", known.AffectedYes, ""},
		{"through 24.7.5_3", "opnsense", "24.7.5_12", known.AffectedNo, ""},
		{"through 24.7.5_3", "opnsense", "24.7.5", known.AffectedUnknown, ""},
		{"before 32.7.1.9-patch1-5", "exos", "32.7.1.9-patch1-12", known.AffectedNo, ""},
		{"before 32.7.1.9-patch1-5", "exos", "32.7.1", known.AffectedUnknown, "32.7.1.9-patch1-5"},
		{"before 8.10.1.0_B012", "voss", "8.10.1.0", known.AffectedUnknown, "8.10.1.0_B012"},
		{"fixed 8.4.4-1.1~deb12u2", "frr", "8.4.4-1ubuntu1.3", known.AffectedUnknown, "8.4.4-1.1~deb12u2"},
		{"fixed 2.17.9-0ubuntu0.22.04.1", "ovs", "2.17.8-1", known.AffectedUnknown, "2.17.9-0ubuntu0.22.04.1"},
		// A fix of an older line does not hide what is named behind it.
		{"9.0 before 9.1.3, 10.0 through 10.0.2", "frr", "10.0", known.AffectedYes, ""},
		{"9.0 before 9.1.3, 10.0 through 10.0.2", "frr", "10.0.2", known.AffectedYes, ""},
		{"9.0 before 9.1.3, 10.0 through 10.0.2", "frr", "10.0.3", known.AffectedNo, ""},
		{"9.0 before 9.1.3, 10.0 through 10.0.2, 11.0 before 11.0.4", "frr", "10.0.2", known.AffectedYes, "11.0.4"},
		{"before 3.1.5, 3.2.x before 3.2.3 and 3.3.0", "ovs", "3.3.0", known.AffectedYes, ""},
		{"before 3.1.5, 3.2.x before 3.2.3 and 3.3.0", "ovs", "3.3.1", known.AffectedUnknown, ""},
		{"before 3.1.5, 3.2.x before 3.2.3 and 3.3.0", "ovs", "3.2.4", known.AffectedNo, ""},
		// Nor does a maintenance release say anything of a newer line, but the first release of a line does.
		{"fixed 8.10.2.0", "voss", "9.0.2.0", known.AffectedUnknown, ""},
		{"fixed 8.10.2.0", "voss", "8.10.3.0", known.AffectedNo, ""},
		{"fixed 9.0.0.0", "voss", "9.1.2.0", known.AffectedNo, ""},
		{"fixed 32.7.2-Patch1-22", "exos", "33.1.1", known.AffectedUnknown, ""},
		{"fixed 32.7.1", "exos", "33.1.1", known.AffectedNo, ""},
		{"31.1 and later; fixed 32.7.2", "exos", "33.1.1", known.AffectedUnknown, ""},
		{"fixed 21.4R3-S5", "junos", "22.1R2", known.AffectedUnknown, ""},
		{"fixed 22.1R1", "junos", "22.4R2", known.AffectedNo, ""},
		{"fixed 9.3(10)", "nxos", "10.2(3)", known.AffectedUnknown, ""},
		{"", "exos", "30.7", known.AffectedUnknown, ""},
		{"30.2", "exos", "latest", known.AffectedUnknown, ""},
		{"30.2", "exos", "", known.AffectedUnknown, ""},
	}
	for _, tt := range tests {
		found, fixed := products(t).ParseVersions(tt.versions, "")
		a := known.Issue{Found: found, Fixed: fixed}.Affects(tt.product, tt.v)
		if a.Affected != tt.want || a.FixedIn != tt.fixedIn || a.Reason == "" {
			t.Errorf("%q of %s %s: %+v, want %s and %q", tt.versions, tt.product, tt.v, a, tt.want, tt.fixedIn)
		}
	}
}

func TestFeaturesAndMnemonics(t *testing.T) {
	config := "hostname r1\nrouter ospf\n network 10.0.0.0/8 area 0\n!\nno router bgp 65001\ncreate vrrp vlan v1 vrid 1\nenable sharing 1 grouping 1-2\nspbm 1\nvrrp_instance A {\n"
	got := known.FeaturesIn(config)
	want := map[string]string{"ospf": "router ospf", "vrrp": "create vrrp vlan v1 vrid 1", "lag": "enable sharing 1 grouping 1-2", "spb": "spbm 1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	log := "01/02/2026 10:00:00.00 <Erro:STP.OutBPDU.Drop> Port=1: Illegal message age (21)\n" +
		"CP1 [2026-01-02] 0x00374589 00000000 GlobalRouter FA INFO x\n2024 BGP: [T5JFA-13199] subgroup\nsee ospf.neighbor.ProcDDFail here\n"
	if d := cmp.Diff([]string{"0x00374589", "STP.OutBPDU.Drop", "T5JFA-13199", "ospf.neighbor.ProcDDFail"}, known.MnemonicsIn(log)); d != "" {
		t.Error(d)
	}
}
