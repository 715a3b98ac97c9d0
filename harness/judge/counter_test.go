package judge_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/topologies"
)

// began is when the trials of these tests began.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// framesOf makes some of either way, at most 20 ms out of order.
func framesOf(r *rand.Rand, n int) []judge.Seen {
	list := make([]judge.Seen, n)
	at := time.Duration(0)
	for i := range list {
		at += time.Duration(r.IntN(int(20 * time.Millisecond)))
		list[i] = judge.Seen{
			At: began.Add(at - time.Duration(r.IntN(int(20*time.Millisecond)))), Way: []topologies.Way{topologies.WayIn, topologies.WayOut}[r.IntN(2)],
			Length: 60 + r.IntN(1000), Head: make([]byte, 14),
		}
	}
	return list
}

// plainly counts in the plainest way.
func plainly(f evidence.Frames, clock evidence.Clock, list []judge.Seen) evidence.Frames {
	var times []time.Duration
	for _, s := range list[:f.Delivered] {
		if at := clock.Lab(s.At.Sub(f.Began)) - f.From; at >= 0 && (f.Direction == "" || string(s.Way) == f.Direction) {
			times = append(times, at)
			f.Bytes += s.Length
		}
	}
	round := func(d time.Duration) *float64 { s := d.Round(time.Microsecond).Seconds(); return &s }
	f.Count, f.Silence = len(times), *round(f.Until - f.From)
	rate := float64(f.Count) / *round(f.Until - f.From)
	f.Rate = &rate
	if f.Count == 0 {
		return f
	}
	f.First, f.Last = round(times[0]), round(times[f.Count-1])
	f.Silence = *round(max(f.Until-f.From-times[f.Count-1], 0))
	if f.Count > 1 {
		var gap time.Duration
		for i := range times[1:] {
			gap = max(gap, times[i+1]-times[i])
		}
		f.Gap = round(gap)
	}
	return f
}

// TestCounter: what goes on in one count from look to look is what a count of all gives, and what a plain
// one gives.
func TestCounter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	near := cmp.Comparer(func(a, b float64) bool { return max(a-b, b-a) < 2e-6 })
	for range 60 {
		list, clock := framesOf(r, 1+r.IntN(600)), evidence.Clock{Speed: float64(r.IntN(2) * 10)}
		whole := clock.Lab(list[len(list)-1].At.Sub(began))
		is := evidence.Frames{Direction: []string{"", "in", "out"}[r.IntN(3)], FrameWindow: evidence.FrameWindow{Began: began, From: time.Duration(r.Int64N(int64(max(whole, 1))))}}
		along := judge.NewCounter(is.FrameWindow, is.Direction, clock)
		for is.Delivered < len(list) {
			is.Delivered = min(is.Delivered+r.IntN(200), len(list))
			for _, s := range list[along.Seen():is.Delivered] {
				along.See(s)
			}
			is.Until = max(clock.Lab(10*time.Millisecond*time.Duration(is.Delivered)), whole, is.From) + time.Second
			anew, of := judge.NewCounter(is.FrameWindow, is.Direction, clock), is
			for _, s := range list[:is.Delivered] {
				anew.See(s)
			}
			told := is
			if err, failed := along.Tell(&told), anew.Tell(&of); err != nil || failed != nil {
				t.Fatal(err, failed)
			}
			if diff := cmp.Diff(of, told); diff != "" {
				t.Fatal(diff)
			}
			want := plainly(is, clock, list)
			if shown := told.Shown(); len(shown) != want.Count && len(shown) != evidence.NewestFrames {
				t.Errorf("%d of %d are shown", len(shown), want.Count)
			}
			told.Frames, told.Newest = nil, nil
			if diff := cmp.Diff(want, told, near); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}

// TestStamps: frames whose times go back, or are none of the trial, are of a clock that was set.
func TestStamps(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name    string
		at      []time.Duration
		stepped time.Duration
		want    string
	}{
		{"steady", []time.Duration{s, 2 * s, 3 * s}, 0, ""},
		{"hardly out of order", []time.Duration{s, 2 * s, 2*s - 900*time.Millisecond, 3 * s}, 0, ""},
		{"back", []time.Duration{2 * s, s - 1, 3 * s}, 0, "a frame has a time 1.000000001s before that of one that came earlier"},
		{"ahead", []time.Duration{s, 3601 * s}, 0, "a frame has a time 59m51s after it was looked at"},
		{"before", []time.Duration{-3600 * s}, 0, "a frame has a time 1h0m0s before the trial began"},
		{"no frame", nil, time.Hour, "it went 1h0m0s further"},
		{"set back", nil, -time.Hour, "it went -1h0m0s further"},
		{"slack", []time.Duration{s}, judge.ClockSlack, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := evidence.Frames{FrameWindow: evidence.FrameWindow{Began: began, From: 5 * s, Until: 10 * s, Delivered: len(tt.at), Stepped: tt.stepped}}
			c := judge.NewCounter(f.FrameWindow, "", evidence.Clock{})
			for at := range slices.Values(tt.at) {
				c.See(judge.Seen{At: began.Add(at)})
			}
			switch err := c.Tell(&f); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}
