package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What `make quick` runs the tests with ends as they end, and leaves nothing in memory.
func TestInMemory(t *testing.T) {
	t.Parallel()
	own := t.TempDir()
	c := exec.Command("../../.ci/inmemory", "sh", "-c", `echo "$TMPDIR"; touch "$TMPDIR/left"; exit 3`)
	c.Env = append(os.Environ(), "TMPDIR="+own)
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 || len(exit.Stderr) > 0 {
		t.Fatalf("%v", err)
	}
	switch dir := strings.TrimSpace(string(out)); {
	case dir == own: // this machine has no such place
	case !strings.HasPrefix(dir, "/dev/shm/reprise-"):
		t.Errorf("files are kept in %q", dir)
	default:
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", dir, err)
		}
	}
}
