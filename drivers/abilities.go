package drivers

import (
	"context"
	"time"
)

// Booter starts the node's software: it puts the start-up configuration in place,
// then starts the daemons, and returns when they answer. Called once after Open, and
// again after a node restart.
type Booter interface {
	Boot(ctx context.Context) error
}

// Configurer applies configuration lines in the order given. It stops at the first
// line that the device refuses: the last Exchange then has Rejected set and the rest
// was not sent.
type Configurer interface {
	Configure(ctx context.Context, lines []string) ([]Exchange, error)
}

// Sheller runs a command line in the shell of the operating system beneath the
// platform (sh -c).
type Sheller interface {
	Shell(ctx context.Context, c Command) (Exchange, error)
}

// Facts are what a node says it is.
type Facts struct {
	Platform string            `json:"platform"`
	Version  string            `json:"version"`
	Details  map[string]string `json:"details,omitempty"` // package versions, kernel …
}

// FactSource asks a node what it is.
type FactSource interface {
	Facts(ctx context.Context) (Facts, error)
}

// EvidenceSource names the commands whose answers are this platform's state: run
// before the stimulus and after the symptom. Commands beginning with "!" are for the
// shell rather than the command line.
type EvidenceSource interface {
	EvidenceCommands() []string
}

// LogMark is a position in each of a node's log files, by path.
type LogMark map[string]int64

// LogFile is what a log file gained since a mark.
type LogFile struct {
	Path      string
	Text      string
	Truncated bool // more than the bound was there; Text is the newest part
}

// LogSource reads a node's logs. A file that did not exist at the mark counts from
// its beginning; one that shrank is read whole.
type LogSource interface {
	MarkLogs(ctx context.Context) (LogMark, error)
	LogsSince(ctx context.Context, m LogMark) ([]LogFile, error)
}

// ConfigResetter brings the running configuration back to the start-up configuration
// without restarting daemons, and checks that it did. An error means the node's state
// is unknown.
type ConfigResetter interface {
	ResetConfig(ctx context.Context) error
}

// DaemonRestarter stops every daemon, forgets what they left in the node (their log
// lines stay), restores the start-up configuration and starts them again.
type DaemonRestarter interface {
	RestartDaemons(ctx context.Context) error
}

// Death is a daemon that ended without being told to by the driver.
type Death struct {
	Process string    `json:"process"`
	PID     int       `json:"pid,omitempty"`
	Exit    int       `json:"exit"`             // exit status; 128+n for signal n as a shell says it
	Signal  string    `json:"signal,omitempty"` // SIGSEGV …
	At      time.Time `json:"at"`
	Core    string    `json:"core,omitempty"` // path of the core file in the node, when one was left
	LastLog string    `json:"last-log,omitempty"`
}

// DeathWatcher tells which daemons died since Boot, oldest first. A daemon that the
// driver itself stopped or killed by order is not among them.
type DeathWatcher interface {
	Deaths(ctx context.Context) ([]Death, error)
}

// ProcessController acts on one daemon of the node by name, as a stimulus. Kill sends
// the signal and leaves the daemon dead; Start starts it again with its start-up
// configuration; Pause and Resume stop and continue it.
type ProcessController interface {
	Kill(ctx context.Context, process, signal string) error
	Start(ctx context.Context, process string) error
	Pause(ctx context.Context, process string) error
	Resume(ctx context.Context, process string) error
}
