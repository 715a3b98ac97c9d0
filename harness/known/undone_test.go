package known_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// TestFixesThatAreNone: a chapter of what is yet to be fixed, a state in the row, and an entry that takes another back say
// that a fix is none.
func TestFixesThatAreNone(t *testing.T) {
	const head = "Switch Engine 33.5.2 Release Notes\n\n"
	const row = "\n\nCR Number     Description\nEXOS-1001     OSPF neighbor stays in ExStart.\n"
	stated := func(state string) string {
		return head + "Resolved Issues\n\nCR Number     Description                                   Status\nEXOS-1001     OSPF neighbor stays in ExStart.               " + state + "\n"
	}
	debian := func(second, first string) string {
		return "frr (8.4.4-2) unstable; urgency=medium\n\n  * " + second + "\n\n -- A B <a@example.org>  Mon, 18 Sep 2023 20:00:00 +0200\n\n" +
			"frr (8.4.4-1) unstable; urgency=medium\n\n  * " + first + "\n\n -- A B <a@example.org>  Mon, 18 Sep 2023 20:00:00 +0200\n"
	}
	for name, tt := range map[string]struct {
		file, text, product, key, version string
		want                              known.Affected
	}{
		"to be resolved":           {"notes.txt", head + "Issues to be resolved" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"of a future release":      {"notes.txt", head + "Issues resolved in a future release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"expected to be":           {"notes.txt", head + "Issues expected to be fixed in a later release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"not addressed":            {"notes.txt", head + "Issues Not Addressed in This Release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"reverted":                 {"notes.txt", head + "Reverted fixes in 33.5.2" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"corrected":                {"notes.txt", head + "Defects Corrected in Switch Engine 33.5.2" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"closed":                   {"notes.txt", head + "Defects Closed with Code Changes" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"open in the row":          {"notes.txt", stated("Open"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"deferred in the row":      {"notes.txt", stated("Deferred"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"in part in the row":       {"notes.txt", stated("Partially fixed"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"fixed in the row":         {"notes.txt", stated("Fixed"), "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"deferred in a tracker":    {"list.csv", "ID,Product,Summary,Fix Version,Status\nFRR-1,frr,bgpd crashes,9.1.1,Deferred\n", "frr", "FRR-1", "9.1.1", known.AffectedUnknown},
		"a later version's revert": {"changelog", debian("Revert fix for CVE-2023-38802, it breaks EVPN", "Fix CVE-2023-38802: bgpd crash"), "frr", "CVE-2023-38802", "8.4.4-2", known.AffectedUnknown},
		"fixed behind a revert":    {"changelog", debian("Fix CVE-2023-38802: bgpd crash", "Revert fix for CVE-2023-38802, it breaks EVPN"), "frr", "CVE-2023-38802", "8.4.4-2", known.AffectedNo},
		"a quoted revert": {
			"rel.md", "# FRR 9.1.1\n\n## What's Changed\n* bgpd: fix VRF leak by @one in #101\n* Revert \"bgpd: fix VRF leak\" by @one in #102\n",
			"frr", "", "9.1.1", known.AffectedUnknown,
		},
		"a revert of something else": {
			"rel.md", "# FRR 9.1.1\n\n## What's Changed\n* bgpd: fix VRF leak by @one in #101\n* Revert \"bgpd: fix crash of views\" by @one in #102\n",
			"frr", "", "9.1.1", known.AffectedNo,
		},
	} {
		d, err := known.ReadDocument(tt.file, []byte(tt.text), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 || tt.key != "" && d.Issues[0].Key != tt.key {
			t.Errorf("%s: %v, %+v", name, err, d)
			continue
		}
		if a := d.Issues[0].Affects(tt.product, tt.version); a.Affected != tt.want {
			t.Errorf("%s: %+v, found %v, fixed %v, unclear %q, want %s", name, a, d.Issues[0].Found, d.Issues[0].Fixed, d.Issues[0].Unclear, tt.want)
		}
	}
}
