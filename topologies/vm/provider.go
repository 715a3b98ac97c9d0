package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

const (
	// releaseTimeout bounds the removal of one lab.
	releaseTimeout = time.Minute
)

// Options of a provider. The zero value is right for the program itself.
type Options struct {
	// Dir holds guests, states and the folders of labs. Empty means reprise/vm in the
	// user's cache.
	Dir         string
	Accelerator string // Auto, KVM or TCG; empty means Auto
	Memory      int    // MiB of a guest that asks for none; 0 means 512
	// Cold has every machine boot, and keeps no states.
	Cold bool
	// Executable and WireArgs are the command that carries out wiring in a guest for faults that pick frames; see
	// containers.Options. Empty means this program and its hidden verb.
	Executable string
	WireArgs   []string
	// Progress is told, from several goroutines, what takes long. nil tells nobody.
	Progress func(string)
}

// Provider builds labs of machines. It is safe for use by several goroutines.
type Provider struct {
	options Options
	guests  *guest.Store
	disks   sync.Map // path of a vendor's disk by the image that names it

	accelTurn sync.Mutex
	accel     Acceleration // zero until it was probed
}

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.Kinder         = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
)

// New makes a provider. It starts nothing.
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
	if o.Dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a place for machines: %w", err)
		}
		o.Dir = filepath.Join(cache, "reprise", "vm")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find a place for machines: %w", err)
	}
	o.Dir = dir
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return &Provider{options: o, guests: guest.NewStore(filepath.Join(dir, "guests"))}, nil
}

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "vm" }

// Kind implements topologies.Kinder.
func (p *Provider) Kind(topologies.Topology) topologies.Kind { return topologies.KindVM }

// Close lets go of nothing: labs are released one by one.
func (p *Provider) Close() error { return nil }

// Guests lists the guests that were made here.
func (p *Provider) Guests() ([]guest.Guest, error) { return p.guests.List() }

// BuildGuest makes the guest of a Debian suite, unless it is there; see guest.Store.Build.
func (p *Provider) BuildGuest(ctx context.Context, suite, mirror string, log func(string)) error {
	return p.guests.Build(ctx, suite, mirror, log)
}

// RemoveGuest takes a guest away by its name.
func (p *Provider) RemoveGuest(ref string) error { return p.guests.Remove(ref) }

// DescribeImage implements topologies.ImageDescriber.
func (p *Provider) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	if strings.HasPrefix(ref, guest.Prefix) {
		g, err := p.guests.Find(ref)
		if err != nil {
			return topologies.ImageInfo{}, err
		}
		return topologies.ImageInfo{Ref: ref, Digest: g.Digest, Packages: g.Packages}, nil
	}
	path := ref
	if known, ok := p.disks.Load(ref); ok {
		path, _ = known.(string) // nothing else is stored
	}
	digest, err := digestFile(ctx, path)
	if errors.Is(err, os.ErrNotExist) {
		return topologies.ImageInfo{}, &topologies.MissingError{What: "disk", Name: ref, Hint: "put the vendor's file there"}
	}
	return topologies.ImageInfo{Ref: ref, Digest: digest}, err
}

func digestFile(ctx context.Context, path string) (string, error) {
	f, err := plain.Open(path)
	if err != nil {
		return "", fmt.Errorf("read disk: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	stop := context.AfterFunc(ctx, func() { _ = f.Close() })
	defer stop()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read disk: %w", errors.Join(err, ctx.Err()))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Engine implements topologies.EngineTeller.
func (p *Provider) Engine(ctx context.Context) string {
	a, err := p.Acceleration(ctx)
	if err != nil {
		return ""
	}
	return "QEMU " + a.Version + " with " + a.Name
}

// Check implements topologies.Provider.
func (p *Provider) Check(_ context.Context, t topologies.Topology) error {
	for tool, pkg := range map[string]string{emulator: "qemu-system-x86", "qemu-img": "qemu-utils"} {
		if _, err := exec.LookPath(tool); err != nil {
			return missingQEMU(tool, pkg)
		}
	}
	_, err := p.plan(t)
	return err
}

// Reserve implements topologies.Provider.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if err := p.Check(ctx, t); err != nil {
		return nil, err
	}
	nodes, err := p.plan(t)
	if err != nil {
		return nil, err
	}
	if o, err = fill(o); err != nil {
		return nil, err
	}
	accel, err := p.Acceleration(ctx)
	if err != nil {
		return nil, err
	}
	l, err := newLab(p, t.Clone(), o, nodes, accel)
	if err != nil {
		return nil, err
	}
	l.sandbox = sandboxed(ctx)
	if err := l.deploy(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// fill replaces what an Options leaves open.
func fill(o topologies.Options) (topologies.Options, error) {
	o, err := o.Fill()
	if o.Workers <= 0 || o.Workers > runtime.NumCPU() {
		o.Workers = runtime.NumCPU()
	}
	return o, err
}

// labs and states are the folders of labs and of states.
func (p *Provider) labs() string   { return filepath.Join(p.options.Dir, "labs") }
func (p *Provider) states() string { return filepath.Join(p.options.Dir, "states") }
