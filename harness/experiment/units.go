package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// Parts are a scenario's parts as units that can be taken out, and what taking them out
// means. The same scenario gives the same parts in the same order.
type Parts struct {
	Units []isolate.Unit
	apply []func(*scenarios.Cut) // by unit: what its absence means
}

// NewParts cuts a scenario into its parts: steps of the stimulus with their lines and
// counts, nodes, links, and the blocks of each configuration whose platform offers a
// grammar. What the symptom looks at and what the control changes is fixed.
func NewParts(l *scenarios.Loaded, reg *drivers.Registry) *Parts {
	p := &partsMaker{Parts: &Parts{}, l: l, held: newHeld(l), nodes: map[string]int{}, links: map[string][]int{}, parts: map[scenarios.Part]int{}}
	fixed := map[string]bool{}
	for _, c := range l.Scenario.Shown() {
		for _, node := range l.Scenario.LooksAt(c) {
			fixed[node] = true
		}
	}
	if c := l.Scenario.Control; c != nil {
		for key := range c.Set {
			node, _, _ := strings.Cut(key, ".")
			fixed[node] = true
		}
	}
	for _, n := range l.Topology.Nodes {
		p.nodes[n.Name] = p.add(isolate.Unit{ID: "node " + n.Name, Kind: isolate.Node, Parent: -1, Weight: 1, Fixed: fixed[n.Name]},
			func(c *scenarios.Cut) { c.Nodes[n.Name] = true })
	}
	for i, link := range l.Topology.Links {
		u := p.add(isolate.Unit{
			ID: fmt.Sprintf("link %s – %s", link.A, link.B), Kind: isolate.Link, Parent: -1, Weight: 1,
			Needs: [][]int{{p.nodes[link.A.Node]}, {p.nodes[link.B.Node]}},
		}, func(c *scenarios.Cut) { c.Links[i] = true })
		for _, end := range []string{link.A.String(), link.B.String()} {
			p.links[end] = append(p.links[end], u)
		}
	}
	p.steps()
	p.linked()
	p.armed()
	for _, n := range l.Topology.Nodes {
		platform := l.Scenario.Nodes[n.Name].Platform
		if platform == "" {
			platform = plan.DefaultPlatform
		}
		g, ok := reg.Grammar(platform)
		// A configuration that only the topology file names cannot be replaced from the scenario.
		if !ok || l.Scenario.Nodes[n.Name].Config == "" {
			continue
		}
		if text, err := l.Text(l.ConfigOf(n.Name)); err == nil {
			p.config(n.Name, g.Blocks(text))
		}
	}
	return p.Parts
}

// Cut says what a candidate leaves out.
func (p *Parts) Cut(kept []bool) scenarios.Cut {
	c := scenarios.Cut{
		Steps: map[int]bool{}, StepLines: map[int]map[int]bool{}, Times: map[int]int{}, Repeat: map[int]int{}, Members: map[int]map[int]bool{}, Hold: map[int]scenarios.Duration{}, For: map[int]scenarios.Duration{},
		Nth: map[scenarios.Part]int{}, Count: map[scenarios.Part]int{}, Arm: map[scenarios.Part]bool{}, Disarm: map[scenarios.Part]bool{},
		Nodes: map[string]bool{}, Links: map[int]bool{}, Lines: map[string]map[int]bool{},
	}
	for i, k := range kept {
		if !k {
			p.apply[i](&c)
		}
	}
	return c
}

// Describe counts the parts of each kind that a candidate keeps.
func (p *Parts) Describe(kept []bool) string {
	counts := map[isolate.Kind]int{}
	for i, k := range kept {
		if k {
			counts[p.Units[i].Kind]++
		}
	}
	var words []string
	for k := isolate.Step; k <= isolate.Value; k++ {
		if counts[k] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[k], k))
		}
	}
	return strings.Join(words, ", ")
}

type partsMaker struct {
	*Parts
	l     *scenarios.Loaded
	held  held
	nodes map[string]int
	links map[string][]int // by endpoint
	parts map[scenarios.Part]int

	moments []moment // of faults that take force and end beside other steps
}

func (p *partsMaker) add(u isolate.Unit, absent func(*scenarios.Cut)) int {
	p.Units = append(p.Units, u)
	p.apply = append(p.apply, absent)
	return len(p.Units) - 1
}

func (p *partsMaker) steps() {
	for i, s := range p.l.Scenario.Stimulus {
		u := isolate.Unit{ID: fmt.Sprintf("step %d: %s", i, plan.Step{Step: s}.Title()), Kind: isolate.Step, Parent: -1, Weight: 1 + int(s.Longest()/time.Second), Fixed: p.held.step(i)}
		if len(s.Members()) < 2 { // else each of them needs what it acts on
			u.Needs = p.needs(s)
		}
		step := p.add(u, func(c *scenarios.Cut) { c.Steps[i] = true })
		p.parts[scenarios.Part{Step: i, Member: scenarios.WholeStep}] = step
		p.stepParts(i, step, s)
	}
}

