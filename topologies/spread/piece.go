package spread

import (
	"context"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// piece is one host's part of a lab, as who has the whole reaches it: in this process, or by an agent.
type piece interface {
	Host(node string) (topologies.Host, error)
	Release(ctx context.Context) error
	NodeState(ctx context.Context, node string) (topologies.NodeState, error)
	Ends(ctx context.Context, node string) ([]topologies.ProcessEnd, time.Time, string, error)
	Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error)
	Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error)
	Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error)
	Changes(ctx context.Context) ([]topologies.Change, error)
	Warnings() []string
	Enter(node string) []string

	stands(ctx context.Context) error // says why no other trial is to begin there
	port() uint16
	join(ctx context.Context, ways []way) error
	ready(ctx context.Context) error
	restart(ctx context.Context, node string) error
	reset(ctx context.Context, node string) (topologies.How, string, error) // of no node: of all
	underlays(ctx context.Context) ([]topologies.Underlay, error)
}

// local is the part of this host.
type local struct{ *station }

var _ piece = local{}

func (l local) Host(node string) (topologies.Host, error)                { return l.part.Host(node) }
func (l local) Release(ctx context.Context) error                        { return l.release(ctx) }
func (l local) Changes(ctx context.Context) ([]topologies.Change, error) { return l.changes(ctx) }

func (l local) NodeState(ctx context.Context, node string) (topologies.NodeState, error) {
	w, err := ability[topologies.NodeWatcher](l.part)
	if err != nil {
		return topologies.NodeState{}, err
	}
	return w.NodeState(ctx, node)
}

func (l local) Ends(ctx context.Context, node string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	w, err := ability[topologies.ProcessWatcher](l.part)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	return w.Ends(ctx, node)
}

func (l local) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	return l.inject(ctx, f)
}

func (l local) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	return l.capture(ctx, s)
}

func (l local) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	t, err := ability[topologies.Trafficker](l.part)
	if err != nil {
		return nil, err
	}
	return t.Traffic(ctx, s)
}

func (l local) Warnings() []string {
	if w, ok := topologies.As[topologies.Warner](l.part); ok {
		return w.Warnings()
	}
	return nil
}

func (l local) Enter(node string) []string {
	if e, ok := topologies.As[topologies.Enterer](l.part); ok {
		return e.Enter(node)
	}
	return nil
}

func (local) stands(context.Context) error { return nil }

func (l local) underlays(context.Context) ([]topologies.Underlay, error) { return l.underlay(), nil }
