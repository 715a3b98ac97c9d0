package harnesstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies"
)

// Rack is a provider of switches that were there before the lab and stay after it, and their
// platform at once: what is configured on one is still there when the lab is gone, unless it
// was brought back. A nil function takes the ordinary course.
type Rack struct {
	// DeviceFn changes what the inventory says of a node's device, whose serial number is its own.
	DeviceFn func(node string, d *topologies.Device)
	// PortsFn are the ports that the rack chose for a node.
	PortsFn func(node string) map[string]string
	// KeepFn says why a restore point cannot be kept.
	KeepFn func(node string) error
	// RestoreFn says why a device cannot be brought back.
	RestoreFn func(node string) error
	// ConfigureFn is told each line that a device takes, and may refuse it.
	ConfigureFn func(node, line string) (rejected string)
	// SaidFn adds to what a device answers.
	SaidFn func(node string) string
	// MarksFn are what a device says of itself.
	MarksFn func(node string) []string

	mu      sync.Mutex
	devices map[string]*rackDevice
	journal []string
	open    map[string]topologies.RestorePoint
	lost    chan struct{}
	up      int
}

// rackDevice is what a switch holds.
type rackDevice struct {
	running []string
	saved   map[string][]string
	down    []string // ports
	reboots int
	log     []string
}

// Name is the provider's name in records.
func (r *Rack) Name() string { return "rack" }

// Kind is hardware.
func (r *Rack) Kind(topologies.Topology) topologies.Kind { return topologies.KindHardware }

// Check finds every lab possible.
func (r *Rack) Check(context.Context, topologies.Topology) error { return nil }

// Reserve gives the devices out.
func (r *Rack) Reserve(_ context.Context, _ topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = make(chan struct{})
	r.up++
	return &rackLab{r: r, id: fmt.Sprintf("%s-%d", o.Run, o.Lab)}, nil
}

// Up is the number of labs that were reserved and not released.
func (r *Rack) Up() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up
}

// Lose takes the devices away from whoever has them.
func (r *Rack) Lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.lost)
}

// Journal lists what was written of restore points: "keep r1", "restored r1", "quarantine r1: …".
func (r *Rack) Journal() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.journal)
}

// Running is the configuration of a device, line by line.
func (r *Rack) Running(node string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.device(node).running)
}

// Saved lists the names of the configurations that are saved on a device.
func (r *Rack) Saved(node string) (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.device(node).saved {
		names = append(names, name)
	}
	return names
}

// Log lists what was written into a device's log.
func (r *Rack) Log(node string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.device(node).log)
}

// Reboots is how often a device was restarted.
func (r *Rack) Reboots(node string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.device(node).reboots
}

// device gives a node's device; r is locked.
func (r *Rack) device(node string) *rackDevice {
	if r.devices == nil {
		r.devices = map[string]*rackDevice{}
	}
	if r.devices[node] == nil {
		r.devices[node] = &rackDevice{running: []string{"factory"}, saved: map[string][]string{}}
	}
	return r.devices[node]
}

func (r *Rack) note(format string, args ...any) {
	r.journal = append(r.journal, fmt.Sprintf(format, args...))
}

type rackLab struct {
	r  *Rack
	id string
}

func (l *rackLab) ID() string { return l.id }

func (l *rackLab) Host(string) (topologies.Host, error) { return host{p: &Provider{}}, nil }

func (l *rackLab) Release(context.Context) error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.up--
	return nil
}

func (l *rackLab) NodeState(context.Context, string) (topologies.NodeState, error) {
	return topologies.NodeState{Running: true}, nil
}

func (l *rackLab) Ports(node string) map[string]string {
	if l.r.PortsFn == nil {
		return nil
	}
	return l.r.PortsFn(node)
}

func (l *rackLab) Lost() <-chan struct{} { return l.r.lost }

func (l *rackLab) Err() error { return errors.New("somebody else needs it") }

func (l *rackLab) Device(node string) (topologies.Device, error) {
	d := topologies.Device{Name: "rack-" + node, Serial: "S-" + node}
	if l.r.DeviceFn != nil {
		l.r.DeviceFn(node, &d)
	}
	return d, nil
}

func (l *rackLab) Keep(_ context.Context, node string, w topologies.RestorePoint) error {
	if l.r.KeepFn != nil {
		if err := l.r.KeepFn(node); err != nil {
			return err
		}
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.r.open == nil {
		l.r.open = map[string]topologies.RestorePoint{}
	}
	l.r.open[node] = w
	l.r.note("keep %s", node)
	return nil
}

func (l *rackLab) Kept(node string) (topologies.RestorePoint, bool, error) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	w, ok := l.r.open[node]
	return w, ok, nil
}

func (l *rackLab) Restored(_ context.Context, node string) error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	delete(l.r.open, node)
	l.r.note("restored %s", node)
	return nil
}

func (l *rackLab) Quarantine(_ context.Context, node, reason string) error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.note("quarantine %s: %s", node, reason)
	return nil
}

// Registry is a registry that knows the rack's switches only, as platform "switch".
func (r *Rack) Registry() *drivers.Registry {
	registry := &drivers.Registry{}
	if err := registry.Register(r); err != nil {
		panic(err) // an empty registry takes any name
	}
	return registry
}

