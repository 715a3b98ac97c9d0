package isolate

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

func TestIsolateOptions(t *testing.T) {
	type asked = clitest.Asked[isolateOptions]
	otherwise := cli.IsolateChoices{Labs: 1, KeepRate: 0.5, Measure: 10, ControlRuns: 5}
	const bounds = "--measure takes 1 to 10000, --control-trials 0 to 10000, --keep-rate more than 0 and at most 1, --budget no less than nothing"
	const labs = "--labs takes 1 to 64"
	const which = "give a scenario, or --resume with the folder of an isolation"
	clitest.Options(t, newIsolate, []asked{
		{Args: []string{"s"}, Want: isolateOptions{scenario: "s", dir: "isolations", IsolateChoices: otherwise}},
		{
			Args: []string{"s", "--set", "r1.image=x", "--budget", "4h", "--labs", "2", "--keep-rate", "1", "--one-run", "--measure", "3", "--control-trials", "0", "--reset", "config", "--provider", "mixed", "--dir", "d", "--trust", "labs"},
			Want: isolateOptions{App: &cli.App{Trust: []string{"labs"}}, scenario: "s", dir: "d", IsolateChoices: cli.IsolateChoices{
				Set: []string{"r1.image=x"}, Budget: 4 * time.Hour, Labs: 2, KeepRate: 1, OneRun: true, Measure: 3, Reset: "config", Provider: "mixed",
			}},
		},
		{Args: []string{"--resume", "d"}, Want: isolateOptions{resume: "d", dir: "isolations", IsolateChoices: otherwise}},
		{
			Args: []string{"--resume", "d", "--labs", "3", "--trust", "labs"},
			Want: isolateOptions{App: &cli.App{Trust: []string{"labs"}}, resume: "d", dir: "isolations", otherLabs: true, IsolateChoices: cli.IsolateChoices{Labs: 3, KeepRate: 0.5, Measure: 10, ControlRuns: 5}},
		},
		{Args: []string{"--resume", "d", "--labs", "0"}, Err: labs},
		{Args: []string{"--resume", "d", "--budget", "1h", "--measure", "10"}, Err: meaningless("--budget", "an isolation")},
		{Args: nil, Err: which},
		{Args: []string{"s", "--resume", "d"}, Err: which},
		{Args: []string{"s", "s"}, Err: "accepts at most 1 arg(s), received 2"},
		{Args: []string{"s", "--labs", "65"}, Err: labs},
		{Args: []string{"s", "--measure", "0"}, Err: bounds},
		{Args: []string{"s", "--keep-rate", "0"}, Err: bounds},
		{Args: []string{"s", "--keep-rate", "NaN"}, Err: bounds},
		{Args: []string{"s", "--measure", "99999999"}, Err: bounds},
		{Args: []string{"s", "--control-trials", "99999999"}, Err: bounds},
		{Args: []string{"s", "--control-trials", "-1"}, Err: bounds},
		{Args: []string{"s", "--budget", "-1h"}, Err: bounds},
	})
}

// meaningless is what is said of a flag beside --resume.
func meaningless(flag, what string) string {
	return flag + " has no meaning with --resume: " + what + " is gone on with by the choices that it was begun with"
}

