package peer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// ISIS is a system of IS-IS with one interface, of one level. It becomes adjacent, and floods what is said of
// routes here. It is never the designated one of a LAN where another has a priority.
type ISIS struct {
	System string   `yaml:"system"`
	Areas  []string `yaml:"areas"` // 49.0001
	Level  int      `yaml:"level"` // 2
	// Network is broadcast, or point-to-point.
	Network  string       `yaml:"network"`
	Address  netip.Prefix `yaml:"address"`
	Interval uint16       `yaml:"interval"` // seconds; 3
	Holding  *uint16      `yaml:"holding"`  // three times the interval
	Priority *uint8       `yaml:"priority"` // 0
	Circuit  *uint8       `yaml:"circuit-type"`
	LAN      string       `yaml:"lan-id"` // in the place of who is the designated one
	Hostname string       `yaml:"hostname"`
	Metric   uint32       `yaml:"metric"` // 10
	// Padding is the size of Hellos; 1497 where it is absent, and 0 is none.
	Padding *int   `yaml:"padding"`
	Version *uint8 `yaml:"version"`
	IDLen   *uint8 `yaml:"id-length"`
	MaxArea *uint8 `yaml:"max-areas"`
	// Until is the state beyond which it does not go: initializing.
	Until string `yaml:"until"`

	Routes []ISISRoutes `yaml:"routes"`
	// HelloTLVs and TLVs are further ones of Hellos and of the LSP.
	HelloTLVs []message.ISISTLV `yaml:"hello-tlvs"`
	TLVs      []message.ISISTLV `yaml:"tlvs"`
	// LSPs are sent as they are said, beside the system's own.
	LSPs []message.ISISLSP `yaml:"lsps"`
}

// ISISRoutes are networks of one length, one after the other.
type ISISRoutes struct {
	From   netip.Prefix `yaml:"from"`
	Count  int          `yaml:"count"`
	Metric uint32       `yaml:"metric"` // 10
}

// Times and sizes of IS-IS (ISO 10589 section 7.3, RFC 1195).
const (
	isisInterval  = 3
	isisHold      = 3
	isisResend    = 5 * time.Second
	isisRefresh   = 15 * time.Minute
	isisLifetime  = 1200
	isisFrame     = 1497
	isisRouteRoom = 1350 // bytes of an LSP's routes
	isisMetric    = 10
	mostFragments = 256
	isisUp        = "up"
	isisBegins    = "initializing"
)

type isis struct {
	c      ISIS
	system message.SystemID
	ready  bool

	neighbors map[message.SystemID]*isisNeighbor
	db        map[string]isisEntry // of others, by LSP
	own       map[string]*isisOwn
	dirty     bool
	hello     time.Duration
	lan       message.NodeID
	reach     message.NodeID // that the LSP tells of
}

type isisNeighbor struct {
	mac      message.MAC
	up       bool
	priority uint8
	holding  time.Duration
	heard    time.Duration
	areas    []string
	three    uint8
	circuit  uint32
	lan      message.NodeID
}

type isisEntry struct {
	sequence uint32
	checksum uint16
	until    time.Duration
}

// isisOwn is an LSP of ours.
type isisOwn struct {
	lsp      message.ISISLSP
	sequence uint32
	checksum uint16
	at       time.Duration
	again    time.Duration // on a link of two, until it is confirmed; 0 is confirmed
	said     bool          // it is as it was said, its number too
	as       []byte
}

// ISISPeer is what is known of a segment.
type ISISPeer struct {
	LAN       string                       `json:"lan-id,omitempty"`
	Neighbors map[string]ISISNeighborState `json:"neighbors"`
	LSPs      int                          `json:"lsps"` // of others
	Own       int                          `json:"own"`
	// Unconfirmed are LSPs of ours that nobody confirmed, on a link of two.
	Unconfirmed int `json:"unconfirmed"`
}

// ISISNeighborState is what is known of a neighbour.
type ISISNeighborState struct {
	MAC      string   `json:"mac"`
	State    string   `json:"state"`
	Priority uint8    `json:"priority"`
	Holding  float64  `json:"holding"` // seconds
	Areas    []string `json:"areas"`
}

