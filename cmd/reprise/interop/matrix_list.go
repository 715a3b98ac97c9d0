package interop

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/scenarios/suite"
	"github.com/reprise-lab/reprise/scenarios/suites"
)

// matrixListOptions are what "matrix list" was asked.
type matrixListOptions struct{ *cli.App }

func newMatrixList(a *cli.App, runF func(context.Context, *matrixListOptions) error) *cobra.Command {
	o := &matrixListOptions{a}
	return &cobra.Command{
		Use: "list", Short: "List the test suites that come with the program", Args: cobra.NoArgs,
		Example: `  reprise matrix list
  reprise matrix list --json`,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runMatrixList)(c.Context(), o) },
	}
}

// listedSuite is a suite as "matrix list" prints it.
type listedSuite struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Labels   []string `json:"labels,omitempty"`
	Roles    []string `json:"roles"`
	Subjects []string `json:"subjects"` // platform@version
	Tests    int      `json:"tests"`
	Cells    int      `json:"cells"`
	// NotApplicable are the cells that no trial is made of.
	NotApplicable int `json:"not-applicable"`
}

func runMatrixList(_ context.Context, o *matrixListOptions) error {
	list := []listedSuite{}
	for _, name := range suites.Names() {
		s, m, err := readSuite(o.App, name)
		if err != nil {
			return err
		}
		one := listedSuite{ID: s.ID, Title: s.Title, Labels: s.Labels, Roles: m.Head.Roles, Tests: len(s.Tests), Cells: len(m.Cells)}
		for _, subject := range m.Head.Subjects {
			one.Subjects = append(one.Subjects, subject.Name)
		}
		for _, c := range m.Cells {
			if c.NotApplicable != "" {
				one.NotApplicable++
			}
		}
		list = append(list, one)
	}
	return o.Show(list, func(w io.Writer) { printSuites(w, list) })
}

// readSuite reads a suite and makes its cells. What is wrong with it is wrong input.
func readSuite(a *cli.App, name string) (*suite.Suite, experiment.MatrixSuite, error) {
	s, err := suite.Load(name)
	if err != nil {
		return nil, experiment.MatrixSuite{}, cli.AsInputError(err)
	}
	for _, w := range s.Warnings {
		a.Progress("%s", w)
	}
	m, err := experiment.ExpandSuite(s, time.Now())
	return s, m, cli.AsInputError(err)
}

// printSuites writes the suites, for people.
func printSuites(w io.Writer, list []listedSuite) {
	for _, s := range list {
		cli.Line(w, "%-12s %3d tests  %4d cells  %s", s.ID, s.Tests, s.Cells, s.Title)
		cli.Line(w, "%-12s %s", "", strings.Join(s.Subjects, " "))
	}
}
