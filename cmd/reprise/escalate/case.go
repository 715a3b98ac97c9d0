package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/cases"
)

// newCase is the group of the verbs of a case.
func newCase(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "case",
		Short: "One customer's problem on its way to the vendor and back",
		Long: `A case is a folder with case.yaml: who is to be called, what, when and how, what was
tried, the runs that show it, what is planned, the Service Request and what came of
it. People edit the file, and "case set" does, keeping what it does not know.

"case check" holds it against what a partner owes the vendor, line by line.
"reprise escalate" makes the bundle and the texts to paste.`,
		Example: `  reprise case new cases/acme-ospf --scenario ospf-mtu
  reprise case check cases/acme-ospf
  reprise case set cases/acme-ospf scope.impact="Building B is unreachable" --run runs/2026…
  reprise escalate cases/acme-ospf`,
	}
	c.AddCommand(newCaseNew(a, nil), newCaseShow(a, nil), newCaseCheck(a, nil), newCaseImport(a, nil), newCaseDraft(a, nil), newCaseTry(a, nil), newCaseFromCell(a, nil), newCasePlan(a, nil), newCaseSet(a, nil), newCaseRMA(a, nil), newCaseSchema(a, nil))
	return c
}

// caseSchemaOptions are what "case schema" was asked.
type caseSchemaOptions struct{ *cli.App }

func newCaseSchema(a *cli.App, runF func(context.Context, *caseSchemaOptions) error) *cobra.Command {
	o := &caseSchemaOptions{a}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of case.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runCaseSchema)(c.Context(), o) },
	}
}

func runCaseSchema(_ context.Context, o *caseSchemaOptions) error {
	schema, err := cases.Schema()
	if err != nil {
		return err
	}
	_, err = o.Document().Write(schema)
	return err
}

