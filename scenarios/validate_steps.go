package scenarios

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func (c *checker) steps(list string, steps []Step) {
	if c.tooMany(list, len(steps)) {
		return
	}
	for i, s := range steps {
		where := yamlpos.Index(list, i)
		line, _ := c.At(where)
		c.loaded.lines[where] = line
		c.step(where, s)
	}
}

func (c *checker) step(where string, s Step) {
	actions := s.actions()
	if len(actions) != 1 {
		c.Faultf(where, "one of configure, run, exec, fault, hold, wait-for", "%s needs exactly one action, here are %d", where, len(actions))
		return
	}
	c.stray(where, s, actions[0])
	switch actions[0] {
	case ActConfigure, ActRun, ActExec:
		c.node(where, s.Node, "the step needs to know where to act")
		c.statuses(where, s.Exit)
	case ActHold:
		if strings.TrimSpace(s.Why) == "" {
			c.Faultf(where+".hold", "why: …, or wait for a condition with wait-for", "a hold without a why only hides a missing condition")
		}
	case ActWaitFor:
		cond := *s.WaitFor
		if cond.Name == "" {
			cond.Name = where
		}
		c.condition(where+".wait-for", cond)
	case ActFault:
		c.fault(where, s)
	}
}

// stray reports keys that belong to another action.
func (c *checker) stray(where string, s Step, a Action) {
	fault := a == ActFault
	drop := fault && s.Fault == FaultDrop
	for _, k := range []struct {
		key    string
		set    bool
		fits   bool
		belong string
	}{
		{"exit", s.Exit != nil, a == ActExec || a == ActRun && c.hasStatus(s.Node, CommandLine), "exec, and to run where the platform has statuses"},
		{"may-fail", s.MayFail, a == ActExec || a == ActRun, "run and exec"},
		{"for", s.For > 0, fault && slices.Contains([]Fault{FaultDown, FaultFlap, FaultDrop, FaultPause, FaultKill}, s.Fault), "a fault that can be taken back"},
		{"background", s.Background, fault && (s.For > 0 || s.Fault == FaultFlap), "a fault with for: without it the next step does not wait anyhow"},
		{"process", s.Process != "", fault && !s.Fault.OnLink(), "kill, restart and pause"},
		{"signal", s.Signal != "", fault && s.Fault == FaultKill, "kill"},
		{"times", s.Times > 0, fault && s.Fault == FaultFlap, "flap"},
		{"every", s.Every > 0, fault && s.Fault == FaultFlap, "flap"},
		{"direction", s.Direction != "", drop, "drop"},
		{"match", c.Has(where + ".match"), drop, "drop"},
		{"probability", s.Probability != 0, drop, "drop"},
		{"may-miss", s.MayMiss, drop, "drop"},
		{"link", s.Link != "", fault && s.Fault.OnLink(), "faults of a link"},
		{"why", s.Why != "", a == ActHold, "hold"},
		{"node", s.Node != "", a != ActHold && a != ActWaitFor && !s.Fault.OnLink(), "steps that act on a node"},
	} {
		if k.set && !k.fits {
			c.Faultf(where+"."+k.key, "it belongs to "+k.belong, "%s has no meaning here", k.key)
		}
	}
}

func (c *checker) fault(where string, s Step) {
	if !s.Fault.OnLink() {
		c.node(where, s.Node, "the fault needs to know where to act")
		if s.Process == "" && s.Fault != FaultRestart {
			c.Faultf(where, "process: bgpd", "%s needs to know which process", s.Fault)
		}
		c.process(where, s)
		return
	}
	node, iface, ok := strings.Cut(s.Link, ":")
	t := c.loaded.Topology
	switch _, known := t.Node(node); {
	case !ok:
		c.Faultf(where, `link: "r1:eth1"`, "%s needs a link, as node:interface", s.Fault)
	case !known:
		c.Faultf(where+".link", yamlpos.Suggest(node, t.Names()), "the topology has no node %q", node)
	default:
		if _, found := t.Link(node, iface); !found {
			hint := yamlpos.Suggest(iface, t.Interfaces(node))
			if hint == "" {
				hint = "it has " + strings.Join(t.Interfaces(node), ", ")
			}
			c.Faultf(where+".link", hint, "node %s has no linked interface %q", node, iface)
		}
	}
	if s.Probability < 0 || s.Probability > 1 {
		c.Faultf(where+".probability", "0 < p ≤ 1", "a probability of %v is not possible", s.Probability)
	}
	c.match(where+".match", s.Match)
	if s.Times == 0 && c.Has(where+".times") {
		c.refuse(where+".times", "1 to 1000", "a link that flaps never does nothing")
	}
	if s.Probability == 0 && c.Has(where+".probability") {
		c.refuse(where+".probability", "0 < p ≤ 1", "a drop that never drops does nothing")
	}
	for key, value := range map[string]string{"src-ip": s.Match.SrcIP, "dst-ip": s.Match.DstIP} {
		if value == "" {
			continue
		}
		_, errAddr := netip.ParseAddr(value)
		_, errPrefix := netip.ParsePrefix(value)
		if errAddr != nil && errPrefix != nil {
			c.Faultf(where+".match."+key, "10.0.0.1 or 10.0.0.0/24", "%q is no address", value)
		}
	}
}
