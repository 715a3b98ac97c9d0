package draft

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
)

// link is what a device says of an interface.
type link struct {
	mtu       int // 0 is not told
	line      int // of the answer, that tells it
	adminDown bool
	downs     int // how often it went down; -1 is not told
	down, up  time.Time
}

// labMTU is that of a lab's links.
const labMTU = 1500

// isLink reports whether a command shows interfaces, by the kernel or by FRR.
func isLink(f []string) bool {
	return len(f) > 2 && f[0] == "ip" && f[len(f)-1] == "show" && f[len(f)-2] == "link" || len(f) == 2 && f[0] == "show" && (f[1] == "interface" || f[1] == "interfaces")
}

// linksOf reads interfaces.
func linksOf(f []string, text string) map[string]link {
	list := map[string]link{}
	if f[0] == "ip" {
		re := regexp.MustCompile(`(?m)^\d+: ([^:@\s]+)[^<\n]*<([^>]*)> mtu (\d+)`)
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			mtu, _ := strconv.Atoi(text[m[6]:m[7]])
			list[text[m[2]:m[3]]] = link{mtu: mtu, line: strings.Count(text[:m[0]], "\n"), downs: -1, adminDown: !slices.Contains(strings.Split(text[m[4]:m[5]], ","), "UP")}
		}
		return list
	}
	// FRR's stanzas, and those of IOS and EOS, which have more bytes of an MTU and no counts.
	head := regexp.MustCompile(`(?m)^(?:Interface )?([A-Za-z][\w./:-]*) is (?:administratively )?(?:up|down)[, \r\n]`)
	flaps := regexp.MustCompile(`(?m)^\s+Link ups:\s+\d+\s+last: ([^\n]*)\n\s+Link downs:\s+(\d+)\s+last: ([^\n]*)`)
	size := regexp.MustCompile(`\bmtu (\d+)\b|\bMTU (\d+) bytes`)
	heads := head.FindAllStringSubmatchIndex(text, -1)
	for i, m := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		stanza, l := text[m[0]:end], link{}
		if at := size.FindStringSubmatchIndex(stanza); at != nil {
			l.mtu, _ = strconv.Atoi(strings.Trim(stanza[at[0]:at[1]], "MTUbytesmu "))
			l.line = strings.Count(text[:m[0]+at[0]], "\n")
		}
		if f := flaps.FindStringSubmatch(stanza); f != nil {
			l.downs, _ = strconv.Atoi(f[2])
			l.up, _ = time.Parse("2006/01/02 15:04:05.99", strings.TrimSpace(f[1])) // "(never)" is no time
			l.down, _ = time.Parse("2006/01/02 15:04:05.99", strings.TrimSpace(f[3]))
		}
		list[text[m[2]:m[3]]] = l
	}
	return list
}

// changedLinks finds another MTU, an interface that was shut and one that went down.
func (w *drafter) changedLinks(n *infer.Node) {
	own := n.Likeness == infer.Exact || n.Likeness == infer.Near // the lab has the names of its interfaces
	type told struct {
		link
		*answer
	}
	first := map[string]told{} // by the command and the interface
	flapped := map[string]bool{}
	for _, a := range w.answers[n.Name] {
		for _, name := range slices.Sorted(maps.Keys(a.links)) {
			now, k := a.links[name], fmt.Sprint(a.links[name].downs < 0, name)
			was, seen := first[k]
			if !seen {
				first[k] = told{now, a}
				continue
			}
			if was.mtu != 0 && now.mtu != 0 && was.mtu != now.mtu {
				w.resized(n, name, now.mtu, was.mtu, w.lineOf(a, now.line), w.lineOf(was.answer, was.link.line))
			}
			if !own {
				continue
			}
			if n.Ports[name] == "" && now.adminDown && !was.adminDown {
				w.unknown("%s: %s was shut (%s): no link of the lab is there", n.Name, name, w.at(a))
			}
			if now.adminDown && !was.adminDown && n.Ports[name] != "" {
				w.change(Change{Node: n.Name, What: name + " was shut", From: w.at(a), steps: []step{{Node: n.Name, Exec: "ip link set " + name + " down"}}})
			}
			if now.downs > was.downs && !flapped[name] && n.Ports[name] != "" {
				flapped[name] = true
				took := 5 * time.Second
				if d := now.up.Sub(now.down).Round(time.Second); !now.up.IsZero() && d >= time.Second {
					took = min(d, maxGap)
				}
				w.flap(n.Name, n.Ports[name], fmt.Sprintf("%s went down, %s", name, count(now.downs-was.downs, "time")), w.at(a), took, now.down, "")
			}
		}
	}
}

