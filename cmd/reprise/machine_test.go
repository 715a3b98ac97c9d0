package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
)

const machineImage = "vrnetlab/extreme_exos:stand-in"

// machineScenario takes the only cable of a machine within a container down; its switch must
// see that, for the second trial it must have its configuration back.
const machineScenario = `reprise: v1
id: machine-carrier
title: A cable is pulled from a machine within a container
problem: {what: The port stays up, when: always, how: the far end is unplugged, impact: none, severity: 4, product: {platform: exos}, expected: The port goes down}
topology:
  nodes:
    s1: {kind: linux, image: "` + machineImage + `"}
    r1: {kind: linux, image: "reprise/debian:bookworm"}
  links:
    - endpoints: ["s1:eth1", "r1:eth1"]
nodes:
  s1: {role: dut, platform: exos, config: s1.cfg}
  r1: {role: peer, platform: linux}
fidelity: [vm]
baseline:
  - {name: the port is up, node: s1, run: "show ports {{eth1}} no-refresh", template: "exos:ports", expect: 'len(rows) == 1 && rows[0].LINK == "A"', eventually: 10s}
  - {name: nothing but the scenario's VLAN, node: s1, run: show vlan, expect: 'text contains "wanted" and not (text contains "added")', eventually: 10s}
stimulus:
  - {name: a VLAN of the trial, node: s1, configure: [create vlan added]}
  - {name: the cable is pulled, link: "r1:eth1", fault: down}
symptom:
  - {name: the port is down, node: s1, run: "show ports {{eth1}} no-refresh", template: "exos:ports", expect: 'len(rows) == 1 && rows[0].LINK == "R"', eventually: 10s}
control: {without: [stimulus.1]}
trials: {count: 2, reset: config}
`

// TestMachineInContainer runs a scenario on an image in the manner of vrnetlab: its interfaces
// are counted before it boots, its health is waited for, it is driven over ssh with a password
// made for it, hears that a cable was pulled, and gets its configuration back between trials.
func TestMachineInContainer(t *testing.T) {
	t.Parallel()
	needLab(t)
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "launcher"), "./testdata/launcher")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, text := range map[string]string{
		"Dockerfile": "FROM reprise/debian:bookworm\nCOPY launcher /launcher\n" +
			"HEALTHCHECK --interval=1s --retries=1 CMD test \"$(cut -d' ' -f1 /health)\" = 0\nENTRYPOINT [\"/launcher\"]\n",
		"scenario.yaml": machineScenario, "s1.cfg": "create vlan wanted\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "build", "-q", "-t", machineImage, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", machineImage).Run() })
	for _, variant := range []struct {
		args []string
		want evidence.Truth
	}{{nil, evidence.True}, {[]string{"--control"}, evidence.False}} {
		c := exec.CommandContext(t.Context(), os.Args[0], append([]string{"run", filepath.Join(dir, "scenario.yaml"), "--json", "-q", "--dir", t.TempDir()}, variant.args...)...)
		c.Args[0] = "reprise"
		var stderr strings.Builder
		c.Stderr = &stderr
		stdout, _ := c.Output() // the status is that of a verdict that never counts
		var out reproduce.Outcome
		if err := json.Unmarshal(stdout, &out); err != nil {
			t.Fatalf("%v: %s%s", err, stdout, stderr.String())
		}
		for trial, prepared := range []string{"built", "configuration restored"} {
			checkMachineTrial(t, out.Dir, trial+1, variant.want, prepared)
		}
	}
}

// checkMachineTrial wants a trial whose baseline held, whose symptom was seen or not, and
// which never counts, as the switch says that it is a simulator.
func checkMachineTrial(t *testing.T, run string, trial int, want evidence.Truth, prepared string) {
	t.Helper()
	dir, _, err := evidence.OpenDir(run)
	if err != nil {
		t.Fatal(err)
	}
	var v evidence.TrialVerdict
	if err := evidence.ReadJSON(dir.Trial(trial).File("verdict.json"), &v); err != nil {
		t.Fatal(err)
	}
	if v.Verdict != evidence.NotApplicable || !slices.Contains(v.Marks, "simulated") {
		t.Errorf("trial %d: %s (%s), marks %v", trial, v.Verdict, v.Reason, v.Marks)
	}
	for _, c := range v.Conditions {
		if wants := map[bool]evidence.Truth{true: evidence.True, false: want}[strings.HasPrefix(c.Ref, "baseline")]; c.Holds != wants {
			t.Errorf("trial %d: %s (%s) is %s: %s", trial, c.Ref, c.Name, c.Holds, c.Why)
		}
	}
	if len(v.Conditions) != 3 {
		t.Errorf("trial %d: %d conditions were judged: %s", trial, len(v.Conditions), v.Reason)
	}
	entries, err := dir.Ledger()
	if err != nil || len(entries) < trial || entries[trial-1].ResetHow != prepared {
		t.Errorf("trial %d: ledger %+v, %v", trial, entries, err)
	}
}
