package bgp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
)

// Announcement is routes that are announced to neighbours, now and whenever a session comes up, until
// they are withdrawn.
type Announcement struct {
	Routes `yaml:",inline"`
	// MRT is a file with a table (RFC 6396, TABLE_DUMP_V2), as it is or compressed by gzip or bzip2. Count bounds
	// how many of its routes are taken, and From, where it is given, is one that they are within.
	MRT string `yaml:"mrt"`
	// To are the neighbours; all, where none is named.
	To []netip.Addr `yaml:"to"`

	NextHop netip.Addr `yaml:"next-hop"` // the session's own address where it is absent
	// ASPath is the whole path; without it the path is the session's own AS for a neighbour of another
	// AS, and empty within one. Before the paths of a table the session's own AS is put.
	ASPath      *[]uint32 `yaml:"as-path"`
	Origin      string    `yaml:"origin"` // igp, egp or incomplete
	MED         *uint32   `yaml:"med"`
	LocalPref   *uint32   `yaml:"local-pref"` // 100 within an AS where it is absent
	Communities []string  `yaml:"communities"`
	Large       []string  `yaml:"large-communities"`
	Atomic      bool      `yaml:"atomic-aggregate"`
	// Attributes are further ones, byte by byte. One takes the place of what would be there of its type.
	Attributes []Attribute `yaml:"attributes"`
	// Without leaves out what would be there, by its type.
	Without []uint8 `yaml:"without"`
	// PerUpdate bounds the routes in a message; as many as it holds, where it is 0.
	PerUpdate int `yaml:"per-update"`
}

// Routes is a number of prefixes of one length, one after the other.
type Routes struct {
	From  netip.Prefix `yaml:"from"`
	Count int          `yaml:"count"` // 1 where it is absent
}

// mostRoutes bounds what one announcement holds.
const mostRoutes = 4_000_000

func (r Routes) check() error {
	switch {
	case !r.From.IsValid():
		return errors.New("from: it names the first route, as 10.0.0.0/24")
	case r.From != r.From.Masked():
		return fmt.Errorf("from: %s has bits beyond its length; write %s", r.From, r.From.Masked())
	case r.Count < 0 || r.Count > mostRoutes:
		return fmt.Errorf("count: %d is not from 1 to %d", r.Count, mostRoutes)
	}
	return nil
}

// prefixes lists the routes.
func (r Routes) prefixes() ([]netip.Prefix, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	list := make([]netip.Prefix, max(r.Count, 1))
	at := r.From
	for i := range list {
		if !at.IsValid() {
			return nil, fmt.Errorf("count: from %s on there are %d routes of this length, and not %d", r.From, i, r.Count)
		}
		list[i] = at
		at = after(at)
	}
	return list, nil
}

// after is the next prefix of the same length; the zero prefix behind the last one.
func after(p netip.Prefix) netip.Prefix {
	bits := p.Bits()
	b := p.Addr().AsSlice()
	for i := bits - 1; i >= 0; i-- {
		mask := byte(0x80) >> (i % 8)
		if b[i/8]&mask == 0 {
			b[i/8] |= mask
			a, _ := netip.AddrFromSlice(b) // its length is right
			return netip.PrefixFrom(a, bits)
		}
		b[i/8] &^= mask
	}
	return netip.Prefix{}
}

func (a *Announcement) check() error {
	if _, err := origin(a.Origin); err != nil {
		return err
	}
	if a.PerUpdate < 0 {
		return errors.New("per-update: it is not negative")
	}
	for _, x := range a.Attributes {
		if err := x.check(); err != nil {
			return err
		}
	}
	if _, err := communities(a.Communities); err != nil {
		return err
	}
	for _, text := range a.Large {
		if _, err := bgp.ParseLargeCommunity(text); err != nil {
			return fmt.Errorf("large-communities: %w", err)
		}
	}
	if a.MRT == "" {
		return a.Routes.check()
	}
	return nil
}

func origin(word string) (uint8, error) {
	i := slices.Index([]string{"igp", "egp", "incomplete"}, word)
	if word == "" {
		i = 0
	}
	if i < 0 {
		return 0, fmt.Errorf("origin: there is no %q: there are igp, egp and incomplete", word)
	}
	return uint8(i), nil
}

// communities reads 65001:1 and the well-known names of RFC 1997.
func communities(texts []string) ([]uint32, error) {
	known := map[string]uint32{"no-export": 0xffffff01, "no-advertise": 0xffffff02, "no-export-subconfed": 0xffffff03, "blackhole": 0xffff029a}
	var list []uint32
	for _, text := range texts {
		if v, ok := known[text]; ok {
			list = append(list, v)
			continue
		}
		high, low, ok := strings.Cut(text, ":")
		h, err1 := strconv.ParseUint(high, 10, 16)
		l, err2 := strconv.ParseUint(low, 10, 16)
		if !ok || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("communities: %q is none: write 65001:100", text)
		}
		list = append(list, uint32(h)<<16|uint32(l))
	}
	return list, nil
}

