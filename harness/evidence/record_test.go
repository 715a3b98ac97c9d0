package evidence_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A cut text is marked, is no longer than its bound, and ends with a whole character.
func TestBoundedText(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"aää", 4, "aä…"},
		{"", 0, ""},
	} {
		if got := evidence.Bounded(tt.s, tt.n); got != tt.want || !utf8.ValidString(got) {
			t.Errorf("%q within %d: %q", tt.s, tt.n, got)
		}
	}
	if got := evidence.Short(strings.Repeat("ä", 101)); got != strings.Repeat("ä", 100)+"…" {
		t.Errorf("%q", got)
	}
	if got := evidence.Short(true); got != "true" {
		t.Errorf("%q", got)
	}
}

// Rules are ordered; what no program ever had is later than none, and a record without a name
// is of the first.
func TestRules(t *testing.T) {
	order := []evidence.Rules{"none", evidence.RulesV1, evidence.RulesV2, evidence.RulesV3, evidence.RulesV4, evidence.RulesV5, evidence.RulesV6}
	for i, r := range order {
		for k, other := range order[1:] {
			if r.Since(other) != (i >= k+1) {
				t.Errorf("%q since %q: %v", r, other, r.Since(other))
			}
		}
	}
	if !evidence.CurrentRules.Since(evidence.RulesV6) {
		t.Errorf("today's are %s", evidence.CurrentRules)
	}
	for text, want := range map[string]evidence.Rules{`{}`: evidence.RulesV1, `{"rules": "1"}`: evidence.RulesV1, `{"rules": "2"}`: evidence.RulesV2} {
		var info struct {
			Rules evidence.Rules `json:"rules"`
		}
		if err := json.Unmarshal([]byte(text), &info); err != nil || (evidence.RunInfo{Rules: info.Rules}).JudgedBy() != want {
			t.Errorf("%s is judged by %q, %v", text, info.Rules, err)
		}
	}
	var r evidence.Rules
	if err := json.Unmarshal([]byte(`"99"`), &r); err == nil || !strings.Contains(err.Error(), `"99"`) {
		t.Errorf("rules of tomorrow: %v", err)
	}
}

// Verdicts are words, and no others are read.
func TestVerdictWords(t *testing.T) {
	var v evidence.Verdict
	if err := json.Unmarshal([]byte(`"reproduced"`), &v); err != nil || v != evidence.Reproduced {
		t.Errorf("%q, %v", v, err)
	}
	if err := json.Unmarshal([]byte(`"Reproduced"`), &v); err == nil {
		t.Error("another word was read")
	}
	if n := (evidence.RunVerdict{Reproduced: 2, NotReproduced: 3, Inconclusive: 4, NotApplicable: 5}).Valid(); n != 5 {
		t.Errorf("%d are valid", n)
	}
}