// resized is another MTU of an interface, at each of the lab's ports that it is at. The lab's links begin with an MTU of
// labMTU at both ends.
func (w *drafter) resized(n *infer.Node, name string, is, was int, to, from string) {
	ports := []string{name}
	for _, i := range n.Interfaces {
		if i.Name == name || i.Name == "vlan "+name {
			ports = append([]string{i.Name}, i.Ports...)
		}
	}
	what := fmt.Sprintf("the MTU of %s is %d, and was %d", name, is, was)
	if from != "" {
		what += " (" + from + ")"
	}
	c := Change{Node: n.Name, What: what, From: to}
	for _, port := range ports {
		if at := n.Ports[port]; at != "" {
			c.steps = append(c.steps, step{Node: n.Name, Exec: fmt.Sprintf("ip link set %s mtu %d", at, is)})
		}
	}
	switch {
	case len(c.steps) == 0:
		w.unknown("%s: %s (%s): no link of the lab is there", n.Name, what, to)
	case is == labMTU:
		w.unknown("%s: %s (%s): the lab's links have an MTU of %d at both ends, and it is no change there", n.Name, what, to, labMTU)
	default:
		w.change(c)
	}
}

// ended is an end of a link with the MTU that its device tells.
type ended struct {
	infer.Endpoint
	mtu   int
	where string
	again bool // an earlier capture has it too
}

// unequal finds links whose ends have different MTUs, where no capture shows how that came: of one end there is none from
// before. What is up stays so until the link goes down, so it does.
func (w *drafter) unequal() {
	for _, l := range w.net.Links {
		x, okX := w.endOf(l.A)
		y, okY := w.endOf(l.B)
		if !okX || !okY || x.mtu == y.mtu || x.again && y.again { // it was so when all was well
			continue
		}
		if x.mtu == labMTU {
			x, y = y, x
		}
		c := Change{Node: x.Node, From: x.where, What: fmt.Sprintf("the MTU of %s is %d, and of %s, the other end of its link, %d (%s)", x.Port, x.mtu, y, y.mtu, y.where)}
		for _, e := range []ended{x, y} {
			if e.mtu != labMTU {
				c.steps = append(c.steps, step{Node: e.Node, Exec: fmt.Sprintf("ip link set %s mtu %d", w.net.Of(e.Node).Ports[e.Port], e.mtu)})
			}
		}
		c.steps = append(c.steps, step{Link: w.labEnd(x.Endpoint), Fault: "down", For: seconds(5)})
		w.change(c)
	}
}

// endOf is an end of a link that keeps its name in the lab; ok is false where no capture tells its MTU, or two tell
// different ones, which are a change.
func (w *drafter) endOf(end infer.Endpoint) (e ended, ok bool) {
	n := w.net.Of(end.Node)
	if n == nil || n.Likeness != infer.Exact && n.Likeness != infer.Near || n.Ports[end.Port] == "" {
		return e, false
	}
	file := ""
	for _, a := range w.answers[n.Name] {
		now := a.links[end.Port].mtu
		switch {
		case now == 0:
		case e.mtu != 0 && e.mtu != now:
			return e, false
		default:
			e = ended{end, now, w.lineOf(a, a.links[end.Port].line), e.again || file != "" && file != w.files[a.part]}
			file = w.files[a.part]
		}
	}
	return e, e.mtu != 0
}

// lineOf is where a line of an answer stands, so many after its first.
func (w *drafter) lineOf(a *answer, line int) string {
	return fmt.Sprintf("%s:%d", w.files[a.part], a.line+line)
}

// flap is a cable that was without a link for a time. Both of its ends tell of it: it is one change.
func (w *drafter) flap(node, port, what, from string, took time.Duration, at time.Time, doubt string) {
	end := node + ":" + port
	for _, l := range w.net.Links {
		a, b := w.labEnd(l.A), w.labEnd(l.B)
		if a != end && b != end {
			continue
		}
		for i := range w.d.Changes {
			c := &w.d.Changes[i]
			if c.steps[0].Fault == "down" && (c.steps[0].Link == a || c.steps[0].Link == b) {
				c.doubt = sure(c.doubt, doubt)
				if c.Node != node && !strings.Contains(c.What, "; "+node+": ") {
					c.What += "; " + node + ": " + what + " (" + from + ")"
				}
				return
			}
		}
	}
	s := step{Link: end, Fault: "down", For: seconds(int(took.Seconds()))}
	if took == 0 {
		s.For = "" // it stays so
	}
	w.change(Change{Node: node, What: what, From: from, at: nanoseconds(at), doubt: doubt, steps: []step{s}})
}

// labEnd is an end of a link as the lab calls it.
func (w *drafter) labEnd(e infer.Endpoint) string {
	if n := w.net.Of(e.Node); n != nil {
		return e.Node + ":" + n.Ports[e.Port]
	}
	return ""
}
