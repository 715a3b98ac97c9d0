package result

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Count is what runs of one candidate came to.
type Count struct {
	Hits    int `json:"hits"`
	Misses  int `json:"misses"`
	Invalid int `json:"invalid,omitempty"`
	Other   int `json:"other,omitempty"`
}

// Valid is the number of runs that enter the rate.
func (c Count) Valid() int { return c.Hits + c.Misses }

// Runs is the number of all runs.
func (c Count) Runs() int { return c.Hits + c.Misses + c.Invalid + c.Other }

// Need is what the case came to without a unit.
type Need struct {
	Without Count `json:"without"`
	Control Count `json:"control,omitzero"` // of the control without it, where that was asked
	// Reason is why the case without it cannot be tried, where its runs say nothing.
	Reason string `json:"reason,omitempty"`
}

// Level is what a level cost.
type Level struct {
	Level    string  `json:"level"`
	Units    int     `json:"units"`
	Kept     int     `json:"kept"`
	Tests    int     `json:"tests"`
	Accepted int     `json:"accepted"`
	Rejected int     `json:"rejected"`
	Refused  int     `json:"refused"` // without a run
	Runs     int     `json:"runs"`
	Invalid  int     `json:"invalid"`
	Seconds  float64 `json:"seconds"`
}

// Isolation is isolation.json: what a reduction came to.
type Isolation struct {
	Dir      string         `json:"dir"`
	Scenario string         `json:"scenario"`
	Title    string         `json:"title"`
	Clock    evidence.Clock `json:"clock,omitzero"` // how time passed in the labs
	// Real is what is left tried in real time, where the search was not in it.
	Real     *RealTime `json:"real-time,omitempty"`
	Result   string    `json:"result"`             // folder of what is left
	Reliable string    `json:"reliable,omitempty"` // folder of one that fails more often
	Why      string    `json:"why-needed"`
	Complete bool      `json:"complete"`
	Reason   string    `json:"reason,omitempty"` // why it ended without its answer
	// OneRun: one run without a part decided whether it is needed.
	OneRun   bool         `json:"one-run,omitempty"`
	Before   string       `json:"before"` // what the scenario holds, and what is left of it
	After    string       `json:"after"`
	Original Count        `json:"original"`
	Control  Count        `json:"control"`
	Final    Count        `json:"final"`
	Runs     int          `json:"runs"`
	Levels   []Level      `json:"levels"`
	Ahead    *Ahead       `json:"ahead,omitempty"` // with several labs: what was tried ahead
	Needed   []NeededPart `json:"needed"`
	// Unset: the scenario had a stimulus, and none of its steps is left: the problem is there without any.
	Unset bool `json:"without-stimulus,omitempty"`
	// Around are left with these: they hold a part of them, or the symptom or the control is
	// about them.
	Around []string `json:"around,omitempty"`
	Side   []string `json:"side-finds,omitempty"` // other failures run by run, in sentences, and where their evidence is
	// Found are the failures that they are, each once.
	Found []SideFind `json:"found,omitempty"`
}

// Ahead is what became of the runs of a search that idle labs began before it asked for them. None of
// it has a part in what the search found.
type Ahead struct {
	Labs   int     `json:"labs"`           // side by side
	Used   int     `json:"used"`           // runs that the search asked for afterwards
	Gained float64 `json:"gained-seconds"` // that these had been under way by then, together
	Thrown int     `json:"thrown-away"`    // runs that it did not ask for: not counted
	Wasted float64 `json:"wasted-seconds"` // that these took in labs, together
}

// RealTime is what runs of the result of a search came to at speed 1: of what is left and its control, or of the versions on both sides.
type RealTime struct {
	Final   Count `json:"final"`            // where the problem is to be
	Control Count `json:"control,omitzero"` // where it is not
	// Shows: the problem is there at speed 1 too, and at least four times as often as in the control,
	// which is what a search demands of its scenario. A control whose runs say nothing shows nothing.
	Shows bool `json:"shows"`
}

// NewRealTime says whether the problem shows in runs of what is left and of its control.
func NewRealTime(final, control Count) RealTime {
	shows := final.Hits > 0 && 4*control.Hits*final.Valid() <= final.Hits*control.Valid()
	return RealTime{final, control, shows && (control.Runs() == 0 || control.Valid() > 0)}
}

// Done reports whether a reduction came to its end, and to a case that shows the problem in real
// time.
func (i Isolation) Done() bool {
	return i.Complete && (!i.Clock.Scaled() || i.Real != nil && i.Real.Shows)
}

// SideFind is a failure that a search met on its way.
type SideFind struct {
	evidence.Failure
	Runs  int    `json:"runs"`  // that had it
	Where string `json:"where"` // the evidence of the first
}

// Meet counts the failures of one run.
func (i *Isolation) Meet(failures []evidence.Failure, where string) {
	for _, f := range failures {
		at := slices.IndexFunc(i.Found, func(s SideFind) bool { return s.Same(f) })
		if at < 0 {
			i.Found = append(i.Found, SideFind{Failure: f, Where: where})
			at = len(i.Found) - 1
		}
		i.Found[at].Runs++
	}
}

// NeededPart is a part that is left, and the runs without it.
type NeededPart struct {
	Part string `json:"part"`
	Need
	P float64 `json:"p-value"` // one-sided, Fisher's exact test against the scenario as it was
}

// Known reports whether a run without the part said that the problem was not there. Of a part without which every run says nothing
// nobody knows whether the problem needs it.
func (n NeededPart) Known() bool {
	return n.Without.Valid() > 0 || n.Without.Runs() == 0 && n.Reason == ""
}

// Unknown are the parts that are left of which nobody knows whether the problem needs them.
func (i Isolation) Unknown() int {
	unknown := 0
	for _, n := range i.Needed {
		if !n.Known() {
			unknown++
		}
	}
	return unknown
}

// Words is the reason why the case without the part could not be tried.
func (n NeededPart) Words() string {
	if n.Reason == "" {
		return "without it there is no scenario"
	}
	return n.Reason
}

// String gives k of n with its interval; never a rate alone.
func (c Count) String() string {
	if c.Valid() == 0 {
		return "no valid run"
	}
	w := stats.Wilson(c.Hits, c.Valid())
	text := fmt.Sprintf("%d/%d = %.2f [%.2f, %.2f]", c.Hits, c.Valid(), float64(c.Hits)/float64(c.Valid()), w[0], w[1])
	if c.Invalid+c.Other > 0 {
		text += fmt.Sprintf(", %d inconclusive", c.Invalid+c.Other)
	}
	return text
}

// Flipped has hits for misses.
func (c Count) Flipped() Count {
	c.Hits, c.Misses = c.Misses, c.Hits
	return c
}

// Plus adds the runs of another.
func (c Count) Plus(d Count) Count {
	return Count{c.Hits + d.Hits, c.Misses + d.Misses, c.Invalid + d.Invalid, c.Other + d.Other}
}
