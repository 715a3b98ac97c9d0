package trial_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// configured is what a world's nodes were told, and when.
type configured struct {
	mu    sync.Mutex
	lines []string
	at    []time.Time
}

// told has every configuration take a time, and one that names wrong refused.
func (w *world) told(took time.Duration) *configured {
	c := &configured{}
	w.platform.ConfigureFn = func(node, line string) (string, error) {
		c.mu.Lock()
		c.lines, c.at = append(c.lines, node+" "+line), append(c.at, time.Now())
		c.mu.Unlock()
		<-time.After(took)
		w.broken.Store(true)
		if strings.Contains(line, "wrong") {
			return "% Invalid input", nil
		}
		return "", nil
	}
	return c
}

// stepEvents are the events of steps, as reference, repetition and outcome.
func stepEvents(t *testing.T, w *world) []string {
	t.Helper()
	record, err := w.dir.Trial(1).Read()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range record.Events {
		if e.Kind == evidence.EventStep {
			list = append(list, fmt.Sprintf("%s %d %s", e.Ref, e.Repetition, e.Outcome))
		}
	}
	return list
}

const broken = "\nsymptom: [{name: broken, node: r1, run: show state, expect: 'text contains \"down\"', eventually: 2s, every: 10ms}]\n"

// A step is repeated at the times that it is to be, each an event of its own with its number, and one
// that begins late makes the trial inconclusive.
func TestRepeat(t *testing.T) {
	for _, tt := range []struct {
		name, stimulus string
		took           time.Duration // each
		apart          time.Duration
		events         []string
		want           evidence.Verdict
		reason         string
	}{
		{
			name: "eight times, two seconds apart", stimulus: "{repeat: {times: 8, every: 2s}, node: r1, configure: [x]}", took: 300 * time.Millisecond, apart: 2 * time.Second,
			events: []string{
				"stimulus[0]#1 1 ok", "stimulus[0]#2 2 ok", "stimulus[0]#3 3 ok", "stimulus[0]#4 4 ok", "stimulus[0]#5 5 ok", "stimulus[0]#6 6 ok",
				"stimulus[0]#7 7 ok", "stimulus[0]#8 8 ok", "stimulus[0] 0 ok",
			},
			want: evidence.Reproduced,
		},
		{
			name: "a group", stimulus: "{repeat: {times: 2, every: 3s}, steps: [{node: r1, configure: [x]}, {hold: 1s, why: a test}]}", took: time.Second, apart: 3 * time.Second,
			events: []string{
				"stimulus[0]#1.steps[0] 1 ok", "stimulus[0]#1.steps[1] 1 ok", "stimulus[0]#1 1 ok",
				"stimulus[0]#2.steps[0] 2 ok", "stimulus[0]#2.steps[1] 2 ok", "stimulus[0]#2 2 ok", "stimulus[0] 0 ok",
			},
			want: evidence.Reproduced,
		},
		{
			name: "later than the lab's shortest time bears", stimulus: "{repeat: {times: 2, every: 2s}, node: r1, configure: [x]}", took: 3 * time.Second, apart: 3 * time.Second,
			events: []string{"stimulus[0]#1 1 ok", "stimulus[0]#2 2 ok", "stimulus[0] 0 ok"},
			want:   evidence.Inconclusive, reason: "not carried out as declared: stimulus[0]#2 (configure x (2 of 2)) began 1s later than it was to",
		},
		{
			name: "one that is refused ends it", stimulus: "{repeat: {times: 3, every: 2s}, node: r1, configure: [wrong]}",
			events: []string{"stimulus[0]#1 1 refused", "stimulus[0] 0 failed"},
			want:   evidence.Inconclusive, reason: `stimulus[0]#1 (configure wrong (1 of 3)) was refused`,
		},
		{
			name: "a fault, each with its end", stimulus: "{repeat: {times: 2, every: 2s}, link: 'r1:eth1', fault: down, for: 1s}, {node: r1, configure: [x]}",
			events: []string{"stimulus[0]#1 1 ok", "stimulus[0]#2 2 ok", "stimulus[0] 0 ok", "stimulus[1] 0 ok"}, want: evidence.Reproduced,
		},
		{
			name: "a condition that is waited for, each time", stimulus: "{repeat: {times: 2, every: 4s}, steps: [{wait-for: {node: r1, run: x, expect: 'text contains \"state\"', eventually: 1s}}]}, {node: r1, configure: [x]}",
			events: []string{
				"stimulus[0]#1.steps[0] 1 ok", "stimulus[0]#1 1 ok", "stimulus[0]#2.steps[0] 2 ok", "stimulus[0]#2 2 ok", "stimulus[0] 0 ok", "stimulus[1] 0 ok",
			},
			want: evidence.Reproduced,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				c := w.told(tt.took)
				p := planOf(t, head+"stimulus: ["+tt.stimulus+"]"+broken, plan.Options{Trials: 1})
				verdict(t, w.trial(t, t.Context(), p), tt.want, tt.reason)
				if diff := cmp.Diff(tt.events, stepEvents(t, w)); diff != "" {
					t.Error(diff)
				}
				for i := 1; i < len(c.at); i++ {
					if apart := c.at[i].Sub(c.at[i-1]); apart != tt.apart {
						t.Errorf("%s between %d and %d, want %s", apart, i, i+1, tt.apart)
					}
				}
			})
		})
	}
}

