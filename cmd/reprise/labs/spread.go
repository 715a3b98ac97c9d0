package labs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/placement"
	"github.com/reprise-lab/reprise/topologies/spread"
)

// Spread implements [cli.Spreader].
func (Here) Spread(hosts *labpool.Provider, claim cli.Claim, say func(line string)) cli.SpreadProvider {
	return &overHosts{Provider: hosts, claim: claim, say: say}
}

// overHosts builds labs on the hosts of a fleet's workers, of namespaces. Where nodes are is said from what workers offer;
// each lab takes a slot of each of its hosts.
type overHosts struct {
	*labpool.Provider // of what images are, and who is there
	claim             cli.Claim
	say               func(line string)

	patience time.Duration // with hosts that are not free; 0: [hostsPatience]

	claiming sync.Mutex // held by who claims hosts: one lab of this process after the other

	standing sync.Mutex
	labs     []*onHosts // that are up, of this process, in the order in which they were built

	meeting sync.Mutex
	met     map[string]namedHost // every host that was in the fleet, by its key, as it was last

	asking sync.Mutex
	tokens []string // that a host has to trust others with

	looking sync.Mutex
	known   map[string]topologies.ImageInfo // by reference
}

var (
	_ cli.SpreadProvider     = (*overHosts)(nil)
	_ topologies.Claimer     = (*overHosts)(nil)
	_ topologies.ClockSource = (*overHosts)(nil)
	_ topologies.Leaver      = (*onHosts)(nil)
	_ topologies.Yielder     = (*onHosts)(nil)

	_ topologies.ImageDescriber = (*overHosts)(nil)
)

// Name implements topologies.Provider.
func (o *overHosts) Name() string { return cli.ProviderSpread }

// Close lets go of nothing: labs are released one by one.
func (o *overHosts) Close() error { return nil }

// Kind implements topologies.Kinder.
func (o *overHosts) Kind(topologies.Topology) topologies.Kind { return topologies.KindContainer }

// ClockLibraries implements topologies.ClockSource, of this machine's images.
func (o *overHosts) ClockLibraries(ctx context.Context) ([]topologies.ClockLibrary, error) {
	spaces, err := openSpaces()
	if err != nil {
		return nil, err
	}
	list, err := spaces.ClockLibraries(ctx)
	return list, errors.Join(err, spaces.Close())
}

// Check implements topologies.Provider: whether the hosts that are there can hold the lab.
func (o *overHosts) Check(ctx context.Context, t topologies.Topology) error {
	_, _, err := o.Place(ctx, t)
	return err
}

// Place implements topologies.Placer.
func (o *overHosts) Place(ctx context.Context, t topologies.Topology) (map[string]string, []topologies.Link, error) {
	hosts := o.named()
	if len(hosts) == 0 {
		return nil, nil, &labpool.NobodyError{}
	}
	placed, err := o.cut(ctx, t, hosts)
	return placed.Host, placed.Cut, err
}

// Ask implements cli.SpreadProvider.
func (o *overHosts) Ask(asks []scenarios.Ask) {
	o.asking.Lock()
	defer o.asking.Unlock()
	for _, a := range asks {
		if !slices.Contains(o.tokens, a.Token) {
			o.tokens = append(o.tokens, a.Token)
		}
	}
}

// trusts are the abilities that a host has to have for a node: of what is asked for by the name of a node, only that node's.
func (o *overHosts) trusts(n topologies.Node, t topologies.Topology) (list []string) {
	o.asking.Lock()
	defer o.asking.Unlock()
	for _, token := range o.tokens {
		_, of, _ := strings.Cut(token, ".")
		if _, another := t.Node(of); !another || of == n.Name {
			list = append(list, labpool.TrustAbility(token))
		}
	}
	return list
}

