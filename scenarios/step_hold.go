package scenarios

import (
	"fmt"
	"strings"
	"time"
)

// ActHold is the kind of [HoldStep].
const ActHold ActionKind = "hold"

// HoldStep waits for a time.
type HoldStep Step

func holdStep(s Step) (Action, bool) { return HoldStep(s), s.Hold > 0 }

// Kind implements Action.
func (HoldStep) Kind() ActionKind { return ActHold }

// Title implements Action.
func (s HoldStep) Title() string { return fmt.Sprintf("hold %s: %s", s.Hold, s.Why) }

// Words implements Action.
func (s HoldStep) Words() string { return fmt.Sprintf("hold %s", s.Hold) }

// Describe implements Action.
func (s HoldStep) Describe() string { return fmt.Sprintf("hold: %s, because %s", s.Hold, s.Why) }

// Effect implements Action.
func (s HoldStep) Effect() Effect { return Effect{Longest: time.Duration(s.Hold)} }

func (HoldStep) takes(_ *checker, key string) bool { return key == "why" }

func (s HoldStep) check(c *checker, where string) {
	if strings.TrimSpace(s.Why) == "" {
		c.Faultf(where+".hold", "why: …, or wait for a condition with wait-for", "a hold without a why only hides a missing condition")
	}
}
