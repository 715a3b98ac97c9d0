package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

func TestVerifyOwnBundle(t *testing.T) {
	o := options(runDir(t, "main"), runDir(t, "control"))
	o.Pack.Signer = key(t, "partner")
	data := create(t, o)
	r := wantOK(t, data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain})
	for _, want := range []string{"verdicts: 3 trials come out", "rate: 2 of 3", "ledger: 3 lines", "claim: 2 of 3", "rate: 0 of 3", "custody: 1 line"} {
		if !strings.Contains(listed(r), want) {
			t.Errorf("no line says %q:\n%s", want, listed(r))
		}
	}
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	claim := b.Manifest.Claim
	main := claim.Main()
	if claim.Scenario != "fixture" || main == nil || main.Rate.Reproduced != 2 || main.Rate.Valid != 3 || len(main.Failures) != 1 || main.Failures[0].Trials != 2 {
		t.Errorf("claim: %+v", claim)
	}
}

// A record of older rules is no altered one. It is shown under both rules, and where today's
// come to another verdict the bundle does not simply hold.
func TestOlderRules(t *testing.T) {
	run := runDir(t, "main")
	edit(t, filepath.Join(run, "run.json"), fmt.Sprintf(`"rules": %q,`, evidence.CurrentRules), "")
	data := create(t, options(run))
	if r := wantOK(t, data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain}); !strings.Contains(listed(r), "rules: it was judged by rules 1; those of today (6) give the same verdict, with 2 of 3 valid trials") {
		t.Error(listed(r))
	}
	stricter := func(ctx context.Context, dir string) (evidence.RunVerdicts, error) {
		v, err := judgeAgain(ctx, dir)
		v.Today = &evidence.RunVerdict{Verdict: evidence.Inconclusive, Reason: "absent"}
		return v, err
	}
	r, err := verify(t.Context(), data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: stricter})
	if err != nil || r.State() != bundle.Unknown || !strings.Contains(listed(r), "by rules 1 as reproduced; by those of today (6) it is inconclusive: absent") || strings.Contains(listed(r), "altered") {
		t.Errorf("%v, %s: %s", err, r.State(), listed(r))
	}
}

// The same content gives the same bytes, whatever the folders' names, times and order.
func TestDeterministic(t *testing.T) {
	for _, asZip := range []bool{false, true} {
		var last []byte
		for n := range 2 {
			runs := []string{runDir(t, "main"), runDir(t, "control")}
			if n == 1 {
				slices.Reverse(runs)
				if err := os.Chtimes(filepath.Join(runs[0], "run.json"), at(), at()); err != nil {
					t.Fatal(err)
				}
			}
			o := options(runs...)
			o.Pack.Zip, o.Pack.Signer = asZip, key(t, "partner")
			data := create(t, o)
			if last != nil && !bytes.Equal(data, last) {
				t.Errorf("zip %v: the bytes differ", asZip)
			}
			last = data
		}
	}
}

// Other programs read what is written, and see the same content in both containers.
func TestContainersAreOrdinary(t *testing.T) {
	run := runDir(t, "main")
	long := strings.Repeat("long-", 30) + "ü.log" // needs a PAX record
	if err := evidence.WriteFile(filepath.Join(run, "trials", "0001", "logs", "r1", long), []byte("x")); err != nil {
		t.Fatal(err)
	}
	o := options(run)
	o.Pack.Signer = key(t, "partner")
	fromTar := readTar(t, create(t, o))
	o.Pack.Zip = true
	fromZip := readZip(t, create(t, o))
	if diff := cmp.Diff(fromTar, fromZip); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(slicesOf(fromTar), func(name string) bool { return strings.HasSuffix(name, long) }) {
		t.Error("the file with the long name is not there")
	}
}

