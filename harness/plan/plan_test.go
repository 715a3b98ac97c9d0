package plan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

const fixture = `
reprise: v1
id: fixture
title: A fixture
topology:
  nodes: {r1: {image: one, env: {A: "1"}, exec: [ip link set lo up]}, r2: {image: two}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes:
  r1: {role: dut, platform: frr, config: r1.conf, image: newer, placement: east, services: [zebra, ospfd], files: {/etc/motd: motd}}
baseline:
  - {name: full, node: r1, run: show neighbor, expect: 'text contains "Full"', eventually: 30s}
  - {name: quiet, node: r2, log: "went (up|down)", expect: count == 0, never: 10s}
stimulus:
  - {node: r1, configure: [interface eth1, ip mtu 1400]}
  - {link: "r1:eth1", fault: down, for: 1s}
  - {hold: 2s, why: the timer}
  - {wait-for: {name: gone, node: r1, run: show neighbor, expect: 'not (text contains "Full")', eventually: 5s}}
  - {node: r2, run: clear neighbor}
symptom:
  - {name: stuck, node: r1, run: show neighbor, expect: 'any(rows, .STATE == "ExStart")', template: n.textfsm, within: 20s, consistently: 10s}
workaround:
  steps: [{node: r2, name: raise the MTU, exec: "ip link set eth1   mtu 1500"}]
  expect: [{name: full, same-as: baseline, within: 5s, consistently: 3s}]
control: {without: [stimulus.0], set: {r2.image: fixed}}
trials: {count: 4, reset: config}
`

