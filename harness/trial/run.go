package trial

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// CreateRun makes a run directory for the plan below parent: run.json and the files
// that were read. Nothing is started.
//
// A plan of a foreign scenario that asks for more than it was allowed is a
// [*scenarios.ForeignError]; a run of one carries the mark of where it comes from.
func CreateRun(ctx context.Context, p *plan.Plan, parent string, provider topologies.Provider, tool evidence.Tool) (evidence.Dir, error) {
	if err := p.Loaded.Permit(p.Topology); err != nil {
		return evidence.Dir{}, err
	}
	dir, err := evidence.CreateDir(parent, p.Loaded.Scenario.ID, time.Now())
	if err != nil {
		return dir, err
	}
	if err := p.Loaded.Inherit(dir.Path); err != nil {
		return dir, err
	}
	for _, in := range p.Loaded.Inputs {
		if err := evidence.WriteFile(dir.File("input", filepath.FromSlash(in.Path)), in.Data); err != nil {
			return dir, fmt.Errorf("keep input: %w", err)
		}
	}
	return dir, evidence.WriteJSON(dir.File("run.json"), runInfo(ctx, p, dir, provider, tool))
}

func runInfo(ctx context.Context, p *plan.Plan, dir evidence.Dir, provider topologies.Provider, tool evidence.Tool) evidence.RunInfo {
	s := p.Loaded.Scenario
	info := evidence.RunInfo{
		Reprise: evidence.Format, Rules: p.Rules, ID: dir.ID(), Variant: p.Variant, Started: time.Now().UTC().Round(0), Tool: tool, Host: Host(ctx, provider),
		Provider: provider.Name(), Fidelity: string(KindIn(provider, p.Topology)), Trials: p.Trials, Labs: p.Labs, Reset: string(p.Reset), Clock: p.Clock, RealTime: p.RealTime(),
		Expected: p.Expected(), Set: p.Set,
		Scenario: evidence.ScenarioInfo{
			File: p.Loaded.Inputs[0].Path, ID: s.ID, Title: s.Title, Labels: s.Labels, What: s.Problem.What, When: s.Problem.When,
			How: s.Problem.How, Impact: s.Problem.Impact, Severity: s.Problem.Severity, Expected: s.Problem.Expected,
			Product:    strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Model + " " + s.Problem.Product.Version),
			References: s.Problem.References, Reset: string(plan.DeclaredReset(&s)), Speed: float64(s.Clock.Speed),
		},
	}
	for _, list := range [][]plan.Check{p.Baseline, p.Symptom, p.Expect, p.Relief} {
		for _, c := range list {
			info.Scenario.Conditions = append(info.Scenario.Conditions, describe(p, c))
		}
	}
	for _, step := range plan.Each(p.Stimulus, p.Workaround) {
		for _, c := range step.Looks() {
			info.Scenario.Conditions = append(info.Scenario.Conditions, describe(p, c))
		}
	}
	for _, step := range slices.Concat(p.Stimulus, p.Workaround) {
		if step.LeftOut {
			info.Without = append(info.Without, step.Ref)
		}
	}
	for _, step := range plan.Entries(p.Stimulus, p.Workaround) {
		info.Scenario.Steps = append(info.Scenario.Steps, evidence.StepInfo{
			Ref: step.Entry(), Name: step.Title(), Action: step.Describe(), Lane: step.Lane(), Left: step.LeftOut, MayMiss: step.Step.MayMiss, Line: p.Loaded.Line(step.Entry()),
		})
	}
	for _, in := range p.Loaded.Inputs {
		info.Inputs = append(info.Inputs, evidence.InputInfo{Path: in.Path, SHA256: evidence.SHA256(in.Data), Size: len(in.Data)})
	}
	describeLab(ctx, p, provider, &info)
	return info
}

func describeLab(ctx context.Context, p *plan.Plan, provider topologies.Provider, info *evidence.RunInfo) {
	for i, n := range p.Nodes {
		node := evidence.NodeInfo{
			Name: n.Name, Role: string(n.Role), Platform: n.Platform, Kind: p.Topology.Nodes[i].Kind, Segment: n.Segment, Image: n.Image,
			Exceptions: p.Topology.Nodes[i].Exceptions(),
		}
		if d, ok := topologies.As[topologies.ImageDescriber](provider); ok && n.Image != "" {
			if image, err := d.DescribeImage(ctx, n.Image); err == nil {
				node.Digest, node.Packages = image.Digest, image.Packages
			}
		}
		info.Nodes = append(info.Nodes, node)
	}
	for _, l := range p.Topology.Links {
		link := evidence.LinkInfo{A: l.A.String(), B: l.B.String(), MTU: l.MTU, AliasA: l.A.Alias, AliasB: l.B.Alias}
		for _, f := range p.Topology.Standing {
			if at := f.Endpoint.String(); at == link.A || at == link.B {
				link.Standing = append(link.Standing, f.Standing())
			}
		}
		info.Links = append(info.Links, link)
	}
}

func describe(p *plan.Plan, c plan.Check) evidence.ConditionInfo {
	place := plan.EntryOf(c.Ref)
	for _, key := range []string{".wait-for", ".arm", ".disarm"} {
		place = strings.TrimSuffix(place, key)
	}
	return evidence.ConditionInfo{
		Ref: c.Ref, Name: c.Cond.Name, Node: c.Cond.Node, Probe: c.Cond.Describe(), Expect: c.Cond.Predicate(),
		Window: c.Cond.Window(), Line: p.Loaded.Line(place),
	}
}

// Names of providers whose labs are not of this machine: trials are executed by the workers of a fleet, or labs are spread over their
// machines.
const (
	fleet  = "fleet"
	spread = "spread"
)

// Host describes this machine, and what its labs run on; of labs that are on others it is [evidence.FleetHost].
func Host(ctx context.Context, provider topologies.Provider) evidence.HostInfo {
	if name := provider.Name(); name == fleet || name == spread {
		return evidence.FleetHost()
	}
	h := evidence.HostInfo{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
	h.Name, _ = os.Hostname()
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		h.Kernel = utsString(u.Release[:])
	}
	if data, err := os.ReadFile("/etc/os-release"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
				h.OS = strings.Trim(strings.TrimSpace(name), `"`)
			}
		}
	}
	if e, ok := topologies.As[topologies.EngineTeller](provider); ok {
		h.Engine = e.Engine(ctx)
	}
	return h
}

func utsString[T int8 | uint8](field []T) string {
	var b strings.Builder
	for _, c := range field {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}