// Steps that are done together begin at the same time and end by themselves; one that fails is named,
// and the others go on.
func TestTogether(t *testing.T) {
	for _, tt := range []struct {
		name, stimulus string
		lines          []string
		events         []string
		want           evidence.Verdict
		reason         string
	}{
		{
			name: "two nodes at once", stimulus: "{together: [{node: r1, configure: [x]}, {node: r2, configure: [y]}]}",
			lines: []string{"r1 x", "r2 y"}, events: []string{"stimulus[0] 0 ok", "stimulus[0].together[0] 0 ok", "stimulus[0].together[1] 0 ok"},
			want: evidence.Reproduced,
		},
		{
			name: "one is refused", stimulus: "{together: [{node: r1, configure: [x]}, {node: r2, configure: [wrong], name: the second}]}, {node: r1, configure: [never]}",
			lines: []string{"r1 x", "r2 wrong"}, events: []string{"stimulus[0] 0 failed", "stimulus[0].together[0] 0 ok", "stimulus[0].together[1] 0 refused"},
			want: evidence.Inconclusive, reason: "stimulus[0].together[1] (the second) was refused",
		},
		{
			name: "one after the other beside another", stimulus: "{together: [{steps: [{node: r1, configure: [x]}, {node: r1, configure: [z]}]}, {node: r2, configure: [y]}]}",
			lines: []string{"r1 x", "r1 z", "r2 y"},
			events: []string{
				"stimulus[0] 0 ok", "stimulus[0].together[0] 0 ok", "stimulus[0].together[0].steps[0] 0 ok", "stimulus[0].together[0].steps[1] 0 ok", "stimulus[0].together[1] 0 ok",
			},
			want: evidence.Reproduced,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				c := w.told(time.Second)
				p := planOf(t, head+"stimulus: ["+tt.stimulus+"]"+broken, plan.Options{Trials: 1})
				verdict(t, w.trial(t, t.Context(), p), tt.want, tt.reason)
				events := stepEvents(t, w)
				slices.Sort(events)
				slices.Sort(c.lines)
				if diff := cmp.Diff(tt.events, events); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.lines, c.lines); diff != "" {
					t.Error(diff)
				}
				if c.at[0] != c.at[1] {
					t.Errorf("they began %s apart", c.at[1].Sub(c.at[0]))
				}
			})
		})
	}
}

// A member of a group whose command waited for the session of another began when it was sent, and too
// late: the record says how far apart they were, and the trial says nothing.
func TestTogetherWaits(t *testing.T) {
	for _, tt := range []struct {
		name, second string
		note         string
		want         evidence.Verdict
		reason       string
	}{
		{"for a session", "{node: r1, exec: y}", "stimulus[0]: all 2 began within 2s", evidence.Inconclusive, "stimulus[0].together[1] (y) began 2s later than it was to"},
		{"for none", "{node: r2, exec: y}", "stimulus[0]: all 2 began within 0s", evidence.Reproduced, ""},
		{"in a step that is not its first", "{steps: [{node: r2, exec: y}, {node: r1, exec: y}]}", "stimulus[0]: all 2 began within 0s", evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				r1 := make(chan bool, 1)
				w.platform.ShellFn = func(node, line string) (drivers.Exchange, error) {
					if line == "y" && node == "r1" {
						<-time.After(time.Millisecond) // x has the session
					}
					if node == "r1" {
						r1 <- true
						defer func() { <-r1 }()
					}
					x := drivers.Exchange{Started: time.Now()}
					<-time.After(2 * time.Second)
					w.broken.Store(true)
					return x, nil
				}
				p := planOf(t, head+"stimulus: [{together: [{node: r1, exec: x}, "+tt.second+"]}]"+broken, plan.Options{Trials: 1})
				verdict(t, w.trial(t, t.Context(), p), tt.want, tt.reason)
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				said := func(e evidence.Event) bool { return e.Kind == evidence.EventNote && e.Name == tt.note }
				if !slices.ContainsFunc(record.Events, said) {
					t.Errorf("nothing says %q", tt.note)
				}
			})
		})
	}
}

// What a control leaves out of the stimulus is left out with all that belongs to it.
func TestGroupLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.platform.ConfigureFn = func(string, string) (string, error) { return "", errors.New("it was told") }
		p := planOf(t, strings.Replace(head, "set: {r1.image: other}", "without: [stimulus.0]", 1)+"stimulus: [{repeat: {times: 2, every: 1s}, together: [{node: r1, configure: [x]}, {node: r2, configure: [x]}]}]"+broken,
			plan.Options{Trials: 1, Variant: evidence.VariantControl})
		verdict(t, w.trial(t, t.Context(), p), evidence.NotReproduced, "broken")
		if events := stepEvents(t, w); len(events) != 0 {
			t.Error(events)
		}
		for _, s := range plan.Each(p.Stimulus) {
			if !s.LeftOut {
				t.Errorf("%s is not left out", s.Ref)
			}
		}
	})
}
