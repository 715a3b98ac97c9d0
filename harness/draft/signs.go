package draft

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// kinds are those that are compared between captures, the lowest layer first.
func kinds() []Kind { return []Kind{LAG, LLDP, ISIS, OSPF, VRRP, BGP, Prefix, Route} }

// signs finds what is healthy and what is broken.
func (w *drafter) signs() {
	for _, n := range w.nodes() {
		for _, kind := range kinds() {
			w.compare(n, kind)
		}
	}
	for _, n := range w.nodes() {
		w.crashed(n)
		w.absentSessions(n)
		w.absentPrefixes(n)
		w.absentMetric(n)
	}
	w.d.Broken = w.root(w.d.Broken)
	w.passing()
}

// compare finds what a node listed as up in a capture, and does not in its latest.
func (w *drafter) compare(n *infer.Node, kind Kind) {
	list := w.listings(n.Name, kind)
	if len(list) == 0 {
		return
	}
	last := list[len(list)-1]
	first := map[string]listing{}
	for _, l := range slices.Backward(list) {
		for id, r := range l.rows {
			if r.up {
				first[id] = l
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(first)) {
		was, is := first[id], last.rows[id]
		s, shown := w.sign(n, kind, id, was.rows[id])
		s.Was, s.From = was.rows[id].state, w.at(was.answer)
		if shown && (was.answer != last.answer || len(list) == 1) {
			w.d.Healthy = append(w.d.Healthy, s)
		}
		if is.up || was.answer == last.answer {
			continue
		}
		s.Is, s.From = cmp.Or(is.state, "not listed"), w.at(last.answer)
		if !shown {
			w.d.NotShown = append(w.d.NotShown, s)
			continue
		}
		s.stuck = stuckIn(kind, id, is.state)
		w.d.Broken = append(w.d.Broken, s)
	}
}

// sign is what to look at in the lab for one row of a node's table.
func (w *drafter) sign(n *infer.Node, kind Kind, id string, r row) (Sign, bool) {
	s := Sign{Node: n.Name, Kind: kind, What: string(kind) + " " + id, id: id, suspect: []string{n.Name}}
	c := condition{Node: n.Name}
	bird := platform(n) == "bird"
	quoted := strings.ReplaceAll(regexp.QuoteMeta(id), `\`, `\\`)
	switch {
	case kind == BGP && bird:
		if r.name == "" {
			return s, false
		}
		s.What = "BGP with " + id
		c.Run, c.Expect = "show protocols "+r.name, `text contains "Established"`
	case kind == BGP:
		s.What = "BGP with " + id
		c.Run, c.Expect = "show bgp neighbors "+id, `text contains "BGP state = Established"`
	case kind == Prefix && bird:
		s.What = id + " in its table"
		c.Run, c.Expect = "show route for "+id, `text contains "`+id+` "`
	case kind == Prefix:
		s.What = id + " in BGP's table"
		c.Run, c.Expect = "show bgp ipv4 unicast", `text matches "(?m)^ ?\\*[ >=i]*\\s*`+quoted+`\\s"`
	case bird, kind == LAG, kind == VRRP, kind == LLDP:
		return s, false
	case kind == OSPF:
		s.What = "OSPF with " + id
		c.Run, c.Expect = "show ip ospf neighbor", `text matches "(?m)(Full/|2-Way/DROther).*\\s`+quoted+`\\s"`
	case kind == ISIS:
		s.What = "IS-IS at " + id
		c.Run, c.Expect = "show isis neighbor", fmt.Sprintf(`text matches "(?m)\\s%s +%s +Up"`, r.iface, r.name)
	case kind == Route:
		s.What = "the route to " + id
		c.Run, c.Expect = "show ip route", `text matches "(?m)^[ORIBE][^\\s>]*>\\S* +`+quoted+`\\s"`
	}
	c.Name = n.Name + " has " + s.What
	s.look = c
	return s, true
}

// stuckIn is an expression for a state that an adjacency was found in: one that it passes through when
// all is well, and stays in when it is not. One look does not tell the two apart: see [drafter.passing].
func stuckIn(kind Kind, id, state string) string {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(id), `\`, `\\`)
	switch state = strings.ToLower(state); {
	case kind == OSPF && (state == "exstart" || state == "exchange" || state == "loading"):
		return `text matches "(?m)(ExStart|Exchange|Loading)/.*\\s` + quoted + `\\s"`
	case kind == ISIS && state == "initializing":
		iface, level, _ := strings.Cut(id, " level ")
		return fmt.Sprintf(`text matches "(?m)\\s%s +%s +Initializing"`, iface, level)
	}
	return ""
}

// passing takes an adjacency of OSPF for lost, and not for stuck in its state, where the other end is not in such a
// state too: it may have been seen on its way.
func (w *drafter) passing() {
	other := func(s Sign) bool {
		return slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.Kind == OSPF && b.stuck != "" && b.Node == w.owner(s.id) })
	}
	both := map[int]bool{}
	for i, s := range w.d.Broken {
		both[i] = s.Kind != OSPF || other(s)
	}
	for i := range w.d.Broken {
		if !both[i] {
			w.d.Broken[i].stuck = ""
		}
	}
}

// crashed finds daemons that a log says died.
func (w *drafter) crashed(n *infer.Node) {
	seen := map[string]bool{}
	for _, a := range w.answers[n.Name] {
		for _, d := range a.deaths {
			if seen[d.process] {
				continue
			}
			seen[d.process] = true
			s := Sign{Node: n.Name, Kind: Crash, What: d.process, Was: "running", Is: "dead of signal " + d.signal, From: fmt.Sprintf("%s:%d", w.files[a.part], d.line), id: d.process, suspect: []string{n.Name}}
			if platform(n) != n.Platform {
				w.d.NotShown = append(w.d.NotShown, s)
				continue
			}
			s.look = condition{Name: d.process + " of " + n.Name + " dies", Node: n.Name, Core: d.process}
			w.d.Broken = append(w.d.Broken, s)
		}
	}
}

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
		s.Is, s.From = r.state, w.at(last.answer)
		s.Why = fmt.Sprintf("its configuration has the neighbour %s in AS %s", p.Address, p.AS)
		if other := w.owner(p.Address); other != "" {
			s.suspect = append(s.suspect, other)
		}
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
	if from == nil || platform(n) != "frr" {
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
			s, ok := w.sign(peer, Prefix, m[1], row{})
			if !ok {
				continue
			}
			s.Is, s.From = "not listed", w.at(has[len(has)-1].answer)
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
			if last.rows[id].state == m[1] || !strings.Contains(text, id) {
				continue
			}
			quoted := strings.ReplaceAll(regexp.QuoteMeta(id), `\`, `\\`)
			look := condition{Name: fmt.Sprintf("%s has metric %s for %s", other.Name, m[1], id), Node: other.Name, Run: "show ip ospf route", Expect: fmt.Sprintf(`text matches "N E2 %s +\\[\\d+/%s\\]"`, quoted, m[1])}
			there := condition{Name: fmt.Sprintf("%s has %s", other.Name, id), Node: other.Name, Run: "show ip ospf route", Expect: fmt.Sprintf(`text contains "N E2 %s "`, id)}
			w.d.Broken = append(w.d.Broken, Sign{
				Node: other.Name, Kind: Metric, What: "metric " + m[1] + " for " + id, Is: "metric " + last.rows[id].state, From: w.at(last.answer),
				Why: fmt.Sprintf("%s originates it, with default-metric %s (%s)", n.Name, m[1], w.at(from)), look: look, peer: &there, suspect: []string{n.Name, other.Name}, id: id,
			})
		}
	}
}

// root leaves of what is broken the lowest layer: what is above it is lost with it. What was never there stays
// where nothing was lost.
func (w *drafter) root(all []Sign) (list []Sign) {
	lost := slices.ContainsFunc(all, func(s Sign) bool { return s.Why == "" })
	lowest := Kind("")
	for _, kind := range append([]Kind{Crash}, append(kinds(), Metric)...) {
		if slices.ContainsFunc(all, func(s Sign) bool { return s.Kind == kind && (s.Why == "" || !lost) }) {
			lowest = kind
			break
		}
	}
	for _, s := range all {
		if s.Kind == lowest && (s.Why == "") == lost {
			list = append(list, s)
			continue
		}
		w.unknown("%s: %s is %s (%s) is taken for a consequence, and is no part of the symptom", s.Node, s.What, cmp.Or(s.Is, "not there"), s.From)
	}
	return list
}
