package evidence_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// TestFailuresOfAnyAge: a record from before failures had fields tells its sentences, and what is
// written now is still read by a program that knows sentences alone.
func TestFailuresOfAnyAge(t *testing.T) {
	const before = `{"verdict":"inconclusive","other-failures":["r1: bgpd died (SIGSEGV)"]}`
	told := []evidence.Failure{{Title: "r1: bgpd died (SIGSEGV)", Kind: evidence.FailureTold}}
	var trial evidence.TrialVerdict
	var run evidence.RunVerdict
	var entry evidence.Entry
	for text, v := range map[string]any{before: &trial, before + " ": &run, `{"verdict":"inconclusive","other":["r1: bgpd died (SIGSEGV)"]}`: &entry} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
	}
	for name, got := range map[string][]evidence.Failure{"trial": trial.Failed(), "run": run.Failed(), "ledger": entry.Failed()} {
		if d := cmp.Diff(told, got); d != "" {
			t.Errorf("%s of before (-want +got):\n%s", name, d)
		}
	}
	if f := (evidence.Event{Kind: evidence.EventDeath, Lane: "r1", Name: "bgpd", Detail: "SIGSEGV"}).Failed(); f.String() != "r1: bgpd died" || f.Kind != evidence.FailureTold {
		t.Errorf("a death of before is %+v", f)
	}

	now := []evidence.Failure{{Title: "bgpd: SIGSEGV in f()", Kind: evidence.FailureCrash, Process: "bgpd", Node: "r1", Alt: []string{"bgpd: SIGSEGV"}}}
	data, err := json.Marshal(evidence.TrialVerdict{Verdict: evidence.Inconclusive, OtherFailures: []string{"r1: bgpd died (SIGSEGV)"}, Failures: now})
	if err != nil {
		t.Fatal(err)
	}
	var old struct {
		Other []string `json:"other-failures"`
	}
	if err := json.Unmarshal(data, &old); err != nil || len(old.Other) != 1 {
		t.Errorf("a program of before reads %q, %v", old.Other, err)
	}
	if err := json.Unmarshal(data, &trial); err != nil || !cmp.Equal(now, trial.Failed()) {
		t.Errorf("read back: %+v, %v", trial.Failed(), err)
	}
	if err := json.Unmarshal([]byte(`{"title":"x","kind":"crush"}`), &now[0]); err == nil {
		t.Error("an unknown kind was read")
	}
}

// TestAddFailures: the same failure in another trial has another sentence, and is one.
func TestAddFailures(t *testing.T) {
	f := evidence.Failure{Title: "bgpd: SIGSEGV", Kind: evidence.FailureCrash, Process: "bgpd", Node: "r1"}
	elsewhere := f
	elsewhere.Node = "r2"
	all, said := evidence.AddFailures(nil, nil, []evidence.Failure{f}, []string{"pid 7"})
	all, said = evidence.AddFailures(all, said, []evidence.Failure{f, elsewhere}, []string{"pid 9"})
	if !cmp.Equal(all, []evidence.Failure{f, elsewhere}) || !cmp.Equal(said, []string{"pid 7", "r2: bgpd: SIGSEGV"}) {
		t.Errorf("%+v %q", all, said)
	}
}
