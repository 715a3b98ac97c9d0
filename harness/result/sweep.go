package result

import "github.com/reprise-lab/reprise/harness/evidence"

// Effect is what a point of a sweep was found to do.
type Effect string

// Effects.
const (
	EffectTriggers  Effect = "triggers"  // the symptom shows, at the upper rate of the test or more often
	EffectHarmless  Effect = "harmless"  // it does not, or no more often than at the lower one
	EffectUndecided Effect = "undecided" // the bound of trials came first
	EffectUnknown   Effect = "unknown"   // no trial was valid: the fault never met its frame, or the trials say why
)

// SweepPoint is what was measured with one value.
type SweepPoint struct {
	Nth int `json:"nth"` // the frame that the fault acted on first, from 1
	Proportion
	Trials int    `json:"trials"` // the inconclusive ones among them
	Effect Effect `json:"effect"`
	Why    string `json:"why,omitempty"` // of an unknown one: what the last trial says
	Dir    string `json:"dir"`
}

// Sweep is sweep.json: which frame a fault has to act on for a problem to show.
type Sweep struct {
	Reprise string         `json:"reprise"`
	Dir     string         `json:"dir"`
	Fault   string         `json:"fault"` // its step, as stimulus.0
	Words   string         `json:"words"` // what it does, for people
	Clock   evidence.Clock `json:"clock,omitzero"`
	Points  []SweepPoint   `json:"points"` // those that were tried, in their order
	// Left is how many were not tried: none after one whose frame never came, and none at all where
	// the control shows the symptom too.
	Left    int         `json:"left"`
	Control *Proportion `json:"control"` // null: none is declared
	// Real is what was tried at speed 1. null: the sweep was at it, or nothing was.
	Real   *SweepReal `json:"real-time,omitempty"`
	Trials int        `json:"trials"` // those at speed 1 among them
	// Outcome is yes where a frame triggers the problem, no where none of them does; of a sweep at
	// another speed than 1, yes where a frame does at speed 1 too, and never no.
	Outcome Outcome `json:"outcome"`
	Answer  string  `json:"answer"`
}

// SweepReal is what the control of a sweep at another speed, and the frames that trigger the problem
// there, came to at speed 1.
type SweepReal struct {
	Control *Proportion  `json:"control"` // null: none is declared
	Points  []SweepPoint `json:"points"`
}
