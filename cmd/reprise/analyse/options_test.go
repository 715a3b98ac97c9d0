package analyse

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/known"
)

// inGroup makes a verb below "known", which has a flag for all of them.
func inGroup[O any](newVerb func(*database, func(context.Context, *O) error) *cobra.Command) func(*cli.App, func(context.Context, *O) error) *cobra.Command {
	return func(a *cli.App, runF func(context.Context, *O) error) *cobra.Command {
		d := &database{App: a}
		c := knownGroup(d)
		c.AddCommand(newVerb(d, runF))
		return c
	}
}

const badVersion = " (as 32.7.1.9, 16.2.5-Patch1-5, 9.3.0.0 or 8.4.4-1.1~deb12u1)"

func TestSearchOptions(t *testing.T) {
	type asked = clitest.Asked[searchOptions]
	in := func(file string) *database { return &database{file: file} }
	clitest.Options(t, inGroup(newSearch), []asked{
		{Args: []string{"search", "vrrp", "crash"}, Want: searchOptions{database: in(""), words: []string{"vrrp", "crash"}, limit: 20}},
		{
			Args: []string{"search", "--db", "f.db", "--product", "exos", "--version", "32.7.1.9", "--feature", "mlag", "--fixed-after", "31.1", "--limit", "3"},
			Want: searchOptions{database: in("f.db"), product: "exos", version: "32.7.1.9", feature: "mlag", fixedAfter: "31.1", limit: 3},
		},
		{Args: []string{"search"}, Err: "what is searched for? give words, or --product, --feature, --fixed-after"},
		{Args: []string{"search", "x", "--limit", "0"}, Err: "--limit 0: want 1 to 1000"},
		{Args: []string{"search", "x", "--version", "latest"}, Err: known.CheckVersion("latest").Error() + badVersion},
	})
}

func TestImportOptions(t *testing.T) {
	type asked = clitest.Asked[importOptions]
	none := &database{}
	clitest.Options(t, inGroup(newImport), []asked{
		{Args: []string{"import", "a.pdf", "b.csv"}, Want: importOptions{database: none, files: []string{"a.pdf", "b.csv"}, preview: 5}},
		{
			Args: []string{"import", "a", "--product", "exos", "--vendor", "v", "--release", "32.7.2", "--as", "notes", "--dry-run", "--unparsed", "--preview", "0"},
			Want: importOptions{database: none, files: []string{"a"}, product: "exos", vendor: "v", release: "32.7.2", as: "notes", dryRun: true, unparsed: true},
		},
		{Args: []string{"import"}, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"import", "a", "b", "--as", "x"}, Err: "--as names one document, and 2 files are given"},
		{Args: []string{"import", "a", "--preview", "-1"}, Err: "--preview -1: want 0 or more"},
		{Args: []string{"import", "a", "--release", "latest"}, Err: known.CheckVersion("latest").Error() + badVersion},
	})
}

func TestOtherOptions(t *testing.T) {
	none := &database{}
	clitest.Options(t, inGroup(newMatch), []clitest.Asked[matchOptions]{
		{Args: []string{"match", "cases/x"}, Want: matchOptions{database: none, subject: "cases/x", limit: 10}},
		{Args: []string{"match", "cases/x", "--limit", "3", "--save"}, Want: matchOptions{database: none, subject: "cases/x", limit: 3, save: true}},
		{Args: []string{"match", "x", "--limit", "201"}, Err: "--limit 201: want 1 to 200"},
		{Args: []string{"match"}, Err: "accepts 1 arg(s), received 0"},
	})
	clitest.Options(t, inGroup(newList), []clitest.Asked[listOptions]{
		{Args: []string{"list", "--db", "f.db"}, Want: listOptions{&database{file: "f.db"}}},
		{Args: []string{"list", "x"}, Err: `unknown command "x" for "known list"`},
	})
	clitest.Options(t, inGroup(newShow), []clitest.Asked[showOptions]{
		{Args: []string{"show", "CVE-2023-43119"}, Want: showOptions{database: none, id: "CVE-2023-43119"}},
		{Args: []string{"show"}, Err: "accepts 1 arg(s), received 0"},
	})
}

