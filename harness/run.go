package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// CreateRun makes a run directory for the plan below parent: run.json and the files
// that were read. Nothing is started.
//
// A plan of a foreign scenario that asks for more than it was allowed is a
// [*scenarios.ForeignError]; a run of one carries the mark of where it comes from.
func CreateRun(ctx context.Context, p *Plan, parent string, provider topologies.Provider, tool evidence.Tool) (evidence.Dir, error) {
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
	return dir, evidence.WriteJSON(dir.File("run.json"), p.info(ctx, dir, provider, tool))
}

// OpenRun reads a run directory back, and the plan it executed from the files it kept.
func OpenRun(path string) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, dir, info, err
	}
	// The environment of the run is not that of today; images are taken from run.json.
	return openRun(dir, info, scenarios.Options{Getenv: func(string) (string, bool) { return "", true }, Set: info.Set, Recorded: true})
}

// OpenRunHere is OpenRun for the process that executes the run which this one has just
// created: the environment is the same. trust is what a foreign scenario was allowed.
func OpenRunHere(path string, trust []string) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, dir, info, err
	}
	p, dir, info, err := openRun(dir, info, scenarios.Options{Set: info.Set, Recorded: true, Trust: trust})
	if err == nil {
		err = p.Loaded.Permit(p.Topology)
	}
	return p, dir, info, err
}

func openRun(dir evidence.Dir, info evidence.RunInfo, o scenarios.Options) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	loaded, err := scenarios.Load(dir.File("input", filepath.FromSlash(info.Scenario.File)), o)
	if err != nil {
		return nil, dir, info, fmt.Errorf("read the run's scenario: %w", err)
	}
	p, err := NewPlan(loaded, PlanOptions{
		Variant: info.Variant, Set: info.Set, Trials: info.Trials, Labs: info.Labs, Reset: scenarios.Reset(info.Reset),
	})
	if err != nil {
		return nil, dir, info, fmt.Errorf("read the run's scenario: %w", err)
	}
	for _, n := range info.Nodes {
		p.setImage(n.Name, n.Image)
	}
	p.Rules = info.JudgedBy()
	return p, dir, info, nil
}

func (p *Plan) setImage(node, image string) {
	for i := range p.Nodes {
		if p.Nodes[i].Name == node {
			p.Nodes[i].Image, p.Topology.Nodes[i].Image = image, image
		}
	}
}

func (p *Plan) info(ctx context.Context, dir evidence.Dir, provider topologies.Provider, tool evidence.Tool) evidence.RunInfo {
	s := p.Loaded.Scenario
	info := evidence.RunInfo{
		Reprise: evidence.Format, Rules: p.Rules, ID: dir.ID(), Variant: p.Variant, Started: time.Now().UTC().Round(0), Tool: tool, Host: hostInfo(),
		Provider: provider.Name(), Fidelity: string(p.kindOf(provider)), Trials: p.Trials, Labs: p.Labs, Reset: string(p.Reset),
		Expected: p.Expected(), Set: p.Set,
		Scenario: evidence.ScenarioInfo{
			File: p.Loaded.Inputs[0].Path, ID: s.ID, Title: s.Title, Labels: s.Labels, What: s.Problem.What, When: s.Problem.When,
			How: s.Problem.How, Impact: s.Problem.Impact, Severity: s.Problem.Severity, Expected: s.Problem.Expected,
			Product:    strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Model + " " + s.Problem.Product.Version),
			References: s.Problem.References,
		},
	}
	for _, list := range [][]Check{p.Baseline, p.Symptom, p.Relief} {
		for _, c := range list {
			info.Scenario.Conditions = append(info.Scenario.Conditions, p.describe(c))
		}
	}
	for _, step := range append(slices.Clone(p.Stimulus), p.Workaround...) {
		if step.LeftOut {
			info.Without = append(info.Without, step.Ref)
		}
		if step.Check != nil {
			info.Scenario.Conditions = append(info.Scenario.Conditions, p.describe(*step.Check))
		}
		info.Scenario.Steps = append(info.Scenario.Steps, evidence.StepInfo{
			Ref: step.Ref, Name: step.title(), Action: step.action(), Lane: step.lane(), Left: step.LeftOut, MayMiss: step.Step.MayMiss, Line: p.Loaded.Line(step.Ref),
		})
	}
	for _, in := range p.Loaded.Inputs {
		info.Inputs = append(info.Inputs, evidence.InputInfo{Path: in.Path, SHA256: evidence.SHA256(in.Data), Size: len(in.Data)})
	}
	if e, ok := provider.(topologies.EngineTeller); ok {
		info.Host.Engine = e.Engine(ctx)
	}
	p.describeLab(ctx, provider, &info)
	return info
}

