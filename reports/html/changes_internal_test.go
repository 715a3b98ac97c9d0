package html

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// What a condition looked at is drawn where it became something else; no answer is no state.
func TestChanges(t *testing.T) {
	look := func(at int, value, err string) reports.Look {
		return reports.Look{Observation: evidence.Observation{At: time.Duration(at) * time.Second, Value: value, Error: err}}
	}
	d := &reports.Detail{Conditions: []reports.Condition{
		{ConditionVerdict: evidence.ConditionVerdict{Name: "up <b>"}, Info: evidence.ConditionInfo{Node: "r1"}, Looks: []reports.Look{
			look(1, "false", ""), look(2, "", "session lost"), look(3, "false", ""), look(4, "true", ""), look(6, "false", ""),
		}},
		{ConditionVerdict: evidence.ConditionVerdict{Name: "still"}, Looks: []reports.Look{look(1, "true", ""), look(2, "true", "")}},
		{ConditionVerdict: evidence.ConditionVerdict{Name: "once"}, Info: evidence.ConditionInfo{Node: "r2"}, Looks: []reports.Look{look(1, "2", ""), look(2, "3", "")}},
		{ConditionVerdict: evidence.ConditionVerdict{Name: "decided by it"}, Looks: []reports.Look{look(1, "false", ""), {Observation: evidence.Observation{At: time.Second, Value: "true"}, Decided: true}}},
		{ConditionVerdict: evidence.ConditionVerdict{Name: "flaps"}, Info: evidence.ConditionInfo{Node: "r3"}, Turns: 300, Looks: []reports.Look{
			look(1, "up", ""), look(2, "down", ""), {Observation: evidence.Observation{At: 9 * time.Second, Value: "up"}, Skipped: 298, Last: true},
		}},
		{ConditionVerdict: evidence.ConditionVerdict{Name: "never answered"}, Looks: []reports.Look{look(1, "", "no"), look(2, "true", "")}},
	}}
	type drawn struct {
		Lane, Label, Title string
		Ticks              []string
	}
	var got []drawn
	for _, m := range (plot{end: 10 * time.Second}).changes(d) {
		one := drawn{Lane: m.lane, Label: m.label, Title: m.title}
		for _, k := range m.ticks {
			one.Ticks = append(one.Ticks, k.title)
		}
		got = append(got, one)
	}
	want := []drawn{
		{"r1", "up <b>: 2 changes", "4.000 s up <b>: true, was false; at last 6.000 s up <b>: false, was true", []string{"4.000 s up <b>: true, was false", "6.000 s up <b>: false, was true"}},
		{"r2", "once", "2.000 s once: 3, was 2", []string{"2.000 s once: 3, was 2"}},
		{"r3", "flaps: 1 of 300 changes shown", "2.000 s flaps: down, was up; the last that is shown 2.000 s flaps: down, was up", []string{"2.000 s flaps: down, was up"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
