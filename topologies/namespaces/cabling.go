package namespaces

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// newCabling makes the cabling of the lab, whose nodes are known.
func (l *lab) newCabling() (*cabling.Cabling, error) {
	return cabling.New(cabling.Config{Topology: l.topology, Site: l, DropBy: l.options.DropBy, Lab: "a lab of namespaces"})
}

var _ cabling.Part = (*lab)(nil)

// Wirer implements cabling.Part: the supervisor reaches its own nodes alone.
func (l *lab) Wirer() wiring.Wirer { return nil }

// Process implements cabling.Part.
func (l *lab) Process(name string) int {
	n := l.nodes[name]
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.here
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
	return l.client.wires, n.pid
}

// Dropper implements cabling.Site. This process may load programs into the kernel where it is
// root; a supervisor never may.
func (l *lab) Dropper(name string) (wiring.Wirer, int) {
	if os.Geteuid() != 0 {
		return l.Network(name)
	}
	return wiring.Local{}, l.Process(name)
}

// Inject implements topologies.Faulter.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	return l.cables.Inject(ctx, f)
}

// restartTimeout bounds a restart; it is not broken off halfway.
const restartTimeout = time.Minute

// RestartNode implements topologies.NodeRestarter.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	if err := l.again(ctx, name, request{Op: opRestart, Node: name}); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	return nil
}

// Reset implements topologies.Resetter: a node that is reset is a new one.
func (l *lab) Reset(ctx context.Context, name string) (topologies.How, string, error) {
	n, err := l.node(name)
	if err != nil {
		return "", "", err
	}
	if err := l.again(ctx, name, request{Op: opNode, Node: name, Spec: &n.spec}); err != nil {
		return "", "", fmt.Errorf("reset node %s: %w", name, err)
	}
	return topologies.ByBoot, "a node of namespaces is made anew", nil
}

// again makes a node anew, or starts it anew.
func (l *lab) again(ctx context.Context, name string, req request) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	return l.cables.Restart(ctx, name, restartTimeout, func(ctx context.Context) error {
		if err := l.make(ctx, n, req); err != nil {
			return err
		}
		l.watch.add(n.lives[len(n.lives)-1])
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
