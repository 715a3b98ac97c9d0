package interop

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
)

// cells are one of each verdict, of two tests.
func cells() []result.Cell {
	of := func(test, dut string, v result.CellVerdict, reason string) result.Cell {
		return result.Cell{Test: test, Subjects: map[string]string{"dut": dut}, Verdict: v, Reason: reason}
	}
	known := of("up", "a@2", result.Fail, "it is not up")
	known.Deviation = &result.Deviation{ID: "old", Expect: result.Fail, Reason: "it never was"}
	flaky := of("routes", "a@3", result.Flaky, "1 of 3 passed")
	flaky.Passed, flaky.Valid, flaky.Trials = 1, 3, 3
	return []result.Cell{
		of("up", "a@1", result.Pass, ""), of("up", "a@3", result.PassWithNote, "a note"), known, of("up", "a@4", result.NotApplicable, "not offered"),
		of("routes", "a@1", result.CellUnknown, "nobody could look"), flaky, of("routes", "a@2", result.Blocked, "up did not pass"), of("routes", "a@4", result.NotTested, "the budget of 1m0s was over"),
	}
}

func TestPrintMatrix(t *testing.T) {
	m := result.Matrix{
		Tests: []result.MatrixTest{{ID: "up"}, {ID: "routes"}, {ID: "none"}}, Cells: cells(), Took: 61 * time.Second, Clock: evidence.Clock{Speed: 10}, Stopped: "the budget of 1m0s was over",
	}
	m.Counts = m.Count()
	got := clitest.View(func(w io.Writer) {
		printMatrix(w, ranMatrix{Matrix: m, Dir: "/m"}, "reprise matrix run --resume /m --fleet URL")
	})
	want := `
test                              pass  pass-with-note  flaky  fail  inconclusive  blocked  not-applicable  not-tested
up                                   1               1            1                                      1
routes                                                      1                   1        1                           1
all                                  1               1      1     1             1        1               1           1
pass-with-note  up[dut=a@3]: a note
fail  up[dut=a@2]: it is not up; known: old: it never was
inconclusive  routes[dut=a@1]: nobody could look
flaky(1/3)  routes[dut=a@3]: 1 of 3 passed
stopped: the budget of 1m0s was over; go on with: reprise matrix run --resume /m --fleet URL
8 cells, 1 with trials, in 1m1s at speed 10; evidence in /m
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// What an earlier matrix tried did not take this one's time.
	m.Cells[5].From = "20261128T101500Z-s-0a0b"
	if got := clitest.View(func(w io.Writer) { printMatrix(w, ranMatrix{Matrix: m}, "") }); !strings.Contains(got, "8 cells, 1 with trials, 1 of them taken over, in 1m1s") {
		t.Error(got)
	}
	// A test of which nothing was chosen has no line.
	for i := range m.Cells {
		if m.Cells[i].Test == "up" && m.Cells[i].Verdict != result.NotApplicable {
			m.Cells[i].Verdict, m.Cells[i].Reason = result.NotTested, experiment.NotChosen
		}
	}
	if got := clitest.View(func(w io.Writer) { printMatrix(w, ranMatrix{Matrix: m}, "") }); strings.Contains(got, "\nup ") || !strings.Contains(got, "\nroutes ") {
		t.Error(got)
	}
}

// Nothing but what fails and is not explained is a no, and what tells nothing, or was left, is no yes.
func TestExitOf(t *testing.T) {
	all := cells()
	for _, tt := range []struct {
		name    string
		cells   []result.Cell
		stopped string
		want    int
	}{
		{"all pass, or are explained, or left by choice", append(all[:4:4], all[6:]...), "", cli.ExitYes},
		{"one tells nothing", all[:5], "", cli.ExitInconclusive},
		{"one is flaky", all[:6], "", cli.ExitNo},
		{"the budget left some", all[:4], "the budget of 1m0s was over", cli.ExitInconclusive},
		{"one fails, and the budget left some", all[:6], "the budget of 1m0s was over", cli.ExitNo},
	} {
		if got := exitOf(result.Matrix{Cells: tt.cells, Stopped: tt.stopped}); got != tt.want {
			t.Errorf("%s: exit status %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestSteps(t *testing.T) {
	c := cells()[5]
	c.Took = 2500 * time.Millisecond
	s := experiment.MatrixStep{Cell: c, Done: 9, Of: 120, Left: 3700 * time.Second}
	if got, want := stepWords(s), "    9/120  flaky(1/3)        2.5s  routes[dut=a@3]  1 of 3 passed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := stepStatus(s), "9 of 120 cells, about 1h2m left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSizeWords(t *testing.T) {
	for _, tt := range []struct {
		size experiment.MatrixSize
		want string
	}{
		{
			experiment.MatrixSize{Tests: 4, Subjects: 3, Cells: 45, ToTry: 45, Trials: 45, Least: 50 * time.Second, Most: 9*time.Minute + 30*time.Second},
			"45 cells: 4 tests with 3 subjects; 45 to try, 45 trials in 2 labs: from 50s, where all pass at once, to 9m30s, where all fail",
		},
		{
			experiment.MatrixSize{Tests: 1, Subjects: 1, Cells: 9, NotApplicable: 1, NotChosen: 2, Lacking: 3, Known: 2, ToTry: 1, Trials: 1, Least: 90 * time.Minute, Most: 100 * time.Hour},
			"9 cells: 1 test with 1 subject; 1 not applicable; 2 not chosen; 3 cannot be tried here; 2 known already; 1 to try, 1 trial in 2 labs: from 1h30m, where all pass at once, to 100h0m, where all fail",
		},
	} {
		if got := sizeWords(tt.size, 2); got != tt.want {
			t.Errorf("%s\nwant\n%s", got, tt.want)
		}
	}
}

func TestPrintSuite(t *testing.T) {
	s := shownSuite{
		ID: "s", Title: "A suite", Subjects: []result.Subject{{Name: "a@1", Image: "a:1"}}, Uncovered: []string{"rfc0/2"},
		Tests:        []shownTest{{result.MatrixTest{ID: "up", Title: "It is up", Requirements: []string{"rfc0/1"}}, 2, 1}, {result.MatrixTest{ID: "on", Title: "It stays", After: []string{"up"}}, 1, 0}},
		Requirements: []result.Requirement{{ID: "rfc0/1", Document: "RFC 0", Section: "1", Level: "MUST", Text: "It comes up", Tests: []string{"up"}}, {ID: "rfc0/2", Document: "RFC 0", Section: "2", Level: "MAY", Text: "It sings"}},
		Size:         experiment.MatrixSize{Tests: 2, Subjects: 1, Cells: 3, NotApplicable: 1, ToTry: 2, Trials: 2, Least: time.Second, Most: time.Minute},
	}
	want := `s: A suite
  subject  a@1              a:1
  test     up: It is up (2 cells, 1 not applicable)
             covers rfc0/1
  test     on: It stays (1 cell)
             after  up
  requires rfc0/1 (RFC 0 section 1, MUST): It comes up: up
  requires rfc0/2 (RFC 0 section 2, MAY): It sings: no test
1 of 2 requirements covered; not covered: rfc0/2
3 cells: 2 tests with 1 subject; 1 not applicable; 2 to try, 2 trials in 1 lab: from 1s, where all pass at once, to 1m, where all fail
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printSuite(w, s) })); d != "" {
		t.Error(d)
	}
}