// issue is one whose title tries to be another line.
func issue() known.Issue {
	return known.Issue{IDs: []string{"FN-1"}, Product: "exos", Feature: "mlag", Title: "peer\nFN-2: is fine", Source: known.Source{Document: "notes.pdf", Page: 3}}
}

func TestViews(t *testing.T) {
	const line = "FN-1              exos         mlag               peer; FN-2: is fine\n"
	at := time.Date(2026, 3, 1, 10, 15, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		view func(io.Writer)
		want string
	}{
		{"nothing found", func(w io.Writer) { printFound(w, nil, "") }, "nothing found\n"},
		{"found", func(w io.Writer) {
			printFound(w, []known.Found{{Issue: issue(), Snippet: "the peer", Affects: &known.Answer{Affected: known.AffectedYes, Reason: "it is before"}}}, "1.2")
		}, line + "      the peer\n      affects 1.2: " + string(known.AffectedYes) + ", it is before\n"},
		{"unknown id", func(w io.Writer) { printIssues(w, nil, "X-1") }, "X-1 is not known\n"},
		{"an issue", func(w io.Writer) { printIssues(w, []known.Issue{issue()}, "FN-1") }, "FN-1: peer; FN-2: is fine\n  product     exos\n  feature     mlag\n  source      notes.pdf, page 3\n"},
		{"documents", func(w io.Writer) {
			printDocuments(w, []known.DocumentInfo{{Name: "notes.pdf", Issues: 2, Unparsed: 1, Product: "exos", Imported: at}}, "/known.db")
		}, "document                          issues  left out  product      release          imported\n" +
			"notes.pdf                              2         1  exos         -                2026-03-01 10:15\n2 issues in /known.db\n"},
	} {
		if d := cmp.Diff(tt.want, clitest.View(tt.view)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestPrintImport(t *testing.T) {
	r := importResult{Document: known.Document{
		Name: "notes.pdf", Format: "pdf", Shape: "tables", Issues: []known.Issue{issue(), issue()}, Unparsed: []known.Unparsed{{Page: 1, Line: 2, Why: "no id", Text: "x"}}, Hints: []string{"give --product"},
	}}
	o := &importOptions{preview: 1, dryRun: true}
	want := `notes.pdf: pdf, read as tables; product -, release -
  2 issues, 1 block could not be read, 0 blocks no issue
    FN-1               mlag             found -                  fixed -              peer; FN-2: is fine
    … and 1 more
  list what could not be read with --unparsed
  hint: give --product
  nothing was written (--dry-run)
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printImport(w, r, o) })); d != "" {
		t.Error(d)
	}
	r.Imported = &known.Imported{Added: 2}
	got := clitest.View(func(w io.Writer) { printImport(w, r, &importOptions{unparsed: true}) })
	for _, want := range []string{"    left out, page 1 line 2: no id: x\n", "  imported: 2 new, 0 changed, 0 as before, 0 removed\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestPrintMatching(t *testing.T) {
	m := known.Matching{Subject: known.Subject{Name: "s", Product: "exos"}, Looked: 7, Hints: []string{"import notes"}}
	got := clitest.View(func(w io.Writer) { printMatching(w, m) })
	if want := "s: exos -; 7 issues of the product known\nhint: import notes\nno known issue fits; see which documents were looked through with: reprise known list\n"; got != want {
		t.Errorf("printed:\n%s", got)
	}
	m.Candidates = []known.Candidate{{
		Issue: issue(), Score: 4.25, FixedLater: true, Affects: known.Answer{FixedIn: "32.8"}, Reasons: []known.Reason{{Points: 4.25, Says: "the feature"}}, Verify: "reprise verify-fix s --image a=b",
	}}
	want := `s: exos -; 7 issues of the product known
hint: import notes
 1.   4.2  FN-1: peer; FN-2: is fine  [fixed in a later release: 32.8]
       +4.2  the feature
      prove it: reprise verify-fix s --image a=b
      source: notes.pdf, page 3
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printMatching(w, m) })); d != "" {
		t.Error(d)
	}
}
