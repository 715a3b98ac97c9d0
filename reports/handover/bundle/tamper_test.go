package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// small packs a folder of three little files: every byte of it can be tried.
func small(t *testing.T, o bundle.Options) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"runs/x/run.json": "{}\n", "runs/x/a.log": strings.Repeat("line\n", 40), "custody.ndjson": "{}\n"} {
		if err := evidence.WriteFile(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := bundle.Write(t.Context(), &out, bundle.Source{Dir: dir}, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll goes through all of a bundle, the signature included.
func readAll(t *testing.T, data []byte, o bundle.ReadOptions) error {
	t.Helper()
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return err
	}
	if b.Signed() {
		if _, _, err := bundle.CheckSignature(bundle.Namespace, b.ManifestBytes(), b.SignatureBytes()); err != nil {
			return err
		}
	}
	return b.Each(t.Context(), nil)
}

type packing struct {
	name string
	data []byte
	read bundle.ReadOptions
}

// packings are all the ways to pack one small bundle.
func packings(t *testing.T) []packing {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	open := bundle.ReadOptions{Identities: []age.Identity{id}}
	signer := key(t, "partner")
	encrypted := small(t, bundle.Options{Signer: signer, Recipients: []age.Recipient{id.Recipient()}})
	var armored bytes.Buffer
	w := armor.NewWriter(&armored)
	if _, err := w.Write(encrypted); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []packing{
		{"signed tar.zst", small(t, bundle.Options{Signer: signer}), bundle.ReadOptions{}},
		{"signed zip", small(t, bundle.Options{Signer: signer, Zip: true}), bundle.ReadOptions{}},
		{"encrypted", encrypted, open},
		{"encrypted zip", small(t, bundle.Options{Zip: true, Recipients: []age.Recipient{id.Recipient()}}), open},
		{"armored", armored.Bytes(), open},
	}
}

// Each byte of a small bundle is flipped in turn, and the bundle cut off at each length;
// none of these is accepted.
func TestEveryByteCounts(t *testing.T) {
	for _, p := range packings(t) {
		t.Run(p.name, func(t *testing.T) {
			if err := readAll(t, p.data, p.read); err != nil {
				t.Fatalf("as it is: %v", err)
			}
			stride := int64(1)
			if testing.Short() {
				stride = 7
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				wg.Go(func() {
					for i := int(next.Add(stride) - stride); i < len(p.data); i = int(next.Add(stride) - stride) {
						altered := bytes.Clone(p.data)
						for _, mask := range []byte{1 << (i % 8), 0xff} {
							altered[i] = p.data[i] ^ mask
							switch err := readAll(t, altered, p.read); {
							case err == nil:
								t.Errorf("byte %d of %d as %#x instead of %#x: nobody noticed", i, len(p.data), altered[i], p.data[i])
							case p.read.Identities != nil && errors.Is(err, bundle.ErrNotBundle):
								t.Errorf("byte %d of %d as %#x instead of %#x: a damaged bundle is called none: %v", i, len(p.data), altered[i], p.data[i], err)
							}
						}
						if readAll(t, p.data[:i], p.read) == nil {
							t.Errorf("cut off at %d of %d: nobody noticed", i, len(p.data))
						}
					}
				})
			}
			wg.Wait()
			for _, more := range []string{"\x00", "\n", " ", string(p.data), "\x50\x2a\x4d\x18\x00\x00\x00\x00"} {
				if readAll(t, append(bytes.Clone(p.data), more...), p.read) == nil {
					t.Errorf("%d more bytes: nobody noticed", len(more))
				}
			}
		})
	}
}

// A whole bundle of a real run, a byte of each part of it.
func TestRealBundleFlips(t *testing.T) {
	o := options(runDir(t, "main"))
	o.Pack.Signer = key(t, "partner")
	data := create(t, o)
	for i := 0; i < len(data); i += 1 + len(data)/500 {
		altered := bytes.Clone(data)
		altered[i] ^= 0x10
		if readAll(t, altered, bundle.ReadOptions{}) == nil {
			t.Errorf("byte %d of %d: nobody noticed", i, len(data))
		}
	}
}

// forge changes a staged run as somebody who knows the format would: what follows from the
// runs is made anew, and every digest is right. Nothing is signed.
func forge(t *testing.T, change func(run evidence.Dir), claim func(*bundle.Source)) bundle.Result {
	t.Helper()
	staged, err := bundle.Stage(t.Context(), filepath.Join(t.TempDir(), "tree"), bundle.StageOptions{Runs: []string{runDir(t, "main")}, Link: true})
	if err != nil {
		t.Fatal(err)
	}
	run := evidence.Dir{Path: filepath.Join(staged.Dir, "runs", staged.Runs[0])}
	if change != nil {
		change(run)
	}
	src, err := bundle.Complete(t.Context(), staged, options().Complete)
	if err != nil {
		t.Fatal(err)
	}
	if claim != nil {
		claim(&src)
	}
	var out bytes.Buffer
	if _, err := bundle.Write(t.Context(), &out, src, bundle.Options{}); err != nil {
		t.Fatal(err)
	}
	r, err := verify(t.Context(), out.Bytes(), bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// swap replaces text in a file, by writing a new one.
func swap(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	if err := evidence.WriteFile(file, bytes.ReplaceAll(data, []byte(from), []byte(to))); err != nil {
		t.Fatal(err)
	}
}

// freshLedger writes the ledger anew, with a chain that is right.
func freshLedger(t *testing.T, run evidence.Dir, change func(*evidence.Entry) bool) {
	t.Helper()
	entries, err := run.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(run.File("ledger.ndjson")); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if change(&e) {
			if err := run.AppendLedger(e); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// summarise stores what the trials' stored verdicts give, as the harness would.
func summarise(t *testing.T, run evidence.Dir, k, n int) {
	t.Helper()
	again, err := judgeAgain(t.Context(), run.Path)
	if err != nil {
		t.Fatal(err)
	}
	again.Run.Reproduced, again.Run.NotReproduced = k, n-k
	again.Rate.Reproduced, again.Rate.Valid = k, n
	if err := errors.Join(evidence.WriteJSON(run.File("verdict.json"), again.Run), evidence.WriteJSON(run.File("rate.json"), again.Rate)); err != nil {
		t.Fatal(err)
	}
}

func TestForgeries(t *testing.T) {
	all := func(*evidence.Entry) bool { return true }
	for _, tt := range []struct {
		name   string
		change func(*testing.T, evidence.Dir)
		claim  func(*testing.T, *bundle.Source)
		fails  []string // at least these checks
	}{
		{name: "a verdict", fails: []string{"verdicts", "rate"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.Trial(2).File("verdict.json"), `"not-reproduced"`, `"reproduced"`)
			freshLedger(t, run, func(e *evidence.Entry) bool { e.Verdict, e.Reason = evidence.Reproduced, ""; return true })
			summarise(t, run, 3, 3)
		}},
		{name: "a condition", fails: []string{"verdicts"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.Trial(2).File("verdict.json"), `"holds": "false"`, `"holds": "unknown"`)
		}},
		{name: "a failure made up", fails: []string{"verdicts"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.Trial(2).File("verdict.json"), `"conditions":`, `"failures": [{"title": "bgpd: SIGSEGV", "kind": "crash"}], "conditions":`)
		}},
		{name: "the rate", fails: []string{"rate"}, change: func(t *testing.T, run evidence.Dir) { t.Helper(); summarise(t, run, 3, 3) }},
		{name: "the interval", fails: []string{"rate"}, change: func(t *testing.T, run evidence.Dir) { t.Helper(); swap(t, run.File("rate.json"), "0.9", "0.8") }},
		{name: "a miss out of the ledger", fails: []string{"ledger"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			freshLedger(t, run, func(e *evidence.Entry) bool { return e.Trial != 2 })
		}},
		{name: "the ledger anew, the manifest left", fails: []string{"claim"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			freshLedger(t, run, func(e *evidence.Entry) bool { e.Lab = 7; return true })
		}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			src.Claim.Runs[0].Ledger.Head = strings.Repeat("0", 64)
		}},
		{name: "a broken chain", fails: []string{"ledger"}, change: nil, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			swap(t, filepath.Join(src.Dir, "runs", src.Claim.Runs[0].ID, "ledger.ndjson"), `"lab":1`, `"lab":2`)
		}},
		{name: "a record", fails: []string{"records"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.Trial(1).File("observations.ndjson"), "state is up", "state is up!")
		}},
		{name: "an input", fails: []string{"inputs"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.File("input", "main.yaml"), `"down"`, `"state"`)
		}},
		{name: "an input that leads out", fails: []string{"inputs"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			swap(t, run.File("run.json"), `"file": "main.yaml"`, `"file": "../../../../etc/passwd"`)
		}},
		{name: "a mark left unsaid", fails: []string{"marks"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			swap(t, filepath.Join(src.Dir, "runs", src.Claim.Runs[0].ID, "run.json"), `"container"`, `"simulator"`)
		}},
		{name: "the claim", fails: []string{"claim"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			src.Claim.Runs[0].Trials[1].Verdict = evidence.Reproduced
		}},
		{name: "a run untold", fails: []string{"claim"}, claim: func(t *testing.T, src *bundle.Source) { t.Helper(); src.Claim.Runs = nil }},
		{name: "another kind", fails: []string{"claim"}, claim: func(t *testing.T, src *bundle.Source) { t.Helper(); src.Kind = "rumour" }},
		{name: "an image", fails: []string{"images.lock"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			swap(t, filepath.Join(src.Dir, "images.lock"), `"none"`, `"other"`)
		}},
		{name: "the kernel", fails: []string{"env.json"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			swap(t, filepath.Join(src.Dir, "env.json"), `"memory"`, `"metal"`)
		}},
		{name: "the statement", fails: []string{"attestations/test-result.intoto.jsonl"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			swap(t, filepath.Join(src.Dir, "attestations", "test-result.intoto.jsonl"), "PASSED", "FAILED")
		}},
		{name: "no custody", fails: []string{"custody"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			if err := os.Remove(filepath.Join(src.Dir, "custody.ndjson")); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a custody line", fails: []string{"custody"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			if err := bundle.AppendCustody(src.Dir, bundle.Custody{At: at(), Who: "other", What: "received"}); err != nil {
				t.Fatal(err)
			}
			swap(t, filepath.Join(src.Dir, "custody.ndjson"), "tester", "nobody")
		}},
		{name: "a redaction untold", fails: []string{"redaction"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			if err := evidence.WriteFile(filepath.Join(src.Dir, "redaction", "report.json"), []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a redaction without report", fails: []string{"redaction"}, claim: func(t *testing.T, src *bundle.Source) {
			t.Helper()
			src.Redaction = &bundle.Redaction{Profile: "x", Report: "redaction/report.json", Changed: []string{}}
		}},
		{name: "a trial twice", fails: []string{"ledger"}, change: func(t *testing.T, run evidence.Dir) {
			t.Helper()
			freshLedger(t, run, all)
			if err := run.AppendLedger(evidence.Entry{Trial: 9, Verdict: evidence.Reproduced}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var change func(evidence.Dir)
			var claim func(*bundle.Source)
			if tt.change != nil {
				change = func(run evidence.Dir) { tt.change(t, run) }
			}
			if tt.claim != nil {
				claim = func(src *bundle.Source) { tt.claim(t, src) }
			}
			r := forge(t, change, claim)
			names := failing(r)
			for _, want := range tt.fails {
				if !slices.ContainsFunc(names, func(n string) bool { return n == want || strings.HasSuffix(n, ": "+want) }) {
					t.Errorf("%s did not fail:\n%s", want, listed(r))
				}
			}
		})
	}
	if r := forge(t, nil, nil); r.State() != bundle.OK {
		t.Errorf("unchanged: %s", listed(r))
	}
}

