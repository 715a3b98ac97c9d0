package experiment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// What a trial says of its cell is the table of the suites' manual.
func TestCellSaysOf(t *testing.T) {
	t.Parallel()
	condition := func(ref string, holds evidence.Truth) []evidence.ConditionVerdict {
		return []evidence.ConditionVerdict{{Ref: "baseline[0]", Holds: evidence.True}, {Ref: ref, Holds: holds}}
	}
	for _, tt := range []struct {
		name string
		v    evidence.TrialVerdict
		want experiment.CellSays
	}{
		{"all that is expected holds", evidence.TrialVerdict{Verdict: evidence.NotReproduced, Rule: "as expected"}, experiment.SaysPassed},
		{"something expected does not", evidence.TrialVerdict{Verdict: evidence.Reproduced, Rule: "expectation false"}, experiment.SaysFailed},
		{"the symptom shows", evidence.TrialVerdict{Verdict: evidence.Reproduced, Rule: "symptom true"}, experiment.SaysFailed},
		{"the set-up never came", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, Conditions: condition("baseline[1]", evidence.False)}, experiment.SaysFailed},
		{"nobody could look at the set-up", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, Conditions: condition("baseline[1]", evidence.Unknown)}, experiment.SaysNothing},
		{"a step was refused", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, Conditions: condition("baseline[1]", evidence.True)}, experiment.SaysNothing},
		{"a step waited in vain", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, Conditions: condition("stimulus[0].wait-for", evidence.False)}, experiment.SaysFailed},
		{"nobody knows what a step waited for", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, Conditions: condition("stimulus[0].wait-for", evidence.Unknown)}, experiment.SaysNothing},
		{"a step was refused by what had died", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RulePrepared, OtherFailures: []string{"ospfd died"}}, experiment.SaysFailed},
		{"a process died", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleOtherFailure, OtherFailures: []string{"ospfd died"}}, experiment.SaysFailed},
		{"beside a symptom that is not there", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleUnexpected}, experiment.SaysFailed},
		{"it never was as expected", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleNeverShown}, experiment.SaysFailed},
		{"a look without answer", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: "expectation unknown"}, experiment.SaysNothing},
		{"the lab broke", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: "lab broke"}, experiment.SaysNothing},
		{"the machine is too slow", evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: "too slow"}, experiment.SaysNothing},
		{"this lab cannot show it", evidence.TrialVerdict{Verdict: evidence.NotApplicable, Rule: "ability missing"}, experiment.SaysNeither},
	} {
		if got := experiment.CellSaysOf(tt.v); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// court is a lab in which every command is a question about a cell: "TEST DUT PEER", answered by a function
// that is told how often it was asked before.
type court struct {
	answers func(question string, before int) (string, error)
	checks  func(topologies.Topology) error

	mu       sync.Mutex
	asked    map[string]int
	most, up int // labs
	packages map[string]string
	gone     string // an image that is not here any more
}

// described is a provider that tells what images hold.
type described struct {
	*harnesstest.Provider
	c *court
}

func (d described) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	if ref == d.c.gone {
		return topologies.ImageInfo{}, &topologies.MissingError{What: "image", Name: ref}
	}
	return topologies.ImageInfo{Ref: ref, Digest: ref, Packages: map[string]string{"daemon": ref + d.c.packages[ref]}}, nil
}

func (c *court) bench(tb testing.TB) *experiment.Bench {
	tb.Helper()
	c.asked = map[string]int{}
	provider := described{&harnesstest.Provider{
		CheckFn: func(_ context.Context, top topologies.Topology) error {
			if c.checks != nil {
				return c.checks(top)
			}
			return nil
		},
		ReserveFn: func(context.Context, topologies.Topology, topologies.Options) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.up++
			c.most = max(c.most, c.up)
			return nil
		},
		ReleaseFn: func(context.Context) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.up--
			return nil
		},
	}, c}
	platform := &harnesstest.Platform{Name: "memory", RunFn: func(_, line string) (drivers.Exchange, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		before := c.asked[line]
		c.asked[line]++
		said, err := c.answers(line, before)
		return drivers.Exchange{Output: said}, err
	}}
	tb.Cleanup(func() {
		if n := provider.Up(); n != 0 {
			tb.Errorf("%d labs are still up", n)
		}
	})
	return &experiment.Bench{Env: trial.Environment{Provider: provider, Registry: platform.Registry()}, Parent: tb.TempDir(), Tool: evidence.Tool{Name: "test"}}
}

// interopSuite has two tests for every pair of versions, of which the second rests on the first.
func interopSuite(subjects ...string) experiment.MatrixSuite {
	s := experiment.MatrixSuite{Head: result.Matrix{
		Suite: "pairs", Title: "Pairs", Digest: "d", Roles: []string{"dut", "peer"},
		Tests: []result.MatrixTest{{ID: "adjacency", Title: "Neighbours meet", Area: "session"}, {ID: "routes", Title: "Routes are learned", Area: "routes", After: []string{"adjacency"}}},
	}}
	for _, name := range subjects {
		platform, version, _ := strings.Cut(name, "@")
		s.Head.Subjects = append(s.Head.Subjects, result.Subject{Name: name, Platform: platform, Version: version, Image: platform + ":" + version})
	}
	for _, test := range s.Head.Tests {
		for _, dut := range subjects {
			for _, peer := range subjects {
				s.Cells = append(s.Cells, experiment.MatrixCell{
					Cell:   result.Cell{Test: test.ID, Subjects: map[string]string{"dut": dut, "peer": peer}},
					Weight: 1, Files: map[string][]byte{"scenario.yaml": []byte(cellScenario(test.ID, dut, peer))},
				})
			}
		}
	}
	return s
}

