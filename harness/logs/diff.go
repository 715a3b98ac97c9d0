package logs

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// familywise is the chance of a perfect split by luck, over all templates, that is borne.
const familywise = 0.05

// DiffOptions are what Diff goes by. The zero value is the whole of each log, and all of the list.
type DiffOptions struct {
	// Window leaves out lines before the first and after the second time since the stimulus began; nil
	// none. Lines whose time is not known are then left out too, and counted.
	Window *[2]time.Duration
	Limit  int // of the list; 0 none
}

// Supports is how many templates so many trials support: the chance that one splits them without a fault by
// luck is 1/C(F+P, F), and of all together it must be below 5 %.
func Supports(failing, clean int) float64 {
	a, _ := math.Lgamma(float64(failing + clean + 1))
	b, _ := math.Lgamma(float64(failing + 1))
	c, _ := math.Lgamma(float64(clean + 1))
	return math.Floor(familywise*math.Exp(a-b-c) + 1e-6)
}

// Diff ranks what separates the failing trials from the clean ones: those that did not
// reproduce. One whose logs are all empty tells of no message that it is missing, and is not used. Trials of a control are clean ones only where the others are too few; what failing
// trials share with them is put behind the rest. A trial with any other verdict is not used.
func Diff(trials []Trial, o DiffOptions) (result.LogDiff, error) {
	d := differ{o: o, set: NewSet(0), rows: map[rowKey]*row{}}
	d.choose(trials)
	for i := range d.trials {
		if err := d.read(i); err != nil {
			return d.out, err
		}
	}
	d.pool()
	d.rank()
	d.divergences()
	return d.out, nil
}

// differ is a comparison under way. Its trials are the failing ones, then the clean ones, then
// those of the control.
type differ struct {
	o              DiffOptions
	out            result.LogDiff
	trials         []Trial
	failing, clean int // clean ones are those before the control's
	set            *Set
	rows           map[rowKey]*row
	sequences      map[sequenceKey][][]step // by trial
}

type rowKey struct{ node, id string }

// row is what trials have of one template of one node.
type row struct {
	template Template
	node     string
	counts   []int
	first    []time.Duration // where timed
	timed    []bool
	severity Severity
	example  map[int]result.LogPlace // by trial, of its first line
}

type sequenceKey struct{ node, file string }

type step struct {
	id    *Template
	at    time.Duration
	place result.LogPlace // without its text
}

// choose parts the trials.
func (d *differ) choose(trials []Trial) {
	var failing, clean, control []Trial
	for _, t := range trials {
		switch {
		case t.empty():
			d.out.Left = append(d.out.Left, fmt.Sprintf("%s trial %d: its logs are empty", t.Run, t.Number))
		case t.Verdict == evidence.Reproduced && !t.Control:
			failing = append(failing, t)
		case t.Verdict == evidence.NotReproduced && !t.Control:
			clean = append(clean, t)
		case t.Verdict == evidence.NotReproduced:
			control = append(control, t)
		default:
			why := string(t.Verdict)
			if why == "" {
				why = "not judged"
			} else if t.Control && t.Verdict == evidence.Reproduced {
				why = "the control reproduced"
			}
			d.out.Left = append(d.out.Left, fmt.Sprintf("%s trial %d: %s", t.Run, t.Number, why))
		}
	}
	d.trials = slices.Concat(failing, clean, control)
	d.failing, d.clean = len(failing), len(clean)
	d.out.Failing, d.out.Control = len(failing), len(control)
	d.sequences = map[sequenceKey][][]step{}
	d.out.Ranked, d.out.Divergences, d.out.Clocks = []result.LogRank{}, []result.LogDivergence{}, []result.LogClock{}
}

// read takes in the lines of a trial.
func (d *differ) read(i int) error {
	t := d.trials[i]
	for _, n := range t.Nodes {
		if !slices.ContainsFunc(d.out.Clocks, func(c result.LogClock) bool { return c.Node == n.Name && c.Basis == n.Clock.Basis }) {
			d.out.Clocks = append(d.out.Clocks, n.Clock)
		}
	}
	var c compaction
	for e, err := range t.Lines() {
		if err != nil {
			return err
		}
		if e.Number == 1 {
			c = compaction{}
		}
		if e.Text == "" || !d.within(t, e) {
			continue
		}
		d.out.Lines++
		if !e.Parsed() {
			d.out.Unparsed++
		}
		if e.Repeats > 0 {
			c.repeats(i, e.Line)
			continue
		}
		if r := d.add(i, t, e); r != nil {
			c.message(i, e.Line, r)
		}
	}
	return nil
}

