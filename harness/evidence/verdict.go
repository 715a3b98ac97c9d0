package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict of a trial or a run. The zero value is invalid.
type Verdict string

// Verdicts. Only Reproduced and NotReproduced enter a rate.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not-reproduced"
	Inconclusive  Verdict = "inconclusive"   // the trial says nothing: baseline, stimulus, probe or lab failed
	NotApplicable Verdict = "not-applicable" // this lab cannot show it
)

// UnmarshalText accepts the known words only.
func (v *Verdict) UnmarshalText(b []byte) error {
	if !slices.Contains([]Verdict{Reproduced, NotReproduced, Inconclusive, NotApplicable}, Verdict(b)) {
		return fmt.Errorf("unknown verdict %q", b)
	}
	*v = Verdict(b)
	return nil
}

// Truth is three-valued: a probe that failed makes its condition unknown, never false.
type Truth string

// Truth values.
const (
	True    Truth = "true"
	False   Truth = "false"
	Unknown Truth = "unknown"
)

// And combines truth values: false wins over unknown, unknown over true (Kleene's
// strong three-valued conjunction). The empty conjunction is true.
func And(values ...Truth) Truth {
	switch {
	case slices.Contains(values, False):
		return False
	case slices.ContainsFunc(values, func(t Truth) bool { return t != True }):
		return Unknown
	default:
		return True
	}
}

// Not is the opposite of a three-valued truth: what is not known stays so.
func Not(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	default:
		return Unknown
	}
}

// TrialVerdict is the judgement of one trial (verdict.json beside its record).
type TrialVerdict struct {
	Reprise    string             `json:"reprise"`
	Rules      Rules              `json:"rules,omitempty"` // that gave it; none before rules had names
	Trial      int                `json:"trial"`
	Verdict    Verdict            `json:"verdict"`
	Rule       string             `json:"rule,omitempty"` // that decided; none before it was told
	Reason     string             `json:"reason"`         // one sentence; empty only when reproduced
	Conditions []ConditionVerdict `json:"conditions"`
	// OtherFailures are failures that no symptom asks about: a daemon that died. A trial
	// that has one is never counted as healthy. They are sentences, one for each of Failures,
	// which records from before do not have: [TrialVerdict.Failed] reads either.
	OtherFailures []string  `json:"other-failures,omitempty"`
	Failures      []Failure `json:"failures,omitempty"`
	Notes         []string  `json:"notes,omitempty"`
	// Marks are what must be said wherever this evidence goes: "simulated", "licence".
	Marks []string `json:"marks,omitempty"`
}

// ConditionVerdict is the judgement of one condition.
type ConditionVerdict struct {
	Ref   string        `json:"ref"` // baseline[0], symptom[1], stimulus[2].wait-for
	Name  string        `json:"name"`
	Holds Truth         `json:"holds"`
	Why   string        `json:"why"`           // what decided it
	Saw   string        `json:"saw,omitempty"` // what the last look that counted saw, in one bounded line
	At    time.Duration `json:"at"`            // since the trial began; when it was decided
	Looks int           `json:"looks"`         // observations that it rests on
}

// Watched reports whether the condition of this place was watched after the stimulus: it is of the
// symptom, or expected.
func Watched(ref string) bool {
	return strings.HasPrefix(ref, "symptom[") || strings.HasPrefix(ref, "expect[")
}

// Shows reports whether the condition shows the problem: a symptom that is there, or what was expected
// and is not.
func (c ConditionVerdict) Shows() bool {
	return strings.HasPrefix(c.Ref, "symptom[") && c.Holds == True || strings.HasPrefix(c.Ref, "expect[") && c.Holds == False
}

// RunVerdict is the judgement of a whole run (verdict.json of the run).
type RunVerdict struct {
	Reprise       string   `json:"reprise"`
	Verdict       Verdict  `json:"verdict"`
	Reason        string   `json:"reason"`
	Expected      Verdict  `json:"expected"`
	Reproduced    int      `json:"reproduced"`
	NotReproduced int      `json:"not-reproduced"`
	Inconclusive  int      `json:"inconclusive"`
	NotApplicable int      `json:"not-applicable"`
	Planned       int      `json:"planned"`
	OtherFailures []string `json:"other-failures,omitempty"` // a sentence for each of Failures
	// Failures are those of all trials, each once; see [RunVerdict.Failed].
	Failures []Failure `json:"failures,omitempty"`
	Marks    []string  `json:"marks,omitempty"`
}

// Valid is the number of trials that enter the rate.
func (v RunVerdict) Valid() int { return v.Reproduced + v.NotReproduced }

// RunVerdicts is what a judge makes of a run's record.
type RunVerdicts struct {
	Rules  Rules // that the record names, and that gave the verdicts
	Run    RunVerdict
	Rate   Rate
	Trials []TrialVerdict
	// Today is the run as today's rules judge it; nil where the record names those.
	Today *RunVerdict
}

// Rate is k of n with its 95 % intervals (rate.json). It is never shown without n.
type Rate struct {
	Reprise        string     `json:"reprise"`
	Reproduced     int        `json:"reproduced"` // k
	Valid          int        `json:"valid"`      // n
	Wilson         [2]float64 `json:"wilson-95"`
	ClopperPearson [2]float64 `json:"clopper-pearson-95"`
}
