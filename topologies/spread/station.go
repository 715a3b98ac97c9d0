package spread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/tunnel"
)

// Gateway is the node that stands for all other hosts on each.
const Gateway = "reprise-gateway"

// gatewayPort names the interface of the gateway at which the cable at a place of the lab's ends.
func gatewayPort(link int) string { return "x" + strconv.Itoa(link) }

// Builder builds nodes on a host, as package namespaces does.
type Builder interface {
	topologies.ImageDescriber
	topologies.EngineTeller
	topologies.Collector
	// CheckPart looks whether the nodes of t can be built there, wherever its links end.
	CheckPart(ctx context.Context, t topologies.Topology) error
	// ReservePart starts the nodes of t.
	ReservePart(ctx context.Context, t topologies.Topology, o topologies.Options) (cabling.Part, error)
}

// ImageTaker is a [Builder] that can be sent images.
type ImageTaker interface {
	// TakeImage takes in the image of a digest, as docker save writes it. It gets no name.
	TakeImage(ctx context.Context, r io.Reader, digest string) error
}

// way is a cable of a lab between this host and another.
type way struct {
	Link int                 // its place among those of the whole lab, and its number in the tunnel
	Near topologies.Endpoint // on this host
	Far  topologies.Endpoint // on the other
	Side byte
	Peer netip.AddrPort // of the other host's tunnel
	Host string         // the other
}

// station is one host's part of a lab, on that host.
type station struct {
	part   cabling.Part
	site   cabling.Site
	cables *cabling.Cabling
	tunnel *tunnel.Tunnel

	mu    sync.Mutex
	gates []*gate
}

// gate is the end of a cable to another host.
type gate struct {
	way
	cable *tunnel.Cable

	turn sync.Mutex        // of who changes down
	down topologies.Active // keeps the near end from its carrier, as the far end is down; nil: nothing does

	mu    sync.Mutex
	watch *tunnel.Watch // of the near end; nil while it is laid anew
	begun bool
	said  tunnel.Counts // what was told of what the way did
}

// partOf is the topology of one host: nodes that it has, and the gateway where cables go elsewhere.
func partOf(t topologies.Topology, here func(node string) bool) (part topologies.Topology, ways []way) {
	part = t.Part(func(n topologies.Node) bool { return here(n.Name) })
	part.Links, part.Standing = nil, nil
	for i, l := range t.Links {
		a, b := here(l.A.Node), here(l.B.Node)
		gateway := topologies.Endpoint{Node: Gateway, Interface: gatewayPort(i)}
		switch {
		case a && b:
		case a:
			ways = append(ways, way{Link: i, Near: plain(l.A), Far: plain(l.B), Side: 0})
			l.B = gateway
		case b:
			ways = append(ways, way{Link: i, Near: plain(l.B), Far: plain(l.A), Side: 1})
			l.A = gateway
		default:
			continue
		}
		part.Links = append(part.Links, l)
	}
	if len(ways) == 0 {
		return part, nil
	}
	gateway := topologies.Node{Name: Gateway, Kind: topologies.KindLinux}
	for _, n := range append(slices.Clone(part.Nodes), t.Nodes...) {
		if gateway.Image == "" && !n.IsSegment() {
			gateway.Image = n.Image
		}
	}
	part.Nodes = append(slices.Clone(part.Nodes), gateway)
	return part, ways
}

// plain is an endpoint without what a link may fix of it.
func plain(e topologies.Endpoint) topologies.Endpoint {
	return topologies.Endpoint{Node: e.Node, Interface: e.Interface}
}

// mute has a node say nothing by itself and pass nothing on, on the kernel of this host.
func mute(n topologies.Node) topologies.Node {
	n.Sysctls = map[string]string{"net.ipv4.ip_forward": "0"}
	if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		for _, scope := range []string{"all", "default"} {
			n.Sysctls["net.ipv6.conf."+scope+".disable_ipv6"] = "1"
			n.Sysctls["net.ipv6.conf."+scope+".forwarding"] = "0"
		}
	}
	return n
}

