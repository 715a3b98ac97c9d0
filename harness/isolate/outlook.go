package isolate

import (
	"math/bits"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// outlooks learn how likely a candidate keeps the failure before anything of it was run: as
// likely as others of which as many parts were taken out. What they say is for who tries ahead;
// nothing is decided by it.
type outlooks struct {
	of    class
	known map[class]*odds
}

// class is a group of candidates that are alike before a run.
type class struct {
	parts  int  // taken out: the bits of their number
	strict bool // asked for in the last pass
}

// odds count what came of a class.
type odds struct{ keeps, all float64 }

func newOutlooks() outlooks { return outlooks{known: map[class]*odds{}} }

// about says which candidate is decided next.
func (o *outlooks) about(parts int, beta float64) {
	o.of = class{bits.Len(uint(parts)), beta == riskStrict}
	if o.known[o.of] != nil {
		return
	}
	first := &odds{keeps: 1, all: 2}
	if o.of.strict {
		first = &odds{keeps: 1, all: 4} // what is left at last is needed, mostly
	}
	o.known[o.of] = first
}

// decided learns what came of the candidate.
func (o *outlooks) decided(v verdict) {
	if c := o.known[o.of]; c != nil {
		c.all++
		if v == keeps {
			c.keeps++
		}
	}
}

// Shares that an expectation is kept between: no answer is impossible.
const (
	leastShare = 0.01
	mostShare  = 0.99
)

// hitOf is how likely the next run of the candidate is a hit, by Bayes' theorem: it has the
// failure at its measured rate, or the noise.
func (j *judge) hitOf(hits, misses int) float64 {
	prior, rate, noise := 0.5, min(max(j.p1/failureRate, leastShare), mostShare), j.noise()
	if c := j.known[j.of]; c != nil {
		prior = c.keeps / c.all
	}
	keep, lose := prior, 1-prior
	for range min(hits, runCap) {
		keep, lose = scaled(keep*rate, lose*noise)
	}
	for range min(misses, runCap) {
		keep, lose = scaled(keep*(1-rate), lose*(1-noise))
	}
	return (keep*rate + lose*noise) / (keep + lose)
}

// scaled keeps two weights from vanishing.
func scaled(a, b float64) (float64, float64) {
	sum := a + b
	return a / sum, b / sum
}

// noise is the expected share of hits of what lacks the failure.
func (j *judge) noise() float64 { return min(max(j.p0/noiseFactor, leastShare), mostShare) }

// measured is the expected share of hits of a candidate that is run for its rate.
func measured(n result.Count) float64 {
	return min(max((float64(n.Hits)+jeffreys)/(float64(n.Valid())+2*jeffreys), leastShare), mostShare)
}

// saysNothing is the expected share of runs that say nothing: few, until one does.
func saysNothing(n result.Count) float64 {
	return (float64(n.Runs()-n.Valid()) + leastShare) / (float64(n.Runs()) + 20*leastShare)
}

// undecided is the number of runs that a sequential test needs at least to come to an end.
func undecided(test stats.SPRT, hits, misses int) int {
	down := max(test.Misses(hits)-misses, 0)
	for n := range down {
		if test.Decide(hits+n, misses) == stats.High {
			return n
		}
	}
	return down
}
