package analyse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// matchFlags are the choices of "known match".
type matchFlags struct {
	limit int
	save  bool
}

func (a *app) knownMatchVerb(kf *knownFlags) *cobra.Command {
	f := &matchFlags{}
	c := &cobra.Command{
		Use: "match CASE|RUN|SCENARIO", Short: "Rank the known issues that may be behind a case, a run or a scenario",
		Long: `Rank the known issues that may be behind a case's folder, a run's folder or a
scenario: by the product and version, the features in its configurations, the names of
log messages, and the words of its scope. Every point of the ranking is explained. An
issue that a later release fixes is marked, with the verify-fix that would prove it.

--save keeps the list in the case's folder and notes it in case.yaml; which issue it is,
if any, is yours to decide: reprise case set CASE known.decision=… known.reason=…

Exit status: 0 there are candidates, 1 there are none, 4 wrong input, 5 no database can
be opened.`,
		Example: `  reprise known match cases/acme-ospf --save
  reprise known match runs/20260301T101500Z-ospf-mtu-1f2e --limit 3
  reprise known match frr-ospf-default-metric --json`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeMatch,
		RunE: func(c *cobra.Command, args []string) error { return a.knownMatch(c.Context(), kf, f, args[0]) },
	}
	c.Flags().IntVar(&f.limit, "limit", 10, "most candidates")
	c.Flags().BoolVar(&f.save, "save", false, "write the list into the case's folder and note it in case.yaml")
	return c
}

// completeMatch offers runs and the corpus; folders complete by themselves.
func (a *app) completeMatch(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	runs, _ := cli.CompleteRuns(c, args, word)
	ids, _ := a.CompleteScenario(c, args, word)
	return append(runs, ids...), cobra.ShellCompDirectiveDefault
}

func (a *app) knownMatch(ctx context.Context, kf *knownFlags, f *matchFlags, name string) error {
	if f.limit < 1 || f.limit > 200 {
		return cli.InputError("--limit %d: want 1 to 200", f.limit)
	}
	s, folder, err := a.subjectOf(name)
	if err != nil {
		return err
	}
	if f.save && folder == nil {
		return cli.InputError("--save keeps the list in a case, and %s is none", name)
	}
	s.Images = imagesAtHand(ctx)
	var m known.Matching
	if err := withKnown(ctx, kf, func(db *known.DB) (err error) {
		m, err = db.Match(ctx, s, f.limit)
		return err
	}); err != nil {
		return err
	}
	saved := ""
	if f.save {
		if saved, err = saveMatching(folder, m, time.Now()); err != nil {
			return err
		}
	}
	if done, err := a.Emit(m); done {
		return errors.Join(err, cli.Answer(yesIf(len(m.Candidates) > 0)))
	}
	a.sayMatching(m)
	if saved != "" {
		a.Say("kept in %s; decide with: reprise case set %s known.decision=ID known.reason=WHY (or known.decision=none)", saved, folder.Path)
	}
	return cli.Answer(yesIf(len(m.Candidates) > 0))
}

// imagesAtHand lists what can be proposed as a node's image: those that the engine holds,
// where there is one, and those that are built here from packages.
func imagesAtHand(ctx context.Context) []string {
	list := recipe.KnownRefs()
	if c, err := engine.Connect(ctx); err == nil {
		refs, err := images.New(c, "").Refs(ctx)
		if err == nil {
			list = append(list, refs...)
		}
		_ = c.Close() // it was only read
	}
	return list
}

func (a *app) sayMatching(m known.Matching) {
	s := m.Subject
	a.Tell("%s: %s %s; %s of the product known", s.Name, cli.OrDash(s.Product), cli.OrDash(s.Version), cli.Plural(m.Looked, "issue"))
	for _, h := range m.Hints {
		a.Tell("hint: %s", h)
	}
	for n, c := range m.Candidates {
		mark := ""
		if c.FixedLater {
			mark = "  [fixed in a later release: " + c.Affects.FixedIn + "]"
		}
		a.Tell("%2d. %5.1f  %s: %s%s", n+1, c.Score, c.ID(), c.Title, mark)
		for _, r := range c.Reasons {
			a.Tell("      %+5.1f  %s", r.Points, r.Says)
		}
		if c.Affects.Affected == known.AffectedUnknown && !c.FixedLater {
			a.Tell("             affected is not known: %s", c.Affects.Reason)
		}
		if c.Workaround != "" {
			a.Tell("      workaround: %s", c.Workaround)
		}
		if c.Verify != "" {
			a.Tell("      prove it: %s", c.Verify)
		}
		a.Tell("      source: %s", sourceText(c.Source))
	}
	if len(m.Candidates) == 0 {
		a.Say("no known issue fits; see which documents were looked through with: reprise known list")
	}
}

// saveMatching keeps the list in the case and notes it there. The decision is the engineer's.
func saveMatching(f *cases.Folder, m known.Matching, now time.Time) (string, error) {
	file := cli.CaseFile(*f, "known", now) + ".json"
	if err := evidence.WriteJSON(file, m); err != nil {
		return "", err
	}
	rel, err := f.Rel(file)
	if err != nil {
		return "", err
	}
	if err := cli.AsInputError(f.Edit(func(e *cases.Editor) error {
		return errors.Join(e.Set("known.file", rel), e.Set("known.checked", now.UTC().Format(time.RFC3339)))
	})); err != nil {
		return "", err
	}
	return file, f.Note(now, fmt.Sprintf("looked through known issues: %d candidates in %s", len(m.Candidates), rel))
}

