package evidence

import (
	"fmt"
	"slices"
	"strings"
)

// FailureKind says in what way something failed. The zero value is invalid. The words are those
// of drivers.FailureKind, and one more.
type FailureKind string

// Kinds of failure.
const (
	FailureCrash     FailureKind = "crash"     // a signal that a fault in the program raises
	FailureAssert    FailureKind = "assert"    // the program found itself in a state that cannot be
	FailurePanic     FailureKind = "panic"     // its language's or its library's run time gave it up
	FailureTraceback FailureKind = "traceback" // an exception that nobody caught
	FailureHang      FailureKind = "hang"      // a watchdog or a lock found that it stands still
	FailureMemory    FailureKind = "memory"    // the kernel killed it because memory ran out
	FailureCore      FailureKind = "core"      // it left a core file, and no more is known
	FailureSignal    FailureKind = "signal"    // a signal that no fault raises, and that nobody is known to have sent
	FailureExit      FailureKind = "exit"      // it ended by itself, with a status
	// FailureTold is one of a record from before failures had fields: the title is all that it says.
	FailureTold FailureKind = "told"
)

// UnmarshalText accepts the known words only.
func (k *FailureKind) UnmarshalText(b []byte) error {
	if !slices.Contains([]FailureKind{
		FailureCrash, FailureAssert, FailurePanic, FailureTraceback, FailureHang, FailureMemory, FailureCore, FailureSignal, FailureExit, FailureTold,
	}, FailureKind(b)) {
		return fmt.Errorf("unknown kind of failure %q", b)
	}
	*k = FailureKind(b)
	return nil
}

// Failure is one that no symptom asks about. Two of the same node, process and title are the
// same failure.
type Failure struct {
	// Title is what it is called: nothing that changes from one time to the next is in it, and
	// not the node.
	Title   string      `json:"title"`
	Kind    FailureKind `json:"kind"`
	Process string      `json:"process,omitempty"`
	Node    string      `json:"node,omitempty"`
	// Alt are other titles of it, those that say less.
	Alt []string `json:"alt,omitempty"`
	// Core is the name of the core file in the node, of a death that left one.
	Core string `json:"core,omitempty"`
}

// Same reports whether two are the same failure.
func (f Failure) Same(g Failure) bool {
	return f.Title == g.Title && f.Process == g.Process && f.Node == g.Node
}

// String is the failure for people.
func (f Failure) String() string {
	if f.Node == "" {
		return f.Title
	}
	return f.Node + ": " + f.Title
}

// failuresOf are failures that were written as fields, or else those that the sentences of a
// record from before tell of.
func failuresOf(fields []Failure, sentences []string) []Failure {
	if len(fields) > 0 || len(sentences) == 0 {
		return fields
	}
	told := make([]Failure, len(sentences))
	for i, s := range sentences {
		told[i] = Failure{Title: s, Kind: FailureTold}
	}
	return told
}

// Failed are the trial's failures that no symptom asks about, of records of any age.
func (v TrialVerdict) Failed() []Failure { return failuresOf(v.Failures, v.OtherFailures) }

// Failed are the run's failures that no symptom asks about, of records of any age.
func (v RunVerdict) Failed() []Failure { return failuresOf(v.Failures, v.OtherFailures) }

// Failed are the attempt's failures that no symptom asks about, of records of any age.
func (e Entry) Failed() []Failure { return failuresOf(e.Failures, e.Other) }

// AddFailures adds failures that are not there yet, each with its sentence. A failure that has
// none is one for itself.
func AddFailures(to []Failure, said []string, more []Failure, sentences []string) ([]Failure, []string) {
	for i, f := range more {
		if slices.ContainsFunc(to, f.Same) {
			continue
		}
		words := f.String()
		if i < len(sentences) {
			words = sentences[i]
		}
		to, said = append(to, f), append(said, words)
	}
	return to, said
}

// nameDeath calls a death by its better name, where the last event is one that brings it: [EventCollect] of
// a core file with a failure. Ref is the core file's name in the node, of which the death tells, too: process
// names and titles may be those of another death.
func nameDeath(events []Event) {
	last := events[len(events)-1]
	if last.Kind != EventCollect || last.Failure == nil || last.Ref == "" {
		return
	}
	for i := range events {
		e := &events[i]
		if e.Kind == EventDeath && e.Failure != nil && e.Lane == last.Lane && e.Failure.Process == last.Failure.Process && e.left(last.Ref) {
			better := *last.Failure
			better.Core = last.Ref
			e.Failure = &better
			return
		}
	}
}

// left reports whether a death left a core file. Records of before have no field for it, and say it in words.
func (e Event) left(core string) bool {
	if e.Failure.Core != "" {
		return e.Failure.Core == core
	}
	words, _, _ := strings.Cut(e.Detail, ", last words: ")
	return strings.Contains(words+",", ", core "+core+",")
}

// Failed is the failure that an event of [EventDeath] tells of, of records of any age.
func (e Event) Failed() Failure {
	if e.Failure != nil {
		return *e.Failure
	}
	return Failure{Title: e.Name + " died", Kind: FailureTold, Process: e.Name, Node: e.Lane}
}