func TestPrintPlanned(t *testing.T) {
	list := cells()
	list[7].Reason = experiment.NotYet
	for range 520 {
		list = append(list, result.Cell{Test: "routes", Subjects: map[string]string{"dut": "a@9"}, Verdict: result.NotTested, Reason: experiment.NotChosen})
	}
	got := clitest.View(func(w io.Writer) {
		printPlanned(w, plannedMatrix{Cells: list[6:], Size: experiment.MatrixSize{Tests: 1, Subjects: 1, Cells: 522, NotChosen: 520, ToTry: 1, Trials: 1, Least: time.Second, Most: time.Second}}, 1)
	})
	want := `  routes[dut=a@2]  blocked: up did not pass
  routes[dut=a@4]  to try
522 cells: 1 test with 1 subject; 520 not chosen; 1 to try, 1 trial in 1 lab: from 1s, where all pass at once, to 1s, where all fail
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPrintSuites(t *testing.T) {
	got := clitest.View(func(w io.Writer) {
		printSuites(w, []listedSuite{{ID: "s", Title: "A suite", Subjects: []string{"a@1", "a@2"}, Tests: 2, Cells: 8}})
	})
	want := "s              2 tests     8 cells  A suite\n             a@1 a@2\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The frames that are shown are those of the cell as it was tried again, where it fails still.
func TestPrintOpinionFrames(t *testing.T) {
	was := result.Cell{Test: "up", Verdict: result.Fail, Reason: "it is not up", Decisive: []result.Decisive{{Capture: "a.pcapng", Frame: 7, Words: "OPEN of then"}}}
	fails, passes := was, was
	fails.Decisive = []result.Decisive{{Capture: "b.pcapng", Frame: 3, Words: "OPEN of now", Complains: true}}
	passes.Verdict, passes.Decisive = result.Pass, nil
	for want, again := range map[string]*result.Cell{
		"  sent    frame 7 of a.pcapng: OPEN of then":   nil,
		"  refused frame 3 of b.pcapng: OPEN of now":    &fails,
		"  sent    frame 7 of a.pcapng: OPEN of then\n": &passes,
	} {
		o := result.Opinion{Cell: was, Again: again, Judgement: result.Undetermined}
		if got := clitest.View(func(w io.Writer) { printOpinion(w, explained{Opinion: o}) }); !strings.Contains(got, strings.TrimSpace(want)) || strings.Count(got, "frame ") != 1 {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
