package known_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// TestVersionsInProse: what a text says of versions in words is read as it is meant, or is unclear; the versions of other
// software, and numbers that are none, are nobody's.
func TestVersionsInProse(t *testing.T) {
	const yes, no, unknown = known.AffectedYes, known.AffectedNo, known.AffectedUnknown
	for _, tt := range []struct {
		text string
		want map[string]known.Affected
	}{
		// Of others, and of nothing.
		{"FRRouting with libyang before 2.1.111 crashes.", map[string]known.Affected{"8.5": unknown, "2.0": unknown, "2.2": unknown}},
		{"FRRouting on kernels before 5.10 crashes.", map[string]known.Affected{"8.5": unknown}},
		{"Interoperability with IOS 15.2 peers crashes FRRouting 8.5.", map[string]known.Affected{"15.2": unknown, "8.5": unknown}},
		{"A flaw in FRRouting described in section 9.1.2 of RFC 4271.", map[string]known.Affected{"9.1.2": unknown}},
		{"FRRouting before 8.5 crashes after 3.2 seconds. CVSS 3.1 score 7.5.", map[string]known.Affected{"8.4": yes, "3.2": yes, "8.5": no}},
		{"FRRouting (FRR) bgpd before 8.5 crashes when 192.0.2.1 sends an UPDATE.", map[string]known.Affected{"8.4": yes, "8.5": no}},
		// The opposite of what single words say.
		{"No fix is available for FRRouting 8.5.", map[string]known.Affected{"8.5": unknown, "8.5.1": unknown}},
		{"FRRouting: no version before 8.4 is affected.", map[string]known.Affected{"8.3": unknown}},
		{"FRRouting 10.0.1 allows a crash, but 10.0.0 does not.", map[string]known.Affected{"10.0.0": unknown}},
		{"Fixed in FRRouting 8.5.1 but broken again in 8.5.2.", map[string]known.Affected{"8.5.2": unknown}},
		{"Fixed in FRRouting 8.5.1, regression in 8.5.3.", map[string]known.Affected{"8.5.3": unknown}},
		{"The fix in FRRouting 8.5.1 is insufficient.", map[string]known.Affected{"8.5.1": unknown, "8.5.2": unknown}},
		{"FRRouting 8.5.1 is immune.", map[string]known.Affected{"8.5.1": unknown}},
		{"FRRouting crashes after upgrading from 8.4 to 8.5.", map[string]known.Affected{"8.4": unknown, "8.5": unknown}},
		{"FRRouting zebracrash is fixed in master, 9.0.2 is still vulnerable.", map[string]known.Affected{"9.0.2": unknown}},
		{"FRRouting 9.0.1 and earlier, and master up to commit abc.", map[string]known.Affected{"9.1": unknown}},
		{"FRRouting, not before 9.0.2.", map[string]known.Affected{"9.0.3": unknown}},
		// Said in other words.
		{"FRRouting before 9.0.2 (9.x series), 8.5.4 (8.5 series).", map[string]known.Affected{"8.5.3": yes, "8.5.4": no, "9.0.1": yes, "9.0.2": no}},
		{"A crash in FRRouting. Users should upgrade to 8.4.3.", map[string]known.Affected{"8.4.3": no, "8.4.2": unknown}},
		{"A crash in FRRouting. Versions 8.4.3 and 9.0.1 contain a patch for the issue.", map[string]known.Affected{"8.4.3": no, "9.0.1": no, "9.0": unknown}},
		{"A crash in FRRouting. Version 8.4.3 resolves the issue.", map[string]known.Affected{"8.4.3": no, "8.4.2": unknown}},
		{"A crash in FRRouting, addressed in 8.4.3.", map[string]known.Affected{"8.4.3": no, "8.4.2": unknown}},
		{"FRRouting up to, but not including, 8.4.3 crashes.", map[string]known.Affected{"8.4.2": yes, "8.4.3": no}},
		{"FRRouting older than 8.4.3 crashes.", map[string]known.Affected{"8.4.2": yes, "8.4.3": no}},
		{"FRRouting 8.4.3 or newer crashes.", map[string]known.Affected{"8.4.3": yes, "8.4.2": no}},
		{"FRRouting 8.0 and up to 8.4.2 crash.", map[string]known.Affected{"8.4.2": yes, "8.4.3": no}},
	} {
		d, err := known.ReadDocument("a.json", []byte(cveText(`"versions":[{"version":"n/a","status":"affected"}]`, tt.text, "")), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 {
			t.Fatal(err, d)
		}
		i := d.Issues[0]
		for v, want := range tt.want {
			if a := i.Affects("frr", v); a.Affected != want {
				t.Errorf("%s: %s: %+v, want %s (found %v, fixed %v, unclear %q)", tt.text, v, a, want, i.Found, i.Fixed, i.Unclear)
			}
		}
	}
}

// TestSolutionInProse: what the solution of a notice names is a fix, also behind words that say how to get it.
func TestSolutionInProse(t *testing.T) {
	const head = "FN-2026-001 Switches reboot\n\nProducts Affected\n\nX460-G2\n\nSoftware Affected\n\nSwitch Engine 33.2 to 33.5.1\n\nSymptoms\n\nThe switch reboots.\n\nSolution\n\n"
	for text, want := range map[string]known.Affected{
		"Upgrade to Switch Engine 33.5.2 or later.":   known.AffectedNo,
		"The issue is fixed in Switch Engine 33.5.2.": known.AffectedNo,
		"Do not upgrade to Switch Engine 33.5.2.":     known.AffectedUnknown,
		"A fix is planned for Switch Engine 33.5.2.":  known.AffectedUnknown,
	} {
		d, err := known.ReadDocument("fn.txt", []byte(head+text+"\n"), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 {
			t.Fatal(err, d)
		}
		if a := d.Issues[0].Affects("exos", "33.5.2.1"); a.Affected != want {
			t.Errorf("%s: %+v, want %s (found %v, fixed %v, unclear %q)", text, a, want, d.Issues[0].Found, d.Issues[0].Fixed, d.Issues[0].Unclear)
		}
	}
}
