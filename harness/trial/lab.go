package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Bounds of what has no window of its own.
const (
	lookTimeout   = 20 * time.Second // one answer of a probe
	stepTimeout   = 60 * time.Second // one step of a stimulus
	bootTimeout   = 90 * time.Second // one node's software
	deployTimeout = 5 * time.Minute  // a whole lab
)

// Environment is what a run needs beyond its plan.
type Environment struct {
	Provider topologies.Provider
	Registry *drivers.Registry
	Dir      evidence.Dir
	Owner    int  // pid whose death frees the labs; 0 means this process
	Keep     bool // leave the lab up after the last trial
	// Lean keeps what judging needs and no states beside it: for searches of many trials.
	Lean bool
	// All runs every trial, also after one in which a fresh lab refused what it was given.
	All bool
	// Rehearse goes through everything once without waiting: each condition is looked at once,
	// and what is false does not end the trial. For labs that show nothing (simulators).
	Rehearse bool
	// Progress is told where a trial is; nil tells nobody. It must not block.
	Progress func(Progress)
}

// Progress is one step on the way, for a person who watches.
type Progress struct {
	Lab   int            `json:"lab"`
	Trial int            `json:"trial"`
	Phase evidence.Phase `json:"phase,omitempty"`
	Text  string         `json:"text,omitempty"`
	// Verdict is set when the trial is over.
	Verdict evidence.Verdict `json:"verdict,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Took    time.Duration    `json:"took,omitempty"`
	// NotRun says why a planned trial was not begun.
	NotRun string `json:"not-run,omitempty"`
}

// Lab is one reserved topology with an open driver per node. It executes one trial at
// a time.
type Lab struct {
	Number int
	plan   *plan.Plan
	env    Environment
	res    topologies.Reservation
	nodes  []*labNode
	// tainted says why the lab must be built anew before the next trial.
	tainted string
	trials  int  // since the lab was built
	cold    bool // the trial that runs now begins with nothing that an earlier one has touched

	mu       sync.Mutex
	unbooted bool // a node did not start, in this trial
	// refused says what a lab that was freshly built refused.
	refused string
}

type labNode struct {
	runTurn, shellTurn sync.RWMutex // see turn
	plan.Node
	driver  drivers.Driver
	sink    *sink
	target  drivers.Target // that the driver was opened with
	silence silence
	ports   map[string]string // of the device that the lab chose, by interface; nil: it chose none
	// restorePoint is set while a device of a real lab has to be brought back.
	restorePoint *topologies.RestorePoint
	// origin is the configuration of a lab's own device before it got that of the scenario,
	// where resets go back to it.
	origin *drivers.Checkpoint

	coresMu    sync.Mutex
	coresKnown map[drivers.Core]bool // core files of before; nil: they could not be listed
	cores      []drivers.Death       // that core files told of since then

	toldMu sync.Mutex
	told   []death    // in the order in which they became known
	steps  []stopping // of the trial, that have begun on this node
}

// NewLab prepares a lab. Nothing is built before its first trial.
func NewLab(p *plan.Plan, env Environment, number int) *Lab {
	return &Lab{Number: number, plan: p, env: env}
}

// Reservation gives the lab as it is built now; nil before the first trial.
func (l *Lab) Reservation() topologies.Reservation { return l.res }

// Refused says what was refused, at the start of a node or by a step that configures, while
// the lab was fresh: it would be again in every further trial. Empty when nothing was.
func (l *Lab) Refused() string { return l.refused }

// Close takes the lab down. It may be called more than once, and after a failure.
func (l *Lab) Close(ctx context.Context) error {
	var errs []error
	if !l.env.Keep {
		errs = append(errs, l.bringBackAll(ctx))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	for _, n := range slices.Backward(l.nodes) {
		if n.driver != nil {
			errs = append(errs, n.driver.Close(ctx))
		}
	}
	l.nodes = nil
	if l.res != nil && !l.env.Keep {
		errs = append(errs, l.res.Release(ctx))
		l.res = nil
	}
	// A session that was lost says so when it is closed; the lab is down all the same.
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, drivers.ErrClosed) })...)
}

// prepare brings the lab to the state before a trial: built, or reset as planned. It
// returns what was done.
func (l *Lab) prepare(ctx context.Context, rec *recorder) (how string, err error) {
	if _, keeps := topologies.As[topologies.RestoreJournal](l.res); keeps && l.tainted == "" && l.trials > 0 {
		return l.again(ctx, rec)
	}
	ctx, cancel := context.WithTimeout(ctx, l.deployTimeout())
	defer cancel()
	if l.res == nil || l.trials == 0 {
		return "built", l.build(ctx, rec)
	}
	if l.tainted != "" {
		return "rebuilt: " + l.tainted, l.build(ctx, rec)
	}
	l.attach(rec)
	l.markAll(rec)
	switch l.plan.Reset {
	case scenarios.ResetNone:
		return "nothing", nil
	case scenarios.ResetConfig:
		if err = l.each(ctx, resetConfig); err == nil {
			return "configuration restored", l.setup(ctx, rec)
		}
	case scenarios.ResetDaemons:
		if err = l.each(ctx, restartDaemons); err == nil {
			return "daemons restarted", l.setup(ctx, rec)
		}
	case scenarios.ResetRedeploy:
		if r, ok := topologies.As[topologies.Resetter](l.res); ok {
			if how, err = l.resetNodes(ctx, rec, r); err == nil {
				return how, nil
			}
		}
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return fmt.Sprintf("rebuilt: reset %s did not work: %v", l.plan.Reset, err), l.build(ctx, rec)
	}
	return "rebuilt", l.build(ctx, rec)
}

// deployTimeout bounds building a lab; real devices may be queued for and restart.
func (l *Lab) deployTimeout() time.Duration {
	switch KindIn(l.env.Provider, l.plan.Topology) {
	case topologies.KindHardware, topologies.KindVM, topologies.KindSimulator:
		return deployTimeout + 2*restoreTimeout
	default:
		return deployTimeout
	}
}

// again prepares real devices for another trial under the same lease: whatever the plan's
// reset, other than none, each gets its own configuration back first.
func (l *Lab) again(ctx context.Context, rec *recorder) (how string, err error) {
	if err := lostOf(l.res); err != nil {
		l.tainted = "the lab was taken away"
		return "", err
	}
	ctx, release := l.whileOurs(ctx)
	defer release()
	l.attach(rec)
	l.markAll(rec)
	if l.plan.Reset == scenarios.ResetNone {
		return "nothing", nil
	}
	if err := l.rewind(ctx); err != nil {
		l.tainted = "a device did not get its configuration back"
		return "", err
	}
	return "configuration restored", l.boot(ctx, rec)
}

// kind is that of the lab as it was built, where it knows, else that which its provider builds.
func (l *Lab) kind() topologies.Kind {
	if k, ok := topologies.As[topologies.BuiltKinder](l.res); ok {
		return k.Kind()
	}
	return KindIn(l.env.Provider, l.plan.Topology)
}

func (l *Lab) markAll(rec *recorder) {
	kind := l.kind()
	for _, n := range l.nodes {
		if !n.Segment {
			l.markNode(rec, n, kind)
		}
	}
}

func resetConfig(ctx context.Context, n *labNode) error {
	if r, ok := drivers.As[drivers.ConfigResetter](n.driver); ok {
		return r.ResetConfig(ctx)
	}
	c, ok := drivers.As[drivers.Checkpointer](n.driver)
	if !ok || n.origin == nil {
		return fmt.Errorf("%s (%s): reset configuration: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	if err := c.Restore(ctx, *n.origin); err != nil {
		return err
	}
	if b, ok := drivers.As[drivers.Booter](n.driver); ok {
		return b.Boot(ctx)
	}
	return nil
}

// remember saves the configuration of a lab's own device that is reset by going back to it.
func (l *Lab) remember(ctx context.Context, n *labNode) error {
	c, ok := drivers.As[drivers.Checkpointer](n.driver)
	if !ok || l.plan.Reset != scenarios.ResetConfig {
		return nil
	}
	name, err := checkpointName()
	if err != nil {
		return err
	}
	point, err := c.Checkpoint(ctx, name, nil)
	if err != nil {
		return fmt.Errorf("%s: save its configuration: %w", n.Name, err)
	}
	n.origin = &point
	return nil
}

// resetNodes brings every node back to what it was when the lab was built, and boots it.
func (l *Lab) resetNodes(ctx context.Context, rec *recorder, r topologies.Resetter) (string, error) {
	for _, n := range l.nodes {
		if err := n.driver.Close(ctx); err != nil && !errors.Is(err, drivers.ErrClosed) {
			return "", err
		}
	}
	how := topologies.BySnapshot
	errs := make([]error, len(l.nodes))
	ways := make([]topologies.How, len(l.nodes))
	l.sideBySide(func(i int, n *labNode) {
		if ways[i], _, errs[i] = r.Reset(ctx, n.Name); errs[i] == nil {
			errs[i] = l.open(ctx, n)
		}
	})
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if slices.Contains(ways, topologies.ByBoot) {
		how = topologies.ByBoot
	}
	l.attach(rec)
	l.markAll(rec)
	return "brought back by " + string(how), l.boot(ctx, rec)
}

func restartDaemons(ctx context.Context, n *labNode) error {
	r, ok := drivers.As[drivers.DaemonRestarter](n.driver)
	if !ok {
		return fmt.Errorf("%s (%s): restart daemons: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	return r.RestartDaemons(ctx)
}

// each runs f on every node that is a device, side by side.
func (l *Lab) each(ctx context.Context, f func(context.Context, *labNode) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, n := range l.nodes {
		if !n.Segment {
			g.Go(func() error { return f(ctx, n) })
		}
	}
	return g.Wait()
}

// build takes down what there is and builds the lab anew, up to booted nodes.
func (l *Lab) build(ctx context.Context, rec *recorder) error {
	keep := l.env.Keep
	l.env.Keep = false // only the last lab is kept
	err := l.Close(ctx)
	l.env.Keep = keep
	if err != nil {
		return fmt.Errorf("take the old lab down: %w", err)
	}
	l.tainted, l.trials = "", 0
	l.res, err = l.env.Provider.Reserve(ctx, l.plan.Topology, topologies.Options{
		Run: l.env.Dir.ID(), Lab: l.Number, Owner: l.env.Owner, Keep: l.env.Keep,
	})
	if err != nil {
		return fmt.Errorf("build lab: %w", err)
	}
	ctx, release := l.whileOurs(ctx)
	defer release()
	rec.note("lab built")
	if why := cannotShow(l.plan, l.kind(), l.env.Registry); why != "" {
		return &showsNothingError{why}
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, pn := range l.plan.Nodes {
		n := &labNode{Node: pn, sink: &sink{}}
		l.nodes = append(l.nodes, n)
		g.Go(func() error { return l.open(gctx, n) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	l.attach(rec)
	l.markAll(rec)
	errs := make([]error, len(l.nodes))
	l.sideBySide(func(i int, n *labNode) { errs[i] = l.guard(ctx, rec, n) })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return l.boot(ctx, rec)
}

// showsNothingError says that a lab, now that it is built, cannot show the scenario.
type showsNothingError struct{ why string }

func (e *showsNothingError) Error() string { return e.why }

// sideBySide runs f on every node at once and waits for all.
func (l *Lab) sideBySide(f func(i int, n *labNode)) {
	var wg sync.WaitGroup
	for i, n := range l.nodes {
		wg.Go(func() { f(i, n) })
	}
	wg.Wait()
}

// devices runs f on every device that has a session, side by side, and waits for all.
func (l *Lab) devices(f func(*labNode)) {
	l.sideBySide(func(_ int, n *labNode) {
		if n.driver != nil && !n.Segment {
			f(n)
		}
	})
}

func (l *Lab) open(ctx context.Context, n *labNode) error {
	target := drivers.Target{Node: n.Name, Recorder: n.sink, Files: n.Files, Services: n.Services}
	if a, ok := topologies.As[topologies.Accessor](l.res); ok {
		if access, ok := a.Access(n.Name); ok {
			target.Access = (*drivers.Access)(&access)
		}
	}
	if c, ok := topologies.As[topologies.Consoler](l.res); ok {
		if access, ok := c.Console(n.Name); ok {
			target.Console = (*drivers.Access)(&access)
		}
	}
	var err error
	if target.Access == nil {
		if target.Host, err = l.res.Host(n.Name); err != nil {
			return fmt.Errorf("reach %s: %w", n.Name, err)
		}
	}
	if w, ok := topologies.As[topologies.ProcessWatcher](l.res); ok && target.Host != nil {
		target.Ends = func(ctx context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
			found, missed, why, err := w.Ends(ctx, n.Name)
			ends := make([]drivers.ProcessEnd, len(found))
			for i, e := range found {
				ends[i] = drivers.ProcessEnd(e)
			}
			return ends, missed, why, err
		}
	}
	n.ports = l.portMap(n.Name)
	config, err := l.place(n, string(n.Config))
	if err != nil {
		return err
	}
	target.Config = []byte(config)
	n.target = target
	n.silence.forget()
	n.driver, err = l.env.Registry.Open(ctx, n.Platform, target)
	return err
}

// boot starts every node's software side by side, and waits for all: a node that is
// refused does not hide another one's words.
func (l *Lab) boot(ctx context.Context, rec *recorder) error {
	var wg sync.WaitGroup
	for _, n := range l.nodes {
		b, ok := drivers.As[drivers.Booter](n.driver)
		if !ok || n.Segment {
			continue
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, bootTimeout)
			defer cancel()
			begin := rec.now()
			err := n.lasting(strings.Split(string(n.Config), "\n")...)
			if err == nil {
				err = b.Boot(ctx)
			}
			e := evidence.Event{Lane: n.Name, Name: n.Platform}
			if teller, ok := drivers.As[drivers.BootTeller](n.driver); ok && err == nil {
				if words := teller.BootWarnings(); len(words) > 0 {
					e.Detail = "it said: " + strings.Join(words, "; ")
				}
			}
			l.booted(rec, e, begin, err)
			kernels{l, rec}.refused(ctx, n.Name, err)
		})
	}
	wg.Wait()
	return l.setup(ctx, rec)
}

// setup runs the shell lines that a containerlab file gives under exec.
func (l *Lab) setup(ctx context.Context, rec *recorder) error {
	for _, n := range l.nodes {
		for _, line := range n.Exec {
			sh, ok := drivers.As[drivers.Sheller](n.driver)
			if !ok {
				return fmt.Errorf("%s: exec: %w", n.Name, drivers.ErrUnsupported)
			}
			begin := rec.now()
			x, err := sh.Shell(ctx, drivers.Command{Line: line, Timeout: stepTimeout})
			if err == nil && x.Exit != 0 {
				err = fmt.Errorf("exec %q ended with status %d: %s", line, x.Exit, evidence.Short(x.Output))
			}
			l.booted(rec, evidence.Event{Lane: n.Name, Name: "exec"}, begin, err)
			kernels{l, rec}.refused(ctx, n.Name, err)
		}
	}
	return nil
}

// booted records how the start of a node's software came out.
func (l *Lab) booted(rec *recorder, e evidence.Event, begin time.Duration, err error) {
	e.Kind = evidence.EventBoot
	outcome := rec.done(e, begin, err)
	l.started(e.Lane, outcome, err)
	if err != nil {
		l.mu.Lock()
		l.unbooted = true
		l.mu.Unlock()
	}
}

// started notes what a fresh lab refused, of what it starts with or is configured to.
func (l *Lab) started(lane string, outcome evidence.Outcome, err error) {
	if outcome == evidence.Refused && l.cold {
		l.mu.Lock()
		l.refused = strings.TrimPrefix(lane+": ", ": ") + err.Error()
		l.mu.Unlock()
	}
}

// configuredBy reports whether a step of the stimulus is one that configures a node.
func (l *Lab) configuredBy(ref string) bool {
	return slices.ContainsFunc(l.plan.Stimulus, func(s plan.Step) bool { return s.Ref == ref && s.Action().Kind() == scenarios.ActConfigure })
}

// attach points every session's recording at the trial.
func (l *Lab) attach(rec *recorder) {
	for _, n := range l.nodes {
		tr, err := rec.transcript(n.Name)
		if err != nil {
			rec.fail(err)
			continue
		}
		n.sink.to.Store(tr)
		n.silence.forget()
	}
}

// detach stops recording into a trial that is over.
func (l *Lab) detach() {
	for _, n := range l.nodes {
		n.sink.to.Store(nil)
	}
}

func (l *Lab) node(name string) (*labNode, error) {
	for _, n := range l.nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("the lab has no node %s", name)
}

// sink records a node's sessions into the transcript of the trial that runs now.
type sink struct {
	to atomic.Pointer[evidence.Transcript]
}

// Record takes bytes of a session.
func (s *sink) Record(at time.Time, channel string, d drivers.Direction, p []byte) {
	if t := s.to.Load(); t != nil {
		_ = t.Add(at, channel, string(d), p) // the transcript keeps its first error and reports it at Close
	}
}