// compaction counts for messages what was written instead of them. That stands behind its message, and
// before it in a log that has the newest line first.
type compaction struct {
	last       *row
	key        string
	pending    int // for the next message of pendingKey
	pendingKey string
}

func (c *compaction) repeats(trial int, l *Line) {
	key := keyOf(l)
	if c.last != nil && (key == "" || key == c.key) {
		c.last.counts[trial] += l.Repeats
		return
	}
	c.pending, c.pendingKey = l.Repeats, key
}

func (c *compaction) message(trial int, l *Line, r *row) {
	c.last, c.key = r, keyOf(l)
	if c.pending > 0 && c.key == c.pendingKey {
		r.counts[trial] += c.pending
	}
	c.pending = 0
}

func (d *differ) within(t Trial, e Entry) bool {
	if d.o.Window == nil {
		return true
	}
	if !e.Timed || !t.Began {
		d.out.Unaligned++
		return false
	}
	at := e.At - t.T0
	return at >= d.o.Window[0] && at <= d.o.Window[1]
}

func (d *differ) add(i int, t Trial, e Entry) *row {
	template := d.set.Of(e.Line)
	key := rowKey{e.Node, template.ID}
	r := d.rows[key]
	if r == nil {
		if len(d.rows) >= MaxTemplates {
			d.out.Dropped++
			return nil
		}
		r = newRow(*template, e.Node, len(d.trials))
		d.rows[key] = r
	}
	at := e.At - t.T0
	known := e.Timed && t.Began
	if r.counts[i] == 0 {
		r.example[i] = placeOf(e.Line)
	}
	r.counts[i] += max(e.Times, 1)
	if known && (!r.timed[i] || at < r.first[i]) {
		r.first[i], r.timed[i] = at, true
	}
	r.worse(e.Severity)
	if known && at >= 0 {
		d.follow(i, e, template, at)
	}
	return r
}

func newRow(t Template, node string, trials int) *row {
	return &row{template: t, node: node, counts: make([]int, trials), first: make([]time.Duration, trials), timed: make([]bool, trials), example: map[int]result.LogPlace{}}
}

func (r *row) worse(s Severity) {
	if s != NoSeverity && (r.severity == NoSeverity || s < r.severity) {
		r.severity = s
	}
}

// maxSteps is how many lines after the stimulus are compared in their order.
const maxSteps = 5000

func (d *differ) follow(i int, e Entry, t *Template, at time.Duration) {
	key := sequenceKey{e.Node, filepath.Base(e.File)}
	if d.sequences[key] == nil {
		d.sequences[key] = make([][]step, len(d.trials))
	}
	if s := d.sequences[key]; len(s[i]) < maxSteps {
		s[i] = append(s[i], step{t, at, result.LogPlace{File: e.File, Line: e.Number, Offset: e.Offset}})
	}
}

// placeOf is where a line is, with a bounded text.
func placeOf(l *Line) result.LogPlace {
	return result.LogPlace{File: l.File, Line: l.Number, Offset: l.Offset, Text: evidence.Bounded(l.Raw, 300)}
}

// pool decides what the clean trials are: the run's own, and those of the control too where
// they alone do not support so many templates.
func (d *differ) pool() {
	d.out.Templates = len(d.rows)
	d.out.CleanFrom = "run"
	if d.clean == 0 || Supports(d.failing, d.clean) < float64(len(d.rows)) {
		if len(d.trials) > d.failing+d.clean {
			d.out.CleanFrom = "both"
			if d.clean == 0 {
				d.out.CleanFrom = "control"
			}
			d.clean = len(d.trials) - d.failing
		}
	}
	d.out.Clean = d.clean
	d.out.Supports = Supports(d.failing, d.clean)
}

