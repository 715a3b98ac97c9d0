package main

import (
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// planFlags are the choices of a plan.
type planFlags struct {
	trials, labs int
	control      bool
	set          []string
	reset        string
}

// plan loads the scenario and applies the flags.
func (a *app) plan(name string, f *planFlags) (*plan.Plan, error) {
	set, err := parseSet(f.set)
	if err != nil {
		return nil, err
	}
	if f.trials < 0 || f.trials > 10000 || f.labs < 1 || f.labs > 64 {
		return nil, inputError("--trials takes 1 to 10000, --labs 1 to 64")
	}
	switch f.reset {
	case "", "none", "config", "daemons", "redeploy":
	default:
		return nil, inputError("--reset %s: want none, config, daemons or redeploy", f.reset)
	}
	loaded, err := a.load(name, set)
	if err != nil {
		return nil, err
	}
	variant := evidence.VariantMain
	if f.control {
		variant = evidence.VariantControl
	}
	p, err := plan.New(loaded, plan.Options{Variant: variant, Set: set, Trials: f.trials, Labs: f.labs, Reset: scenarios.Reset(f.reset)})
	if err != nil {
		return nil, withCode(exitInput, err)
	}
	return p, nil
}

func heading(p *plan.Plan) string {
	h := p.Loaded.Scenario.ID + ": " + p.Loaded.Scenario.Title
	if p.Variant == evidence.VariantControl {
		h += " (control)"
	}
	return h
}

// estimate is what the trials take when every window is waited for to its end, side by side
// over the labs, with what building and collecting takes beside them on a small machine.
// What hangs takes longer: see [plan.Plan.Bound].
func estimate(p *plan.Plan) time.Duration {
	perLab := (p.Trials + p.Labs - 1) / p.Labs
	overhead := 5*time.Second + time.Duration(len(p.Nodes))*time.Second
	return (time.Duration(perLab) * (p.Longest() + overhead)).Round(time.Second)
}

// planned is what --dry-run tells.
type planned struct {
	Scenario string        `json:"scenario"`
	Variant  string        `json:"variant"`
	Nodes    []plannedNode `json:"nodes"`
	Trials   int           `json:"trials"`
	Labs     int           `json:"labs"`
	Reset    string        `json:"reset"`
	Longest  string        `json:"longest-trial"`
	Estimate string        `json:"estimate"`
	Bound    string        `json:"bound"`             // of all of it, whatever hangs
	Control  []string      `json:"control,omitempty"` // what the declared control changes
	// Lacks is why this machine cannot run it as it is: an image that is not there.
	Lacks string `json:"lacks,omitempty"`
}

type plannedNode struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	Platform string `json:"platform"`
	Image    string `json:"image"`
	// Exceptions say what the node may do beyond its lab.
	Exceptions []string `json:"exceptions,omitempty"`
}

// exceptionsOf says what a node of a plan may do beyond its lab.
func exceptionsOf(p *plan.Plan, node string) []string {
	n, _ := p.Topology.Node(node) // every node of a plan is one of its topology
	return n.Exceptions()
}

// printPlan is --dry-run.
func (a *app) printPlan(p *plan.Plan, lacks string) error {
	out := planned{
		Scenario: p.Loaded.Scenario.ID, Variant: string(p.Variant), Trials: p.Trials, Labs: p.Labs,
		Reset: string(p.Reset), Longest: p.Longest().String(), Estimate: estimate(p).String(),
		Bound: p.Bound().String(), Control: p.Loaded.ControlChanges(), Lacks: lacks,
	}
	for _, n := range p.Nodes {
		out.Nodes = append(out.Nodes, plannedNode{n.Name, string(n.Role), n.Platform, n.Image, exceptionsOf(p, n.Name)})
	}
	if done, err := a.emit(out); done {
		return err
	}
	a.say("%s", heading(p))
	for _, n := range out.Nodes {
		a.say("  node      %-10s %-7s %-6s %s", n.Name, n.Role, n.Platform, n.Image)
		for _, e := range n.Exceptions {
			a.say("  beyond    %-10s %s", n.Name, e)
		}
	}
	for _, l := range p.Topology.Links {
		a.say("  link      %s – %s", l.A, l.B)
	}
	for _, c := range p.Baseline {
		a.say("  baseline  %s: %s, %s", c.Cond.Node, c.Cond.Name, c.Cond.Window())
	}
	for _, s := range p.Stimulus {
		left := ""
		if s.LeftOut {
			left = " (left out)"
		}
		a.say("  stimulus  %s%s", s, left)
	}
	for _, c := range p.Symptom {
		a.say("  symptom   %s: %s, %s", c.Cond.Node, c.Cond.Name, c.Cond.Window())
	}
	for _, c := range out.Control {
		a.say("  control   %s", c)
	}
	a.say("%s in %s, reset %s; the windows of one trial last %s at most, all of it takes about %s, and where something hangs %s at most",
		plural(p.Trials, "trial"), plural(p.Labs, "lab"), p.Reset, p.Longest(), estimate(p), p.Bound())
	if lacks != "" {
		a.say("it cannot be run here as it is: %s", lacks)
	}
	return nil
}
