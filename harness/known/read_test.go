package known_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/harness/unpack"
)

// truth is what a reader of a fixture finds in it, one issue a line: ids, or ~ and words of
// the title; where it is found; where it is fixed.
type truth struct {
	ids, found, fixed []string
	words             string
}

func readTruth(t *testing.T, file string) []truth {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []truth
	for line := range strings.Lines(string(data)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) != 3 {
			t.Fatalf("%s: %q has %d parts", file, line, len(parts))
		}
		tr := truth{found: split(parts[1], ","), fixed: split(parts[2], ",")}
		if words, ok := strings.CutPrefix(strings.TrimSpace(parts[0]), "~"); ok {
			tr.words = words
		} else {
			tr.ids = strings.Fields(parts[0])
		}
		list = append(list, tr)
	}
	return list
}

func split(s, sep string) []string {
	var list []string
	for part := range strings.SplitSeq(s, sep) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// rangeText writes a range as the truth does.
func rangeText(product string, r known.Range) string {
	s := r.From
	if !r.Point {
		before := ""
		if r.Before {
			before = "<"
		}
		s = r.From + ".." + before + r.To
	}
	return withProduct(r.Product, product, s)
}

func withProduct(product, of, s string) string {
	if product != "" {
		return product + " " + s
	}
	return of + s
}

// score counts what agrees with the truth: hits, what was read, what there is.
type score struct{ hits, read, there int }

func (s *score) add(got, want []string) {
	s.read += len(got)
	s.there += len(want)
	for _, g := range got {
		if slices.Contains(want, g) {
			s.hits++
		}
	}
}

func (s score) String() string {
	return fmt.Sprintf("%3.0f%% / %3.0f%%", 100*s.precision(), 100*s.recall())
}

func (s score) precision() float64 { return ratio(s.hits, s.read) }
func (s score) recall() float64    { return ratio(s.hits, s.there) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

type scores struct{ ids, found, fixed score }

// judge holds a document against the truth.
func judge(t *testing.T, d known.Document, want []truth) scores {
	t.Helper()
	var s scores
	used := map[int]bool{}
	for _, i := range d.Issues {
		at := slices.IndexFunc(want, func(w truth) bool {
			if w.words != "" {
				return strings.Contains(i.Title+" "+i.Text, w.words)
			}
			return slices.ContainsFunc(w.ids, func(id string) bool { return slices.Contains(i.IDs, id) })
		})
		var w truth
		if at >= 0 {
			used[at] = true
			w = want[at]
		} else {
			t.Logf("%s: %s %q is no issue of the truth", d.Name, i.ID(), i.Title)
		}
		switch {
		case w.words != "":
			s.ids.add([]string{"a"}, []string{"a"})
		case len(i.IDs) > 0:
			s.ids.add(i.IDs, w.ids)
		default:
			s.ids.add([]string{"a"}, nil)
		}
		var found, fixed []string
		product := ""
		for _, wf := range append(slices.Clone(w.found), w.fixed...) {
			if strings.Contains(wf, " ") && i.Product != "" {
				product = i.Product + " " // the truth names products, so everything is named
			}
		}
		for _, r := range i.Found {
			found = append(found, rangeText(product, r))
		}
		for _, f := range i.Fixed {
			fixed = append(fixed, withProduct(f.Product, product, f.Version))
		}
		s.found.add(found, w.found)
		s.fixed.add(fixed, w.fixed)
		if strings.Join(found, ",") != strings.Join(w.found, ",") || strings.Join(fixed, ",") != strings.Join(w.fixed, ",") {
			t.Logf("%s: %s: found %q fixed %q, want %q %q", d.Name, i.ID(), found, fixed, w.found, w.fixed)
		}
	}
	for k, w := range want {
		if !used[k] {
			t.Logf("%s: %v %q was not read", d.Name, w.ids, w.words)
			s.ids.there += max(1, len(w.ids))
			s.found.there += len(w.found)
			s.fixed.there += len(w.fixed)
		}
	}
	return s
}

// fixtures are documents of the shapes that the domain notes describe. The PDF is the plain
// text set by this test; lldpd's and Open vSwitch's NEWS are excerpts of theirs (ISC and
// Apache licence), the other lists of changes are written after the shape of the real ones.
func fixtures(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/documents/*.truth")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures: ", err)
	}
	docs := map[string][]byte{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".truth")
		data, err := os.ReadFile(strings.TrimSuffix(f, ".truth"))
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = data
	}
	docs["exos-layout.pdf"] = setPDF(string(docs["exos-layout.txt"]), true)
	docs["exos-nowidths.pdf"] = setPDF(string(docs["exos-layout.txt"]), false)
	docs["exos-words.pdf"] = setWords(string(docs["exos-layout.txt"]))
	return docs
}

func truthOf(t *testing.T, name string) []truth {
	t.Helper()
	if strings.HasSuffix(name, ".pdf") {
		name = "exos-layout.txt"
	}
	return readTruth(t, "testdata/documents/"+name+".truth")
}

// TestReadDocuments prints precision and recall of every field of every document, and fails
// below a floor.
func TestReadDocuments(t *testing.T) {
	const floor, floorKind, floorAll = 0.75, 0.9, 0.9
	t.Logf("%-24s %-16s %5s  %-13s %-13s %-13s %s", "precision / recall", "shape", "n", "id", "found", "fixed", "left out")
	var all scores
	kinds := map[string]*scores{}
	docs := fixtures(t)
	for _, name := range slices.Sorted(mapKeys(docs)) {
		d, err := known.ReadDocument(name, docs[name], known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := judge(t, d, truthOf(t, name))
		t.Logf("%-24s %-16s %5d  %s %s %s %d", name, d.Shape, len(d.Issues), s.ids, s.found, s.fixed, len(d.Unparsed))
		kind := kinds[d.Shape]
		if kind == nil {
			kind = &scores{}
			kinds[d.Shape] = kind
		}
		for _, f := range []struct {
			of, all, kind *score
			field         string
		}{{&s.ids, &all.ids, &kind.ids, "id"}, {&s.found, &all.found, &kind.found, "found"}, {&s.fixed, &all.fixed, &kind.fixed, "fixed"}} {
			for _, sum := range []*score{f.all, f.kind} {
				sum.hits, sum.read, sum.there = sum.hits+f.of.hits, sum.read+f.of.read, sum.there+f.of.there
			}
			if f.of.precision() < floor || f.of.recall() < floor {
				t.Errorf("%s: %s is read with precision %.2f and recall %.2f; the floor is %.2f", name, f.field, f.of.precision(), f.of.recall(), floor)
			}
		}
	}
	for _, name := range slices.Sorted(mapKeys(kinds)) {
		k := kinds[name]
		t.Logf("%-24s %-16s %5d  %s %s %s", "all of the kind", name, k.ids.there, k.ids, k.found, k.fixed)
		for field, s := range map[string]score{"id": k.ids, "found": k.found, "fixed": k.fixed} {
			if s.precision() < floorAll || s.recall() < floorKind {
				t.Errorf("%s of documents of the kind %s is read with precision %.2f and recall %.2f; the floors are %.2f and %.2f", field, name, s.precision(), s.recall(), floorAll, floorKind)
			}
		}
	}
	t.Logf("%-24s %-16s %5s  %s %s %s", "together", "", "", all.ids, all.found, all.fixed)
	for field, s := range map[string]score{"id": all.ids, "found": all.found, "fixed": all.fixed} {
		if s.precision() < floorAll || s.recall() < floorAll {
			t.Errorf("%s is read with precision %.2f and recall %.2f; the floor of all is %.2f", field, s.precision(), s.recall(), floorAll)
		}
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestReadDetails looks at what the table of scores does not: products, status, workaround,
// groups of models, places.
func TestReadDetails(t *testing.T) {
	docs := fixtures(t)
	tests := []struct {
		doc, id string
		check   func(i known.Issue) bool
	}{
		{"exos-layout.txt", "xos0072102", func(i known.Issue) bool {
			return i.Product == "exos" && i.Vendor == "extreme" && strings.Contains(i.Platform, "5520") && i.Status == known.StatusResolved
		}},
		{"exos-layout.txt", "xos0060010", func(i known.Issue) bool { return i.Status == known.StatusBehaviour && i.Source.Line == 27 }},
		{"exos-layout.pdf", "EXOS00710031", func(i known.Issue) bool {
			return strings.Contains(i.Platform, "X690") && i.Source.Page == 1 && i.Text == "Optics of 40G do not link at ports 57 and 65 after a warm reboot."
		}},
		{"voss-notes.html", "VOSS-31010", func(i known.Issue) bool { return i.Workaround == "Disable and enable SSH." && i.Product == "voss" }},
		{"voss-notes.html", "VOSS-31011", func(i known.Issue) bool { return i.Workaround == "" && i.Status == known.StatusOpen }},
		{"voss-notes.html", "wi01234567", func(i known.Issue) bool {
			return strings.Contains(i.Text, "when <mgmt> VLAN is deleted. A continued cell") && i.Workaround == "Create the VLAN again, & restart."
		}},
		{"extremeware-prose.txt", "PD2-100000003", func(i known.Issue) bool {
			return i.Title == "Counter of Topology Changes" && i.Feature == "Spanning Tree" && i.Workaround == "To recover, reboot the switch." && i.Product == "extremeware"
		}},
		{"field-notice.html", "FN-2024-777", func(i known.Issue) bool {
			return i.Kind == known.FieldNotice && i.Title == "Fan speed reported as zero after upgrade" && strings.HasPrefix(i.Workaround, "Power-cycle") && strings.Contains(i.Text, "HAL.Sys.FanFail")
		}},
		{"kb-article.txt", "000012345", func(i known.Issue) bool {
			return i.Kind == known.KB && strings.Contains(i.Workaround, "same layer 3 MTU")
		}},
		{"cve.json", "CVE-2099-10001", func(i known.Issue) bool {
			return i.Product == "exos" && i.Workaround == "Disable the web interface." && i.Source.Note == "https://example.com/advisory"
		}},
		{"cve.json", "CVE-2099-10002", func(i known.Issue) bool { return i.Product == "frr" }},
		{"table-notes.md", "RT-29068", func(i known.Issue) bool {
			return i.Status == known.StatusOpen && i.Source.Line == 12 && strings.HasPrefix(i.Text, "The show <lag|all> command names a port twice.")
		}},
		{"table-notes.md", "RT-27001", func(i known.Issue) bool { return i.Status == known.StatusResolved }},
		{"partner-list.csv", "xos0080001", func(i known.Issue) bool { return i.Feature == "MLAG" && i.Workaround == "" && i.Source.Line == 2 }},
		{"frr-changelog.Debian", "CVE-2099-20003", func(i known.Issue) bool { return i.Product == "frr" && i.Kind == known.Changelog }},
		{"lldpd-NEWS", "CVE-2021-43612", func(i known.Issue) bool { return i.Product == "lldpd" }},
		{"ovs-NEWS", "CVE-2023-1668", func(i known.Issue) bool { return i.Product == "ovs" && i.Status == known.StatusResolved }},
	}
	for _, tt := range tests {
		d, err := known.ReadDocument(tt.doc, docs[tt.doc], known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(d.Issues, func(i known.Issue) bool { return slices.Contains(i.IDs, tt.id) })
		if at < 0 {
			t.Errorf("%s: no %s", tt.doc, tt.id)
		} else if !tt.check(d.Issues[at]) {
			t.Errorf("%s: %+v", tt.doc, d.Issues[at])
		}
	}
}

func TestUnparsedAreSaid(t *testing.T) {
	docs := fixtures(t)
	for name, want := range map[string]int{"exos-layout.txt": 1, "exos-layout.pdf": 1, "voss-notes.html": 1, "cve.json": 1, "partner-list.csv": 1, "extremeware-prose.txt": 1} {
		d, err := known.ReadDocument(name, docs[name], known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Unparsed) != want {
			t.Errorf("%s: %d blocks left out, want %d: %+v", name, len(d.Unparsed), want, d.Unparsed)
		}
		for _, u := range d.Unparsed {
			if u.Why == "" || u.Text == "" {
				t.Errorf("%s: %+v does not say what or why", name, u)
			}
		}
	}
}

func TestOptionsWin(t *testing.T) {
	d, err := known.ReadDocument("x.csv", []byte("id,summary\nxos0000001,it breaks\n"), known.ReadOptions{Products: products(t), Product: "Switch Engine", Release: "33.1.1"})
	if err != nil {
		t.Fatal(err)
	}
	if i := d.Issues[0]; i.Product != "exos" || i.Vendor != "extreme" || len(i.Found)+len(i.Fixed) != 0 {
		t.Errorf("%+v", i)
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte("lldpd (1.0.3)\n * Fix:\n   + Fix a crash.\n"))
	_ = w.Close()
	if d, err = known.ReadDocument("NEWS.gz", z.Bytes(), known.ReadOptions{Products: products(t)}); err != nil || len(d.Issues) != 1 || d.Issues[0].Fixed[0].Version != "1.0.3" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPackedAndWide: a document is read in whatever it is compressed and written; a cut one is
// told.
func TestPackedAndWide(t *testing.T) {
	const table = "id,summary\r\nxos0000001,the switch breaks\r\n"
	utf16of := func(order binary.AppendByteOrder, text string) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	var gz, zst bytes.Buffer
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), z} {
		if _, err := io.WriteString(w, table); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{
		"x.csv": []byte(table), "marked.csv": []byte("\ufeff" + table), "x.csv.gz": gz.Bytes(), "x.csv.zst": zst.Bytes(),
		"wide.csv": utf16of(binary.LittleEndian, "\ufeff"+table), "unmarked.csv": utf16of(binary.LittleEndian, table), "big.csv": utf16of(binary.BigEndian, "\ufeff"+table),
	} {
		d, err := known.ReadDocument(name, data, known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 || d.Issues[0].Title != "the switch breaks" || d.Format != "csv" {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	if _, err := known.ReadDocument("x.csv.gz", gz.Bytes()[:gz.Len()-10], known.ReadOptions{Products: products(t)}); !errors.Is(err, known.ErrNotDocument) || !errors.Is(err, unpack.ErrCut) {
		t.Errorf("a cut one: %v", err)
	}
}

func TestHostileDocuments(t *testing.T) {
	bomb := func() []byte {
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestSpeed)
		zero := make([]byte, 1<<20)
		for range known.MaxDocument>>20 + 1 {
			_, _ = w.Write(zero)
		}
		_ = w.Close()
		return z.Bytes()
	}()
	tests := map[string][]byte{
		"bomb.gz":  bomb,
		"cut.pdf":  setPDF("a\nb\n", true)[:200],
		"head.pdf": []byte("%PDF-1.4\n"),
		"bin":      {0x7f, 'E', 'L', 'F', 0, 1},
		"bad.json": []byte("{\"a\":"),
	}
	for name, data := range tests {
		if d, err := known.ReadDocument(name, data, known.ReadOptions{Products: products(t)}); err == nil {
			t.Errorf("%s was read: %d issues", name, len(d.Issues))
		}
	}
	// What steers a terminal does not come through.
	d, err := known.ReadDocument("x.csv", []byte("id,summary\nxos0000001,\"a \x1b[31mred\u202e b\"\n"), known.ReadOptions{Products: products(t)})
	if err != nil || strings.ContainsAny(d.Issues[0].Title, "\x1b\u202e") {
		t.Errorf("%q, %v", d.Issues[0].Title, err)
	}
}

// setPDF sets a text as a PDF of one page for every 50 lines: columns where two spaces are,
// names of chapters larger.
func setPDF(text string, widths bool) []byte { return set(text, widths, false) }

// setWords sets every word at a place of its own, and a word in ten in another font, as
// formatters that justify lines do.
func setWords(text string) []byte { return set(text, true, true) }

func set(text string, widths, words bool) []byte {
	var pages []string
	lines := strings.Split(text, "\n")
	for len(lines) > 0 {
		n := min(50, len(lines))
		var b strings.Builder
		for i, l := range lines[:n] {
			size := 10
			if strings.HasSuffix(l, "Issues") || strings.HasSuffix(l, "Behaviors") || strings.Contains(l, "Resolved Issues in") || strings.Contains(l, "Release Notes") {
				size = 14
			}
			at := 0
			for part := range strings.SplitSeq(l, "  ") {
				if s := strings.TrimSpace(part); s != "" {
					col := at + len(part) - len(strings.TrimLeft(part, " "))
					x := 72 + col*7
					for n, w := range piecesOf(s, words) {
						font := "F1"
						if words && n%10 == 9 {
							font = "F2"
						}
						fmt.Fprintf(&b, "BT /%s %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET\n", font, size, x, 760-i*14, strings.NewReplacer("(", "\\(", ")", "\\)").Replace(w))
						x += (len(w) + 1) * size / 2
					}
				}
				at += len(part) + 2
			}
		}
		pages = append(pages, b.String())
		lines = lines[n:]
	}
	font := "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
	if widths {
		font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 /Widths [" + strings.Repeat("500 ", 95) + "] >>"
	}
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", 4+2*i)
	}
	objs := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids, len(pages)),
		font,
	}
	for i, p := range pages {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write([]byte(p))
		_ = w.Close()
		objs = append(objs,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R /F2 3 0 R >> >> /Contents %d 0 R >>", 5+2*i),
			fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", z.Len(), z.String()))
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range objs {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objs)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objs)+1, xref)
	return b.Bytes()
}

func piecesOf(s string, words bool) []string {
	if words {
		return strings.Fields(s)
	}
	return []string{s}
}

// TestNotesNotResolved: a heading of notes that says that something is not resolved says nothing of a fix.
func TestNotesNotResolved(t *testing.T) {
	for _, head := range []string{"Issues not resolved in this release", "Not yet fixed issues", "Open caveats"} {
		d, err := known.ReadDocument("frr-notes.txt", []byte("Release notes of FRR 9.1\n\n"+head+"\n\nID        Description\n#4711     bgpd crashes on clear\n"), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 || d.Issues[0].Status != known.StatusOpen || len(d.Issues[0].Fixed) > 0 {
			t.Errorf("%s: %+v %v", head, d.Issues, err)
		}
	}
}
