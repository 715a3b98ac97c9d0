package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Conn is an open stream.
type Conn struct {
	io.ReadWriteCloser
	// Notes are what a person should know of how it was opened: a host key believed for the
	// first time, algorithms that are no longer safe.
	Notes []string
}

// Terminal size asked for, where the transport can say one. The width keeps devices from
// wrapping lines.
const (
	rows    = 24
	columns = 511
)

const dialTimeout = 15 * time.Second

// Dial opens the stream. ctx covers only the opening. An address that does not answer is
// drivers.ErrUnreachable, refused credentials are drivers.ErrAuth, and an ssh host that is
// not known is an *UnknownHostError.
func Dial(ctx context.Context, a drivers.Access) (*Conn, error) {
	switch a.Transport {
	case drivers.TransportSSH:
		c, err := resolve(a.User, a.Password, a.Key)
		if err != nil {
			return nil, err
		}
		return dialSSH(ctx, a, c)
	case drivers.TransportTelnet:
		return dialTelnet(ctx, a.Address)
	case drivers.TransportConsole:
		return dialConsole(ctx, a)
	default:
		return nil, fmt.Errorf("transport %q: %w (known: ssh, telnet, console)", a.Transport, drivers.ErrUnsupported)
	}
}

func dialConsole(ctx context.Context, a drivers.Access) (*Conn, error) {
	switch a.Console {
	case "ssh":
		c, err := resolve(a.ServerUser, a.ServerPassword, a.Key)
		if err != nil {
			return nil, err
		}
		return dialSSH(ctx, a, c)
	case "telnet":
		return dialTelnet(ctx, a.Address)
	case "raw", "":
		conn, err := dialTCP(ctx, a.Address)
		if err != nil {
			return nil, err
		}
		return &Conn{ReadWriteCloser: &line{Conn: conn}}, nil
	default:
		return nil, fmt.Errorf("console %q: %w (known: raw, telnet, ssh)", a.Console, drivers.ErrUnsupported)
	}
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrUnreachable, err)
	}
	return conn, nil
}

// line is a raw console line: the return key of a terminal is CR.
type line struct{ net.Conn }

// Write sends p with every line feed as a carriage return.
func (l *line) Write(p []byte) (int, error) {
	out := make([]byte, len(p))
	for i, b := range p {
		if b == '\n' {
			b = '\r'
		}
		out[i] = b
	}
	return l.Conn.Write(out)
}
