package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// inRealTime is a fault whose times are the lab's, for who acts in real time.
func inRealTime(f topologies.FrameFault, c evidence.Clock) topologies.FrameFault {
	f.Delay, f.Jitter = c.Real(f.Delay), c.Real(f.Jitter)
	f.Rate = int64(float64(f.Rate) * c.Factor())
	return f
}

// tell has a fault say by what it acts, and what it did, where that is known.
func tell(f *activeFault, active topologies.Active, kind scenarios.Fault) {
	if by := ActsBy(active, kind); by != "" {
		f.how = strings.TrimPrefix(f.how+"; "+by, "; ")
	}
	if teller, ok := topologies.As[topologies.ActedTeller](active); ok {
		f.acted = teller.Acted
	}
}

// ActsBy says in words by what a fault acts; empty where that is not known.
func ActsBy(active topologies.Active, kind scenarios.Fault) string {
	teller, ok := topologies.As[topologies.DropTeller](active)
	switch {
	case !ok || teller.DropBy() == "":
		return ""
	case kind == scenarios.FaultDrop:
		return "frames are dropped by " + string(teller.DropBy())
	default:
		return "acts by " + string(teller.DropBy())
	}
}

// count takes a fault back, and has the event tell how often it acted. What one holds goes on when it
// is taken back, and is counted then.
func (f *faults) count(ctx context.Context, fault *activeFault, e *evidence.Event) (err error) {
	if fault.fired != nil {
		e.Count, err = fault.fired(ctx)
	}
	err = errors.Join(err, fault.heal(ctx))
	if fault.tellIn(e, f.rec.clock) && err == nil { // what went wrong at the end is known now
		_, err = fault.fired(ctx)
	}
	return err
}

// tally records how often the faults in force have acted by now. What they do from here on has no part
// in what was seen before.
func (f *faults) tally(ctx context.Context) {
	if lostOf(f.lab.res) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	for _, fault := range f.inForceNow() {
		if !fault.counted {
			continue
		}
		begin := f.rec.now()
		e := evidence.Event{Kind: evidence.EventTally, Lane: fault.lane, Ref: fault.ref, Name: fault.name}
		var err error
		e.Count, err = fault.fired(ctx)
		fault.tellIn(&e, f.rec.clock)
		f.rec.done(e, begin, err)
		f.behind(fault, e.Frames)
	}
}

// mostBehind is how late frames may go on, in real time, where nothing says how exact they have to be: a
// machine that has much to do is no later.
const mostBehind = 100 * time.Millisecond

// behind records that a fault had frames go on later than it was to, by what the scenario allows for:
// this program was stopped, or is too slow, and what the devices made of that is no fault of theirs.
func (f *faults) behind(fault *activeFault, frames *evidence.FaultFrames) {
	if frames == nil || f.lab.env.Rehearse {
		return
	}
	allowed := min(f.lab.slack(), max(f.rec.clock.Lab(mostBehind), fault.delay/10))
	if frames.Late <= allowed {
		return
	}
	f.rec.event(evidence.Event{
		Kind: evidence.EventLate, Phase: evidence.PhaseStimulus, Lane: fault.lane, Ref: fault.ref, Name: fault.name, Took: frames.Late,
		Detail: fmt.Sprintf("%s (%s) sent frames on up to %s later than it was to, and the scenario allows for %s", fault.ref, fault.name, frames.Late.Round(time.Millisecond), allowed),
	})
}

// tellIn has an event say what the fault did with frames. ok is false where nobody knows.
func (fault *activeFault) tellIn(e *evidence.Event, c evidence.Clock) (ok bool) {
	if fault.acted == nil {
		return false
	}
	a, ok := fault.acted()
	if !ok {
		return false
	}
	e.Count, e.Frames = a.Hit, FramesOf(a, c)
	return true
}

// FramesOf is what a fault did, as a record has it.
func FramesOf(a topologies.Acted, c evidence.Clock) *evidence.FaultFrames {
	f := &evidence.FaultFrames{
		Matched: a.Matched, Hit: a.Hit, Passed: a.Passed, Full: a.Full, Healed: a.Healed, Lost: a.Lost, Seed: a.Seed, Late: c.Lab(a.Late),
	}
	for _, by := range a.By {
		f.By = append(f.By, string(by))
	}
	for _, h := range a.Hits {
		f.First = append(f.First, evidence.Hit(h))
	}
	return f
}
