package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// Bounds of recording states: what they take is part of what a plan says a trial takes.
const (
	stateTimeout   = 5 * time.Second  // one command of a virtual switch
	stateBudget    = 20 * time.Second // all commands of one
	deviceBudget   = 90 * time.Second // all commands of a real device, or of a machine
	cutStateBudget = 5 * time.Second  // of any, when somebody waits for the end
	hangMargin     = 10 * time.Second // by which a command outlives the time after which it hangs
)

// channel is a way to ask a node: its command line, and the shell beneath it.
type channel string

const (
	byRun   channel = "run"
	byShell channel = "shell"
)

// silence keeps which of a node's channels gave no answer last, and to what. Nobody asks
// such a one again for evidence: every further command would wait as long.
type silence struct {
	mu   sync.Mutex
	last map[channel]string
}

// asked takes in how a command fared. One that was answered ends a silence.
func (s *silence) asked(by channel, command string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, drivers.ErrTimeout):
		if s.last == nil {
			s.last = map[channel]string{}
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
func (s *silence) since(by channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[by]
}

// captureStates records the answers of each platform's state commands, and of the
// scenario's own after the symptom: the kernel's state first, by the shell, for that is
// there when the switch itself hangs.
func (t *Trial) captureStates(ctx context.Context, when string) {
	if t.lab.env.Lean {
		return
	}
	cut := ctx.Err() != nil || t.wasCut()
	t.eachNode(func(n *labNode) {
		commands := t.stateCommands(n)
		timeout, budget := lookTimeout, deviceBudget
		if n.target.Access == nil {
			timeout, budget = stateTimeout, stateBudget
		}
		if cut {
			timeout, budget = min(timeout, cutStateBudget), cutStateBudget
		}
		begin := t.now()
		failed := 0
		for i, command := range commands {
			left := budget - (t.now() - begin)
			if !t.captureState(ctx, n, stateAt{when, i + 1, command}, min(timeout, left)) {
				failed++
			}
		}
		detail := fmt.Sprintf("%d commands, %d without an answer", len(commands), failed)
		t.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "state " + when, Detail: detail}, begin, nil)
	})
}

// stateCommands lists what is recorded of a node: the shell's first, each once.
func (t *Trial) stateCommands(n *labNode) []string {
	var commands []string
	if src, ok := drivers.As[drivers.EvidenceSource](n.driver); ok {
		commands = append(commands, src.EvidenceCommands()...)
	}
	if src, ok := drivers.As[drivers.ClassedEvidence](n.driver); ok {
		for _, class := range t.plan.Loaded.Scenario.Evidence.Classes[n.Name] {
			for _, c := range src.EvidenceFor(class) {
				if !slices.Contains(commands, c) {
					commands = append(commands, c)
				}
			}
		}
	}
	commands = append(commands, t.plan.Loaded.Scenario.Evidence.Commands[n.Name]...)
	slices.SortStableFunc(commands, func(a, b string) int {
		switch isA, isB := strings.HasPrefix(a, "!"), strings.HasPrefix(b, "!"); {
		case isA == isB:
			return 0
		case isA:
			return -1
		default:
			return 1
		}
	})
	return commands
}

// stateAt is one file of states/: when, its place among the commands, and the command.
type stateAt struct {
	when    string
	number  int
	command string
}

// captureState asks one command. A channel that has just been silent, or a node whose time
// is over, is not asked; the record says so in its place.
func (t *Trial) captureState(ctx context.Context, n *labNode, at stateAt, timeout time.Duration) bool {
	command, err := t.lab.place(n, at.command)
	line, shell := strings.CutPrefix(command, "!")
	by := byRun
	if shell {
		by = byShell
	}
	var x drivers.Exchange
	switch silent := n.silence.since(by); {
	case err != nil:
	case silent != "":
		err = fmt.Errorf("not asked: %s gave no answer to %q", n.Name, evidence.Bounded(silent, 80))
	case timeout <= 0:
		err = fmt.Errorf("not asked: the time for the states of %s is over", n.Name)
	case shell:
		x, err = t.shell(ctx, n, line, timeout)
	default:
		x, err = t.run(ctx, n, line, timeout)
	}
	state := evidence.State{Command: command, Output: t.redact.Text(x.Output), Truncated: x.Truncated, Rejected: x.Rejected}
	if norm, ok := drivers.As[drivers.Normaliser](n.driver); ok {
		if same := norm.Normalise(command, state.Output); same != state.Output {
			state.Comparable = same
		}
	}
	if err != nil {
		state.Error = err.Error()
		t.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: command, Outcome: evidence.Failed, Detail: err.Error()})
	}
	t.fail(evidence.WriteJSON(t.dir.File("states", at.when, n.Name, fmt.Sprintf("%02d-%s.json", at.number, flat(command))), state))
	return err == nil
}

// run asks a node's command line, and notes whether it answered.
func (t *Trial) run(ctx context.Context, n *labNode, line string, timeout time.Duration) (drivers.Exchange, error) {
	n.runTurn.RLock()
	defer n.runTurn.RUnlock()
	x, err := n.driver.Run(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(byRun, line, err)
	return x, err
}

// shell asks the shell beneath a node's command line, and notes whether it answered.
func (t *Trial) shell(ctx context.Context, n *labNode, line string, timeout time.Duration) (drivers.Exchange, error) {
	sh, ok := drivers.As[drivers.Sheller](n.driver)
	if !ok {
		return drivers.Exchange{}, fmt.Errorf("%s (%s): shell: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	n.shellTurn.RLock()
	defer n.shellTurn.RUnlock()
	x, err := sh.Shell(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(byShell, line, err)
	return x, err
}

// hangs asks whether a command is answered within a time, and reports whether it was not. A
// session takes one command at a time, and waiting for one's turn is no hang: the others are
// let finish first, and kept away meanwhile.
func (t *Trial) hangs(ctx context.Context, n *labNode, by channel, line string, limit time.Duration) (drivers.Exchange, bool, error) {
	turn, ask := &n.runTurn, n.driver.Run
	if by == byShell {
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
