package spread

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/placement"
	"github.com/reprise-lab/reprise/topologies/tunnel"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Host is a machine that labs are spread over.
type Host struct {
	Name string
	// Dial reaches the agent there (see [Serve]), over a connection whose other end is known and that nobody
	// reads along. Nil: the host is this one.
	Dial func(ctx context.Context) (net.Conn, error)
	// Address is that by which the other hosts reach this one, by UDP. Not valid: that by which it is dialled,
	// or dials.
	Address netip.Addr

	// What it has room for; 0: it is not bounded. See package placement.
	Nodes  int
	Cores  float64
	Memory int64 // bytes
}

// Provider builds labs that are spread over hosts. It is safe for use by several goroutines.
type Provider struct {
	hosts   []Host
	builder Builder // of this host
	send    Sender
}

// Sender writes an image of this machine, as docker save does, for a host that lacks it.
type Sender func(ctx context.Context, host, digest string, w io.Writer) error

// Send has nodes get their images that are named by a digest which their host, named by their placement, lacks. It is to be called before
// the first lab.
func (p *Provider) Send(s Sender) { p.send = s }

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
	_ topologies.EngineTeller   = (*Provider)(nil)
	_ topologies.ClockSource    = (*Provider)(nil)
	_ topologies.Collector      = (*Provider)(nil)
)

// New makes a provider. It reaches no host yet. The builder is this host's, and may be nil where that is
// none of the hosts.
func New(hosts []Host, builder Builder) (*Provider, error) {
	if len(hosts) == 0 {
		return nil, errors.New("spread labs over hosts: there is none")
	}
	var names []string
	own := 0
	for _, h := range hosts {
		switch {
		case h.Name == "":
			return nil, errors.New("spread labs over hosts: one has no name")
		case slices.Contains(names, h.Name):
			return nil, fmt.Errorf("spread labs over hosts: two are called %q", h.Name)
		case h.Dial == nil && builder == nil:
			return nil, fmt.Errorf("spread labs over hosts: nothing builds nodes on %q, which is this host, and nothing dials it", h.Name)
		case h.Dial == nil:
			own++
		}
		names = append(names, h.Name)
	}
	if own > 1 {
		return nil, errors.New("spread labs over hosts: this host is named twice")
	}
	return &Provider{hosts: slices.Clone(hosts), builder: builder}, nil
}

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "spread" }

// Close lets go of nothing: labs are released one by one.
func (p *Provider) Close() error { return nil }

// Engine implements topologies.EngineTeller: of this host.
func (p *Provider) Engine(ctx context.Context) string {
	if p.builder == nil {
		return ""
	}
	return p.builder.Engine(ctx)
}

// ClockLibraries implements topologies.ClockSource: of this host's images.
func (p *Provider) ClockLibraries(ctx context.Context) ([]topologies.ClockLibrary, error) {
	if s, ok := topologies.As[topologies.ClockSource](p.builder); ok {
		return s.ClockLibraries(ctx)
	}
	return nil, nil
}

// DescribeImage implements topologies.ImageDescriber, as the first host that has the image describes it. A
// lab is built of one image of a name only; see Reserve.
func (p *Provider) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	var errs []error
	for _, h := range p.hosts {
		var s *session
		var err error
		if h.Dial != nil {
			if s, err = dial(ctx, h); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		info, err := p.describe(ctx, s, ref)
		if s != nil {
			err = errors.Join(err, s.close())
		}
		if err == nil {
			return info, nil
		}
		errs = append(errs, fmt.Errorf("host %s: %w", h.Name, err))
	}
	return topologies.ImageInfo{}, errors.Join(errs...)
}

// describe asks an agent, or this host where there is none.
func (p *Provider) describe(ctx context.Context, s *session, ref string) (topologies.ImageInfo, error) {
	if s == nil {
		return p.builder.DescribeImage(ctx, ref)
	}
	return ask[topologies.ImageInfo](ctx, s, askDescribe, nodeAsk{Node: ref})
}

// GC implements topologies.Collector: other hosts' labs end with their connections.
func (p *Provider) GC(ctx context.Context, now time.Time) ([]string, error) {
	if p.builder == nil {
		return nil, nil
	}
	return p.builder.GC(ctx, now)
}

// RemoveRun implements topologies.Collector.
func (p *Provider) RemoveRun(ctx context.Context, run string) ([]string, error) {
	if p.builder == nil {
		return nil, nil
	}
	return p.builder.RemoveRun(ctx, run)
}

// extraordinary says what a node asks for that a host gives to its own user's labs alone; empty: nothing.
func extraordinary(n topologies.Node) string {
	if list := n.Exceptions(); len(list) > 0 {
		return "an agent builds no node with " + strings.Join(list, ", ")
	}
	return ""
}