// Slots implements cli.SpreadProvider: how many of a lab there is room for side by side.
func (o *overHosts) Slots(ctx context.Context, t topologies.Topology) (n int) {
	hosts := o.named()
	for {
		free := slices.DeleteFunc(slices.Clone(hosts), func(h namedHost) bool { return h.Slots < 1 })
		slices.SortStableFunc(free, func(a, b namedHost) int { return cmp.Compare(b.Slots, a.Slots) }) // the last ones are not left alone
		placed, err := o.cut(ctx, t, free)
		if err != nil {
			return n
		}
		n++
		for i := range hosts {
			if uses(placed, hosts[i].name) {
				hosts[i].Slots--
			}
		}
	}
}

// namedHost is a worker as it is called here.
type namedHost struct {
	name string
	fleet.Offer
}

// named are the workers, each with a name of its own: where several have one, all of them are called by their keys too, for which
// of them is there first decides nothing.
func (o *overHosts) named() (hosts []namedHost) {
	const enough = 8
	offers := o.Roster.Workers()
	for i, offer := range offers {
		name := offer.Name
		if slices.ContainsFunc(slices.Concat(offers[:i], offers[i+1:]), func(other fleet.Offer) bool { return other.Name == offer.Name }) {
			name += "/" + offer.Key[:min(len(offer.Key), enough)]
		}
		hosts = append(hosts, namedHost{name, offer})
	}
	o.meeting.Lock()
	defer o.meeting.Unlock()
	if o.met == nil {
		o.met = map[string]namedHost{}
	}
	for _, h := range hosts {
		o.met[h.Key] = h
	}
	return hosts
}

// gone are the hosts that were in the fleet and are not any more.
func (o *overHosts) gone(now []namedHost) (list []namedHost) {
	o.meeting.Lock()
	defer o.meeting.Unlock()
	for _, key := range slices.Sorted(maps.Keys(o.met)) {
		if !slices.ContainsFunc(now, func(h namedHost) bool { return h.Key == key || h.name == o.met[key].name }) {
			list = append(list, o.met[key])
		}
	}
	return list
}

// oneOf refuses a name that several workers have.
func oneOf(t topologies.Topology, hosts []namedHost) error {
	var errs []error
	for _, n := range t.Nodes {
		var called []string
		for _, h := range hosts {
			if h.Name == n.Placement && h.name != n.Placement {
				called = append(called, h.name)
			}
		}
		if len(called) > 0 {
			errs = append(errs, fmt.Errorf("node %s is placed on %s, and several workers are called so: say %s", n.Name, n.Placement, strings.Join(called, " or ")))
		}
	}
	return errors.Join(errs...)
}

func uses(p placement.Placement, host string) bool {
	for _, at := range p.Host {
		if at == host {
			return true
		}
	}
	return false
}

// cut places a lab on hosts.
func (o *overHosts) cut(ctx context.Context, t topologies.Topology, on []namedHost) (placement.Placement, error) {
	for _, n := range t.Nodes {
		if list := n.Exceptions(); len(list) > 0 {
			return placement.Placement{}, &topologies.MissingError{What: "host", Name: "for node " + n.Name, Hint: "no worker builds a part of a lab with " + strings.Join(list, ", ")}
		}
	}
	if err := oneOf(t, on); err != nil {
		return placement.Placement{}, &cannotHoldError{err}
	}
	images, err := o.images(ctx, t)
	if err != nil {
		return placement.Placement{}, err
	}
	var hosts []placement.Host
	for _, h := range on {
		hosts = append(hosts, placement.Host{Name: h.name, Cores: h.Cores, Memory: h.Memory, Lacks: func(n topologies.Node) error {
			if why := h.Lacks(o.partNeeds(n, t, images)); len(why) > 0 {
				return errors.New(strings.Join(why, "; "))
			}
			return nil
		}})
	}
	placed, err := placement.Cut(t, hosts)
	if err != nil {
		return placed, &cannotHoldError{err}
	}
	return placed, nil
}

