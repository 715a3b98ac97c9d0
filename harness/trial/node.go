package trial

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

type labNode struct {
	runTurn, shellTurn turn
	plan.Node
	driver  drivers.Driver
	sink    *sink
	target  drivers.Target // that the driver was opened with
	silence silence
	library faketime.Given    // for the lab's clock, that its image has not
	ports   map[string]string // of the device that the lab chose, by interface; nil: it chose none
	// restorePoint is set while a device of a real lab has to be brought back.
	restorePoint *topologies.RestorePoint
	// origin is the configuration of a lab's own device before it got that of the scenario,
	// where resets go back to it.
	origin *drivers.Checkpoint

	coresMu    sync.Mutex
	coresKnown map[drivers.Core]bool // core files of before; nil: they could not be listed
	cores      []drivers.Death       // that core files told of since then

	clockAt func(since time.Time) *evidence.OtherClock // as Lab.clockAt, of this node; nil: it has this machine's clock

	running map[string]int    // how many processes of each command line there were when the baseline first held; nil: it is not known
	files   map[string]string // and what its files were, by their paths

	marks []nodeMark // that were found out when the lab was built

	toldMu sync.Mutex
	told   []death     // in the order in which they became known
	steps  []*stopping // of the trial, that have begun on this node
}

func newLabNode(n plan.Node) *labNode {
	return &labNode{Node: n, sink: &sink{}, runTurn: newTurn(), shellTurn: newTurn()}
}

// hangUp ends the driver's sessions; that one was lost is no error.
func (n *labNode) hangUp(ctx context.Context) error {
	if n.driver == nil {
		return nil
	}
	if err := n.driver.Close(ctx); !errors.Is(err, drivers.ErrClosed) {
		return err
	}
	return nil
}

func (l *Lab) open(ctx context.Context, n *labNode) error {
	target := drivers.Target{
		Node: n.Name, Recorder: n.sink, Files: n.Files, Services: n.Services, Clock: clocks{lab: l}.has(n.Name),
		NoReset:   l.plan.Reset != scenarios.ResetConfig,
		NoRestart: l.plan.Reset != scenarios.ResetConfig && l.plan.Reset != scenarios.ResetDaemons,
	}
	if a, ok := topologies.As[topologies.Accessor](l.res); ok {
		if access, ok := a.Access(n.Name); ok {
			target.Access = (*drivers.Access)(&access)
		}
	}
	if c, ok := topologies.As[topologies.Consoler](l.res); ok {
		if access, ok := c.Console(n.Name); ok {
			target.Console = (*drivers.Access)(&access)
		}
	}
	if err := (clocks{lab: l}).place(ctx, n); err != nil {
		return err
	}
	var err error
	if target.Access == nil {
		if target.Host, err = l.res.Host(n.Name); err != nil {
			return fmt.Errorf("reach %s: %w", n.Name, err)
		}
	}
	if w, ok := topologies.As[topologies.ProcessWatcher](l.res); ok && target.Host != nil {
		target.Ends = func(ctx context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
			found, missed, why, err := w.Ends(ctx, n.Name)
			ends := make([]drivers.ProcessEnd, len(found))
			for i, e := range found {
				ends[i] = drivers.ProcessEnd(e)
			}
			return ends, missed, why, err
		}
	}
	if h, ok := topologies.As[topologies.SignalHearer](l.res); ok && target.Host != nil {
		target.Hears = func() string { return h.Hears(n.Name) }
	}
	n.clockAt = func(since time.Time) *evidence.OtherClock { return l.clockAt(n.Name, since) }
	if teller, ok := topologies.As[topologies.NodeClockTeller](l.res); ok {
		target.Here = func(there time.Time) time.Time { return teller.Here(n.Name, there) }
	}
	n.ports = l.portMap(n.Name)
	config, err := l.place(n, string(n.Config))
	if err != nil {
		return err
	}
	target.Config = []byte(config)
	n.target = target
	n.silence.forget()
	n.driver, err = l.env.Registry.Open(ctx, n.Platform, target)
	return err
}

// sink records a node's sessions into the transcript of the trial that runs now.
type sink struct {
	to atomic.Pointer[evidence.Transcript]
}

// Record takes bytes of a session.
func (s *sink) Record(at time.Time, channel string, d drivers.Direction, p []byte) {
	if t := s.to.Load(); t != nil {
		_ = t.Add(at, channel, string(d), p) // the transcript keeps its first error and reports it at Close
	}
}
