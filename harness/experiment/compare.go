package experiment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Sample is what one trial says to a comparison.
type Sample struct {
	Kind SampleKind
	Why  string
	// Failures are those of Other: what failed that no symptom asks about.
	Failures []evidence.Failure
	// Step says of a Void that a step of the stimulus did not work: the device refused it, or it ended as it must not.
	Step bool
	// Showed is how long the symptom of a Hit took to show, where it has to within a time.
	Showed Showed
}

// Showed is how long a condition took to become true, and how long it is waited for; zero where nothing is waited for. Both are in the
// labs' time.
type Showed struct {
	Name          string // of the condition
	After, Within time.Duration
}

// slower is how many times as long as on the old side a problem may take on a new one, to be seen there all the same:
// what is watched for less cannot tell a fix from a problem that comes later.
const slower = 2

// late reports whether a problem that takes longer, as many times as slower says, is not seen any more.
func (s Showed) late() bool { return slower*s.After > s.Within }

// later is the one of two that takes more of its time.
func (s Showed) later(t Showed) Showed {
	if t.Within > 0 && (s.Within == 0 || float64(t.After)/float64(t.Within) > float64(s.After)/float64(s.Within)) {
		return t
	}
	return s
}

// showedOf tells of the symptom's conditions that have to become true within a time the one that took most of it.
func showedOf(p *plan.Plan, v evidence.TrialVerdict, r evidence.Record) (latest Showed) {
	i := slices.IndexFunc(r.Events, func(e evidence.Event) bool {
		return e.Kind == evidence.EventPhase && e.Phase == evidence.PhaseSymptom
	})
	if i < 0 {
		return latest
	}
	for _, c := range p.Symptom {
		within := time.Duration(c.Cond.Eventually + c.Cond.Within)
		if c.Cond.Changes != nil {
			within = time.Duration(c.Cond.Changes.Within)
		}
		at := slices.IndexFunc(v.Conditions, func(d evidence.ConditionVerdict) bool { return d.Ref == c.Ref && d.Holds == evidence.True })
		if at >= 0 && within > 0 {
			after := v.Conditions[at].At - r.Events[i].At - time.Duration(c.Cond.Consistently)
			latest = latest.later(Showed{c.Cond.Name, max(after, 0).Round(time.Millisecond), within})
		}
	}
	return latest
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

// unhealthyLimit is how often the new side may fail to come to its baseline, or to carry out a step of the stimulus, with no
// trial in which it did, before that is its behaviour and not an accident.
const unhealthyLimit = 3

// sameLimit is how often a side may say nothing, in the same words each time and with no trial that says something, before another
// trial of it will not either.
const sameLimit = 5

// Ticket is one trial of a comparison, to be made by who took it.
type Ticket struct {
	Arm   result.Arm
	index int
}

// Comparison decides whether the new side is free of a problem that the old side has.
//
// Both sides are tried in turn (A B B A …) in one session, and counted in pairs: the n-th
// valid trial of the old side, in the order in which they were begun, is a pair with the
// n-th of the new side. One hit on the new side ends everything. It is fixed at the first
// n where Fisher's exact test of k hits in n trials of the old side against none in n of
// the new one gives at most 1-Confidence:
//
//	C(n,k) / C(2n,k) <= 1 - Confidence
//
// That is three pairs at 95 % for a problem that always shows, and five at 99 %.
//
// Looking after each pair does not break the promise, since a hit on the new side at any
// time forfeits it. An unfixed build comes to n pairs without a hit on the new side in
// these ways: with the chance p(1-p) a pair adds a hit of the old side, with (1-p)² none.
// Summed over all ways to the first n that is enough, that is at most 3.9 % (0.7 % at
// 99 %) for every p, and at most 4.2 % (0.8 %) for every sequence of rates, chosen pair by
// pair and with all knowledge of what came before: so it holds too where a session drifts,
// as long as it drifts for both sides (TestComparisonKeepsItsPromise computes both).
//
// What is counted is whether the problem shows within its window. Where a hit of the old side took more than half of that, a new side on
// which it only takes longer cannot be told from one without it: it is not said to be fixed.
//
// It is not safe for concurrent use.
type Comparison struct {
	Confidence float64 // 0.95 or 0.99
	Before     int     // valid trials of the old side within which it must hit
	MaxTrials  int     // of each side, at most
	Relief     bool    // a hit is a problem that was still there after what a workaround is to bring about was waited for

	issued   int
	old, new []*Sample // by index of the ticket; nil: not back yet
}

// Next gives the trial to make now; false when none is needed any more. The side that has
// fewer trials that are valid, or may come back so, is tried first.
func (c *Comparison) Next() (Ticket, bool) {
	if r, _ := c.Ruling(); r != "" {
		return Ticket{}, false
	}
	arm := c.turn()
	list := c.of(arm)
	if len(*list) >= c.MaxTrials {
		return Ticket{}, false
	}
	c.issued++
	*list = append(*list, nil)
	return Ticket{arm, len(*list) - 1}, true
}

// Recorded gives the ticket of a trial that was made before the comparison was broken off. All of them are
// given out, and come back, before the first of Next: what was seen counts, also where less would have been enough.
func (c *Comparison) Recorded(a result.Arm) Ticket {
	list := c.of(a)
	c.issued++
	*list = append(*list, nil)
	return Ticket{a, len(*list) - 1}
}

// turn gives the side whose turn it is.
func (c *Comparison) turn() result.Arm {
	switch o, n := expected(c.old), expected(c.new); {
	case o < n:
		return result.Old
	case n < o:
		return result.New
	default:
		return [4]result.Arm{result.Old, result.New, result.New, result.Old}[c.issued%4]
	}
}

// expected counts the samples that are valid, and those that are not back.
func expected(samples []*Sample) int {
	n := 0
	for _, s := range samples {
		if s == nil || s.valid() {
			n++
		}
	}
	return n
}

func (s *Sample) valid() bool { return s.Kind == Hit || s.Kind == Miss }

func (c *Comparison) of(a result.Arm) *[]*Sample {
	if a == result.Old {
		return &c.old
	}
	return &c.new
}

// Add tells what the trial came to.
func (c *Comparison) Add(t Ticket, s Sample) { (*c.of(t.Arm))[t.index] = &s }

// Tally counts the samples of a side that are back.
func (c *Comparison) Tally(a result.Arm) result.Tally { return tally(a, *c.of(a)) }

func tally(a result.Arm, samples []*Sample) result.Tally {
	var t result.Tally
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
			t.Failures, _ = evidence.AddFailures(t.Failures, nil, s.Failures, nil)
		default:
			t.Void++
		}
	}
	t.Share = result.NewProportion(string(a), k, n)
	return t
}