func (p *partsMaker) stepParts(i, step int, s scenarios.Step) {
	if len(s.Configure) > 1 {
		for j, line := range s.Configure {
			p.add(isolate.Unit{ID: fmt.Sprintf("step %d line %d: %s", i, j, line), Kind: isolate.Line, Parent: step, Weight: 1, Fixed: p.held.value(i, "configure", strconv.Itoa(j))}, func(c *scenarios.Cut) {
				if c.StepLines[i] == nil {
					c.StepLines[i] = map[int]bool{}
				}
				c.StepLines[i][j] = true
			})
		}
	}
	fewer(p, isolate.Unit{ID: fmt.Sprintf("step %d times", i), Parent: step, Fixed: p.held.value(i, "times")},
		i, s.Times, func(c *scenarios.Cut) map[int]int { return c.Times })
	if s.Repeat != nil {
		fewer(p, isolate.Unit{ID: fmt.Sprintf("step %d repetitions", i), Parent: step, Fixed: p.held.value(i, "repeat", "times")},
			i, s.Repeat.Times, func(c *scenarios.Cut) map[int]int { return c.Repeat })
	}
	p.members(i, step, s)
	p.frames(i, s)
	p.halve("hold", i, step, s.Hold, func(c *scenarios.Cut) map[int]scenarios.Duration { return c.Hold })
	p.halve("for", i, step, s.For, func(c *scenarios.Cut) map[int]scenarios.Duration { return c.For })
}

// fewer adds a unit for each time that a number can be halved, each like u but for what all have.
func fewer[K comparable](p *partsMaker, u isolate.Unit, at K, most int, of func(*scenarios.Cut) map[K]int) {
	what := u.ID
	u.Kind, u.Weight = isolate.Value, 1
	for n, j := most, 0; n > 1; n, j = n/2, j+1 {
		u.ID = fmt.Sprintf("%s, halved %d", what, j)
		p.add(u, func(c *scenarios.Cut) {
			numbers := of(c)
			if numbers[at] == 0 {
				numbers[at] = most
			}
			numbers[at] = max(1, numbers[at]/2)
		})
	}
}

// members adds a unit for each step of a group, which needs what the step acts on. A group of one has
// no part that could go by itself.
func (p *partsMaker) members(i, step int, group scenarios.Step) {
	members := group.Members()
	if len(members) < 2 {
		return
	}
	for j, s := range members {
		u := isolate.Unit{ID: fmt.Sprintf("step %d part %d: %s", i, j, plan.Step{Step: s}.Title()), Kind: isolate.Line, Parent: step, Weight: 1 + int(s.Longest()/time.Second)}
		u.Needs = p.needs(s)
		u.Fixed = p.held.member(i, group.Action().Kind(), j)
		p.parts[scenarios.Part{Step: i, Member: j}] = p.add(u, func(c *scenarios.Cut) {
			if c.Members[i] == nil {
				c.Members[i] = map[int]bool{}
			}
			c.Members[i][j] = true
		})
	}
}

// needs are the nodes and links that a step acts on, those of a group's steps among them.
func (p *partsMaker) needs(s scenarios.Step) [][]int {
	var needs [][]int
	for _, s := range scenarios.Each([]scenarios.Step{s}) {
		for _, node := range s.Action().Effect().Nodes {
			if n, ok := p.nodes[node]; ok {
				needs = append(needs, []int{n})
			}
		}
		if links := p.links[s.Link]; s.Link != "" && len(links) > 0 {
			needs = append(needs, links)
		}
	}
	return needs
}

// halve adds a unit for each time that a duration of a step can be halved.
func (p *partsMaker) halve(what string, i, step int, long scenarios.Duration, of func(*scenarios.Cut) map[int]scenarios.Duration) {
	for d, j := long, 0; time.Duration(d) > time.Second; d, j = d/2, j+1 {
		p.add(isolate.Unit{ID: fmt.Sprintf("step %d %s, halved %d", i, what, j), Kind: isolate.Value, Parent: step, Weight: 1, Fixed: p.held.value(i, what)}, func(c *scenarios.Cut) {
			times := of(c)
			if times[i] == 0 {
				times[i] = long
			}
			times[i] = scenarios.Duration((time.Duration(times[i]) / 2).Round(time.Millisecond))
		})
	}
}

// config adds the blocks of a node's configuration, and who refers to whom.
func (p *partsMaker) config(node string, blocks []drivers.Block) {
	type use struct {
		unit  int
		names []string
	}
	defined := map[string][]int{}
	var uses []use
	var walk func(parent int, blocks []drivers.Block, depth int)
	walk = func(parent int, blocks []drivers.Block, depth int) {
		for _, b := range blocks {
			kind := isolate.Line
			if depth == 0 && len(b.Inner) > 0 {
				kind = isolate.Stanza
			}
			u := p.add(isolate.Unit{ID: fmt.Sprintf("%s:%d %s", node, b.First+1, b.Title), Kind: kind, Parent: parent, Weight: b.Last - b.First + 1}, func(c *scenarios.Cut) {
				if c.Lines[node] == nil {
					c.Lines[node] = map[int]bool{}
				}
				for i := b.First; i <= b.Last; i++ {
					c.Lines[node][i] = true
				}
			})
			for _, name := range b.Defines {
				defined[name] = append(defined[name], u)
				if ifc, ok := strings.CutPrefix(name, "interface:"); ok && len(p.links[node+":"+ifc]) > 0 {
					p.Units[u].Needs = append(p.Units[u].Needs, p.links[node+":"+ifc])
				}
			}
			uses = append(uses, use{u, b.Uses})
			walk(u, b.Inner, depth+1)
		}
	}
	walk(p.nodes[node], blocks, 0)
	for _, use := range uses {
		for _, name := range use.names {
			by := defined[name]
			if ifc, ok := strings.CutPrefix(name, "link:"); ok {
				by = slices.Concat(by, p.links[node+":"+ifc]) // a cable makes the link as well
			}
			if len(by) > 0 && !slices.Contains(by, use.unit) {
				p.Units[use.unit].Needs = append(p.Units[use.unit].Needs, by)
			}
		}
	}
}
