package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// TestCaseOfTheChapter puts the parts of a case that the chapter on writing one shows together,
// and loads them: what is shown is taken.
func TestCaseOfTheChapter(t *testing.T) {
	shown := blocks(t, "scenarios/README.md")
	dir := t.TempDir()
	text := "reprise: v1\nid: my-case\ntitle: The case of the chapter\n" + strings.Join(shown, "")
	text = strings.Replace(text, "name: my-case\n", "", 1) // the topology's own name
	write(t, dir, map[string]string{"scenario.yaml": text, "r1.conf": "hostname r1\n", "r2.conf": "hostname r2\n"})
	if _, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Platforms: []string{"frr", "linux"}}); err != nil {
		t.Error(err)
	}
}

// TestInventoryOfTheChapter loads the inventory that the chapter on switches shows, and the
// scenario for it.
func TestInventoryOfTheChapter(t *testing.T) {
	shown := blocks(t, "topologies/lab/README.md")
	if len(shown) != 2 {
		t.Fatalf("the chapter shows %d files, want an inventory and a scenario", len(shown))
	}
	dir := t.TempDir()
	text := "reprise: v1\nid: my-case\ntitle: The case of the chapter\n" + shown[1] +
		"symptom: [{name: gone, node: r1, run: show ospf neighbor, expect: 'not (text contains \"FULL\")', eventually: 20s}]\n"
	write(t, dir, map[string]string{"lab.yaml": shown[0], "scenario.yaml": text, "r1.cfg": "\n", "r2.cfg": "\n"})
	if _, err := lab.Load(filepath.Join(dir, "lab.yaml")); err != nil {
		t.Error(err)
	}
	registry, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	_, err = scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Platforms: registry.Platforms(), Template: registry.Template})
	if err != nil {
		t.Error(err)
	}
}

// blocks are the YAML texts that a manual shows.
func blocks(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(data, -1) {
		out = append(out, string(m[1]))
	}
	if len(out) == 0 {
		t.Fatalf("%s shows no file", file)
	}
	return out
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
