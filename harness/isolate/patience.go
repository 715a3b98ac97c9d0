package isolate

import (
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// patience learns how long a baseline takes that comes, so that a run whose baseline is
// broken need not wait for the scenario's whole window. With M the longest that the n
// baselines took that came, a run gives up after
//
//	2 M + 2 s
//
// No hit is lost by it:
//
//  1. A run that gave up is no miss. It says nothing, as one whose window ended.
//  2. Only candidates of which no run has come to its baseline are bounded. One valid run,
//     and every later run of it waits for the whole window: whatever slow baselines have to
//     do with the failure, all that a rate can lack is runs before the first valid one.
//  3. A candidate whose baseline takes no longer than those that were measured is refused
//     when two runs of it, one after the other, take longer than 2 M + 2 s. Both are then the
//     longest two of n+2, which has the chance 2/((n+1)(n+2)) whatever the distribution of
//     the times (each order of n+2 exchangeable times is as likely as any other): 5 % at n = 5,
//     2 % at n = 10. It is less by the margin, and costs size only.
//  4. What is left at the end does not depend on M at all: in the last pass a part whose
//     removal was refused while runs gave up is tried once more with the whole window, and
//     where the baseline comes then, it is judged like any other. So every part that is
//     called needed, because nothing came of the case without it, was left out of a run that
//     waited as long as the scenario says.
type patience struct {
	seen    int
	longest time.Duration
	unbound map[string]bool // candidates that wait for the whole window, by key
	gaveUp  map[string]int  // runs that did not wait for it, by key
	// forgiven are runs by key that do not count against the candidate: what they said is
	// asked again, with the whole window.
	forgiven map[string]int
}

// learnFrom is the number of baselines to see before one is given up.
const learnFrom = 5

// slack is what is added to twice the longest baseline: conditions are looked at once a
// second or so.
const slack = 2 * time.Second

func newPatience() patience {
	return patience{unbound: map[string]bool{}, gaveUp: map[string]int{}, forgiven: map[string]int{}}
}

// bound gives the patience with the next runs of a candidate; 0 is the whole window.
func (p *patience) bound(key string, n result.Count) time.Duration {
	if p.seen < learnFrom || p.unbound[key] || n.Valid() > 0 {
		return 0
	}
	return 2*p.longest + slack
}

func (p *patience) learn(key string, r Result) {
	if r.GaveUp {
		p.gaveUp[key]++
	}
	if r.Baseline > 0 {
		p.seen++
		p.longest = max(p.longest, r.Baseline)
	}
}

// extend has a candidate wait for the whole window from now on, where runs of it gave up
// before; it reports whether there is something to ask again.
func (p *patience) extend(key string) bool {
	if p.gaveUp[key] == 0 || p.unbound[key] {
		return false
	}
	p.unbound[key] = true
	p.forgiven[key] = 1
	return true
}
