package plan

import "github.com/reprise-lab/reprise/scenarios"

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
	if s.Step.Name != "" {
		return s.Step.Name
	}
	if title := s.Action().Title(); title != "" {
		return title
	}
	return s.Ref
}

// Describe says in full what the step does, for who wants to do it by hand.
func (s Step) Describe() string { return s.Action().Describe() }

// String gives the step for people: where, and what.
func (s Step) String() string {
	if lane := s.Lane(); lane != "" {
		return lane + ": " + s.Title()
	}
	return s.Title()
}
