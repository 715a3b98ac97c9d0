package reports

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// Run is what a report shows of a run directory.
type Run struct {
	Info    evidence.RunInfo
	Verdict *evidence.RunVerdict // nil: the run was broken off before it was judged
	Rate    *evidence.Rate       // nil: it was not computed
	// Disputed says what is stored of the run and does not agree with its record: it is inconclusive then, and has no rate.
	Disputed string
	Trials   []Trial // those that left anything, in order
	Inputs   []Input
	// Machines say where nodes were of labs that were spread over several, and how cables went between these.
	Machines []string
	Missing  []string // what the directory should hold and does not, for people
	// Logs is what the logs of all trials say together; nil where nobody asked them.
	Logs *result.LogFindings
	// Recorded counts the verdicts that the trials have. It equals Verdict on a whole run,
	// and is all there is on one that was broken off.
	Recorded Counts
}

// Counts of trials by verdict.
type Counts struct{ Reproduced, NotReproduced, Inconclusive, NotApplicable, None int }

// Valid is the number of trials that enter a rate.
func (c Counts) Valid() int { return c.Reproduced + c.NotReproduced }

// Finished tells that the run was judged as a whole.
func (r *Run) Finished() bool { return r.Verdict != nil }

// OtherFailures are the failures of all trials that no symptom asks about, each once: what it is
// called, the trials that had it, and what was seen of it first.
func (r *Run) OtherFailures() []string {
	var all []evidence.Failure
	var said []string
	if r.Verdict != nil {
		all, said = evidence.AddFailures(nil, nil, r.Verdict.Failed(), r.Verdict.OtherFailures)
	}
	trials := map[string][]string{}
	for i := range r.Trials {
		t := &r.Trials[i]
		all, said = evidence.AddFailures(all, said, t.Failed(), t.Other())
		for _, f := range t.Failed() {
			if n := strconv.Itoa(t.Number); !slices.Contains(trials[f.String()], n) {
				trials[f.String()] = append(trials[f.String()], n)
			}
		}
	}
	words := make([]string, len(all))
	for i, f := range all {
		words[i] = failureWords(f, said[i], trials[f.String()])
	}
	return words
}

// failureWords is one failure; one of a record from before they had fields is its sentence.
func failureWords(f evidence.Failure, sentence string, trials []string) string {
	if f.Kind == evidence.FailureTold {
		return sentence
	}
	where := ""
	switch len(trials) {
	case 0:
	case 1:
		where = ", in trial " + trials[0]
	default:
		where = ", in trials " + strings.Join(trials, ", ")
	}
	return fmt.Sprintf("%s%s: %s", f, where, sentence)
}

// maxPlanned bounds the planned trials that are listed one by one.
const maxPlanned = 10000

// Absent lists the planned trials that left no record. Beyond the first ten thousand
// trials none is listed.
func (r *Run) Absent() []int {
	have := map[int]bool{}
	for i := range r.Trials {
		have[r.Trials[i].Number] = true
	}
	var absent []int
	for n := 1; n <= min(r.Info.Trials, maxPlanned); n++ {
		if !have[n] {
			absent = append(absent, n)
		}
	}
	return absent
}

// Input is one file that the run read.
type Input struct {
	evidence.InputInfo
	// State is "as recorded", or what is wrong with the file.
	State string
	OK    bool
	Text  Excerpt
}

// Trial is one trial of a run.
type Trial struct {
	Number   int
	Verdict  *evidence.TrialVerdict // nil: it was not judged
	Attempts []evidence.Entry       // its ledger lines, in order
	Host     *evidence.TrialHost    // that it was executed on, as the worker of a fleet says; nil: on that of the run
	Detail   *Detail                // nil: not shown in full
}

// Word is the trial's verdict, empty when nobody gave one.
func (t *Trial) Word() evidence.Verdict {
	if t.Verdict != nil {
		return t.Verdict.Verdict
	}
	if e := t.Entry(); e != nil {
		return e.Verdict
	}
	return ""
}

// Host is a machine of a fleet, and the trials that count of it.
type Host struct {
	Name   string             // of the worker, in the ledger
	Info   *evidence.HostInfo // as the worker says; nil: it is not recorded, or the worker says now one thing and now another
	Trials []int              // in order
}

// String is what is known of the machine; empty where that is nothing.
func (h Host) String() string {
	if h.Info == nil {
		return ""
	}
	return h.Info.String()
}

// Hosts are the machines that a fleet executed the trials on, by name; none of a run that was made on one machine.
func (r *Run) Hosts() (hosts []Host) {
	for i := range r.Trials {
		t := &r.Trials[i]
		e := t.Entry()
		if e == nil || e.Host == "" {
			continue
		}
		at := slices.IndexFunc(hosts, func(h Host) bool { return h.Name == e.Host })
		var info *evidence.HostInfo
		if t.Host != nil {
			info = &t.Host.Host
		}
		if at < 0 {
			hosts = append(hosts, Host{e.Host, info, []int{t.Number}})
			continue
		}
		h := &hosts[at]
		if h.Trials = append(h.Trials, t.Number); h.Info != nil && (info == nil || *info != *h.Info) {
			h.Info = nil
		}
	}
	slices.SortFunc(hosts, func(a, b Host) int { return strings.Compare(a.Name, b.Name) })
	return hosts
}

