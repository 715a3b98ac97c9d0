package namespaces

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// newCabling makes the cabling of the lab, whose nodes are known.
func (l *lab) newCabling() (*cabling.Cabling, error) {
	return cabling.New(cabling.Config{Topology: l.topology, Site: l, DropBy: l.options.DropBy, Replug: l.options.Replug, Lab: "a lab of namespaces"})
}

var _ cabling.Part = (*lab)(nil)

// Wirer implements cabling.Part: the supervisor reaches its own nodes alone.
func (l *lab) Wirer() wiring.Wirer { return nil }

// Process implements cabling.Part. Who takes the number cannot hold what it leads to: that it is the
// node's is seen to here, just before.
func (l *lab) Process(name string) int {
	n := l.nodes[name]
	n.mu.Lock()
	life, here := n.held, n.here
	n.mu.Unlock()
	if !n.goesOn(life) {
		return 0
	}
	return here
}

// Machines implements cabling.Part.
func (l *lab) Machines() cabling.Machines { return nil }

// Cable implements cabling.Part.
func (l *lab) Cable(c *cabling.Cabling) { l.cables = c }

// Settle implements cabling.Part.
func (l *lab) Settle(context.Context) error { return nil }

// Network implements cabling.Site: the supervisor wires.
func (l *lab) Network(name string) (wiring.Wirer, int) {
	n := l.nodes[name]
	n.mu.Lock()
	defer n.mu.Unlock()
	return l.client.wires, n.life
}

// Dropper implements cabling.Site. This process may load programs into the kernel where it is
// root; a supervisor never may.
func (l *lab) Dropper(name string) (wiring.Wirer, int) {
	if os.Geteuid() != 0 {
		return l.Network(name)
	}
	n := l.nodes[name]
	n.mu.Lock()
	defer n.mu.Unlock()
	return wiring.Local{Open: l.network}, n.life
}

// Tap implements cabling.Site: the supervisor opens it.
func (l *lab) Tap(ctx context.Context, name string, t capture.Tap) (*os.File, error) {
	if _, err := l.node(name); err != nil {
		return nil, err
	}
	f, err := l.ask(ctx, request{Op: opTap, Node: name, Tap: &t})
	if err != nil {
		return nil, fmt.Errorf("open a tap on %s: %w", name, err)
	}
	return f, nil
}

// Socket implements cabling.Site: the supervisor opens it.
func (l *lab) Socket(ctx context.Context, name string, s traffic.Socket) (*os.File, error) {
	if _, err := l.node(name); err != nil {
		return nil, err
	}
	f, err := l.ask(ctx, request{Op: opSocket, Node: name, Socket: &s})
	if err != nil {
		return nil, fmt.Errorf("open a socket on %s: %w", name, err)
	}
	return f, nil
}

// ask has the supervisor open one file.
func (l *lab) ask(ctx context.Context, req request) (*os.File, error) {
	r, err := l.client.call(ctx, req)
	if err == nil && len(r.files) != 1 {
		closeAll(r.files)
		err = errors.New("no socket came")
	}
	if err != nil {
		return nil, err
	}
	return r.files[0], nil
}

// Traffic implements topologies.Trafficker.
func (l *lab) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	return l.cables.Traffic(ctx, s)
}

// Capture implements topologies.Capturer.
func (l *lab) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	return l.cables.Capture(ctx, s)
}

// socket opens a tap, or a socket for traffic, in the network of a node.
func (s *supervisor) socket(n *node, req request) (*os.File, error) {
	n.mu.Lock()
	l := n.life
	n.mu.Unlock()
	switch {
	case l != nil && req.Tap != nil:
		return wiring.Opener(s.network).OpenTap(l.number, *req.Tap)
	case l != nil && req.Socket != nil:
		return wiring.Opener(s.network).OpenSocket(l.number, *req.Socket)
	default:
		return nil, errors.New("there is nothing to open a socket in")
	}
}

// Inject implements topologies.Faulter.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	return l.cables.Inject(ctx, f)
}

// Clear implements topologies.Cleaner.
func (l *lab) Clear(ctx context.Context, at topologies.Endpoint) error {
	return l.cables.Clear(ctx, at)
}

// restartTimeout bounds a restart; it is not broken off halfway.
const restartTimeout = time.Minute

// RestartNode implements topologies.NodeRestarter.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	if err := l.again(ctx, name, request{Op: opRestart, Node: name}, l.cables.Restart); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	return nil
}

// Resets implements topologies.ResetTeller.
func (p *Provider) Resets(topologies.Topology) bool { return true }

// Reset implements topologies.Resetter: a node that is reset is a new one.
func (l *lab) Reset(ctx context.Context, name string) (topologies.How, string, error) {
	n, err := l.node(name)
	if err != nil {
		return "", "", err
	}
	if err := l.again(ctx, name, request{Op: opNode, Node: name, Spec: &n.spec}, l.cables.Remake); err != nil {
		return "", "", fmt.Errorf("reset node %s: %w", name, err)
	}
	return topologies.ByBoot, madeAnew, nil
}

// madeAnew is how nodes are reset.
const madeAnew = "a node of namespaces is made anew"

// ResetAll implements topologies.AllResetter. Where faults are in force, cables are laid one by one.
func (l *lab) ResetAll(ctx context.Context) (topologies.How, string, error) {
	if l.cables.Faulty() {
		for _, n := range l.order {
			if how, why, err := l.Reset(ctx, n.Name); err != nil {
				return how, why, err
			}
		}
		return topologies.ByBoot, madeAnew, nil
	}
	if err := l.cables.Renew(ctx, restartTimeout, l.makeAll); err != nil {
		return "", "", fmt.Errorf("reset all nodes: %w", err)
	}
	return topologies.ByBoot, madeAnew, nil
}

// again makes a node anew, or starts it anew, as the cabling does with its cables.
func (l *lab) again(
	ctx context.Context, name string, req request, cable func(context.Context, string, time.Duration, func(context.Context) error) error,
) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	return cable(ctx, name, restartTimeout, func(ctx context.Context) error {
		if err := l.make(ctx, n, req); err != nil {
			return err
		}
		l.watch.add(n.space)
		return nil
	})
}

// Changes implements topologies.StateChecker. A node that has ended is NodeState's to tell.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	return l.cables.Changes(ctx, l.Life)
}

// Life implements cabling.Part.
func (l *lab) Life(_ context.Context, name string) (cabling.Life, error) {
	n := l.nodes[name]
	n.mu.Lock()
	defer n.mu.Unlock()
	over, err := ended(n.pidfd)
	return cabling.Life{Gone: over}, err
}
