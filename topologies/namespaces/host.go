package namespaces

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/commands"
)

// killTimeout bounds the end of a command whose stream is closed or whose context has ended.
const killTimeout = 5 * time.Second

// host is a node's shell. What it starts has its input and output from this process without
// anything in between.
type host struct {
	lab  *lab
	node string
}

var (
	_ topologies.Host           = (*host)(nil)
	_ topologies.ProgramsTeller = (*host)(nil)
)

// process is a command that runs.
type process struct {
	host    *host
	pending *pending
	argv    []string
}

// start starts a command; with a terminal, its master is returned.
func (h *host) start(ctx context.Context, argv []string, tty bool, files ...*os.File) (*process, *os.File, error) {
	p, err := h.lab.client.ask(request{Op: opSpawn, Node: h.node, Argv: argv, TTY: tty}, files...)
	if err != nil {
		return nil, nil, h.failed(argv, err)
	}
	started := &process{host: h, pending: p, argv: argv}
	r, err := p.next(ctx)
	if err != nil {
		go started.giveUp(ctx)
		return nil, nil, h.failed(argv, err)
	}
	if !tty {
		return started, nil, nil
	}
	if len(r.files) != 1 {
		closeAll(r.files)
		started.end(ctx)
		return nil, nil, h.failed(argv, errors.New("no terminal came"))
	}
	master, err := polled(r.files[0])
	if err != nil {
		started.end(ctx)
		return nil, nil, h.failed(argv, err)
	}
	return started, master, nil
}

// giveUp ends a command whose start was not waited for.
func (p *process) giveUp(ctx context.Context) {
	defer p.done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	if r, err := p.pending.next(ctx); err == nil {
		closeAll(r.files)
		p.kill(ctx)
	}
}

// polled makes a file one whose Close ends a Read that waits.
func polled(f *os.File) (*os.File, error) {
	defer f.Close() //nolint:errcheck // a copy of it is used
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

func (h *host) failed(argv []string, err error) error { return commands.Failed(h.node, argv, err) }

// wait gives the exit status of a command.
func (p *process) wait(ctx context.Context) (int, error) {
	r, err := p.pending.next(ctx)
	if err != nil {
		return 0, p.host.failed(p.argv, err)
	}
	return r.Exit, nil
}

// kill ends the command and what it started in its group.
func (p *process) kill(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	_, _ = p.host.lab.client.call(ctx, request{Op: opKill, Node: p.host.node, Of: p.pending.id}) // where nobody answers, it has ended
}

// done says that nothing is asked of the command any more.
func (p *process) done() {
	p.pending.done()
	p.host.lab.client.say(request{Op: opForget, Of: p.pending.id})
}

// end ends the command, unless it has, and forgets it.
func (p *process) end(ctx context.Context) {
	defer p.done()
	select {
	case r, ok := <-p.pending.replies:
		if !ok || r.Ended {
			return
		}
	default:
	}
	p.kill(ctx)
}

// Open implements topologies.Host.
func (h *host) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	if tty {
		p, master, err := h.start(ctx, argv, true)
		if err != nil {
			return nil, err
		}
		return &terminal{File: master, closed: sync.OnceFunc(func() { p.end(ctx) })}, nil
	}
	in, toIn, err := os.Pipe()
	if err != nil {
		return nil, h.failed(argv, err)
	}
	fromOut, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(h.failed(argv, err), in.Close(), toIn.Close())
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, errors.Join(h.failed(argv, err), in.Close(), toIn.Close(), fromOut.Close(), out.Close())
	}
	p, _, err := h.start(ctx, argv, false, in, out, null)
	closeAll([]*os.File{in, out, null})
	if err != nil {
		return nil, errors.Join(err, toIn.Close(), fromOut.Close())
	}
	return &stream{in: toIn, out: fromOut, closed: sync.OnceFunc(func() { p.end(ctx) })}, nil
}

// terminal is a command on a terminal.
type terminal struct {
	*os.File
	closed func()
}

// Read ends where the last process has let go of the terminal, which the kernel calls EIO.
func (t *terminal) Read(b []byte) (int, error) {
	n, err := t.File.Read(b)
	if errors.Is(err, unix.EIO) {
		err = io.EOF
	}
	return n, err
}

// Close ends the command.
func (t *terminal) Close() error {
	t.closed()
	return ignoreClosed(t.File.Close())
}

