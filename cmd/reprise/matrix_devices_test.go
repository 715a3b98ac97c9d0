package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios/suites"
)

// A cell of the suite for switches is tried on devices of an inventory that are of its subjects' platforms and versions, or that its
// roles are bound to, over ssh, and each gets its configuration back. A version that no device has, and a role that is bound to
// another platform's device, is not tested; what a simulator says is of no product.
func TestMatrixOnDevices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	builtin, err := fs.Sub(suites.Files, "extreme")
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "extreme"), builtin)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "extreme", "suite.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sims, err := cli.StartSims(filepath.Join(dir, "lab"), []cli.SimNode{{Name: "sw1", Platform: sim.PlatformEXOS}, {Name: "sw2", Platform: sim.PlatformVOSS}},
		[]cli.SimCable{{A: "sw1", APort: "1", B: "sw2", BPort: "1/1"}, {A: "sw1", APort: "2", B: "sw2", BPort: "1/2"}}, 30*time.Millisecond, nil)
	t.Cleanup(func() { _ = sims.Close() })
	if err != nil {
		t.Fatal(err)
	}
	inventory := filepath.Join(dir, "lab", "lab.yaml")
	devices, err := os.ReadFile(inventory)
	if err != nil {
		t.Fatal(err)
	}
	versions := strings.NewReplacer("platform: exos\n", "platform: exos\n    version: 32.7.2.19\n", "platform: voss\n", "platform: voss\n    version: 9.0.2.0\n")
	for name, text := range map[string]string{
		file:      strings.NewReplacer("exos@32.7.1", "exos@32.7.2.19", "voss@9.0.3", "voss@9.0.2.0").Replace(string(text)),
		inventory: versions.Replace(string(devices)),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := &killer{}
	run := func(args ...string) result.Matrix {
		out, _, _ := k.run(t, 0, append([]string{"matrix", "run", filepath.Dir(file), "--lab", inventory, "--test", "lldp-neighbour", "--dir", filepath.Join(dir, "matrices"), "--json", "-q"}, args...)...)
		var m struct {
			result.Matrix

			Dir string `json:"dir"`
		}
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		m.ID = m.Dir
		return m.Matrix
	}
	const cell = "lldp-neighbour[dut=exos@32.7.2.19,peer=voss@9.0.2.0]"
	before := []string{sims.Switches[0].Running(), sims.Switches[1].Running()}
	m := run("--only", "dut=exos@*,peer=voss@*")
	tried := 0
	for _, c := range m.Cells {
		switch {
		case c.Key() == cell:
			tried++
			if c.Verdict != result.NotApplicable || !strings.Contains(c.Reason, "simulator") || c.Trials != 1 {
				t.Errorf("%s: %s, %s", c.Key(), c.Verdict, c.Reason)
			}
			for _, node := range []string{"dut", "peer"} {
				said, err := os.ReadFile(filepath.Join(m.ID, c.Run, "trials", "0001", "transcripts", node+".ndjson"))
				if err != nil || len(said) == 0 {
					t.Errorf("nothing was said to %s: %v", node, err)
				}
			}
			var info evidence.RunInfo
			if err := evidence.ReadJSON(filepath.Join(m.ID, c.Run, "run.json"), &info); err != nil || info.Provider != "lab" || info.Clock.Factor() != 1 {
				t.Errorf("%s at speed %g, %v", info.Provider, info.Clock.Factor(), err)
			}
		case strings.HasPrefix(c.Key(), "lldp-neighbour[dut=exos@") && strings.Contains(c.Key(), "peer=voss@"):
			tried++
			if c.Verdict != result.NotTested || !strings.Contains(c.Reason, "version") {
				t.Errorf("%s: %s, %s", c.Key(), c.Verdict, c.Reason)
			}
		}
	}
	if tried != 4 {
		t.Errorf("%d cells of two versions each", tried)
	}
	if sims.Switches[0].Running() != before[0] || sims.Switches[1].Running() != before[1] {
		t.Error("a switch did not get its configuration back")
	}
	for _, c := range run("--only", "dut=exos@*,peer=voss@9.0.2.0", "--only", "dut=voss@9.0.2.0,peer=exos@32.7.2.19", "--bind", "dut=sw2").Cells {
		if c.Key() == cell && (c.Verdict != result.NotTested || !strings.Contains(c.Reason, "sw2")) {
			t.Errorf("bound to another platform's device: %s, %s", c.Verdict, c.Reason)
		}
	}
}
