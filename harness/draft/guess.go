package draft

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// guesses are what nothing in the files tells of, and what such a failure often comes of.
func (w *drafter) guesses() {
	const nothing = "nothing in the files tells of it"
	from := len(w.d.Hypotheses)
	defer func() {
		for i := range w.d.Hypotheses[from:] {
			w.d.Hypotheses[from+i].Guess = true
			w.accounts(&w.d.Hypotheses[from+i])
		}
	}()
	done := map[string]bool{}
	for _, s := range w.d.Broken {
		if s.Kind == Crash {
			continue // what makes a daemon die is not guessed at
		}
		if l, end := w.linkOf(s); l != nil && !done[l.A.String()] {
			done[l.A.String()] = true
			w.add("silent "+end, "The link at "+end+" carries nothing any more, and keeps its carrier",
				[]string{nothing, "no capture says that " + end + " went down, and " + s.What + " is lost"}, []step{{Link: end, Fault: "drop", Direction: "both"}})
			if s.Kind == LAG || s.Kind == LLDP {
				w.add("down "+end, "The link at "+end+" goes down and stays so", []string{nothing}, []step{{Link: end, Fault: "down"}})
			}
			w.add("bounce "+end, "The link at "+end+" goes down and comes back", []string{nothing}, []step{{Link: end, Fault: "down", For: "5s"}})
		}
		if process := processOf(s.Kind, platform(w.net.Of(s.Node))); process != "" && s.happens.Log == "" { // whose log would tell that it was
			w.add("restart "+process+" "+s.Node, process+" of "+s.Node+" is started again", []string{nothing}, []step{{Node: s.Node, Fault: "restart", Process: process}})
		}
	}
	if !w.notable() {
		w.atThatTime()
	}
}

// processOf is the daemon that a kind of neighbour is of.
func processOf(kind Kind, platform string) string {
	switch {
	case platform == "bird":
		return "bird"
	case platform == "keepalived" && kind == VRRP:
		return "keepalived"
	case platform == "frr" && kind == VRRP:
		return "vrrpd"
	}
	return map[Kind]string{BGP: "bgpd", Prefix: "bgpd", OSPF: "ospfd", ISIS: "isisd"}[kind]
}

// linkOf is the link that a lost neighbour was at, and the lab's end of it; nil where it is not known, or where
// the files tell of something that was done at it.
func (w *drafter) linkOf(s Sign) (*infer.Link, string) {
	other := w.owner(s.id)
	iface, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s.id, "port "), "member "), " ")
	for i := range w.net.Links {
		l := &w.net.Links[i]
		for _, e := range [][2]infer.Endpoint{{l.A, l.B}, {l.B, l.A}} {
			if e[0].Node != s.Node || e[1].Node != other && e[0].Port != iface {
				continue
			}
			done := slices.ContainsFunc(w.d.Changes, func(c Change) bool {
				return slices.ContainsFunc(c.steps, func(x step) bool { return x.Link == w.labEnd(l.A) || x.Link == w.labEnd(l.B) })
			})
			if !done {
				return l, w.labEnd(e[0])
			}
		}
	}
	return nil, ""
}