func TestBisectOptions(t *testing.T) {
	type asked = clitest.Asked[bisectOptions]
	otherwise := cli.BisectChoices{Confidence: 0.99, MaxRuns: 300, Measure: 5, Labs: 1}
	const bounds = "--confidence takes more than 0.5 and less than 1, --max-trials and --measure 1 to 10000"
	const which = "give a scenario and --versions, or --resume with the folder of a bisection"
	clitest.Options(t, newBisect, []asked{
		{Args: []string{"s", "--versions", "a,b"}, Want: bisectOptions{scenario: "s", list: "a,b", dir: "bisections", BisectChoices: otherwise}},
		{
			Args: []string{"s", "--versions", "f", "--node", "r1,r2", "--set", "r1.env.A=b", "--confidence", "0.9", "--max-trials", "9", "--measure", "2", "--labs", "4", "--one-sided", "--fixed", "--reset", "none", "--provider", "mixed", "--dir", "d", "--trust", "labs"},
			Want: bisectOptions{App: &cli.App{Trust: []string{"labs"}}, scenario: "s", list: "f", dir: "d", BisectChoices: cli.BisectChoices{
				Nodes: []string{"r1", "r2"}, Set: []string{"r1.env.A=b"}, Confidence: 0.9, MaxRuns: 9, Measure: 2, Labs: 4, OneSided: true, Fixed: true, Reset: "none", Provider: "mixed",
			}},
		},
		{Args: []string{"--resume", "d"}, Want: bisectOptions{resume: "d", dir: "bisections", BisectChoices: otherwise}},
		{Args: []string{"--resume", "d", "--labs", "1"}, Want: bisectOptions{resume: "d", dir: "bisections", otherLabs: true, BisectChoices: otherwise}},
		{Args: []string{"--resume", "d", "--fixed", "--versions", "a,b"}, Err: meaningless("--fixed", "a bisection")},
		{Args: []string{"s", "--versions", "a,b", "--labs", "0"}, Err: "--labs takes 1 to 64"},
		{Args: []string{"s"}, Err: which},
		{Args: []string{"--versions", "a,b"}, Err: which},
		{Args: []string{"s", "--resume", "d"}, Err: which},
		{Args: []string{"s", "--versions", "a,b", "--confidence", "NaN"}, Err: bounds},
		{Args: []string{"s", "--versions", "a,b", "--max-trials", "99999999"}, Err: bounds},
		{Args: []string{"s", "--versions", "a,b", "--measure", "99999999"}, Err: bounds},
		{Args: []string{"s", "--versions", "a,b", "--confidence", "0.5"}, Err: bounds},
		{Args: []string{"s", "--versions", "a,b", "--max-trials", "0"}, Err: bounds},
		{Args: []string{"s", "--versions", "a,b", "--measure", "0"}, Err: bounds},
	})
}

// Whoever resumes gets the choices that the search was begun with, and not those of flags.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	if err := evidence.WriteJSON(filepath.Join(dir, "options.json"), &cli.IsolateChoices{Labs: 2, Measure: 7, Scenario: "scenario.yaml"}); err != nil {
		t.Fatal(err)
	}
	c := cli.IsolateChoices{Labs: 9, OneRun: true, Budget: time.Hour}
	if _, err := resume(dir, "an isolation", &c); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(cli.IsolateChoices{Labs: 2, Measure: 7, Scenario: "scenario.yaml"}, c); d != "" {
		t.Error(d)
	}
	_, err := resume(filepath.Join(dir, "none"), "an isolation", &c)
	if err == nil || cli.ExitCode(err) != cli.ExitInput || !strings.Contains(err.Error(), "is no folder of an isolation") {
		t.Errorf("error %v", err)
	}
}

// The number of labs changes nothing that a search comes to, so whoever resumes may give another.
func TestResumeWithOtherLabs(t *testing.T) {
	dir := t.TempDir()
	if err := evidence.WriteJSON(filepath.Join(dir, "options.json"), map[string]int{"labs": 2, "measure": 7}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		other bool
		want  int
	}{{false, 2}, {true, 4}} {
		i := isolateOptions{resume: dir, otherLabs: tt.other, IsolateChoices: cli.IsolateChoices{Labs: 4, Measure: 1}}
		b := bisectOptions{resume: dir, otherLabs: tt.other, BisectChoices: cli.BisectChoices{Labs: 4, Measure: 1}}
		_, ierr := i.goOn()
		_, berr := b.goOn()
		if ierr != nil || berr != nil || i.Labs != tt.want || b.Labs != tt.want || i.Measure != 7 || b.Measure != 7 {
			t.Errorf("%+v, %+v, %v, %v", i.IsolateChoices, b.BisectChoices, ierr, berr)
		}
	}
}

