package drivers

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// Driver is one open session with one node. It is safe for use by several
// goroutines; commands are serialised.
type Driver interface {
	// Run sends one command in the platform's own command line and returns the answer.
	Run(ctx context.Context, c Command) (Exchange, error)
	Platform() Platform
	// Close ends the session. It does not stop the node's software.
	Close(ctx context.Context) error
}

// Command is one line for the device.
type Command struct {
	Line string
	// Timeout bounds the answer; 0 means DefaultTimeout.
	Timeout time.Duration
	// Limit bounds the output kept, in bytes; 0 means DefaultLimit. What is beyond is
	// read and dropped, and the Exchange is marked Truncated.
	Limit int
	// Replies answer what the device may ask on the way. A question that none of them fits
	// is answered with the harmless reply that the platform knows for it, and the exchange is
	// Rejected: nothing is confirmed by accident.
	Replies []Reply
}

// Reply answers one question of the device.
type Reply struct {
	Question string // regular expression over the question's line
	Answer   string
	Secret   Secret // typed instead where Answer is empty; never recorded
}

// Bounds that hold where a Command names none.
const (
	DefaultTimeout = 30 * time.Second
	DefaultLimit   = 8 << 20
)

// NoExit is the exit status of an answer on a platform that has none.
const NoExit = -1

// Exchange is one command and its answer.
type Exchange struct {
	Command   string        `json:"command"`
	Output    string        `json:"output"`
	Exit      int           `json:"exit"`               // exit status, or NoExit
	Rejected  string        `json:"rejected,omitempty"` // the device's words when it refused the command
	Notices   string        `json:"notices,omitempty"`  // what the device said meanwhile that is no part of the answer
	Started   time.Time     `json:"started"`
	Took      time.Duration `json:"took"`
	Truncated bool          `json:"truncated,omitempty"`
}

// Platform says what a driver drives.
type Platform struct {
	Name string `json:"name"` // frr, bird, ovs, linux, exos …
	// Version of the network operating system, empty until Facts has been asked.
	Version string `json:"version,omitempty"`
}

// Host is the machine beneath a node, where the platform has one: a container's or
// a VM's shell. It is the same interface as topologies.Host (see there for the
// contract of each method).
type Host interface {
	Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error)
	Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error)
	WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error
	ReadFile(ctx context.Context, path string) (io.ReadCloser, error)
}

// ProgramsTeller is an ability of a Host: see topologies.ProgramsTeller for the contract.
type ProgramsTeller interface {
	Programs(ctx context.Context) (string, error)
}

// Direction of recorded bytes, seen from the harness.
type Direction string

// Directions of a transcript.
const (
	In  Direction = "in"  // device → harness
	Out Direction = "out" // harness → device
)

// Recorder receives every byte of a session, in order and before it is interpreted.
// The slice is only valid during the call. channel tells a node's sessions apart
// ("cli", "shell").
type Recorder interface {
	Record(at time.Time, channel string, d Direction, p []byte)
}

// Target is the node that a driver is opened on.
type Target struct {
	Node string
	Host Host
	// Access reaches the node where there is no Host beneath it; nil where there is one.
	Access *Access
	// Console is a second way in, taken where Access is unreachable; nil where there is none.
	Console *Access
	// Ends tells how every process of the node ended, whoever started it; nil where the lab
	// cannot. It is topologies.ProcessWatcher's, for this node (see there for the contract).
	Ends func(ctx context.Context) (ends []ProcessEnd, missed time.Time, why string, err error)
	// Hears says why not every signal is heard that another process sends one of the node; empty where each is. It is
	// topologies.SignalHearer's; nil where the lab hears of none.
	Hears func() string
	// Here tells times of the clock of the node's machine in this one's; nil where they have one clock.
	Here     func(there time.Time) time.Time
	Recorder Recorder // nil records nothing
	// Config is the start-up configuration in the platform's own language; empty means
	// the platform's default.
	Config []byte
	// Files are further files to put in place before the software starts, by absolute path.
	Files map[string][]byte
	// Services are the daemons to run, in order. Empty lets the driver choose from Config.
	Services []Service
	// Clock says that what the node starts finds a clock of the lab's own, by LD_PRELOAD and for
	// what begins in real time by REPRISE_CLOCK (topologies/faketime).
	Clock bool
	// NoReset says that nobody will ask for ResetConfig: what only that needs may be left out.
	NoReset bool
	// NoRestart says that nobody will ask for RestartDaemons or ResetConfig, likewise.
	NoRestart bool
}

// Service is a daemon that a node runs.
type Service struct {
	Name string   `json:"name" yaml:"name"`
	Args []string `json:"args,omitempty" yaml:"args"`
}
