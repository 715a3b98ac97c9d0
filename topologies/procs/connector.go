package procs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Of linux/connector.h and linux/cn_proc.h.
const (
	connectorProc = 1 // CN_IDX_PROC and CN_VAL_PROC
	listen        = 1 // PROC_CN_MCAST_LISTEN

	eventNone = 0x00000000 // the answer to a request
	eventFork = 0x00000001
	eventExec = 0x00000002
	eventComm = 0x00000200
	eventDump = 0x40000000
	eventExit = 0x80000000
)

// Where things are in a datagram: nlmsghdr, cn_msg, proc_event {what, cpu, timestamp, data}.
const (
	atMessage = unix.SizeofNlMsghdr
	atEvent   = atMessage + 20
	atData    = atEvent + 16
)

const (
	// openTimeout bounds the kernel's answer to the request to listen. It gives none to who is
	// in other namespaces than the first.
	openTimeout = 2 * time.Second
	// bufferSize is asked for in bytes; an ordinary user gets less (net.core.rmem_max).
	bufferSize = 8 << 20
)

// event is one datagram of the connector, read.
type event struct {
	what   uint32
	pid    int // the process, on the machine
	thread int
	parent int // of a fork and an exit; 0 where the kernel does not tell (before 4.18)
	code   int // of an exit: as wait(2) tells it
	comm   string
	last   sight // of a dump: what could be seen of the process at once
	at     time.Time
	lost   bool // events before this one were lost
}

// connector is a socket that hears of every process of the machine.
type connector struct {
	file   *os.File
	buffer [4096]byte // of receive
}

// dial opens the socket and has the kernel agree.
func dial() (*connector, error) {
	c, err := bind()
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.ENOENT) {
		// Another namespace of the network than the machine's own has no connector.
		c, err = bindAtInit()
	}
	if err != nil {
		return nil, fmt.Errorf("listen to the kernel's process connector: %w", err)
	}
	return c, nil
}

// firstProcesses have the machine's own network namespace: its init, and the kernel's
// parent of threads, for an init that may not be looked at.
func firstProcesses() []string { return []string{"/proc/1/ns/net", "/proc/2/ns/net"} }

// bindAtInit opens the socket in the network namespace of the machine's first processes.
// The thread that went there is not used for anything else.
func bindAtInit() (*connector, error) {
	type result struct {
		c   *connector
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		var errs []error
		for _, path := range firstProcesses() {
			err := enter(path)
			if err == nil {
				c, err := bind()
				done <- result{c, err}
				return
			}
			errs = append(errs, err)
		}
		done <- result{err: fmt.Errorf("enter the machine's network namespace: %w", errors.Join(errs...))}
	}()
	r := <-done
	return r.c, r.err
}

func enter(path string) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close() //nolint:errcheck // read only
	return unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
}

func bind() (c *connector, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, err
	}
	c = &connector{file: os.NewFile(uintptr(fd), "process connector")}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.file.Close())
		}
	}()
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferSize) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bufferSize) // as much as there is
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program()); err != nil {
		return c, fmt.Errorf("choose events: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: connectorProc}); err != nil {
		return c, err
	}
	if err := unix.Sendto(fd, request(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return c, err
	}
	return c, c.agreed()
}

// request asks for events: nlmsghdr, cn_msg, enum proc_cn_mcast_op.
func request() []byte {
	b := make([]byte, atEvent+4)
	ne := binary.NativeEndian
	ne.PutUint32(b[0:], uint32(len(b))) //nolint:gosec // a constant
	ne.PutUint16(b[4:], unix.NLMSG_DONE)
	ne.PutUint32(b[atMessage:], connectorProc)
	ne.PutUint32(b[atMessage+4:], connectorProc)
	ne.PutUint32(b[atMessage+12:], ours())
	ne.PutUint16(b[atMessage+16:], 4)
	ne.PutUint32(b[atEvent:], listen)
	return b
}

// ours marks a request as this process's; the answer has one more.
func ours() uint32 { return uint32(os.Getpid()) } //nolint:gosec // a process number is positive

// errNobody is the silence that a process in other namespaces than the first meets.
var errNobody = errors.New("the kernel does not answer: this process is not in the machine's first namespaces of processes and users")

// agreed waits for the kernel's answer, which goes to every listener.
func (c *connector) agreed() error {
	if err := c.file.SetReadDeadline(time.Now().Add(openTimeout)); err != nil {
		return err
	}
	for {
		b, err := c.receive()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errNobody
		}
		if errors.Is(err, unix.ENOBUFS) {
			continue
		}
		if err != nil {
			return err
		}
		if len(b) < atData+4 || binary.NativeEndian.Uint32(b[atEvent:]) != eventNone || binary.NativeEndian.Uint32(b[atMessage+12:]) != ours()+1 {
			continue
		}
		if errno := binary.NativeEndian.Uint32(b[atData:]); errno != 0 {
			return unix.Errno(errno)
		}
		return c.file.SetReadDeadline(time.Time{})
	}
}

