package draft

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
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
	w.reelected()
	for _, n := range w.nodes() {
		w.crashed(n)
		w.absentSessions(n)
		w.absentAdjacencies(n)
		w.absentPrefixes(n)
		w.absentMetric(n)
	}
	w.anew()
	w.d.Broken = w.root(w.d.Broken)
	w.passing()
}

// compare finds what a node listed as up in a capture, and does not in its latest.
func (w *drafter) compare(n *infer.Node, kind Kind) {
	list := w.listings(n.Name, kind)
	if len(list) == 0 {
		return
	}
	first := map[string]listing{}
	for _, l := range slices.Backward(list) {
		for id, r := range l.rows {
			if r.up {
				first[id] = l
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(first)) {
		was := first[id]
		last, _ := telling(list, id) // there is one: was
		is := last.rows[id]
		s, shown := w.sign(n, kind, id, was.rows[id])
		if shown && !w.inLab(n, kind, id, was.rows[id]) {
			shown = false
			s.What += ", whose other end no file is of"
		}
		s.Was, s.From = was.rows[id].state, w.at(was.answer)
		if shown && (was.answer != list[len(list)-1].answer || len(list) == 1) {
			w.d.Healthy = append(w.d.Healthy, s)
		}
		if is.up || was.answer == last.answer {
			continue
		}
		s.Is, s.From, s.Since = cmp.Or(is.state, notListed), w.at(last.answer), since(last.part, is)
		if !shown {
			w.d.NotShown = append(w.d.NotShown, s)
			continue
		}
		w.inState(&s, n, is)
		w.d.Broken = append(w.d.Broken, s)
	}
}

// since is when a device has had a row as it is: its count before the time that its capture tells by something else
// than a log, which may be older. It may have been so for as much longer as the count is rounded to.
func since(p *intake.Part, r row) time.Time {
	if !r.timed || p.Taken.IsZero() || strings.Contains(p.From, "log") || strings.HasPrefix(p.From, "the last change") {
		return time.Time{}
	}
	return p.Taken.Add(-r.lasts)
}

// anew tells of what is up in the latest capture, was up in the earliest, and by the device's own count, to whatever
// it is rounded, was not in between.
func (w *drafter) anew() {
	for _, n := range w.nodes() {
		list := w.listings(n.Name, BGP)
		if len(list) < 2 {
			continue
		}
		last, first := list[len(list)-1], list[0]
		for _, id := range slices.Sorted(maps.Keys(last.rows)) {
			r := last.rows[id]
			up := since(last.part, r)
			if r.up && first.rows[id].up && !first.part.Taken.IsZero() && up.Add(-r.within).After(first.part.Taken) {
				w.unknown("%s: BGP with %s is up since about %s alone, by its own count (%s), and was up before (%s): it was lost in between", n.Name, id, up.Format(time.DateTime), w.at(last.answer), w.at(first.answer))
			}
		}
	}
}

// sign is what to look at in the lab for one row of a node's table.
func (w *drafter) sign(n *infer.Node, kind Kind, id string, r row) (Sign, bool) {
	s := Sign{Node: n.Name, Kind: kind, What: string(kind) + " " + id, id: id, suspect: []string{n.Name}}
	c := condition{Node: n.Name}
	bird := platform(n) == "bird"
	quoted := strings.ReplaceAll(regexp.QuoteMeta(id), `\`, `\\`)
	switch {
	case !isPlain(id + r.name + r.iface): // no name of a neighbour or a network
		return s, false
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
	case kind == LAG:
		bond, port := w.bondOf(n, id)
		if bond == "" {
			return s, false
		}
		c.Exec, c.Expect = "ovs-appctl bond/show "+bond, `text matches "(?m)\\b`+port+`: enabled"`
	case kind == LLDP:
		s.What = "the neighbour of LLDP at " + id
		address := w.farAddress(n, strings.TrimPrefix(id, "port "))
		if address == "" {
			return s, false
		}
		c.Reach = &reach{address}
		s.what = "an answer of " + address + ", which is at " + id
	case kind == VRRP && platform(n) != n.Platform:
		return s, false
	case kind == VRRP:
		what, look := virtualSign(n.Platform, id)
		if what == "" {
			return s, false
		}
		_, role, _ := strings.Cut(id, ": ")
		s.What, s.what, c = what, "the role "+role+" in "+what, look
		c.Node = n.Name
	case bird:
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
	c.Name = n.Name + " has " + cmp.Or(s.what, s.What)
	s.look = c
	return s, true
}

// bondOf is the lab's aggregate of a member that a switch lists, and the lab's name of its port; empty where the lab
// has none.
func (w *drafter) bondOf(n *infer.Node, id string) (bond, port string) {
	f := strings.Fields(id) // member PORT of MASTER
	if len(f) < 2 || platform(n) != "ovs" {
		return "", ""
	}
	for _, l := range w.net.LAGs {
		if l.Node == n.Name && l.Lab != "" && slices.Contains(l.Members, f[1]) && n.Ports[f[1]] != "" {
			return l.Lab, n.Ports[f[1]]
		}
	}
	return "", ""
}

// farAddress is an address of the node at the other end of a port, in a network that both are in there; empty where
// there is none, or either end routes nothing in the lab.
func (w *drafter) farAddress(n *infer.Node, port string) string {
	for _, l := range w.net.Links {
		near, far := l.A, l.B
		if far.Node == n.Name && far.Port == port {
			near, far = far, near
		}
		other := w.net.Of(far.Node)
		if near.Node != n.Name || near.Port != port || other == nil || platform(n) == "ovs" || platform(other) == "ovs" {
			continue
		}
		for _, a := range addressesAt(n, near.Port) {
			for _, b := range addressesAt(other, far.Port) {
				if a.Masked() == b.Masked() && b.Addr().Is4() {
					return b.Addr().String()
				}
			}
		}
	}
	return ""
}

// addressesAt are those of the interfaces that are at a port.
func addressesAt(n *infer.Node, port string) (list []netip.Prefix) {
	for _, i := range n.Interfaces {
		if i.Name == port || slices.Contains(i.Ports, port) {
			list = append(list, i.Addresses...)
		}
	}
	return list
}

// inLab reports whether the lab has what a row is of: the node at the other end, or one that has the prefix in its
// configuration, or at an interface, or is given it.
func (w *drafter) inLab(n *infer.Node, kind Kind, id string, r row) bool {
	switch kind {
	case OSPF, BGP:
		return w.owner(id) != ""
	case ISIS:
		return w.across(n.Name, r.iface) != ""
	case Prefix, Route:
		has := func(config string) bool {
			return strings.Contains(config, id) || id == "0.0.0.0/0" && strings.Contains(config, "default-")
		}
		return slices.ContainsFunc(w.net.Nodes, func(x infer.Node) bool {
			return has(x.Config) || slices.ContainsFunc(x.Interfaces, func(i infer.Interface) bool {
				return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Masked().String() == id })
			})
		}) || slices.ContainsFunc(w.d.Changes, func(c Change) bool {
			return slices.ContainsFunc(c.steps, func(s step) bool { return slices.ContainsFunc(s.Configure, has) })
		})
	default:
		return true
	}
}

// passing takes an adjacency of OSPF for lost, and not for stuck in a state of the exchange of databases, where the
// other end was seen to have lost it otherwise: it may have been seen on its way. In that state it has to be seen.
func (w *drafter) passing() {
	exchanges := func(s Sign) bool {
		return s.Kind == OSPF && slices.Contains([]string{"exstart", "exchange", "loading"}, strings.ToLower(s.Is))
	}
	var on []int
	for i, s := range w.d.Broken {
		otherwise := slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.Kind == OSPF && b.Node == w.owner(s.id) && !exchanges(b) })
		if exchanges(s) && otherwise {
			on = append(on, i)
		}
	}
	for _, i := range on {
		w.d.Broken[i].stuck = ""
	}
}

// how says how a daemon ended, where the files do.
func (d death) how() string {
	if d.signal == "" {
		return "not running"
	}
	return "dead of signal " + d.signal
}

// crashed finds daemons that died, by a log, or by what the router's shell says where it said more before.
func (w *drafter) crashed(n *infer.Node) {
	for _, d := range w.deaths(n.Name) {
		s := Sign{Node: n.Name, Kind: Crash, What: d.process, Was: "running", Is: d.how(), From: d.from, id: d.process, suspect: []string{n.Name}}
		if platform(n) != n.Platform {
			w.d.NotShown = append(w.d.NotShown, s)
			continue
		}
		s.look = condition{Name: d.process + " of " + n.Name + " dies", Node: n.Name, Core: d.process}
		w.d.Broken = append(w.d.Broken, s)
	}
}

// deaths are the daemons of a node that died, each once: with the signal, where a log has it. One that answers in the
// end died since all was well, by the log's time and that of the first capture that has it answer, or it does not count.
func (w *drafter) deaths(node string) (list []death) {
	asked := map[string]bool{} // commands that a daemon answered
	first, answers := w.answering(node)
	for _, a := range w.answers[node] {
		asked[a.what] = asked[a.what] || len(a.tables) > 0
		for _, d := range a.deaths {
			if d.signal == "" && (answers[d.process] || !asked[a.what]) {
				continue // it was started again, or it never ran, as far as is known
			}
			if well := first[d.process]; answers[d.process] && (well == a.part || asOf(well).IsZero() || !d.comparable(well) || !d.at.After(asOf(well))) {
				w.unknown("%s: %s died of signal %s (%s:%d), and answers in the latest capture: that it was since all was well is not told, and it is no part of the symptom", node, d.process, d.signal, w.files[a.part], d.line)
				continue
			}
			d.from = fmt.Sprintf("%s:%d", w.files[a.part], d.line)
			switch i := slices.IndexFunc(list, func(x death) bool { return x.process == d.process }); {
			case i < 0:
				list = append(list, d)
			case list[i].signal == "":
				list[i] = d
			}
		}
	}
	return list
}

// asOf is the time of a part: its own, or that of the last line of a log in it. It is zero where neither is told.
func asOf(p *intake.Part) time.Time {
	if p.Taken.IsZero() {
		return p.Last
	}
	return p.Taken
}

// diedAt is when a daemon of FRR died: the time of the line, by the device's own clock, or else the seconds since 1970
// that it has, which are of no zone.
func diedAt(seconds string, line time.Time) (at time.Time, own bool) {
	if !line.IsZero() {
		return line, true
	}
	if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
		return time.Unix(n, 0).UTC(), false
	}
	return at, false
}

// byLine puts a death whose time is of no zone into the device's own time, by the line before it (sign -1) or after it
// (1): zones differ by quarters of an hour, and a line tells which where it is within a minute.
func (d *death) byLine(line time.Time, sign time.Duration) {
	const quarter = 15 * time.Minute
	if d.own || d.at.IsZero() || line.IsZero() {
		return
	}
	offset := line.Sub(d.at).Round(quarter)
	if apart := sign * line.Sub(d.at.Add(offset)); apart >= -time.Second && apart <= time.Minute && offset.Abs() <= 14*time.Hour {
		d.at, d.own = d.at.Add(offset), true
	}
}

// comparable reports whether the time of a death can be held against that of a part: both are by the device's clock, or
// neither is.
func (d death) comparable(p *intake.Part) bool {
	return d.own || !p.Taken.IsZero() && !p.Local
}

// answering are the daemons of a node that answer in the end, and of each daemon the first part in which it does.
func (w *drafter) answering(node string) (first map[string]*intake.Part, answers map[string]bool) {
	first, answers = map[string]*intake.Part{}, map[string]bool{}
	for _, a := range w.answers[node] {
		for _, t := range a.tables {
			if process := processOf(t.kind, platform(w.net.Of(node))); process != "" {
				answers[process] = true
				if first[process] == nil {
					first[process] = a.part
				}
			}
		}
		for _, d := range a.deaths {
			if d.signal == "" {
				answers[d.process] = false
			}
		}
	}
	return first, answers
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
