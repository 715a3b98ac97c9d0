package draft

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// absentSessions finds sessions of BGP that are configured and were never up in any capture.
func (w *drafter) absentSessions(n *infer.Node) {
	list := w.listings(n.Name, BGP)
	for _, p := range n.BGP {
		if len(list) == 0 || slices.ContainsFunc(list, func(l listing) bool { return l.rows[p.Address].up }) {
			continue
		}
		last := list[len(list)-1]
		r, listed := last.rows[p.Address]
		if !listed || strings.Contains(r.state, "Admin") || strings.HasPrefix(r.state, "down") {
			continue // nobody wants it up
		}
		s, ok := w.sign(n, BGP, p.Address, r)
		if !ok {
			continue
		}
		if !w.inLab(n, BGP, p.Address, r) {
			s.What, s.Is, s.From = s.What+", whose other end no file is of", r.state, w.at(last.answer)
			w.d.NotShown = append(w.d.NotShown, s)
			continue
		}
		s.Is, s.From = r.state, w.at(last.answer)
		s.Why = fmt.Sprintf("its configuration has the neighbour %s in AS %s", p.Address, p.AS)
		if other := w.owner(p.Address); other != "" {
			s.suspect = append(s.suspect, other)
		}
		w.inState(&s, n, r)
		w.d.Broken = append(w.d.Broken, s)
	}
}

// owner is the node that has an address.
func (w *drafter) owner(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	for _, n := range w.net.Nodes {
		for _, i := range n.Interfaces {
			for _, p := range i.Addresses {
				if p.Addr() == a {
					return n.Name
				}
			}
		}
	}
	return ""
}

// absentPrefixes finds networks that a node announces by its configuration, over a session that is up, and that
// the neighbour never had. What a filter may keep back is left out.
func (w *drafter) absentPrefixes(n *infer.Node) {
	text, from := w.config(n.Name, true)
	if from == nil || from.cut != "" || platform(n) != "frr" { // a filter may be in what did not come
		return
	}
	announced := regexp.MustCompile(`(?m)^\s+network (\d+\.\d+\.\d+\.\d+/\d+)\s*$`).FindAllStringSubmatch(bgpOf(text), -1)
	for _, p := range n.BGP {
		other := w.owner(p.Address)
		filtered := regexp.MustCompile(`(?m)^\s+neighbor ` + regexp.QuoteMeta(p.Address) + ` (?:route-map|prefix-list|distribute-list|filter-list) \S+ out`).MatchString(text)
		if other == "" || filtered || !w.latest(n.Name, BGP).rows[p.Address].up {
			continue
		}
		peer := w.net.Of(other)
		has := w.listings(other, Prefix)
		own, _ := w.config(other, true)
		if len(has) == 0 {
			if len(announced) == 0 {
				continue
			}
			w.unknown("%s: its table of BGP did not come: whether it has what %s announces is not known", other, n.Name)
			continue
		}
		for _, m := range announced {
			if strings.Contains(own, m[1]) || slices.ContainsFunc(has, func(l listing) bool { return l.rows[m[1]].up }) {
				continue
			}
			last, told := telling(has, m[1])
			if !told {
				w.unknown("%s: its table of BGP did not come whole (%s): whether it has what %s announces is not known", other, w.at(has[len(has)-1].answer), n.Name)
				continue
			}
			s, ok := w.sign(peer, Prefix, m[1], row{})
			if !ok {
				continue
			}
			s.Is, s.From = notListed, w.at(last.answer)
			s.Why = fmt.Sprintf("%s announces it (%s), and the session between them is up", n.Name, w.at(from))
			s.suspect = []string{n.Name, other}
			s.peer = w.sessionOf(peer, n)
			w.d.Broken = append(w.d.Broken, s)
		}
	}
}

// bgpOf is the part of a configuration that is BGP's.
func bgpOf(text string) string {
	_, after, ok := strings.Cut("\n"+text, "\nrouter bgp ")
	if !ok {
		return ""
	}
	if end := regexp.MustCompile(`(?m)^\S`).FindAllStringIndex(after, 2); len(end) > 1 {
		return after[:end[1][0]]
	}
	return after
}

// sessionOf is how to look at a node's session with another; nil where it lists none.
func (w *drafter) sessionOf(n, other *infer.Node) *condition {
	rows := w.latest(n.Name, BGP).rows
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		r := rows[id]
		if w.owner(id) != other.Name || !r.up {
			continue
		}
		if s, ok := w.sign(n, BGP, id, r); ok {
			return &s.look
		}
	}
	return nil
}

// absentMetric finds a default metric of OSPF that is configured where external routes are originated, and that
// the other routers do not have (RFC 2328, 12.4.4).
func (w *drafter) absentMetric(n *infer.Node) {
	text, from := w.config(n.Name, true)
	m := regexp.MustCompile(`(?m)^ default-metric (\d+)\s*$`).FindStringSubmatch(text)
	if m == nil || !strings.Contains(text, "router ospf") || !strings.Contains(text, "redistribute ") {
		return
	}
	for _, other := range w.nodes() {
		last := w.latest(other.Name, Metric)
		if other.Name == n.Name || platform(other) != "frr" {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(last.rows)) {
			if last.rows[id].state == m[1] || !strings.Contains(text, id) || !isPlain(id) {
				continue
			}
			quoted := strings.ReplaceAll(regexp.QuoteMeta(id), `\`, `\\`)
			look := condition{Name: fmt.Sprintf("%s has metric %s for %s", other.Name, m[1], id), Node: other.Name, Run: "show ip ospf route", Expect: fmt.Sprintf(`text matches "N E2 %s +\\[\\d+/%s\\]"`, quoted, m[1])}
			there := condition{Name: fmt.Sprintf("%s has %s", other.Name, id), Node: other.Name, Run: "show ip ospf route", Expect: fmt.Sprintf(`text contains "N E2 %s "`, id)}
			is := look
			is.Name, is.Expect = fmt.Sprintf("%s has metric %s for %s", other.Name, last.rows[id].state, id), fmt.Sprintf(`text matches "N E2 %s +\\[\\d+/%s\\]"`, quoted, last.rows[id].state)
			w.d.Broken = append(w.d.Broken, Sign{
				Node: other.Name, Kind: Metric, What: "metric " + m[1] + " for " + id, Is: "metric " + last.rows[id].state, From: w.at(last.answer),
				Why: fmt.Sprintf("%s originates it, with default-metric %s (%s)", n.Name, m[1], w.at(from)), look: look, seen: &is, peer: &there, suspect: []string{n.Name, other.Name}, id: id,
			})
		}
	}
}
