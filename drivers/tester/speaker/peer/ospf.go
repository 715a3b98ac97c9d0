package peer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// OSPF is a router of OSPFv2 (RFC 2328) with one interface. It becomes adjacent to whom that is right, and floods what is
// said of routes here, and any LSA as it is said.
type OSPF struct {
	Address netip.Prefix `yaml:"address"`
	Router  netip.Addr   `yaml:"router-id"` // the address, where it is absent
	Area    netip.Addr   `yaml:"area"`      // 0.0.0.0
	Network string       `yaml:"network"`   // broadcast, or point-to-point
	// Priority is 0 where it is absent: it lets others be the designated router.
	Priority *uint8  `yaml:"priority"`
	Interval *uint16 `yaml:"interval"` // seconds; 10
	Dead     *uint32 `yaml:"dead"`     // seconds; four times the interval
	Options  *uint8  `yaml:"options"`
	MTU      *uint16 `yaml:"mtu"` // of Database Descriptions
	AuthType *uint16 `yaml:"auth-type"`
	Auth     string  `yaml:"auth"`
	// Key authenticates every packet by MD5; those that come are not checked.
	Key     *message.OSPFKey `yaml:"md5"`
	TTL     *uint8           `yaml:"ttl"`
	Version *uint8           `yaml:"version"`
	// DR and BDR are said in every Hello, whoever is; so is Mask.
	DR   *netip.Addr `yaml:"dr"`
	BDR  *netip.Addr `yaml:"bdr"`
	Mask *netip.Addr `yaml:"mask"`
	// Until is the state beyond which it does not go: init, 2-way, exstart, exchange or loading.
	Until string `yaml:"until"`

	Cost     uint16         `yaml:"cost"` // 10
	Stub     []netip.Prefix `yaml:"stub"`
	External []OSPFRoutes   `yaml:"external"`
	LSAs     []message.LSA  `yaml:"lsas"`
}

// OSPFRoutes are external routes, of one length, one after the other.
type OSPFRoutes struct {
	From    netip.Prefix `yaml:"from"`
	Count   int          `yaml:"count"` // 1
	Metric  *uint32      `yaml:"metric"`
	Type1   bool         `yaml:"type-1"`
	Tag     uint32       `yaml:"tag"`
	Forward netip.Addr   `yaml:"forward"`
}

// ospfState is how far a neighbour is (RFC 2328 section 10.1).
type ospfState int

const (
	ospfDown ospfState = iota
	ospfInit
	ospf2Way
	ospfExStart
	ospfExchange
	ospfLoading
	ospfFull
)

func (s ospfState) String() string {
	return [...]string{"down", "init", "2-way", "exstart", "exchange", "loading", "full"}[s]
}

// Times and sizes of OSPF (RFC 2328 appendix B and C.3).
const (
	ospfResend     = 5 * time.Second
	ospfRefresh    = 30 * time.Minute
	ospfScan       = time.Minute
	ospfPacket     = 1400 // bytes of a body at most
	ospfHead       = 20   // bytes of the head of an LSA
	mostNeighbors  = 256
	mostLSAs       = 200_000
	mostRoutes     = 100_000
	ospfMetric     = 20
	ospfASBR       = 2
	ospfCost       = 10
	ospfHelloTimes = 4
)

type ospf struct {
	c     OSPF
	ready bool

	neighbors map[netip.Addr]*ospfNeighbor
	db        map[message.LSAKey]*ospfLSA
	dirty     bool // own LSAs may be other ones
	sequence  uint32
	crypto    uint32
	hello     time.Duration
	scan      time.Duration
	dr, bdr   netip.Addr
}

// ospfLSA is one of the database.
type ospfLSA struct {
	raw []byte
	at  time.Duration // when its age was that of raw
	own bool
	as  []byte // what it was made of, of our own
}

// OSPFPeer is what is known of a segment.
type OSPFPeer struct {
	DR        string                       `json:"dr,omitempty"`
	BDR       string                       `json:"bdr,omitempty"`
	Neighbors map[string]OSPFNeighborState `json:"neighbors"`
	LSAs      int                          `json:"lsas"` // in the database
	Own       int                          `json:"own"`  // of them, ours
}

