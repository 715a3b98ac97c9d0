package html

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/reprise-lab/reprise/reports"
)

// bar draws the rate with both intervals; nothing when there is no rate.
func bar(r *reports.Run) template.HTML {
	if r.Rate == nil || r.Rate.Valid <= 0 {
		return ""
	}
	const left, width = 6.0, 388.0
	x := func(p float64) float64 { return left + width*min(1, max(0, p)) }
	w, c := r.Rate.Wilson, r.Rate.ClopperPearson
	rate := float64(r.Rate.Reproduced) / float64(r.Rate.Valid)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bar" viewBox="0 0 400 56" role="img" aria-label="Rate %s; %s">`, reports.Percent(rate), r.Intervals())
	fmt.Fprintf(&b, `<path class="axis" d="M%g 34H%g"/>`, left, left+width)
	for i := range 5 {
		p := float64(i) / 4
		anchor := [5]string{"start", "middle", "middle", "middle", "end"}[i]
		fmt.Fprintf(&b, `<path class="axis" d="M%.1f 30v8"/><text x="%.1f" y="51" text-anchor="%s">%d %%</text>`, x(p), x(p)+float64(i-2)*-2.5, anchor, i*25)
	}
	fmt.Fprintf(&b, `<path class="exact" d="M%.1f 12V24M%.1f 18H%.1fM%.1f 12V24"><title>Clopper–Pearson</title></path>`, x(c[0]), x(c[0]), x(c[1]), x(c[1]))
	fmt.Fprintf(&b, `<rect class="score" x="%.1f" y="14" width="%.1f" height="8"><title>Wilson</title></rect>`, x(w[0]), max(1, x(w[1])-x(w[0])))
	fmt.Fprintf(&b, `<circle class="rate" cx="%.1f" cy="18" r="5"/></svg>`, x(rate))
	return template.HTML(b.String()) //nolint:gosec // numbers and our own words
}
