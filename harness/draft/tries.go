package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// Tries are what came of the hypotheses that were tried.
type Tries struct {
	Reprise string `json:"reprise"`
	Tries   []Try  `json:"tries"`
	// Left are the hypotheses that were not tried.
	Left []string `json:"left,omitempty"`
	// Reproduced is the one that did; empty for none.
	Reproduced string         `json:"reproduced,omitempty"`
	Outcome    result.Outcome `json:"outcome"`
	Answer     string         `json:"answer"`
}

// Try is what came of one hypothesis.
type Try struct {
	Hypothesis string `json:"hypothesis"`
	// Outcome is yes where the symptom showed and the control stayed healthy, no where the symptom did not show.
	Outcome result.Outcome `json:"outcome"`
	Answer  string         `json:"answer"`
	// Rate is that of the trials, and of the control's beside them; nil where it came to none.
	Rate    *result.Proportion `json:"rate,omitempty"`
	Control *result.Proportion `json:"control,omitempty"`
	Trials  int                `json:"trials"` // of both
	// Speed is how many seconds passed in the lab in a real one.
	Speed float64       `json:"speed,omitempty"`
	Dir   string        `json:"dir,omitempty"`
	Took  time.Duration `json:"took"`
	// Lacks is what this machine lacks for it.
	Lacks string `json:"lacks,omitempty"`
}

// Go tries hypotheses in their order, those of before left out where nothing was lacking, until one reproduces, the budget is over or ctx
// is; one that was begun is ended. tried is told of each. The error is tried's, or the one that ended try.
func (t *Tries) Go(ctx context.Context, hypotheses []Hypothesis, budget time.Duration, try func(context.Context, *Hypothesis) (Try, error), tried func(*Tries) error) error {
	t.Reprise = Format
	t.Tries = slices.DeleteFunc(t.Tries, func(x Try) bool { return x.Lacks != "" }) // it may be here by now
	begin := time.Now()
	for i := range hypotheses {
		h := &hypotheses[i]
		if t.Reproduced != "" || t.has(h.Name) {
			continue
		}
		if time.Since(begin) >= budget || ctx.Err() != nil {
			break
		}
		one, err := try(ctx, h)
		if err != nil {
			t.settle(hypotheses)
			return err
		}
		if one.Hypothesis = h.Name; h.Short && one.Outcome == result.No {
			one.Outcome, one.Answer = result.Inconclusive, one.Answer+"; it waits less than a timer of the configurations"
		}
		t.Tries = append(t.Tries, one)
		if one.Outcome == result.Yes {
			t.Reproduced = h.Name
		}
		t.settle(hypotheses)
		if err := tried(t); err != nil {
			return err
		}
	}
	t.settle(hypotheses)
	return ctx.Err()
}

func (t *Tries) has(name string) bool {
	for _, x := range t.Tries {
		if x.Hypothesis == name {
			return true
		}
	}
	return false
}

// counted is in how many trials, and of the control's, the failure showed where it reproduced, and at what speed.
func (t *Tries) counted() (text string) {
	for _, x := range t.Tries {
		if x.Hypothesis != t.Reproduced {
			continue
		}
		if x.Rate != nil {
			text += fmt.Sprintf(" in %d of %d", x.Rate.Reproduced, x.Rate.Valid)
		}
		if x.Control != nil {
			text += fmt.Sprintf(" (control: %d of %d)", x.Control.Reproduced, x.Control.Valid)
		}
		if x.Speed > 1 {
			text += fmt.Sprintf(" at %g times the speed of time", x.Speed)
		}
	}
	return text
}

// settle says what all of it comes to.
func (t *Tries) settle(hypotheses []Hypothesis) {
	t.Left = nil
	for _, h := range hypotheses {
		if !t.has(h.Name) {
			t.Left = append(t.Left, h.Name)
		}
	}
	undecided := 0
	for _, x := range t.Tries {
		if x.Outcome != result.No {
			undecided++
		}
	}
	switch {
	case t.Reproduced != "":
		t.Outcome, t.Answer = result.Yes, t.Reproduced+" reproduces the failure"+t.counted()+", and its control is clean"
		for _, h := range hypotheses {
			if h.Name != t.Reproduced {
				continue
			}
			if h.Clock != "" {
				t.Answer += "; the lab's clocks begin at " + h.Clock
			}
			if len(h.Likeness) > 0 {
				t.Answer += "; " + strings.Join(h.Likeness, "; ")
			}
			if h.Guess {
				t.Answer += "; nothing in the files tells of it: it is one way to this failure, and need not be the customer's"
			}
			if h.Said {
				t.Answer += "; no file shows the failure: its symptom is what the customer's sentence names"
			}
		}
	case len(t.Tries) == 0 && len(t.Left) == 0:
		t.Outcome, t.Answer = result.Inconclusive, "there are no hypotheses, and nothing was tried"
	case len(t.Left) > 0:
		t.Outcome, t.Answer = result.Inconclusive, "none has reproduced the failure, and not all were tried"
	case undecided > 0:
		t.Outcome, t.Answer = result.Inconclusive, "none reproduced the failure with a clean control, and some could not tell"
	default:
		t.Outcome, t.Answer = result.No, "none of the hypotheses reproduces the failure"
	}
}
