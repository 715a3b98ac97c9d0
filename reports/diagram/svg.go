package diagram

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// Style is the text of the SVG's style element.
const Style = `.rt{font-family:"Helvetica Neue","Segoe UI","Liberation Sans",Arial,sans-serif;max-width:100%;height:auto;color-scheme:light dark}
.rt-box{fill:#fff;stroke:#5b6570;stroke-width:1.25}
.rt-seg{fill:#f1f2f3;stroke:#7a838c;stroke-dasharray:4 3}
.rt-dut{fill:#e8f0f8;stroke:#1c4f82;stroke-width:2.5}
.rt-link{fill:none;stroke:#5b6570;stroke-width:1.5}
.rt-name{font-size:14px;font-weight:600;fill:#16191d}
.rt-sub{font-size:11px;fill:#4d5660}
.rt-port{font-size:11px;fill:#16191d;stroke:var(--paper,#fff);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
@media screen and (prefers-color-scheme:dark){
.rt-box{fill:#1d2227;stroke:#98a2ad}
.rt-seg{fill:#262b31;stroke:#8a949e}
.rt-dut{fill:#16314c;stroke:#7db4ea}
.rt-link{stroke:#98a2ad}
.rt-name{fill:#f0f2f4}
.rt-sub{fill:#b4bcc5}
.rt-port{fill:#f0f2f4;stroke:var(--paper,#121518)}
}`

// Letters of a word before it is cut.
const maxName, maxSecond, maxLabel = 18, 24, 14

// SVG draws the topology. The result is a whole SVG file that scales to the width it
// is given, up to its natural size, and can stand in an HTML page as it is.
func SVG(nodes []evidence.NodeInfo, links []evidence.LinkInfo) []byte {
	g := build(nodes, links)
	m := g.measure()
	d := drawing{graph: g, sizes: m, at: g.place(m)}
	d.bounds()
	size := ""
	if d.w > 1100 {
		size = " rt-large"
	}
	d.out("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rt%s\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"%s\">\n",
		size, d.w, d.h, d.w, d.h, escape(g.describe()))
	d.out("<style>%s</style>\n", Style)
	for _, e := range g.edges {
		d.line(e)
	}
	for i := range g.nodes {
		d.node(i)
	}
	for _, e := range g.edges {
		d.ports(e)
	}
	d.out("</svg>\n")
	return d.buf.Bytes()
}

type drawing struct {
	*graph
	sizes
	at   []point
	w, h float64
	buf  bytes.Buffer
}

func (d *drawing) out(format string, args ...any) { fmt.Fprintf(&d.buf, format, args...) }

// bounds moves everything into view and measures it.
func (d *drawing) bounds() {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	grow := func(p point, w, h float64) {
		lo = point{min(lo.x, p.x-w), min(lo.y, p.y-h)}
		hi = point{max(hi.x, p.x+w), max(hi.y, p.y+h)}
	}
	for _, p := range d.at {
		grow(p, d.box/2, d.height/2)
	}
	for _, e := range d.edges {
		if e.a == e.b {
			grow(d.at[e.a], d.box/2, d.height/2+24+10*float64(e.nth))
			continue
		}
		_, c, _ := d.curve(e)
		a, b := d.at[e.a], d.at[e.b]
		grow(point{(a.x+b.x)/4 + c.x/2, (a.y+b.y)/4 + c.y/2}, 4, 14)
	}
	if len(d.at) == 0 {
		lo, hi = point{}, point{}
	}
	for i, p := range d.at {
		d.at[i] = point{p.x - lo.x + margin, p.y - lo.y + margin}
	}
	d.w, d.h = math.Ceil(hi.x-lo.x+2*margin), math.Ceil(hi.y-lo.y+2*margin)
}

// curve gives the ends of a link at the boxes and the control point between them.
// Parallel links leave their boxes side by side and part a little on their way.
func (d *drawing) curve(e edge) (from, control, to point) {
	// They lie the same way whichever end is named first.
	lo, hi := d.at[min(e.a, e.b)], d.at[max(e.a, e.b)]
	dx, dy := hi.x-lo.x, hi.y-lo.y
	length := max(1, math.Hypot(dx, dy))
	across := point{-dy / length, dx / length}
	nth := float64(e.nth) - float64(e.of-1)/2
	beside := func(p point, by float64) point { return point{p.x + across.x*by, p.y + across.y*by} }
	off := nth * d.apart(across)
	a, b := d.at[e.a], d.at[e.b]
	control = beside(point{(a.x + b.x) / 2, (a.y + b.y) / 2}, off+2*nth*bulge)
	from = border(a, beside(a, off), beside(b, off), d.box, d.of(d.nodes[e.a]))
	to = border(b, beside(b, off), beside(a, off), d.box, d.of(d.nodes[e.b]))
	return from, control, to
}