// newStation builds the part of a lab that this host has. Cables to other hosts carry nothing yet; the
// socket for them is of the address, and any of this machine's where that is not valid. What is built by
// the time of an error is given with it.
func newStation(ctx context.Context, b Builder, part topologies.Topology, o topologies.Options, key tunnel.Key, at netip.Addr) (*station, error) {
	s := &station{}
	part = part.Clone()
	for i, n := range part.Nodes {
		if n.Name == Gateway {
			part.Nodes[i] = mute(n)
		}
	}
	var err error
	if s.part, err = b.ReservePart(ctx, part, o); err != nil {
		return s, err
	}
	var ok bool
	if s.site, ok = topologies.As[cabling.Site](s.part); !ok {
		return s, &topologies.MissingError{What: "ability", Name: "to lay cables", Hint: "the builder's labs have none"}
	}
	s.cables, err = cabling.New(cabling.Config{Topology: part, Site: s.site, DropBy: o.DropBy, Replug: o.Replug, Lab: "a lab that is spread over hosts", Laid: s.laid})
	if err != nil {
		return s, err
	}
	s.part.Cable(s.cables)
	if err := s.cables.Lay(ctx); err != nil {
		return s, err
	}
	if err := s.cables.StartSwitches(ctx); err != nil {
		return s, err
	}
	if err := s.part.Settle(ctx); err != nil {
		return s, err
	}
	if _, gateway := part.Node(Gateway); !gateway {
		return s, nil
	}
	address := &net.UDPAddr{}
	if at.IsValid() {
		address = net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0))
	}
	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return s, fmt.Errorf("open a socket for cables to other hosts: %w", err)
	}
	s.tunnel, err = tunnel.Open(conn, key)
	return s, err
}

// port is that of the socket for cables to other hosts; 0 where there are none.
func (s *station) port() uint16 {
	if s.tunnel == nil {
		return 0
	}
	return s.tunnel.Address().Port()
}

