package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/scenarios"
)

// Action is what the step does, with its condition resolved.
func (s Step) Action() scenarios.Action {
	step := s.Step
	if s.Check != nil {
		step.WaitFor = &s.Check.Cond
	}
	return step.Action()
}

// Lane is where the step acts: a link's end, or a node; empty for what acts nowhere.
func (s Step) Lane() string { return s.Step.Lane() }

// Title says what the step does in a few words.
func (s Step) Title() string {
	title := s.Step.Name
	if title == "" {
		title = s.Action().Title()
	}
	if title == "" {
		title = s.Ref
	}
	if s.Of > 0 {
		title += fmt.Sprintf(" (%d of %d)", s.Nth, s.Of)
	}
	return title
}

// Looks are the conditions that the step itself looks at: what it waits for, or what its fault takes force
// and ends by.
func (s Step) Looks() []Check {
	var all []Check
	for _, c := range []*Check{s.Check, s.Arm, s.Disarm} {
		if c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// Entry is the step's place in the scenario, whichever repetition it is.
func (s Step) Entry() string { return EntryOf(s.Ref) }

// Depth is how deep in groups the step stands.
func (s Step) Depth() int {
	return strings.Count(s.Entry(), ".steps[") + strings.Count(s.Entry(), ".together[")
}

// EntryOf is the place in the scenario that a step's or a condition's reference names, without the
// numbers of repetitions: stimulus[0].steps[1] of stimulus[0]#3.steps[1].
func EntryOf(ref string) string { return repetition.ReplaceAllString(ref, "") }

var repetition = regexp.MustCompile(`#\d+`)

// Each lists the steps that act or wait by themselves, in their order: those of groups in their place,
// and as often as they are repeated. What belongs to a step that is left out is left out.
func Each(lists ...[]Step) []Step {
	var all []Step
	for _, list := range lists {
		for _, s := range list {
			if len(s.Parts) == 0 {
				all = append(all, s)
				continue
			}
			for _, part := range Each(s.Parts) {
				part.LeftOut = part.LeftOut || s.LeftOut
				all = append(all, part)
			}
		}
	}
	return all
}

// Entries lists steps as a scenario has them, for people: groups, and then what they hold, each once
// however often it is repeated.
func Entries(lists ...[]Step) []Step {
	var all []Step
	for _, list := range lists {
		for _, s := range list {
			members := s.Parts
			if s.Step.Repeat != nil {
				members = s.Parts[0].Parts
			}
			members = slices.Clone(members)
			for i := range members {
				members[i].LeftOut = members[i].LeftOut || s.LeftOut
			}
			all = append(append(all, s), Entries(members)...)
		}
	}
	return all
}

func (p *Plan) steps(list string, from []scenarios.Step) ([]Step, error) {
	var out []Step
	for i, s := range from {
		step, err := p.step(fmt.Sprintf("%s[%d]", list, i), s)
		if err != nil {
			return nil, err
		}
		out = append(out, step)
	}
	return out, nil
}

func (p *Plan) step(ref string, s scenarios.Step) (Step, error) {
	if s.Repeat != nil {
		return p.repeated(ref, s)
	}
	step := Step{Ref: ref, Step: s}
	var err error
	if s.WaitFor != nil {
		check, err := p.check(ref+".wait-for", *s.WaitFor)
		if err != nil {
			return step, err
		}
		step.Check = &check
	}
	for _, at := range []struct {
		key  string
		from *scenarios.Condition
		into **Check
	}{{"arm", s.Arm, &step.Arm}, {"disarm", s.Disarm, &step.Disarm}} {
		if at.from == nil {
			continue
		}
		if _, named := at.from.AtStep(); named {
			continue
		}
		check, err := p.check(ref+"."+at.key, *at.from)
		if err != nil {
			return step, err
		}
		*at.into = &check
	}
	if members := s.Members(); len(members) > 0 {
		step.Parts, err = p.steps(ref+"."+string(s.Action().Kind()), members)
	}
	return step, err
}

// repeated is a step whose parts are its repetitions.
func (p *Plan) repeated(ref string, s scenarios.Step) (Step, error) {
	one := s
	one.Repeat = nil
	first, err := p.step(ref+"#1", one)
	if err != nil {
		return first, err
	}
	step := Step{Ref: ref, Step: s}
	for n := range s.Repeat.Times {
		part := first.again(len(ref), n+1)
		part.Of = s.Repeat.Times
		step.Parts = append(step.Parts, part)
	}
	return step, nil
}

// again is a first repetition as the nth; at is where its number stands in references.
func (s Step) again(at, n int) Step {
	renumber := func(ref string) string {
		return fmt.Sprintf("%s#%d%s", ref[:at], n, strings.TrimPrefix(ref[at:], "#1"))
	}
	s.Ref, s.Nth = renumber(s.Ref), n
	if s.Check != nil {
		check := *s.Check
		if check.Cond.Name == check.Ref {
			check.Cond.Name = renumber(check.Cond.Name)
		}
		check.Ref = renumber(check.Ref)
		s.Check = &check
	}
	parts := s.Parts
	s.Parts = nil
	for _, part := range parts {
		nth := part.Nth
		part = part.again(at, n)
		if nth > 0 {
			part.Nth = nth // it is repeated by itself
		}
		s.Parts = append(s.Parts, part)
	}
	return s
}

// Describe says in full what the step does, for who wants to do it by hand.
func (s Step) Describe() string {
	if s.Step.Repeat != nil {
		return s.Action().Describe() + "\n" + s.Step.Repeat.String()
	}
	return s.Action().Describe()
}

// String gives the step for people: where, and what.
func (s Step) String() string {
	words := s.Title()
	if s.Step.Repeat != nil {
		words += ", " + s.Step.Repeat.String()
	}
	if lane := s.Lane(); lane != "" {
		return lane + ": " + words
	}
	return words
}
