package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/scenarios"
)

// hangMargin is by how much a command outlives the time after which it hangs.
const hangMargin = 10 * time.Second

// silence keeps which of a node's channels gave no answer last, and to what. Nobody asks
// such a one again for evidence: every further command would wait as long.
type silence struct {
	mu   sync.Mutex
	last map[scenarios.Channel]string
}

// asked takes in how a command fared. One that was answered ends a silence.
func (s *silence) asked(by scenarios.Channel, command string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, drivers.ErrTimeout):
		if s.last == nil {
			s.last = map[scenarios.Channel]string{}
		}
		if s.last[by] == "" {
			s.last[by] = command
		}
	case err == nil:
		delete(s.last, by)
	}
}

// forget begins anew, with a trial or a session.
func (s *silence) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.last)
}

// since names the command that a channel has been silent since; empty when it answers.
func (s *silence) since(by scenarios.Channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[by]
}

// run asks a node's command line, and notes whether it answered.
func (n *labNode) run(ctx context.Context, line string, timeout time.Duration) (drivers.Exchange, error) {
	n.runTurn.RLock()
	defer n.runTurn.RUnlock()
	x, err := n.driver.Run(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(scenarios.CommandLine, line, err)
	return x, err
}

// shell asks the shell beneath a node's command line, and notes whether it answered.
func (n *labNode) shell(ctx context.Context, line string, timeout time.Duration) (drivers.Exchange, error) {
	sh, ok := drivers.As[drivers.Sheller](n.driver)
	if !ok {
		return drivers.Exchange{}, fmt.Errorf("%s (%s): shell: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	n.shellTurn.RLock()
	defer n.shellTurn.RUnlock()
	x, err := sh.Shell(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(scenarios.Shell, line, err)
	return x, err
}

// hangs asks whether a command is answered within a time, and reports whether it was not. A
// session takes one command at a time, and waiting for one's turn is no hang: the others are
// let finish first, and kept away meanwhile.
func (n *labNode) hangs(ctx context.Context, by scenarios.Channel, line string, limit time.Duration) (drivers.Exchange, bool, error) {
	turn, ask := &n.runTurn, n.driver.Run
	if by == scenarios.Shell {
		sh, ok := drivers.As[drivers.Sheller](n.driver)
		if !ok {
			return drivers.Exchange{}, false, fmt.Errorf("%s (%s): shell: %w", n.Name, n.Platform, drivers.ErrUnsupported)
		}
		turn, ask = &n.shellTurn, sh.Shell
	}
	turn.Lock()
	defer turn.Unlock()
	begin := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, limit, drivers.ErrTimeout)
	defer cancel()
	// The command's own bound is later: some tools are told to give up a little before it.
	x, err := ask(limited, drivers.Command{Line: line, Timeout: limit + hangMargin})
	n.silence.asked(by, line, err)
	hung := errors.Is(err, drivers.ErrTimeout) && ctx.Err() == nil && time.Since(begin) >= limit
	return x, hung, err
}

// ask sends a command and fills in its answer. A refusal is no answer, where the platform has no exit status
// to tell one by; where it has, the judge decides by that.
func (q question) ask(ctx context.Context, by scenarios.Channel, line string) error {
	n, o, hangs := q.node, q.seen, time.Duration(q.check.Cond.Hangs)
	var x drivers.Exchange
	var err error
	switch {
	case hangs > 0:
		x, o.Hung, err = n.hangs(ctx, by, line, hangs)
	case by == scenarios.Shell:
		x, err = n.shell(ctx, line, q.timeout)
	default:
		x, err = n.run(ctx, line, q.timeout)
	}
	o.Text, o.Exit, o.Truncated, o.Answered = x.Output, x.Exit, x.Truncated, x.Took
	if err != nil {
		o.Exit = drivers.NoExit
		return err
	}
	if r, ok := drivers.As[drivers.Refuser](n.driver); ok && hangs == 0 {
		o.Refusal = r.Refusal(line, by == scenarios.Shell, x.Output)
	}
	if x.Rejected != "" && !tells(x) && hangs == 0 {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return nil
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
