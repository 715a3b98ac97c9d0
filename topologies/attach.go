package topologies

import (
	"context"
	"errors"
)

// Attacher is a [Provider] whose labs may outlive who built them ([Options].Keep), and that finds those again.
type Attacher interface {
	// Attach gives the lab of a run that has this number, and was built of t. Nobody else can attach to it until it
	// is released, which leaves it up; nor can anybody while who built it goes on. The error is [ErrNoLab] where there
	// is none of this user's, and a *[TakenError] where somebody else has it.
	Attach(ctx context.Context, t Topology, run string, number int) (Reservation, error)
}

// KeptLab names a lab that outlives who built it.
type KeptLab struct {
	Run    string
	Number int // of the run's labs, from 1
}

// KeptTeller is an [Attacher] that tells which labs it finds.
type KeptTeller interface {
	// KeptLabs are the labs of this user that are up and whose builder has ended, each once and in no order. Somebody
	// may be attached to one.
	KeptLabs(ctx context.Context) ([]KeptLab, error)
}

// SourceTeller is a [Provider] that tells what labs that are up were built of.
type SourceTeller interface {
	// Sources gives the [Options].Source of each of a run's labs, each once, of those that RemoveRun would remove. One that
	// does not say has the empty text.
	Sources(ctx context.Context, run string) ([]string, error)
}

// ErrNoLab says that there is no such lab.
var ErrNoLab = errors.New("there is no such lab of yours")

// TakenError says that somebody else has a lab.
type TakenError struct {
	Lab string
	By  string // in words
}

func (e *TakenError) Error() string { return "lab " + e.Lab + " is taken: " + e.By }

// Cleaner is a lab that can take away what acts on the frames of a cable, whoever has put it there.
type Cleaner interface {
	// Clear takes it away from the cable that ends at an endpoint, both ways. None of this process's own faults is in
	// force there.
	Clear(ctx context.Context, at Endpoint) error
}
