package experiment_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

func partsOf(t *testing.T, text string) (*scenarios.Loaded, *experiment.Parts) {
	t.Helper()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return l, experiment.NewParts(l, reg)
}

const heldHead = `reprise: v1
id: held
title: What is named stays
topology:
  nodes: {a: {image: none}, b: {image: none}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
`

// TestPartsHeld: members, lines and numbers that the control replaces or a symptom looks at stay; others go.
func TestPartsHeld(t *testing.T) {
	_, parts := partsOf(t, heldHead+`stimulus:
  - {together: [{node: a, exec: A}, {node: b, exec: B}, {name: slow, node: b, exec: C}]}
  - {node: a, configure: [one, two, three]}
  - {name: many, repeat: {times: 4, every: 5s}, together: [{node: a, exec: D}, {node: b, exec: E}]}
  - {link: "a:eth1", fault: drop, for: 4s}
  - {steps: [{link: "a:eth1", name: off, fault: down}, {node: a, exec: F}]}
  - {steps: [{link: "a:eth1", fault: up, ends: off}, {node: a, exec: G}]}
symptom: [{name: s, step: slow, expect: took > 1, eventually: 5s}]
control:
  set: {stimulus.0.together.1.exec: X, stimulus.1.configure.01: X, stimulus.many.repeat.times: "1", stimulus.3.for: 1s}
`)
	var fixed []string
	needs := map[string][]string{}
	for _, u := range parts.Units {
		if u.Fixed {
			fixed = append(fixed, u.ID)
		}
		for _, by := range u.Needs {
			if id := parts.Units[by[0]].ID; strings.HasPrefix(id, "step") {
				needs[u.ID] = append(needs[u.ID], id)
			}
		}
	}
	for _, id := range []string{
		"step 0 part 1: B", "step 0 part 2: slow", "step 1 line 1: two", "step 2 repetitions, halved 0", "step 2 repetitions, halved 1",
		"step 3 for, halved 0", "step 3 for, halved 1",
	} {
		if !slices.Contains(fixed, id) {
			t.Errorf("%s is cut; what stays is %q", id, fixed)
		}
	}
	for _, id := range []string{"step 0 part 0: A", "step 1 line 0: one", "step 1 line 2: three", "step 2 part 0: D"} {
		if slices.Contains(fixed, id) {
			t.Errorf("%s stays", id)
		}
	}
	if got := needs["step 4 part 0: off"]; len(got) != 1 || !strings.HasPrefix(got[0], "step 5 part 0") {
		t.Errorf("the fault in a group needs %q of %q", got, needs)
	}
}

// TestPartsOfFrames: a fault acts on fewer frames, and earlier ones, but where the control says which.
func TestPartsOfFrames(t *testing.T) {
	l, parts := partsOf(t, heldHead+`stimulus:
  - {link: "a:eth1", fault: drop, nth: 5, count: 8, expect: {fired: 8}}
  - {together: [{node: a, exec: A}, {link: "a:eth1", fault: drop, count: 4}]}
  - {link: "a:eth1", fault: drop, nth: 3, count: 2}
symptom: [{name: s, node: a, exec: look, expect: exit == 1, eventually: 5s}]
control: {set: {stimulus.2.nth: "9"}}
`)
	for id, fixed := range map[string]bool{
		"step 0 count, halved 2": false, "step 0 nth, halved 1": false, "step 1 part 1 count, halved 1": false, "step 2 count, halved 0": false,
		"step 2 nth, halved 0": true,
	} {
		if i := slices.IndexFunc(parts.Units, func(u isolate.Unit) bool { return u.ID == id }); i < 0 || parts.Units[i].Fixed != fixed {
			t.Errorf("%s: want fixed %v, of %q", id, fixed, names(parts.Units))
		}
	}
	kept := isolate.Whole(parts.Units).Kept
	for i, u := range parts.Units {
		kept[i] = u.Kind != isolate.Value || u.Fixed
	}
	out := t.TempDir()
	if err := l.Write(out, parts.Cut(kept)); err != nil {
		t.Fatal(err)
	}
	cut, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := cut.Scenario.Stimulus
	if fired, _ := s[0].Fires(); s[0].Nth != 1 || s[0].Count != 1 || fired != 1 || s[1].Together[1].Count != 1 || s[2].Nth != 3 || s[2].Count != 1 {
		t.Errorf("%+v", s)
	}
}

