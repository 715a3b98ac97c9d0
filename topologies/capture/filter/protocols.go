package filter

import (
	"slices"

	"golang.org/x/net/bpf"
)

// Where what is read stands, behind the tags that were said so far. From payload on, an IP header
// begins, or LLC.
func (p *parser) linkType() uint32 { return 12 + 4*p.tags }
func (p *parser) payload() uint32  { return 14 + 4*p.tags }

// iso is where ISO's header begins, behind LLC.
func (p *parser) iso() uint32 { return p.payload() + 3 }

// hasLength says that a frame has a length where others have a type.
func (p *parser) hasLength() condition {
	return inverse{compare(p.linkType(), 2, bpf.JumpGreaterThan, maxLength)}
}

// isType says that a frame is of an Ethernet type, or where that is a length of an LLC service.
func (p *parser) isType(n uint32) condition {
	switch {
	case n == sapISO:
		return allOf(p.hasLength(), equal(p.payload(), 2, n<<8|n))
	case n <= maxLength:
		return allOf(p.hasLength(), equal(p.payload(), 1, n&0xff))
	default:
		return equal(p.linkType(), 2, n)
	}
}

// overIP says that a packet of IPv4 carries a protocol.
func (p *parser) overIP(n uint32) condition {
	return allOf(p.isType(typeIP), equal(p.payload()+9, 1, n))
}

// overIP6 says that a packet of IPv6 does, at once or in fragments.
func (p *parser) overIP6(n uint32) condition {
	next := p.payload() + 6
	return allOf(p.isType(typeIP6), either{equal(next, 1, n), all{equal(next, 1, protoFrag), equal(p.payload()+40, 1, n)}})
}

// overISO says that a packet is of a protocol of ISO.
func (p *parser) overISO(n uint32) condition { return allOf(p.isType(sapISO), equal(p.iso(), 1, n)) }

// pdu says that a packet of IS-IS is of a type.
func (p *parser) pdu(n uint32) condition { return allOf(p.overISO(isoISIS), equal(p.iso()+4, 1, n)) }

// protocol is the primitive that is the name of a protocol alone.
func (p *parser) protocol(t token) (condition, error) {
	if n, ok := etherTypes()[t.text]; ok {
		return p.isType(n), nil
	}
	if list, ok := isisPDUs()[t.text]; ok {
		var c condition
		for _, n := range list {
			if c == nil {
				c = p.pdu(n)
			} else {
				c = either{c, p.pdu(n)}
			}
		}
		return c, nil
	}
	n := transports()[t.text]
	switch t.text {
	case "ether", "link":
		return nil, p.unexpected(p.peek(), "expected host, src, dst, proto, broadcast or multicast behind "+t.text)
	case "stp":
		return p.isType(sapBPDU), nil
	case "iso":
		return p.isType(sapISO), nil
	case "isis":
		return p.overISO(isoISIS), nil
	case "esis":
		return p.overISO(isoESIS), nil
	case "clnp":
		return p.overISO(isoCLNP), nil
	case "icmp", "igmp", "igrp", "vrrp", "carp":
		return p.overIP(n), nil
	case "icmp6":
		return p.overIP6(n), nil
	default:
		return either{p.overIP(n), p.overIP6(n)}, nil
	}
}

// group is broadcast or multicast.
func (p *parser) group(proto string, t token) (condition, error) {
	switch {
	case t.is("broadcast") && (proto == "" || proto == "ether"):
		return bytesAt(0, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), nil
	case t.is("broadcast") && proto == "ip":
		return nil, p.fault(t, "ether broadcast, or dst host with the address", "the prefix of the network, and so its broadcast address, is not in the frame")
	case t.is("multicast") && (proto == "" || proto == "ether"):
		return comparison{operation{bpf.ALUOpAnd, field{size: 1}, constant(1)}, bpf.JumpNotEqual, constant(0)}, nil
	case t.is("multicast") && proto == "ip":
		return allOf(p.isType(typeIP), compare(p.payload()+16, 1, jumpGreaterOrEqual, 224)), nil
	case t.is("multicast") && proto == "ip6":
		return allOf(p.isType(typeIP6), equal(p.payload()+24, 1, 0xff)), nil
	default:
		return nil, p.fault(t, "", "%s knows no %s", proto, t.text)
	}
}

// value reads one value and gives what its qualifiers ask of it.
func (p *parser) value(q qualifiers) (condition, error) {
	t := p.take()
	switch q.kind {
	case "port", "portrange":
		return p.ports(q, t)
	case "proto":
		return p.proto(q, t)
	}
	switch t.kind {
	case mac:
		if q.proto != "ether" || q.kind == "net" {
			return nil, p.fault(t, "ether host", "an Ethernet address is none of a host or a network")
		}
		return p.ether(q, t), nil
	case number, dotted:
		return p.network(q, t)
	case address6:
		return p.network6(q, t)
	case word, quoted:
		if why := p.keyword(t); why {
			return nil, p.unexpected(t, "expected an address")
		}
		return nil, p.fault(t, "write the address", "%s is a name, and no names are looked up", t)
	default:
		return nil, p.unexpected(t, "expected an address")
	}
}

