package refusals_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/refusals"
)

// TestWords: what a program refused is told whichever way its words come, and from answers of a table that has nothing of the kind.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		program    refusals.Program
		answer     string
		of, within string
	}{
		{refusals.Vtysh, "r1# conf t\nr1(config)# bogus\n% Unknown command: bogus\nr1(config)# \n", "% Unknown command: bogus", "% Unknown command: bogus"},
		{refusals.Vtysh, "isisd is not running\n", "isisd is not running", "isisd is not running"},
		{refusals.Vtysh, "ZEBRA: 'route-map nosuch' not found\n", "ZEBRA: 'route-map nosuch' not found", ""},
		{refusals.Vtysh, "Nexthop Group ID: 99 does not exist\n", "Nexthop Group ID: 99 does not exist", ""},
		{refusals.Vtysh, "MPLS-TE database is not enabled\n", "MPLS-TE database is not enabled", ""},
		{refusals.Vtysh, "VNI not found\n", "VNI not found", ""},
		{refusals.Vtysh, "% Network not in table\n", "", ""},
		{refusals.Vtysh, "% No BGP neighbors found in VRF default\n", "", ""},
		{refusals.Vtysh, "Neighbor ID     Pri State           Up Time\n", "", ""},
		{refusals.Vtysh, "eth0 is up\nVNI not found\n", "", ""},
		{refusals.Birdc, "BIRD 2.0.12 ready.\nThere is no BFD protocol running\n", "There is no BFD protocol running", ""},
		{refusals.Birdc, "BIRD 2.0.12 ready.\nb1: already enabled\n", "b1: already enabled", ""},
		{refusals.Birdc, "direct1: reload failed\nb1: reloading\n", "", ""},
		{refusals.Birdc, "Network not found\n", "", ""},
		{refusals.Lldpcli, "2026-12-01T00:00:00 [WARN/lldpctl] unknown command from argument 2: `bogus`\n", "2026-12-01T00:00:00 [WARN/lldpctl] unknown command from argument 2: `bogus`", "2026-12-01T00:00:00 [WARN/lldpctl] unknown command from argument 2: `bogus`"},
		{refusals.Iproute2, "1: lo: <LOOPBACK,UP>\nCannot find device \"eth9\"\n", "", "Cannot find device \"eth9\""},
	} {
		if of, within := refusals.Of(tt.program, tt.answer), refusals.Within(tt.program, tt.answer); of != tt.of || within != tt.within {
			t.Errorf("%s: %q: of %q, within %q, want %q, %q", tt.program, tt.answer, of, within, tt.of, tt.within)
		}
	}
}

// TestInShell: the programs of a line are found wherever they stand in it.
func TestInShell(t *testing.T) {
	for line, want := range map[string][]refusals.Program{
		"printf x | vtysh":              {refusals.Vtysh},
		"ip link set eth9 down || true": {refusals.Iproute2},
		"echo x | lldpcli; birdc show":  {refusals.Birdc, refusals.Lldpcli},
		"cat /tmp/zip x":                nil,
	} {
		if diff := cmp.Diff(want, refusals.InShell(line)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}
