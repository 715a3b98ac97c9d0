package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// What a search has stored is held against its ledger by the choices that are kept beside it; where it came out of a bundle it is
// told as it is stored.
func TestHoldSearch(t *testing.T) {
	for name, tt := range map[string]struct {
		file         string
		options      [2]string // what of them is otherwise
		foreign      bool
		unheld, want string
	}{
		"nothing":                             {},
		"an isolation that is not so":         {file: "isolation.json", want: "its ledger does not come to its end"},
		"a bisection that is not so":          {file: "bisection.json", want: "its ledger does not come to its end"},
		"an isolation out of a bundle":        {file: "isolation.json", foreign: true, unheld: "it came out of a bundle without its runs, and is told as it is stored"},
		"an isolation of a file beside":       {file: "isolation.json", options: [2]string{"scenario.yaml", "../../scenario.yaml"}, want: "a scenario that is not below its input: ../../scenario.yaml"},
		"a bisection of a file beside":        {file: "bisection.json", options: [2]string{"scenario.yaml", "/etc/passwd"}, want: "a scenario that is not below its input: /etc/passwd"},
		"an isolation measured less than not": {file: "isolation.json", options: [2]string{`"measure":2`, `"measure":-2`}, want: "options.json: --measure takes 1 to"},
		"a bisection measured less than not":  {file: "bisection.json", options: [2]string{`"measure":2`, `"measure":-2`}, want: "--measure 1 to"},
		"a fix without its runs":              {file: "verify.json", unheld: "its runs do not lie beside it: it is told as it is stored"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			found := ""
			if tt.file == "bisection.json" {
				found = `,"found":true`
			}
			for path, text := range map[string]string{
				"options.json":        `{"scenario":"scenario.yaml","measure":2,"keep-rate":0.5,"confidence":0.9,"max-runs":9,"nodes":["r1"],"versions":[{"image":"a:1"},{"image":"a:2"}]}`,
				"ledger.ndjson":       "",
				"input/scenario.yaml": "reprise: v1\nid: x\ntitle: X\ntopology: {nodes: {r1: {kind: linux, image: 'a:1'}}}\nnodes: {r1: {role: dut, platform: frr}}\nbaseline: [{name: up, node: r1, run: show version, expect: 'text contains \"8\"', eventually: 5s}]\nstimulus: [{node: r1, run: clear ip bgp}]\nsymptom: [{name: down, node: r1, run: show version, expect: 'text contains \"9\"', eventually: 5s}]\n",
				tt.file:               `{"complete":true,"ruling":"fixed","confidence":0.95,"old":{"dir":"x"},"new":{"dir":"y"}` + found + `}`,
			} {
				if path == "" {
					continue
				}
				if path == "options.json" {
					text = strings.Replace(text, tt.options[0], tt.options[1], 1)
				}
				if err := evidence.WriteFile(filepath.Join(dir, path), []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.foreign {
				if err := origin.Write(dir, "bundle"); err != nil {
					t.Fatal(err)
				}
			}
			unheld, err := cli.HoldSearch(t.Context(), dir)
			if unheld != tt.unheld || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q, %v", unheld, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "lock")); err == nil {
				t.Error("something was written")
			}
		})
	}
}
