package known

import (
	"bytes"
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/ledongthuc/pdf"
)

const (
	maxPages    = 3000
	maxPDFChars = 12 << 20
	// maxPDFTime and maxPageTime bound the reading of one file and of one of its pages:
	// references that go round in a circle, and streams that unpack without end, are the
	// file's to make and the library follows them. A page that people wrote takes milliseconds.
	maxPDFTime  = 30 * time.Second
	maxPageTime = 3 * time.Second
)

// pdfLines takes the text of a PDF apart into lines with the place of every piece. One that
// takes too long is left to itself: the library cannot be stopped, and the program ends soon.
func pdfLines(data []byte) ([]textLine, error) {
	type result struct {
		lines []textLine
		err   error
	}
	done := make(chan result, 1)
	pages := make(chan struct{})
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		lines, err := pdfText(data, func() bool {
			select {
			case pages <- struct{}{}:
				return true
			case <-gone:
				return false
			}
		})
		done <- result{lines, err}
	}()
	late, stuck := time.NewTimer(maxPDFTime), time.NewTimer(maxPageTime)
	defer late.Stop()
	defer stuck.Stop()
	for {
		select {
		case r := <-done:
			return r.lines, r.err
		case <-pages:
			stuck.Reset(maxPageTime)
		case <-stuck.C:
			return nil, fmt.Errorf("%w: a PDF with a page that takes longer than %s to read", ErrNotDocument, maxPageTime)
		case <-late.C:
			return nil, fmt.Errorf("%w: a PDF that takes longer than %s to read", ErrNotDocument, maxPDFTime)
		}
	}
}

// pdfText reads the pages. next is called before each, and says false when nobody waits.
func pdfText(data []byte, next func() bool) (lines []textLine, err error) {
	// The library panics on files that are damaged or made to do harm (its issues 15 and 40,
	// rsc/pdf issue 9): its readers end that way by design, so there is no other place to
	// catch it than around all of it.
	defer func() {
		if p := recover(); p != nil {
			lines, err = nil, fmt.Errorf("%w: damaged PDF: %.100s", ErrNotDocument, fmt.Sprint(p))
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDocument, err)
	}
	pages := r.NumPage()
	if pages > maxPages || pages < 0 {
		return nil, fmt.Errorf("%w: a PDF of %d pages; up to %d are read", ErrNotDocument, pages, maxPages)
	}
	chars := 0
	for n := 1; n <= pages && next(); n++ {
		text, err := pageText(r, n)
		if err != nil {
			continue // a page that cannot be read does not take the others with it
		}
		if chars += len(text); chars > maxPDFChars {
			return nil, fmt.Errorf("%w: a PDF with more than %d letters", ErrNotDocument, maxPDFChars)
		}
		lines = append(lines, pageLines(text, n)...)
	}
	return lines, nil
}

// pageText reads one page; what the library panics with is that page's error.
func pageText(r *pdf.Reader, n int) (text []pdf.Text, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("page %d: %.100s", n, fmt.Sprint(p))
		}
	}()
	page := r.Page(n)
	if page.V.IsNull() {
		return nil, nil
	}
	return page.Content().Text, nil
}

// piece is letters that stand close behind each other.
type piece struct {
	x, y, end, size float64
	bold            bool
	text            strings.Builder
}

// pageLines puts letters together to pieces, and pieces of one height to lines. Letters come
// in the order in which the page draws them; a font of which no widths are known gives every
// letter of a string the same place, so a letter that has not moved follows the one before.
func pageLines(letters []pdf.Text, page int) []textLine {
	var pieces []*piece
	var cur *piece
	for _, t := range letters {
		size := math.Abs(t.FontSize)
		if size == 0 {
			size = 10
		}
		if cur == nil || math.Abs(t.Y-cur.y) > size*0.3 || t.X-cur.end > size*1.2 || t.X < cur.end-size*0.9 && t.X != cur.x {
			cur = &piece{x: t.X, y: t.Y, end: t.X, size: size, bold: strings.Contains(strings.ToLower(t.Font), "bold")}
			pieces = append(pieces, cur)
		} else if t.X-cur.end > size*0.18 && t.W > 0 && !strings.HasSuffix(cur.text.String(), " ") && t.S != " " {
			cur.text.WriteByte(' ')
		}
		cur.text.WriteString(t.S)
		cur.end = t.X + t.W
	}
	sort.SliceStable(pieces, func(i, j int) bool {
		if math.Abs(pieces[i].y-pieces[j].y) > pieces[i].size*0.3 {
			return pieces[i].y > pieces[j].y
		}
		return pieces[i].x < pieces[j].x
	})
	return linesOf(pieces, page)
}

func linesOf(pieces []*piece, page int) []textLine {
	var lines []textLine
	lastY := math.Inf(1)
	for _, p := range pieces {
		text := squeeze(p.text.String())
		if text == "" {
			continue
		}
		if n := len(lines); n > 0 && math.Abs(lastY-p.y) <= p.size*0.3 {
			l := &lines[n-1]
			last := &l.spans[len(l.spans)-1]
			if p.x > last.x && p.x-last.end < p.size*0.7 {
				last.text, last.end = last.text+" "+text, p.right(text)
			} else {
				l.spans = append(l.spans, span{p.x, p.right(text), text, p.bold})
			}
			continue
		}
		drop := lastY - p.y
		l := textLine{page: page, line: len(lines) + 1, size: math.Round(p.size*2) / 2, spans: []span{{p.x, p.right(text), text, p.bold}}}
		l.gap = math.IsInf(drop, 0) || drop > p.size*1.75
		lines = append(lines, l)
		lastY = p.y
	}
	return lines
}

// right is where a piece ends: as its font's widths say, or by a guess where it has none.
func (p *piece) right(text string) float64 {
	if p.end > p.x+p.size*0.2 {
		return p.end
	}
	return p.x + float64(len(text))*p.size*0.5
}
