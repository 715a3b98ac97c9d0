package drivers

import (
	"fmt"
	"slices"
)

// FailureKind says in what way something failed. The zero value is invalid. The same words are
// evidence.FailureKind's.
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
)

// FailureKinds lists all of them.
func FailureKinds() []FailureKind {
	return []FailureKind{
		FailureCrash, FailureAssert, FailurePanic, FailureTraceback, FailureHang, FailureMemory, FailureCore, FailureSignal, FailureExit,
	}
}

// Failure is what a failure is called: two of one title are the same failure, wherever and
// whenever they were. Nothing that changes from one time to the next is in a title: no
// address, time, process number or name of a node.
type Failure struct {
	Title string      `json:"title,omitempty"`
	Kind  FailureKind `json:"kind,omitempty"`
	// Alt are other titles of it, those that say less: whoever has seen less of it knows it by
	// one of them.
	Alt []string `json:"alt,omitempty"`
}

// FailureNamer is an ability of a Driver: its platform's own rules for what failures are
// called.
type FailureNamer interface {
	// NameFailure names a death by what was said before it, the oldest line first.
	NameFailure(d Death, said string) Failure
}

// CoreSignal is the Signal of a death of which a core file alone tells.
const CoreSignal = "core file"

// FaultSignals are those that a fault in the program raises, and that end no program that is
// in order.
func FaultSignals() []string {
	return []string{"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP", "SIGXCPU", "SIGXFSZ"}
}

// Named is the failure of a death under the name that its driver gave it, or else by how it
// ended alone.
func (d Death) Named() Failure {
	if d.Title != "" {
		return d.Failure
	}
	who := d.Process
	if who == "" {
		who = "a process"
	}
	switch {
	case d.OOM:
		return Failure{Title: who + ": killed because memory ran out", Kind: FailureMemory}
	case d.Signal == CoreSignal:
		return Failure{Title: "a core file", Kind: FailureCore} // its name changes from one to the next
	case slices.Contains(FaultSignals(), d.Signal):
		return Failure{Title: who + ": " + d.Signal, Kind: FailureCrash}
	case d.Signal != "":
		return Failure{Title: who + ": " + d.Signal, Kind: FailureSignal}
	default:
		return Failure{Title: fmt.Sprintf("%s: exit status %d", who, d.Exit), Kind: FailureExit}
	}
}
