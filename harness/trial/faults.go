package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// activeFault is a fault in force, with the step that caused it and its inverse.
type activeFault struct {
	ref, lane, name string
	how             string               // it was armed, and acts, where there is more than one way
	until           string               // when it was disarmed, in words
	link            *topologies.Endpoint // of a fault on a link
	down            *topologies.Endpoint // the port that it holds down
	counted         bool                 // it says how often it acted
	delay           time.Duration        // of a fault that delays frames, in the lab's time
	fired           func(context.Context) (uint64, error)
	acted           func() (topologies.Acted, bool) // tells more than fired; nil: nobody does
	heal            func(context.Context) error     // nil: it stays, and the lab is reset after the trial
}

// shortestHalf is half of the shortest time for which it is looked whether a port that is held down is.
const shortestHalf = 500 * time.Millisecond

// faults are those of a trial that are in force. Each is taken back once.
type faults struct {
	lab  *Lab
	rec  *recorder
	late *lateness

	mu         sync.Mutex
	active     []*activeFault
	armings    []*arming      // of steps that were begun
	over       bool           // the trial is
	stuck      bool           // one could not be taken back, by whomever
	background sync.WaitGroup // what steps do beside those that follow
	cancel     []context.CancelCauseFunc
}

// inForce records a fault, and takes it back after the step's time when it has one.
func (f *faults) inForce(ctx context.Context, fault *activeFault, s plan.Step) error {
	f.stand(fault)
	if s.Step.For == 0 {
		return nil
	}
	begin := f.rec.now()
	last := func(ctx context.Context) error {
		half := time.Duration(s.Step.For) / 2
		f.lab.pause(ctx, f.rec, half)
		if fault.down != nil && f.rec.clock.Real(half) >= shortestHalf {
			var look sync.WaitGroup
			look.Go(func() { labState{f.lab, f.rec}.undone(ctx, *fault.down) })
			defer look.Wait() // it delays nothing
		}
		f.lab.pause(ctx, f.rec, time.Duration(s.Step.For)-half)
		if err := f.heal(ctx, fault); err != nil {
			return err
		}
		if ctx.Err() == nil {
			f.late.overran(fault.lane, fault.name, f.rec.now()-begin, time.Duration(s.Step.For))
		}
		return context.Cause(ctx)
	}
	if s.Step.Background {
		f.inBackground(ctx, s, last)
		return nil
	}
	return last(ctx)
}

// errOver is why what runs in the background ends with the trial.
var errOver = errors.New("the trial is over")

// inBackground does what a step does beside the steps that follow. What goes wrong there is
// an event of the fault, which the judge takes for a stimulus that did not take place.
func (f *faults) inBackground(ctx context.Context, s plan.Step, work func(context.Context) error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over { // what is in force is taken back at once
		cancel(errOver)
		return
	}
	f.cancel = append(f.cancel, cancel)
	f.background.Go(func() {
		defer cancel(nil)
		if err := work(ctx); err != nil && !errors.Is(err, errOver) {
			f.failed(s, err)
		}
	})
}

// failed records what went wrong with a step's fault beside the steps that follow.
func (f *faults) failed(s plan.Step, err error) {
	f.rec.event(evidence.Event{Kind: evidence.EventFault, Lane: s.Lane(), Ref: s.Ref, Name: s.Title(), Outcome: evidence.Failed, Detail: err.Error()})
}

// end ends what runs in the background, which takes its faults back, and then takes back what
// else is in force, last first. A fault that cannot be taken back taints the lab.
func (f *faults) end(ctx context.Context) {
	f.mu.Lock()
	cancels := f.cancel
	f.over = true
	f.mu.Unlock()
	for _, cancel := range cancels {
		cancel(errOver)
	}
	f.background.Wait()
	if lostOf(f.lab.res) != nil {
		return
	}
	for _, fault := range slices.Backward(f.inForceNow()) {
		_ = f.heal(ctx, fault) // it is recorded, and remembered
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stuck {
		f.lab.tainted = "a fault could not be taken back"
	}
}

func (f *faults) inForceNow() []*activeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

// heal takes one fault back, and records how often it acted.
func (f *faults) heal(ctx context.Context, fault *activeFault) error {
	f.mu.Lock()
	i := slices.Index(f.active, fault)
	if i >= 0 {
		f.active = slices.Delete(f.active, i, i+1)
	}
	f.mu.Unlock()
	if i < 0 || fault.heal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	begin := f.rec.now()
	e := evidence.Event{Kind: evidence.EventHeal, Lane: fault.lane, Ref: fault.ref, Name: fault.name, Detail: fault.until}
	err := f.count(ctx, fault, &e)
	f.rec.done(e, begin, err)
	if err != nil { // nobody tries again
		f.mu.Lock()
		f.stuck = true
		f.mu.Unlock()
	}
	if p := f.rec.inPhase(); p == evidence.PhaseStimulus || p == evidence.PhaseSymptom {
		f.behind(fault, e.Frames)
	}
	return err
}

// endOne takes back the fault on a link that a step of this name has put there; without a name, the first
// of those that are in force.
func (f *faults) endOne(ctx context.Context, at topologies.Endpoint, name string) error {
	_, place, _ := f.lab.plan.Loaded.Scenario.StepNamed(name)
	for _, fault := range f.inForceNow() {
		if fault.link != nil && *fault.link == at && (name == "" || plan.EntryOf(fault.ref) == place) {
			return f.heal(ctx, fault)
		}
	}
	if name != "" {
		return fmt.Errorf("the fault %q is not in force on %s", name, at)
	}
	return fmt.Errorf("no fault is in force on %s", at)
}

// takeBack heals a fault of which nobody knows whether it took force.
func takeBack(ctx context.Context, active topologies.Active) error {
	if active == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	return active.Heal(ctx)
}
