package topologies

import (
	"context"
	"time"
)

// ClockLibrary is a libfaketime that a node can be given whose image has none.
type ClockLibrary struct {
	From string // whose it is: an image, or this machine
	Path string // where it is there
	Data []byte
}

// ClockSource is a provider that has such libraries.
type ClockSource interface {
	// ClockLibraries gives those of the images that this program makes, the newest first. What is
	// not there is left out. With an error there may be more than it gives.
	ClockLibraries(ctx context.Context) ([]ClockLibrary, error)
}

// MachineClocks are what the clocks of another machine showed at a moment.
type MachineClocks struct {
	At     time.Time     // the moment, by this machine's clock
	Within time.Duration // by how much At may be wrong either way

	Real time.Time
	// Clocks of the kernel that begin with the machine: CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME.
	Monotonic, Raw, Boot time.Duration
}

// ClockTeller is a [Host] of a node on another machine, which has clocks of its own.
type ClockTeller interface {
	Clocks(ctx context.Context) (MachineClocks, error)
}