func (p *Plan) describeLab(ctx context.Context, provider topologies.Provider, info *evidence.RunInfo) {
	for i, n := range p.Nodes {
		node := evidence.NodeInfo{
			Name: n.Name, Role: string(n.Role), Platform: n.Platform, Kind: p.Topology.Nodes[i].Kind, Segment: n.Segment, Image: n.Image,
			Exceptions: p.Topology.Nodes[i].Exceptions(),
		}
		if d, ok := provider.(topologies.ImageDescriber); ok && n.Image != "" {
			if image, err := d.DescribeImage(ctx, n.Image); err == nil {
				node.Digest, node.Packages = image.Digest, image.Packages
			}
		}
		info.Nodes = append(info.Nodes, node)
	}
	for _, l := range p.Topology.Links {
		info.Links = append(info.Links, evidence.LinkInfo{A: l.A.String(), B: l.B.String(), MTU: l.MTU})
	}
}

func (p *Plan) describe(c Check) evidence.ConditionInfo {
	return evidence.ConditionInfo{
		Ref: c.Ref, Name: c.Cond.Name, Node: c.Cond.Node, Probe: c.Cond.Describe(), Expect: c.Cond.Predicate(),
		Window: c.Cond.Window(), Line: p.Loaded.Line(strings.TrimSuffix(c.Ref, ".wait-for")),
	}
}

