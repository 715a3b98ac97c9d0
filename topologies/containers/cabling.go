package containers

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// newCabling makes the cabling of the lab, whose nodes are known.
func (l *lab) newCabling() (*cabling.Cabling, error) {
	return cabling.New(cabling.Config{Topology: l.topology, Site: l, Machines: l.Machines(), DropBy: l.options.DropBy, Replug: l.options.Replug, Lab: "a lab of containers"})
}

var _ cabling.Part = (*lab)(nil)

// Wirer implements cabling.Part.
func (l *lab) Wirer() wiring.Wirer { return l.wirer }

// Process implements cabling.Part.
func (l *lab) Process(name string) int { return l.nodes[name].process() }

// Machines implements cabling.Part.
func (l *lab) Machines() cabling.Machines { return machines{l} }

// Cable implements cabling.Part.
func (l *lab) Cable(c *cabling.Cabling) { l.cables = c }

// Network implements cabling.Site.
func (l *lab) Network(name string) (wiring.Wirer, int) { return l.wirer, l.nodes[name].process() }

// Dropper implements cabling.Site: who wires has root's rights.
func (l *lab) Dropper(name string) (wiring.Wirer, int) { return l.Network(name) }

// Inject implements topologies.Faulter.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	return l.cables.Inject(ctx, f)
}

// Clear implements topologies.Cleaner.
func (l *lab) Clear(ctx context.Context, at topologies.Endpoint) error {
	return l.cables.Clear(ctx, at)
}

// restartTimeout bounds a restart; it is not broken off halfway.
const restartTimeout = 2 * time.Minute

// RestartNode implements topologies.NodeRestarter.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	err = l.cables.Restart(ctx, name, restartTimeout, func(ctx context.Context) error {
		atOnce := 0
		if _, err := l.engine.ContainerRestart(ctx, n.id, client.ContainerRestartOptions{Timeout: &atOnce}); err != nil {
			return err
		}
		return l.locate(ctx, n)
	})
	if err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	return nil
}

var _ topologies.StateChecker = (*lab)(nil)

// Changes implements topologies.StateChecker: containers, and what the cabling sees. A node whose
// container has ended is NodeState's to tell.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	return l.cables.Changes(ctx, l.Life)
}

// Life implements cabling.Part: it looks at a node's container.
func (l *lab) Life(ctx context.Context, name string) (cabling.Life, error) {
	n := l.nodes[name]
	i, err := l.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) || err == nil && (i.Container.State == nil || !i.Container.State.Running) {
		return cabling.Life{Gone: true}, nil
	}
	if err != nil {
		return cabling.Life{}, err
	}
	life := cabling.Life{Paused: i.Container.State.Paused}
	if life.Paused {
		life.Changes = append(life.Changes, fmt.Sprintf("node %s is paused", name))
	}
	if i.Container.State.Pid != n.process() {
		life.Gone, life.Changes = true, append(life.Changes, fmt.Sprintf("node %s was started anew", name))
	}
	return life, nil
}

// machines are those within the lab's containers.
type machines struct{ lab *lab }

// Within implements cabling.Machines.
func (m machines) Within(node string) bool {
	n := m.lab.nodes[node]
	return n != nil && n.machine != nil
}

// Gate implements cabling.Machines: vrnetlab's launchers call it tapN for ethN.
func (machines) Gate(iface string) string { return "tap" + strings.TrimPrefix(iface, "eth") }

// Carry implements cabling.Machines.
func (m machines) Carry(ctx context.Context, e topologies.Endpoint, up bool) error {
	name, err := netdev(e.Interface)
	if err != nil {
		return err
	}
	state := map[bool]string{true: "on", false: "off"}[up]
	return monitor(ctx, net.JoinHostPort(m.lab.nodes[e.Node].machine.address, machineMonitor), "set_link "+name+" "+state)
}

// Boot implements cabling.Machines.
func (m machines) Boot(ctx context.Context, node string) error {
	return m.lab.awaitMachine(ctx, m.lab.nodes[node])
}
