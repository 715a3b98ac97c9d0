// Package harnesstest holds a lab that exists only in memory, for tests of whoever
// uses package trial: a provider without containers and drivers that answer from
// functions. Nothing in it is a model of a switch.
//
// Nothing in it waits for anything but time either: tests run it with the clock of
// testing/synctest, which stands still while anything works, and so keeps windows of
// milliseconds exactly on a busy machine and passes an hour in none.
package harnesstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies"
)

// Provider builds labs of nothing. A nil function takes the ordinary course.
type Provider struct {
	CheckFn   func(context.Context, topologies.Topology) error
	ReserveFn func(context.Context, topologies.Topology, topologies.Options) error
	ReleaseFn func(context.Context) error
	StateFn   func(node string) (topologies.NodeState, error)
	// FiredFn is the number of frames that a fault acted on when it is taken back.
	FiredFn func(topologies.Fault) uint64
	// ActedFn is what a fault on frames says that it did when it is taken back.
	ActedFn func(topologies.Fault) topologies.Acted
	// DropsBy is what the lab says that it drops frames with.
	DropsBy topologies.DropBy
	// WitnessFn is the error of asking for that number.
	WitnessFn func(topologies.Fault) error
	// ChangesFn is what changed of the lab.
	ChangesFn func() []topologies.Change
	// InjectFn says why a fault cannot be put in.
	InjectFn func(topologies.Fault) error
	// HealFn says why a fault cannot be taken back.
	HealFn func(topologies.Fault) error
	// HostFn answers a command on the machine beneath a node; without it there is no such machine.
	// A negative exit is none: the machine does not answer.
	HostFn func(node string, argv []string) (said string, exit int)
	// Libraries are those for clocks that nodes may be given.
	Libraries []topologies.ClockLibrary
	// Warnings is what labs tell that they were built without.
	Warnings []string
	// BuiltKind is the kind that a lab says it is once it is built; empty says nothing.
	BuiltKind topologies.Kind
	// CaptureFn captures; without it the lab cannot.
	CaptureFn func(topologies.CaptureSpec) (topologies.Capture, error)
	// TrafficFn sends; without it the lab cannot.
	TrafficFn func(topologies.FlowSpec) (topologies.Flow, error)
	// NodeClockFn is the clock of another machine that a node is on; without it all are on this one.
	NodeClockFn func(node string, since time.Time) topologies.NodeClock
	// EndsFn is how processes of a node ended; without it nobody sees them.
	EndsFn func(node string) []topologies.ProcessEnd
	// Deaf says why not every signal is heard.
	Deaf string
	// HereFn tells times of that clock in this machine's; without it they are the same.
	HereFn func(node string, there time.Time) time.Time

	mu     sync.Mutex
	active []topologies.Fault
	up     int
}

// ClockLibraries implements topologies.ClockSource.
func (p *Provider) ClockLibraries(context.Context) ([]topologies.ClockLibrary, error) {
	return p.Libraries, nil
}

// Name is the provider's name in records.
func (p *Provider) Name() string { return "memory" }

// Check asks CheckFn.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	if p.CheckFn != nil {
		return p.CheckFn(ctx, t)
	}
	return nil
}

// Reserve asks ReserveFn, and counts the labs that are up.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if p.ReserveFn != nil {
		if err := p.ReserveFn(ctx, t, o); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up++
	r := &reservation{p: p, id: fmt.Sprintf("%s-%d", o.Run, o.Lab)}
	if p.BuiltKind != "" {
		return builtLab{r}, nil
	}
	if p.CaptureFn != nil {
		return capturingLab{r}, nil
	}
	if p.TrafficFn != nil {
		return sendingLab{r}, nil
	}
	return r, nil
}

// Up is the number of labs that were reserved and not released.
func (p *Provider) Up() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// Active lists the faults in force.
func (p *Provider) Active() []topologies.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]topologies.Fault(nil), p.active...)
}

