package topologies

import "context"

// Claimer is a [Provider] that builds labs on machines which others use too: room for a lab may have to be waited for. Who
// has one built claims the room first, so that nothing which is timed goes on meanwhile.
type Claimer interface {
	// Claim waits until there is room for a lab of t, and takes it. The error says why there is none: a [*MissingError] where
	// waiting does not help, or was to no avail.
	Claim(ctx context.Context, t Topology) (Claim, error)
}

// Claim is room that one lab was given.
type Claim interface {
	// Reserve builds the lab there, as [Provider] does. The room is the lab's then, and given back where it is not built.
	Reserve(ctx context.Context, t Topology, o Options) (Reservation, error)
	// Release gives back room that was not used. After Reserve it does nothing.
	Release()
}

// Leaver is a [Reservation] that is to be left for another between two trials, though nothing in it has failed.
type Leaver interface {
	// Leave says why; empty: nothing speaks against another trial in it.
	Leave(ctx context.Context) string
}

// Yielder is a [Reservation] on machines that others use too, among them further labs of who has it: one that stands idle may hold the
// very room that another one of them waits for.
type Yielder interface {
	// YieldBy is told what takes the lab down where nothing goes on in it, and reports whether it was: a claim that finds no other
	// room calls it, from any goroutine. Whoever has the lab finds out when it is next to do something in it.
	YieldBy(down func(ctx context.Context) (gone bool, err error))
}
