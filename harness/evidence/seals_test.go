package evidence_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// sealedRun is a run of two trials with what a report tells of them beside their verdicts.
func sealedRun(t *testing.T) evidence.Dir {
	t.Helper()
	d, err := evidence.CreateDir(t.TempDir(), "sealed", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	write(t, d.File("run.json"), `{"reprise": "evidence/v1", "id": "sealed", "trials": 1, "nodes": [{"name": "r1", "image": "a<b:1"}]}`)
	for n := 1; n <= 2; n++ {
		tr := d.Trial(n)
		write(t, tr.File("timeline.ndjson"), "{}\n")
		write(t, tr.File("states", "before", "r1", "01.json"), `{"output": "10.9.0.1"}`)
		write(t, tr.File("transcripts", "r1.ndjson"), "{}\n")
		if err := d.AppendLedger(evidence.Entry{Trial: n, Verdict: evidence.Reproduced, Digest: digestOf(t, tr)}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := evidence.WriteFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func digestOf(t *testing.T, tr evidence.TrialDir) string {
	t.Helper()
	digest, err := tr.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// What a report tells of a trial is what it was when the ledger was written, or that is said.
func TestSeals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, d evidence.Dir)
		want string
	}{
		{"as it was made", func(*testing.T, evidence.Dir) {}, ""},
		{"another image", func(t *testing.T, d evidence.Dir) { //nolint:thelper // it is the case
			write(t, d.File("run.json"), `{"reprise": "evidence/v1", "id": "sealed", "trials": 1, "nodes": [{"name": "r1", "image": "a<b:2"}]}`)
		}, "run.json: it is not the one that trial 1 was made with"},
		{"more trials, written otherwise", func(t *testing.T, d evidence.Dir) { //nolint:thelper // it is the case
			write(t, d.File("run.json"), `{"id":"sealed","nodes":[{"image":"a\u003cb:1","name":"r1"}],"reprise":"evidence/v1","trials":2}`)
		}, ""},
		{"run.json is gone", func(t *testing.T, d evidence.Dir) { remove(t, d.File("run.json")) }, "run.json: it is not the one"}, //nolint:thelper // it is the case
		{"another state", func(t *testing.T, d evidence.Dir) { //nolint:thelper // it is the case
			write(t, d.Trial(2).File("states", "before", "r1", "01.json"), `{"output": "10.8.0.1"}`)
		}, "trial 2: its states are not those that the ledger was written for"},
		{"a state of another name", func(t *testing.T, d evidence.Dir) { //nolint:thelper // it is the case
			if err := os.Rename(d.Trial(2).File("states", "before"), d.Trial(2).File("states", "after")); err != nil {
				t.Fatal(err)
			}
		}, "trial 2: its states are not those"},
		{"no transcripts", func(t *testing.T, d evidence.Dir) { remove(t, d.Trial(1).File("transcripts")) }, "trial 1: its transcripts are not those"},                 //nolint:thelper // it is the case
		{"logs that were not there", func(t *testing.T, d evidence.Dir) { write(t, d.Trial(1).File("logs", "r1", "frr"), "it died") }, "trial 1: it had no logs when"}, //nolint:thelper // it is the case
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := sealedRun(t)
			tt.do(t, d)
			if err := d.CheckLedger(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// A record from before there were seals is no worse for that, and can be told from one that has them.
func TestUnsealed(t *testing.T) {
	t.Parallel()
	d := sealedRun(t)
	if n, err := d.Unsealed(); n != 0 || err != nil {
		t.Errorf("%d unsealed, %v", n, err)
	}
	remove(t, d.File("ledger.ndjson"))
	err := evidence.AppendChained(d.File("ledger.ndjson"), func(prev string, _ [][]byte) any {
		return evidence.Entry{Reprise: evidence.Format, Prev: prev, Trial: 1, Attempt: 1, Verdict: evidence.Reproduced, Digest: digestOf(t, d.Trial(1))}
	})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, d.Trial(1).File("states"))
	if n, err := d.Unsealed(); n != 1 || err != nil {
		t.Errorf("%d unsealed, %v", n, err)
	}
	if err := d.CheckLedger(); err != nil {
		t.Error(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
