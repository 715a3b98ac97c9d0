package lab

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// A drawing is a document of JSON for machines, with the picture in it or the file that it is in.
func TestGraphJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.clab.yml")
	if err := os.WriteFile(file, []byte("name: x\ntopology:\n  nodes: {r1: {kind: linux, image: a}, r2: {kind: linux, image: a}}\n  links: [{endpoints: [\"r1:eth1\", \"r2:eth1\"]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{"", filepath.Join(t.TempDir(), "x.svg")} {
		var out, progress bytes.Buffer
		o := &graphOptions{fileOptions: fileOptions{App: &cli.App{Out: &out, Err: &progress, JSON: true}, file: file}, output: output}
		if err := runGraph(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var got graphed
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Nodes) != 2 || len(got.Links) != 1 || got.File != output || strings.HasPrefix(got.SVG, "<svg") != (output == "") {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}
