package redact

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
)

// addresses maps addresses so that two that share their first n bits share them after
// (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, 2002). The flip of
// bit i depends on the bits before it and the key. One HMAC gives the 255 flips of the
// tree below an octet.
//
// Along the way to a special range nothing is flipped, so that an address stays inside
// or outside of it (as netconan does); the last octet of IPv4 is kept, so that .0, .1
// and .255 keep their meaning.
type addresses struct {
	four, six, nic prf
	special4       []netip.Prefix
	special6       []netip.Prefix
	keep           []netip.Prefix

	mu    sync.RWMutex
	nodes map[string][32]byte // octet trees, by family and the octets before
	cache map[netip.Addr]netip.Addr
	nics  map[uint32]uint32
	lens  map[netip.Addr]int // network addresses seen with a prefix length below 24 or 64
}

func specialRanges() (four, six []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "128.0.0.0/2", "128.0.0.0/24", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/3", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
	} {
		four = append(four, netip.MustParsePrefix(s))
	}
	for _, s := range []string{"2000::/3", "2001:db8::/32", "3fff::/20", "fc00::/8", "fd00::/8", "fe80::/10", "ff00::/8", "::/64", "64:ff9b::/96"} {
		six = append(six, netip.MustParsePrefix(s))
	}
	return four, six
}

func newAddresses(k Key, keep []netip.Prefix) *addresses {
	a := &addresses{
		four: prf{k.sub("ipv4")}, six: prf{k.sub("ipv6")}, nic: prf{k.sub("nic")}, keep: keep,
		nodes: map[string][32]byte{}, cache: map[netip.Addr]netip.Addr{}, nics: map[uint32]uint32{}, lens: map[netip.Addr]int{},
	}
	a.special4, a.special6 = specialRanges()
	for _, p := range keep {
		if p.Addr().Is4() {
			a.special4 = append(a.special4, p)
		} else {
			a.special6 = append(a.special6, p)
		}
	}
	return a
}

// kept tells whether an address stays as it is: it says nothing about who it belongs to,
// or the owner wants it so. Masks of 4 bits and more and wildcards are in 240/4 and 0/8.
func (a *addresses) kept(ip netip.Addr) bool {
	for _, p := range a.keep {
		if p.Contains(ip) {
			return true
		}
	}
	if ip.Is4() {
		o := ip.As4()
		return o[0] == 0 || o[0] == 127 || o[0] >= 224 || isMask(o)
	}
	o := ip.As16()
	switch {
	case ip.IsUnspecified(), ip.IsLoopback():
		return true
	case o[0] == 0xff:
		return !solicitedNode(o)
	}
	return false
}

func isMask(o [4]byte) bool {
	v := binary.BigEndian.Uint32(o[:])
	return ^v&(^v+1) == 0
}

// solicitedNode tells whether o is ff02::1:ffXX:XXXX with the end of a unicast address.
func solicitedNode(o [16]byte) bool {
	return o[0] == 0xff && o[1] == 2 && o[11] == 1 && o[12] == 0xff && binary.BigEndian.Uint64(o[2:10]) == 0 && o[10] == 0 &&
		(o[13] != 0 || o[14] != 0)
}

// forward maps one address; the zone of an IPv6 address is kept.
func (a *addresses) forward(ip netip.Addr) netip.Addr { return a.mapped(ip, false) }

// backward is the inverse of forward.
func (a *addresses) backward(ip netip.Addr) netip.Addr { return a.mapped(ip, true) }

func (a *addresses) mapped(ip netip.Addr, back bool) netip.Addr {
	if ip.Zone() != "" {
		return a.mapped(ip.WithZone(""), back).WithZone(ip.Zone())
	}
	if a.kept(ip) {
		return ip
	}
	if !back {
		a.mu.RLock()
		out, ok := a.cache[ip]
		a.mu.RUnlock()
		if ok {
			return out
		}
	}
	var out netip.Addr
	if ip.Is4() {
		o := ip.As4()
		a.walk(a.four, a.special4, o[:], 0, 24, back)
		out = netip.AddrFrom4(o)
	} else {
		out = netip.AddrFrom16(a.map6(ip.As16(), back))
	}
	if !back {
		a.mu.Lock()
		a.cache[ip] = out
		a.mu.Unlock()
	}
	return out
}