func cellScenario(test, dut, peer string) string {
	return fmt.Sprintf(`
reprise: v1
id: pairs-%[1]s
title: %[1]s (dut %[2]s, peer %[3]s)
topology: {name: pairs, topology: {nodes: {dut: {image: %[4]q}, peer: {image: %[5]q}}}}
nodes: {dut: {role: dut, platform: memory}, peer: {role: peer, platform: memory}}
baseline: [{name: it answers, node: dut, run: hello, expect: 'text == "yes"', eventually: 100ms, every: 20ms}]
expect: [{name: it works, node: dut, run: %[6]q, expect: 'text == "yes"', eventually: 100ms, every: 20ms}]
trials: {count: 1}
`, test, dut, peer, strings.ReplaceAll(dut, "@", ":"), strings.ReplaceAll(peer, "@", ":"), test+" "+dut+" "+peer)
}

// A fault of a cell's scenario is told by what stands there, and not by the file that was written for it.
func TestMatrixCellFault(t *testing.T) {
	t.Parallel()
	s := interopSuite("a@1")
	text := strings.Replace(string(s.Cells[0].Files["scenario.yaml"]), "eventually: 100ms, every: 20ms}]\nexpect", "evntually: 100ms, every: 20ms}]\nexpect", 1)
	s.Cells[0].Files["scenario.yaml"] = []byte(text)
	dir, err := experiment.CreateMatrix(t.TempDir(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = experiment.PlanMatrix(dir, s, matrixOptions())
	if err == nil || strings.Contains(err.Error(), dir.Path) || !strings.HasPrefix(err.Error(), "adjacency[dut=a@1,peer=a@1]: the cell's scenario.yaml:7:") || !strings.Contains(err.Error(), `in "baseline: [{name: it answers, node: dut`) {
		t.Errorf("%v", err)
	}
}

func loadCell(folder string) (*scenarios.Loaded, error) {
	return scenarios.Load(folder, scenarios.Options{})
}

func matrixOptions() experiment.MatrixOptions {
	return experiment.MatrixOptions{Load: loadCell, Labs: 1, Repeats: 1, RepeatFailing: 2}
}

// runMatrix runs a suite in a new folder.
func runMatrix(ctx context.Context, tb testing.TB, b *experiment.Bench, s experiment.MatrixSuite, o experiment.MatrixOptions) (result.Matrix, evidence.Dir, error) {
	tb.Helper()
	dir, err := experiment.CreateMatrix(b.Parent, s, map[string]string{"suite": "pairs"})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := goOn(ctx, tb, b, dir, o)
	return m, dir, err
}

// goOn plans what is in a folder, and runs it.
func goOn(ctx context.Context, tb testing.TB, b *experiment.Bench, dir evidence.Dir, o experiment.MatrixOptions) (result.Matrix, error) {
	tb.Helper()
	s, err := experiment.OpenMatrix(dir)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := experiment.PlanMatrix(dir, s, o)
	if err != nil {
		tb.Fatal(err)
	}
	return experiment.Matrix(ctx, b, p, o)
}

func yes(string, int) (string, error) { return "yes", nil }

// answersOf is a court's rule: what is said of some questions, and yes to all others.
func answersOf(of map[string]func(before int) (string, error)) func(string, int) (string, error) {
	return func(question string, before int) (string, error) {
		if say := of[question]; say != nil {
			return say(before)
		}
		return yes(question, before)
	}
}

func always(text string) func(int) (string, error) {
	return func(int) (string, error) { return text, nil }
}

// verdicts are the cells in words.
func verdicts(m result.Matrix) map[string]string {
	out := map[string]string{}
	for _, c := range m.Cells {
		word := string(c.Verdict)
		if c.Valid > 0 {
			word += fmt.Sprintf(" %d/%d", c.Passed, c.Valid)
		}
		if c.BlockedBy != "" {
			word += " by " + c.BlockedBy
		}
		out[c.Key()] = word
	}
	return out
}

// Every cell has a verdict with its reason: what passes, fails, sometimes fails, tells nothing, rests on what
// did not pass, is not offered, has no image, and what is known of it.
func TestMatrix(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{
			answers: answersOf(map[string]func(int) (string, error){
				"adjacency a@1 a@2": always("no"),
				"adjacency a@2 a@1": func(before int) (string, error) {
					if before < 7 { // the first trial: once before its window, and six times in it
						return "no", nil
					}
					return "yes", nil
				},
				"adjacency a@2 a@2": func(int) (string, error) { return "", errors.New("it does not answer") },
				"routes a@1 a@1":    always("no"),
			}),
			checks: func(top topologies.Topology) error {
				for _, n := range top.Nodes {
					if n.Image == "b:9" {
						return &topologies.MissingError{What: "image", Name: "b:9", Hint: "load it"}
					}
				}
				return nil
			},
		}
		b := c.bench(t)
		s := interopSuite("a@1", "a@2", "b@9")
		known := &result.Deviation{ID: "late", Expect: result.Fail, Kind: "bug", Reason: "they do not meet", Reference: "issue 1", Fixed: "3"}
		for i := range s.Cells {
			cell := &s.Cells[i]
			switch cell.Cell.Key() {
			case "adjacency[dut=a@1,peer=a@2]", "adjacency[dut=a@1,peer=a@1]":
				cell.Cell.Deviation = known
			case "routes[dut=a@1,peer=a@1]":
				cell.Outdated = "the deviation old was believed until 2020-01-01"
			case "adjacency[dut=a@1,peer=b@9]":
				cell.NotApplicable, cell.Files = "b@9: it does not offer it", nil
			}
		}
		m, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"adjacency[dut=a@1,peer=a@1]": "pass-with-note 1/1", "adjacency[dut=a@1,peer=a@2]": "fail 0/3", "adjacency[dut=a@1,peer=b@9]": "not-applicable",
			"adjacency[dut=a@2,peer=a@1]": "flaky 2/3", "adjacency[dut=a@2,peer=a@2]": "inconclusive", "adjacency[dut=a@2,peer=b@9]": "not-tested",
			"adjacency[dut=b@9,peer=a@1]": "not-tested", "adjacency[dut=b@9,peer=a@2]": "not-tested", "adjacency[dut=b@9,peer=b@9]": "not-tested",
			"routes[dut=a@1,peer=a@1]": "fail 0/3", "routes[dut=a@1,peer=a@2]": "blocked by adjacency", "routes[dut=a@1,peer=b@9]": "not-tested",
			"routes[dut=a@2,peer=a@1]": "blocked by adjacency", "routes[dut=a@2,peer=a@2]": "blocked by adjacency", "routes[dut=a@2,peer=b@9]": "not-tested",
			"routes[dut=b@9,peer=a@1]": "not-tested", "routes[dut=b@9,peer=a@2]": "not-tested", "routes[dut=b@9,peer=b@9]": "not-tested",
		}
		if d := cmp.Diff(want, verdicts(m)); d != "" {
			t.Error(d)
		}
		by := map[string]result.Cell{}
		for _, cell := range m.Cells {
			by[cell.Key()] = cell
			if cell.Reason == "" && cell.Verdict != result.Pass || (cell.Run == "") != (cell.Trials == 0) {
				t.Errorf("%s is %s, without a reason or its run: %+v", cell.Key(), cell.Verdict, cell)
			}
		}
		for key, reason := range map[string]string{
			"adjacency[dut=a@1,peer=a@1]": "it passes against the known deviation late: they do not meet",
			"adjacency[dut=a@1,peer=a@2]": `"it works" does not hold: `,
			"adjacency[dut=a@2,peer=a@1]": `2 of 3 passed; else: "it works" does not hold: `,
			"adjacency[dut=a@2,peer=a@2]": `"it works" is unknown: `,
			"adjacency[dut=a@2,peer=b@9]": "image b:9 is missing; load it",
			"adjacency[dut=a@1,peer=b@9]": "b@9: it does not offer it",
			"routes[dut=a@1,peer=a@2]":    "for these subjects adjacency did not pass",
		} {
			if !strings.HasPrefix(by[key].Reason, reason) {
				t.Errorf("%s: %q, want %q", key, by[key].Reason, reason)
			}
		}
		if r := by["routes[dut=a@1,peer=a@1]"].Reason; !strings.HasSuffix(r, "; the deviation old was believed until 2020-01-01") {
			t.Errorf("what was known once is not said: %q", r)
		}
		flaky := by["adjacency[dut=a@2,peer=a@1]"]
		if flaky.Wilson != stats.Wilson(2, 3) || by["adjacency[dut=a@2,peer=a@2]"].Wilson != [2]float64{} {
			t.Errorf("intervals %v, %v", flaky.Wilson, by["adjacency[dut=a@2,peer=a@2]"].Wilson)
		}
		if n := by["adjacency[dut=a@2,peer=a@2]"].Trials; n != 2 {
			t.Errorf("a trial that says nothing was made %d times", n)
		}
		if m.Ended.IsZero() || m.Stopped != "" || m.Subjects[0].Digest == "" || m.Counts[result.Blocked] != 3 {
			t.Errorf("ended %v, stopped %q, %+v, %v", m.Ended, m.Stopped, m.Subjects, m.Counts)
		}
		var problems []string
		for _, p := range m.Problems {
			problems = append(problems, p.Area+", "+p.Recommendation+": "+strings.Join(p.Cells, " "))
		}
		if d := cmp.Diff([]string{
			"routes, Nobody has explained it yet: make a case of it: routes[dut=a@1,peer=a@1]",
			"session, Take version 3 or a newer one, which no longer has it: adjacency[dut=a@1,peer=a@2]",
			"session, Nobody has explained it yet: make a case of it: adjacency[dut=a@2,peer=a@1]",
		}, problems); d != "" {
			t.Error(d)
		}
		checkStored(t, dir, m)
	})
}