// load reads the fixture with something replaced; what is replaced must be there. It reads
// what the command line sets beside it.
func load(t *testing.T, replaced ...string) *scenarios.Loaded {
	t.Helper()
	dir := t.TempDir()
	text := fixture
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(text, replaced[i]) {
			t.Fatalf("the fixture has no %q", replaced[i])
		}
		text = strings.Replace(text, replaced[i], replaced[i+1], 1)
	}
	for name, data := range map[string]string{
		"scenario.yaml": text, "r1.conf": "router ospf\n", "other.conf": "router bgp 1\n", "motd": "hello\n",
		"n.textfsm": "Value STATE (\\S+)\n\nStart\n  ^neighbor ${STATE} -> Record\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Set: map[string]string{"r1.config": "other.conf"}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func planOf(t *testing.T, l *scenarios.Loaded, o plan.Options) *plan.Plan {
	t.Helper()
	p, err := plan.New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A plan has everything resolved that the scenario, its topology and its files say.
func TestNew(t *testing.T) {
	p := planOf(t, load(t), plan.Options{})
	want := plan.Node{
		Name: "r1", Role: "dut", Platform: "frr", Image: "newer", Config: []byte("router ospf\n"), Exec: []string{"ip link set lo up"},
		Files: map[string][]byte{"/etc/motd": []byte("hello\n")},
	}
	got := p.Nodes[0]
	if len(got.Services) != 2 {
		t.Errorf("services %v", got.Services)
	}
	got.Services = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if at := p.Topology.Nodes[0].Placement; at != "east" {
		t.Errorf("r1 is placed on %q", at)
	}
	for set, want := range map[string]string{"r1.placement": "west", "r2.placement": "auto"} {
		moved := planOf(t, load(t, "r2: {image: two}", "r2: {image: two, labels: {reprise.placement: north}}"), plan.Options{Set: map[string]string{set: want}})
		for _, n := range moved.Topology.Nodes {
			place := map[string]string{"r1": "east", "r2": "north"}[n.Name]
			if n.Name+".placement" == set {
				place = want
			}
			if n.Placement != place {
				t.Errorf("with %s=%s, %s is placed on %q, want %q", set, want, n.Name, n.Placement, place)
			}
		}
	}
	if n := p.Nodes[1]; n.Platform != plan.DefaultPlatform || n.Image != "two" {
		t.Errorf("r2 is %+v", n)
	}
	if p.Variant != evidence.VariantMain || p.Trials != 4 || p.Labs != 1 || p.Reset != scenarios.ResetConfig || p.Rules != evidence.CurrentRules {
		t.Errorf("%s, %d trials, %d labs, %s, rules %s", p.Variant, p.Trials, p.Labs, p.Reset, p.Rules)
	}
	if p.Expected() != evidence.Reproduced {
		t.Errorf("it expects %s", p.Expected())
	}
	quiet := p.Baseline[1]
	if quiet.Ref != "baseline[1]" || quiet.Cond.Probe() != (scenarios.LogProbe{Pattern: quiet.Cond.Log}) || !slices.Equal(quiet.Interfaces, []string{"eth1"}) {
		t.Errorf("%+v", quiet)
	}
	if rows, err := p.Symptom[0].Template.Rows("neighbor ExStart\n"); err != nil || len(rows) != 1 {
		t.Errorf("rows %v, %v", rows, err)
	}
	if w := p.Stimulus[3]; w.Check == nil || w.Check.Ref != "stimulus[3].wait-for" || w.Check.Cond.Name != "gone" {
		t.Errorf("%+v", w)
	}
	relief := p.Relief[0].Cond
	if relief.Run != "show neighbor" || relief.Eventually != 0 || relief.Within != scenarios.Duration(5*time.Second) {
		t.Errorf("the same as baseline, in a window of its own, is %+v", relief)
	}
}

// What is the same as a baseline has its window, where it has none of its own.
func TestSameAs(t *testing.T) {
	p := planOf(t, load(t, "same-as: baseline, within: 5s, consistently: 3s", "same-as: baseline"), plan.Options{})
	if c := p.Relief[0].Cond; c.Eventually != scenarios.Duration(30*time.Second) || c.Within != 0 || c.SameAs != "" {
		t.Errorf("%+v", c)
	}
	p = planOf(t, load(t, "symptom:\n", "symptom:\n  - {name: full, same-as: baseline, never: 4s, may-hold-before: true}\n"), plan.Options{})
	if c := p.Symptom[0].Cond; c.Never != scenarios.Duration(4*time.Second) || c.Eventually != 0 || !c.MayHoldBefore || c.Run != "show neighbor" {
		t.Errorf("%+v", c)
	}
}

// The control leaves steps out and sets what it says; the command line wins over it.
func TestVariants(t *testing.T) {
	l := load(t)
	p := planOf(t, l, plan.Options{Variant: evidence.VariantControl})
	if p.Expected() != evidence.NotReproduced || !p.Stimulus[0].LeftOut || p.Stimulus[1].LeftOut || p.Nodes[1].Image != "fixed" {
		t.Errorf("left out %v, r2 of %s", p.Stimulus[0].LeftOut, p.Nodes[1].Image)
	}
	p = planOf(t, l, plan.Options{Variant: evidence.VariantControl, Set: map[string]string{"r2.image": "mine"}})
	if p.Nodes[1].Image != "mine" || p.Topology.Nodes[1].Image != "mine" {
		t.Errorf("r2 of %s", p.Nodes[1].Image)
	}
	p = planOf(t, l, plan.Options{
		Trials: 7, Labs: 3, Reset: scenarios.ResetNone,
		Set: map[string]string{"r1.image": "set", "r1.config": "other.conf", "r2.platform": "bird", "r1.env.B": "2"},
	})
	if p.Trials != 7 || p.Labs != 3 || p.Reset != scenarios.ResetNone {
		t.Errorf("%d trials in %d labs, reset %s", p.Trials, p.Labs, p.Reset)
	}
	if n := p.Nodes[0]; n.Image != "set" || string(n.Config) != "router bgp 1\n" || p.Topology.Nodes[0].Env["B"] != "2" || p.Nodes[1].Platform != "bird" {
		t.Errorf("%+v, env %v", n, p.Topology.Nodes[0].Env)
	}
	p = planOf(t, l, plan.Options{Set: map[string]string{"r1.files./etc/x": "other.conf", "r1.sysctls.net.ipv4.ip_forward": "0", "stimulus.0.name": "another"}})
	if string(p.Nodes[0].Files["/etc/x"]) != "router bgp 1\n" || p.Topology.Nodes[0].Sysctls["net.ipv4.ip_forward"] != "0" || p.Stimulus[0].Title() != "another" {
		t.Errorf("files %v, sysctls %v, first step %s", p.Nodes[0].Files, p.Topology.Nodes[0].Sysctls, p.Stimulus[0].Title())
	}
	if l.Scenario.Nodes["r1"].Files["/etc/x"] != "" || l.Topology.Nodes[0].Sysctls["net.ipv4.ip_forward"] == "0" {
		t.Error("the loaded scenario was changed")
	}
	if l.Topology.Nodes[0].Env["B"] != "" || l.Topology.Nodes[0].Image != "one" {
		t.Error("the loaded scenario was changed")
	}
	if p := planOf(t, l, plan.Options{Trials: 2, Labs: 9}); p.Labs != 2 {
		t.Errorf("%d labs for 2 trials", p.Labs)
	}
	if p := planOf(t, load(t, "trials: {count: 4, reset: config}\n", ""), plan.Options{}); p.Trials != scenarios.DefaultTrials || p.Reset != scenarios.ResetRedeploy {
		t.Errorf("%d trials, reset %s", p.Trials, p.Reset)
	}
}

// What cannot be is said with what there is.
func TestNewRefuses(t *testing.T) {
	l := load(t)
	none := load(t, "control: {without: [stimulus.0], set: {r2.image: fixed}}\n", "")
	for _, tt := range []struct {
		l    *scenarios.Loaded
		o    plan.Options
		want string
	}{
		{none, plan.Options{Variant: evidence.VariantControl}, "declares no control"},
		{l, plan.Options{Set: map[string]string{"r9.image": "x"}}, `no node "r9" (it has r1, r2)`},
		{l, plan.Options{Set: map[string]string{"r1.role": "x"}}, "node.image, node.config, node.platform, node.placement, node.env.NAME"},
		{l, plan.Options{Set: map[string]string{"stimulus.9.for": "1s"}}, `no step of the stimulus has the number or the name "9"`},
		{l, plan.Options{Set: map[string]string{"r1.config": "none.conf"}}, "configuration of r1: none.conf was not read"},
	} {
		if _, err := plan.New(tt.l, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want …%s…", tt.o, err, tt.want)
		}
	}
}

// A lab that begins at a date is built anew for every trial, whatever the reset that is asked for.
func TestDateTakesColdStart(t *testing.T) {
	l := load(t, "trials: {count: 4, reset: config}\n", "clock: {start: 2038-01-19T03:13:00Z}\n")
	p := planOf(t, l, plan.Options{})
	if _, err := p.WithReset(scenarios.ResetRedeploy); err != nil {
		t.Error(err)
	}
	for _, r := range []scenarios.Reset{scenarios.ResetNone, scenarios.ResetConfig, scenarios.ResetDaemons} {
		_, asked := plan.New(l, plan.Options{Reset: r})
		_, given := p.WithReset(r)
		for _, err := range []error{asked, given} {
			if want := "takes a cold start: reset " + string(r) + " is not possible"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want …%s", err, want)
			}
		}
	}
}

