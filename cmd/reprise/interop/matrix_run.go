package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// defaultFailing is how many further trials a cell gets in which one failed: three in all tell what fails
// from what sometimes does.
const defaultFailing = 2

// matrixChoices are those of one matrix. They are kept beside it, for --resume.
type matrixChoices struct {
	Suite         string    `json:"suite"`
	Only          []string  `json:"only,omitempty"`
	Tests         []string  `json:"tests,omitempty"`
	Repeats       int       `json:"repeats"`
	RepeatFailing int       `json:"repeat-failing"`
	OnlyChanged   string    `json:"only-changed,omitempty"` // folder of an earlier matrix
	Reset         string    `json:"reset,omitempty"`
	Speed         cli.Speed `json:"speed,omitempty"`
	Provider      string    `json:"provider,omitempty"`
	Fresh         bool      `json:"fresh,omitempty"`
	// Lab is the inventory of devices, from the root; Bind are the roles that a device plays, ROLE=DEVICE.
	Lab  string   `json:"lab,omitempty"`
	Bind []string `json:"bind,omitempty"`
}

// matrixRunOptions are what "matrix run" was asked: to begin with a suite, or to go on in a folder.
type matrixRunOptions struct {
	*cli.App
	matrixChoices
	labs        int
	allLabs     bool         // of the fleet: nobody chose a number
	devices     cli.LabFlags // the flags of labs of devices alone
	fleet       string
	budget      time.Duration
	dir, resume string
	dryRun      bool
}

// check tells what is wrong with the options.
func (o *matrixRunOptions) check() error {
	switch {
	case (o.Suite == "") == (o.resume == ""):
		return cli.InputError("give a suite (reprise matrix list), or --resume with the folder of a matrix")
	case o.resume != "" && o.dryRun:
		return cli.InputError("--dry-run tells of a matrix that is not there yet: it has no meaning with --resume")
	case o.labs < 1 || o.labs > 64:
		return cli.InputError("--labs takes 1 to 64")
	case o.Repeats < 1 || o.Repeats > cli.MaxCount || o.RepeatFailing < 0 || o.RepeatFailing > cli.MaxCount:
		return cli.InputError("--repeats takes 1 to %d, --repeat-failing 0 to %d", cli.MaxCount, cli.MaxCount)
	case len(o.Bind) > 0 && o.devices.File == "":
		return cli.InputError("--bind names devices of an inventory: give it with --lab")
	case o.devices.File != "" && o.Provider != "":
		return cli.InputError("--lab is for devices, and --provider for nodes of this machine: give one of them")
	case o.devices.File != "" && o.OnlyChanged != "":
		return cli.InputError("--only-changed takes over what images came to, and --lab is for devices, of which nobody knows whether they are what they were: leave one of them out")
	case o.budget < 0:
		return cli.InputError("--budget %s: want a time, as 20m", o.budget)
	}
	return nil
}

