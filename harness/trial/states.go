package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// Bounds of recording states: what they take is part of what a plan says a trial takes.
const (
	stateTimeout   = 5 * time.Second  // one command of a virtual switch
	stateBudget    = 20 * time.Second // all commands of one
	deviceBudget   = 90 * time.Second // all commands of a real device, or of a machine
	cutStateBudget = 5 * time.Second  // of any, when somebody waits for the end
)

// states records the answers of each platform's state commands, and of the
// scenario's own after the symptom: the kernel's state by the shell, for that is there when
// the switch itself hangs, and beside it, or on a device behind it, what the switch says.
func (c *collector) states(ctx context.Context, when string) {
	if c.lab.env.Lean {
		return
	}
	cut := ctx.Err() != nil || c.rec.wasCut()
	c.lab.devices(func(n *labNode) {
		commands := c.stateCommands(n)
		timeout, budget := probeTimeout, deviceBudget
		if n.target.Access == nil {
			timeout, budget = stateTimeout, stateBudget
		}
		if cut {
			timeout, budget = min(timeout, cutStateBudget), cutStateBudget
		}
		begin := c.rec.now()
		var failed atomic.Int32
		ask := func(from, to int) {
			for i, command := range commands[from:to] {
				left := budget - c.rec.clock.Real(c.rec.now()-begin)
				if !c.state(ctx, n, stateAt{when, from + i + 1, command}, min(timeout, left)) {
					failed.Add(1)
				}
			}
		}
		var beside sync.WaitGroup
		shells := 0
		if n.target.Access == nil { // its shell is a session of its own
			shells = max(slices.IndexFunc(commands, func(x string) bool { return !strings.HasPrefix(x, "!") }), 0)
			beside.Go(func() { ask(0, shells) })
		}
		ask(shells, len(commands))
		beside.Wait()
		detail := fmt.Sprintf("%d commands, %d without an answer", len(commands), failed.Load())
		c.rec.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "state " + when, Detail: detail}, begin, nil)
	})
}

// stateCommands lists what is recorded of a node: the shell's first, each once.
func (c *collector) stateCommands(n *labNode) []string {
	var commands []string
	if src, ok := drivers.As[drivers.EvidenceSource](n.driver); ok {
		commands = append(commands, src.EvidenceCommands()...)
	}
	if src, ok := drivers.As[drivers.ClassedEvidence](n.driver); ok {
		for _, class := range c.lab.plan.Loaded.Scenario.Evidence.Classes[n.Name] {
			for _, command := range src.EvidenceFor(class) {
				if !slices.Contains(commands, command) {
					commands = append(commands, command)
				}
			}
		}
	}
	commands = append(commands, c.lab.plan.Loaded.Scenario.Evidence.Commands[n.Name]...)
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

// state asks one command. A channel that has just been silent, or a node whose time
// is over, is not asked; the record says so in its place.
func (c *collector) state(ctx context.Context, n *labNode, at stateAt, timeout time.Duration) bool {
	command, err := c.lab.place(n, at.command)
	line, shell := strings.CutPrefix(command, "!")
	by := scenarios.CommandLine
	if shell {
		by = scenarios.Shell
	}
	var x drivers.Exchange
	switch silent := n.silence.since(by); {
	case err != nil:
	case silent != "":
		err = fmt.Errorf("not asked: %s gave no answer to %q", n.Name, evidence.Bounded(silent, 80))
	case timeout <= 0:
		err = fmt.Errorf("not asked: the time for the states of %s is over", n.Name)
	case shell:
		x, err = n.shell(ctx, line, timeout)
	default:
		x, err = n.run(ctx, line, timeout)
	}
	state := evidence.State{Command: command, Output: c.rec.redact.Text(x.Output), Truncated: x.Truncated, Rejected: x.Rejected}
	if norm, ok := drivers.As[drivers.Normaliser](n.driver); ok {
		if same := norm.Normalise(command, state.Output); same != state.Output {
			state.Comparable = same
		}
	}
	if err != nil {
		state.Error = c.rec.hide(err.Error())
		c.rec.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: command, Outcome: evidence.Failed, Detail: err.Error()})
	}
	c.configs.keep(n, at.when, state)
	c.rec.fail(evidence.WriteJSON(c.rec.dir.File("states", at.when, n.Name, fmt.Sprintf("%02d-%s.json", at.number, flat(command))), state))
	return err == nil
}