// subjectOf reads what is matched: a case's folder, a run's, or a scenario.
func (a *app) subjectOf(name string) (known.Subject, *cases.Folder, error) {
	told, err := cli.Products()
	if err != nil {
		return known.Subject{}, nil, err
	}
	dir := name
	if filepath.Base(name) == cases.FileName {
		dir = filepath.Dir(name)
	}
	if _, err := os.Stat(filepath.Join(dir, cases.FileName)); err == nil {
		f, err := cli.OpenCase(dir)
		if err != nil {
			return known.Subject{}, nil, err
		}
		return a.caseSubject(f, told), &f, nil
	}
	if _, err := os.Stat(filepath.Join(name, "run.json")); err == nil {
		s := known.Subject{Products: told}
		if err := s.AddRun(name); err != nil {
			return s, nil, cli.WithCode(cli.ExitInput, err)
		}
		return s, nil, nil
	}
	l, err := a.LoadQuiet(name, nil)
	if err != nil {
		return known.Subject{}, nil, cli.Hint(err, "give the folder of a case or of a run, or a scenario")
	}
	s := known.Subject{Name: l.Scenario.ID, Products: told}
	addScenario(&s, l, name)
	return s, nil, nil
}

// caseSubject takes in a case: its scope, its logs, its runs and its scenario.
func (a *app) caseSubject(f cases.Folder, told *known.Products) known.Subject {
	c := f.Case
	s := known.Subject{Products: told, Name: c.ID, Product: told.Name(c.Product.Platform), Version: c.Product.Version, Scenario: c.Scenario}
	s.Say("title", c.Title, 1)
	s.Say("what", c.Scope.What, 1)
	s.Say("when", c.Scope.When, 0.8)
	s.Say("how", c.Scope.How, 0.5)
	s.Say("expected", c.Scope.Expected, 0.5)
	s.Say("impact", c.Scope.Impact, 0.3)
	s.Say("model", c.Product.Model, 0.8)
	for _, t := range c.Changed {
		s.Say("changed", t, 0.6)
	}
	for _, t := range c.Tried {
		s.Say("tried", t.What+" "+t.Result, 0.4)
	}
	for _, x := range c.Analysis {
		s.Say("analysis", x.Says, 1)
		s.AddLog("analysis of "+x.Of, x.Says)
	}
	for _, class := range c.Classes {
		s.Uses(class, "class of the case")
	}
	for _, l := range c.Logs {
		if l.Kind == "core" || l.Kind == "capture" {
			continue
		}
		text, err := known.ReadBounded(f.Abs(l.File))
		if err != nil {
			s.Notes = append(s.Notes, "log "+l.File+": "+err.Error())
			continue
		}
		if l.Kind != "config" {
			s.AddLog(l.File, text)
		}
		if l.Kind != "log" {
			s.AddConfig(l.File, text)
		}
	}
	for _, r := range c.Runs {
		if _, err := os.Stat(filepath.Join(f.Abs(r.Dir), "run.json")); err != nil {
			continue // an isolation, a bisection: it says nothing that its runs do not
		}
		if err := s.AddRun(f.Abs(r.Dir)); err != nil {
			s.Notes = append(s.Notes, "run "+r.Dir+": "+err.Error())
		}
	}
	a.addCaseScenario(&s, f)
	return s
}

// addCaseScenario takes in the scenario of a case that no run was made of yet.
func (a *app) addCaseScenario(s *known.Subject, f cases.Folder) {
	name := f.Case.Scenario
	if name == "" || len(f.Case.Runs) > 0 {
		return
	}
	for _, path := range []string{f.Abs(name), name} {
		if l, err := a.LoadQuiet(path, nil); err == nil && l != nil {
			addScenario(s, l, name)
			return
		}
	}
	s.Notes = append(s.Notes, "scenario "+name+" could not be read")
}

// addScenario takes in what a run of the scenario would say.
func addScenario(s *known.Subject, l *scenarios.Loaded, name string) {
	sc := l.Scenario
	info := evidence.RunInfo{ID: sc.ID, Scenario: evidence.ScenarioInfo{
		ID: name, Title: sc.Title, Labels: sc.Labels, What: sc.Problem.What, When: sc.Problem.When, How: sc.Problem.How,
		Impact: sc.Problem.Impact, Expected: sc.Problem.Expected, References: sc.Problem.References,
		Product: strings.TrimSpace(sc.Problem.Product.Platform + " " + sc.Problem.Product.Model + " " + sc.Problem.Product.Version),
	}}
	for list, conditions := range map[string][]scenarios.Condition{"symptom": sc.Symptom, "baseline": sc.Baseline} {
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
	for n, step := range sc.Stimulus {
		info.Scenario.Steps = append(info.Scenario.Steps, evidence.StepInfo{
			Ref: fmt.Sprintf("stimulus.%d", n), Name: step.Name, Action: strings.Join(append(step.Configure, step.Run, step.Exec), "\n"),
		})
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
