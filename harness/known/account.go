package known

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// Account is what people wrote down about a problem, as a case has it.
type Account struct {
	Title, What, When, How, Expected, Impact string

	Model          string
	Changed, Tried []string
	Analyses       []Analysis
	Classes        []string // of problem
}

// Analysis is what somebody found out about something.
type Analysis struct{ Of, Says string }

// AddAccount takes in what people wrote. The nearer a text is to the failing behaviour, the more
// its words tell.
func (s *Subject) AddAccount(a Account) {
	s.sayProblem(a)
	s.Say("model", a.Model, 0.8)
	for _, t := range a.Changed {
		s.Say("changed", t, 0.6)
	}
	for _, t := range a.Tried {
		s.Say("tried", t, 0.4)
	}
	for _, x := range a.Analyses {
		s.Say("analysis", x.Says, 1)
		s.AddLog("analysis of "+x.Of, x.Says)
	}
	for _, class := range a.Classes {
		s.Uses(class, "class of the case")
	}
}

// sayProblem says what the problem is.
func (s *Subject) sayProblem(a Account) {
	s.Say("title", a.Title, 1)
	s.Say("what", a.What, 1)
	s.Say("when", a.When, 0.8)
	s.Say("how", a.How, 0.5)
	s.Say("expected", a.Expected, 0.5)
	s.Say("impact", a.Impact, 0.3)
}

// FileKind is what a file of a case is; empty is anything, as a tech-support is.
type FileKind string

// Kinds of files that are not read alike.
const (
	FileLog     FileKind = "log"
	FileConfig  FileKind = "config"
	FileCore    FileKind = "core"
	FileCapture FileKind = "capture"
)

// AddFile looks for messages and features in a file. One that cannot be read is noted, and cores
// and captures hold neither.
func (s *Subject) AddFile(name, path string, kind FileKind) {
	if kind == FileCore || kind == FileCapture {
		return
	}
	text, err := ReadBounded(path)
	if err != nil {
		s.Notes = append(s.Notes, "log "+name+": "+err.Error())
		return
	}
	if kind != FileConfig {
		s.AddLog(name, text)
	}
	if kind != FileLog {
		s.AddConfig(name, text)
	}
}

// AddScenario takes in what a run of the scenario would say.
func (s *Subject) AddScenario(l *scenarios.Loaded, name string) {
	sc := l.Scenario
	info := evidence.RunInfo{ID: sc.ID, Scenario: evidence.ScenarioInfo{
		ID: name, Title: sc.Title, Labels: sc.Labels, What: sc.Problem.What, When: sc.Problem.When, How: sc.Problem.How,
		Impact: sc.Problem.Impact, Expected: sc.Problem.Expected, References: sc.Problem.References,
		Product: strings.TrimSpace(sc.Problem.Product.Platform + " " + sc.Problem.Product.Model + " " + sc.Problem.Product.Version),
	}}
	for list, conditions := range map[string][]scenarios.Condition{"symptom": sc.Symptom, "expect": sc.Expect, "baseline": sc.Baseline} {
		for n, c := range conditions {
			probe := c.Run + c.Exec
			if c.Log != "" {
				probe = "log: " + c.Log
			}
			info.Scenario.Conditions = append(info.Scenario.Conditions, evidence.ConditionInfo{
				Ref: fmt.Sprintf("%s.%d", list, n), Name: c.Name, Node: c.Node, Probe: probe, Expect: c.Expect,
			})
		}
	}
	for n, entry := range sc.Stimulus {
		for _, step := range scenarios.Each([]scenarios.Step{entry}) {
			info.Scenario.Steps = append(info.Scenario.Steps, evidence.StepInfo{
				Ref: fmt.Sprintf("stimulus.%d", n), Name: step.Name, Action: strings.Join(append(step.Configure, step.Run, step.Exec), "\n"),
			})
		}
	}
	for _, n := range l.Topology.Nodes {
		node := evidence.NodeInfo{Name: n.Name, Image: n.Image}
		if declared, ok := sc.Nodes[n.Name]; ok {
			node.Role, node.Platform = string(declared.Role), declared.Platform
			if declared.Image != "" {
				node.Image = declared.Image
			}
		}
		info.Nodes = append(info.Nodes, node)
	}
	s.AddInfo(info)
	for _, in := range l.Inputs {
		switch filepath.Ext(in.Path) {
		case ".yaml", ".yml", ".md":
		default:
			s.AddConfig("input/"+in.Path, string(in.Data))
		}
	}
}
