package scenarios_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

const settingsText = `reprise: v1
id: x
title: X
topology:
  nodes: {r1: {image: none, sysctls: {net.ipv4.ip_forward: "1"}}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {files: {/etc/a.conf: a.conf}}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
stimulus:
  - {name: no.hellos, link: "r1:eth1", fault: drop, match: {proto: udp, dst-port: 3784}, for: 5s}
  - {node: r1, exec: "[ -e /x ]", exit: [0, 1]}
  - {together: [{node: r1, exec: a}, {node: r2, exec: b}]}
symptom: [{name: down, node: r1, exec: "false", exit: 1, expect: exit == 1, eventually: 1s}]
control: {set: {SET}}
`

func settings(t *testing.T, set string) (*scenarios.Loaded, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"scenario.yaml": strings.Replace(settingsText, "SET", set, 1), "a.conf": "a\n", "b.conf": "b\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return scenarios.Load(dir, scenarios.Options{})
}

// A control differs in one value: a file, a setting of the kernel, or a value of a step. What it cannot
// replace is said where it stands.
func TestSettings(t *testing.T) {
	for set, want := range map[string]string{
		`r1.files./etc/a.conf: b.conf`:            "",
		`r1.files./etc/new.conf: b.conf`:          "",
		`r2.sysctls.net.ipv4.ip_forward: "1"`:     "",
		`r1.sysctls.net.ipv4.ip_forward: "0"`:     "",
		`stimulus.0.for: 9s`:                      "",
		`stimulus.no.hellos.match.dst-port: 4784`: "",
		`stimulus.0.match: "{proto: tcp}"`:        "",
		`stimulus.1.exec: "[ -e /y ]"`:            "",
		`stimulus.1.exit.1: 2`:                    "",
		`stimulus.2.together.1.exec: c`:           "",
		`stimulus.1.may-fail: "true"`:             "",
		`r1.files./etc/a.conf: a.conf`:            "r1.files./etc/a.conf is a.conf in the scenario already",
		`r1.files./etc/a.conf: c.conf`:            `14:17: there is no file "c.conf"`,
		`r1.files.etc: b.conf`:                    `"etc" is not an absolute path`,
		`r1.sysctls.net.ipv4.ip_forward: "1"`:     "net.ipv4.ip_forward is 1 in the scenario already",
		`"r1.sysctls.x;y": "1"`:                   `"x;y" is no setting of the kernel`,
		`stimulus.0.for: 5s`:                      "14:17: stimulus.0.for is 5s in the scenario already",
		`stimulus.0.name: another`:                "stimulus.0.name changes how a step is called or judged, and nothing that it does",
		`stimulus.0.for: soon`:                    `with stimulus.0.for: stimulus[0].for: "soon" is no time span`,
		`stimulus.0.fault: down`:                  "with stimulus.0.fault: match has no meaning here",
		`stimulus.7.for: 5s`:                      `no step of the stimulus has the number or the name "7"`,
		`stimulus.hellos.for: 5s`:                 `no step of the stimulus has the number or the name "hellos"`,
		`stimulus.0: 5s`:                          "say which value of the step, as stimulus.0.for",
		`stimulus.2.together.2.exec: c`:           "there is no item 2: it has 2, from 0",
		`stimulus.0.for.x: c`:                     "there is nothing beneath for",
		`stimulus.0.mach.dst-port: 4784`:          `unknown key "mach"`,
		`stimulus.1.node: r9`:                     `the topology has no node "r9"`,
		`r1.role: dut`:                            `"r1.role" cannot be set`,
	} {
		_, err := settings(t, set)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", set, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}

// The steps of a control are those of the scenario but for what is replaced, and its changes are said.
func TestStimulusWith(t *testing.T) {
	l, err := settings(t, `stimulus.no.hellos.match.dst-port: 4784, stimulus.2.together.1.exec: c, r1.files./etc/a.conf: b.conf`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.StimulusWith(l.Scenario.Control.Set)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := l.StimulusWith(nil)
	if want[0].Match.DstPort != 3784 || want[2].Together[1].Exec != "b" {
		t.Fatal("the scenario itself was changed")
	}
	want = append([]scenarios.Step{}, want...)
	want[0].Match.DstPort = 4784
	want[2].Together = []scenarios.Step{want[2].Together[0], {Node: "r2", Exec: "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	said := []string{
		"r1.files./etc/a.conf is b.conf instead of a.conf", "stimulus.2.together.1.exec is c instead of b", "stimulus.no.hellos.match.dst-port is 4784 instead of 3784",
	}
	if diff := cmp.Diff(said, l.ControlChanges()); diff != "" {
		t.Error(diff)
	}
	if _, err := scenarios.Load(l.File, scenarios.Options{Set: map[string]string{"stimulus.0.for": "soon"}}); err == nil || !strings.Contains(err.Error(), `--set of steps`) {
		t.Error(err)
	}
}

// A platform that is set is one that there is.
func TestSettingsOfPlatforms(t *testing.T) {
	known := []string{"bird", "frr", "linux"}
	for _, tt := range []struct{ control, set, want string }{
		{"control: {set: {r1.platform: frr}}", "linux", ""},
		{"control: {set: {r1.platform: frrr}}", "linux", `unknown platform "frrr" (did you mean "frr"?)`},
		{"", "brid", `--set r1.platform=brid: unknown platform "brid" (did you mean "bird"?)`},
	} {
		_, err := scenarios.Load(write(t, minimal+tt.control+"\n"), scenarios.Options{Platforms: known, Set: map[string]string{"r1.platform": tt.set}})
		if said := fmt.Sprint(err); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(said, tt.want) {
			t.Errorf("%s, %s: %v, want %q", tt.control, tt.set, err, tt.want)
		}
	}
}

// A cut keeps what the control replaces with its step, and its number right.
func TestSettingsCut(t *testing.T) {
	l, err := settings(t, `stimulus.1.exec: c, stimulus.0.for: 9s`)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := l.Write(out, scenarios.Cut{Steps: map[int]bool{0: true}}); err != nil {
		t.Fatal(err)
	}
	got, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"stimulus.0.exec": "c"}, got.Scenario.Control.Set); diff != "" {
		t.Error(diff)
	}
}
