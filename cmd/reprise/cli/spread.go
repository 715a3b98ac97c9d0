package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// Claim takes a slot of a worker of a fleet, by its key, for a part of a lab; see [fleet.ClaimPart].
type Claim func(ctx context.Context, worker string) (net.Conn, error)

// Spreader builds labs over the machines of a fleet.
type Spreader interface {
	// Spread gives what builds a lab on several machines. say is told why it waits.
	Spread(hosts *labpool.Provider, claim Claim, say func(line string)) SpreadProvider
}

// SpreadProvider builds labs over the machines of a fleet.
type SpreadProvider interface {
	Provider
	topologies.Placer
	// Slots is how many labs of a topology there is room for side by side.
	Slots(ctx context.Context, t topologies.Topology) int
	// Ask has hosts be those that were told to trust scenarios of others with what one of this machine's asks for; see
	// [labworker.Asks].
	Ask(asks []scenarios.Ask)
}

// overHosts is a fleet whose machines build one lab together. It is the testbed's provider, which is closed with it.
type overHosts struct {
	SpreadProvider
	bed *bed
}

// Unwrap implements the contract of topologies.As.
func (o *overHosts) Unwrap() topologies.Provider { return o.SpreadProvider }

// Close implements [Provider].
func (o *overHosts) Close() error { return errors.Join(o.SpreadProvider.Close(), o.bed.Close()) }

// asksForHosts reports whether a node of a plan says where it is to be.
func asksForHosts(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Topology.Nodes, func(n topologies.Node) bool { return n.Placement != "" })
}

// spreads decides whether the labs of plans are spread over the machines of a fleet: where one of them says so, and where no worker
// alone has what a lab needs and several have it together. nil: each lab is one worker's.
func (a *App) spreads(ctx context.Context, b *bed, where LabFlags, plans []*plan.Plan) (*overHosts, error) {
	if a.Spreader == nil {
		return nil, nil
	}
	over := &overHosts{bed: b, SpreadProvider: a.Spreader.Spread(b.Provider, func(ctx context.Context, worker string) (net.Conn, error) {
		return fleet.ClaimPart(ctx, b.conn, worker, b.Version)
	}, func(line string) { a.Progress("%s", line) })}
	asked := slices.ContainsFunc(plans, asksForHosts)
	switch {
	case asked && where.Provider != "" && where.Provider != ProviderNamespaces:
		return nil, InputError("a lab over several machines is of namespaces: leave --provider %s out, or the placement of nodes", where.Provider)
	case asked:
		return over, nil
	case where.Provider != "" && where.Provider != ProviderNamespaces:
		return nil, nil
	}
	for _, p := range plans {
		if b.Check(ctx, p.Topology) == nil || b.Kind(p.Topology) != topologies.KindContainer || len(p.Topology.Nodes) < 2 {
			continue
		}
		if _, between, err := over.Place(ctx, p.Topology); err == nil && len(between) > 0 {
			a.Progress("no worker of the fleet has room for this lab: it is spread over several")
			return over, nil
		}
	}
	return nil, nil
}

// sides is how many labs of one number are up at a time.
func (f LabFlags) sides(plans []*plan.Plan) int {
	const both = 2
	if f.InTurn {
		return 1
	}
	return min(len(plans), both)
}

// useHosts has a testbed build its labs over the machines of a fleet, in this process, of so many sides side by side.
func (a *App) useHosts(ctx context.Context, b *Testbed, over *overHosts, sides int, plans []*plan.Plan) error {
	pool := hostsPool{ask: over.Ask}
	b.Pool, b.Slots = pool, 0
	for i, p := range plans {
		if err := pool.askFor(ctx, p, over); err != nil {
			return AsRecordError(err)
		}
		if a.Stores != nil && a.Stores.KindOf(p.Topology) != topologies.KindContainer {
			return InputError("a lab over several machines is of namespaces, and %s has a node with a kernel of its own: leave the placement of nodes out", p.Loaded.Scenario.ID)
		}
		host, between, err := over.Place(ctx, p.Topology)
		if err != nil {
			continue // who checks the plans is told
		}
		if err := oneClock(p, host); err != nil {
			return err
		}
		if slots := max(1, over.Slots(ctx, p.Topology)/sides); b.Slots == 0 || slots < b.Slots {
			b.Slots = slots
		}
		if i == 0 {
			a.Progress("%s", PlacementLine(host, between))
		}
	}
	b.Slots = max(b.Slots, 1)
	return nil
}

