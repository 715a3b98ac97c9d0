package evidence_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A record that lines were taken out of, or moved in, says so; an answer that an earlier line holds is none without it.
// A ledger that does not tell of a trial with a verdict is not whole.
func TestDamage(t *testing.T) {
	dir, err := evidence.CreateDir(t.TempDir(), "x", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	trial := dir.Trial(1)
	file := trial.File("observations.ndjson")
	lines, err := evidence.CreateLines(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []evidence.Observation{{Seq: 1, Ref: "a", Text: "up"}, {Seq: 2, Ref: "b", Text: "down"}, {Seq: 3, Ref: "a", Same: 1}} {
		if err := lines.Append(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	all[2] += "\n"
	for _, tt := range []struct {
		name  string
		lines []string
		want  string // a part of what the record lacks
	}{
		{"as it was written", all, ""},
		{"its end is missing, which who reads on sees", all[:2], ""},
		{"a line was taken out", slices.Concat(all[:1], all[2:]), "observation 3 stands where 2 was written"},
		{"the first was", all[1:], "observation 2 stands where 1 was written"},
		{"two stand the other way round", []string{all[1], all[0], all[2]}, "observation 2 stands where 1"},
		{"one stands twice", []string{all[0], all[0], all[1]}, "observation 1 stands where 2"},
		{"the answer that is repeated is another's", []string{all[0], all[1], strings.Replace(all[2], `"same":1`, `"same":7`, 1)}, "saw the same as 7, which is not there"},
	} {
		if err := os.WriteFile(file, []byte(strings.Join(tt.lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := trial.Read()
		if err != nil || r.Lacks != tt.want && (tt.want == "" || !strings.Contains(r.Lacks, tt.want)) {
			t.Errorf("%s: lacks %q, %v, want %q", tt.name, r.Lacks, err, tt.want)
		}
	}

	digest, err := trial.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.AppendLedger(evidence.Entry{Trial: 1, Verdict: evidence.Reproduced, Digest: digest}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := evidence.WriteJSON(trial.File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.Reproduced}); err != nil {
			t.Fatal(err)
		}
		if err := dir.CheckLedger(); err != nil {
			t.Fatal(err)
		}
	}
	if err := evidence.WriteJSON(dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	if cut, ok := errors.AsType[*evidence.BrokenOffError](dir.CheckLedger()); !ok || cut.Trial != 2 || !strings.HasPrefix(cut.Error(), "broken off: trial 2") {
		t.Errorf("the last trial, that no line tells of: %v", dir.CheckLedger())
	}
	if err := evidence.WriteJSON(dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Trial: 1, Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err == nil || !strings.Contains(err.Error(), "trial 2: its verdict is that of trial 1") {
		t.Errorf("a trial that was copied: %v", err)
	}
	if err := evidence.WriteJSON(dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Trial: 2, Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	copied := dir.Trial(2).File("observations.ndjson")
	if err := os.Link(file, copied); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err == nil || !strings.Contains(err.Error(), "trial 2: its record is that of trial 1") {
		t.Errorf("a trial that was copied, and its number altered: %v", err)
	}
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteJSON(trial.File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.NotReproduced}); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err == nil || !strings.Contains(err.Error(), "trial 1 is stored as not-reproduced, and the ledger tells of it as reproduced") {
		t.Errorf("a trial of another verdict: %v", err)
	}
	if err := evidence.WriteJSON(trial.File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	write := func(v evidence.RunVerdict) {
		t.Helper()
		if err := evidence.WriteJSON(dir.File("verdict.json"), v); err != nil {
			t.Fatal(err)
		}
	}
	write(evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.Reproduced, Reproduced: 1})
	if _, cut := errors.AsType[*evidence.BrokenOffError](dir.CheckLedger()); !cut {
		t.Errorf("a run that goes on after it was judged: %v", dir.CheckLedger())
	}
	write(evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.Reproduced, Reproduced: 2})
	if _, cut := errors.AsType[*evidence.BrokenOffError](dir.CheckLedger()); cut || dir.CheckLedger() == nil {
		t.Errorf("a run that was judged with the trial that no line tells of: %v", dir.CheckLedger())
	}
	if err := dir.AppendLedger(evidence.Entry{Trial: 3, Verdict: evidence.Reproduced, Uncounted: "its worker was lost"}); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteJSON(dir.Trial(3).File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	err = dir.CheckLedger()
	if _, cut := errors.AsType[*evidence.BrokenOffError](err); cut || err == nil || !strings.Contains(err.Error(), "trial 2: it has a verdict, and no line of the ledger tells of it") {
		t.Errorf("a trial that no line tells of: %v", err)
	}
	if err := os.Remove(dir.File("ledger.ndjson")); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err == nil || !strings.Contains(err.Error(), "trial 1") {
		t.Errorf("without its ledger: %v", err)
	}
}

// A scenario that was edited, or taken away, after its run is not the one that a verdict is of.
func TestAlteredInputs(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	file := dir.File("input", "lab", "scenario.yaml")
	info := evidence.RunInfo{Inputs: []evidence.InputInfo{{Path: "lab/scenario.yaml", SHA256: evidence.SHA256([]byte("expect: a != b\n"))}}}
	for _, tt := range []struct{ text, want string }{
		{"expect: a != b\n", ""},
		{"expect: a >= b\n", "input/lab/scenario.yaml: it is not the file that the run was begun with"},
		{"", "input/lab/scenario.yaml: "},
	} {
		err := os.RemoveAll(file)
		if tt.text != "" && err == nil {
			err = evidence.WriteFile(file, []byte(tt.text))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.CheckInputs(info); (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
		}
	}
}
