package namespaces

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
)

// Owner and supervisor speak by messages on a socket that keeps them apart (SOCK_SEQPACKET):
// one JSON object each, with open files beside it where it says so. Requests have numbers;
// answers carry that of their request. What happens by itself has none.

const (
	maxMessage = 128 << 10 // bytes
	maxFiles   = 5         // in one message
)

// boot is what a supervisor is told before anything else, on a descriptor of its own.
type boot struct {
	Lab     string    `json:"lab"`
	Trees   []string  `json:"trees"`           // root file systems, by their numbers in nodeSpec
	Binds   []string  `json:"binds,omitempty"` // files and folders of the machine, likewise
	Files   string    `json:"files,omitempty"` // folder of what nodes write on disk; a descriptor comes with it that keeps it
	Keep    bool      `json:"keep,omitempty"`  // the lab outlives its owner
	Expires time.Time `json:"expires"`         // and ends then
	Tasks   uint64    `json:"tasks"`           // processes and threads that it may have
	Nodes   int       `json:"nodes"`           // how many it will have
	Single  bool      `json:"single,omitempty"`
}

// op is what is asked of a supervisor.
type op string

const (
	opHello   op = "hello"   // say that the lab can be built
	opNode    op = "node"    // make a node; files: of its first process, as pidfd
	opRestart op = "restart" // end every process of it, and start it anew with its files
	opSpawn   op = "spawn"   // start a command; answered when it runs, and again when it has ended
	opReap    op = "reap"    // have the system forget a command that has ended; not answered
	opKill    op = "kill"    // end the process group of a command
	opForget  op = "forget"  // nothing will be asked of a command any more; ends it where it runs; not answered
	opOpen    op = "open"    // open a file of a node for reading
	opCreate  op = "create"  // open a file of a node for writing, with the folders that lead to it
	opTap     op = "tap"     // open a tap in a node's network
	opSocket  op = "socket"  // open a socket for traffic in a node's network
	opWhole   op = "whole"   // say whether a node's programs are those of its image

	// Of who came through the door.
	opMeet op = "meet" // say which life a node has; files: of its first process, as pidfd
	opWire op = "wire" // carry out operations on networks; with a file: a socket on which they are asked for; not answered
)

// request is one message to a supervisor.
type request struct {
	ID   int       `json:"id"`
	Op   op        `json:"op"`
	Node string    `json:"node"`
	Life int       `json:"life,omitempty"` // opNode, opRestart: stands for the node until its first process ends, and for no other ever
	Spec *nodeSpec `json:"spec,omitempty"` // opNode
	Argv []string  `json:"argv,omitempty"` // opSpawn; with files: its standard input, output and error
	TTY  bool      `json:"tty,omitempty"`  // opSpawn: on a terminal of the node's, whose master comes with the answer
	Of   int       `json:"of,omitempty"`   // opKill, opReap, opForget: the ID of the command's opSpawn
	Path string    `json:"path,omitempty"` // opOpen, opCreate
	Mode uint32    `json:"mode,omitempty"` // opCreate

	Group []string `json:"group,omitempty"` // opNode: the files that come with it, of the control group that bounds the node

	Tap    *capture.Tap    `json:"tap,omitempty"`    // opTap
	Socket *traffic.Socket `json:"socket,omitempty"` // opSocket

	from *net.UnixConn // on which it came
}

// answer is the beginning of an answer to a request.
func (r request) answer() answer { return answer{ID: r.ID, to: r.from} }

// nodeSpec is all that a supervisor has to know of a node.
type nodeSpec struct {
	Tree    int               `json:"tree"`
	Env     []string          `json:"env,omitempty"`
	Sysctls map[string]string `json:"sysctls,omitempty"`
	Binds   []bind            `json:"binds,omitempty"`
	Caps    []string          `json:"caps"`            // by their names without CAP_
	Calls   []string          `json:"calls,omitempty"` // rights, whose system calls are open

	// What it may use before it is ended.
	Disk     int64 `json:"disk"`             // bytes that it writes
	OnDisk   bool  `json:"onDisk,omitempty"` // they are below boot.Files, and else in memory
	Volatile int64 `json:"volatile"`         // bytes of /run and of /tmp each
	Memory   int64 `json:"memory"`           // bytes of its processes
	Tasks    int   `json:"tasks"`            // processes and threads
}

