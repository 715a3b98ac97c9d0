package experiment

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/trial"
)

// SideBySide makes trials of one or of several series in labs side by side, of which those that have room go on while another has none.
// The zero value is ready for use, by several goroutines.
type SideBySide struct {
	mu      sync.Mutex
	trying  int           // trials that are under way, or wait for room
	changed chan struct{} // closed when one of them is over; nil: nobody waits for that
}

// TryWithin is [Series.TryWithin]. A lab without room is tried again whenever a trial in another one is over; its [*trial.RoomError] is the
// answer where no other is at work.
func (s *SideBySide) TryWithin(ctx context.Context, series Series, lab int, patience time.Duration) (trial.Attempt, error) {
	for {
		s.mu.Lock()
		s.trying++
		s.mu.Unlock()
		a, err := series.TryWithin(ctx, lab, patience)
		_, without := errors.AsType[*trial.RoomError](err)
		over := s.over(without)
		if over == nil || ctx.Err() != nil {
			return a, err
		}
		select {
		case <-over:
		case <-ctx.Done():
			return a, err
		}
	}
}

// over counts a trial out. Of one that had no room it gives what is closed when another is over; nil: there is no other.
func (s *SideBySide) over(without bool) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trying--
	if without && s.trying > 0 {
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		return s.changed
	}
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	return nil
}
