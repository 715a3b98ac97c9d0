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
	atWork  map[int]int   // how much each lab is at: its trials, and what [SideBySide.Begin] began
	waiting map[int]bool  // the labs without room
	changed chan struct{} // closed when another lab has done something; nil: nobody waits for that
}

// Begin says that a lab is at work until the function it gives is called: between its trials too, when it may be the one that has room.
func (s *SideBySide) Begin(lab int) (end func()) {
	s.begin(lab)
	return sync.OnceFunc(func() { s.over(lab, false) })
}

// BeginAll is [SideBySide.Begin] for the labs from 1 on, before any of them finds no room while the others are only about to begin.
func (s *SideBySide) BeginAll(labs int) (end []func()) {
	for i := range labs {
		end = append(end, s.Begin(i+1))
	}
	return end
}

// TryWithin is [Series.TryWithin]. A lab without room is tried again whenever a trial in another one, or another one's work, is over; its
// [*trial.RoomError] is the answer where no other is at work.
func (s *SideBySide) TryWithin(ctx context.Context, series Series, lab int, patience time.Duration) (trial.Attempt, error) {
	for {
		s.begin(lab)
		a, err := series.TryWithin(ctx, lab, patience)
		_, without := errors.AsType[*trial.RoomError](err)
		over := s.over(lab, without)
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

func (s *SideBySide) begin(lab int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.atWork == nil {
		s.atWork, s.waiting = map[int]int{}, map[int]bool{}
	}
	s.atWork[lab]++
}

// over counts out what a lab was at. Of one that had no room it gives what is closed when another is done with something; nil: no other is
// at work.
func (s *SideBySide) over(lab int, without bool) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.atWork[lab]--
	if without && s.others(lab) {
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		s.waiting[lab] = true
		return s.changed
	}
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
		clear(s.waiting)
	}
	return nil
}

// others reports whether a lab beside one is at work, and not waiting as well.
func (s *SideBySide) others(lab int) bool {
	for other, n := range s.atWork {
		if other != lab && n > 0 && !s.waiting[other] {
			return true
		}
	}
	return false
}
