package evidence_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// TestRunFoldersArePrivate: a run holds configurations, and nobody but its owner reads them,
// whatever the mode of the files in it.
func TestRunFoldersArePrivate(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "runs")
	dir, err := evidence.CreateDir(parent, "a", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{parent, dir.Path} {
		info, err := os.Stat(folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s has the mode %o", folder, got)
		}
	}
}

// TestPipesInARun: a run directory of somebody else's with pipes for files makes nobody wait.
func TestPipesInARun(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	trial := dir.Trial(1)
	if err := os.MkdirAll(trial.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, pipe := range []string{
		dir.File("run.json"), dir.File("ledger.ndjson"), trial.File("verdict.json"), trial.File("timeline.ndjson"), trial.File("observations.ndjson"),
	} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range map[string]func() error{
		"run":     func() error { _, _, err := evidence.OpenDir(dir.Path); return err },
		"ledger":  func() error { _, err := dir.Ledger(); return err },
		"verdict": func() error { _, _, err := trial.Verdict(); return err },
		"record":  func() error { _, err := trial.Read(); return err },
		"digest":  func() error { _, err := trial.Digest(); return err },
	} {
		done := make(chan error, 1)
		go func() { done <- read() }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: a pipe is read", name)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: it waits", name)
		}
	}
}
