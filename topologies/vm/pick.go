package vm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Frames that are picked, by what is in them, their number or a seed, are lost where they arrive: a program in the kernel
// of the guest that they are on their way to does it, as in labs of containers (package wiring). This program loads it: a
// copy of it is brought into the guest with the first such fault, and serves until the machine ends or begins anew.

const (
	helperFile = "/var/lib/reprise/reprise" // the copy
	guestInit  = 1                          // a process in the network of the guest's interfaces
	// pickTimeout bounds what is asked of a helper, and helperTimeout bringing it into an emulated guest.
	pickTimeout   = 30 * time.Second
	helperTimeout = 2 * time.Minute
)

// bringScript makes its input, of so many bytes, a program, unless that is there. An input that is cut off, as that of a connection that
// ends, leaves nothing, and a copy that a loss of power has cut off is none.
const bringScript = `whole() { [ -f "$1" ] && [ "$(wc -c < "$1")" -eq "$2" ]; }
whole "$1" "$2" && [ -x "$1" ] && exit
if mkdir -p "${1%/*}" && cat > "$1.new"; then
	whole "$1.new" "$2" || echo "it did not arrive whole" >&2
	whole "$1.new" "$2" && chmod 755 "$1.new" && mv "$1.new" "$1" && exit
fi
rm -f "$1.new"
exit 1`

// picked is a fault that programs in guests carry out. Its fields are guarded by the lab's wires.
type picked struct {
	lab   *lab
	fault topologies.Fault
	id    string                // of its filters
	seed  uint64                // by which frames are drawn; 0: nothing is left to chance
	to    []topologies.Endpoint // that what it acts on is on its way to

	did    map[topologies.Endpoint]topologies.Acted
	blind  error // why nobody knows what it did before
	healed bool
}

