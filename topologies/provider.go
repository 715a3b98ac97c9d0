package topologies

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Provider makes a topology real. Reserve blocks until every node runs and every
// link is wired, or fails having released whatever it had built. It starts no
// switch software: that is the driver's duty, after its configuration is in place.
type Provider interface {
	Name() string
	// Check looks, without starting anything, whether the lab can be built here. A
	// thing that is missing is a *MissingError.
	Check(ctx context.Context, t Topology) error
	Reserve(ctx context.Context, t Topology, o Options) (Reservation, error)
}

// Options of one reservation.
type Options struct {
	Run     string        // id of the run that owns the lab; every object is labelled with it
	Lab     int           // number of the lab within the run, from 1
	Owner   int           // pid of the process whose death frees the lab; 0 means this process
	TTL     time.Duration // after this long gc may remove the lab whatever its owner does; 0 means 24 h
	Workers int           // nodes started at once; 0 chooses
	Keep    bool          // the lab is meant to outlive its owner
	Dir     string        // of the run's record; what a lab keeps on a disk is beside it, or in the user's cache where this is empty
	DropBy  DropBy        // what drops frames; empty: the first that the kernel allows
	Replug  bool          // a cable that is laid anew has another interface index at its ends, as a card that is put in again; else its own
	Source  string        // what the lab is built of, as [SourceTeller] tells it; empty where that does not matter
}

// defaultTTL is how long a lab may stay that says nothing.
const defaultTTL = 24 * time.Hour

// Fill replaces what o leaves open, but for Workers.
func (o Options) Fill() (Options, error) {
	if o.Run == "" {
		var b [4]byte
		if _, err := rand.Read(b[:]); err != nil {
			return o, fmt.Errorf("draw a run id: %w", err)
		}
		o.Run = hex.EncodeToString(b[:])
	}
	o.Lab = max(o.Lab, 1)
	if o.Owner == 0 {
		o.Owner = os.Getpid()
	}
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	return o, nil
}

// Reservation is a lab that runs. Release may be called more than once and with a
// half-built lab; it removes everything that Reserve made.
type Reservation interface {
	ID() string
	Host(node string) (Host, error)
	Release(ctx context.Context) error
}

// ProgramsTeller is an ability of a [Host] that knows what programs its node has.
type ProgramsTeller interface {
	// Programs names a node's programs, with all that they are made of: whichever node of this machine it gives the
	// same for has the same. It is empty where that is not known, and where any of them may have been changed since
	// the node is there.
	Programs(ctx context.Context) (string, error)
}

// Host is the machine beneath a node. It is the same interface as drivers.Host:
// the two packages do not import each other, and Go's structural typing joins them.
type Host interface {
	// Open starts argv and joins its standard input and output into one stream. With
	// tty the stream is a terminal of 24 rows and 511 columns; without, standard error is dropped.
	// Closing the stream ends the process. ctx covers only the opening.
	Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error)
	// Exec runs argv to its end. stdin may be nil. A non-zero exit status is not an error.
	Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error)
	WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error
	// ReadFile opens a file of the node; fs.ErrNotExist when there is none.
	ReadFile(ctx context.Context, path string) (io.ReadCloser, error)
}

// NodeState reports whether a node still runs, and if not, how it ended.
type NodeState struct {
	Running bool
	Exit    int
	OOM     bool
	Detail  string
	// Limit says which bound of the lab, and not of the scenario, a node that runs has met.
	Limit string
}

// NodeWatcher is a lab that can tell whether its nodes still run, so that a lab
// that broke is never taken for a switch that failed.
type NodeWatcher interface {
	NodeState(ctx context.Context, node string) (NodeState, error)
}

// ProcessEnd is the end of one process of a node by a signal that a fault raises, or by
// the kernel for want of memory, whoever started the process; or of one that may have ended because of another, see Sent and Orphan.
type ProcessEnd struct {
	PID    int    // as the node numbers it; 0 where that is not known
	Parent int    // the process that forked it, likewise
	Name   string // what the kernel calls it; empty where it ended before that was known
	By     string // then the name of what executed it
	Signal int    // its number
	Core   bool   // the kernel wrote a core file
	OOM    bool   // the kernel killed it because memory ran out
	Dir    string // its working directory, where that is known
	NoDump string // why the kernel would write no core file, where that is known
	// Sent is the last signal that another process, and not its parent, sent it shortly before, whatever it ended of; 0 where none is
	// known ([SignalHearer]). Sender tells in words which, and SenderPID its number in the node; 0: it is outside.
	Sent      int
	Sender    string
	SenderPID int
	Orphan    bool // its parent, a process of the node, had ended before it
	At        time.Time
}

