package escalate

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// TestTells: a measurement of which half is lost, as to a machine that is too slow for a speed, tells nothing at that
// speed, and is made again in real time.
func TestTells(t *testing.T) {
	for _, tt := range []struct {
		name            string
		trials, valid   int
		short, controls int
		want            bool
	}{
		{"all of them", 2, 2, 0, 2, true},
		{"half of them", 2, 1, 0, 2, false},
		{"most of them", 3, 2, 0, 2, true},
		{"none", 2, 0, 0, 2, false},
		{"one that was cut short and made up for", 2, 1, 1, 2, true},
		{"half of the control's", 2, 2, 0, 1, true},
		{"none of the control's", 2, 2, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			control := result.NewProportion("control", 0, tt.controls)
			r := result.Rate{Rate: evidence.Rate{Valid: tt.valid}, Trials: tt.trials, CutShort: tt.short, Control: &control}
			if got := tells(&r); got != tt.want {
				t.Errorf("tells: %v", got)
			}
		})
	}
	if !tells(&result.Rate{Rate: evidence.Rate{Valid: 1}, Trials: 1}) {
		t.Error("without a control")
	}
}
