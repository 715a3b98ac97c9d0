package known_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// TestLongText: a paragraph, a cell or an entry of many lines costs what its size costs, and what stands behind it is read.
func TestLongText(t *testing.T) {
	const lines = 6000
	long := func(indent string) string {
		return strings.Repeat(indent+"and so the paragraph goes on for one more line\n", lines)
	}
	const head = "# Release notes of FRR 9.1\n\n## Known issues\n\n| ID | Description |\n| --- | --- |\n| #4711 | bgpd crashes on clear |\n\n"
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"a paragraph of Markdown": {head + long("") + "\n| ID | Description |\n| --- | --- |\n| #4712 | ospfd crashes on clear |\n", 2},
		"a paragraph of text":     {"Release notes of FRR 9.1\n\n" + long("") + "\nKnown issues\n\nID        Description\n#4711     bgpd crashes on clear\n#4712     ospfd crashes on clear\n", 2},
		"a cell":                  {"Release notes of FRR 9.1\n\nKnown issues\n\nID        Description\n#4711     bgpd crashes on clear\n" + long("          ") + "#4712     ospfd crashes on clear\n", 2},
		"an entry":                {"# 2.0\n## Fixed\n- bgpd: fix crash on clear\n" + long("  ") + "- ospfd: fix crash on clear\n", 2},
		"a commit":                {"commit " + strings.Repeat("0a", 20) + "\n\n    bgpd: fix crash on clear\n\n" + long("    ") + "\ncommit " + strings.Repeat("0b", 20) + "\n\n    ospfd: fix crash on clear\n", 2},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d, err := known.ReadDocument("frr-notes.txt", []byte(tt.text), known.ReadOptions{Products: products(t)})
		runtime.ReadMemStats(&after)
		if err != nil || len(d.Issues) != tt.want {
			t.Errorf("%s: %d issues, want %d: %v", name, len(d.Issues), tt.want, err)
		}
		if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 200 {
			t.Errorf("%s: %d KiB took %d MiB", name, len(tt.text)>>10, made)
		}
	}
}
