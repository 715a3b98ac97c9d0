package scenarios

import "fmt"

// ActWaitFor is the kind of [WaitStep].
const ActWaitFor ActionKind = "wait-for"

// WaitStep waits for a condition.
type WaitStep Step

func waitStep(s Step) (Action, bool) { return WaitStep(s), s.WaitFor != nil }

// Kind implements Action.
func (WaitStep) Kind() ActionKind { return ActWaitFor }

// Title implements Action.
func (s WaitStep) Title() string { return s.Words() }

// Words implements Action.
func (s WaitStep) Words() string { return "wait for " + s.WaitFor.Name }

// Describe implements Action.
func (s WaitStep) Describe() string {
	return fmt.Sprintf("wait-for: %s, %s, %s", s.WaitFor.Describe(), s.WaitFor.Predicate(), s.WaitFor.Window())
}

// Effect implements Action.
func (s WaitStep) Effect() Effect {
	return Effect{Nodes: named(s.WaitFor.Node), Longest: s.WaitFor.Longest()}
}

func (WaitStep) takes(*checker, string) bool { return false }

func (s WaitStep) check(c *checker, where string) {
	cond := *s.WaitFor
	if cond.Name == "" {
		cond.Name = where
	}
	c.condition(where+".wait-for", cond)
}