// pick has guests lose what a fault picks of the frames that are on their way to them.
func (l *lab) pick(ctx context.Context, f topologies.Fault, link topologies.Link) (topologies.Active, error) {
	if !f.Frames.InKernel() {
		return nil, &topologies.MissingError{
			What: "ability", Name: "fault that picks frames by LSA, path attribute or transmission in a lab of machines",
			Hint: "only a program on the cable tells those, and nothing stands on a link between machines; or build the lab of containers, where a machine can be a node too (vrnetlab)",
		}
	}
	if err := errors.Join(wire.Check(f), wiring.CheckMatch(f.Match)); err != nil {
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	}
	p := &picked{lab: l, fault: f, did: map[topologies.Endpoint]topologies.Acted{}}
	from, to := ways(f, link)
	for i, e := range to {
		if !l.nodes[e.Node].own() {
			return nil, &topologies.MissingError{What: "ability", Name: "fault that picks what " + from[i].Node + " sends", Hint: "a program in the kernel of the guest that gets it does that, and " + e.Node + " is a vendor's machine"}
		}
		p.to = append(p.to, topologies.Endpoint{Node: e.Node, Interface: e.Interface})
	}
	if share := f.Probability; share != 0 && share != 1 {
		if p.seed = f.Frames.Seed; p.seed == 0 {
			p.seed = rand.Uint64()>>12 + 1 //nolint:gosec // any will do that JSON holds
		}
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	l.counter++
	p.id = "fault-" + strconv.Itoa(l.counter)
	l.picks = append(l.picks, p)
	err := p.sift(ctx)
	if err == nil {
		err = context.Cause(ctx) // who gave up has no fault
	}
	if err == nil {
		return p, nil
	}
	l.picks = slices.DeleteFunc(l.picks, func(other *picked) bool { return other == p })
	err = fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	if undone := p.sift(context.WithoutCancel(ctx)); undone != nil {
		return p, errors.Join(err, undone)
	}
	return nil, err
}

// ways are the endpoints that send what a fault on frames acts on, and those that it is on its way to, pair by pair.
func ways(f topologies.Fault, link topologies.Link) (from, to []topologies.Endpoint) {
	here, far := link.A, link.B
	if here.Node != f.Endpoint.Node || here.Interface != f.Endpoint.Interface {
		here, far = far, here
	}
	if f.Direction != topologies.DirectionOut {
		from, to = append(from, far), append(to, here)
	}
	if f.Direction == topologies.DirectionOut || f.Direction == topologies.DirectionBoth {
		from, to = append(from, here), append(to, far)
	}
	return from, to
}

// sift has the guests that the fault is about lose what the faults in force pick, and nothing else.
func (p *picked) sift(ctx context.Context) error {
	var errs []error
	for _, e := range p.to {
		errs = append(errs, p.lab.sift(ctx, e))
	}
	return errors.Join(errs...)
}

// sift is that of one endpoint. The caller holds wires.
func (l *lab) sift(ctx context.Context, e topologies.Endpoint) error {
	var filters []wiring.Filter
	for _, p := range l.picks {
		if slices.Contains(p.to, e) {
			filters = append(filters, wiring.FilterOf(p.id, p.fault, e, p.seed))
		}
	}
	if _, loaded := l.helpers[e.Node]; !loaded && len(filters) == 0 {
		return nil // nothing was ever put there
	}
	r, err := l.help(ctx, e, wiring.Op{Kind: wiring.Drop, Filters: filters})
	for id, did := range r.Ended {
		if p := l.ending; p != nil && p.id == id {
			p.tell(e, did)
		}
	}
	return err
}

// help has a guest's helper carry out an operation at an interface. One that turns out to have ended is brought anew once.
func (l *lab) help(ctx context.Context, e topologies.Endpoint, op wiring.Op) (r wiring.Result, err error) {
	op.By, op.A = topologies.DropByXDP, wiring.Port{PID: guestInit, Interface: e.Interface}
	for range 2 {
		var c *wiring.Client
		if c, err = l.helper(ctx, e.Node); err != nil {
			return wiring.Result{}, fmt.Errorf("bring this program into %s: %w", e.Node, err)
		}
		var late bool
		if r, late, err = l.apply(ctx, c, e.Node, op); err == nil {
			return r, nil
		}
		err = fmt.Errorf("at %s: %w", e, err)
		if late {
			l.dismiss(e.Node)
		}
		if late || c.Err() == nil {
			return r, err
		}
	}
	return r, err
}

// apply has a helper carry out an operation. It is not interrupted: what was asked for might take place after what undoes it. late is
// that no answer came in time.
func (l *lab) apply(ctx context.Context, c *wiring.Client, node string, op wiring.Op) (r wiring.Result, late bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pickTimeout)
	defer cancel()
	asked := time.Now()
	r, err = c.Apply(ctx, op)
	if !r.Now.IsZero() {
		l.compare(node, r.Now, asked, time.Now())
	}
	return r, ctx.Err() != nil, err
}

// dismiss ends a guest's helper. What it has loaded stays, if the guest does; nobody knows that, nor whether it numbers frames anew
// where it is loaded again. The caller holds wires.
func (l *lab) dismiss(node string) {
	_ = l.helpers[node].Close() // which ends it; the guest need not answer any more
	l.helpers[node] = nil
	delete(l.ahead, node)
	for _, p := range l.picks {
		for _, e := range p.to {
			if e.Node == node {
				p.blind = errors.Join(p.blind, fmt.Errorf("what %s lost until this program was brought there anew is not known", e))
			}
		}
	}
}

// helper gives the connection to a guest's helper, which is brought there where it is not. The caller holds wires.
func (l *lab) helper(ctx context.Context, node string) (*wiring.Client, error) {
	if c := l.helpers[node]; c != nil {
		if c.Err() == nil {
			return c, nil
		}
		l.dismiss(node)
	}
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	h := &host{node: l.nodes[node]}
	exe, err := os.Open(l.provider.options.Executable)
	if err != nil {
		return nil, err
	}
	defer exe.Close() //nolint:errcheck // read only
	info, err := exe.Stat()
	if err != nil {
		return nil, err
	}
	said := bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, []string{"sh", "-c", bringScript, "sh", helperFile, strconv.FormatInt(info.Size(), 10)}, exe, nil, said)
	if err == nil && exit != 0 {
		err = errors.New(said.Trimmed())
	}
	if err != nil {
		return nil, err
	}
	stream, err := h.Open(context.WithoutCancel(ctx), append([]string{helperFile}, l.provider.options.WireArgs...), false)
	if err != nil {
		return nil, err
	}
	l.helpers[node] = wiring.Dial(stream)
	return l.helpers[node], nil
}

