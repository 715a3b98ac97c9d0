package packet

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A domain name is a list of labels, each after its length (RFC 1035, section 3.1). It is mapped
// as the text that people write, so that a label is the same in all names and in texts.

// Bounds of a name (RFC 1035, section 2.3.4): of labels, and of the pointers in it.
const (
	longestName  = 255
	longestLabel = 63
)

// label is one of a name, where it is in the file.
type label struct{ at, end int }

// labels reads a name. base is where pointers count from; negative when there are none. Those that
// a pointer leads to are told as own false.
func (c *capture) labels(at, end, base int) (list []label, own, after int, ok bool) {
	own, after = -1, at
	for total := 0; at < end && total <= longestName; {
		n := c.byteAt(at)
		switch {
		case n == 0:
			if own < 0 {
				own, after = len(list), at+1
			}
			return list, own, after, true
		case n >= dnsPointer && base >= 0 && at+dnsPointerLen <= end:
			if own < 0 {
				own, after = len(list), at+dnsPointerLen
			}
			to := base + c.u16(at)&^(dnsPointer<<8)
			if to >= at { // only back
				return list, own, after, true
			}
			at = to
			total++
		case n > longestLabel || at+1+n > end:
			if own < 0 {
				own = len(list)
			}
			return list, own, after, false
		default:
			list = append(list, label{at + 1, at + 1 + n})
			at += 1 + n
			total += 1 + n
			if own < 0 {
				after = at
			}
		}
	}
	if own < 0 {
		own = len(list)
	}
	return list, own, after, at == end
}

// domain maps the name at at, and returns where it ends. Labels that say what a name is for stay, as does
// what ends a name that is not of the domain system, and a name that is made of an address is made of the
// other one.
func (c *capture) domain(at, end, base int) (after int, ok bool) {
	list, own, after, ok := c.labels(at, end, base)
	c.plain(at, after)
	if !ok || len(list) == 0 || c.reversed(list) {
		return after, ok
	}
	n, from := len(list), 0
	if last := strings.ToLower(c.labelText(list[n-1])); last == "local" || last == "arpa" {
		n--
	}
	for i, l := range list[:n] {
		if c.old[l.at] == '_' {
			c.dotted(list[from:i], own-from)
			from = i + 1
		}
	}
	c.dotted(list[from:n], own-from)
	return after, ok
}

// dotted maps labels as the text that they are written as. Those from own on are elsewhere, and are mapped there.
// A label with dots in it, as a service's may be, would be several ones in a text: then each is a name.
func (c *capture) dotted(list []label, own int) {
	parts := make([][]byte, 0, len(list))
	for _, l := range list {
		parts = append(parts, c.old[l.at:l.end])
	}
	if slices.ContainsFunc(parts, func(p []byte) bool { return bytes.IndexByte(p, '.') >= 0 }) {
		for _, l := range list[:max(0, min(len(list), own))] {
			c.name(l.at, l.end)
		}
		return
	}
	if len(parts) == 0 {
		return
	}
	with := bytes.Split(c.m.Bytes(Name, bytes.Join(parts, []byte{'.'})), []byte{'.'})
	for i, l := range list {
		if i < own && len(with) == len(parts) && len(with[i]) == l.end-l.at {
			c.put(l.at, with[i])
		}
	}
}

func (c *capture) labelText(l label) string { return string(c.old[l.at:l.end]) }

// Names that are made of an address, the last of it first (RFC 1035, section 3.5; RFC 3596, section 2.5).
const (
	reversed4 = ipv4Len + 2
	reversed6 = 2*ipv6Len + 2
)

// reversed maps a name that is made of an address, and reports whether it is one.
func (c *capture) reversed(list []label) bool {
	n := len(list)
	if n != reversed4 && n != reversed6 || !strings.EqualFold(c.labelText(list[n-1]), "arpa") {
		return false
	}
	if n == reversed4 {
		var octets [ipv4Len]byte
		for i := range octets {
			v, err := strconv.ParseUint(c.labelText(list[ipv4Len-1-i]), 10, 8)
			if err != nil {
				return false
			}
			octets[i] = byte(v)
		}
		for i, v := range c.m.Addr(netip.AddrFrom4(octets), unknownBits).As4() {
			c.digits(list[ipv4Len-1-i], strconv.Itoa(int(v)))
		}
		return true
	}
	var text strings.Builder
	for i := range 2 * ipv6Len {
		text.WriteString(c.labelText(list[2*ipv6Len-1-i]))
		if i%4 == 3 && i < 2*ipv6Len-1 {
			text.WriteByte(':')
		}
	}
	ip, err := netip.ParseAddr(text.String())
	if err != nil || text.Len() != len(ip.StringExpanded()) {
		return false
	}
	with := strings.ReplaceAll(c.m.Addr(ip, unknownBits).StringExpanded(), ":", "")
	for i := range with {
		c.digits(list[len(with)-1-i], with[i:i+1])
	}
	return true
}

// digits writes a number in the place of another, with zeros before it or, where it is too long, zeros alone.
func (c *capture) digits(l label, with string) {
	n := l.end - l.at
	if len(with) > n {
		with = ""
	}
	c.put(l.at, []byte(strings.Repeat("0", n-len(with))+with))
}

// domains maps names that follow each other.
func (c *capture) domains(at, end, base int) {
	for ok := true; ok && at < end; {
		at, ok = c.domain(at, end, base)
	}
}
