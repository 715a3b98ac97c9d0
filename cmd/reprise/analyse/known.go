package analyse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/known"
)

// database is what every verb of "known" has: the program and the file of the issues.
type database struct {
	*cli.App
	file string
}

// newKnown is the group of the verbs of known issues.
func newKnown(a *cli.App) *cobra.Command {
	d := &database{App: a}
	c := knownGroup(d)
	c.AddCommand(newImport(d, nil), newSearch(d, nil), newMatch(d, nil), newList(d, nil), newShow(d, nil))
	return c
}

// knownGroup is the group without its verbs.
func knownGroup(d *database) *cobra.Command {
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
	c.PersistentFlags().StringVar(&d.file, "db", "", "file of the database (default $XDG_DATA_HOME/reprise/known.db)")
	return c
}

// with opens the database for one verb.
func (d *database) with(ctx context.Context, do func(*known.DB) error) error {
	path := d.file
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

// searchOptions are what "known search" was asked.
type searchOptions struct {
	*database
	words                                 []string
	product, version, feature, fixedAfter string
	limit                                 int
}

// check tells what is wrong with the options.
func (o *searchOptions) check() error {
	switch {
	case len(o.words) == 0 && o.product+o.version+o.feature+o.fixedAfter == "":
		return cli.InputError("what is searched for? give words, or --product, --feature, --fixed-after")
	case o.limit < 1 || o.limit > 1000:
		return cli.InputError("--limit %d: want 1 to 1000", o.limit)
	}
	return orderable(o.version, o.fixedAfter)
}

func newSearch(d *database, runF func(context.Context, *searchOptions) error) *cobra.Command {
	o := &searchOptions{database: d}
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
			o.words = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runSearch)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.product, "product", "", "of this product: exos, voss, frr …")
	fl.StringVar(&o.version, "version", "", "leave out what is known not to affect this version")
	fl.StringVar(&o.feature, "feature", "", "about this feature")
	fl.StringVar(&o.fixedAfter, "fixed-after", "", "fixed in a release later than this")
	fl.IntVar(&o.limit, "limit", 20, "most results")
	cli.CompleteProduct(c)
	return c
}

func runSearch(ctx context.Context, o *searchOptions) error {
	return o.with(ctx, func(db *known.DB) error {
		found, err := db.Search(ctx, known.Query{
			Words: strings.Join(o.words, " "), Product: o.product, Feature: o.feature, Version: o.version, FixedAfter: o.fixedAfter, Limit: o.limit,
		})
		if err != nil {
			return err
		}
		err = o.Show(orEmpty(found), func(w io.Writer) { printFound(w, found, o.version) })
		return errors.Join(err, cli.Answer(yesIf(len(found) > 0)))
	})
}

// printFound writes what a search found, for people. version is the one that was asked about.
func printFound(w io.Writer, found []known.Found, version string) {
	for _, i := range found {
		printIssueLine(w, i.Issue)
		if i.Snippet != "" {
			cli.Tell(w, "      %s", i.Snippet)
		}
		if i.Affects != nil {
			cli.Tell(w, "      affects %s: %s, %s", version, i.Affects.Affected, i.Affects.Reason)
		}
	}
	if len(found) == 0 {
		cli.Line(w, "nothing found")
	}
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

// printIssueLine writes an issue in one line; what it says is somebody else's text.
func printIssueLine(w io.Writer, i known.Issue) {
	cli.Tell(w, "%-16s  %-12s %-18s %s%s", i.ID(), cli.OrDash(i.Product), cli.OrDash(i.Feature), i.Title, fixedText(i))
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

// listOptions are what "known list" was asked.
type listOptions struct{ *database }

func newList(d *database, runF func(context.Context, *listOptions) error) *cobra.Command {
	o := &listOptions{database: d}
	return &cobra.Command{
		Use: "list", Short: "List the documents that were imported, and how much was read of them", Args: cobra.NoArgs,
		Example: `  reprise known list`,
		RunE:    func(c *cobra.Command, _ []string) error { return cli.Run(runF, runList)(c.Context(), o) },
	}
}

func runList(ctx context.Context, o *listOptions) error {
	return o.with(ctx, func(db *known.DB) error {
		docs, err := db.Documents(ctx)
		if err != nil {
			return err
		}
		return o.Show(orEmpty(docs), func(w io.Writer) { printDocuments(w, docs, db.Path()) })
	})
}

// printDocuments writes what was imported into the database at a path, for people.
func printDocuments(w io.Writer, docs []known.DocumentInfo, path string) {
	cli.Line(w, "%-32s %7s %9s  %-12s %-16s %s", "document", "issues", "left out", "product", "release", "imported")
	total := 0
	for _, d := range docs {
		total += d.Issues
		cli.Tell(w, "%-32s %7d %9d  %-12s %-16s %s", d.Name, d.Issues, d.Unparsed, cli.OrDash(d.Product), cli.OrDash(d.Release), d.Imported.Format("2006-01-02 15:04"))
	}
	cli.Line(w, "%s in %s", cli.Plural(total, "issue"), path)
}

// showOptions are what "known show" was asked.
type showOptions struct {
	*database
	id string
}

func newShow(d *database, runF func(context.Context, *showOptions) error) *cobra.Command {
	o := &showOptions{database: d}
	return &cobra.Command{
		Use: "show ID", Short: "Show a known issue", Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		Example: `  reprise known show CVE-2023-43119
  reprise known show FN-2025-519 --json`,
		RunE: func(c *cobra.Command, args []string) error {
			o.id = args[0]
			return cli.Run(runF, runShow)(c.Context(), o)
		},
	}
}

func runShow(ctx context.Context, o *showOptions) error {
	return o.with(ctx, func(db *known.DB) error {
		list, err := db.Show(ctx, o.id)
		if err != nil {
			return err
		}
		err = o.Show(orEmpty(list), func(w io.Writer) { printIssues(w, list, o.id) })
		return errors.Join(err, cli.Answer(yesIf(len(list) > 0)))
	})
}

// printIssues writes the issues that have an id, for people.
func printIssues(w io.Writer, list []known.Issue, id string) {
	for _, i := range list {
		printIssue(w, i)
	}
	if len(list) == 0 {
		cli.Line(w, "%s is not known", id)
	}
}

func printIssue(w io.Writer, i known.Issue) {
	cli.Tell(w, "%s: %s", i.ID(), i.Title)
	for _, line := range [][2]string{
		{"product", strings.Join(cli.Present(i.Vendor, i.Product, i.Platform, strings.Join(i.Also, ", ")), ", ")},
		{"feature", i.Feature},
		{"status", string(i.Status)},
		{"found in", joined(i.Found)},
		{"fixed in", joined(i.Fixed)},
		{"unaffected", joined(i.Unaffected)},
		{"not known", joined(i.Undecided)},
		{"unclear", strings.Join(i.Unclear, "; ")},
		{"text", i.Text},
		{"workaround", i.Workaround},
		{"source", sourceText(i.Source)},
	} {
		if line[1] != "" {
			cli.Tell(w, "  %-11s %s", line[0], line[1])
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
