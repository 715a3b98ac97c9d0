package experiment_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

// clearSuite clears a session of each of some versions, which comes back with the healthy ones.
func clearSuite(versions ...string) experiment.MatrixSuite {
	s := experiment.MatrixSuite{Head: result.Matrix{
		Suite: "clearing", Title: "Sessions that are cleared", Roles: []string{"r1"},
		Requirements: []result.Requirement{{ID: "rfc0/1-back", Document: "RFC 0", Section: "1", Level: "MUST", Text: "A session comes back", Tests: []string{"clear"}}},
		Tests:        []result.MatrixTest{{ID: "clear", Title: "The session comes back", Area: "session", Requirements: []string{"rfc0/1-back"}}},
	}}
	for _, v := range versions {
		name := "daemon@" + v
		s.Head.Subjects = append(s.Head.Subjects, result.Subject{Name: name, Platform: "daemon", Version: v, Image: "daemon:" + v})
		s.Cells = append(s.Cells, experiment.MatrixCell{
			Cell: result.Cell{Test: "clear", Subjects: map[string]string{"r1": name}}, Weight: 1,
			Files: map[string][]byte{"r1.conf": []byte("version " + v + "\n"), "scenario.yaml": fmt.Appendf(nil, `
reprise: v1
id: clearing-clear
title: The session comes back (r1 daemon %[1]s)
labels: [clearing]
problem: {what: The session comes back, product: {platform: daemon, version: %[1]q}}
topology: {nodes: {r1: {image: "daemon:%[1]s"}}}
nodes: {r1: {role: dut, platform: memory, config: r1.conf}}
baseline: [{name: it is up, node: r1, run: show, expect: 'text == "up"', eventually: 5s, every: 20ms}]
stimulus: [{node: r1, run: clear}]
expect: [{name: it is up again, node: r1, run: show, expect: 'text == "up"', eventually: 120ms, every: 40ms}]
trials: {count: 1}
`, v)},
		})
	}
	return s
}

// A failing cell is a scenario that fails by itself, with a control that passed in the same matrix, and a
// clean one where it is run.
func TestCaseOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lab := &memory{breaks: func(image string) bool { return image == "daemon:1" || image == "daemon:2" }}
		b := lab.bench(t)
		s := clearSuite("1", "2", "3", "4")
		s.Cells[2].Files["scenario.yaml"] = []byte(strings.ReplaceAll(string(s.Cells[2].Files["scenario.yaml"]), "120ms", "160ms")) // another test than that of 1
		m, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil || m.Counts[result.Fail] != 2 || m.Counts[result.Pass] != 2 {
			t.Fatalf("%v, %v", m.Counts, err)
		}
		key := "clear[r1=daemon@1]"
		made, err := experiment.CaseOf(m, dir.Path, key, loadCell)
		if err != nil || made.Control != "clear[r1=daemon@4]" || made.ID != "clear-daemon-1" || made.Trial != 1 || made.Run != dir.File(m.Cells[0].Run) {
			t.Fatalf("%+v, %v", made, err)
		}
		folder := t.TempDir()
		for name, data := range made.Files {
			if err := evidence.WriteFile(filepath.Join(folder, name), data); err != nil {
				t.Fatal(err)
			}
		}
		l, err := scenarios.Load(folder, scenarios.Options{})
		if err != nil || len(l.Warnings) > 0 {
			t.Fatalf("%v, %v", err, l.Warnings)
		}
		want := &scenarios.Control{Set: map[string]string{"r1.image": "daemon:4", "r1.config": "control/r1-config"}}
		if d := cmp.Diff(want, l.Scenario.Control); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"clearing"}, l.Scenario.Labels); d != "" {
			t.Error(d)
		}
		p := l.Scenario.Problem
		if !strings.HasPrefix(p.What, `"it is up again" does not hold`) || strings.Contains(p.What, "seen last") || p.How != "3 of 3 trials failed" || !slices.Equal(p.References, []string{"RFC 0 section 1 (MUST): A session comes back"}) || p.Product.Version != "1" {
			t.Errorf("the problem is %+v", p)
		}
		main, control := planMemory(t, l, plan.Options{}), planMemory(t, l, plan.Options{Variant: evidence.VariantControl})
		if string(control.Nodes[0].Config) != "version 4\n" {
			t.Errorf("the control has the configuration %q", control.Nodes[0].Config)
		}
		rate, err := experiment.Rate(t.Context(), b, main, control, experiment.RateOptions{Rule: experiment.StopRule{Runs: 3}, Controls: -1})
		if err != nil || rate.Outcome != result.Yes || rate.Reproduced != 3 {
			t.Errorf("%s: %s, %v", rate.Outcome, rate.Answer, err)
		}

		notFailed := (*experiment.NotFailedError)(nil)
		if _, err := experiment.CaseOf(m, dir.Path, "clear[r1=daemon@4]", loadCell); !errors.As(err, &notFailed) {
			t.Errorf("of a cell that passed: %v", err)
		}
		if _, err := experiment.CaseOf(m, dir.Path, "clear[r1=daemon@9]", loadCell); err == nil || err.Error() != "the matrix has no cell clear[r1=daemon@9]" {
			t.Errorf("of no cell: %v", err)
		}
		for _, run := range []string{"../" + filepath.Base(dir.Path) + "/" + m.Cells[0].Run, dir.File(m.Cells[0].Run), ""} {
			elsewhere := m
			elsewhere.Cells = slices.Clone(m.Cells)
			elsewhere.Cells[0].From, elsewhere.Cells[0].Run = "another", run
			if _, err := experiment.CaseOf(elsewhere, dir.Path, key, loadCell); err == nil || !strings.Contains(err.Error(), "nothing else is read") {
				t.Errorf("a run at %q: %v", run, err)
			}
		}
		if err := os.RemoveAll(dir.File(m.Cells[0].Run, "trials")); err != nil {
			t.Fatal(err)
		}
		if _, err := experiment.CaseOf(m, dir.Path, key, loadCell); err == nil || !strings.Contains(err.Error(), "the cell's evidence is not there") {
			t.Errorf("without evidence: %v", err)
		}
	})
}
