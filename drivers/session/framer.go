package session

import (
	"bytes"

	"github.com/reprise-lab/reprise/topologies/bounded"
)

// framer finds the answer to one command of a [Shell]: the bytes between the begin
// and the end nonce, and the status line that follows the latter. It holds back only
// what may be the beginning of a nonce.
type framer struct {
	begin, end []byte
	out        *bounded.First
	state      framerState
	pending    []byte
	status     []byte
	done       chan struct{}
}

type framerState int

const (
	seekBegin framerState = iota + 1
	seekEnd
	readStatus
	framed
)

// maxStatus bounds the status line: ":<exit>:<busy>\n".
const maxStatus = 32

func newFramer(begin, end string, limit int) *framer {
	return &framer{begin: []byte(begin), end: []byte(end), out: bounded.NewFirst(limit), state: seekBegin, done: make(chan struct{})}
}

func (f *framer) feed(p []byte) {
	if f.state == framed {
		return
	}
	f.pending = append(f.pending, p...)
	if f.state == seekBegin {
		if i := bytes.Index(f.pending, f.begin); i >= 0 {
			f.pending = f.pending[i+len(f.begin):]
			f.state = seekEnd
		} else {
			f.drop(len(f.pending) - len(f.begin) + 1)
		}
	}
	if f.state == seekEnd {
		if i := bytes.Index(f.pending, f.end); i >= 0 {
			_, _ = f.out.Write(f.pending[:i]) // it never fails
			f.pending = f.pending[i+len(f.end):]
			f.state = readStatus
		} else if n := len(f.pending) - len(f.end) + 1; n > 0 {
			_, _ = f.out.Write(f.pending[:n]) // it never fails
			f.drop(n)
		}
	}
	if f.state == readStatus {
		if i := bytes.IndexByte(f.pending, '\n'); i >= 0 || len(f.pending) > maxStatus {
			if i < 0 {
				i = maxStatus
			}
			f.status = bytes.Clone(f.pending[:i])
			f.pending = nil
			f.state = framed
			close(f.done)
		}
	}
}

// drop forgets the first n pending bytes, moving the rest so that the buffer does not grow.
func (f *framer) drop(n int) {
	if n > 0 {
		f.pending = append(f.pending[:0], f.pending[n:]...)
	}
}
