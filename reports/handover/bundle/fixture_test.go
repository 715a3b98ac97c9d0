package bundle_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/scenarios"
)

const scenario = `
reprise: v1
id: fixture
title: A fixture
topology:
  nodes: {r1: {image: none}}
nodes: {r1: {platform: fake}}
baseline: [{name: up, node: r1, run: show state, expect: 'text contains "up"', eventually: 5s, every: 10ms}]
stimulus: [{node: r1, configure: [break it]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', within: 1s, consistently: 500ms, every: 10ms}]
control: {without: [stimulus.0]}
`

// fixture holds runs that a harness made in a lab in memory, made once: run directories
// are the real thing, and a judgeAgain agrees with them.
var fixture = sync.OnceValues(func() (string, error) {
	parent, err := os.MkdirTemp("", "bundle-fixture-")
	if err != nil {
		return "", err
	}
	return parent, errors.Join(makeRun(parent, "main", evidence.VariantMain), makeRun(parent, "control", evidence.VariantControl))
})

// The fixture's trials are in real time: it is made before tests that fill the processors.
func TestMain(m *testing.M) {
	parent, err := fixture()
	code := m.Run()
	if err == nil {
		_ = os.RemoveAll(parent)
	}
	os.Exit(code)
}

// makeRun makes a run of three trials whose second does not show the problem.
func makeRun(parent, name string, variant evidence.Variant) error {
	file := filepath.Join(parent, name+".yaml")
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		return err
	}
	loaded, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		return err
	}
	p, err := plan.New(loaded, plan.Options{Variant: variant, Trials: 3})
	if err != nil {
		return err
	}
	var broken, immune atomic.Bool
	platform := harnesstest.Platform{
		Name: "fake",
		RunFn: func(_, _ string) (drivers.Exchange, error) {
			if broken.Load() {
				return drivers.Exchange{Output: "state is down"}, nil
			}
			return drivers.Exchange{Output: "state is up"}, nil
		},
		ConfigureFn: func(_, _ string) (string, error) {
			broken.Store(!immune.Load())
			return "", nil
		},
		BootFn: func(string) error { broken.Store(false); return nil },
		ResetFn: func(string) error {
			broken.Store(false)
			return nil
		},
	}
	env := trial.Environment{Provider: &harnesstest.Provider{}, Registry: platform.Registry()}
	ctx := context.Background()
	s, err := trial.NewSeries(ctx, p, parent, env, evidence.Tool{Name: "reprise", Version: "v0.0.0-test"})
	if err != nil {
		return err
	}
	for n := range 3 {
		immune.Store(n == 1)
		if _, err := s.Try(ctx, 1); err != nil {
			return err
		}
	}
	if err := s.Close(ctx); err != nil {
		return err
	}
	if _, _, err := s.Summarise(); err != nil {
		return err
	}
	for name, text := range map[string]string{"report.md": "# Report\n", "report.html": "<p>Report</p>\n"} {
		if err := evidence.WriteFile(s.Dir().File(name), []byte(text)); err != nil {
			return err
		}
	}
	return os.Rename(s.Dir().Path, filepath.Join(parent, name))
}

// runDir gives a copy of a fixture's run, which a test may change.
func runDir(tb testing.TB, name string) string {
	tb.Helper()
	parent, err := fixture()
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(tb.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(parent, name))); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// judgeAgain is the harness's own, as the program hands it over.
func judgeAgain(_ context.Context, dir string) (evidence.RunVerdicts, error) {
	return judge.RejudgeRun(dir)
}

// key gives an ssh key that is the same in every run of the tests.
func key(tb testing.TB, seed string) ssh.Signer {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(sum[:]))
	if err != nil {
		tb.Fatal(err)
	}
	return signer
}

func at() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func options(runs ...string) bundle.CreateOptions {
	return bundle.CreateOptions{
		Stage: bundle.StageOptions{Runs: runs},
		Complete: bundle.CompleteOptions{
			Tool: evidence.Tool{Name: "reprise", Version: "v0.0.0-test"}, Custody: bundle.Custody{At: at(), Who: "tester@lab", What: "packed"},
		},
		Rejudge: judgeAgain,
	}
}

// create packs, and gives the bytes.
func create(tb testing.TB, o bundle.CreateOptions) []byte {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "b.tar.zst")
	if _, err := bundle.Create(tb.Context(), file, o); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// verify reads a bundle from memory and checks it; a bundle that cannot be opened is the
// error.
func verify(ctx context.Context, data []byte, ro bundle.ReadOptions, vo bundle.VerifyOptions) (bundle.Result, error) {
	b, err := bundle.New(ctx, bytes.NewReader(data), int64(len(data)), ro)
	if err != nil {
		return bundle.Result{}, err
	}
	return bundle.Verify(ctx, b, vo)
}

// wantOK fails the test unless every check of the bundle holds.
func wantOK(tb testing.TB, data []byte, ro bundle.ReadOptions, vo bundle.VerifyOptions) bundle.Result {
	tb.Helper()
	r, err := verify(tb.Context(), data, ro, vo)
	if err != nil {
		tb.Fatal(err)
	}
	if r.State() != bundle.OK {
		tb.Fatal(listed(r))
	}
	return r
}

func listed(r bundle.Result) string {
	var b bytes.Buffer
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%s %s: %s\n", c.State, c.Name, c.Detail)
	}
	return b.String()
}

// failing gives the names of the checks that failed.
func failing(r bundle.Result) []string {
	var names []string
	for _, c := range r.Checks {
		if c.State == bundle.Failed {
			names = append(names, c.Name)
		}
	}
	return names
}
