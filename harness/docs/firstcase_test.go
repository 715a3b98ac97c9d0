package docs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestFirstCase holds the case of the README against the loader, beside configurations of
// the names that "scenario new" gives them, and in the ten lines that it promises.
func TestFirstCase(t *testing.T) {
	shown := blocks(t, "README.md")[0]
	if n := strings.Count(shown, "\n"); n > 10 {
		t.Errorf("the first case has %d lines", n)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"scenario.yaml": shown, "r1.conf": "hostname r1\n", "r2.conf": "hostname r2\n"})
	if _, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Platforms: []string{"frr", "linux"}}); err != nil {
		t.Error(err)
	}
}