// own are the attributes that the announcement itself names, but for the path and the next hop.
func (a *Announcement) own() ([]bgp.PathAttributeInterface, error) {
	code, err := origin(a.Origin)
	if err != nil {
		return nil, err
	}
	list := []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(code)}
	if a.MED != nil {
		list = append(list, bgp.NewPathAttributeMultiExitDisc(*a.MED))
	}
	if a.Atomic {
		list = append(list, bgp.NewPathAttributeAtomicAggregate())
	}
	if values, err := communities(a.Communities); err != nil {
		return nil, err
	} else if len(values) > 0 {
		list = append(list, bgp.NewPathAttributeCommunities(values))
	}
	var large []*bgp.LargeCommunity
	for _, text := range a.Large {
		c, err := bgp.ParseLargeCommunity(text)
		if err != nil {
			return nil, fmt.Errorf("large-communities: %w", err)
		}
		large = append(large, c)
	}
	if len(large) > 0 {
		list = append(list, bgp.NewPathAttributeLargeCommunities(large))
	}
	return list, nil
}

// batch is routes with the same attributes.
type batch struct {
	from     *Announcement
	prefixes []netip.Prefix
	attrs    []bgp.PathAttributeInterface // without path and next hop
	path     []uint32
	table    bool                       // of a table: the session's AS goes before the path
	sets     []bgp.AsPathParamInterface // of a table whose path is more than one sequence
}

// view is what of a session the attributes depend on.
type view struct {
	as       uint32
	internal bool
	wide     bool // four bytes for each AS
	local    netip.Addr
}

// attributes are the batch's on the wire, and the next hop where that goes with the routes themselves
// (RFC 4760).
func (b *batch) attributes(v view, f Family) (data []byte, nextHop netip.Addr, err error) {
	var list []wired
	leave := func(typ uint8) bool {
		return slices.Contains(b.from.Without, typ) || slices.ContainsFunc(b.from.Attributes, func(a Attribute) bool { return *a.Type == typ })
	}
	add := func(a bgp.PathAttributeInterface) error {
		if leave(uint8(a.GetType())) {
			return nil
		}
		data, err := a.Serialize()
		if err != nil {
			return fmt.Errorf("write attribute %s: %w", a.GetType(), err)
		}
		list = append(list, wired{uint8(a.GetType()), data})
		return nil
	}
	all := append(slices.Clone(b.attrs), b.asPath(v))
	if pref := b.from.LocalPref; pref != nil {
		all = append(all, bgp.NewPathAttributeLocalPref(*pref))
	} else if v.internal {
		all = append(all, bgp.NewPathAttributeLocalPref(defaultLocalPref))
	}
	nextHop = b.from.NextHop
	if !nextHop.IsValid() {
		nextHop = v.local
	}
	if f == IPv4 {
		hop, err := bgp.NewPathAttributeNextHop(nextHop)
		if err != nil || !nextHop.Is4() {
			return nil, nextHop, fmt.Errorf("next-hop: %s is none of IPv4; name one", nextHop)
		}
		all = append(all, hop)
	} else if !nextHop.Is6() {
		return nil, nextHop, fmt.Errorf("next-hop: %s is none of IPv6; name one", nextHop)
	}
	for _, a := range all {
		if err := add(a); err != nil {
			return nil, nextHop, err
		}
	}
	for _, a := range b.from.Attributes {
		list = append(list, wired{*a.Type, a.bytes()})
	}
	return join(list), nextHop, nil
}

const (
	defaultLocalPref = 100
	asTrans          = 23456 // RFC 6793
)

func (b *batch) asPath(v view) bgp.PathAttributeInterface {
	path := b.path
	switch {
	case b.from.ASPath != nil:
		path = *b.from.ASPath
	case !v.internal:
		path = append([]uint32{v.as}, path...)
	}
	var params []bgp.AsPathParamInterface
	for rest := path; len(rest) > 0; {
		part := rest[:min(len(rest), 255)] // a segment counts its numbers in one byte
		rest = rest[len(part):]
		params = append(params, segment(bgp.BGP_ASPATH_ATTR_TYPE_SEQ, part, v.wide))
	}
	if b.from.ASPath == nil {
		for _, s := range b.sets {
			params = append(params, segment(s.GetType(), s.GetAS(), v.wide))
		}
	}
	return bgp.NewPathAttributeAsPath(params)
}