// join has the cables to other hosts carry frames from now on.
func (s *station) join(ctx context.Context, ways []way) error {
	lasting := context.WithoutCancel(ctx)
	for _, w := range ways {
		g := &gate{way: w}
		var err error
		g.cable, err = s.tunnel.Lay(tunnel.Options{
			Number: uint16(w.Link), Side: w.Side, Peer: w.Peer, //nolint:gosec // links are bounded by who asks
			Far: func(up bool) error { return s.carry(lasting, g, up) },
		})
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.gates = append(s.gates, g)
		s.mu.Unlock()
		if err := s.attach(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// ready waits until the other ends of all cables are there.
func (s *station) ready(ctx context.Context) error {
	for _, g := range s.list() {
		if err := g.cable.Ready(ctx); err != nil {
			return fmt.Errorf("the cable %s–%s, to %s: %w", g.Near, g.Far, g.Host, err)
		}
		if err := g.begin(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin has nothing count that happened before both ends were there.
func (g *gate) begin(ctx context.Context) error {
	g.mu.Lock()
	begun := g.begun
	g.mu.Unlock()
	if begun {
		return nil
	}
	n, err := g.cable.Settled(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cable.Stall()
	g.begun, g.said = true, n
	return nil
}

func (s *station) list() []*gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gates)
}

// gateAt is the gate of a cable that ends at an endpoint of this host; nil where it goes to no other host.
func (s *station) gateAt(e topologies.Endpoint) *gate {
	for _, g := range s.list() {
		if g.Near == plain(e) {
			return g
		}
	}
	return nil
}

// attach has the interface at the end of a cable be carried, and looked at, as it is now.
func (s *station) attach(ctx context.Context, g *gate) error {
	plug, err := s.site.Tap(ctx, Gateway, capture.Tap{Interface: gatewayPort(g.Link), Plug: true})
	if err != nil {
		return err
	}
	if err := g.cable.Plug(plug); err != nil {
		return err
	}
	f, err := s.site.Tap(ctx, g.Near.Node, capture.Tap{Watch: true})
	if err != nil {
		return err
	}
	watch, err := tunnel.StartWatch(f, g.Near.Interface, g.cable.Up)
	if err != nil {
		return err
	}
	g.mu.Lock()
	before := g.watch
	g.watch = watch
	g.mu.Unlock()
	if before != nil {
		before.Stop()
	}
	return nil
}

// laid is told of a cable that was laid anew.
func (s *station) laid(ctx context.Context, link topologies.Link) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		if g := s.gateAt(e); g != nil {
			return s.attach(ctx, g)
		}
	}
	return nil
}

// carryTimeout bounds what is done at an end as the other end changes.
const carryTimeout = 10 * time.Second

// carry gives the near end of a cable its carrier as the far end goes up, and takes it away as that goes
// down: by what a fault does at the gateway's end.
func (s *station) carry(ctx context.Context, g *gate, up bool) error {
	ctx, cancel := context.WithTimeout(ctx, carryTimeout)
	defer cancel()
	g.turn.Lock()
	defer g.turn.Unlock()
	down := g.down
	switch {
	case up && down != nil:
		if err := down.Heal(ctx); err != nil {
			return err
		}
		down = nil
	case !up && down == nil:
		var err error
		down, err = s.cables.Inject(ctx, topologies.Fault{Kind: topologies.FaultDown, Endpoint: topologies.Endpoint{Node: Gateway, Interface: gatewayPort(g.Link)}})
		if err != nil {
			return err
		}
	}
	g.down = down
	return nil
}

// settle waits until the far end of a cable is as the near end is now.
func (g *gate) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, carryTimeout)
	defer cancel()
	g.mu.Lock()
	watch := g.watch
	g.mu.Unlock()
	if watch == nil {
		return fmt.Errorf("look at %s: its node is started anew", g.Near)
	}
	if err := watch.Sync(); err != nil {
		return err
	}
	if err := g.cable.Heard(ctx); err != nil {
		return fmt.Errorf("pass the state of %s on to %s: %w", g.Near, g.Far, err)
	}
	return nil
}

// inject puts a fault on a cable of this host.
func (s *station) inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	a, err := s.cables.Inject(ctx, f)
	g := s.gateAt(f.Endpoint)
	if err != nil || g == nil || f.Kind == topologies.FaultReplug {
		return a, err
	}
	p := &passed{Active: a, gate: g, onFrames: f.Kind.OnFrames()}
	if err := p.settle(ctx); err != nil {
		return nil, errors.Join(err, a.Heal(context.WithoutCancel(ctx)))
	}
	return p, nil
}

// passed is a fault on a cable to another host. What the other end has sent until it is asked for has come, as
// on a cable of one host; or, where the end goes down, the far end goes the same way.
type passed struct {
	topologies.Active
	gate     *gate
	onFrames bool
}

func (p *passed) settle(ctx context.Context) error {
	if !p.onFrames {
		return p.gate.settle(ctx)
	}
	return p.gate.drain(ctx)
}

// Fired implements topologies.Active.
func (p *passed) Fired(ctx context.Context) (uint64, error) {
	var err error
	if p.onFrames {
		err = p.gate.drain(ctx)
	}
	n, failed := p.Active.Fired(ctx)
	return n, errors.Join(err, failed)
}

// Heal implements topologies.Active.
func (p *passed) Heal(ctx context.Context) error {
	if p.onFrames {
		return errors.Join(p.gate.drain(ctx), p.Active.Heal(ctx))
	}
	if err := p.Active.Heal(ctx); err != nil {
		return err
	}
	return p.gate.settle(ctx)
}

// DropBy implements topologies.DropTeller.
func (p *passed) DropBy() topologies.DropBy {
	if t, ok := topologies.As[topologies.DropTeller](p.Active); ok {
		return t.DropBy()
	}
	return ""
}

// Acted implements topologies.ActedTeller.
func (p *passed) Acted() (topologies.Acted, bool) {
	if t, ok := topologies.As[topologies.ActedTeller](p.Active); ok {
		return t.Acted()
	}
	return topologies.Acted{}, false
}

// drain waits until what was sent at either end of a cable has come at the other.
func (g *gate) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, carryTimeout)
	defer cancel()
	if _, err := g.cable.Settled(ctx); err != nil {
		return fmt.Errorf("wait for what %s has sent to %s: %w", g.Far, g.Near, err)
	}
	return nil
}

