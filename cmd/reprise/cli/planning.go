package cli

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// PlanFlags are the choices of a plan.
type PlanFlags struct {
	Trials, Labs int
	Control      bool
	Set          []string
	Reset        string
	Speed        Speed
}

// Plan loads the scenario and applies the flags.
func (a *App) Plan(name string, f *PlanFlags) (*plan.Plan, error) {
	set, err := ParseSet(f.Set)
	if err != nil {
		return nil, err
	}
	if f.Trials < 0 || f.Trials > 10000 || f.Labs < 1 || f.Labs > 64 {
		return nil, InputError("--trials takes 1 to 10000, --labs 1 to 64")
	}
	reset, err := ParseReset(f.Reset)
	if err != nil {
		return nil, err
	}
	loaded, err := a.Load(name, set)
	if err != nil {
		return nil, err
	}
	variant := evidence.VariantMain
	if f.Control {
		variant = evidence.VariantControl
	}
	p, err := plan.New(loaded, plan.Options{Variant: variant, Set: set, Trials: f.Trials, Labs: f.Labs, Reset: reset, Speed: float64(f.Speed)})
	if err != nil {
		return nil, WithCode(ExitInput, err)
	}
	return p, nil
}

// Heading names a plan in a line.
func Heading(p *plan.Plan) string {
	h := p.Loaded.Scenario.ID + ": " + p.Loaded.Scenario.Title
	if p.Variant == evidence.VariantControl {
		h += " (control)"
	}
	return h
}

// Estimate is what the trials take when every window is waited for to its end, side by side
// over the labs, with what building and collecting takes beside them on a small machine.
// What hangs takes longer: see [plan.Plan.Bound].
func Estimate(p *plan.Plan) time.Duration {
	perLab := (p.Trials + p.Labs - 1) / p.Labs
	overhead := 5*time.Second + time.Duration(len(p.Nodes))*time.Second
	return (time.Duration(perLab) * (p.Clock.Real(p.Longest()) + overhead)).Round(time.Second)
}

// Planned is what --dry-run tells.
type Planned struct {
	Scenario string                    `json:"scenario"`
	Variant  string                    `json:"variant"`
	Nodes    []plannedNode             `json:"nodes"`
	Trials   int                       `json:"trials"`
	Labs     int                       `json:"labs"`
	Reset    string                    `json:"reset"`
	Clock    evidence.Clock            `json:"clock,omitzero"`      // how time passes in the lab
	RealTime []string                  `json:"real-time,omitempty"` // what does not follow the lab's clocks
	Longest  string                    `json:"longest-trial"`
	Estimate string                    `json:"estimate"`
	Bound    string                    `json:"bound"`             // of all of it, whatever hangs
	Traffic  map[string]scenarios.Flow `json:"traffic,omitempty"` // by the name of the flow
	Control  []string                  `json:"control,omitempty"` // what the declared control changes
	// Placement is the machine of each node of a lab that is spread over several of a fleet, and Between are the links that go between
	// them.
	Placement map[string]string `json:"placement,omitempty"`
	Between   []string          `json:"between,omitempty"`
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

// PrintPlan is --dry-run.
func (a *App) PrintPlan(p *plan.Plan, lacks string, on Placed) error {
	out := plannedAs(p, lacks)
	out.Placement = on.Host
	for _, l := range on.Between {
		out.Between = append(out.Between, l.A.String()+"–"+l.B.String())
	}
	return a.Show(out, func(w io.Writer) { printPlan(w, p, out) })
}

// plannedAs is what a plan will do. lacks is why this machine cannot do it as it is.
func plannedAs(p *plan.Plan, lacks string) Planned {
	out := Planned{
		Scenario: p.Loaded.Scenario.ID, Variant: string(p.Variant), Trials: p.Trials, Labs: p.Labs,
		Reset: string(p.Reset), Clock: p.Clock, RealTime: p.RealTime(), Longest: p.Longest().String(), Estimate: Estimate(p).String(),
		Bound: p.Bound().String(), Traffic: p.Loaded.Scenario.Traffic, Control: p.Loaded.ControlChanges(), Lacks: lacks,
	}
	for _, n := range p.Nodes {
		out.Nodes = append(out.Nodes, plannedNode{n.Name, string(n.Role), n.Platform, n.Image, exceptionsOf(p, n.Name)})
	}
	return out
}

// printPlan writes a plan, for people.
func printPlan(w io.Writer, p *plan.Plan, out Planned) {
	Line(w, "%s", Heading(p))
	for _, n := range out.Nodes {
		Line(w, "  node      %-10s %-7s %-6s %s", n.Name, n.Role, n.Platform, n.Image)
		for _, e := range n.Exceptions {
			Line(w, "  beyond    %-10s %s", n.Name, e)
		}
	}
	for _, l := range p.Topology.Links {
		Line(w, "  link      %s – %s", l.A, l.B)
	}
	for _, n := range out.Nodes {
		if on := out.Placement[n.Name]; on != "" {
			Line(w, "  machine   %-10s %s", n.Name, on)
		}
	}
	for _, l := range out.Between {
		Line(w, "  between machines %s", l)
	}
	for _, name := range slices.Sorted(maps.Keys(out.Traffic)) {
		Line(w, "  traffic   %s: %s", name, out.Traffic[name])
	}
	for _, c := range p.Baseline {
		Line(w, "  baseline  %s: %s, %s", c.Cond.Node, c.Cond.Name, c.Cond.Window())
	}
	for _, s := range plan.Entries(p.Stimulus) {
		left := ""
		if s.LeftOut {
			left = " (left out)"
		}
		Line(w, "  stimulus  %s%s%s", strings.Repeat("  ", s.Depth()), s, left)
	}
	for _, list := range []struct {
		word   string
		checks []plan.Check
	}{{"symptom", p.Symptom}, {"expect", p.Expect}} {
		for _, c := range list.checks {
			lane := ""
			if c.Cond.Node != "" {
				lane = c.Cond.Node + ": "
			}
			Line(w, "  %-9s %s%s, %s", list.word, lane, c.Cond.Name, c.Cond.Window())
		}
	}
	for _, c := range out.Control {
		Line(w, "  control   %s", c)
	}
	if p.Clock.Own() {
		Line(w, "  clock     %s", p.Clock)
	}
	if !p.Clock.Start.IsZero() {
		Line(w, "            the monotonic clock and the time since boot show that date too; a switch's show its uptime")
	}
	for _, what := range out.RealTime {
		Line(w, "  real time %s", what)
	}
	Line(w, "%s in %s, reset %s; the windows of one trial last %s at most, all of it takes about %s, and where something hangs %s at most",
		Plural(p.Trials, "trial"), Plural(p.Labs, "lab"), p.Reset, p.Longest(), Estimate(p), p.Bound())
	if out.Lacks != "" {
		Line(w, "it cannot be run here as it is: %s", out.Lacks)
	}
}
