package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/scenarios/spec"
)

// caseSetOptions are what "case set" was asked: fields, and what it adds to a case besides.
type caseSetOptions struct {
	*cli.App
	folder                                               string
	fields                                               [][2]string
	runs, logs, findings, waive, tried, changed, classes []string
	node, kind, taken, note, by, request                 string
	confirmation, signers                                string
	interop                                              bool
}

func newCaseSet(a *cli.App, runF func(context.Context, *caseSetOptions) error) *cobra.Command {
	o := &caseSetOptions{App: a}
	c := &cobra.Command{
		Use:   "set FOLDER [FIELD=VALUE…]",
		Short: "Say more about a case",
		Long: `Set fields of a case, and attach what belongs to it. The file's comments and order
stay. Nothing is written unless the result is a valid case.

A path is one from here, or else one from the case's folder; it is kept as the case needs it.

Fields: ` + strings.Join(cases.Fields(), ", ") + `.`,
		Example: `  reprise case set cases/acme scope.severity=2 judgement.is=product
  reprise case set cases/acme --run runs/20260301T101500Z-ospf-mtu-1f2e
  reprise case set cases/acme --log tech.txt --node sw1 --kind tech-support --taken "2026-03-01 14:20"
  reprise case set cases/acme --finding tech.txt="ospf.neighbor.ProcDDFail at 14:05:12, nothing before"
  reprise case set cases/acme service-request.number=03001234 --request "GTAC asks for the MTU of both ends"
  reprise case set cases/acme --waive interop="one vendor's switches only"`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			var err error
			if o.fields, err = parseFields(args[1:]); err != nil {
				return err
			}
			return cli.Run(runF, runCaseSet)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&o.runs, "run", nil, "attach a run, an isolation, a bisection or a verification of a fix")
	fl.BoolVar(&o.interop, "interop", false, "with --run: it tests how two products work together")
	fl.StringVar(&o.note, "note", "", "with --run: what it is; alone: a line for the timeline")
	fl.StringArrayVar(&o.logs, "log", nil, "attach a file from the customer's network")
	fl.StringVar(&o.node, "node", "", "with --log: the device it is of")
	fl.StringVar(&o.kind, "kind", "", "with --log: tech-support, log, config, core or capture")
	fl.StringVar(&o.taken, "taken", "", "with --log: when it was taken")
	fl.StringArrayVar(&o.findings, "finding", nil, "FILE=WHAT: what the analysis of a log or core says")
	fl.StringArrayVar(&o.tried, "tried", nil, "WHAT=RESULT: what was tried at the customer's")
	fl.StringArrayVar(&o.changed, "changed", nil, "what was changed before it began")
	fl.StringSliceVar(&o.classes, "class", nil, "class of problem: ospf, lag, mlag, stp, vrrp …")
	fl.StringArrayVar(&o.waive, "waive", nil, "DUTY=REASON: why a duty is not applicable")
	fl.StringVar(&o.by, "by", "", "with --waive: who says so")
	fl.StringVar(&o.request, "request", "", "what moved on the Service Request")
	fl.StringVar(&o.confirmation, "confirmation", "", "take in what the vendor's side confirmed")
	fl.StringVar(&o.signers, "signers", "", "with --confirmation: allowed signers, as ssh-keygen -Y verify takes them")
	cli.MustComplete(c, "kind", cases.LogKinds()...)
	return c
}

// parseFields reads FIELD=VALUE.
func parseFields(sets []string) ([][2]string, error) {
	var list [][2]string
	for _, s := range sets {
		path, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, cli.InputError("%q is no FIELD=VALUE", s)
		}
		if !slices.Contains(cases.Fields(), path) {
			return nil, cli.InputError("a case has no field %q; it has %s", path, strings.Join(cases.Fields(), ", "))
		}
		list = append(list, [2]string{path, value})
	}
	return list, nil
}

// withoutState takes the state out of the fields: a case reaches one last, when it holds what
// the state claims.
func withoutState(fields [][2]string) (rest [][2]string, state cases.State) {
	for _, field := range fields {
		if field[0] == "state" {
			state = cases.State(field[1])
		} else {
			rest = append(rest, field)
		}
	}
	return rest, state
}