// receive waits for one datagram of the kernel's, which is good until the next.
func (c *connector) receive() ([]byte, error) {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return nil, err
	}
	for {
		var n int
		var from unix.Sockaddr
		var err2 error
		err := raw.Read(func(fd uintptr) bool {
			n, from, err2 = unix.Recvfrom(int(fd), c.buffer[:], 0)
			return !errors.Is(err2, unix.EAGAIN)
		})
		switch sender, ok := from.(*unix.SockaddrNetlink); {
		case err != nil:
			return nil, err
		case errors.Is(err2, unix.EINTR):
		case err2 != nil:
			return nil, err2
		case ok && sender.Pid == 0: // nobody but the kernel is believed
			return c.buffer[:n], nil
		}
	}
}

// program is a classic BPF filter: forks and exits of threads are left out, unless a
// thread's exit tells of a signal, and so are changes of user, group, session and tracer.
func program() *unix.SockFprog {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		same  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X
		bits  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		keep  = unix.BPF_MISC | unix.BPF_TAX
		ret   = unix.BPF_RET | unix.BPF_K
	)
	code := []unix.SockFilter{
		0:  {Code: load, K: atEvent},
		1:  {Code: equal, K: network(eventFork), Jt: 5},          // → 7
		2:  {Code: equal, K: network(eventExit), Jt: 8},          // → 11
		3:  {Code: equal, K: network(eventExec), Jt: 13},         // → 17
		4:  {Code: equal, K: network(eventComm), Jt: 12},         // → 17
		5:  {Code: equal, K: network(eventDump), Jt: 11},         // → 17
		6:  {Code: equal, K: network(eventNone), Jt: 10, Jf: 11}, // → 17, 18
		7:  {Code: load, K: atData + 8},                          // fork: child_pid
		8:  {Code: keep},                                         //
		9:  {Code: load, K: atData + 12},                         // child_tgid
		10: {Code: same, Jt: 6, Jf: 7},                           // → 17, 18
		11: {Code: load, K: atData + 8},                          // exit: exit_code
		12: {Code: bits, K: network(0x7f), Jt: 4},                // → 17
		13: {Code: load, K: atData},                              // process_pid
		14: {Code: keep},                                         //
		15: {Code: load, K: atData + 4},                          // process_tgid
		16: {Code: same, Jt: 0, Jf: 1},                           // → 17, 18
		17: {Code: ret, K: 1 << 16},                              // the whole datagram
		18: {Code: ret, K: 0},                                    // none of it
	}
	return &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]} //nolint:gosec // a short table
}

// network gives a word as a filter's load sees it, which takes memory for big-endian.
func network(v uint32) uint32 {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], v)
	return binary.BigEndian.Uint32(b[:])
}

// read hands events on until the socket is closed or breaks; it returns why.
func (c *connector) read(hand func(event)) error {
	for {
		b, err := c.receive()
		if errors.Is(err, unix.ENOBUFS) {
			hand(event{lost: true, at: time.Now()})
			continue
		}
		if err != nil {
			return err
		}
		for len(b) >= unix.SizeofNlMsghdr {
			size := int(binary.NativeEndian.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > len(b) {
				break
			}
			if e, ok := parse(b[:size]); ok {
				if e.what == eventDump { // it may be gone soon
					e.last = look(e.pid)
				}
				hand(e)
			}
			b = b[min(len(b), (size+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1)):]
		}
	}
}

// parse reads one message.
func parse(b []byte) (e event, ok bool) {
	ne := binary.NativeEndian
	if len(b) < atData+8 || ne.Uint32(b[atMessage:]) != connectorProc || ne.Uint32(b[atMessage+4:]) != connectorProc {
		return e, false
	}
	word := func(i int) int {
		if at := atData + 4*i; at+4 <= len(b) {
			return int(int32(ne.Uint32(b[at:]))) //nolint:gosec // process numbers are 32 bits
		}
		return 0
	}
	e = event{what: ne.Uint32(b[atEvent:]), thread: word(0), pid: word(1), at: time.Now()}
	switch e.what {
	case eventFork:
		e.parent, e.thread, e.pid = word(1), word(2), word(3)
	case eventComm:
		if len(b) >= atData+8+16 {
			e.comm = text(b[atData+8 : atData+8+16])
		}
	case eventExit:
		e.code, e.parent = word(2), word(5)
	case eventExec, eventDump:
	default:
		return e, false
	}
	return e, true
}

// text is a C string in a fixed array.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