func newMatrixRun(a *cli.App, runF func(context.Context, *matrixRunOptions) error) *cobra.Command {
	o := &matrixRunOptions{App: a}
	c := &cobra.Command{
		Use:   "run SUITE",
		Short: "Run the cells of a test suite, and tell who works with whom",
		Long: `Run every test of a suite for every choice of subjects, and write what each cell came to into a folder:
matrix.json, a ledger, the cells' scenarios and their runs. The heavier cells come first, each after what it rests on,
and cells of the same lab one after the other: a lab that is up is used again where it can make each of its nodes anew
(labs of namespaces and of machines can), with the next cell's configuration; --fresh builds a lab for every cell. What
is printed before the first cell says how many these are. A cell in which a trial failed is tried again
(--repeat-failing), so that what always fails is told from what sometimes does (flaky, k of n).

With --lab the nodes are devices of an inventory, of the platform and the version that a cell's subjects name, or those that
--bind names; they keep real time, and get their configuration back after each cell. A cell that no device fits is not
tested, and says why.

A cell passes, passes with a note, is flaky, fails, is inconclusive (the lab broke, nobody could look), blocked by a
test that it rests on, not applicable, or not tested, with the reason. One that fails and whose deviation the suite
knows still fails, and is explained.

Ctrl-C, and the end of --budget, leave a valid folder in which every cell is: --resume goes on with it, by the
choices that it was begun with; --labs, --budget and --trust are new. --only-changed OLD takes over what an earlier
matrix decided of cells whose scenario and images' packages are the same, whose run is still there, and which had
as many trials as they would get now; it is not for --lab, since nothing tells that a device is what it was.

Exit status: 0 all that was tried passed, or its failure is explained; 1 a cell fails or is flaky and no
deviation explains it; 2 a cell is inconclusive, or the budget left some; 4 wrong input; 5 the environment lacks
something; 130 interrupted.`,
		Example: `  reprise matrix run ospfv2 --labs 2
  reprise matrix run ospfv2 --only 'dut=frr@10.*' --test 'adjacency*' --budget 20m
  reprise matrix run ./my-suite --repeats 3 --dry-run
  reprise matrix run extreme --lab lab.yaml --bind dut=sw1 --wait
  reprise matrix run ospfv2 --only-changed matrices/20261129T101500Z-ospfv2-1f2e
  reprise matrix run --resume matrices/20261129T101500Z-ospfv2-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSuite,
		RunE: func(c *cobra.Command, args []string) error {
			o.Suite = strings.Join(args, "")
			if err := o.check(); err != nil {
				return err
			}
			if o.resume != "" {
				if err := cli.RefuseBesideResume(c, "a matrix", "labs", "budget", "wait", "priority", "accept-new"); err != nil {
					return err
				}
			}
			o.allLabs = cli.AllLabs(c)
			return cli.Run(runF, runMatrixRun)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&o.Only, "only", nil, "only cells with these `subjects`: ROLE=PLATFORM@VERSION,…, with * for what may be anything; given again, also those")
	fl.StringArrayVar(&o.Tests, "test", nil, "only tests of this `name`, with * for what may be anything; given again, also those")
	fl.IntVar(&o.Repeats, "repeats", 1, "trials of a cell")
	fl.IntVar(&o.RepeatFailing, "repeat-failing", defaultFailing, "further trials of a cell in which one failed")
	fl.IntVar(&o.labs, "labs", 1, "labs side by side")
	fl.BoolVar(&o.Fresh, "fresh", false, "build a lab for every cell, also where one that is up could be used again")
	fl.DurationVar(&o.budget, "budget", 0, "begin no cell after this time (0: no bound)")
	fl.StringVar(&o.OnlyChanged, "only-changed", "", "take over from this `matrix` what was decided of cells that are the same")
	cli.ResetFlag(fl, &o.Reset, "trials", "the scenario's")
	cli.SpeedFlag(fl, &o.Speed, "the suite's")
	o.devices.RegisterDevices(fl)
	fl.StringArrayVar(&o.Bind, "bind", nil, "with --lab: the device that plays a role, `ROLE=DEVICE`; any of the platform and version if nothing is said")
	cli.ProviderFlag(fl, &o.Provider)
	cli.FleetFlag(fl, &o.fleet)
	fl.StringVar(&o.dir, "dir", "matrices", "folder for matrices")
	fl.StringVar(&o.resume, "resume", "", "go on with the matrix in this folder")
	fl.BoolVar(&o.dryRun, "dry-run", false, "tell what would be tried, and start nothing")
	_ = c.MarkFlagDirname("only-changed") // the flags are there
	_ = c.MarkFlagDirname("resume")
	cli.CompleteReset(c)
	cli.CompleteSpeed(c)
	return a.Trusting(c)
}

// ranMatrix is what "matrix run" prints with --json.
type ranMatrix struct {
	result.Matrix

	Dir    string `json:"dir"`
	Report string `json:"report,omitempty"` // the page; empty where it could not be rendered
	Exit   int    `json:"exit"`
}

// plannedMatrix is what "matrix run --dry-run" prints with --json.
type plannedMatrix struct {
	Suite string                `json:"suite"`
	Title string                `json:"title"`
	Size  experiment.MatrixSize `json:"size"`
	Cells []result.Cell         `json:"cells"` // as they stand
}

func runMatrixRun(ctx context.Context, o *matrixRunOptions) error {
	if o.resume != "" {
		return o.goOn(ctx)
	}
	if o.devices.File != "" {
		var err error
		if o.Lab, err = filepath.Abs(o.devices.File); err != nil {
			return fmt.Errorf("find the inventory: %w", err)
		}
	}
	_, s, err := readSuite(o.App, o.Suite)
	if err != nil {
		return err
	}
	how, err := o.options(s)
	if err != nil {
		return err
	}
	// Every scenario is read, and every image looked for, before a folder is made.
	p, err := planInScratch(o.App, o.Suite, s, how)
	if err != nil {
		return err
	}
	b, err := o.open(ctx, p, how)
	if err != nil {
		return err
	}
	if o.dryRun {
		out := plannedMatrix{Suite: s.Head.Suite, Title: s.Head.Title, Size: p.Size(how), Cells: p.Cells()}
		return errors.Join(b.Provider.Close(), o.Show(out, func(w io.Writer) { printPlanned(w, out, o.labs) }))
	}
	if p.Dir, err = o.create(s); err != nil {
		return errors.Join(cli.AsRecordError(err), b.Provider.Close())
	}
	return o.run(ctx, b, p, how)
}

// create makes the matrix's folder. It is foreign where the suite is, and where the matrix is that cells are taken
// over from.
func (o *matrixRunOptions) create(s experiment.MatrixSuite) (evidence.Dir, error) {
	dir, err := experiment.CreateMatrix(o.dir, s, &o.matrixChoices)
	if err == nil {
		err = errors.Join(inherit(o.Suite, dir.Path), inherit(o.OnlyChanged, dir.Path))
	}
	return dir, err
}

// goOn goes on with a matrix, by the choices that it was begun with.
func (o *matrixRunOptions) goOn(ctx context.Context) error {
	dir := evidence.Dir{Path: o.resume}
	s, err := experiment.OpenMatrix(dir)
	if err == nil {
		o.matrixChoices = matrixChoices{}
		err = evidence.ReadJSON(dir.File("options.json"), &o.matrixChoices)
	}
	if err != nil {
		return cli.AsInputError(err)
	}
	how, err := o.options(s)
	if err != nil {
		return err
	}
	p, err := experiment.PlanMatrix(dir, s, how)
	if err != nil {
		return cli.AsInputError(err)
	}
	b, err := o.open(ctx, p, how)
	if err != nil {
		return err
	}
	return o.run(ctx, b, p, how)
}

// options are the choices as the library takes them.
func (o *matrixRunOptions) options(s experiment.MatrixSuite) (experiment.MatrixOptions, error) {
	reset, err := cli.ParseReset(o.Reset)
	if err != nil {
		return experiment.MatrixOptions{}, err
	}
	how := experiment.MatrixOptions{
		Load: loadCell(o.App), Plan: plan.Options{Reset: reset, Speed: float64(o.Speed)}, Labs: o.labs, Repeats: o.Repeats, RepeatFailing: o.RepeatFailing,
		Fresh: o.Fresh, Budget: o.budget, Filter: experiment.MatrixFilter{Tests: o.Tests},
	}
	if o.Lab != "" {
		if how.Devices, err = o.bound(s); err != nil {
			return how, err
		}
		if how.Plan.Speed == 0 {
			how.Plan.Speed = 1 // devices keep real time
		}
	}
	for _, text := range o.Only {
		only, err := experiment.ParseOnly(text)
		if err != nil {
			return how, cli.InputError("--only %w", err)
		}
		how.Filter.Only = append(how.Filter.Only, only)
	}
	if err := how.Filter.Check(s); err != nil {
		return how, cli.AsInputError(err)
	}
	if o.OnlyChanged != "" {
		how.SinceDir = o.OnlyChanged
		if how.Since, err = result.ReadMatrix(o.OnlyChanged); err != nil {
			return how, cli.InputError("--only-changed %s: %w", o.OnlyChanged, err)
		}
		if how.Since.Suite != s.Head.Suite {
			return how, cli.InputError("--only-changed %s is of the suite %s, and this is %s", o.OnlyChanged, how.Since.Suite, s.Head.Suite)
		}
	}
	return how, nil
}

// bound gives the devices that roles are bound to.
func (o *matrixRunOptions) bound(s experiment.MatrixSuite) (map[string]string, error) {
	devices := map[string]string{}
	for _, text := range o.Bind {
		role, device, ok := strings.Cut(text, "=")
		switch {
		case !ok || role == "" || device == "":
			return nil, cli.InputError("--bind %q: want ROLE=DEVICE, as dut=sw1", text)
		case !slices.Contains(s.Head.Roles, role):
			return nil, cli.InputError("--bind %q: the suite has no role %s: it has %s", text, role, strings.Join(s.Head.Roles, ", "))
		case devices[role] != "":
			return nil, cli.InputError("--bind: the role %s is bound twice", role)
		}
		devices[role] = device
	}
	return devices, nil
}

// open gives what builds the labs, and tells how large the matrix is, and what is not here for it.
func (o *matrixRunOptions) open(ctx context.Context, p *experiment.MatrixPlan, how experiment.MatrixOptions) (*cli.Testbed, error) {
	labs := p.Labs()
	if len(labs) == 0 {
		return nil, cli.InputError("no cell of %s is applicable: there is nothing to try", p.Suite.Head.Suite)
	}
	where := o.devices
	where.File, where.Provider, where.Fleet, where.InTurn = o.Lab, o.Provider, o.fleet, true
	if o.resume != "" {
		where.Work = p.Dir.ID()
	}
	b, err := o.OpenUnchecked(ctx, o.dir, where, labs...)
	if err != nil {
		return nil, err
	}
	if o.allLabs && b.Slots > 0 {
		o.labs = min(b.Slots, len(labs))
	}
	if how.Since != nil && how.Since.Provider != b.Provider.Name() {
		err := cli.InputError("--only-changed %s was made with %s, and this would be with %s: say so with --provider", o.OnlyChanged, how.Since.Provider, b.Provider.Name())
		return nil, errors.Join(err, b.Provider.Close())
	}
	if err := p.Look(ctx, b.Provider, how); err != nil {
		return nil, errors.Join(err, b.Provider.Close())
	}
	size := p.Size(how)
	for _, lacks := range size.Lacks {
		o.Progress("%s", lacks)
	}
	if size.ToTry == 0 && size.Known == 0 && size.Lacking > 0 && !o.dryRun {
		err := cli.WithCode(cli.ExitEnvironment, fmt.Errorf("no cell of %s can be tried here: %s", p.Suite.Head.Suite, strings.Join(size.Lacks, "; ")))
		return nil, errors.Join(err, b.Provider.Close())
	}
	o.Progress("%s: %s", p.Suite.Head.Suite, p.Suite.Head.Title)
	o.Progress("%s", sizeWords(size, o.labs))
	return b, nil
}

// run tries the cells.
func (o *matrixRunOptions) run(ctx context.Context, b *cli.Testbed, p *experiment.MatrixPlan, how experiment.MatrixOptions) error {
	o.Progress("evidence in %s", p.Dir.Path)
	b.Live.Status = "no cell yet"
	how.Labs = o.labs
	how.OnCell = func(s experiment.MatrixStep) { b.Live.Say(stepWords(s), stepStatus(s)) }
	m, err := experiment.Matrix(ctx, &b.Bench, p, how)
	err = errors.Join(cli.AsRecordError(err), b.Provider.Close())
	if len(m.Cells) == 0 {
		if errors.Is(err, experiment.ErrInUse) {
			err = cli.WithCode(cli.ExitEnvironment, err)
		}
		return err
	}
	out := ranMatrix{Matrix: m, Dir: p.Dir.Path, Exit: exitOf(m)}
	var rerr error
	if out.Report, rerr = page(p.Dir.Path, o.Progress); rerr != nil {
		o.Progress("no report: %v", rerr)
	}
	if ctx.Err() != nil {
		out.Exit = cli.ExitInterrupted
		err = cli.WithCode(cli.ExitInterrupted, fmt.Errorf("interrupted; go on with: %s", b.GoOnLine("matrix run", p.Dir.Path)))
	}
	return errors.Join(err, o.Show(out, func(w io.Writer) { printMatrix(w, out, b.GoOnLine("matrix run", out.Dir)) }), cli.Answer(out.Exit))
}

// inherit marks a folder that is made of what came out of somebody else's bundle as foreign, too.
func inherit(from, folder string) error {
	if _, err := os.Stat(from); err != nil {
		return nil //nolint:nilerr // it is a suite that comes with the program
	}
	mark, foreign, err := origin.Find(from)
	if err != nil || !foreign {
		return err
	}
	return origin.Write(folder, mark.Bundle)
}

// exitOf is the exit status of a matrix.
func exitOf(m result.Matrix) int {
	code := cli.ExitYes
	for _, c := range m.Cells {
		switch {
		case c.Explained():
		case c.Verdict == result.Fail || c.Verdict == result.Flaky:
			return cli.ExitNo
		case c.Verdict == result.CellUnknown:
			code = cli.ExitInconclusive
		}
	}
	if m.Stopped != "" {
		code = cli.ExitInconclusive
	}
	return code
}
