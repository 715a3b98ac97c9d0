package isolate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/reprise-lab/reprise/harness/result"
)

// Version is one point at which a failure may have come in.
type Version struct {
	Name string
	// Parents are the versions it was made from, by index: a failure that came in with a
	// version is in everything made from it. Nil means the version before it in the list.
	Parents []int
	// Prior is the weight of "it came in here" before anything is run; 0 means 1.
	Prior float64
}

// BisectOptions are the choices of a bisection; zero values take the defaults.
type BisectOptions struct {
	Confidence float64 // default 0.99
	// Bad and Good are runs made before of the newest and of the oldest version. They sharpen
	// the rates, which are never taken as known. Hits of the newest rule out that no version
	// fails, and runs of the oldest without a hit that it fails already.
	Bad, Good result.Count
	// OneSided takes a hit for proof, nearly: a version without the failure is held to show
	// it once in specificRuns. It is for symptoms that nothing else can show, such as the
	// signature of a crash, after a control without a hit.
	OneSided bool
	Cap      int // most runs; default 1000
	// OnStep is told the posterior after each run.
	OnStep func(BisectStep)
}

// BisectStep is one run of a bisection.
type BisectStep struct {
	Runs      int
	Version   int // that was run
	Outcome   Outcome
	Posterior []float64 // by version; the last is that no version fails
}

// Bisection is the answer.
type Bisection struct {
	Posterior []float64 // by version: it came in here; the last is that it came in nowhere
	// First is the version that the failure came in with. Range holds those that cannot be
	// told from it, because they could not be run, itself among them, in order.
	First      int
	Range      []int
	Confidence float64        // the posterior of the range
	Counts     []result.Count // by version
	Dead       []bool         // could not be run
	Runs       int
	Decided    bool // the confidence asked for was reached, and the ends are not alike
	// Alike says of ends that were measured before: their runs do not exclude, at the confidence asked for, that the
	// failure shows as often in the oldest version as in the newest.
	Alike     bool
	Good, Bad result.Count
}

// VersionUnits gives the units that name versions to a Recorder and an Oracle: the
// candidate of a version keeps that one only.
func VersionUnits(versions []Version) []Unit {
	units := make([]Unit, len(versions))
	for i, v := range versions {
		units[i] = Unit{ID: v.Name, Kind: Node, Parent: -1}
	}
	return units
}

// Jeffreys' prior of an unknown rate. A flatter or sharper one makes the answer
// overconfident on few runs.
const jeffreys = 0.5

// specificRuns are the clean runs that OneSided adds to those of the good side.
const specificRuns = 20000

// nowhere is the prior of "no version fails", and of "it fails in the first already".
const nowhere = 0.02

// Bisect finds the version that a failure came in with, in a list from old to new, when
// runs of a failing version fail sometimes only. It keeps a posterior over where the
// failure came in, with both rates integrated out (Beta-Bernoulli), and runs the version
// whose outcome is expected to leave the least entropy. A version that cannot be run is
// passed over, and reported in a range with its successor.
func Bisect(ctx context.Context, versions []Version, o Oracle, opt BisectOptions) (*Bisection, error) {
	if len(versions) < 2 {
		return nil, fmt.Errorf("bisect %d versions: there must be two at least", len(versions))
	}
	if opt.Confidence == 0 {
		opt.Confidence = 0.99
	}
	if opt.Cap == 0 {
		opt.Cap = 1000
	}
	b := newBisector(versions, opt)
	for {
		b.update()
		best, ok := b.answer()
		b.out.Alike = b.alike()
		if ok && !b.out.Alike || b.out.Runs >= opt.Cap {
			b.out.Decided = ok && !b.out.Alike
			b.out.First = best
			return &b.out, nil
		}
		v := b.next()
		if ok {
			v = b.lesserEnd()
		}
		if v < 0 {
			best, _ := b.answer()
			b.out.First = best
			return &b.out, nil
		}
		if err := b.run(ctx, o, v); err != nil {
			b.update()
			b.out.First, _ = b.answer()
			return &b.out, err
		}
	}
}

type bisector struct {
	opt    BisectOptions
	n      int
	bad    [][]bool // by hypothesis, by version: it fails
	prior  []float64
	groups [][]int // hypotheses that no version that runs can tell apart
	dead   []bool  // the versions that did not run when the groups were made
	hit    float64 // the expected share of hits of the version that is run next
	out    Bisection
}

