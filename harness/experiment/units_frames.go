package experiment

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/scenarios"
)

// frames adds units for fewer frames and earlier ones that the faults of a step, and of the group that
// it is, act on.
func (p *partsMaker) frames(i int, s scenarios.Step) {
	p.framesOf(scenarios.Part{Step: i, Member: scenarios.WholeStep}, s, fmt.Sprintf("step %d", i))
	for j, member := range s.Members() {
		p.framesOf(scenarios.Part{Step: i, Member: j}, member, fmt.Sprintf("step %d part %d", i, j), string(s.Action().Kind()), strconv.Itoa(j))
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
