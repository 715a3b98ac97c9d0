package trial_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// happens has a thing happen every so often, from the trial's begin until a moment.
type happens struct {
	every time.Duration
	until time.Duration // since the trial began; 0: it goes on
	after bool          // and again from the stimulus on
}

// by gives when it has happened since a moment, by now, where the stimulus began at another; zero: it has not.
func (h happens) by(begin, stimulus, from time.Time) []time.Time {
	var all []time.Time
	for at := begin; at.Before(time.Now()); at = at.Add(h.every) {
		anew := h.after && !stimulus.IsZero() && !at.Before(stimulus)
		if (h.until == 0 || at.Sub(begin) < h.until || anew) && !at.Before(from) {
			all = append(all, at)
		}
	}
	return all
}

// What was so before the stimulus already was not brought about by it, with whatever probe and window it is looked at: it
// is watched there as it is after it. What happened while the lab came up is no matter.
func TestWatchedBefore(t *testing.T) {
	const already = "every symptom was there before the stimulus already"
	always := happens{every: 20 * time.Millisecond}
	anew := happens{every: 20 * time.Millisecond, until: 50 * time.Millisecond, after: true}
	for _, tt := range []struct {
		name, symptom string
		happens       happens
		want          evidence.Verdict
		reason, note  string
	}{
		{"lines", "node: r1, log: bad, eventually: 100ms", always, evidence.Inconclusive, already, ""},
		{"lines, by number", "node: r1, log: bad, expect: count >= 3, eventually: 100ms", always, evidence.Inconclusive, already, ""},
		{"lines after none", "node: r1, log: bad, eventually: 100ms, after-false: true", always, evidence.Inconclusive, already, ""},
		{"lines of the start", "node: r1, log: bad, eventually: 100ms", anew, evidence.Reproduced, "", ""},
		{"lines that are meant", "node: r1, log: bad, eventually: 100ms, may-hold-before: true", always, evidence.Reproduced, "", ""},
		{"no line, but for the start", "node: r1, log: bad, never: 100ms", happens{every: 20 * time.Millisecond, until: 50 * time.Millisecond}, evidence.Inconclusive, already, ""},
		{"packets", "traffic: video, expect: lost > 1, eventually: 100ms", always, evidence.Inconclusive, already, ""},
		{"packets of the start", "traffic: video, expect: lost > 1, eventually: 100ms", anew, evidence.Reproduced, "", ""},
		{"packets that stay away", "traffic: video, expect: lost > 1, within: 60ms, consistently: 60ms", always, evidence.Inconclusive, already, ""},
		{"packets of a flow that was not there", "traffic: later, expect: lost > 1, eventually: 100ms", always, evidence.Reproduced, "", "the flow later begins with the stimulus"},
		{"frames", `frame: {at: "r1:eth1", filter: arp}, eventually: 100ms`, always, evidence.Inconclusive, already, ""},
		{"frames of the start", `frame: {at: "r1:eth1", filter: arp}, eventually: 100ms`, anew, evidence.Reproduced, "", ""},
		{"a silence between frames", `frame: {at: "r1:eth1", filter: arp}, expect: json.silence > 0.012, eventually: 100ms`, always, evidence.Inconclusive, already, ""},
		{"a rate", "node: r1, exec: count, expect: int(text), rate: {at-least: 30, over: 200ms}", always, evidence.Inconclusive, already, ""},
		{"a rate of now", "node: r1, exec: count, expect: int(text), rate: {at-least: 30, over: 200ms}", anew, evidence.Reproduced, "", ""},
		{"no change", "node: r1, exec: same, expect: text, unchanged: 100ms", always, evidence.Inconclusive, already, ""},
		{"no change any more", "node: r1, exec: until, expect: text, unchanged: 100ms", always, evidence.Reproduced, "", ""},
		{"changes", "node: r1, exec: count, expect: text, changes: {at-least: 2, within: 100ms}", always, evidence.Inconclusive, already, ""},
		{"changes of now", "node: r1, exec: count, expect: text, changes: {at-least: 2, within: 100ms}", anew, evidence.Reproduced, "", ""},
		{"another than before, as ever", "node: r1, exec: count, expect: text != before.text, eventually: 100ms", always, evidence.Inconclusive, already, ""},
		{"another than before", "node: r1, exec: count, expect: text != before.text, eventually: 100ms", anew, evidence.Reproduced, "", ""},
		{"beside a state that was not there", "node: r1, log: bad, eventually: 100ms}, {name: down, node: r1, run: show state, expect: 'text contains \"down\"', eventually: 100ms", always, evidence.Reproduced, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				begin, stimulus := time.Now(), time.Time{}
				said := func(from time.Time) int { return len(tt.happens.by(begin, stimulus, from)) }
				w.platform.LogFn = func(string) string { return strings.Repeat("bad\n", said(begin)) }
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					x := drivers.Exchange{Command: line, Output: fmt.Sprint(said(begin))}
					if line == "same" || line == "until" && !stimulus.IsZero() {
						x.Output = "same"
					}
					return x, nil
				}
				w.platform.ConfigureFn = func(string, string) (string, error) {
					w.broken.Store(true)
					stimulus = time.Now()
					return "", nil
				}
				w.provider.TrafficFn = func(topologies.FlowSpec) (topologies.Flow, error) { return losing{said}, nil }
				if strings.Contains(tt.symptom, "frame:") {
					w.provider.CaptureFn = func(s topologies.CaptureSpec) (topologies.Capture, error) {
						tape, err := newFrameTape(s)
						return &repeatedTape{frameTape: tape, t: t, come: func() []time.Time { return tt.happens.by(begin, stimulus, begin) }}, err
					}
				}
				yaml := strings.Replace(head, "eventually: 200ms", "within: 1s, consistently: 100ms", 1) +
					"\nstimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, every: 5ms, " + tt.symptom + "}]" +
					"\ntraffic: {video: {from: r1, to: r2, dst: 10.0.0.2}, later: {from: r1, to: r2, dst: 10.0.0.2, start: stimulus}}\n"
				p := planOf(t, yaml, plan.Options{})
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) || !strings.Contains(strings.Join(v.Notes, "\n"), tt.note) || tt.note == "" && len(v.Notes) > 0 {
					t.Errorf("got %s (%s), noted %q, want %s (…%s…), …%s…", v.Verdict, v.Reason, v.Notes, tt.want, tt.reason, tt.note)
				}
			})
		})
	}
}

