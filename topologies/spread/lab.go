package spread

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/placement"
)

// lab is a reservation of parts on several hosts.
type lab struct {
	topology topologies.Topology
	id       string
	at       map[string]string // host of each node
	cut      []topologies.Link
	hosts    []string // that have some of it
	pieces   map[string]piece
}

var (
	_ topologies.Reservation     = (*lab)(nil)
	_ topologies.NodeWatcher     = (*lab)(nil)
	_ topologies.NodeRestarter   = (*lab)(nil)
	_ topologies.Resetter        = (*lab)(nil)
	_ topologies.AllResetter     = (*lab)(nil)
	_ topologies.Enterer         = (*lab)(nil)
	_ topologies.Warner          = (*lab)(nil)
	_ topologies.Faulter         = (*lab)(nil)
	_ topologies.Capturer        = (*lab)(nil)
	_ topologies.Trafficker      = (*lab)(nil)
	_ topologies.StateChecker    = (*lab)(nil)
	_ topologies.ProcessWatcher  = (*lab)(nil)
	_ topologies.UnderlayTeller  = (*lab)(nil)
	_ topologies.HostTeller      = (*lab)(nil)
	_ topologies.HostClockTeller = (*lab)(nil)
	_ topologies.NodeClockTeller = (*lab)(nil)
	_ topologies.Leaver          = (*lab)(nil)
)

func newLab(t topologies.Topology, p placement.Placement) *lab {
	return &lab{topology: t, at: p.Host, cut: p.Cut, pieces: map[string]piece{}}
}

