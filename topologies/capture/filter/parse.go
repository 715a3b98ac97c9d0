package filter

import (
	"slices"
	"strings"
)

// qualifiers are what a value is: "src tcp port" of 22. Those of the value before it serve one that
// stands by itself.
type qualifiers struct {
	proto string // word; empty: whatever fits
	dir   string // src, dst, and, or; empty: or
	kind  string // host, net, port, portrange, proto; empty: host
}

// parser reads a filter. What a vlan moves is moved for all that is read after it.
type parser struct {
	text  string
	list  []token
	tags  uint32 // how many VLAN tags stand before what is read next
	depth int    // of what is within one another
}

// parse gives what a filter asks; nil for an empty one.
func parse(text string) (condition, error) {
	list, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, list: list}
	if p.peek().kind == endOfText {
		return nil, nil //nolint:nilnil // it asks nothing
	}
	c, err := p.expression(nil)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != endOfText {
		return nil, p.unexpected(t, `expected "and", "or" or the end`)
	}
	return c, nil
}

func (p *parser) peek() token { return p.list[0] }

func (p *parser) ahead(n int) token { return p.list[min(n, len(p.list)-1)] }

func (p *parser) take() token {
	t := p.list[0]
	if len(p.list) > 1 {
		p.list = p.list[1:]
	}
	return t
}

// accept takes the next token if it is one of these.
func (p *parser) accept(texts ...string) bool {
	if p.peek().is(texts...) {
		p.take()
		return true
	}
	return false
}

func (p *parser) expect(text string) error {
	if !p.accept(text) {
		return p.unexpected(p.peek(), "expected "+text)
	}
	return nil
}

func (p *parser) fault(t token, hint, format string, args ...any) error {
	return fault(p.text, t.at, hint, format, args...)
}

// unexpected says why a token cannot stand where it does.
func (p *parser) unexpected(t token, expected string) error {
	if why, ok := refused()[t.text]; ok && t.kind == word {
		return p.fault(t, "", "%q is not supported: %s", t.text, why)
	}
	if write, ok := meant()[strings.ToLower(t.text)]; ok && t.kind == word {
		return p.fault(t, "write "+write, "tcpdump has no word %q", t.text)
	}
	return p.fault(t, expected, "%s cannot stand here", t)
}

// deeper bounds what is within one another.
func (p *parser) deeper(t token) error {
	if p.depth++; p.depth > maxDepth {
		return p.fault(t, "", "more than %d within one another", maxDepth)
	}
	return nil
}

// joint takes "and" or "or".
func (p *parser) joint() (join func(a, b condition) condition) {
	switch {
	case p.accept("and", "&&"):
		return func(a, b condition) condition { return all{a, b} }
	case p.accept("or", "||"):
		return func(a, b condition) condition { return either{a, b} }
	default:
		return nil
	}
}

// expression reads terms joined by "and" and "or". q are the qualifiers before it; those of a term
// serve the value behind it.
func (p *parser) expression(q *qualifiers) (condition, error) {
	c, q, err := p.term(q)
	for err == nil {
		join := p.joint()
		if join == nil {
			return c, nil
		}
		var more condition
		if more, q, err = p.term(q); err == nil {
			c = join(c, more)
		}
	}
	return nil, err
}

// isValue says whether a token is one that qualifiers are of.
func (t token) isValue() bool {
	return slices.Contains([]kind{number, dotted, address6, mac, quoted}, t.kind)
}

// term reads one term, or a value that takes the qualifiers before it, and gives the qualifiers for a
// value behind it; nil where there are none.
func (p *parser) term(q *qualifiers) (condition, *qualifiers, error) {
	t := p.peek()
	if err := p.deeper(t); err != nil {
		return nil, nil, err
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not", "!"):
		c, q, err := p.term(q)
		return inverse{c}, q, err
	case p.isArithmetic():
		c, err := p.relation()
		return c, nil, err
	case q != nil && p.areValues():
		c, err := p.values(*q)
		return c, q, err
	case p.accept("("):
		c, err := p.expression(q)
		if err == nil {
			err = p.expect(")")
		}
		return c, q, err
	case t.isValue():
		if q == nil {
			return nil, nil, p.fault(t, "say what it is, as in host, net, port or proto", "%s has no qualifier", t)
		}
		c, err := p.value(*q)
		return c, q, err
	default:
		return p.primitive()
	}
}

// areValues says whether what comes next are values within parentheses.
func (p *parser) areValues() bool {
	n := 0
	for p.ahead(n).is("(", "not", "!") {
		n++
	}
	first := p.ahead(n)
	return n > 0 && p.peek().is("(") && first.isValue() && (first.kind != number || !computes(p.ahead(n+1)))
}

