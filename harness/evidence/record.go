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

// EventKind names what a timeline line reports.
type EventKind string

// Kinds of event.
const (
	EventPhase    EventKind = "phase"     // a phase begins
	EventPhaseEnd EventKind = "phase-end" // and ends
	EventBoot     EventKind = "boot"      // a node's software was started
	EventStep     EventKind = "step"      // a step of the stimulus or workaround was carried out
	EventFault    EventKind = "fault"     // a fault took force
	EventHeal     EventKind = "heal"      // and was taken back; Count tells how often it acted
	EventDeath    EventKind = "death"     // a process ended by a fault, or a daemon by itself; Ref is the step that sent the signal
	EventEnd      EventKind = "end"       // a daemon ended because the step Ref told it to
	EventDecided  EventKind = "decided"   // a condition was decided
	EventLab      EventKind = "lab"       // something of the lab broke
	EventCut      EventKind = "cut"       // the trial was interrupted from outside, or its time ran out
	EventMissing  EventKind = "missing"   // the lab lacks an ability the scenario needs
	EventMark     EventKind = "mark"      // Name must be said wherever this evidence goes, because of Detail
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
)

// Event is one line of timeline.ndjson.
type Event struct {
	At      time.Duration `json:"at"`   // since the trial began, on the monotonic clock
	Time    time.Time     `json:"time"` // the wall clock, for people and for device logs
	Kind    EventKind     `json:"kind"`
	Phase   Phase         `json:"phase"`
	Lane    string        `json:"lane,omitempty"` // node, endpoint, or empty for the harness
	Ref     string        `json:"ref,omitempty"`  // stimulus[0], symptom[1]
	Name    string        `json:"name,omitempty"`
	Outcome Outcome       `json:"outcome,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Took    time.Duration `json:"took,omitempty"`
	Count   uint64        `json:"count,omitempty"`
	// Failure is what a death is called; see [Event.Failed].
	Failure *Failure `json:"failure,omitempty"`
}

// Observation is one look of a probe, one line of observations.ndjson.
type Observation struct {
	Seq  int           `json:"seq"`  // from 1 in each trial
	At   time.Duration `json:"at"`   // when the look began, since the trial began
	Took time.Duration `json:"took"` // until its answer was complete
	// Answered is what the command itself took of that, its wait for its turn aside.
	Answered time.Duration `json:"answered,omitempty"`
	Phase    Phase         `json:"phase"`
	Ref      string        `json:"ref"`  // the condition; with the suffix "@before" for the look before the stimulus
	Node     string        `json:"node"` //
	Probe    string        `json:"probe"`
	Text     string        `json:"text,omitempty"`
	// Same is the Seq of the earlier look whose Text was the same, instead of Text.
	Same      int    `json:"same,omitempty"`
	Exit      int    `json:"exit"`
	Count     int    `json:"count"`
	Error     string `json:"error,omitempty"`   // the look has no answer, for this reason
	Refusal   string `json:"refusal,omitempty"` // the answer says no more than that what was asked about is not there
	Hung      bool   `json:"hung,omitempty"`    // which is that none came within the condition's hangs
	Truncated bool   `json:"truncated,omitempty"`
	// Ports are the node's ports by the interface of the topology, where the lab chose them.
	Ports map[string]string `json:"ports,omitempty"`
	// Value is what the expression gave, for people; the judge computes it again.
	Value string `json:"value,omitempty"`
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
