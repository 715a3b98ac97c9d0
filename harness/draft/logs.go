package draft

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
)

// logRule is what a line of a log says was done.
type logRule struct {
	re    *regexp.Regexp
	what  string // for people; {name} are groups of the pattern
	again bool   // only when it comes once more, of the same process
	step  step   // its texts may have {name} too
	port  bool   // the group "port" is a port with a link, or "peer" an address at the other end of one
}

// logRules are the lines that are read. Those of FRR, BIRD and the kernel are as the programs write them; those of
// Switch Engine, Fabric Engine and IOS after their documents.
func logRules() []logRule {
	down := step{Fault: "down", For: "5s"}
	return []logRule{
		{re: regexp.MustCompile(`Enabled administrative shutdown on BGP instance AS (?P<as>\d+)`), what: "BGP was shut down", step: step{Configure: []string{"router bgp {as}", "bgp shutdown"}}},
		{re: regexp.MustCompile(`Disabled administrative shutdown on BGP instance AS (?P<as>\d+)`), what: "the shutdown of BGP was taken back", step: step{Configure: []string{"router bgp {as}", "no bgp shutdown"}}},
		{re: regexp.MustCompile(`<INFO> Enabling protocol (?P<name>[\w-]+)`), what: "protocol {name} was enabled", step: step{Run: "enable {name}"}},
		{re: regexp.MustCompile(`<INFO> Disabling protocol (?P<name>[\w-]+)`), what: "protocol {name} was disabled", step: step{Run: "disable {name}"}},
		{re: regexp.MustCompile(`<INFO> Restarting protocol (?P<name>[\w-]+)`), what: "protocol {name} was restarted", step: step{Run: "restart {name}"}},
		{re: regexp.MustCompile(`NOTIFICATION(?:\([^)]*\))?: sent to neighbor (?P<peer>[\d.]+) 6/4 `), what: "the session with {peer} was reset", step: step{Run: "clear bgp {peer}"}},
		{re: regexp.MustCompile(`ADJCHANGE: neighbor (?P<peer>[\d.]+)\S* in vrf \S+ Down Interface down`), what: "the port towards {peer} went down", port: true, step: down},
		{re: regexp.MustCompile(`\b(?P<process>\w+d) \d\S* starting: vty@`), what: "{process} was started again", again: true, step: step{Fault: "restart", Process: "{process}"}},
		{re: regexp.MustCompile(`kernel: .*Linux version \d`), what: "the machine was started again", again: true, step: step{Fault: "restart"}},
		{re: regexp.MustCompile(`<INFO> Started$`), what: "BIRD was started again", again: true, step: step{Fault: "restart", Process: "bird"}},
		{re: regexp.MustCompile(`kernel: .*\b(?P<port>\w+): (?:NIC )?[Ll]ink is [Dd]own`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Port (?P<port>[\d:]+) link down`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Link Down ?\((?P<port>\d+/\d+)\)`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Line protocol on Interface (?P<port>\S+), changed state to down`), what: "port {port} went down", port: true, step: down},
	}
}

// gone reports whether what was at a port of the lab is gone from it in the latest capture: a port that went down did
// not come back.
func (w *drafter) gone(n *infer.Node, port string) bool {
	return slices.ContainsFunc(w.d.Broken, func(s Sign) bool {
		f := strings.Fields(s.id)
		return s.Node == n.Name && (s.Kind == LAG || s.Kind == LLDP) && len(f) > 1 && n.Ports[f[1]] == port
	})
}

// logged makes steps of what logs say was done.
func (w *drafter) logged(n *infer.Node) {
	for _, a := range w.answers[n.Name] {
		for _, e := range a.events {
			fill := func(s string) string {
				for name, value := range e.m {
					s = strings.ReplaceAll(s, "{"+name+"}", value)
				}
				return s
			}
			what, from := fill(e.rule.what), fmt.Sprintf("%s:%d", w.files[a.part], e.line)
			old, doubt := w.before(n, a, e.at, func(x *answer) bool {
				return slices.ContainsFunc(x.events, func(y event) bool {
					return y.rule == e.rule && y.at.Equal(e.at) && maps.Equal(y.m, e.m)
				})
			})
			if old {
				continue
			}
			s := e.rule.step
			if e.rule.port {
				port := cmp.Or(n.Ports[e.m["port"]], w.portTowards(n, e.m["peer"]))
				if port == "" {
					w.unknown("%s: %s (%s): no link of the lab is there", n.Name, what, from)
					continue
				}
				took := 5 * time.Second
				if w.gone(n, port) {
					took = 0
				}
				w.flap(n.Name, port, what, from, took, e.at, doubt)
				continue
			}
			if n.Platform != platform(n) {
				w.unknown("%s: %s (%s): the lab has no step for that", n.Name, what, from)
				continue
			}
			s.Node, s.Run, s.Process = n.Name, fill(s.Run), fill(s.Process)
			s.Configure = nil
			for _, l := range e.rule.step.Configure {
				s.Configure = append(s.Configure, fill(l))
			}
			w.change(Change{Node: n.Name, What: what, From: from, at: nanoseconds(e.at), doubt: doubt, steps: []step{s}})
		}
	}
}

// portTowards is the lab's name of the port at which the owner of an address is.
func (w *drafter) portTowards(n *infer.Node, address string) string {
	other := w.owner(address)
	for _, l := range w.net.Links {
		switch {
		case l.A.Node == n.Name && l.B.Node == other:
			return n.Ports[l.A.Port]
		case l.B.Node == n.Name && l.A.Node == other:
			return n.Ports[l.B.Port]
		}
	}
	return ""
}