// bind is a file or folder of the machine that a node has.
type bind struct {
	Source   int    `json:"source"` // in boot.Binds
	Target   string `json:"target"`
	ReadOnly bool   `json:"ro,omitempty"`
}

// answer is one message of a supervisor.
type answer struct {
	to *net.UnixConn // who asked; nil: nobody did

	ID    int    `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
	Errno int    `json:"errno,omitempty"` // the system's reason beneath Error
	Ended bool   `json:"ended,omitempty"` // opSpawn: it has, with Exit
	Exit  int    `json:"exit,omitempty"`  // of a command, or of a node's first process

	// Missing is what the kernel lacks, where Error is for that.
	Missing *topologies.MissingError `json:"missing,omitempty"`
	Whole   bool                     `json:"whole,omitempty"` // opWhole

	// Without an ID: an orphan of Node, or a command there, has ended by a signal that a fault raises; or, where Gone, the Life of the node; or
	// that Life of Node will be ended, for the reason that Over gives.
	Node   string `json:"node,omitempty"`
	Life   int    `json:"life,omitempty"` // also the answer to opMeet
	Over   string `json:"over,omitempty"`
	OOM    bool   `json:"oom,omitempty"` // the kernel has ended it for that
	Gone   bool   `json:"gone,omitempty"`
	Inside int    `json:"inside,omitempty"` // its number in the node
	Name   string `json:"name,omitempty"`
	Signal int    `json:"signal,omitempty"`
	Core   bool   `json:"core,omitempty"`
}

// fail puts an error into an answer.
func (a *answer) fail(err error) {
	if err == nil {
		return
	}
	a.Error = err.Error()
	a.Missing, _ = errors.AsType[*topologies.MissingError](err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		a.Errno = int(errno)
	}
}

// err is the error that an answer carries; errors.Is sees the system's reason, and errors.As what the kernel lacks.
func (a answer) err() error {
	switch {
	case a.Error == "":
		return nil
	case a.Missing != nil:
		return &remoteError{a.Error, a.Missing}
	case a.Errno == 0:
		return errors.New(a.Error)
	default:
		return &remoteError{a.Error, syscall.Errno(a.Errno)}
	}
}

// remoteError is an error of the other end.
type remoteError struct {
	text    string
	beneath error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.beneath }

// send writes one message. Files are the receiver's as well from then on.
func send(conn *net.UnixConn, message any, files ...*os.File) error {
	data, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	if len(data) > maxMessage {
		return fmt.Errorf("a message of %d bytes is too long", len(data))
	}
	var beside []byte
	if len(files) > 0 {
		var fds []int
		for _, f := range files {
			fds = append(fds, int(f.Fd()))
		}
		beside = unix.UnixRights(fds...)
	}
	_, _, err = conn.WriteMsgUnix(data, beside, nil)
	return err
}

// receive reads one message. Where the other side has ended the error is io.EOF or net.ErrClosed,
// also where it left something unread.
func receive(conn *net.UnixConn, buffer []byte, message any) ([]*os.File, error) {
	beside := make([]byte, unix.CmsgSpace(4*maxFiles))
	n, m, flags, _, err := conn.ReadMsgUnix(buffer, beside)
	if errors.Is(err, unix.ECONNRESET) {
		err = fmt.Errorf("%w before it had read everything", net.ErrClosed)
	}
	if err != nil {
		return nil, err
	}
	files, err := filesOf(beside[:m])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		err = net.ErrClosed
	} else if flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		err = errors.New("a message is too long")
	} else {
		err = json.Unmarshal(buffer[:n], message)
	}
	if err != nil {
		closeAll(files)
		return nil, fmt.Errorf("read a message: %w", err)
	}
	return files, nil
}

// filesOf takes the files out of what came beside a message.
func filesOf(beside []byte) ([]*os.File, error) {
	if len(beside) == 0 {
		return nil, nil
	}
	list, err := unix.ParseSocketControlMessage(beside)
	if err != nil {
		return nil, fmt.Errorf("read the files of a message: %w", err)
	}
	var files []*os.File
	for _, m := range list {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // something else than files, which nobody sends
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // it was only passed on
	}
}

// unixConn makes a connection of one end of a socket pair.
func unixConn(f *os.File) (*net.UnixConn, error) {
	defer f.Close() //nolint:errcheck // the connection has a copy
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("open a socket: it is none of this machine"), c.Close())
	}
	return u, nil
}
