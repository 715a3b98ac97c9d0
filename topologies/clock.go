package topologies

import "context"

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