// cannotHoldError says why the workers of a fleet cannot hold a lab.
type cannotHoldError struct{ err error }

func (e *cannotHoldError) Error() string { return e.err.Error() }

// Unwrap says that the environment lacks something.
func (e *cannotHoldError) Unwrap() []error {
	return []error{e.err, &topologies.MissingError{What: "worker", Name: "that can take a part of this"}}
}

// partNeeds is what a host has to have for a node.
func (o *overHosts) partNeeds(n topologies.Node, t topologies.Topology, images map[string]fleet.Image) fleet.Needs {
	needs := fleet.Needs{
		Version: o.Version, Provider: cli.ProviderNamespaces, Kind: string(topologies.KindContainer), Abilities: append(o.trusts(n, t), fleet.AbilityParts),
	}
	if n.Image != "" && !n.IsSegment() {
		needs.Images = []fleet.Image{images[n.Image]}
	}
	return needs
}

// DescribeImage implements topologies.ImageDescriber. An image is what it was when it was first asked for: the digests that run.json
// has are those that all labs of the run are built of, whatever else gets the name meanwhile.
func (o *overHosts) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	o.looking.Lock()
	defer o.looking.Unlock()
	if info, known := o.known[ref]; known {
		return info, nil
	}
	info, err := o.Provider.DescribeImage(ctx, ref)
	if err != nil {
		return info, err
	}
	if info.Digest == "" {
		return info, &topologies.MissingError{What: "digest", Name: "of the image " + ref, Hint: "without one, hosts cannot be told which image is meant: import it with reprise images"}
	}
	if o.known == nil {
		o.known = map[string]topologies.ImageInfo{}
	}
	o.known[ref] = info
	return info, nil
}

// images are those of a lab, by reference: of the digests that the run has, sent from here where this machine has them.
func (o *overHosts) images(ctx context.Context, t topologies.Topology) (map[string]fleet.Image, error) {
	list := map[string]fleet.Image{}
	var errs []error
	for _, n := range t.Nodes {
		if _, known := list[n.Image]; known || n.Image == "" || n.IsSegment() {
			continue
		}
		info, err := o.DescribeImage(ctx, n.Image)
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
			continue
		}
		image := fleet.Image{Ref: n.Image, Digest: info.Digest}
		if o.Describe != nil {
			if here, err := o.Describe(ctx, info.Digest); err == nil && here.Digest == info.Digest {
				image.Source = fleet.SourceFleet
			}
		}
		list[n.Image] = image
	}
	return list, errors.Join(errs...)
}

// Reserve implements topologies.Provider. It waits where the hosts are there that the lab needs, and their slots are taken.
func (o *overHosts) Reserve(ctx context.Context, t topologies.Topology, how topologies.Options) (topologies.Reservation, error) {
	claim, err := o.Claim(ctx, t)
	if err != nil {
		return nil, err
	}
	return claim.Reserve(ctx, t, how)
}

// Claim implements topologies.Claimer.
func (o *overHosts) Claim(ctx context.Context, t topologies.Topology) (topologies.Claim, error) {
	placed, conns, err := o.claimAll(ctx, t)
	if err != nil {
		return nil, err
	}
	return &claimed{by: o, placed: placed, conns: conns}, nil
}

// claimed are hosts that wait for a lab.
type claimed struct {
	by     *overHosts
	placed placement.Placement
	conns  map[string]net.Conn // by name; nil: they were given back, or are a lab's
}

// Release implements topologies.Claim.
func (c *claimed) Release() {
	for _, conn := range c.conns {
		_ = conn.Close() // what is there ends with it
	}
	c.conns = nil
}

// Reserve implements topologies.Claim.
func (c *claimed) Reserve(ctx context.Context, t topologies.Topology, how topologies.Options) (topologies.Reservation, error) {
	r, err := c.by.build(ctx, t, c.placed, c.conns, how)
	if err != nil {
		c.Release()
		return nil, err
	}
	l := &onHosts{Reservation: r, by: c.by, topology: t, hosts: slices.Sorted(maps.Keys(c.conns))}
	c.conns = nil
	c.by.standing.Lock()
	defer c.by.standing.Unlock()
	c.by.labs = append(c.by.labs, l)
	return l, nil
}

