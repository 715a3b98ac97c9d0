package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Frames between guests of ours are lost, delayed and doubled by netem, the queue of the sending guest's own kernel:
// nothing else stands on a link between machines. It takes what it does in the meaning that the other labs give
// it, and no more: all frames of a way, or of what is lost or delayed a share, in order or each for itself. What it does
// otherwise is refused: it turns over a bit at a place by chance, lets frames overtake by chance and not so many,
// counts what may wait in frames and not in bytes, and does not tell which waited.

// netemHandle tells our queue from others.
const netemHandle = "7270:"

// netemLimit is how many frames wait in it at most.
const netemLimit = 100_000

// netemMost is what frames are delayed by at most: a fault is taken back when what waits has left, and who does
// it waits no longer (plan.ReleaseTimeout).
const netemMost = 50 * time.Second

// netemJitter is what netem's jitter is at most: the kernel computes with 32 bits of nanoseconds (tabledist of
// net/sched/sch_netem.c).
const netemJitter = math.MaxInt32 * time.Nanosecond

// netemOrder has netem keep frames in their order: with a rate none is sent before the one that came last, and at this
// one frames take no time of their own.
const netemOrder = "1tbit"

// netemWords says what netem is asked for. What it would do otherwise than the other labs is a MissingError.
func netemWords(f topologies.Fault) ([]string, error) {
	missing := func(name, hint string) error {
		return &topologies.MissingError{What: "ability", Name: name + " in a lab of machines", Hint: hint + "; or build the lab of containers, where a machine can be a node too (vrnetlab)"}
	}
	if f.Match != (topologies.FrameMatch{}) || f.Frames.Picks() {
		return nil, missing(string(f.Kind)+" that picks frames", "what picks them there drops; netem, which does this, takes all frames of a way alike: leave match, filter, nth, count, every-nth and seed out")
	}
	share := f.Probability
	if share == 0 {
		share = 1
	}
	switch {
	case f.Kind == topologies.FaultDrop:
		return []string{"loss", percent(share)}, nil
	case f.Kind == topologies.FaultDuplicate && share == 1:
		return []string{"duplicate", "100%"}, nil
	case f.Kind == topologies.FaultDuplicate:
		return nil, missing("duplicate of a share", "netem, which acts there, does not tell how many frames it has doubled")
	case f.Kind != topologies.FaultDelay:
		return nil, missing("fault "+string(f.Kind), "netem, which acts there, does drop, delay and duplicate as other labs do")
	case share != 1 && !f.Frames.Unorder:
		return nil, missing("delay of a share that keeps the order", "netem has what it does not delay overtake the rest: write reorder: true")
	case f.Frames.Jitter > netemJitter:
		return nil, missing("jitter of "+f.Frames.Jitter.String(), "netem, which acts there, computes with at most "+netemJitter.String())
	}
	if longest := f.Frames.Delay + f.Frames.Jitter; longest > netemMost {
		return nil, missing("delay of "+longest.String(), "what waits in netem leaves when it was to, and a fault has to be taken back within a minute: at most "+netemMost.String()+" with the jitter")
	}
	words := []string{"delay", strconv.FormatInt(f.Frames.Delay.Microseconds(), 10) + "us"}
	if f.Frames.Jitter > 0 {
		words = append(words, strconv.FormatInt(f.Frames.Jitter.Microseconds(), 10)+"us")
	}
	switch {
	case share != 1: // what is reordered is what does not wait
		words = append(words, "reorder", percent(1-share))
	case f.Frames.Jitter > 0 && !f.Frames.Unorder:
		words = append(words, "rate", netemOrder)
	}
	return words, nil
}

// percent is a share as tc reads it.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', -1, 64) + "%" }

// netem is a fault that is in force in the queues of guests. Its fields are guarded by the lab's wires.
type netem struct {
	lab   *lab
	fault topologies.Fault
	words []string
	from  []topologies.Endpoint // that send what it acts on
	base  map[topologies.Endpoint]most

	healed bool
	acted  topologies.Acted
	blind  error
}

