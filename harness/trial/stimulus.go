package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// activeFault is a fault in force, with the step that caused it and its inverse.
type activeFault struct {
	ref, lane, name string
	link            *topologies.Endpoint // of a fault on a link
	fired           func(context.Context) (uint64, error)
	heal            func(context.Context) error
}

// stimulate carries out the stimulus and reports whether all of it took place.
func (t *Trial) stimulate(ctx context.Context) bool {
	t.recordDeaths(ctx) // what looking has killed is not the stimulus's work
	end := t.begin(evidence.PhaseStimulus)
	defer end()
	marks := t.markLogs(ctx)
	t.mu.Lock()
	t.logsAtStim, t.stimulated, t.stimStart = marks, true, time.Now()
	maps.Copy(t.deathsStim, t.deathsSeen)
	t.mu.Unlock()
	t.markClocks(ctx)
	ok := t.steps(ctx, t.plan.Stimulus)
	t.recordDeaths(ctx)
	return t.checkLab(ctx) && ok
}

// relieve applies the workaround and watches what it must bring about.
func (t *Trial) relieve(ctx context.Context) {
	end := t.begin(evidence.PhaseWorkaround)
	ok := t.steps(ctx, t.plan.Workaround)
	end()
	if ok {
		t.watchAll(ctx, evidence.PhaseWorkaround, t.plan.Relief)
	}
}

func (t *Trial) steps(ctx context.Context, steps []plan.Step) bool {
	for _, s := range steps {
		if s.LeftOut {
			continue
		}
		begin := t.now()
		t.progress(Progress{Text: s.Title()})
		n, nodeErr := t.lab.node(s.Step.Node)
		if nodeErr == nil {
			n.begun(s)
		}
		err := t.step(ctx, s)
		if nodeErr == nil {
			n.over()
		}
		e := evidence.Event{Kind: evidence.EventStep, Lane: s.Lane(), Ref: s.Ref, Name: s.Title()}
		t.lacksKernel(ctx, s.Step.Node, err)
		if s.Step.MayFail && ctx.Err() == nil && sentAndFailed(err) {
			e.Detail, err = "it failed, as it may: "+err.Error(), nil
		}
		t.done(e, begin, err)
		if err != nil {
			t.lacks(s.Lane(), err)
			return false
		}
		if t.isLacking() {
			return false // the lab cannot show it, whatever follows
		}
	}
	return true
}

func (t *Trial) step(ctx context.Context, s plan.Step) error {
	switch s.Action().Kind() {
	case scenarios.ActHold:
		t.pause(ctx, time.Duration(s.Step.Hold))
		return context.Cause(ctx)
	case scenarios.ActWaitFor:
		if truth := t.watch(ctx, s.Check, t.now(), &atomic.Bool{}); truth != evidence.True {
			return fmt.Errorf("%q is %s", s.Check.Cond.Name, truth)
		}
		return nil
	case scenarios.ActFault:
		if s.Step.Fault.OnLink() {
			return t.linkFault(ctx, s)
		}
		return t.nodeFault(ctx, s)
	case scenarios.ActConfigure, scenarios.ActRun, scenarios.ActExec:
		ctx, cancel := context.WithTimeout(ctx, stepTimeout)
		defer cancel()
		return t.command(ctx, s.Step)
	default:
		return fmt.Errorf("%s has no action", s.Ref)
	}
}

// command carries out a step that sends something to a node.
func (t *Trial) command(ctx context.Context, s scenarios.Step) error {
	n, err := t.lab.node(s.Node)
	switch {
	case err != nil:
		return err
	case len(s.Configure) > 0:
		lines, err := t.lab.placeAll(n, s.Configure)
		if err == nil {
			err = n.lasting(lines...)
		}
		if err != nil {
			return err
		}
		return configure(ctx, n, lines)
	case s.Run != "":
		line, err := t.lab.place(n, s.Run)
		if err == nil {
			err = n.lasting(line)
		}
		if err != nil {
			return err
		}
		x, err := t.run(ctx, n, line, stepTimeout)
		if err == nil && tells(x) {
			return ended(s, x)
		}
		return sent(rejection(x, err))
	default:
		return t.execStep(ctx, n, s)
	}
}