// onHosts is a lab on hosts of a fleet.
type onHosts struct {
	topologies.Reservation
	by       *overHosts
	topology topologies.Topology
	hosts    []string
	down     func(context.Context) (bool, error) // where nothing goes on in it; nil: something does
}

// Unwrap implements the contract of topologies.As.
func (l *onHosts) Unwrap() topologies.Reservation { return l.Reservation }

// YieldBy implements topologies.Yielder.
func (l *onHosts) YieldBy(down func(context.Context) (bool, error)) {
	l.by.standing.Lock()
	defer l.by.standing.Unlock()
	l.down = down
}

// Release implements topologies.Reservation.
func (l *onHosts) Release(ctx context.Context) error {
	l.by.standing.Lock()
	l.by.labs = slices.DeleteFunc(l.by.labs, func(other *onHosts) bool { return other == l })
	l.by.standing.Unlock()
	return l.Reservation.Release(ctx)
}

// Leave implements topologies.Leaver: a host that is to leave the fleet is left where others can take its part.
func (l *onHosts) Leave(ctx context.Context) string {
	if inner, ok := topologies.As[topologies.Leaver](l.Reservation); ok {
		if why := inner.Leave(ctx); why != "" {
			return why
		}
	}
	there := l.by.named()
	var leaving []string
	for _, h := range there {
		if h.Draining && slices.Contains(l.hosts, h.name) {
			leaving = append(leaving, h.name)
		}
	}
	if len(leaving) == 0 {
		return ""
	}
	free := slices.DeleteFunc(there, func(h namedHost) bool {
		return h.Draining || h.Silent || h.Busy >= h.Slots && !slices.Contains(l.hosts, h.name)
	})
	if _, err := l.by.cut(ctx, l.topology, free); err != nil {
		return "" // nobody else can take the part now: it stays until somebody can, or the last trial
	}
	return strings.Join(leaving, ", ") + " drains, and others take its part"
}

// build builds a lab on hosts that were claimed.
func (o *overHosts) build(ctx context.Context, t topologies.Topology, placed placement.Placement, conns map[string]net.Conn, how topologies.Options) (topologies.Reservation, error) {
	if err := reachEachOther(conns); err != nil {
		return nil, err
	}
	var hosts []spread.Host
	for name, conn := range conns {
		hosts = append(hosts, spread.Host{Name: name, Dial: func(context.Context) (net.Conn, error) { return conn, nil }})
	}
	slices.SortFunc(hosts, func(a, b spread.Host) int { return strings.Compare(a.Name, b.Name) })
	p, err := spread.New(hosts, nil)
	if err != nil {
		return nil, err
	}
	t = t.Clone()
	images, err := o.images(ctx, t)
	if err != nil {
		return nil, err
	}
	p.Send(func(ctx context.Context, host, digest string, w io.Writer) error {
		for _, image := range images {
			if image.Digest == digest && o.say != nil {
				o.say(fmt.Sprintf("%s is not on %s: sending it", image.Ref, host))
			}
		}
		return Here{}.WriteImage(ctx, digest, w)
	})
	for i, n := range t.Nodes {
		t.Nodes[i].Placement = placed.Host[n.Name]
		if image, known := images[n.Image]; known {
			t.Nodes[i].Image = image.Digest // a name may mean another image there
		}
	}
	return p.Reserve(ctx, t, how)
}

