package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Share is k of n, with both 95 % intervals: a rate is never told without them.
type Share struct {
	Name           string     `json:"name"`
	Reproduced     int        `json:"reproduced"` // k
	Valid          int        `json:"valid"`      // n
	Wilson         [2]float64 `json:"wilson-95"`
	ClopperPearson [2]float64 `json:"clopper-pearson-95"`
}

// NewShare computes the intervals of k of n.
func NewShare(name string, k, n int) Share {
	return Share{Name: name, Reproduced: k, Valid: n, Wilson: stats.Wilson(k, n), ClopperPearson: stats.ClopperPearson(k, n)}
}

// String gives "3/10 = 0.30, 95% [0.11, 0.60] Wilson".
func (s Share) String() string {
	if s.Valid == 0 {
		return "0/0, no rate"
	}
	return fmt.Sprintf("%d/%d = %.2f, 95%% [%.2f, %.2f] Wilson", s.Reproduced, s.Valid, float64(s.Reproduced)/float64(s.Valid), s.Wilson[0], s.Wilson[1])
}

// ShareOf counts the valid ones of some attempts.
func ShareOf(name string, entries []evidence.Entry) Share {
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
	return NewShare(name, k, n)
}

// Stop says why a series ended. The empty value is: go on.
type Stop string

// Reasons to stop.
const (
	GoOn      Stop = ""
	StopRuns  Stop = "runs"      // the number asked for
	StopWidth Stop = "width"     // the interval is as narrow as asked for
	StopHigh  Stop = "sprt-high" // the rate is p1 or more
	StopLow   Stop = "sprt-low"  // the rate is p0 or less
	StopCap   Stop = "undecided" // an open-ended rule came to its bound
)

// StopRule tells when a series has enough trials. One of Runs, Width and SPRT is set;
// Cap bounds the latter two.
type StopRule struct {
	Runs  int
	Width float64 // of the Wilson interval
	SPRT  *stats.SPRT
	Cap   int
}

// Limit is the largest number of trials that the rule can ask for.
func (r StopRule) Limit() int {
	if r.Runs > 0 {
		return r.Runs
	}
	return r.Cap
}

// Decide tells whether to stop after so many hits and misses in so many trials, the
// inconclusive ones among them.
func (r StopRule) Decide(hits, misses, trials int) Stop {
	if r.Runs > 0 {
		if trials >= r.Runs {
			return StopRuns
		}
		return GoOn
	}
	if n := hits + misses; r.Width > 0 && n > 0 {
		if w := stats.Wilson(hits, n); w[1]-w[0] <= r.Width {
			return StopWidth
		}
	}
	if r.SPRT != nil {
		switch r.SPRT.Decide(hits, misses) { //nolint:exhaustive // otherwise it goes on
		case stats.High:
			return StopHigh
		case stats.Low:
			return StopLow
		}
	}
	if trials >= r.Cap {
		return StopCap
	}
	return GoOn
}

// Dependence is a test whether hits depend on something that a rate ignores.
type Dependence struct {
	On     string  `json:"on"` // lab, time or repetition
	Groups []Share `json:"groups"`
	P      float64 `json:"p"` // Fisher's exact test, two-sided, corrected for the labs compared
	// Level is what P is held against: 5 % over all the tests of a series (Bonferroni).
	Level   float64 `json:"level"`
	Differs bool    `json:"differs"`
}

// Dependences tests whether the hits of a series depend on the lab, on the time (first
// half against second), or on repeating in place (the first trial of a lab that was
// built against later ones). A test that has nothing to compare is left out. Where one
// differs the trials are not of one kind, and their pooled rate means nothing.
func Dependences(entries []evidence.Entry) []Dependence {
	valid := slices.DeleteFunc(slices.Clone(entries), func(e evidence.Entry) bool {
		return e.Verdict != evidence.Reproduced && e.Verdict != evidence.NotReproduced
	})
	slices.SortStableFunc(valid, func(a, b evidence.Entry) int { return a.Started.Compare(b.Started) })
	var tests []Dependence
	add := func(on string, groups ...[]evidence.Entry) {
		d := Dependence{On: on}
		for _, g := range groups {
			if len(g) > 0 {
				d.Groups = append(d.Groups, ShareOf(groupName(on, len(d.Groups), g), g))
			}
		}
		if len(d.Groups) > 1 {
			d.P = heterogeneity(d.Groups)
			tests = append(tests, d)
		}
	}
	add("lab", byLab(valid)...)
	add("time", valid[:len(valid)/2], valid[len(valid)/2:])
	cold, warm := split(valid, func(e evidence.Entry) bool { return e.Cold })
	if len(cold) > 0 {
		add("repetition", cold, warm)
	}
	for i := range tests {
		tests[i].Level = 0.05 / float64(len(tests))
		tests[i].Differs = tests[i].P < tests[i].Level
	}
	return tests
}