// Platform is the name that scenarios use.
func (r *Rack) Platform() string { return "switch" }

// Open opens a session with a device.
func (r *Rack) Open(_ context.Context, t drivers.Target) (drivers.Driver, error) {
	return &rackDriver{r: r, target: t}, nil
}

type rackDriver struct {
	r      *Rack
	target drivers.Target
}

// with runs f on the device.
func (d *rackDriver) with(f func(*rackDevice)) {
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	f(d.r.device(d.target.Node))
}

func (d *rackDriver) Platform() drivers.Platform  { return drivers.Platform{Name: "switch"} }
func (d *rackDriver) Close(context.Context) error { return nil }

// Run answers with the configuration, the ports that are down and what SaidFn adds.
func (d *rackDriver) Run(_ context.Context, c drivers.Command) (drivers.Exchange, error) {
	x := drivers.Exchange{Command: c.Line, Exit: drivers.NoExit}
	d.with(func(s *rackDevice) {
		x.Output = "runs: " + strings.Join(s.running, ", ") + "\ndown: " + strings.Join(s.down, ", ") + "\n"
	})
	if d.r.SaidFn != nil {
		x.Output += d.r.SaidFn(d.target.Node)
	}
	return x, nil
}

func (d *rackDriver) Configure(_ context.Context, lines []string) ([]drivers.Exchange, error) {
	var out []drivers.Exchange
	for _, line := range lines {
		x := drivers.Exchange{Command: line, Exit: drivers.NoExit}
		if d.r.ConfigureFn != nil {
			x.Rejected = d.r.ConfigureFn(d.target.Node, line)
		}
		if out = append(out, x); x.Rejected != "" {
			break
		}
		d.with(func(s *rackDevice) { s.running = append(s.running, line) })
	}
	return out, nil
}

// Boot adds the start-up configuration.
func (d *rackDriver) Boot(ctx context.Context) error {
	if len(d.target.Config) == 0 {
		return nil
	}
	xs, err := d.Configure(ctx, strings.Split(strings.TrimSpace(string(d.target.Config)), "\n"))
	if err == nil && xs[len(xs)-1].Rejected != "" {
		err = fmt.Errorf("%w: %s", drivers.ErrRefused, xs[len(xs)-1].Rejected)
	}
	return err
}

func (d *rackDriver) Facts(context.Context) (drivers.Facts, error) {
	return drivers.Facts{Platform: "switch", Version: "1.0", Details: map[string]string{"serial": "S-" + d.target.Node}}, nil
}

func (d *rackDriver) Checkpoint(_ context.Context, name string, keep func(drivers.Checkpoint) error) (c drivers.Checkpoint, err error) {
	d.with(func(s *rackDevice) {
		c = drivers.Checkpoint{Name: name, Selected: "primary", Config: strings.Join(s.running, "\n")}
	})
	if keep != nil {
		if err := keep(c); err != nil {
			return c, err
		}
	}
	d.with(func(s *rackDevice) { s.saved[name] = slices.Clone(s.running) })
	return c, nil
}

func (d *rackDriver) Restore(_ context.Context, c drivers.Checkpoint) (err error) {
	if d.r.RestoreFn != nil {
		if err := d.r.RestoreFn(d.target.Node); err != nil {
			return err
		}
	}
	d.with(func(s *rackDevice) {
		saved, there := s.saved[c.Name]
		if !there {
			err = fmt.Errorf("there is no %s", c.Name)
			return
		}
		s.running, s.down = slices.Clone(saved), nil
	})
	return err
}

func (d *rackDriver) Forget(_ context.Context, c drivers.Checkpoint) error {
	d.with(func(s *rackDevice) { delete(s.saved, c.Name) })
	return nil
}

// Persists knows lines that begin with save.
func (d *rackDriver) Persists(line string) bool { return strings.HasPrefix(line, "save") }

func (d *rackDriver) PortDown(_ context.Context, port string) error {
	d.with(func(s *rackDevice) { s.down = append(s.down, port) })
	return nil
}

func (d *rackDriver) PortUp(_ context.Context, port string) error {
	d.with(func(s *rackDevice) {
		s.down = slices.DeleteFunc(s.down, func(p string) bool { return p == port })
	})
	return nil
}

// Reboot loses what is not saved: all that was configured since the lab began.
func (d *rackDriver) Reboot(context.Context) error {
	d.with(func(s *rackDevice) { s.reboots++; s.running, s.down = []string{"factory"}, nil })
	return nil
}

func (d *rackDriver) MarkClock(_ context.Context, text string) (drivers.Exchange, error) {
	d.with(func(s *rackDevice) { s.log = append(s.log, text) })
	return drivers.Exchange{Command: text}, nil
}

// TechSupport is never whole.
func (d *rackDriver) TechSupport(context.Context) (drivers.TechSupport, error) {
	return drivers.TechSupport{Exchange: drivers.Exchange{Output: "half of it\n"}, Missing: []string{"its end"}}, nil
}

func (d *rackDriver) Marks() []string {
	if d.r.MarksFn == nil {
		return nil
	}
	return d.r.MarksFn(d.target.Node)
}