// A cell that passes in fewer trials than it was to get is inconclusive, and one that fails in fewer says so.
func TestMatrixTooFewTrials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := func(says string) func(int) (string, error) { // then nothing more: once before its window, and in it
			return func(before int) (string, error) {
				if says == "yes" && before < 2 || says == "no" && before < 7 {
					return says, nil
				}
				return "", errors.New("it does not answer")
			}
		}
		c := &court{answers: answersOf(map[string]func(int) (string, error){"adjacency a@1 a@1": first("yes"), "adjacency a@1 a@2": first("no")})}
		o := matrixOptions()
		o.Repeats = 10
		m, _, err := runMatrix(t.Context(), t, c.bench(t), interopSuite("a@1", "a@2"), o)
		if err != nil {
			t.Fatal(err)
		}
		passed, failed, whole := m.Cells[0], m.Cells[1], m.Cells[2]
		if passed.Verdict != result.CellUnknown || passed.Passed != 1 || passed.Valid != 1 || passed.Trials != 4 || !strings.HasPrefix(passed.Reason, `1 of 10 trials said something (it passed); else: "it works" is unknown: `) {
			t.Errorf("it passed once: %s %d/%d of %d: %s", passed.Verdict, passed.Passed, passed.Valid, passed.Trials, passed.Reason)
		}
		if failed.Verdict != result.Fail || failed.Valid != 1 || !strings.Contains(failed.Reason, "; 1 of 12 trials said something; else: ") {
			t.Errorf("it failed once: %s 0/%d: %s", failed.Verdict, failed.Valid, failed.Reason)
		}
		if whole.Verdict != result.Pass || whole.Valid != 10 {
			t.Errorf("it passed always: %s of %d", whole.Verdict, whole.Valid)
		}
	})
}

