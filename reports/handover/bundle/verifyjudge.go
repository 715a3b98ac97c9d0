package bundle

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// rejudge has every trial judged again, and the run.
func (c *runCheck) rejudge(ctx context.Context, rejudge Rejudge) error {
	if rejudge == nil {
		c.put("verdicts", Unchecked, "no judge was asked")
		return nil
	}
	if !filepath.IsLocal(filepath.FromSlash(c.info.Scenario.File)) {
		return nil // inputs has said so
	}
	again, err := rejudge(ctx, c.dir.Path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.put("verdicts", Unknown, "the record cannot be judged here: %v", err)
		return nil
	}
	c.add("verdicts", c.verdicts(again), "%d trials come out as they are stored", len(again.Trials))
	c.rules(again)
	c.add("rate", c.dir.CheckVerdict(again.Run, again.Rate), "%d of %d, as the trials give it", again.Rate.Reproduced, again.Rate.Valid)
	return nil
}

// rules tells of a record that was judged by older rules: it was not altered for that, and
// where today's rules would not give its verdict any more, nobody shall take it for more.
func (c *runCheck) rules(again evidence.RunVerdicts) {
	switch now := again.Today; {
	case now == nil:
	case now.Verdict == again.Run.Verdict:
		c.put("rules", OK, "it was judged by rules %s; those of today (%s) give the same verdict, with %d of %d valid trials", again.Rules, evidence.CurrentRules, now.Reproduced, now.Valid())
	default:
		c.put("rules", Unknown, "it was judged by rules %s as %s; by those of today (%s) it is %s: %s", again.Rules, again.Run.Verdict, evidence.CurrentRules, now.Verdict, now.Reason)
	}
}

func (c *runCheck) verdicts(again evidence.RunVerdicts) error {
	var errs []error
	for _, a := range again.Trials {
		stored, judged, err := c.dir.Trial(a.Trial).Verdict()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if judged {
			errs = append(errs, c.sameVerdict(stored, a))
		}
		if e, ok := c.last[a.Trial]; ok && e.Verdict != a.Verdict {
			errs = append(errs, fmt.Errorf("trial %d is %s in the ledger, and its record gives %s", a.Trial, e.Verdict, a.Verdict))
		}
	}
	return first(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))
}

// sameVerdict compares what decides. Sentences may be worded otherwise by another version.
func (c *runCheck) sameVerdict(stored, again evidence.TrialVerdict) error {
	holds := func(v evidence.TrialVerdict) []string {
		var out []string
		for _, k := range v.Conditions {
			out = append(out, k.Ref+" is "+string(k.Holds))
		}
		return out
	}
	sameFailures := slices.Equal(stored.OtherFailures, again.OtherFailures) || c.red != nil && len(stored.OtherFailures) == len(again.OtherFailures)
	if len(stored.Failures) > 0 { // records from before failures had fields have none
		sameFailures = sameFailures && slices.EqualFunc(stored.Failures, again.Failures, func(f, g evidence.Failure) bool {
			return f.Kind == g.Kind && (c.red != nil || f.Same(g) && slices.Equal(f.Alt, g.Alt))
		})
	}
	switch {
	case stored.Verdict != again.Verdict || stored.Trial != again.Trial:
		return fmt.Errorf("trial %d is stored as %s, and its record gives %s: %s", again.Trial, stored.Verdict, again.Verdict, again.Reason)
	case !slices.Equal(holds(stored), holds(again)):
		return fmt.Errorf("trial %d: its conditions are stored as %q, and its record gives %q", again.Trial, holds(stored), holds(again))
	case !sameFailures:
		return fmt.Errorf("trial %d: its other failures are stored as %q %q, and its record gives %q %q", again.Trial, stored.OtherFailures, stored.Failures, again.OtherFailures, again.Failures)
	case !slices.Equal(stored.Marks, again.Marks):
		return fmt.Errorf("trial %d: its marks are stored as %q, and its record gives %q", again.Trial, stored.Marks, again.Marks)
	default:
		return nil
	}
}
