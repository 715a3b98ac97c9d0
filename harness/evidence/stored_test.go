package evidence_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// What a run has stored of itself agrees with its trials and its ledger, or that is said.
func TestCheckStored(t *testing.T) {
	info := evidence.RunInfo{Trials: 3, Expected: evidence.Reproduced}
	verdict := evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.Reproduced, Reproduced: 1, NotReproduced: 1, Inconclusive: 1}
	for _, tt := range []struct {
		name string
		do   func(dir evidence.Dir) error
		want string
	}{
		{"as it was judged", func(evidence.Dir) error { return nil }, ""},
		{"not judged, without a ledger", func(dir evidence.Dir) error {
			return os.RemoveAll(dir.File("verdict.json"))
		}, ""},
		{"without a rate", func(dir evidence.Dir) error { return os.Remove(dir.File("rate.json")) }, ""},
		{"another word", func(dir evidence.Dir) error {
			v := verdict
			v.Verdict = evidence.NotReproduced
			return evidence.WriteJSON(dir.File("verdict.json"), v)
		}, "stored as not-reproduced, which 1 of 2 valid trials do not give"},
		{"other counts", func(dir evidence.Dir) error {
			v := verdict
			v.Reproduced, v.NotReproduced = 2, 0
			return evidence.WriteJSON(dir.File("verdict.json"), v)
		}, "stored as reproduced with 2 of 2, and its trials give 1 of 2"},
		{"another declared verdict", func(dir evidence.Dir) error {
			v := verdict
			v.Expected = evidence.NotReproduced
			return evidence.WriteJSON(dir.File("verdict.json"), v)
		}, "run.json has reproduced"},
		{"another rate", func(dir evidence.Dir) error {
			return evidence.WriteJSON(dir.File("rate.json"), evidence.Rate{Reproduced: 2, Valid: 2})
		}, "the rate is stored as 2 of 2, and the trials give 1 of 2"},
		{"a trial that is gone", func(dir evidence.Dir) error { return os.RemoveAll(dir.Trial(2).Path) }, "trial 2: the ledger tells of it, and it has no record"},
		{"a trial without its verdict", func(dir evidence.Dir) error { return os.Remove(dir.Trial(2).File("verdict.json")) }, "trial 2: its verdict is not there, and the ledger tells of it as not-reproduced"},
		{"a trial of another verdict", func(dir evidence.Dir) error {
			return evidence.WriteJSON(dir.Trial(2).File("verdict.json"), evidence.TrialVerdict{Verdict: evidence.Reproduced})
		}, "trial 2 is stored as reproduced, and the ledger tells of it as not-reproduced"},
		{"another record", func(dir evidence.Dir) error {
			return os.WriteFile(dir.Trial(1).File("timeline.ndjson"), []byte("{}\n"), 0o600)
		}, "trial 1: its record is not the one"},
		{"no ledger", func(dir evidence.Dir) error { return os.Remove(dir.File("ledger.ndjson")) }, "no line of the ledger tells of it"},
		{"no trials and no ledger", func(dir evidence.Dir) error {
			_ = os.Remove(dir.File("ledger.ndjson"))
			return os.RemoveAll(dir.File("trials"))
		}, "stored as reproduced with 1 of 2, and its trials give 0 of 0"},
		{"an unreadable verdict", func(dir evidence.Dir) error { return os.WriteFile(dir.File("verdict.json"), []byte("{"), 0o600) }, "verdict.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, err := evidence.CreateDir(t.TempDir(), "x", time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range []evidence.Verdict{evidence.Reproduced, evidence.NotReproduced, evidence.Inconclusive} {
				trial := dir.Trial(i + 1)
				if err := evidence.WriteJSON(trial.File("verdict.json"), evidence.TrialVerdict{Trial: i + 1, Verdict: v}); err != nil {
					t.Fatal(err)
				}
				digest, err := trial.Digest()
				if err != nil {
					t.Fatal(err)
				}
				if err := dir.AppendLedger(evidence.Entry{Trial: i + 1, Verdict: v, Digest: digest}); err != nil {
					t.Fatal(err)
				}
			}
			for name, v := range map[string]any{"verdict.json": verdict, "rate.json": evidence.Rate{Reproduced: 1, Valid: 2}} {
				if err := evidence.WriteJSON(dir.File(name), v); err != nil {
					t.Fatal(err)
				}
			}
			if err := tt.do(dir); err != nil {
				t.Fatal(err)
			}
			if err := dir.CheckStored(info); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
