package known

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/unpack"
	"github.com/reprise-lab/reprise/topologies/version"
)

// Bounds on a document, so that a hostile one costs little.
const (
	MaxDocument = 64 << 20 // bytes, unpacked
	maxIssues   = 60_000
	maxUnparsed = 2000
	maxBlocks   = 400_000
)

// ErrNotDocument is a file of a form that is not read.
var ErrNotDocument = errors.New("not a document that can be read")

// ReadOptions say what a document does not say itself, or says wrongly.
type ReadOptions struct {
	Vendor, Product, Release string
	// Products are those that are told apart in what is read.
	Products *Products
}

// Document is what was read of a file.
type Document struct {
	Name    string  `json:"name"`
	SHA256  string  `json:"sha256"`
	Format  string  `json:"format"` // pdf, html, csv, text, changelog, cve
	Shape   string  `json:"shape"`  // what it was read as: tables, prose, feature page …
	Vendor  string  `json:"vendor,omitempty"`
	Product string  `json:"product,omitempty"`
	Release string  `json:"release,omitempty"`
	Issues  []Issue `json:"issues"`
	// Unparsed are the blocks that look like an issue and could not be read as one.
	Unparsed []Unparsed `json:"unparsed,omitempty"`
	// Passed counts what is no issue: news, features, packaging.
	Passed int      `json:"passed"`
	Hints  []string `json:"hints,omitempty"`
}

// Whole reports whether issues were found, and none was left out.
func (d Document) Whole() bool { return len(d.Unparsed) == 0 && len(d.Issues) > 0 }

