package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestHiddenFailure: an empty answer, or one that counts nothing, decides nothing where a part of the command failed that the line
// hides. What shows more than that, and what works, does.
func TestHiddenFailure(t *testing.T) {
	const line = "show routes 2>/dev/null | grep -c 10.9"
	for _, tt := range []struct {
		name, probe string
		said        drivers.Exchange // by the line, after the stimulus
		status      int              // of its part
		want        evidence.Verdict
		reason      string
	}{
		{
			"it fails, and nothing is counted", `exit: [0, 1], expect: 'trim(text) == "0"'`,
			drivers.Exchange{Output: "0\n", Exit: 1},
			2, evidence.Inconclusive,
			"a part of the command ended with status 2, and the line hides it: show routes; where that is an answer, name it: exit: [0, 2]",
		},
		{"it fails, and nothing is said", `expect: 'not (text contains "10.9")'`, drivers.Exchange{}, 2, evidence.Inconclusive, "ended with status 2"},
		{"it fails, and the status decides", `expect: 'exit == 1'`, drivers.Exchange{Exit: 1}, 2, evidence.Inconclusive, "ended with status 2"},
		{"it fails, and its words are no answer", `exit: [0, 1], expect: 'not (text contains "10.9")'`, drivers.Exchange{Output: "no daemon\n", Exit: 1}, 2, evidence.Inconclusive, "ended with status 2"},
		{"what is there is there", `expect: 'text contains "9 more"'`, drivers.Exchange{Output: "9 more\n"}, 2, evidence.Reproduced, ""},
		{"it fails, and complains beside a number", `expect: 'text matches "(?m)^0$"'`, drivers.Exchange{Output: "show: no such thing\n0\n"}, 2, evidence.Inconclusive, "ended with status 2"},
		{"it works", `exit: [0, 1], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, 0, evidence.Reproduced, ""},
		{"it says no", `exit: [0, 1], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, 1, evidence.Reproduced, ""},
		{
			"it fails by the status that the last part says no by", `exit: [0, 1, 3], expect: 'trim(text) == "0"'`,
			drivers.Exchange{Output: "0\n", Exit: 1},
			3, evidence.Inconclusive, "a part of the command ended with status 3",
		},
		{"it is refused in words", `exit: [0, 1], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, -3, evidence.Inconclusive, "a part of the command was refused, and the line hides it: show routes: % Unknown command"},
		{"its status is named", `exit: [0, 1, 2], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, 2, evidence.Reproduced, ""},
		{"by the rules of then", `exit: [0, 1], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, 2, evidence.Reproduced, ""},
		{"nobody answers", `exit: [0, 1], expect: 'trim(text) == "0"'`, drivers.Exchange{Output: "0\n", Exit: 1}, -2, evidence.Inconclusive, "whether a part of the command failed, which the line hides, is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.PartsFn = func(asked string, shell bool) []drivers.HiddenPart {
					if !shell || asked != line {
						return nil
					}
					return []drivers.HiddenPart{{Command: "show routes", Alone: "alone", No: []int{1}, Last: []int{1, 3}}}
				}
				w.platform.ShellFn = func(_, asked string) (drivers.Exchange, error) {
					switch {
					case !w.broken.Load():
						return drivers.Exchange{Output: "1 route 10.9\n"}, nil
					case asked == "alone" && tt.status == -2:
						return drivers.Exchange{}, drivers.ErrTimeout
					case asked == "alone" && tt.status == -3:
						return drivers.Exchange{Output: "% Unknown command\n", Exit: 1}, nil
					case asked == "alone":
						return drivers.Exchange{Exit: tt.status}, nil
					default:
						return tt.said, nil
					}
				}
				p := planOf(t, head+"stimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, node: r1, exec: \""+line+"\", every: 10ms, eventually: 60ms, "+tt.probe+"}]\n", plan.Options{})
				if tt.name == "by the rules of then" {
					p.Rules = evidence.RulesV5
				}
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