func (o *ospf) configure(s *Spec) error {
	c := *s.OSPF
	if !c.Address.Addr().Is4() {
		return errors.New("address: it is one of IPv4 with its length, as 10.0.0.1/24")
	}
	if !c.Router.IsValid() {
		c.Router = c.Address.Addr()
	}
	if !c.Area.IsValid() {
		c.Area = netip.AddrFrom4([4]byte{})
	}
	if !c.Router.Is4() || !c.Area.Is4() {
		return errors.New("router-id and area: they are as addresses of IPv4")
	}
	if !slices.Contains([]string{"", "broadcast", "point-to-point"}, c.Network) {
		return fmt.Errorf("network: there is no %q: there are broadcast and point-to-point", c.Network)
	}
	if !slices.Contains([]string{"", "init", "2-way", "exstart", "exchange", "loading"}, c.Until) {
		return fmt.Errorf("until: there is no %q: there are init, 2-way, exstart, exchange and loading", c.Until)
	}
	if o.ready && (c.Router != o.c.Router || c.Area != o.c.Area) {
		return errors.New("router-id and area: they stay in a session")
	}
	if _, err := desired(&c, nil); err != nil {
		return err
	}
	probe := ospf{c: c}
	hello := probe.packet(netip.Addr{})
	hello.Hello = &message.OSPFHello{}
	if _, err := hello.PDU(); err != nil {
		return err
	}
	o.c, o.dirty = c, true
	o.hello = 0
	if !o.ready {
		o.ready = true
		o.neighbors, o.db = map[netip.Addr]*ospfNeighbor{}, map[message.LSAKey]*ospfLSA{}
		o.sequence = 0x1000
		o.crypto = uint32(time.Now().Unix()) //nolint:gosec // behind those of a session before, until 2106
	}
	return nil
}

func (o *ospf) limit() ospfState {
	for s := ospfInit; s < ospfFull; s++ {
		if s.String() == o.c.Until {
			return s
		}
	}
	return ospfFull
}

func (o *ospf) interval() uint16 { return message.Or(o.c.Interval, 10) }

func (o *ospf) dead() uint32 { return message.Or(o.c.Dead, ospfHelloTimes*uint32(o.interval())) }

// packet is the head of what is sent, to an address; to all, where that is the zero one.
func (o *ospf) packet(to netip.Addr) message.OSPF {
	return message.OSPF{
		Source: o.c.Address.Addr(), Destination: to, TTL: o.c.TTL, Version: o.c.Version, Router: o.c.Router, Area: &o.c.Area,
		AuthType: o.c.AuthType, Auth: o.c.Auth, Key: o.key(),
	}
}

// key has the next number: a receiver drops what has a lower one than it knows (RFC 2328 D.4.3).
func (o *ospf) key() *message.OSPFKey {
	if o.c.Key == nil {
		return nil
	}
	o.crypto++
	numbered := *o.c.Key
	set(&numbered.Sequence, o.crypto)
	return &numbered
}

// again is a packet that was sent before, with a number of its own.
func (o *ospf) again(p message.OSPF) message.OSPF {
	p.Key = o.key()
	return p
}

func send(l *link, p message.OSPF) { l.send(p.PDU()) }

