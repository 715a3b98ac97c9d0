package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// preparation brings a lab to the state before a trial.
type preparation struct {
	lab *Lab
	rec *recorder
}

// prepare builds the lab, or resets it as planned, and returns what was done.
func (p preparation) prepare(ctx context.Context) (how string, err error) {
	if _, keeps := topologies.As[topologies.RestoreJournal](p.lab.res); keeps && p.lab.tainted == "" && p.lab.trials > 0 {
		return p.again(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, p.deployTimeout())
	defer cancel()
	if was := p.lab.was; was != nil {
		p.lab.was = nil
		if how, err = p.takeOver(ctx, was); err == nil || ctx.Err() != nil {
			p.lab.warm = err == nil
			return how, err
		}
		return fmt.Sprintf("built: the lab that was up could not be used again: %v", err), p.build(ctx)
	}
	switch why := p.lab.tainted; {
	case p.lab.trials == 0 || p.lab.res == nil && why == "":
		return "built", p.build(ctx)
	case why != "":
		return "rebuilt: " + why, p.build(ctx)
	}
	if !p.lab.plan.Clock.Start.IsZero() {
		return "rebuilt, for its date to begin anew", p.build(ctx)
	}
	p.attach()
	p.markAll()
	if p.lab.plan.Reset != scenarios.ResetRedeploy { // which makes every cable anew
		p.lab.captures.begin(ctx)
	}
	switch p.lab.plan.Reset {
	case scenarios.ResetNone:
		return "nothing", leftovers(p).check(ctx)
	case scenarios.ResetConfig:
		if err = p.inPlace(ctx, resetConfig); err == nil {
			return "configuration restored", p.setup(ctx)
		}
	case scenarios.ResetDaemons:
		if err = p.inPlace(ctx, restartDaemons); err == nil {
			return "daemons restarted", p.setup(ctx)
		}
	case scenarios.ResetRedeploy:
		if r, ok := topologies.As[topologies.Resetter](p.lab.res); ok {
			if how, err = p.resetNodes(ctx, r); err == nil {
				return how, nil
			}
		}
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return fmt.Sprintf("rebuilt: reset %s did not work: %v", p.lab.plan.Reset, err), p.build(ctx)
	}
	return "rebuilt", p.build(ctx)
}

// deployTimeout bounds building a lab; real devices may be queued for and restart.
func (p preparation) deployTimeout() time.Duration {
	switch KindIn(p.lab.env.Provider, p.lab.plan.Topology) {
	case topologies.KindHardware, topologies.KindVM, topologies.KindSimulator:
		return deployTimeout + 2*restoreTimeout
	default:
		return deployTimeout
	}
}

// again prepares real devices for another trial under the same lease: whatever the plan's
// reset, other than none, each gets its own configuration back first.
func (p preparation) again(ctx context.Context) (how string, err error) {
	if err := lostOf(p.lab.res); err != nil {
		p.lab.tainted = "the lab was taken away"
		return "", err
	}
	ctx, release := p.lab.whileOurs(ctx)
	defer release()
	p.attach()
	p.markAll()
	p.lab.captures.begin(ctx)
	if p.lab.plan.Reset == scenarios.ResetNone {
		return "nothing", nil
	}
	if err := (restorePoints{p.lab}).rewind(ctx); err != nil {
		p.lab.tainted = "a device did not get its configuration back"
		return "", err
	}
	return "configuration restored", p.boot(ctx)
}

// build takes down what there is and builds the lab anew, up to booted nodes.
func (p preparation) build(ctx context.Context) error {
	claim := p.lab.claim
	p.lab.claim = nil
	err := p.lab.replace(ctx)
	if err != nil {
		if claim != nil {
			claim.Release()
		}
		return err
	}
	reserve := p.lab.env.Provider.Reserve
	if claim != nil {
		reserve = claim.Reserve
	}
	p.lab.built = time.Now()
	p.lab.tainted, p.lab.trials, p.lab.cold = "", 0, true // also where a reset was planned, and did not work
	p.lab.res, err = reserve(ctx, clocks(p).topology(), topologies.Options{
		Run: p.lab.env.Dir.ID(), Lab: p.lab.Number, Owner: p.lab.env.Owner, Keep: p.lab.env.Keep, Dir: p.lab.env.Dir.Path, Replug: true,
	})
	if err != nil {
		return fmt.Errorf("build lab: %w", err)
	}
	p.lab.yields()
	ctx, release := p.lab.whileOurs(ctx)
	defer release()
	p.rec.note("lab built")
	if p.lab.undone != nil {
		p.rec.note(p.lab.undone.Error())
		p.lab.undone = nil
	}
	p.warn()
	if why := cannotShow(p.lab.plan, p.lab.kind(), p.lab.env.Registry); why != "" {
		return &showsNothingError{why}
	}
	for _, pn := range p.lab.plan.Nodes {
		p.lab.nodes = append(p.lab.nodes, newLabNode(pn))
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.boot(ctx)
}

// warn records what the lab was built without, or with.
func (p preparation) warn() {
	if w, ok := topologies.As[topologies.Warner](p.lab.res); ok {
		for _, line := range w.Warnings() {
			p.rec.note(line)
		}
	}
}

// open has the lab's clock begin, and opens a driver on every node, none of which has been configured yet.
func (p preparation) open(ctx context.Context) error {
	if err := clocks(p).begin(); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	turns := p.lab.turns()
	for _, n := range p.lab.nodes {
		g.Go(func() error {
			defer turns.take(n.Name)()
			return p.lab.open(gctx, n)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	p.attach()
	p.markAll()
	errs := make([]error, len(p.lab.nodes))
	p.lab.sideBySide(func(i int, n *labNode) { errs[i] = restorePoints{p.lab}.guard(ctx, p.rec, n) })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	p.lab.captures.begin(ctx)
	return nil
}

// showsNothingError says that a lab, now that it is built, cannot show the scenario.
type showsNothingError struct{ why string }

func (e *showsNothingError) Error() string { return e.why }

// boot starts every node's software side by side, and waits for all: a node that is
// refused does not hide another one's words.
func (p preparation) boot(ctx context.Context) error {
	p.lab.sideBySide(func(_ int, n *labNode) {
		if b, ok := drivers.As[drivers.Booter](n.driver); ok && !n.Segment {
			p.bootNode(ctx, n, b)
		}
	})
	return p.setup(ctx)
}

// bootNode starts a node's software, with the configuration that the plan gives it.
func (p preparation) bootNode(ctx context.Context, n *labNode, b drivers.Booter) {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	begin := p.rec.now()
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
	p.booted(e, begin, err)
	kernels(p).refused(ctx, n.Name, err)
}

// setup runs the lines that a containerlab file gives under exec.
func (p preparation) setup(ctx context.Context) error {
	for _, n := range p.lab.nodes {
		for _, line := range n.Exec {
			sh, ok := drivers.As[drivers.Sheller](n.driver)
			if !ok {
				return fmt.Errorf("%s: exec: %w", n.Name, drivers.ErrUnsupported)
			}
			begin := p.rec.now()
			x, err := sh.Shell(ctx, drivers.Command{Line: topologies.ShellLine(line), Timeout: stepTimeout})
			if err == nil && x.Exit != 0 {
				err = fmt.Errorf("exec %q ended with status %d: %s", line, x.Exit, evidence.Short(x.Output))
			}
			p.booted(evidence.Event{Lane: n.Name, Name: "exec"}, begin, err)
			kernels(p).refused(ctx, n.Name, err)
		}
	}
	return nil
}

// booted records how the start of a node's software came out.
func (p preparation) booted(e evidence.Event, begin time.Duration, err error) {
	e.Kind = evidence.EventBoot
	outcome := p.rec.done(e, begin, err)
	p.lab.noteRefused(p.rec, e.Lane, outcome, err)
	if err != nil {
		p.lab.mu.Lock()
		p.lab.unbooted = true
		p.lab.mu.Unlock()
	}
}

// resetNodes brings every node back to what it was when the lab was built, and boots it.
func (p preparation) resetNodes(ctx context.Context, r topologies.Resetter) (string, error) {
	errs := make([]error, len(p.lab.nodes))
	p.lab.sideBySide(func(i int, n *labNode) { errs[i] = n.hangUp(ctx) })
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	ways, err := p.bringBack(ctx, r)
	if err != nil {
		return "", err
	}
	p.lab.sideBySide(func(i int, n *labNode) { errs[i] = p.lab.open(ctx, n) })
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	p.attach()
	p.markAll()
	p.lab.captures.begin(ctx)
	return broughtBack(ways), p.boot(ctx)
}

// broughtBack tells how a lab's nodes came back, by the weakest of the ways.
func broughtBack(ways []topologies.How) string {
	how := topologies.BySnapshot
	if slices.Contains(ways, topologies.ByBoot) {
		how = topologies.ByBoot
	}
	return "brought back by " + string(how)
}

// bringBack resets every node, and tells how each came back.
func (p preparation) bringBack(ctx context.Context, r topologies.Resetter) ([]topologies.How, error) {
	if all, ok := topologies.As[topologies.AllResetter](p.lab.res); ok {
		how, _, err := all.ResetAll(ctx)
		return []topologies.How{how}, err
	}
	errs := make([]error, len(p.lab.nodes))
	ways := make([]topologies.How, len(p.lab.nodes))
	p.lab.sideBySide(func(i int, n *labNode) { ways[i], _, errs[i] = r.Reset(ctx, n.Name) })
	return ways, errors.Join(errs...)
}

// inPlace cleans the nodes of a lab that nothing but the lab itself runs in.
func (p preparation) inPlace(ctx context.Context, clean func(context.Context, *labNode) error) error {
	if err := leftovers(p).check(ctx); err != nil {
		return err
	}
	return p.each(ctx, clean)
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

func restartDaemons(ctx context.Context, n *labNode) error {
	r, ok := drivers.As[drivers.DaemonRestarter](n.driver)
	if !ok {
		return fmt.Errorf("%s (%s): restart daemons: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	return r.RestartDaemons(ctx)
}

// each runs f on every node that is a device, side by side.
func (p preparation) each(ctx context.Context, f func(context.Context, *labNode) error) error {
	g, ctx := errgroup.WithContext(ctx)
	turns := p.lab.turns()
	for _, n := range p.lab.nodes {
		if !n.Segment {
			g.Go(func() error {
				defer turns.take(n.Name)()
				return f(ctx, n)
			})
		}
	}
	return g.Wait()
}

// attach points every session's recording at the trial.
func (p preparation) attach() {
	for _, n := range p.lab.nodes {
		tr, err := p.rec.transcript(n.Name)
		if err != nil {
			p.rec.fail(err)
			continue
		}
		n.sink.to.Store(tr)
		n.silence.forget()
		if n.driver != nil {
			n.changed()
		}
	}
}

func (p preparation) markAll() {
	kind := p.lab.kind()
	for _, n := range p.lab.nodes {
		if !n.Segment {
			p.markNode(n, kind)
		}
	}
}

// markNode marks what a node is known to be: a simulator, a virtual switch whose licence
// keeps its results in the house.
func (p preparation) markNode(n *labNode, kind topologies.Kind) {
	for _, m := range n.marks {
		p.rec.mark(n.Name, m.name, m.why)
	}
	if kind == topologies.KindSimulator {
		p.rec.mark(n.Name, drivers.MarkSimulated, "the lab is of simulators")
	}
	if m, ok := drivers.As[drivers.Marked](n.driver); ok {
		for _, name := range m.Marks() {
			p.rec.mark(n.Name, name, "the device says so of itself")
		}
	}
	if v, ok := p.lab.env.Registry.Virtual(n.Platform); ok && kind == topologies.KindVM && v.Licence != "" {
		p.rec.mark(n.Name, drivers.MarkLicence, v.Licence)
	}
}
