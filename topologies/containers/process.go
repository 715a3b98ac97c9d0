package containers

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies/commands"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

const (
	ttyRows, ttyColumns = 24, 511
	// killTimeout bounds the end of a process whose stream is closed or whose context
	// has ended.
	killTimeout = 5 * time.Second
	pollEvery   = 5 * time.Millisecond
)

// process is a command that runs in a node.
type process struct {
	host *host
	exec string // the engine's id
	conn client.HijackedResponse
}

// spawn starts a command in the node. ctx covers only the start.
func (h *host) spawn(ctx context.Context, argv []string, tty, stdin bool) (*process, error) {
	size := client.ConsoleSize{}
	if tty {
		size = client.ConsoleSize{Height: ttyRows, Width: ttyColumns}
	}
	created, err := h.lab.engine.ExecCreate(ctx, h.node.id, client.ExecCreateOptions{
		User: "0", TTY: tty, ConsoleSize: size,
		AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Cmd: argv,
	})
	if err != nil {
		return nil, h.failed(argv, err)
	}
	attached, err := h.lab.engine.ExecAttach(ctx, created.ID, client.ExecAttachOptions{TTY: tty, ConsoleSize: size})
	if err != nil {
		return nil, h.failed(argv, err)
	}
	p := &process{host: h, exec: created.ID, conn: attached.HijackedResponse}
	if tty { // an engine before API 1.42 takes no size at the start
		if _, err := h.lab.engine.ExecResize(ctx, p.exec, client.ExecResizeOptions{Height: ttyRows, Width: ttyColumns}); err != nil && ctx.Err() != nil {
			p.kill(ctx)
			return nil, h.failed(argv, ctx.Err())
		}
	}
	return p, nil
}

func (h *host) failed(argv []string, err error) error { return commands.Failed(h.node.Name, argv, err) }

// poll asks for the process's state until ok says that it is the one waited for.
func (p *process) poll(ctx context.Context, ok func(client.ExecInspectResult) bool) (client.ExecInspectResult, error) {
	var tick *time.Ticker
	for {
		i, err := p.host.lab.engine.ExecInspect(ctx, p.exec, client.ExecInspectOptions{})
		if err != nil || ok(i) {
			return i, err
		}
		if tick == nil {
			tick = time.NewTicker(pollEvery)
			defer tick.Stop()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return i, ctx.Err()
		}
	}
}

// wait gives the exit status of a process whose output has ended.
func (p *process) wait(ctx context.Context) (int, error) {
	i, err := p.poll(ctx, func(i client.ExecInspectResult) bool { return !i.Running })
	if err != nil {
		return 0, fmt.Errorf("learn how a command on %s ended: %w", p.host.node.Name, err)
	}
	return i.ExitCode, nil
}

// kill ends the process and what it started in its group. The engine does not when
// its stream is closed.
func (p *process) kill(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	defer p.conn.Close()
	i, err := p.poll(ctx, func(i client.ExecInspectResult) bool { return i.PID != 0 || i.ExitCode != 0 })
	if err != nil || !i.Running {
		return // it never started, or the node is gone and the process with it
	}
	_, _ = p.host.lab.wirer.Apply(ctx, wiring.Op{Kind: wiring.Kill, A: wiring.Port{PID: i.PID}})
}

// stream is the input and output of a process as one.
type stream struct {
	process *process
	out     io.Reader
	closed  func()
}

func (s *stream) Read(b []byte) (int, error)  { return s.out.Read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.process.conn.Conn.Write(b) }

// CloseWrite ends the process's standard input.
func (s *stream) CloseWrite() error { return s.process.conn.CloseWrite() }

// Close ends the process.
func (s *stream) Close() error {
	s.closed()
	return nil
}
