package experiment_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// simulate lets seeded coins play both sides, with side by side trials in flight that
// come back in any order and now and then say nothing.
func simulate(seed uint64, c *experiment.Comparison, oldRate, newRate float64, sideBySide int) (result.Ruling, int) {
	r := rand.New(rand.NewPCG(seed, 7))
	var flying []experiment.Ticket
	trials := 0
	for {
		for len(flying) < sideBySide {
			t, more := c.Next()
			if !more {
				break
			}
			trials++
			flying = append(flying, t)
		}
		if len(flying) == 0 {
			ruling, _ := c.Ruling()
			return ruling, trials
		}
		i := r.IntN(len(flying))
		t := flying[i]
		flying = append(flying[:i], flying[i+1:]...)
		rate := oldRate
		if t.Arm == result.New {
			rate = newRate
		}
		kind := experiment.Miss
		switch {
		case r.Float64() < 0.05:
			kind = experiment.Void
		case r.Float64() < rate:
			kind = experiment.Hit
		}
		c.Add(t, experiment.Sample{Kind: kind})
	}
}

// TestComparisonKeepsItsPromise counts how often an unfixed build is called fixed.
func TestComparisonKeepsItsPromise(t *testing.T) {
	seeds, step := 1000, 0.005
	if testing.Short() {
		seeds, step = 200, 0.02
	}
	for _, p := range []float64{0.1, 0.3, 0.5, 0.9} {
		t.Run(fmt.Sprintf("rate %.1f", p), func(t *testing.T) {
			wrong, trials, right, cost := 0, 0, 0, 0
			for seed := range uint64(seeds) {
				r, n := simulate(seed, &experiment.Comparison{Confidence: 0.95, Before: 10, MaxTrials: 200}, p, p, 1+int(seed%3))
				trials += n
				if r == result.Fixed {
					wrong++
				}
				r, n = simulate(seed, &experiment.Comparison{Confidence: 0.95, Before: 10, MaxTrials: 200}, p, 0, 1+int(seed%3))
				cost += n
				if r == result.Fixed {
					right++
				}
			}
			t.Logf("%d seeds: unfixed called fixed in %.2f %% (at most %.2f %% by exact summation), after %.1f trials in the mean; a real fix called fixed in %.1f %%, after %.1f trials",
				seeds, 100*float64(wrong)/float64(seeds), 100*unfixedCalledFixed(0.95, 200, p), float64(trials)/float64(seeds), 100*float64(right)/float64(seeds), float64(cost)/float64(seeds))
			if wrong > seeds*5/100 {
				t.Errorf("%d of %d unfixed builds called fixed", wrong, seeds)
			}
		})
	}
	var rates []float64
	for p := step; p < 1; p += step {
		rates = append(rates, p)
	}
	for _, confidence := range []float64{0.95, 0.99} {
		worst := 0.0
		for _, p := range rates {
			worst = max(worst, unfixedCalledFixed(confidence, 200, p))
		}
		drift := unfixedCalledFixed(confidence, 200, rates...)
		t.Logf("at %.0f %%: the worst rate %.2f %%, the worst sequence of rates %.2f %%", 100*confidence, 100*worst, 100*drift)
		if drift > 1-confidence || worst > drift {
			t.Errorf("at %.2f an unfixed build is called fixed with %.4f at the worst rate, %.4f with the worst rates", confidence, worst, drift)
		}
	}
}

// unfixedCalledFixed sums the chance that a build that is not fixed is called so within a
// number of pairs. Where several rates are given, the worst of them is taken for each pair,
// whatever came before (by backward induction).
func unfixedCalledFixed(confidence float64, limit int, rates ...float64) float64 {
	next := make([]float64, limit+2) // by hits of the old side
	for n := limit; n >= 0; n-- {
		now := make([]float64, limit+2)
		for k := range n + 1 {
			if stats.CleanPairs(k, n, confidence) {
				now[k] = 1
				continue
			}
			if n == limit {
				continue
			}
			for _, p := range rates {
				now[k] = max(now[k], p*(1-p)*next[k+1]+(1-p)*(1-p)*next[k])
			}
		}
		next = now
	}
	return next[0]
}

