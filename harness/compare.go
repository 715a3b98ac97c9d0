package harness

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Arm is one of the two sides of a comparison. The zero value is invalid.
type Arm string

// Arms.
const (
	Old Arm = "old" // the build that has the problem; with a workaround: without it
	New Arm = "new" // the build, or the workaround, that shall be free of it
)

// Ruling is the outcome of a comparison. The zero value means that it is not over.
type Ruling string

// Rulings.
const (
	Fixed     Ruling = "fixed"
	NotFixed  Ruling = "not-fixed"
	Changed   Ruling = "changed" // the new side fails, and in another way
	Undecided Ruling = "inconclusive"
)

// Sample is what one trial says to a comparison.
type Sample struct {
	Kind SampleKind
	Why  string
}

// SampleKind says what kind of answer a trial gave. The zero value is invalid.
type SampleKind string

// Kinds of samples.
const (
	Hit       SampleKind = "hit"       // the problem was there
	Miss      SampleKind = "miss"      // it was not
	Void      SampleKind = "void"      // the trial says nothing
	Unhealthy SampleKind = "unhealthy" // the nodes did not start, or never came to the baseline
	Other     SampleKind = "other"     // something else failed: a daemon that nobody asked about died
)

// unhealthyLimit is how often the new side may fail to come to its baseline, with no
// trial in which it did, before that is its behaviour and not an accident.
const unhealthyLimit = 3

// Ticket is one trial of a comparison, to be made by who took it.
type Ticket struct {
	Arm   Arm
	index int
}

// Comparison decides whether the new side is free of a problem that the old side has.
//
// Both sides are tried in turn (A B B A …) in one session. The first Before valid trials
// of the old side give k of n, and from them [stats.CleanRuns] the number m of clean
// trials that the new side needs: m is planned from trials that the new side's outcome
// cannot touch, and one hit on the new side ends everything. So whatever the true rate,
// an unfixed build is called fixed with at most the probability 1-Confidence (summed
// exactly in TestComparisonKeepsItsPromise). The old side is tried to the end, and when it no
// longer hits as it did at first, the session has drifted and nothing is said.
//
// It is not safe for concurrent use.
type Comparison struct {
	Confidence float64 // 0.95 or 0.99
	Before     int     // valid trials of the old side to plan from
	MaxRuns    int     // trials of each side, at most

	issued   int
	old, new []*Sample // by index of the ticket; nil: not back yet
}

// Next gives the trial to make now; false when none is needed any more.
func (c *Comparison) Next() (Ticket, bool) {
	if r, _ := c.Ruling(); r != "" {
		return Ticket{}, false
	}
	arm := [4]Arm{Old, New, New, Old}[c.issued%4]
	list := c.of(arm)
	if len(*list) >= c.MaxRuns {
		return Ticket{}, false
	}
	c.issued++
	*list = append(*list, nil)
	return Ticket{arm, len(*list) - 1}, true
}

func (c *Comparison) of(a Arm) *[]*Sample {
	if a == Old {
		return &c.old
	}
	return &c.new
}

// Add tells what the trial came to.
func (c *Comparison) Add(t Ticket, s Sample) { (*c.of(t.Arm))[t.index] = &s }

// Tally counts the samples of one side.
type Tally struct {
	Share     Share `json:"share"`
	Void      int   `json:"void"`
	Unhealthy int   `json:"unhealthy"`
	Other     int   `json:"other"`
}

// Tally counts the samples of a side that are back.
func (c *Comparison) Tally(a Arm) Tally { return tally(a, *c.of(a)) }

func tally(a Arm, samples []*Sample) Tally {
	var t Tally
	k, n := 0, 0
	for _, s := range samples {
		switch {
		case s == nil:
		case s.Kind == Hit:
			k++
			n++
		case s.Kind == Miss:
			n++
		case s.Kind == Unhealthy:
			t.Unhealthy++
		case s.Kind == Other:
			t.Other++
		default:
			t.Void++
		}
	}
	t.Share = NewShare(string(a), k, n)
	return t
}

// planning gives the old side's samples that the plan rests on. They are taken in the order they were begun, whatever came back first: a hit may
// take longer than a miss.
func (c *Comparison) planning() (first []*Sample, complete bool) {
	valid := 0
	for i, s := range c.old {
		if s == nil {
			return nil, false
		}
		if s.Kind == Hit || s.Kind == Miss {
			valid++
		}
		if valid == c.Before {
			return c.old[:i+1], true
		}
	}
	return nil, false
}

// Needed is the number of clean trials of the new side that are planned; 0 while nobody
// knows.
func (c *Comparison) Needed() int {
	first, ok := c.planning()
	if !ok {
		return 0
	}
	s := tally(Old, first).Share
	return stats.CleanRuns(s.Reproduced, s.Valid, c.Confidence)
}

// P is Fisher's one-sided p-value of all that has been seen of both sides.
func (c *Comparison) P() float64 {
	o, n := c.Tally(Old).Share, c.Tally(New).Share
	return stats.FisherLess(o.Reproduced, o.Valid, n.Reproduced, n.Valid)
}

