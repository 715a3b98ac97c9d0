package namespaces

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/userns"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// client is the owner's end of a supervisor, or that of who came through its door.
type client struct {
	cmd     *exec.Cmd // nil: of who came through the door
	said    *bounded.Last
	control *net.UnixConn
	wires   *wiring.Client
	ended   chan struct{} // closed when the supervisor, and everything in it, has; or, through the door, when nobody answers
	happen  func(answer)  // hears of what happens by itself, and of commands that ended

	voice sync.Mutex

	mu      sync.Mutex
	next    int
	waiting map[int]chan reply
	broken  error
}

type reply struct {
	answer
	files []*os.File
}

// launch starts the supervisor of a lab. It holds the note of b.Files, if it has any, and of a lab that is kept the door.
func launch(m userns.Mapping, b boot, label string, owner int, note, door *os.File, happen func(answer)) (c *client, err error) {
	data, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("start the lab's supervisor: %w", err)
	}
	held, err := openOwner(owner)
	if err != nil {
		return nil, err
	}
	defer held.Close() //nolint:errcheck // the supervisor has its own
	near, far, err := socketPair(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	defer far.Close() //nolint:errcheck // the supervisor has its own
	wires, farWires, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, errors.Join(err, near.Close())
	}
	defer farWires.Close() //nolint:errcheck // the supervisor has its own
	text, err := memory(data)
	if err != nil {
		return nil, errors.Join(err, near.Close(), wires.Close())
	}
	defer text.Close() //nolint:errcheck // the supervisor has its own
	c = &client{said: bounded.NewLast(keepWords), ended: make(chan struct{}), happen: happen, waiting: map[int]chan reply{}, wires: wiring.Dial(wires)}
	if c.control, err = unixConn(near); err != nil {
		return nil, errors.Join(err, c.wires.Close())
	}
	c.cmd = exec.Command("/proc/self/exe", Verb, label) //nolint:gosec,noctx // this program itself; it ends with the lab
	c.cmd.Args[0] = os.Args[0]                          // the name it was called by, as for every process of this program
	c.cmd.Env, c.cmd.Stderr, c.cmd.Dir = []string{}, c.said, "/"
	c.cmd.ExtraFiles = []*os.File{text, far, farWires, held}
	if b.Files != "" {
		c.cmd.ExtraFiles = append(c.cmd.ExtraFiles, note)
	}
	if b.Keep {
		c.cmd.ExtraFiles = append(c.cmd.ExtraFiles, door)
	}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP,
	}
	if b.Keep {
		c.cmd.Stderr = nil // a pipe would end with this process
	}
	if err := m.Start(c.cmd); err != nil {
		return nil, errors.Join(fmt.Errorf("start the lab's supervisor: %w", err), c.control.Close(), c.wires.Close())
	}
	go c.listen()
	go func() {
		_ = c.cmd.Wait() // how it ended is told by what it said
		close(c.ended)
	}()
	return c, nil
}

// openOwner opens the process whose death ends the lab.
func openOwner(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("hold the owner, process %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), "owner"), nil
}

// memory makes a file in memory, to be read from its beginning.
func memory(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("boot", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "boot")
	if _, err = f.Write(data); err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a file in memory: %w", err), f.Close())
	}
	return f, nil
}

// listen passes answers on until the supervisor is gone.
func (c *client) listen() {
	buffer := make([]byte, maxMessage)
	for {
		var a answer
		files, err := receive(c.control, buffer, &a)
		if err != nil {
			c.fail(err)
			return
		}
		if a.ID == 0 || a.Ended {
			c.happen(a)
		}
		if a.ID == 0 {
			closeAll(files)
			continue
		}
		c.mu.Lock()
		waiting := c.waiting[a.ID]
		c.mu.Unlock()
		if waiting == nil {
			closeAll(files) // who asked has given up
			continue
		}
		waiting <- reply{a, files}
	}
}

// fail tells who waits that nobody will answer.
func (c *client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = fmt.Errorf("the lab's supervisor ended: %w", err)
	for id, waiting := range c.waiting {
		delete(c.waiting, id)
		close(waiting)
	}
}

// failure says why nobody answers.
func (c *client) failure() error {
	c.mu.Lock()
	err := c.broken
	c.mu.Unlock()
	if err == nil {
		return nil
	}
	<-c.ended
	if text := c.said.String(); text != "" {
		return fmt.Errorf("the lab's supervisor ended: %s", text)
	}
	return err
}

// pending is a request that was sent.
type pending struct {
	client  *client
	id      int
	replies chan reply
}

// ask sends a request. The caller ends it with done.
func (c *client) ask(req request, files ...*os.File) (*pending, error) {
	p := &pending{client: c, replies: make(chan reply, 2)}
	c.mu.Lock()
	if c.broken != nil {
		c.mu.Unlock()
		return nil, c.failure()
	}
	c.next++
	p.id, req.ID = c.next, c.next
	c.waiting[p.id] = p.replies
	c.mu.Unlock()
	c.voice.Lock()
	err := send(c.control, req, files...)
	c.voice.Unlock()
	if err != nil {
		p.done()
		if failure := c.failure(); failure != nil {
			return nil, failure
		}
		return nil, fmt.Errorf("ask the lab's supervisor: %w", err)
	}
	return p, nil
}

// next waits for an answer.
func (p *pending) next(ctx context.Context) (reply, error) {
	select {
	case r, ok := <-p.replies:
		if !ok {
			return r, p.client.failure()
		}
		return r, r.err()
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// done says that no answer is waited for any more.
func (p *pending) done() {
	p.client.mu.Lock()
	delete(p.client.waiting, p.id)
	p.client.mu.Unlock()
	for {
		select {
		case r, ok := <-p.replies:
			if !ok {
				return
			}
			closeAll(r.files)
		default:
			return
		}
	}
}

// say tells the supervisor something that is not answered. Where it is gone, there is nobody who
// would have to know.
func (c *client) say(req request) {
	c.voice.Lock()
	defer c.voice.Unlock()
	_ = send(c.control, req)
}

// call sends a request that has one answer.
func (c *client) call(ctx context.Context, req request, files ...*os.File) (reply, error) {
	p, err := c.ask(req, files...)
	if err != nil {
		return reply{}, err
	}
	defer p.done()
	return p.next(ctx)
}

// kill ends the supervisor and everything of the lab, and waits for it. Who came through the door leaves.
func (c *client) kill(ctx context.Context) error {
	if c.cmd == nil {
		return errors.Join(ignoreClosed(c.control.Close()), ignoreClosed(c.wires.Close()))
	}
	_ = c.cmd.Process.Kill() // it may have ended
	select {
	case <-c.ended:
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of the lab's supervisor: %w", ctx.Err())
	}
	return errors.Join(ignoreClosed(c.control.Close()), ignoreClosed(c.wires.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// keepWords bounds what is kept of what the supervisor says on standard error, in bytes.
const keepWords = 4096
