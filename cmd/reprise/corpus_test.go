package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// intermittent is the label of scenarios that do not show every time; their README says
// how often.
const intermittent = "intermittent"

// TestCorpus runs every scenario of the corpus that containers show, and its control, in
// real labs: each must come out as declared in every trial. REPRISE_CORPUS_TRIALS sets the
// number of trials, 1 where it is not set; "make corpus" runs 5.
func TestCorpus(t *testing.T) {
	if ready, err := condition()("engine"); err != nil || !ready {
		t.Skip("no container engine with the images here")
	}
	trials := os.Getenv("REPRISE_CORPUS_TRIALS")
	if trials == "" {
		trials = "1"
	}
	n, err := strconv.Atoi(trials)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	a := &app{}
	for _, e := range entries {
		if slices.Contains(needSwitches, e.Family) {
			continue
		}
		l, err := a.loadQuiet(e.ID, nil)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		if l.Scenario.ID != e.ID || l.Scenario.Control == nil {
			t.Errorf("%s: its id is %q, its control %v", e.ID, l.Scenario.ID, l.Scenario.Control)
		}
		if data, err := e.Files.Open("README.md"); err != nil {
			t.Errorf("%s has no README: %v", e.ID, err)
		} else {
			_ = data.Close()
		}
		sometimes := slices.Contains(l.Scenario.Labels, intermittent)
		t.Run(e.ID, func(t *testing.T) {
			t.Parallel()
			v := corpusRun(t, e.ID, trials)
			if v.Valid() != n || !sometimes && v.Reproduced != n {
				t.Errorf("%d of %d trials reproduced, %d not, want all: %s", v.Reproduced, n, v.NotReproduced, v.Reason)
			}
		})
		t.Run(e.ID+"/control", func(t *testing.T) {
			t.Parallel()
			if v := corpusRun(t, e.ID, trials, "--control"); v.NotReproduced != n {
				t.Errorf("%d of %d trials not reproduced, want all: %s", v.NotReproduced, n, v.Reason)
			}
		})
	}
}

// corpusRun runs a scenario through the program and returns its verdict.
func corpusRun(t *testing.T, id, trials string, args ...string) evidence.RunVerdict {
	t.Helper()
	c := exec.Command(os.Args[0], append([]string{"run", id, "--json", "-q", "-n", trials, "--runs", t.TempDir()}, args...)...)
	c.Args[0] = "reprise"
	stdout, err := c.Output()
	var out outcome
	if jsonErr := json.Unmarshal(stdout, &out); jsonErr != nil {
		t.Fatalf("%v: %v: %s", err, jsonErr, stdout)
	}
	return out.Verdict
}