// Ruling tells how it stands, and why; empty while more trials are needed.
func (c *Comparison) Ruling() (Ruling, string) {
	n := c.Tally(New)
	switch {
	case n.Share.Reproduced > 0:
		return NotFixed, fmt.Sprintf("the problem was there in %d of %d valid trials of the new side", n.Share.Reproduced, n.Share.Valid)
	case n.Other > 0:
		return Changed, "the new side fails in another way: " + why(c.new, Other)
	case n.Unhealthy >= unhealthyLimit && n.Share.Valid == 0 && c.Tally(Old).Share.Valid > 0:
		return Changed, fmt.Sprintf("the new side did not come to a healthy baseline in %d of %d trials: %s", n.Unhealthy, len(c.new), why(c.new, Unhealthy))
	}
	first, planned := c.planning()
	if !planned {
		return c.exhausted("the old side gave too few valid trials to plan from")
	}
	o, m := tally(Old, first).Share, c.Needed()
	switch {
	case o.Reproduced == 0:
		return Undecided, fmt.Sprintf("no positive control: the old side did not show the problem in %d valid trials", o.Valid)
	case m > c.MaxRuns:
		return Undecided, fmt.Sprintf("after %d hits in %d trials of the old side %d clean trials are needed, and at most %d are allowed (--max-trials, --before)", o.Reproduced, o.Valid, m, c.MaxRuns)
	case n.Share.Valid < m:
		return c.exhausted(fmt.Sprintf("%d clean trials of the new side, %d are needed", n.Share.Valid, m))
	}
	if all := c.Tally(Old).Share; all.Valid > o.Valid && c.P() > 1-c.Confidence {
		return c.exhausted(fmt.Sprintf("the old side hits less than it did at first, %d of %d in all after %d of %d: not told apart from the new side's 0 of %d (p = %.2g)",
			all.Reproduced, all.Valid, o.Reproduced, o.Valid, n.Share.Valid, c.P()))
	}
	return Fixed, fmt.Sprintf("no hit in %d trials of the new side, %d were needed after %d of %d of the old side (p = %.2g)", n.Share.Valid, m, o.Reproduced, o.Valid, c.P())
}

// exhausted tells that the bound is reached with no answer, once every trial is back.
func (c *Comparison) exhausted(reason string) (Ruling, string) {
	if len(c.old) < c.MaxRuns && len(c.new) < c.MaxRuns {
		return "", ""
	}
	if slices.Contains(c.old, nil) || slices.Contains(c.new, nil) {
		return "", ""
	}
	for _, k := range []SampleKind{Unhealthy, Void} {
		if w := why(append(slices.Clone(c.new), c.old...), k); w != "" {
			return Undecided, reason + "; the first that said nothing: " + w
		}
	}
	return Undecided, reason
}

func why(samples []*Sample, k SampleKind) string {
	for _, s := range samples {
		if s != nil && s.Kind == k {
			return s.Why
		}
	}
	return ""
}

// SampleOf says what a judged trial tells of a build. The record shows what the verdict
// leaves out: a daemon that died of something else than the symptom asks for.
func SampleOf(v evidence.TrialVerdict, r evidence.Record) Sample {
	if len(v.OtherFailures) > 0 {
		return Sample{Other, v.OtherFailures[0]}
	}
	switch v.Verdict {
	case evidence.Reproduced:
		return Sample{Hit, v.Reason}
	case evidence.NotReproduced:
		for _, e := range r.Events {
			if e.Kind == evidence.EventDeath && e.Ref == "" {
				return Sample{Other, fmt.Sprintf("%s: %s died (%s), which is not the symptom", e.Lane, e.Name, e.Detail)}
			}
		}
		return Sample{Miss, v.Reason}
	case evidence.Inconclusive:
		return Sample{inconclusive(v, r), v.Reason}
	default:
		return Sample{Void, v.Reason}
	}
}

func inconclusive(v evidence.TrialVerdict, r evidence.Record) SampleKind {
	for _, e := range r.Events {
		switch {
		case e.Kind == evidence.EventCut || e.Kind == evidence.EventLab && e.Outcome == evidence.Failed:
			return Void
		case e.Kind == evidence.EventBoot && e.Outcome != evidence.OK:
			return Unhealthy
		}
	}
	for _, c := range v.Conditions {
		if phaseOf(c.Ref) == "baseline" && c.Holds == evidence.False {
			return Unhealthy
		}
	}
	return Void
}

func phaseOf(ref string) string {
	for i, r := range ref {
		if r == '[' {
			return ref[:i]
		}
	}
	return ref
}

// ReliefOf says what a judged trial tells of a workaround: a hit is a problem that stayed.
// A trial in which the problem was not seen says nothing.
func ReliefOf(v evidence.TrialVerdict, r evidence.Record) Sample {
	s := SampleOf(v, r)
	if s.Kind == Miss {
		return Sample{Void, "the symptom was not there to be relieved"}
	}
	if s.Kind != Hit {
		return s
	}
	var relief []evidence.ConditionVerdict
	for _, c := range v.Conditions {
		if phaseOf(c.Ref) == "workaround.expect" {
			relief = append(relief, c)
		}
	}
	switch {
	case len(relief) == 0:
		return Sample{Void, "the workaround was not carried out"}
	case evidence.And(truths(relief)...) == evidence.True:
		return Sample{Miss, "relieved"}
	case evidence.And(truths(relief)...) == evidence.False:
		c, _ := blamed(relief)
		return Sample{Hit, c.Name + ": " + c.Why}
	default:
		c, _ := blamed(relief)
		return Sample{Void, c.Name + " is unknown: " + c.Why}
	}
}

// WithoutWorkaround gives the plan with the workaround's steps left out and what they
// must bring about still watched: how the problem fares by itself.
func (p *Plan) WithoutWorkaround() *Plan {
	q := *p
	q.Workaround = slices.Clone(p.Workaround)
	for i := range q.Workaround {
		q.Workaround[i].LeftOut = true
	}
	return &q
}