func (x *isis) configure(s *Spec) error {
	c := *s.ISIS
	if len(c.Areas) == 0 {
		c.Areas = []string{"49.0001"}
	}
	if c.Level == 0 {
		c.Level = 2
	}
	id, err := message.ParseSystem(c.System)
	if err != nil {
		return fmt.Errorf("system: %w", err)
	}
	switch {
	case c.Level != 1 && c.Level != 2:
		return fmt.Errorf("level: there is no %d", c.Level)
	case !slices.Contains([]string{"", "broadcast", "point-to-point"}, c.Network):
		return fmt.Errorf("network: there is no %q: there are broadcast and point-to-point", c.Network)
	case c.Until != "" && c.Until != isisBegins:
		return fmt.Errorf("until: there is no %q: there is initializing", c.Until)
	case !c.Address.Addr().Is4():
		return errors.New("address: it is one of IPv4 with its length, as 10.0.0.1/24")
	case x.ready && (id != x.system || c.Level != x.c.Level || c.Network != x.c.Network):
		return errors.New("system, level and network: they stay in a session")
	}
	probe := isis{c: c, system: id}
	list, err := probe.lsps(nil)
	if err != nil {
		return err
	}
	for _, l := range list {
		if _, err := probe.pdu(message.ISIS{LSP: &l}).PDU(); err != nil {
			return err
		}
	}
	for i, l := range c.LSPs {
		_, err := message.ParseLSPID(l.ID)
		_, bad := probe.pdu(message.ISIS{LSP: &l}).PDU()
		if err := cmp.Or(err, bad); err != nil {
			return fmt.Errorf("lsps.%d: %w", i, err)
		}
	}
	if _, err := probe.pdu(message.ISIS{Hello: probe.helloOf(nil)}).PDU(); err != nil {
		return err
	}
	x.c, x.system, x.dirty, x.hello = c, id, true, 0
	if !x.ready {
		x.ready = true
		x.neighbors, x.db, x.own = map[message.SystemID]*isisNeighbor{}, map[string]isisEntry{}, map[string]*isisOwn{}
	}
	return nil
}

func (x *isis) broadcast() bool { return x.c.Network != "point-to-point" }

func (x *isis) interval() time.Duration {
	if x.c.Interval == 0 {
		return isisInterval * time.Second
	}
	return time.Duration(x.c.Interval) * time.Second
}

// pdu fills in what every PDU says of the system.
func (x *isis) pdu(p message.ISIS) *message.ISIS {
	p.Level, p.System, p.Version, p.IDLength, p.MaxAreas = x.c.Level, x.c.System, x.c.Version, x.c.IDLen, x.c.MaxArea
	if !x.broadcast() && p.Hello == nil {
		p.Destination = "09:00:2b:00:00:05"
	}
	return &p
}

func (x *isis) send(l *link, p message.ISIS) { l.send(x.pdu(p).PDU()) }

// helloOf is what is said to the neighbours.
func (x *isis) helloOf(l *link) *message.ISISHello {
	hold := uint16(isisHold * x.interval() / time.Second) //nolint:gosec // of 16 bits times three
	h := &message.ISISHello{
		PointToPoint: !x.broadcast(), Circuit: x.c.Circuit, Holding: new(message.Or(x.c.Holding, hold)), Priority: new(message.Or(x.c.Priority, 0)),
		LAN: x.c.LAN, Padding: message.Or(x.c.Padding, isisFrame),
		ISISTLVs: message.ISISTLVs{Areas: x.c.Areas, Addresses: []netip.Addr{x.c.Address.Addr()}, TLVs: x.c.HelloTLVs},
	}
	if l == nil {
		return h
	}
	if h.LAN == "" && x.lan != (message.NodeID{}) {
		h.LAN = x.lan.String()
	}
	if !x.broadcast() {
		h.ThreeWay = x.threeWay()
		return h
	}
	for _, n := range x.neighbors {
		if x.c.Until == "" {
			h.Neighbors = append(h.Neighbors, n.mac.String())
		}
	}
	slices.Sort(h.Neighbors)
	return h
}

// threeWay is the state of the one neighbour of a link of two (RFC 5303 section 3.2).
func (x *isis) threeWay() *message.ISISThree {
	w := &message.ISISThree{State: 2, Circuit: 1}
	if x.c.Until != "" {
		return w // who sees itself is up
	}
	for id, n := range x.neighbors {
		w.Neighbor, w.Other, w.State = id.String(), n.circuit, 1
		if n.up {
			w.State = 0
		}
	}
	return w
}

