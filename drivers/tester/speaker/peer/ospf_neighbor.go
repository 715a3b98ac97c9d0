package peer

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// ospfNeighbor is a router of the segment.
type ospfNeighbor struct {
	o               *ospf
	router, address netip.Addr
	hello           message.OSPFHello
	state           ospfState
	heard           time.Duration

	master   bool // we are
	sequence uint32
	summary  []message.LSAHead // that are still to be described
	ending   bool              // our last DD said that there are no more
	held     bool              // the next DD is not sent, for that would be the end of the exchange
	last     message.OSPFDD    // of the other side
	lastSent *message.OSPF
	again    time.Duration // when what waits for an answer is sent anew
	mtu      uint16

	wanted []message.LSAHead // to be asked for
	asked  map[message.LSAKey]message.LSAHead
	resend map[message.LSAKey]time.Duration
}

// OSPFNeighborState is what is known of a neighbour.
type OSPFNeighborState struct {
	Address  string `json:"address"`
	State    string `json:"state"`
	Priority uint8  `json:"priority"`
	Interval uint16 `json:"interval"`
	Dead     uint32 `json:"dead"`
	DR       string `json:"dr"`
	BDR      string `json:"bdr"`
	MTU      uint16 `json:"mtu,omitempty"`
	// Unconfirmed are LSAs that it was sent and has not confirmed; Wanted those that it has and we have not.
	Unconfirmed int `json:"unconfirmed"`
	Wanted      int `json:"wanted"`
}

func (n *ospfNeighbor) show() OSPFNeighborState {
	h := n.hello
	return OSPFNeighborState{
		Address: n.address.String(), State: n.state.String(), Priority: message.Or(h.Priority, 0), Interval: message.Or(h.Interval, 0),
		Dead: message.Or(h.Dead, 0), DR: h.DR.String(), BDR: h.BDR.String(), MTU: n.mtu, Unconfirmed: len(n.resend), Wanted: len(n.wanted) + len(n.asked),
	}
}

func (n *ospfNeighbor) become(s ospfState) {
	if s < ospfExStart {
		n.wanted, n.asked, n.resend, n.summary, n.lastSent = nil, nil, nil, nil, nil
	}
	if n.state != s && (s == ospfFull || n.state == ospfFull) {
		n.o.dirty = true
	}
	n.state = s
}

func (n *ospfNeighbor) heardHello(l *link, h message.OSPFHello) {
	fresh := n.state == ospfDown
	n.hello, n.heard = h, l.now
	sees := slices.Contains(h.Neighbors, n.o.c.Router)
	switch {
	case fresh && !sees:
		n.become(ospfInit)
		n.o.hello = min(n.o.hello, l.now) // it sees itself soon
	case !sees && n.state > ospfInit:
		n.become(ospfInit)
	case sees && n.state <= ospfInit && n.o.limit() >= ospf2Way:
		n.become(ospf2Way)
		n.o.hello = min(n.o.hello, l.now)
	}
	n.o.elect(l)
	n.decide(l)
}

// decide begins an adjacency, or gives it up (RFC 2328 section 10.4).
func (n *ospfNeighbor) decide(l *link) {
	o := n.o
	own := o.c.Address.Addr()
	should := !o.broadcast() || n.address == o.dr || n.address == o.bdr || own == o.dr || own == o.bdr
	switch {
	case n.state == ospf2Way && should && o.limit() >= ospfExStart:
		n.start(l)
	case n.state > ospf2Way && !should:
		n.become(ospf2Way)
	}
}

// start begins to negotiate who is the master.
func (n *ospfNeighbor) start(l *link) {
	n.become(ospf2Way)
	n.state = ospfExStart
	n.o.sequence++
	n.sequence, n.master, n.ending, n.held = n.o.sequence, true, false, false
	n.last = message.OSPFDD{}
	n.wanted, n.asked, n.resend = nil, map[message.LSAKey]message.LSAHead{}, map[message.LSAKey]time.Duration{}
	n.describe(l, message.DDInit|message.DDMore|message.DDMaster, nil)
	n.o.dirty = true
}

// describe sends a Database Description, and remembers it.
func (n *ospfNeighbor) describe(l *link, flags uint8, heads []message.LSAHead) {
	p := n.o.packet(n.address)
	p.DD = &message.OSPFDD{MTU: n.o.c.MTU, Options: n.o.c.Options, Flags: &flags, Sequence: n.sequence}
	p.Heads = heads
	n.lastSent, n.again = &p, l.now+ospfResend
	send(l, p)
}