type reservation struct {
	p        *Provider
	id       string
	released bool
}

func (r *reservation) ID() string { return r.id }

func (r *reservation) Host(node string) (topologies.Host, error) {
	return host{p: r.p, node: node}, nil
}

// Warnings implements topologies.Warner.
func (r *reservation) Warnings() []string { return r.p.Warnings }

// Ends implements topologies.ProcessWatcher.
func (r *reservation) Ends(_ context.Context, node string) ([]topologies.ProcessEnd, time.Time, string, error) {
	if r.p.EndsFn == nil {
		return nil, time.Time{}, "", errors.New("nobody sees how processes end")
	}
	return r.p.EndsFn(node), time.Time{}, "", nil
}

// Hears implements topologies.SignalHearer.
func (r *reservation) Hears(string) string { return r.p.Deaf }

// NodeClock implements topologies.NodeClockTeller.
func (r *reservation) NodeClock(node string, since time.Time) (topologies.NodeClock, bool) {
	if r.p.NodeClockFn == nil {
		return topologies.NodeClock{}, false
	}
	return r.p.NodeClockFn(node, since), true
}

// Here implements topologies.NodeClockTeller.
func (r *reservation) Here(node string, there time.Time) time.Time {
	if r.p.HereFn == nil {
		return there
	}
	return r.p.HereFn(node, there)
}

// builtLab is a lab that tells its kind.
type builtLab struct{ *reservation }

func (b builtLab) Kind() topologies.Kind { return b.p.BuiltKind }

// capturingLab is a lab that can capture.
type capturingLab struct{ *reservation }

func (c capturingLab) Capture(_ context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	return c.p.CaptureFn(s)
}

type sendingLab struct{ *reservation }

func (s sendingLab) Traffic(_ context.Context, f topologies.FlowSpec) (topologies.Flow, error) {
	return s.p.TrafficFn(f)
}

func (r *reservation) Release(ctx context.Context) error {
	r.p.mu.Lock()
	if !r.released {
		r.released = true
		r.p.up--
	}
	r.p.mu.Unlock()
	if r.p.ReleaseFn != nil {
		return r.p.ReleaseFn(ctx)
	}
	return nil
}

func (r *reservation) NodeState(_ context.Context, node string) (topologies.NodeState, error) {
	if r.p.StateFn != nil {
		return r.p.StateFn(node)
	}
	return topologies.NodeState{Running: true}, nil
}

func (r *reservation) Changes(context.Context) ([]topologies.Change, error) {
	if r.p.ChangesFn != nil {
		return r.p.ChangesFn(), nil
	}
	return nil, nil
}

func (r *reservation) RestartNode(context.Context, string) error { return nil }

func (r *reservation) Inject(_ context.Context, f topologies.Fault) (topologies.Active, error) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if r.p.InjectFn != nil {
		if err := r.p.InjectFn(f); err != nil {
			return nil, err
		}
	}
	r.p.active = append(r.p.active, f)
	return &active{p: r.p, f: f}, nil
}

type active struct {
	p *Provider
	f topologies.Fault
}

// DropBy implements topologies.DropTeller.
func (a *active) DropBy() topologies.DropBy { return a.p.DropsBy }

// Acted implements topologies.ActedTeller.
func (a *active) Acted() (topologies.Acted, bool) {
	if a.p.ActedFn == nil {
		return topologies.Acted{}, false
	}
	return a.p.ActedFn(a.f), true
}

func (a *active) Fired(context.Context) (uint64, error) {
	if a.p.WitnessFn != nil {
		if err := a.p.WitnessFn(a.f); err != nil {
			return 0, err
		}
	}
	if a.p.FiredFn != nil {
		return a.p.FiredFn(a.f), nil
	}
	return 1, nil
}