func groupName(on string, i int, g []evidence.Entry) string {
	switch on {
	case "lab":
		return fmt.Sprintf("lab %d", g[0].Lab)
	case "time":
		return [2]string{"first half", "second half"}[i]
	default:
		return [2]string{"freshly built", "repeated in place"}[i]
	}
}

func byLab(entries []evidence.Entry) [][]evidence.Entry {
	of := map[int][]evidence.Entry{}
	for _, e := range entries {
		of[e.Lab] = append(of[e.Lab], e)
	}
	var out [][]evidence.Entry
	for _, g := range of {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b []evidence.Entry) int { return cmp.Compare(a[0].Lab, b[0].Lab) })
	return out
}

func split(entries []evidence.Entry, first func(evidence.Entry) bool) (yes, no []evidence.Entry) {
	for _, e := range entries {
		if first(e) {
			yes = append(yes, e)
		} else {
			no = append(no, e)
		}
	}
	return yes, no
}

// heterogeneity is the p-value of "all groups hit equally often": two groups by Fisher's
// exact test; more of them each against the rest, the smallest value times their number
// (Bonferroni), which never promises too much.
func heterogeneity(groups []Share) float64 {
	if len(groups) == 2 {
		return stats.FisherTwoSided(groups[0].Reproduced, groups[0].Valid, groups[1].Reproduced, groups[1].Valid)
	}
	k, n := 0, 0
	for _, g := range groups {
		k += g.Reproduced
		n += g.Valid
	}
	p := 1.0
	for _, g := range groups {
		p = min(p, float64(len(groups))*stats.FisherTwoSided(g.Reproduced, g.Valid, k-g.Reproduced, n-g.Valid))
	}
	return p
}

// ResetArm is what repeating with one kind of reset came to.
type ResetArm struct {
	Reset  string        `json:"reset"`
	Share  Share         `json:"share"` // of redeploy: freshly built labs; of the others: repeated in place only
	Void   int           `json:"void"`  // trials that said nothing
	Took   time.Duration `json:"took"`  // mean of a trial, the reset in it
	P      float64       `json:"p"`     // two-sided against redeploy
	Usable bool          `json:"usable"`
	Why    string        `json:"why"`
}

// ChooseReset finds the cheapest reset whose hit rate does not differ from that of
// freshly built labs (Fisher's exact test, two-sided, p >= 0.05) in at least so many valid
// trials of each. It returns the arms with P, Usable and Why filled in; redeploy, which
// needs no proof, is the answer when none is both usable and quicker. The empty answer
// means that freshly built labs never hit, or were not tried often enough, and nothing
// can be compared.
func ChooseReset(cold ResetArm, arms []ResetArm, atLeast int) (string, []ResetArm) {
	arms = slices.Clone(arms)
	best, took := cold.Reset, cold.Took
	for i := range arms {
		a := &arms[i]
		a.P = stats.FisherTwoSided(cold.Share.Reproduced, cold.Share.Valid, a.Share.Reproduced, a.Share.Valid)
		switch {
		case a.Share.Valid < atLeast:
			a.Why = fmt.Sprintf("%d valid trials in place, %d are needed", a.Share.Valid, atLeast)
		case a.P < 0.05:
			a.Why = fmt.Sprintf("hits differ from those of freshly built labs (p = %.3g)", a.P)
		default:
			a.Usable, a.Why = true, fmt.Sprintf("no difference shown (p = %.2f)", a.P)
			if a.Took < took {
				best, took = a.Reset, a.Took
			}
		}
	}
	if cold.Share.Reproduced == 0 || cold.Share.Valid < atLeast {
		best = ""
	}
	return best, arms
}
