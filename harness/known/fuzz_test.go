package known_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/known"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden keeps what two documents are read as, field by field.
func TestGolden(t *testing.T) {
	docs := fixtures(t)
	for _, name := range []string{"voss-notes.html", "extremeware-prose.txt"} {
		d, err := known.ReadDocument(name, docs[name], known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Fatal(err)
		}
		d.SHA256 = ""
		for n := range d.Issues {
			d.Issues[n].Source.SHA256 = ""
		}
		got, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// readAny reads what a fuzzer makes, and holds the result to what is promised of any.
func readAny(t *testing.T, name string, data []byte) {
	t.Helper()
	d, err := known.ReadDocument(name, data, known.ReadOptions{Products: products(t)})
	if err != nil {
		return
	}
	for _, i := range d.Issues {
		if i.Key == "" || i.Status == "" || i.Kind == "" || i.Title == "" && i.Text == "" {
			t.Errorf("an issue without a key, a status, a kind or words: %+v", i)
		}
		for _, s := range []string{i.Title, i.Text, i.Feature, i.Workaround, i.Platform} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\n\r\u202e") || len(s) > 20<<10 {
				t.Errorf("%q steers a terminal, is broken or has no end", s)
			}
		}
		i.Affects("exos", "32.7.1.9")
		for _, f := range i.Fixed {
			if err := known.CheckVersion(f.Version); err != nil {
				t.Error(err)
			}
		}
	}
}

func fuzz(f *testing.F, name string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		if data, err := os.ReadFile("testdata/documents/" + s); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAny(t, name, data) })
}

func FuzzText(f *testing.F) {
	fuzz(f, "x.txt", "exos-layout.txt", "extremeware-prose.txt", "kb-article.txt")
}

func FuzzHTML(f *testing.F) {
	fuzz(f, "x.html", "voss-notes.html", "field-notice.html", "exos-feature.html")
}
func FuzzCSV(f *testing.F) { fuzz(f, "x.csv", "partner-list.csv") }
func FuzzCVE(f *testing.F) { fuzz(f, "x.json", "cve.json") }

func FuzzChangelog(f *testing.F) {
	fuzz(f, "NEWS", "lldpd-NEWS", "ovs-NEWS", "bird-NEWS", "frr-changelog.Debian", "keepalived-ChangeLog",
		"announcement.txt", "closed-list.rst", "days-ChangeLog", "details-CHANGELOG.rst", "forge-CHANGELOG.md", "numbered-ChangeLog", "page-notes.md", "paragraphs-CHANGELOG",
		"starred-NEWS", "starred-changes.txt", "table-notes.md", "tagged-CHANGELOG", "underlined-ChangeLog.md")
}

func FuzzPDF(f *testing.F) {
	f.Add(setPDF("CR Number  Description\nxos0000001  It breaks.\n", true))
	f.Add(setPDF("CR Number  Description\nxos0000001  It breaks.\n", false))
	f.Fuzz(func(t *testing.T, data []byte) { readAny(t, "x.pdf", data) })
}

func FuzzVersions(f *testing.F) {
	f.Add("FE 9.1.x, 9.2; SE 33.2 to 33.5.1; fixed FE 9.2.2 / 9.3.1, SE 33.5.2", "exos")
	f.Add("before 4.2.3.0, 5.x before 5.0.1.0", "")
	f.Fuzz(func(t *testing.T, text, product string) {
		found, fixed := products(t).ParseVersions(text, product)
		known.Issue{Found: found, Fixed: fixed}.Affects(product, "9.2.0.0")
	})
}