// each does something on all hosts side by side, and names the host of an error.
func (l *lab) each(do func(host string, x piece) error) error {
	errs := make([]error, len(l.hosts))
	var group errgroup.Group
	for i, host := range l.hosts {
		x := l.pieces[host]
		if x == nil {
			continue
		}
		group.Go(func() error {
			if err := do(host, x); err != nil {
				errs[i] = fmt.Errorf("host %s: %w", host, err)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are told one by one
	return errors.Join(errs...)
}

// piece is the part that a node is of.
func (l *lab) piece(node string) (piece, error) {
	x := l.pieces[l.at[node]]
	if x == nil {
		return nil, fmt.Errorf("lab %s has no node %s", l.id, node)
	}
	return x, nil
}

// apart says whether a link is between hosts.
func (l *lab) apart(link topologies.Link) bool { return l.at[link.A.Node] != l.at[link.B.Node] }

// ID implements topologies.Reservation.
func (l *lab) ID() string { return l.id }

// Hosts implements topologies.HostTeller.
func (l *lab) Hosts() map[string]string { return maps.Clone(l.at) }

// Host implements topologies.Reservation.
func (l *lab) Host(node string) (topologies.Host, error) {
	x, err := l.piece(node)
	if err != nil {
		return nil, err
	}
	return x.Host(node)
}

// Release implements topologies.Reservation.
func (l *lab) Release(ctx context.Context) error {
	return l.each(func(_ string, x piece) error { return x.Release(ctx) })
}

// NodeState implements topologies.NodeWatcher.
func (l *lab) NodeState(ctx context.Context, node string) (topologies.NodeState, error) {
	x, err := l.piece(node)
	if err != nil {
		return topologies.NodeState{}, err
	}
	return x.NodeState(ctx, node)
}

// Ends implements topologies.ProcessWatcher.
func (l *lab) Ends(ctx context.Context, node string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	x, err := l.piece(node)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	return x.Ends(ctx, node)
}

// Enter implements topologies.Enterer; a node of another host has no way in.
func (l *lab) Enter(node string) []string {
	x, err := l.piece(node)
	if err != nil {
		return nil
	}
	return x.Enter(node)
}

// far gives the cables of a node to other hosts, turned so that A is its own end.
func (l *lab) far(node string) (links []topologies.Link) {
	for _, link := range l.cut {
		switch node {
		case link.A.Node:
			links = append(links, link)
		case link.B.Node:
			link.A, link.B = link.B, link.A
			links = append(links, link)
		}
	}
	return links
}

// settle waits until the cables between hosts are as their ends are.
func (l *lab) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	return l.each(func(_ string, x piece) error { return x.ready(ctx) })
}

// anew lays the far ends of a node's cables to other hosts anew, as those on its own host were.
func (l *lab) anew(ctx context.Context, node string) error {
	links := l.far(node)
	for _, link := range links {
		x, err := l.piece(link.B.Node)
		if err == nil {
			_, err = x.Inject(ctx, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: plain(link.B)})
		}
		if err != nil {
			return fmt.Errorf("lay the cable %s–%s anew: %w", link.A, link.B, err)
		}
	}
	if len(links) == 0 {
		return nil
	}
	return l.settle(ctx)
}

// RestartNode implements topologies.NodeRestarter. The far ends of the node's cables to other hosts go down and
// come up with its own, as they do for a fault.
func (l *lab) RestartNode(ctx context.Context, node string) error {
	x, err := l.piece(node)
	if err != nil {
		return err
	}
	if err := x.restart(ctx, node); err != nil || len(l.far(node)) == 0 {
		return err
	}
	return l.settle(ctx)
}

// Reset implements topologies.Resetter.
func (l *lab) Reset(ctx context.Context, node string) (topologies.How, string, error) {
	x, err := l.piece(node)
	if err != nil {
		return "", "", err
	}
	how, why, err := x.reset(ctx, node)
	if err != nil {
		return how, why, err
	}
	return how, why, l.anew(ctx, node)
}

// ResetAll implements topologies.AllResetter.
func (l *lab) ResetAll(ctx context.Context) (how topologies.How, why string, err error) {
	var mu sync.Mutex
	err = l.each(func(_ string, x piece) error {
		h, w, err := x.reset(ctx, "")
		mu.Lock()
		defer mu.Unlock()
		how, why = h, w
		return err
	})
	if err != nil {
		return "", "", err
	}
	return how, why, l.settle(ctx)
}

// Inject implements topologies.Faulter. On a cable between hosts, a fault on frames is put where they
// arrive, and what is done to a cable as a whole is done at both ends.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	link, ok := l.topology.Link(f.Endpoint.Node, f.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("inject %s: no cable ends at %s", f.Kind, f.Endpoint)
	}
	faults := []topologies.Fault{f}
	if l.apart(link) {
		faults = split(f, link)
	}
	var parts pair
	for _, f := range faults {
		x, err := l.piece(f.Endpoint.Node)
		var a topologies.Active
		if err == nil {
			a, err = x.Inject(ctx, f)
		}
		if err != nil {
			return nil, errors.Join(err, parts.Heal(context.WithoutCancel(ctx)))
		}
		parts = append(parts, a)
	}
	if f.Kind == topologies.FaultReplug && l.apart(link) {
		if err := l.settle(ctx); err != nil {
			return nil, err
		}
	}
	if f.Kind == topologies.FaultReplug || len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// split gives what a fault on a cable between hosts is on each.
func split(f topologies.Fault, link topologies.Link) []topologies.Fault {
	near, far := f, f
	near.Endpoint, far.Endpoint = plain(link.A), plain(link.B)
	switch {
	case f.Kind == topologies.FaultReplug:
		return []topologies.Fault{near, far}
	case !f.Kind.OnFrames() || f.Direction == "" || f.Direction == topologies.DirectionIn:
		return []topologies.Fault{near}
	case f.Direction != topologies.DirectionOut && f.Direction != topologies.DirectionBoth:
		return []topologies.Fault{near} // which says what is wrong with it
	}
	near.Direction, far.Direction = topologies.DirectionIn, topologies.DirectionIn
	if f.Direction == topologies.DirectionOut {
		return []topologies.Fault{far}
	}
	if f.Kind != topologies.FaultDrop || f.Frames.Picks() {
		if f.Frames.Seed == 0 {
			near.Frames.Seed = rand.Uint64()>>12 + 1 //nolint:gosec // any will do that JSON holds
			far.Frames.Seed = near.Frames.Seed       // one for both ways
		}
	}
	return []topologies.Fault{near, far}
}

// pair is a fault on both ways of a cable between hosts.
type pair []topologies.Active

// Fired implements topologies.Active.
func (p pair) Fired(ctx context.Context) (sum uint64, err error) {
	for _, a := range p {
		n, failed := a.Fired(ctx)
		sum, err = sum+n, errors.Join(err, failed)
	}
	return sum, err
}

// Heal implements topologies.Active.
func (p pair) Heal(ctx context.Context) error {
	var errs []error
	for _, a := range p {
		errs = append(errs, a.Heal(ctx))
	}
	return errors.Join(errs...)
}

// DropBy implements topologies.DropTeller: hosts that drop by different means are told as the first.
func (p pair) DropBy() topologies.DropBy {
	if t, ok := topologies.As[topologies.DropTeller](p[0]); ok {
		return t.DropBy()
	}
	return ""
}

// Acted implements topologies.ActedTeller.
func (p pair) Acted() (sum topologies.Acted, ok bool) {
	for _, a := range p {
		t, able := topologies.As[topologies.ActedTeller](a)
		if !able {
			return topologies.Acted{}, false
		}
		x, ok := t.Acted()
		if !ok {
			return topologies.Acted{}, false
		}
		sum.Matched, sum.Hit, sum.Passed = sum.Matched+x.Matched, sum.Hit+x.Hit, sum.Passed+x.Passed
		sum.Full, sum.Healed, sum.Lost = sum.Full+x.Full, sum.Healed+x.Healed, sum.Lost+x.Lost
		sum.Seed, sum.Late = x.Seed, max(sum.Late, x.Late)
		sum.Hits = append(sum.Hits, x.Hits...)
	}
	slices.SortStableFunc(sum.Hits, func(x, y topologies.Hit) int { return x.Time.Compare(y.Time) })
	sum.Hits = sum.Hits[:min(len(sum.Hits), topologies.MaxHits)]
	return sum, true
}

// Capture implements topologies.Capturer.
func (l *lab) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	x, err := l.piece(s.Endpoint.Node)
	if err != nil {
		return nil, err
	}
	return x.Capture(ctx, s)
}