// ProcessWatcher is a lab that sees how every process of its nodes ends.
type ProcessWatcher interface {
	// Ends gives the ends so far, oldest first, from before the node's first process on. missed
	// is the last moment at which one may have gone by unseen and why says how; zero where
	// none has. An error says that nobody watches.
	Ends(ctx context.Context, node string) (ends []ProcessEnd, missed time.Time, why string, err error)
}

// SignalHearer is a lab that hears of the signals which processes of its nodes are sent.
type SignalHearer interface {
	// Hears says why not every signal is heard that another process sends one of a node; empty where each is.
	Hears(node string) string
}

// NodeRestarter is a lab that can power-cycle a node: every process of it ends, its
// files stay, its interfaces come back wired as before, and new: nothing that the node had set at them is left.
// A neighbour keeps its interface, with its index, its addresses and what it has made over it: it
// sees that the carrier goes with the node's processes and comes back with the node's interfaces (a machine's
// neighbour keeps its carrier too, as at a switch in between). Where a lab cannot do that, and the neighbour has
// lost something by it, the error says what; so [FaultReplug] alone takes a neighbour's interface away.
type NodeRestarter interface {
	RestartNode(ctx context.Context, node string) error
}

// Warner is a lab that tells what it was built without though its provider has it: nothing is wrong
// with the lab, and it may hold less than is said of such labs. Each is one line, without the lab's name.
type Warner interface {
	Warnings() []string
}

// Enterer is a lab that a person can enter: the command that opens a shell on a node; none where the node
// is on another machine.
type Enterer interface {
	Enter(node string) (argv []string)
}

// Collector is a provider whose labs may outlive their owners, and that removes those. Both
// methods return the names of what they removed.
type Collector interface {
	// GC removes the labs whose owner is gone, and those that are past their time. What it keeps since it
	// is out of reach is a *AwayError each, joined with other errors.
	GC(ctx context.Context, now time.Time) (removed []string, err error)
	// RemoveRun removes every lab of a run, whatever its state.
	RemoveRun(ctx context.Context, run string) (removed []string, err error)
}

// AwayError says that files of a lab that has ended were not removed, since the folder that they are in
// is not there: the disk may be mounted again.
type AwayError struct {
	Path string // of the files
	Note string // file that says where they are
}

func (e *AwayError) Error() string {
	return fmt.Sprintf("remove %s, files of a lab that has ended: %s is not there; mount its disk and run reprise gc, or, if it is gone for good, remove the note %s",
		e.Path, filepath.Dir(e.Path), e.Note)
}

// Puller is a provider that can fetch what a topology's nodes are made of; say hears of
// the progress.
type Puller interface {
	Pull(ctx context.Context, t Topology, say func(line string)) error
}

// EngineTeller is a provider that tells what its labs run on, with the version: "docker
// 20.10.24", "QEMU 7.2.22 with tcg". Empty where that cannot be asked.
type EngineTeller interface {
	Engine(ctx context.Context) string
}

// ImageDescriber tells what a node's image holds: its digest, and the exact
// versions of the packages in it where the image says so.
type ImageDescriber interface {
	DescribeImage(ctx context.Context, ref string) (ImageInfo, error)
}

// ImageInfo is what is recorded of an image.
type ImageInfo struct {
	Ref      string            `json:"ref"`
	Digest   string            `json:"digest"`
	Packages map[string]string `json:"packages,omitempty"` // name → exact version
}

// KernelAbility is what a MissingError names that is about what a kernel was built without: no other try finds it.
const KernelAbility = "kernel ability"

// ErrNoImage is that a node that runs one names none: the topology is wrong, and no machine lacks anything.
var ErrNoImage = errors.New("no image is given")

// MissingError says that the environment lacks something. The command line turns it
// into exit code 5.
type MissingError struct {
	What string `json:"what"` // image, engine, kernel ability
	Name string `json:"name"`
	Hint string `json:"hint,omitempty"` // what to do about it
}

func (e *MissingError) Error() string {
	s := e.What + " " + e.Name + " is missing"
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}
