package escalate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// caseFromCellOptions are what "case from-cell" was asked.
type caseFromCellOptions struct {
	*cli.App
	matrix, key, dir string
}

func newCaseFromCell(a *cli.App, runF func(context.Context, *caseFromCellOptions) error) *cobra.Command {
	o := &caseFromCellOptions{App: a}
	c := &cobra.Command{
		Use:   "from-cell MATRIX CELL",
		Short: "Make a scenario of a failing cell of a matrix, with its evidence",
		Long: `Write a cell of a matrix that failed, or that sometimes does, out as a scenario that runs by itself.

Its symptom is what failed in the first trial that did: what was expected and did not come is what is never
so; of a set-up that never came likewise, with the rest of the set-up as its baseline; a process that died; or
the test's own symptom. Its control is the same test with other versions of the same platforms, where that
passed in the same matrix. What the test rests on is in its references. The cell's run is copied beside it.

CELL is the cell's key, as the matrix prints it.

Exit status: 0 written, 1 the cell did not fail, 4 wrong input.`,
		Example: `  reprise case from-cell matrices/20261129T101500Z-ospfv2-1f2e 'adjacency[dut=frr@8.4.4,peer=bird@2.17.6,network=broadcast]'
  reprise case from-cell matrices/20261129T101500Z-ospfv2-1f2e 'adjacency[dut=frr@8.4.4,peer=bird@2.17.6,network=broadcast]' --dir cases/adjacency
  reprise run cases/adjacency --control`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeCell,
		RunE: func(c *cobra.Command, args []string) error {
			o.matrix, o.key = args[0], args[1]
			return cli.Run(runF, runCaseFromCell)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.dir, "dir", "", "folder to write, which is new or empty (default: the scenario's id)")
	_ = c.MarkFlagDirname("dir") // the flag is there
	return c
}

// completeCell offers folders for the matrix, and then the cells of it that failed.
func completeCell(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	m, err := readMatrix(args[0])
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return m.Keys(result.Fail, result.Flaky), cobra.ShellCompDirectiveNoFileComp
}

// readMatrix reads the matrix of a folder. What is wrong with it is wrong input.
func readMatrix(folder string) (result.Matrix, error) {
	m, err := result.ReadMatrix(folder)
	if err != nil {
		return result.Matrix{}, cli.AsInputError(err)
	}
	return *m, nil
}

// cellCase is what "case from-cell" prints with --json.
type cellCase struct {
	Dir      string   `json:"dir"` // that was written
	Scenario string   `json:"scenario"`
	Title    string   `json:"title"`
	Cell     string   `json:"cell"`
	Symptom  []string `json:"symptom"`           // in words; of what is expected and is not so
	Control  string   `json:"control,omitempty"` // the cell that it is
	Run      string   `json:"run"`               // the copy of the cell's run
	Trial    int      `json:"trial"`             // of it, the first that failed
}

func runCaseFromCell(_ context.Context, o *caseFromCellOptions) error {
	m, err := readMatrix(o.matrix)
	if err != nil {
		return err
	}
	made, err := experiment.CaseOf(m, o.matrix, o.key, func(folder string) (*scenarios.Loaded, error) { return o.LoadQuiet(folder, nil) })
	if notFailed, ok := errors.AsType[*experiment.NotFailedError](err); ok {
		return cli.WithCode(cli.ExitNo, notFailed)
	}
	if err != nil {
		return cli.Hint(cli.AsInputError(err), "cells that failed: "+cli.OrDash(strings.Join(m.Keys(result.Fail, result.Flaky), ", ")))
	}
	if o.dir == "" {
		o.dir = made.ID
	}
	if err := o.writeCell(m, made); err != nil {
		return err
	}
	l, err := o.Load(o.dir, nil)
	if err != nil {
		return fmt.Errorf("the scenario that was made is wrong: %w", err)
	}
	out := cellCase{
		Dir: o.dir, Scenario: l.Scenario.ID, Title: l.Scenario.Title, Cell: o.key, Symptom: symptomWords(l.Scenario), Control: made.Control,
		Run: filepath.Join(o.dir, "evidence", filepath.Base(made.Run)), Trial: made.Trial,
	}
	return o.Show(out, func(w io.Writer) { printCellCase(w, out) })
}

// writeCell writes the folder of a cell's case. What a foreign suite says stays foreign.
func (o *caseFromCellOptions) writeCell(m result.Matrix, made experiment.MatrixCase) error {
	if list, err := os.ReadDir(o.dir); err == nil && len(list) > 0 {
		return cli.InputError("%s is not empty: give another folder with --dir", o.dir)
	}
	for name, data := range made.Files {
		if err := evidence.WriteFile(filepath.Join(o.dir, filepath.FromSlash(name)), data); err != nil {
			return fmt.Errorf("write the case of %s: %w", m.ID, err)
		}
	}
	switch mark, foreign, err := origin.Find(o.matrix); {
	case err != nil:
		return err
	case foreign:
		if err := origin.Write(o.dir, mark.Bundle); err != nil {
			return err
		}
	}
	to := filepath.Join(o.dir, "evidence", filepath.Base(made.Run))
	if err := evidence.CopyDir(to, made.Run); err != nil {
		return fmt.Errorf("copy the cell's run: %w", err)
	}
	return nil
}

// symptomWords are the conditions that tell the problem.
func symptomWords(s scenarios.Scenario) []string {
	var words []string
	for _, c := range s.Symptom {
		words = append(words, fmt.Sprintf("%s, %s", c.Name, c.Window()))
	}
	if len(words) == 0 {
		for _, c := range s.Expect {
			words = append(words, fmt.Sprintf("that it is not so: %s, %s", c.Name, c.Window()))
		}
	}
	return words
}

// printCellCase writes what was made of a cell, for people.
func printCellCase(w io.Writer, c cellCase) {
	cli.Tell(w, "%s: %s", c.Dir, c.Title)
	for _, s := range c.Symptom {
		cli.Tell(w, "  symptom  %s", s)
	}
	if c.Control == "" {
		cli.Tell(w, "  control  none: with no other version of the same platforms the test passed, or it differs in more than the version")
	} else {
		cli.Tell(w, "  control  as in %s", c.Control)
	}
	cli.Tell(w, "  evidence %s, trial %d", c.Run, c.Trial)
	cli.Tell(w, "next: reprise run %s", c.Dir)
}
