package drivers

import (
	"context"
	"io/fs"
	"slices"
	"time"
)

// Booter starts the node's software: it puts the start-up configuration in place,
// then starts the daemons, and returns when they answer. Called once after Open, and
// again after a node restart.
type Booter interface {
	Boot(ctx context.Context) error
}

// BootTeller tells what the software said of a start-up configuration that it took all the
// same, line by line. It is an ability of a Booter.
type BootTeller interface {
	BootWarnings() []string
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

// ProgramSeeker tells which programs a command line asks for that the node does not have. The shell's own words
// for that are lost where the line redirects them.
type ProgramSeeker interface {
	// Absent names those that are not found now, in the order in which they stand in the line. shell says that the line is
	// for Shell, and not for Run; a line that no shell reads asks for none. What was found is remembered. It is asked just
	// before the line is run, and may wait for the session that runs it.
	Absent(ctx context.Context, line string, shell bool) ([]string, error)
	// ForgetPrograms says that what was found may be gone: a step has changed the node.
	ForgetPrograms()
}

// PartTeller tells which parts of a command line may fail without anybody seeing it: the line ends with the status of another.
type PartTeller interface {
	// Parts gives them in the order in which they stand in the line; shell says that the line is for Shell, and not for Run. None
	// where the line hides nothing, or where a part cannot be run once more by itself.
	Parts(line string, shell bool) []HiddenPart
}

// HiddenPart is a part of a line whose failure nobody sees.
type HiddenPart struct {
	Command string // as it stands in the line
	Alone   string // a line for the same way in that runs it once more, and ends with its status
	No      []int  // statuses other than 0 by which such a program says no
	Last    []int  // those by which the program says no whose status is the line's
	Decides bool   // what the line does next, or how it ends, is by whether it says no
	Whole   bool   // it is all of the line, whose own status tells: it says no by another than it fails by
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

// ConfigShower tells which of an [EvidenceSource]'s commands shows the configuration that runs, in a form that nobody alters but who
// configures the node.
type ConfigShower interface {
	ConfigCommand() string
}

// LogMark is a position in each of a node's log files, by path. A driver keeps what else it needs to find them
// again beside that, by keys that are no path.
type LogMark map[string]int64

// LogFile is what a log file gained since a mark.
type LogFile struct {
	Path string
	Text string
	// Truncated says that lines since the mark may be missing: more than the bound was there, of which Text
	// is the newest part, or the file was rotated or cut.
	Truncated bool
	// Anew says that Text is a file from its beginning that is another than at the mark, or was cut since: it may be a
	// copy, or what was left, and its lines older than the mark.
	Anew bool
	// Again are lines of Text, each with a time of day, that the log had before the mark too, to the letter: they may have
	// been written back, as by what replays a log.
	Again []string
	// Older are lines of Text, beside those of Again, whose own date is before the mark by more than a writer is late, by the
	// node's clock at the mark: they may be of another log, and were put into this one.
	Older []string
	// Copy says that its lines are in other files too, so that nobody counts them twice.
	Copy bool
}

// LogSource reads a node's logs. A file that did not exist at the mark counts from
// its beginning; one that shrank is read whole.
type LogSource interface {
	MarkLogs(ctx context.Context) (LogMark, error)
	LogsSince(ctx context.Context, m LogMark) ([]LogFile, error)
}

// LogTeller reports whether what a node logs can be read. It is an ability of a LogSource.
type LogTeller interface {
	// Unlogged says why a line may be missing from the node's logs: no daemon there logs
	// anything, or one logs elsewhere. Empty when none is known to be missing.
	Unlogged(ctx context.Context) (why string, err error)
}

// SessionOpener has a session of its own for each node, which its first command opens.
type SessionOpener interface {
	// OpenSession opens it, where it is not, so that the next command need not. That works without
	// it too: an error may be passed over.
	OpenSession(ctx context.Context) error
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

// ProcessEnd is the end of one process of a node by a signal that a fault raises, or by the
// kernel for want of memory. It is the same type as topologies.ProcessEnd, field by field
// (see there for the contract of each).
type ProcessEnd struct {
	PID       int
	Parent    int
	Name      string
	By        string
	Signal    int
	Core      bool
	OOM       bool
	Dir       string
	NoDump    string
	Sent      int
	Sender    string
	SenderPID int
	Orphan    bool
	At        time.Time
}

// Raised reports whether the process ended of a signal that a fault raises ([FaultSignals], by the numbers of signal(7)), or for want of
// memory.
func (e ProcessEnd) Raised() bool {
	return e.OOM || slices.Contains([]int{4, 5, 6, 7, 8, 11, 24, 25, 31}, e.Signal)
}

// Death is a daemon that ended without being told to by the driver, or any other process
// of the node that died by a signal which a fault raises or for want of memory.
type Death struct {
	Process string    `json:"process"`
	PID     int       `json:"pid,omitempty"`
	Exit    int       `json:"exit"`             // exit status; 128+n for signal n as a shell says it
	Signal  string    `json:"signal,omitempty"` // SIGSEGV …
	At      time.Time `json:"at"`
	OOM     bool      `json:"oom,omitempty"`     // the kernel killed it because memory ran out
	Core    string    `json:"core,omitempty"`    // path of the core file in the node, when one was left
	NoCore  string    `json:"no-core,omitempty"` // why a signal that dumps core left none
	LastLog string    `json:"last-log,omitempty"`
	// From is who sent it a signal shortly before, and which, in words; empty where no other process is known to have. Unheard says
	// why it is not known whether one did; empty where it is known.
	From    string `json:"from,omitempty"`
	Unheard string `json:"unheard,omitempty"`
	Failure        // what it is called; empty where the driver has no rules for that
}

// UnseenError comes beside the deaths that are known, and says that others may have gone by
// unseen.
type UnseenError struct {
	Why    string
	Missed time.Time // the last moment at which one may have; zero: at any
	// Known are the daemons whose deaths are known all the same: those that the driver has started and watches, and those that
	// a fault has ended under its watch. One that was told to end may run again without it, and is not among them.
	Known []string
}

func (e *UnseenError) Error() string { return "not every death can be seen: " + e.Why }

// DeathWatcher tells which daemons, and as far as the lab sees them which other processes,
// died since Boot, oldest first. A daemon that the driver itself stopped or killed by order
// is not among them. An error that is an *UnseenError does not spoil the deaths beside it.
type DeathWatcher interface {
	Deaths(ctx context.Context) ([]Death, error)
}

// Break is something that a node of the scenario's own was told to do, and that ended by the node's own error: not by
// what another did to it, and not by an order.
type Break struct {
	What string    `json:"what"` // "session o"
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
	Over bool      `json:"over,omitempty"` // it was stopped, or begun anew, since
}

// BreakTeller tells what broke since the node was made, oldest first. What it says of a trial that leans on the node
// decides nothing any more.
type BreakTeller interface {
	Breaks(ctx context.Context) ([]Break, error)
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

// Stopper reads what a line of a scenario does to a daemon: for the shell beneath the
// platform, or else for its own command line.
type Stopper interface {
	// Stops gives the signals (SIGTERM …) that line sends to a process, each once, with an empty
	// one for a way of stopping that is not a signal; nothing when it does not end it.
	Stops(line string, shell bool, process string) []string
}

// Refuser knows the words by which a platform takes a command and says that what it asks about
// is not there, where it gives no status and no rejection for that: a VRF or neighbour of
// another name. Such an answer says nothing of what was meant.
type Refuser interface {
	// Refusal gives those words where they are all of an answer, to a command for the platform
	// or to a line of the shell beneath it; empty where it is an answer.
	Refusal(command string, shell bool, answer string) string
}

// UntakenTeller knows the words by which a platform, or a program that speaks to a daemon, says that it did not take a line.
type UntakenTeller interface {
	// Untaken gives the first of them in an answer, whatever else stands there: of the line itself, or of one that it was given through a
	// pipe or a here-document of the shell. Empty where every line was taken, or where nothing is known.
	Untaken(command string, shell bool, answer string) string
}

// ScriptReader says of a shell line of a scenario whether it runs what Stops cannot read: a
// script in a file, code of an interpreter, text that is made as it runs.
type ScriptReader interface {
	Unread(line string) bool
	// Calls reports whether a line may run a program by its name. A file of that name, and what
	// sends a signal to it, run none.
	Calls(line, program string) bool
}

// DaemonLister is an ability of a Factory: the daemons that a node of the platform can run
// without being told more than their names, as scenarios name them under services, process
// and core. A node may run others that its services name with arguments.
type DaemonLister interface {
	Daemons() []string
}

// Description is what whoever checks a scenario has to know of a platform.
type Description struct {
	// Statuses tells that an answer to Run carries the command's exit status.
	Statuses bool
	// Daemons are those that its nodes can run; empty where they start none.
	Daemons []string
	// AnyService tells that a node runs any program that is named under its services.
	AnyService bool
	// Starts chooses the daemons that a node with this configuration and these services runs;
	// nil where it runs all that it has.
	Starts func(config string, services []string) []string
}

// DaemonChooser is an ability of a Factory whose nodes run those of its daemons that their
// configuration needs, or that services name.
type DaemonChooser interface {
	DaemonsFor(config string, services []string) []string
}

// Placed is an ability of a Factory whose driver puts a program of its own into the node, in words that name it: a
// device and a simulator have no place for one.
type Placed interface {
	Placed() string
}

// StatusTeller is an ability of a Factory: Run gives exit statuses. Without it the refusal
// tells a command that failed.
type StatusTeller interface {
	TellsStatus() bool
}

// ServiceRunner is an ability of a Factory: its nodes run any program as a service.
type ServiceRunner interface {
	RunsAnyService() bool
}

// Checkpoint is a configuration that was saved on the device.
type Checkpoint struct {
	Name     string // of what was saved, as the device calls it
	Selected string // of the configuration that the device starts with by itself
	Unsaved  bool   // Selected was never saved: the device starts with its defaults
	Config   string // the running configuration as text, normalised
}

// Checkpointer saves a device's configuration and brings it back. Neither touches what
// the device starts with by itself, so that a device that loses power meanwhile comes back
// as it was before.
type Checkpointer interface {
	// Checkpoint saves the running configuration under a name on the device. keep is given
	// the checkpoint before anything is written there, to put it where it outlives this
	// process; when it fails, nothing is written. nil keeps nothing.
	Checkpoint(ctx context.Context, name string, keep func(Checkpoint) error) (Checkpoint, error)
	// Restore makes the saved configuration the running one, through a restart where the
	// platform needs one, and compares the two line by line. An error means that the
	// device's state is unknown. What was saved stays on the device until Forget.
	Restore(ctx context.Context, c Checkpoint) error
	// Forget removes what was saved.
	Forget(ctx context.Context, c Checkpoint) error
}

// ConfigSaver reads, saves and loads whole configurations.
type ConfigSaver interface {
	// RunningConfig is the running configuration, normalised: what changes by itself (times,
	// counters) is not in it, so that two of them can be compared line by line.
	RunningConfig(ctx context.Context) (string, error)
	// SaveConfig makes the running configuration what the device starts with.
	SaveConfig(ctx context.Context) error
}

// Persister tells which lines outlive a restart by themselves: they save, select, copy or
// remove what the device starts with, or its files.
type Persister interface {
	Persists(line string) bool
}

// LinkFlapper takes one port of the device down and up again, as an administrator would.
type LinkFlapper interface {
	PortDown(ctx context.Context, port string) error
	PortUp(ctx context.Context, port string) error
}

// Rebooter restarts the device and returns when it takes commands again. Unsaved
// configuration is lost.
type Rebooter interface {
	Reboot(ctx context.Context) error
}

// LogMarker writes a line of ours into the device's log, so that the log's own clock can
// be read at a known moment.
type LogMarker interface {
	MarkClock(ctx context.Context, text string) (Exchange, error)
}

// Neighbour is what a device says of the other end of one of its ports.
type Neighbour struct {
	Port       string `json:"port"`
	Protocol   string `json:"protocol"` // lldp, edp
	RemoteName string `json:"remote-name,omitempty"`
	RemoteID   string `json:"remote-id,omitempty"` // chassis or device id
	RemotePort string `json:"remote-port,omitempty"`
}

// NeighbourSource asks a device for its neighbours. With an [UnreadError] come those that could be
// read.
type NeighbourSource interface {
	Neighbours(ctx context.Context) ([]Neighbour, error)
}

// ClassedEvidence names the state commands for a class of problem (LAG, MLAG, OSPF …),
// after the vendor's own collection lists. An unknown class gives nil. It is an ability of
// drivers and of their factories, as it needs no session.
type ClassedEvidence interface {
	EvidenceClasses() []string
	EvidenceFor(class string) []string
}

// TechSupport is the device's whole collection.
type TechSupport struct {
	Exchange
	// Complete tells that the end marker was seen and every section has its end; Missing says
	// what was not, in words.
	Complete bool
	Missing  []string
}

// TechSupporter takes the device's whole collection, up to its end marker.
type TechSupporter interface {
	TechSupport(ctx context.Context) (TechSupport, error)
}

// TechReader is an ability of a Factory: it tells what a tech-support lacks that somebody
// else took, by its text; nil where it is whole.
type TechReader interface {
	TechLacks(text string) []string
	// TechBegins reports whether the text is of a collection at all, be it whole or cut: a
	// file beside it in an archive, a log or a configuration, is none.
	TechBegins(text string) bool
}

// ConfigReader is an ability of a Factory: it tells what a configuration lacks that somebody else
// took, by its text; nil where it is whole.
type ConfigReader interface {
	ConfigLacks(text string) []string
}

// Core is a core file that the device lists.
type Core struct {
	Name string    `json:"name"`
	Size int64     `json:"size,omitempty"` // bytes, 0 when the device does not say
	At   time.Time `json:"at,omitzero"`
}

// CoreLister lists the core files on the device.
type CoreLister interface {
	Cores(ctx context.Context) ([]Core, error)
}

// Normaliser makes two captures of the same command comparable: counters, ages, uptimes,
// times and prompts become placeholders.
type Normaliser interface {
	Normalise(command, output string) string
}

// Marks that evidence can carry.
const (
	MarkSimulated = "simulated" // the device is a simulator: nothing made on it is a reproduction
	MarkLicence   = "licence"   // the image's licence forbids handing results on
)

// Marked is a session whose device says of itself what evidence made on it must say
// ("simulated").
type Marked interface {
	Marks() []string
}

// Noter is a session that has something to say of how it was opened, such as what it could not
// turn off on the device.
type Noter interface {
	Notes() []string
}

// TemplateSource is an ability of a Factory: TextFSM templates for the answers of the
// platform's state commands, as templates/NAME.textfsm. Conditions name one as
// PLATFORM:NAME.
type TemplateSource interface {
	Templates() fs.FS
}

// LatenessReader reads, in a line of a node's log, what a daemon says of a processor that it did not
// get in time: by how much a timer came too late, on the daemon's own clock.
type LatenessReader interface {
	Late(line string) (by time.Duration, says bool)
}

// Virtual says what the virtual form of a platform cannot show.
type Virtual struct {
	// Cannot holds a reason by feature, in the words that scenarios use under needs.
	Cannot map[string]string
	// Licence says what the image's licence forbids about results; empty where it allows
	// sharing them.
	Licence string
}

// Virtualised is an ability of a Factory of a platform that also runs in a virtual machine.
type Virtualised interface {
	Virtual() Virtual
}
