package draft

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// adjacency is what the last line of a log says of a neighbour: by its router ID for OSPF, by its address for BGP.
type adjacency struct {
	kind            Kind
	neighbour, from string
	to              string
	line            int
}

// adjacent takes a line of a log, if IOS, NX-OS or EOS tell of a neighbour of OSPF or BGP in it.
func (a *answer) adjacent(raw string, line int) {
	x := adjacency{line: line}
	if m := regexp.MustCompile(`%OSPF-\d-ADJCHG: .*?\bNbr (\d+\.\d+\.\d+\.\d+) on \S+ from (\w+) to (\w+)`).FindStringSubmatch(raw); m != nil {
		x.kind, x.neighbour, x.from, x.to = OSPF, m[1], m[2], m[3]
	} else if m := regexp.MustCompile(`%BGP-\d-ADJCHANGE: neighbor (\d+\.\d+\.\d+\.\d+) (Down|Up)\b`).FindStringSubmatch(raw); m != nil {
		x.kind, x.neighbour, x.from, x.to = BGP, m[1], map[string]string{"Down": "Up", "Up": "Down"}[m[2]], m[2]
	} else {
		return
	}
	if i := slices.IndexFunc(a.lost, func(y adjacency) bool { return y.kind == x.kind && y.neighbour == x.neighbour }); i >= 0 {
		a.lost[i] = x
	} else if len(a.lost) < maxComplaints {
		a.lost = append(a.lost, x)
	}
}

// found takes for broken what the latest captures have of a kind that the customer's sentence names, and not as it should
// be: that it was healthy before no file shows. What a log says was lost, and did not come back in it, is so too where
// no capture tells of the neighbour, at neither end.
func (w *drafter) found(kind Kind) {
	for _, n := range w.nodes() {
		last := w.latest(n.Name, kind)
		for _, id := range slices.Sorted(maps.Keys(last.rows)) {
			r := last.rows[id]
			if r.up || strings.Contains(r.state, "Admin") || strings.HasPrefix(r.state, "down") || kind == Prefix {
				continue // nobody wants it up
			}
			w.find(n, kind, id, r, w.at(last.answer))
		}
	}
	for _, n := range w.nodes() {
		for _, a := range w.answers[n.Name] {
			for _, x := range a.lost {
				if x.kind != kind || !strings.EqualFold(x.to, "down") {
					continue
				}
				w.logLost(n, x, fmt.Sprintf("%s:%d", w.files[a.part], x.line))
			}
		}
	}
	if len(w.d.Broken) > 0 {
		w.claimed = true
		w.unknown("no capture has healthy what is broken: that it was is what the sentence says")
	}
}

// logLost takes what a log says was lost.
func (w *drafter) logLost(n *infer.Node, x adjacency, from string) {
	address := x.neighbour
	if x.kind == OSPF {
		i := slices.IndexFunc(w.net.Nodes, func(o infer.Node) bool { return o.RouterID == x.neighbour })
		if i < 0 {
			w.unknown("%s: a log has %s with %s from %s to %s (%s): which device that is no file tells", n.Name, strings.ToUpper(string(x.kind)), x.neighbour, x.from, x.to, from)
			return
		}
		address = w.sharedAddress(n, &w.net.Nodes[i])
	}
	other := w.owner(address)
	_, listed := w.latest(n.Name, x.kind).rows[address]
	told := listed || slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return s.Node == other && w.owner(s.id) == n.Name })
	for id, r := range w.latest(other, x.kind).rows {
		told = told || r.up && w.owner(id) == n.Name
	}
	if told || address == "" {
		w.unknown("%s: a log has %s with %s from %s to %s (%s): it is no part of the symptom, since a capture tells the state, or no link is known", n.Name, strings.ToUpper(string(x.kind)), x.neighbour, x.from, x.to, from)
		return
	}
	r := row{state: strings.ToLower(x.to)}
	if x.kind == BGP {
		r.state = "" // a log does not tell the state that it is in
	}
	w.find(n, x.kind, address, r, from)
}

// find adds what is not as it should be to what is broken, where the lab can show it.
func (w *drafter) find(n *infer.Node, kind Kind, id string, r row, from string) {
	if slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return s.Node == n.Name && s.Kind == kind && s.id == id }) {
		return // two files have the same log
	}
	s, shown := w.sign(n, kind, id, r)
	s.Is, s.From = r.state, from
	if s.Is == "" {
		s.Is = "down"
	}
	if !shown || !w.inLab(n, kind, id, r) {
		w.d.NotShown = append(w.d.NotShown, s)
		return
	}
	if r.state != "" {
		w.inState(&s, n, r)
	}
	w.d.Broken = append(w.d.Broken, s)
}

// sharedAddress is an address of a node in a network that another is in; empty where there is none.
func (w *drafter) sharedAddress(n, other *infer.Node) string {
	for _, i := range n.Interfaces {
		for _, a := range i.Addresses {
			for _, j := range other.Interfaces {
				for _, b := range j.Addresses {
					if a.Masked() == b.Masked() && b.Addr().Is4() {
						return b.Addr().String()
					}
				}
			}
		}
	}
	return ""
}