// protocols are the words that name one.
func protocols() []string {
	return []string{
		"ether", "link", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp", "carp", "ah", "esp",
		"iso", "esis", "isis", "clnp", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "stp",
	}
}

// primitive reads what begins with a word.
func (p *parser) primitive() (condition, *qualifiers, error) {
	t := p.peek()
	q := &qualifiers{}
	if t.kind == word && slices.Contains(protocols(), t.text) {
		q.proto = p.take().text
		if q.proto == "link" {
			q.proto = "ether"
		}
	} else if c, err := p.other(); c != nil || err != nil {
		return c, nil, err
	}
	switch next := p.peek(); {
	case next.is("broadcast", "multicast"):
		c, err := p.group(q.proto, p.take())
		return c, nil, err
	case !next.is("src", "dst", "host", "net", "port", "portrange", "proto"):
		if q.proto == "" || refusedHere(next) {
			return nil, nil, p.unexpected(next, "expected a primitive, such as host, net, port, a protocol or a comparison")
		}
		c, err := p.protocol(t)
		return c, nil, err
	}
	if err := p.direction(q); err != nil {
		return nil, nil, err
	}
	c, err := p.values(*q)
	return c, q, err
}

// refusedHere says whether a word behind a protocol is one that is not supported.
func refusedHere(t token) bool { return t.is("gateway", "protochain") }

// other reads primitives that have no qualifiers; nil where there is none.
func (p *parser) other() (condition, error) {
	t := p.peek()
	switch {
	case p.accept("less", "greater"):
		n := p.take()
		if n.kind != number {
			return nil, p.unexpected(n, "expected a length")
		}
		if t.text == "less" {
			return comparison{length{}, jumpLessOrEqual, constant(n.num)}, nil
		}
		return comparison{length{}, jumpGreaterOrEqual, constant(n.num)}, nil
	case p.accept("vlan"):
		return p.vlan()
	case p.accept("llc"):
		if n := p.peek(); n.kind == word && !n.is("and", "or") {
			return nil, p.fault(n, "", "llc with a type is not supported")
		}
		return allOf(p.hasLength(), inverse{equal(p.payload(), 2, 0xffff)}), nil
	default:
		return nil, nil //nolint:nilnil // there is none
	}
}

// vlan reads the number behind vlan, and moves what is read from then on.
func (p *parser) vlan() (condition, error) {
	id, given, err := p.optional()
	if err != nil {
		return nil, err
	}
	c := anyOf(p.isType(typeVLAN), p.isType(typeQinQ), p.isType(typeQinQ2))
	if given {
		if id.num > 4095 {
			return nil, p.fault(id, "at most 4095", "%d is no number of a VLAN", id.num)
		}
		c = allOf(c, masked(p.payload(), 2, 0xfff, id.num))
	}
	p.tags++
	if p.tags > maxTags {
		return nil, p.fault(id, "", "more than %d tags", maxTags)
	}
	return c, nil
}

// maxTags bounds how far vlan moves what is behind it.
const maxTags = 16

// optional reads a number, perhaps within parentheses, where one stands.
func (p *parser) optional() (n token, given bool, err error) {
	open := 0
	for p.ahead(open).is("(") {
		open++
	}
	if n = p.ahead(open); n.kind != number || p.isArithmetic() && open == 0 {
		return n, false, nil
	}
	p.list = p.list[open+1:]
	for range open {
		if err := p.expect(")"); err != nil {
			return n, false, err
		}
	}
	return n, true, nil
}

// direction reads the direction and the kind of what follows.
func (p *parser) direction(q *qualifiers) error {
	if t := p.peek(); p.accept("src", "dst") {
		q.dir = t.text
		if other := p.ahead(1); p.peek().is("and", "or") && other.is("src", "dst") && other.text != t.text {
			q.dir = p.take().text
			p.take()
		}
	}
	t := p.peek()
	switch {
	case p.accept("host", "net", "port", "portrange"):
		q.kind = t.text
	case q.dir == "" && p.accept("proto"):
		q.kind = t.text
	case t.is("proto"):
		return p.fault(t, "", "a protocol has no direction")
	}
	return nil
}

// values reads a value, or several within parentheses.
func (p *parser) values(q qualifiers) (condition, error) {
	t := p.peek()
	if err := p.deeper(t); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if p.accept("not", "!") {
		c, err := p.values(q)
		return inverse{c}, err
	}
	if !p.accept("(") {
		return p.value(q)
	}
	c, err := p.values(q)
	for err == nil {
		join := p.joint()
		if join == nil {
			break
		}
		var more condition
		if more, err = p.values(q); err == nil {
			c = join(c, more)
		}
	}
	if err == nil {
		err = p.expect(")")
	}
	return c, err
}
