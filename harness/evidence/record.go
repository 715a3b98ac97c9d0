package evidence

import "time"

// Phase of a trial.
type Phase string

// Phases in their order.
const (
	PhaseDeploy     Phase = "deploy"
	PhaseBaseline   Phase = "baseline"
	PhaseStimulus   Phase = "stimulus"
	PhaseSymptom    Phase = "symptom"
	PhaseWorkaround Phase = "workaround"
	PhaseCollect    Phase = "collect"
	PhaseReset      Phase = "reset"
)

// PhaseExpect is the name of the [EventPhase] with which, after the workaround's steps, begins the watching of what
// must hold then. Records from before it was given have the phase twice and no name.
const PhaseExpect = "expect"

// EventKind names what a timeline line reports.
type EventKind string

// Kinds of event.
const (
	EventPhase    EventKind = "phase"     // a phase begins
	EventPhaseEnd EventKind = "phase-end" // and ends
	EventBoot     EventKind = "boot"      // a node's software was started
	EventStep     EventKind = "step"      // a step of the stimulus or workaround was carried out
	EventFault    EventKind = "fault"     // a fault took force
	EventTally    EventKind = "tally"     // how often a fault in force had acted when the symptom was decided, in Count
	EventHeal     EventKind = "heal"      // and was taken back; Count tells how often it acted
	EventDeath    EventKind = "death"     // a process ended by a fault, or a daemon by itself; Ref is the step that sent the signal
	EventEnd      EventKind = "end"       // a daemon ended because the step Ref told it to
	EventDecided  EventKind = "decided"   // a condition was decided
	EventLab      EventKind = "lab"       // something of the lab broke
	EventCut      EventKind = "cut"       // the trial was interrupted from outside, or its time ran out
	EventMissing  EventKind = "missing"   // the lab lacks an ability the scenario needs
	EventMark     EventKind = "mark"      // Name must be said wherever this evidence goes, because of Detail
	EventClock    EventKind = "clock"     // the lab's clocks run by Name; Detail is what they show at this moment, or of a node that its programs take, or do not
	EventLate     EventKind = "late"      // a process waited for a processor for longer than the lab's clock allows for; with Ref, a repetition of a step began late
	EventNote     EventKind = "note"
	EventCollect  EventKind = "collect" // something was collected, or could not be
)

// Outcome of an event.
type Outcome string

// Outcomes.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused" // the device said no; Detail holds its words
	Failed  Outcome = "failed"
	// Doubtful is a death of which it is not known whether a step ended the process; Detail says why.
	Doubtful Outcome = "doubtful"
)

// End is how a step ended that did not come to its end by itself. Empty is the usual.
type End string

// Ends.
const (
	GivenUp  End = "given-up"  // it took at least as long
	BrokeOff End = "broke-off" // nobody knows how long it takes
)

// Event is one line of timeline.ndjson.
type Event struct {
	At      time.Duration `json:"at"`   // since the trial began, in the lab's time; see Clock
	Time    time.Time     `json:"time"` // the real moment
	Kind    EventKind     `json:"kind"`
	Phase   Phase         `json:"phase"`
	Lane    string        `json:"lane,omitempty"` // node, endpoint, or empty for the harness
	Ref     string        `json:"ref,omitempty"`  // stimulus[0], symptom[1]
	Name    string        `json:"name,omitempty"`
	Outcome Outcome       `json:"outcome,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Took    time.Duration `json:"took,omitempty"`
	Count   uint64        `json:"count,omitempty"`
	// Repetition is the number of a step that is repeated, or that belongs to one, from 1.
	Repetition int `json:"repetition,omitempty"`
	// End is how the step ended, where Took is not what it takes.
	End End `json:"end,omitempty"`
	// Failure is what a death is called; see [Event.Failed]. With [EventCollect] it is what a core file
	// calls a death of before.
	Failure *Failure `json:"failure,omitempty"`
	// Capture is what was captured, of an event of [EventCollect] whose lane is the endpoint. It is there
	// also where nothing could be.
	Capture *Capture `json:"capture,omitempty"`
	// Frames is what a fault did with frames, of an event of [EventTally] or [EventHeal] where what acted can tell.
	Frames *FaultFrames `json:"frames,omitempty"`
	// Flow is what became of a flow of traffic, of an event of [EventCollect].
	Flow *Flow `json:"flow,omitempty"`
}

// FaultFrames is what a fault did with the frames of a link.
type FaultFrames struct {
	Matched uint64 `json:"matched"`          // frames that it might have acted on
	Hit     uint64 `json:"hit"`              // of those, the ones that it acted on
	Passed  uint64 `json:"passed"`           // and those that it let pass
	Full    uint64 `json:"full,omitempty"`   // lost because the queue of a rate was full
	Healed  uint64 `json:"healed,omitempty"` // held until the fault was taken back, and let go then
	Lost    uint64 `json:"lost,omitempty"`   // held when their cable was laid anew
	Seed    uint64 `json:"seed,omitempty"`   // by which frames were picked
	// By is what did it, one after the other where another went on with it; see topologies.DropBy.
	By []string `json:"by,omitempty"`
	// Late is how much later than it was to a frame went on, at most, in the lab's time.
	Late  time.Duration `json:"late,omitempty"`
	First []Hit         `json:"first,omitempty"` // of those that it acted on
}

// Hit is a frame that a fault acted on.
type Hit struct {
	To      string    `json:"to"`                // the endpoint that it was on its way to
	Ordinal uint64    `json:"ordinal"`           // among the frames that matched on that way, from 1
	Time    time.Time `json:"time"`              // the real moment
	Length  int       `json:"length"`            // in bytes, as it came
	Digest  string    `json:"digest"`            // begin of its SHA-256, as it came
	Summary string    `json:"summary,omitempty"` // what it was, decoded, in a line
}

// Capture is a file of captures/, and what it lacks.
type Capture struct {
	File      string `json:"file,omitempty"` // within the trial; empty: there is none
	Filter    string `json:"filter,omitempty"`
	Frames    uint64 `json:"frames"` // in the file
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256,omitempty"`
	Dropped   uint64 `json:"dropped,omitempty"`   // frames that the kernel had no room for
	Discarded uint64 `json:"discarded,omitempty"` // frames that went for newer ones, when the bound was reached
	Max       int64  `json:"max,omitempty"`       // the bound, in bytes
	Anew      int    `json:"anew,omitempty"`      // how often the interface was made anew meanwhile
}