// placed gives the fields that name a file or folder as the case keeps them: what is meant is
// what is there, seen from here, or else from the case's folder. Of the scenario it may also
// be an id.
func placed(a *cli.App, f *cases.Folder, fields [][2]string) ([][2]string, error) {
	out := slices.Clone(fields)
	for i, field := range out {
		key, path := field[0], field[1]
		if key != "scenario" && key != "known.file" && key != "fix.verified" || path == "" {
			continue
		}
		here, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		there, err := filepath.Abs(f.Abs(path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		switch isHere, isThere := exists(here), exists(there); {
		case isHere:
			if isThere && here != there {
				a.Progress("%s: %s is taken for the one here; there is another in %s", key, path, f.Path)
			}
			if out[i][1], err = f.Rel(here); err != nil {
				return nil, err
			}
		case isThere, key == "scenario":
		default:
			return nil, cli.InputError("%s: %s is neither here nor in %s", key, path, f.Path)
		}
	}
	return out, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func setFields(f *cases.Folder, fields [][2]string) error {
	if len(fields) == 0 {
		return nil
	}
	return cli.AsInputError(f.Edit(func(e *cases.Editor) error { return putFields(e, fields) }))
}

func putFields(e *cases.Editor, fields [][2]string) error {
	for _, field := range fields {
		var value any = field[1]
		if field[0] == "scope.severity" {
			n, err := strconv.Atoi(field[1])
			if err != nil {
				return fmt.Errorf("severity %q is no number from 1 to 4", field[1])
			}
			value = n
		}
		if err := e.Set(field[0], value); err != nil {
			return err
		}
	}
	return nil
}

func runCaseSet(_ context.Context, o *caseSetOptions) error {
	f, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	was := f.Case.State
	fields, state := withoutState(o.fields)
	if fields, err = placed(o.App, &f, fields); err != nil {
		return err
	}
	if err := cited(fields); err != nil {
		return err
	}
	fields = o.withScenarioID(f, fields)
	moves, err := attach(o, &f, fields)
	if err != nil {
		return err
	}
	if o.confirmation != "" {
		move, err := takeConfirmation(o.App, &f, o.confirmation, o.signers)
		if err != nil {
			return err
		}
		moves = append(moves, move)
	}
	if err := reach(&f, state); err != nil {
		return err
	}
	if was != f.Case.State {
		moves = append(moves, fmt.Sprintf("%s, was %s", f.Case.State, was))
	}
	if o.note != "" && len(o.runs) == 0 {
		moves = append(moves, o.note)
	}
	if len(moves)+len(fields) == 0 && state == "" {
		return cli.InputError("nothing to set: give FIELD=VALUE, or a flag (see reprise case set --help)")
	}
	for _, m := range moves {
		if err := f.Note(time.Now(), m); err != nil {
			return err
		}
	}
	return o.Show(f.Case, func(w io.Writer) { printSet(w, moves, fields) })
}

// withScenarioID adds to a scenario that is set the id that it gives itself: that of the one before would let in the runs of that
// one. One that cannot be read leaves none.
func (o *caseSetOptions) withScenarioID(f cases.Folder, fields [][2]string) [][2]string {
	for _, field := range slices.Clone(fields) {
		if field[0] != "scenario" {
			continue
		}
		id := ""
		for _, path := range []string{f.Abs(field[1]), field[1]} {
			if l, err := o.LoadQuiet(path, nil); field[1] != "" && err == nil && l != nil {
				id = l.Scenario.ID
				break
			}
		}
		if id != f.Case.ScenarioID {
			fields = append(fields, [2]string{"scenario-id", id})
		}
	}
	return fields
}

// cited writes a requirement that a judgement names, as rfc2328/10.5-hello-interval, as the paragraph that
// it is of.
func cited(fields [][2]string) error {
	for i, f := range fields {
		if f[0] != "judgement.reference" || !requirementName.MatchString(f[1]) {
			continue
		}
		r, err := spec.Find(f[1], nil)
		if unknown := (*spec.UnknownError)(nil); errors.As(err, &unknown) {
			return cli.InputError("judgement.reference: %w (%s)", err, unknown.Hint)
		} else if err != nil {
			return cli.InputError("judgement.reference: %w", err)
		}
		fields[i][1] = r.Place() + ": " + r.String()
	}
	return nil
}

var requirementName = regexp.MustCompile(`^[a-z0-9.-]+/[A-Za-z0-9.-]+$`)

// reach brings a case into a state; an empty one is where it is.
func reach(f *cases.Folder, state cases.State) error {
	if state == "" {
		return nil
	}
	p, err := platforms()
	if err != nil {
		return err
	}
	if err := f.Reachable(state, p); err != nil {
		return cli.WithCode(cli.ExitRefused, fmt.Errorf("the case is not %s: %w", state, err))
	}
	return setFields(f, [][2]string{{"state", string(state)}})
}

// printSet writes how a case moved and which fields it has now, for people.
func printSet(w io.Writer, moves []string, fields [][2]string) {
	for _, m := range moves {
		cli.Line(w, "%s", m)
	}
	for _, field := range fields {
		cli.Line(w, "%s is %s", field[0], field[1])
	}
}

// attach writes everything that was asked, or nothing, and tells what moved.
func attach(o *caseSetOptions, f *cases.Folder, fields [][2]string) (moves []string, err error) {
	to := *f // with the scenario that it is to have
	for _, field := range fields {
		if field[0] == "scenario-id" {
			to.Case.ScenarioID = field[1]
		}
	}
	if err := to.Attachable(o.runs...); err != nil { // before anything is copied
		return nil, cli.WithCode(cli.ExitInput, err)
	}
	if err := attachable(o.logs); err != nil {
		return nil, err
	}
	err = f.Edit(func(e *cases.Editor) error {
		if err := putFields(e, fields); err != nil {
			return err
		}
		add := func(key string, value any, format string, args ...any) {
			err = errors.Join(err, e.Append(key, value))
			moves = append(moves, fmt.Sprintf(format, args...))
		}
		for _, dir := range o.runs {
			rel, rerr := existing(f, dir)
			if rerr != nil {
				return rerr
			}
			if slices.ContainsFunc(f.Case.Runs, func(r cases.Run) bool { return r.Dir == rel }) {
				return fmt.Errorf("%s is attached already", rel)
			}
			add("runs", cases.Run{Dir: rel, Note: o.note, Interop: o.interop}, "attached %s", rel)
		}
		var logs []string // that are attached with this
		for _, file := range o.logs {
			rel, rerr := f.Keep(file, "logs")
			if rerr != nil {
				return rerr
			}
			logs = append(logs, rel)
			add("logs", cases.Log{File: rel, Node: o.node, Kind: o.kind, Taken: o.taken}, "attached %s", rel)
		}
		for _, list := range []struct {
			flag  []string
			key   string
			value func(left, right string) (any, error)
			says  string
		}{
			{o.findings, "analysis", func(l, r string) (any, error) {
				of, err := analysedFile(f, o.runs, logs, l)
				return cases.Finding{Of: of, Says: r}, err
			}, "analysed %s: %s"},
			{o.tried, "tried", func(l, r string) (any, error) { return cases.Try{What: l, Result: r}, nil }, "tried %s: %s"},
			{o.waive, "waived", func(l, r string) (any, error) { return cases.Waiver{Duty: l, Reason: r, By: o.by}, nil }, "duty %s is not applicable: %s"},
		} {
			for _, text := range list.flag {
				left, right, ok := strings.Cut(text, "=")
				if !ok || left == "" || right == "" {
					return fmt.Errorf("%q is not of the form LEFT=RIGHT", text)
				}
				value, verr := list.value(left, right)
				if verr != nil {
					return verr
				}
				add(list.key, value, list.says, left, right)
			}
		}
		for _, c := range o.changed {
			add("changed", c, "changed before it: %s", c)
		}
		for _, c := range o.classes {
			add("classes", c, "class of problem: %s", c)
		}
		if o.request != "" {
			history := append(slices.Clone(f.Case.Request.History), cases.Entry{At: time.Now().UTC().Format(time.RFC3339), Says: o.request})
			err = errors.Join(err, e.Set("service-request.history", history))
		}
		return err
	})
	if o.request != "" && err == nil {
		o.Progress("service request %s: %s", f.Case.Request.Number, o.request)
		if len(moves) == 0 && len(fields) == 0 {
			moves = append(moves, "the service request moved: "+o.request)
		}
	}
	return moves, cli.AsInputError(err)
}

// attachable refuses what is no file.
func attachable(files []string) error {
	for _, file := range files {
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			return cli.InputError("%s is no file that can be attached (links are not followed)", file)
		}
	}
	return nil
}

// analysedFile gives the path under which the case keeps what somebody names: a file of a run, or else a log. A finding of
// anything else would count for nothing, and is refused.
func analysedFile(f *cases.Folder, runs, logs []string, name string) (string, error) {
	if path, err := existing(f, name); err == nil {
		for _, r := range f.Case.Runs {
			if f.Within(path, r.Dir) {
				return path, nil
			}
		}
		for _, dir := range runs { // which may be attached with it
			if rel, err := f.Rel(dir); err == nil && f.Within(path, rel) {
				return path, nil
			}
		}
	}
	if log := logOf(f, logs, name); log != "" {
		return log, nil
	}
	return "", fmt.Errorf("%s is neither a log of the case nor a file of a run that is attached to it: attach it with --log, or its run with --run", name)
}

// logOf gives the path under which the case keeps a log that somebody names: as it keeps it,
// as it was given, or by its last part alone; empty for one that it does not keep.
func logOf(f *cases.Folder, adding []string, name string) string {
	for _, l := range f.Case.Logs {
		if l.File == name || filepath.Base(l.File) == filepath.Base(name) {
			return l.File
		}
	}
	for _, file := range adding {
		if filepath.Base(file) == filepath.Base(name) {
			return file
		}
	}
	return ""
}

// existing gives a path as the case keeps it, of something that is there.
func existing(f *cases.Folder, path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not there", path)
	}
	return f.Rel(path)
}

// casePlanOptions are what "case plan" was asked: one step of the action plan.
type casePlanOptions struct {
	*cli.App
	folder                 string
	add, owner, due, state string
	step                   int
}

// check tells what is wrong with the options.
func (o *casePlanOptions) check() error {
	switch {
	case o.add != "" && o.step != 0:
		return cli.InputError("--add makes a step and --step changes one: give one of them")
	case o.add == "" && o.step == 0 && o.owner+o.due+o.state != "":
		return cli.InputError("of which step? give --step N, or --add for a new one")
	}
	return nil
}

func newCasePlan(a *cli.App, runF func(context.Context, *casePlanOptions) error) *cobra.Command {
	o := &casePlanOptions{App: a}
	c := &cobra.Command{
		Use: "plan FOLDER", Short: "Show the action plan, add a step, or say where one stands", Args: cobra.ExactArgs(1), ValidArgsFunction: completeCase,
		Example: `  reprise case plan cases/acme
  reprise case plan cases/acme --add "ACME sets the same MTU at both ends" --owner "R. Meier" --due 2026-03-05
  reprise case plan cases/acme --step 1 --state done`,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runCasePlan)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.add, "add", "", "a new step")
	fl.IntVar(&o.step, "step", 0, "number of the step to change")
	fl.StringVar(&o.owner, "owner", "", "who does it")
	fl.StringVar(&o.due, "due", "", "by when")
	fl.StringVar(&o.state, "state", "", "open, done or dropped")
	cli.MustComplete(c, "state", "open", "done", "dropped")
	return c
}

