package html

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// Measures of the plot of a flow, in pixels of a small screen.
const (
	flowLeft   = 40.0
	flowWidth  = 330.0
	flowTop    = 30.0
	flowHeight = 84.0
	flowStep   = 2.0 // width of a column
)

// flowPlot is a flow over time, from as long before the stimulus as it goes on after.
type flowPlot struct {
	flow     reports.Flow
	detail   *reports.Detail
	from, to time.Duration
	top      float64 // packets in a second at the top
}

// flow draws how many packets of a flow came over time, with the stimulus, the faults and its gaps.
func flow(d *reports.Detail, f reports.Flow) template.HTML {
	s := f.Series
	if len(s.Received) == 0 {
		return ""
	}
	p := flowPlot{flow: f, detail: d, from: s.Begin, to: s.Begin + time.Duration(len(s.Sent))*s.Span}
	if r := f.Reading; r != nil && r.From > p.from && r.From < p.to {
		p.from = max(p.from, r.From-(p.to-r.From))
	}
	columns := int(flowWidth / flowStep)
	sent, came := p.rates(s.Sent, columns), p.rates(s.Received, columns)
	p.top = 1
	for i := range sent {
		p.top = max(p.top, sent[i], came[i])
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="flow" viewBox="0 0 %.0f %.0f" role="img" aria-label="Packets of %s that came in a second, over time; the table says the same">`,
		flowLeft+flowWidth+14, flowTop+flowHeight+24, escape(f.Name))
	p.faults(&b)
	p.gaps(&b)
	fmt.Fprintf(&b, `<path class="came" d="M%g %.1f%sL%.1f %.1fZ"/>`, flowLeft, flowTop+flowHeight, p.line(came, "L"), flowLeft+flowWidth, flowTop+flowHeight)
	fmt.Fprintf(&b, `<path class="sent" d="%s"/>`, p.line(sent, "M"))
	p.stimulus(&b)
	p.axes(&b)
	p.longest(&b)
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // every word went through escape
}

func (p flowPlot) x(at time.Duration) float64 {
	return flowLeft + flowWidth*min(1, max(0, float64(at-p.from)/float64(max(p.to-p.from, 1))))
}

// rates are packets in a second, for each column.
func (p flowPlot) rates(counts []uint32, columns int) []float64 {
	rates := make([]float64, columns)
	s := p.flow.Series
	width := (p.to - p.from) / time.Duration(columns)
	for i := range rates {
		begin := p.from + time.Duration(i)*width - s.Begin
		first := max(int(begin/s.Span), 0)
		last := min(max(int((begin+width)/s.Span), first+1), len(counts))
		var sum float64
		for _, n := range counts[min(first, last):last] {
			sum += float64(n)
		}
		rates[i] = sum / (time.Duration(max(last-first, 1)) * s.Span).Seconds()
	}
	return rates
}

// line joins the columns; begin is how it goes to the first.
func (p flowPlot) line(rates []float64, begin string) string {
	var b strings.Builder
	for i, r := range rates {
		if i > 0 {
			begin = "L"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", begin, flowLeft+(float64(i)+0.5)*flowStep, flowTop+flowHeight*(1-r/p.top))
	}
	return b.String()
}

// faults draws bars above the plot.
func (p flowPlot) faults(b *strings.Builder) {
	for i, e := range p.detail.Events {
		if e.Kind != evidence.EventFault {
			continue
		}
		end := p.to
		for _, f := range p.detail.Events[i+1:] {
			if f.Kind == evidence.EventHeal && f.Ref == e.Ref && f.Lane == e.Lane {
				end = f.At
				break
			}
		}
		if e.At > p.to || end < p.from {
			continue
		}
		from, to := p.x(e.At), p.x(end)
		fmt.Fprintf(b, `<rect class="fault" x="%.1f" y="%g" width="%.1f" height="7"><title>%s %s at %s s</title></rect>`,
			from, flowTop-9, max(2, to-from), escape(e.Lane), escape(e.Name), reports.Clock(e.At))
	}
}

// gaps draws a band for each, and names the longest.
func (p flowPlot) gaps(b *strings.Builder) {
	r := p.flow.Reading
	if r == nil {
		return
	}
	for _, g := range r.Gaps {
		begin, end := p.gap(g)
		from, to := p.x(begin), p.x(end)
		fmt.Fprintf(b, `<rect class="outage" x="%.1f" y="%g" width="%.1f" height="%g"><title>gap %s, from %s s on</title></rect>`,
			from, flowTop, max(2, to-from), flowHeight, escape(g.String()), reports.Clock(begin))
	}
}

// gap is when a gap began, and ended.
func (p flowPlot) gap(g evidence.FlowGap) (begin, end time.Duration) {
	begin = p.flow.Reading.From + time.Duration(g.Start*float64(time.Second))
	return begin, begin + time.Duration(g.Length*float64(time.Second))
}

// longest names the longest gap, beside it.
func (p flowPlot) longest(b *strings.Builder) {
	if r := p.flow.Reading; r == nil || len(r.Gaps) == 0 {
		return
	}
	g := p.flow.Reading.Gaps[0]
	begin, end := p.gap(g)
	x, anchor := p.x(end)+4, "start"
	if x > flowLeft+flowWidth/2 {
		x, anchor = flowLeft+flowWidth-4, "end"
	}
	if p.x(begin) > flowLeft+flowWidth*2/3 {
		x, anchor = p.x(begin)-4, "end"
	}
	fmt.Fprintf(b, `<text class="longest" x="%.1f" y="%g" text-anchor="%s">gap %s</text>`, x, flowTop+flowHeight/2, anchor, escape(g.String()))
}

// stimulus draws where packets begin to count.
func (p flowPlot) stimulus(b *strings.Builder) {
	for i, e := range p.detail.Events {
		if e.Kind != evidence.EventPhase || within(p.detail.Events, i) || e.Phase != evidence.PhaseStimulus && e.Phase != evidence.PhaseWorkaround || e.At < p.from || e.At > p.to {
			continue
		}
		x := p.x(e.At)
		fmt.Fprintf(b, `<path class="cut" d="M%.1f %gV%.1f"/><text x="%.1f" y="12">%s</text>`, x, flowTop-12, flowTop+flowHeight, min(x, flowLeft+flowWidth-56), escape(string(e.Phase)))
	}
}

// axes draws both, with some round steps of time.
func (p flowPlot) axes(b *strings.Builder) {
	bottom := flowTop + flowHeight
	fmt.Fprintf(b, `<path class="axis" d="M%g %gV%gH%g"/>`, flowLeft, flowTop, bottom, flowLeft+flowWidth)
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="end">%.3g/s</text><text x="%g" y="%g" text-anchor="end">0</text>`, flowLeft-4, flowTop+4, p.top, flowLeft-4, bottom)
	step := seconds(niceStep((p.to - p.from).Seconds() / 5))
	for at := (p.from + step - 1) / step * step; at <= p.to; at += step {
		fmt.Fprintf(b, `<path class="axis" d="M%.1f %gv4"/><text x="%.1f" y="%g" text-anchor="middle">%g s</text>`, p.x(at), bottom, p.x(at), bottom+16, at.Round(time.Microsecond).Seconds())
	}
}

func seconds(f float64) time.Duration { return max(time.Duration(f*float64(time.Second)), 1) }
