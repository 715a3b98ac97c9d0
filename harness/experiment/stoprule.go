package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// StopRule tells when a series has enough trials. One of Runs, Width and SPRT is set;
// Cap bounds the latter two.
type StopRule struct {
	Runs  int
	Width float64 // of the Wilson interval
	SPRT  *stats.SPRT
	Cap   int
	// Barren ends a series in which so many trials are over and none was valid; 0: never.
	Barren int
}

// Limit is the largest number of trials that the rule can ask for.
func (r StopRule) Limit() int {
	if r.Runs > 0 {
		return r.Runs
	}
	return r.Cap
}

// Decide reports whether to stop after so many hits and misses in so many trials, the
// inconclusive ones among them.
func (r StopRule) Decide(hits, misses, trials int) result.Stop {
	if r.Runs > 0 {
		if trials >= r.Runs {
			return result.StopRuns
		}
		return result.GoOn
	}
	if n := hits + misses; r.Width > 0 && n > 0 {
		if w := stats.Wilson(hits, n); w[1]-w[0] <= r.Width {
			return result.StopWidth
		}
	}
	if r.SPRT != nil {
		switch r.SPRT.Decide(hits, misses) { //nolint:exhaustive // otherwise it goes on
		case stats.High:
			return result.StopHigh
		case stats.Low:
			return result.StopLow
		}
	}
	if trials >= r.Cap || r.Barren > 0 && hits+misses == 0 && trials >= r.Barren {
		return result.StopCap
	}
	return result.GoOn
}

// Dependences tests whether the hits of a series depend on the lab, on the host of a fleet that
// they ran on, on the time (first half against second), or on repeating in place (the first trial of a lab that was
// built against later ones). A test that has nothing to compare is left out. Where one
// differs the trials are not of one kind, and their pooled rate means nothing.
func Dependences(entries []evidence.Entry) []result.Dependence {
	valid := slices.DeleteFunc(slices.Clone(entries), func(e evidence.Entry) bool {
		return e.Verdict != evidence.Reproduced && e.Verdict != evidence.NotReproduced
	})
	slices.SortStableFunc(valid, func(a, b evidence.Entry) int { return a.Started.Compare(b.Started) })
	var tests []result.Dependence
	add := func(on string, groups ...[]evidence.Entry) {
		d := result.Dependence{On: on}
		for _, g := range groups {
			if len(g) > 0 {
				d.Groups = append(d.Groups, result.ProportionOf(groupName(on, len(d.Groups), g), g))
			}
		}
		if len(d.Groups) > 1 {
			d.P = heterogeneity(d.Groups)
			tests = append(tests, d)
		}
	}
	known := slices.DeleteFunc(slices.Clone(valid), func(e evidence.Entry) bool { return e.Lab == 0 }) // judged after its program was killed
	add("lab", groupBy(known, func(a, b evidence.Entry) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Lab, b.Lab)) })...)
	add("host", groupBy(valid, func(a, b evidence.Entry) int { return cmp.Compare(a.Host, b.Host) })...)
	add("time", valid[:len(valid)/2], valid[len(valid)/2:])
	cold, warm := split(known, func(e evidence.Entry) bool { return e.Cold })
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
		return strings.TrimSpace(fmt.Sprintf("%s lab %d", g[0].Host, g[0].Lab))
	case "host":
		return cmp.Or(g[0].Host, "this machine")
	case "time":
		return [2]string{"first half", "second half"}[i]
	default:
		return [2]string{"freshly built", "repeated in place"}[i]
	}
}

// groupBy puts entries together that compare as equal, in that order; within a group they keep theirs.
func groupBy(entries []evidence.Entry, compare func(a, b evidence.Entry) int) (groups [][]evidence.Entry) {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, compare)
	for i, e := range sorted {
		if i == 0 || compare(sorted[i-1], e) != 0 {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], e)
	}
	return groups
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
func heterogeneity(groups []result.Proportion) float64 {
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

// ChooseReset finds the cheapest reset whose hit rate does not differ from that of
// freshly built labs (Fisher's exact test, two-sided, p >= 0.05) in at least so many valid
// trials of each. It returns the arms with P, Usable and Why filled in; redeploy, which
// needs no proof, is the answer when none is both usable and quicker. The empty answer
// means that freshly built labs never hit, or were not tried often enough, and nothing
// can be compared.
func ChooseReset(cold result.ResetArm, arms []result.ResetArm, atLeast int) (string, []result.ResetArm) {
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
