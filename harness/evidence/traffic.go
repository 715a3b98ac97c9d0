package evidence

import (
	"fmt"
	"strconv"
	"time"
)

// ProbeTraffic is the kind of an [Observation] whose text is a [FlowReading].
const ProbeTraffic = "traffic"

// FlowReading is what came of a flow's packets that were sent from a moment on, the text of an
// observation. Times are the lab's; but for From and To they are in seconds.
type FlowReading struct {
	Flow string `json:"flow"`
	// Since says in words which packets are counted: those sent since the stimulus, or in the last second.
	Since string        `json:"since"`
	From  time.Duration `json:"from"` // since the trial began: the first moment that counts
	To    time.Duration `json:"to"`   // and that of the reading

	Sent       uint64  `json:"sent"`
	Refused    uint64  `json:"refused,omitempty"` // of those sent, the node knew no way for these
	Received   uint64  `json:"received"`          // each once
	Lost       uint64  `json:"lost"`              // not received, and overdue
	Pending    uint64  `json:"pending,omitempty"` // neither received nor overdue
	Duplicated uint64  `json:"duplicated"`        // copies beyond the first
	Reordered  uint64  `json:"reordered"`         // that came after one that was sent after them
	Late       uint64  `json:"late,omitempty"`    // that were sent late, for want of a processor
	Latest     float64 `json:"latest,omitempty"`  // how late, at most

	Loss    *float64     `json:"loss,omitempty"`    // share of the packets that came or are overdue; none where there are none
	Latency *FlowLatency `json:"latency,omitempty"` // none where no packet came
	// Gap is the longest outage; none where no packet of the flow has ever come.
	Gap *FlowGap `json:"gap,omitempty"`
	// Gaps are the longest outages, longest first: those longer than a sending interval and a
	// millisecond of this machine.
	Gaps []FlowGap `json:"gaps"`
	// Sending is when the flow was sending; nil where nobody knows, and of records that lack it.
	Sending *FlowSending `json:"sending,omitempty"`
	// Uncounted says why it is not known what was lost, and how long; empty where it is.
	Uncounted string `json:"uncounted,omitempty"`

	// Clock is the one that gave packets their times, where it is another machine's. Earlier and Later are what would have been read
	// had all packets gone so much earlier, or later, as it may be wrong by; none where that is no more than the flow's interval, to
	// which no flow is known.
	Clock   *OtherClock  `json:"clock,omitempty"`
	Earlier *FlowReading `json:"earlier,omitempty"`
	Later   *FlowReading `json:"later,omitempty"`
}

// FlowSending is when a flow was sending. Of the rest of a reading's time it tells nothing: what was not sent cannot be lost.
type FlowSending struct {
	Begin    time.Duration `json:"begin"`            // since the trial began
	Over     time.Duration `json:"over,omitempty"`   // one interval after its last packet; 0: it goes on
	Interval time.Duration `json:"interval"`         // between two packets
	Moving   bool          `json:"moving,omitempty"` // the reading's From is so long before its To: it moves on with each
}

// Ended reports whether the flow has sent all.
func (s *FlowSending) Ended() bool { return s != nil && s.Over > 0 }

// Unsent is for how much of a reading's time the flow was not sending, and how many packets it would have sent then; 0 where
// that is less than one. A reading of the last while that is longer than the flow tells of all of it.
func (r FlowReading) Unsent() (d time.Duration, packets uint64) {
	s := r.Sending
	if s == nil || s.Interval <= 0 {
		return 0, 0
	}
	if s.Over > 0 {
		d += max(r.To-max(s.Over, r.From), 0)
	}
	if !s.Moving {
		d += max(min(s.Begin, r.To)-r.From, 0)
	}
	if d < s.Interval {
		return 0, 0
	}
	return d, uint64(d / s.Interval) //nolint:gosec // it is positive
}

// FlowLatency is how long packets were under way, in seconds, to within 1 %.
type FlowLatency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// FlowGap is an outage, in seconds: from when a packet was due to when one came. A packet is due one
// sending interval after the last that came.
type FlowGap struct {
	Start  float64 `json:"start"` // since the reading's From
	Length float64 `json:"length"`
	// Least and Most bound the length where it is known no better, because nothing was sent for a while;
	// both 0 where it is.
	Least float64 `json:"least,omitempty"`
	Most  float64 `json:"most,omitempty"`
	Goes  bool    `json:"goes,omitempty"` // it goes on: the length is what is over for certain
}

// Flow is what became of a flow in a trial, of an event of [EventCollect].
type Flow struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
	What string `json:"what"` // in words
	// File holds a [FlowSeries], within the trial; empty: there is none.
	File    string       `json:"file,omitempty"`
	Reading *FlowReading `json:"reading,omitempty"` // the last; none where the flow never began
}

// FlowSeries is how many packets of a flow went and came in each of equal spans of time.
type FlowSeries struct {
	Flow     string        `json:"flow"`
	Begin    time.Duration `json:"begin"` // since the trial began
	Span     time.Duration `json:"span"`
	Sent     []uint32      `json:"sent"`
	Received []uint32      `json:"received"`
}

// String gives the reading in one line, for people.
func (r FlowReading) String() string {
	s := fmt.Sprintf("since %s %d sent, %d received", r.Since, r.Sent, r.Received)
	if d, n := r.Unsent(); n > 0 && r.Sending.Ended() {
		s += fmt.Sprintf(", none in the last %s, for the flow was over", d.Round(time.Millisecond))
	}
	if r.Uncounted != "" {
		return s + "; " + r.Uncounted
	}
	if r.Loss != nil && r.Lost > 0 {
		s += fmt.Sprintf(", %d lost (%s %%)", r.Lost, number(100*(*r.Loss)))
	}
	if r.Duplicated > 0 {
		s += fmt.Sprintf(", %d duplicated", r.Duplicated)
	}
	if r.Reordered > 0 {
		s += fmt.Sprintf(", %d reordered", r.Reordered)
	}
	switch {
	case r.Gap == nil:
		s += ", and none has ever come"
	case len(r.Gaps) > 0:
		s += fmt.Sprintf(", gap %s at +%s s", r.Gap, number(r.Gap.Start))
	}
	return s
}

// Bounds are what the length is at least and at most.
func (g FlowGap) Bounds() (least, most float64) {
	if g.Least == g.Most {
		return g.Length, g.Length
	}
	return g.Least, g.Most
}

// String gives the gap's length, for people.
func (g FlowGap) String() string {
	s := number(1000*g.Length) + " ms"
	if g.Least != g.Most {
		s = fmt.Sprintf("%s to %s ms", number(1000*g.Least), number(1000*g.Most))
	}
	if g.Goes {
		s += " and longer"
	}
	return s
}

// number writes a number with at most four digits that count, or all before the point.
func number(f float64) string {
	if f >= 1000 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}
