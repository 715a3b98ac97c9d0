package experiment_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// TestPartsCorpus writes every scenario of the corpus whole, and without each of its
// parts: the whole one is the same scenario, and one without a part has that part less.
func TestPartsCorpus(t *testing.T) {
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.ID, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, e.Files); err != nil {
				t.Fatal(err)
			}
			l, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{Template: reg.Template})
			if err != nil {
				t.Fatal(err)
			}
			parts := experiment.NewParts(l, reg)
			whole := isolate.Whole(parts.Units)
			again := filepath.Join(t.TempDir(), "again")
			if err := l.Write(again, parts.Cut(whole.Kept)); err != nil {
				t.Fatal(err)
			}
			l2, err := scenarios.Load(again, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			units := experiment.NewParts(l2, reg).Units
			if diff := cmp.Diff(names(parts.Units), names(units)); diff != "" {
				t.Error(diff)
			}
			cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: reg.Platforms()}
			left := 0
			every := max(8, len(parts.Units)/12) // of a long scenario -short leaves out more
			for i, u := range parts.Units {
				if u.Fixed {
					continue
				}
				if testing.Short() && left > 0 && i%every != 0 {
					continue
				}
				c := isolate.Whole(parts.Units)
				c.Kept[i] = false
				if _, err := cutter.Plan(c); err == nil {
					left++
				} else if u.Kind == isolate.Line && u.Parent >= 0 && parts.Units[u.Parent].Kind == isolate.Stanza {
					t.Errorf("without %s: %v", u.ID, err)
				}
			}
			if left == 0 {
				t.Error("nothing can be taken out")
			}
		})
	}
}

