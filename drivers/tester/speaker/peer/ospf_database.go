package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// desired are the LSAs that are ours: what is said, with the router's own, which has these links.
func desired(c *OSPF, links []message.LSALink) (list []message.LSA, err error) {
	router := message.LSA{Type: message.LSARouter, ID: c.Router, Links: links}
	for _, p := range c.Stub {
		if !p.Addr().Is4() {
			return nil, fmt.Errorf("stub: %s is no network of IPv4", p)
		}
		router.Links = append(router.Links, message.LSALink{Type: 3, ID: p.Masked().Addr(), Data: maskOf(p.Bits())})
	}
	if len(c.External) > 0 {
		router.Flags = ospfASBR
	}
	list = append(list, router)
	for _, r := range c.External {
		more, err := r.lsas()
		if err != nil {
			return nil, fmt.Errorf("external: %w", err)
		}
		if list = append(list, more...); len(list) > mostRoutes {
			return nil, fmt.Errorf("external: there are at most %d routes", mostRoutes)
		}
	}
	for i, x := range c.LSAs {
		if _, err := x.Bytes(c.Router); err != nil {
			return nil, fmt.Errorf("lsas.%d: %w", i, err)
		}
		list = append(list, x)
	}
	return list, nil
}

func maskOf(bits int) netip.Addr {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr()
}

// lsas are one for each route.
func (r OSPFRoutes) lsas() (list []message.LSA, err error) {
	prefixes, err := series(r.From, r.Count)
	for _, p := range prefixes {
		list = append(list, message.LSA{
			Type: message.LSAExternal, ID: p.Addr(), Mask: maskOf(p.Bits()), Metric: message.Or(r.Metric, ospfMetric),
			Type2: !r.Type1, Tag: r.Tag, Forward: r.Forward,
		})
	}
	return list, err
}

// series are so many networks of one length, one after the other.
func series(from netip.Prefix, count int) (list []netip.Prefix, err error) {
	count = max(count, 1)
	if !from.Addr().Is4() || from != from.Masked() || count > mostRoutes {
		return nil, fmt.Errorf("from: %s is no network of IPv4, or %d are more than %d", from, count, mostRoutes)
	}
	a := uint64(binary.BigEndian.Uint32(from.Addr().AsSlice()))
	step := uint64(1) << (32 - from.Bits())
	if a+uint64(count)*step > 1<<32 {
		return nil, fmt.Errorf("from: there are no %d networks of this length from %s on", count, from)
	}
	for i := range uint64(count) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(a+i*step)) //nolint:gosec // checked
		list = append(list, netip.PrefixFrom(netip.AddrFrom4(b), from.Bits()))
	}
	return list, nil
}

// links are those of the router's own LSA, as the segment is now (RFC 2328 section 12.4.1), and the LSA of the
// network where it is ours to make.
func (o *ospf) links() (links []message.LSALink, network *message.LSA) {
	own, cost := o.c.Address.Addr(), o.c.Cost
	if cost == 0 {
		cost = ospfCost
	}
	var full []netip.Addr
	transit := false
	for _, n := range o.neighbors {
		if n.state != ospfFull {
			continue
		}
		full = append(full, n.router)
		if !o.broadcast() {
			links = append(links, message.LSALink{Type: 1, ID: n.router, Data: own, Metric: cost})
		}
		transit = transit || n.address == o.dr
	}
	if o.broadcast() && len(full) > 0 && o.dr == own {
		transit = true
		network = &message.LSA{Type: message.LSANetwork, ID: own, Mask: maskOf(o.c.Address.Bits()), Routers: append([]netip.Addr{o.c.Router}, full...)}
	}
	if o.broadcast() && transit {
		return append(links, message.LSALink{Type: 2, ID: o.dr, Data: own, Metric: cost}), network
	}
	return append(links, message.LSALink{Type: 3, ID: o.c.Address.Masked().Addr(), Data: maskOf(o.c.Address.Bits()), Metric: cost}), network
}