// next describes what follows of the database.
func (n *ospfNeighbor) next(l *link) {
	count := min(len(n.summary), ospfPacket/ospfHead)
	heads := n.summary[:count]
	n.summary = n.summary[count:]
	var flags uint8
	if n.master {
		flags = message.DDMaster
	}
	n.ending = len(n.summary) == 0
	if !n.ending {
		flags |= message.DDMore
	}
	n.describe(l, flags, heads)
}

// exchange begins to describe the database.
func (n *ospfNeighbor) exchange(l *link) {
	n.state = ospfExchange
	n.summary = nil
	for _, e := range n.o.db {
		h, err := message.ReadLSAHead(e.current(l.now))
		if err == nil && h.Age < message.MaxAge {
			n.summary = append(n.summary, h)
		}
	}
}

func (n *ospfNeighbor) heardDD(l *link, p message.OSPFPacket) {
	const all = message.DDInit | message.DDMore | message.DDMaster
	d, flags := p.DD, *p.DD.Flags
	if n.state == ospfInit && n.o.limit() >= ospf2Way { // it sees us, or would not begin
		n.become(ospf2Way)
		n.decide(l)
	}
	if n.state < ospfExStart {
		return
	}
	n.mtu = message.Or(d.MTU, 0)
	same := n.last.Flags != nil && *n.last.Flags == flags && n.last.Sequence == d.Sequence
	switch {
	case n.state == ospfExStart:
		if n.o.limit() == ospfExStart {
			return
		}
		switch {
		case flags == all && len(p.Heads) == 0 && n.router.Compare(n.o.c.Router) > 0:
			n.master, n.sequence = false, d.Sequence
			n.last = d
			n.exchange(l)
			n.next(l)
		case flags&(message.DDInit|message.DDMaster) == 0 && d.Sequence == n.sequence && n.router.Compare(n.o.c.Router) < 0:
			n.last = d
			n.exchange(l)
			n.described(l, p)
		}
	case same && n.held:
		n.proceed(l, p)
	case same:
		if !n.master && n.lastSent != nil {
			send(l, n.o.again(*n.lastSent))
		}
	case n.state > ospfExchange, flags&message.DDInit != 0, (flags&message.DDMaster != 0) == n.master,
		n.master && d.Sequence != n.sequence, !n.master && d.Sequence != n.sequence+1:
		l.say("a Database Description of %s out of order: number %d, flags %d", n.router, d.Sequence, flags)
		n.start(l)
	default:
		n.last = d
		n.described(l, p)
	}
}

// described takes what the other side has, and goes on describing.
func (n *ospfNeighbor) described(l *link, p message.OSPFPacket) {
	for _, h := range p.Heads {
		if e, ok := n.o.db[h.LSAKey]; ok {
			own, err := message.ReadLSAHead(e.current(l.now))
			if err == nil && own.Newer(h) >= 0 {
				continue
			}
		}
		if len(n.wanted) < mostLSAs {
			n.wanted = append(n.wanted, h)
		}
	}
	n.proceed(l, p)
}

// proceed describes what follows, and asks for what is wanted when both have said all.
func (n *ospfNeighbor) proceed(l *link, p message.OSPFPacket) {
	if n.held = n.o.limit() == ospfExchange && len(n.summary) == 0; n.held {
		return
	}
	more := *p.DD.Flags&message.DDMore != 0
	if n.master {
		if n.ending && !more {
			n.loading(l)
			return
		}
		n.sequence++
		n.next(l)
		return
	}
	n.sequence = p.DD.Sequence
	n.next(l)
	if n.ending && !more {
		n.loading(l)
	}
}

func (n *ospfNeighbor) loading(l *link) {
	n.state = ospfLoading
	n.request(l)
}

// request asks for what is wanted, or is full.
func (n *ospfNeighbor) request(l *link) {
	if n.state != ospfLoading || n.o.limit() == ospfLoading {
		return
	}
	const most = ospfPacket / 12
	if len(n.asked) == 0 {
		count := min(len(n.wanted), most)
		for _, h := range n.wanted[:count] {
			n.asked[h.LSAKey] = h
		}
		n.wanted = n.wanted[count:]
	}
	if len(n.asked) == 0 {
		n.become(ospfFull)
		return
	}
	p := n.o.packet(n.address)
	for k := range n.asked {
		p.Request = append(p.Request, message.OSPFRequest{Type: uint32(k.Type), ID: k.ID, Router: k.Router})
	}
	n.again = l.now + ospfResend
	send(l, p)
}

