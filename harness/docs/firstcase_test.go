package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestFirstCase holds the case of the README against the loader, beside configurations of
// the names that "scenario new" gives them, and in the ten lines that it promises.
func TestFirstCase(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(readme)
	if m == nil {
		t.Fatal("the README has no case")
	}
	if n := strings.Count(string(m[1]), "\n"); n > 10 {
		t.Errorf("the first case has %d lines", n)
	}
	if n := strings.Count(string(readme), "\n"); n > 150 {
		t.Errorf("the README has %d lines", n)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"scenario.yaml": string(m[1]), "r1.conf": "hostname r1\n", "r2.conf": "hostname r2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Platforms: []string{"frr", "linux"}}); err != nil {
		t.Error(err)
	}
}
