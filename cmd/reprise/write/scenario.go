package write

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func (a *app) scenarioVerb() *cobra.Command {
	c := &cobra.Command{Use: "scenario", Short: "Write, check and list scenarios"}
	validate := &cobra.Command{
		Use: "validate SCENARIO…", Short: "Check scenarios and all they refer to; start nothing", Args: cobra.MinimumNArgs(1),
		Long: `Read each scenario, its topology and its files, and print every fault in one pass
as file:line:col: message, with a hint. Warnings are printed too, and are no
faults.`,
		ValidArgsFunction: a.CompleteScenario,
		RunE:              func(_ *cobra.Command, args []string) error { return a.validate(args) },
	}
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a scenario, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b, err := scenarios.Schema()
			if err != nil {
				return err
			}
			_, err = a.Document().Write(b)
			return err
		},
	}
	list := &cobra.Command{
		Use: "list [DIR…]", Short: "List the scenarios of folders, or those that come with the program",
		Long: `List the scenarios of folders. Without a folder list those that come with the
program, by family: bugs and mistakes run in containers, isolate holds large
cases to take apart, and switches need real ones (reprise run ID --lab FILE; try
one on simulators with --rehearse).`,
		RunE: func(_ *cobra.Command, args []string) error { return a.list(args) },
	}
	show := &cobra.Command{
		Use: "show SCENARIO", Short: "Explain a scenario: scope, lab, stimulus, symptom", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE:              func(_ *cobra.Command, args []string) error { return a.show(args[0]) },
	}
	c.AddCommand(validate, schema, list, show, a.newVerb())
	return c
}

func (a *app) validate(names []string) error {
	type result struct {
		Scenario string           `json:"scenario"`
		Valid    bool             `json:"valid"`
		Problems yamlpos.Problems `json:"problems"`
	}
	var results []result
	code := cli.ExitYes
	first := map[string]string{} // file by id
	for _, name := range names {
		l, err := a.LoadQuiet(name, nil)
		var problems yamlpos.Problems
		if err != nil && !errors.As(err, &problems) {
			return err
		}
		if l != nil {
			problems = append(problems, l.Warnings...)
		}
		if l != nil {
			if other, twice := first[l.Scenario.ID]; twice {
				problems = append(problems, yamlpos.Problem{File: l.File, Line: l.Line("id"), Col: 1, Message: fmt.Sprintf("the id %q is taken by %s", l.Scenario.ID, other), Hint: "ids are unique among your scenarios"})
			}
			first[l.Scenario.ID] = name
		}
		problems.Sort()
		valid := problems.Faults() == nil
		if !valid {
			code = cli.ExitInput
		}
		results = append(results, result{name, valid, problems})
	}
	if done, err := a.Emit(results); done {
		return errors.Join(err, cli.Answer(code))
	}
	for _, r := range results {
		for _, p := range r.Problems {
			fmt.Fprintln(a.Err, p)
		}
		if r.Valid {
			a.Say("%s is valid", r.Scenario)
		}
	}
	return cli.Answer(code)
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

func (a *app) list(dirs []string) error {
	var found []listed
	if len(dirs) == 0 {
		entries, err := corpus.List()
		if err != nil {
			return err
		}
		for _, e := range entries {
			l, err := a.LoadQuiet(e.ID, nil)
			if err != nil {
				return err
			}
			found = append(found, entryOf(l, e.Family, ""))
		}
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Base(path) != "scenario.yaml" {
				return err
			}
			l, err := a.LoadQuiet(path, nil)
			if err != nil {
				a.Progress("%v", err)
				return nil
			}
			found = append(found, entryOf(l, "", path))
			return nil
		})
		if err != nil {
			return cli.WithCode(cli.ExitInput, fmt.Errorf("list scenarios: %w", err))
		}
	}
	if done, err := a.Emit(found); done {
		return err
	}
	for _, f := range found {
		a.Say("%-10s %-38s %s", f.Family, f.ID, f.Title)
	}
	return nil
}

func entryOf(l *scenarios.Loaded, family, path string) listed {
	s := l.Scenario
	return listed{s.ID, family, path, s.Title, s.Labels, strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Version)}
}

func (a *app) show(name string) error {
	l, err := a.Load(name, nil)
	if err != nil {
		return err
	}
	if done, err := a.Emit(l.Scenario); done {
		return err
	}
	s := l.Scenario
	a.Say("%s: %s", s.ID, s.Title)
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
			a.Say("  %-10s %s", f.key, f.value)
		}
	}
	p, err := plan.New(l, plan.Options{})
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	a.Say("")
	return a.PrintPlan(p, "")
}

