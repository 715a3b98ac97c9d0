package wiring

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Chains that a filter's counters are in.
const (
	chainCaught = "caught" // first what was dropped, then what the lot let pass
	chainUnread = "unread" // what could not be read as far as the predicate asks
)

// tree is a predicate as chains of nftables, each of which reads one part of a frame and goes on
// to the next. They match what the program of [program] does, and read the frame from its first
// byte as that does; only what follows the header of IPv6 is left to the kernel, which knows it
// where no VLAN tag is before.
type tree struct {
	conn   *nftables.Conn
	table  *nftables.Table
	prefix string // of the chains' names
	frame
	caught, unread *nftables.Chain
}

// newTree makes the chains of a filter but for its first, which root makes. Each of caught is a
// rule for what the predicate matches, and unread the one for what it cannot read.
func newTree(c *nftables.Conn, table *nftables.Table, iface string, f Filter, unread []expr.Any, caught ...[]expr.Any) (*tree, error) {
	m, err := read(f.Match)
	if err != nil {
		return nil, err
	}
	t := &tree{conn: c, table: table, prefix: filterChain(iface, f.ID), frame: m}
	t.caught, t.unread = t.chain(chainCaught), t.chain(chainUnread)
	for _, exprs := range caught {
		c.AddRule(&nftables.Rule{Table: table, Chain: t.caught, Exprs: exprs})
	}
	c.AddRule(&nftables.Rule{Table: table, Chain: t.unread, Exprs: unread})
	return t, nil
}

func (t *tree) chain(name string) *nftables.Chain {
	return t.conn.AddChain(&nftables.Chain{Name: t.prefix + "/" + name, Table: t.table})
}

// rule goes from one chain to another with what meets every test.
func (t *tree) rule(in, to *nftables.Chain, tests ...[]expr.Any) {
	t.conn.AddRule(&nftables.Rule{
		Table: t.table, Chain: in, Exprs: append(slices.Concat(tests...), &expr.Verdict{Kind: expr.VerdictGoto, Chain: to.Name}),
	})
}

// enter has a base chain begin with the tree.
func (t *tree) enter(base *nftables.Chain, id string) {
	first := t.caught
	if t.etherType != 0 || len(t.protocols) > 0 {
		first = t.tags(0)
	}
	t.conn.AddRule(&nftables.Rule{
		Table: t.table, Chain: base, UserData: []byte(id),
		Exprs: slices.Concat(unmarked(), t.macs(), []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: first.Name}}),
	})
}

// lottery gives the rules for what a filter wants dropped: one that counts it, marks it and ends
// the chain, and where a share of it is let pass, one that counts that.
func lottery(probability float64) [][]expr.Any {
	take := append([]expr.Any{&expr.Counter{}}, mark()...)
	if probability <= 0 || probability >= 1 {
		return [][]expr.Any{take}
	}
	const lots = math.MaxUint32
	limit := binary.BigEndian.AppendUint32(nil, uint32(math.Round(probability*lots)))
	lot := []expr.Any{
		&expr.Numgen{Register: 1, Modulus: lots, Type: unix.NFT_NG_RANDOM},
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: limit},
	}
	return [][]expr.Any{append(lot, take...), {&expr.Counter{}}}
}

// mark marks a frame and ends the chain.
func mark() []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: binary.NativeEndian.AppendUint32(nil, marked)},
		&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1},
		&expr.Verdict{Kind: expr.VerdictAccept},
	}
}

// unmarked holds for frames that no rule of ours has marked, and that no wire sends on.
func unmarked() []expr.Any {
	exprs := []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}}
	for _, mark := range []uint32{marked, passed, poked} {
		exprs = append(exprs, &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binary.NativeEndian.AppendUint32(nil, mark)})
	}
	return exprs
}

// round hands a frame to who listens at a group of nfnetlink_log, counts it and takes it away.
func round(group uint16) []expr.Any {
	return append([]expr.Any{&expr.Counter{}, &expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: group}}, mark()...)
}

// prodded has a wire's poke be handed over at once, with all that the kernel has gathered for its group.
func prodded(group uint16) []expr.Any {
	const alone = 1
	poke := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binary.NativeEndian.AppendUint32(nil, poked)},
		&expr.Log{Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_QTHRESHOLD, Group: group, QThreshold: alone},
	}
	return append(poke, mark()...)
}