// prefix lists the valid samples before the first that is not back, in the order in which
// they were begun: a hit may take longer than a miss, and what came back first would
// favour misses.
func prefix(samples []*Sample) []*Sample {
	var out []*Sample
	for _, s := range samples {
		if s == nil {
			break
		}
		if s.valid() {
			out = append(out, s)
		}
	}
	return out
}

// pairs finds the first number of pairs that is enough, and the hits of the old side in
// them; enough is false while there is none, and n counts all.
func (c *Comparison) pairs() (k, n int, enough bool) {
	o := prefix(c.old)
	for n < min(len(o), len(prefix(c.new))) {
		hit := o[n].Kind == Hit
		if n++; !hit {
			continue // it takes away from what there was, which was not enough
		}
		if k++; stats.CleanPairs(k, n, c.Confidence) {
			return k, n, true
		}
	}
	return k, n, false
}

// PairsNeeded is the number of pairs that a problem takes that always shows.
func PairsNeeded(confidence float64) int {
	n := 1
	for !stats.CleanPairs(n, n, confidence) {
		n++
	}
	return n
}

// Needed is the number of clean trials of the new side, with as many of the old one, that
// were enough; 0 while they are not.
func (c *Comparison) Needed() int {
	_, n, enough := c.pairs()
	if !enough {
		return 0
	}
	return n
}

// P is Fisher's one-sided p-value of all that has been seen of both sides.
func (c *Comparison) P() float64 {
	o, n := c.Tally(result.Old).Share, c.Tally(result.New).Share
	return stats.FisherLess(o.Reproduced, o.Valid, n.Reproduced, n.Valid)
}