// reachEachOther refuses hosts of which some are known by an address that only they have.
func reachEachOther(conns map[string]net.Conn) error {
	var only, by []string
	for name, conn := range conns {
		at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
		if err == nil && at.Addr().IsLoopback() {
			only = append(only, name)
		} else {
			by = append(by, name)
		}
	}
	if len(only) == 0 || len(by) == 0 {
		return nil
	}
	slices.Sort(only)
	slices.Sort(by)
	return &topologies.MissingError{
		What: "address", Name: fmt.Sprintf("by which %s reach %s", strings.Join(by, ", "), strings.Join(only, ", ")),
		Hint: "start that worker with --address ADDRESS, by which others reach its machine",
	}
}

// How long claims are tried again where a host is busy.
const (
	againAfter  = 200 * time.Millisecond
	againWithin = 300 * time.Millisecond // at random, so that two who want the same hosts part ways
)

// hostsPatience is how long hosts are waited for that are in use, or do not answer, before a lab is given up.
const hostsPatience = time.Hour

// Why a host is not even asked.
var (
	errSilent = errors.New("it is not heard of: it is dead, cut off, or too busy to say that it is there")
	errGone   = errors.New("it is in the fleet no more: start its worker again")
)

// claimAll claims all hosts of a lab, or none while one of them refuses: it is busy, or about to leave, or is not heard of, or was in
// the fleet and is not. Another is taken in its place where one does.
func (o *overHosts) claimAll(ctx context.Context, t topologies.Topology) (placement.Placement, map[string]net.Conn, error) {
	patience := cmp.Or(o.patience, hostsPatience)
	over := time.NewTimer(patience)
	defer over.Stop()
	w := &waiting{say: o.say}
	made := false // room, by a lab whose slots may not be free yet
	for {
		refused := map[string]error{} // in this round, by name
		placed, conns, err := o.claimOnce(ctx, t, refused)
		if err == nil {
			w.ended()
			return placed, conns, nil
		}
		if len(refused) == 0 {
			return placed, nil, err
		}
		switch {
		case made:
			made = false
		case o.makeRoom(ctx, t, refused):
			made = true
		default:
			w.tell(waitsFor(refused))
		}
		again := time.NewTimer(againAfter + rand.N(againWithin)) //nolint:gosec // it decides nothing but when
		select {
		case <-again.C:
			continue
		case <-over.C:
			err = &topologies.MissingError{What: "host", Name: "for the lab", Hint: fmt.Sprintf("after %s there is still none: %s", patience, waitsFor(refused))}
		case <-ctx.Done():
			err = fmt.Errorf("claim hosts: %w", errors.Join(append(causes(refused), context.Cause(ctx))...))
		}
		again.Stop()
		return placed, nil, err
	}
}

// claimOnce tries it once, with one host after the other in the place of those that refuse, which it notes. It is hopeless where none
// does.
func (o *overHosts) claimOnce(ctx context.Context, t topologies.Topology, refused map[string]error) (placement.Placement, map[string]net.Conn, error) {
	hosts := o.named()
	if _, err := o.cut(ctx, t, hosts); err != nil {
		gone := o.gone(hosts)
		if _, without := o.cut(ctx, t, append(slices.Clone(hosts), gone...)); len(gone) > 0 && without == nil {
			for _, h := range gone {
				refused[h.name] = errGone
			}
		} else if len(hosts) == 0 {
			err = &labpool.NobodyError{}
		}
		return placement.Placement{}, nil, err
	}
	for _, h := range hosts {
		if h.Silent {
			refused[h.name] = errSilent
		}
	}
	for {
		placed, err := o.cut(ctx, t, slices.DeleteFunc(slices.Clone(hosts), func(h namedHost) bool { return refused[h.name] != nil }))
		if err != nil {
			return placed, nil, err
		}
		conns, refuse := o.claimEach(ctx, placed, hosts)
		if len(refuse) == 0 {
			return placed, conns, nil
		}
		maps.Copy(refused, refuse)
	}
}

