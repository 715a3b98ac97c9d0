package judge_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// One hit is enough. None takes a majority of the planned trials, and no other failure.
func TestCombineTrials(t *testing.T) {
	words := map[rune]evidence.TrialVerdict{
		'r': {Verdict: evidence.Reproduced},
		'n': {Verdict: evidence.NotReproduced, Reason: "up"},
		'i': {Verdict: evidence.Inconclusive, Reason: "gone"},
		'I': {Verdict: evidence.Inconclusive, Reason: "later"},
		'a': {Verdict: evidence.NotApplicable, Reason: "no netem", Marks: []string{"licence"}},
		'x': {Verdict: evidence.Inconclusive, Reason: "another failure", OtherFailures: []string{"r1: bgpd died"}},
		'y': {Verdict: evidence.NotReproduced, OtherFailures: []string{"r1: bgpd died", "r2: zebra died"}},
	}
	for _, tt := range []struct {
		trials  string
		planned int
		want    evidence.Verdict
		reason  string
	}{
		{"r", 10, evidence.Reproduced, "the symptom was there in 1 of 1 valid trials; 9 of 10 planned say nothing"},
		{"rrii", 4, evidence.Reproduced, "in 2 of 2 valid trials; 2 of 4 planned say nothing; the first that does not: gone"},
		{"nnri", 4, evidence.Reproduced, "in 1 of 3 valid"},
		{"rx", 2, evidence.Reproduced, "in 1 of 1 valid"},
		{"nn", 3, evidence.NotReproduced, "in none of 2 valid trials"},
		{"nn", 4, evidence.Inconclusive, "2 of 4 planned trials were valid"},
		{"nni", 5, evidence.Inconclusive, "2 of 5 planned trials were valid; the first that was not: gone"},
		{"Ii", 2, evidence.Inconclusive, "0 of 2 planned trials were valid; the first that was not: later"},
		{"nnx", 3, evidence.Inconclusive, "another failure: r1: bgpd died"},
		{"nxy", 3, evidence.Inconclusive, "another failure: r1: bgpd died; r2: zebra died"},
		{"aa", 2, evidence.NotApplicable, "no netem"},
		{"ai", 2, evidence.Inconclusive, "0 of 2 planned trials were valid; the first that was not: gone"},
		{"an", 2, evidence.Inconclusive, "1 of 2 planned trials were valid"},
		{"ax", 2, evidence.Inconclusive, "another failure"},
		{"", 0, evidence.Inconclusive, "0 of 0 planned trials were valid"},
	} {
		var trials []evidence.TrialVerdict
		for _, w := range tt.trials {
			trials = append(trials, words[w])
		}
		v, rate := judge.Combine(trials, tt.planned, evidence.NotReproduced)
		if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) || v.Expected != evidence.NotReproduced || v.Planned != tt.planned {
			t.Errorf("%q of %d: %+v, want %s (%s)", tt.trials, tt.planned, v, tt.want, tt.reason)
		}
		if rate.Valid != v.Valid() || rate.Reproduced != strings.Count(tt.trials, "r") || rate.ClopperPearson[1] < rate.ClopperPearson[0] {
			t.Errorf("%q: rate %+v", tt.trials, rate)
		}
		if marked := len(v.Marks) == 1; marked != strings.Contains(tt.trials, "a") {
			t.Errorf("%q: marks %q", tt.trials, v.Marks)
		}
	}
}