func TestComparisonRules(t *testing.T) {
	hit, miss, void := experiment.Sample{Kind: experiment.Hit}, experiment.Sample{Kind: experiment.Miss}, experiment.Sample{Kind: experiment.Void, Why: "the lab broke"}
	crash := []evidence.Failure{{Title: "zebra: SIGSEGV", Kind: evidence.FailureCrash, Process: "zebra", Node: "r1"}}
	other, ill := experiment.Sample{Kind: experiment.Other, Why: "zebra died", Failures: crash}, experiment.Sample{Kind: experiment.Unhealthy, Why: "r1 did not start"}
	step := experiment.Sample{Kind: experiment.Void, Why: "stimulus[0] was refused", Step: true}
	for _, tt := range []struct {
		name     string
		old, new []experiment.Sample // each repeated for as long as it takes
		want     result.Ruling
		trials   int
	}{
		{"always there, then gone", []experiment.Sample{hit}, []experiment.Sample{miss}, result.Fixed, 6},
		{"there on the new side", []experiment.Sample{hit}, []experiment.Sample{hit}, result.NotFixed, 2},
		{"there once on the new side", []experiment.Sample{hit}, []experiment.Sample{miss, hit}, result.NotFixed, 3},
		{"no positive control", []experiment.Sample{miss}, []experiment.Sample{miss}, result.Undecided, 8},
		{"another failure", []experiment.Sample{hit}, []experiment.Sample{miss, other}, result.Changed, 3},
		{"a hit outweighs another failure", []experiment.Sample{miss}, []experiment.Sample{hit, other}, result.NotFixed, 2},
		{"the new side never starts", []experiment.Sample{hit}, []experiment.Sample{ill}, result.Changed, 4},
		{"a step never works on the new side", []experiment.Sample{hit}, []experiment.Sample{step}, result.Changed, 4},
		{"a step works on neither", []experiment.Sample{step}, []experiment.Sample{step}, result.Undecided, 9},
		{"a step does not work once", []experiment.Sample{hit}, []experiment.Sample{step, miss, miss, miss, miss, miss}, result.Fixed, 7},
		{"the new side starts badly once", []experiment.Sample{hit}, []experiment.Sample{ill, miss, miss, miss, miss, miss}, result.Fixed, 7},
		{"the old side says nothing in the same words but for a time", []experiment.Sample{{Kind: experiment.Void, Why: "no answer in 1.5s"}, {Kind: experiment.Void, Why: "no answer in 2s"}}, []experiment.Sample{miss}, result.Undecided, 6},
		{"the old side says nothing for several reasons", []experiment.Sample{void, ill}, []experiment.Sample{miss}, result.Undecided, 21},
		{"nothing works", []experiment.Sample{void}, []experiment.Sample{void}, result.Undecided, 9},
		{"rare, and too few trials allowed", []experiment.Sample{hit, miss, miss, miss, miss, miss, miss, miss, miss, miss}, []experiment.Sample{miss}, result.Undecided, 40},
		{"every third time, and enough allowed", []experiment.Sample{hit, miss, miss}, []experiment.Sample{miss}, result.Fixed, 20},
		{"the old side says nothing every other time", []experiment.Sample{void, hit}, []experiment.Sample{miss}, result.Fixed, 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &experiment.Comparison{Confidence: 0.95, Before: 4, MaxTrials: 20}
			n, at := 0, map[result.Arm]int{}
			for ticket, more := c.Next(); more; ticket, more = c.Next() {
				list := tt.old
				if ticket.Arm == result.New {
					list = tt.new
				}
				c.Add(ticket, list[at[ticket.Arm]%len(list)])
				at[ticket.Arm]++
				n++
			}
			got, reason := c.Ruling()
			t.Logf("%s: %s", got, reason)
			if got != tt.want || n != tt.trials || reason == "" {
				t.Errorf("%s after %d trials, want %s after %d", got, n, tt.want, tt.trials)
			}
		})
	}
}

// Of a workaround the reason says what was counted, which is not whether the problem showed.
func TestComparisonOfRelief(t *testing.T) {
	for kind, want := range map[experiment.SampleKind]string{
		experiment.Miss: "no positive control: without the workaround's steps the problem went by itself in all of 4 valid trials",
		experiment.Hit:  "the problem was still there afterwards in 1 of 1 valid trials of the new side",
	} {
		c := &experiment.Comparison{Confidence: 0.95, Before: 4, MaxTrials: 20, Relief: true}
		for ticket, more := c.Next(); more; ticket, more = c.Next() {
			c.Add(ticket, experiment.Sample{Kind: kind})
		}
		if _, reason := c.Ruling(); reason != want {
			t.Errorf("%s: %s, want %s", kind, reason, want)
		}
	}
}