// A miss that was taken out with all its traces leaves a gap, which cannot be decided.
func TestTrialTakenOut(t *testing.T) {
	r := forge(t, func(run evidence.Dir) {
		if err := os.RemoveAll(run.Trial(2).Path); err != nil {
			t.Fatal(err)
		}
		freshLedger(t, run, func(e *evidence.Entry) bool { return e.Trial != 2 })
		again, err := judgeAgain(t.Context(), run.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(evidence.WriteJSON(run.File("verdict.json"), again.Run), evidence.WriteJSON(run.File("rate.json"), again.Rate)); err != nil {
			t.Fatal(err)
		}
	}, nil)
	if r.State() != bundle.Unknown || !strings.Contains(listed(r), "trial [2] left no record") {
		t.Error(listed(r))
	}
}

// What nobody can judge is not called good.
func TestVerifyWithoutAnswer(t *testing.T) {
	data := create(t, options(runDir(t, "main")))
	broken := func(context.Context, string) (evidence.RunVerdicts, error) {
		return evidence.RunVerdicts{}, fmt.Errorf("a later scenario")
	}
	r, err := verify(t.Context(), data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: broken})
	if err != nil || r.State() != bundle.Unknown {
		t.Errorf("%v\n%s", err, listed(r))
	}
	r, err = verify(t.Context(), data, bundle.ReadOptions{}, bundle.VerifyOptions{})
	if err != nil || r.State() != bundle.OK || !strings.Contains(listed(r), "no judge was asked") {
		t.Errorf("%v\n%s", err, listed(r))
	}
}
