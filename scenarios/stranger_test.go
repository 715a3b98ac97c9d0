package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestFilesOfOthers: a file that another program builds labs of is named, whatever it is called, and read as no scenario; a
// scenario that lacks its first line stays one.
func TestFilesOfOthers(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"compose", "version: \"3\"\nservices: {r1: {image: x}}\n", "this is a file of Docker Compose"},
		{"netlab", "message: hello\ngroups: {a: {members: [r1]}}\nnodes: {r1: {device: eos}}\nlinks: [r1-r2]\n", "this is a topology of netlab"},
		{"netlab without nodes", "defaults.device: frr\nlinks: [r1-r2]\n", "this is a topology of netlab"},
		{"KNE", "name: 2node\nnodes: [{name: r1, vendor: CISCO}]\nlinks: []\n", "this is a topology of KNE"},
		{"CML", "lab: {title: x, version: 0.1.0}\nnodes: [{id: n0, label: r1, node_definition: iosv}]\nlinks: []\n", "this is a lab of CML"},
		{"GNS3", `{"name": "x", "topology": {"nodes": [], "links": []}, "type": "topology", "version": "2.2.0"}`, "this is a project of GNS3"},
		{"a scenario", "nodes: {r1: {platform: frr}}\nsymptom: []\n", "the format's version is missing"},
	} {
		file := filepath.Join(t.TempDir(), "lab.yml")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := scenarios.Load(file, scenarios.Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.HasPrefix(tt.want, "this") && strings.Contains(err.Error(), "version is missing") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
