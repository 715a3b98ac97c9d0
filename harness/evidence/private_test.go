package evidence_test

import (
	"os"
	"path/filepath"
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
