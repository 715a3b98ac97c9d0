package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
)

// matrixExplainOptions are what "matrix explain" was asked.
type matrixExplainOptions struct {
	*cli.App
	matrix, key string
	suite       string // where it is not the matrix's
	provider    string
	labs        int
	repeats     int
}

func newMatrixExplain(a *cli.App, runF func(context.Context, *matrixExplainOptions) error) *cobra.Command {
	o := &matrixExplainOptions{App: a}
	c := &cobra.Command{
		Use:   "explain MATRIX CELL",
		Short: "Ask a third speaker whose matter a failing cell is",
		Long: `Try each side of a failing cell against the suite's reference speaker, in the other side's place, and the cell
itself once more beside them, and say what follows: where the cell fails again, the side that alone fails with the
reference too is the one to look at; where each works with the reference, the failure is of how the two work
together; all else is undetermined, with the reason: the cell fails no longer, a side has fewer than three trials
that say something, or a known deviation of the kind ours, unsupported or specification is in the way. Told with it
are the requirements that the test rests on, and the message by which one side refused the other, where the
cell's captures have one. reprise matrix report shows it beside the cell.

What this says is a reason to look somewhere first. Which of the two reads the specification rightly is for people
to say: reprise case set CASE judgement.is=… judgement.reference=….

Exit status: 0 it is one side's, or that of how they work together; 1 the cell did not fail; 2 undetermined; 4
wrong input; 5 the environment lacks something; 130 interrupted.`,
		Example: `  reprise matrix explain matrices/20261129T101500Z-bgp-1f2e 'role-without-capabilities[dut=bird@2.0.12,peer=frr@10.3]'
  reprise matrix explain matrices/20261129T101500Z-bgp-1f2e 'role-without-capabilities[dut=bird@2.0.12,peer=frr@10.3]' --repeats 10 --json`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeFailed,
		RunE: func(c *cobra.Command, args []string) error {
			o.matrix, o.key = args[0], args[1]
			if o.labs < 1 || o.labs > 64 || o.repeats < result.LeastOpinion || o.repeats > cli.MaxCount {
				return cli.InputError("--labs takes 1 to 64, --repeats %d to %d: fewer trials decide nothing", result.LeastOpinion, cli.MaxCount)
			}
			return cli.Run(runF, runMatrixExplain)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.suite, "suite", "", "the suite that the matrix is of (default: the one that it was run with)")
	fl.IntVar(&o.repeats, "repeats", result.LeastOpinion, "trials of each side, and of the cell")
	fl.IntVar(&o.labs, "labs", 1, "labs side by side")
	cli.ProviderFlag(fl, &o.provider)
	return a.Trusting(c)
}

// completeFailed offers folders for the matrix, and then the cells of it that failed.
func completeFailed(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	m, err := result.ReadMatrix(args[0])
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return m.Keys(result.Fail), cobra.ShellCompDirectiveNoFileComp
}

// explained is what "matrix explain" prints with --json.
type explained struct {
	result.Opinion

	Dir  string `json:"dir,omitempty"` // of what was tried; empty where nothing could be
	Exit int    `json:"exit"`
}

func runMatrixExplain(ctx context.Context, o *matrixExplainOptions) error {
	m, err := result.ReadMatrix(o.matrix)
	if err != nil {
		return cli.AsInputError(err)
	}
	i := slices.IndexFunc(m.Cells, func(c result.Cell) bool { return c.Key() == o.key })
	if i < 0 {
		return cli.Hint(cli.InputError("%s has no cell %s", o.matrix, o.key), "cells that failed: "+cli.OrDash(strings.Join(m.Keys(result.Fail), ", ")))
	}
	if v := m.Cells[i].Verdict; v != result.Fail {
		return cli.WithCode(cli.ExitNo, fmt.Errorf("the cell %s did not fail: it is %s", o.key, v))
	}
	var r matrixRunOptions
	if err := evidence.ReadJSON(filepath.Join(o.matrix, "options.json"), &r.matrixChoices); err != nil {
		return cli.AsInputError(err)
	}
	r.App, r.labs, r.dir = o.App, o.labs, filepath.Join(o.matrix, result.OpinionsFolder)
	r.Only, r.Tests, r.OnlyChanged, r.Fresh, r.Repeats, r.RepeatFailing = nil, nil, "", true, o.repeats, 0
	if o.suite != "" {
		r.Suite = o.suite
	}
	if o.provider != "" {
		r.Provider = o.provider
	}
	s, _, err := readSuite(o.App, r.Suite)
	if err != nil {
		return err
	}
	of, opinion, err := experiment.OpinionSuite(s, m, m.Cells[i], time.Now())
	if err != nil {
		return cli.AsInputError(err)
	}
	out := explained{Opinion: experiment.Opine(opinion, m, result.Matrix{}), Exit: cli.ExitInconclusive}
	if len(of.Cells) > 0 {
		if out, err = r.opine(ctx, of, opinion, m); out.Dir == "" {
			return err
		}
	}
	return errors.Join(err, o.Show(out, func(w io.Writer) { printOpinion(w, out) }), cli.Answer(out.Exit))
}

// opine tries the sides, and the cell again, and writes what follows beside them.
func (o *matrixRunOptions) opine(ctx context.Context, of experiment.MatrixSuite, opinion result.Opinion, was *result.Matrix) (out explained, err error) {
	how, err := o.options(of)
	if err != nil {
		return out, err
	}
	p, err := planInScratch(o.App, o.Suite, of, how)
	if err != nil {
		return out, err
	}
	b, err := o.open(ctx, p, how)
	if err != nil {
		return out, err
	}
	dir, err := o.create(of)
	if err != nil {
		return out, errors.Join(cli.AsRecordError(err), b.Provider.Close())
	}
	p.Dir = dir
	how.OnCell = func(s experiment.MatrixStep) { b.Live.Say(stepWords(s), stepStatus(s)) }
	m, err := experiment.Matrix(ctx, &b.Bench, p, how)
	err = errors.Join(cli.AsRecordError(err), b.Provider.Close())
	out = explained{Opinion: experiment.Opine(opinion, was, m), Dir: dir.Path, Exit: cli.ExitYes}
	switch {
	case ctx.Err() != nil:
		out.Exit = cli.ExitInterrupted
	case out.Judgement == result.Undetermined:
		out.Exit = cli.ExitInconclusive
	}
	return out, errors.Join(err, evidence.WriteJSON(dir.File(result.OpinionFile), out.Opinion))
}

// printOpinion writes an opinion for people.
func printOpinion(w io.Writer, e explained) {
	cli.Line(w, "%s: %s", e.Cell.Key(), e.Cell.Reason)
	cli.Line(w, "%s: %s", strings.ToUpper(e.Judgement), e.Says)
	for _, r := range e.Requirements {
		cli.Line(w, "  asked   %s section %s, %s: %s", r.Document, r.Section, r.Level, r.Text)
	}
	frames := e.Cell.Decisive // of the matrix's run, where the cell does not fail any more
	if e.Again != nil && e.Again.Verdict == result.Fail {
		frames = e.Again.Decisive
	}
	for _, d := range frames {
		word := "sent"
		if d.Complains {
			word = "refused"
		}
		cli.Line(w, "  %-7s frame %d of %s: %s", word, d.Frame, d.Capture, d.Words)
	}
	if e.Dir != "" {
		cli.Line(w, "evidence in %s", e.Dir)
		cli.Line(w, "reprise matrix report shows this beside the cell, in the page of the matrix")
	}
}