// checkStored holds what is on disk against what was returned.
func checkStored(t *testing.T, dir evidence.Dir, m result.Matrix) {
	t.Helper()
	var stored result.Matrix
	if err := evidence.ReadJSON(dir.File("matrix.json"), &stored); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.Cells, stored.Cells); d != "" {
		t.Errorf("what is on disk: %s", d)
	}
	entries, err := result.ReadMatrixLedger(dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range m.Cells {
		if c.Run == "" {
			continue
		}
		tried++
		i := slices.IndexFunc(entries, func(e result.CellEntry) bool { return e.Key == c.Key() })
		ledger, err := os.ReadFile(dir.File(c.Run, "ledger.ndjson"))
		if err != nil || i < 0 || entries[i].Ledger != evidence.SHA256(ledger) || entries[i].Cell.Verdict != c.Verdict || entries[i].Attempt != 1 {
			t.Errorf("%s: entry %d, %v", c.Key(), i, err)
		}
		if _, err := loadCell(dir.File(c.Scenario)); err != nil {
			t.Errorf("%s: %v", c.Key(), err)
		}
	}
	if tried != len(entries) {
		t.Errorf("%d entries of %d cells that were tried", len(entries), tried)
	}
}

// order is the cells in the order in which they were over.
func order(t *testing.T, s experiment.MatrixSuite, o experiment.MatrixOptions) (keys []string) {
	t.Helper()
	c := &court{answers: yes}
	o.OnCell = func(s experiment.MatrixStep) { keys = append(keys, s.Cell.Key()) }
	if _, _, err := runMatrix(t.Context(), t, c.bench(t), s, o); err != nil {
		t.Fatal(err)
	}
	return keys
}

// The heavier cells come first, with what they rest on, and of the rest those of the same lab together.
func TestMatrixOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := interopSuite("a@1", "a@2")
		slices.Reverse(s.Cells)
		for i := range s.Cells {
			if s.Cells[i].Cell.Key() == "routes[dut=a@2,peer=a@1]" || s.Cells[i].Cell.Key() == "adjacency[dut=a@2,peer=a@2]" {
				s.Cells[i].Weight = 5
			}
		}
		want := []string{
			"adjacency[dut=a@2,peer=a@1]", "routes[dut=a@2,peer=a@1]", "adjacency[dut=a@2,peer=a@2]", "adjacency[dut=a@1,peer=a@1]",
			"routes[dut=a@1,peer=a@1]", "adjacency[dut=a@1,peer=a@2]", "routes[dut=a@1,peer=a@2]", "routes[dut=a@2,peer=a@2]",
		}
		if d := cmp.Diff(want, order(t, s, matrixOptions())); d != "" {
			t.Error(d)
		}
	})
}

// Cells are tried side by side, and one that rests on another waits for it.
func TestMatrixLabs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes}
		o := matrixOptions()
		o.Labs = 4
		over := map[string]bool{}
		o.OnCell = func(s experiment.MatrixStep) {
			key := s.Cell.Key()
			if rest, ok := strings.CutPrefix(key, "routes"); ok && !over["adjacency"+rest] {
				t.Errorf("%s is over, and what it rests on is not", key)
			}
			over[key] = true
		}
		m, _, err := runMatrix(t.Context(), t, c.bench(t), interopSuite("a@1", "a@2"), o)
		if err != nil || m.Counts[result.Pass] != 8 || c.most < 2 || c.most > 4 || m.Labs != 4 {
			t.Errorf("%v in up to %d labs, %v", m.Counts, c.most, err)
		}
		// One pair alone has nothing to try beside what it rests on: it waits.
		if m, _, err = runMatrix(t.Context(), t, c.bench(t), interopSuite("a@1"), o); err != nil || m.Counts[result.Pass] != 2 {
			t.Errorf("%v, %v", m.Counts, err)
		}
	})
}

// outcomes are the cells without what is another in every run.
func outcomes(m result.Matrix) []result.Cell {
	cells := slices.Clone(m.Cells)
	for i := range cells {
		cells[i].Run, cells[i].Took = "", 0
	}
	return cells
}

