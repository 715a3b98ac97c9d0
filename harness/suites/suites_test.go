package suites_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', eventually: 1s, every: 10ms}]
control: {without: [stimulus.0]}
trials: {count: 3}
`

// lab is a p and an environment in memory: what an own suite makes of a scenario
// file, a provider and the drivers of its choice.
func lab(variant evidence.Variant) (*plan.Plan, trial.Environment) {
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

// TestSuite runs the trees as "go test" and the ginkgo command do.
func TestSuite(t *testing.T) {
	suites.RunTest(t, "trees in memory")
	for dir, want := range map[evidence.Dir]map[int]evidence.Verdict{
		env1.Dir: {1: evidence.Reproduced, 2: evidence.Reproduced, 3: evidence.Reproduced},
		env2.Dir: {2: evidence.NotReproduced},
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
	if _, err := m.Match("reproduced"); err == nil {
		t.Error("a string was taken for a verdict")
	}
}
