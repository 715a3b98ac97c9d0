package draft

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// absentAdjacencies finds neighbours of OSPF that both configurations ask for, on a network that both ends are in, and
// that neither end listed in any capture. An end that is passive, or whose configuration or list did not come whole, asks for none.
func (w *drafter) absentAdjacencies(n *infer.Node) {
	for _, l := range w.net.Links {
		near, far := l.A, l.B
		if far.Node == n.Name {
			near, far = far, near
		}
		other := w.net.Of(far.Node)
		if near.Node != n.Name || other == nil || far.Node == n.Name || !w.asksOSPF(n) || !w.asksOSPF(other) {
			continue
		}
		a, b, ok := sharedNetwork(n, near.Port, other, far.Port)
		if !ok || w.listed(n, b) || w.listed(other, a) {
			continue
		}
		last, told := telling(w.listings(n.Name, OSPF), b.String())
		if _, theirs := telling(w.listings(other.Name, OSPF), a.String()); !told || !theirs {
			continue // that a list is not whole is said
		}
		s, shown := w.sign(n, OSPF, b.String(), last.rows[b.String()])
		if !shown {
			continue
		}
		s.Is, s.From = "not listed", w.at(last.answer)
		s.Why = fmt.Sprintf("both ends have OSPF on it by their configurations (%s, %s)", w.configAt(n), w.configAt(other))
		s.suspect = []string{n.Name, other.Name}
		w.d.Broken = append(w.d.Broken, s)
	}
}

// configured are the neighbours of OSPF that both ends of a link have by their configurations, for who says that they
// were there: as the lab has them, whatever the devices are.
func (w *drafter) configured() (list []Sign) {
	for _, n := range w.nodes() {
		for _, l := range w.net.Links {
			near, far := l.A, l.B
			if far.Node == n.Name {
				near, far = far, near
			}
			other := w.net.Of(far.Node)
			if near.Node != n.Name || other == nil || far.Node == n.Name {
				continue
			}
			_, b, ok := sharedNetwork(n, near.Port, other, far.Port)
			if s, shown := w.sign(n, OSPF, b.String(), row{}); ok && shown && platform(n) == "frr" && platform(other) == "frr" {
				s.Was, s.From = "configured", "the configurations of both ends"
				list = append(list, s)
			}
		}
	}
	return list
}

// asksOSPF reports whether a node's configuration and its list of neighbours came whole, and the former makes no
// interface passive.
func (w *drafter) asksOSPF(n *infer.Node) bool {
	text, from := w.config(n.Name, true)
	return n.Platform == "frr" && platform(n) == "frr" && from != nil && from.cut == "" && !strings.Contains(text, "passive") && len(w.listings(n.Name, OSPF)) > 0
}

// configAt is where the latest configuration of a node stands.
func (w *drafter) configAt(n *infer.Node) string {
	_, from := w.config(n.Name, true)
	return w.at(from)
}

// listed reports whether a node listed a neighbour of OSPF with an address in any capture, in whatever state.
func (w *drafter) listed(n *infer.Node, address netip.Addr) bool {
	return slices.ContainsFunc(w.listings(n.Name, OSPF), func(l listing) bool { _, ok := l.rows[address.String()]; return ok })
}

// sharedNetwork are the addresses that two ports have in one network, in which both nodes have OSPF.
func sharedNetwork(n *infer.Node, port string, other *infer.Node, far string) (a, b netip.Addr, ok bool) {
	for _, p := range addressesAt(n, port) {
		for _, q := range addressesAt(other, far) {
			if p.Masked() == q.Masked() && p.Addr().Is4() && hasOSPF(n, port, p) && hasOSPF(other, far, q) {
				return p.Addr(), q.Addr(), true
			}
		}
	}
	return a, b, false
}

// hasOSPF reports whether OSPF runs at a port with an address, by the configuration.
func hasOSPF(n *infer.Node, port string, address netip.Prefix) bool {
	names := []string{port}
	for _, i := range n.Interfaces {
		if slices.Contains(i.Addresses, address) {
			names = append(names, i.Name)
		}
	}
	return slices.ContainsFunc(n.OSPF, func(a infer.Area) bool {
		network, err := netip.ParsePrefix(a.Network)
		return a.Network == "" && slices.Contains(names, a.Interface) || err == nil && network.Contains(address.Addr())
	})
}

// intervals is what makes two ends of OSPF hear each other whose hello and dead intervals differ: neither has an
// interval of its own at the interface between them (RFC 2328, 10.5). It is nil where they do not.
func (w *drafter) intervals() *setting {
	p := &setting{name: "intervals", line: "the default hello and dead intervals at both ends", configs: map[string]string{}}
	for _, s := range w.d.Broken {
		l, _ := w.linkOf(s)
		if s.Kind != OSPF || s.Why == "" || l == nil {
			continue
		}
		a, b := w.net.Of(l.A.Node), w.net.Of(l.B.Node)
		restA, ownA := withoutIntervals(a.Config, a.Ports[l.A.Port])
		restB, ownB := withoutIntervals(b.Config, b.Ports[l.B.Port])
		if slices.Equal(ownA, ownB) {
			continue
		}
		p.reason = fmt.Sprintf("%s has %s, and %s has %s: neighbours with other intervals do not hear each other (RFC 2328, 10.5)", l.A, inWords(ownA), l.B, inWords(ownB))
		if len(ownA) > 0 {
			p.configs[a.Name] = restA
		}
		if len(ownB) > 0 {
			p.configs[b.Name] = restB
		}
	}
	if len(p.configs) == 0 {
		return nil
	}
	return p
}

// inWords are lines of a configuration, or that there are none.
func inWords(lines []string) string {
	if len(lines) == 0 {
		return "the default intervals"
	}
	return strings.Join(lines, " and ")
}

// withoutIntervals takes the intervals of OSPF out of the stanza of an interface of FRR, and gives those that it had, in order.
func withoutIntervals(config, iface string) (rest string, own []string) {
	var out strings.Builder
	in := false
	for line := range strings.Lines(config) {
		f := strings.Fields(line)
		if len(f) > 0 && line[0] != ' ' {
			in = len(f) > 1 && f[0] == "interface" && f[1] == iface
		}
		if in && len(f) > 3 && f[0] == "ip" && f[1] == "ospf" && (f[2] == "hello-interval" || f[2] == "dead-interval") {
			own = append(own, strings.Join(f, " "))
			continue
		}
		out.WriteString(line)
	}
	slices.Sort(own)
	return out.String(), own
}