// keyword says whether a word has a meaning of its own.
func (p *parser) keyword(t token) bool {
	_, no := refused()[t.text]
	return t.kind == word && (no || slices.Contains(protocols(), t.text) ||
		t.is("and", "or", "not", "src", "dst", "host", "net", "port", "portrange", "proto", "mask", "broadcast", "multicast", "less", "greater", "len", "vlan", "llc"))
}

// sides joins what is asked of the sender and of the receiver.
func sides(dir string, src, dst condition) condition {
	switch dir {
	case "src":
		return src
	case "dst":
		return dst
	case "and":
		return all{src, dst}
	default:
		return either{src, dst}
	}
}

func (p *parser) ether(q qualifiers, t token) condition {
	return sides(q.dir, bytesAt(6, t.bytes), bytesAt(0, t.bytes))
}

// network is an address or a network of IPv4: 10, 10.1, 10.1.0.0/16, 10.1.0.0 mask 255.255.0.0.
func (p *parser) network(q qualifiers, t token) (condition, error) {
	addr, mask := t.num, ^uint32(0)
	for _, b := range t.bytes {
		addr = addr<<8 | uint32(b)
	}
	bits, given, err := p.mask(t, 32)
	if err != nil {
		return nil, err
	}
	if short := 4 - len(t.bytes); t.kind == dotted {
		addr, mask = addr<<(8*short), mask<<(8*short)
	} else if q.kind == "net" {
		for ; addr != 0 && addr>>24 == 0; addr <<= 8 {
			mask <<= 8
		}
	}
	if given {
		if q.kind != "net" {
			return nil, p.fault(t, "net", "a mask is of a network")
		}
		mask = bits
	}
	if addr&^mask != 0 {
		return nil, p.fault(t, "", "bits of %s are set that its mask does not cover", t)
	}
	var list []condition
	for _, proto := range []struct {
		name     string
		ether    uint32
		src, dst uint32
	}{{"ip", typeIP, 12, 16}, {"arp", typeARP, 14, 24}, {"rarp", typeRARP, 14, 24}} {
		if q.proto == "" || q.proto == proto.name {
			list = append(list, allOf(p.isType(proto.ether), sides(q.dir, masked(p.payload()+proto.src, 4, mask, addr), masked(p.payload()+proto.dst, 4, mask, addr))))
		}
	}
	if len(list) == 0 {
		return nil, p.fault(t, "", "an address of IPv4 is none of %s", q.proto)
	}
	return anyOf(list[0], list[1:]...), nil
}

// mask reads /N or a mask behind an address of so many bits.
func (p *parser) mask(t token, bits uint32) (mask uint32, given bool, err error) {
	switch {
	case t.kind == dotted && p.accept("mask"):
		m := p.take()
		if m.kind != dotted || len(m.bytes) != 4 {
			return 0, false, p.unexpected(m, "expected a mask such as 255.255.255.0")
		}
		for _, b := range m.bytes {
			mask = mask<<8 | uint32(b)
		}
		return mask, true, nil
	case !p.peek().is("/"):
		return 0, false, nil
	}
	slash := p.take()
	n := p.take()
	if t.kind == number {
		return 0, false, p.fault(slash, t.text+".0.0.0/8", "a network of one number has no length")
	}
	if n.kind != number || n.num > bits {
		return 0, false, p.fault(n, "", "%s is no length of a prefix", n)
	}
	if bits > 32 {
		return n.num, true, nil
	}
	return ^uint32(0) << (32 - n.num), true, nil
}

// network6 is an address or a network of IPv6.
func (p *parser) network6(q qualifiers, t token) (condition, error) {
	if q.proto != "" && q.proto != "ip6" {
		return nil, p.fault(t, "", "an address of IPv6 is none of %s", q.proto)
	}
	length, given, err := p.mask(t, 128)
	if err != nil {
		return nil, err
	}
	if !given {
		length = 128
	} else if q.kind != "net" && length != 128 {
		return nil, p.fault(t, "net", "a mask is of a network")
	}
	var masks, words [4]uint32
	for i := range words {
		covered := min(max(int(length)-32*i, 0), 32)
		masks[i] = ^uint32(0) << (32 - covered)
		for _, b := range t.bytes[4*i : 4*i+4] {
			words[i] = words[i]<<8 | uint32(b)
		}
		if words[i]&^masks[i] != 0 {
			return nil, p.fault(t, "", "bits of %s are set that its mask does not cover", t)
		}
	}
	side := func(off uint32) condition {
		var c condition
		for i := range uint32(4) {
			c = allOf(c, masked(p.payload()+off+4*i, 4, masks[i], words[i]))
		}
		return c
	}
	return allOf(p.isType(typeIP6), sides(q.dir, side(8), side(24))), nil
}

