package topologies

import (
	"context"
	"time"
)

// CaptureSpec says which frames to capture, and where to.
type CaptureSpec struct {
	Endpoint Endpoint
	Filter   string // in tcpdump's syntax; empty: every frame
	Path     string // of the pcapng file that is made; empty: none is, and Each alone is told
	About    string // what is said in it of where it comes from
	Max      int64  // bytes of the file; the oldest frames go for newer ones
	Ring     int    // bytes that the kernel may keep until they are read; 0 chooses
	// Each is told of every frame, in the order of the file; nil is told of none. It is called by one
	// goroutine, which reads nothing meanwhile.
	Each func(Frame)
	// Shift is added to the times of frames, where those of the machine that captures are others than those
	// of who asked.
	Shift time.Duration
}

// Frame is one that a capture has written to its file.
type Frame struct {
	At     time.Time
	Way    Way
	Length int    // on the wire
	Data   []byte // what was kept of it, with its tags; the capture's own again when Each returns
}

// Way is which way a frame went, seen from the endpoint; empty where that is not known.
type Way string

// Ways.
const (
	WayIn  Way = "in"
	WayOut Way = "out"
)

// Capturer is a lab that can write the frames that pass an endpoint, either way, to a file, from
// when Capture returns on. What it has not got for that is a *MissingError.
type Capturer interface {
	Capture(ctx context.Context, s CaptureSpec) (Capture, error)
}

// Capture is one that runs. It outlives its interface: where that is made anew, it goes on.
type Capture interface {
	// Mark has the first frame from a moment on carry a text.
	Mark(at time.Time, text string)
	// Sync waits until all that had come when it was called is in the file, and Each was told of it. What
	// it returns is what the capture holds then, and the error why it may lack something.
	Sync(ctx context.Context) (Captured, error)
	// Stop ends it and its file. What it holds is told with an error too, of which the file lacks what
	// came after.
	Stop() (Captured, error)
}

// Captured is what a capture holds.
type Captured struct {
	Frames    uint64 // in the file
	Bytes     int64  // of the file
	Dropped   uint64 // that the kernel had no room for
	Discarded uint64 // that were in the file and went for newer ones
	Anew      int    // how often the interface was made anew meanwhile
}
