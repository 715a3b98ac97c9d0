package isolate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// Outcome of one run of a candidate. The zero value is invalid.
type Outcome string

// Outcomes. Only Hit and Miss enter a rate.
const (
	Hit     Outcome = "hit"
	Miss    Outcome = "miss"
	Invalid Outcome = "invalid" // the run says nothing: baseline, stimulus, probe or lab failed
	Other   Outcome = "other"   // another failure: a side find, never a hit
)

// UnmarshalText accepts the known words only.
func (o *Outcome) UnmarshalText(b []byte) error {
	if !slices.Contains([]Outcome{Hit, Miss, Invalid, Other}, Outcome(b)) {
		return fmt.Errorf("unknown outcome %q", b)
	}
	*o = Outcome(b)
	return nil
}

// Result is one run.
type Result struct {
	Outcome Outcome       `json:"outcome"`
	Took    time.Duration `json:"took"`
	Reason  string        `json:"reason,omitempty"`
	Where   string        `json:"where,omitempty"` // where its evidence is
	// Baseline is how long the baseline took to hold; 0 where it did not.
	Baseline time.Duration `json:"baseline,omitempty"`
	// GaveUp says that the run did not wait for the baseline's whole window.
	GaveUp bool `json:"gave-up,omitempty"`
	// Failures are those that no symptom asks about.
	Failures []evidence.Failure `json:"failures,omitempty"`
}

// Oracle tries candidates.
type Oracle interface {
	// Vet tells, without a run, why a candidate cannot be tried; nil means it can.
	Vet(ctx context.Context, c Candidate) error
	// Try runs a candidate n times, side by side where there are labs for it, and returns n
	// results. An error ends the search; what is recorded is kept. A run whose baseline takes
	// longer than the candidate's Patience is given up, and says nothing.
	Try(ctx context.Context, c Candidate, n int) ([]Result, error)
}

// Labs are where the runs of candidates are carried out, side by side.
type Labs interface {
	// Vet is that of an Oracle. It is asked for one candidate at a time, also while runs are under way.
	Vet(ctx context.Context, c Candidate) error
	// Run carries out a run of a candidate, its nth from 1, in the lab of a number from 1 on: no two
	// runs are in the same lab at once. When ctx ends, nobody wants the run any more, and it is to
	// be broken off; what is known of it then, such as where its evidence is, stands beside the
	// error. The same run may be asked for again after it was broken off or thrown away.
	Run(ctx context.Context, lab int, c Candidate, nth int) (Result, error)
}

// CountIn counts one more run.
func (o Outcome) CountIn(c *result.Count) {
	switch o {
	case Hit:
		c.Hits++
	case Miss:
		c.Misses++
	case Other:
		c.Other++
	default:
		c.Invalid++
	}
}