func (a *active) Heal(context.Context) error {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	for i, f := range a.p.active {
		if f == a.f {
			a.p.active = append(a.p.active[:i], a.p.active[i+1:]...)
			break
		}
	}
	if a.p.HealFn != nil {
		return a.p.HealFn(a.f)
	}
	return nil
}

type host struct {
	p    *Provider
	node string
}

func (host) Open(context.Context, []string, bool) (io.ReadWriteCloser, error) {
	return nil, drivers.ErrUnsupported
}

func (h host) Exec(_ context.Context, argv []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	if h.p.HostFn == nil {
		return 0, drivers.ErrUnsupported
	}
	said, exit := h.p.HostFn(h.node, argv)
	if exit < 0 {
		return 0, errors.New("it does not answer")
	}
	if stdout == nil {
		return exit, nil
	}
	_, err := io.WriteString(stdout, said)
	return exit, err
}

func (host) WriteFile(context.Context, string, []byte, fs.FileMode) error { return nil }
func (host) ReadFile(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("")), nil
}

// Platform opens drivers that answer from functions; a nil one answers with nothing.
type Platform struct {
	Name  string
	RunFn func(node, line string) (drivers.Exchange, error)
	// RunCtxFn is RunFn for who waits; it goes before.
	RunCtxFn    func(ctx context.Context, node, line string) (drivers.Exchange, error)
	ShellFn     func(node, line string) (drivers.Exchange, error)
	ConfigureFn func(node, line string) (rejected string, err error)
	// ConfigureSays is what every configuration line prints.
	ConfigureSays string
	OpenFn        func(node string) error
	BootFn        func(node string) error
	CloseFn       func(node string) error
	DeathsFn      func(node string) ([]drivers.Death, error)
	LogFn         func(node string) string
	// Rotated says that the log is read from its beginning, since it shrank; or since it is another file.
	Rotated, Another bool
	Again            []string // lines that the log had before the mark
	Older            []string // lines of the log that are of before the mark, by their own date
	UnloggedFn       func(node string) string
	KillFn           func(node, process, signal string) error
	AbsentFn         func(node, line string, shell bool) []string
	PartsFn          func(line string, shell bool) []drivers.HiddenPart
	ResetFn          func(node string) error
}

// Registry is a registry that knows the platform only.
func (p *Platform) Registry() *drivers.Registry {
	r := &drivers.Registry{}
	if err := r.Register(p); err != nil {
		panic(err) // an empty registry takes any name
	}
	return r
}

// Platform is the name that scenarios use.
func (p *Platform) Platform() string { return p.Name }

// Open opens a driver on a node.
func (p *Platform) Open(_ context.Context, t drivers.Target) (drivers.Driver, error) {
	if p.OpenFn != nil {
		if err := p.OpenFn(t.Node); err != nil {
			return nil, err
		}
	}
	return &driver{p: p, node: t.Node}, nil
}

type driver struct {
	p    *Platform
	node string
}

func (d *driver) Platform() drivers.Platform { return drivers.Platform{Name: d.p.Name} }

func (d *driver) Close(context.Context) error {
	if d.p.CloseFn != nil {
		return d.p.CloseFn(d.node)
	}
	return nil
}

func answer(f func(node, line string) (drivers.Exchange, error), node, line string) (drivers.Exchange, error) {
	if f == nil {
		return drivers.Exchange{Command: line}, nil
	}
	x, err := f(node, line)
	x.Command = line
	return x, err
}

func (d *driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	if d.p.RunCtxFn != nil {
		return d.p.RunCtxFn(ctx, d.node, c.Line)
	}
	return answer(d.p.RunFn, d.node, c.Line)
}

func (d *driver) Shell(_ context.Context, c drivers.Command) (drivers.Exchange, error) {
	return answer(d.p.ShellFn, d.node, c.Line)
}

// Absent names no programs where nothing was said.
func (d *driver) Absent(_ context.Context, line string, shell bool) ([]string, error) {
	if d.p.AbsentFn == nil {
		return nil, nil
	}
	return d.p.AbsentFn(d.node, line, shell), nil
}