func (n *ospfNeighbor) heardRequest(l *link, list []message.OSPFRequest) {
	if n.state < ospfExchange {
		return
	}
	var keys []message.LSAKey
	for _, r := range list {
		k := message.LSAKey{Type: uint8(r.Type), ID: r.ID, Router: r.Router} //nolint:gosec // one that is not there is refused
		if _, ok := n.o.db[k]; !ok {
			l.say("%s asks for an LSA that is not there: type %d, %s of %s", n.router, r.Type, r.ID, r.Router)
			n.start(l)
			return
		}
		keys = append(keys, k)
	}
	n.o.update(l, keys, n.address)
}

func (n *ospfNeighbor) heardUpdate(l *link, list [][]byte) {
	if n.state < ospfExchange {
		return
	}
	var acks []message.LSAHead
	var flood []message.LSAKey
	for _, raw := range list {
		h, err := message.ReadLSAHead(raw)
		if err == nil && message.Fletcher(raw[2:], 14) != h.Checksum {
			l.state.Malformed++
			l.say("the checksum of an LSA is wrong: type %d, %s of %s", h.Type, h.ID, h.Router)
			continue
		}
		if err != nil {
			l.malformed(err)
			continue
		}
		delete(n.asked, h.LSAKey)
		e, known := n.o.db[h.LSAKey]
		if known {
			own, _ := message.ReadLSAHead(e.current(l.now)) // it was read before
			switch c := own.Newer(h); {
			case c == 0:
				if _, waits := n.resend[h.LSAKey]; waits {
					delete(n.resend, h.LSAKey) // as good as confirmed
					continue
				}
				acks = append(acks, h)
				continue
			case c > 0:
				n.o.update(l, []message.LSAKey{h.LSAKey}, n.address)
				continue
			}
		}
		acks = append(acks, h)
		switch {
		case h.Router == n.o.c.Router && known && e.own:
			renumbered(e, h.Sequence, l.now)
			flood = append(flood, h.LSAKey)
		case h.Router == n.o.c.Router:
			gone := &ospfLSA{raw: raw, at: l.now}
			binary.BigEndian.PutUint16(gone.raw, message.MaxAge)
			n.o.db[h.LSAKey] = gone
			flood = append(flood, h.LSAKey)
		case h.Age >= message.MaxAge:
			delete(n.o.db, h.LSAKey)
		case known || len(n.o.db) < mostLSAs:
			n.o.db[h.LSAKey] = &ospfLSA{raw: raw, at: l.now}
		}
	}
	n.confirm(l, acks)
	n.o.flood(l, flood, nil)
	if n.state == ospfLoading && len(n.asked) == 0 {
		n.request(l)
	}
}

func (n *ospfNeighbor) confirm(l *link, heads []message.LSAHead) {
	for len(heads) > 0 {
		count := min(len(heads), ospfPacket/ospfHead)
		p := n.o.packet(n.address)
		p.Confirm = heads[:count]
		heads = heads[count:]
		send(l, p)
	}
}

func (n *ospfNeighbor) heardAck(heads []message.LSAHead) {
	for _, h := range heads {
		e, ok := n.o.db[h.LSAKey]
		if !ok {
			delete(n.resend, h.LSAKey)
			continue
		}
		if own, err := message.ReadLSAHead(e.raw); err == nil && own.Sequence == h.Sequence && own.Checksum == h.Checksum {
			delete(n.resend, h.LSAKey)
		}
	}
}

// tick sends anew what was not answered, and says when there is more of that.
func (n *ospfNeighbor) tick(l *link) time.Duration {
	const never = time.Duration(1<<63 - 1)
	next := never
	if n.state == ospfLoading && len(n.asked) == 0 {
		n.request(l) // it may go on
	}
	waits := n.state == ospfExStart || n.state == ospfExchange && n.master || n.state == ospfLoading && len(n.asked) > 0
	if waits && l.now >= n.again {
		n.again = l.now + ospfResend
		if n.state == ospfLoading {
			n.request(l)
		} else if n.lastSent != nil {
			send(l, n.o.again(*n.lastSent))
		}
	}
	if waits {
		next = n.again
	}
	var due []message.LSAKey
	for k, at := range n.resend {
		if l.now >= at {
			due = append(due, k)
			n.resend[k] = l.now + ospfResend
		}
		next = min(next, n.resend[k])
	}
	n.o.update(l, due, n.address)
	return next
}
