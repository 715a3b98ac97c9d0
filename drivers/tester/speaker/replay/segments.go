package replay

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// segment is one of TCP (RFC 9293 section 3.1) in a capture.
type segment struct {
	at          time.Time
	from, to    netip.AddrPort
	number      uint32
	syn, ack    bool
	fin, rst    bool
	data        []byte
	frame       int  // of the capture, counted from 1
	notCaptured bool // its bytes are not all there
}

// Flags of TCP.
const (
	tcpHead = 20
	tcpFIN  = 1 << 0
	tcpSYN  = 1 << 1
	tcpRST  = 1 << 2
	tcpACK  = 1 << 4
)

// segment takes one out of a frame.
func (f frame) segment() (s segment, ok bool) {
	kind, b := f.carried()
	var from, to netip.Addr
	switch {
	case kind == typeIPv4 && len(b) >= 20:
		size, head := int(binary.BigEndian.Uint16(b[2:])), 4*int(b[0]&15)
		if b[9] != protoTCP || head < 20 || size < head || len(b) < head || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return s, false
		}
		from, to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		s.notCaptured = size > len(b)
		b = b[head:min(size, len(b))]
	case kind == typeIPv6 && len(b) >= 40:
		size := 40 + int(binary.BigEndian.Uint16(b[4:]))
		s.notCaptured = size > len(b)
		from, to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		proto, rest := behind(int(b[6]), b[40:min(size, len(b))])
		if proto != protoTCP {
			return s, false
		}
		b = rest
	default:
		return s, false
	}
	if len(b) < tcpHead {
		return s, false
	}
	head := 4 * int(b[12]>>4)
	if head < tcpHead || head > len(b) {
		return s, false
	}
	s.at = f.at
	s.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b))
	s.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	s.number = binary.BigEndian.Uint32(b[4:])
	s.fin, s.syn, s.rst, s.ack = b[13]&tcpFIN != 0, b[13]&tcpSYN != 0, b[13]&tcpRST != 0, b[13]&tcpACK != 0
	s.data = b[head:]
	return s, true
}

// stream puts the bytes of one side of a session into their order, each once.
type stream struct {
	begun   bool
	next    uint32
	waiting []segment // behind a hole
	lost    int       // the frame behind a hole that more wait for than there may; nothing is taken any more
}

// mostWaiting bounds the segments behind a hole.
const mostWaiting = 4096

// hole is the first frame behind what is not in the capture; 0, where all is.
func (t *stream) hole() int {
	if t.lost == 0 && len(t.waiting) > 0 {
		return t.waiting[0].frame
	}
	return t.lost
}

// take gives what a segment adds, with what waited for it. Bytes that came before are left out.
func (t *stream) take(s segment) (list []segment) {
	if t.lost > 0 {
		return nil
	}
	if s.syn {
		t.begun, t.next = true, s.number+1
		return nil
	}
	if !t.begun {
		t.begun, t.next = true, s.number
	}
	t.waiting = append(t.waiting, s)
	if len(t.waiting) > mostWaiting {
		t.lost, t.waiting = t.hole(), nil
		return nil
	}
	for again := true; again; {
		again = false
		for i, w := range t.waiting {
			ahead := int32(w.number - t.next) //nolint:gosec // numbers go round
			if ahead > 0 {
				continue
			}
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			known := min(len(w.data), int(-int64(ahead)))
			w.data = w.data[known:]
			t.next += uint32(len(w.data)) //nolint:gosec // of a frame
			if len(w.data) > 0 || w.fin || w.rst {
				list = append(list, w)
			}
			again = true
			break
		}
	}
	return list
}

// part is what one side of a session said at a time: what is sent, or what is waited for.
type part struct {
	after time.Duration // from the last part that came before it, of either side
	data  []byte
	fin   bool
	rst   bool
	// answers says that the other side had said something since our part before; behind is how many bytes it had
	// said in all.
	answers bool
	behind  int
	// ended says that the other side had ended its stream.
	ended bool
}

// talk is one side of a session.
type talk struct {
	calls bool // it began
	parts []part
	kinds int // frames of the session
	hole  int // the first frame of the other side behind what is not in the capture; 0, where all is
}

// mostParts bounds a session.
const mostParts = 1_000_000

// ends are the two of a session, ours first.
type ends struct{ mine, theirs netip.AddrPort }

// telling is a session that is put together.
type telling struct {
	talk

	own, other stream
	last       time.Time
	answers    bool
	heard      int
	ended      bool
	err        error
}

// said says that our side said something.
func (t *telling) said() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return len(p.data) > 0 })
}

// take adds a segment of one side.
func (t *telling) take(s segment, outgoing bool) {
	t.kinds++
	if s.notCaptured {
		t.err = cmp.Or[error](t.err, fmt.Errorf("frame %d was not captured whole", s.frame))
	}
	side := &t.other
	if outgoing {
		side = &t.own
	}
	for _, x := range side.take(s) {
		if !outgoing {
			t.heard += len(x.data)
			t.answers = t.answers || len(x.data) > 0
			t.ended = t.ended || x.fin
			t.last = s.at
			continue
		}
		t.parts = append(t.parts, part{after: max(0, s.at.Sub(t.last)), data: x.data, fin: x.fin, rst: x.rst, answers: t.answers, behind: t.heard, ended: t.ended})
		t.last, t.answers = s.at, false
	}
}

// talkOf is what one address says in the first session of a capture with a server's port in which it says anything.
func talkOf(list []frame, from netip.Addr, port uint16) (t talk, err error) {
	var all []*telling
	open := map[ends]*telling{}
	for i, f := range list {
		s, ok := f.segment()
		if !ok || s.from.Addr() != from && s.to.Addr() != from || s.from.Port() != port && s.to.Port() != port {
			continue
		}
		s.frame = i + 1
		outgoing := s.from.Addr() == from
		e := ends{s.from, s.to}
		if !outgoing {
			e = ends{s.to, s.from}
		}
		x := open[e]
		if x == nil || s.syn && !s.ack && (len(x.parts) > 0 || x.heard > 0) { // the next between the same ports
			x = &telling{last: s.at}
			x.calls = e.theirs.Port() == port
			open[e] = x
			all = append(all, x)
		}
		if x.take(s, outgoing); len(x.parts) > mostParts {
			return t, fmt.Errorf("a session of more than %d segments", mostParts)
		}
	}
	i := slices.IndexFunc(all, (*telling).said)
	switch {
	case len(all) == 0:
		return t, fmt.Errorf("none of its %d frames is of a session of %s with port %d", len(list), from, port)
	case i < 0 && all[0].err != nil:
		return t, all[0].err
	case i < 0:
		return t, fmt.Errorf("%s says nothing in its sessions with port %d", from, port)
	case all[i].err != nil:
		return t, all[i].err
	case all[i].own.hole() > 0:
		return t, fmt.Errorf("what %s said before frame %d is not in it", from, all[i].own.hole())
	}
	all[i].hole = all[i].other.hole()
	return all[i].talk, nil
}

var errEnded = errors.New("the other side ended the session")