// Check implements topologies.Provider.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	if err := check(t); err != nil {
		return err
	}
	sessions, err := p.dialAll(ctx)
	if err == nil {
		_, err = p.place(ctx, t, sessions)
	}
	return errors.Join(err, closeAll(sessions))
}

// check looks at what has nothing to do with hosts.
func check(t topologies.Topology) error {
	if err := wiring.CheckLinks(t); err != nil {
		return err
	}
	if _, taken := t.Node(Gateway); taken {
		return fmt.Errorf("a node of a lab that is spread over hosts cannot be called %s", Gateway)
	}
	if len(t.Links) > math.MaxUint16 {
		return fmt.Errorf("a lab that is spread over hosts has at most %d links", math.MaxUint16)
	}
	return nil
}

// dialAll reaches the agents of all hosts; nil is that of this one. What is reached by the time of an error
// is given with it.
func (p *Provider) dialAll(ctx context.Context) (map[string]*session, error) {
	sessions := map[string]*session{}
	var mu sync.Mutex
	var group errgroup.Group
	for _, h := range p.hosts {
		if h.Dial == nil {
			continue
		}
		group.Go(func() error {
			s, err := dial(ctx, h)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			sessions[h.Name] = s
			return nil
		})
	}
	return sessions, group.Wait()
}

func closeAll(sessions map[string]*session) error {
	var errs []error
	for _, s := range sessions {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// place says where the nodes of a lab are.
func (p *Provider) place(ctx context.Context, t topologies.Topology, sessions map[string]*session) (placement.Placement, error) {
	var hosts []placement.Host
	for _, h := range p.hosts {
		can := func(part topologies.Topology) error {
			part.Links, part.Standing = nil, nil
			if h.Dial == nil {
				return p.builder.CheckPart(ctx, part)
			}
			return tell(ctx, sessions[h.Name], askCheck, part)
		}
		all := can(t) == nil // which is one question and not many
		if h.Dial != nil {
			if err := sessions[h.Name].over(); err != nil {
				return placement.Placement{}, err
			}
		}
		hosts = append(hosts, placement.Host{Name: h.Name, Nodes: h.Nodes, Cores: h.Cores, Memory: h.Memory, Lacks: func(n topologies.Node) error {
			if all {
				return nil
			}
			return can(t.Part(func(x topologies.Node) bool { return x.Name == n.Name }))
		}})
	}
	return placement.Cut(t, hosts)
}

// Reserve implements topologies.Provider. An image that is another one on another of the lab's hosts is a
// *topologies.MissingError.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if err := check(t); err != nil {
		return nil, err
	}
	if o.Keep {
		return nil, &topologies.MissingError{What: "ability", Name: "to keep a lab", Hint: "one that is spread over hosts ends with its owner"}
	}
	o, err := o.Fill() // so that all parts are of one run
	if err != nil {
		return nil, err
	}
	sessions, err := p.dialAll(ctx)
	if err == nil {
		err = p.sendImages(ctx, t, sessions)
	}
	var placed placement.Placement
	if err == nil {
		placed, err = p.place(ctx, t, sessions)
	}
	if err == nil {
		err = p.sameImages(ctx, t, placed, sessions)
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(sessions))
	}
	l := newLab(t.Clone(), placed)
	if err := l.build(ctx, p, o, sessions); err != nil {
		return nil, errors.Join(fmt.Errorf("build a lab on %s: %w", strings.Join(l.hosts, ", "), err), l.Release(ctx))
	}
	return l, nil
}

// sendImages sends hosts what they lack, if it can be sent. What cannot is missed when nodes are placed.
func (p *Provider) sendImages(ctx context.Context, t topologies.Topology, sessions map[string]*session) error {
	if p.send == nil {
		return nil
	}
	type use struct{ host, image string }
	looked := map[use]bool{}
	for _, n := range t.Nodes {
		u := use{n.Placement, n.Image}
		s := sessions[n.Placement]
		if s == nil || looked[u] || !strings.HasPrefix(n.Image, "sha256:") {
			continue
		}
		looked[u] = true
		_, err := p.describe(ctx, s, n.Image)
		if _, missing := errors.AsType[*topologies.MissingError](err); !missing {
			continue // it is there, or something else is the matter, which is found again
		}
		if err := s.sendImage(ctx, n.Image, func(w io.Writer) error { return p.send(ctx, s.host, n.Image, w) }); err != nil {
			return fmt.Errorf("send image %s to host %s: %w", n.Image, s.host, err)
		}
	}
	return nil
}

