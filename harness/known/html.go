package known

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlBlocks takes a page apart. Nothing that the page names is fetched; entities of its own
// do not exist in HTML.
func htmlBlocks(data []byte) ([]block, error) {
	w := htmlWalker{z: html.NewTokenizer(bytes.NewReader(data)), line: 1}
	w.z.SetMaxBuf(4 << 20)
	for {
		kind := w.z.Next()
		raw := w.z.Raw()
		switch kind {
		case html.ErrorToken:
			w.end()
			w.endRow()
			if err := w.z.Err(); !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("%w: %w", ErrNotDocument, err)
			}
			return w.out, nil
		case html.TextToken:
			if w.skip == 0 {
				w.text.WriteString(html.UnescapeString(string(raw)))
				w.boldText = w.boldText || w.bold > 0 && len(bytes.TrimSpace(raw)) > 0
				w.plainText = w.plainText || w.bold == 0 && len(bytes.TrimSpace(raw)) > 0
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attributes := w.z.TagName()
			a := atom.Lookup(name)
			w.open(a)
			if attributes {
				w.attributes(a)
			}
		case html.EndTagToken:
			name, _ := w.z.TagName()
			w.close(atom.Lookup(name))
		case html.CommentToken, html.DoctypeToken:
		}
		w.line += bytes.Count(raw, []byte("\n"))
		if len(w.out) > maxBlocks {
			return w.out, nil
		}
	}
}

// htmlWalker collects text between tags. It works on the tags and builds no tree, so that a
// page that nests without end costs nothing.
type htmlWalker struct {
	z         *html.Tokenizer
	line      int
	out       []block
	text      strings.Builder
	bold      int
	boldText  bool // some of the text is bold
	plainText bool // some is not
	heading   int
	skip      int // within a script or style
	inCell    bool
	wide      int  // columns that the cell is over
	high      int  // rows that it is over
	struck    bool // the row is struck out
	cells     []string
	over      []spanned // what cells of rows before hold in this one, by column
	own       int       // cells that the row itself has
	headCells int
	rowLine   int
}

// spanned is a cell that is over more rows than its own.
type spanned struct {
	rows int // yet to come
	text string
}

// maxSpan bounds the columns and the rows that a cell says it is over.
const maxSpan = 100

// attributes reads what a tag says of how far a cell goes, and of what is struck out.
func (w *htmlWalker) attributes(a atom.Atom) {
	for more := true; more; {
		var key, value []byte
		key, value, more = w.z.TagAttr()
		n, err := strconv.Atoi(strings.TrimSpace(string(value)))
		cell := (a == atom.Td || a == atom.Th) && err == nil && n > 0
		switch {
		case cell && string(key) == "colspan":
			w.wide = min(n, maxSpan)
		case cell && string(key) == "rowspan":
			w.high = min(n, maxSpan)
		case string(key) != "style" || !bytes.Contains(value, []byte("line-through")):
		case a == atom.Tr:
			w.struck = true
		default:
			w.text.WriteString(struckOut)
		}
	}
}

// struckOut is what Markdown writes around what is struck out.
const struckOut = "~~"

func (w *htmlWalker) open(a atom.Atom) {
	switch a {
	case atom.Del, atom.S, atom.Strike:
		w.text.WriteString(struckOut)
	case atom.Script, atom.Style, atom.Template, atom.Noscript:
		w.skip++
	case atom.B, atom.Strong:
		w.bold++
	case atom.Tr:
		w.end()
		w.endRow()
		w.rowLine, w.struck = w.line, false
	case atom.Td, atom.Th:
		w.endCell()
		w.inCell, w.wide, w.high = true, 1, 1
		if a == atom.Th {
			w.headCells++
		}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.end()
		w.heading = int(a.String()[1] - '0')
	case atom.Br:
		w.text.WriteByte('\n')
		if !w.inCell && w.boldText && !w.plainText {
			w.end() // a bold line before a break is a title
		}
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Table, atom.Dt, atom.Dd, atom.Pre, atom.Section, atom.Article, atom.Caption, atom.Title, atom.Hr:
		if w.inCell {
			w.text.WriteByte(' ')
		} else {
			w.end()
		}
	default: // of no meaning to the text
	}
}

func (w *htmlWalker) close(a atom.Atom) {
	switch a {
	case atom.Del, atom.S, atom.Strike:
		w.text.WriteString(struckOut)
	case atom.Script, atom.Style, atom.Template, atom.Noscript:
		w.skip = max(0, w.skip-1)
	case atom.B, atom.Strong:
		w.bold = max(0, w.bold-1)
	case atom.Td, atom.Th:
		w.endCell()
	case atom.Tr:
		w.endRow()
	case atom.Table:
		w.endRow()
		w.over = nil
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.P, atom.Div, atom.Li, atom.Dt, atom.Dd, atom.Pre, atom.Section, atom.Article, atom.Caption, atom.Title:
		if w.inCell {
			w.text.WriteByte(' ')
		} else {
			w.end()
		}
	default: // of no meaning to the text
	}
}

// end closes a paragraph or heading.
func (w *htmlWalker) end() {
	text := squeeze(w.text.String())
	w.text.Reset()
	b := block{kind: paragraph, text: text, bold: w.boldText && !w.plainText, line: w.line}
	if w.heading > 0 {
		b.kind, b.level = heading, w.heading
	}
	w.boldText, w.plainText, w.heading = false, false, 0
	if text != "" {
		w.out = append(w.out, b)
	}
}

func (w *htmlWalker) endCell() {
	if w.inCell {
		text := squeeze(w.text.String())
		if w.struck && text != "" {
			text = struckOut + text + struckOut
		}
		w.fill()
		w.own++
		for n := range w.wide {
			if n > 0 {
				text = "" // what a head is over has no name of its own
			}
			w.put(spanned{rows: w.high - 1, text: text})
		}
		w.text.Reset()
		w.boldText, w.plainText = false, false
	}
	w.inCell = false
}

// put adds a cell to the row.
func (w *htmlWalker) put(s spanned) {
	at := len(w.cells)
	if at >= maxSpan {
		return
	}
	w.cells = append(w.cells, s.text)
	for len(w.over) <= at {
		w.over = append(w.over, spanned{})
	}
	w.over[at] = s
}

// fill adds the cells of rows before that stand in this one next.
func (w *htmlWalker) fill() {
	for len(w.cells) < len(w.over) && w.over[len(w.cells)].rows > 0 {
		s := w.over[len(w.cells)]
		w.put(spanned{rows: s.rows - 1, text: s.text})
	}
}

func (w *htmlWalker) endRow() {
	w.endCell()
	if w.own > 0 {
		w.fill()
	}
	if len(w.cells) > 0 && strings.Join(w.cells, "") != "" {
		b := block{kind: row, cells: w.cells, line: w.rowLine}
		if _, ok := rolesOf(w.cells); ok {
			b.kind = header
		} else if w.headCells == w.own && w.own == 1 {
			b = block{kind: heading, text: w.cells[0], level: 6, line: w.rowLine}
		}
		w.out = append(w.out, b)
	}
	w.cells, w.headCells, w.own = nil, 0, 0
}
