package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// killer kills a process when the simulated switches have been told a number of commands
// that change something.
type killer struct {
	mu      sync.Mutex
	at, n   int
	victim  *os.Process
	command string // at which it was killed
}

func (k *killer) log(line string) {
	_, command, ok := strings.Cut(line, "command ")
	_, command, _ = strings.Cut(command, ": ")
	for _, harmless := range []string{"show ", "reprise-", "disable clipaging", "configure cli ", "enable", "terminal ", "ls"} {
		ok = ok && !strings.HasPrefix(command+" ", harmless)
	}
	if !ok {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n++; k.n == k.at && k.victim != nil {
		_ = k.victim.Kill()
		k.command = command
	}
}

// run starts the program, and kills it at the at-th change; 0 lets it run to its end.
func (k *killer) run(t *testing.T, at int, args ...string) (out []byte, killed bool, err error) {
	t.Helper()
	k.mu.Lock()
	k.at, k.n, k.victim, k.command = 0, 0, nil, ""
	k.mu.Unlock()
	c := exec.Command(os.Args[0], args...)
	c.Args[0] = "reprise"
	var errors strings.Builder
	c.Stderr = &errors
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	if err = c.Start(); err == nil {
		k.at, k.victim = at, c.Process
	}
	k.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	out, _ = io.ReadAll(stdout) // it ends with the process
	err = c.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.command == "" && err != nil {
		t.Logf("%s", errors.String())
	}
	return out, k.command != "", err
}

const killedScenario = `
reprise: v1
id: killed
title: a run that is killed at every step
topology:
  nodes:
    a: {kind: linux}
    b: {kind: linux}
  links:
    - endpoints: ["a:p1", "b:p1"]
nodes:
  a: {role: dut, platform: exos, config: "create vlan killed tag 100\nconfigure vlan killed add ports {{p1}} tagged\n"}
  b: {role: peer, platform: voss, config: "vlan create 100 name \"killed\" type port-mstprstp 0\nvlan members add 100 {{p1}}\n"}
baseline:
  - {name: the VLAN is there, node: a, run: show vlan, expect: 'text contains "killed"', eventually: 5s}
stimulus:
  - {node: a, configure: [configure vlan killed tag 101]}
  - {link: "a:p1", fault: down, for: 10ms}
symptom:
  - {name: the tag is another, node: a, run: show vlan, expect: 'text contains "101"', within: 5s, consistently: 10ms}
control: {without: [stimulus.0]}
trials: {count: 1}
`

// A run that is killed at any change that it makes to a switch leaves a restore point, and
// restoring, itself killed at any change, brings the exact saved configuration back.
func TestKilledAtEveryStep(t *testing.T) {
	livetest.Long(t, "is killed at each of some hundred steps")
	t.Parallel()
	dir := t.TempDir()
	k := &killer{}
	sims, err := cli.StartSims(dir, []cli.SimNode{{Name: "sw1", Platform: sim.PlatformEXOS}, {Name: "sw2", Platform: sim.PlatformVOSS}}, []cli.SimCable{{A: "sw1", APort: "1", B: "sw2", BPort: "1/1"}}, 30*time.Millisecond, k.log)
	defer func() { _ = sims.Close() }()
	if err != nil {
		t.Fatal(err)
	}
	scenario := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(scenario, []byte(killedScenario), 0o644); err != nil {
		t.Fatal(err)
	}
	inventory := filepath.Join(dir, "lab.yaml")
	before := make([]string, len(sims.Switches))
	for i, s := range sims.Switches {
		before[i] = s.Running()
	}
	run := []string{"rate", scenario, "--lab", inventory, "--trials", "1", "--control-trials", "0", "-q", "--dir", filepath.Join(dir, "runs")}
	restore := []string{"lab", "restore", "--all", "--lab", inventory, "-q"}
	steps := 0
	for ; ; steps++ {
		_, killed, err := k.run(t, steps+1, run...)
		if !killed {
			t.Logf("the whole run: %v", err)
			break
		}
		at := k.command
		// Every third time, restoring is killed as well, at a step that moves on.
		if steps%3 == 2 {
			_, _, _ = k.run(t, steps%5+1, restore...)
		}
		if out, _, err := k.run(t, 0, restore...); err != nil {
			t.Fatalf("killed at %q (%d): restore: %v: %s", at, steps+1, err, out)
		}
		checkBack(t, k, sims, before, inventory, at)
	}
	if steps < 12 {
		t.Errorf("only %d steps were killed", steps)
	}
	t.Logf("killed at %d steps", steps)
	checkBack(t, k, sims, before, inventory, "the end")
}

// checkBack checks that every switch is as it was, holds nothing of ours, and is free.
func checkBack(t *testing.T, k *killer, sims *cli.SimLab, before []string, inventory, at string) {
	t.Helper()
	for i, s := range sims.Switches {
		if diff := cmp.Diff(before[i], s.Running()); diff != "" {
			t.Errorf("killed at %q: switch %d (-before +after):\n%s", at, i+1, diff)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(inventory), "sw*", "*", "reprise-*")); len(left) > 0 {
		t.Errorf("killed at %q: left on the flash: %v", at, left)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(inventory), "sw*", "reprise-*")); len(left) > 0 {
		t.Errorf("killed at %q: left on the flash: %v", at, left)
	}
	out, _, err := k.run(t, 0, "lab", "list", "--json", "--lab", inventory)
	if err != nil {
		t.Fatalf("lab list: %v: %s", err, out)
	}
	var list struct {
		Devices []struct {
			Device struct{ Name string }
			State  string
		}
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, d := range list.Devices {
		if d.State != "free" {
			t.Errorf("killed at %q: %s is %s", at, d.Device.Name, d.State)
		}
	}
}
