package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// lab is a reservation of two parts.
type lab struct {
	topology               topologies.Topology
	containers, namespaces cabling.Part
	parts                  map[string]cabling.Part // by node
	cables                 *cabling.Cabling
}

var (
	_ topologies.Reservation    = (*lab)(nil)
	_ topologies.NodeWatcher    = (*lab)(nil)
	_ topologies.NodeRestarter  = (*lab)(nil)
	_ topologies.Enterer        = (*lab)(nil)
	_ topologies.Warner         = (*lab)(nil)
	_ topologies.Faulter        = (*lab)(nil)
	_ topologies.Capturer       = (*lab)(nil)
	_ topologies.Trafficker     = (*lab)(nil)
	_ topologies.Accessor       = (*lab)(nil)
	_ topologies.Consoler       = (*lab)(nil)
	_ topologies.PortMapper     = (*lab)(nil)
	_ topologies.StateChecker   = (*lab)(nil)
	_ topologies.ProcessWatcher = (*lab)(nil)
	_ cabling.Site              = (*lab)(nil)
)

// wire lays all cables between nodes that run, and waits for what boots with them.
func (l *lab) wire(ctx context.Context, o topologies.Options) error {
	for _, n := range l.topology.Nodes {
		l.parts[n.Name] = l.containers
		if InSpaces(n) {
			l.parts[n.Name] = l.namespaces
		}
	}
	var err error
	l.cables, err = cabling.New(cabling.Config{Topology: l.topology, Site: l, Machines: l.containers.Machines(), DropBy: o.DropBy, Replug: o.Replug, Lab: "a lab of containers and namespaces"})
	if err != nil {
		return err
	}
	l.containers.Cable(l.cables)
	l.namespaces.Cable(l.cables)
	// What a container starts with may make interfaces by itself; in namespaces nothing runs yet.
	group, preparing := errgroup.WithContext(ctx)
	for _, n := range l.topology.Nodes {
		if !InSpaces(n) {
			group.Go(func() error { return l.cables.Prepare(preparing, n.Name) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := l.cables.LayRest(ctx, func(node string) bool { return l.parts[node] == l.containers }); err != nil {
		return err
	}
	if err := l.cables.StartSwitches(ctx); err != nil {
		return err
	}
	return errors.Join(l.containers.Settle(ctx), l.namespaces.Settle(ctx))
}

// ID implements topologies.Reservation: both parts have it.
func (l *lab) ID() string { return l.containers.ID() }

func (l *lab) part(node string) (cabling.Part, error) {
	p, ok := l.parts[node]
	if !ok {
		return nil, fmt.Errorf("lab %s has no node %s", l.ID(), node)
	}
	return p, nil
}

// Host implements topologies.Reservation.
func (l *lab) Host(node string) (topologies.Host, error) {
	p, err := l.part(node)
	if err != nil {
		return nil, err
	}
	return p.Host(node)
}

// Release implements topologies.Reservation.
func (l *lab) Release(ctx context.Context) error {
	var errs [2]error
	var group errgroup.Group
	for i, p := range []cabling.Part{l.containers, l.namespaces} {
		if p != nil {
			group.Go(func() error {
				errs[i] = p.Release(ctx)
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are told one by one
	return errors.Join(errs[:]...)
}

// Network implements cabling.Site: who wires containers reaches every network of this machine.
func (l *lab) Network(node string) (wiring.Wirer, int) {
	return l.containers.Wirer(), l.parts[node].Process(node)
}

// Dropper implements cabling.Site.
func (l *lab) Dropper(node string) (wiring.Wirer, int) { return l.Network(node) }

// Inject implements topologies.Faulter.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	return l.cables.Inject(ctx, f)
}

// Tap implements cabling.Site: the part that a node belongs to opens it.
func (l *lab) Tap(ctx context.Context, node string, t capture.Tap) (*os.File, error) {
	p, err := ability[cabling.Site](l, node)
	if err != nil {
		return nil, err
	}
	return p.Tap(ctx, node, t)
}

// Socket implements cabling.Site: the part that a node belongs to opens it.
func (l *lab) Socket(ctx context.Context, node string, s traffic.Socket) (*os.File, error) {
	p, err := ability[cabling.Site](l, node)
	if err != nil {
		return nil, err
	}
	return p.Socket(ctx, node, s)
}

// Traffic implements topologies.Trafficker.
func (l *lab) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	return l.cables.Traffic(ctx, s)
}

// Capture implements topologies.Capturer.
func (l *lab) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	return l.cables.Capture(ctx, s)
}

// Changes implements topologies.StateChecker.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	return l.cables.Changes(ctx, func(ctx context.Context, node string) (cabling.Life, error) { return l.parts[node].Life(ctx, node) })
}

// ability finds an ability of the part that a node belongs to.
func ability[T any](l *lab, node string) (T, error) {
	var none T
	p, err := l.part(node)
	if err != nil {
		return none, err
	}
	a, ok := topologies.As[T](p)
	if !ok {
		return none, &topologies.MissingError{What: "ability", Name: fmt.Sprintf("%T of node %s", &none, node)}
	}
	return a, nil
}

// NodeState implements topologies.NodeWatcher.
func (l *lab) NodeState(ctx context.Context, node string) (topologies.NodeState, error) {
	w, err := ability[topologies.NodeWatcher](l, node)
	if err != nil {
		return topologies.NodeState{}, err
	}
	return w.NodeState(ctx, node)
}

// RestartNode implements topologies.NodeRestarter.
func (l *lab) RestartNode(ctx context.Context, node string) error {
	r, err := ability[topologies.NodeRestarter](l, node)
	if err != nil {
		return err
	}
	return r.RestartNode(ctx, node)
}

// Ends implements topologies.ProcessWatcher.
func (l *lab) Ends(ctx context.Context, node string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	w, err := ability[topologies.ProcessWatcher](l, node)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	return w.Ends(ctx, node)
}

// Hears implements topologies.SignalHearer.
func (l *lab) Hears(node string) string {
	h, err := ability[topologies.SignalHearer](l, node)
	if err != nil {
		return err.Error()
	}
	return h.Hears(node)
}

// Warnings implements topologies.Warner: what both parts tell.
func (l *lab) Warnings() []string {
	var lines []string
	for _, p := range []cabling.Part{l.containers, l.namespaces} {
		if w, ok := topologies.As[topologies.Warner](p); ok {
			lines = append(lines, w.Warnings()...)
		}
	}
	return lines
}

// Enter implements topologies.Enterer.
func (l *lab) Enter(node string) []string {
	e, err := ability[topologies.Enterer](l, node)
	if err != nil {
		return nil
	}
	return e.Enter(node)
}

// Access implements topologies.Accessor.
func (l *lab) Access(node string) (topologies.Access, bool) {
	a, err := ability[topologies.Accessor](l, node)
	if err != nil {
		return topologies.Access{}, false
	}
	return a.Access(node)
}

// Console implements topologies.Consoler.
func (l *lab) Console(node string) (topologies.Access, bool) {
	c, err := ability[topologies.Consoler](l, node)
	if err != nil {
		return topologies.Access{}, false
	}
	return c.Console(node)
}

// Ports implements topologies.PortMapper.
func (l *lab) Ports(node string) map[string]string {
	m, err := ability[topologies.PortMapper](l, node)
	if err != nil {
		return nil
	}
	return m.Ports(node)
}