func slicesOf(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

func readTar(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || h.Mode != 0o644 || h.Uid != 0 || h.ModTime.Unix() != 946684800 {
			t.Errorf("%s: %+v", h.Name, h)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = string(text)
	}
}

func readZip(t *testing.T, data []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// The tools that people have unpack it, too.
func TestCommandLineTools(t *testing.T) {
	dir := t.TempDir()
	o := options(runDir(t, "main"))
	for name, args := range map[string][]string{
		"b.tar.zst": {"tar", "--zstd", "-tf"},
		"c.tar.zst": {"zstd", "-tq"},
		"b.zip":     {"unzip", "-tq"},
	} {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("%s is not installed", args[0])
			continue
		}
		o.Pack.Zip = strings.HasSuffix(name, "zip")
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, create(t, o), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(args[0], append(args[1:], file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestSignature(t *testing.T) {
	partner, other := key(t, "partner"), key(t, "other")
	o := options(runDir(t, "main"))
	o.Pack.Signer = partner
	data := create(t, o)
	line := func(k ssh.Signer, options string) string {
		return "partner@example " + options + string(ssh.MarshalAuthorizedKey(k.PublicKey()))
	}
	for _, tt := range []struct {
		name, signers string
		want          bundle.State
	}{
		{"the partner may", line(partner, ""), bundle.OK},
		{"for this namespace", line(partner, `namespaces="git,reprise-*" `), bundle.OK},
		{"for another namespace", line(partner, `namespaces="git" `), bundle.Failed},
		{"no longer", line(partner, `valid-before="20260228Z" `), bundle.Failed},
		{"not yet", line(partner, `valid-after="20260302Z" `), bundle.Failed},
		{"in its time", line(partner, `valid-after="20260228Z",valid-before="20260302Z" `), bundle.OK},
		{"somebody else", line(other, ""), bundle.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signers, err := bundle.ParseSigners([]byte("# who may\n\n" + tt.signers))
			if err != nil {
				t.Fatal(err)
			}
			r, err := verify(t.Context(), data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain, Signers: signers, Now: at()})
			if err != nil || r.State() != tt.want {
				t.Fatalf("%v\n%s", err, listed(r))
			}
			if tt.want == bundle.OK && !slices.Equal(r.Signature.Principals, []string{"partner@example"}) {
				t.Errorf("%+v", r.Signature)
			}
		})
	}
	o.Pack.Signer = nil
	signers, _ := bundle.ParseSigners([]byte(line(partner, "")))
	r, err := verify(t.Context(), create(t, o), bundle.ReadOptions{}, bundle.VerifyOptions{Signers: signers, Now: at()})
	if err != nil || !slices.Equal(failing(r), []string{"signature"}) {
		t.Errorf("unsigned: %v\n%s", err, listed(r))
	}
	for _, wrong := range []string{"", "partner", line(partner, "cert-authority "), line(partner, `valid-before="soon" `)} {
		if _, err := bundle.ParseSigners([]byte(wrong)); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

// OpenSSH itself says Good over what is unpacked.
func TestSshKeygenVerifies(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		livetest.Missing(t, "ssh-keygen", err)
	}
	dir := t.TempDir()
	o := options(runDir(t, "main"))
	o.Pack.Signer = key(t, "partner")
	data := create(t, o)
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open")
	if err := b.Extract(t.Context(), open, nil); err != nil {
		t.Fatal(err)
	}
	allowed := filepath.Join(dir, "allowed")
	if err := os.WriteFile(allowed, append([]byte("me "), ssh.MarshalAuthorizedKey(o.Pack.Signer.PublicKey())...), 0o600); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.Open(filepath.Join(open, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer manifest.Close() //nolint:errcheck // read only
	c := exec.Command("ssh-keygen", "-Y", "verify", "-n", bundle.Namespace, "-I", "me", "-f", allowed, "-s", filepath.Join(open, "manifest.json.sig"))
	c.Stdin = manifest
	if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Good")) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestEncryptedToTwo(t *testing.T) {
	pub := string(ssh.MarshalAuthorizedKey(key(t, "tac").PublicKey()))
	native, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := bundle.ParseRecipients([]byte("# two\n" + pub + "\n" + native.Recipient().String() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := options(runDir(t, "main"))
	o.Pack.Signer, o.Pack.Recipients = key(t, "partner"), recipients
	for _, asZip := range []bool{false, true} {
		o.Pack.Zip = asZip
		data := create(t, o)
		if _, err := verify(t.Context(), data, bundle.ReadOptions{}, bundle.VerifyOptions{}); !errors.Is(err, bundle.ErrLocked) {
			t.Errorf("without a key: %v", err)
		}
		stranger, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t.Context(), data, bundle.ReadOptions{Identities: []age.Identity{stranger}}, bundle.VerifyOptions{}); !errors.Is(err, bundle.ErrLocked) {
			t.Errorf("with a stranger's key: %v", err)
		}
		for name, file := range map[string][]byte{"ssh": privateKey(t, "tac"), "age": []byte("# mine\n" + native.String() + "\n")} {
			ids, err := bundle.ParseIdentities(file, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wantOK(t, data, bundle.ReadOptions{Identities: ids}, bundle.VerifyOptions{Rejudge: judgeAgain})
		}
	}
	for _, wrong := range []string{"", "age1nonsense", "ssh-dss AAAA", "me@example"} {
		if _, err := bundle.ParseRecipient(wrong); err == nil {
			t.Errorf("recipient %q is accepted", wrong)
		}
	}
}

// What is redacted is told, its ledger is chained anew, and the run's own files stay as they are.
func TestRedacted(t *testing.T) {
	run := runDir(t, "main")
	before := tree(t, run)
	o := options(run)
	o.Complete.Profile = "tac-default"
	o.Redact = func(_ context.Context, dir string) (string, error) {
		err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			data = bytes.ReplaceAll(data, []byte("state is up"), []byte("state is up [cut]"))
			return os.WriteFile(name, bytes.ReplaceAll(data, []byte("become true"), []byte("get true")), 0o600)
		})
		report := filepath.Join(dir, "redaction", "report.json")
		return report, errors.Join(err, evidence.WriteFile(report, []byte("{}\n")))
	}
	// A cut that changes the reason that the ledger holds.
	data := create(t, o)
	r := wantOK(t, data, bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain})
	for _, want := range []string{`profile "tac-default"`, "3 were redacted since", "ledger: 3 lines"} {
		if !strings.Contains(listed(r), want) {
			t.Errorf("no line says %q:\n%s", want, listed(r))
		}
	}
	if diff := cmp.Diff(before, tree(t, run)); diff != "" {
		t.Errorf("the run itself was changed: %s", diff)
	}
	// A cut that changes what a verdict rests on is not packed.
	o.Redact = func(_ context.Context, dir string) (string, error) {
		file := evidence.Dir{Path: filepath.Join(dir, "runs")}
		entries, err := os.ReadDir(file.Path)
		if err != nil {
			return "", err
		}
		name := file.File(entries[0].Name(), "trials", "0001", "observations.ndjson")
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		return "", os.WriteFile(name, bytes.ReplaceAll(data, []byte("down"), []byte("[cut]")), 0o600)
	}
	var unsound *bundle.UnsoundError
	if _, err := bundle.Create(t.Context(), filepath.Join(t.TempDir(), "b"), o); !errors.As(err, &unsound) {
		t.Errorf("a cut that changes a verdict: %v", err)
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var data []byte
			data, err = os.ReadFile(name)
			out[strings.TrimPrefix(name, dir)] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRefused(t *testing.T) {
	mark := func(name string) func(*testing.T, string) {
		return func(t *testing.T, run string) {
			t.Helper()
			l, err := evidence.CreateLines(evidence.Dir{Path: run}.Trial(2).File("timeline.ndjson"))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(l.Append(evidence.Event{Kind: evidence.EventMark, Name: name}), l.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, change := range map[string]func(*testing.T, string){
		"simulated": mark("simulated"),
		"licence":   mark("licence"),
		"simulator": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "run.json"), `"fidelity": "container"`, `"fidelity": "simulator"`)
		},
	} {
		run := runDir(t, "main")
		change(t, run)
		out := t.TempDir()
		var refused *bundle.RefusedError
		if _, err := bundle.Create(t.Context(), filepath.Join(out, "b"), options(run)); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(out); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

func edit(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A run that does not stand up is not packed, and nothing is left of the attempt.
func TestUnsoundRunIsNotPacked(t *testing.T) {
	for name, change := range map[string]func(*testing.T, string){
		"verdict": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "trials", "0001", "verdict.json"), `"reproduced"`, `"not-reproduced"`)
		},
		"record": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "trials", "0001", "observations.ndjson"), "state is up", "state is op")
		},
		"ledger": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "ledger.ndjson"), `"not-reproduced"`, `"inconclusive"`)
		},
		"rate": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "rate.json"), `"valid": 3`, `"valid": 2`)
		},
		"input": func(t *testing.T, run string) {
			t.Helper()
			edit(t, filepath.Join(run, "input", "main.yaml"), "A fixture", "An ox")
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := runDir(t, "main")
			change(t, run)
			out := t.TempDir()
			if _, err := bundle.Create(t.Context(), filepath.Join(out, "b"), options(run)); err == nil {
				t.Error("it is packed")
			}
			if left, _ := os.ReadDir(out); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

func TestStageLeavesOut(t *testing.T) {
	run := runDir(t, "main")
	for _, name := range []string{".tmp-1", "trials/0001/cores/bgpd.core", "trials/0001/keep.txt"} {
		if err := evidence.WriteFile(filepath.Join(run, name), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(run, "link")); err != nil {
		t.Fatal(err)
	}
	o := options(run)
	have := readTar(t, create(t, o))
	for name := range have {
		for _, bad := range []string{".tmp-", "core", "link"} {
			if strings.Contains(name, bad) {
				t.Errorf("%s was packed", name)
			}
		}
	}
	o.Stage.Cores = true
	if with := readTar(t, create(t, o)); len(with) != len(have)+1 {
		t.Errorf("%d files with cores, %d without", len(with), len(have))
	}
}

// The case's folder may hold the runs and the file that is written, and be given by a link.
func TestCaseAroundEverything(t *testing.T) {
	dir := t.TempDir()
	folder, link := filepath.Join(dir, "case"), filepath.Join(dir, "link")
	if err := errors.Join(evidence.WriteFile(filepath.Join(folder, "case.yaml"), []byte("reprise: v1\n")), os.Symlink(folder, link)); err != nil {
		t.Fatal(err)
	}
	o := options(runDir(t, "main"))
	o.Stage.Case = link
	created, err := bundle.Create(t.Context(), filepath.Join(folder, "b.tar.zst"), o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range created.Manifest.Files {
		if strings.HasPrefix(f.Path, "case/") {
			names = append(names, f.Path)
		}
	}
	if diff := cmp.Diff([]string{"case/case.yaml"}, names); diff != "" {
		t.Error(diff)
	}
}

// A file that changes while it is packed is an error.
func TestChangedWhilePacked(t *testing.T) {
	dir := t.TempDir()
	staged, err := bundle.Stage(t.Context(), filepath.Join(dir, "tree"), bundle.StageOptions{Runs: []string{runDir(t, "main")}})
	if err != nil {
		t.Fatal(err)
	}
	src, err := bundle.Complete(t.Context(), staged, options().Complete)
	if err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(src.Dir, "zzz.log")
	for name, change := range map[string]string{"longer": "0123456789x", "shorter": "012345678", "other": "x123456789"} {
		if err := os.WriteFile(last, []byte("0123456789"), 0o600); err != nil {
			t.Fatal(err)
		}
		once := true
		o := bundle.Options{Progress: func(_, _ int64) {
			if once {
				once = false
				if err := os.WriteFile(last, []byte(change), 0o600); err != nil {
					t.Error(err)
				}
			}
		}}
		if _, err := bundle.Write(t.Context(), io.Discard, src, o); err == nil || !strings.Contains(err.Error(), "changed while") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := bundle.Options{Progress: func(_, _ int64) { cancel() }}
	if _, err := bundle.Write(ctx, io.Discard, src, o); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// Ctrl-C in the middle leaves neither half a file nor the folder that was worked in.
func TestInterruptedCreateLeavesNothing(t *testing.T) {
	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := options(runDir(t, "main"))
	o.Pack.Progress = func(_, _ int64) { cancel() }
	if _, err := bundle.Create(ctx, filepath.Join(out, "b"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(out); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestExtract(t *testing.T) {
	run := runDir(t, "main")
	data := create(t, options(run))
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "empty")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := b.Extract(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	id := b.Manifest.Claim.Runs[0].ID
	if diff := cmp.Diff(tree(t, run), tree(t, filepath.Join(dir, "runs", id))); diff != "" {
		t.Error(diff)
	}
	if _, err := judgeAgain(t.Context(), filepath.Join(dir, "runs", id)); err != nil {
		t.Error(err)
	}
	if err := b.Extract(t.Context(), dir, nil); !errors.Is(err, bundle.ErrNotEmpty) {
		t.Errorf("into a folder that holds something: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Extract(ctx, filepath.Join(parent, "other"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 1 {
		t.Errorf("%v are there", left)
	}
}

func TestDiff(t *testing.T) {
	contents := func(o bundle.CreateOptions) bundle.Contents {
		data := create(t, o)
		b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := b.Contents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := contents(options(runDir(t, "main")))
	if d := bundle.Diff(one, one); len(d) > 0 {
		t.Errorf("it differs from itself: %v", d)
	}
	both := contents(options(runDir(t, "main"), runDir(t, "control")))
	d := bundle.Diff(one, both)
	if !slices.ContainsFunc(d, func(d bundle.Difference) bool {
		return d.What == "claim" && d.Name == "control-1 rate" && d.A == "" && strings.HasPrefix(d.B, "0/3")
	}) {
		t.Errorf("%v", d)
	}
}

// TestVerifyNamesItsFolder: what a verification unpacks lies where its process can be told, so
// that it can be removed when that was killed.
func TestVerifyNamesItsFolder(t *testing.T) {
	data := create(t, options(runDir(t, "main")))
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := ""
	if _, err := bundle.Verify(t.Context(), b, bundle.VerifyOptions{Temp: t.TempDir(), Rejudge: func(ctx context.Context, dir string) (evidence.RunVerdicts, error) {
		seen = dir
		return judgeAgain(ctx, dir)
	}}); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("/reprise-verify-%d.", os.Getpid()); !strings.Contains(seen, want) {
		t.Errorf("it is unpacked in %s, without %s", seen, want)
	}
	if _, err := os.Stat(seen); err == nil {
		t.Errorf("%s is left", seen)
	}
}