// losing is a flow that sends a packet every two milliseconds, and loses one whenever a thing happens.
type losing struct{ happened func(from time.Time) int }

func (f losing) Read(from time.Time) topologies.FlowReading {
	n := uint64(max(time.Since(from), 0) / (2 * time.Millisecond))
	lost := min(n, uint64(f.happened(from)))
	return topologies.FlowReading{From: from, To: time.Now(), Sent: n, Received: n - lost, Lost: lost, Timed: n - lost}
}

func (losing) Stop() topologies.FlowSeries { return topologies.FlowSeries{} }

// repeatedTape is a capture that a frame comes to whenever a thing happens.
type repeatedTape struct {
	*frameTape
	t     *testing.T
	come  func() []time.Time
	taken int
}

// catchUp has all come that came by now.
func (c *repeatedTape) catchUp() {
	for _, at := range c.come()[c.taken:] {
		c.wall = func() time.Time { return at }
		if err := c.pass(topologies.WayOut, arpRequest(c.t)); err != nil {
			c.t.Error(err)
		}
		c.taken++
	}
}

func (c *repeatedTape) Sync(ctx context.Context) (topologies.Captured, error) {
	c.catchUp()
	return c.frameTape.Sync(ctx)
}

func (c *repeatedTape) Stop() (topologies.Captured, error) {
	c.catchUp()
	return c.frameTape.Stop()
}