func TestNodesOf(t *testing.T) {
	l := &scenarios.Loaded{
		Scenario: scenarios.Scenario{ID: "s", Nodes: map[string]scenarios.Node{"a": {Role: scenarios.RoleDUT}, "b": {Role: scenarios.RolePeer}}},
		Topology: topologies.Topology{Nodes: []topologies.Node{{Name: "a"}, {Name: "b"}}},
	}
	none := &scenarios.Loaded{Scenario: scenarios.Scenario{ID: "s"}, Topology: l.Topology}
	for _, tt := range []struct {
		of    *scenarios.Loaded
		named []string
		want  []string
		err   string
	}{
		{l, nil, []string{"a"}, ""},
		{l, []string{"b"}, []string{"b"}, ""},
		{l, []string{"c"}, nil, "--node c: the topology has a, b"},
		{none, nil, nil, "no node of s has the role dut: say with --node which one runs the version"},
	} {
		got, err := nodesOf(tt.of, tt.named)
		if d := cmp.Diff(tt.want, got); d != "" || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %s, error %v", tt.named, d, err)
		}
	}
}

func TestReadVersions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trains.txt")
	if err := os.WriteFile(file, []byte("a:1\nb:2 after a:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{file, "a:1,b:2"} {
		if got, err := readVersions(list); err != nil || len(got) != 2 || got[1].Image != "b:2" {
			t.Errorf("%s: %v, %v", list, got, err)
		}
	}
	if _, err := readVersions("none"); err == nil || !strings.HasPrefix(err.Error(), "--versions none: no such file, and no list with commas: ") {
		t.Errorf("error %v", err)
	}
}

