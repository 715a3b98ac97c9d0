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
	mtu       int
	adminDown bool
	downs     int // how often it went down; -1 is not told
	down, up  time.Time
}

// isLink reports whether a command shows interfaces, by the kernel or by FRR.
func isLink(f []string) bool {
	return len(f) > 2 && f[0] == "ip" && f[len(f)-1] == "show" && f[len(f)-2] == "link" || len(f) == 2 && f[0] == "show" && f[1] == "interface"
}

// linksOf reads interfaces.
func linksOf(f []string, text string) map[string]link {
	list := map[string]link{}
	if f[0] == "ip" {
		re := regexp.MustCompile(`(?m)^\d+: ([^:@\s]+)[^<\n]*<([^>]*)> mtu (\d+)`)
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			mtu, _ := strconv.Atoi(m[3])
			list[m[1]] = link{mtu: mtu, downs: -1, adminDown: !slices.Contains(strings.Split(m[2], ","), "UP")}
		}
		return list
	}
	re := regexp.MustCompile(`(?m)^Interface (\S+) is [^\n]*\n\s+Link ups:\s+\d+\s+last: ([^\n]*)\n\s+Link downs:\s+(\d+)\s+last: ([^\n]*)`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		downs, _ := strconv.Atoi(m[3])
		l := link{downs: downs}
		l.up, _ = time.Parse("2006/01/02 15:04:05.99", strings.TrimSpace(m[2])) // "(never)" is no time
		l.down, _ = time.Parse("2006/01/02 15:04:05.99", strings.TrimSpace(m[4]))
		list[m[1]] = l
	}
	return list
}

// changedLinks finds another MTU, an interface that was shut and one that went down.
func (w *drafter) changedLinks(n *infer.Node) {
	if n.Likeness != infer.Exact && n.Likeness != infer.Near {
		return // the names of its interfaces are others in the lab
	}
	first := map[string]link{} // by the command and the interface
	flapped := map[string]bool{}
	for _, a := range w.answers[n.Name] {
		for _, name := range slices.Sorted(maps.Keys(a.links)) {
			now, k := a.links[name], fmt.Sprint(a.links[name].downs < 0, name)
			was, seen := first[k]
			if !seen {
				first[k] = now
				continue
			}
			if n.Ports[name] == "" && (now.mtu != was.mtu || now.adminDown && !was.adminDown) {
				w.unknown("%s: %s was shut, or has another MTU (%s): no link of the lab is there", n.Name, name, w.at(a))
			}
			if now.mtu != was.mtu && n.Ports[name] != "" {
				w.change(Change{Node: n.Name, What: fmt.Sprintf("the MTU of %s is %d, and was %d", name, now.mtu, was.mtu), From: w.at(a), steps: []step{{Node: n.Name, Exec: fmt.Sprintf("ip link set %s mtu %d", name, now.mtu)}}})
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
