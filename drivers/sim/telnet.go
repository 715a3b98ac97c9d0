package sim

import (
	"bytes"
	"net"
	"sync"
)

// Telnet commands and options (RFC 854, 857, 858, 1073).
const (
	telSE   = 240
	telSB   = 250
	telWill = 251
	telWont = 252
	telDo   = 253
	telDont = 254
	telIAC  = 255

	optEcho = 1
	optSGA  = 3
	optNAWS = 31
)

type telState int

const (
	telData telState = iota + 1
	telCommand
	telOption
	telSub
	telSubIAC
)

// telnetConn is the server's end of a telnet connection: options are answered and taken out
// of what is read, and 255 is doubled in what is written.
type telnetConn struct {
	net.Conn
	state telState
	verb  byte
	sub   []byte
	cr    bool
	size  func(rows, cols int) // told of the terminal's size; nil for a console

	mu sync.Mutex // one write at a time
}

// newTelnet begins the negotiation: the switch echoes and suppresses go-ahead, and asks for
// the size of the window.
func newTelnet(c net.Conn) *telnetConn {
	t := &telnetConn{Conn: c, state: telData}
	_ = t.raw([]byte{telIAC, telWill, optEcho, telIAC, telWill, optSGA, telIAC, telDo, optNAWS})
	return t
}

func (t *telnetConn) raw(p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := t.Conn.Write(p)
	return err
}

// Write implements io.Writer.
func (t *telnetConn) Write(p []byte) (int, error) {
	q := p
	if bytes.IndexByte(p, telIAC) >= 0 {
		q = bytes.ReplaceAll(p, []byte{telIAC}, []byte{telIAC, telIAC})
	}
	if err := t.raw(q); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read implements io.Reader; it gives only what was typed.
func (t *telnetConn) Read(p []byte) (int, error) {
	for {
		n, err := t.Conn.Read(p)
		kept := p[:0]
		for _, b := range p[:n] {
			if t.take(b) {
				kept = append(kept, b)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

// take follows the protocol and says whether b is data.
func (t *telnetConn) take(b byte) bool {
	switch t.state {
	case telCommand:
		t.state = telData
		switch b {
		case telIAC:
			return true
		case telSB:
			t.state, t.sub = telSub, nil
		case telWill, telWont, telDo, telDont:
			t.state, t.verb = telOption, b
		}
	case telOption:
		t.state = telData
		t.option(b)
	case telSub:
		if b == telIAC {
			t.state = telSubIAC
		} else if len(t.sub) < 64 {
			t.sub = append(t.sub, b)
		}
	case telSubIAC:
		t.state = telSub
		if b == telSE {
			t.state = telData
			t.subnegotiation()
		} else if len(t.sub) < 64 {
			t.sub = append(t.sub, b)
		}
	default:
		if b == telIAC {
			t.state = telCommand
			return false
		}
		bare := t.cr && b == 0 // CR NUL is a bare CR (RFC 854, page 11)
		t.cr = b == '\r'
		return !bare
	}
	return false
}

// option refuses what was not offered; what was offered or asked for is agreed already.
func (t *telnetConn) option(opt byte) {
	switch {
	case t.verb == telWill && opt != optNAWS:
		_ = t.raw([]byte{telIAC, telDont, opt})
	case t.verb == telDo && opt != optEcho && opt != optSGA:
		_ = t.raw([]byte{telIAC, telWont, opt})
	}
}

func (t *telnetConn) subnegotiation() {
	if len(t.sub) == 5 && t.sub[0] == optNAWS && t.size != nil {
		t.size(int(t.sub[3])<<8|int(t.sub[4]), int(t.sub[1])<<8|int(t.sub[2]))
	}
}