func rejection(x drivers.Exchange, err error) error {
	if err == nil && x.Rejected != "" {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return err
}

func configure(ctx context.Context, n *labNode, lines []string) error {
	c, ok := drivers.As[drivers.Configurer](n.driver)
	if !ok {
		return fmt.Errorf("%s (%s): configure: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	xs, err := c.Configure(ctx, lines)
	for _, x := range xs {
		if rejected := rejection(x, nil); rejected != nil {
			return rejected
		}
	}
	return err
}

func (t *Trial) execStep(ctx context.Context, n *labNode, s scenarios.Step) error {
	x, err := t.shell(ctx, n, s.Exec, stepTimeout)
	if err != nil {
		return sent(err)
	}
	t.lacksSaid(ctx, n.Name, x.Output)
	return ended(s, x)
}

// tells reports whether an answer's exit status says what became of the command. A refusal that
// has none beside it is told by its words.
func tells(x drivers.Exchange) bool {
	return x.Exit != drivers.NoExit && (x.Rejected == "" || x.Exit != 0)
}

// ended decides by the exit status whether a step's command took place.
func ended(s scenarios.Step, x drivers.Exchange) error {
	allowed := s.Exit
	if allowed == nil {
		allowed = []int{0}
	}
	if slices.Contains(allowed, x.Exit) {
		return nil
	}
	said := "without a word"
	if text := strings.TrimSpace(x.Output); text != "" {
		said = "and said: " + evidence.Short(text)
	}
	err := fmt.Errorf("it ended with status %d %s", x.Exit, said)
	if x.Exit == judge.StatusNotFound || x.Exit == notExecutable {
		return err
	}
	if x.Rejected != "" {
		return sent(&RejectedError{Line: x.Command, Words: x.Rejected})
	}
	return sent(err)
}

// notExecutable is the status of a shell whose command cannot be run.
const notExecutable = 126

// sentError is a command that was sent and failed.
type sentError struct{ error }

func (e *sentError) Unwrap() error { return e.error }

func sent(err error) error {
	if err == nil {
		return nil
	}
	return &sentError{err}
}

// sentAndFailed reports whether a step's command reached the node and failed there, or broke the
// session: what a step with may-fail may do. One that nobody received has not taken place.
func sentAndFailed(err error) bool {
	if _, ok := errors.AsType[*sentError](err); !ok {
		return false
	}
	return !errors.Is(err, drivers.ErrUnsupported) && !errors.Is(err, drivers.ErrUnreachable) && !errors.Is(err, drivers.ErrAuth)
}

// nodeFault kills, pauses or restarts a daemon, or restarts the whole node.
func (t *Trial) nodeFault(ctx context.Context, s plan.Step) error {
	n, err := t.lab.node(s.Step.Node)
	if err != nil {
		return err
	}
	if s.Step.Process == "" {
		return t.restartNode(ctx, n)
	}
	pc, ok := drivers.As[drivers.ProcessController](n.driver)
	if !ok {
		return fmt.Errorf("%s (%s): %s: %w", n.Name, n.Platform, s.Step.Fault, drivers.ErrUnsupported)
	}
	process := s.Step.Process
	signal := s.Step.Signal
	if signal == "" {
		signal = "SIGKILL"
	}
	f := &activeFault{ref: s.Ref, lane: n.Name, name: s.Title()}
	switch s.Step.Fault {
	case scenarios.FaultPause:
		err, f.heal = pc.Pause(ctx, process), func(ctx context.Context) error { return pc.Resume(ctx, process) }
	case scenarios.FaultRestart:
		return errors.Join(pc.Kill(ctx, process, "SIGTERM"), pc.Start(ctx, process))
	case scenarios.FaultKill:
		err, f.heal = pc.Kill(ctx, process, signal), func(ctx context.Context) error { return pc.Start(ctx, process) }
		if s.Step.For == 0 {
			f.heal = nil // it stays dead; the lab is reset after the trial
		}
	default:
		return fmt.Errorf("%s is no fault of a node", s.Step.Fault)
	}
	if err != nil {
		return err
	}
	return t.inForce(ctx, f, s)
}

func (t *Trial) restartNode(ctx context.Context, n *labNode) error {
	if r, ok := drivers.As[drivers.Rebooter](n.driver); ok {
		if err := r.Reboot(ctx); err != nil {
			return err
		}
		if b, ok := drivers.As[drivers.Booter](n.driver); ok {
			return b.Boot(ctx)
		}
		return nil
	}
	r, ok := topologies.As[topologies.NodeRestarter](t.lab.res)
	if !ok {
		return fmt.Errorf("%s: restart node: %w", n.Name, drivers.ErrUnsupported)
	}
	if err := n.driver.Close(ctx); err != nil && !errors.Is(err, drivers.ErrClosed) {
		return err
	}
	if err := r.RestartNode(ctx, n.Name); err != nil {
		return err
	}
	if err := t.lab.open(ctx, n); err != nil {
		return err
	}
	b, boots := drivers.As[drivers.Booter](n.driver)
	if !boots {
		return fmt.Errorf("%s: restart node: %w", n.Name, drivers.ErrUnsupported)
	}
	return b.Boot(ctx)
}

func (t *Trial) linkFault(ctx context.Context, s plan.Step) error {
	faulter := t.faulter()
	node, iface, _ := strings.Cut(s.Step.Link, ":")
	at := topologies.Endpoint{Node: node, Interface: iface}
	switch s.Step.Fault {
	case scenarios.FaultUp:
		return t.healLink(ctx, at)
	case scenarios.FaultFlap:
		if s.Step.Background {
			t.inBackground(ctx, s, func(ctx context.Context) error { return t.flap(ctx, faulter, at, s) })
			return nil
		}
		return t.flap(ctx, faulter, at, s)
	case scenarios.FaultDown, scenarios.FaultDrop, scenarios.FaultReplug:
		active, err := faulter.Inject(ctx, topologies.Fault{
			Kind: topologies.FaultKind(s.Step.Fault), Endpoint: at, Direction: topologies.Direction(s.Step.Direction),
			Match: s.Step.Match, Probability: s.Step.Probability,
		})
		if err != nil {
			return errors.Join(err, takeBack(ctx, active))
		}
		return t.inForce(ctx, &activeFault{ref: s.Ref, lane: s.Step.Link, name: s.Title(), link: &at, fired: active.Fired, heal: active.Heal}, s)
	default:
		return fmt.Errorf("%s is no fault of a link", s.Step.Fault)
	}
}

// takeBack heals a fault of which nobody knows whether it took force.
func takeBack(ctx context.Context, active topologies.Active) error {
	if active == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	return active.Heal(ctx)
}

func (t *Trial) flap(ctx context.Context, faulter topologies.Faulter, at topologies.Endpoint, s plan.Step) error {
	for i := range max(s.Step.Times, 1) {
		if i > 0 {
			t.pause(ctx, time.Duration(s.Step.FlapUp()))
		}
		active, err := faulter.Inject(ctx, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})
		if err != nil {
			return errors.Join(err, takeBack(ctx, active))
		}
		down := s
		down.Step.For, down.Step.Background = s.Step.FlapDown(), false
		f := &activeFault{ref: s.Ref, lane: s.Step.Link, name: fmt.Sprintf("flap %d", i+1), fired: active.Fired, heal: active.Heal}
		if err := t.inForce(ctx, f, down); err != nil {
			return err
		}
	}
	return nil
}

// inForce records a fault, and takes it back after the step's time when it has one.
func (t *Trial) inForce(ctx context.Context, f *activeFault, s plan.Step) error {
	t.event(evidence.Event{Kind: evidence.EventFault, Lane: f.lane, Ref: f.ref, Name: f.name, Outcome: evidence.OK})
	t.mu.Lock()
	t.faults = append(t.faults, f)
	t.mu.Unlock()
	if s.Step.For == 0 {
		return nil
	}
	last := func(ctx context.Context) error {
		t.pause(ctx, time.Duration(s.Step.For))
		if err := t.heal(ctx, f); err != nil {
			return err
		}
		return context.Cause(ctx)
	}
	if s.Step.Background {
		t.inBackground(ctx, s, last)
		return nil
	}
	return last(ctx)
}

// errOver is why what runs in the background ends with the trial.
var errOver = errors.New("the trial is over")

// inBackground does what a step does beside the steps that follow. What goes wrong there is
// an event of the fault, which the judge takes for a stimulus that did not take place.
func (t *Trial) inBackground(ctx context.Context, s plan.Step, work func(context.Context) error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	t.mu.Lock()
	t.endBackground = append(t.endBackground, cancel)
	t.mu.Unlock()
	t.background.Go(func() {
		defer cancel(nil)
		if err := work(ctx); err != nil && !errors.Is(err, errOver) {
			t.event(evidence.Event{Kind: evidence.EventFault, Lane: s.Lane(), Ref: s.Ref, Name: s.Title(), Outcome: evidence.Failed, Detail: err.Error()})
		}
	})
}

// endFaults ends what runs in the background, which takes its faults back, and then takes
// back what else is in force.
func (t *Trial) endFaults(ctx context.Context) {
	t.mu.Lock()
	cancels := t.endBackground
	t.mu.Unlock()
	for _, cancel := range cancels {
		cancel(errOver)
	}
	t.background.Wait()
	t.healAll(ctx)
}

// heal takes one fault back, and records how often it acted.
func (t *Trial) heal(ctx context.Context, f *activeFault) error {
	t.mu.Lock()
	i := slices.Index(t.faults, f)
	if i >= 0 {
		t.faults = slices.Delete(t.faults, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 || f.heal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	begin := t.now()
	e := evidence.Event{Kind: evidence.EventHeal, Lane: f.lane, Ref: f.ref, Name: f.name}
	var err error
	if f.fired != nil {
		e.Count, err = f.fired(ctx)
	}
	err = errors.Join(err, f.heal(ctx))
	t.done(e, begin, err)
	return err
}

func (t *Trial) healLink(ctx context.Context, at topologies.Endpoint) error {
	t.mu.Lock()
	faults := slices.Clone(t.faults)
	t.mu.Unlock()
	for _, f := range faults {
		if f.link != nil && *f.link == at {
			return t.heal(ctx, f)
		}
	}
	return fmt.Errorf("no fault is in force on %s", at)
}

// healAll takes back what is still in force, last first. A fault that cannot be taken
// back taints the lab.
func (t *Trial) healAll(ctx context.Context) {
	if lostOf(t.lab.res) != nil {
		return
	}
	t.mu.Lock()
	faults := slices.Clone(t.faults)
	t.mu.Unlock()
	for _, f := range slices.Backward(faults) {
		if err := t.heal(ctx, f); err != nil {
			t.lab.tainted = "a fault could not be taken back"
		}
	}
}