// completeCase offers folders for the case, and then the fields that it has.
func completeCase(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	var fields []string
	for _, f := range cases.Fields() {
		fields = append(fields, f+"=")
	}
	return fields, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// field is one value of a case that a person is asked for.
type field struct{ path, question string }

func caseFields() []field {
	return []field{
		{"title", "Title: one symptom in one line"},
		{"customer.name", "Customer"},
		{"customer.contact", "Customer's contact"},
		{"partner.name", "Partner"},
		{"partner.contact", "Partner's contact, whom the vendor calls"},
		{"partner.email", "Partner's e-mail"},
		{"product.vendor", "Vendor of the product"},
		{"product.platform", "Platform (exos, voss, frr …)"},
		{"product.version", "Version"},
		{"product.model", "Model"},
		{"product.serial", "Serial number"},
		{"product.contract", "Contract"},
		{"scope.what", "What fails"},
		{"scope.when", "When: since when, what changed"},
		{"scope.how", "How often, on what occasion"},
		{"scope.impact", "What the customer cannot do"},
		{"scope.severity", "Severity: 1 network down, 2 severely degraded, 3 impaired, 4 question"},
		{"scope.expected", "What should happen instead"},
		{"scope.failed", "When it failed last (2026-03-01 14:05)"},
	}
}

// caseNewOptions are what "case new" was asked.
type caseNewOptions struct {
	*cli.App
	folder, scenario string
	fields           [][2]string // that were given
}

func newCaseNew(a *cli.App, runF func(context.Context, *caseNewOptions) error) *cobra.Command {
	o := &caseNewOptions{App: a}
	c := &cobra.Command{
		Use:   "new FOLDER [FIELD=VALUE…]",
		Short: "Open a case",
		Long: `Open a case. What a scenario says of its problem is taken over. What is not given as
FIELD=VALUE is asked for when standard input is a terminal; an empty answer leaves
it open, and "case check" says what is missing.`,
		Example: `  reprise case new cases/acme-ospf --scenario ospf-mtu customer.name="ACME" partner.name="Netpartner"`,
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			var err error
			if o.fields, err = parseFields(args[1:]); err != nil {
				return err
			}
			return cli.Run(runF, runCaseNew)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.scenario, "scenario", "", "scenario that shows the problem")
	_ = c.RegisterFlagCompletionFunc("scenario", a.CompleteScenario) // the flag is there
	return c
}

func runCaseNew(ctx context.Context, o *caseNewOptions) error {
	if _, err := os.Stat(filepath.Join(o.folder, cases.FileName)); err == nil {
		return cli.InputError("%s is a case already", o.folder)
	}
	c := cases.Case{ID: filepath.Base(filepath.Clean(o.folder)), State: cases.Opened, Opened: time.Now().UTC().Format(time.RFC3339), Scenario: o.scenario}
	if o.scenario != "" {
		if err := fromScenario(o.App, &c, o.scenario, o.folder); err != nil {
			return err
		}
	}
	f, err := fill(ctx, o.App, o.folder, c, o.fields)
	if err != nil {
		return err
	}
	return o.Show(f.Case, func(w io.Writer) { printOpened(w, f.Path) })
}

// printOpened writes where a new case is, for people.
func printOpened(w io.Writer, folder string) {
	cli.Line(w, "opened %s", filepath.Join(folder, cases.FileName))
	cli.Line(w, "next: reprise case check %s", folder)
}

// fill makes the case beside its place and moves it there once every value is taken.
func fill(ctx context.Context, a *cli.App, folder string, c cases.Case, given [][2]string) (cases.Folder, error) {
	for _, g := range given {
		if g[0] == "title" {
			c.Title = g[1]
		}
	}
	q := a.Asker()
	if c.Title == "" && q == nil {
		return cases.Folder{}, cli.InputError("the case has no title: give title=… or --scenario")
	}
	if q != nil {
		known := map[string]bool{}
		for _, g := range given {
			known[g[0]] = true
		}
		for _, f := range caseFields() {
			if known[f.path] {
				continue
			}
			value, err := asked(ctx, q, f.question, suggestion(c, f.path))
			if err != nil {
				return cases.Folder{}, err
			}
			if f.path == "title" {
				c.Title = value
			}
			if value != "" {
				given = append(given, [2]string{f.path, value})
			}
		}
	}
	f, err := cases.Create(folder, c)
	if err != nil {
		return f, cli.WithCode(cli.ExitInput, err)
	}
	if err := setFields(&f, given); err != nil {
		return f, errors.Join(err, os.Remove(filepath.Join(folder, cases.FileName)), os.Remove(filepath.Join(folder, "timeline.ndjson")))
	}
	return f, nil
}

// asked is the answer to one question; an empty one is the value in brackets.
func asked(ctx context.Context, q *cli.Asker, question, value string) (string, error) {
	if value != "" {
		question += " [" + value + "]"
	}
	line, err := q.Ask(ctx, question+": ")
	return cmp.Or(line, value), err
}

// suggestion is what a new case already says of a field.
func suggestion(c cases.Case, path string) string {
	severity := ""
	if c.Scope.Severity > 0 {
		severity = fmt.Sprint(c.Scope.Severity)
	}
	return map[string]string{
		"title": c.Title, "scope.what": c.Scope.What, "scope.when": c.Scope.When, "scope.how": c.Scope.How, "scope.impact": c.Scope.Impact,
		"scope.severity": severity, "scope.expected": c.Scope.Expected, "product.platform": c.Product.Platform,
		"product.version": c.Product.Version, "product.model": c.Product.Model,
	}[path]
}

// fromScenario takes over what a scenario says of its problem.
func fromScenario(a *cli.App, c *cases.Case, name, folder string) error {
	l, err := a.Load(name, nil)
	if err != nil {
		return err
	}
	s := l.Scenario
	c.Title, c.Scenario, c.ScenarioID = s.Title, name, s.ID
	if _, err := os.Stat(name); err == nil { // a path, which must lead there from the case too
		if c.Scenario, err = (cases.Folder{Path: folder}).Rel(name); err != nil {
			return err
		}
	}
	c.Scope = cases.Scope{What: s.Problem.What, When: s.Problem.When, How: s.Problem.How, Impact: s.Problem.Impact, Severity: s.Problem.Severity, Expected: s.Problem.Expected}
	c.Product = cases.Product{Platform: s.Problem.Product.Platform, Version: s.Problem.Product.Version, Model: s.Problem.Product.Model}
	if len(s.Problem.References) > 0 {
		c.Judgement.Reference = strings.Join(s.Problem.References, "; ")
	}
	return nil
}

// caseShowOptions are what "case show" was asked.
type caseShowOptions struct {
	*cli.App
	folder   string
	timeline bool // and nothing else
}

func newCaseShow(a *cli.App, runF func(context.Context, *caseShowOptions) error) *cobra.Command {
	o := &caseShowOptions{App: a}
	c := &cobra.Command{
		Use: "show FOLDER", Short: "Show a case and how it moved", Args: cobra.ExactArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			return cli.Run(runF, runCaseShow)(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.timeline, "timeline", false, "show how the case moved, and nothing else")
	return c
}

func runCaseShow(_ context.Context, o *caseShowOptions) error {
	f, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	moves, err := f.Timeline()
	if err != nil {
		return err
	}
	return o.Show(shownCase{f.Case, moves}, func(w io.Writer) {
		if !o.timeline {
			printCase(w, f.Case)
		}
		printTimeline(w, moves)
	})
}

// shownCase is what "case show" prints with --json.
type shownCase struct {
	Case     cases.Case     `json:"case"`
	Timeline []cases.Moment `json:"timeline"`
}

// printTimeline writes how a case moved, for people.
func printTimeline(w io.Writer, moves []cases.Moment) {
	for _, m := range moves {
		cli.Line(w, "%s  %s", m.At.Format("2006-01-02 15:04"), m.Says)
	}
}

// printCase writes what a case says, for people.
func printCase(w io.Writer, c cases.Case) {
	cli.Line(w, "%s: %s", c.ID, c.Title)
	for _, line := range [][2]string{
		{"state", string(c.State)},
		{"customer", strings.Join(cli.Present(c.Customer.Name, c.Customer.Contact, c.Customer.Site), ", ")},
		{"partner", strings.Join(cli.Present(c.Partner.Name, c.Partner.Contact, c.Partner.Email, c.Partner.Phone), ", ")},
		{"product", strings.Join(cli.Present(c.Product.Model, c.Product.Platform, c.Product.Version, c.Product.Serial), ", ")},
		{"what", c.Scope.What},
		{"when", c.Scope.When},
		{"how", c.Scope.How},
		{"impact", strings.Join(cli.Present(c.Scope.Impact, cases.Severity(c.Scope.Severity)), ", ")},
		{"judgement", strings.Join(cli.Present(c.Judgement.Is, c.Judgement.Reference), ", ")},
		{"known issue", strings.Join(cli.Present(c.Known.Decision, c.Known.Reason), ", ")},
		{"service request", c.Request.Number},
		{"fix", strings.Join(cli.Present(c.Fix.Kind, c.Fix.Version, c.Fix.Verified), ", ")},
	} {
		if line[1] != "" {
			cli.Line(w, "  %-15s  %s", line[0], line[1])
		}
	}
	for _, r := range c.Runs {
		cli.Line(w, "  %-15s  %s", "run", strings.Join(cli.Present(r.Dir, r.Note), ", "))
	}
	for i, s := range c.Plan {
		cli.Line(w, "  %-15s  %d. %s", "plan", i+1, strings.Join(cli.Present(s.Step, s.Owner, s.Due, cmp.Or(s.State, "open")), ", "))
	}
	for _, conf := range c.Confirmations {
		cli.Line(w, "  %-15s  %s", "confirmation", strings.Join(cli.Present(conf.Result, conf.File, conf.Signed), ", "))
	}
}
