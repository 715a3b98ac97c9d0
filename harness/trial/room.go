package trial

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/topologies"
)

// RoomError says that a trial was not begun, since there was no room for its lab.
type RoomError struct{ Err error }

func (e *RoomError) Error() string { return "the trial was not begun: " + e.Err.Error() }

// Unwrap returns why there was none.
func (e *RoomError) Unwrap() error { return e.Err }

// room sees to it that there is room for the lab before a trial of it begins: where labs are on machines that others use too, it is
// waited for, and that is no time of the trial's. A lab that is up is left where its machines say so.
func (l *Lab) room(ctx context.Context) error {
	claimer, ok := topologies.As[topologies.Claimer](l.env.Provider)
	if !ok || l.claim != nil {
		return nil
	}
	if was := l.was; was != nil && was.res == nil { // it made room for another
		l.was = nil
	} else if was != nil {
		if leaving(ctx, was.res) == "" {
			return nil
		}
		l.was = nil
		if err := was.close(ctx); err != nil {
			l.undone = fmt.Errorf("take the lab before down: %w", err)
		}
	}
	if l.res != nil && l.trials > 0 && l.tainted == "" {
		l.tainted = leaving(ctx, l.res)
	}
	if l.res != nil && l.trials > 0 && l.tainted == "" && l.plan.Clock.Start.IsZero() {
		return nil
	}
	if err := l.replace(ctx); err != nil {
		l.undone = err // it is no reason not to build another, where there is room
	}
	claim, err := claimer.Claim(ctx, clocks{lab: l}.topology())
	if err == nil {
		l.claim = claim
	}
	return err
}

// leaving says why a lab is to be left; empty: it is not.
func leaving(ctx context.Context, res topologies.Reservation) string {
	if leaver, ok := topologies.As[topologies.Leaver](res); ok {
		return leaver.Leave(ctx)
	}
	return ""
}

// replace takes down a lab of which another one is to be built.
func (l *Lab) replace(ctx context.Context) error {
	keep := l.env.Keep
	l.env.Keep = false // only the last lab is kept
	err := l.close(ctx)
	l.env.Keep = keep
	if err != nil {
		return fmt.Errorf("take the old lab down: %w", err)
	}
	return nil
}

// yields has a lab make room, where its machines are others' too and no trial is in it, for one that waits for them.
func (l *Lab) yields() {
	if y, ok := topologies.As[topologies.Yielder](l.res); ok {
		y.YieldBy(l.yield)
	}
}

// yield takes the lab down if no trial is in it.
func (l *Lab) yield(ctx context.Context) (gone bool, err error) {
	if !l.using.TryLock() {
		return false, nil
	}
	defer l.using.Unlock()
	if l.res == nil {
		return false, nil
	}
	l.tainted = "another lab needed its room meanwhile"
	return true, l.replace(ctx)
}
