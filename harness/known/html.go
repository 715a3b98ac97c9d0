package known

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
			name, _ := w.z.TagName()
			w.open(atom.Lookup(name))
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
	cells     []string
	headCells int
	rowLine   int
}

func (w *htmlWalker) open(a atom.Atom) {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Noscript:
		w.skip++
	case atom.B, atom.Strong:
		w.bold++
	case atom.Tr:
		w.end()
		w.endRow()
		w.rowLine = w.line
	case atom.Td, atom.Th:
		w.endCell()
		w.inCell = true
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
	case atom.Script, atom.Style, atom.Template, atom.Noscript:
		w.skip = max(0, w.skip-1)
	case atom.B, atom.Strong:
		w.bold = max(0, w.bold-1)
	case atom.Td, atom.Th:
		w.endCell()
	case atom.Tr, atom.Table:
		w.endRow()
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
		w.cells = append(w.cells, squeeze(w.text.String()))
		w.text.Reset()
		w.boldText, w.plainText = false, false
	}
	w.inCell = false
}

func (w *htmlWalker) endRow() {
	w.endCell()
	if len(w.cells) > 0 && strings.Join(w.cells, "") != "" {
		b := block{kind: row, cells: w.cells, line: w.rowLine}
		if _, ok := rolesOf(w.cells); ok {
			b.kind = header
		} else if w.headCells == len(w.cells) && len(w.cells) == 1 {
			b = block{kind: heading, text: w.cells[0], level: 6, line: w.rowLine}
		}
		w.out = append(w.out, b)
	}
	w.cells, w.headCells = nil, 0
}
