package analyse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/known"
)

// knownFlags are what every verb of "known" takes.
type knownFlags struct{ db string }

func (a *app) knownVerb() *cobra.Command {
	f := &knownFlags{}
	c := &cobra.Command{
		Use:   "known",
		Short: "Known issues: import release notes, search them, match a case with them",
		Long: `Known issues from the release notes, field notices, CVE records and lists of changes
that you import, and a small set of facts that comes with the program. They are kept
in one file on this machine; nothing is downloaded and nothing is sent.

"match" ranks the issues that may be behind a case or a run, says why, and names the
release that fixes them and the verify-fix that would prove it.

Exit status: 0 found, 1 nothing found or something of a document was left out, 4 wrong
input, 5 no database can be opened.`,
		Example: `  reprise known import release-notes-32.7.2.pdf --dry-run
  reprise known search "default metric" --product frr
  reprise known match cases/acme-ospf --save`,
	}
	c.PersistentFlags().StringVar(&f.db, "db", "", "file of the database (default $XDG_DATA_HOME/reprise/known.db)")
	c.AddCommand(a.knownImportVerb(f), a.knownSearchVerb(f), a.knownMatchVerb(f), a.knownListVerb(f), a.knownShowVerb(f))
	return c
}

// withKnown opens the database for one verb.
func withKnown(ctx context.Context, f *knownFlags, do func(*known.DB) error) error {
	path := f.db
	if path == "" {
		var err error
		if path, err = known.DefaultPath(); err != nil {
			return cli.WithCode(cli.ExitEnvironment, cli.Hint(err, "name a file with --db"))
		}
	}
	told, err := cli.Products()
	if err != nil {
		return err
	}
	db, err := known.Open(ctx, path, told)
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, cli.Hint(err, "name another file with --db"))
	}
	return errors.Join(do(db), db.Close())
}

// searchFlags narrow a search.
type searchFlags struct {
	product, version, feature, fixedAfter string
	limit                                 int
}

func (a *app) knownSearchVerb(kf *knownFlags) *cobra.Command {
	f := &searchFlags{}
	c := &cobra.Command{
		Use: "search WORDS…", Short: "Find known issues by words",
		Long: `Find known issues by words, best first. All words have to be there; "words in quotes"
stand together, and repro* finds what begins so.

Exit status: 0 found, 1 nothing found, 4 wrong input, 5 no database can be opened.`,
		Example: `  reprise known search vrrp crash --product keepalived
  reprise known search '"illegal message age"'
  reprise known search mlag --product exos --version 32.7.1.9
  reprise known search ospf --product frr --fixed-after 8.4.4`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			return withKnown(c.Context(), kf, func(db *known.DB) error { return a.knownSearch(c.Context(), db, f, args) })
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.product, "product", "", "of this product: exos, voss, frr …")
	fl.StringVar(&f.version, "version", "", "leave out what is known not to affect this version")
	fl.StringVar(&f.feature, "feature", "", "about this feature")
	fl.StringVar(&f.fixedAfter, "fixed-after", "", "fixed in a release later than this")
	fl.IntVar(&f.limit, "limit", 20, "most results")
	cli.CompleteProduct(c)
	return c
}

func (a *app) knownSearch(ctx context.Context, db *known.DB, f *searchFlags, words []string) error {
	if len(words) == 0 && f.product+f.version+f.feature+f.fixedAfter == "" {
		return cli.InputError("what is searched for? give words, or --product, --feature, --fixed-after")
	}
	if f.limit < 1 || f.limit > 1000 {
		return cli.InputError("--limit %d: want 1 to 1000", f.limit)
	}
	if err := orderable(f.version, f.fixedAfter); err != nil {
		return err
	}
	found, err := db.Search(ctx, known.Query{
		Words: strings.Join(words, " "), Product: f.product, Feature: f.feature, Version: f.version, FixedAfter: f.fixedAfter, Limit: f.limit,
	})
	if err != nil {
		return err
	}
	if done, err := a.Emit(orEmpty(found)); done {
		return errors.Join(err, cli.Answer(yesIf(len(found) > 0)))
	}
	for _, i := range found {
		a.sayIssueLine(i.Issue)
		if i.Snippet != "" {
			a.Tell("      %s", i.Snippet)
		}
		if i.Affects != nil {
			a.Tell("      affects %s: %s, %s", f.version, i.Affects.Affected, i.Affects.Reason)
		}
	}
	if len(found) == 0 {
		a.Say("nothing found")
	}
	return cli.Answer(yesIf(len(found) > 0))
}