// Trials are the folders with numbers, in their order.
func TestTrials(t *testing.T) {
	dir, err := evidence.CreateDir(t.TempDir(), "x", time.Date(2026, 3, 1, 10, 15, 0, 0, time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(dir.ID(), "20260301T091500Z-x-") {
		t.Errorf("named %s", dir.ID())
	}
	if trials, err := dir.Trials(); err != nil || trials != nil {
		t.Errorf("of none: %v, %v", trials, err)
	}
	for _, name := range []string{"0010", "0002", "0000", "notes", "10000"} {
		if err := os.MkdirAll(dir.File("trials", name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir.File("trials", "0003"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	trials, err := dir.Trials()
	var got []int
	for _, tr := range trials {
		got = append(got, tr.Number)
		if tr.Path != dir.Trial(tr.Number).Path {
			t.Errorf("trial %d in %s", tr.Number, tr.Path)
		}
	}
	if err != nil || !slices.Equal(got, []int{2, 10, 10000}) {
		t.Errorf("%v, %v", got, err)
	}
	if err := os.RemoveAll(dir.File("trials")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir.File("trials"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Trials(); err == nil || !strings.Contains(err.Error(), "list trials") {
		t.Errorf("trials that are a file: %v", err)
	}
	if _, err := evidence.CreateDir(dir.File("trials"), "x", time.Now()); err == nil {
		t.Error("a run was made below a file")
	}
}

// TestRunsOfOneSecond: labs side by side make more runs of a scenario in a second than a name of two random bytes tells apart.
func TestRunsOfOneSecond(t *testing.T) {
	t.Parallel()
	parent, now, ids := t.TempDir(), time.Now(), map[string]bool{}
	for range 2000 { // 30 of which would be called like another
		dir, err := evidence.CreateDir(parent, "x", now)
		if err != nil {
			t.Fatal(err)
		}
		ids[dir.ID()] = true
	}
	if len(ids) != 2000 {
		t.Errorf("2000 runs have %d names", len(ids))
	}
}

// A trial's digest is that of its timeline and its observations, with their names and sizes:
// what moves from one into the other alters it.
func TestDigest(t *testing.T) {
	digest := func(timeline, observations string) string {
		trial := evidence.Dir{Path: t.TempDir()}.Trial(1)
		for name, text := range map[string]string{"timeline.ndjson": timeline, "observations.ndjson": observations, "verdict.json": "{}"} {
			if text == "" {
				continue
			}
			if err := evidence.WriteFile(trial.File(name), []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		d, err := trial.Digest()
		if err != nil || len(d) != 64 {
			t.Fatalf("%q, %v", d, err)
		}
		return d
	}
	if first, second := digest("a", "b"), digest("a", "b"); first != second {
		t.Error("the same record has two digests")
	}
	seen := map[string]string{}
	for _, c := range [][2]string{{"a", "b"}, {"b", "a"}, {"ab", ""}, {"", "ab"}, {"", ""}, {"a", "bc"}, {"ab", "c"}} {
		d := digest(c[0], c[1])
		if other, twice := seen[d]; twice {
			t.Errorf("%q and %q have the same digest", c, other)
		}
		seen[d] = c[0] + "|" + c[1]
	}
	unreadable := evidence.Dir{Path: t.TempDir()}.Trial(1)
	if err := os.MkdirAll(unreadable.File("timeline.ndjson"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := unreadable.Digest(); err == nil || !strings.Contains(err.Error(), "digest trial 1") {
		t.Errorf("of a folder: %v", err)
	}
}

// A stored verdict that is there is read, one that is not is none, and one that is garbled is
// an error.
func TestStoredVerdict(t *testing.T) {
	trial := evidence.Dir{Path: t.TempDir()}.Trial(1)
	if _, ok, err := trial.Verdict(); ok || err != nil {
		t.Errorf("of none: %v, %v", ok, err)
	}
	if err := evidence.WriteJSON(trial.File("verdict.json"), evidence.TrialVerdict{Trial: 1, Verdict: evidence.Inconclusive}); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := trial.Verdict(); !ok || err != nil || v.Verdict != evidence.Inconclusive {
		t.Errorf("%+v, %v, %v", v, ok, err)
	}
	if err := evidence.WriteFile(trial.File("verdict.json"), []byte(`{"verdict": "perhaps"}`)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := trial.Verdict(); ok || err == nil {
		t.Errorf("of another word: %v, %v", ok, err)
	}
}

// A record that could not be written stays an error to its end: one with a hole must not look
// whole.
func TestLinesKeepTheirError(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full") //nolint:forbidigo // nothing that could be installed
	}
	path := filepath.Join(t.TempDir(), "record.ndjson")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	lines, err := evidence.CreateLines(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lines.Append(make(chan int)); err == nil || !strings.Contains(err.Error(), "encode record") {
		t.Errorf("what JSON cannot hold: %v", err)
	}
	first := lines.Append(1)
	if first == nil || !strings.Contains(first.Error(), "write record") {
		t.Fatalf("on a full disk: %v", first)
	}
	if err := lines.Append(2); err == nil || err.Error() != first.Error() {
		t.Errorf("the next line: %v", err)
	}
	if err := lines.Close(); err == nil || !strings.Contains(err.Error(), "write record") {
		t.Errorf("closed: %v", err)
	}
}

// What cannot be written leaves nothing behind, and says what it was.
func TestWriteRefused(t *testing.T) {
	dir := t.TempDir()
	if err := evidence.WriteFile(dir, []byte("x")); err == nil || !strings.Contains(err.Error(), filepath.Base(dir)) {
		t.Errorf("over a folder: %v", err)
	}
	if err := evidence.WriteJSON(filepath.Join(dir, "a"), make(chan int)); err == nil || !strings.Contains(err.Error(), "write a") {
		t.Errorf("what JSON cannot hold: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := evidence.WriteFile(file, nil); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		evidence.WriteFile(filepath.Join(file, "below"), nil),
		evidence.Dir{Path: file}.AppendLedger(evidence.Entry{}),
	} {
		if err == nil {
			t.Error("written below a file")
		}
	}
	if _, err := evidence.CreateLines(filepath.Join(file, "below", "lines")); err == nil || !strings.Contains(err.Error(), "make folder") {
		t.Errorf("lines below a file: %v", err)
	}
	if _, err := evidence.CreateLines(dir); err == nil || !strings.Contains(err.Error(), "open record") {
		t.Errorf("lines into a folder: %v", err)
	}
	if _, err := (evidence.Dir{Path: file}).Trial(1).NewTranscript("r1", time.Now(), evidence.Clock{}, evidence.Redactor{}); err == nil {
		t.Error("a transcript below a file")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A transcript keeps bytes that are no text as they are, and counts what is beyond its bound.
func TestTranscriptBounds(t *testing.T) {
	start := time.Unix(100, 0)
	trial := evidence.Dir{Path: t.TempDir()}.Trial(1)
	tr, err := trial.NewTranscript("r1", start, evidence.Clock{}, evidence.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	huge := make([]byte, evidence.MaxTranscript)
	for _, p := range [][]byte{{0xff, 0xfe}, []byte("text"), huge, []byte("more")} {
		if err := tr.Add(start.Add(time.Second), "cli", "in", p); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	var got []evidence.Chunk
	for c, err := range evidence.ReadLines[evidence.Chunk](trial.File("transcripts", "r1.ndjson")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	if len(got) != 4 || string(got[0].Raw) != "\xff\xfe" || got[0].Data != "" || got[1].Data != "text" || got[2].Data != "more" || got[3].Lost != len(huge) {
		t.Errorf("%d chunks, lost %d", len(got), got[len(got)-1].Lost)
	}
	if got[0].At != time.Second {
		t.Errorf("at %s", got[0].At)
	}
}