// TestPlanSets: what --set replaces is the same value in what is left.
func TestPlanSets(t *testing.T) {
	l, parts := partsOf(t, heldHead+`stimulus:
  - {node: a, exec: first}
  - {together: [{node: a, exec: A}, {node: b, exec: B}, {node: b, exec: C}]}
symptom: [{name: s, node: a, exec: look, expect: exit == 1, eventually: 5s}]
`)
	c := isolate.Whole(parts.Units)
	for i, u := range parts.Units {
		c.Kept[i] = u.ID != "step 0: first" && u.ID != "step 1 part 0: A"
	}
	cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Options: plan.Options{Set: map[string]string{"stimulus.0.exec": "X", "stimulus.1.together.1.exec": "Y"}}}
	p, err := cutter.Plan(c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"stimulus.0.together.0.exec": "Y"}, p.Set); diff != "" {
		t.Error(diff)
	}
}

// TestCutsKeepNames cuts random scenarios: what the control sets and leaves out, and what an up ends, is
// the same step, member and line as before.
func TestCutsKeepNames(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	written, refused := 0, 0
	for range 40 {
		g := &namesMaker{Rand: random}
		text := g.scenario()
		l, parts := partsOf(t, text)
		before := namedSteps(t, l)
		for range 4 {
			kept, ok := randomCut(random, parts.Units)
			if !ok {
				continue
			}
			out := t.TempDir()
			if err := l.Write(out, parts.Cut(kept)); err != nil {
				if strings.Contains(err.Error(), "left out, and what ends it") {
					t.Errorf("%v, of\n%s", err, text)
				}
				refused++
				continue
			}
			written++
			cut, err := scenarios.Load(out, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for name, was := range before {
				if now, ok := namedSteps(t, cut)[name]; ok && now != was || !ok && !strings.HasPrefix(name, "ends ") {
					t.Errorf("%s was %s and is %q (%v) in\n%s", name, was, now, cut.Scenario.Control, text)
				}
			}
		}
	}
	if written < 60 {
		t.Errorf("%d cuts were written, and %d refused", written, refused)
	}
}

// namedSteps is what a scenario's names of steps stand for: what is set, left out and ended.
func namedSteps(t *testing.T, l *scenarios.Loaded) map[string]string {
	t.Helper()
	names := map[string]string{}
	with, err := l.StimulusWith(l.Scenario.Control.Set)
	if err != nil {
		t.Fatal(err)
	}
	was, now := scenarios.Each(l.Scenario.Stimulus), scenarios.Each(with)
	for i := range was {
		before, after := append([]string{was[i].Exec}, was[i].Configure...), append([]string{now[i].Exec}, now[i].Configure...)
		for j := range before {
			if before[j] != after[j] {
				names["set to "+after[j]] = before[j]
			}
		}
		if was[i].Ends != "" {
			fault, _, _ := l.Scenario.StepNamed(was[i].Ends)
			names["ends "+was[i].Name] = fmt.Sprint(fault.Seed)
		}
	}
	for i, ref := range l.Scenario.Control.Without {
		step, _, _ := l.Scenario.StepNamed(ref)
		names[fmt.Sprint("without ", i)] = scenarios.Each([]scenarios.Step{step})[0].Action().Words()
	}
	return names
}

// randomCut takes a few parts out, and what falls with them; ok is false where that is a fixed one.
func randomCut(random *rand.Rand, units []isolate.Unit) (kept []bool, ok bool) {
	kept = isolate.Whole(units).Kept
	for i, u := range units {
		kept[i] = u.Fixed || u.Kind == isolate.Node || u.Kind == isolate.Link || random.IntN(4) > 0
	}
	for again := true; again; {
		again = false
		for i, u := range units {
			falls := u.Parent >= 0 && !kept[u.Parent]
			for _, by := range u.Needs {
				falls = falls || !slices.ContainsFunc(by, func(n int) bool { return kept[n] })
			}
			if kept[i] && falls {
				kept[i], again = false, true
				if u.Fixed {
					return nil, false
				}
			}
		}
	}
	return kept, true
}

// namesMaker writes scenarios with groups, lines, faults and ups, and a control that names some of them.
type namesMaker struct {
	*rand.Rand
	id     int
	faults []string // what an up can end
	sets   []string
	steps  []string
}

func (g *namesMaker) next() int { g.id++; return g.id }

func (g *namesMaker) settable(key string, id int) {
	g.sets = append(g.sets, fmt.Sprintf("%s: set %d", key, id))
}

func (g *namesMaker) scenario() string {
	for range 4 + g.IntN(5) {
		g.steps = append(g.steps, g.step(len(g.steps)))
	}
	last := len(g.steps)
	g.steps = append(g.steps, fmt.Sprintf("{node: a, exec: x%d}", g.next()))
	g.settable(fmt.Sprintf("stimulus.%d.exec", last), g.id)
	g.Shuffle(len(g.sets), func(i, j int) { g.sets[i], g.sets[j] = g.sets[j], g.sets[i] })
	control := fmt.Sprintf("control: {set: {%s}}\n", strings.Join(g.sets[:1+g.IntN(min(3, len(g.sets)))], ", "))
	if g.IntN(4) == 0 {
		control = fmt.Sprintf("control: {without: [stimulus.%d]}\n", last)
	}
	return heldHead + "stimulus:\n  - " + strings.Join(g.steps, "\n  - ") +
		"\nsymptom: [{name: s, node: a, exec: look, expect: exit == 1, eventually: 5s}]\n" + control
}

// step is a step of the stimulus with the number n, which may be named.
func (g *namesMaker) step(n int) string {
	name, key := "", fmt.Sprintf("stimulus.%d", n)
	if g.IntN(3) == 0 {
		called := fmt.Sprintf("the.%dth", n)
		name, key = "name: "+called+", ", "stimulus."+called
	}
	switch g.IntN(6) {
	case 0, 1:
		group := []string{"steps", "together"}[g.IntN(2)]
		var members []string
		for j := range 2 + g.IntN(3) {
			members = append(members, g.member(fmt.Sprintf("%s.%s.%d", key, group, j), group == "steps"))
		}
		return fmt.Sprintf("{%s%s: [%s]}", name, group, strings.Join(members, ", "))
	case 2:
		var lines []string
		for j := range 2 + g.IntN(3) {
			lines = append(lines, fmt.Sprintf("x%d", g.next()))
			g.settable(fmt.Sprintf("%s.configure.%d", key, j), g.id)
		}
		return fmt.Sprintf("{%snode: a, configure: [%s]}", name, strings.Join(lines, ", "))
	case 3:
		g.faults = append(g.faults, fmt.Sprintf("stimulus.%d", n))
		return g.fault(name)
	default:
		return g.leaf(name, key)
	}
}

func (g *namesMaker) fault(name string) string {
	return fmt.Sprintf(`{%slink: "a:eth1", fault: drop, probability: 0.5, seed: %d}`, name, g.next())
}

// member is a step of a group. One whose steps follow each other may be an up.
func (g *namesMaker) member(key string, inOrder bool) string {
	if inOrder && g.IntN(4) == 0 {
		called := fmt.Sprintf("fault %d", g.id)
		g.faults = append(g.faults, called)
		return g.fault("name: " + called + ", ")
	}
	if inOrder {
		return g.leaf("", key)
	}
	g.settable(key+".exec", g.next())
	return fmt.Sprintf("{node: b, exec: x%d}", g.id)
}

// leaf is an up of a fault that is there, or a command.
func (g *namesMaker) leaf(name, key string) string {
	if len(g.faults) > 0 && g.IntN(2) == 0 {
		i := g.IntN(len(g.faults))
		ends := g.faults[i]
		g.faults = slices.Delete(g.faults, i, i+1)
		return fmt.Sprintf(`{name: up %d, link: "a:eth1", fault: up, ends: %s}`, g.next(), ends)
	}
	g.settable(key+".exec", g.next())
	return fmt.Sprintf("{%snode: a, exec: x%d}", name, g.id)
}
