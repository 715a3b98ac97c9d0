package scenarios

import (
	"strings"
	"time"
)

// ActSteps is the kind of [StepsStep].
const ActSteps ActionKind = "steps"

// StepsStep is a group of steps, one after the other.
type StepsStep Step

func stepsStep(s Step) (Action, bool) { return StepsStep(s), len(s.Steps) > 0 }

// Kind implements Action.
func (StepsStep) Kind() ActionKind { return ActSteps }

// Title implements Action.
func (s StepsStep) Title() string { return shortened(s.Words()) }

// Words implements Action.
func (s StepsStep) Words() string { return strings.Join(wordsOf(s.Steps), ", then ") }

// Describe implements Action.
func (s StepsStep) Describe() string { return "steps:\n" + strings.Join(wordsOf(s.Steps), "\n") }

// Effect implements Action.
func (s StepsStep) Effect() Effect {
	return effectOf(s.Steps, func(a, b time.Duration) time.Duration { return a + b })
}

func (StepsStep) takes(*checker, string) bool { return false }

func (s StepsStep) check(c *checker, where string) { c.steps(where+".steps", s.Steps) }
