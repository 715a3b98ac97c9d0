package analyse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// matchOptions are what "known match" was asked.
type matchOptions struct {
	*database
	subject string // a case, a run or a scenario
	limit   int
	save    bool
}

// check tells what is wrong with the options.
func (o *matchOptions) check() error {
	if o.limit < 1 || o.limit > 200 {
		return cli.InputError("--limit %d: want 1 to 200", o.limit)
	}
	return nil
}

func newMatch(d *database, runF func(context.Context, *matchOptions) error) *cobra.Command {
	o := &matchOptions{database: d}
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
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeMatch(d.App),
		RunE: func(c *cobra.Command, args []string) error {
			o.subject = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runMatch)(c.Context(), o)
		},
	}
	c.Flags().IntVar(&o.limit, "limit", 10, "most candidates")
	c.Flags().BoolVar(&o.save, "save", false, "write the list into the case's folder and note it in case.yaml")
	return c
}

// completeMatch offers runs and the corpus; folders complete by themselves.
func completeMatch(a *cli.App) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		runs, _ := cli.CompleteRuns(c, args, word)
		ids, _ := a.CompleteScenario(c, args, word)
		return append(runs, ids...), cobra.ShellCompDirectiveDefault
	}
}

func runMatch(ctx context.Context, o *matchOptions) error {
	s, folder, err := subjectOf(o.App, o.subject)
	if err != nil {
		return err
	}
	if o.save && folder == nil {
		return cli.InputError("--save keeps the list in a case, and %s is none", o.subject)
	}
	s.Images = imagesAtHand(ctx, o.App)
	var m known.Matching
	if err := o.with(ctx, func(db *known.DB) (err error) {
		m, err = db.Match(ctx, s, o.limit)
		return err
	}); err != nil {
		return err
	}
	saved := ""
	if o.save {
		if saved, err = saveMatching(folder, m, time.Now()); err != nil {
			return err
		}
	}
	err = o.Show(m, func(w io.Writer) {
		printMatching(w, m)
		if saved != "" {
			cli.Line(w, "kept in %s; decide with: reprise case set %s known.decision=ID known.reason=WHY (or known.decision=none)", saved, folder.Path)
		}
	})
	return errors.Join(err, cli.Answer(yesIf(len(m.Candidates) > 0)))
}

// imagesAtHand lists what can be proposed as a node's image: those that this machine has, and those that are built here from
// packages.
func imagesAtHand(ctx context.Context, a *cli.App) []string {
	list := recipe.KnownRefs()
	_ = a.Opener.WithImages(ctx, cli.LabFlags{}, func(ctx context.Context, s cli.Images) error { // they are proposals
		refs, err := s.Refs(ctx)
		list = append(list, refs...)
		return err
	})
	return list
}

// printMatching writes the candidates and why they are some, for people.
func printMatching(w io.Writer, m known.Matching) {
	s := m.Subject
	cli.Tell(w, "%s: %s %s; %s of the product known", s.Name, cli.OrDash(s.Product), cli.OrDash(s.Version), cli.Plural(m.Looked, "issue"))
	for _, h := range m.Hints {
		cli.Tell(w, "hint: %s", h)
	}
	for n, c := range m.Candidates {
		mark := ""
		if c.FixedLater {
			mark = "  [fixed in a later release: " + c.Affects.FixedIn + "]"
		}
		cli.Tell(w, "%2d. %5.1f  %s: %s%s", n+1, c.Score, c.ID(), c.Title, mark)
		for _, r := range c.Reasons {
			cli.Tell(w, "      %+5.1f  %s", r.Points, r.Says)
		}
		if c.Affects.Affected == known.AffectedUnknown && !c.FixedLater {
			cli.Tell(w, "             affected is not known: %s", c.Affects.Reason)
		}
		if c.Workaround != "" {
			cli.Tell(w, "      workaround: %s", c.Workaround)
		}
		if c.Verify != "" {
			cli.Tell(w, "      prove it: %s", c.Verify)
		}
		cli.Tell(w, "      source: %s", sourceText(c.Source))
	}
	if len(m.Candidates) == 0 {
		cli.Line(w, "no known issue fits; see which documents were looked through with: reprise known list")
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
func subjectOf(a *cli.App, name string) (known.Subject, *cases.Folder, error) {
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
		return caseSubject(a, f, told), &f, nil
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
	s.AddScenario(l, name)
	return s, nil, nil
}

// caseSubject takes in a case: its scope, its logs, its runs and its scenario.
func caseSubject(a *cli.App, f cases.Folder, told *known.Products) known.Subject {
	c := f.Case
	s := known.Subject{Products: told, Name: c.ID, Product: told.Name(c.Product.Platform), Version: c.Product.Version, Scenario: c.Scenario}
	of := known.Account{
		Title: c.Title, What: c.Scope.What, When: c.Scope.When, How: c.Scope.How, Expected: c.Scope.Expected, Impact: c.Scope.Impact,
		Model: c.Product.Model, Changed: c.Changed, Classes: c.Classes,
	}
	for _, t := range c.Tried {
		of.Tried = append(of.Tried, t.What+" "+t.Result)
	}
	for _, x := range c.Analysis {
		of.Analyses = append(of.Analyses, known.Analysis{Of: x.Of, Says: x.Says})
	}
	s.AddAccount(of)
	for _, l := range c.Logs {
		s.AddFile(l.File, f.Abs(l.File), known.FileKind(l.Kind))
	}
	for _, r := range c.Runs {
		if _, err := os.Stat(filepath.Join(f.Abs(r.Dir), "run.json")); err != nil {
			continue // an isolation, a bisection: it says nothing that its runs do not
		}
		if err := s.AddRun(f.Abs(r.Dir)); err != nil {
			s.Notes = append(s.Notes, "run "+r.Dir+": "+err.Error())
		}
	}
	addCaseScenario(a, &s, f)
	return s
}

// addCaseScenario takes in the scenario of a case that no run was made of yet.
func addCaseScenario(a *cli.App, s *known.Subject, f cases.Folder) {
	name := f.Case.Scenario
	if name == "" || len(f.Case.Runs) > 0 {
		return
	}
	for _, path := range []string{f.Abs(name), name} {
		if l, err := a.LoadQuiet(path, nil); err == nil && l != nil {
			s.AddScenario(l, name)
			return
		}
	}
	s.Notes = append(s.Notes, "scenario "+name+" could not be read")
}