// A matrix that was interrupted after any number of cells has every cell, and comes to the same when
// somebody goes on; so does one whose budget was over.
func TestMatrixGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := answersOf(map[string]func(int) (string, error){"adjacency a@1 a@2": always("no"), "routes a@2 a@2": always("no")})
		s := interopSuite("a@1", "a@2")
		c := &court{answers: answers}
		whole, _, err := runMatrix(t.Context(), t, c.bench(t), s, matrixOptions())
		if err != nil || whole.Counts[result.Fail] != 2 || whole.Counts[result.Blocked] != 1 {
			t.Fatalf("%v, %v", whole.Counts, err)
		}
		for after := 1; after < 8; after++ {
			c := &court{answers: answers}
			b := c.bench(t)
			ctx, cancel := context.WithCancel(t.Context())
			o := matrixOptions()
			o.OnCell = func(s experiment.MatrixStep) {
				if s.Done == after {
					cancel()
				}
			}
			broken, dir, err := runMatrix(ctx, t, b, s, o)
			if !errors.Is(err, context.Canceled) || broken.Stopped != "interrupted" || !broken.Ended.IsZero() || len(broken.Cells) != len(s.Cells) || broken.Counts[result.NotTested] == 0 {
				t.Errorf("interrupted after %d: %v, %q, %v", after, err, broken.Stopped, broken.Counts)
			}
			var stored result.Matrix
			if err := evidence.ReadJSON(dir.File("matrix.json"), &stored); err != nil || !cmp.Equal(outcomes(stored), outcomes(broken)) {
				t.Errorf("what is on disk after %d cells: %v", after, err)
			}
			if after%2 == 0 { // as after kill -9: matrix.json is from before
				for i := range stored.Cells {
					stored.Cells[i].Verdict, stored.Cells[i].Run = result.NotTested, ""
				}
				if err := evidence.WriteJSON(dir.File("matrix.json"), stored); err != nil {
					t.Fatal(err)
				}
			}
			again := 0
			o.OnCell = func(experiment.MatrixStep) { again++ }
			got, err := goOn(t.Context(), t, b, dir, o)
			if d := cmp.Diff(outcomes(whole), outcomes(got)); d != "" || err != nil || got.Ended.IsZero() || !got.Started.Equal(broken.Started) || got.Took <= broken.Took {
				t.Errorf("gone on after %d: %v, %s", after, err, d)
			}
			if most := len(s.Cells) - after + 1; again > most {
				t.Errorf("gone on after %d: %d cells were decided again", after, again)
			}
		}
	})
}

// After the budget no cell is begun; what is tried is whole.
func TestMatrixBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: answersOf(map[string]func(int) (string, error){"adjacency a@1 a@1": always("no")})}
		b := c.bench(t)
		s := interopSuite("a@1", "a@2")
		o := matrixOptions()
		o.Budget = 50 * time.Millisecond // the first cell alone takes three windows of 100 ms
		m, dir, err := runMatrix(t.Context(), t, b, s, o)
		if err != nil || m.Stopped != "the budget of 50ms was over" || m.Ended.IsZero() || m.Counts[result.Fail] != 1 || m.Counts[result.NotTested] != 7 {
			t.Errorf("%v, %q, %v", err, m.Stopped, m.Counts)
		}
		for _, cell := range m.Cells {
			if cell.Verdict == result.NotTested && cell.Reason != m.Stopped {
				t.Errorf("%s: %q", cell.Key(), cell.Reason)
			}
		}
		o.Budget = 0
		if m, err = goOn(t.Context(), t, b, dir, o); err != nil || m.Counts[result.NotTested] != 0 || m.Stopped != "" {
			t.Errorf("%v, %v", m.Counts, err)
		}
	})
}

// A budget that ends while the last cells are tried left none of them.
func TestMatrixBudgetOfTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := func(before int) (string, error) { // within its window, and after the budget
			if before < 4 {
				return "no", nil
			}
			return "yes", nil
		}
		c := &court{answers: answersOf(map[string]func(int) (string, error){"adjacency a@1 a@1": late, "adjacency a@1 a@2": always("no")})}
		o := matrixOptions()
		o.Labs, o.Budget = 2, 20*time.Millisecond
		o.Filter.Only, o.Filter.Tests = []map[string]string{{"dut": "a@1"}}, []string{"adjacency"}
		m, _, err := runMatrix(t.Context(), t, c.bench(t), interopSuite("a@1", "a@2"), o)
		if err != nil || m.Stopped != "" || m.Counts[result.Fail] != 1 || m.Counts[result.Pass] != 1 {
			t.Errorf("%v, %q, %v", err, m.Stopped, m.Counts)
		}
	})
}

// What rests on a test that is not applicable is blocked by it, in words that are none of a failure.
func TestMatrixBlockedByNotApplicable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := interopSuite("a@1")
		s.Cells[0].NotApplicable, s.Cells[0].Files = "a@1: it does not offer it", nil
		c := &court{answers: yes}
		m, _, err := runMatrix(t.Context(), t, c.bench(t), s, matrixOptions())
		if err != nil || m.Cells[1].Verdict != result.Blocked || m.Cells[1].Reason != "for these subjects adjacency is not applicable" {
			t.Errorf("%v, %+v", err, m.Cells[1])
		}
	})
}