// map6 keeps what the two halves mean: the network half is mapped bit by bit, the
// interface half by what it is: small numbers stay, a MAC inside follows the MAC.
func (a *addresses) map6(o [16]byte, back bool) [16]byte {
	switch {
	case solicitedNode(o):
		a.mapNIC(o[13:16], back)
		return o
	case binary.BigEndian.Uint64(o[:8]) == 0 && (binary.BigEndian.Uint32(o[8:12]) == 0xffff || binary.BigEndian.Uint32(o[8:12]) == 0),
		binary.BigEndian.Uint64(o[:8]) == 0x0064ff9b<<32 && binary.BigEndian.Uint32(o[8:12]) == 0: // IPv4 inside
		four := a.mapped(netip.AddrFrom4([4]byte(o[12:16])), back).As4()
		copy(o[12:], four[:])
		return o
	}
	if o[0] != 0xfe || o[1]&0xc0 != 0x80 {
		a.walk(a.six, a.special6, o[:], 0, 64, back)
	}
	before := o
	for range 64 { // walks on until the result is of the kind that it came from
		switch interfaceKind(before) {
		case smallInterface:
			return o
		case macInterface:
			a.mapNIC(o[13:16], back)
			return o
		default:
		}
		a.mapNIC(o[13:16], back)
		a.walk(a.nic, nil, o[:], 64, 104, back)
		if interfaceKind(o) == otherInterface {
			return o
		}
	}
	return o
}

type interfaceKindOf int

const (
	smallInterface interfaceKindOf = iota + 1
	macInterface
	otherInterface
)

func interfaceKind(o [16]byte) interfaceKindOf {
	switch {
	case binary.BigEndian.Uint64(o[8:]) <= 0xff:
		return smallInterface
	case o[11] == 0xff && o[12] == 0xfe:
		return macInterface
	}
	return otherInterface
}

// walk maps the bits from..to of o, both multiples of 8.
func (a *addresses) walk(p prf, special []netip.Prefix, o []byte, from, to int, back bool) {
	in := make([]byte, len(o)) // the real address as far as it is known
	copy(in, o)
	if back {
		clear(in[from/8 : to/8])
	}
	for i := from; i < to; i += 8 {
		base := 0
		if from >= 64 {
			base = 8 // the interface half does not depend on the network
		}
		tree := a.node(p, in[base:i/8])
		at := 1
		var octet byte
		for bit := range 8 {
			mask := byte(0x80) >> bit
			flip := tree[at/8]>>(at%8)&1 == 1
			if flip && onTheWay(special, in, i+bit) {
				flip = false
			}
			got := o[i/8]&mask != 0
			put := got != flip
			real1 := got
			if back {
				real1 = put
			}
			if real1 {
				in[i/8] |= mask
			}
			if put {
				octet |= mask
			}
			at = at<<1 | int(b2u(real1))
		}
		o[i/8] = octet
	}
}

