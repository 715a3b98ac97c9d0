package confirm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
)

func claim(k, n int, low, high float64) confirm.Shown {
	return confirm.Shown{Scenario: "s", Reproduced: k, Valid: n, Interval: [2]float64{low, high}, Signatures: []string{"5f1c9a"}}
}

// The figures of the planning table: 16 for 15 of 50, 4 for 9 of 10, 24 for 6 of 20.
func TestNeeded(t *testing.T) {
	for _, tt := range []struct {
		claim confirm.Shown
		want  int
	}{
		{claim(15, 50, 0.1786, 0.4461), 16},
		{claim(9, 10, 0.5550, 0.9975), 4},
		{claim(6, 20, 0.1189, 0.5428), 24},
		{claim(5, 5, 0.4782, 1), 5},
		{claim(0, 10, 0, 0.3085), 0},
	} {
		if got := confirm.Needed(tt.claim); got != tt.want {
			t.Errorf("%d of %d: %d trials, want %d", tt.claim.Reproduced, tt.claim.Valid, got, tt.want)
		}
	}
}

func TestDecide(t *testing.T) {
	other := confirm.Difference{What: "image of r1", Claim: "a", Here: "b", Matters: true}
	harmless := confirm.Difference{What: "kernel", Claim: "6.1", Here: "6.12"}
	withControl := confirm.Shown{HasControl: true}
	fast, hit := evidence.Clock{Speed: 10}, []string{"5f1c9a"}
	for _, tt := range []struct {
		name string
		c    confirm.Confirmation
		want confirm.Result
		says string
	}{
		{"one hit of the same failure", confirm.Confirmation{Seen: confirm.Shown{Reproduced: 1, Valid: 9, Signatures: []string{"5f1c9a"}}}, confirm.Confirmed, "1 of 9"},
		{"the same, on another image", confirm.Confirmation{Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: []string{"5f1c9a"}}, Differences: []confirm.Difference{other}}, confirm.Confirmed, "although image of r1"},
		{"the control shows it too", confirm.Confirmation{Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: []string{"5f1c9a"}}, Control: &confirm.Shown{Reproduced: 1, Valid: 1}}, confirm.Inconclusive, "the control"},
		{"a control without a valid trial", confirm.Confirmation{Claim: withControl, Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: []string{"5f1c9a"}}, Control: &confirm.Shown{}}, confirm.Inconclusive, "no valid trial of the control"},
		{"a control that was not run", confirm.Confirmation{Claim: withControl, Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: []string{"5f1c9a"}}}, confirm.Inconclusive, "no valid trial of the control"},
		{"a healthy control", confirm.Confirmation{Claim: withControl, Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: []string{"5f1c9a"}}, Control: &confirm.Shown{Valid: 1}}, confirm.Confirmed, "1 of 1"},
		{"none, and no control was needed for that", confirm.Confirmation{Claim: withControl, Seen: confirm.Shown{Valid: 4}}, confirm.Contradicted, "0.56 or more"},
		{"hits of another failure", confirm.Confirmation{Seen: confirm.Shown{Reproduced: 3, Valid: 9, Signatures: []string{"000000"}}}, confirm.Inconclusive, "another failure"},
		{"too few trials", confirm.Confirmation{Seen: confirm.Shown{Valid: 3}}, confirm.Inconclusive, "4 are needed"},
		{"none in as many as are needed", confirm.Confirmation{Seen: confirm.Shown{Valid: 4}, Differences: []confirm.Difference{harmless}}, confirm.Contradicted, "0.56 or more"},
		{"none, on another image", confirm.Confirmation{Seen: confirm.Shown{Valid: 4}, Differences: []confirm.Difference{other}}, confirm.Inconclusive, "but image of r1 is b here and was a"},
		{"by the claim's fast clock", confirm.Confirmation{Claim: confirm.Shown{Clock: fast}, Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: hit, Clock: fast}}, confirm.Confirmed, "in 1 of 1 valid trials at speed 10"},
		{"not by it", confirm.Confirmation{Claim: confirm.Shown{Clock: fast}, Seen: confirm.Shown{Valid: 4, Clock: fast}}, confirm.Contradicted, "not in 4 valid trials at speed 10, where"},
		{"by another than the claim's", confirm.Confirmation{Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: hit, Clock: fast}}, confirm.Inconclusive, "at speed 10, and the claim is of speed 1: trials by the claim's clock decide"},
		{"in real time what a clock claims", confirm.Confirmation{Claim: confirm.Shown{Clock: fast}, Seen: confirm.Shown{Reproduced: 1, Valid: 1, Signatures: hit}}, confirm.Inconclusive, "and the claim is of speed 10: "},
		{"not by another", confirm.Confirmation{Seen: confirm.Shown{Valid: 4, Clock: fast}}, confirm.Inconclusive, "not in 4 valid trials at speed 10, and the claim is of speed 1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hasControl, clock := tt.c.Claim.HasControl, tt.c.Claim.Clock
			tt.c.Claim = claim(9, 10, 0.5550, 0.9975)
			tt.c.Claim.HasControl, tt.c.Claim.Clock = hasControl, clock
			tt.c.Planned = confirm.Needed(tt.c.Claim)
			tt.c.Decide()
			if tt.c.Result != tt.want || !strings.Contains(tt.c.Reason, tt.says) {
				t.Errorf("got %s (%s), want %s (…%s…)", tt.c.Result, tt.c.Reason, tt.want, tt.says)
			}
		})
	}
	nothing := confirm.Confirmation{Claim: claim(0, 5, 0, 0.5)}
	if nothing.Decide(); nothing.Result != confirm.Inconclusive {
		t.Errorf("a claim of nothing: %s", nothing.Result)
	}
}

// A confirmation whose result was rewritten is not believed.
func TestReadChangedByHand(t *testing.T) {
	c := confirm.Confirmation{Reprise: confirm.Format, Claim: claim(9, 10, 0.5550, 0.9975), Seen: confirm.Shown{Valid: 4}}
	c.Planned = confirm.Needed(c.Claim)
	c.Decide()
	path := filepath.Join(t.TempDir(), confirm.FileName)
	write := func() {
		t.Helper()
		data, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if got, _, sig, err := confirm.Read(path); err != nil || got.Result != confirm.Contradicted || sig != nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	c.Seen = confirm.Shown{Reproduced: 500, Valid: 3, Signatures: []string{"5f1c9a"}}
	c.Decide()
	write()
	if got, _, _, err := confirm.Read(path); err == nil {
		t.Errorf("believed: %+v", got)
	}
	c.Seen = confirm.Shown{Valid: 4}
	c.Result = confirm.Confirmed
	write()
	if got, _, _, err := confirm.Read(path); err == nil {
		t.Errorf("believed: %+v", got)
	}
}
