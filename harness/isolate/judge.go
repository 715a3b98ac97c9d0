package isolate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// verdict on a candidate.
type verdict int

const (
	keeps   verdict = iota + 1 // it has the failure
	loses                      // it has not
	refused                    // it cannot be tried: not worth a run, or its runs say nothing
)

// Risks of the judge. Alpha guards the failure itself: a false "keeps" loses it. A false
// "loses" costs size only and is mended by the last pass, so the way down is lenient.
const (
	riskKeep    = 0.001
	riskLenient = 0.2
	riskStrict  = 0.005
	runCap      = 400 // runs of one candidate
	invalidCap  = 2   // runs that say nothing, in a row, before a candidate is refused
)

// judge decides candidates by running them.
type judge struct {
	oracle  Oracle
	units   []Unit
	p0, p1  float64 // SPRT: the rate of noise, the rate of the failure
	single  bool    // one run decides
	control int     // runs of the control that an accepted candidate must survive
	counts  map[string]result.Count
	reasons map[string]string // why a candidate's last run said nothing
	tally   *result.Level
	last    named
	outlooks
	patience
	budget
}

// named is a candidate with its key.
type named struct {
	Candidate
	key string
}

// key gives a candidate's key. That of the last one is remembered: a candidate is run many
// times in a row, and a key takes a digest of all that the candidate lacks.
func (j *judge) key(c Candidate) string {
	if j.last.key == "" || j.last.Control != c.Control || !slices.Equal(j.last.Kept, c.Kept) {
		j.last = named{Candidate{Kept: slices.Clone(c.Kept), Control: c.Control}, c.Key(j.units)}
	}
	return j.last.key
}

// try runs a candidate once more, or several times where there are labs and the budget
// has room for it. hit is the expected share of hits, more the runs that follow in any case.
func (j *judge) try(ctx context.Context, c Candidate, n int, hit float64, more int) ([]Result, error) {
	key := j.key(c)
	count := j.counts[key]
	c.Patience = j.bound(key, count)
	n, left := j.affords(n)
	if n == 0 {
		return nil, errBudget
	}
	c.Outlook, c.within = Outlook{Hit: hit, Invalid: saysNothing(count), More: max(more, 0)}, left
	bounded, cancel := left.context(ctx)
	defer cancel()
	results, err := j.oracle.Try(bounded, c, n)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(bounded), errBudget) {
		err = errBudget
	}
	for _, r := range results {
		r.Outcome.CountIn(&count)
		j.learn(key, r)
		j.spend(r.Took)
		j.tally.Runs++
		j.tally.Seconds += r.Took.Seconds()
		if r.Outcome == Invalid || r.Outcome == Other {
			j.tally.Invalid++
			j.reasons[key] = r.Reason
		}
	}
	j.counts[key] = count
	return results, err
}

func (j *judge) count(c Candidate) result.Count { return j.counts[j.key(c)] }

// decide judges a candidate with a risk of a false "loses". What was run of it before
// counts, and so do earlier misses of a larger candidate: one that lacks the failure
// leaves none to those within it.
func (j *judge) decide(ctx context.Context, c Candidate, beta float64, earlier result.Count) (verdict, error) {
	j.tally.Tests++
	if err := j.oracle.Vet(ctx, c); err != nil {
		j.tally.Refused++
		j.reasons[j.key(c)] = err.Error()
		return refused, nil //nolint:nilerr // a refusal is an answer
	}
	v, err := j.ask(ctx, c, beta, earlier)
	if err == nil && v == refused && beta == riskStrict && j.extendAll(c) {
		v, err = j.ask(ctx, c, beta, earlier)
	}
	j.decided(v)
	if v == keeps {
		j.tally.Accepted++
	} else {
		j.tally.Rejected++
	}
	return v, err
}

func (j *judge) ask(ctx context.Context, c Candidate, beta float64, earlier result.Count) (verdict, error) {
	v, err := j.sequential(ctx, c, beta, earlier)
	if err == nil && v == keeps {
		v, err = j.confirm(ctx, c)
	}
	return v, err
}

// extendAll gives a candidate and its control the whole window, and reports whether runs of
// either had given up before.
func (j *judge) extendAll(c Candidate) bool {
	own := j.extend(j.key(c))
	c.Control = true
	control := j.extend(j.key(c))
	return own || control
}

func (j *judge) sequential(ctx context.Context, c Candidate, beta float64, earlier result.Count) (verdict, error) {
	test := stats.SPRT{P0: j.p0, P1: j.p1, Alpha: riskKeep, Beta: beta}
	key, saidNothing := j.key(c), 0
	for {
		n := j.count(c)
		hits, misses := n.Hits+earlier.Hits, n.Misses+earlier.Misses
		switch {
		case j.single && hits > 0:
			return keeps, nil
		case j.single && misses > 0:
			return loses, nil
		case j.single:
		case test.Decide(hits, misses) == stats.High:
			return keeps, nil
		case test.Decide(hits, misses) == stats.Low || n.Runs() >= runCap:
			return loses, nil
		}
		if saidNothing >= invalidCap || n.Valid() == 0 && n.Runs()-j.forgiven[key] >= invalidCap {
			return refused, nil
		}
		more := 0
		if !j.single {
			more = undecided(test, hits, misses) - 1
		}
		results, err := j.try(ctx, c, 1, j.hitOf(hits, misses), more)
		if err != nil {
			return 0, err
		}
		for _, r := range results {
			saidNothing++
			if r.Outcome == Hit || r.Outcome == Miss {
				saidNothing = 0
			}
		}
	}
}

// confirm runs the control of a candidate that shows the failure: where the control shows
// it as well, what is left shows something else, such as a route that is absent because
// nobody is configured to announce it.
func (j *judge) confirm(ctx context.Context, c Candidate) (verdict, error) {
	c.Control = true
	if j.control == 0 {
		return keeps, nil
	}
	if err := j.oracle.Vet(ctx, c); err != nil {
		return refused, nil //nolint:nilerr // a refusal is an answer
	}
	for j.count(c).Valid() < j.control {
		if n := j.count(c); n.Invalid+n.Other-j.forgiven[j.key(c)] >= invalidCap+j.control {
			return refused, nil
		}
		if _, err := j.try(ctx, c, min(1, j.control), j.noise(), 0); err != nil {
			return 0, err
		}
	}
	if j.count(c).Hits > 0 {
		return loses, nil
	}
	return keeps, nil
}

// fresh runs a candidate n times more and returns what these came to. A rate is taken of
// runs that wait for the whole window. At least so many more runs follow these.
func (j *judge) fresh(ctx context.Context, c Candidate, n, more int) (result.Count, error) {
	var count result.Count
	j.unbound[j.key(c)] = true
	for count.Valid() < n {
		results, err := j.try(ctx, c, 1, measured(j.count(c)), n-count.Valid()-1+more)
		for _, r := range results {
			r.Outcome.CountIn(&count)
		}
		if err != nil {
			return count, err
		}
		if count.Invalid+count.Other > n+2*invalidCap {
			return count, fmt.Errorf("%w: %d of %d runs say nothing", ErrBroken, count.Invalid+count.Other, count.Runs())
		}
	}
	return count, nil
}
