package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/evidence"
)

func TestAnd(t *testing.T) {
	const yes, no, dunno = evidence.True, evidence.False, evidence.Unknown
	for _, tt := range []struct {
		in   []evidence.Truth
		want evidence.Truth
	}{
		{nil, yes},
		{[]evidence.Truth{yes, yes}, yes},
		{[]evidence.Truth{yes, dunno}, dunno},
		{[]evidence.Truth{dunno, no, yes}, no},
		{[]evidence.Truth{yes, ""}, dunno},
	} {
		if got := evidence.And(tt.in...); got != tt.want {
			t.Errorf("And(%v) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// An attempt that is not counted is in the ledger, and no trial of its own.
func TestUncountedAttempts(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	for _, e := range []evidence.Entry{
		{Trial: 1, Verdict: evidence.Reproduced, Host: "left"},
		{Trial: 1, Verdict: evidence.NotReproduced, Host: "right", Uncounted: "it came a second time"},
		{Trial: 2, Verdict: evidence.NotReproduced},
	} {
		if err := dir.AppendLedger(e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := dir.Attempts()
	if err != nil || len(all) != 3 || all[1].Attempt != 2 {
		t.Errorf("attempts %+v, %v", all, err)
	}
	counted, err := dir.Ledger()
	if err != nil || len(counted) != 2 || counted[0].Host != "left" || counted[1].Trial != 2 {
		t.Errorf("counted %+v, %v", counted, err)
	}
}

func TestLedgerChain(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	var wg sync.WaitGroup
	for range 4 { // four labs append at once
		wg.Go(func() {
			for n := range 5 {
				if err := dir.AppendLedger(evidence.Entry{Trial: n + 1, Verdict: evidence.Reproduced}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := dir.Ledger()
	if err != nil || len(entries) != 20 {
		t.Fatalf("%d lines, %v", len(entries), err)
	}
	attempts := map[int]int{}
	for _, e := range entries {
		attempts[e.Trial]++
		if e.Attempt != attempts[e.Trial] {
			t.Errorf("trial %d: attempt %d, want %d", e.Trial, e.Attempt, attempts[e.Trial])
		}
	}
	file := dir.File("ledger.ndjson")
	data, _ := os.ReadFile(file)
	lines := bytes.SplitAfter(data, []byte("\n"))
	for name, damage := range map[string][]byte{
		"a line altered":   bytes.Replace(data, []byte(`"trial":3`), []byte(`"trial":9`), 1),
		"a line taken out": bytes.Join(append(append([][]byte{}, lines[:7]...), lines[8:]...), nil),
	} {
		if err := os.WriteFile(file, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dir.Ledger(); err == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
	// A line that a killed program cut is no break of the chain, and stays visible.
	if err := os.WriteFile(file, data[:len(data)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dir.AppendLedger(evidence.Entry{Trial: 99, Verdict: evidence.Inconclusive}); err != nil {
		t.Fatal(err)
	}
	if entries, err = dir.Ledger(); err != nil || entries[len(entries)-1].Trial != 99 {
		t.Errorf("after a cut line: %v", err)
	}
}

// What a line costs does not grow with the ledger, and what others add to it meanwhile is not missed.
func TestLedgerGrows(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	var written, line []byte
	for n := range 5000 {
		e := evidence.Entry{Reprise: evidence.Format, Trial: n + 1, Attempt: 1, Verdict: evidence.Reproduced, Prev: evidence.SHA256(line)}
		var err error
		if line, err = json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		written = append(append(written, line...), '\n')
	}
	ledger := dir.OpenLedger()
	cost := func(trial int) float64 {
		return testing.AllocsPerRun(5, func() {
			if err := ledger.Append(evidence.Entry{Trial: trial, Verdict: evidence.Reproduced}); err != nil {
				t.Error(err)
			}
		})
	}
	few := cost(1)
	if err := os.WriteFile(dir.File("ledger.ndjson"), written, 0o600); err != nil { // another ledger than was read
		t.Fatal(err)
	}
	if err := dir.AppendLedger(evidence.Entry{Trial: 7, Verdict: evidence.Inconclusive}); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Append(evidence.Entry{Trial: 7, Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	if many := cost(8); many > 2*few {
		t.Errorf("a line makes %g allocations in a ledger of 5,000 lines, and %g in one of a few", many, few)
	}
	entries, err := dir.Ledger()
	if err != nil || len(entries) != 5008 || entries[5001].Attempt != 3 || entries[5007].Attempt != 7 {
		t.Errorf("%d lines, %v", len(entries), err)
	}
}

// A line that is cut while a ledger is open, by another program that is killed, is ended and read again.
func TestLedgerCutBeside(t *testing.T) {
	t.Parallel()
	dir := evidence.Dir{Path: t.TempDir()}
	ledger, file := dir.OpenLedger(), dir.File("ledger.ndjson")
	add := func(to *evidence.Ledger, trial int) {
		t.Helper()
		if err := to.Append(evidence.Entry{Trial: trial, Verdict: evidence.Reproduced}); err != nil {
			t.Fatal(err)
		}
	}
	add(ledger, 1)
	add(dir.OpenLedger(), 2)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data[:len(data)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	third := dir.OpenLedger()
	add(ledger, 3)
	add(third, 3)
	add(ledger, 3)
	entries, err := dir.Ledger()
	if err != nil || len(entries) != 4 || entries[3].Attempt != 3 {
		t.Errorf("%+v, %v", entries, err)
	}
	if err := os.Remove(file); err != nil { // as a worker does after each trial
		t.Fatal(err)
	}
	add(ledger, 3)
	if entries, err := dir.Ledger(); err != nil || len(entries) != 1 || entries[0].Attempt != 1 {
		t.Errorf("of a new ledger: %+v, %v", entries, err)
	}
}

// A ledger is held against the records that it was written for, too.
func TestCheckLedger(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	trial := dir.Trial(1)
	if err := evidence.WriteFile(trial.File("timeline.ndjson"), []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	digest, err := trial.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.AppendLedger(evidence.Entry{Trial: 1, Verdict: evidence.Reproduced, Digest: digest}); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err != nil {
		t.Errorf("of a record as it was: %v", err)
	}
	if err := evidence.WriteFile(trial.File("timeline.ndjson"), []byte("{} \n")); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err == nil || err.Error() != "trial 1: its record is not the one that the ledger was written for" {
		t.Errorf("of an altered record: %v", err)
	}
	if err := os.Remove(dir.File("ledger.ndjson")); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckLedger(); err != nil {
		t.Errorf("without one: %v", err)
	}
}

// Whatever bytes the end of a record is cut at, what is left reads back whole.
func TestReadLinesCutAnywhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "o.ndjson")
	lines, err := evidence.CreateLines(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		if err := lines.Append(evidence.Observation{Seq: n + 1, Text: strings.Repeat("ü\n", n)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(file)
	for cut := range whole {
		if err := os.WriteFile(file, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := bytes.Count(whole[:cut], []byte("\n"))
		got := 0
		for o, err := range evidence.ReadLines[evidence.Observation](file) {
			if got++; err != nil || o.Seq != got {
				t.Fatalf("cut at %d: line %d: %v", cut, got, err)
			}
		}
		if got != want {
			t.Fatalf("cut at %d: %d lines, want %d", cut, got, want)
		}
	}
}

func TestReadLinesNamesTheBrokenLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "o.ndjson")
	if err := os.WriteFile(file, []byte("{\"seq\":1}\nnot json\n{\"seq\":3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, last = range evidence.ReadLines[evidence.Observation](file) { //nolint:revive // the last error is what is asked for
	}
	if last == nil || !strings.Contains(last.Error(), "o.ndjson:2") {
		t.Errorf("got %v", last)
	}
}

// A secret never reaches a transcript, however the stream cuts it.
func TestTranscriptHidesSecrets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[a-c]{4,8}`).Draw(rt, "secret")
		text := rapid.StringMatching(`[a-c ]{0,20}`).Draw(rt, "before") + secret + rapid.StringMatching(`[a-c ]{0,20}`).Draw(rt, "after")
		dir, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // one folder per property check, all below the test's
		if err != nil {
			rt.Fatal(err)
		}
		trial := evidence.Dir{Path: dir}.Trial(1)
		tr, err := trial.NewTranscript("r1", time.Now(), evidence.Clock{}, evidence.NewRedactor(secret))
		if err != nil {
			rt.Fatal(err)
		}
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "chunk")
			if err := tr.Add(time.Now(), "cli", "in", rest[:n]); err != nil {
				rt.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := tr.Close(); err != nil {
			rt.Fatal(err)
		}
		var got strings.Builder
		for c, err := range evidence.ReadLines[evidence.Chunk](trial.File("transcripts", "r1.ndjson")) {
			if err != nil {
				rt.Fatal(err)
			}
			got.WriteString(c.Data)
		}
		if strings.Contains(got.String(), secret) || !strings.Contains(got.String(), evidence.Cut) {
			rt.Fatalf("secret %q in %q was written as %q", secret, text, got.String())
		}
	})
}

func TestObservationsShareTheirText(t *testing.T) {
	trial := evidence.Dir{Path: t.TempDir()}.Trial(7)
	lines, err := evidence.CreateLines(trial.File("observations.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []evidence.Observation{{Seq: 1, Text: "long"}, {Seq: 2, Same: 1}, {Seq: 3, Text: "other"}, {Seq: 4, Same: 1}} {
		if err := lines.Append(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := trial.Read()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, o := range r.Observations {
		texts = append(texts, o.Text)
	}
	if diff := cmp.Diff([]string{"long", "long", "other", "long"}, texts); diff != "" {
		t.Error(diff)
	}
}

func TestOpenDir(t *testing.T) {
	if _, _, err := evidence.OpenDir(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run directory") {
		t.Errorf("an empty folder: %v", err)
	}
	dir := evidence.Dir{Path: t.TempDir()}
	if err := evidence.WriteJSON(dir.File("run.json"), evidence.RunInfo{Reprise: "evidence/v9", Expected: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := evidence.OpenDir(dir.Path); err == nil || !strings.Contains(err.Error(), "evidence/v9") {
		t.Errorf("a later format: %v", err)
	}
}

// TestWriteFileThroughDevice: a file whose name leads to a device or a pipe is written
// through, and is not put in its place.
func TestWriteFileThroughDevice(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out")
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", w.Fd()), name); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteFile(name, []byte("through")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("it was replaced: %v %v", info, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != "through" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}
