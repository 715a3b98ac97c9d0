package vm

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/commands"
)

// host is a guest's shell, over ssh. Everything runs as root.
type host struct{ node *node }

var _ topologies.Host = (*host)(nil)

// Open implements topologies.Host.
func (h *host) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	pr, pw := io.Pipe()
	p, err := h.spawn(ctx, argv, tty, true, pw, nil)
	if err != nil {
		return nil, err
	}
	go func() {
		<-p.ended
		_ = pw.Close() // never fails
	}()
	return &stream{Reader: pr, process: p, closed: sync.OnceFunc(func() { p.kill(ctx) })}, nil
}

// Exec implements topologies.Host. When ctx ends first the process is ended.
func (h *host) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	p, err := h.spawn(ctx, argv, false, stdin != nil, stdout, stderr)
	if err != nil {
		return 0, err
	}
	if stdin != nil {
		go func() {
			_, _ = io.Copy(p.in, stdin) // a process need not read all of its input
			_ = p.in.Close()
		}()
	}
	exit, err := p.wait(ctx)
	if err != nil {
		p.kill(ctx)
		return 0, h.failed(argv, err)
	}
	return exit, nil
}

// WriteFile implements topologies.Host. It makes the folders that lead to the file.
func (h *host) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	return commands.WriteFile(ctx, h, h.node.Name, path, data, mode)
}

// ReadFile implements topologies.Host. The content is streamed.
func (h *host) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	return commands.ReadFile(ctx, h, h.node.Name, path)
}

// must runs a command that has to succeed.
func (h *host) must(ctx context.Context, argv ...string) error {
	said := bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, argv, nil, nil, said)
	if err == nil && exit != 0 {
		err = h.failed(argv, errors.New(said.Trimmed()))
	}
	return err
}
