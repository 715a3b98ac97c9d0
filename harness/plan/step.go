package plan

import (
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// Lane is where the step acts: a link's end, or a node; empty for what acts nowhere.
func (s Step) Lane() string {
	if s.Step.Link != "" {
		return s.Step.Link
	}
	return s.Step.Node
}

// Title says what the step does in a few words.
func (s Step) Title() string {
	st := s.Step
	if st.Name != "" {
		return st.Name
	}
	switch st.Action() {
	case scenarios.ActConfigure:
		return "configure " + strings.Join(st.Configure, " / ")
	case scenarios.ActRun:
		return st.Run
	case scenarios.ActExec:
		return evidence.Bounded(strings.Join(strings.Fields(st.Exec), " "), 100)
	case scenarios.ActFault:
		return strings.TrimSpace(string(st.Fault) + " " + st.Process)
	case scenarios.ActHold:
		return fmt.Sprintf("hold %s: %s", st.Hold, st.Why)
	case scenarios.ActWaitFor:
		return "wait for " + s.Check.Cond.Name
	default:
		return s.Ref
	}
}

// Describe says in full what the step does, for who wants to do it by hand.
func (s Step) Describe() string {
	st := s.Step
	switch st.Action() {
	case scenarios.ActConfigure:
		return "configure:\n" + strings.Join(st.Configure, "\n")
	case scenarios.ActRun:
		return "run: " + st.Run
	case scenarios.ActExec:
		return "exec: " + strings.TrimSpace(st.Exec)
	case scenarios.ActFault:
		return "fault: " + st.Describe()
	case scenarios.ActHold:
		return fmt.Sprintf("hold: %s, because %s", st.Hold, st.Why)
	case scenarios.ActWaitFor:
		return fmt.Sprintf("wait-for: %s, %s, %s", s.Check.Cond.Describe(), s.Check.Cond.Predicate(), s.Check.Cond.Window())
	default:
		return ""
	}
}

// String gives the step for people: where, and what.
func (s Step) String() string {
	if lane := s.Lane(); lane != "" {
		return lane + ": " + s.Title()
	}
	return s.Title()
}
