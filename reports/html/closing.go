package html

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// maxClosing bounds the points that are drawn; more trials are drawn at even steps.
const maxClosing = 400

// closing draws the rate after each valid trial, in the order of their numbers, with the
// 95 % score interval (Wilson 1927) as a band that closes in. Nothing for fewer than two.
func closing(r *reports.Run) template.HTML {
	var hits []int // after each valid trial
	k := 0
	for i := range r.Trials {
		switch r.Trials[i].Word() { //nolint:exhaustive // the others are in no rate
		case evidence.Reproduced:
			k++
			hits = append(hits, k)
		case evidence.NotReproduced:
			hits = append(hits, k)
		}
	}
	n := len(hits)
	if n < 2 {
		return ""
	}
	const left, right, top, bottom = 42.0, 394.0, 8.0, 128.0
	x := func(trial int) float64 { return left + (right-left)*float64(trial-1)/float64(n-1) }
	y := func(p float64) float64 { return bottom - (bottom-top)*p }
	var line, upper, lower []string
	step := (n + maxClosing - 1) / maxClosing
	for t := 1; t <= n; t++ {
		if t%step != 0 && t != 1 && t != n {
			continue
		}
		p, lo, hi := wilson(hits[t-1], t)
		line = append(line, fmt.Sprintf("%.1f,%.1f", x(t), y(p)))
		upper = append(upper, fmt.Sprintf("%.1f,%.1f", x(t), y(hi)))
		lower = append([]string{fmt.Sprintf("%.1f,%.1f", x(t), y(lo))}, lower...)
	}
	_, lo, hi := wilson(k, n)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bar closing" viewBox="0 0 400 160" role="img" aria-label="Rate and Wilson interval after each of %d valid trials; at the end %d of %d, %s to %s">`,
		n, k, n, reports.Percent(lo), reports.Percent(hi))
	fmt.Fprintf(&b, `<path class="axis" d="M%g %gV%gH%g"/>`, left, top, bottom, right)
	for i := range 3 {
		p := float64(i) / 2
		fmt.Fprintf(&b, `<path class="axis" d="M%g %.1fh-4"/><text x="%g" y="%.1f" text-anchor="end">%d %%</text>`, left, y(p), left-6, y(p)+4, i*50)
	}
	fmt.Fprintf(&b, `<polygon class="score" points="%s %s"/><polyline class="exact" points="%s"/>`, strings.Join(upper, " "), strings.Join(lower, " "), strings.Join(line, " "))
	fmt.Fprintf(&b, `<circle class="rate" cx="%.1f" cy="%.1f" r="4"/>`, x(n), y(float64(k)/float64(n)))
	fmt.Fprintf(&b, `<text x="%g" y="143">1</text><text x="%g" y="143" text-anchor="end">%d</text><text x="%g" y="156" text-anchor="middle">valid trials</text></svg>`, left, right, n, (left+right)/2)
	return template.HTML(b.String()) //nolint:gosec // numbers and our own words
}

// wilson gives the rate of k hits in n > 0 trials and its 95 % score interval.
func wilson(k, n int) (p, low, high float64) {
	kf, nf := float64(k), float64(n)
	centre := (kf + z95*z95/2) / (nf + z95*z95)
	half := z95 / (nf + z95*z95) * math.Sqrt(kf*(nf-kf)/nf+z95*z95/4)
	return kf / nf, max(0, centre-half), min(1, centre+half)
}