// sendImage has an agent take an image in.
func (s *session) sendImage(ctx context.Context, digest string, write func(io.Writer) error) error {
	t, err := begin(ctx, s, streamImage, imageAsk{digest})
	if err != nil {
		return err
	}
	defer t.end()
	wrote := make(chan error, 1)
	go func() {
		err := write(t.writer(chunkIn))
		if err == nil {
			err = t.put(chunkInEnd)
		} else {
			_ = t.pipe.CloseWithError(err) // half of an image is none
		}
		wrote <- err
	}()
	o, err := t.outcome()
	t.end() // who writes still ends with it
	if failed := <-wrote; failed != nil && o.Error == "" {
		return errors.Join(failed, err)
	}
	return cmp.Or(o.err(), err)
}

// sameImages looks whether every image is one and the same on all hosts that use it.
func (p *Provider) sameImages(ctx context.Context, t topologies.Topology, placed placement.Placement, sessions map[string]*session) error {
	type use struct{ image, host string }
	first := map[string]use{} // by image
	digests := map[use]string{}
	for _, n := range t.Nodes {
		u := use{n.Image, placed.Host[n.Name]}
		if _, known := digests[u]; n.Image == "" || known {
			continue
		}
		info, err := p.describe(ctx, sessions[u.host], n.Image)
		if err != nil {
			return fmt.Errorf("look at image %s on host %s: %w", n.Image, u.host, err)
		}
		digests[u] = info.Digest
		if _, seen := first[n.Image]; !seen {
			first[n.Image] = u
		}
		if was := first[n.Image]; digests[was] != info.Digest {
			return &topologies.MissingError{
				What: "image", Name: n.Image + ", the same on all hosts,",
				Hint: fmt.Sprintf("it is %.19s on %s and %.19s on %s; import one of them on both", digests[was], was.host, info.Digest, u.host),
			}
		}
	}
	return nil
}

// joinTimeout bounds the wait until hosts have found each other.
const joinTimeout = 15 * time.Second

// build builds the parts of a lab side by side, and joins them. It takes the sessions over.
func (l *lab) build(ctx context.Context, p *Provider, o topologies.Options, sessions map[string]*session) error {
	key := tunnel.NewKey()
	ways := map[string][]way{}
	var mu sync.Mutex
	var group errgroup.Group
	for _, h := range p.hosts {
		s := sessions[h.Name]
		part, w := partOf(l.topology, func(node string) bool { return l.at[node] == h.Name })
		if len(part.Nodes) == 0 {
			if s != nil {
				group.Go(s.close)
			}
			continue
		}
		ways[h.Name] = w
		l.hosts = append(l.hosts, h.Name)
		group.Go(func() error {
			var x piece
			var err error
			if s == nil {
				var here *station
				here, err = newStation(ctx, p.builder, part, o, key, netip.Addr{})
				x = local{here}
			} else {
				x, err = reserve(ctx, s, l.topology, reserveAsk{Topology: part, Options: o, Key: key})
			}
			mu.Lock()
			defer mu.Unlock()
			l.pieces[h.Name] = x
			if err != nil {
				return fmt.Errorf("host %s: %w", h.Name, err)
			}
			return nil
		})
	}
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	l.id = fmt.Sprintf("reprise-%s-%d", o.Run, o.Lab)
	return l.join(ctx, p, ways, sessions)
}

// join has the cables between hosts carry frames.
func (l *lab) join(ctx context.Context, p *Provider, ways map[string][]way, sessions map[string]*session) error {
	reach := map[string]netip.Addr{}
	for _, h := range p.hosts {
		reach[h.Name] = h.Address
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinTimeout, fmt.Errorf("packets of UDP do not come through from and to it within %s: is a firewall between the hosts, or is it not reached by the address that it was reached by here", joinTimeout))
	defer cancel()
	return l.each(func(host string, x piece) error {
		list := slices.Clone(ways[host])
		for i := range list {
			w := &list[i]
			w.Host = l.at[w.Far.Node]
			at := reach[w.Host]
			switch near, far := sessions[host], sessions[w.Host]; {
			case at.IsValid():
			case far != nil:
				at = far.far
			case near != nil: // this host, as that one has it
				at = near.near
			}
			if !at.IsValid() {
				return fmt.Errorf("host %s has no address that host %s could reach it by", w.Host, host)
			}
			w.Peer = netip.AddrPortFrom(at.Unmap(), l.pieces[w.Host].port())
		}
		if len(list) == 0 {
			return nil
		}
		if err := x.join(ctx, list); err != nil {
			return err
		}
		return x.ready(ctx)
	})
}