// TestPartsOfScripts: a line that configures an interface goes with the cable that makes it,
// and one that joins a bridge goes with the line that makes that.
func TestPartsOfScripts(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	load := func(id string) []isolate.Unit {
		i := slices.IndexFunc(entries, func(e corpus.Entry) bool { return e.ID == id })
		dir := t.TempDir()
		if err := os.CopyFS(dir, entries[i].Files); err != nil {
			t.Fatal(err)
		}
		l, err := scenarios.Load(filepath.Join(dir, "scenario.yaml"), scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return experiment.NewParts(l, reg).Units
	}
	needs := func(units []isolate.Unit, id string) [][]string {
		var out [][]string
		for _, u := range units {
			if u.ID != id {
				continue
			}
			for _, by := range u.Needs {
				var ids []string
				for _, n := range by {
					ids = append(ids, units[n].ID)
				}
				out = append(out, ids)
			}
		}
		return out
	}
	for _, u := range load("ospf-silent-link") {
		if end := u.ID == "node h1" || u.ID == "node h2"; end && !u.Fixed {
			t.Errorf("%s is an end of the flow that the symptom looks at, and is cut", u.ID)
		}
	}
	got := needs(load("lldp-group-fwd-mask"), "sw:2 ip link set p1 master br0")
	if diff := cmp.Diff([][]string{{"link sw:p1 – a:eth1"}, {"sw:1 ip link add br0 type bridge"}}, got); diff != "" {
		t.Error(diff)
	}
	got = needs(load("ovs-packetout-meter-crash"), "sw:4 ovs-ofctl -O OpenFlow13 add-flow br0 in_port=p1,actions=meter:1,in_port")
	if len(got) != 1 || !strings.Contains(got[0][0], "sw:1 add-br br0") {
		t.Errorf("the flow needs %v", got)
	}
}

// TestPartsOfGroups: repetitions can be fewer and a group can lose a step, which needs what it acts on; a
// fault goes with the up that names it, and what the symptom or the control looks at stays.
func TestPartsOfGroups(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(`
reprise: v1
id: groups
title: Groups
topology:
  nodes: {a: {image: "x"}, b: {image: "x"}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
stimulus:
  - {name: lost, link: "a:eth1", fault: drop}
  - {repeat: {times: 5, every: 1s}, together: [{node: a, exec: one}, {node: b, exec: two}]}
  - {link: "a:eth1", fault: up, ends: lost}
  - {name: slow, node: a, exec: "true"}
  - {name: other, node: a, exec: "true"}
symptom: [{name: s, step: slow, expect: took > 1, eventually: 5s}]
control: {set: {stimulus.other.exec: "false"}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parts := experiment.NewParts(l, reg)
	unit := func(id string) int {
		i := slices.IndexFunc(parts.Units, func(u isolate.Unit) bool { return strings.HasPrefix(u.ID, id) })
		if i < 0 {
			t.Fatalf("there is no unit %s in %v", id, names(parts.Units))
		}
		return i
	}
	if fault, up := unit("step 0: "), unit("step 2: "); !slices.ContainsFunc(parts.Units[fault].Needs, func(by []int) bool { return slices.Equal(by, []int{up}) }) {
		t.Errorf("the fault needs %v", parts.Units[fault].Needs)
	}
	if !parts.Units[unit("step 3: ")].Fixed || !parts.Units[unit("step 4: ")].Fixed || parts.Units[unit("step 1: ")].Fixed {
		t.Error("what the symptom and the control look at is not what stays")
	}
	c := isolate.Whole(parts.Units)
	c.Kept[unit("step 1 repetitions, halved 0")], c.Kept[unit("step 1 part 1: two")] = false, false
	out := t.TempDir()
	if err := l.Write(out, parts.Cut(c.Kept)); err != nil {
		t.Fatal(err)
	}
	cut, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := cut.Scenario.Stimulus[1]; s.Repeat.Times != 2 || len(s.Together) != 1 || s.Together[0].Node != "a" {
		t.Errorf("%+v", s)
	}
}

// TestPartsOfArmed: a fault can do without what it takes force and ends by, which goes with the step that it
// names.
func TestPartsOfArmed(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(`
reprise: v1
id: armed
title: Armed
topology:
  nodes: {a: {image: "x"}, b: {image: "x"}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
stimulus:
  - {link: "a:eth1", fault: drop, arm: {node: b, exec: "true", expect: exit == 0, eventually: 5s}, disarm: {step: last}}
  - {steps: [{link: "a:eth1", fault: down, disarm: {step: last}}, {node: a, exec: "true"}]}
  - {name: last, node: a, exec: "true"}
symptom: [{name: s, node: a, exec: "false", expect: exit == 1, eventually: 5s}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parts := experiment.NewParts(l, reg)
	unit := func(id string) int {
		i := slices.IndexFunc(parts.Units, func(u isolate.Unit) bool { return strings.HasPrefix(u.ID, id) })
		if i < 0 {
			t.Fatalf("there is no unit %s in %v", id, names(parts.Units))
		}
		return i
	}
	needs := func(id, other string) bool {
		return slices.ContainsFunc(parts.Units[unit(id)].Needs, func(by []int) bool { return slices.Equal(by, []int{unit(other)}) })
	}
	if !needs("step 0 disarm: ", "step 2: ") || !needs("step 1 part 0 disarm: ", "step 2: ") || !needs("step 0 arm: ", "node b") || needs("step 0: ", "step 2: ") {
		t.Errorf("what arms and disarms faults does not go with what it names: %v", names(parts.Units))
	}
	c := isolate.Whole(parts.Units)
	for _, gone := range []string{"step 0 arm: ", "step 0 disarm: ", "step 1 part 0 disarm: ", "step 2: "} {
		c.Kept[unit(gone)] = false
	}
	out := t.TempDir()
	if err := l.Write(out, parts.Cut(c.Kept)); err != nil {
		t.Fatal(err)
	}
	cut, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := cut.Scenario.Stimulus; len(s) != 2 || s[0].Armed() || s[1].Steps[0].Armed() {
		t.Errorf("%+v", s)
	}
}

func names(units []isolate.Unit) []string {
	out := make([]string, len(units))
	for i, u := range units {
		out[i] = u.ID
	}
	return out
}