// A trial's windows bound it: those of a phase run side by side, steps one after the other,
// and what is left out takes no time.
func TestBounds(t *testing.T) {
	l := load(t)
	p := planOf(t, l, plan.Options{})
	const windows = 30 + 30 + 8 // the longest of baseline, symptom and relief
	steps := time.Duration(0)
	for _, s := range slices.Concat(p.Stimulus, p.Workaround) {
		steps += s.Step.Longest()
	}
	if want := windows*time.Second + steps; p.Longest() != want || steps < 8*time.Second {
		t.Errorf("%s, want %s", p.Longest(), want)
	}
	if p.Timeout != p.Longest()+3*time.Minute {
		t.Errorf("timeout %s", p.Timeout)
	}
	if set := planOf(t, load(t, "reset: config}", "reset: config, timeout: 9m}"), plan.Options{}); set.Timeout != 9*time.Minute {
		t.Errorf("timeout %s", set.Timeout)
	}
	one := p.Timeout + plan.CollectTimeout + plan.ReleaseTimeout // with one fault to take back
	for labs, trials := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1} {
		if got, want := planOf(t, l, plan.Options{Labs: labs}).Bound(), time.Duration(trials)*one+plan.ReleaseTimeout; got != want {
			t.Errorf("4 trials in %d labs take up to %s, want %s", labs, got, want)
		}
	}
	spared := planOf(t, load(t, "without: [stimulus.0]", "without: [stimulus.1]"), plan.Options{Variant: evidence.VariantControl, Trials: 1})
	if got := spared.Bound(); got != spared.Timeout+plan.CollectTimeout+plan.ReleaseTimeout {
		t.Errorf("a fault that the control leaves out is taken back, in %s", got)
	}
	without := p.WithoutWorkaround()
	if without.Longest() != p.Longest()-p.Workaround[0].Step.Longest() || p.Workaround[0].LeftOut || len(without.Relief) != 1 {
		t.Errorf("without the workaround: %s of %s", without.Longest(), p.Longest())
	}
	if q, err := p.WithReset(scenarios.ResetDaemons); err != nil || q.Reset != scenarios.ResetDaemons || p.Reset != scenarios.ResetConfig {
		t.Errorf("resets %s and %s: %v", q.Reset, p.Reset, err)
	}
}