func (o *ospf) receive(l *link, f frame) {
	if f.proto != message.ProtoOSPF || !f.source.Is4() || f.dest != o.c.Address.Addr() && !f.dest.IsMulticast() {
		return
	}
	p, err := message.ParseOSPF(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	if p.Router == o.c.Router || p.Area != o.c.Area {
		l.say("a packet of router %s in area %s", p.Router, p.Area)
		return
	}
	l.state.Received[[]string{"", "hello", "dd", "request", "update", "ack"}[p.Type]]++
	n := o.neighbors[p.Router]
	if p.Type == message.OSPFTypeHello {
		if n == nil {
			if len(o.neighbors) >= mostNeighbors {
				return
			}
			n = &ospfNeighbor{o: o, router: p.Router}
			o.neighbors[p.Router] = n
		}
		n.address = f.source
		n.heardHello(l, p.Hello)
	} else if n != nil {
		switch p.Type {
		case message.OSPFTypeDD:
			n.heardDD(l, p)
		case message.OSPFTypeRequest:
			n.heardRequest(l, p.Request)
		case message.OSPFTypeUpdate:
			n.heardUpdate(l, p.Update)
		case message.OSPFTypeAck:
			n.heardAck(p.Heads)
		}
	}
	o.tell(l)
}

// tell tells of the state that is furthest.
func (o *ospf) tell(l *link) {
	best := ospfDown
	for _, n := range o.neighbors {
		best = max(best, n.state)
	}
	l.become(best.String(), best == ospfFull)
}

func (o *ospf) tick(l *link) time.Duration {
	dead := time.Duration(o.dead()) * time.Second
	for id, n := range o.neighbors {
		if l.now >= n.heard+dead {
			delete(o.neighbors, id)
			o.dirty = true
			l.say("nothing was heard of %s for the dead interval", id)
		}
	}
	o.elect(l)
	if l.now >= o.hello {
		o.sayHello(l)
		o.hello = l.now + time.Duration(max(o.interval(), 1))*time.Second
	}
	if l.now >= o.scan {
		o.scan = l.now + ospfScan
		o.age(l)
	}
	if o.dirty {
		o.dirty = false
		o.originate(l)
	}
	next := min(o.hello, o.scan)
	for _, n := range o.neighbors {
		next = min(next, n.heard+dead, n.tick(l))
	}
	o.tell(l)
	return next
}

func (o *ospf) broadcast() bool { return o.c.Network != "point-to-point" }

// elect chooses the designated routers as those that are declared (RFC 2328 section 9.4); where nobody is, of those with a
// priority, after the time to wait.
func (o *ospf) elect(l *link) {
	none := netip.AddrFrom4([4]byte{})
	dr, bdr := none, none
	own := o.c.Address.Addr()
	if o.broadcast() {
		type candidate struct {
			priority   uint8
			id, at     netip.Addr
			isDR, isBD bool
		}
		var all []candidate
		if p := message.Or(o.c.Priority, 0); p > 0 && l.now >= time.Duration(o.dead())*time.Second {
			all = append(all, candidate{p, o.c.Router, own, o.dr == own, o.bdr == own})
		}
		for _, n := range o.neighbors {
			if p := message.Or(n.hello.Priority, 0); n.state >= ospf2Way && p > 0 {
				all = append(all, candidate{p, n.router, n.address, n.hello.DR == n.address, n.hello.BDR == n.address})
			}
		}
		slices.SortFunc(all, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.priority, a.priority), b.id.Compare(a.id))
		})
		waited := l.now >= time.Duration(o.dead())*time.Second
		if i := slices.IndexFunc(all, func(c candidate) bool { return c.isDR }); i >= 0 {
			dr = all[i].at
		} else if waited && len(all) > 0 {
			dr = all[0].at
		}
		if i := slices.IndexFunc(all, func(c candidate) bool { return c.isBD && c.at != dr }); i >= 0 {
			bdr = all[i].at
		} else if i := slices.IndexFunc(all, func(c candidate) bool { return c.at != dr }); waited && i >= 0 {
			bdr = all[i].at
		}
	}
	if dr == o.dr && bdr == o.bdr {
		return
	}
	o.dr, o.bdr, o.dirty = dr, bdr, true
	o.hello = min(o.hello, l.now)
	for _, n := range o.neighbors {
		n.decide(l)
	}
}

func (o *ospf) sayHello(l *link) {
	p := o.packet(netip.Addr{})
	bits := o.c.Address.Bits()
	mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr()
	h := &message.OSPFHello{
		Mask: message.Or(o.c.Mask, mask), Interval: new(o.interval()), Options: o.c.Options, Priority: new(message.Or(o.c.Priority, 0)),
		Dead: new(o.dead()), DR: message.Or(o.c.DR, o.dr), BDR: message.Or(o.c.BDR, o.bdr), Neighbors: slices.SortedFunc(maps.Keys(o.neighbors), netip.Addr.Compare),
	}
	if o.c.Until == "init" {
		h.Neighbors = nil // nobody sees itself
	}
	p.Hello = h
	send(l, p)
}

func (o *ospf) show(*link) any {
	p := OSPFPeer{Neighbors: map[string]OSPFNeighborState{}, LSAs: len(o.db)}
	if o.dr.IsValid() && !o.dr.IsUnspecified() {
		p.DR = o.dr.String()
	}
	if o.bdr.IsValid() && !o.bdr.IsUnspecified() {
		p.BDR = o.bdr.String()
	}
	for id, n := range o.neighbors {
		p.Neighbors[id.String()] = n.show()
	}
	for _, e := range o.db {
		if e.own {
			p.Own++
		}
	}
	return p
}
