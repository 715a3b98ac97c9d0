package confirm_test

import (
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/confirm"
)

// A confirmation tells whether the control was tried here, and what came of it.
func TestControlState(t *testing.T) {
	for _, tt := range []struct {
		declared bool
		control  *confirm.Shown
		want     confirm.ControlState
		words    string
	}{
		{false, nil, confirm.ControlNone, "the scenario declares no control"},
		{true, nil, confirm.ControlUntried, "the control was not tried"},
		{true, &confirm.Shown{}, confirm.ControlSilent, "the control was tried, with no valid trial"},
		{true, &confirm.Shown{Valid: 1}, confirm.ControlHealthy, "the control was tried and is healthy: 0/1"},
		{true, &confirm.Shown{Valid: 1, Reproduced: 1}, confirm.ControlFails, "the control was tried and shows it as well: 1/1"},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			c := confirm.Confirmation{Claim: confirm.Shown{HasControl: tt.declared}, Control: tt.control}
			if got, words := c.ControlState(), c.ControlWords(); got != tt.want || words != tt.words {
				t.Errorf("%s (%s), want %s (%s)", got, words, tt.want, tt.words)
			}
		})
	}
}
