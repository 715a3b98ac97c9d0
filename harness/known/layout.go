package known

import (
	"slices"
	"strings"
)

// span is a piece of a line, with where it begins: points in a PDF, columns in a text.
type span struct {
	x    float64
	end  float64 // in a PDF
	text string
	bold bool
}

// textLine is one line of a page.
type textLine struct {
	page, line int
	gap        bool // more space above it than within a paragraph
	size       float64
	spans      []span
}

func (l textLine) text() string {
	var words []string
	for _, s := range l.spans {
		words = append(words, s.text)
	}
	return strings.Join(words, " ")
}

func (l textLine) bold() bool {
	return len(l.spans) > 0 && !slices.ContainsFunc(l.spans, func(s span) bool { return !s.bold })
}

var wide = express(`\t+| {2,}`) //nolint:gochecknoglobals // it is compiled once

// textLines takes a plain text apart. A form feed begins a page, as pdftotext writes it.
func textLines(text string) []textLine {
	var lines []textLine
	page, n, gap := 0, 0, true
	if strings.ContainsRune(text, '\f') {
		page = 1
	}
	for raw := range strings.SplitSeq(text, "\n") {
		n++
		if strings.HasPrefix(raw, "\f") {
			page++
			raw, gap = strings.TrimLeft(raw, "\f"), true
		}
		raw = strings.TrimRight(raw, " \t\r")
		if raw == "" {
			gap = true
			continue
		}
		l := textLine{page: page, line: n, gap: gap}
		gap = false
		at := 0
		for _, m := range append(wide().FindAllStringIndex(raw, 64), []int{len(raw), len(raw)}) {
			if part := raw[at:m[0]]; part != "" {
				l.spans = append(l.spans, span{x: float64(len([]rune(raw[:at]))), text: part})
			}
			at = m[1]
		}
		lines = append(lines, l)
		if len(lines) >= maxBlocks {
			break
		}
	}
	return lines
}

// table is the table that a layout is in.
type table struct {
	x     []float64
	roles []role
	cells []string
	page  int
	line  int
	head  string // as it stands, to pass it over on the next page
}

// layout makes blocks of lines: rows where a line names columns, until a line stands
// elsewhere; paragraphs and headings of the rest.
func layout(lines []textLine) []block {
	var out []block
	var t *table
	var para []textLine
	endPara := func() {
		if len(para) > 0 {
			out = append(out, paraBlock(para))
			para = nil
		}
	}
	endRow := func() {
		if t != nil && t.cells != nil {
			out = append(out, block{kind: row, cells: t.cells, page: t.page, line: t.line})
			t.cells = nil
		}
	}
	body := bodySize(lines)
	headed := false // the line before is of a page's head
	for _, l := range lines {
		if furniture(l) || headed && t != nil && headVersion().MatchString(l.text()) {
			headed = true
			continue
		}
		headed = false
		if h := headerOf(l); h != nil {
			endPara()
			if t == nil || h.head != t.head {
				endRow()
				out = append(out, block{kind: header, cells: texts(l), page: l.page, line: l.line})
				h.cells = nil
				t = h
			}
			continue // the same header again on the next page
		}
		if t != nil && t.ends(l, body) {
			endRow()
			t = nil
		}
		if t != nil {
			if done := t.take(l); done != nil {
				out = append(out, *done)
			}
			continue
		}
		if len(para) > 0 && (l.gap || listItem(l) || beginsWithID(l) && (beginsWithID(para[0]) || len(para) == 1 && sectionOf(para[0].text()).status != "") || l.bold() != para[0].bold() || l.size != para[0].size) {
			endPara()
		}
		para = append(para, l)
	}
	endRow()
	endPara()
	return out
}

// listItem reports whether a line begins an entry of a list.
func listItem(l textLine) bool {
	text := l.text()
	return strings.HasPrefix(text, "* ") || strings.HasPrefix(text, "• ") || strings.HasPrefix(text, "- ")
}

// beginsWithID reports whether a line begins with an id and says more, as each of a list of them does.
func beginsWithID(l textLine) bool { return idsBegin().MatchString(l.text()) }

func texts(l textLine) []string {
	var list []string
	for _, s := range l.spans {
		list = append(list, s.text)
	}
	return list
}

func headerOf(l textLine) *table {
	if len(l.spans) < 2 || len(l.spans) > 10 {
		return nil
	}
	cells := texts(l)
	roles, ok := rolesOf(cells)
	if !ok {
		return nil
	}
	t := &table{roles: roles, head: strings.Join(cells, "|")}
	for _, s := range l.spans {
		t.x = append(t.x, s.x)
	}
	return t
}

// column says in which column a span stands.
func (t *table) column(x float64) int {
	at := 0
	for i, cx := range t.x {
		if x >= cx-1.5 {
			at = i
		}
	}
	return at
}

// idColumn is the column of ids, or -1.
func (t *table) idColumn() int { return slices.Index(t.roles, roleID) }