// hostInfo describes this machine.
func hostInfo() evidence.HostInfo {
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

// Summarise judges a run from its trials' stored verdicts, and writes verdict.json and
// rate.json.
func Summarise(dir evidence.Dir, info evidence.RunInfo) (evidence.RunVerdict, evidence.Rate, error) {
	trials, err := dir.Trials()
	if err != nil {
		return evidence.RunVerdict{}, evidence.Rate{}, err
	}
	var verdicts []evidence.TrialVerdict
	for _, t := range trials {
		v, ok, err := t.Verdict()
		if err != nil {
			return evidence.RunVerdict{}, evidence.Rate{}, err
		}
		if !ok {
			v = evidence.TrialVerdict{Trial: t.Number, Verdict: evidence.Inconclusive, Reason: "the trial was broken off"}
		}
		verdicts = append(verdicts, v)
	}
	v, rate := Combine(verdicts, info.Trials, info.Expected)
	if err := evidence.WriteJSON(dir.File("verdict.json"), v); err != nil {
		return v, rate, err
	}
	return v, rate, evidence.WriteJSON(dir.File("rate.json"), rate)
}

// Settle judges the trials that were broken off, of a run that nobody executes any more,
// so that the ledger has a line for each attempt.
func Settle(p *Plan, dir evidence.Dir) error {
	trials, err := dir.Trials()
	if err != nil {
		return err
	}
	for _, t := range trials {
		if _, ok, err := t.Verdict(); ok || err != nil {
			continue // a verdict that cannot be read is for Rejudge to report
		}
		record, err := t.Read()
		if err != nil {
			return fmt.Errorf("trial %d: %w", t.Number, err)
		}
		v := Judge(p, t.Number, record)
		digest, err := t.Digest()
		if err != nil {
			return err
		}
		e := evidence.Entry{Trial: t.Number, Verdict: v.Verdict, Reason: v.Reason, Digest: digest, Other: v.OtherFailures}
		if n := len(record.Events); n > 0 {
			e.Started, e.Took = record.Events[0].Time, record.Events[n-1].At
		}
		if err := errors.Join(evidence.WriteJSON(t.File("verdict.json"), v), dir.AppendLedger(e)); err != nil {
			return err
		}
	}
	return nil
}

// Combine judges a run from its trials. One hit is enough for reproduced: the rate says
// how often. Not reproduced needs a majority of the planned trials to be valid, and
// none with another failure.
func Combine(verdicts []evidence.TrialVerdict, planned int, expected evidence.Verdict) (evidence.RunVerdict, evidence.Rate) {
	v := evidence.RunVerdict{Reprise: evidence.Format, Planned: planned, Expected: expected}
	firstReason := map[evidence.Verdict]string{}
	for _, t := range verdicts {
		switch t.Verdict {
		case evidence.Reproduced:
			v.Reproduced++
		case evidence.NotReproduced:
			v.NotReproduced++
		case evidence.NotApplicable:
			v.NotApplicable++
		default:
			v.Inconclusive++
		}
		if firstReason[t.Verdict] == "" {
			firstReason[t.Verdict] = t.Reason
		}
		for _, m := range t.Marks {
			if !slices.Contains(v.Marks, m) {
				v.Marks = append(v.Marks, m)
			}
		}
		for _, f := range t.OtherFailures {
			if !slices.Contains(v.OtherFailures, f) {
				v.OtherFailures = append(v.OtherFailures, f)
			}
		}
	}
	rate := evidence.Rate{
		Reprise: evidence.Format, Reproduced: v.Reproduced, Valid: v.Valid(),
		Wilson: stats.Wilson(v.Reproduced, v.Valid()), ClopperPearson: stats.ClopperPearson(v.Reproduced, v.Valid()),
	}
	switch {
	case v.Reproduced > 0:
		v.Verdict = evidence.Reproduced
		v.Reason = fmt.Sprintf("the symptom was there in %d of %d valid trials", v.Reproduced, v.Valid())
	case v.Valid() == 0 && v.NotApplicable > 0 && v.Inconclusive == 0:
		v.Verdict, v.Reason = evidence.NotApplicable, firstReason[evidence.NotApplicable]
	case len(v.OtherFailures) > 0:
		v.Verdict, v.Reason = evidence.Inconclusive, "another failure: "+strings.Join(v.OtherFailures, "; ")
	case 2*v.Valid() <= planned:
		v.Verdict = evidence.Inconclusive
		v.Reason = fmt.Sprintf("%d of %d planned trials were valid", v.Valid(), planned)
		if r := firstReason[evidence.Inconclusive]; r != "" {
			v.Reason += "; the first that was not: " + r
		}
	default:
		v.Verdict = evidence.NotReproduced
		v.Reason = fmt.Sprintf("the symptom was there in none of %d valid trials", v.Valid())
	}
	return v, rate
}

// Difference is a trial whose stored verdict is not the one its record gives.
type Difference struct {
	Trial  int              `json:"trial"`
	Stored evidence.Verdict `json:"stored"`
	Again  evidence.Verdict `json:"again"`
	Reason string           `json:"reason"`
}

// Rejudged is a run that was judged again from its record.
type Rejudged struct {
	Rules    evidence.Rules          // that the record names
	Verdicts []evidence.TrialVerdict // by them
	// Altered are the trials that are stored otherwise than their record gives by its own rules.
	Altered []Difference
	// Today are the trials of an older record that come out otherwise by CurrentRules; Stored is
	// then the verdict by its own. That is no fault of the record.
	Today []Difference
}

// Rejudge judges every trial of a run again from its record, by the rules that the plan
// names and by those of today. It changes nothing.
func Rejudge(p *Plan, dir evidence.Dir) (Rejudged, error) {
	out := Rejudged{Rules: p.Rules}
	today := *p
	today.Rules = evidence.CurrentRules
	trials, err := dir.Trials()
	if err != nil {
		return out, err
	}
	for _, t := range trials {
		record, err := t.Read()
		if err != nil {
			return out, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		v := Judge(p, t.Number, record)
		out.Verdicts = append(out.Verdicts, v)
		stored, ok, err := t.Verdict()
		if err != nil {
			return out, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		if ok && stored.Verdict != v.Verdict {
			out.Altered = append(out.Altered, Difference{Trial: t.Number, Stored: stored.Verdict, Again: v.Verdict, Reason: v.Reason})
		}
		if p.Rules == evidence.CurrentRules {
			continue
		}
		if now := Judge(&today, t.Number, record); now.Verdict != v.Verdict {
			out.Today = append(out.Today, Difference{Trial: t.Number, Stored: v.Verdict, Again: now.Verdict, Reason: now.Reason})
		}
	}
	return out, nil
}

// CombineToday judges the run as a whole as today's rules do.
func (r Rejudged) CombineToday(planned int, expected evidence.Verdict) evidence.RunVerdict {
	verdicts := slices.Clone(r.Verdicts)
	for i := range verdicts {
		for _, d := range r.Today {
			if d.Trial == verdicts[i].Trial {
				verdicts[i].Verdict, verdicts[i].Reason = d.Again, d.Reason
			}
		}
	}
	v, _ := Combine(verdicts, planned, expected)
	return v
}
