package transport

import (
	"context"
	"net"
	"sync"
)

// Telnet commands (RFC 854) and the options that a terminal's end agrees to: echo (RFC
// 857) and no go-ahead (RFC 858) by the device, terminal type (RFC 1091) and window size
// (RFC 1073) by us. Every other option is refused.
const (
	telnetSE   = 240
	telnetSB   = 250
	telnetWill = 251
	telnetWont = 252
	telnetDo   = 253
	telnetDont = 254
	telnetIAC  = 255

	optionEcho = 1
	optionSGA  = 3
	optionType = 24
	optionNAWS = 31

	// maxSub bounds a subnegotiation; what is beyond is dropped.
	maxSub = 256
)

func dialTelnet(ctx context.Context, address string) (*Conn, error) {
	conn, err := dialTCP(ctx, address)
	if err != nil {
		return nil, err
	}
	return &Conn{ReadWriteCloser: &telnet{Conn: conn, agreed: map[[2]byte]bool{}}}, nil
}

// telnet takes the protocol out of a TCP stream.
type telnet struct {
	net.Conn
	parser  telnetParser
	writing sync.Mutex
	agreed  map[[2]byte]bool // (verb, option) answered already, so that no two ends loop
}

// Read gives the data in the stream and answers the negotiation.
func (t *telnet) Read(p []byte) (int, error) {
	for {
		n, err := t.Conn.Read(p)
		data, commands := t.parser.feed(p[:n])
		copied := copy(p, data)
		for _, c := range commands {
			if reply := t.answer(c); reply != nil {
				if _, werr := t.send(reply); werr != nil && err == nil {
					err = werr
				}
			}
		}
		if copied > 0 || err != nil {
			return copied, err
		}
	}
}

// Write sends data: IAC doubled, and the return key as CR NUL (RFC 854, page 11).
func (t *telnet) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+8)
	for _, b := range p {
		switch b {
		case telnetIAC:
			out = append(out, telnetIAC, telnetIAC)
		case '\n':
			out = append(out, '\r', 0)
		default:
			out = append(out, b)
		}
	}
	if _, err := t.send(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (t *telnet) send(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.Conn.Write(p)
}

// answer is the reply to one command of the device; nil where none is due.
func (t *telnet) answer(c telnetCommand) []byte {
	if c.verb == telnetSB {
		if c.option == optionType && len(c.data) > 0 && c.data[0] == 1 { // SEND
			return append(append([]byte{telnetIAC, telnetSB, optionType, 0}, "vt100"...), telnetIAC, telnetSE)
		}
		return nil
	}
	key := [2]byte{c.verb, c.option}
	if t.agreed[key] {
		return nil
	}
	t.agreed[key] = true
	switch c.verb {
	case telnetWill:
		if c.option == optionEcho || c.option == optionSGA {
			return []byte{telnetIAC, telnetDo, c.option}
		}
		return []byte{telnetIAC, telnetDont, c.option}
	case telnetDo:
		switch c.option {
		case optionNAWS:
			const high, low = columns >> 8, columns & 0xff // 511 is 1, 255, and 255 is doubled
			return []byte{telnetIAC, telnetWill, optionNAWS, telnetIAC, telnetSB, optionNAWS, high, low, low, 0, rows, telnetIAC, telnetSE}
		case optionType, optionSGA:
			return []byte{telnetIAC, telnetWill, c.option}
		}
		return []byte{telnetIAC, telnetWont, c.option}
	default: // an end of what was never begun
		return nil
	}
}

// telnetCommand is a negotiation or a subnegotiation of the device.
type telnetCommand struct {
	verb, option byte
	data         []byte
}

// telnetParser tells data from commands, over any cut of the stream.
type telnetParser struct {
	state telnetState
	verb  byte
	sub   []byte
	cr    bool
}

type telnetState int

const (
	telnetData telnetState = iota
	telnetCommandByte
	telnetOption
	telnetInSub
	telnetSubIAC
)

// feed gives the data in p, which it overwrites, and the commands.
func (t *telnetParser) feed(p []byte) (data []byte, commands []telnetCommand) {
	data = p[:0]
	for _, b := range p {
		switch t.state {
		case telnetData:
			switch {
			case b == telnetIAC:
				t.state = telnetCommandByte
				continue
			case t.cr && b == 0: // CR NUL is a bare CR
			default:
				data = append(data, b)
			}
			t.cr = b == '\r'
		case telnetCommandByte:
			t.state = telnetData
			switch b {
			case telnetIAC:
				data = append(data, b)
			case telnetWill, telnetWont, telnetDo, telnetDont:
				t.verb, t.state = b, telnetOption
			case telnetSB:
				t.sub, t.state = nil, telnetInSub
			}
		case telnetOption:
			commands = append(commands, telnetCommand{verb: t.verb, option: b})
			t.state = telnetData
		case telnetInSub:
			if b == telnetIAC {
				t.state = telnetSubIAC
			} else if len(t.sub) < maxSub {
				t.sub = append(t.sub, b)
			}
		case telnetSubIAC:
			t.state = telnetInSub
			if b == telnetSE {
				if len(t.sub) > 0 {
					commands = append(commands, telnetCommand{verb: telnetSB, option: t.sub[0], data: t.sub[1:]})
				}
				t.state = telnetData
			} else if len(t.sub) < maxSub {
				t.sub = append(t.sub, b)
			}
		}
	}
	return data, commands
}
