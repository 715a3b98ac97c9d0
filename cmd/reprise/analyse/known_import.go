package analyse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// importOptions are what "known import" was asked.
type importOptions struct {
	*database
	files                        []string
	product, vendor, release, as string
	dryRun, unparsed             bool
	preview                      int
}

// check tells what is wrong with the options.
func (o *importOptions) check() error {
	switch {
	case o.as != "" && len(o.files) > 1:
		return cli.InputError("--as names one document, and %d files are given", len(o.files))
	case o.preview < 0:
		return cli.InputError("--preview %d: want 0 or more", o.preview)
	}
	return orderable(o.release)
}

func newImport(d *database, runF func(context.Context, *importOptions) error) *cobra.Command {
	o := &importOptions{database: d}
	c := &cobra.Command{
		Use: "import FILE…", Short: "Read release notes, field notices, CVE records and tables",
		Long: `Read documents into the database: release notes as PDF, HTML or text, pages of field
notices and articles, CVE records (JSON 5), CSV, Markdown with tables of issues, and
lists of changes (Debian's, NEWS, ChangeLog, release pages, git log, letters that
announce a release; .gz is unpacked). What a file is, is told by its content.

A preview shows what was read, and every block that could not be read is counted;
--unparsed lists them with page and line. Importing a document again updates its issues
and removes those that are no longer in it. It is all or nothing.

Exit status: 0 all of it was read, 1 something was left out or nothing was found,
4 wrong input, 5 no database can be opened.`,
		Example: `  reprise known import switch-engine-32.7.2-notes.pdf --dry-run
  reprise known import notes.html --product voss --release 9.2.0.0
  reprise known import /usr/share/doc/lldpd/NEWS.gz --as lldpd-NEWS
  reprise known import cves.json partner-list.csv --unparsed`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runImport)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.product, "product", "", "product that the documents are of, when they do not say: exos, voss, frr …")
	fl.StringVar(&o.vendor, "vendor", "", "vendor of the product")
	fl.StringVar(&o.release, "release", "", "release that the documents are of, when they do not say")
	fl.StringVar(&o.as, "as", "", "name to keep one document under; a later import of that name replaces it")
	fl.BoolVar(&o.dryRun, "dry-run", false, "show what would be imported and write nothing")
	fl.BoolVar(&o.unparsed, "unparsed", false, "list the blocks that could not be read")
	fl.IntVar(&o.preview, "preview", 5, "issues to show of each document")
	cli.CompleteProduct(c)
	return c
}

// importResult is one document of "known import --json".
type importResult struct {
	Document known.Document  `json:"document"`
	Imported *known.Imported `json:"imported,omitempty"` // nothing with --dry-run
}

func runImport(ctx context.Context, o *importOptions) error {
	// Everything is read before anything is written: a wrong file leaves the database as it was.
	var results []importResult
	for _, file := range o.files {
		d, err := readKnown(file, o)
		if err != nil {
			return err
		}
		results = append(results, importResult{Document: d})
	}
	if !o.dryRun {
		if err := o.with(ctx, func(db *known.DB) error { return importAll(ctx, db, results) }); err != nil {
			return err
		}
	}
	whole := true
	for _, r := range results {
		whole = whole && r.Document.Whole()
	}
	err := o.Show(results, func(w io.Writer) {
		for _, r := range results {
			printImport(w, r, o)
		}
	})
	return errors.Join(err, cli.Answer(yesIf(whole)))
}

// importAll writes the documents, and notes in each result what that changed.
func importAll(ctx context.Context, db *known.DB, results []importResult) error {
	for n := range results {
		if len(results[n].Document.Issues) == 0 {
			continue // nothing was found: what an earlier import found stays
		}
		done, err := db.Import(ctx, results[n].Document)
		if err != nil {
			return err
		}
		results[n].Imported = &done
	}
	return nil
}

func readKnown(file string, o *importOptions) (known.Document, error) {
	in, err := plain.Open(file)
	if err != nil {
		return known.Document{}, cli.InputError("read document: %w", err)
	}
	defer in.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(in, known.MaxDocument+1))
	if err != nil {
		return known.Document{}, cli.InputError("read document: %w", err)
	}
	name := filepath.Base(file)
	told, err := cli.Products()
	if err != nil {
		return known.Document{}, err
	}
	d, err := known.ReadDocument(name, data, known.ReadOptions{Vendor: o.vendor, Product: o.product, Release: o.release, Products: told})
	if err != nil {
		return d, cli.InputError("%w", err)
	}
	if o.as != "" {
		d.Name = o.as
	}
	return d, nil
}

// printImport writes what was read of a document and what became of it, for people.
func printImport(w io.Writer, r importResult, o *importOptions) {
	d := r.Document
	cli.Tell(w, "%s: %s, read as %s; product %s, release %s", d.Name, d.Format, d.Shape, cli.OrDash(d.Product), cli.OrDash(d.Release))
	cli.Line(w, "  %s, %s could not be read, %s no issue", cli.Plural(len(d.Issues), "issue"), cli.Plural(len(d.Unparsed), "block"), cli.Plural(d.Passed, "block"))
	for n, i := range d.Issues {
		if n >= o.preview {
			cli.Line(w, "    … and %d more", len(d.Issues)-n)
			break
		}
		cli.Tell(w, "    %-18s %-16s found %-18s fixed %-14s %s", i.ID(), cli.OrDash(i.Feature), cli.OrDash(joined(i.Found)), cli.OrDash(joined(i.Fixed)), i.Title)
	}
	if o.unparsed {
		for _, u := range d.Unparsed {
			cli.Tell(w, "    left out, %s%s: %s", placeText(u), u.Why, u.Text)
		}
	} else if len(d.Unparsed) > 0 {
		cli.Line(w, "  list what could not be read with --unparsed")
	}
	for _, h := range d.Hints {
		cli.Tell(w, "  hint: %s", h)
	}
	switch m := r.Imported; {
	case m != nil:
		cli.Line(w, "  imported: %d new, %d changed, %d as before, %d removed", m.Added, m.Changed, m.Same, m.Removed)
		if m.Renamed != "" {
			cli.Tell(w, "  the same file was imported as %s before; it is kept under its new name", m.Renamed)
		}
	case o.dryRun:
		cli.Line(w, "  nothing was written (--dry-run)")
	default:
		cli.Line(w, "  nothing was imported")
	}
}

func placeText(u known.Unparsed) string {
	switch {
	case u.Page > 0:
		return fmt.Sprintf("page %d line %d: ", u.Page, u.Line)
	case u.Line > 0:
		return fmt.Sprintf("line %d: ", u.Line)
	}
	return ""
}