// newFlags are the answers of the wizard.
type newFlags struct {
	id, title, what, when, how, platform, image, fixed string
	nodes                                              int
}

func (a *app) newVerb() *cobra.Command {
	f := &newFlags{}
	c := &cobra.Command{
		Use:   "new DIR",
		Short: "Write a scenario that runs, to change into yours",
		Long: `Write a scenario, its topology and a configuration per node into DIR. What is not
given as a flag is asked for when standard input is a terminal, and otherwise
gets an example's value. The result is valid and runs as it is: two routers and
an OSPF adjacency that a shut interface takes down.`,
		Example: `  reprise scenario new my-case
  reprise scenario new my-case --title "Neighbour lost" --image reprise/frr:8.4.4 --fixed reprise/frr:10.3`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.newScenario(c.Context(), args[0], f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.id, "id", "", "short name (default: the folder's)")
	fl.StringVar(&f.title, "title", "", "the failing behaviour in one line")
	fl.StringVar(&f.what, "what", "", "what fails")
	fl.StringVar(&f.when, "when", "", "since when, and what changed then")
	fl.StringVar(&f.how, "how", "", "how often, on what occasion")
	fl.StringVar(&f.platform, "platform", "", "platform of the nodes: one that a skeleton can be written for")
	fl.StringVar(&f.image, "image", "", "image of the affected version")
	fl.StringVar(&f.fixed, "fixed", "", "image of a version that is healthy, for the control (default: the stimulus left out)")
	fl.IntVar(&f.nodes, "nodes", 2, "number of routers, in a line")
	_ = c.RegisterFlagCompletionFunc("platform", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		r, err := cli.Registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return r.Skeletons(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func (a *app) newScenario(_ context.Context, dir string, f *newFlags) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return cli.InputError("%s is not empty; name a new folder", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return cli.InputError("%s: %w", dir, err)
	}
	r, err := cli.Registry()
	if err != nil {
		return err
	}
	sk := skeleton{
		registry: r,
		ID:       f.id, Title: f.title, What: f.what, When: f.when, How: f.how, Platform: f.platform, Image: f.image, Fixed: f.fixed, Nodes: f.nodes,
	}
	sk.defaults(filepath.Base(abs))
	if err := sk.setPlatform(sk.Platform); err != nil {
		return err
	}
	if err := a.ask(&sk); err != nil {
		return err
	}
	if sk.Nodes < 2 || sk.Nodes > 50 {
		return cli.InputError("--nodes %d: want 2 to 50", sk.Nodes)
	}
	if err := sk.write(dir); err != nil {
		return err
	}
	if _, err := a.Load(dir, nil); err != nil {
		return fmt.Errorf("the scenario written to %s is not valid: %w", dir, err)
	}
	a.Say("wrote %s", filepath.Join(dir, "scenario.yaml"))
	a.Say("next: reprise run %s", dir)
	return nil
}

// ask asks for what the flags did not give, when somebody is there to answer.
func (a *app) ask(sk *skeleton) error {
	in, isFile := a.In.(*os.File)
	if !isFile {
		return nil
	}
	if !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	r := bufio.NewReader(in)
	for _, q := range []struct {
		question string
		answer   *string
		given    bool
	}{
		{"Title: the failing behaviour in one line", &sk.Title, sk.given["title"]},
		{"What fails", &sk.What, sk.given["what"]},
		{"When: since when, what changed", &sk.When, sk.given["when"]},
		{"How often, on what occasion", &sk.How, sk.given["how"]},
		{"Platform (" + strings.Join(sk.registry.Skeletons(), ", ") + ")", &sk.Platform, sk.given["platform"]},
		{"Image of the affected version", &sk.Image, sk.given["image"]},
	} {
		if q.given {
			continue
		}
		fmt.Fprintf(a.Err, "%s [%s]: ", q.question, *q.answer)
		line, err := r.ReadString('\n')
		if err != nil {
			return cli.InputError("no answer to %q: %w", q.question, err)
		}
		if line = strings.TrimSpace(line); line != "" {
			*q.answer = line
		}
		if q.answer == &sk.Platform {
			if err := sk.setPlatform(sk.Platform); err != nil {
				return err
			}
		}
	}
	return nil
}