// group is the rows with one vector.
type group struct {
	result.LogRank
	rows []*row
}

// rank makes the list.
func (d *differ) rank() {
	if d.failing == 0 || d.clean == 0 {
		d.out.Why = fmt.Sprintf("%d failing and %d clean trials: there is nothing to compare", d.failing, d.clean)
		return
	}
	groups := map[string]*group{}
	var rows []*row
	for _, key := range slices.SortedFunc(maps.Keys(d.rows), func(a, b rowKey) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.id, b.id))
	}) {
		rows = append(rows, d.rows[key])
	}
	for _, r := range append(rows, d.joined(rows)...) {
		kind, vector := d.vector(r)
		if kind == "" {
			continue
		}
		judged := d.judge(r, kind, vector)
		key := fmt.Sprint(kind, vector, judged.Demoted)
		if groups[key] == nil {
			groups[key] = &group{LogRank: judged}
		}
		groups[key].rows = append(groups[key].rows, r)
	}
	list := slices.Collect(maps.Values(groups))
	for _, g := range list {
		d.describe(g)
	}
	adjust(list)
	slices.SortFunc(list, before)
	d.out.Tests = len(list)
	d.out.Enough = float64(d.out.Tests) <= d.out.Supports
	d.out.Why = fmt.Sprintf("%d failing and %d clean trials support %.0f templates that come in different trials, and there are %d", d.failing, d.clean, d.out.Supports, d.out.Tests)
	if !d.out.Enough {
		d.out.Why = "too few runs to tell: " + d.out.Why
	}
	for i, g := range list {
		if d.o.Limit > 0 && i == d.o.Limit {
			d.out.More = len(list) - i
			break
		}
		g.Rank = i + 1
		d.out.Ranked = append(d.out.Ranked, g.LogRank)
	}
}

// vector is which trials have a template, or, where all have it, which have it more often than
// the median; an empty kind where that does not differ.
func (d *differ) vector(r *row) (kind, vector string) {
	counts := r.counts[:d.failing+d.clean]
	bits := make([]byte, len(counts))
	above := func(most int) (n int) {
		for i, c := range counts {
			bits[i] = '0'
			if c > most {
				bits[i] = '1'
				n++
			}
		}
		return n
	}
	switch n := above(0); n {
	case 0:
		return "", ""
	case len(counts):
		sorted := slices.Sorted(slices.Values(counts))
		if n = above(sorted[(len(sorted)-1)/2]); n == 0 {
			return "", ""
		}
		return "count", string(bits)
	}
	return "presence", string(bits)
}

// judge gives a vector its score and its chance.
func (d *differ) judge(r *row, kind, vector string) result.LogRank {
	f := strings.Count(vector[:d.failing], "1")
	p := strings.Count(vector[d.failing:], "1")
	g := result.LogRank{Kind: kind, Failing: f, Clean: p, P: stats.FisherTwoSided(f, d.failing, p, d.clean)}
	more := f*d.clean >= p*d.failing
	if kind == "presence" {
		g.Kind = "more"
		if !more {
			g.Kind = "missing"
		}
	}
	if !more { // what speaks for failing is that it is not there
		f, p = d.failing-f, d.clean-p
	}
	g.Score = ochiai(f, d.failing-f, p)
	for _, c := range r.counts[len(r.counts)-d.out.Control:] {
		if c > 0 {
			g.Control++
		}
	}
	g.Demoted = d.demoted(g)
	return g
}

// demoted reports whether the trials of the control have at least half as often what failing trials have. A control that is among the clean trials has its say there.
func (d *differ) demoted(g result.LogRank) bool {
	all := d.out.Control
	if d.out.CleanFrom != "run" || all == 0 {
		return false
	}
	switch g.Kind {
	case "more":
		return 2*g.Control*d.failing >= g.Failing*all
	case "missing":
		return 2*(all-g.Control)*d.failing >= (d.failing-g.Failing)*all
	}
	return false
}

// ochiai is a_ef / sqrt((a_ef + a_nf) (a_ef + a_ep)).
func ochiai(ef, nf, ep int) float64 {
	if ef == 0 {
		return 0
	}
	return float64(ef) / math.Sqrt(float64(ef+nf)*float64(ef+ep))
}