// Observation is one look of a probe, one line of observations.ndjson.
type Observation struct {
	Seq  int           `json:"seq"`  // from 1 in each trial
	At   time.Duration `json:"at"`   // when the look began, since the trial began
	Took time.Duration `json:"took"` // until its answer was complete
	// Answered is what the command itself took of that, its wait for its turn aside, in real
	// time: what a device takes to answer is its processor's time.
	Answered time.Duration `json:"answered,omitempty"`
	Phase    Phase         `json:"phase"`
	Ref      string        `json:"ref"`  // the condition; with the suffix "@before" for the look before the stimulus
	Node     string        `json:"node"` //
	Probe    string        `json:"probe"`
	Text     string        `json:"text,omitempty"`
	// Same is the Seq of the earlier look whose Text was the same, instead of Text.
	Same    int    `json:"same,omitempty"`
	Exit    int    `json:"exit"`
	Count   int    `json:"count"`
	Error   string `json:"error,omitempty"`   // the look has no answer, for this reason
	Refusal string `json:"refusal,omitempty"` // the answer says no more than that what was asked about is not there
	// NotFound names the programs that the command asks for and that the node did not have, before it was run and after.
	NotFound string `json:"not-found,omitempty"`
	// Hidden is a part of the command that failed, by its status when it was run once more by itself: the answer is what one that
	// fails leaves, and the command's own status is another's.
	Hidden    *HiddenFailure `json:"hidden,omitempty"`
	Hung      bool           `json:"hung,omitempty"` // which is that none came within the condition's hangs
	Truncated bool           `json:"truncated,omitempty"`
	// AtLeast says that what was measured took Answered at least: it was given up then. Of a log that is
	// truncated it says that Count are the lines since the mark for certain, and Text may have older ones too.
	AtLeast bool `json:"at-least,omitempty"`
	// Ports are the node's ports by the interface of the topology, where the lab chose them.
	Ports map[string]string `json:"ports,omitempty"`
	// Value is what the expression gave, for people; the judge computes it again.
	Value string `json:"value,omitempty"`
}

// HiddenFailure is a part of a command that failed where nobody sees it.
type HiddenFailure struct {
	Command string `json:"command"`
	Exit    int    `json:"exit"`
	Words   string `json:"words,omitempty"`   // in which it said that it was refused, or that what it asks about is not there
	OfLast  bool   `json:"of-last,omitempty"` // the last part of the line says no by this status, so that a condition that names it names that one's
	Whole   bool   `json:"whole,omitempty"`   // it is no part, but the command itself, which says no by another status
}

// Before is the suffix of Ref for the look at a symptom before the stimulus.
const Before = "@before"

// Chunk is one line of a transcript: bytes of a session in one direction.
type Chunk struct {
	At      time.Duration `json:"at"`
	Channel string        `json:"channel"`
	Dir     string        `json:"dir"`            // in: device → harness, out: harness → device
	Data    string        `json:"data"`           // as text; bytes that are no UTF-8 are in Raw instead
	Raw     []byte        `json:"raw,omitempty"`  // base64 in JSON
	Lost    int           `json:"lost,omitempty"` // bytes not kept because the transcript reached its bound
}

// State is one file below states/: a state command and its answer.
type State struct {
	Command   string `json:"command"`
	Output    string `json:"output"`
	Truncated bool   `json:"truncated,omitempty"`
	Rejected  string `json:"rejected,omitempty"`
	Error     string `json:"error,omitempty"` // why there is no answer
	// Comparable is the answer with counters, ages, times and prompts replaced, by the
	// platform's own rules; empty where that changes nothing.
	Comparable string `json:"comparable,omitempty"`
}
