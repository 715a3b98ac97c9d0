package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// fault puts a fault on a link or a node, with its inverse.
func fault(ctx context.Context, a *actor, step plan.Step, s scenarios.FaultStep) error {
	if step.Step.Armed() {
		return a.armed(ctx, step)
	}
	return a.put(ctx, step, s)
}

// put has a fault take force.
func (a *actor) put(ctx context.Context, step plan.Step, s scenarios.FaultStep) error {
	if s.Fault.OnLink() {
		return linkFault(ctx, a, step)
	}
	return nodeFault(ctx, a, step)
}

// nodeFault kills, pauses or restarts a daemon, or restarts the whole node.
func nodeFault(ctx context.Context, a *actor, s plan.Step) error {
	n, err := a.lab.node(s.Step.Node)
	if err != nil {
		return err
	}
	if s.Step.Process == "" {
		a.breaks.restarts(ctx, n)
		return a.lab.restartNode(ctx, n)
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
	f := &activeFault{ref: s.Ref, lane: n.Name, name: s.Title(), how: a.armedAs}
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
	return a.faults.inForce(ctx, f, s)
}

// restartNode restarts a device, or the machine that a node is, and boots it.
func (l *Lab) restartNode(ctx context.Context, n *labNode) error {
	if r, ok := drivers.As[drivers.Rebooter](n.driver); ok {
		if err := r.Reboot(ctx); err != nil {
			return err
		}
		if b, ok := drivers.As[drivers.Booter](n.driver); ok {
			return b.Boot(ctx)
		}
		return nil
	}
	r, ok := topologies.As[topologies.NodeRestarter](l.res)
	if !ok {
		return fmt.Errorf("%s: restart node: %w", n.Name, drivers.ErrUnsupported)
	}
	if err := n.driver.Close(ctx); err != nil && !errors.Is(err, drivers.ErrClosed) {
		return err
	}
	if err := r.RestartNode(ctx, n.Name); err != nil {
		return err
	}
	if err := l.open(ctx, n); err != nil {
		return err
	}
	b, boots := drivers.As[drivers.Booter](n.driver)
	if !boots {
		return fmt.Errorf("%s: restart node: %w", n.Name, drivers.ErrUnsupported)
	}
	return b.Boot(ctx)
}

// linkFault puts a fault on a link, or takes one back.
func linkFault(ctx context.Context, a *actor, s plan.Step) error {
	faulter := a.lab.faulter()
	node, iface, _ := strings.Cut(s.Step.Link, ":")
	at := topologies.Endpoint{Node: node, Interface: iface}
	switch s.Step.Fault {
	case scenarios.FaultUp:
		return a.faults.endOne(ctx, at, s.Step.Ends)
	case scenarios.FaultFlap:
		if err := a.open(ctx, at); err != nil {
			return err
		}
		if s.Step.Background {
			a.faults.inBackground(ctx, s, func(ctx context.Context) error { return flap(ctx, a, faulter, at, s) })
			return nil
		}
		return flap(ctx, a, faulter, at, s)
	default:
		if s.Step.Fault == scenarios.FaultDown {
			if err := a.open(ctx, at); err != nil {
				return err
			}
		}
		active, err := faulter.Inject(ctx, LinkFault(s.Step, a.lab.plan.Clock))
		if err != nil {
			return errors.Join(err, takeBack(ctx, active))
		}
		f := &activeFault{ref: s.Ref, lane: s.Step.Link, name: s.Title(), link: &at, how: a.armedAs, fired: active.Fired, heal: active.Heal}
		if s.Step.Fault == scenarios.FaultDown {
			f.down = &at
		}
		f.counted, f.delay = s.Action().Effect().Counted, time.Duration(s.Step.Delay)
		if s.Step.Armed() {
			f.link = nil // an up does not mean it
		}
		tell(f, active, s.Step.Fault)
		return a.faults.inForce(ctx, f, s)
	}
}

// open says of a link that is to go down which of its ports is shut already, and not by a fault: the fault would change nothing, and its
// end bring up what it never shut. Of nodes that are no processes of this machine nothing is known.
func (a *actor) open(ctx context.Context, at topologies.Endpoint) error {
	link, ok := a.lab.plan.Topology.Link(at.Node, at.Interface)
	if !ok || a.faults.holdsDown(link) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n, err := a.lab.node(e.Node)
		if err != nil || n.target.Host == nil || n.target.Access != nil {
			continue
		}
		out := bounded.NewFirst(mostFlags)
		exit, err := n.target.Host.Exec(ctx, []string{"cat", "/sys/class/net/" + e.Interface + "/flags"}, nil, out, nil)
		flags, unread := strconv.ParseUint(strings.TrimSpace(out.String()), 0, 32)
		if err == nil && exit == 0 && unread == nil && flags&flagUp == 0 {
			return fmt.Errorf("%s is shut already: the fault changes nothing, and its end would bring the port up", e)
		}
	}
	return nil
}

// mostFlags bounds the answer in bytes.
const mostFlags = 100

// holdsDown reports whether a fault that is in force holds a link down.
func (f *faults) holdsDown(link topologies.Link) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.active, func(o *activeFault) bool { return o.down != nil && (*o.down == link.A || *o.down == link.B) })
}

// LinkFault is the fault of a step on a link, in real time, as a lab puts it in. A flap is a down that is taken back
// and put in again.
func LinkFault(s scenarios.Step, c evidence.Clock) topologies.Fault {
	node, iface, _ := strings.Cut(s.Link, ":")
	return topologies.Fault{
		Kind: topologies.FaultKind(s.Fault), Endpoint: topologies.Endpoint{Node: node, Interface: iface}, Direction: topologies.Direction(s.Direction),
		Match: s.Match, Probability: s.Probability, Frames: inRealTime(scenarios.FaultStep(s).FrameFault(), c),
	}
}

// flap takes a link down and brings it back, time and again.
func flap(ctx context.Context, a *actor, faulter topologies.Faulter, at topologies.Endpoint, s plan.Step) error {
	for i := range max(s.Step.Times, 1) {
		if i > 0 {
			a.lab.pause(ctx, a.rec, time.Duration(s.Step.FlapUp()))
		}
		active, err := faulter.Inject(ctx, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})
		if err != nil {
			return errors.Join(err, takeBack(ctx, active))
		}
		down := s
		down.Step.For, down.Step.Background = s.Step.FlapDown(), false
		f := &activeFault{ref: s.Ref, lane: s.Step.Link, name: fmt.Sprintf("flap %d", i+1), how: a.armedAs, fired: active.Fired, heal: active.Heal, down: &at}
		if err := a.faults.inForce(ctx, f, down); err != nil {
			return err
		}
	}
	return nil
}