// makeRoom takes down a lab of this process that stands idle, and reports whether it did, where hosts are busy with it that another one
// waits for: of the two sides of a verb, each has its lab, and whoever waits for the other's room would wait for itself. Where others
// hold what is missing too, nothing is taken down.
func (o *overHosts) makeRoom(ctx context.Context, t topologies.Topology, refused map[string]error) bool {
	o.standing.Lock()
	labs := slices.Clone(o.labs)
	o.standing.Unlock()
	hosts := o.named()
	would := func(labs []*onHosts) (placement.Placement, bool) {
		placed, err := o.cut(ctx, t, slices.DeleteFunc(slices.Clone(hosts), func(h namedHost) bool {
			return refused[h.name] != nil && (!errors.Is(refused[h.name], fleet.ErrBusy) || !holds(labs, h.name))
		}))
		return placed, err == nil
	}
	for _, l := range labs {
		if _, enough := would([]*onHosts{l}); enough && o.yield(ctx, l) {
			return true
		}
	}
	placed, enough := would(labs) // one after the other
	return enough && slices.ContainsFunc(labs, func(l *onHosts) bool {
		return slices.ContainsFunc(l.hosts, func(host string) bool { return refused[host] != nil && uses(placed, host) }) && o.yield(ctx, l)
	})
}

// holds reports whether one of some labs has a part on a host.
func holds(labs []*onHosts, host string) bool {
	return slices.ContainsFunc(labs, func(l *onHosts) bool { return slices.Contains(l.hosts, host) })
}

// yield takes a lab down, where nothing goes on in it.
func (o *overHosts) yield(ctx context.Context, l *onHosts) bool {
	o.standing.Lock()
	down := l.down
	o.standing.Unlock()
	if down == nil {
		return false
	}
	gone, err := down(ctx)
	if gone && o.say != nil {
		line := "a lab of this command that stood idle on " + strings.Join(l.hosts, ", ") + " made room for another; with more --labs at those workers, both stay up"
		if err != nil {
			line += fmt.Sprintf(" (taking it down: %v)", err)
		}
		o.say(line)
	}
	return gone
}

// waiting is a wait as a person is told of it.
type waiting struct {
	say   func(line string)
	since time.Time
	said  string
}

// tell tells for what, once.
func (w *waiting) tell(why string) {
	if w.since.IsZero() {
		w.since = time.Now()
	}
	if w.say != nil && why != w.said {
		w.say("waiting for " + why)
	}
	w.said = why
}

// ended tells how long it was.
func (w *waiting) ended() {
	if w.say != nil && !w.since.IsZero() {
		w.say(fmt.Sprintf("the hosts are there after %s", time.Since(w.since).Round(100*time.Millisecond)))
	}
}

// causes are why hosts refuse, in the order of their names.
func causes(refused map[string]error) (list []error) {
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		list = append(list, fmt.Errorf("%s: %w", name, refused[name]))
	}
	return list
}

// waitsFor says for which hosts a lab waits, and why.
func waitsFor(refused map[string]error) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		why := "all labs there are in use"
		if err := refused[name]; !errors.Is(err, fleet.ErrBusy) {
			why = err.Error()
		}
		parts = append(parts, name+": "+why)
	}
	return strings.Join(parts, "; ")
}

// claimEach claims the hosts of a placement; where some refuse, those that did not were given back.
func (o *overHosts) claimEach(ctx context.Context, placed placement.Placement, hosts []namedHost) (conns map[string]net.Conn, refuse map[string]error) {
	o.claiming.Lock()
	defer o.claiming.Unlock()
	conns, refuse = map[string]net.Conn{}, map[string]error{}
	for _, h := range hosts {
		if !uses(placed, h.name) {
			continue
		}
		conn, err := o.claim(ctx, h.Key)
		if err != nil {
			refuse[h.name] = err
			continue
		}
		conns[h.name] = conn
	}
	if len(refuse) == 0 {
		return conns, nil
	}
	for _, conn := range conns {
		_ = conn.Close() // nothing was built there yet
	}
	return nil, refuse
}