// ends says whether a line is below the table: a heading, or text that begins left of it.
func (t *table) ends(l textLine, body float64) bool {
	if l.spans[0].x < t.x[0]-4 || body > 0 && l.size > body*1.15 {
		return true
	}
	return len(l.spans) == 1 && t.column(l.spans[0].x) == 0 && sectionOf(l.text()).status != ""
}

// take puts a line into the row it belongs to, and gives a row that it ended.
func (t *table) take(l textLine) *block {
	cells, id := make([]string, len(t.x)), t.idColumn()
	for k, s := range l.spans {
		c := t.column(s.x)
		if k == 1 && c == id && c+1 < len(cells) && idsOfCell(l.spans[0].text) != nil && idsOfCell(s.text) == nil {
			c++ // the ids are shorter than the name of their column, and nothing fills it
		}
		cells[c] = strings.TrimSpace(cells[c] + " " + s.text)
	}
	var begins bool
	switch {
	case t.cells == nil:
		begins = true
	case id < 0:
		begins = l.gap && cells[0] != ""
	default:
		// A line with something in the column of ids and something beside it is a row, even if
		// that is no id; it is said to be one that could not be read.
		begins = cells[id] != "" && !strings.HasSuffix(strings.TrimSpace(t.cells[id]), "-") && !t.listed(id) &&
			(beginsID(cells[id]) || len(l.spans) > 1 && idsOfCell(t.cells[id]) != nil)
	}
	// A name that stands alone in the column of ids is of the group of models that follows.
	group := id >= 0 && id == 0 && cells[0] != "" && !beginsID(cells[0]) && len(l.spans) == 1 && (t.cells == nil || l.gap || l.bold())
	if !begins && !group {
		for i, c := range cells {
			t.cells[i] = joinWrapped(t.cells[i], c)
		}
		return nil
	}
	var done *block
	if t.cells != nil {
		done = &block{kind: row, cells: t.cells, page: t.page, line: t.line}
	}
	t.cells, t.page, t.line = cells, l.page, l.line
	return done
}

// listed reports whether the row so far is an id with a comma behind it, whose next one stands on the next line.
func (t *table) listed(id int) bool {
	for i, c := range t.cells {
		if i != id && c != "" {
			return false
		}
	}
	return strings.HasSuffix(strings.TrimSpace(t.cells[id]), ",")
}

func beginsID(s string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	first = strings.Trim(first, ",;/")
	return idsOfCell(first) != nil || strings.HasSuffix(first, "-") && len(first) > 2 && len(first) < 14
}

// breaks reports whether a line that ends so and the next are one word. A line that ends in a hyphen after a digit or
// a capital is an id that was broken; after a small letter it may be either, and is kept.
func breaks(a, b string) bool { return strings.HasSuffix(a, "-") && b[0] >= '0' && b[0] <= '9' }

// joinWrapped joins a cell with its next line, as long as more of it is kept.
func joinWrapped(a, b string) string {
	switch {
	case len(a) > maxField:
		return a
	case a == "" || b == "" || breaks(a, b):
		return a + b
	default:
		return a + " " + b
	}
}

// joinLines joins the lines of a paragraph.
func joinLines(lines []string) string {
	var b strings.Builder
	last := ""
	for _, l := range lines {
		if l == "" {
			continue
		}
		if last != "" && !breaks(last, l) {
			b.WriteByte(' ')
		}
		b.WriteString(l)
		last = l
	}
	return b.String()
}

// paraBlock makes one block of the lines of a paragraph.
func paraBlock(lines []textLine) block {
	b := block{kind: paragraph, page: lines[0].page, line: lines[0].line, bold: true}
	var said []string
	for _, l := range lines {
		said = append(said, l.text())
		b.bold = b.bold && l.bold()
	}
	b.text = joinLines(said)
	return b
}

// bodySize is the size of letter that most of a document is in.
func bodySize(lines []textLine) float64 {
	count := map[float64]int{}
	best := 0.0
	for _, l := range lines {
		count[l.size] += len(l.text())
	}
	for size, n := range count {
		if n > count[best] || n == count[best] && size < best {
			best = size
		}
	}
	return best
}

var pageFurniture = express(`(?i)^(?:page \d+(?: of \d+)?|\d{1,4}|.{0,80}release notes.{0,60}\s\d{1,4}|[ivxl]{1,6}|(?:copyright|©).*|-{3,}|={3,}|_{3,})$`) //nolint:gochecknoglobals // it is compiled once

// headVersion is the second line of a page's head, below the name of the document.
var headVersion = express(`(?i)^(?:version|release) ` + `(?:` + versionForm + `)$`) //nolint:gochecknoglobals // it is compiled once

// ruled tells a rule below the names of columns: strokes in each of them, and nothing else.
func ruled(l textLine) bool {
	for _, s := range l.spans {
		if strings.Trim(s.text, "-=_+| ") != "" || len(s.text) < 2 {
			return false
		}
	}
	return len(l.spans) > 1
}

// furniture tells page numbers and footers.
func furniture(l textLine) bool {
	return len(l.spans) == 0 || ruled(l) || len(l.spans) <= 3 && pageFurniture().MatchString(strings.TrimSpace(l.text()))
}