// queue puts a fault in the queues of the guests that send what it acts on.
func (l *lab) queue(ctx context.Context, f topologies.Fault, link topologies.Link) (topologies.Active, error) {
	words, err := netemWords(f)
	if err != nil {
		return nil, err
	}
	a := &netem{lab: l, fault: f, words: words, base: map[topologies.Endpoint]most{}}
	var to []topologies.Endpoint
	a.from, to = ways(f, link)
	for _, e := range a.from {
		if n := l.nodes[e.Node]; !n.own() {
			return nil, &topologies.MissingError{What: "ability", Name: "fault on what " + e.Node + " sends", Hint: "nothing stands on the wire between two machines, and a vendor's has no netem"}
		}
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	for i, e := range a.from { // what is picked is lost behind the queue, and was to be lost before it
		if slices.ContainsFunc(l.picks, func(p *picked) bool {
			return slices.Contains(p.to, topologies.Endpoint{Node: to[i].Node, Interface: to[i].Interface})
		}) {
			return nil, &topologies.MissingError{What: "place", Name: "for a fault on what " + e.String() + " sends", Hint: "one that picks frames was there before, which acts where they arrive: put this one in first"}
		}
	}
	for i, e := range a.from {
		if err := a.set(ctx, e); err != nil {
			for _, set := range a.from[:i] {
				err = errors.Join(err, a.clear(ctx, set))
			}
			return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
		}
	}
	l.queues = append(l.queues, a)
	return a, nil
}

// tc runs it in a guest.
func (l *lab) tc(ctx context.Context, node string, words ...string) (string, error) {
	return l.ask(ctx, node, append([]string{"tc"}, words...)...)
}

// ask runs a command in a guest.
func (l *lab) ask(ctx context.Context, node string, argv ...string) (string, error) {
	var out, said bytes.Buffer
	exit, err := (&host{l.nodes[node]}).Exec(ctx, argv, nil, &out, &said)
	if err == nil && exit != 0 {
		err = errors.New(strings.TrimSpace(said.String()))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", node, strings.Join(argv, " "), err)
	}
	return out.String(), nil
}

// set puts the queue in its place, unless the guest has one of its own there.
func (a *netem) set(ctx context.Context, e topologies.Endpoint) error {
	list, err := a.lab.look(ctx, e)
	if err != nil {
		return err
	}
	if list.Handle != "0:" && list.Handle != "" {
		return &topologies.MissingError{What: "place", Name: "for a fault on what " + e.String() + " sends", Hint: "its queue is " + list.Kind + " " + list.Handle + " already, of the node or of another fault; one at a time has room there"}
	}
	err = a.lab.netem(ctx, "add", e, a.words...)
	if err != nil && strings.Contains(err.Error(), "qdisc kind is unknown") {
		return &topologies.MissingError{What: "kernel ability", Name: "netem", Hint: err.Error()}
	}
	if err != nil {
		return err
	}
	a.base[e], err = settle(ctx, func() (uint64, error) {
		_, n, err := a.lab.beside(ctx, e)
		return n, err
	})
	return err
}

// most is how many frames an interface has sent that its queue did not let go, and how sure that is.
type most struct{ sent, unsure uint64 }

// settle looks how many an interface had sent when its queue was new, until two looks agree: what is on its way
// through the device, the queue has counted and the interface not yet. Where they never do, as under load, it is
// the highest of all, give or take what they differ by.
func settle(ctx context.Context, look func() (uint64, error)) (most, error) {
	tick := time.NewTicker(netemLook)
	defer tick.Stop()
	last, err := look()
	low, high := last, last
	for range settleLooks {
		if err != nil {
			return most{}, err
		}
		select {
		case <-ctx.Done():
			return most{}, fmt.Errorf("wait until two looks at what an interface has sent agree: %w", ctx.Err())
		case <-tick.C:
		}
		var n uint64
		if n, err = look(); err == nil && n == last && n == high {
			return most{sent: high}, nil
		}
		last, low, high = n, min(low, n), max(high, n)
	}
	return most{sent: high, unsure: high - low}, err
}

// beside gives the queue of an interface, and how many frames it has sent that this did not let go. The interface
// is asked first: what leaves meanwhile makes them fewer, and never more.
func (l *lab) beside(ctx context.Context, e topologies.Endpoint) (qdisc, uint64, error) {
	sent, err := l.sent(ctx, e)
	if err != nil {
		return qdisc{}, 0, err
	}
	q, err := l.look(ctx, e)
	if err == nil && q.Handle != netemHandle {
		err = fmt.Errorf("the queue of %s that does it was taken away", e)
	}
	return q, sent - min(sent, q.Packets), err
}

// netem adds our queue, or changes it.
func (l *lab) netem(ctx context.Context, how string, e topologies.Endpoint, words ...string) error {
	_, err := l.tc(ctx, e.Node, append([]string{"qdisc", how, "dev", e.Interface, "root", "handle", netemHandle, "netem", "limit", strconv.Itoa(netemLimit)}, words...)...)
	return err
}

// sent is how many frames an interface has sent, by whatever way.
func (l *lab) sent(ctx context.Context, e topologies.Endpoint) (uint64, error) {
	text, err := l.ask(ctx, e.Node, "cat", "/sys/class/net/"+e.Interface+"/statistics/tx_packets")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read what %s has sent: %w", e, err)
	}
	return n, nil
}

// clear takes the queue away. What waits in it goes on when it was to, nothing that comes meanwhile is delayed
// or lost, and the queue goes when the last of it has left.
func (a *netem) clear(ctx context.Context, e topologies.Endpoint) error {
	q, err := a.lab.look(ctx, e)
	if err != nil || q.Handle != netemHandle {
		return err
	}
	if err := a.lab.netem(ctx, "change", e); err != nil {
		return err
	}
	tick := time.NewTicker(netemLook)
	defer tick.Stop()
	for {
		if q, err = a.lab.look(ctx, e); err != nil {
			return err
		}
		if q.Qlen == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %d frames have left %s: %w", q.Qlen, e, ctx.Err())
		case <-tick.C:
		}
	}
	a.add(q, true)
	_, err = a.lab.tc(ctx, e.Node, "qdisc", "del", "dev", e.Interface, "root", "handle", netemHandle)
	return err
}

