package escalate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// caseCheckOptions are what "case check" was asked.
type caseCheckOptions struct {
	*cli.App
	folder string
}

func newCaseCheck(a *cli.App, runF func(context.Context, *caseCheckOptions) error) *cobra.Command {
	o := &caseCheckOptions{App: a}
	return &cobra.Command{
		Use:   "check FOLDER",
		Short: "Hold a case against what the partner owes, line by line",
		Long: `Hold a case against the duties of the partner contract. Each line is met, with the
evidence that meets it; not met, with the command that would; or not applicable,
with the reason that somebody gave ("case set --waive").

Logs are checked for being there, for being whole (end markers, no cut), and for
their age against the failure; each class of problem asks for the commands that the
vendor's own collections have.

Exit status: 0 nothing stands in the way of an escalation, 1 something does.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			return cli.Run(runF, runCaseCheck)(c.Context(), o)
		},
	}
}

// platforms answers the check's questions about platforms.
func platforms() (cases.Platforms, error) {
	r, err := cli.Registry()
	if err != nil {
		return cases.Platforms{}, err
	}
	return cases.Platforms{
		Commands: func(platform, class string) []string {
			if c, ok := r.Classed(platform); ok {
				return c.EvidenceFor(class)
			}
			return nil
		},
		Lacks: func(platform, text string) []string {
			if lacks, ok := r.TechLacks(platform, text); ok {
				return lacks
			}
			return []string{"nobody can tell for the platform " + platform + " (attach it as a log)"}
		},
		Begins: r.TechBegins,
		ConfigLacks: func(platform, text string) []string {
			lacks, _ := r.ConfigLacks(platform, text) // a platform that cannot tell keeps silent
			return lacks
		},
		Judged: func(dir string) (evidence.RunVerdicts, error) {
			_, foreign, err := origin.Find(dir)
			if err != nil {
				return evidence.RunVerdicts{}, err
			}
			return judge.CheckRun(dir, foreign)
		},
		Held: func(dir string) (string, error) { return cli.HoldSearch(context.Background(), dir) },
	}, nil
}

func runCaseCheck(_ context.Context, o *caseCheckOptions) error {
	f, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	p, err := platforms()
	if err != nil {
		return err
	}
	list := cases.Check(f, p)
	code := cli.ExitYes
	if len(cases.Owed(list)) > 0 {
		code = cli.ExitNo
	}
	err = o.Show(list, func(w io.Writer) { printDuties(w, f, list) })
	return errors.Join(err, cli.Answer(code))
}

// printDuties writes which duties a case meets, for people.
func printDuties(w io.Writer, f cases.Folder, list []cases.Duty) {
	cli.Line(w, "%s: %s", f.Case.ID, f.Case.Title)
	for _, d := range list {
		printDuty(w, d)
	}
	if owed := cases.Owed(list); len(owed) > 0 {
		cli.Line(w, "\nin the way of an escalation: %s of %d", cli.Plural(len(owed), "duty"), len(list))
	} else {
		cli.Line(w, "\nnothing stands in the way: reprise escalate %s", f.Path)
	}
}

func printDuty(w io.Writer, d cases.Duty) {
	state := map[cases.Met]string{cases.Yes: "met", cases.No: "NOT MET", cases.NotApplicable: "n/a"}[d.Met]
	cli.Line(w, "\n%-8s %s", state, d.Title)
	cli.Line(w, "         %s", d.Why)
	if len(d.Evidence) > 0 {
		cli.Line(w, "         evidence: %s", strings.Join(d.Evidence, ", "))
	}
	const most = 8
	for i, m := range d.Missing {
		if i == most {
			cli.Line(w, "         … and %d more (--json lists all)", len(d.Missing)-most)
			break
		}
		cli.Line(w, "         - %s", m)
	}
	if d.Do != "" {
		cli.Line(w, "         do: %s", d.Do)
	}
}

// caseRMAOptions are what "case rma" was asked.
type caseRMAOptions struct {
	*cli.App
	folder string
	add    []string // units
	from   []string // files with the answers of a unit's switch
	parsed []cases.Unit
}

// check reads the units that were given.
func (o *caseRMAOptions) check() error {
	for _, text := range o.add {
		u, err := parseUnit(text)
		if err != nil {
			return err
		}
		o.parsed = append(o.parsed, u)
	}
	return nil
}

func newCaseRMA(a *cli.App, runF func(context.Context, *caseRMAOptions) error) *cobra.Command {
	o := &caseRMAOptions{App: a}
	c := &cobra.Command{
		Use:   "rma FOLDER",
		Short: "Write the request sheets for hardware to be returned",
		Long: `Write the sheets for units that are to be returned: five of them to a request. Units
stand in case.yaml under units; --unit adds one, and --from takes what a switch's own
answers tell (show version, show odometers, show power …) from a file.

A virtual device's placeholder serial is refused: entitlement is looked up by serial
number, and a failed product is real.

What is missing is named, on the sheet too. A sheet that was changed by hand is not
replaced: the new one gets another name.

Exit status: 0 written, 4 wrong input, 6 refused.`,
		Example: `  reprise case rma cases/acme --unit model=5520-24T,serial=2044N-40001,part=801002-00-05
  reprise case rma cases/acme --from show-version.txt`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runCaseRMA)(c.Context(), o)
		},
	}
	c.Flags().StringArrayVar(&o.add, "unit", nil, "a unit: model=…,serial=…,part=…,revision=…,slot=…,days=…,diagnostics=…,temperature=…,lines=…,tests=…,entitlement=…,ship-to=…")
	c.Flags().StringArrayVar(&o.from, "from", nil, "a unit from the answers of its switch, in this file")
	return c
}

func runCaseRMA(_ context.Context, o *caseRMAOptions) error {
	f, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	units := slices.Concat(f.Case.Units, o.parsed)
	for _, file := range o.from {
		text, err := plain.Read(file, plain.Data)
		if err != nil {
			return cli.InputError("read %s: %w", file, err)
		}
		units = append(units, cases.ReadUnit(string(text)))
	}
	missing, err := cases.CheckUnits(units)
	if _, refused := errors.AsType[*cases.RefusedError](err); refused {
		return cli.WithCode(cli.ExitRefused, err)
	}
	if len(units) > len(f.Case.Units) {
		if err := cli.AsInputError(f.Edit(func(e *cases.Editor) error { return e.Set("units", units) })); err != nil {
			return err
		}
	}
	if f.Case.Request.Number == "" {
		missing = append(missing, "a Service Request must be there first: reprise case set "+f.Path+" service-request.number=…")
	}
	files, err := writeSheets(f, units, missing)
	if err != nil {
		return err
	}
	out := sheets{files, missing}
	return o.Show(out, func(w io.Writer) { printSheets(w, out) })
}

// sheets is what "case rma" prints with --json.
type sheets struct {
	Files   []string `json:"files"`
	Missing []string `json:"missing"`
}

// printSheets writes what was written, and what is missing on it.
func printSheets(w io.Writer, out sheets) {
	for _, file := range out.Files {
		cli.Line(w, "wrote %s", file)
	}
	for _, m := range out.Missing {
		cli.Line(w, "missing: %s", m)
	}
}

func writeSheets(f cases.Folder, units []cases.Unit, missing []string) ([]string, error) {
	var files []string
	sheets := cases.Sheets(units)
	for i, sheet := range sheets {
		var b strings.Builder
		if err := cases.WriteSheet(&b, f.Case, sheet, i+1, len(sheets), missing); err != nil {
			return files, err
		}
		file := filepath.Join(f.Path, fmt.Sprintf("rma-%d.txt", i+1))
		if there, err := plain.Read(file, plain.Data); err == nil && string(there) != b.String() {
			file = unused(strings.TrimSuffix(file, ".txt")+"-new", ".txt")
		}
		if err := evidence.WriteFile(file, []byte(b.String())); err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

// parseUnit reads model=…,serial=…; a comma within a value is written twice.
func parseUnit(text string) (cases.Unit, error) {
	var u cases.Unit
	const comma = "\x00"
	for part := range strings.SplitSeq(strings.ReplaceAll(text, ",,", comma), ",") {
		key, value, ok := strings.Cut(strings.ReplaceAll(part, comma, ","), "=")
		if !ok {
			return u, cli.InputError("%q is no KEY=VALUE of a unit", part)
		}
		into := map[string]*string{
			"model": &u.Model, "serial": &u.Serial, "part": &u.Part, "revision": &u.Revision, "slot": &u.Slot, "days": &u.Days,
			"diagnostics": &u.Diagnostics, "temperature": &u.Temperature, "software": &u.Software, "bootrom": &u.BootROM,
			"entitlement": &u.Entitlement, "ship-to": &u.ShipTo,
		}
		lists := map[string]*[]string{"fans": &u.Fans, "power": &u.Power, "lines": &u.Lines, "tests": &u.Tests}
		switch {
		case into[key] != nil:
			*into[key] = value
		case lists[key] != nil:
			*lists[key] = append(*lists[key], value)
		default:
			return u, cli.InputError("a unit has no %q", key)
		}
	}
	return u, nil
}
