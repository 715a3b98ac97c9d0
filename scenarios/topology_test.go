package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestTopologyStartupConfig: a start-up configuration that is not there is told of a topology that stands alone.
func TestTopologyStartupConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "lab.clab.yml")
	text := "name: x\ntopology: {nodes: {a: {startup-config: a.cfg}, b: {startup-config: gone.cfg}, lan: {kind: bridge, startup-config: none}}}\n"
	for name, data := range map[string]string{"lab.clab.yml": text, "a.cfg": "hostname a\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := scenarios.LoadTopology(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Warnings) != 1 || !strings.HasSuffix(l.Warnings[0].String(), "lab.clab.yml:2:68: warning: there is no file gone.cfg") {
		t.Errorf("warnings: %v", l.Warnings)
	}
}