// Parts names none where nothing was said.
func (d *driver) Parts(line string, shell bool) []drivers.HiddenPart {
	if d.p.PartsFn == nil {
		return nil
	}
	return d.p.PartsFn(line, shell)
}

// ForgetPrograms has nothing to forget.
func (d *driver) ForgetPrograms() {}

// ConfigCommand implements drivers.ConfigShower.
func (*driver) ConfigCommand() string { return "show config" }

func (d *driver) Configure(_ context.Context, lines []string) ([]drivers.Exchange, error) {
	var out []drivers.Exchange
	for _, line := range lines {
		x := drivers.Exchange{Command: line, Output: d.p.ConfigureSays}
		if d.p.ConfigureFn != nil {
			var err error
			if x.Rejected, err = d.p.ConfigureFn(d.node, line); err != nil {
				return out, err
			}
		}
		if out = append(out, x); x.Rejected != "" {
			break
		}
	}
	return out, nil
}

func (d *driver) Boot(context.Context) error {
	if d.p.BootFn != nil {
		return d.p.BootFn(d.node)
	}
	return nil
}

func (d *driver) Deaths(context.Context) ([]drivers.Death, error) {
	if d.p.DeathsFn != nil {
		return d.p.DeathsFn(d.node)
	}
	return nil, nil
}

// Refusal knows lines that begin with %.
func (d *driver) Refusal(_ string, _ bool, answer string) string {
	if words := strings.TrimSpace(answer); strings.HasPrefix(words, "% ") && !strings.Contains(words, "\n") {
		return words
	}
	return ""
}

// Unread knows scripts by their names.
func (d *driver) Unread(line string) bool { return strings.Contains(line, ".sh") }

// Calls knows a program by its path and an argument.
func (d *driver) Calls(line, program string) bool { return strings.Contains(line, "/"+program+" -") }

// Stops reads "pkill -NAME PROCESS" and "kill -NAME $(pidof PROCESS)".
func (d *driver) Stops(line string, _ bool, process string) []string {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '(' || r == ')' || r == '$' })
	if len(words) < 3 || words[0] != "kill" && words[0] != "pkill" || words[len(words)-1] != process {
		return nil
	}
	return []string{"SIG" + strings.TrimPrefix(words[1], "-")}
}

func (d *driver) MarkLogs(context.Context) (drivers.LogMark, error) {
	if d.p.LogFn == nil {
		return drivers.LogMark{}, nil
	}
	return drivers.LogMark{"log": int64(len(d.p.LogFn(d.node)))}, nil
}

func (d *driver) LogsSince(_ context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	if d.p.LogFn == nil {
		return nil, nil
	}
	text := d.p.LogFn(d.node)
	if d.p.Rotated || d.p.Another {
		return []drivers.LogFile{{Path: "log", Text: text, Truncated: true, Anew: d.p.Another}}, nil
	}
	return []drivers.LogFile{{Path: "log", Text: text[min(int(m["log"]), len(text)):], Again: d.p.Again, Older: d.p.Older}}, nil
}

func (d *driver) Unlogged(context.Context) (string, error) {
	if d.p.UnloggedFn == nil {
		return "", nil
	}
	return d.p.UnloggedFn(d.node), nil
}

func (d *driver) Kill(_ context.Context, process, signal string) error {
	if d.p.KillFn != nil {
		return d.p.KillFn(d.node, process, signal)
	}
	return nil
}
func (d *driver) Start(context.Context, string) error  { return nil }
func (d *driver) Pause(context.Context, string) error  { return nil }
func (d *driver) Resume(context.Context, string) error { return nil }

func (d *driver) ResetConfig(context.Context) error {
	if d.p.ResetFn != nil {
		return d.p.ResetFn(d.node)
	}
	return nil
}
func (d *driver) RestartDaemons(ctx context.Context) error { return d.ResetConfig(ctx) }