// originate brings our LSAs to what they have to be, and floods those that are other ones.
func (o *ospf) originate(l *link) {
	links, network := o.links()
	list, err := desired(&o.c, links)
	if err != nil { // it was checked
		l.fail(err)
		return
	}
	if network != nil {
		list = append(list, *network)
	}
	var flood []message.LSAKey
	wanted := map[message.LSAKey]bool{}
	for _, x := range list {
		raw, err := x.Bytes(o.c.Router)
		if err != nil {
			l.fail(err)
			continue
		}
		h, err := message.ReadLSAHead(raw)
		if err != nil {
			l.fail(err)
			continue
		}
		wanted[h.LSAKey] = true
		e, known := o.db[h.LSAKey]
		if known && e.own && bytes.Equal(e.as, raw) {
			continue
		}
		as := raw
		if known && x.Sequence == nil {
			old, _ := message.ReadLSAHead(e.raw) // it was read before
			if raw, err = numbered(x, old.Sequence+1, o.c.Router); err != nil {
				l.fail(err)
				continue
			}
		}
		o.db[h.LSAKey] = &ospfLSA{raw: raw, at: l.now, own: true, as: as}
		flood = append(flood, h.LSAKey)
	}
	for k, e := range o.db {
		if e.own && !wanted[k] {
			o.flush(e)
			flood = append(flood, k)
		}
	}
	o.flood(l, flood, nil)
}

// numbered is an LSA with another number.
func numbered(x message.LSA, sequence uint32, router netip.Addr) ([]byte, error) {
	x.Sequence = &sequence
	return x.Bytes(router)
}

// flush makes an LSA go: its age is the greatest.
func (o *ospf) flush(e *ospfLSA) {
	binary.BigEndian.PutUint16(e.raw, message.MaxAge)
	e.own, e.as = false, nil
}

// renumbered is an instance of our own that is newer than another.
func renumbered(e *ospfLSA, sequence uint32, now time.Duration) {
	binary.BigEndian.PutUint32(e.raw[12:], sequence+1)
	binary.BigEndian.PutUint16(e.raw[16:], message.Fletcher(e.raw[2:], 14))
	binary.BigEndian.PutUint16(e.raw, 0)
	e.at = now
}

// current is an LSA with the age that it has now.
func (e *ospfLSA) current(now time.Duration) []byte {
	b := bytes.Clone(e.raw)
	age := min(message.MaxAge, int(binary.BigEndian.Uint16(b))+int((now-e.at)/time.Second)) // InfTransDelay is nothing here
	binary.BigEndian.PutUint16(b, uint16(age))                                              //nolint:gosec // bounded
	return b
}

// age lets go of what is too old, and makes our own anew that would be.
func (o *ospf) age(l *link) {
	var flood []message.LSAKey
	for k, e := range o.db {
		age := binary.BigEndian.Uint16(e.current(l.now))
		switch {
		case e.own && l.now-e.at >= ospfRefresh:
			h, _ := message.ReadLSAHead(e.raw) // it was read before
			renumbered(e, h.Sequence, l.now)
			flood = append(flood, k)
		case !e.own && age >= message.MaxAge && !o.awaited(k):
			delete(o.db, k)
		}
	}
	o.flood(l, flood, nil)
}

// awaited says that somebody has still to confirm an LSA.
func (o *ospf) awaited(k message.LSAKey) bool {
	for _, n := range o.neighbors {
		if _, ok := n.resend[k]; ok {
			return true
		}
	}
	return false
}

// flood sends LSAs to every neighbour but one, until they confirm them.
func (o *ospf) flood(l *link, keys []message.LSAKey, but *ospfNeighbor) {
	some := false
	for _, n := range o.neighbors {
		if n == but || n.state < ospfExchange {
			continue
		}
		some = some || len(keys) > 0
		for _, k := range keys {
			n.resend[k] = l.now + ospfResend
		}
	}
	if !some {
		return
	}
	to := message.AllSPFRouters()
	if own := o.c.Address.Addr(); o.broadcast() && o.dr != own && o.bdr != own {
		to = netip.AddrFrom4([4]byte{224, 0, 0, 6})
	}
	o.update(l, keys, to)
}

// update sends LSAs of the database.
func (o *ospf) update(l *link, keys []message.LSAKey, to netip.Addr) {
	var list [][]byte
	size := 0
	flush := func() {
		if len(list) > 0 {
			p := o.packet(to)
			l.send(p.UpdateOf(list))
		}
		list, size = nil, 0
	}
	for _, k := range keys {
		e, ok := o.db[k]
		if !ok {
			continue
		}
		b := e.current(l.now)
		if size+len(b) > ospfPacket {
			flush()
		}
		list, size = append(list, b), size+len(b)
	}
	flush()
}