// TestComparisonLate: what comes back first is not what counts first. The new side's first
// trials are still under way when the old side has hit three times.
func TestComparisonLate(t *testing.T) {
	c := &experiment.Comparison{Confidence: 0.95, Before: 10, MaxTrials: 40}
	var late []experiment.Ticket
	for range 6 {
		ticket, more := c.Next()
		switch {
		case !more:
			t.Fatal("no more trials")
		case ticket.Arm == result.Old:
			c.Add(ticket, experiment.Sample{Kind: experiment.Hit})
		default:
			late = append(late, ticket)
		}
	}
	c.Add(late[1], experiment.Sample{Kind: experiment.Miss})
	c.Add(late[2], experiment.Sample{Kind: experiment.Miss})
	if r, why := c.Ruling(); r != "" {
		t.Errorf("%s (%s) while the first trial of the new side is under way", r, why)
	}
	c.Add(late[0], experiment.Sample{Kind: experiment.Hit})
	if r, why := c.Ruling(); r != result.NotFixed {
		t.Errorf("%s (%s) after a hit of the new side", r, why)
	}
}

// TestComparisonBlames: the reason names the side that has no valid trial, and not the one that worked.
func TestComparisonBlames(t *testing.T) {
	hit, miss, void, sick := experiment.Sample{Kind: experiment.Hit}, experiment.Sample{Kind: experiment.Miss}, experiment.Sample{Kind: experiment.Void, Why: "stimulus[0]: status 3"}, experiment.Sample{Kind: experiment.Unhealthy, Why: "r1 did not start"}
	for _, tt := range []struct {
		name     string
		old, new []experiment.Sample
		want     string
	}{
		{"the new side", []experiment.Sample{hit}, []experiment.Sample{void, void, void}, "no valid trial of the new side (3 void), the first: stimulus[0]: status 3"},
		{"the old side", []experiment.Sample{sick, void, void}, []experiment.Sample{miss}, "no valid trial of the old side (2 void, 1 unhealthy), the first: r1 did not start"},
		{"both", []experiment.Sample{void, void, void}, []experiment.Sample{void, void, sick}, "no valid trial of the new side (2 void, 1 unhealthy), the first: stimulus[0]: status 3; no valid trial of the old side (3 void), the first: stimulus[0]: status 3"},
		{"neither", []experiment.Sample{hit, void, void}, []experiment.Sample{miss, void, void}, "1 hits of the old side and none of the new one in 1 pairs of trials are too few; the first of the new side that said nothing: stimulus[0]: status 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &experiment.Comparison{Confidence: 0.95, Before: 3, MaxTrials: 3}
			left := map[result.Arm][]experiment.Sample{result.Old: tt.old, result.New: tt.new}
			for {
				ticket, more := c.Next()
				if !more {
					break
				}
				list := left[ticket.Arm]
				if len(list) == 0 {
					t.Fatalf("the %s side is asked for more than %d", ticket.Arm, len(tt.old)+len(tt.new))
				}
				c.Add(ticket, list[0])
				left[ticket.Arm] = list[1:]
			}
			if got, reason := c.Ruling(); got != result.Undecided || reason != tt.want {
				t.Errorf("%s: %s\nwant %s", got, reason, tt.want)
			}
		})
	}
}