func TestPrintIsolation(t *testing.T) {
	out := result.Isolation{
		Complete: true, Before: "9 parts", After: "1 part", Original: result.Count{Hits: 4, Misses: 6}, Control: result.Count{Misses: 5}, Final: result.Count{Hits: 3, Misses: 3},
		Runs: 40, Levels: []result.Level{{Seconds: 61}, {Seconds: 1}}, Result: "/r", Reliable: "/s", Why: "/w", Side: []string{"one"},
		Ahead: &result.Ahead{Labs: 4, Used: 30, Gained: 125.4, Thrown: 1, Wasted: 61},
		Needed: []result.NeededPart{
			{Part: "node r2", Need: result.Need{Reason: "no lab"}},
			{Part: "line r1:2", Need: result.Need{Without: result.Count{Invalid: 2}, Reason: `"s" is unknown`}},
			{Part: "line r1:3", Need: result.Need{Without: result.Count{Misses: 8}}},
			{Part: "line r1:4", Need: result.Need{Without: result.Count{Misses: 8}, Control: result.Count{Hits: 1, Misses: 1}}},
		},
	}
	got := clitest.View(func(w io.Writer) { printIsolation(w, out) })
	want := `CUT: no more can be taken out; whether 2 of the 4 parts left are needed is not known: no run without them decided
before: 9 parts
left:   1 part
rate ` + out.Original.String() + ` before, ` + out.Final.String() + ` now; 95% Wilson
control ` + out.Control.String() + `
40 runs, 1m2s all together
tried ahead in 4 labs: 30 runs asked for later, under way for 2m5s by then; 1 run thrown away, after 1m1s in labs
unknown: node r2                                                     no trial without it: no lab
unknown: line r1:2                                                   no trial without it: "s" is unknown
needed: line r1:3                                                    without it 0/8
needed: line r1:4                                                    without it 0/8, and its control 1/2
1 run showed another failure: see /w
result: /r
fails more often, with more around it: /s
why:    /w
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	out.Needed = out.Needed[2:]
	out.Unset = true
	got = clitest.View(func(w io.Writer) { printIsolation(w, out) })
	for _, want := range []string{"CUT: every part that is left is needed\n", "no step of the stimulus is left: the problem shows without any, and nothing of it sets it off\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is to be in\n%s", want, got)
		}
	}
	out.Clock = evidence.Clock{Speed: 10}
	for _, tt := range []struct {
		real *result.RealTime
		want string
	}{
		{&result.RealTime{Final: result.Count{Hits: 3}, Control: result.Count{Misses: 2}, Shows: true}, "CUT at speed 10: every part that is left is needed\n"},
		{&result.RealTime{Final: result.Count{Misses: 3}, Control: result.Count{Misses: 2}}, "NOT SHOWN AT SPEED 1: what is left shows the problem at speed 10 only, and is no reduction of it; isolate at a lower --speed\n"},
	} {
		out.Real = tt.real
		got := clitest.View(func(w io.Writer) { printIsolation(w, out) })
		for _, want := range []string{
			" now; 95% Wilson at speed 10\ncontrol " + out.Control.String() + " at speed 10\n",
			"at speed 1: rate " + tt.real.Final.String() + " now; 95% Wilson; control " + tt.real.Control.String() + "\n",
		} {
			if !strings.HasPrefix(got, tt.want) || !strings.Contains(got, want) {
				t.Errorf("%q and %q are to be in\n%s", tt.want, want, got)
			}
		}
	}
	out.Complete, out.Clock = false, evidence.Clock{}
	if got := clitest.View(func(w io.Writer) { printIsolation(w, out) }); !strings.HasPrefix(got, "NOT COMPLETE: the budget is used up; this is the best so far\n") {
		t.Errorf("printed:\n%s", got)
	}
}

func TestPrintBisection(t *testing.T) {
	versions := []result.Version{{Image: "x:1", Runs: result.Count{Misses: 5}}, {Image: "x:2", Passed: "no such image"}, {Image: "x:3", Runs: result.Count{Hits: 2, Misses: 1}, Posterior: 0.995}}
	for _, tt := range []struct {
		name string
		out  result.Bisection
		want string
	}{
		{"found", result.Bisection{Found: true, First: "x:3", Confidence: 0.995}, "FOUND: it came in with x:3 (0.995)\n"},
		{"a range", result.Bisection{Found: true, First: "x:2", Range: []string{"x:2", "x:3"}, Confidence: 0.995, Fixed: true}, "FOUND: it went away with one of x:2, x:3 (0.995); they cannot be told apart, for some could not be run\n"},
		{"by a fast clock", result.Bisection{Found: true, First: "x:3", Confidence: 0.995, Clock: evidence.Clock{Speed: 10}, Real: &result.RealTime{Shows: true}}, "FOUND at speed 10: it came in with x:3 (0.995)\n"},
		{"not in real time", result.Bisection{Found: true, First: "x:3", Confidence: 0.995, Clock: evidence.Clock{Speed: 10}, Real: &result.RealTime{}}, "NOT SHOWN AT SPEED 1: it came in with x:3 at speed 10 only (0.995), or nobody could tell in real time; bisect at a lower --speed\n"},
		{"undecided", result.Bisection{First: "x:3", Confidence: 0.7}, "UNDECIDED after 8 runs; likeliest is that it came in with x:3 (0.700)\n"},
	} {
		tt.out.Versions, tt.out.Runs, tt.out.Dir, tt.out.Ahead = versions, 8, "d", &result.Ahead{Labs: 2, Used: 1, Gained: 2, Thrown: 3, Wasted: 4}
		tt.out.Good, tt.out.Bad = versions[0].Runs, versions[2].Runs
		slow := ""
		if r := tt.out.Real; r != nil {
			slow = "at speed 1, the versions beside it: with the problem " + r.Final.String() + "; without " + r.Control.String() + "; 95% Wilson\n"
		}
		want := tt.want +
			"  x:1                                      0.000  0/5\n" +
			"  x:2                                      0.000  no such image\n" +
			"  x:3                                      0.995  2/3\n" +
			"side without it " + tt.out.Good.String() + "; side with it " + tt.out.Bad.String() + "; 95% Wilson" + tt.out.Clock.Beside() + ", the measured ends included\n" + slow +
			"tried ahead in 2 labs: 1 run asked for later, under way for 2s by then; 3 runs thrown away, after 4s in labs\n" +
			"8 runs; evidence in d\n"
		if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printBisection(w, tt.out) })); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestFaultSweepOptions(t *testing.T) {
	type asked = clitest.Asked[faultSweepOptions]
	const which = "give a scenario, or --resume with the folder of a sweep"
	const frames = ": want frames from 1 on, as 1..20 or 2,5,9, and 1000 at most"
	const bounds = "--max-trials takes 1 to 10000, --control-trials 0 to 10000"
	otherwise := faultSweepOptions{scenario: "s", SweepChoices: cli.SweepChoices{Nth: "1..10", SPRT: "0.05,0.5", MaxTrials: 12, ControlRuns: 5}, dir: "sweeps"}
	with := func(change func(*faultSweepOptions)) faultSweepOptions {
		o := otherwise
		change(&o)
		return o
	}
	clitest.Options(t, newFaultSweep, []asked{
		{Args: []string{"s"}, Want: otherwise},
		{
			Args: []string{"s", "--nth", "2,5..7", "--fault", "lost", "--sprt", "0.1,0.9", "--max-trials", "3", "--control-trials", "0", "--set", "r1.image=x", "--speed", "5", "--reset", "redeploy", "--provider", "mixed", "--dir", "d"},
			Want: with(func(o *faultSweepOptions) {
				o.Nth, o.Fault, o.SPRT, o.MaxTrials, o.ControlRuns, o.Set, o.Speed, o.Reset, o.Lab.Provider, o.dir = "2,5..7", "lost", "0.1,0.9", 3, 0, []string{"r1.image=x"}, 5, "redeploy", "mixed", "d"
			}),
		},
		{Args: []string{"--resume", "d"}, Want: with(func(o *faultSweepOptions) { o.scenario, o.resume = "", "d" })},
		{Args: []string{"--resume", "d", "--nth", "0"}, Err: meaningless("--nth", "a sweep")},
		{Args: nil, Err: which},
		{Args: []string{"s", "--resume", "d"}, Err: which},
		{Args: []string{"s", "--nth", "0..2"}, Err: "--nth 0..2" + frames},
		{Args: []string{"s", "--nth", "3..2"}, Err: "--nth 3..2" + frames},
		{Args: []string{"s", "--nth", "1..1001"}, Err: "--nth 1..1001" + frames},
		{Args: []string{"s", "--nth", "two"}, Err: "--nth two" + frames},
		{Args: []string{"s", "--sprt", "0.5"}, Err: "--sprt 0.5: want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5"},
		{Args: []string{"s", "--max-trials", "0"}, Err: bounds},
		{Args: []string{"s", "--control-trials", "-1"}, Err: bounds},
	})
}

func TestFaultTryOptions(t *testing.T) {
	type asked = clitest.Asked[faultTryOptions]
	const which = `say which fault: a step, as '{link: "r1:eth1", fault: drop}', or --fault with one of the scenario's (reprise fault list)`
	clitest.Options(t, newFaultTry, []asked{
		{Args: []string{"s", "{}"}, Want: faultTryOptions{scenario: "s", step: "{}", last: 10 * time.Second, dir: "tries"}},
		{
			Args: []string{"s", "--fault", "lost", "--for", "3s", "--set", "r1.image=x", "--speed", "5", "--reset", "none", "--provider", "mixed", "--dir", "d"},
			Want: faultTryOptions{scenario: "s", fault: "lost", last: 3 * time.Second, set: []string{"r1.image=x"}, speed: 5, reset: "none", lab: cli.LabFlags{Provider: "mixed"}, dir: "d", inTrial: []string{"--set", "--reset", "--speed"}},
		},
		{Args: []string{"s"}, Err: which},
		{Args: []string{"s", "{}", "--fault", "lost"}, Err: which},
		{Args: []string{"s", "{}", "--for", "0s"}, Err: "--for takes 1ms to 24h"},
	})
}

func TestFaultListOptions(t *testing.T) {
	clitest.Options(t, newFaultList, []clitest.Asked[faultListOptions]{
		{Args: []string{"s"}, Want: faultListOptions{scenario: "s"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestOrdinals(t *testing.T) {
	if got, err := cli.Ordinals("2, 5..7"); err != nil || !slices.Equal(got, []int{2, 5, 6, 7}) {
		t.Errorf("got %v, %v", got, err)
	}
}