// Cells of an earlier matrix are taken over where scenario and packages are the same, and were decided.
func TestMatrixOnlyChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := true
		c := &court{}
		c.answers = func(question string, _ int) (string, error) {
			switch {
			case question == "adjacency a@2 a@2" && broken:
				return "", errors.New("it does not answer")
			case question == "routes a@1 a@1" && broken:
				return "no", nil
			}
			return "yes", nil
		}
		b := c.bench(t)
		s := interopSuite("a@1", "a@2")
		old, oldDir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil || old.Counts[result.CellUnknown] != 1 || old.Counts[result.Blocked] != 1 || old.Counts[result.Fail] != 1 {
			t.Fatalf("%v, %v", old.Counts, err)
		}
		broken = false
		o := matrixOptions()
		o.Since, o.SinceDir = &old, oldDir.Path
		tried := func(change func(*experiment.MatrixSuite)) (keys []string, m result.Matrix, dir evidence.Dir) {
			changed := interopSuite("a@1", "a@2")
			change(&changed)
			o.OnCell = func(s experiment.MatrixStep) { keys = append(keys, s.Cell.Key()) }
			m, dir, err := runMatrix(t.Context(), t, b, changed, o)
			if err != nil {
				t.Fatal(err)
			}
			return keys, m, dir
		}
		undecided := []string{"adjacency[dut=a@2,peer=a@2]", "routes[dut=a@2,peer=a@2]"}
		keys, m, dir := tried(func(*experiment.MatrixSuite) {})
		if d := cmp.Diff(undecided, keys); d != "" {
			t.Errorf("nothing changed, and tried were %s", d)
		}
		for _, cell := range m.Cells {
			if (cell.From == old.ID) == slices.Contains(undecided, cell.Key()) {
				t.Errorf("%s is from %q", cell.Key(), cell.From)
			}
			if _, err := os.Stat(dir.File(cell.Run, "run.json")); err != nil {
				t.Errorf("%s: its run: %v", cell.Key(), err)
			}
		}
		if got := verdicts(m)["routes[dut=a@1,peer=a@1]"]; got != "fail 0/3" {
			t.Errorf("what had failed is %s", got)
		}
		if got := m.Cells[0].Run; got != "../"+old.ID+"/"+old.Cells[0].Run {
			t.Errorf("the run of a matrix beside it is %s", got)
		}
		// Of a matrix that lies elsewhere the runs are copied.
		moved := filepath.Join(t.TempDir(), "moved")
		if err := os.CopyFS(moved, os.DirFS(oldDir.Path)); err != nil {
			t.Fatal(err)
		}
		o.SinceDir = moved
		_, elsewhere, elsewhereDir := tried(func(*experiment.MatrixSuite) {})
		if got := elsewhere.Cells[0]; got.Run != old.Cells[0].Run || got.From != old.ID {
			t.Errorf("the run of a matrix elsewhere is %s, from %s", got.Run, got.From)
		}
		if _, err := os.Stat(elsewhereDir.File(old.Cells[0].Run, "trials", "0001", "verdict.json")); err != nil {
			t.Errorf("the run of a matrix elsewhere: %v", err)
		}
		o.SinceDir = oldDir.Path
		// One that goes on with it has them, too, without the earlier matrix.
		o.Since = nil
		if again, err := goOn(t.Context(), t, b, dir, o); err != nil || !cmp.Equal(outcomes(again), outcomes(m)) {
			t.Errorf("gone on: %v", err)
		}
		o.Since = &old
		if keys, _, _ = tried(func(s *experiment.MatrixSuite) {
			i := slices.IndexFunc(s.Cells, func(c experiment.MatrixCell) bool { return c.Cell.Key() == "routes[dut=a@1,peer=a@2]" })
			s.Cells[i].Files["scenario.yaml"] = bytes.ReplaceAll(s.Cells[i].Files["scenario.yaml"], []byte("it answers"), []byte("there is an answer"))
		}); len(keys) != 3 || !slices.Contains(keys, "routes[dut=a@1,peer=a@2]") {
			t.Errorf("a scenario changed, and tried were %q", keys)
		}
		o.Repeats, o.RepeatFailing = 2, 1
		if keys, _, _ = tried(func(*experiment.MatrixSuite) {}); len(keys) != 7 || slices.Contains(keys, "routes[dut=a@1,peer=a@1]") {
			t.Errorf("two trials are wanted of what had one, and tried were %q", keys)
		}
		o.Repeats, o.RepeatFailing = 1, 2
		c.packages = map[string]string{"a:1": "-2"}
		if keys, _, _ = tried(func(*experiment.MatrixSuite) {}); len(keys) != 8 {
			t.Errorf("the packages of a@1 changed, and tried were %q", keys)
		}
	})
}

// Of an earlier matrix, cells are tried again whose run is gone or leads elsewhere; a copy of a run that a process
// left half is made again, and one that is whole is left.
func TestMatrixOnlyChangedRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes}
		b := c.bench(t)
		s := interopSuite("a@1", "a@2")
		old, oldDir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil || old.Counts[result.Pass] != 8 {
			t.Fatalf("%v, %v", old.Counts, err)
		}
		moved := filepath.Join(t.TempDir(), "moved")
		if err := os.CopyFS(moved, os.DirFS(oldDir.Path)); err != nil {
			t.Fatal(err)
		}
		elsewhere := t.TempDir()
		link := filepath.Join(moved, old.Cells[2].Run)
		if err := errors.Join(os.RemoveAll(filepath.Join(moved, old.Cells[0].Run)), os.RemoveAll(link), os.Symlink(elsewhere, link)); err != nil {
			t.Fatal(err)
		}
		old.Cells[1].From, old.Cells[1].Run = "other", elsewhere
		old.Cells[3].Run = "../../" + filepath.Base(elsewhere)
		o := matrixOptions()
		o.Since, o.SinceDir = &old, moved
		dir, err := experiment.CreateMatrix(b.Parent, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		// A process was killed: one run is there, another one half.
		secret := filepath.Join(t.TempDir(), "secret")
		if err := errors.Join(os.WriteFile(secret, []byte("secret"), 0o600), os.Symlink(secret, filepath.Join(moved, old.Cells[6].Run, "link"))); err != nil {
			t.Fatal(err)
		}
		half := dir.File("runs", "."+filepath.Base(old.Cells[4].Run)+".part", "run.json")
		if err := errors.Join(os.CopyFS(dir.File(old.Cells[5].Run), os.DirFS(filepath.Join(moved, old.Cells[5].Run))), evidence.WriteFile(half, []byte("half"))); err != nil {
			t.Fatal(err)
		}
		m, err := goOn(t.Context(), t, b, dir, o)
		if err != nil || m.Counts[result.Pass] != 8 {
			t.Fatalf("%v, %v", m.Counts, err)
		}
		for i, cell := range m.Cells {
			if (cell.From == "") != (i < 4) {
				t.Errorf("%s is from %q", cell.Key(), cell.From)
			}
			var run evidence.RunInfo
			if err := evidence.ReadJSON(dir.File(cell.Run, "run.json"), &run); err != nil {
				t.Errorf("%s: %v", cell.Key(), err)
			}
		}
		if _, err := os.Stat(filepath.Dir(half)); err == nil {
			t.Error("a half copy is still there")
		}
		if _, err := os.Lstat(dir.File(m.Cells[6].Run, "link")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a link that leads elsewhere was taken over: %v", err)
		}
		// What its own matrix.json says is from elsewhere leads nowhere either.
		m.Cells[4].Run = elsewhere
		if err := evidence.WriteJSON(dir.File("matrix.json"), m); err != nil {
			t.Fatal(err)
		}
		o.Since = nil
		if again, err := goOn(t.Context(), t, b, dir, o); err != nil || again.Cells[4].From != "" || again.Cells[5].From == "" {
			t.Errorf("gone on: from %q and %q, %v", again.Cells[4].From, again.Cells[5].From, err)
		}
	})
}