// stream is the input and output of a command as one.
type stream struct {
	in, out *os.File
	closed  func()
}

func (s *stream) Read(b []byte) (int, error)  { return s.out.Read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.in.Write(b) }

// CloseWrite ends the command's standard input.
func (s *stream) CloseWrite() error { return s.in.Close() }

// Close ends the command.
func (s *stream) Close() error {
	s.closed()
	return errors.Join(ignoreClosed(s.in.Close()), ignoreClosed(s.out.Close()))
}

// Exec implements topologies.Host. When ctx ends first the command is ended.
func (h *host) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	pipes := &pipes{}
	defer pipes.close()
	files, err := pipes.open(stdin, stdout, stderr)
	if err != nil {
		return 0, h.failed(argv, err)
	}
	p, _, err := h.start(ctx, argv, false, files...)
	pipes.closeFar()
	if err != nil {
		return 0, err
	}
	copied := pipes.copy(stdin, stdout, stderr)
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		p.kill(ctx)
		pipes.close()
	})
	defer func() {
		if !stop() {
			<-killed // what is forgotten is no longer found
		}
		p.done()
	}()
	err = <-copied
	if ctx.Err() != nil {
		return 0, h.failed(argv, ctx.Err())
	}
	if err != nil {
		p.kill(ctx)
		return 0, h.failed(argv, err)
	}
	return p.wait(ctx)
}

// pipes join a command with this process.
type pipes struct {
	near, far []*os.File
	once      sync.Once
}

// open makes the three files of a command: pipes, or nothing where nobody is at the other end. Who
// takes both outputs gets them through one, in the order in which they were written, as os/exec
// has it: two would write there at once.
func (p *pipes) open(stdin io.Reader, stdout, stderr io.Writer) ([]*os.File, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	p.far = append(p.far, null)
	files := []*os.File{null, null, null}
	p.near = make([]*os.File, len(files))
	both := stdout != nil && same(stdout, stderr)
	for i, wanted := range []bool{stdin != nil, stdout != nil, stderr != nil && !both} {
		if !wanted {
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			r, w = w, r
		}
		p.far = append(p.far, r)
		files[i], p.near[i] = r, w
	}
	if both {
		files[2] = files[1]
	}
	return files, nil
}

// same reports whether two writers are one; those that cannot be compared are two.
func same(a, b io.Writer) (one bool) {
	defer func() { _ = recover() }() // of values that cannot be compared
	return a == b
}

// copy moves what there is to move, and tells when the output has ended.
func (p *pipes) copy(stdin io.Reader, stdout, stderr io.Writer) <-chan error {
	if in := p.near[0]; in != nil {
		go func() {
			_, _ = io.Copy(in, stdin) // a command need not read all of its input
			_ = in.Close()
		}()
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, out := range []io.Writer{stdout, stderr} {
		if from := p.near[i+1]; from != nil {
			wg.Go(func() { _, errs[i] = io.Copy(out, from) })
		}
	}
	done := make(chan error, 1)
	go func() {
		wg.Wait()
		done <- errors.Join(errs...)
	}()
	return done
}

func (p *pipes) closeFar() {
	closeAll(p.far)
}

// close ends what is still moved.
func (p *pipes) close() {
	p.once.Do(func() {
		for _, f := range append(p.near, p.far...) {
			if f != nil {
				_ = f.Close() // what of it is closed is closed
			}
		}
	})
}

// WriteFile implements topologies.Host. It makes the folders that lead to the file.
func (h *host) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	r, err := h.lab.client.call(ctx, request{Op: opCreate, Node: h.node, Path: path, Mode: uint32(mode.Perm())})
	if err == nil && len(r.files) != 1 {
		err = errors.New("no file came")
	}
	if err == nil {
		_, err = r.files[0].Write(data)
	}
	for _, f := range r.files {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("write %s on %s: %w", path, h.node, err)
	}
	return nil
}

// ReadFile implements topologies.Host.
func (h *host) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	r, err := h.lab.client.call(ctx, request{Op: opOpen, Node: h.node, Path: path})
	if err == nil && len(r.files) != 1 {
		closeAll(r.files)
		err = errors.New("no file came")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s on %s: %w", path, h.node, err)
	}
	return r.files[0], nil
}
