package result

import (
	"fmt"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Proportion is k of n, with both 95 % intervals: a rate is never told without them.
type Proportion struct {
	Name           string     `json:"name"`
	Reproduced     int        `json:"reproduced"` // k
	Valid          int        `json:"valid"`      // n
	Wilson         [2]float64 `json:"wilson-95"`
	ClopperPearson [2]float64 `json:"clopper-pearson-95"`
}

// NewProportion computes the intervals of k of n.
func NewProportion(name string, k, n int) Proportion {
	return Proportion{Name: name, Reproduced: k, Valid: n, Wilson: stats.Wilson(k, n), ClopperPearson: stats.ClopperPearson(k, n)}
}

// String gives "3/10 = 0.30, 95% [0.11, 0.60] Wilson".
func (s Proportion) String() string {
	if s.Valid == 0 {
		return "0/0, no rate"
	}
	return fmt.Sprintf("%d/%d = %.2f, 95%% [%.2f, %.2f] Wilson", s.Reproduced, s.Valid, float64(s.Reproduced)/float64(s.Valid), s.Wilson[0], s.Wilson[1])
}

// ProportionOf counts the valid ones of some attempts.
func ProportionOf(name string, entries []evidence.Entry) Proportion {
	k, n := 0, 0
	for _, e := range entries {
		switch e.Verdict { //nolint:exhaustive // the others are in no rate
		case evidence.Reproduced:
			k++
			n++
		case evidence.NotReproduced:
			n++
		}
	}
	return NewProportion(name, k, n)
}
