package result

import (
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Arm is one of the two sides of a comparison. The zero value is invalid.
type Arm string

// Arms.
const (
	Old Arm = "old" // the build that has the problem; with a workaround: without it
	New Arm = "new" // the build, or the workaround, that shall be free of it
)

// Ruling is the outcome of a comparison. The zero value means that it is not over.
type Ruling string

// Rulings.
const (
	Fixed     Ruling = "fixed"
	NotFixed  Ruling = "not-fixed"
	Changed   Ruling = "changed" // the new side fails, and in another way
	Undecided Ruling = "inconclusive"
)

// Tally counts the samples of one side.
type Tally struct {
	Share     Proportion `json:"share"`
	Void      int        `json:"void"`
	Unhealthy int        `json:"unhealthy"`
	Other     int        `json:"other"`
	// Failures are what Other are, each once.
	Failures []evidence.Failure `json:"failures,omitempty"`
}

// Side is one side of a comparison, with its run directory.
type Side struct {
	Tally
	Dir string `json:"dir"`
}

// Comparison is verify.json: whether a new build, or a workaround, is free of a problem.
type Comparison struct {
	Reprise    string         `json:"reprise"`
	Scenario   string         `json:"scenario"`
	Title      string         `json:"title"`
	Clock      evidence.Clock `json:"clock,omitzero"` // how time passed in the labs of both sides
	New        Side           `json:"new"`
	Old        Side           `json:"old"`
	What       string         `json:"what"` // is new
	Ruling     Ruling         `json:"ruling"`
	Skipped    bool           `json:"skipped,omitempty"` // of a regression, for this reason
	Reason     string         `json:"reason"`
	Confidence float64        `json:"confidence"`
	Needed     int            `json:"needed"` // clean trials of the new side that were enough; 0: they were not
	P          float64        `json:"p"`
	Took       time.Duration  `json:"took"`
	// Watched is the longest window of the symptom, in the labs' time: what comes later than that after
	// the stimulus is not seen. 0 where there is none, as with a workaround.
	Watched time.Duration `json:"watched,omitempty"`
	// Showed is the longest that the symptom took to show on the old side, of ShowedWithin, in the labs' time; both 0 where it
	// is not waited for.
	Showed       time.Duration `json:"showed,omitempty"`
	ShowedWithin time.Duration `json:"showed-within,omitempty"`
	// ControlUntried: the scenario has a control, and it was not tried.
	ControlUntried bool `json:"control-not-tried,omitempty"`
	// Relief: of a workaround. Counted are trials that showed the problem, and those in which it was still there afterwards,
	// without the workaround's steps and with them.
	Relief bool `json:"relief,omitempty"`
}

// Limits say what the counts are of, where not of trials that showed the problem, and what the ruling leaves open, each in a few words.
func (c Comparison) Limits() []string {
	var out []string
	if c.Relief {
		out = append(out, "counted are the trials in which the problem was still there afterwards, of those that showed it: old without the workaround's steps, new with them")
	}
	if c.Ruling == Fixed && c.Watched > 0 {
		said := fmt.Sprintf("not seen within %s of the stimulus", c.Watched)
		if c.ShowedWithin > 0 {
			said += fmt.Sprintf(", where the old side showed it after %s of %s at the latest", c.Showed, c.ShowedWithin)
		}
		out = append(out, said)
	}
	if c.ControlUntried {
		out = append(out, "the control was not tried")
	}
	return out
}

// Outcome maps the ruling to what the question was answered with.
func (c Comparison) Outcome() Outcome {
	switch c.Ruling {
	case Fixed:
		return Yes
	case NotFixed:
		return No
	case Changed:
		return Otherwise
	default:
		return Inconclusive
	}
}

// Worst is the outcome of many comparisons: changed before not-fixed before inconclusive.
// Where nothing was compared it is inconclusive.
func Worst(all []Comparison) Outcome {
	compared := slices.DeleteFunc(slices.Clone(all), func(c Comparison) bool { return c.Skipped })
	for _, o := range []Outcome{Otherwise, No, Inconclusive} {
		if slices.ContainsFunc(compared, func(c Comparison) bool { return c.Outcome() == o }) {
			return o
		}
	}
	if len(compared) == 0 {
		return Inconclusive
	}
	return Yes
}
