package trial

import (
	"context"
	"errors"
	"fmt"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// stand puts in what links do to frames all the time, for the trial, and reports whether all of it is in
// force: without it the lab is another one.
func (t *Trial) stand(ctx context.Context) bool {
	for i, f := range t.plan.Topology.Standing {
		lane, name := f.Endpoint.String(), f.Standing()
		delay := f.Frames.Delay
		f.Frames = inRealTime(f.Frames, t.plan.Clock)
		active, err := t.lab.faulter().Inject(ctx, f)
		if err != nil {
			err = errors.Join(err, takeBack(ctx, active))
			t.rec.lacks(lane, err)
			if !t.rec.isLacking() {
				t.rec.event(evidence.Event{Kind: evidence.EventLab, Lane: lane, Outcome: evidence.Failed, Detail: fmt.Sprintf("the link cannot have %s: %v", name, err)})
			}
			t.lab.tainted = "a link is not as the topology has it"
			return false
		}
		fault := &activeFault{ref: fmt.Sprintf("topology.standing[%d]", i), lane: lane, name: name, how: "stands, as the topology has it", counted: true, delay: delay, fired: active.Fired, heal: active.Heal}
		tell(fault, active, "")
		t.actor.faults.stand(fault)
	}
	return true
}

// stand records a fault that stays until the end of the trial.
func (f *faults) stand(fault *activeFault) {
	f.rec.event(evidence.Event{Kind: evidence.EventFault, Lane: fault.lane, Ref: fault.ref, Name: fault.name, Outcome: evidence.OK, Detail: fault.how})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = append(f.active, fault)
}