// stored makes a run directory whose trials are what is given; a nil record has no file.
func stored(t *testing.T, trials ...[]evidence.Event) evidence.Dir {
	t.Helper()
	dir, err := evidence.CreateDir(t.TempDir(), "fixture", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i, events := range trials {
		trial := dir.Trial(i + 1)
		if err := os.MkdirAll(trial.Path, 0o700); err != nil {
			t.Fatal(err)
		}
		lines, err := evidence.CreateLines(trial.File("timeline.ndjson"))
		for _, e := range events {
			err = errors.Join(err, lines.Append(e))
		}
		if err = errors.Join(err, lines.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, path string, v any) {
	t.Helper()
	if err := evidence.WriteJSON(path, v); err != nil {
		t.Fatal(err)
	}
}

func missing(why string) []evidence.Event {
	return []evidence.Event{{Kind: evidence.EventMissing, Detail: why, At: 3 * time.Second, Time: time.Unix(7, 0).UTC()}}
}

// A trial that was broken off gets a verdict and a line of the ledger, once; one that has
// a verdict keeps it, and gets the line that it lacks.
func TestSettle(t *testing.T) {
	dir := stored(t, missing("no netem"), nil)
	write(t, dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Trial: 2, Verdict: evidence.Reproduced})
	p := &plan.Plan{Rules: evidence.CurrentRules}
	for range 2 {
		if err := judge.Settle(p, dir); err != nil {
			t.Fatal(err)
		}
	}
	v, ok, err := dir.Trial(1).Verdict()
	if err != nil || !ok || v.Verdict != evidence.NotApplicable || v.Trial != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	if v, _, _ := dir.Trial(2).Verdict(); v.Verdict != evidence.Reproduced {
		t.Errorf("the stored verdict is now %s", v.Verdict)
	}
	ledger, err := dir.Ledger()
	if err != nil || len(ledger) != 2 || ledger[1].Trial != 2 || ledger[1].Verdict != evidence.Reproduced {
		t.Fatalf("%+v, %v", ledger, err)
	}
	digest, err := dir.Trial(1).Digest()
	if e := ledger[0]; err != nil || e.Trial != 1 || e.Reason != "no netem" || e.Took != 3*time.Second || !e.Started.Equal(time.Unix(7, 0)) || e.Digest != digest {
		t.Errorf("%+v", ledger[0])
	}
	run, rate, err := judge.Summarise(dir, evidence.RunInfo{Trials: 2, Expected: evidence.Reproduced})
	if err != nil || run.Verdict != evidence.Reproduced || rate.Valid != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	var again evidence.RunVerdict
	if err := evidence.ReadJSON(dir.File("verdict.json"), &again); err != nil || !cmp.Equal(run, again) {
		t.Errorf("%+v, %v", again, err)
	}
}

// A trial without a verdict counts as broken off in the run's.
func TestSummariseBrokenOff(t *testing.T) {
	dir := stored(t, missing("x"))
	run, rate, err := judge.Summarise(dir, evidence.RunInfo{Trials: 1})
	if err != nil || run.Verdict != evidence.Inconclusive || !strings.Contains(run.Reason, "the trial was broken off") || rate.Valid != 0 {
		t.Errorf("%+v, %v", run, err)
	}
}

// What cannot be read is an error that names the trial, never a verdict.
func TestUnreadableRecords(t *testing.T) {
	p := &plan.Plan{Rules: evidence.CurrentRules}
	garbled := func(name string) evidence.Dir {
		dir := stored(t, missing("x"))
		if err := os.WriteFile(dir.Trial(1).File(name), []byte("{\n{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	if err := judge.Settle(p, garbled("timeline.ndjson")); err == nil || !strings.Contains(err.Error(), "trial 1") {
		t.Errorf("settled: %v", err)
	}
	if _, err := judge.Rejudge(p, garbled("timeline.ndjson")); err == nil || !strings.Contains(err.Error(), "trial 1") {
		t.Errorf("judged again: %v", err)
	}
	if _, err := judge.Rejudge(p, garbled("verdict.json")); err == nil || !strings.Contains(err.Error(), "trial 1") {
		t.Errorf("judged again, beside an unreadable verdict: %v", err)
	}
	if _, _, err := judge.Summarise(garbled("verdict.json"), evidence.RunInfo{Trials: 1}); err == nil {
		t.Error("summed up with an unreadable verdict")
	}
	if err := judge.Settle(p, garbled("verdict.json")); err != nil {
		t.Errorf("a verdict that cannot be read is not for Settle to report: %v", err)
	}
}

// What is stored otherwise than the record says is altered; what today's rules would say is
// no fault of the record, and stands beside it.
func TestRejudge(t *testing.T) {
	dir := stored(t, missing("no netem"), missing("no netem"), missing("no netem"))
	write(t, dir.Trial(1).File("verdict.json"), evidence.TrialVerdict{Trial: 1, Verdict: evidence.NotApplicable, Reason: "in other words"})
	write(t, dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Trial: 2, Verdict: evidence.Reproduced})
	r, err := judge.Rejudge(&plan.Plan{Rules: evidence.RulesV1}, dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []judge.Difference{{Trial: 2, Stored: evidence.Reproduced, Again: evidence.NotApplicable, Reason: "no netem"}}
	if diff := cmp.Diff(want, r.Altered); diff != "" || len(r.Verdicts) != 3 || r.Rules != evidence.RulesV1 || r.Today != nil {
		t.Errorf("%+v: %s", r, diff)
	}
	r.Today = []judge.Difference{{Trial: 3, Again: evidence.Reproduced}}
	if v := r.CombineToday(3, evidence.Reproduced); v.Verdict != evidence.Reproduced || v.Reproduced != 1 || v.NotApplicable != 2 {
		t.Errorf("today: %+v", v)
	}
	if r.Verdicts[2].Verdict != evidence.NotApplicable {
		t.Error("today's verdict was written over that of the record's rules")
	}
}