func newBisector(versions []Version, opt BisectOptions) *bisector {
	n := len(versions)
	b := &bisector{opt: opt, n: n, prior: make([]float64, n+1), out: Bisection{Counts: make([]result.Count, n), Dead: make([]bool, n), Posterior: make([]float64, n+1)}}
	b.opt.Good.Misses += b.specific()
	b.bad = make([][]bool, n+1)
	total := 0.0
	for i, v := range versions {
		b.prior[i] = v.Prior
		if v.Prior == 0 {
			b.prior[i] = 1
		}
		total += b.prior[i]
	}
	b.prior[n], b.prior[0] = nowhere*total, min(b.prior[0], nowhere*total)
	if opt.Bad.Hits > 0 {
		b.prior[n] = 0
	}
	if opt.Good.Valid() > 0 && opt.Good.Hits == 0 {
		b.prior[0] = 0
	}
	for h := range n + 1 {
		b.bad[h] = make([]bool, n)
		for v := range n {
			switch {
			case h == v:
				b.bad[h][v] = true
			case versions[v].Parents == nil && v > 0:
				b.bad[h][v] = b.bad[h][v-1]
			default:
				b.bad[h][v] = slices.ContainsFunc(versions[v].Parents, func(p int) bool { return p < v && b.bad[h][p] })
			}
		}
	}
	return b
}

// sides are the runs of the versions that a hypothesis calls good and bad.
func (b *bisector) sides(h int) (good, bad result.Count) {
	good, bad = b.opt.Good, b.opt.Bad
	for v, c := range b.out.Counts {
		side := &good
		if b.bad[h][v] {
			side = &bad
		}
		side.Hits += c.Hits
		side.Misses += c.Misses
	}
	return good, bad
}

// lnMarginal is the probability of hits and misses with the rate integrated out:
// B(hits+a, misses+a)/B(a, a) up to a constant.
func lnMarginal(c result.Count) float64 {
	x, _ := math.Lgamma(float64(c.Hits) + jeffreys)
	y, _ := math.Lgamma(float64(c.Misses) + jeffreys)
	z, _ := math.Lgamma(float64(c.Valid()) + 2*jeffreys)
	return x + y - z
}

func mean(c result.Count) float64 {
	return (float64(c.Hits) + jeffreys) / (float64(c.Valid()) + 2*jeffreys)
}

// update computes the posterior. A hypothesis under which failing versions fail no more
// often than good ones explains nothing: it takes the probability of one rate for both.
func (b *bisector) update() {
	most := math.Inf(-1)
	ln := make([]float64, b.n+1)
	for h := range ln {
		good, bad := b.sides(h)
		ln[h] = math.Log(b.prior[h]) + lnMarginal(good) + lnMarginal(bad)
		if mean(bad) < mean(good) {
			ln[h] += math.Log(1e-6)
		}
		most = max(most, ln[h])
	}
	sum := 0.0
	for h := range ln {
		ln[h] = math.Exp(ln[h] - most)
		sum += ln[h]
	}
	for h := range ln {
		b.out.Posterior[h] = ln[h] / sum
	}
	b.group()
}

// group puts hypotheses together that differ in versions only that cannot be run.
func (b *bisector) group() {
	if b.dead != nil && slices.Equal(b.dead, b.out.Dead) {
		return
	}
	b.groups, b.dead = nil, slices.Clone(b.out.Dead)
	seen := map[string]int{}
	for h := range b.bad {
		key := make([]byte, 0, b.n)
		for v := range b.n {
			if !b.out.Dead[v] {
				key = append(key, map[bool]byte{true: '1', false: '0'}[b.bad[h][v]])
			}
		}
		g, ok := seen[string(key)]
		if !ok {
			g = len(b.groups)
			seen[string(key)] = g
			b.groups = append(b.groups, nil)
		}
		b.groups[g] = append(b.groups[g], h)
	}
}

// ends are the first and the last version that can be run, with all runs of each; no runs where there is none.
func (b *bisector) ends() (first, last int, good, bad result.Count) {
	first, last = slices.Index(b.out.Dead, false), -1
	for v, dead := range b.out.Dead {
		if !dead {
			last = v
		}
	}
	if first >= 0 {
		good, bad = b.opt.Good.Plus(b.out.Counts[first]), b.opt.Bad.Plus(b.out.Counts[last])
	}
	return first, last, good, bad
}