// hostsPool executes trials in this process, in labs over the machines of a fleet. To those, scenarios are somebody else's, as they
// are with tasks: what one asks for has to be named where a worker is started, and values of this machine's environment stay here.
type hostsPool struct {
	experiment.Here
	ask func([]scenarios.Ask)
}

// Series implements [experiment.Pool].
func (h hostsPool) Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	s, err := h.Here.Series(ctx, p, parent, env, tool)
	if err != nil {
		return nil, err
	}
	return s, h.look(ctx, s.Dir())
}

// Reopen implements [experiment.Pool].
func (h hostsPool) Reopen(ctx context.Context, p *plan.Plan, dir evidence.Dir, env trial.Environment) (experiment.Series, error) {
	if err := h.look(ctx, dir); err != nil {
		return nil, err
	}
	return h.Here.Reopen(ctx, p, dir, env)
}

// look finds out what the plan of a run directory asks for.
func (h hostsPool) look(ctx context.Context, dir evidence.Dir) error {
	payload, err := labworker.Payload(ctx, dir)
	if err != nil {
		return err
	}
	asks, err := labworker.Asks(ctx, payload)
	if err != nil {
		return err
	}
	h.ask(asks)
	return nil
}

// askFor is look for a plan that has no run directory yet.
func (h hostsPool) askFor(ctx context.Context, p *plan.Plan, provider topologies.Provider) error {
	parent, err := scratch.Make("plan")
	if err != nil {
		return err
	}
	defer os.RemoveAll(parent) //nolint:errcheck // a leftover in the temporary folder does no harm
	dir, err := trial.CreateRun(ctx, p, parent, provider, ToolInfo())
	if err != nil {
		return err
	}
	return h.look(ctx, dir)
}

// oneClock refuses traffic between nodes on two machines: it is timed by one clock.
func oneClock(p *plan.Plan, host map[string]string) error {
	flows := p.Loaded.Scenario.Traffic
	for _, name := range slices.Sorted(maps.Keys(flows)) {
		if from, to := flows[name].From, flows[name].To; host[from] != host[to] {
			return &topologies.MissingError{
				What: "ability", Name: fmt.Sprintf("to send traffic %s between hosts", name),
				Hint: fmt.Sprintf("%s is on %s and %s on %s, and the two ends of a flow need one clock; give both the same placement", from, host[from], to, host[to]),
			}
		}
	}
	return nil
}

// Placed is where the nodes of a lab will be that is spread over machines; zero of one that is not.
type Placed struct {
	Host    map[string]string
	Between []topologies.Link
}

// Placed says where the nodes of a plan's lab will be, if a testbed spreads it over machines and they can hold it.
func (b *Testbed) Placed(ctx context.Context, p *plan.Plan) Placed {
	placer, ok := topologies.As[topologies.Placer](b.Provider)
	if !ok {
		return Placed{}
	}
	host, between, err := placer.Place(ctx, p.Topology)
	if err != nil {
		return Placed{} // who checks the plan is told
	}
	return Placed{host, between}
}

// PlacementLine says where the nodes of a lab are, and which of its links go between machines.
func PlacementLine(host map[string]string, between []topologies.Link) string {
	nodes := map[string][]string{}
	for _, n := range slices.Sorted(maps.Keys(host)) {
		nodes[host[n]] = append(nodes[host[n]], n)
	}
	var parts, links []string
	for _, h := range slices.Sorted(maps.Keys(nodes)) {
		parts = append(parts, h+" has "+strings.Join(nodes[h], ", "))
	}
	for _, l := range between {
		links = append(links, l.A.String()+"–"+l.B.String())
	}
	line := strings.Join(parts, "; ")
	if len(links) > 0 {
		line += "; between them: " + strings.Join(links, ", ")
	}
	return line
}