// A choice takes cells by their subjects and their test, and one that no cell is of was meant otherwise.
func TestMatrixFilter(t *testing.T) {
	t.Parallel()
	s := interopSuite("a@1", "a@2", "b@1")
	for _, tt := range []struct {
		only, tests []string
		want        []string
		err         string
	}{
		{only: []string{"dut=a@1,peer=b@*"}, tests: []string{"adj*"}, want: []string{"adjacency[dut=a@1,peer=b@1]"}},
		{only: []string{"dut=b@1,peer=a@2", "dut=a@2,peer=b@1"}, tests: []string{"routes"}, want: []string{"routes[dut=a@2,peer=b@1]", "routes[dut=b@1,peer=a@2]"}},
		{only: []string{"dut=c@1"}, err: "no cell of pairs is of dut=c@1 (subjects: a@1, a@2, b@1)"},
		{only: []string{"dud=a@1"}, err: `pairs has no role "dud" (it has dut, peer)`},
		{only: []string{"a@1"}, err: `"a@1": want ROLE=PLATFORM@VERSION, as dut=frr@10.3 or peer=bird@*`},
		{only: []string{"dut=a@1,dut=a@2"}, err: "dut is a@1 and a@2: give --only once for each"},
		{only: []string{"dut=[a"}, err: `"[a": syntax error in pattern`},
		{tests: []string{"route"}, err: `pairs has no test "route" (it has adjacency, routes)`},
	} {
		f := experiment.MatrixFilter{Tests: tt.tests}
		err := error(nil)
		for _, text := range tt.only {
			only, perr := experiment.ParseOnly(text)
			f.Only, err = append(f.Only, only), errors.Join(err, perr)
		}
		if err == nil {
			err = f.Check(s)
		}
		if err != nil || tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q %q: error %v, want %s", tt.only, tt.tests, err, tt.err)
			}
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			o := matrixOptions()
			o.Filter = f
			c := &court{answers: yes}
			m, _, err := runMatrix(t.Context(), t, c.bench(t), s, o)
			if err != nil || len(m.Cells) != len(s.Cells) {
				t.Fatalf("%d cells, %v", len(m.Cells), err)
			}
			var tried []string
			for _, cell := range m.Cells {
				if cell.Verdict == result.Pass {
					tried = append(tried, cell.Key())
				} else if cell.Verdict != result.NotTested || cell.Reason != "it was not chosen" {
					t.Errorf("%s is %s: %s", cell.Key(), cell.Verdict, cell.Reason)
				}
			}
			if d := cmp.Diff(tt.want, tried); d != "" {
				t.Error(d)
			}
		})
	}
}

