package fix

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// regressOptions are what regress was asked.
type regressOptions struct {
	*cli.App
	choices
	which string // a folder, or labels
}

func newRegress(a *cli.App, runF func(context.Context, *regressOptions) error) *cobra.Command {
	o := &regressOptions{App: a}
	c := &cobra.Command{
		Use:   "regress DIR|LABELS",
		Short: "Verify a new build against every scenario of a folder or of the corpus",
		Long: `Run verify-fix for every scenario below DIR, or for those of the corpus that have
all LABELS (comma-separated, as "reprise scenario list --json" shows them). One
table, one JUnit file, one JSON document.

An image for a node that a scenario lacks is left out; a scenario with none of the
nodes is skipped, with the reason.

Exit status is that of the worst scenario: 3 changed, 1 not-fixed, 2 inconclusive, 0
all fixed; 4 wrong input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise regress bgp,frr --image r1=reprise/frr:10.3 --junit junit.xml
  reprise regress ./cases --image dut=vendor/switch:nightly --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.which = args[0]
			if err := o.check(); err != nil {
				return err
			}
			o.allLabs = cli.AllLabs(c)
			return cli.Run(runF, runRegress)(c.Context(), o)
		},
	}
	o.register(c.Flags())
	cli.CompleteReset(c)
	return a.Trusting(c)
}

func runRegress(ctx context.Context, o *regressOptions) error {
	names, err := selected(o.App, o.which)
	if err != nil {
		return err
	}
	results, stopped, err := compareAll(ctx, o, names)
	if err != nil {
		return err
	}
	if err := writeJUnit("reprise regress", results, o.junit); err != nil {
		return errors.Join(stopped, err)
	}
	out := regressedAs(results)
	err = o.Show(out, func(w io.Writer) { printRegressed(w, results) })
	return errors.Join(stopped, err, cli.Answer(out.Exit))
}

// compareAll compares one scenario after the other; an error of one is its reason. stopped is
// the interrupt that ended it early. The error is that this machine can compare none of them.
func compareAll(ctx context.Context, o *regressOptions, names []string) (results []result.Comparison, stopped, err error) {
	begun := false
	for _, name := range names {
		r, one := regressOne(ctx, o, name)
		results = append(results, r)
		begun = begun || r.Old.Dir != "" || r.Skipped
		switch cli.ExitCode(one) {
		case cli.ExitInterrupted:
			return results, one, nil
		case cli.ExitEnvironment:
			err = one
		}
		if one != nil {
			o.Progress("%s: %v", name, one)
		}
	}
	if begun {
		err = nil
	}
	return results, nil, err
}

// selected finds the scenarios below a folder, or those of the corpus with all labels.
func selected(a *cli.App, which string) ([]string, error) {
	var names []string
	if info, err := os.Stat(which); err == nil && info.IsDir() {
		names, err := scenarios.Find(which)
		if err != nil {
			return nil, cli.InputError("look for scenarios: %w", err)
		}
		if len(names) == 0 {
			return nil, cli.InputError("%s: no scenario.yaml is below it", which)
		}
		return names, nil
	}
	entries, err := corpus.List()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, e := range entries {
		l, err := a.LoadQuiet(e.ID, nil)
		if err != nil {
			return nil, err
		}
		for _, label := range l.Scenario.Labels {
			known[label] = true
		}
		if hasAll(l.Scenario.Labels, strings.Split(which, ",")) {
			names = append(names, e.ID)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	for label := range strings.SplitSeq(which, ",") {
		if !known[label] {
			return nil, cli.InputError("%s: neither a folder nor a label of the corpus (reprise scenario list --json shows the labels)", label)
		}
	}
	return nil, cli.InputError("no scenario of the corpus has all of %s", which)
}

func hasAll(labels, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(labels, w) })
}

// regressOne compares one scenario with the images of the nodes that it has.
func regressOne(ctx context.Context, o *regressOptions, name string) (result.Comparison, error) {
	out := experiment.Undecided(name, "", "", o.confidence)
	l, err := o.Load(name, nil)
	if err != nil {
		out.Reason = err.Error()
		return out, err
	}
	out.Scenario, out.Title = l.Scenario.ID, l.Scenario.Title
	images, err := o.newImages()
	if err != nil {
		return out, err
	}
	images, lacking, skip := experiment.BuildsFor(l, images)
	if skip != "" {
		out.Skipped, out.Ruling, out.Reason = true, "", skip
		return out, nil
	}
	s, err := plansOf(ctx, o.App, name, images, &o.choices)
	if err != nil {
		out.Reason = err.Error()
		return out, err
	}
	r, err := compare(ctx, o.App, "", s, &o.choices, nil)
	if r.Reason == "" && err != nil {
		r.Reason = err.Error()
	}
	if len(lacking) > 0 {
		r.Reason += "; it has no node " + strings.Join(lacking, ", ")
	}
	return r, err
}
