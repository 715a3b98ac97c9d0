package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

const tested = `
reprise: v1
id: cell
title: Neighbours meet
labels: [pairs]
topology: {nodes: {r1: {image: "a:1"}, r2: {image: "b:1"}}}
nodes: {r1: {role: dut, platform: linux}, r2: {platform: linux}}
baseline:
  - {name: there is a way, node: r1, run: way, expect: text == "way", eventually: 5s}
  - {name: they meet, node: r1, run: meet, expect: text == "Full", eventually: 10s, every: 1s}
stimulus: [{node: r2, run: act}, {wait-for: {name: it went, node: r1, run: meet, expect: text == "Down", eventually: 9s}}, {node: r2, run: last}]
expect:
  - {name: they meet again, node: r1, run: meet, expect: text == "Full", eventually: 20s}
  - {name: nothing is lost, node: r1, run: lost, expect: text == "lost", never: 30s}
  - {name: it stays, node: r1, run: stays, expect: text == "up", within: 5s, consistently: 3s}
  - {name: the number stands, node: r1, run: number, expect: len(text), unchanged: 5s}
  - {name: the number moves, node: r1, run: number, expect: len(text), changes: {at-least: 1, within: 4s}}
control: {without: [stimulus.0]}
trials: {count: 1}
`

func loadTested(t *testing.T, text string) *scenarios.Loaded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What is expected becomes its opposite, the set-up that never came is looked at after the rest of it, and what
// has no opposite stays what is expected. What comes of it is a valid scenario.
func TestTurned(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		turn scenarios.Turn
		want []string // of the symptom, or of what is expected
		left string   // baseline, stimulus
	}{
		{"never instead of some time", scenarios.Turn{Failed: []string{"expect[0]"}, Held: []string{"baseline[0]"}}, []string{"not: they meet again, never 20s"}, "2, 3"},
		{"some time instead of never", scenarios.Turn{Failed: []string{"expect[1]"}}, []string{"not: nothing is lost, eventually 30s"}, "2, 3"},
		{"two at once", scenarios.Turn{Failed: []string{"expect[0]", "expect[1]"}}, []string{"not: they meet again, never 20s", "not: nothing is lost, eventually 30s"}, "2, 3"},
		{"moves instead of stands", scenarios.Turn{Failed: []string{"expect[3]"}}, []string{"not: the number stands, changes at least 1 times within 5s"}, "2, 3"},
		{"stands instead of moves", scenarios.Turn{Failed: []string{"expect[4]"}}, []string{"not: the number moves, unchanged 4s"}, "2, 3"},
		{"no opposite", scenarios.Turn{Failed: []string{"expect[2]"}}, []string{"expected: it stays, within 5s, consistently 3s"}, "2, 3"},
		{"one of two has no opposite", scenarios.Turn{Failed: []string{"expect[0]", "expect[2]"}}, []string{"expected: they meet again, eventually 20s", "expected: it stays, within 5s, consistently 3s"}, "2, 3"},
		{"the set-up", scenarios.Turn{Failed: []string{"baseline[1]"}, Held: []string{"baseline[0]"}}, []string{"not: they meet, never 10s"}, "1, 0"},
		{"all of the set-up", scenarios.Turn{Failed: []string{"baseline[0]"}}, []string{"not: there is a way, never 5s"}, "0, 0"},
		{"a step waited in vain", scenarios.Turn{Failed: []string{"stimulus[1].wait-for"}}, []string{"not: it went, never 9s"}, "2, 1"},
		{"a death", scenarios.Turn{Died: []scenarios.Death{{Node: "r2", Process: "ospfd"}}}, []string{"ospfd of r2 ends, eventually 30s"}, "2, 3"},
		{
			"nothing", scenarios.Turn{}, []string{
				"expected: they meet again, eventually 20s", "expected: nothing is lost, never 30s", "expected: it stays, within 5s, consistently 3s",
				"expected: the number stands, unchanged 5s", "expected: the number moves, changes at least 1 times within 4s",
			}, "2, 3",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.turn.ID, tt.turn.Title, tt.turn.Labels = "not-cell", "Not so: neighbours meet", []string{"pairs", "ospf"}
			tt.turn.Problem = scenarios.Problem{What: "they do not meet", How: "3 of 3", Severity: 2, Product: scenarios.Product{Platform: "a", Version: "1"}, References: []string{"RFC 2328 section 10.3"}}
			tt.turn.Control = &scenarios.Control{Set: map[string]string{"r1.image": "a:2"}}
			text, err := loadTested(t, tested).Turned(tt.turn)
			if err != nil {
				t.Fatal(err)
			}
			l := loadTested(t, string(text))
			s := l.Scenario
			var got []string
			for _, c := range s.Symptom {
				got = append(got, c.Name+", "+c.Window())
				if !c.MayHoldBefore {
					t.Errorf("%q may not hold before", c.Name)
				}
			}
			for _, c := range s.Expect {
				got = append(got, "expected: "+c.Name+", "+c.Window())
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if left := strings.Join([]string{string(rune('0' + len(s.Baseline))), string(rune('0' + len(s.Stimulus)))}, ", "); left != tt.left {
				t.Errorf("baseline and stimulus: %s, want %s", left, tt.left)
			}
			if s.ID != tt.turn.ID || s.Title != tt.turn.Title || !cmp.Equal(s.Labels, tt.turn.Labels) || !cmp.Equal(s.Problem, tt.turn.Problem) || s.Workaround != nil || !cmp.Equal(s.Control, tt.turn.Control) {
				t.Errorf("the head is %s, %q, %v, %+v, %+v", s.ID, s.Title, s.Labels, s.Problem, s.Control)
			}
			if len(s.Baseline) == 2 && s.Baseline[1].Every != loadTested(t, tested).Scenario.Baseline[1].Every || l.Topology.Nodes[1].Image != "b:1" {
				t.Error("what stays is another")
			}
		})
	}
	for _, ref := range []string{"expect[5]", "expect[x]", "symptom[0]", "baseline", "stimulus[0].wait-for", "stimulus[9].wait-for", "stimulus[0].together[1].wait-for"} {
		if _, err := loadTested(t, tested).Turned(scenarios.Turn{ID: "x", Title: "x", Failed: []string{ref}}); err == nil || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
