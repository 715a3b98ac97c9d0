package scenarios

import (
	"strings"
	"time"
)

// ActTogether is the kind of [TogetherStep].
const ActTogether ActionKind = "together"

// TogetherStep is a group of steps, side by side. It ends when all have.
type TogetherStep Step

func togetherStep(s Step) (Action, bool) { return TogetherStep(s), len(s.Together) > 0 }

// Kind implements Action.
func (TogetherStep) Kind() ActionKind { return ActTogether }

// Title implements Action.
func (s TogetherStep) Title() string { return shortened("together: " + s.Words()) }

// Words implements Action.
func (s TogetherStep) Words() string { return strings.Join(wordsOf(s.Together), ", and ") }

// Describe implements Action.
func (s TogetherStep) Describe() string {
	return "together:\n" + strings.Join(wordsOf(s.Together), "\n")
}

// Effect implements Action.
func (s TogetherStep) Effect() Effect {
	return effectOf(s.Together, func(a, b time.Duration) time.Duration { return max(a, b) })
}

func (TogetherStep) takes(*checker, string) bool { return false }

func (s TogetherStep) check(c *checker, where string) {
	c.steps(where+".together", s.Together)
	c.sideBySide(where+".together", s.Together)
}
