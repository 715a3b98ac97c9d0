package trial

import (
	"context"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies"
)

// waysTimeout bounds the question how long frames are on their way between machines.
const waysTimeout = 10 * time.Second

// machines records where the nodes of a lab are that is spread over several machines, how its cables go between them, and how their
// clocks stand.
func (t *Trial) machines(ctx context.Context) (on evidence.TrialHost) {
	teller, ok := topologies.As[topologies.HostTeller](t.lab.res)
	if !ok {
		return on
	}
	on = evidence.TrialHost{Provider: t.lab.env.Provider.Name(), Nodes: teller.Hosts()}
	if u, ok := topologies.As[topologies.UnderlayTeller](t.lab.res); ok {
		ctx, cancel := context.WithTimeout(ctx, waysTimeout)
		defer cancel()
		ways, err := u.Underlay(ctx)
		if err != nil {
			on.Unknown = err.Error()
		}
		for _, w := range ways {
			on.Ways = append(on.Ways, evidence.Way{
				A: w.A.String(), B: w.B.String(), From: w.From, To: w.Host, Over: w.Over, Least: w.Least, Median: w.Median, Most: w.Most, Measured: w.Measured,
				Frames: w.Frames, Lost: w.Lost, Duplicated: w.Duplicated, Reordered: w.Reordered,
			})
		}
	}
	if c, ok := topologies.As[topologies.HostClockTeller](t.lab.res); ok {
		for _, clock := range c.HostClocks() {
			on.Clocks = append(on.Clocks, evidence.HostClock(clock))
		}
	}
	t.rec.fail(evidence.WriteJSON(t.rec.dir.File(evidence.HostFile), on))
	return on
}

// clockSteps are what the bound of another machine's clock is rounded up to: it grows between measurements, and what is counted by it
// goes on in one count for so long.
const clockSteps = 5 * time.Millisecond

// clockAt is the clock that tells of what is seen at a node, where that is another machine's, as well as it is known since a moment; else nil.
func (l *Lab) clockAt(node string, since time.Time) *evidence.OtherClock {
	teller, ok := topologies.As[topologies.NodeClockTeller](l.res)
	if !ok {
		return nil
	}
	c, ok := teller.NodeClock(node, since)
	if !ok {
		return nil
	}
	if !c.Measured {
		return &evidence.OtherClock{Host: c.Host, Unmeasured: true}
	}
	return &evidence.OtherClock{Host: c.Host, Within: (c.Within + clockSteps - 1).Truncate(clockSteps)}
}
