package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// ErrClosed says that the connection has ended, as it does when QEMU does.
var ErrClosed = errors.New("qmp connection is closed")

// Error is what QEMU says when it refuses a command.
type Error struct {
	Command string
	Class   string
	Desc    string
}

func (e *Error) Error() string { return "qemu refuses " + e.Command + ": " + e.Desc }

// Client is a connection to one QEMU. It is safe for use by several goroutines; their
// commands are carried out one after the other.
type Client struct {
	conn    io.ReadWriteCloser
	turn    chan struct{} // holds one token: whose turn it is to ask
	answers chan answer
	done    chan struct{} // closed when reading has ended
	close   func() error
	next    int // id of the next command; guarded by turn
}

type answer struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
	ID    *int            `json:"id"`
	Event string          `json:"event"`
	QMP   json.RawMessage `json:"QMP"`
}

// dialEvery is how often a socket is tried that QEMU has not made yet.
const dialEvery = 10 * time.Millisecond

// Dial connects to the socket at path, waiting for it until ctx ends, and makes the
// session ready for commands.
func Dial(ctx context.Context, path string) (*Client, error) {
	tick := time.NewTicker(dialEvery)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			return New(ctx, conn)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to qemu: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// New makes a client of a connection and negotiates. It owns conn from now on.
func New(ctx context.Context, conn io.ReadWriteCloser) (*Client, error) {
	c := &Client{
		conn: conn, turn: make(chan struct{}, 1), answers: make(chan answer, 1),
		done: make(chan struct{}), close: sync.OnceValue(conn.Close),
	}
	c.turn <- struct{}{}
	go c.read()
	if err := c.Do(ctx, "qmp_capabilities", nil, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("negotiate with qemu: %w", err), c.Close())
	}
	return c, nil
}

// read passes answers on until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	dec := json.NewDecoder(bufio.NewReader(c.conn))
	for {
		var a answer
		if err := dec.Decode(&a); err != nil {
			return
		}
		if a.Event != "" || a.QMP != nil {
			continue
		}
		select {
		case c.answers <- a:
		default: // the answer to a command that nobody waits for any more is still there
			select {
			case <-c.answers:
			default:
			}
			c.answers <- a
		}
	}
}

// Do carries out one command. args and result may be nil.
func (c *Client) Do(ctx context.Context, command string, args, result any) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-c.done:
		return fmt.Errorf("%s: %w", command, ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", command, ctx.Err())
	}
	c.next++
	id := c.next
	line, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        int    `json:"id"`
	}{command, args, id})
	if err != nil {
		return fmt.Errorf("encode %s: %w", command, err)
	}
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w: %w", command, ErrClosed, err)
	}
	for {
		select {
		case a := <-c.answers:
			if a.ID != nil && *a.ID != id {
				continue // of a command that was given up
			}
			return a.into(command, result)
		case <-c.done:
			return fmt.Errorf("%s: %w", command, ErrClosed)
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", command, ctx.Err())
		}
	}
}

func (a answer) into(command string, result any) error {
	if a.Error != nil {
		return &Error{Command: command, Class: a.Error.Class, Desc: a.Error.Desc}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.Return, result); err != nil {
		return fmt.Errorf("read the answer to %s: %w", command, err)
	}
	return nil
}

// Monitor carries out a line of the human monitor and gives what it printed. The monitor
// has no other way to refuse than words.
func (c *Client) Monitor(ctx context.Context, line string) (string, error) {
	var out string
	args := map[string]string{"command-line": line}
	if err := c.Do(ctx, "human-monitor-command", args, &out); err != nil {
		return "", fmt.Errorf("monitor %q: %w", line, err)
	}
	return strings.ReplaceAll(out, "\r\n", "\n"), nil
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close ends the connection; QEMU runs on.
func (c *Client) Close() error {
	err := c.close()
	<-c.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
