package trial_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// TestTryWithin gives a baseline up that does not come in time, and says so in a record
// that is judged the same without the lab.
func TestTryWithin(t *testing.T) {
	patient := strings.Replace(stuck, "eventually: 200ms", "eventually: 1m", 1)
	for _, tt := range []struct {
		name   string
		answer string
		gaveUp bool
		want   evidence.Verdict
	}{
		{"it comes", "", false, evidence.Reproduced},
		{"it does not come", "state is init", true, evidence.Inconclusive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				run := w.platform.RunFn
				w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
					<-time.After(time.Millisecond)
					if tt.answer != "" {
						return drivers.Exchange{Output: tt.answer}, nil
					}
					return run(node, line)
				}
				s, err := trial.NewSeries(t.Context(), planOf(t, patient, plan.Options{Trials: 1}), t.TempDir(), trial.Environment{Provider: &w.provider, Registry: w.platform.Registry()}, evidence.Tool{})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // half of the window
				defer cancel()
				a, err := s.TryWithin(ctx, 1, 150*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				if a.Verdict.Verdict != tt.want || a.GaveUp != tt.gaveUp || (a.Baseline > 0) == tt.gaveUp {
					t.Errorf("%+v", a)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				p, dir, _, err := plan.OpenRun(s.Dir().Path)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := judge.Rejudge(p, dir); err != nil || len(again.Altered) > 0 {
					t.Errorf("judged again: %v, %v", again.Altered, err)
				}
				record, err := dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				said := false
				for _, e := range record.Events {
					said = said || strings.HasPrefix(e.Name, "the baseline was given up after 150ms")
				}
				if said != tt.gaveUp {
					t.Errorf("the record says that it was given up: %v", said)
				}
			})
		})
	}
}
