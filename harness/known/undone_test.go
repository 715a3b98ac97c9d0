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
		"to be resolved":                  {"notes.txt", head + "Issues to be resolved" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"of a future release":             {"notes.txt", head + "Issues resolved in a future release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"expected to be":                  {"notes.txt", head + "Issues expected to be fixed in a later release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"not addressed":                   {"notes.txt", head + "Issues Not Addressed in This Release" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"reverted":                        {"notes.txt", head + "Reverted fixes in 33.5.2" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedYes},
		"corrected":                       {"notes.txt", head + "Defects Corrected in Switch Engine 33.5.2" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"closed":                          {"notes.txt", head + "Defects Closed with Code Changes" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"open in the row":                 {"notes.txt", stated("Open"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"deferred in the row":             {"notes.txt", stated("Deferred"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"in part in the row":              {"notes.txt", stated("Partially fixed"), "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"fixed in the row":                {"notes.txt", stated("Fixed"), "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"deferred in a tracker":           {"list.csv", "ID,Product,Summary,Fix Version,Status\nFRR-1,frr,bgpd crashes,9.1.1,Deferred\n", "frr", "FRR-1", "9.1.1", known.AffectedUnknown},
		"a later version's revert":        {"changelog", debian("Revert fix for CVE-2023-38802, it breaks EVPN", "Fix CVE-2023-38802: bgpd crash"), "frr", "CVE-2023-38802", "8.4.4-2", known.AffectedUnknown},
		"fixed behind a revert":           {"changelog", debian("Fix CVE-2023-38802: bgpd crash", "Revert fix for CVE-2023-38802, it breaks EVPN"), "frr", "CVE-2023-38802", "8.4.4-2", known.AffectedNo},
		"the next release's chapter":      {"notes.txt", head + "Issues to be resolved in 33.5.3" + row, "exos", "EXOS-1001", "33.5.3", known.AffectedUnknown},
		"known and resolved":              {"notes.txt", head + "Known and Resolved Issues" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"open and resolved":               {"notes.txt", head + "Open and Resolved Issues in 33.5.2" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"listed before":                   {"notes.txt", head + "Issues That Were Previously Listed as Resolved" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"off the list":                    {"notes.txt", head + "Issues Removed From the Resolved List" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"with an exception":               {"notes.txt", head + "Resolved Issues in Switch Engine 33.5.2 (except stacking)" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"resolved before":                 {"notes.txt", head + "Known Issues Resolved in Previous Releases" + row, "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"of one platform":                 {"t.csv", "ID,Description,Fixed In\nEXOS-1001,zork,33.5.2 (5520 only)\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"a duplicate":                     {"t.csv", "ID,Description,Status,Fixed version\nEXOS-1001,zork,Duplicate,33.5.2\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"closed, and not to be fixed":     {"t.md", "| ID | Description | State | Resolution | Fix Version |\n|--|--|--|--|--|\n| EXOS-1001 | zork | Closed | Won't Fix | 33.5.2 |\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"closed, and as designed":         {"t.md", "| ID | Description | State | Resolution | Fix Version |\n|--|--|--|--|--|\n| EXOS-1001 | zork | Closed | As designed | 33.5.2 |\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"closed, and done":                {"t.md", "| ID | Description | State | Resolution | Fix Version |\n|--|--|--|--|--|\n| EXOS-1001 | zork | Closed | Done | 33.5.2 |\n", "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"backed out, in a remark":         {"t.csv", "ID,Description,Fixed In,Comment\nEXOS-1001,zork,33.5.2,Fix was backed out before GA\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"seen later, in a remark":         {"t.csv", "ID,Description,Fixed In,Remarks\nEXOS-1001,zork,33.5.2,still seen in 33.5.3\n", "exos", "EXOS-1001", "33.5.3", known.AffectedUnknown},
		"a remark that says nothing else": {"t.csv", "ID,Description,Fixed In,Remarks\nEXOS-1001,zork,33.5.2,Verified in 33.5.2 by us\n", "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"seen later, in its words":        {"t.csv", "ID,Description,Fixed In\nEXOS-1001,zork. Seen again in 33.5.3.,33.5.2\n", "exos", "EXOS-1001", "33.5.3", known.AffectedUnknown},
		"incomplete, in its words":        {"t.csv", "ID,Description,Fixed In\nEXOS-1001,\"zork. The fix is incomplete, see xos0071299.\",33.5.2\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"not on all, in its words":        {"t.csv", "ID,Description,Fixed In\nEXOS-1001,zork. Not fixed on stacking.,33.5.2\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"with a command, in its words":    {"t.csv", "ID,Description,Fixed In\nEXOS-1001,zork. Fix requires a command to be given.,33.5.2\n", "exos", "EXOS-1001", "33.5.2", known.AffectedUnknown},
		"words of the fault alone":        {"t.csv", "ID,Description,Fixed In\nEXOS-1001,The port is still down after reboot; it does not revert. Only one fixed port comes up again.,33.5.2\n", "exos", "EXOS-1001", "33.5.2", known.AffectedNo},
		"a partial fix":                   {"c.md", "# Changelog\n## [9.1] - 2025-03-02\n### Fixed\n- Partial fix for zork crash\n", "frr", "", "9.1", known.AffectedUnknown},
		"an attempt":                      {"c.md", "# Changelog\n## [9.1] - 2025-03-02\n### Fixed\n- Attempt to fix the zork crash\n", "frr", "", "9.1", known.AffectedUnknown},
		"below a heading of reverts":      {"c.md", "# Changelog\n## [9.1.1]\n### Reverted\n- ospfd: fix zork crash\n## [9.1]\n### Fixed\n- ospfd: fix zork crash\n", "frr", "", "9.1.1", known.AffectedUnknown},
		"a patch that is dropped":         {"changelog", debian("Drop patch for zork crash, it breaks BGP.", "d/patches: fix zork crash in ospfd (CVE-2099-1001)"), "frr", "CVE-2099-1001", "8.4.4-2", known.AffectedUnknown},
		"a patch that upstream has":       {"changelog", debian("Drop patch for zork crash, applied upstream.", "d/patches: fix zork crash in ospfd (CVE-2099-1001)"), "frr", "CVE-2099-1001", "8.4.4-2", known.AffectedNo},
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
