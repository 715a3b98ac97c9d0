package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestReaderThatGoesAway: a verb whose output nobody reads any more ends in order, says nothing of it, and leaves nothing of
// what it was given in the system's folder for temporary files.
func TestReaderThatGoesAway(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("snmp-server community Hidden7 ro\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "redact", "a.txt", "-o", "out.txt")
	c.Args[0] = "reprise"
	c.Dir, c.Stdout = dir, w
	c.Env = append(os.Environ(), "TMPDIR="+temp)
	var said strings.Builder
	c.Stderr = &said
	if err := errors.Join(r.Close(), c.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != cli.ExitInterrupted && code != cli.ExitYes || strings.Contains(said.String(), "pipe") {
		t.Errorf("%s, and it says %q", c.ProcessState, said.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out.txt")); err != nil {
		t.Errorf("the result was written before anything was said: %v", err)
	}
}
