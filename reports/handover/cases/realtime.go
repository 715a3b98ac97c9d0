package cases

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/stats"
)

// duplication is what the attached runs say of the problem, by the lab's clocks that they had.
// What a fast or a slow clock shows is a reason to look in real time, and no claim.
type duplication struct {
	shown, control *attached // in real time, with the most trials; nil without one
	other          *attached // the healthy control of another text of the scenario, where there is none of this one
	scaled         *attached // that reproduced it at another speed, with the most trials
	valid          int       // trials of the scenario in real time, all runs together
	hits           int
}

// duplicationOf weighs the attached runs. Those of one text of the scenario are weighed together: an id is a name, and what
// a control of another text says is of another symptom. It is the text that says most which counts.
func duplicationOf(runs []attached) duplication {
	var best duplication
	var texts []string
	for i := range runs {
		if text := runs[i].text(); runs[i].info != nil && !slices.Contains(texts, text) {
			texts = append(texts, text)
			if d := duplicationBy(runs, text); len(texts) == 1 || d.weight() > best.weight() {
				best = d
			}
		}
	}
	for i := range runs {
		if a := &runs[i]; best.control == nil && a.clean() && !a.scaled() {
			best.other = larger(best.other, a)
		}
	}
	return best
}

func duplicationBy(runs []attached, text string) duplication {
	var d duplication
	for i := range runs {
		a := &runs[i]
		if a.info == nil || a.text() != text {
			continue
		}
		switch {
		case a.shows() && a.scaled():
			d.scaled = larger(d.scaled, a)
		case a.shows():
			d.shown = larger(d.shown, a)
		case a.clean() && !a.scaled():
			d.control = larger(d.control, a)
		}
		if a.counts() && !a.scaled() {
			d.valid, d.hits = d.valid+a.rate.Valid, d.hits+a.rate.Reproduced
		}
	}
	return d
}

// weight is more for runs that say more: shown with its control, then shown, then a claim by another clock, which has to be
// held against real time, and then by the trials.
func (d duplication) weight() int {
	const much = 1 << 32 // trials
	n := d.valid
	for i, is := range []bool{d.scaled != nil, d.shown != nil, d.shown != nil && d.control != nil} {
		if is {
			n += much << i
		}
	}
	return n
}

// text tells one text of a scenario, with its files, from another.
func (a *attached) text() string {
	if a.info == nil {
		return ""
	}
	var list []string
	for _, in := range a.info.Inputs {
		list = append(list, in.Path+" "+in.SHA256)
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func larger(best, a *attached) *attached {
	if best == nil || a.rate.Valid > best.rate.Valid {
		return a
	}
	return best
}

// scaled reports whether a run was at another speed than real time's.
func (a *attached) scaled() bool { return a.info != nil && a.info.Clock.Scaled() }

// counts says that the run is of the scenario itself, and that its trials are counted.
func (a *attached) counts() bool {
	return a.err == nil && a.outdated == "" && a.info != nil && a.info.Variant == "main"
}

// needed is how many valid trials in real time a claim from another speed takes: as many as would
// contradict it without a hit, with 95 %, or as many as what was seen in real time takes, where
// those are fewer.
func (d duplication) needed() int {
	n := needs(d.scaled.rate.Reproduced, d.scaled.rate.Valid)
	if d.hits > 0 {
		n = min(n, needs(d.hits, d.valid))
	}
	return n
}

func needs(k, n int) int { return stats.CleanTrials(stats.ClopperPearson(k, n)[0], 0.95) }

// unreal is why the problem is claimed at another speed only; empty where it is not.
func (d duplication) unreal() string {
	if d.scaled == nil {
		return ""
	}
	at := fmt.Sprintf("%s%s in %s", rateText(d.scaled.rate), d.scaled.info.Clock.Beside(), d.scaled.Dir)
	switch {
	case d.hits == 0:
		return fmt.Sprintf("%s, and in none of %s at speed 1: what a lab's clock shows is no claim, and %d are needed at speed 1", at, count(d.valid, "valid trial"), d.needed())
	case d.valid < d.needed():
		return fmt.Sprintf("%s, and in %d of %s at speed 1, where %d are needed", at, d.hits, count(d.valid, "valid trial"), d.needed())
	default:
		return ""
	}
}

// Unreal is why a case may not be escalated, whatever the reason to do so: its problem was
// reproduced at another speed of the lab's clocks, and not in as many trials at speed 1 as the claim
// needs. Empty where nothing speaks against it. Each run counts by the rules that it was judged by:
// a bundle holds it as it is.
func (f Folder) Unreal() string { return duplicationOf(f.attach()).unreal() }

// inRealTime are the runs in real time; all of them where there is none.
func inRealTime(runs []attached) []attached {
	left := slices.DeleteFunc(slices.Clone(runs), func(a attached) bool { return a.scaled() })
	if len(left) == 0 {
		return runs
	}
	return left
}
