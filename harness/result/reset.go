package result

import (
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// ResetArm is what repeating with one kind of reset came to.
type ResetArm struct {
	Reset  string        `json:"reset"`
	Share  Proportion    `json:"share"` // of redeploy: freshly built labs; of the others: repeated in place only
	Void   int           `json:"void"`  // trials that said nothing
	Took   time.Duration `json:"took"`  // mean of a trial, the reset in it
	P      float64       `json:"p"`     // two-sided against redeploy
	Usable bool          `json:"usable"`
	Why    string        `json:"why"`
}

// Resets is reset.json: what each way to clean the lab came to, and the one to use.
type Resets struct {
	Reprise     string            `json:"reprise"`
	Scenario    string            `json:"scenario"`
	Clock       evidence.Clock    `json:"clock,omitzero"` // how time passed in the labs
	AtLeast     int               `json:"at-least"`       // valid trials that each way needs
	Cold        ResetArm          `json:"cold"`           // freshly built labs
	Arms        []ResetArm        `json:"arms"`           // repeated in place
	Recommended string            `json:"recommended"`
	Outcome     Outcome           `json:"outcome"`
	Answer      string            `json:"answer"`
	Dirs        map[string]string `json:"dirs"` // run directory by reset
	File        string            `json:"file"`
}