// orderable refuses versions that cannot be ordered.
func orderable(versions ...string) error {
	for _, v := range versions {
		if v == "" {
			continue
		}
		if err := known.CheckVersion(v); err != nil {
			return cli.InputError("%w (as 32.7.1.9, 16.2.5-Patch1-5, 9.3.0.0 or 8.4.4-1.1~deb12u1)", err)
		}
	}
	return nil
}

func yesIf(ok bool) int {
	if ok {
		return cli.ExitYes
	}
	return cli.ExitNo
}

// orEmpty makes JSON's empty list of no results.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// sayIssueLine prints an issue in one line; what it says is somebody else's text.
func (a *app) sayIssueLine(i known.Issue) {
	a.Tell("%-16s  %-12s %-18s %s%s", i.ID(), cli.OrDash(i.Product), cli.OrDash(i.Feature), i.Title, fixedText(i))
}

func fixedText(i known.Issue) string {
	if len(i.Fixed) == 0 {
		return ""
	}
	return " (fixed in " + joined(i.Fixed) + ")"
}

func joined[T fmt.Stringer](list []T) string {
	var words []string
	for _, v := range list {
		words = append(words, v.String())
	}
	return strings.Join(words, ", ")
}

func (a *app) knownListVerb(kf *knownFlags) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the documents that were imported, and how much was read of them", Args: cobra.NoArgs,
		Example: `  reprise known list`,
		RunE: func(c *cobra.Command, _ []string) error {
			return withKnown(c.Context(), kf, func(db *known.DB) error { return a.knownList(c.Context(), db) })
		},
	}
}

func (a *app) knownList(ctx context.Context, db *known.DB) error {
	docs, err := db.Documents(ctx)
	if err != nil {
		return err
	}
	if done, err := a.Emit(orEmpty(docs)); done {
		return err
	}
	a.Say("%-32s %7s %9s  %-12s %-16s %s", "document", "issues", "left out", "product", "release", "imported")
	total := 0
	for _, d := range docs {
		total += d.Issues
		a.Tell("%-32s %7d %9d  %-12s %-16s %s", d.Name, d.Issues, d.Unparsed, cli.OrDash(d.Product), cli.OrDash(d.Release), d.Imported.Format("2006-01-02 15:04"))
	}
	a.Say("%s in %s", cli.Plural(total, "issue"), db.Path())
	return nil
}

func (a *app) knownShowVerb(kf *knownFlags) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a known issue", Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		Example: `  reprise known show CVE-2023-43119
  reprise known show FN-2025-519 --json`,
		RunE: func(c *cobra.Command, args []string) error {
			return withKnown(c.Context(), kf, func(db *known.DB) error { return a.knownShow(c.Context(), db, args[0]) })
		},
	}
}

func (a *app) knownShow(ctx context.Context, db *known.DB, id string) error {
	list, err := db.Show(ctx, id)
	if err != nil {
		return err
	}
	if done, err := a.Emit(orEmpty(list)); done {
		return errors.Join(err, cli.Answer(yesIf(len(list) > 0)))
	}
	for _, i := range list {
		a.sayIssue(i)
	}
	if len(list) == 0 {
		a.Say("%s is not known", id)
	}
	return cli.Answer(yesIf(len(list) > 0))
}

func (a *app) sayIssue(i known.Issue) {
	a.Tell("%s: %s", i.ID(), i.Title)
	for _, line := range [][2]string{
		{"product", strings.Join(cli.Present(i.Vendor, i.Product, i.Platform), ", ")},
		{"feature", i.Feature},
		{"status", string(i.Status)},
		{"found in", joined(i.Found)},
		{"fixed in", joined(i.Fixed)},
		{"text", i.Text},
		{"workaround", i.Workaround},
		{"source", sourceText(i.Source)},
	} {
		if line[1] != "" {
			a.Tell("  %-11s %s", line[0], line[1])
		}
	}
}

func sourceText(s known.Source) string {
	text := s.Document
	if s.Page > 0 {
		text += fmt.Sprintf(", page %d", s.Page)
	}
	if s.Line > 0 {
		text += fmt.Sprintf(", line %d", s.Line)
	}
	if s.Note != "" {
		text += " (" + s.Note + ")"
	}
	return text
}
