package wire

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batch bounds how many messages go to and from the kernel at a time.
	batch = 64
	// maxMessage is the largest message with a frame, in bytes.
	maxMessage = 1 << 17
)

// messages are what one call of the kernel reads or writes: a header for each, over one piece of memory.
type messages struct {
	headers [batch]unix.Mmsghdr
	pieces  [batch]unix.Iovec
}

func newMessages() *messages {
	m := &messages{}
	for i := range m.headers {
		m.headers[i].Hdr.Iov = &m.pieces[i]
		m.headers[i].Hdr.SetIovlen(1)
	}
	return m
}

// set has a message be of some memory.
func (m *messages) set(i int, b []byte) {
	m.pieces[i].Base = unsafe.SliceData(b) //nolint:gosec // a call takes pointers
	m.pieces[i].SetLen(len(b))
}

// call reads or writes messages from one on to before another, and says how many it did.
func (m *messages) call(number, fd uintptr, from, to int, flags uintptr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(number, fd, uintptr(unsafe.Pointer(&m.headers[from])), uintptr(to-from), flags, 0, 0) //nolint:gosec // a call takes pointers
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// reader reads messages of the kernel's, as many at a time as there are. Where it cannot keep up, it has
// the kernel gather frames, and pokes for them when it has read all that there are, so that none waits
// for others to come.
type reader struct {
	raw    syscall.RawConn
	poke   poker
	group  uint16
	list   *messages
	room   []byte      // pages of it that no message has reached take no memory
	hasty  bool        // the kernel gathers
	poked  bool        // and everything that it has gathered is there
	gather atomic.Bool // it ever has
}

func newReader(f, poke *os.File, group uint16) (*reader, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &reader{raw: raw, poke: poker{file: poke}, group: group, list: newMessages(), room: make([]byte, batch*maxMessage)}
	for i := range batch {
		r.list.set(i, r.room[i*maxMessage:(i+1)*maxMessage])
	}
	return r, nil
}

// next waits for messages, and says how many there are. The error is io.EOF when the socket was closed.
func (r *reader) next() (n int, err error) {
	for {
		closed := r.raw.Read(func(fd uintptr) bool {
			n, err = r.list.call(unix.SYS_RECVMMSG, fd, 0, batch, unix.MSG_DONTWAIT)
			return r.hasty || !errors.Is(err, unix.EAGAIN)
		})
		switch {
		case closed != nil || err == nil && (n == 0 || r.list.headers[0].Len == 0):
			return 0, io.EOF
		case !errors.Is(err, unix.EAGAIN):
			return n, err
		case r.poked:
			r.rest() // there is nothing that pokes
		default:
			r.prod()
		}
	}
}

// read hears how many frames of the cable were among so many messages.
func (r *reader) read(messages, frames int) {
	switch {
	case !r.hasty && messages == batch:
		r.ask(gathered, gatherBuffer)
		r.hasty = true
		r.gather.Store(true)
	case r.poked && frames == 0:
		r.rest()
	}
	r.poked = false
}

// rest has the kernel hand over each frame as it comes.
func (r *reader) rest() {
	r.ask(1, messageBuffer)
	r.prod() // what it has gathered until now
	r.hasty, r.poked = false, false
}

// prod has the kernel hand over what it has gathered. Where nothing pokes, it does so after a while.
func (r *reader) prod() {
	r.poke.poke()
	r.poked = true
}

// poker pokes, unless it is to be quiet.
type poker struct {
	file *os.File

	mu    sync.Mutex
	quiet bool
}

func (p *poker) poke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.quiet {
		_, _ = p.file.Write(make([]byte, headerSize)) // where the cable is down, the kernel hands over after a while
	}
}

func (p *poker) hush(quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = quiet
}

// ask tells the kernel how many frames to gather. Where it refuses, each comes as it did.
func (r *reader) ask(frames, room uint32) {
	_ = r.raw.Control(func(fd uintptr) { // it is open, or nothing comes any more
		_ = unix.Sendto(int(fd), config(r.group, 0, gathering(frames, room)), unix.MSG_DONTWAIT, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	})
}

// message is one of those that were read. It is good until the next are.
func (r *reader) message(i int) []byte {
	return r.room[i*maxMessage:][:r.list.headers[i].Len]
}

// writer gathers frames to send, which stay as they are until they are sent.
type writer struct {
	fd     uintptr
	list   *messages
	frames [batch][]byte
	count  int
}

func newWriter(fd uintptr) *writer { return &writer{fd: fd, list: newMessages()} }

// add takes a frame, and says whether there is room for another.
func (x *writer) add(b []byte) bool {
	x.list.set(x.count, b)
	x.frames[x.count] = b
	x.count++
	return x.count < batch
}

// flush sends what was gathered, and tells of each frame whether it went.
func (x *writer) flush(told func(frame []byte, err error)) {
	for at := 0; at < x.count; {
		n, err := x.list.call(unix.SYS_SENDMMSG, x.fd, at, x.count, 0)
		for _, b := range x.frames[at : at+n] {
			told(b, nil)
		}
		if at += n; err != nil {
			told(x.frames[at], err)
			at++
		}
	}
	clear(x.frames[:x.count])
	x.count = 0
}
