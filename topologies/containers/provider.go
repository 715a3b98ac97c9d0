package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/containers/unlisted"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// testcontainers-go is initialised by now.
var _ = unlisted.Restore()

const (
	defaultWorkers = 10
	// releaseTimeout bounds the removal of one lab.
	releaseTimeout = 2 * time.Minute
)

// Options of a provider. The zero value is right for the program itself.
type Options struct {
	// Executable and WireArgs are the command that a helper container runs to do the
	// wiring for a process without root's rights: a program that calls ServeWiring.
	// Empty means this executable, and the argument __wire.
	Executable string
	WireArgs   []string
	// Helper has a helper do the wiring, and watch processes, even where this process could.
	Helper bool
}

// Provider builds labs of containers. It is safe for use by several goroutines.
type Provider struct {
	options Options

	mu    sync.Mutex
	maker *testcontainers.DockerProvider // nil until the engine has answered
}

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
	_ topologies.ClockSource    = (*Provider)(nil)
	_ topologies.SourceTeller   = (*Provider)(nil)
)

// New makes a provider. It does not reach for the engine: that is Check's duty, and
// Reserve's. It silences testcontainers and turns its reaper off for the process.
func New(o Options) (*Provider, error) {
	if o.Executable == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		o.Executable = exe
	}
	if len(o.WireArgs) == 0 {
		o.WireArgs = []string{"__wire"}
	}
	if err := quieten(); err != nil {
		return nil, err
	}
	return &Provider{options: o}, nil
}

// quieten tells testcontainers, once for the process, to keep quiet and to leave its
// reaper alone: that is an image of its own that would have to be pulled. GC does its work.
var quieten = sync.OnceValue(func() error { //nolint:gochecknoglobals // what it sets is global to the process
	log.SetDefault(log.NewNoopLogger())
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return fmt.Errorf("turn the reaper off: %w", err)
	}
	return nil
})

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "containers" }

// ServeWiring does the wiring for a process without root's rights: it carries out the
// operations that arrive on in and answers on out until in ends.
func ServeWiring(in io.Reader, out io.Writer) error { return wiring.Serve(in, out, nil, nil, nil) }

// Close lets go of the engine.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.maker == nil {
		return nil
	}
	return p.maker.Close()
}

// connect gives testcontainers' provider and the engine's client beneath it. It asks
// for the engine first, because testcontainers remembers for good that there is none.
func (p *Provider) connect(ctx context.Context) (*testcontainers.DockerProvider, client.APIClient, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.maker != nil {
		return p.maker, p.maker.Client(), nil
	}
	c, err := engine.Connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	address := c.DaemonHost()
	if err := c.Close(); err != nil {
		return nil, nil, fmt.Errorf("close the engine client: %w", err)
	}
	if !strings.HasPrefix(address, "unix://") {
		return nil, nil, &topologies.MissingError{
			What: "engine", Name: "docker on this machine",
			Hint: "DOCKER_HOST points to " + address + ": cables can only be laid on the machine that runs the containers",
		}
	}
	// The network of containers that name none: "none" exists in every engine, also in
	// one that was started without a bridge.
	maker, err := testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork("none"))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the engine: %w", err)
	}
	p.maker = maker
	return maker, maker.Client(), nil
}

// Images gives the engine's images. mirror is the package mirror to build from; empty
// means the distribution's own.
func (p *Provider) Images(ctx context.Context, mirror string) (*images.Store, error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	return images.New(c, mirror), nil
}

// DescribeImage implements topologies.ImageDescriber.
func (p *Provider) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	store, err := p.Images(ctx, "")
	if err != nil {
		return topologies.ImageInfo{}, err
	}
	return store.Describe(ctx, ref)
}

// Engine implements topologies.EngineTeller.
func (p *Provider) Engine(ctx context.Context) string {
	_, c, err := p.connect(ctx)
	if err != nil {
		return ""
	}
	v, err := c.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return ""
	}
	return "docker " + v.Version
}

// Check implements topologies.Provider.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	return errors.Join(p.CheckPart(ctx, t), wiring.CheckLinks(t))
}

// CheckPart looks whether the nodes of t can be built here, wherever its links end.
func (p *Provider) CheckPart(ctx context.Context, t topologies.Topology) error {
	_, c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	_, err = plan(ctx, c, t)
	return err
}

// Reserve implements topologies.Provider.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if err := wiring.CheckLinks(t); err != nil {
		return nil, err
	}
	l, err := p.plan(ctx, t, o)
	if err != nil {
		return nil, err
	}
	if l.cables, err = l.newCabling(); err != nil {
		return nil, err
	}
	if err := l.deploy(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// ReservePart starts the nodes of t as part of a lab.
func (p *Provider) ReservePart(ctx context.Context, t topologies.Topology, o topologies.Options) (cabling.Part, error) {
	l, err := p.plan(ctx, t, o)
	if err != nil {
		return nil, err
	}
	if err := l.deploy(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// plan makes a lab of which nothing is started.
func (p *Provider) plan(ctx context.Context, t topologies.Topology, o topologies.Options) (*lab, error) {
	maker, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	if o, err = fill(o); err != nil {
		return nil, err
	}
	nodes, err := plan(ctx, c, t)
	if err != nil {
		return nil, err
	}
	return newLab(p, maker, c, t.Clone(), o, nodes), nil
}

// fill replaces what an Options leaves open.
func fill(o topologies.Options) (topologies.Options, error) {
	o, err := o.Fill()
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	return o, err
}

// cabled says whether a link ends at the node.
func cabled(t topologies.Topology, node string) bool {
	return slices.ContainsFunc(t.Links, func(l topologies.Link) bool { return l.A.Node == node || l.B.Node == node })
}
