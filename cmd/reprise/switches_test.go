package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/scenarios/suite"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestSwitchScenarios rehearses every scenario for real switches and its control on
// simulators, and holds its README against what it must say.
func TestSwitchScenarios(t *testing.T) {
	livetest.Long(t, "runs every scenario of switches on simulators")
	t.Parallel()
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	a := &cli.App{}
	var cases [][]string // id and arguments
	for _, e := range entries {
		if e.Family != "switches" {
			continue
		}
		l, err := a.LoadQuiet(e.ID, nil)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		if s := l.Scenario; s.ID != e.ID || s.Control == nil || len(s.Fidelity) == 0 || len(l.Warnings) > 0 {
			t.Errorf("%s: its id is %q, its control %v, its fidelity %v, its warnings %v", e.ID, s.ID, s.Control, s.Fidelity, l.Warnings)
		}
		switchReadme(t, e)
		cases = append(cases, []string{e.ID}, []string{e.ID, "--control"})
	}
	if len(cases) == 0 {
		t.Error("the corpus has no scenario for switches")
	}
	cases = append(cases, switchCells(t)...)
	// Half of a rehearsal is waiting for switches that restart: more go on at once than there
	// are processors.
	results := make([]reproduce.Rehearsal, len(cases))
	errs := make([]error, len(cases))
	slots := make(chan struct{}, 3*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, args := range cases {
		dir := t.TempDir()
		wg.Go(func() {
			slots <- struct{}{}
			results[i], errs[i] = rehearsed(dir, args)
			<-slots
		})
	}
	wg.Wait()
	for i, args := range cases {
		t.Run(filepath.Base(args[0])+strings.Join(args[1:], "/"), func(t *testing.T) {
			if r := results[i]; errs[i] != nil || !r.Runs || r.Exit != cli.ExitYes {
				t.Errorf("status %d: %v\n%s", r.Exit, errs[i], strings.Join(r.Complaints, "\n"))
			}
		})
	}
}

// switchCells writes the cells of the suite for switches whose subjects all have a simulator, one of each
// pair of platforms and test, and gives what rehearses them.
func switchCells(t *testing.T) (cases [][]string) {
	t.Helper()
	s, err := suite.Load("extreme")
	if err != nil {
		t.Fatal(err)
	}
	cells, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range cells {
		dut, peer := c.Subjects["dut"].Platform, c.Subjects["peer"].Platform
		kind := strings.Join([]string{c.Test.ID, dut, peer}, "-")
		if c.Files == nil || seen[kind] || !slices.Contains([]string{"exos", "voss"}, peer) || dut == peer && dut == "voss" {
			continue
		}
		seen[kind] = true
		dir := filepath.Join(t.TempDir(), kind)
		if err := errors.Join(os.Mkdir(dir, 0o700), c.Write(dir)); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, []string{dir})
	}
	if len(cases) < 12 {
		t.Errorf("%d kinds of cells can be rehearsed", len(cases))
	}
	return cases
}

// switchReadme looks whether a README says that nobody ran the scenario on a switch yet.
func switchReadme(t *testing.T, e corpus.Entry) {
	t.Helper()
	f, err := e.Files.Open("README.md")
	if err != nil {
		t.Errorf("%s has no README: %v", e.ID, err)
		return
	}
	defer f.Close() //nolint:errcheck // read only
	text := make([]byte, 1<<16)
	size, err := f.Read(text)
	if err != nil {
		t.Errorf("%s: %v", e.ID, err)
	}
	if !strings.Contains(string(text[:size]), "Rehearsed on simulators only; we never ran it on a switch.") {
		t.Errorf("the README of %s does not say what was run", e.ID)
	}
}

// rehearsed runs the program's rehearsal of a scenario.
func rehearsed(dir string, args []string) (reproduce.Rehearsal, error) {
	c := exec.Command(os.Args[0], slices.Concat([]string{"run", "--rehearse", "--json", "-q", "--dir", dir}, args)...)
	c.Args[0] = "reprise"
	var stderr strings.Builder
	c.Stderr = &stderr
	stdout, err := c.Output()
	var r reproduce.Rehearsal
	if jsonErr := json.Unmarshal(stdout, &r); jsonErr != nil {
		return r, fmt.Errorf("%w: %w: %s\n%s", err, jsonErr, stdout, stderr.String())
	}
	return r, nil // its status is in r
}
