package harness

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// kindOf is the kind of lab that a provider makes of the plan's topology.
func (p *Plan) kindOf(provider topologies.Provider) topologies.Kind {
	if k, ok := provider.(topologies.Kinder); ok {
		return k.Kind(p.Topology)
	}
	return topologies.KindContainer
}

// shows tells why a kind of lab cannot show the plan's problem at all; empty when it can. A
// simulator shows nothing, and is let through: what it says is marked, and never a result.
func (p *Plan) shows(kind topologies.Kind, registry *drivers.Registry) string {
	kinds := p.Loaded.Scenario.Fidelity
	if len(kinds) > 0 && kind != topologies.KindSimulator && !slices.Contains(kinds, scenarios.Fidelity(kind)) {
		return fmt.Sprintf("the scenario can be shown in labs of kind %v only, and this one is of kind %s", kinds, kind)
	}
	if kind != topologies.KindVM {
		return ""
	}
	for _, n := range p.Nodes {
		v, ok := registry.Virtual(n.Platform)
		if !ok {
			continue
		}
		for _, need := range p.Loaded.Scenario.Needs {
			if why, lacks := v.Cannot[need]; lacks {
				return fmt.Sprintf("%s is a virtual %s, and the scenario needs %s: %s", n.Name, n.Platform, need, why)
			}
		}
	}
	return ""
}

// mark writes, once for each, what must be said wherever this trial's evidence goes.
func (t *Trial) mark(node, name, why string) {
	t.mu.Lock()
	key := node + "\x00" + name
	again := t.marked[key]
	t.marked[key] = true
	t.mu.Unlock()
	if !again {
		t.event(evidence.Event{Kind: evidence.EventMark, Lane: node, Name: name, Detail: why})
	}
}

// markNode marks what a node is known to be: a simulator, a virtual switch whose licence
// keeps its results in the house.
func (t *Trial) markNode(n *labNode, kind topologies.Kind) {
	if kind == topologies.KindSimulator {
		t.mark(n.Name, drivers.MarkSimulated, "the lab is of simulators")
	}
	if m, ok := n.driver.(drivers.Marked); ok {
		for _, name := range m.Marks() {
			t.mark(n.Name, name, "the device says so of itself")
		}
	}
	if v, ok := t.lab.env.Registry.Virtual(n.Platform); ok && kind == topologies.KindVM && v.Licence != "" {
		t.mark(n.Name, drivers.MarkLicence, v.Licence)
	}
}