// alias says in brackets what the topology's file calls an interface.
func alias(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

func (d *drawing) line(e edge) {
	title := fmt.Sprintf("%s:%s%s – %s:%s%s", d.nodes[e.a].Name, e.ifa, alias(e.aliasA), d.nodes[e.b].Name, e.ifb, alias(e.aliasB))
	if e.mtu > 0 {
		title += fmt.Sprintf(", MTU %d", e.mtu)
	}
	if e.a == e.b {
		p, r := d.at[e.a], 24+10*float64(e.nth)
		d.out("<path class=\"rt-link\" d=\"M%.1f %.1fc-8 %.1f 40 %.1f 32 0\"><title>%s</title></path>\n",
			p.x-16, p.y-d.height/2, -r, -r, escape(title))
		return
	}
	from, c, to := d.curve(e)
	shape := fmt.Sprintf("L%.1f %.1f", to.x, to.y)
	if e.of > 1 {
		shape = fmt.Sprintf("Q%.1f %.1f %.1f %.1f", c.x, c.y, to.x, to.y)
	}
	d.out("<path class=\"rt-link\" d=\"M%.1f %.1f%s\"><title>%s</title></path>\n", from.x, from.y, shape, escape(title))
}

// ports writes the interface names at the ends of a link.
func (d *drawing) ports(e edge) {
	if e.a == e.b {
		p := d.at[e.a]
		d.port(point{p.x, p.y - d.height/2 - 20 - 8*float64(e.nth)}, e.ifa+" – "+e.ifb)
		return
	}
	from, c, to := d.curve(e)
	d.port(beside(from, c, e.ifa), e.ifa)
	d.port(beside(to, c, e.ifb), e.ifb)
}

// beside is where a name stands next to a box, on the way towards to.
func beside(from, to point, name string) point {
	dx, dy := to.x-from.x, to.y-from.y
	length := max(1, math.Hypot(dx, dy))
	dx, dy = dx/length, dy/length
	half := width(short(name, maxLabel)) * charSmall / 2
	away := min((half+6)/max(math.Abs(dx), 1e-6), 13/max(math.Abs(dy), 1e-6))
	return point{from.x + dx*away, from.y + dy*away}
}

func (d *drawing) port(p point, name string) {
	if name != "" {
		d.text("rt-port", p.x, p.y+4, name, maxLabel)
	}
}

func (d *drawing) text(class string, x, y float64, s string, limit int) {
	title := ""
	if short(s, limit) != s {
		title = "<title>" + escape(s) + "</title>"
	}
	d.out("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s%s</text>\n", class, x, y, escape(short(s, limit)), title)
}

func (d *drawing) node(i int) {
	n, p := d.nodes[i], d.at[i]
	class, round, h := "rt-box", 5.0, d.of(n)
	switch {
	case n.Segment:
		class, round = "rt-box rt-seg", min(h, boxHeight)/2
	case n.Role == "dut":
		class = "rt-box rt-dut"
	}
	if n.Segment && n.Role == "dut" {
		class += " rt-dut"
	}
	d.out("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\"/>\n", class, p.x-d.box/2, p.y-h/2, d.box, h, round)
	y := p.y + 5
	if sub := second(n); n.Segment {
		y = p.y
		d.text("rt-sub", p.x, p.y+12, sub, maxSecond)
	} else if sub != "" {
		y = p.y - 2
		d.text("rt-sub", p.x, p.y+14, sub, maxSecond)
	}
	d.text("rt-name", p.x, y, n.Name, maxName)
}

// second is the second line of a box: whether it is the device under test, and what it runs.
func second(n evidence.NodeInfo) string {
	name := n.Platform
	if name == "" {
		name = n.Kind
	}
	if n.Segment {
		name = "segment"
	}
	name = strings.TrimSpace(name + " " + reports.Version(n.Image))
	if n.Role == "dut" {
		name = strings.TrimSuffix("DUT · "+name, " · ")
	}
	return name
}

// short cuts a word in its middle, where names differ least.
func short(s string, limit int) string {
	r := []rune(reports.Clean(s))
	if len(r) <= limit {
		return string(r)
	}
	return string(r[:limit/2]) + "…" + string(r[len(r)-(limit-1)/2:])
}

func escape(s string) string { return html.EscapeString(reports.Clean(s)) }

// describe is the drawing in words.
func (g *graph) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Topology of %s and %s", reports.Plural(len(g.nodes), "node"), reports.Plural(len(g.edges), "link"))
	for i, e := range g.edges {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %s to %s %s", sep, g.nodes[e.a].Name, e.ifa, g.nodes[e.b].Name, e.ifb)
	}
	return b.String()
}