// Steps say where they act and what they do, in short and in full.
func TestSteps(t *testing.T) {
	p := planOf(t, load(t), plan.Options{})
	var said []string
	for _, s := range slices.Concat(p.Stimulus, p.Workaround) {
		said = append(said, s.Ref+" | "+s.String()+" | "+s.Describe())
	}
	want := []string{
		"stimulus[0] | r1: configure interface eth1 / ip mtu 1400 | configure:\ninterface eth1\nip mtu 1400",
		"stimulus[1] | r1:eth1: down | fault: down for 1s",
		"stimulus[2] | hold 2s: the timer | hold: 2s, because the timer",
		"stimulus[3] | wait for gone | wait-for: run: show neighbor, not (text contains \"Full\"), eventually 5s",
		"stimulus[4] | r2: clear neighbor | run: clear neighbor",
		"workaround.steps[0] | r2: raise the MTU | exec: ip link set eth1   mtu 1500",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// Whether a step acts, configures, or has a node carry something out decides what a trial
// watches; a step that is left out does none of it.
func TestWhatStepsDo(t *testing.T) {
	p := planOf(t, load(t), plan.Options{})
	if !p.Acts() || !p.Configures("r1") || !p.Configures("r2") {
		t.Errorf("acts %v, configures %v, %v", p.Acts(), p.Configures("r1"), p.Configures("r2"))
	}
	for i := range p.Stimulus {
		if a := p.Stimulus[i].Step.Action().Kind(); a != scenarios.ActHold && a != scenarios.ActWaitFor {
			p.Stimulus[i].LeftOut = true
		}
	}
	if p.Acts() || p.Configures("r1") || p.Configures("r2") {
		t.Errorf("waiting acts %v, configures %v, %v", p.Acts(), p.Configures("r1"), p.Configures("r2"))
	}
	if diff := cmp.Diff([]string{"router ospf", "ip link set lo up", "hello"}, p.CommandsFor("r1")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ip link set eth1   mtu 1500"}, p.CommandsFor("r2")); diff != "" {
		t.Error(diff)
	}
}

// record makes a run directory of the fixture as a trial does: its files, and run.json.
func record(t *testing.T, info evidence.RunInfo) evidence.Dir {
	t.Helper()
	l := load(t)
	dir, err := evidence.CreateDir(t.TempDir(), "fixture", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir.File("input"), os.DirFS(l.Dir)); err != nil {
		t.Fatal(err)
	}
	info.Reprise, info.Scenario.File, info.Expected = evidence.Format, "scenario.yaml", evidence.Reproduced
	if err := evidence.WriteJSON(dir.File("run.json"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A run that is opened has the plan that it executed: images, numbers and rules are those of
// the record.
func TestOpenRun(t *testing.T) {
	dir := record(t, evidence.RunInfo{
		Variant: evidence.VariantControl, Trials: 3, Labs: 2, Reset: "none", Set: map[string]string{"r1.env.A": "9"},
		Nodes: []evidence.NodeInfo{{Name: "r2", Image: "fixed@sha256:1"}},
	})
	for name, open := range map[string]func() (*plan.Plan, evidence.Dir, evidence.RunInfo, error){
		"elsewhere": func() (*plan.Plan, evidence.Dir, evidence.RunInfo, error) { return plan.OpenRun(dir.Path) },
		"here":      func() (*plan.Plan, evidence.Dir, evidence.RunInfo, error) { return plan.OpenRunHere(dir.Path, nil) },
	} {
		p, _, info, err := open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Trials != 3 || p.Labs != 2 || p.Reset != scenarios.ResetNone || !p.Stimulus[0].LeftOut || p.Rules != evidence.RulesV1 || info.Trials != 3 {
			t.Errorf("%s: %d trials in %d labs, reset %s, rules %s", name, p.Trials, p.Labs, p.Reset, p.Rules)
		}
		if p.Nodes[1].Image != "fixed@sha256:1" || p.Topology.Nodes[1].Image != "fixed@sha256:1" || p.Topology.Nodes[0].Env["A"] != "9" {
			t.Errorf("%s: r2 of %s, env %v", name, p.Nodes[1].Image, p.Topology.Nodes[0].Env)
		}
	}
}

// What is no run, or whose scenario cannot be read any more, is an error.
func TestOpenRunRefuses(t *testing.T) {
	if _, _, _, err := plan.OpenRun(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run directory") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, _, _, err := plan.OpenRunHere(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "no run directory") {
		t.Errorf("an empty folder: %v", err)
	}
	gone := record(t, evidence.RunInfo{})
	if err := os.Remove(gone.File("input", "scenario.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := plan.OpenRun(gone.Path); err == nil || !strings.Contains(err.Error(), "read the run's scenario") {
		t.Errorf("without its scenario: %v", err)
	}
	other := record(t, evidence.RunInfo{Set: map[string]string{"r9.image": "x"}})
	if _, _, _, err := plan.OpenRun(other.Path); err == nil || !strings.Contains(err.Error(), "r9") {
		t.Errorf("with a node that is not there: %v", err)
	}
}
