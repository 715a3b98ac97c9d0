package bgp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
)

// received are the attributes of routes that came in one UPDATE, as they came.
type received struct {
	attrs   []byte
	nextHop netip.Addr // of MP_REACH_NLRI
	wide    bool       // four bytes for each AS, as the session has it
}

// learn takes an UPDATE. One that cannot be read is counted and noted.
func (x *session) learn(body []byte) {
	now := time.Now()
	u, err := readUpdate(body)
	x.mu.Lock()
	x.told.UpdatesIn++
	if x.told.First.IsZero() {
		x.told.First = now
	}
	x.told.Last = now
	if err == nil {
		if f, end := u.end(body); end && !slices.Contains(x.told.EndOfRIB, f) {
			x.told.EndOfRIB = append(x.told.EndOfRIB, f)
		}
		for _, p := range u.withdrawn {
			delete(x.routes, p)
		}
		if len(u.announced) > 0 {
			r := &received{attrs: slices.Clone(u.attrs), nextHop: u.nextHop, wide: x.wide}
			for _, p := range u.announced {
				x.routes[p] = r
			}
		}
	} else {
		x.told.Malformed++
	}
	x.mu.Unlock()
	if err != nil {
		x.note("neighbor %s: an UPDATE that cannot be read: %v", x.addr, err)
	}
}

// parts are what an UPDATE says.
type parts struct {
	withdrawn, announced []netip.Prefix
	attrs                []byte
	nextHop              netip.Addr
}

// end tells the mark behind all routes of a family.
func (u *parts) end(body []byte) (Family, bool) {
	switch {
	case len(u.withdrawn) > 0 || len(u.announced) > 0:
		return "", false
	case len(body) == 4:
		return IPv4, true
	}
	list, err := split(u.attrs)
	if err != nil || len(list) != 1 || *list[0].Type != typeUnreach || len(list[0].Value) != 3 {
		return "", false
	}
	return IPv6, binary.BigEndian.Uint16(list[0].Value) == afiIPv6 && list[0].Value[2] == safiUnicast
}

// readUpdate reads the parts of an UPDATE (RFC 4271 section 4.3, RFC 4760).
func readUpdate(body []byte) (u parts, err error) {
	first, rest, err := lengthed(body, "the withdrawn routes")
	if err != nil {
		return u, err
	}
	if u.attrs, rest, err = lengthed(rest, "the attributes"); err != nil {
		return u, err
	}
	if u.withdrawn, err = readPrefixes(first, IPv4); err != nil {
		return u, fmt.Errorf("withdrawn routes: %w", err)
	}
	if u.announced, err = readPrefixes(rest, IPv4); err != nil {
		return u, fmt.Errorf("routes: %w", err)
	}
	list, err := split(u.attrs)
	if err != nil {
		return u, err
	}
	for _, a := range list {
		if *a.Type == typeReach || *a.Type == typeUnreach {
			if err := u.multi(*a.Type, a.Value); err != nil {
				return u, fmt.Errorf("attribute %d: %w", *a.Type, err)
			}
		}
	}
	return u, nil
}

// multi reads the routes of other families; those that are no unicast routes are passed over.
func (u *parts) multi(typ uint8, v []byte) error {
	if len(v) < 3 {
		return errors.New("it breaks off")
	}
	afi, safi := binary.BigEndian.Uint16(v), v[2]
	v = v[3:]
	family := IPv4
	if afi == afiIPv6 {
		family = IPv6
	}
	if afi != family.afi() || safi != safiUnicast {
		return nil
	}
	if typ == typeUnreach {
		list, err := readPrefixes(v, family)
		u.withdrawn = append(u.withdrawn, list...)
		return err
	}
	if len(v) < 1 || len(v) < 2+int(v[0]) {
		return errors.New("it breaks off in its next hop")
	}
	hop := v[1 : 1+v[0]]
	if len(hop) == 32 {
		hop = hop[:16] // the second one is of the link
	}
	u.nextHop, _ = netip.AddrFromSlice(hop)
	list, err := readPrefixes(v[2+v[0]:], family)
	u.announced = append(u.announced, list...)
	return err
}

func lengthed(b []byte, what string) (part, rest []byte, err error) {
	if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
		return nil, nil, fmt.Errorf("it breaks off in %s", what)
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n], b[n:], nil
}

func readPrefixes(b []byte, f Family) (list []netip.Prefix, err error) {
	size := 4
	if f == IPv6 {
		size = 16
	}
	if len(b) > 0 {
		list = make([]netip.Prefix, 0, len(b)/(1+size)+1) // at least
	}
	for len(b) > 0 {
		bits := int(b[0])
		n := (bits + 7) / 8
		if bits > size*8 {
			return nil, fmt.Errorf("a prefix of %d bits", bits)
		}
		if len(b) < 1+n {
			return nil, errors.New("a prefix breaks off")
		}
		var full [16]byte
		copy(full[:], b[1:1+n])
		a, _ := netip.AddrFromSlice(full[:size]) // its length is right
		p := netip.PrefixFrom(a, bits)
		if bits%8 != 0 {
			p = p.Masked()
		}
		list = append(list, p)
		b = b[1+n:]
	}
	return list, nil
}

// Route is one that a neighbour has announced.
type Route struct {
	Prefix      netip.Prefix `json:"prefix"`
	From        netip.Addr   `json:"from"`
	NextHop     netip.Addr   `json:"next-hop,omitzero"`
	Origin      string       `json:"origin,omitempty"`
	ASPath      []uint32     `json:"as-path"`
	MED         *uint32      `json:"med,omitempty"`
	LocalPref   *uint32      `json:"local-pref,omitempty"`
	Communities []string     `json:"communities,omitempty"`
	Large       []string     `json:"large-communities,omitempty"`
	Attributes  []Attribute  `json:"attributes"`       // all of them, as they came
	Unread      string       `json:"unread,omitempty"` // which of them say nothing above, and why
}

// read puts what the attributes mean into a route.
func (r *received) read(to *Route) {
	list, err := split(r.attrs)
	if err != nil {
		to.Unread = err.Error() // it was read when it came
	}
	to.Attributes, to.NextHop, to.ASPath = list, r.nextHop, []uint32{}
	for _, a := range list {
		raw := a.bytes()
		x, err := bgp.GetPathAttribute(raw)
		if err == nil {
			err = x.DecodeFromBytes(raw, &bgp.MarshallingOption{Use2ByteAS: !r.wide})
		}
		if err != nil {
			to.Unread = fmt.Sprintf("attribute %d: %v", *a.Type, err)
			continue
		}
		switch t := x.(type) {
		case *bgp.PathAttributeNextHop:
			to.NextHop = t.Value
		case *bgp.PathAttributeOrigin:
			if words := []string{"igp", "egp", "incomplete"}; int(t.Value) < len(words) {
				to.Origin = words[t.Value]
			}
		case *bgp.PathAttributeAsPath:
			for _, s := range t.Value {
				to.ASPath = append(to.ASPath, s.GetAS()...)
			}
		case *bgp.PathAttributeMultiExitDisc:
			to.MED = &t.Value
		case *bgp.PathAttributeLocalPref:
			to.LocalPref = &t.Value
		case *bgp.PathAttributeCommunities:
			for _, c := range t.Value {
				to.Communities = append(to.Communities, fmt.Sprintf("%d:%d", c>>16, c&0xffff))
			}
		case *bgp.PathAttributeLargeCommunities:
			for _, c := range t.Values {
				to.Large = append(to.Large, c.String())
			}
		}
	}
}