// How large a matrix is is known before anything is tried.
func TestMatrixSize(t *testing.T) {
	t.Parallel()
	s := interopSuite("a@1", "a@2", "b@1")
	s.Cells[0].NotApplicable = "no"
	c := &court{answers: yes, checks: func(top topologies.Topology) error {
		if top.Nodes[0].Image == "b:1" || top.Nodes[1].Image == "b:1" {
			return &topologies.MissingError{What: "image", Name: "b:1"}
		}
		return nil
	}}
	b := c.bench(t)
	dir, err := experiment.CreateMatrix(b.Parent, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := matrixOptions()
	o.Labs, o.Repeats = 2, 3
	o.Filter.Only = []map[string]string{{"dut": "a@*"}, {"peer": "a@*"}}
	p, err := experiment.PlanMatrix(dir, s, o)
	if err == nil {
		err = p.Look(t.Context(), b.Env.Provider, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	got := p.Size(o)
	if got.Least <= 0 || got.Most < 2*got.Least {
		t.Errorf("from %s to %s", got.Least, got.Most)
	}
	got.Least, got.Most = 0, 0
	want := experiment.MatrixSize{Tests: 2, Subjects: 3, Cells: 18, ToTry: 7, NotApplicable: 1, NotChosen: 2, Lacking: 8, Trials: 21, Labs: 4, Lacks: []string{"image b:1 is missing"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What a lab lacks is asked for each topology: two of the same images may differ in what they need.
func TestMatrixLacksByTopology(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes, checks: func(top topologies.Topology) error {
			if top.Nodes[0].Memory != "" {
				return &topologies.MissingError{What: "memory", Name: "1GiB"}
			}
			return nil
		}}
		s := interopSuite("a@1")
		file := s.Cells[1].Files["scenario.yaml"]
		s.Cells[1].Files["scenario.yaml"] = bytes.Replace(file, []byte(`dut: {image: "a:1"}`), []byte(`dut: {image: "a:1", memory: 1GiB}`), 1)
		m, _, err := runMatrix(t.Context(), t, c.bench(t), s, matrixOptions())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]string{"adjacency[dut=a@1,peer=a@1]": "pass 1/1", "routes[dut=a@1,peer=a@1]": "not-tested"}, verdicts(m)); d != "" {
			t.Error(d)
		}
	})
}

// Where an image is gone, what the folder decided of its cells stays, and nothing is taken over for them.
func TestMatrixImageGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes}
		b := c.bench(t)
		s := interopSuite("a@1")
		old, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil || old.Counts[result.Pass] != 2 {
			t.Fatalf("%v, %v", old.Counts, err)
		}
		c.gone = "a:1"
		c.checks = func(topologies.Topology) error { return &topologies.MissingError{What: "image", Name: "a:1"} }
		again, err := goOn(t.Context(), t, b, dir, matrixOptions())
		if d := cmp.Diff(outcomes(old), outcomes(again)); err != nil || d != "" || again.Subjects[0].Digest != old.Subjects[0].Digest {
			t.Errorf("gone on: %v, %q, %s", err, again.Subjects[0].Digest, d)
		}
		// Two whose images nobody could describe are not known to be the same.
		c.checks = nil
		old, dir, err = runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil {
			t.Fatal(err)
		}
		o := matrixOptions()
		o.Since, o.SinceDir = &old, dir.Path
		if m, _, err := runMatrix(t.Context(), t, b, s, o); err != nil || m.Cells[0].From != "" || m.Counts[result.Pass] != 2 {
			t.Errorf("taken over from %q, %v, %v", m.Cells[0].From, m.Counts, err)
		}
	})
}

// A suite whose cell is no scenario is wrong before anything is tried, and so is a file that leads elsewhere;
// a folder that somebody is at, that was altered or that is none is not gone on with.
func TestMatrixRefuses(t *testing.T) {
	t.Parallel()
	c := &court{answers: yes}
	b := c.bench(t)
	s := interopSuite("a@1")
	s.Cells[1].Files["scenario.yaml"] = []byte("reprise: v1\nid: x\n")
	dir, err := experiment.CreateMatrix(b.Parent, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := experiment.PlanMatrix(dir, s, matrixOptions()); err == nil || !strings.HasPrefix(err.Error(), "routes[dut=a@1,peer=a@1]: ") || !strings.Contains(err.Error(), "no topology") {
		t.Errorf("a broken cell: %v", err)
	}
	s.Cells[1].Files["../scenario.yaml"] = []byte("x")
	if _, err := experiment.CreateMatrix(b.Parent, s, nil); err == nil || !strings.Contains(err.Error(), `"../scenario.yaml" is outside`) {
		t.Errorf("a file elsewhere: %v", err)
	}
	if _, err := experiment.OpenMatrix(evidence.Dir{Path: b.Parent}); err == nil || !strings.Contains(err.Error(), "is no folder of a matrix") {
		t.Errorf("no matrix: %v", err)
	}
	s = interopSuite("a@1")
	synctest.Test(t, func(t *testing.T) {
		_, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil {
			t.Fatal(err)
		}
		file := result.MatrixLedger(dir.Path)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.Replace(data, []byte(`"verdict":"pass"`), []byte(`"verdict":"fail"`), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := experiment.PlanMatrix(dir, s, matrixOptions())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := experiment.Matrix(t.Context(), b, p, matrixOptions()); err == nil || !strings.Contains(err.Error(), "ledger.ndjson:2: the line before was altered or taken out") {
			t.Errorf("an altered ledger: %v", err)
		}
	})
}

// A record that cannot be written ends the matrix, and every cell says so.
func TestMatrixWithoutRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes}
		b := c.bench(t)
		s := interopSuite("a@1")
		dir, err := experiment.CreateMatrix(b.Parent, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir.File("runs"), nil, 0o600); err != nil { // where the runs' folder would be
			t.Fatal(err)
		}
		m, err := goOn(t.Context(), t, b, dir, matrixOptions())
		if record := (*experiment.RecordError)(nil); !errors.As(err, &record) || m.Counts[result.NotTested] != 2 || !strings.HasPrefix(m.Stopped, "broken off: ") {
			t.Errorf("%v, %v, %q", err, m.Counts, m.Stopped)
		}
	})
}

// What a matrix is of is read back from its folder.
func TestMatrixFolder(t *testing.T) {
	t.Parallel()
	c := &court{answers: yes}
	b := c.bench(t)
	s := interopSuite("a@1")
	dir, err := experiment.CreateMatrix(b.Parent, s, map[string]int{"labs": 3})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(filepath.Base(dir.Path), "Z-pairs-") {
		t.Errorf("the folder is %s", dir.Path)
	}
	again, err := experiment.OpenMatrix(dir)
	for i := range s.Cells {
		s.Cells[i].Files = nil
	}
	if d := cmp.Diff(s, again); d != "" || err != nil {
		t.Errorf("%v, %s", err, d)
	}
}