// Ruling tells how it stands, and why; empty while more trials are needed.
func (c *Comparison) Ruling() (result.Ruling, string) {
	n := c.Tally(result.New)
	switch {
	case n.Share.Reproduced > 0:
		return result.NotFixed, fmt.Sprintf("the problem was %s in %d of %d valid trials of the new side", c.there(), n.Share.Reproduced, n.Share.Valid)
	case n.Other > 0:
		return result.Changed, "the new side fails in another way: " + why(c.new, Other)
	case n.Unhealthy >= unhealthyLimit && n.Share.Valid == 0 && c.Tally(result.Old).Share.Valid > 0:
		return result.Changed, fmt.Sprintf("the new side did not come to a healthy baseline in %d of %d trials: %s", n.Unhealthy, len(c.new), why(c.new, Unhealthy))
	}
	if failed, why := steps(c.new); failed >= unhealthyLimit && n.Share.Valid == 0 && c.Tally(result.Old).Share.Valid > 0 {
		return result.Changed, fmt.Sprintf("a step of the stimulus did not work on the new side in %d of %d trials, and did on the old one: %s", failed, len(c.new), why)
	}
	for _, arm := range []result.Arm{result.New, result.Old} {
		if n, why := alwaysSays(*c.of(arm)); n >= sameLimit {
			return result.Undecided, fmt.Sprintf("no valid trial of the %s side: all %d of it said nothing, for one reason: %s", arm, n, why)
		}
	}
	k, pairs, enough := c.pairs()
	o := prefix(c.old)
	switch {
	case enough && c.Showed().late():
		s := c.Showed()
		return result.Undecided, fmt.Sprintf("no hit in %d trials of the new side, but %q took up to %s on the old one and is waited for %s: where it took %d times as long on the new side nobody would have seen it; give it %s",
			n.Share.Valid, s.Name, s.After, s.Within, slower, (slower*s.After).Round(time.Second)+time.Second)
	case enough:
		return result.Fixed, fmt.Sprintf("no hit in %d trials of the new side; after %d of %d of the old side %d were needed (p = %.2g)", n.Share.Valid, k, pairs, pairs, c.P())
	case len(o) >= c.Before && !slices.ContainsFunc(o, func(s *Sample) bool { return s.Kind == Hit }):
		if c.Relief {
			return result.Undecided, fmt.Sprintf("no positive control: without the workaround's steps the problem went by itself in all of %d valid trials", len(o))
		}
		return result.Undecided, fmt.Sprintf("no positive control: the old side did not show the problem in %d valid trials", len(o))
	case k == 0:
		return c.exhausted(fmt.Sprintf("no hit of the old side in %d pairs of valid trials", pairs))
	default:
		return c.exhausted(fmt.Sprintf("%d hits of the old side and none of the new one in %d pairs of trials are too few", k, pairs))
	}
}

// Showed is the hit of the old side whose symptom took most of the time that it is waited for.
func (c *Comparison) Showed() (latest Showed) {
	for _, s := range c.old {
		if s != nil && s.Kind == Hit {
			latest = latest.later(s.Showed)
		}
	}
	return latest
}

// there says of a hit what was seen.
func (c *Comparison) there() string {
	if c.Relief {
		return "still there afterwards"
	}
	return "there"
}

// exhausted tells that the bound is reached with no answer, once every trial is back.
func (c *Comparison) exhausted(reason string) (result.Ruling, string) {
	if len(*c.of(c.turn())) < c.MaxTrials {
		return "", ""
	}
	if slices.Contains(c.old, nil) || slices.Contains(c.new, nil) {
		return "", ""
	}
	if none := c.silent(); none != "" {
		return result.Undecided, none
	}
	for _, k := range []SampleKind{Unhealthy, Void} {
		for _, arm := range []result.Arm{result.New, result.Old} {
			if w := why(*c.of(arm), k); w != "" {
				return result.Undecided, fmt.Sprintf("%s; the first of the %s side that said nothing: %s", reason, arm, w)
			}
		}
	}
	return result.Undecided, reason
}

