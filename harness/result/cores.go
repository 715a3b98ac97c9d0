package result

import "github.com/reprise-lab/reprise/harness/evidence"

// Cores is what the core files of runs, and others, come to: those of one signature together, the most
// frequent first.
type Cores struct {
	Files int `json:"files"`
	// Trials is how many trials of runs were looked at, those without a core file among them.
	Trials int         `json:"trials,omitempty"`
	Groups []CoreGroup `json:"groups"`
	// Unplaced are those of which nobody can say whether they are like another.
	Unplaced []CoreFile `json:"unplaced,omitempty"`
}

// CoreGroup is core files of one signature.
type CoreGroup struct {
	Signature string               `json:"signature"`
	Loose     string               `json:"loose"`
	Title     string               `json:"title"`
	Process   string               `json:"process"`
	Quality   evidence.CoreQuality `json:"quality"`
	Trials    int                  `json:"trials,omitempty"`
	Files     []CoreFile           `json:"files"`
}

// CoreFile is one core file, and where it is from.
type CoreFile struct {
	evidence.Core
	Path    string           `json:"path"` // of the core file, or of its record where that is all there is
	Run     string           `json:"run,omitempty"`
	Trial   int              `json:"trial,omitempty"`
	Verdict evidence.Verdict `json:"verdict,omitempty"`
}
