package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/moby/api/pkg/stdcopy"

	"github.com/reprise-lab/reprise/topologies"
)

// host is a node's shell, by the engine's exec. Everything runs as the container's root.
type host struct {
	lab  *lab
	node *node
}

var _ topologies.Host = (*host)(nil)

// Open implements topologies.Host.
func (h *host) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	p, err := h.spawn(ctx, argv, tty, true)
	if err != nil {
		return nil, err
	}
	s := &stream{process: p, out: p.conn.Reader, closed: sync.OnceFunc(func() { p.kill(ctx) })}
	if !tty {
		pr, pw := io.Pipe()
		go func() {
			_, err := stdcopy.StdCopy(pw, io.Discard, p.conn.Reader)
			_ = pw.CloseWithError(err) // never fails; nil means the end
		}()
		s.out = pr
		s.closed = sync.OnceFunc(func() { p.kill(ctx); _ = pr.Close() })
	}
	return s, nil
}

// Exec implements topologies.Host. When ctx ends first the process is ended.
func (h *host) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	p, err := h.spawn(ctx, argv, false, stdin != nil)
	if err != nil {
		return 0, err
	}
	defer p.conn.Close()
	if stdin != nil {
		go func() {
			_, _ = io.Copy(p.conn.Conn, stdin) // a process need not read all of its input
			_ = p.conn.CloseWrite()
		}()
	}
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = io.Discard
	}
	copied := make(chan error, 1)
	go func() {
		_, err := stdcopy.StdCopy(stdout, stderr, p.conn.Reader)
		copied <- err
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		p.kill(ctx)
		<-copied //nolint:errcheck // of no use once the process is killed; the writers are the caller's again
		return 0, h.failed(argv, ctx.Err())
	}
	if err != nil {
		return 0, h.failed(argv, err)
	}
	return p.wait(ctx)
}

// writeScript writes its input to a file. One that exists keeps its owner.
const writeScript = `set -e
case $1 in */*) mkdir -p -- "${1%/*}/" ;; esac
cat > "$1"
chmod "$2" "$1"`

// WriteFile implements topologies.Host. It makes the folders that lead to the file. The
// engine's own copying is of no use: it does not see what is mounted, such as /run.
func (h *host) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	var stderr bytes.Buffer
	argv := []string{"sh", "-c", writeScript, "sh", path, strconv.FormatUint(uint64(mode.Perm()), 8)}
	exit, err := h.Exec(ctx, argv, bytes.NewReader(data), &stderr, &stderr)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s", exit, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		return fmt.Errorf("write %s on %s: %w", path, h.node.Name, err)
	}
	return nil
}

// readScript writes one byte when the file can be read, and then its content.
const (
	readScript = `[ -e "$1" ] || exit 44
exec 3<"$1" || exit 45
printf +
exec cat <&3`
	readAbsent = 44
)

// ReadFile implements topologies.Host. The content is streamed.
func (h *host) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	p, err := h.spawn(ctx, []string{"sh", "-c", readScript, "sh", path}, false, false)
	if err != nil {
		return nil, err
	}
	pr, pw := io.Pipe()
	var stderr bytes.Buffer
	go func() {
		_, err := stdcopy.StdCopy(pw, &stderr, p.conn.Reader)
		_ = pw.CloseWithError(err) // never fails; nil means the end
	}()
	stop := context.AfterFunc(ctx, func() { p.kill(ctx) })
	f := &file{Reader: pr, process: p, ctx: ctx, closed: sync.OnceFunc(func() {
		if stop() {
			p.kill(ctx)
		}
		_ = pr.Close()
	})}
	var mark [1]byte
	if _, err := io.ReadFull(pr, mark[:]); err == nil {
		return f, nil
	} else if !errors.Is(err, io.EOF) {
		f.closed()
		return nil, fmt.Errorf("read %s on %s: %w", path, h.node.Name, errors.Join(err, ctx.Err()))
	}
	exit, err := p.wait(ctx)
	f.closed()
	switch {
	case err != nil:
		return nil, err
	case exit == readAbsent:
		return nil, fmt.Errorf("read %s on %s: %w", path, h.node.Name, fs.ErrNotExist)
	default:
		return nil, fmt.Errorf("read %s on %s: exit status %d: %s", path, h.node.Name, exit, strings.TrimSpace(stderr.String()))
	}
}

// file is the content of a file of a node. Its end is an error when reading broke off.
type file struct {
	io.Reader
	process *process
	ctx     context.Context //nolint:containedctx // of the call that opened it, as the contract has it
	closed  func()
}

func (f *file) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if exit, waitErr := f.process.wait(f.ctx); waitErr != nil {
		return n, waitErr
	} else if exit != 0 {
		return n, fmt.Errorf("read a file on %s: exit status %d", f.process.host.node.Name, exit)
	}
	return n, io.EOF
}

func (f *file) Close() error {
	f.closed()
	return nil
}