func TestSampleOf(t *testing.T) {
	death := evidence.Record{Events: []evidence.Event{{Kind: evidence.EventDeath, Lane: "r1", Name: "bird", Detail: "SIGABRT"}}}
	boot := evidence.Record{Events: []evidence.Event{{Kind: evidence.EventBoot, Outcome: evidence.Failed}}}
	below := []evidence.ConditionVerdict{{Ref: "baseline[0]", Holds: evidence.False}}
	relief := func(h evidence.Truth) []evidence.ConditionVerdict {
		return []evidence.ConditionVerdict{{Ref: "symptom[0]", Holds: evidence.True}, {Ref: "workaround.expect[0]", Holds: h}}
	}
	for _, tt := range []struct {
		name   string
		sample experiment.Sample
		want   experiment.SampleKind
	}{
		{"hit", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Reproduced}, death), experiment.Hit},
		{"miss", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.NotReproduced}, evidence.Record{}), experiment.Miss},
		{"died of something else", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.NotReproduced}, death), experiment.Other},
		{"other", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive, OtherFailures: []string{"x"}}, death), experiment.Other},
		{"died, perhaps by a step", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive, OtherFailures: []string{"x"}}, evidence.Record{Events: []evidence.Event{{Kind: evidence.EventDeath, Outcome: evidence.Doubtful}}}), experiment.Void},
		{"boot", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive}, boot), experiment.Unhealthy},
		{"baseline", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive, Conditions: below}, evidence.Record{}), experiment.Unhealthy},
		{"never as expected", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleNeverShown}, evidence.Record{}), experiment.Hit},
		{"probe failed", experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive}, evidence.Record{}), experiment.Void},
		{"relieved", experiment.ReliefOf(evidence.TrialVerdict{Verdict: evidence.Reproduced, Conditions: relief(evidence.True)}, evidence.Record{}), experiment.Miss},
		{"not relieved", experiment.ReliefOf(evidence.TrialVerdict{Verdict: evidence.Reproduced, Conditions: relief(evidence.False)}, evidence.Record{}), experiment.Hit},
		{"relief unknown", experiment.ReliefOf(evidence.TrialVerdict{Verdict: evidence.Reproduced, Conditions: relief(evidence.Unknown)}, evidence.Record{}), experiment.Void},
		{"nothing to relieve", experiment.ReliefOf(evidence.TrialVerdict{Verdict: evidence.NotReproduced}, evidence.Record{}), experiment.Void},
		{"not carried out", experiment.ReliefOf(evidence.TrialVerdict{Verdict: evidence.Reproduced}, evidence.Record{}), experiment.Void},
	} {
		if tt.sample.Kind != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.sample.Kind, tt.want)
		}
	}
}

// TestSampleOfStep: a step of the stimulus that did not work is told from a trial that was cut off, or whose lab broke.
func TestSampleOfStep(t *testing.T) {
	failed := evidence.Event{Kind: evidence.EventStep, Ref: "stimulus[1]", Outcome: evidence.Failed}
	refused := evidence.Event{Kind: evidence.EventStep, Ref: "stimulus[0]", Outcome: evidence.Refused}
	for _, tt := range []struct {
		name   string
		events []evidence.Event
		want   bool
	}{
		{"failed", []evidence.Event{failed}, true},
		{"refused", []evidence.Event{refused}, true},
		{"worked", []evidence.Event{{Kind: evidence.EventStep, Ref: "stimulus[0]", Outcome: evidence.OK}}, false},
		{"of the workaround", []evidence.Event{{Kind: evidence.EventStep, Ref: "workaround.steps[0]", Outcome: evidence.Failed}}, false},
		{"cut off", []evidence.Event{failed, {Kind: evidence.EventCut}}, false},
		{"of a lab that broke", []evidence.Event{failed, {Kind: evidence.EventLab, Outcome: evidence.Failed}}, false},
	} {
		if s := experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive}, evidence.Record{Events: tt.events}); s.Step != tt.want || s.Kind != experiment.Void {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}

// TestTallyTellsFailures: what failed in another way is told once for a side, whichever record
// tells of it.
func TestTallyTellsFailures(t *testing.T) {
	f := evidence.Failure{Title: "bird: SIGABRT", Kind: evidence.FailureCrash, Process: "bird", Node: "r1"}
	death := evidence.Record{Events: []evidence.Event{{Kind: evidence.EventDeath, Lane: "r1", Name: "bird", Detail: "SIGABRT", Failure: &f}}}
	samples := []experiment.Sample{
		experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.Inconclusive, OtherFailures: []string{"pid 7"}, Failures: []evidence.Failure{f}}, evidence.Record{}),
		experiment.SampleOf(evidence.TrialVerdict{Verdict: evidence.NotReproduced}, death),
	}
	c := experiment.Comparison{Confidence: 0.95, Before: 4, MaxTrials: 4}
	var flying []experiment.Ticket // of the new side, at the same time
	for len(flying) < len(samples) {
		ticket, ok := c.Next()
		if !ok {
			t.Fatal("no trial is wanted")
		}
		if ticket.Arm == result.New {
			flying = append(flying, ticket)
		}
	}
	for i, s := range samples {
		c.Add(flying[i], s)
	}
	if got := c.Tally(result.New); got.Other != 2 || len(got.Failures) != 1 || !got.Failures[0].Same(f) {
		t.Errorf("%+v", got)
	}
}
