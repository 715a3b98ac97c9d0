package scenarios_test

import (
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// A fault on frames acts on fewer, and on earlier ones; what is expected of it follows its count.
func TestCutFrames(t *testing.T) {
	l, err := scenarios.Load(write(t, `reprise: v1
id: x
title: X
topology:
  nodes: {a: {image: none}, b: {image: none}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
stimulus:
  - {link: "a:eth1", fault: drop, nth: 5, count: 8, expect: {fired: 8}}
  - {link: "a:eth1", fault: delay, delay: 1s, count: 6, direction: both, expect: {fired: 12}}
  - {link: "a:eth1", fault: duplicate, every-nth: 3, count: 6, expect: {fired: 2}}
  - {steps: [{node: a, exec: one}, {link: "a:eth1", fault: drop, count: 4, expect: {fired: 4}}]}
symptom: [{name: down, node: a, exec: look, expect: exit == 1, eventually: 1s}]
`), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	part := func(i int) scenarios.Part { return scenarios.Part{Step: i, Member: scenarios.WholeStep} }
	inner := scenarios.Part{Step: 3, Member: 1}
	out := t.TempDir()
	if err := l.Write(out, scenarios.Cut{
		Members: map[int]map[int]bool{3: {0: true}},
		Nth:     map[scenarios.Part]int{part(0): 2},
		Count:   map[scenarios.Part]int{part(0): 4, part(1): 3, part(2): 3, inner: 1},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := scenarios.Each(got.Scenario.Stimulus)
	for i, want := range []struct {
		nth, count int
		fired      uint64
	}{{2, 4, 4}, {0, 3, 6}, {0, 3, 2}, {0, 1, 1}} {
		if fired, _ := s[i].Fires(); s[i].Nth != want.nth || s[i].Count != want.count || fired != want.fired {
			t.Errorf("%d: nth %d, count %d, fired %d, want %+v", i, s[i].Nth, s[i].Count, fired, want)
		}
	}
}