// describe takes the template that says most for a group: the worst, and of these the earliest.
func (d *differ) describe(g *group) {
	from, to := 0, d.failing // the trials that speak for it
	if g.Kind == "missing" {
		from, to = d.failing, d.failing+d.clean
	}
	first := func(r *row) (time.Duration, bool) {
		var at []time.Duration
		for i := from; i < to; i++ {
			if r.timed[i] {
				at = append(at, r.first[i])
			}
		}
		return median(at), len(at) > 0
	}
	slices.SortStableFunc(g.rows, func(a, b *row) int {
		x, xok := first(a)
		y, yok := first(b)
		if !xok {
			x = math.MaxInt64
		}
		if !yok {
			y = math.MaxInt64
		}
		return cmp.Or(cmp.Compare(a.severityOrder(), b.severityOrder()), after(x, y), cmp.Compare(x, y))
	})
	r := g.rows[0]
	g.Node, g.ID, g.Template, g.Severity = r.node, r.template.ID, r.template.String(), r.severity.String()
	g.SinceT0, g.AtT0 = first(r)
	g.Counts = [2]float64{middle(r.counts[:d.failing]), middle(r.counts[d.failing : d.failing+d.clean])}
	for i := from; i < to; i++ {
		if p, ok := r.example[i]; ok {
			g.Example = p
			break
		}
	}
	for _, o := range g.rows[1:] {
		g.Together = append(g.Together, result.LogTogether{Node: o.node, ID: o.template.ID, Template: o.template.String()})
	}
}

// after puts what came since the stimulus before what came earlier.
func after(a, b time.Duration) int {
	switch {
	case a >= 0 && b < 0:
		return -1
	case a < 0 && b >= 0:
		return 1
	}
	return 0
}

func median(of []time.Duration) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[(len(of)-1)/2]
}

func middle(of []int) float64 {
	s := slices.Sorted(slices.Values(of))
	n := len(s)
	return float64(s[(n-1)/2]+s[n/2]) / 2
}

// adjust gives each group its q-value (Benjamini and Hochberg 1995).
func adjust(list []*group) {
	slices.SortFunc(list, func(a, b *group) int { return cmp.Compare(b.P, a.P) })
	q := 1.0
	for i, g := range list {
		q = min(q, g.P*float64(len(list))/float64(len(list)-i))
		g.Q = q
	}
}

func before(a, b *group) int {
	if a.Demoted != b.Demoted {
		if b.Demoted {
			return -1
		}
		return 1
	}
	at := func(g *group) time.Duration {
		if g.AtT0 {
			return g.SinceT0
		}
		return math.MaxInt64
	}
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.P, b.P), cmp.Compare(a.rows[0].severityOrder(), b.rows[0].severityOrder()),
		cmp.Compare(at(a), at(b)), cmp.Compare(a.Node, b.Node), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
}

func (r *row) severityOrder() Severity { return cmp.Or(r.severity, Debug+1) }

// joined are the clusters of each node's templates that say more together than any of them alone.
func (d *differ) joined(rows []*row) (more []*row) {
	byNode := map[string][]Template{}
	for _, r := range rows {
		byNode[r.node] = append(byNode[r.node], r.template)
	}
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		for _, c := range Clusters(byNode[node]) {
			r := newRow(c.Template, node, len(d.trials))

			best := 0.0
			for _, m := range c.Members {
				part := d.rows[rowKey{node, m.ID}]
				r.join(part)
				if kind, vector := d.vector(part); kind != "" {
					best = max(best, d.judge(part, kind, vector).Score)
				}
			}
			if kind, vector := d.vector(r); kind != "" && d.judge(r, kind, vector).Score > best {
				more = append(more, r)
			}
		}
	}
	return more
}

// join adds what trials have of another template.
func (r *row) join(o *row) {
	for i, c := range o.counts {
		if c == 0 {
			continue
		}
		if r.counts[i] == 0 {
			r.example[i] = o.example[i]
		}
		r.counts[i] += c
		if o.timed[i] && (!r.timed[i] || o.first[i] < r.first[i]) {
			r.first[i], r.timed[i] = o.first[i], true
		}
	}
	r.worse(o.severity)
}