func (x *isis) receive(l *link, f frame) {
	if f.kind != 0 || len(f.body) < 4 || f.body[0] != 0xfe || f.body[1] != 0xfe || f.body[3] != 0x83 {
		return
	}
	p, err := message.ParseISIS(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	word, level := isisWord(p.Type)
	if level != 0 && level != x.c.Level || p.Type != message.ISISHelloP2P == !x.broadcast() && word == "hello" {
		return
	}
	l.state.Received[word]++
	switch word {
	case "hello":
		x.heardHello(l, f, &p)
	case "lsp":
		x.heardLSP(l, &p)
	case "csnp":
		x.heardEntries(l, &p, true)
	case "psnp":
		x.heardEntries(l, &p, false)
	}
	x.tell(l)
}

// isisWord is the word for a type, and the level that it is of; 0 is of both.
func isisWord(typ uint8) (word string, level int) {
	switch typ {
	case message.ISISHelloL1:
		return "hello", 1
	case message.ISISHelloL2:
		return "hello", 2
	case message.ISISHelloP2P:
		return "hello", 0
	case message.ISISLSPL1:
		return "lsp", 1
	case message.ISISLSPL2:
		return "lsp", 2
	case message.ISISCSNPL1:
		return "csnp", 1
	case message.ISISCSNPL2:
		return "csnp", 2
	case message.ISISPSNPL1:
		return "psnp", 1
	}
	return "psnp", 2
}

func (x *isis) tell(l *link) {
	state := "down"
	for _, n := range x.neighbors {
		switch {
		case n.up:
			state = isisUp
		case state == "down":
			state = isisBegins
		}
	}
	l.become(state, state == isisUp)
}

func (x *isis) heardHello(l *link, f frame, p *message.ISISPacket) {
	id := message.SystemID(p.Source[:6])
	if id == x.system {
		l.say("another system says that it is %s", id)
		return
	}
	n := x.neighbors[id]
	if n == nil {
		if len(x.neighbors) >= mostNeighbors {
			return
		}
		n = &isisNeighbor{}
		x.neighbors[id] = n
		x.hello = 0
	}
	n.mac, n.heard, n.holding, n.priority, n.lan = f.from, l.now, time.Duration(p.Holding)*time.Second, p.Priority, p.LAN
	n.areas, n.three = nil, 0xff
	sees := false
	for _, t := range p.TLVs {
		switch v := t.Value; t.Type {
		case message.ISISTLVAreas:
			for ; len(v) > 0 && len(v) > int(v[0]); v = v[1+int(v[0]):] {
				n.areas = append(n.areas, fmt.Sprintf("%x", v[1:1+int(v[0])]))
			}
		case message.ISISTLVNeighbors:
			for ; len(v) >= 6; v = v[6:] {
				sees = sees || message.MAC(v[:6]) == l.mac
			}
		case message.ISISTLVThreeWay:
			if len(v) > 0 {
				n.three = v[0]
			}
			if len(v) >= 5 {
				n.circuit = binary.BigEndian.Uint32(v[1:])
			}
			sees = sees || len(v) >= 11 && message.SystemID(v[5:11]) == x.system
		}
	}
	if !x.broadcast() && n.three == 0xff {
		sees = true // it knows no three ways
	}
	was := n.up
	n.up = sees && x.c.Until == ""
	if n.up != was {
		x.hello, x.dirty = 0, true
	}
	x.elect()
	if n.up && !was {
		for _, o := range x.own {
			x.transmit(l, o)
		}
		if !x.broadcast() {
			x.sayAll(l)
		}
	}
}

// elect follows the neighbour whose priority is the highest in who is the designated one (ISO 10589 section 8.4.5).
func (x *isis) elect() {
	var lan, reach message.NodeID
	best := -1
	var mac message.MAC
	for id, n := range x.neighbors {
		if !n.up {
			continue
		}
		if !x.broadcast() {
			copy(reach[:6], id[:])
			continue
		}
		if p := int(n.priority); p > best || p == best && bytes.Compare(n.mac[:], mac[:]) > 0 {
			best, mac, lan = p, n.mac, n.lan
		}
	}
	if x.broadcast() && lan[6] != 0 {
		reach = lan
	}
	if lan != x.lan || reach != x.reach {
		x.lan, x.reach, x.dirty, x.hello = lan, reach, true, 0
	}
}

// lsps are ours, as they have to be, with what the first tells of.
func (x *isis) lsps(reach []message.ISISReach) (list []message.ISISLSP, err error) {
	metric := x.c.Metric
	if metric == 0 {
		metric = isisMetric
	}
	first := message.ISISLSP{ISISTLVs: message.ISISTLVs{
		Areas: x.c.Areas, Addresses: []netip.Addr{x.c.Address.Addr()}, Hostname: x.c.Hostname, TLVs: x.c.TLVs,
		Routes: []message.ISISRoute{{Prefix: x.c.Address.Masked(), Metric: metric}},
	}}
	for _, r := range reach {
		r.Metric = metric
		first.Reach = append(first.Reach, r)
	}
	list = []message.ISISLSP{first}
	var rest message.ISISLSP
	rest.Protocols = new("")
	room := 0
	for _, r := range x.c.Routes {
		prefixes, err := series(r.From, r.Count)
		if err != nil {
			return nil, fmt.Errorf("routes: %w", err)
		}
		for _, p := range prefixes {
			m := r.Metric
			if m == 0 {
				m = isisMetric
			}
			route := message.ISISRoute{Prefix: p, Metric: m}
			if room += len(route.Bytes()); room > isisRouteRoom {
				list = append(list, rest)
				rest.Routes, room = nil, len(route.Bytes())
			}
			rest.Routes = append(rest.Routes, route)
		}
	}
	if len(rest.Routes) > 0 {
		list = append(list, rest)
	}
	if len(list) > mostFragments {
		return nil, fmt.Errorf("routes: they take %d LSPs: at most %d", len(list), mostFragments)
	}
	for i := range list {
		list[i].ID = message.IDOfFragment(x.system, i)
		list[i].Lifetime = new(uint16(isisLifetime))
	}
	return list, nil
}

// originate brings our LSPs to what they have to be.
func (x *isis) originate(l *link) {
	var reach []message.ISISReach
	if x.reach != (message.NodeID{}) {
		reach = append(reach, message.ISISReach{ID: x.reach.String()})
	}
	list, err := x.lsps(reach)
	if err != nil { // it was checked
		l.fail(err)
		return
	}
	wanted := map[string]bool{}
	take := func(lsp message.ISISLSP, said bool) {
		id, err := message.ParseLSPID(lsp.ID)
		p, bad := x.pdu(message.ISIS{LSP: &lsp}).PDU()
		if err := errors.Join(err, bad); err != nil {
			l.fail(err)
			return
		}
		wanted[id.String()] = true
		o := x.own[id.String()]
		if o != nil && bytes.Equal(o.as, p.Body) {
			return
		}
		if o == nil {
			o = &isisOwn{}
			x.own[id.String()] = o
		}
		o.lsp, o.as, o.said = lsp, p.Body, said && lsp.Sequence != nil
		x.renew(l, o, o.sequence)
	}
	for _, lsp := range list {
		take(lsp, false)
	}
	for _, lsp := range x.c.LSPs {
		take(lsp, true)
	}
	for id, o := range x.own {
		if !wanted[id] {
			delete(x.own, id)
			x.purge(l, id, o.sequence)
		}
	}
}

// renew makes an instance that is newer than a number, and sends it.
func (x *isis) renew(l *link, o *isisOwn, than uint32) {
	o.sequence, o.at = max(than, o.sequence)+1, l.now
	if o.said {
		o.sequence = *o.lsp.Sequence
	}
	x.transmit(l, o)
}

// purge takes an LSP of this system back, by an instance that is newer than a number.
func (x *isis) purge(l *link, id string, than uint32) {
	o := &isisOwn{lsp: message.ISISLSP{ID: id, Lifetime: new(uint16(0)), ISISTLVs: message.ISISTLVs{Protocols: new("")}}}
	x.renew(l, o, min(than, math.MaxUint32-1))
}

func (x *isis) transmit(l *link, o *isisOwn) {
	lsp := o.lsp
	lsp.Sequence = &o.sequence
	if message.Or(lsp.Lifetime, isisLifetime) == isisLifetime {
		lsp.Lifetime = new(isisLifetime - uint16((l.now-o.at)/time.Second)) //nolint:gosec // it is made anew before
	}
	p, err := x.pdu(message.ISIS{LSP: &lsp}).PDU()
	if err == nil {
		binary.BigEndian.PutUint16(p.Body[11:], uint16(len(p.Body)-3)) //nolint:gosec // of a frame
		o.checksum = message.Fletcher(p.Body[15:], 12)
	}
	some := false
	for _, n := range x.neighbors {
		some = some || n.up
	}
	if !some {
		o.again = 0 // a new neighbour is told of all
		return
	}
	if !x.broadcast() {
		o.again = l.now + isisResend
	}
	l.send(p, err)
}

// sayAll tells a new neighbour of a link of two what there is.
func (x *isis) sayAll(l *link) {
	s := &message.ISISSNP{}
	for id, o := range x.own {
		s.Entries = append(s.Entries, message.ISISEntry{ID: id, Lifetime: isisLifetime, Sequence: o.sequence, Checksum: o.checksum})
	}
	for id, e := range x.db {
		s.Entries = append(s.Entries, message.ISISEntry{ID: id, Lifetime: uint16(max(0, (e.until-l.now)/time.Second)), Sequence: e.sequence, Checksum: e.checksum}) //nolint:gosec // it was 16 bits
	}
	slices.SortFunc(s.Entries, func(a, b message.ISISEntry) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	const most = 80 // of a frame
	s.Entries = s.Entries[:min(len(s.Entries), most)]
	x.send(l, message.ISIS{CSNP: s})
}

func (x *isis) heardLSP(l *link, p *message.ISISPacket) {
	id := p.ID.String()
	o, ok := x.own[id]
	if !ok && message.SystemID(p.ID[:6]) == x.system { // of a session before (ISO 10589 section 7.3.16.4)
		if p.Lifetime > 0 {
			x.purge(l, id, p.Sequence)
		}
		return
	}
	if ok && !o.said {
		if p.Sequence > o.sequence || p.Sequence == o.sequence && p.Checksum != o.checksum {
			x.renew(l, o, p.Sequence)
		}
		return
	}
	e, known := x.db[id]
	if (!known || p.Sequence >= e.sequence) && (known || len(x.db) < mostLSAs) {
		x.db[id] = isisEntry{p.Sequence, p.Checksum, l.now + time.Duration(p.Lifetime)*time.Second}
		if p.Lifetime == 0 {
			delete(x.db, id)
		}
	}
	if !x.broadcast() {
		x.send(l, message.ISIS{PSNP: &message.ISISSNP{Entries: []message.ISISEntry{{ID: id, Lifetime: p.Lifetime, Sequence: p.Sequence, Checksum: p.Checksum}}}})
	}
}

// heardEntries takes what another has, asks for what is missing, and sends what it lacks.
func (x *isis) heardEntries(l *link, p *message.ISISPacket, complete bool) {
	var ask []message.ISISEntry
	has := map[string]bool{}
	for _, e := range p.Entries() {
		has[e.ID] = true
		if o, ok := x.own[e.ID]; ok {
			switch {
			case e.Sequence >= o.sequence:
				o.again = 0
				if e.Sequence > o.sequence && !o.said {
					x.renew(l, o, e.Sequence)
				}
			default:
				x.transmit(l, o)
			}
			continue
		}
		if k, ok := x.db[e.ID]; complete && e.Lifetime > 0 && (!ok || k.sequence < e.Sequence) {
			ask = append(ask, message.ISISEntry{ID: e.ID, Lifetime: e.Lifetime})
		}
	}
	if complete {
		for id, o := range x.own {
			b, err := message.ParseLSPID(id)
			if err == nil && !has[id] && bytes.Compare(b[:], p.Start[:]) >= 0 && bytes.Compare(b[:], p.End[:]) <= 0 {
				x.transmit(l, o)
			}
		}
	}
	const most = 80 // of a frame
	for len(ask) > 0 {
		count := min(len(ask), most)
		x.send(l, message.ISIS{PSNP: &message.ISISSNP{Entries: ask[:count]}})
		ask = ask[count:]
	}
}

func (x *isis) tick(l *link) time.Duration {
	for id, n := range x.neighbors {
		if l.now >= n.heard+n.holding {
			delete(x.neighbors, id)
			x.dirty, x.hello = true, 0
			l.say("nothing was heard of %s for its holding time", id)
		}
	}
	x.elect()
	if l.now >= x.hello {
		x.send(l, message.ISIS{Hello: x.helloOf(l)})
		x.hello = l.now + x.interval()
	}
	if x.dirty {
		x.dirty = false
		x.originate(l)
	}
	next := x.hello
	for _, n := range x.neighbors {
		next = min(next, n.heard+n.holding)
	}
	for _, o := range x.own {
		switch {
		case l.now >= o.at+isisRefresh:
			x.renew(l, o, o.sequence)
		case o.again > 0 && l.now >= o.again:
			x.transmit(l, o)
		}
		next = min(next, o.at+isisRefresh)
		if o.again > 0 {
			next = min(next, o.again)
		}
	}
	x.tell(l)
	return next
}

func (x *isis) show(l *link) any {
	p := ISISPeer{Neighbors: map[string]ISISNeighborState{}, LSPs: len(x.db), Own: len(x.own)}
	if x.lan != (message.NodeID{}) {
		p.LAN = x.lan.String()
	}
	for id, n := range x.neighbors {
		state := isisBegins
		if n.up {
			state = isisUp
		}
		p.Neighbors[id.String()] = ISISNeighborState{MAC: n.mac.String(), State: state, Priority: n.priority, Holding: n.holding.Seconds(), Areas: n.areas}
	}
	for _, o := range x.own {
		if o.again > l.now {
			p.Unconfirmed++
		}
	}
	return p
}
