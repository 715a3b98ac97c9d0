package vm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// resetTimeout bounds going back to the state, before the machine is booted instead.
const resetTimeout = 2 * time.Minute

// Resets implements topologies.ResetTeller.
func (p *Provider) Resets(topologies.Topology) bool { return true }

// Reset implements topologies.Resetter.
func (l *lab) Reset(ctx context.Context, name string) (how topologies.How, why string, err error) {
	n, err := l.node(name)
	if err != nil {
		return "", "", err
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	failed := n.rewind(ctx)
	if failed == nil {
		return topologies.BySnapshot, "", l.restoreLinks(ctx, n)
	}
	if ctx.Err() != nil {
		return "", "", ctx.Err()
	}
	if err := n.off(ctx); err != nil {
		return "", "", err
	}
	if err := n.boot(ctx); err != nil {
		return "", "", fmt.Errorf("boot %s anew: %w", name, err)
	}
	return topologies.ByBoot, failed.Error(), l.restoreLinks(ctx, n)
}

// rewind continues from the snapshot in place.
func (n *node) rewind(ctx context.Context) error {
	if !n.own() {
		return errors.New("a vendor's machine has none")
	}
	if n.lab.provider.options.Cold {
		return errors.New("it was booted, and has none")
	}
	m, c := n.current()
	if m == nil || c == nil {
		return errors.New("the machine is off")
	}
	ctx, cancel := context.WithTimeout(ctx, resetTimeout)
	defer cancel()
	n.hangUp()
	n.deaths.forget()
	if err := m.monitor(ctx, "loadvm "+snapshot); err != nil {
		return err
	}
	c.drain()
	return n.enter(ctx, resumeTimeout, false)
}

// RestartNode implements topologies.NodeRestarter: every process ends, the files stay, and
// the interfaces come back as they were at first.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	if err := n.cycle(ctx); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	return l.restoreLinks(ctx, n)
}

// cycle cuts the power for a moment.
func (n *node) cycle(ctx context.Context) error {
	m, c := n.current()
	if m == nil {
		return errors.New("the machine is off")
	}
	if n.own() {
		// What a switch has acknowledged as saved is on its disk; a guest's cache is not.
		bounded, cancel := context.WithTimeout(ctx, syncTimeout)
		_ = (&host{node: n}).must(bounded, "sync") // a guest that hangs is restarted all the same
		cancel()
		n.deaths.pause(ctx, &host{node: n})
		n.hangUp()
		c.drain()
	}
	if err := m.qmp.Do(ctx, "system_reset", nil, nil); err != nil {
		return err
	}
	if !n.own() {
		return nil
	}
	return n.enter(ctx, bootTimeout, true)
}
