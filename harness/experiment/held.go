package experiment

import (
	"slices"
	"strconv"

	"github.com/reprise-lab/reprise/scenarios"
)

// held is what stays of a stimulus, since the symptom looks at it or the control changes it.
type held struct {
	parts map[scenarios.Part]bool
	sets  map[int][][]string // by step: the words of the values that the control replaces
}

func newHeld(l *scenarios.Loaded) held {
	h := held{parts: map[scenarios.Part]bool{}, sets: map[int][][]string{}}
	for _, c := range l.Scenario.Shown() {
		if c.Step != "" {
			h.name(l, c.Step)
		}
	}
	if l.Scenario.Control == nil {
		return h
	}
	for key, value := range l.Scenario.Control.Set {
		n, words, ok := l.SetStep(key)
		if !ok {
			continue
		}
		h.hold(scenarios.Part{Step: n, Member: scenarios.WholeStep})
		h.sets[n] = append(h.sets[n], words)
		if words[len(words)-1] == "ends" {
			h.name(l, value)
		}
	}
	for _, ref := range l.Scenario.Control.Without {
		h.name(l, ref) // without it there is the control, which is known to be healthy
	}
	return h
}

// name holds the step of a name, and the group that it is in.
func (h held) name(l *scenarios.Loaded, name string) {
	if part, ok := l.Scenario.PartNamed(name); ok {
		h.hold(part)
	}
}

func (h held) hold(p scenarios.Part) {
	h.parts[p] = true
	h.parts[scenarios.Part{Step: p.Step, Member: scenarios.WholeStep}] = true
}

// step reports whether a step stays.
func (h held) step(i int) bool { return h.parts[scenarios.Part{Step: i, Member: scenarios.WholeStep}] }

// member reports whether a member of a group stays.
func (h held) member(i int, group scenarios.ActionKind, j int) bool {
	return h.parts[scenarios.Part{Step: i, Member: j}] || h.value(i, string(group), strconv.Itoa(j))
}

// value reports whether the control replaces a value of a step, something within it, or what it is in.
func (h held) value(i int, words ...string) bool {
	return slices.ContainsFunc(h.sets[i], func(set []string) bool {
		n := min(len(set), len(words))
		return slices.EqualFunc(set[:n], words[:n], sameWord)
	})
}

// sameWord reports whether two words of a key are the same, or the same number.
func sameWord(a, b string) bool {
	n, notA := strconv.Atoi(a)
	m, notB := strconv.Atoi(b)
	return a == b || notA == nil && notB == nil && n == m
}

// linked has a fault and the up that ends it go together, and what waits for a step go with that.
func (p *partsMaker) linked() {
	pairs := map[string]int{} // link whose fault has no end of its own → its unit
	for i, s := range p.l.Scenario.Stimulus {
		p.linkedStep(pairs, scenarios.Part{Step: i, Member: scenarios.WholeStep}, s)
		for j, member := range s.Members() {
			for _, inner := range scenarios.Each([]scenarios.Step{member}) {
				p.linkedStep(pairs, scenarios.Part{Step: i, Member: j}, inner)
			}
		}
	}
}

func (p *partsMaker) linkedStep(pairs map[string]int, at scenarios.Part, s scenarios.Step) {
	unit := p.partUnit(at)
	switch {
	case s.Fault == scenarios.FaultDown && s.For == 0:
		pairs[s.Link] = unit
	case s.Fault == scenarios.FaultUp:
		// A fault and its end are one: neither says anything alone.
		if fault, ok := p.ended(s, pairs); ok {
			p.need(unit, fault)
			p.need(fault, unit)
		}
	case s.WaitFor != nil && s.WaitFor.Step != "":
		if part, ok := p.l.Scenario.PartNamed(s.WaitFor.Step); ok {
			p.need(unit, p.partUnit(part))
		}
	}
}

// need has a unit fall with another one.
func (p *partsMaker) need(unit, other int) {
	if unit != other {
		p.Units[unit].Needs = append(p.Units[unit].Needs, []int{other})
	}
}

// partUnit is the unit of a part: a group's of one is that of the group.
func (p *partsMaker) partUnit(at scenarios.Part) int {
	if unit, ok := p.parts[at]; ok {
		return unit
	}
	return p.parts[scenarios.Part{Step: at.Step, Member: scenarios.WholeStep}]
}

// ended is the unit of the step whose fault an up ends: the one that it names, or of its link.
func (p *partsMaker) ended(up scenarios.Step, pairs map[string]int) (unit int, ok bool) {
	if up.Ends == "" {
		unit, ok = pairs[up.Link]
		return unit, ok
	}
	part, ok := p.l.Scenario.PartNamed(up.Ends)
	return p.partUnit(part), ok
}
