package known_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// TestCellsOfPages: a cell that is over several columns or rows is in each of them, what is struck out is taken back, and a
// mark leads to what is said elsewhere.
func TestCellsOfPages(t *testing.T) {
	const heads = "<tr><th>ID</th><th>Description</th><th>Found in</th><th>Fixed in</th></tr>"
	row := func(found, fixed string) string {
		return "<tr><td>xos0071234</td><td>zork</td><td>" + found + "</td><td>" + fixed + "</td></tr>"
	}
	const yes, no, unknown = known.AffectedYes, known.AffectedNo, known.AffectedUnknown
	for name, tt := range map[string]struct {
		table string
		want  map[string]known.Affected
	}{
		"a head over two columns":    {"<tr><th>ID</th><th colspan=2>Description</th><th>Found in</th><th>Fixed in</th></tr><tr><td>xos0071234</td><td>zork</td><td>more</td><td>32.7.1</td><td>32.7.4</td></tr>", map[string]known.Affected{"32.7.1": yes, "32.7.4": no}},
		"a head of two rows":         {"<tr><th rowspan=2>ID</th><th rowspan=2>Description</th><th colspan=2>Versions</th></tr><tr><th>Found in</th><th>Fixed in</th></tr>" + row("32.7.1", "32.7.4"), map[string]known.Affected{"32.7.1": yes, "32.7.4": no}},
		"a cell over two rows":       {heads + "<tr><td>xos0071233</td><td>zork</td><td rowspan=2>32.7.1</td><td>32.7.3</td></tr><tr><td>xos0071234</td><td>zork</td><td>32.7.4</td></tr>", map[string]known.Affected{"32.7.1": yes, "32.7.4": no}},
		"a cell over all columns":    {heads + "<tr><td colspan=4>X690</td></tr>" + row("32.7.1", "32.7.4"), map[string]known.Affected{"32.7.1": yes, "32.7.4": no}},
		"deleted":                    {heads + row("32.7.1", "<del>32.7.3</del> 32.7.4"), map[string]known.Affected{"32.7.3": unknown}},
		"struck out":                 {heads + row("32.7.1", "<s>32.7.3</s>"), map[string]known.Affected{"32.7.3": unknown}},
		"struck out by its style":    {heads + row("32.7.1", `<span style="text-decoration: line-through">32.7.3</span>`), map[string]known.Affected{"32.7.3": unknown}},
		"a row that is struck out":   {heads + `<tr style="text-decoration:line-through"><td>xos0071234</td><td>zork</td><td></td><td>32.7.3</td></tr>`, map[string]known.Affected{"32.7.3": unknown}},
		"a mark":                     {heads + row("32.7.1", "32.7.3 (1)"), map[string]known.Affected{"32.7.3": unknown}},
		"a hint":                     {heads + row("32.7.1", "see 32.7.3 release notes"), map[string]known.Affected{"32.7.3": unknown}},
		"one id, and two fixes":      {heads + row("32.7.1", "32.7.3") + row("32.7.1", "32.7.5"), map[string]known.Affected{"32.7.3": unknown, "32.7.4": unknown, "32.7.5": no}},
		"one id, and the same fix":   {heads + row("32.7.1", "32.7.3") + row("32.7.1", "32.7.3"), map[string]known.Affected{"32.7.3": no}},
		"one id, fixed in two lines": {heads + row("32.6.1", "32.6.3") + row("32.7.1", "32.7.3"), map[string]known.Affected{"32.6.3": no, "32.7.3": no, "32.7.1": yes}},
	} {
		d := read(t, "t.html", "<html><body><h1>EXOS known issues</h1><table>"+tt.table+"</table></body></html>")
		if len(d.Issues) == 0 {
			t.Errorf("%s: %+v", name, d)
			continue
		}
		i := d.Issues[len(d.Issues)-1]
		for v, want := range tt.want {
			if a := i.Affects("exos", v); i.Key != "xos0071234" || a.Affected != want {
				t.Errorf("%s: %s: %+v, want %s (%s, found %v, fixed %v, unclear %q)", name, v, a, want, i.Key, i.Found, i.Fixed, i.Unclear)
			}
		}
	}
}