// alike reports whether it may be that the failure shows as often at both ends of the list, where they were measured
// before: the posterior takes it for certain that they differ, and a handful of runs does not make it so. How many times
// likelier the runs of the ends are with two rates than with one is an e-value, which may be looked at after every run:
// if the rates are the same it is ever 1/(1-confidence) with a chance of 1-confidence at most (Ville's inequality; Grünwald
// and others, Safe Testing, 2020).
func (b *bisector) alike() bool {
	if b.opt.Good.Valid() == b.specific() || b.opt.Bad.Valid() == 0 {
		return false
	}
	_, _, good, bad := b.ends()
	known := result.Count{Misses: b.specific()}
	both := good.Plus(bad)
	both.Misses -= known.Misses
	more := lnMarginal(good) - lnMarginal(known) + lnMarginal(bad) - lnMarginal(both)
	return mean(bad) <= mean(good) || more < -math.Log(1-b.opt.Confidence)
}

// specific is how many clean runs stand for what is known of the good side beforehand.
func (b *bisector) specific() int {
	if b.opt.OneSided {
		return specificRuns
	}
	return 0
}

// lesserEnd is the end of the list with fewer runs; below 0: there is none.
func (b *bisector) lesserEnd() int {
	first, last, good, bad := b.ends()
	if good.Valid()-b.specific() < bad.Valid() {
		return first
	}
	return last
}

// answer gives the likeliest version, and whether it is likely enough.
func (b *bisector) answer() (int, bool) {
	best, most := 0, -1.0
	for g, hs := range b.groups {
		p := 0.0
		for _, h := range hs {
			p += b.out.Posterior[h]
		}
		if p > most {
			best, most = g, p
		}
	}
	b.out.Range, b.out.Confidence = b.groups[best], most
	first := b.out.Range[len(b.out.Range)-1]
	for _, h := range b.out.Range {
		if h < b.n && !b.out.Dead[h] {
			first = h
		}
	}
	b.out.Good, b.out.Bad = b.sides(first)
	b.out.Good.Misses -= b.specific()
	return first, most >= b.opt.Confidence
}

// next chooses the version whose outcome is expected to leave the least entropy, -1 when
// none can be run.
func (b *bisector) next() int {
	best, least := -1, math.Inf(1)
	type rates struct{ good, bad float64 }
	by := make([]rates, b.n+1)
	for h := range by {
		good, bad := b.sides(h)
		by[h] = rates{mean(good), mean(bad)}
	}
	for v := range b.n {
		if b.out.Dead[v] {
			continue
		}
		var pHit, eHit, eMiss float64
		for h, p := range b.out.Posterior {
			rate := by[h].good
			if b.bad[h][v] {
				rate = by[h].bad
			}
			hit, miss := p*rate, p*(1-rate)
			pHit += hit
			eHit -= xlnx(hit)
			eMiss -= xlnx(miss)
		}
		// H(h | outcome) = -sum p(h,o) ln p(h,o) + sum p(o) ln p(o)
		if e := eHit + eMiss + xlnx(pHit) + xlnx(1-pHit); e < least-1e-12 {
			best, least, b.hit = v, e, pHit
		}
	}
	return best
}

func xlnx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}

func (b *bisector) run(ctx context.Context, o Oracle, v int) error {
	c := Candidate{Kept: make([]bool, b.n)}
	c.Kept[v] = true
	c.Outlook = Outlook{Hit: min(max(b.hit, leastShare), mostShare), Invalid: saysNothing(b.out.Counts[v])}
	if err := o.Vet(ctx, c); err != nil {
		b.out.Dead[v] = true
		return nil //nolint:nilerr // a version that cannot be had is passed over
	}
	results, err := o.Try(ctx, c, 1)
	for _, r := range results {
		b.out.Runs++
		r.Outcome.CountIn(&b.out.Counts[v])
		n := b.out.Counts[v]
		b.out.Dead[v] = n.Valid() == 0 && n.Runs() >= invalidCap
		if b.opt.OnStep != nil {
			b.update()
			b.opt.OnStep(BisectStep{Runs: b.out.Runs, Version: v, Outcome: r.Outcome, Posterior: slices.Clone(b.out.Posterior)})
		}
	}
	return err
}