func segment(typ uint8, numbers []uint32, wide bool) bgp.AsPathParamInterface {
	if wide {
		return bgp.NewAs4PathParam(typ, numbers)
	}
	narrow := make([]uint16, len(numbers))
	for i, n := range numbers {
		narrow[i] = asTrans
		if n <= 65535 {
			narrow[i] = uint16(n)
		}
	}
	return bgp.NewAsPathParam(typ, narrow)
}

// Bounds and sizes of messages (RFC 4271 section 4).
const (
	headerSize  = 19
	mostMessage = 4096
	typeUpdate  = 2
)

// message is a whole one with its head.
func message(typ uint8, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	for i := range 16 {
		b[i] = 0xff
	}
	binary.BigEndian.PutUint16(b[16:], uint16(headerSize+len(body))) //nolint:gosec // at most 65535, or wrong on purpose
	b[18] = typ
	return append(b, body...)
}

// update is an UPDATE of its three parts.
func update(withdrawn, attrs, nlri []byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, uint16(len(withdrawn))) //nolint:gosec // it is in one message
	body = append(body, withdrawn...)
	body = binary.BigEndian.AppendUint16(body, uint16(len(attrs))) //nolint:gosec // likewise
	return message(typeUpdate, append(append(body, attrs...), nlri...))
}

// appendPrefix writes a route: its length in bits and as many bytes as that takes.
func appendPrefix(b []byte, p netip.Prefix) []byte {
	b = append(b, uint8(p.Bits())) //nolint:gosec // at most 128
	return append(b, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
}

// pack fills messages with routes: room bytes of them each, and most of them where that is not 0.
func pack(prefixes []netip.Prefix, room, most int, each func(nlri []byte)) {
	var nlri []byte
	n := 0
	for _, p := range prefixes {
		if size := 1 + (p.Bits()+7)/8; n > 0 && (len(nlri)+size > room || most > 0 && n >= most) {
			each(nlri)
			nlri, n = nil, 0
		}
		nlri = appendPrefix(nlri, p)
		n++
	}
	if n > 0 {
		each(nlri)
	}
}

// longest is what a route takes at most.
const longest = 17

// updates are the messages that announce routes of one family.
func (b *batch) updates(v view, f Family, prefixes []netip.Prefix) (list [][]byte, err error) {
	attrs, nextHop, err := b.attributes(v, f)
	if err != nil {
		return nil, err
	}
	fixed := headerSize + 4 + len(attrs)
	if f == IPv6 {
		fixed += 4 + 5 + 16
	}
	room := mostMessage - fixed
	if room < longest {
		return nil, fmt.Errorf("the attributes have %d bytes: no route has room beside them in a message of %d", len(attrs), mostMessage)
	}
	pack(prefixes, room, b.from.PerUpdate, func(nlri []byte) {
		if f == IPv4 {
			list = append(list, update(nil, attrs, nlri))
			return
		}
		// Before the others: RFC 7606 section 5.1 wants it first.
		value := append([]byte{0, afiIPv6, safiUnicast, 16}, nextHop.AsSlice()...)
		list = append(list, update(nil, append(multi(typeReach, append(append(value, 0), nlri...)), attrs...), nil))
	})
	return list, nil
}

// The attributes that carry routes of other families (RFC 4760).
const (
	typeReach   = 14
	typeUnreach = 15
)

func multi(typ uint8, value []byte) []byte {
	flags := uint8(flagOptional | flagExtended)
	return Attribute{Type: &typ, Flags: &flags, Value: value}.bytes()
}

// withdrawals are the messages that withdraw routes of one family.
func withdrawals(f Family, prefixes []netip.Prefix) (list [][]byte) {
	pack(prefixes, mostMessage-headerSize-4-7, 0, func(nlri []byte) {
		if f == IPv4 {
			list = append(list, update(nlri, nil, nil))
			return
		}
		list = append(list, update(nil, multi(typeUnreach, append([]byte{0, afiIPv6, safiUnicast}, nlri...)), nil))
	})
	return list
}

// endOfRIB says that all routes of a family have been announced (RFC 4724 section 2).
func endOfRIB(f Family) []byte {
	if f == IPv4 {
		return update(nil, nil, nil)
	}
	return update(nil, multi(typeUnreach, []byte{0, afiIPv6, safiUnicast}), nil)
}

// Check says what is wrong with an announcement of a speaker that has this configuration.
func (a *Announcement) Check(c *Config) error {
	for _, to := range a.To {
		if _, ok := c.Neighbors[to]; !ok {
			return fmt.Errorf("to: %s is no neighbor", to)
		}
	}
	return a.check()
}