// capture captures at an end of a cable of this host.
func (s *station) capture(ctx context.Context, spec topologies.CaptureSpec) (topologies.Capture, error) {
	c, err := s.cables.Capture(ctx, spec)
	if g := s.gateAt(spec.Endpoint); err == nil && g != nil {
		return &drained{c, g}, nil
	}
	return c, err
}

// drained is a capture on a cable to another host.
type drained struct {
	topologies.Capture
	gate *gate
}

// Sync implements topologies.Capture: what the other end has sent by then has come.
func (d *drained) Sync(ctx context.Context) (topologies.Captured, error) {
	err := d.gate.drain(ctx)
	c, failed := d.Capture.Sync(ctx)
	return c, errors.Join(err, failed)
}

// again does something to a node whose cables are laid anew by that, or to all where the name is empty:
// its ends of cables to other hosts are down meanwhile.
func (s *station) again(ctx context.Context, node string, do func() error) error {
	for _, g := range s.list() {
		if node == "" || g.Near.Node == node {
			g.mu.Lock()
			watch := g.watch
			g.watch = nil
			g.mu.Unlock()
			if watch != nil {
				watch.Stop()
			}
			g.cable.Up(false)
		}
	}
	if err := do(); err != nil {
		return err
	}
	for _, g := range s.list() {
		g.mu.Lock()
		missing := g.watch == nil
		g.mu.Unlock()
		if !missing {
			continue // it was laid one by one
		}
		if err := s.attach(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// restart starts a node anew.
func (s *station) restart(ctx context.Context, node string) error {
	r, err := ability[topologies.NodeRestarter](s.part)
	if err != nil {
		return err
	}
	return s.again(ctx, node, func() error { return r.RestartNode(ctx, node) })
}

// reset makes a node anew; or all, where the name is empty.
func (s *station) reset(ctx context.Context, node string) (how topologies.How, why string, err error) {
	if node == "" {
		all, err := ability[topologies.AllResetter](s.part)
		if err != nil {
			return "", "", err
		}
		// A gateway that is made anew has no end that is kept down; the other ends say again what is to be.
		for _, g := range s.list() {
			if err := s.carry(ctx, g, true); err != nil {
				return "", "", err
			}
		}
		err = s.again(ctx, "", func() (err error) {
			how, why, err = all.ResetAll(ctx)
			return err
		})
		return how, why, err
	}
	r, err := ability[topologies.Resetter](s.part)
	if err != nil {
		return "", "", err
	}
	err = s.again(ctx, node, func() (err error) {
		how, why, err = r.Reset(ctx, node)
		return err
	})
	return how, why, err
}

// ability finds an ability of a part.
func ability[T any](p topologies.Reservation) (T, error) {
	a, ok := topologies.As[T](p)
	if !ok {
		return a, &topologies.MissingError{What: "ability", Name: strings.TrimPrefix(fmt.Sprintf("%T", &a), "*topologies.") + " of this host's nodes"}
	}
	return a, nil
}

// changes says what is no longer as the lab left it, on this host and on the way to others. What the way
// did to frames is told once.
func (s *station) changes(ctx context.Context) ([]topologies.Change, error) {
	c, err := ability[topologies.StateChecker](s.part)
	if err != nil {
		return nil, err
	}
	changes, err := c.Changes(ctx)
	if err != nil {
		return nil, err
	}
	for i, change := range changes {
		changes[i] = s.named(change)
	}
	for _, g := range s.list() {
		changes = append(changes, g.changes(ctx)...)
	}
	return changes, nil
}

// named calls the ends of cables at the gateway by what they stand for.
func (s *station) named(c topologies.Change) topologies.Change {
	c.Ends = slices.Clone(c.Ends)
	for _, g := range slices.Backward(s.list()) { // x1 begins x10
		at := topologies.Endpoint{Node: Gateway, Interface: gatewayPort(g.Link)}
		c.What = strings.ReplaceAll(c.What, at.String(), g.Far.String())
		for i, e := range c.Ends {
			if plain(e) == at {
				c.Ends[i] = g.Far
			}
		}
	}
	return c
}

// silence is how long another host may say nothing: its tunnel speaks four times a second.
const silence = 3 * time.Second

// mostStall is how long frames between hosts may be behind: as long as those that a witness has taken out of
// their cable, by which a trial bounds the lab's own delays.
const mostStall = 100 * time.Millisecond

// changes says what the way of a cable did since that was asked last. The end on side 0 tells of both ways.
func (g *gate) changes(ctx context.Context) (list []topologies.Change) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	n, err := g.cable.Settled(ctx)
	change := func(format string, args ...any) {
		list = append(list, topologies.Change{
			What: fmt.Sprintf("between hosts, on the cable %s–%s, ", g.Near, g.Far) + fmt.Sprintf(format, args...), Ends: []topologies.Endpoint{g.Near, g.Far},
		})
	}
	stall := g.cable.Stall()
	switch {
	case err == nil && stall.Silent > mostStall:
		change("nothing came from %s for %s longer than it may say nothing", g.Host, stall.Silent.Round(time.Millisecond))
	case err == nil:
	case n.Silent > silence/2:
		change("nothing has come from %s for %s", g.Host, n.Silent.Round(time.Millisecond))
	default:
		change("%v", err)
	}
	g.mu.Lock()
	before, watch := g.said, g.watch
	g.said = n
	g.mu.Unlock()
	if watch != nil && watch.Err() != nil {
		change("nobody hears whether %s is up: %v", g.Near, watch.Err())
	}
	if n.Unsent > before.Unsent {
		change("%d frames did not go on: %v", n.Unsent-before.Unsent, n.Refused)
	}
	if n.Unread > before.Unread {
		change("the kernel had no room for %d frames", n.Unread-before.Unread)
	}
	if g.Side != 0 {
		return list
	}
	if stall.Round > mostStall {
		change("frames to %s and back took up to %s", g.Host, stall.Round.Round(time.Millisecond))
	}
	for _, x := range []struct {
		now, then uint64
		what      string
	}{{n.Lost, before.Lost, "lost"}, {n.Duplicated, before.Duplicated, "doubled"}, {n.Reordered, before.Reordered, "reordered"}} {
		if x.now > x.then {
			change("%d frames were %s", x.now-x.then, x.what)
		}
	}
	return list
}

// underlay is what is known of the ways to other hosts, each told by its side 0.
func (s *station) underlay() (list []topologies.Underlay) {
	for _, g := range s.list() {
		if g.Side != 0 {
			continue
		}
		n := g.cable.Counts()
		list = append(list, topologies.Underlay{
			A: g.Near, B: g.Far, Host: g.Host, Over: tunnel.Name, Least: n.Delay.Least, Median: n.Delay.Median, Most: n.Delay.Most, Measured: n.Delay.Measured,
			Frames: n.Sent + n.Received, Lost: n.Lost, Duplicated: n.Duplicated, Reordered: n.Reordered,
		})
	}
	return list
}

// tunnelTimeout bounds the wait for the end of a tunnel.
const tunnelTimeout = 2 * time.Second

// release ends this host's part of the lab, whatever becomes of its tunnel.
func (s *station) release(ctx context.Context) error {
	var errs []error
	for _, g := range s.list() {
		g.mu.Lock()
		watch := g.watch
		g.watch = nil
		g.mu.Unlock()
		if watch != nil {
			watch.Stop()
		}
	}
	if s.tunnel != nil {
		closed := make(chan error, 1)
		go func() { closed <- s.tunnel.Close() }()
		timer := time.NewTimer(tunnelTimeout)
		defer timer.Stop()
		select {
		case err := <-closed:
			errs = append(errs, err)
		case <-timer.C:
			errs = append(errs, fmt.Errorf("end the tunnel to other hosts: it has not ended after %s", tunnelTimeout))
		}
	}
	if s.part != nil {
		errs = append(errs, s.part.Release(ctx))
	}
	return errors.Join(errs...)
}