// silent tells of the sides that have no valid trial; empty where both have one.
func (c *Comparison) silent() string {
	var parts []string
	for _, arm := range []result.Arm{result.New, result.Old} {
		t := c.Tally(arm)
		if t.Share.Valid > 0 {
			continue
		}
		var kinds []string
		for _, k := range []struct {
			n    int
			word string
		}{{t.Void, "void"}, {t.Unhealthy, "unhealthy"}, {t.Other, "failed in another way"}} {
			if k.n > 0 {
				kinds = append(kinds, fmt.Sprintf("%d %s", k.n, k.word))
			}
		}
		part := fmt.Sprintf("no valid trial of the %s side (%s)", arm, strings.Join(kinds, ", "))
		samples := *c.of(arm)
		if i := slices.IndexFunc(samples, func(s *Sample) bool { return s.Why != "" }); i >= 0 {
			part += ", the first: " + samples[i].Why
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// alwaysSays counts the samples of a side that are back, and gives the one reason for which all of them say nothing; 0 where one says
// something, or they have several reasons. Numbers in a reason, as times, make no other of it.
func alwaysSays(samples []*Sample) (n int, why string) {
	words := ""
	for _, s := range samples {
		if s == nil {
			continue
		}
		is := anyNumber.ReplaceAllString(s.Why, "0")
		if s.Kind != Void && s.Kind != Unhealthy || n > 0 && is != words {
			return 0, ""
		}
		if n++; n == 1 {
			words, why = is, s.Why
		}
	}
	return n, why
}

var anyNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

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
	if n := len(v.OtherFailures); n > 0 && n == doubtful(r) {
		return Sample{Kind: Void, Why: v.OtherFailures[0]}
	}
	if len(v.OtherFailures) > 0 {
		return Sample{Kind: Other, Why: v.OtherFailures[0], Failures: v.Failed()}
	}
	switch v.Verdict {
	case evidence.Reproduced:
		return Sample{Kind: Hit, Why: v.Reason}
	case evidence.NotReproduced:
		for _, e := range r.Events {
			if e.Kind == evidence.EventDeath && e.Ref == "" {
				return Sample{Kind: Other, Why: fmt.Sprintf("%s: %s died (%s), which is not the symptom", e.Lane, e.Name, e.Detail), Failures: []evidence.Failure{e.Failed()}}
			}
		}
		return Sample{Kind: Miss, Why: v.Reason}
	case evidence.Inconclusive:
		if neverShown(v) {
			return Sample{Kind: Hit, Why: v.Reason}
		}
		kind := inconclusive(v, r)
		return Sample{Kind: kind, Why: v.Reason, Step: kind == Void && stepFailed(r)}
	default:
		return Sample{Kind: Void, Why: v.Reason}
	}
}

// neverShown reports whether a trial fails by what is expected, and says nothing by itself for want of anything that shows that it can come
// about: where builds are held against each other, the one in which it does shows that.
func neverShown(v evidence.TrialVerdict) bool {
	return v.Verdict == evidence.Inconclusive && v.Rule == judge.RuleNeverShown && len(v.OtherFailures) == 0
}

// doubtful counts the deaths of a trial of which it is not known whether a step ended the process.
func doubtful(r evidence.Record) (n int) {
	for _, e := range r.Events {
		if e.Kind == evidence.EventDeath && e.Outcome == evidence.Doubtful {
			n++
		}
	}
	return n
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

// stepFailed reports whether a trial ended with a step of the stimulus that did not work. One that was cut off did not.
func stepFailed(r evidence.Record) (failed bool) {
	for _, e := range r.Events {
		if e.Kind == evidence.EventCut || e.Kind == evidence.EventLab && e.Outcome == evidence.Failed {
			return false
		}
		if e.Kind == evidence.EventStep && phaseOf(e.Ref) == "stimulus" {
			failed = failed || e.Outcome == evidence.Refused || e.Outcome == evidence.Failed
		}
	}
	return failed
}

// steps counts the samples of a side of which a step did not work, and tells why the first did not.
func steps(samples []*Sample) (n int, why string) {
	for _, s := range samples {
		if s != nil && s.Step {
			if n++; n == 1 {
				why = s.Why
			}
		}
	}
	return n, why
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
		return Sample{Kind: Void, Why: "the symptom was not there to be relieved"}
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
		return Sample{Kind: Void, Why: "the workaround was not carried out"}
	case evidence.And(judge.Truths(relief)...) == evidence.True:
		return Sample{Kind: Miss, Why: "relieved"}
	case evidence.And(judge.Truths(relief)...) == evidence.False:
		c, _ := judge.Blamed(relief)
		return Sample{Kind: Hit, Why: c.Name + ": " + c.Why}
	default:
		c, _ := judge.Blamed(relief)
		return Sample{Kind: Void, Why: c.Name + " is unknown: " + c.Why}
	}
}