// tags reads the type behind so many VLAN tags.
func (t *tree) tags(depth uint32) *nftables.Chain {
	at := 12 + 4*depth
	ch := t.chain(fmt.Sprintf("tags%d", depth))
	wanted := []uint16{t.etherType}
	if t.etherType == 0 {
		wanted = []uint16{unix.ETH_P_IP, unix.ETH_P_IPV6}
	}
	for _, want := range wanted {
		// The type of a tag is that of the first, or of one that is not looked behind.
		if tag := slices.Contains(vlans(), want); !tag || depth == 0 || depth == maxTags {
			t.rule(ch, t.payload(want, at+2, depth), typeAt(at, want))
		}
	}
	if depth < maxTags {
		next := t.tags(depth + 1)
		for _, tag := range vlans() {
			t.rule(ch, next, typeAt(at, tag))
		}
	}
	return ch
}

func vlans() []uint16 { return []uint16{unix.ETH_P_8021Q, unix.ETH_P_8021AD} }

// typeAt tests a type field.
func typeAt(at uint32, want uint16) []expr.Any {
	if want != unix.ETH_P_802_2 { // the kernel's word for frames with a length in the place of the type
		return equal(bytesAt(at, 2), be16(want))
	}
	return []expr.Any{
		bytesAt(at, 2), &expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: be16(unix.ETH_P_802_3_MIN)},
		bytesAt(at, 2), &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: be16(0)},
	}
}

// bytesAt loads bytes of the frame. The rule does not hold where they are missing.
func bytesAt(at, count uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseLLHeader, Offset: at, Len: count}
}

// bits tests some bits of the frame.
func bits(load *expr.Payload, mask, want []byte) []expr.Any {
	return []expr.Any{
		load, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: load.Len, Mask: mask, Xor: make([]byte, load.Len)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: want},
	}
}

// payload is where it goes on with a payload of a type that begins at a byte of the frame.
func (t *tree) payload(kind uint16, at, depth uint32) *nftables.Chain {
	prefixes := slices.ContainsFunc([]netip.Prefix{t.srcIP, t.dstIP}, func(p netip.Prefix) bool { return p.Bits() > 0 })
	switch {
	case len(t.protocols) == 0 && !prefixes:
		return t.caught
	case kind == unix.ETH_P_IP:
		return t.ipv4(at, depth)
	default:
		return t.ipv6(at, depth)
	}
}

// ipv4 reads the header of IPv4 (RFC 791 section 3.1).
func (t *tree) ipv4(at, depth uint32) *nftables.Chain {
	ch := t.chain(fmt.Sprintf("ipv4-%d", depth))
	whole := append([]expr.Any{bytesAt(at+19, 1)}, t.prefixes(at+12, at+16)...)
	if len(t.protocols) == 0 {
		t.rule(ch, t.caught, whole)
		return ch
	}
	to, first := t.caught, []expr.Any(nil)
	if t.srcPort != 0 || t.dstPort != 0 {
		to, first = t.options(at, depth), bits(bytesAt(at+6, 2), be16(0x1fff), be16(0)) // later fragments have no ports
	}
	for _, p := range t.protocols {
		t.rule(ch, to, whole, equal(bytesAt(at+9, 1), []byte{p}), first)
	}
	return ch
}

// options tests the ports behind an IPv4 header of any length.
func (t *tree) options(at, depth uint32) *nftables.Chain {
	ch := t.chain(fmt.Sprintf("options-%d", depth))
	for words := uint32(5); words < 16; words++ {
		t.rule(ch, t.caught, bits(bytesAt(at, 1), []byte{0xf}, []byte{byte(words)}), t.portsAt(bytesAt(at+4*words, 4)))
	}
	return ch
}

// portsAt tests the ports of TCP or UDP.
func (t *tree) portsAt(load *expr.Payload) []expr.Any {
	if t.srcPort == 0 && t.dstPort == 0 {
		return nil
	}
	var mask, want []byte
	for _, port := range []uint16{t.srcPort, t.dstPort} {
		want = append(want, be16(port)...)
		if port != 0 {
			port = math.MaxUint16
		}
		mask = append(mask, be16(port)...)
	}
	return bits(load, mask, want)
}