// ports is a port or a range of them, of TCP, UDP or SCTP. A range is a word to the reader: 20-21.
func (p *parser) ports(q qualifiers, t token) (condition, error) {
	low, high, ok := portsOf(t)
	switch {
	case t.kind == word && !p.keyword(t) && (!ok || q.kind == "port" && low != high):
		return nil, p.fault(t, "write the number, such as 179 for bgp; portrange 20-21 for several", "%s is no number of a port, and no names are looked up", t)
	case !ok:
		return nil, p.unexpected(t, "expected a number of a port")
	case max(low, high) > 65535:
		return nil, p.fault(t, "at most 65535", "%s is no port", t)
	}
	if low > high {
		low, high = high, low
	}
	var over []uint32
	for _, proto := range []string{"tcp", "udp", "sctp"} {
		if q.proto == "" || q.proto == proto {
			over = append(over, transports()[proto])
		}
	}
	if len(over) == 0 {
		return nil, p.fault(t, "", "%s has no ports", q.proto)
	}
	var v4, v6 condition
	for _, n := range over {
		at := func(off uint32) condition {
			return within(field{off: p.payload() + off, size: 2, behind: p.payload()}, low, high)
		}
		c4 := allOf(equal(p.payload()+9, 1, n), p.unfragmented(), sides(q.dir, at(0), at(2)))
		at6 := func(off uint32) condition { return within(field{off: p.payload() + 40 + off, size: 2}, low, high) }
		c6 := allOf(equal(p.payload()+6, 1, n), sides(q.dir, at6(0), at6(2)))
		if v4 == nil {
			v4, v6 = c4, c6
		} else {
			v4, v6 = either{v4, c4}, either{v6, c6}
		}
	}
	return either{allOf(p.isType(typeIP6), v6), allOf(p.isType(typeIP), v4)}, nil
}

// portsOf reads a number or a range.
func portsOf(t token) (low, high uint32, ok bool) {
	if t.kind == number {
		return t.num, t.num, true
	}
	m := spellRange.FindStringSubmatch(t.text)
	if m == nil || t.kind != word {
		return 0, 0, false
	}
	a, errA := parse32(m[1])
	b, errB := parse32(m[2])
	return a, b, errA == nil && errB == nil
}

func within(f field, low, high uint32) condition {
	if low == high {
		return comparison{f, bpf.JumpEqual, constant(low)}
	}
	return all{comparison{f, jumpGreaterOrEqual, constant(low)}, comparison{f, jumpLessOrEqual, constant(high)}}
}

// unfragmented says that a packet of IPv4 is whole, or the first part of one.
func (p *parser) unfragmented() condition { return masked(p.payload()+6, 2, 0x1fff, 0) }

// proto is the number of a protocol behind another one.
func (p *parser) proto(q qualifiers, t token) (condition, error) {
	names := ipProtocols()
	if q.proto == "ether" {
		names = etherTypes()
	}
	n, ok := t.num, t.kind == number
	if !ok && (t.kind == word || t.kind == quoted) {
		name := t.text
		if t.kind == quoted {
			name = name[1:]
		}
		if n, ok = names[name]; ok && t.kind == word && p.keyword(t) {
			return nil, p.fault(t, `write \`+name, "%s is a word of the syntax", t)
		}
		if !ok {
			return nil, p.fault(t, "write its number", "%s is a name that is not known", t)
		}
	}
	switch {
	case !ok:
		return nil, p.unexpected(t, "expected a protocol")
	case q.proto == "ether":
		if n > 0xffff {
			return nil, p.fault(t, "", "%s is no Ethernet type", t)
		}
		return p.isType(n), nil
	case n > 0xff:
		return nil, p.fault(t, "", "%s is no number of a protocol", t)
	case q.proto == "":
		return either{p.overIP(n), p.overIP6(n)}, nil
	case q.proto == "ip":
		return p.overIP(n), nil
	case q.proto == "ip6":
		return p.overIP6(n), nil
	case q.proto == "iso":
		return p.overISO(n), nil
	case q.proto == "isis":
		return p.pdu(n), nil
	default:
		return nil, p.fault(t, "", "%s carries no other protocol that the frame says the number of", q.proto)
	}
}

// locate says where a field of a protocol begins, and what must hold for a frame to have it.
func (p *parser) locate(proto token, f *field) (condition, error) {
	switch proto.text {
	case "ether", "link":
		return nil, nil //nolint:nilnil // every frame has it
	case "ip", "ip6", "arp", "rarp":
		f.off = p.payload()
		return p.isType(etherTypes()[proto.text]), nil
	case "icmp6":
		f.off = p.payload() + 40
		return allOf(p.isType(typeIP6), equal(p.payload()+6, 1, protoICMP6)), nil
	case "tcp", "udp", "sctp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp":
		f.off, f.behind = p.payload(), p.payload()
		return allOf(p.overIP(transports()[proto.text]), p.unfragmented()), nil
	default:
		if slices.Contains(protocols(), proto.text) {
			return nil, p.fault(proto, "ether[…] reads any byte of a frame", "fields of %s are not supported", proto.text)
		}
		return nil, p.unexpected(proto, "expected a protocol")
	}
}
