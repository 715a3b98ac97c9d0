package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// checkTimeout bounds one look at whether the lab still stands.
const checkTimeout = 15 * time.Second

// labState looks whether a lab still stands.
type labState struct {
	lab *Lab
	rec *recorder
}

// check tells a lab that broke from a switch that failed, and whether the lab stands: a
// node that no longer runs, and whatever of the lab changed by itself, is the lab's fault. A
// trial that was cancelled goes no further; Collect looks once more.
func (s labState) check(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	running := s.nodes(ctx)
	return s.unchanged(ctx) && running
}

func (s labState) nodes(ctx context.Context) bool {
	w, ok := topologies.As[topologies.NodeWatcher](s.lab.res)
	if !ok {
		return true
	}
	stands := true
	for _, n := range s.lab.nodes {
		state, err := w.NodeState(ctx, n.Name)
		switch {
		case err != nil:
			s.broke(n.Name, err.Error())
		case !state.Running:
			detail := fmt.Sprintf("node %s ended with status %d", n.Name, state.Exit)
			if state.OOM {
				detail += " because memory ran out"
			}
			if state.Detail != "" {
				detail += ": " + state.Detail
			}
			s.broke(n.Name, detail)
		case state.Limit != "":
			s.broke(n.Name, "node "+n.Name+": "+state.Limit)
		default:
			continue
		}
		stands = false
	}
	return stands
}

// unchanged looks whether what the lab has built is still there.
func (s labState) unchanged(ctx context.Context) bool {
	c, ok := topologies.As[topologies.StateChecker](s.lab.res)
	if !ok {
		return true
	}
	changes, err := c.Changes(ctx)
	if err != nil {
		s.broke("", err.Error())
		return false
	}
	stands := true
	for _, change := range changes {
		if s.lab.meant(change) {
			continue
		}
		stands = false
		lane := ""
		if len(change.Ends) > 0 {
			lane = change.Ends[0].Node
		}
		s.broke(lane, change.What)
	}
	return stands
}

func (s labState) broke(node, detail string) {
	s.rec.event(evidence.Event{Kind: evidence.EventLab, Lane: node, Outcome: evidence.Failed, Detail: detail})
}

// undone tells whether the fault that holds a port down does so, and breaks the lab where it does not.
func (s labState) undone(ctx context.Context, at topologies.Endpoint) {
	c, ok := topologies.As[topologies.StateChecker](s.lab.res)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	changes, err := c.Changes(ctx)
	if err != nil {
		return // the end of the phase asks again
	}
	for _, change := range changes {
		if change.Undoes && slices.Contains(change.Ends, at) && !s.lab.meant(change) {
			s.broke(at.Node, change.What)
		}
	}
}

// meant reports whether the scenario itself may have brought a change about: whether a command
// that it gives a node at one of the ends names the interface and the deed. Nobody can be
// asked who did it, so that anything else is taken to have come from outside. Who takes a fault back by a command
// does so after it: before, the fault was never what the scenario says.
func (l *Lab) meant(c topologies.Change) bool {
	return slices.ContainsFunc(c.Ends, func(e topologies.Endpoint) bool {
		commands := l.plan.CommandsFor(e.Node)
		if c.Undoes {
			commands = l.afterFault(e)
		}
		return slices.ContainsFunc(commands, func(command string) bool {
			words := strings.FieldsFunc(command, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.@+", r)
			})
			return slices.Contains(words, e.Interface) && slices.ContainsFunc(c.Deeds, func(deed string) bool {
				return !slices.ContainsFunc(strings.Fields(deed), func(w string) bool { return !slices.Contains(words, w) })
			})
		})
	})
}

// afterFault are the lines that a node carries out in steps behind the first fault on a port of its, or on the other end of its cable.
func (l *Lab) afterFault(e topologies.Endpoint) (lines []string) {
	link, _ := l.plan.Topology.Link(e.Node, e.Interface)
	behind := false
	for _, s := range plan.Each(l.plan.Stimulus, l.plan.Workaround) {
		switch at := s.Step.Link; {
		case s.LeftOut:
		case at != "" && (at == e.String() || at == link.A.String() || at == link.B.String()):
			behind = true
		case behind && s.Step.Node == e.Node:
			lines = append(lines, s.Action().Effect().Lines...)
		}
	}
	return lines
}
