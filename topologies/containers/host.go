package containers

import (
	"context"
	"io"
	"io/fs"
	"sync"

	"github.com/moby/moby/api/pkg/stdcopy"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/commands"
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

// WriteFile implements topologies.Host. It makes the folders that lead to the file. The
// engine's own copying is of no use: it does not see what is mounted, such as /run.
func (h *host) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	return commands.WriteFile(ctx, h, h.node.Name, path, data, mode)
}

// ReadFile implements topologies.Host. The content is streamed.
func (h *host) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	return commands.ReadFile(ctx, h, h.node.Name, path)
}
