package trial

import (
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// KindIn is the kind of lab that a provider makes of a topology.
func KindIn(provider topologies.Provider, t topologies.Topology) topologies.Kind {
	if k, ok := topologies.As[topologies.Kinder](provider); ok {
		return k.Kind(t)
	}
	return topologies.KindContainer
}

// ownsKernel reports whether a node of a topology has a kernel of its own in a provider's labs, and
// with it processors and a clock that are not this machine's.
func ownsKernel(provider topologies.Provider, t topologies.Topology, node string) bool {
	n, _ := t.Node(node)
	t.Nodes = []topologies.Node{n}
	return KindIn(provider, t) != topologies.KindContainer
}

// PlanIn gives the plan as it is executed in a provider's labs: a trial on real devices may
// have to give them their configuration back first, which takes a restart.
func PlanIn(p *plan.Plan, provider topologies.Provider) *plan.Plan {
	if p.Loaded.Scenario.Trials.Timeout != 0 {
		return p
	}
	switch KindIn(provider, p.Topology) {
	case topologies.KindHardware, topologies.KindVM, topologies.KindSimulator:
		q := *p
		q.Timeout += 2 * restoreTimeout
		return &q
	default:
		return p
	}
}

// ReleaseTime bounds taking a lab of the plan down: real devices are restarted first.
func ReleaseTime(p *plan.Plan, provider topologies.Provider) time.Duration {
	if KindIn(provider, p.Topology) == topologies.KindContainer {
		return plan.ReleaseTimeout
	}
	return restoreTimeout + 2*plan.ReleaseTimeout
}

// cannotShow tells why a kind of lab cannot show the plan's problem at all; empty when it can. A
// simulator shows nothing, and is let through: what it says is marked, and never a result.
func cannotShow(p *plan.Plan, kind topologies.Kind, registry *drivers.Registry) string {
	kinds := p.Loaded.Scenario.Fidelity
	if len(kinds) > 0 && kind != topologies.KindSimulator && !slices.Contains(kinds, scenarios.Fidelity(kind)) {
		return fmt.Sprintf("the scenario can be shown in labs of kind %v only, and this one is of kind %s", kinds, kind)
	}
	for _, why := range []string{cannotSee(p, kind), tooMuch(p, kind), cannotPlace(p, kind, registry)} {
		if why != "" {
			return why
		}
	}
	if kind != topologies.KindVM && kind != topologies.KindContainer {
		return ""
	}
	virtual := false
	for _, n := range p.Nodes {
		v, ok := registry.Virtual(n.Platform)
		if !ok || kind == topologies.KindContainer {
			continue
		}
		virtual = true
		for _, need := range p.Loaded.Scenario.Needs {
			if why, lacks := v.Cannot[need]; lacks {
				return fmt.Sprintf("%s is a virtual %s, and the scenario needs %s: %s", n.Name, n.Platform, need, why)
			}
		}
	}
	for _, need := range p.Loaded.Scenario.Needs {
		if why, lacks := programsLack()[need]; lacks && !virtual {
			return fmt.Sprintf("the nodes are programs, and the scenario needs %s: %s", need, why)
		}
	}
	return ""
}

// programsLack tells what no lab of programs has, by the words of needs: one without any switch, real or virtual.
func programsLack() map[string]string {
	return map[string]string{
		"poe":               "a program powers nothing",
		"optics":            "a link between programs has no transceivers",
		"stacking":          "programs do not stack",
		"vist":              "no program of a lab has vIST",
		"vpls-data-plane":   "the kernel forwards no VPLS",
		"hash-distribution": "traffic is spread by the kernel, and by no switch chip's hash",
		"hardware-tables":   "there are no hardware tables to run out of",
		"asic-counters":     "there is no switch chip that counts",
		"line-rate":         "a program forwards a fraction of a port's rate",
	}
}

// cannotSee tells why a kind of lab cannot show the frames that a condition looks at; empty when it can, or
// some of its nodes may.
func cannotSee(p *plan.Plan, kind topologies.Kind) string {
	if kind != topologies.KindHardware && kind != topologies.KindSimulator {
		return ""
	}
	for _, c := range p.Checks() {
		if f, ok := c.Cond.Probe().(scenarios.FrameProbe); ok {
			return fmt.Sprintf("a condition looks at the frames at %s, and %s", f.At, cannotCapture(kind))
		}
	}
	return ""
}

// cannotPlace tells why a kind of lab has no place for a program that a driver puts into its node; empty where it has.
func cannotPlace(p *plan.Plan, kind topologies.Kind, registry *drivers.Registry) string {
	if kind != topologies.KindHardware && kind != topologies.KindSimulator {
		return ""
	}
	for _, n := range p.Nodes {
		if what, ok := registry.Placed(n.Platform); ok && !n.Segment {
			return fmt.Sprintf("%s is %s, a program that is put into its node, and a lab of kind %s has no place for it: use one of containers, namespaces or machines", n.Name, what, kind)
		}
	}
	return ""
}

// nodeMark is what must be said of a node in every trial of its lab.
type nodeMark struct{ name, why string }

// says marks this trial, and with it every later one of the lab, in which nobody asks again.
func (n *labNode) says(rec *recorder, name, why string) {
	n.marks = append(n.marks, nodeMark{name, why})
	rec.mark(n.Name, name, why)
}