// Unparsed is a block that was left out.
type Unparsed struct {
	Page int    `json:"page,omitempty"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

// ReadDocument reads a document by its content; the name tells at most which table or which
// daemon it is of. It never runs, fetches or follows anything that the document names.
func ReadDocument(name string, data []byte, o ReadOptions) (Document, error) {
	products := o.Products.orNone()
	d := Document{Name: filepath.Base(name), Vendor: strings.ToLower(o.Vendor), Product: products.Name(o.Product), Release: o.Release}
	data, err := unpacked(data)
	if err != nil {
		return d, fmt.Errorf("%s: %w", d.Name, err)
	}
	sum := sha256.Sum256(data)
	d.SHA256 = hex.EncodeToString(sum[:])
	r := reader{doc: &d, products: products, name: uncompressed(strings.ToLower(d.Name))}
	if err := r.read(data); err != nil {
		return d, fmt.Errorf("%s: %w", d.Name, err)
	}
	d.finish(products)
	return d, nil
}

// uncompressed is the name of a document without what says how it is compressed.
func uncompressed(name string) string {
	switch ext := filepath.Ext(name); ext {
	case ".gz", ".bz2", ".zst":
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// unpacked is the document that a file holds, which may be compressed.
func unpacked(data []byte) ([]byte, error) {
	if len(data) > MaxDocument {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrNotDocument, MaxDocument)
	}
	if !unpack.FormatOf(data).Stream() {
		return data, nil
	}
	err := unpack.New(unpack.Limits{Size: MaxDocument}).Each(data, 0, func(m unpack.Member) error {
		data = m.Data
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDocument, err)
	}
	return data, nil
}

// reader reads one document.
type reader struct {
	doc      *Document
	products *Products
	name     string // lower case
	seen     map[string]int
}

func (r *reader) read(data []byte) error {
	if wide, ok := unpack.WideOf(data); ok { // as spreadsheets write tables
		data = wide.Narrow(data)
	}
	head := bytes.TrimSpace(data[:min(len(data), 4096)])
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		r.doc.Format = "pdf"
		lines, err := pdfLines(data)
		if err != nil {
			return err
		}
		return r.blocks(layout(lines))
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[{")), bytes.HasPrefix(head, []byte("[\n")):
		r.doc.Format = "cve"
		return r.cve(data)
	case bytes.IndexByte(head, 0) >= 0:
		return fmt.Errorf("%w: neither PDF, HTML, JSON nor text", ErrNotDocument)
	case looksHTML(head):
		r.doc.Format = "html"
		blocks, err := htmlBlocks(data)
		if err != nil {
			return err
		}
		return r.blocks(blocks)
	}
	decoded, _ := unpack.Decode(data) // it begins as a text
	text := string(decoded)
	switch {
	case r.isCSV(text):
		r.doc.Format = "csv"
		return r.csv(text)
	case isMarkdown(text):
		r.doc.Format = "text"
		return r.blocks(markdown(text))
	case r.products.isChangelog(text):
		r.doc.Format = "changelog"
		return r.changelog(text)
	}
	r.doc.Format = "text"
	if err := r.blocks(layout(textLines(text))); err != nil || len(r.doc.Issues)+len(r.doc.Unparsed) > 0 || !isList(text) {
		return err
	}
	r.doc.Format, r.doc.Passed = "changelog", 0
	return r.announcement(text)
}

var htmlTag = express(`(?i)<(?:!doctype html|html|head|body|table|h[1-4]|div|p)\b`) //nolint:gochecknoglobals // it is compiled once

func looksHTML(head []byte) bool { return bytes.HasPrefix(head, []byte("<")) && htmlTag().Match(head) }

// add takes an issue in. The same id twice is one issue: release notes repeat an entry for
// every platform.
func (r *reader) add(i Issue) {
	if len(r.doc.Issues) >= maxIssues {
		r.doc.Passed++
		return
	}
	i.Product = cmp.Or(i.Product, r.doc.Product)
	i.Vendor = cmp.Or(r.doc.Vendor, i.Vendor)
	i.Source.Document, i.Source.SHA256 = r.doc.Name, r.doc.SHA256
	i.heed(i.Title, i.Text, i.Workaround)
	i.finish(r.products)
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	if at, twice := r.seen[i.Key]; twice {
		r.undecided(&r.doc.Issues[at], &i)
		r.doc.Issues[at].merge(i)
		return
	}
	r.seen[i.Key] = len(r.doc.Issues)
	r.doc.Issues = append(r.doc.Issues, i)
}

// undecided takes the release out of the fixes of two entries of one id where the one has it open and the other
// resolved in that release, and says so: which of them holds cannot be known.
func (r *reader) undecided(i, o *Issue) {
	for resolved, open := range map[*Issue]*Issue{i: o, o: i} {
		if resolved.Status != StatusResolved || open.Status != StatusOpen {
			continue
		}
		in := func(f Fix) bool {
			return slices.ContainsFunc(open.Found, func(found Range) bool { return found.Point && found.From == f.Version })
		}
		if slices.ContainsFunc(resolved.Fixed, in) {
			resolved.Fixed = slices.DeleteFunc(slices.Clone(resolved.Fixed), in)
			resolved.Status = StatusOpen
			r.leave(block{page: o.Source.Page, line: o.Source.Line, text: strings.Join(o.IDs, ", ") + ": " + o.Title},
				"it is said to be resolved and to be open in the same release: no fix is taken from it")
		}
	}
}

// merge takes in what another entry of the same id says besides.
func (i *Issue) merge(o Issue) {
	if o.Platform != "" && !strings.Contains(i.Platform, o.Platform) {
		i.Platform = strings.TrimPrefix(i.Platform+", "+o.Platform, ", ")
	}
	for _, f := range o.Found {
		if !slices.Contains(i.Found, f) {
			i.Found = append(i.Found, f)
		}
	}
	for _, f := range o.Fixed {
		for _, g := range i.Fixed {
			i.fixedTwice(f, g)
		}
		i.addFix(f)
	}
	for _, r := range o.Unaffected {
		if !slices.Contains(i.Unaffected, r) {
			i.Unaffected = append(i.Unaffected, r)
		}
	}
	for _, r := range o.Undecided {
		i.addUndecided(r)
	}
	for _, p := range o.products() {
		if p != i.Product && p != "" && !slices.Contains(i.Also, p) {
			i.Also = append(i.Also, p)
		}
	}
	i.Unsaid = i.Unsaid || o.Unsaid
	i.addUnclear(o.Unclear...)
	if o.Text != "" && !strings.Contains(i.Text, o.Text) && !strings.Contains(o.Title, i.Title) {
		i.Text = clip(strings.TrimSpace(i.Text+" "+o.Text), maxField)
	}
	i.Workaround = cmp.Or(i.Workaround, o.Workaround)
	if i.Status == StatusUnspecified || o.Status == StatusResolved {
		i.Status = o.Status
	}
}

// fixedTwice leaves undecided what is between two fixes of one line that two entries have: the first may not have held.
func (i *Issue) fixedTwice(f, g Fix) {
	v, err := version.Parse(f.Version)
	w, err2 := version.Parse(g.Version)
	if err != nil || err2 != nil || f.Product != g.Product || v.Line(w) < 2 || v.Compare(w) == 0 {
		return
	}
	if v.Compare(w) > 0 {
		f, g = g, f
	}
	i.addUndecided(Range{Product: f.Product, From: f.Version, To: g.Version, Before: true, Text: "fixed in " + f.Version + ", and again in " + g.Version})
}

// leave notes a block that could not be read.
func (r *reader) leave(b block, why string) {
	if len(r.doc.Unparsed) < maxUnparsed {
		r.doc.Unparsed = append(r.doc.Unparsed, Unparsed{Page: b.page, Line: b.line, Text: clip(squeeze(b.all()), 160), Why: why})
	}
}

// finish says what the person who imports can do.
func (d *Document) finish(p *Products) {
	d.Vendor = cmp.Or(d.Vendor, p.vendor(d.Product))
	hint := func(cond bool, s string) {
		if cond {
			d.Hints = append(d.Hints, s)
		}
	}
	product, release := d.Product, d.Release
	for _, i := range d.Issues {
		product = cmp.Or(product, i.Product)
		if len(i.Found)+len(i.Fixed) > 0 {
			release = "some"
		}
	}
	hint(len(d.Issues) > 0 && product == "", "the document does not say which product it is of, or it is of a tool that manages one: give --product")
	hint(len(d.Issues) > 0 && release == "", "the document does not say which release it is of: give --release")
	hint(len(d.Issues) == 0 && d.Format == "pdf", "no issues were found in the text of the PDF; where its tables are pictures or its fonts cannot be read, import the output of pdftotext -layout, or the HTML edition")
	hint(len(d.Issues) == 0 && d.Format != "pdf", "no issues were found: it holds no table with an id and a description, no entries that end in an id, and no list of changes")
	unclear := slices.ContainsFunc(d.Issues, func(i Issue) bool { return len(i.Unclear) > 0 })
	hint(unclear, "some entries say more of their versions than is understood, \"unclear\" of known show: whether a version has them is unknown")
	hint(len(d.Unparsed) > len(d.Issues), "more was left out than read; look with --unparsed")
}
