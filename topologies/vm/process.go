package vm

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/topologies/commands"
)

const (
	ttyRows, ttyColumns = 24, 511
	// openTimeout bounds the opening of a session on a connection that stands.
	openTimeout = 20 * time.Second
	// endTimeout bounds the end of a process that was killed.
	endTimeout = 5 * time.Second
)

// command is argv as one line for the shell that the server hands it to. The shell says who
// it is and becomes the program: the server refuses to signal the processes of root.
func (h *host) command(argv []string) string {
	words := []string{"echo $$; exec"}
	if env := h.node.Env; len(env) > 0 {
		words = append(words, "env")
		for _, name := range slices.Sorted(maps.Keys(env)) {
			words = append(words, quote(name+"="+env[name]))
		}
	}
	for _, a := range argv {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}

// session opens a session. A connection that turns out to be gone is made anew once.
func (h *host) session(ctx context.Context) (*ssh.Session, error) {
	var failed error
	for range 2 {
		conn, err := h.node.client(ctx)
		if err != nil {
			return nil, err
		}
		s, err := within(ctx, conn, openTimeout, conn.NewSession)
		if err == nil || ctx.Err() != nil {
			return s, err
		}
		failed = err
		h.node.hangUp()
	}
	return nil, failed
}

// within bounds what a connection is asked. One that does not answer is closed, which ends
// the call too.
func within[T any](ctx context.Context, conn io.Closer, bound time.Duration, f func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			_ = conn.Close()
		}
	})
	defer stop()
	return f()
}

// status reads how a process ended: the exit status, or 128 and the signal's number as a
// shell has it.
func status(err error) (int, error) {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Signal() != "":
		return 128 + signalNumber(exit.Signal()), nil
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil
	default:
		return 0, err
	}
}

func signalNumber(name string) int {
	return map[string]int{
		"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
	}[name]
}

func (h *host) failed(argv []string, err error) error { return commands.Failed(h.node.Name, argv, err) }
