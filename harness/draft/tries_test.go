package draft_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/result"
)

// TestTries: hypotheses are tried in order until one reproduces or the budget is over; what was tried is not
// tried again, and none is called tried that was broken off.
func TestTries(t *testing.T) {
	three := []draft.Hypothesis{{Name: "1"}, {Name: "2"}, {Name: "3", Guess: true, Said: true}}
	broken := errors.New("the lab fell")
	for _, c := range []struct {
		name    string
		before  []string // that were tried, without success
		answers map[string]result.Outcome
		budget  time.Duration
		err     error // of the second
		tried   []string
		outcome result.Outcome
		left    []string
	}{
		{name: "the second reproduces", answers: map[string]result.Outcome{"1": result.No, "2": result.Yes}, budget: time.Hour, tried: []string{"1", "2"}, outcome: result.Yes, left: []string{"3"}},
		{name: "none", answers: map[string]result.Outcome{"1": result.No, "2": result.No, "3": result.No}, budget: time.Hour, tried: []string{"1", "2", "3"}, outcome: result.No},
		{name: "one cannot tell", answers: map[string]result.Outcome{"1": result.No, "2": result.Inconclusive, "3": result.No}, budget: time.Hour, tried: []string{"1", "2", "3"}, outcome: result.Inconclusive},
		{name: "no time", answers: map[string]result.Outcome{}, outcome: result.Inconclusive, left: []string{"1", "2", "3"}},
		{name: "goes on", before: []string{"1", "2"}, answers: map[string]result.Outcome{"3": result.Yes}, budget: time.Hour, tried: []string{"3"}, outcome: result.Yes},
		{name: "broken off", answers: map[string]result.Outcome{"1": result.No}, budget: time.Hour, err: broken, tried: []string{"1", "2"}, outcome: result.Inconclusive, left: []string{"2", "3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all draft.Tries
			for _, name := range c.before {
				all.Tries = append(all.Tries, draft.Try{Hypothesis: name, Outcome: result.No})
			}
			var tried []string
			kept := 0
			err := all.Go(t.Context(), three, c.budget, func(_ context.Context, h *draft.Hypothesis) (draft.Try, error) {
				tried = append(tried, h.Name)
				if h.Name == "2" && c.err != nil {
					return draft.Try{}, c.err
				}
				return draft.Try{Outcome: c.answers[h.Name]}, nil
			}, func(*draft.Tries) error {
				kept++
				return nil
			})
			if !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.tried, tried); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.left, all.Left); diff != "" {
				t.Error(diff)
			}
			want := len(c.tried)
			if c.err != nil {
				want--
			}
			if guess := strings.Contains(all.Answer, "nothing in the files tells of it"); guess != (all.Reproduced == "3") {
				t.Errorf("a guess is told as one: %t: %s", guess, all.Answer)
			}
			if said := strings.Contains(all.Answer, "no file shows the failure"); said != (all.Reproduced == "3") {
				t.Errorf("a symptom of a sentence alone is told as one: %t: %s", said, all.Answer)
			}
			if all.Outcome != c.outcome || kept != want || all.Answer == "" {
				t.Errorf("%s: %s; kept %d times", all.Outcome, all.Answer, kept)
			}
		})
	}
}

// TestTriesLacking: what this machine lacked something for is tried again.
func TestTriesLacking(t *testing.T) {
	all := draft.Tries{Tries: []draft.Try{{Hypothesis: "1", Outcome: result.Inconclusive, Lacks: "an image"}, {Hypothesis: "2", Outcome: result.No}}}
	var tried []string
	err := all.Go(t.Context(), []draft.Hypothesis{{Name: "1"}, {Name: "2"}}, time.Hour, func(_ context.Context, h *draft.Hypothesis) (draft.Try, error) {
		tried = append(tried, h.Name)
		return draft.Try{Outcome: result.No}, nil
	}, func(*draft.Tries) error { return nil })
	if err != nil || len(tried) != 1 || tried[0] != "1" || len(all.Tries) != 2 || all.Outcome != result.No {
		t.Errorf("%v, tried %v: %+v", err, tried, all)
	}
}

// TestTriesInterrupted: what is interrupted is left to be tried again.
func TestTriesInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var all draft.Tries
	err := all.Go(ctx, []draft.Hypothesis{{Name: "1"}, {Name: "2"}}, time.Hour, func(context.Context, *draft.Hypothesis) (draft.Try, error) {
		cancel()
		return draft.Try{Outcome: result.No}, nil
	}, func(*draft.Tries) error { return nil })
	if !errors.Is(err, context.Canceled) || len(all.Tries) != 1 || len(all.Left) != 1 {
		t.Errorf("%v, %+v", err, all)
	}
}

// TestTriesAnswer: the answer says in how many trials, at what speed, with which clock and in how like a lab.
func TestTriesAnswer(t *testing.T) {
	rate, control := result.NewProportion("main", 1, 2), result.NewProportion("control", 0, 2)
	all := draft.Tries{}
	err := all.Go(t.Context(), []draft.Hypothesis{{Name: "1", Clock: "2038-01-19T03:09:08Z", Likeness: []string{"reprise/frr:10.3 stands for the frr 10.2 of r1"}}}, time.Hour, func(context.Context, *draft.Hypothesis) (draft.Try, error) {
		return draft.Try{Outcome: result.Yes, Rate: &rate, Control: &control, Speed: 10}, nil
	}, func(*draft.Tries) error { return nil })
	const want = "1 reproduces the failure in 1 of 2 (control: 0 of 2) at 10 times the speed of time, and its control is clean; the lab's clocks begin at 2038-01-19T03:09:08Z; reprise/frr:10.3 stands for the frr 10.2 of r1"
	if err != nil || all.Answer != want {
		t.Errorf("%v: %s", err, all.Answer)
	}
}

// TestTriesNothing: of no hypotheses nothing is answered.
func TestTriesNothing(t *testing.T) {
	var all draft.Tries
	if err := all.Go(t.Context(), nil, time.Hour, nil, nil); err != nil || all.Outcome != result.Inconclusive || all.Answer == "" {
		t.Errorf("%v: %+v", err, all)
	}
}

// TestTriesShort: that nothing shows in a trial that waits less than a timer of the configurations is no answer.
func TestTriesShort(t *testing.T) {
	var all draft.Tries
	err := all.Go(t.Context(), []draft.Hypothesis{{Name: "1", Short: true}}, time.Hour, func(context.Context, *draft.Hypothesis) (draft.Try, error) {
		return draft.Try{Outcome: result.No}, nil
	}, func(*draft.Tries) error { return nil })
	if err != nil || all.Outcome != result.Inconclusive || all.Tries[0].Outcome != result.Inconclusive {
		t.Errorf("%v: %+v", err, all)
	}
}