// resift puts faults back in force at a machine that was started or rewound, and with it its helper. The caller holds wires.
func (l *lab) resift(ctx context.Context, node string) error {
	delete(l.helpers, node) // it ended with its connection
	delete(l.ahead, node)
	var errs []error
	for _, p := range l.picks {
		for _, e := range p.to {
			if e.Node != node {
				continue
			}
			p.blind = errors.Join(p.blind, fmt.Errorf("what %s lost until its machine began anew is not known", e))
			errs = append(errs, l.sift(ctx, e))
		}
	}
	return errors.Join(errs...)
}

// tell keeps what a program says that it did, in this machine's time.
func (p *picked) tell(e topologies.Endpoint, did topologies.Acted) {
	did.Seed = p.seed
	for i := range did.Hits {
		did.Hits[i].To, did.Hits[i].Time = e.String(), did.Hits[i].Time.Add(-p.lab.ahead[e.Node])
	}
	p.did[e] = did
}

// compare learns by how much a guest's clock is before this machine's, of an answer to what was asked that came by now: it was
// given in between. What answers told before goes on as far as it agrees with that, as it does until somebody sets the clock.
func (l *lab) compare(node string, answered, asked, came time.Time) {
	least, most := answered.Sub(came), answered.Sub(asked)
	was, known := l.ahead[node]
	if !known {
		was = least
	}
	l.ahead[node] = min(max(was, least), most)
}

// DropBy implements topologies.DropTeller.
func (*picked) DropBy() topologies.DropBy { return topologies.DropByXDP }

// Acted implements topologies.ActedTeller.
func (p *picked) Acted() (sum topologies.Acted, ok bool) {
	p.lab.wires.Lock()
	defer p.lab.wires.Unlock()
	for _, e := range p.to {
		did, told := p.did[e]
		if !told {
			return topologies.Acted{}, false
		}
		sum = sum.Join(did)
	}
	sum.By = []topologies.DropBy{topologies.DropByXDP}
	return sum, true
}

// count asks the programs what they did. The caller holds wires.
func (p *picked) count(ctx context.Context) error {
	var errs []error
	for _, e := range p.to {
		r, err := p.lab.help(ctx, e, wiring.Op{Kind: wiring.Count, Name: p.id})
		if r.Acted != nil {
			p.tell(e, *r.Acted)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Fired implements topologies.Active.
func (p *picked) Fired(ctx context.Context) (n uint64, err error) {
	p.lab.wires.Lock()
	defer p.lab.wires.Unlock()
	if !p.healed {
		err = p.count(ctx)
	}
	err = errors.Join(p.blind, err)
	for _, did := range p.did {
		n += did.Hit
	}
	if err != nil {
		err = fmt.Errorf("count %s at %s: %w", p.fault.Kind, p.fault.Endpoint, err)
	}
	return n, err
}

// Heal implements topologies.Active.
func (p *picked) Heal(ctx context.Context) error {
	l := p.lab
	l.wires.Lock()
	defer l.wires.Unlock()
	if p.healed {
		return nil
	}
	uncounted := p.count(ctx)
	p.blind = errors.Join(p.blind, uncounted)
	inForce := l.picks
	l.picks = slices.DeleteFunc(slices.Clone(inForce), func(other *picked) bool { return other == p })
	l.ending = p
	err := p.sift(ctx)
	l.ending = nil
	if err != nil {
		l.picks = inForce // in their order
		return fmt.Errorf("heal %s at %s: %w", p.fault.Kind, p.fault.Endpoint, err)
	}
	p.healed = true
	return nil
}
