package known_test

import (
	"html"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// What a cell says of its versions besides ranges and fixes is never taken for the opposite.
func TestCellsOfVersions(t *testing.T) {
	yes, no, unknown := known.AffectedYes, known.AffectedNo, known.AffectedUnknown
	tests := []struct {
		found, fixed string
		in, out      string // what is read
		want         map[string]known.Affected
	}{
		{"8.0 - 8.4.3", "8.4.4", "8.0 to 8.4.3", "8.4.4", map[string]known.Affected{"8.4.3": yes, "8.4.4": no}},
		{"<8.5.3", "8.5.3", "before 8.5.3", "8.5.3", map[string]known.Affected{"8.5.2": yes, "8.5.3": no}},
		{"≤ 8.4.3", "≥ 8.4.4", "to 8.4.3", "8.4.4", map[string]known.Affected{"8.4.3": yes, "8.4.4": no}},
		{"after 8.4.4", "", "after 8.4.4", "", map[string]known.Affected{"8.4.4": no, "8.4.5": yes}},
		{"newer than 8.4.3", "", "after 8.4.3", "", map[string]known.Affected{"8.4.3": no, "8.4.4": yes}},
		{"> 8.0, < 8.4.4", "", "after 8.0 to before 8.4.4", "8.4.4", map[string]known.Affected{"8.0": no, "8.1": yes, "8.4.4": no}},
		{"[8.0, 8.4.4)", "", "8.0 to before 8.4.4", "8.4.4", map[string]known.Affected{"8.0": yes, "8.4.4": no}},
		{"(8.0, 8.4.4]", "", "after 8.0 to 8.4.4", "", map[string]known.Affected{"8.0": no, "8.4.4": yes}},
		{"(,8.4.4)", "", "before 8.4.4", "8.4.4", map[string]known.Affected{"8.4.3": yes, "8.4.4": no}},
		{"[8.4.4,)", "", "8.4.4 and later", "", map[string]known.Affected{"8.4.3": no, "9.0": yes}},
		{">=8.0 <8.4.4 || >=9.0 <9.0.2", "", "8.0 to before 8.4.4, 9.0 to before 9.0.2", "8.4.4, 9.0.2", map[string]known.Affected{"8.4.4": no, "9.0.1": yes, "9.0.2": no}},
		{">= 8.0, <= 8.4.3", "", "8.0 to 8.4.3", "", map[string]known.Affected{"8.4.3": yes, "8.5": no}},
		{"between 8.0 and 8.4.3 inclusive", "", "8.0 to 8.4.3", "", map[string]known.Affected{"8.2": yes}},
		{"8.4.4+", "", "8.4.4 and later", "", map[string]known.Affected{"8.4.5": yes}},
		{"8.4.4-only", "", "8.4.4", "", map[string]known.Affected{"8.4.4": yes, "8.4.5": unknown}},
		{"8.5.*", "8.6", "8.5.x", "8.6", map[string]known.Affected{"8.5.1": yes, "8.6": no}},
		{"all except 8.4.4", "", "", "", map[string]known.Affected{"8.4.4": unknown, "8.4.3": unknown}},
		{"not 8.4.4", "", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"unaffected: 8.4.4", "", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"!= 8.4.4", "", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"8.0 to 8.4 (excluding 8.4.2)", "", "", "", map[string]known.Affected{"8.4.2": unknown}},
		{"between 8.0 and 8.4.4", "", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"8.0 - 8.4.3", "partially fixed in 8.4.4", "8.0 to 8.4.3", "", map[string]known.Affected{"8.4.2": yes, "8.4.4": unknown}},
		{"8.0 - 8.4.3", "8.4.2 (backport)", "8.0 to 8.4.3", "", map[string]known.Affected{"8.4.1": yes, "8.4.2": unknown, "8.4.3": unknown, "8.5": unknown}},
		{"", "not in 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "fix planned for 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "will be fixed in a future release after 8.4.3", "", "", map[string]known.Affected{"8.4.3": unknown, "8.4.4": unknown}},
		{"", "after 8.4.3", "", "", map[string]known.Affected{"8.4.3": unknown}},
		{"", "Unresolved in 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "8.4.4 (reverted in 8.4.5)", "", "", map[string]known.Affected{"8.4.4": unknown, "8.4.5": unknown}},
		{"", "tested with 8.4.4, open", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "fix in 8.4.4 is incomplete", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "8.4.4 (Windows only); 8.5 (Linux)", "", "", map[string]known.Affected{"8.4.4": unknown, "8.5": unknown}},
		{"", "before 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "nicht in 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "~~8.4.4~~", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "8.4.4?", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "No fix; open as of 8.4.4", "", "", map[string]known.Affected{"8.4.4": unknown}},
		{"", "v8.4.4 (Mar 2024) and later", "", "v8.4.4", map[string]known.Affected{"8.4.4": no}},
		{"8.4.4 ✓ 8.5 ✗", "", "", "", map[string]known.Affected{"8.4.4": unknown, "8.5": unknown}},
		{"8.4", "", "8.4", "", map[string]known.Affected{"8.4": yes, "8.4.0": yes, "8.4.1": unknown}},
		{"8.3 and earlier", "", "to 8.3", "", map[string]known.Affected{"8.3": yes, "8.3.1": unknown, "8.4": no}},
		{"8.3.x and earlier", "", "to 8.3.x", "", map[string]known.Affected{"8.3.1": yes, "8.4": no}},
		{"> 8.3", "", "after 8.3", "", map[string]known.Affected{"8.3": no, "8.3.1": unknown, "8.4": yes}},
		{"before 8.x", "", "before 8", "", map[string]known.Affected{"7.5": yes, "8.0.1": no}},
		{"8.4.4", "8.5.x", "8.4.4", "", map[string]known.Affected{"8.5.1": unknown}},
		{"", "FRR 8.4.4; 9.0", "", "8.4.4, 9.0", map[string]known.Affected{"8.4.4": no, "9.0": no}},
	}
	for _, tt := range tests {
		for name, text := range map[string]string{
			"t.csv":  "id;title;product;found in;fixed in\nFRR-1;zork;frr;\"" + tt.found + "\";\"" + tt.fixed + "\"\n",
			"t.md":   "# FRR known issues\n\n| Bug ID | Description | Found in | Fixed in |\n|---|---|---|---|\n| FRR-1 | zork | " + escaped(tt.found) + " | " + tt.fixed + " |\n",
			"t.html": "<html><body><h1>FRR known issues</h1><table><tr><th>Bug ID</th><th>Description</th><th>Found in</th><th>Fixed in</th></tr><tr><td>FRR-1</td><td>zork</td><td>" + html.EscapeString(tt.found) + "</td><td>" + tt.fixed + "</td></tr></table></body></html>",
		} {
			d := read(t, name, text)
			if len(d.Issues) != 1 {
				t.Errorf("%s: %q, %q: %d issues", name, tt.found, tt.fixed, len(d.Issues))
				continue
			}
			i := d.Issues[0]
			if in, out := joinStrings(i.Found), joinStrings(i.Fixed); in != tt.in || out != tt.out {
				t.Errorf("%s: %q, %q: found %q and fixed %q, want %q and %q", name, tt.found, tt.fixed, in, out, tt.in, tt.out)
			}
			for v, want := range tt.want {
				if a := i.Affects("frr", v); a.Affected != want || a.Reason == "" || want == unknown && len(i.Unclear) > 0 && !strings.Contains(a.Reason, strconv.Quote(i.Unclear[0])) {
					t.Errorf("%s: %q, %q: %s: %+v, want %s", name, tt.found, tt.fixed, v, a, want)
				}
			}
		}
	}
}

// escaped is a text of a cell of Markdown.
func escaped(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// A version that a tracker plans to fix an open entry in is no fix.
func TestPlannedFixes(t *testing.T) {
	for text, want := range map[string]known.Affected{
		"id,title,product,status,fix version\nFRR-1,zork,frr,Open,8.4.4\n":        known.AffectedUnknown,
		"id,title,product,status,fix version\nFRR-1,zork,frr,In Progress,8.4.4\n": known.AffectedUnknown,
		"id,title,product,status,fix version\nFRR-1,zork,frr,Fixed,8.4.4\n":       known.AffectedNo,
		"id,title,product,target release\nFRR-1,zork,frr,8.4.4\n":                 known.AffectedUnknown,
	} {
		if a := read(t, "t.csv", text).Issues[0].Affects("frr", "8.4.4"); a.Affected != want {
			t.Errorf("%q: %+v, want %s", text, a, want)
		}
	}
}

// So in the words of a notice and of a record: a sentence that turns round what it says of a version gives none.
func TestProseOfVersions(t *testing.T) {
	const notice = "FRR bgpd crash\n\nArticle Number: KB000123\n\nSymptoms:\n\nbgpd crashes.\n\nSoftware affected:\n\nFRR 8.0 to 8.4.3\n\nSolution:\n\n"
	for solution, want := range map[string]known.Affected{
		"Upgrade to FRR 8.4.4.":                                known.AffectedNo,
		"To be fixed in 8.4.4.":                                known.AffectedUnknown,
		"Do not use 8.4.4; go to 8.5.":                         known.AffectedUnknown,
		"The correction of 8.4.4 was reverted.":                known.AffectedUnknown,
		"A fix is planned for 8.4.4. Restart the daemon daily": known.AffectedUnknown,
	} {
		d := read(t, "kb.txt", notice+solution+"\n")
		if len(d.Issues) != 1 {
			t.Fatalf("%q: %d issues", solution, len(d.Issues))
		}
		if a := d.Issues[0].Affects("frr", "8.4.4"); a.Affected != want {
			t.Errorf("%q: %+v, want %s (%v, %v)", solution, a, want, d.Issues[0].Found, d.Issues[0].Fixed)
		}
	}
	const head = `{"dataType":"CVE_RECORD","dataVersion":"5.0","cveMetadata":{"cveId":"CVE-2023-1234","state":"PUBLISHED"},"containers":{"cna":{"affected":[{"product":"n/a","versions":[{"version":"n/a"}]}],"descriptions":[{"lang":"en","value":"`
	for text, want := range map[string]known.Affected{
		"FRRouting through 8.4.3 crashes.":                          known.AffectedNo,
		"bgpd of FRRouting crashes. Version 8.4.4 is not affected.": known.AffectedUnknown,
		"bgpd of FRRouting 8.4.4 crashes.":                          known.AffectedYes,
	} {
		if a := read(t, "CVE-2023-1234.json", head+text+`"}]}}}`).Issues[0].Affects("frr", "8.4.4"); a.Affected != want {
			t.Errorf("%q: %+v, want %s", text, a, want)
		}
	}
}
