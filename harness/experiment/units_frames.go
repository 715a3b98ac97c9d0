package experiment

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/scenarios"
)

// frames adds units for fewer frames and earlier ones that the faults of a step, and of the group that
// it is, act on, and for when these take force and end.
func (p *partsMaker) frames(i int, s scenarios.Step) {
	whole := scenarios.Part{Step: i, Member: scenarios.WholeStep}
	p.framesOf(whole, s, fmt.Sprintf("step %d", i))
	p.armedOf(whole, s, fmt.Sprintf("step %d", i))
	for j, member := range s.Members() {
		id, words := fmt.Sprintf("step %d part %d", i, j), []string{string(s.Action().Kind()), strconv.Itoa(j)}
		p.framesOf(scenarios.Part{Step: i, Member: j}, member, id, words...)
		p.armedOf(scenarios.Part{Step: i, Member: j}, member, id, words...)
	}
}

// armedOf adds units for what a fault takes force and ends by: without the one it does so at its step,
// without the other it stays.
func (p *partsMaker) armedOf(at scenarios.Part, s scenarios.Step, id string, words ...string) {
	for _, n := range []struct {
		key  string
		cond *scenarios.Condition
		of   func(*scenarios.Cut) map[scenarios.Part]bool
	}{
		{"arm", s.Arm, func(c *scenarios.Cut) map[scenarios.Part]bool { return c.Arm }},
		{"disarm", s.Disarm, func(c *scenarios.Cut) map[scenarios.Part]bool { return c.Disarm }},
	} {
		if n.cond == nil {
			continue
		}
		unit := p.add(isolate.Unit{
			ID: id + " " + n.key + ": " + n.cond.Moment(), Kind: isolate.Value, Parent: p.partUnit(at), Weight: 1,
			Fixed: p.held.value(at.Step, append(slices.Clip(words), n.key)...),
		}, func(c *scenarios.Cut) { n.of(c)[at] = true })
		if u, ok := p.nodes[n.cond.Node]; ok {
			p.need(unit, u)
		}
		p.moments = append(p.moments, moment{unit, *n.cond})
	}
}

// moment is a unit of what a fault takes force or ends by.
type moment struct {
	unit int
	cond scenarios.Condition
}

// armed has what a fault takes force or ends by go with the step that it names.
func (p *partsMaker) armed() {
	for _, m := range p.moments {
		if part, ok := p.l.Scenario.PartNamed(m.cond.Step); ok && m.cond.Step != "" {
			p.need(m.unit, p.partUnit(part))
		}
	}
}

// framesOf is frames for one fault, which the words lead to from the step.
func (p *partsMaker) framesOf(at scenarios.Part, s scenarios.Step, id string, words ...string) {
	for _, n := range []struct {
		key  string
		most int
		of   func(*scenarios.Cut) map[scenarios.Part]int
	}{
		{"count", s.Count, func(c *scenarios.Cut) map[scenarios.Part]int { return c.Count }},
		{"nth", s.Nth, func(c *scenarios.Cut) map[scenarios.Part]int { return c.Nth }},
	} {
		u := isolate.Unit{ID: id + " " + n.key, Parent: p.partUnit(at), Fixed: p.held.value(at.Step, append(slices.Clip(words), n.key)...)}
		fewer(p, u, at, n.most, n.of)
	}
}
