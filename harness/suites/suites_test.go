package suites_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/suites"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
)

const scenario = `
reprise: v1
id: flap
title: The state goes down
labels: [memory]
topology:
  nodes: {r1: {image: none}}
nodes: {r1: {platform: fake}}
baseline: [{name: up, node: r1, run: show state, expect: 'text contains "up"', eventually: 1s, every: 10ms}]
stimulus: [{node: r1, configure: [down]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', eventually: 1s, every: 100ms}]
control: {without: [stimulus.0]}
trials: {count: 3}
`

// lab is a p and an environment in memory: what an own suite makes of a scenario
// file, a provider and the drivers of its choice.
func lab(variant evidence.Variant) (*plan.Plan, trial.Environment) {
	return labOf(scenario, variant)
}

// labOf is lab with a scenario of its own, on a device that refuses to start with "refused" in
// its configuration.
func labOf(scenario string, variant evidence.Variant) (*plan.Plan, trial.Environment) {
	dir, err := os.MkdirTemp("", "suites-")
	must(err)
	file := filepath.Join(dir, "scenario.yaml")
	must(os.WriteFile(file, []byte(scenario), 0o600))
	loaded, err := scenarios.Load(file, scenarios.Options{})
	must(err)
	p, err := plan.New(loaded, plan.Options{Variant: variant})
	must(err)
	state := "up"
	platform := &harnesstest.Platform{
		Name:        "fake",
		RunFn:       func(_, _ string) (drivers.Exchange, error) { return drivers.Exchange{Output: "state " + state}, nil },
		ConfigureFn: func(_, line string) (string, error) { state = line; return "", nil },
		BootFn:      func(string) error { state = "up"; return nil },
	}
	if strings.Contains(scenario, "refused") {
		platform.BootFn = func(string) error { return fmt.Errorf("%w: line 3", drivers.ErrRefused) }
	}
	return p, trial.Environment{Provider: &harnesstest.Provider{}, Registry: platform.Registry(), Dir: evidence.Dir{Path: dir}}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Two trees of an own suite: the scenario, and its control.
var (
	_ = suites.Trials(plan1, env1, suites.Whole)
	_ = suites.Trials(plan2, env2, suites.Shard{Lab: 2, Labs: 2})

	plan1, env1 = lab(evidence.VariantMain)
	plan2, env2 = lab(evidence.VariantControl)
)

// Two more: one that this lab cannot show, and, in the process of TestAsGoTest alone, one that
// a fresh lab refuses.
var (
	_ = suites.Trials(plan3, env3, suites.Whole)
	_ = asGoTest && suites.Trials(plan4, env4, suites.Whole)

	plan3, env3 = labOf(strings.Replace(scenario, "trials:", "fidelity: [hardware]\ntrials:", 1), evidence.VariantMain)
	plan4, env4 = labOf(strings.Replace(scenario, "The state", "refused", 1), evidence.VariantMain)

	asGoTest = os.Getenv("REPRISE_SUITES_AS_GO_TEST") != ""
)

// TestAsGoTest runs the trees as "go test" and the ginkgo command do, in a process of its own:
// a spec whose trial came out otherwise than declared fails, and says why; once a fresh lab
// has refused the scenario the other trials are not run.
func TestAsGoTest(t *testing.T) {
	if asGoTest {
		env4.Progress = func(trial.Progress) {}
		suites.RunTest(t, "trees in memory")
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAsGoTest$", "-test.v", "-ginkgo.v", "-ginkgo.no-color")
	again.Env = append(os.Environ(), "REPRISE_SUITES_AS_GO_TEST=1")
	out, err := again.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Errorf("it passed: %v", err)
	}
	for _, want := range []string{"the trial is inconclusive, declared is reproduced", "line 3", "not run: a fresh lab refused", "4 Passed | 1 Failed", "--- FAIL: TestAsGoTest"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// TestSuite runs the trees as the program does, and leaves what Ginkgo says of them in files.
func TestSuite(t *testing.T) {
	if asGoTest {
		return
	}
	dir := t.TempDir()
	o := suites.RunOptions{Name: "trees in memory", JUnit: filepath.Join(dir, "junit.xml"), JSON: filepath.Join(dir, "report.json"), Timeout: time.Minute}
	if !suites.Run(o) {
		t.Error("not every spec passed")
	}
	for file, want := range map[string]string{o.JUnit: `tests="7"`, o.JSON: `"SuiteSucceeded": true`} {
		if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s does not say %s: %v", filepath.Base(file), want, err)
		}
	}
	for dir, want := range map[evidence.Dir]map[int]evidence.Verdict{
		env1.Dir: {1: evidence.Reproduced, 2: evidence.Reproduced, 3: evidence.Reproduced},
		env2.Dir: {2: evidence.NotReproduced},
		env3.Dir: {1: evidence.NotApplicable, 2: evidence.NotApplicable, 3: evidence.NotApplicable},
	} {
		entries, err := dir.Ledger()
		if err != nil || len(entries) != len(want) {
			t.Errorf("ledger has %d lines, want %d: %v", len(entries), len(want), err)
		}
		for _, e := range entries {
			if e.Verdict != want[e.Trial] {
				t.Errorf("trial %d is %s, want %s", e.Trial, e.Verdict, want[e.Trial])
			}
		}
	}
}

func TestHaveVerdict(t *testing.T) {
	m := suites.HaveVerdict(evidence.Reproduced)
	v := evidence.TrialVerdict{Verdict: evidence.Inconclusive, Reason: "the lab broke"}
	if ok, err := m.Match(v); ok || err != nil {
		t.Errorf("inconclusive matched reproduced: %v", err)
	}
	if msg := m.FailureMessage(v); !strings.Contains(msg, "the lab broke") {
		t.Errorf("the message hides the reason: %s", msg)
	}
	if msg := m.NegatedFailureMessage(v); !strings.Contains(msg, "should not be") {
		t.Errorf("where it should not: %s", msg)
	}
	if _, err := m.Match("reproduced"); err == nil {
		t.Error("a string was taken for a verdict")
	}
}