func b2u(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// onTheWay tells whether the first n bits of in are a proper beginning of a special range.
func onTheWay(special []netip.Prefix, in []byte, n int) bool {
	for _, p := range special {
		if p.Bits() <= n {
			continue
		}
		raw := p.Addr().AsSlice()
		if samePrefix(raw, in, n) {
			return true
		}
	}
	return false
}

func samePrefix(a, b []byte, n int) bool {
	for i := range n / 8 {
		if a[i] != b[i] {
			return false
		}
	}
	return n%8 == 0 || (a[n/8]^b[n/8])>>(8-n%8) == 0
}

func (a *addresses) node(p prf, before []byte) [32]byte {
	id := string(p.key[:4]) + string(before)
	a.mu.RLock()
	tree, ok := a.nodes[id]
	a.mu.RUnlock()
	if !ok {
		tree = p.sum(before)
		a.mu.Lock()
		a.nodes[id] = tree
		a.mu.Unlock()
	}
	return tree
}

// mapNIC permutes the last three bytes of a MAC: eight Feistel rounds over 12+12 bits.
func (a *addresses) mapNIC(b []byte, back bool) {
	v := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	key := v << 1
	if back {
		key |= 1
	}
	a.mu.RLock()
	out, ok := a.nics[key]
	a.mu.RUnlock()
	if !ok {
		left, right := v>>12, v&0xfff
		for round := range byte(8) {
			if back {
				round = 7 - round
				f := a.nic.sum([]byte{'n', round, byte(left >> 8 & 0xff), byte(left & 0xff)})
				left, right = right^(uint32(f[0])<<8|uint32(f[1]))&0xfff, left
				continue
			}
			f := a.nic.sum([]byte{'n', round, byte(right >> 8 & 0xff), byte(right & 0xff)})
			left, right = right, left^(uint32(f[0])<<8|uint32(f[1]))&0xfff
		}
		out = left<<12 | right
		a.mu.Lock()
		a.nics[key] = out
		a.mu.Unlock()
	}
	b[0], b[1], b[2] = byte(out>>16&0xff), byte(out>>8&0xff), byte(out&0xff)
}

// mac maps a MAC in place: the vendor half stays, with its group and local bits. Group
// addresses, VRRP's and the empty one name nobody.
func (a *addresses) mac(m []byte, back bool) {
	switch {
	case m[0] == 0x33 && m[1] == 0x33 && m[2] == 0xff && (m[3] != 0 || m[4] != 0):
		a.mapNIC(m[3:6], back)
	case m[0]&1 != 0, m[0] == 0 && m[1] == 0 && m[2] == 0x5e, m[0]|m[1]|m[2]|m[3]|m[4]|m[5] == 0:
	default:
		a.mapNIC(m[3:6], back)
	}
}

// note remembers that ip was written as the network ip/bits.
func (a *addresses) note(ip netip.Addr, bits int) {
	a.mu.Lock()
	a.lens[ip] = max(a.lens[ip], bits)
	a.mu.Unlock()
}

// keptFrom is from which bit on an address is kept, or mapped by what it is: hosts of networks
// of that length and longer need no care.
func keptFrom(ip netip.Addr) int {
	if ip.Is6() {
		return 64
	}
	return 24
}

// network maps an address that stands as a network of this length, keeping host bits
// that are all zero or all one. bits < 0 is an address of which no length is known: a
// network address that was seen with its length elsewhere follows that.
func (a *addresses) network(ip netip.Addr, bits int) netip.Addr {
	if isReserved(ip, bits) {
		return ip
	}
	out := a.forward(ip)
	if bits < 0 {
		a.mu.RLock()
		seen, ok := a.lens[ip]
		a.mu.RUnlock()
		if !ok {
			return out
		}
		bits = seen
	}
	if bits >= keptFrom(ip) || out == ip {
		return out
	}
	fill, ok := hostFill(ip, bits)
	if !ok {
		return out
	}
	raw := out.AsSlice()
	setHost(raw, bits, fill)
	out, _ = netip.AddrFromSlice(raw)
	return out.WithZone(ip.Zone())
}

// reserved are prefixes that standards name (RFC 6890 and its registries): as such, with
// their length or without, they belong to nobody.
//
//nolint:gochecknoglobals // a table that is only read
var reserved = func() map[netip.Addr][]int {
	m := map[netip.Addr][]int{}
	for _, p := range []string{
		"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "128.0.0.0/16", "169.254.0.0/16", "172.16.0.0/12", "191.255.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
		"192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001::/32", "2001:2::/48", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "2000::/3",
		"2620:4f:8000::/48", "3fff::/20", "3ffe::/16", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		n := netip.MustParsePrefix(p)
		m[n.Addr()] = append(m[n.Addr()], n.Bits())
	}
	return m
}()

// isReserved tells whether a network is one of the reserved ones, or the address of one
// stands without a length, as classful lines have it.
func isReserved(ip netip.Addr, bits int) bool {
	lengths, ok := reserved[ip]
	return ok && (bits < 0 || slices.Contains(lengths, bits))
}

// hostFill tells whether the bits after the first n are all zero or all one, and which.
func hostFill(ip netip.Addr, n int) (fill byte, ok bool) {
	raw := ip.AsSlice()
	zero, one := true, true
	for i := n; i < len(raw)*8; i++ {
		if raw[i/8]>>(7-i%8)&1 == 0 {
			one = false
		} else {
			zero = false
		}
	}
	switch {
	case zero:
		return 0, true
	case one && ip.Is4():
		return 1, true
	}
	return 0, false
}

func setHost(raw []byte, n int, fill byte) {
	for i := n; i < len(raw)*8; i++ {
		raw[i/8] &^= 0x80 >> (i % 8)
		raw[i/8] |= fill << (7 - i%8)
	}
}
