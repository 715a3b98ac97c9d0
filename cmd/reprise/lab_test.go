package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// bench is a lab of two simulated switches and a scenario for them.
type bench struct {
	k         *killer
	sims      *cli.SimLab
	scenario  string
	inventory string
	runs      string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{k: &killer{}, scenario: filepath.Join(dir, "scenario.yaml"), inventory: filepath.Join(dir, "lab.yaml"), runs: filepath.Join(dir, "runs")}
	var err error
	b.sims, err = cli.StartSims(dir, []cli.SimNode{{Name: "sw1", Platform: sim.PlatformEXOS}, {Name: "sw2", Platform: sim.PlatformVOSS}}, []cli.SimCable{{A: "sw1", APort: "1", B: "sw2", BPort: "1/1"}}, 30*time.Millisecond, b.k.log)
	t.Cleanup(func() { _ = b.sims.Close() })
	if err == nil {
		err = os.WriteFile(b.scenario, []byte(killedScenario), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// edit changes the inventory.
func (b *bench) edit(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(b.inventory)
	if err == nil && !strings.Contains(string(text), from) {
		t.Fatalf("no %q in %s", from, text)
	}
	if err == nil {
		err = os.WriteFile(b.inventory, []byte(strings.Replace(string(text), from, to, 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reprise runs a verb and returns what it printed and whether its status was 0.
func (b *bench) reprise(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	out, _, err := b.k.run(t, 0, append(args, "--lab", b.inventory)...)
	return string(out), err == nil
}

// A switch that is not the one that the inventory names is not touched.
func TestWrongSerial(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.edit(t, "serial: SIM000001", "serial: SIM999999")
	out, ok := b.reprise(t, "lab", "check")
	if ok || !strings.Contains(out, "serial number") {
		t.Errorf("lab check: %v: %s", ok, out)
	}
	before := b.sims.Switches[0].Running()
	out, _ = b.reprise(t, "run", b.scenario, "--json", "-n", "1", "--dir", b.runs)
	var got reproduce.Outcome
	if err := json.Unmarshal([]byte(out), &got); err != nil || !strings.Contains(got.Verdict.Reason, "simulator") {
		t.Errorf("%v: %s", err, out)
	}
	if b.sims.Switches[0].Running() != before {
		t.Errorf("the switch was changed")
	}
	timeline, err := filepath.Glob(filepath.Join(b.runs, "*", "trials", "0001", "timeline.ndjson"))
	if err != nil || len(timeline) != 1 {
		t.Fatalf("%v, %v", timeline, err)
	}
	if text, err := os.ReadFile(timeline[0]); err != nil || !strings.Contains(string(text), "it is not touched") {
		t.Errorf("%v: %s", err, text)
	}
}

// A device that somebody has is refused with who has it, until it is taken with a reason.
func TestTakenDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if out, ok := b.reprise(t, "lab", "reserve", "sw1", "--purpose", "an upgrade by hand"); !ok {
		t.Fatal(out)
	}
	out, ok := b.reprise(t, "lab", "list")
	if !ok || !strings.Contains(out, "an upgrade by hand") {
		t.Errorf("lab list: %s", out)
	}
	if out, ok := b.reprise(t, "run", b.scenario, "-q", "-n", "1", "--dir", b.runs); ok || b.k.n != 0 {
		t.Errorf("a run took it, and changed it %d times: %s", b.k.n, out)
	}
	if out, ok := b.reprise(t, "lab", "reserve", "sw1", "--purpose", "mine", "--kick", "the customer waits"); !ok {
		t.Errorf("kick: %s", out)
	}
	if out, _ := b.reprise(t, "lab", "history"); !strings.Contains(out, "the customer waits") {
		t.Errorf("lab history: %s", out)
	}
	if out, ok := b.reprise(t, "lab", "release", "sw1"); !ok {
		t.Errorf("release: %s", out)
	}
	if out, ok := b.reprise(t, "lab", "check"); !ok || !strings.Contains(out, "agrees") {
		t.Errorf("lab check: %s", out)
	}
}

// What a run on simulators leaves is marked, is no result, and holds no password.
func TestRunOnSimulators(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out, ok := b.reprise(t, "run", b.scenario, "--json", "-n", "2", "--dir", b.runs)
	var got reproduce.Outcome
	if err := json.Unmarshal([]byte(out), &got); err != nil || ok {
		t.Fatalf("%v, %v: %s", ok, err, out)
	}
	if v := got.Verdict; v.NotApplicable != 2 || v.Reproduced != 0 || len(v.Marks) != 1 || v.Marks[0] != "simulated" || got.Exit != cli.ExitInconclusive {
		t.Errorf("%+v", got)
	}
	err := filepath.WalkDir(filepath.Dir(b.inventory), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path, b.runs) && !strings.Contains(path, "journal") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), cli.SimPassword) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An entry that cannot be restored is dismissed with a reason, and said to be just that.
func TestDismissedEntry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, killed, _ := b.k.run(t, 6, "rate", b.scenario, "--lab", b.inventory, "--trials", "1", "--control-trials", "0", "-q", "--dir", b.runs); !killed {
		t.Fatal("the run was not killed")
	}
	out, ok := b.reprise(t, "lab", "restore", "--all", "--dismiss", "put back by hand")
	if !ok || !strings.Contains(out, "not touched") || strings.Contains(out, ": restored") {
		t.Errorf("%v: %s", ok, out)
	}
	if out, _ := b.reprise(t, "lab", "list"); strings.Contains(out, "unrestored") {
		t.Errorf("lab list: %s", out)
	}
}

// What is saved for good has no restore point, so it is not sent.
func TestLastingLine(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "waits for a switch that restarts")
	b := newBench(t)
	text, err := os.ReadFile(b.scenario)
	if err == nil {
		err = os.WriteFile(b.scenario, []byte(strings.Replace(string(text), "configure vlan killed tag 101", "save configuration", 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, ok := b.reprise(t, "run", b.scenario, "--rehearse", "--dir", b.runs); ok || !strings.Contains(out, "no restore point undoes") {
		t.Errorf("save configuration: %v: %s", ok, out)
	}
}
