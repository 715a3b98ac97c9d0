package wiring

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/procs"
)

// maxLine bounds one request or answer, in bytes.
const maxLine = 16 << 20

type request struct {
	ID int `json:"id"`
	Op Op  `json:"op"`
}

type answer struct {
	ID     int    `json:"id"`
	Result Result `json:"result,omitzero"`
	Error  string `json:"error,omitempty"`
	Errno  int    `json:"errno,omitempty"` // the system's reason beneath Error
	// Missing is what the machine lacks, where that is the error.
	Missing *topologies.MissingError `json:"missing,omitempty"`
}

// Serve carries out the operations that arrive on in, one JSON object a line, and
// answers on out, in the order of completion, on processes that open and ending stand for. It returns nil
// when in ends; nothing is held then. Who lays a lot takes the turn, unless it is nil, for each dozen of things that he asks of
// the kernel: so others wait for theirs who would ask again and again otherwise.
func Serve(in io.Reader, out io.Writer, open Opener, ending Ending, turn sync.Locker) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	s := &server{open: open, ending: ending, turn: turn}
	defer s.close()
	defer wg.Wait()
	enc := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("read a wiring request: %w", err)
		}
		wg.Go(func() {
			a := answer{ID: r.ID}
			var err error
			if a.Result, err = s.apply(r.Op); err != nil {
				a.Error = err.Error()
				a.Missing, _ = errors.AsType[*topologies.MissingError](err)
				if errno, ok := errors.AsType[syscall.Errno](err); ok {
					a.Errno = int(errno)
				} else if Gone(err) {
					a.Errno = int(syscall.ENODEV)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			_ = enc.Encode(a) // a client that has gone ends the input too
		})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read wiring requests: %w", err)
	}
	return nil
}

// server is what a Serve has beyond single operations.
type server struct {
	open    Opener
	ending  Ending
	holds   holds
	turn    sync.Locker // nil: nobody waits
	mu      sync.Mutex
	watcher *procs.Watcher // once something is watched
}

func (s *server) apply(op Op) (Result, error) {
	switch op.Kind {
	case Watch:
		w, err := s.watch()
		if err == nil {
			w.Watch(op.Container)
		}
		return Result{}, err
	case Ends:
		w, err := s.watch()
		if err != nil {
			return Result{}, err
		}
		var r Result
		r.Ends, r.Missed, r.Why, err = w.Ends(context.Background(), op.Container) // it has bounds of its own
		return r, err
	case Lay:
		r, err := s.open.lay(op.Lot, s.turn)
		return r, unanswered(err)
	case Hold, Move, Free:
		return s.holds.apply(s.open, s.ending, op)
	default:
		r, err := s.open.Apply(op)
		if r.Acted != nil || len(r.Ended) > 0 {
			r.Now = time.Now()
		}
		return r, err
	}
}

func (s *server) watch() (*procs.Watcher, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watcher != nil {
		return s.watcher, nil
	}
	var err error
	s.watcher, err = procs.Open()
	return s.watcher, err
}

func (s *server) close() {
	s.holds.close()
	if s.watcher != nil {
		_ = s.watcher.Close() // it was only read
	}
}

// Client is a Wirer whose operations a Serve at the other end of a stream carries out.
type Client struct {
	conn io.ReadWriteCloser

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	broken  error
}

// Dial starts a client on a stream to a Serve. Closing the client closes the stream.
func Dial(conn io.ReadWriteCloser) *Client {
	c := &Client{conn: conn, waiting: map[int]chan answer{}}
	go c.receive()
	return c
}

// Apply implements Wirer. When ctx ends first the operation may still take place.
func (c *Client) Apply(ctx context.Context, op Op) (Result, error) {
	reply := make(chan answer, 1)
	id, err := c.send(op, reply)
	if err != nil {
		return Result{}, err
	}
	select {
	case a, ok := <-reply:
		if !ok {
			return Result{}, c.Err()
		}
		if a.Error != "" {
			return a.Result, &remoteError{text: a.Error, errno: syscall.Errno(a.Errno), missing: a.Missing}
		}
		return a.Result, nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, id)
		return Result{}, ctx.Err()
	}
}

// Close ends the connection; operations that wait fail.
func (c *Client) Close() error { return c.conn.Close() }

func (c *Client) send(op Op, reply chan answer) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return 0, c.broken
	}
	c.next++
	line, err := json.Marshal(request{ID: c.next, Op: op})
	if err != nil {
		return 0, fmt.Errorf("write a wiring request: %w", err)
	}
	c.waiting[c.next] = reply
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		delete(c.waiting, c.next)
		return 0, fmt.Errorf("send a wiring request: %w", err)
	}
	return c.next, nil
}

func (c *Client) receive() {
	lines := bufio.NewScanner(c.conn)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var a answer
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			continue // noise of the runtime before the program speaks
		}
		c.mu.Lock()
		if reply, ok := c.waiting[a.ID]; ok {
			delete(c.waiting, a.ID)
			reply <- a
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = errors.Join(errors.New("the wiring helper ended"), lines.Err())
	for id, reply := range c.waiting {
		delete(c.waiting, id)
		close(reply)
	}
}

// Err is why nothing more is carried out; nil while the other end is there.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// remoteError is an error of the other end; errors.Is sees the system's reason.
type remoteError struct {
	text    string
	errno   syscall.Errno
	missing *topologies.MissingError
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error {
	var beneath []error
	if e.errno != 0 {
		beneath = append(beneath, e.errno)
	}
	if e.missing != nil {
		beneath = append(beneath, e.missing)
	}
	return beneath
}