// add counts what a queue tells of what the fault did; at its end, of those that it lost alone, for what came
// since was let pass.
func (a *netem) add(q qdisc, end bool) {
	if a.fault.Kind == topologies.FaultDrop {
		a.acted.Hit += q.Drops
		a.acted.Matched += q.Packets + q.Qlen + q.Drops
		a.acted.Passed += q.Packets + q.Qlen
		return
	}
	if end {
		return
	}
	come := q.Packets + q.Qlen
	if a.fault.Kind == topologies.FaultDuplicate {
		come /= 2 // each is two by now
	}
	var overtook uint64
	if share := a.fault.Probability; share != 0 && share != 1 {
		overtook = min(q.Requeues, come)
	}
	a.acted.Full += q.Drops
	a.acted.Hit += come - overtook
	a.acted.Passed += overtook
	a.acted.Matched += come + q.Drops
}

// read counts what all of its queues tell. Caller holds wires.
func (a *netem) read(ctx context.Context) error {
	a.acted = topologies.Acted{By: []topologies.DropBy{topologies.DropByNetem}}
	var errs []error
	for _, e := range a.from {
		q, n, err := a.lab.beside(ctx, e)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		a.add(q, false)
		errs = append(errs, a.base[e].past(n, e))
	}
	return errors.Join(errs...)
}

// past is the error where an interface has by now sent more frames beside its queue than it had before.
func (m most) past(n uint64, e topologies.Endpoint) error {
	if n <= m.sent+m.unsure {
		return nil
	}
	return fmt.Errorf("%d frames have left %s past its queue, as a packet socket sends them", n-m.sent, e)
}

const (
	// netemLook is how often a queue is looked at that is new, or that is to run empty.
	netemLook = 100 * time.Millisecond
	// settleLooks is how often at most one is that is new.
	settleLooks = 10
)

// DropBy implements topologies.DropTeller.
func (a *netem) DropBy() topologies.DropBy { return topologies.DropByNetem }

// Acted implements topologies.ActedTeller. Of single frames, netem tells nothing.
func (a *netem) Acted() (topologies.Acted, bool) {
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	return a.acted, true
}

// Fired implements topologies.Active.
func (a *netem) Fired(ctx context.Context) (uint64, error) {
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	err := a.blind
	if !a.healed {
		err = errors.Join(err, a.read(ctx))
	}
	if err != nil {
		return a.acted.Hit, fmt.Errorf("count %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	return a.acted.Hit, nil
}

// Heal implements topologies.Active.
func (a *netem) Heal(ctx context.Context) error {
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	if a.healed {
		return nil
	}
	a.blind = errors.Join(a.blind, a.read(ctx))
	if a.fault.Kind == topologies.FaultDrop { // each queue tells of itself once more, at its end
		a.acted = topologies.Acted{By: a.acted.By}
	}
	for _, e := range a.from {
		if err := a.clear(ctx, e); err != nil {
			return fmt.Errorf("heal %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
		}
	}
	a.lab.queues = slices.DeleteFunc(a.lab.queues, func(other *netem) bool { return other == a })
	a.healed = true
	return nil
}

// requeue puts faults back in the queues of a machine that was started or rewound. The caller holds wires.
func (l *lab) requeue(ctx context.Context, node string) error {
	var errs []error
	for _, a := range l.queues {
		for _, e := range a.from {
			if e.Node != node {
				continue
			}
			a.blind = errors.Join(a.blind, fmt.Errorf("what the queue of %s did until its machine began anew is not known", e))
			errs = append(errs, a.set(ctx, e))
		}
	}
	return errors.Join(errs...)
}

// qdisc is what tc tells of a queue.
type qdisc struct {
	Kind    string `json:"kind"`
	Handle  string `json:"handle"`
	Root    bool   `json:"root"`
	Packets uint64 `json:"packets"`
	Drops   uint64 `json:"drops"`
	Qlen    uint64 `json:"qlen"`
	// Requeues are of netem the frames that overtook what it delays (netem_enqueue of net/sched/sch_netem.c), and those that the device
	// had no room for at first (dev_requeue_skb of net/sched/sch_generic.c).
	Requeues uint64 `json:"requeues"`
}

// look gives the queue of an interface.
func (l *lab) look(ctx context.Context, e topologies.Endpoint) (qdisc, error) {
	out, err := l.tc(ctx, e.Node, "-s", "-j", "qdisc", "show", "dev", e.Interface, "root")
	if err != nil {
		return qdisc{}, err
	}
	var list []qdisc
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return qdisc{}, fmt.Errorf("read the queue of %s: %w", e, err)
	}
	for _, q := range list {
		if q.Root {
			return q, nil
		}
	}
	return qdisc{}, nil
}
