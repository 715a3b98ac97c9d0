package result

import "github.com/reprise-lab/reprise/harness/evidence"

// Bisection is bisection.json: the version that a problem came in with, or went away with.
type Bisection struct {
	Dir        string         `json:"dir"`
	Scenario   string         `json:"scenario"`       // its id
	Clock      evidence.Clock `json:"clock,omitzero"` // how time passed in the labs
	Found      bool           `json:"found"`
	First      string         `json:"first,omitempty"`  // the version that the problem came in with, or went away with
	Range      []string       `json:"range,omitempty"`  // what cannot be told from it
	Reason     string         `json:"reason,omitempty"` // why it ended without its answer
	Confidence float64        `json:"confidence"`
	Alike      bool           `json:"alike,omitempty"` // it may be that the oldest and the newest version show it as often: then nothing is found
	Runs       int            `json:"runs"`
	Versions   []Version      `json:"versions"`
	Good       Count          `json:"good"`
	Bad        Count          `json:"bad"`
	Fixed      bool           `json:"fixed"`
	Real       *RealTime      `json:"real-time,omitempty"` // of labs at another speed: the versions on both sides of the answer, at speed 1
	Ahead      *Ahead         `json:"ahead,omitempty"`     // with several labs: what was tried ahead
}

// Done reports whether a bisection came to its end, and to versions that differ in real time.
func (b Bisection) Done() bool {
	return b.Found && (!b.Clock.Scaled() || b.Real != nil && b.Real.Shows)
}

// Version is one version of a bisection.
type Version struct {
	Image     string  `json:"image"`
	Runs      Count   `json:"runs"`
	Posterior float64 `json:"posterior"`
	Passed    string  `json:"passed-over,omitempty"` // why it could not be run
}
