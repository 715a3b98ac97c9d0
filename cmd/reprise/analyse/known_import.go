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

// importFlags are the choices of "known import".
type importFlags struct {
	product, vendor, release, as string
	dryRun, unparsed             bool
	preview                      int
}

func (a *app) knownImportVerb(kf *knownFlags) *cobra.Command {
	f := &importFlags{}
	c := &cobra.Command{
		Use: "import FILE…", Short: "Read release notes, field notices, CVE records and tables",
		Long: `Read documents into the database: release notes as PDF, HTML or text, pages of field
notices and articles, CVE records (JSON 5), CSV, and lists of changes (Debian's, NEWS,
git log; .gz is unpacked). What a file is, is told by its content.

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
			return a.knownImport(c.Context(), kf, f, args)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.product, "product", "", "product that the documents are of, when they do not say: exos, voss, frr …")
	fl.StringVar(&f.vendor, "vendor", "", "vendor of the product")
	fl.StringVar(&f.release, "release", "", "release that the documents are of, when they do not say")
	fl.StringVar(&f.as, "as", "", "name to keep one document under; a later import of that name replaces it")
	fl.BoolVar(&f.dryRun, "dry-run", false, "show what would be imported and write nothing")
	fl.BoolVar(&f.unparsed, "unparsed", false, "list the blocks that could not be read")
	fl.IntVar(&f.preview, "preview", 5, "issues to show of each document")
	cli.CompleteProduct(c)
	return c
}

// importResult is one document of "known import --json".
type importResult struct {
	Document known.Document  `json:"document"`
	Imported *known.Imported `json:"imported,omitempty"` // nothing with --dry-run
}

func (a *app) knownImport(ctx context.Context, kf *knownFlags, f *importFlags, files []string) error {
	switch {
	case f.as != "" && len(files) > 1:
		return cli.InputError("--as names one document, and %d files are given", len(files))
	case f.preview < 0:
		return cli.InputError("--preview %d: want 0 or more", f.preview)
	}
	if err := orderable(f.release); err != nil {
		return err
	}
	// Everything is read before anything is written: a wrong file leaves the database as it was.
	var results []importResult
	for _, file := range files {
		d, err := readKnown(file, f)
		if err != nil {
			return err
		}
		results = append(results, importResult{Document: d})
	}
	if !f.dryRun {
		if err := withKnown(ctx, kf, func(db *known.DB) error {
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
		}); err != nil {
			return err
		}
	}
	whole := true
	for _, r := range results {
		whole = whole && len(r.Document.Unparsed) == 0 && len(r.Document.Issues) > 0
	}
	if done, err := a.Emit(results); done {
		return errors.Join(err, cli.Answer(yesIf(whole)))
	}
	for _, r := range results {
		a.sayImport(r, f)
	}
	return cli.Answer(yesIf(whole))
}

func readKnown(file string, f *importFlags) (known.Document, error) {
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
	d, err := known.ReadDocument(name, data, known.ReadOptions{Vendor: f.vendor, Product: f.product, Release: f.release, Products: told})
	if err != nil {
		return d, cli.InputError("%w", err)
	}
	if f.as != "" {
		d.Name = f.as
	}
	return d, nil
}

func (a *app) sayImport(r importResult, f *importFlags) {
	d := r.Document
	a.Tell("%s: %s, read as %s; product %s, release %s", d.Name, d.Format, d.Shape, cli.OrDash(d.Product), cli.OrDash(d.Release))
	a.Say("  %s, %s could not be read, %s no issue", cli.Plural(len(d.Issues), "issue"), cli.Plural(len(d.Unparsed), "block"), cli.Plural(d.Passed, "block"))
	for n, i := range d.Issues {
		if n >= f.preview {
			a.Say("    … and %d more", len(d.Issues)-n)
			break
		}
		a.Tell("    %-18s %-16s found %-18s fixed %-14s %s", i.ID(), cli.OrDash(i.Feature), cli.OrDash(joined(i.Found)), cli.OrDash(joined(i.Fixed)), i.Title)
	}
	if f.unparsed {
		for _, u := range d.Unparsed {
			a.Tell("    left out, %s%s: %s", placeText(u), u.Why, u.Text)
		}
	} else if len(d.Unparsed) > 0 {
		a.Say("  list what could not be read with --unparsed")
	}
	for _, h := range d.Hints {
		a.Tell("  hint: %s", h)
	}
	switch m := r.Imported; {
	case m != nil:
		a.Say("  imported: %d new, %d changed, %d as before, %d removed", m.Added, m.Changed, m.Same, m.Removed)
		if m.Renamed != "" {
			a.Tell("  the same file was imported as %s before; it is kept under its new name", m.Renamed)
		}
	case f.dryRun:
		a.Say("  nothing was written (--dry-run)")
	default:
		a.Say("  nothing was imported")
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
