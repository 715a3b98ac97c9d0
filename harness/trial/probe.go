package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// probe carries out one kind of probe once. An error says why there is no answer.
type probe func(context.Context, *observer, question) error

// question is what a probe is asked: to fill in what was seen of a node.
type question struct {
	node    *labNode
	check   *plan.Check
	seen    *evidence.Observation
	timeout time.Duration
}

// probes are what carries out each kind of [scenarios.ProbeKinds].
func probes() map[scenarios.ProbeKind]probe {
	return map[scenarios.ProbeKind]probe{
		scenarios.ProbeRun:     probing(observeRun),
		scenarios.ProbeExec:    probing(observeExec),
		scenarios.ProbeLog:     probing(observeLogs),
		scenarios.ProbeReach:   probing(observeReach),
		scenarios.ProbeCore:    probing(observeDeaths),
		scenarios.ProbeStep:    probing(observeStep),
		scenarios.ProbeFrame:   probing(observeFrames),
		scenarios.ProbeTraffic: probing(observeTraffic),
	}
}

// probing gives a function the probe of its own kind.
func probing[P scenarios.Probe](f func(context.Context, *observer, question, P) error) probe {
	return func(ctx context.Context, b *observer, q question) error {
		p, ok := q.check.Cond.Probe().(P)
		if !ok {
			return fmt.Errorf("condition %s has a probe of another kind", q.check.Ref)
		}
		return f(ctx, b, q, p)
	}
}