func runCasePlan(_ context.Context, o *casePlanOptions) error {
	f, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	says := ""
	switch {
	case o.add != "":
		says = "planned: " + o.add
		err = f.Edit(func(e *cases.Editor) error {
			return e.Append("plan", cases.Step{Step: o.add, Owner: o.owner, Due: o.due, State: o.state})
		})
	case o.step != 0:
		says = fmt.Sprintf("step %d: %s", o.step, strings.Join(cli.Present(o.state, o.owner, o.due), ", "))
		err = f.Edit(func(e *cases.Editor) error { return changeStep(e, o) })
	}
	if err != nil {
		return cli.AsInputError(err)
	}
	if says != "" {
		if err := f.Note(time.Now(), says); err != nil {
			return err
		}
	}
	return o.Show(f.Case.Plan, func(w io.Writer) { printSteps(w, f.Case.Plan) })
}

// printSteps writes the action plan, for people.
func printSteps(w io.Writer, plan []cases.Step) {
	for i, s := range plan {
		cli.Line(w, "%2d  %-8s %-12s %-20s %s", i+1, cmp.Or(s.State, "open"), cli.OrDash(s.Due), cli.OrDash(s.Owner), s.Step)
	}
	if len(plan) == 0 {
		cli.Line(w, "no steps yet; add one with --add STEP --owner NAME --due DAY")
	}
}

func changeStep(e *cases.Editor, o *casePlanOptions) error {
	step, err := e.Element("plan", o.step-1)
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"owner": o.owner, "due": o.due, "state": o.state} {
		if value != "" {
			err = errors.Join(err, step.Set(key, value))
		}
	}
	return err
}