// Entry is the ledger line of the last attempt that counts, nil when there is none.
func (t *Trial) Entry() *evidence.Entry {
	for i := range slices.Backward(t.Attempts) {
		if t.Attempts[i].Uncounted == "" {
			return &t.Attempts[i]
		}
	}
	return nil
}

// Reason is the sentence behind the verdict. A reproduced trial has its symptom for a
// reason, one without a verdict that it was broken off.
func (t *Trial) Reason() string {
	switch e := t.Entry(); {
	case t.Verdict != nil && t.Verdict.Reason == "":
		return t.symptom()
	case t.Verdict != nil:
		return t.Verdict.Reason
	case e != nil:
		return e.Reason
	default:
		return "broken off: it has a record and no verdict"
	}
}

func (t *Trial) symptom() string {
	var why []string
	for _, c := range t.Verdict.Conditions {
		if evidence.Watched(c.Ref) {
			why = append(why, fmt.Sprintf("%q: %s", c.Name, c.Why))
		}
	}
	return strings.Join(why, "; ")
}

// Other are its failures that no symptom asks about.
func (t *Trial) Other() []string {
	switch e := t.Entry(); {
	case t.Verdict != nil:
		return t.Verdict.OtherFailures
	case e != nil:
		return e.Other
	default:
		return nil
	}
}

// Failed are those failures, of records of any age.
func (t *Trial) Failed() []evidence.Failure {
	switch e := t.Entry(); {
	case t.Verdict != nil:
		return t.Verdict.Failed()
	case e != nil:
		return e.Failed()
	default:
		return nil
	}
}

// Detail is the record of one trial.
type Detail struct {
	Folder      string // within the run directory
	Events      []evidence.Event
	EventsLeft  int // events left out before EventsAfter
	EventsAfter int // index in Events of the first after the gap
	End         time.Duration
	Conditions  []Condition
	States      []State
	Transcripts []Transcript
	Logs        []File
	Notes       result.LogNotes // lines of the logs that belong beside the events
	Flows       []Flow          // of traffic
	Cores       []evidence.Core
	Files       []File // captures, cores and fetched files: their names and sizes
	Missing     []string
	// Digest reports whether the record is still the one that the ledger names.
	Digest Check
}

// Check is the result of comparing a record with its digest.
type Check string

// Results of a check.
const (
	Matches Check = "matches"
	Differs Check = "differs"
	NoCheck Check = "not checked"
)

// Condition is one condition with the looks that decided it.
type Condition struct {
	evidence.ConditionVerdict
	Info   evidence.ConditionInfo // Ref is empty when run.json does not know it
	Before []Look                 // the looks before the stimulus
	Looks  []Look                 // the ones that are shown
	Total  int                    // looks there were
	Turns  int                    // times that the value became another one, shown or not; looks without an answer aside
}

// Judged tells that the condition has been decided.
func (c *Condition) Judged() bool { return c.Holds != "" }

// Deciding is the look that decided the condition, else the last one; nil without looks.
func (c *Condition) Deciding() *Look {
	for i := range c.Looks {
		if c.Looks[i].Decided {
			return &c.Looks[i]
		}
	}
	if len(c.Looks) == 0 {
		return nil
	}
	return &c.Looks[len(c.Looks)-1]
}

// Look is one observation that is shown, and how many before it are not.
type Look struct {
	evidence.Observation // without Text
	Output               Excerpt
	FramesSeen
	Skipped int // looks left out since the one before
	Changed bool
	Decided bool
	Last    bool
}

// Transcript is what was said to and by one node.
type Transcript struct {
	Node    string
	File    string
	Streams []Stream
	Lost    int // bytes that the record itself does not have
}

// Stream is one channel of a transcript.
type Stream struct {
	Channel string
	Lines   []Line
	// Lines[:Gap] are the first, Lines[Gap:] the last; Left lines between them are not shown.
	Gap, Left, Total int
}

// Line of a transcript.
type Line struct {
	At   time.Duration
	Out  bool // harness → device
	Text string
}

// Change tells how two answers differ.
type Change int

// Kinds of change, the most telling first.
const (
	Words    Change = iota + 1 // more than numbers
	Numbers                    // numbers only
	Volatile                   // what changes by itself only, as the platform's own rules know it
	Unpaired                   // there is nothing to compare: one answer is not there, both were refused, or both are equal and cut
	Same
)

// State is the answer to one state command before and after.
type State struct {
	Node    string
	Command string
	Change  Change
	Hunks   []Hunk  // the difference, of one that changed
	Text    Excerpt // the answer, of one that did not
	// Note says what is wrong with the pair: an answer that is not there, was refused or cut.
	Note string
}

// File is a file of the record.
type File struct {
	Node string // empty when the file is no one node's
	Name string // within the run directory
	Size int64
	Text Excerpt // of a log
}

// SortedKeys are the keys of a map in order.
func SortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
