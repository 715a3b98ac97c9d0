package judge

import (
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Bounds of what the times of frames, which are of a clock that can be set, may be unlike the trial's,
// which are of one that cannot: how far the two clocks may part, and how long a frame may wait behind
// its stamp while others pass it, on a machine that is busy.
const (
	ClockSlack = 50 * time.Millisecond
	mostPassed = time.Second
)

// stamps are what is known of the times of a capture's frames, since the trial began, in real time.
type stamps struct {
	some     bool
	earliest time.Duration
	latest   time.Duration
	back     time.Duration // the furthest that one was before another that came earlier
}

func (s *stamps) see(at time.Duration) {
	if !s.some {
		s.some, s.earliest, s.latest = true, at, at
	}
	s.back = max(s.back, s.latest-at)
	s.earliest, s.latest = min(s.earliest, at), max(s.latest, at)
}

// steady is an error where the clock that gives frames their times was set while the trial ran: the
// times of its frames, and which of them a window has, are not known.
func (s *stamps) steady(w evidence.FrameWindow, clock evidence.Clock) error {
	var how string
	wrong := time.Duration(0) // that they may be told by
	if w.Clock != nil {
		wrong = w.Clock.Within
	}
	switch until := clock.Real(w.Until); {
	case w.Stepped.Abs() > ClockSlack:
		how = fmt.Sprintf("it went %s further than the time that passed", w.Stepped)
	case s.back > mostPassed:
		how = fmt.Sprintf("a frame has a time %s before that of one that came earlier", s.back)
	case s.some && s.latest > until+ClockSlack+wrong:
		how = fmt.Sprintf("a frame has a time %s after it was looked at", s.latest-until)
	case s.some && s.earliest < -mostPassed-wrong:
		how = fmt.Sprintf("a frame has a time %s before the trial began", -s.earliest)
	default:
		return nil
	}
	return fmt.Errorf("the clock of this machine was set while the trial ran, and when frames came is not known: %s", how)
}
