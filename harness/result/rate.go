package result

import "github.com/reprise-lab/reprise/harness/evidence"

// Stop says why a series ended. The empty value is: go on.
type Stop string

// Reasons to stop.
const (
	GoOn      Stop = ""
	StopRuns  Stop = "runs"      // the number asked for
	StopWidth Stop = "width"     // the interval is as narrow as asked for
	StopHigh  Stop = "sprt-high" // the rate is p1 or more
	StopLow   Stop = "sprt-low"  // the rate is p0 or less
	StopCap   Stop = "undecided" // an open-ended rule came to its bound
)

// Dependence is a test whether hits depend on something that a rate ignores.
type Dependence struct {
	On     string       `json:"on"` // lab, host, time or repetition
	Groups []Proportion `json:"groups"`
	P      float64      `json:"p"` // Fisher's exact test, two-sided, corrected for the labs compared
	// Level is what P is held against: 5 % over all the tests of a series (Bonferroni).
	Level   float64 `json:"level"`
	Differs bool    `json:"differs"`
}

// Outcome is what an experiment's question is answered with. The zero value is invalid.
type Outcome string

// Outcomes.
const (
	Yes          Outcome = "yes"          // reproduced, fixed, a reset can be recommended
	No           Outcome = "no"           // not reproduced, not fixed
	Inconclusive Outcome = "inconclusive" // too few valid trials, undecided, the control fires
	Otherwise    Outcome = "other"        // something else failed
)

// Rate is rate.json of a measurement: what [evidence.Rate] holds, and what it means.
type Rate struct {
	evidence.Rate
	Clock         evidence.Clock `json:"clock,omitzero"` // how time passed in the labs
	Dir           string         `json:"dir"`
	Report        string         `json:"report"`
	Trials        int            `json:"trials"`
	Inconclusive  int            `json:"inconclusive"`
	CutShort      int            `json:"cut-short,omitempty"` // of the inconclusive: interrupted or killed, and made up for
	NotApplicable int            `json:"not-applicable"`
	Stopped       Stop           `json:"stopped"`
	Biased        bool           `json:"interval-biased"` // the stop depended on the outcome
	Pooled        bool           `json:"pooled"`          // false: hits depend on something, see Dependences
	Dependences   []Dependence   `json:"dependences"`
	Control       *Proportion    `json:"control"` // q; null: no control was run
	ControlDir    string         `json:"control-dir,omitempty"`
	CleanRuns95   int            `json:"clean-runs-95"` // 0: nothing can be promised
	CleanRuns99   int            `json:"clean-runs-99"`
	OtherFailures []string       `json:"other-failures,omitempty"` // a sentence for each of Failures
	// Failures are those that no symptom asks about, each once.
	Failures []evidence.Failure `json:"failures,omitempty"`
	Outcome  Outcome            `json:"outcome"`
	Answer   string             `json:"answer"` // the outcome in a sentence
}

// TooFew reports whether no more than half of the trials tell anything, those left out that were cut short and made
// up for.
func (r *Rate) TooFew() bool { return 2*r.Valid <= r.Trials-r.CutShort }