// Traffic implements topologies.Trafficker, between nodes on one host.
func (l *lab) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	x, err := l.piece(s.From)
	if err != nil {
		return nil, fmt.Errorf("traffic %s: %w", s.Name, err)
	}
	if at, known := l.at[s.To]; known && at != l.at[s.From] {
		return nil, &topologies.MissingError{
			What: "ability", Name: "to send traffic between hosts",
			Hint: fmt.Sprintf("%s is on %s and %s on %s, and the two ends of a flow need one clock; give both the same placement", s.From, l.at[s.From], s.To, at),
		}
	}
	return x.Traffic(ctx, s)
}

// Changes implements topologies.StateChecker.
func (l *lab) Changes(ctx context.Context) (changes []topologies.Change, err error) {
	var mu sync.Mutex
	err = l.each(func(_ string, x piece) error {
		list, err := x.Changes(ctx)
		mu.Lock()
		defer mu.Unlock()
		changes = append(changes, list...)
		return err
	})
	return changes, err
}

// Warnings implements topologies.Warner: what the parts tell, where nodes are, and how cables go between hosts.
func (l *lab) Warnings() []string {
	var lines []string
	for _, host := range l.hosts {
		x := l.pieces[host]
		for _, w := range x.Warnings() {
			lines = append(lines, "host "+host+": "+w)
		}
		if r, ok := x.(*remote); ok {
			lines = append(lines, fmt.Sprintf("host %s has a clock that is %s; times of what was seen there are told in this host's", host, r.clocks.told(host)))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), joinTimeout)
	defer cancel()
	ways, err := l.Underlay(ctx)
	if err != nil {
		lines = append(lines, fmt.Sprintf("how long frames are on their way between hosts is not known: %v", err))
	}
	for _, u := range ways {
		lines = append(lines, fmt.Sprintf("cable %s–%s goes through a tunnel from host %s to %s (%s): frames take %s (%s to %s in %d measurements)", u.A, u.B, u.From, u.Host, u.Over, u.Median, u.Least, u.Most, u.Measured))
	}
	return lines
}

// standsWithin bounds the question whether a host is still there, as the connection to it does.
const standsWithin = pingAfter + pingWait

// Leave implements topologies.Leaver: a host is gone or does not answer, or its clock was set.
func (l *lab) Leave(ctx context.Context) string {
	ctx, cancel := context.WithTimeoutCause(ctx, standsWithin, fmt.Errorf("it has not answered within %s", standsWithin))
	defer cancel()
	if err := l.each(func(_ string, x piece) error { return x.stands(ctx) }); err != nil {
		return err.Error()
	}
	return ""
}

// HostClocks implements topologies.HostClockTeller, in the order of the hosts.
func (l *lab) HostClocks() (list []topologies.HostClock) {
	for _, host := range l.hosts {
		if r, ok := l.pieces[host].(*remote); ok {
			list = append(list, r.clocks.told(host))
		}
	}
	return list
}

// NodeClock implements topologies.NodeClockTeller.
func (l *lab) NodeClock(node string, since time.Time) (topologies.NodeClock, bool) {
	r, ok := l.pieces[l.at[node]].(*remote)
	if !ok {
		return topologies.NodeClock{}, false
	}
	within, known := r.clocks.within(since, time.Now())
	return topologies.NodeClock{Host: r.host, Within: within, Measured: known}, true
}

// Here implements topologies.NodeClockTeller.
func (l *lab) Here(node string, there time.Time) time.Time {
	if r, ok := l.pieces[l.at[node]].(*remote); ok {
		return r.here(there)
	}
	return there
}

// Underlay implements topologies.UnderlayTeller, in the order of the topology.
func (l *lab) Underlay(ctx context.Context) (ways []topologies.Underlay, err error) {
	var mu sync.Mutex
	err = l.each(func(host string, x piece) error {
		list, err := x.underlays(ctx)
		mu.Lock()
		defer mu.Unlock()
		for _, u := range list {
			u.From = host
			ways = append(ways, u)
		}
		return err
	})
	place := func(u topologies.Underlay) int {
		return slices.IndexFunc(l.cut, func(x topologies.Link) bool { return plain(x.A) == u.A })
	}
	slices.SortStableFunc(ways, func(a, b topologies.Underlay) int { return place(a) - place(b) })
	return ways, err
}
