package fix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

func (a *app) regressVerb() *cobra.Command {
	f := &verifyFlags{}
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
		RunE: func(c *cobra.Command, args []string) error { return a.regress(c.Context(), args[0], f) },
	}
	f.register(c.Flags())
	cli.CompleteReset(c)
	return c
}

func (a *app) regress(ctx context.Context, which string, f *verifyFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	names, err := a.selected(which)
	if err != nil {
		return err
	}
	var results []result.Comparison
	var stopped, lacking error
	begun := false
	for _, name := range names {
		r, err := a.regressOne(ctx, name, f)
		results = append(results, r)
		begun = begun || r.Old.Dir != "" || r.Skipped
		switch cli.ExitCode(err) {
		case cli.ExitInterrupted:
			stopped = err
		case cli.ExitEnvironment:
			lacking = err
		}
		if stopped != nil {
			break
		}
		if err != nil {
			a.Progress("%s: %v", name, err)
		}
	}
	if !begun && stopped == nil && lacking != nil {
		return lacking // this machine can verify none of them
	}
	code := cli.OutcomeCode(result.Worst(results))
	if err := a.junitOf("reprise regress", results, f.junit); err != nil {
		return errors.Join(stopped, err)
	}
	out := struct {
		Reprise string     `json:"reprise"`
		Results []verified `json:"results"`
		Exit    int        `json:"exit"`
	}{Reprise: evidence.Format, Exit: code}
	for _, r := range results {
		out.Results = append(out.Results, verifiedAs(r, nil))
	}
	if done, err := a.Emit(out); done {
		return errors.Join(stopped, err, cli.Answer(code))
	}
	a.Say("")
	for _, r := range results {
		word := string(r.Ruling)
		if r.Skipped {
			word = "skipped"
		}
		a.Say("%-13s %-34s old %-5s new %-5s %s", word, r.Scenario, shortShare(r.Old.Share), shortShare(r.New.Share), r.Reason)
	}
	return errors.Join(stopped, cli.Answer(code))
}

// shortShare is for a table whose JSON holds the intervals: hits of trials, no rate.
func shortShare(s result.Proportion) string { return fmt.Sprintf("%d/%d", s.Reproduced, s.Valid) }

// selected finds the scenarios below a folder, or those of the corpus with all labels.
func (a *app) selected(which string) ([]string, error) {
	var names []string
	if info, err := os.Stat(which); err == nil && info.IsDir() {
		err := filepath.WalkDir(which, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() == "scenario.yaml" {
				names = append(names, path)
			}
			return err
		})
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

// regressOne verifies one scenario with the images of the nodes that it has.
func (a *app) regressOne(ctx context.Context, name string, f *verifyFlags) (result.Comparison, error) {
	out := experiment.Undecided(name, "", "", f.confidence)
	l, err := a.Load(name, nil)
	if err != nil {
		out.Reason = err.Error()
		return out, err
	}
	out.Scenario, out.Title = l.Scenario.ID, l.Scenario.Title
	if kinds := l.Scenario.Fidelity; len(kinds) > 0 && !slices.Contains(kinds, scenarios.FidelityContainer) {
		out.Skipped, out.Ruling = true, ""
		out.Reason = fmt.Sprintf("labs of kind %v only can show it, and builds are tried in containers", kinds)
		return out, nil
	}
	images, lacking, err := imagesFor(l, f)
	if err != nil {
		return out, err
	}
	if len(images) == 0 {
		out.Skipped, out.Ruling = true, ""
		out.Reason = fmt.Sprintf("it has no node %s (it has %s)", strings.Join(lacking, ", "), strings.Join(l.Topology.Names(), ", "))
		return out, nil
	}
	s, err := a.verifyPlans(name, images, f)
	if err != nil {
		out.Reason = err.Error()
		return out, err
	}
	r, err := a.compare(ctx, s, f)
	if r.Reason == "" && err != nil {
		r.Reason = err.Error()
	}
	if len(lacking) > 0 {
		r.Reason += "; it has no node " + strings.Join(lacking, ", ")
	}
	return r, err
}

func imagesFor(l *scenarios.Loaded, f *verifyFlags) (images map[string]string, lacking []string, err error) {
	images, err = f.newImages()
	if err != nil {
		return nil, nil, err
	}
	have := l.Topology.Names()
	for node := range images {
		if !slices.Contains(have, node) {
			lacking = append(lacking, node)
			delete(images, node)
		}
	}
	slices.Sort(lacking)
	return images, lacking, nil
}