// prefixes tests the addresses.
func (t *tree) prefixes(src, dst uint32) []expr.Any {
	var list []expr.Any
	for _, side := range []struct {
		prefix netip.Prefix
		at     uint32
	}{{t.srcIP, src}, {t.dstIP, dst}} {
		if side.prefix.Bits() > 0 {
			want := side.prefix.Addr().AsSlice()
			list = append(list, bits(bytesAt(side.at, uint32(len(want))), net.CIDRMask(side.prefix.Bits(), 8*len(want)), want)...) //nolint:gosec // 4 or 16
		}
	}
	return list
}

// ipv6 reads the header of IPv6, and has the kernel read those that may follow it (RFC 8200
// section 4).
func (t *tree) ipv6(at, depth uint32) *nftables.Chain {
	ch := t.chain(fmt.Sprintf("ipv6-%d", depth))
	whole := append([]expr.Any{bytesAt(at+39, 1)}, t.prefixes(at+8, at+24)...)
	if len(t.protocols) == 0 {
		t.rule(ch, t.caught, whole)
		return ch
	}
	next := bytesAt(at+6, 1)
	for _, p := range t.protocols {
		if !slices.Contains(followers(), p) {
			t.rule(ch, t.caught, whole, equal(next, []byte{p}), t.portsAt(bytesAt(at+40, 4)))
		}
	}
	behind := t.unread
	if depth == 0 {
		behind = t.behind()
	}
	for _, header := range followers() {
		t.rule(ch, behind, whole, equal(next, []byte{header}))
	}
	return ch
}

// followers are the headers of IPv6 that others follow.
func followers() []uint8 {
	return []uint8{unix.IPPROTO_HOPOPTS, unix.IPPROTO_ROUTING, unix.IPPROTO_FRAGMENT, unix.IPPROTO_AH, unix.IPPROTO_DSTOPTS}
}

// behind tests what follows the headers of an untagged frame.
func (t *tree) behind() *nftables.Chain {
	ch := t.chain("behind")
	kind := func(p uint8) []expr.Any { return equal(&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, []byte{p}) }
	for _, p := range t.protocols {
		t.rule(ch, t.caught, kind(p), t.portsAt(bytesBehind(0, 4)))
	}
	t.rule(ch, t.authentic(), kind(unix.IPPROTO_AH))
	return ch
}

// authentic tests what follows an authentication header (RFC 4302 section 2), which is where the
// kernel ends.
func (t *tree) authentic() *nftables.Chain {
	ch := t.chain("authentic")
	for _, p := range t.protocols {
		is := equal(bytesBehind(0, 1), []byte{p})
		if t.srcPort == 0 && t.dstPort == 0 {
			t.rule(ch, t.caught, is)
			continue
		}
		for words := range byte(maxICV) {
			at := 4 * (uint32(words) + 2)
			t.rule(ch, t.caught, is, equal(bytesBehind(1, 1), []byte{words}), t.portsAt(bytesBehind(at, 4)))
		}
		t.rule(ch, t.unread, is, []expr.Any{bytesBehind(1, 1), &expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: []byte{maxICV}}})
	}
	for _, header := range followers() {
		t.rule(ch, t.unread, equal(bytesBehind(0, 1), []byte{header}))
	}
	return ch
}

// maxICV bounds the length field of authentication headers behind which ports are read.
const maxICV = 16

// bytesBehind loads bytes of what follows the headers of IP.
func bytesBehind(at, count uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: at, Len: count}
}

// macs matches the Ethernet addresses.
func (f frame) macs() []expr.Any {
	var list []expr.Any
	for _, side := range []struct {
		mac net.HardwareAddr
		at  uint32
	}{{f.dst, 0}, {f.src, 6}} {
		if side.mac != nil {
			list = append(list, equal(bytesAt(side.at, 6), side.mac)...)
		}
	}
	return list
}

func equal(load expr.Any, data []byte) []expr.Any {
	return []expr.Any{load, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data}}
}

func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
