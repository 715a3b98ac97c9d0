package write

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// validateOptions are what "scenario validate" was asked.
type validateOptions struct {
	*cli.App
	names []string
}

func newValidate(a *cli.App, runF func(context.Context, *validateOptions) error) *cobra.Command {
	o := &validateOptions{App: a}
	return &cobra.Command{
		Use: "validate SCENARIO…", Short: "Check scenarios and all they refer to; start nothing", Args: cobra.MinimumNArgs(1),
		Long: `Read each scenario, its topology and its files, and print every fault in one pass
as file:line:col: message, with a hint. Warnings are printed too, and are no
faults.`,
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.names = args
			return cli.Run(runF, runValidate)(c.Context(), o)
		},
	}
}

func runValidate(_ context.Context, o *validateOptions) error {
	var results []validated
	taken := scenarios.IDs{}
	for _, name := range o.names {
		l, err := o.LoadQuiet(name, nil)
		var problems yamlpos.Problems
		if err != nil && !errors.As(err, &problems) {
			return err
		}
		if l != nil {
			problems = append(problems, l.Warnings...)
			problems = append(problems, taken.Take(l, name)...)
		}
		problems.Sort()
		results = append(results, validated{name, problems.Faults() == nil, problems})
	}
	err := o.Show(results, func(w io.Writer) { printValidated(w, o.Err, results) })
	return errors.Join(err, cli.Answer(exitOf(results)))
}

// validated is what became of one scenario of "scenario validate".
type validated struct {
	Scenario string           `json:"scenario"`
	Valid    bool             `json:"valid"`
	Problems yamlpos.Problems `json:"problems"`
}

// exitOf is the exit status: one fault is a wrong input.
func exitOf(results []validated) int {
	for _, r := range results {
		if !r.Valid {
			return cli.ExitInput
		}
	}
	return cli.ExitYes
}

// printValidated writes which scenarios are valid, and to problems what is wrong with the rest.
func printValidated(w, problems io.Writer, results []validated) {
	for _, r := range results {
		for _, p := range r.Problems {
			fmt.Fprintln(problems, p)
		}
		if r.Valid {
			cli.Line(w, "%s is valid", r.Scenario)
		}
	}
}

// schemaOptions are what "scenario schema" was asked.
type schemaOptions struct{ *cli.App }

func newSchema(a *cli.App, runF func(context.Context, *schemaOptions) error) *cobra.Command {
	o := &schemaOptions{a}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a scenario, for editors", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runSchema)(c.Context(), o) },
	}
}

func runSchema(_ context.Context, o *schemaOptions) error {
	b, err := scenarios.Schema()
	if err != nil {
		return err
	}
	_, err = o.Document().Write(b)
	return err
}

// listOptions are what "scenario list" was asked.
type listOptions struct {
	*cli.App
	dirs []string // none: the corpus
}

func newList(a *cli.App, runF func(context.Context, *listOptions) error) *cobra.Command {
	o := &listOptions{App: a}
	return &cobra.Command{
		Use: "list [DIR…]", Short: "List the scenarios of folders, or those that come with the program",
		Long: `List the scenarios of folders. Without a folder list those that come with the
program, by family: bugs and mistakes run in containers, isolate holds large
cases to take apart, and switches need real ones (reprise run ID --lab FILE; try
one on simulators with --rehearse).`,
		RunE: func(c *cobra.Command, args []string) error {
			o.dirs = args
			return cli.Run(runF, runList)(c.Context(), o)
		},
	}
}

func runList(_ context.Context, o *listOptions) error {
	list := listCorpus
	if len(o.dirs) > 0 {
		list = func(a *cli.App) ([]listed, error) { return listBelow(a, o.dirs) }
	}
	found, err := list(o.App)
	if err != nil {
		return err
	}
	width, tty := cli.Terminal(o.Out)
	if !tty {
		width = 0
	}
	return o.Show(found, func(w io.Writer) { printList(w, found, width) })
}

// listCorpus lists the scenarios that come with the program.
func listCorpus(a *cli.App) ([]listed, error) {
	entries, err := corpus.List()
	if err != nil {
		return nil, err
	}
	var found []listed
	for _, e := range entries {
		l, err := a.LoadQuiet(e.ID, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, entryOf(l, e.Family, ""))
	}
	return found, nil
}

// listBelow lists the scenarios below folders; what is wrong with one is said.
func listBelow(a *cli.App, dirs []string) ([]listed, error) {
	var found []listed
	for _, dir := range dirs {
		paths, err := scenarios.Find(dir)
		if err != nil {
			return nil, cli.WithCode(cli.ExitInput, fmt.Errorf("list scenarios: %w", err))
		}
		for _, path := range paths {
			l, err := a.LoadQuiet(path, nil)
			if err != nil {
				a.Progress("%v", err)
				continue
			}
			found = append(found, entryOf(l, "", path))
		}
	}
	return found, nil
}

// listed is one line of scenario list.
type listed struct {
	ID       string   `json:"id"`
	Family   string   `json:"family,omitempty"`
	Path     string   `json:"path,omitempty"`
	Title    string   `json:"title"`
	Labels   []string `json:"labels,omitempty"`
	Platform string   `json:"platform,omitempty"`
}

func entryOf(l *scenarios.Loaded, family, path string) listed {
	s := l.Scenario
	return listed{s.ID, family, path, s.Title, s.Labels, strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Version)}
}

// printList writes a line for each scenario, for people; the titles go on below themselves where a line has no more characters than
// width, if that is not 0.
func printList(w io.Writer, found []listed, width int) {
	const before, least = 50, 20 // characters in front of a title, and for it
	for _, f := range found {
		if width-before < least {
			cli.Line(w, "%-10s %-38s %s", f.Family, f.ID, f.Title)
			continue
		}
		for i, part := range cli.Wrap(f.Title, width-before) {
			if i == 0 {
				cli.Line(w, "%-10s %-38s %s", f.Family, f.ID, part)
			} else {
				cli.Line(w, "%*s%s", before, "", part)
			}
		}
	}
}

// showOptions are what "scenario show" was asked.
type showOptions struct {
	*cli.App
	scenario string
}

func newShow(a *cli.App, runF func(context.Context, *showOptions) error) *cobra.Command {
	o := &showOptions{App: a}
	return &cobra.Command{
		Use: "show SCENARIO", Short: "Explain a scenario: scope, lab, stimulus, symptom", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = args[0]
			return cli.Run(runF, runShow)(c.Context(), o)
		},
	}
}

func runShow(_ context.Context, o *showOptions) error {
	l, err := o.Load(o.scenario, nil)
	if err != nil {
		return err
	}
	if err := o.Show(l.Scenario, func(w io.Writer) { printScope(w, l.Scenario) }); err != nil || o.JSON {
		return err
	}
	p, err := plan.New(l, plan.Options{})
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	o.Say("")
	return o.PrintPlan(p, "", cli.Placed{})
}

// printScope writes what a scenario is about, for people.
func printScope(w io.Writer, s scenarios.Scenario) {
	cli.Line(w, "%s: %s", s.ID, s.Title)
	for _, f := range []struct{ key, value string }{
		{"what", s.Problem.What},
		{"when", s.Problem.When},
		{"how", s.Problem.How},
		{"impact", s.Problem.Impact},
		{"expected", s.Problem.Expected},
		{"product", strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Version)},
		{"references", strings.Join(s.Problem.References, "; ")},
	} {
		if f.value != "" {
			cli.Line(w, "  %-10s %s", f.key, f.value)
		}
	}
}
