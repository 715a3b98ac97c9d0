// Package badge draws a matrix in a line, as a small SVG for a page: ospfv2 | 118 pass, 2 fail. The same matrix
// makes the same bytes. It is told in words; the colour says nothing besides. Green is only a matrix in
// which everything that is applicable was decided, and passes.
package badge

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// The widths are lengths that the letters are set to, whatever the font.
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="{{.Label}}: {{.Words}}">` +
	`<title>{{.Label}}: {{.Words}}</title>` +
	`<rect width="{{.Left}}" height="20" fill="#40474f"/><rect x="{{.Left}}" width="{{.Right}}" height="20" fill="{{.Colour}}"/>` +
	`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">` +
	`<text x="6" y="14" textLength="{{.LabelText}}" lengthAdjust="spacingAndGlyphs">{{.Label}}</text>` +
	`<text x="{{.At}}" y="14" textLength="{{.WordsText}}" lengthAdjust="spacingAndGlyphs">{{.Words}}</text></g></svg>
`

// Colours that white letters stand out from, by 4.5 to 1 at least.
const (
	red   = "#a3241b"
	amber = "#7d5200"
	green = "#1d6338"
	grey  = "#4d5660"
)

// Matrix draws a matrix.
func Matrix(w io.Writer, m *reports.Matrix) error {
	t, err := template.New("badge").Parse(drawing)
	if err != nil {
		return fmt.Errorf("parse badge: %w", err)
	}
	const margin, maxLabel = 6, 40
	v := struct {
		Label, Words, Colour                         string
		Width, Left, Right, LabelText, WordsText, At int
	}{Label: short(m.Suite, maxLabel), Words: words(m), Colour: colour(m)}
	v.LabelText, v.WordsText = width(v.Label), width(v.Words)
	v.Left, v.Right = v.LabelText+2*margin, v.WordsText+2*margin
	v.Width, v.At = v.Left+v.Right, v.Left+margin
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return fmt.Errorf("fill badge: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// known is how many failing and flaky cells are explained.
func known(m *reports.Matrix) (failing, flaky int) {
	for _, c := range m.Cells {
		switch {
		case !c.Explained():
		case c.Verdict == result.Fail:
			failing++
		default:
			flaky++
		}
	}
	return failing, flaky
}

// words are the counts but that of what is not applicable, passes with a note among the passes.
func words(m *reports.Matrix) string {
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	add(m.Counts[result.Pass]+m.Counts[result.PassWithNote], "pass")
	failing, flaky := known(m)
	add(m.Counts[result.Fail]-failing, "fail")
	add(m.Counts[result.Flaky]-flaky, "flaky")
	add(failing+flaky, "known to fail")
	if len(parts) == 0 {
		parts = []string{"nothing tested"}
	}
	add(m.Counts[result.CellUnknown], "inconclusive")
	add(m.Counts[result.Blocked], "blocked")
	add(m.Counts[result.NotTested], "not tested")
	if m.Unfinished() != "" {
		parts = append(parts, "not whole")
	}
	if m.Unheld != "" {
		parts = append(parts, "as its file says")
	}
	return strings.Join(parts, ", ")
}

func colour(m *reports.Matrix) string {
	failing, _ := known(m)
	switch counts := m.Counts; {
	case counts[result.Fail] > failing:
		return red
	case counts[result.Fail]+counts[result.Flaky] > 0:
		return amber
	case counts[result.CellUnknown]+counts[result.Blocked]+counts[result.NotTested] > 0, m.Unfinished() != "", m.Unheld != "":
		return grey
	case counts[result.Pass]+counts[result.PassWithNote] > 0:
		return green
	}
	return grey
}

func short(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// width is about how wide Verdana's letters of 11 pixels are.
func width(s string) int {
	tenths := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlI.,:|' ", r):
			tenths += 38
		case strings.ContainsRune("mwMW@", r):
			tenths += 105
		case unicode.IsUpper(r):
			tenths += 78
		default:
			tenths += 67
		}
	}
	return (tenths + 9) / 10
}
