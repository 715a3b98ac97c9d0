package reproduce

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

func TestPrintOutcome(t *testing.T) {
	o := Outcome{
		Dir: "runs/x", Report: "/runs/x/report.html", Rate: evidence.Rate{Wilson: [2]float64{0.21, 0.94}},
		Verdict: evidence.RunVerdict{
			Verdict: evidence.Reproduced, Expected: evidence.Reproduced, Reason: "2 of 3 trials", Reproduced: 2, NotReproduced: 1, Inconclusive: 1,
			OtherFailures: []string{"zebra died"},
		},
		NotRun: &notRun{Trials: 2}, Enter: []string{"docker exec -it a sh"},
	}
	want := `
REPRODUCED: 2 of 3 trials
rate 2/3 = 0.67, 95% [0.21, 0.94] Wilson
beside it 1 inconclusive, 0 not applicable: they are in no rate
2 more were not run: what a fresh lab refused, it would refuse again (--all runs them)
another failure: zebra died
report: /runs/x/report.html
enter: docker exec -it a sh
the lab stays up until: reprise gc --run x
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printOutcome(w, o) })); d != "" {
		t.Error(d)
	}
	fast := o
	fast.Clock.Speed = 10
	if got := clitest.View(func(w io.Writer) { printOutcome(w, fast) }); !strings.HasPrefix(got, "\nREPRODUCED at speed 10: 2 of 3 trials\nrate 2/3 = 0.67, 95% [0.21, 0.94] Wilson at speed 10\n") {
		t.Errorf("printed:\n%s", got)
	}
	control := Outcome{Report: "/r", Verdict: evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.NotReproduced, Reason: "it shows"}}
	if got := clitest.View(func(w io.Writer) { printOutcome(w, control) }); got != "\nREPRODUCED: it shows\ndeclared is not-reproduced\nreport: /r\n" {
		t.Errorf("printed:\n%s", got)
	}
}

// The demo says what was seen and no more: a fix is what verify-fix tells.
func TestPrintDemo(t *testing.T) {
	is := func(v evidence.Verdict, k, misses int) Outcome {
		return Outcome{Report: "r.html", Verdict: evidence.RunVerdict{Verdict: v, Reproduced: k, NotReproduced: misses}}
	}
	for _, tt := range []struct {
		name            string
		affected, fixed Outcome
		want            string
	}{
		{
			"both as declared", is(evidence.Reproduced, 2, 0), is(evidence.NotReproduced, 0, 2),
			"Seen in 2 of 2 valid trials of the affected version, and not seen in 2 of 2 of the fixed one. Open the report: r.html\n" +
				"Whether that is a fix is told by: reprise verify-fix frr-ospf-default-metric --image r1=reprise/frr:10.3\n",
		},
		{
			"not every time", is(evidence.Reproduced, 1, 1), is(evidence.NotReproduced, 0, 1),
			"Seen in 1 of 2 valid trials of the affected version, and not seen in 1 of 1 of the fixed one. Open the report: r.html\n" +
				"Whether that is a fix is told by: reprise verify-fix frr-ospf-default-metric --image r1=reprise/frr:10.3\n",
		},
		{"both show it", is(evidence.Reproduced, 2, 0), is(evidence.Reproduced, 2, 0), ""},
		{"nothing is told", is(evidence.Inconclusive, 0, 0), is(evidence.NotReproduced, 0, 2), ""},
	} {
		if got := clitest.View(func(w io.Writer) { printDemo(w, tt.affected, tt.fixed) }); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	l, err := scenarios.Load("../../../scenarios/corpus/bugs/"+demoScenario, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if node, image, _ := strings.Cut(demoFix, "="); l.Scenario.Control == nil || fmt.Sprint(l.Scenario.Control.Set[node+".image"]) != image {
		t.Errorf("the control runs %v, and %s is called the fix", l.Scenario.Control, demoFix)
	}
}

func TestPrintRate(t *testing.T) {
	control := result.NewProportion("", 0, 5)
	r := result.Rate{
		Rate: evidence.Rate{Reproduced: 3, Valid: 10, ClopperPearson: [2]float64{0.07, 0.65}}, Pooled: true, Answer: "it shows in 3 of 10", Control: &control,
		Trials: 11, Inconclusive: 1, Stopped: result.StopWidth, Biased: true, CleanRuns95: 12, CleanRuns99: 1 << 30, Report: "/r",
	}
	got := clitest.View(func(w io.Writer) { printRate(w, r) })
	for _, want := range []string{
		"\nit shows in 3 of 10\nrate     " + result.NewProportion("", 3, 10).String() + ", [0.07, 0.65] Clopper-Pearson\ncontrol  q = " + control.String() + "\n",
		"beside it 1 inconclusive, 0 not applicable: they are in no rate\n",
		"stopped  when the interval was narrow enough; a stop that depends on the outcome biases",
		"a fix    needs 12 clean runs at 95 %, more than ",
		"report: /r\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	fast := r
	fast.Clock.Speed = 10
	for _, want := range []string{" Clopper-Pearson at speed 10\n", "control  q = " + control.String() + " at speed 10\n"} {
		if got := clitest.View(func(w io.Writer) { printRate(w, fast) }); !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	r.Pooled = false
	r.Dependences = []result.Dependence{{On: "lab", P: 0.01, Differs: true, Groups: []result.Proportion{result.NewProportion("lab 1", 3, 5)}}, {On: "time"}}
	got = clitest.View(func(w io.Writer) { printRate(w, r) })
	for _, want := range []string{"rate     not pooled: the trials are not of one kind\nhits depend on lab (p = 0.01):\n  lab 1 ", "a fix    no number of clean runs can be promised"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "depend on time") {
		t.Errorf("it says what does not differ:\n%s", got)
	}
}

func TestPrintReset(t *testing.T) {
	share := result.NewProportion("", 2, 5)
	r := result.Resets{
		AtLeast: 5, Answer: "use config", File: "reset.json", Cold: result.ResetArm{Reset: "redeploy", Took: 2 * time.Second, Share: share},
		Arms: []result.ResetArm{{Reset: "config", Took: 340 * time.Millisecond, Share: share, Void: 1, Why: "no difference shown"}},
	}
	want := "\n  redeploy       2s  " + share.String() + "\n  config      300ms  " + share.String() + ", 1 void; no difference shown\nuse config\n" +
		"no difference shown is not the same as none: 5 trials of each see large ones only\nrecorded in reset.json\n"
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printReset(w, r) })); d != "" {
		t.Error(d)
	}
}

func TestPrintSpeeds(t *testing.T) {
	all, none := result.NewProportion("", 20, 20), result.NewProportion("", 0, 20)
	side := func(share result.Proportion, low, high float64) result.SpeedSide {
		return result.SpeedSide{Share: share, Unseen: [2]float64{low, high}}
	}
	control := side(none, 0, 0.31)
	r := result.Speeds{
		AtLeast: 20, Answer: "speed 10: a trial takes 3s, and 17.8s at speed 1", File: "speed.json", Chosen: 10,
		Real: result.SpeedArm{Speed: 1, Main: side(all, 0, 0), Control: &control, Took: 17812 * time.Millisecond},
		Arms: []result.SpeedArm{
			{Speed: 10, Main: side(all, 0.69, 1), Control: &control, Took: 3 * time.Second, Usable: true, Why: "no difference shown (p = 1.00)"},
			{Speed: 20, Main: side(none, 0.69, 1), Why: "hits differ"},
		},
	}
	const of = "; control 0/20 = 0.00, 95% [0.00, 0.16] Wilson\n"
	want := "\n  speed 1      17.8s  " + all.String() + of +
		"  speed 10        3s  " + all.String() + of + "                       no difference shown (p = 1.00)\n" +
		"  speed 20        0s  " + none.String() + "\n                       hits differ\n" +
		"speed 10: a trial takes 3s, and 17.8s at speed 1\n" +
		"in 20 trials a rate below 0.69 would have been seen with 80 %\nin 20 trials of the control a rate above 0.31 would have been seen with 80 %\n" +
		"--speed auto takes it for as long as the scenario, its images, the reset and what builds the lab stay the same\nrecorded in speed.json\n"
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printSpeeds(w, r) })); d != "" {
		t.Error(d)
	}
	few := side(result.NewProportion("", 2, 3), 0, 1)
	if got := clitest.View(func(w io.Writer) { printUnseen(w, "", few) }); got != "3 trials are too few to see any difference with 80 %\n" {
		t.Error(got)
	}
	half := side(result.NewProportion("", 10, 20), 0.12, 0.88)
	if got := clitest.View(func(w io.Writer) { printUnseen(w, "", half) }); got != "in 20 trials a rate below 0.12 or above 0.88 would have been seen with 80 %\n" {
		t.Error(got)
	}
}

func TestRehearsal(t *testing.T) {
	for _, tt := range []struct {
		complaints []string
		exit       int
		want       string
	}{
		{nil, cli.ExitYes, `REHEARSED: every line was taken, every condition has a value, and every switch got its configuration back.
The switches were simulators without a data plane: whether the problem is there, only a VM or hardware can show.
evidence: d
`},
		{[]string{"r1 refused: x"}, cli.ExitNo, "  r1 refused: x\nNOT REHEARSED: 1 complaint\nevidence: d\n"},
	} {
		out := rehearsalOf("s", "d", tt.complaints)
		if out.Exit != tt.exit || out.Runs != (tt.exit == cli.ExitYes) {
			t.Errorf("%v: %+v", tt.complaints, out)
		}
		if d := cmp.Diff(tt.want, clitest.View(func(w io.Writer) { printRehearsal(w, out) })); d != "" {
			t.Error(d)
		}
	}
}

func TestJudged(t *testing.T) {
	hit := evidence.TrialVerdict{Trial: 1, Verdict: evidence.Reproduced, Reason: "the symptom was there"}
	info := evidence.RunInfo{Trials: 1, Expected: evidence.Reproduced}
	today := judge.Rejudged{Rules: evidence.CurrentRules, Verdicts: []evidence.TrialVerdict{hit}}
	altered, older := today, today
	altered.Altered = []judge.Difference{{Trial: 1, Stored: evidence.NotReproduced, Again: evidence.Reproduced, Reason: "the symptom was there"}}
	older.Rules = "old"
	older.Today = []judge.Difference{{Trial: 1, Stored: evidence.Reproduced, Again: evidence.NotReproduced, Reason: "it was late"}}
	for _, tt := range []struct {
		name   string
		of     judge.Rejudged
		broken error
		exit   int
		want   []string
	}{
		{"as stored", today, nil, cli.ExitYes, []string{"  trial 0001  reproduced     the symptom was there\nreproduced: "}},
		{"by a fast clock", today, nil, cli.ExitYes, []string{"  trial 0001  reproduced at speed 10 the symptom was there\nreproduced at speed 10: "}},
		{"altered", altered, nil, cli.ExitOther, []string{"trial 0001 is stored as not-reproduced and is reproduced: the symptom was there\n"}},
		{"ledger", today, errors.New("line 2 was taken out"), cli.ExitOther, []string{"ledger: line 2 was taken out\n"}},
		{"broken off", today, &evidence.BrokenOffError{Trial: 2}, cli.ExitYes, []string{"ledger: broken off: trial 2, the last, has a verdict"}},
		{"older rules", older, nil, cli.ExitYes, []string{"judged by rules old, as when it was recorded; by today's rules (", "  trial 0001  not-reproduced by today's rules: it was late\n"}},
	} {
		info := info
		if tt.name == "by a fast clock" {
			info.Clock.Speed = 10
		}
		out := judgedAs(tt.of, info, tt.broken)
		if out.exit() != tt.exit {
			t.Errorf("%s: exit status %d, want %d", tt.name, out.exit(), tt.exit)
		}
		got := clitest.View(func(w io.Writer) { printJudged(w, out) })
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", tt.name, want, got)
			}
		}
		if (tt.broken == nil) != !strings.Contains(got, "ledger:") {
			t.Errorf("%s: of the ledger it says\n%s", tt.name, got)
		}
	}
	edited := judgedAs(today, info, nil)
	edited.Inputs = "input/x.yaml: it is not the file that the run was begun with"
	if got := clitest.View(func(w io.Writer) { printJudged(w, edited) }); edited.exit() != cli.ExitOther || !strings.Contains(got, edited.Inputs+"\n") {
		t.Errorf("of an edited scenario: exit status %d\n%s", edited.exit(), got)
	}
	if edited.foreign = true; edited.exit() != cli.ExitYes {
		t.Errorf("of a redacted one: exit status %d", edited.exit())
	}
}
