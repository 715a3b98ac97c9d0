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

// logRule is what a line of a log says was done.
type logRule struct {
	re    *regexp.Regexp
	what  string // for people; {name} are groups of the pattern
	again bool   // only when it comes once more, of the same process
	step  step   // its texts may have {name} too
	port  bool   // the group "port" is a port with a link
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
		{re: regexp.MustCompile(`NOTIFICATION: (?:sent to|received from) neighbor (?P<peer>[\d.]+) 6/4 `), what: "the session with {peer} was reset", step: step{Run: "clear bgp {peer}"}},
		{re: regexp.MustCompile(`\b(?P<process>\w+d) \d\S* starting: vty@`), what: "{process} was started again", again: true, step: step{Fault: "restart", Process: "{process}"}},
		{re: regexp.MustCompile(`<INFO> Started$`), what: "BIRD was started again", again: true, step: step{Fault: "restart", Process: "bird"}},
		{re: regexp.MustCompile(`kernel: .*\b(?P<port>\w+): (?:NIC )?[Ll]ink is [Dd]own`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Port (?P<port>[\d:]+) link down`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Link Down ?\((?P<port>\d+/\d+)\)`), what: "port {port} went down", port: true, step: down},
		{re: regexp.MustCompile(`Line protocol on Interface (?P<port>\S+), changed state to down`), what: "port {port} went down", port: true, step: down},
	}
}

// maxGap is the longest time between two lines of a log that a trial waits for.
const maxGap = 20 * time.Second

// changed finds what the files say was done or happened.
func (w *drafter) changed() {
	for _, n := range w.nodes() {
		w.changedConfig(n)
		w.changedLinks(n)
		w.typed(n)
		w.logged(n)
		w.levels(n)
	}
	slices.SortStableFunc(w.d.Changes, func(x, y Change) int { return int(min(max(x.at-y.at, -1), 1)) })
}

func (w *drafter) change(c Change) {
	same := func(x Change) bool { return slices.EqualFunc(x.steps, c.steps, sameStep) && x.at == c.at }
	if len(c.steps) > 0 && !slices.ContainsFunc(w.d.Changes, same) {
		w.d.Changes = append(w.d.Changes, c)
	}
}

func sameStep(x, y step) bool { return fmt.Sprint(x) == fmt.Sprint(y) }

// changedConfig makes a step of what the configuration of a node's latest capture has more, or less, than that
// of its earliest.
func (w *drafter) changedConfig(n *infer.Node) {
	before, from := w.config(n.Name, false)
	after, to := w.config(n.Name, true)
	if from == nil || before == after {
		return
	}
	if platform(n) != "frr" || n.Platform != "frr" {
		w.unknown("%s: its configuration is another in %s than in %s, and the lab has no step for that", n.Name, w.at(to), w.at(from))
		return
	}
	lines, added, removed := difference(before, after)
	if len(lines) == 0 {
		return
	}
	c := Change{Node: n.Name, From: w.at(to), steps: []step{{Node: n.Name, Configure: lines}}}
	c.What = fmt.Sprintf("the configuration has %s more, and %s less, than in %s: %s", count(added, "line"), count(removed, "line"), w.at(from), strings.Join(lines, " / "))
	if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "router bgp") }) {
		for _, p := range n.BGP {
			c.soft = append(c.soft, step{Node: n.Name, Run: "clear bgp ipv4 unicast " + p.Address + " soft"})
		}
	}
	w.change(c)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// line is one of a configuration, with those that it stands below.
type line struct {
	path []string
	text string
}

// linesOf reads a configuration whose stanzas are told by how far their lines are indented.
func linesOf(text string) (list []line) {
	type level struct {
		indent int
		text   string
	}
	var above []level
	for raw := range strings.Lines(text) {
		trimmed := strings.TrimSpace(raw)
		if trimmed == "" || strings.HasPrefix(trimmed, "!") || trimmed == "end" || strings.HasPrefix(trimmed, "exit") ||
			strings.HasPrefix(trimmed, "Building configuration") || strings.HasPrefix(trimmed, "Current configuration") || strings.HasPrefix(trimmed, "frr version") {
			continue
		}
		indent := len(raw) - len(strings.TrimLeft(raw, " \t"))
		for len(above) > 0 && above[len(above)-1].indent >= indent {
			above = above[:len(above)-1]
		}
		l := line{text: trimmed}
		for _, a := range above {
			l.path = append(l.path, a.text)
		}
		list = append(list, l)
		above = append(above, level{indent, trimmed})
	}
	return list
}

// difference is what makes one configuration the other, as lines to configure. A line that is there with another
// last word is not taken out first: it is written over.
func difference(before, after string) (lines []string, added, removed int) {
	key := func(l line) string { return strings.Join(l.path, "\x00") + "\x00\x00" + l.text }
	stem := func(l line) string {
		i := strings.LastIndexByte(l.text, ' ')
		return strings.Join(l.path, "\x00") + "\x00\x00" + l.text[:max(i, 0)]
	}
	old, now := linesOf(before), linesOf(after)
	had, has, written := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, l := range old {
		had[key(l)] = true
	}
	for _, l := range now {
		if has[key(l)] = true; !had[key(l)] {
			written[stem(l)] = true
		}
	}
	var at []string
	put := func(path []string, text string) {
		if !slices.Equal(at, path) {
			lines = append(lines, path...)
			at = path
		}
		lines = append(lines, text)
	}
	gone := ""
	for _, l := range old {
		if has[key(l)] {
			continue
		}
		removed++
		if gone != "" && len(l.path) > 0 && l.path[0] == gone || written[stem(l)] {
			continue // it goes with its stanza, or is written over
		}
		if len(l.path) == 0 {
			gone = l.text
		}
		if text, isNo := strings.CutPrefix(l.text, "no "); isNo {
			put(l.path, text)
		} else {
			put(l.path, "no "+l.text)
		}
	}
	at = nil
	for _, l := range now {
		if had[key(l)] {
			continue
		}
		added++
		put(l.path, l.text)
		if nested := slices.ContainsFunc(now, func(x line) bool { return len(x.path) > len(l.path) && x.path[len(l.path)] == l.text }); nested {
			at = append(slices.Clone(l.path), l.text)
		}
	}
	return lines, added, removed
}

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
			if now.mtu != was.mtu {
				w.change(Change{Node: n.Name, What: fmt.Sprintf("the MTU of %s is %d, and was %d", name, now.mtu, was.mtu), From: w.at(a), steps: []step{{Node: n.Name, Exec: fmt.Sprintf("ip link set %s mtu %d", name, now.mtu)}}})
			}
			if now.adminDown && !was.adminDown {
				w.change(Change{Node: n.Name, What: name + " was shut", From: w.at(a), steps: []step{{Node: n.Name, Exec: "ip link set " + name + " down"}}})
			}
			if now.downs > was.downs && !flapped[name] && n.Ports[name] != "" {
				flapped[name] = true
				took := 5 * time.Second
				if d := now.up.Sub(now.down).Round(time.Second); !now.up.IsZero() && d >= time.Second {
					took = min(d, maxGap)
				}
				w.flap(n.Name, n.Ports[name], fmt.Sprintf("%s went down, %s", name, count(now.downs-was.downs, "time")), w.at(a), took, now.down)
			}
		}
	}
}

// flap is a cable that was without a link for a time. Both of its ends tell of it: it is one change.
func (w *drafter) flap(node, port, what, from string, took time.Duration, at time.Time) {
	end := node + ":" + port
	for _, l := range w.net.Links {
		a, b := w.labEnd(l.A), w.labEnd(l.B)
		if a != end && b != end {
			continue
		}
		for i := range w.d.Changes {
			c := &w.d.Changes[i]
			if c.steps[0].Fault == "down" && (c.steps[0].Link == a || c.steps[0].Link == b) {
				c.What += "; " + node + ": " + what + " (" + from + ")"
				return
			}
		}
	}
	w.change(Change{Node: node, What: what, From: from, at: nanoseconds(at), steps: []step{{Link: end, Fault: "down", For: seconds(int(took.Seconds()))}}})
}

// labEnd is an end of a link as the lab calls it.
func (w *drafter) labEnd(e infer.Endpoint) string {
	if n := w.net.Of(e.Node); n != nil {
		return e.Node + ":" + n.Ports[e.Port]
	}
	return ""
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// changes reports whether a command that somebody typed changes something.
func changes(f []string) bool {
	if len(f) == 0 {
		return false
	}
	switch f[0] {
	case "ip", "bridge", "tc", "nft":
		return slices.ContainsFunc(f, func(w string) bool {
			return slices.Contains([]string{"add", "del", "delete", "set", "flush", "replace", "change", "insert"}, w)
		})
	case "show", "sh", "display", "ping", "traceroute", "exit", "end", "quit", "logout", "cat", "ls", "more", "uname", "terminal", "enable", "en", "debug", "date", "hostname", "tail", "grep", "head", "uptime", "dmesg", "journalctl", "birdc", "vtysh":
		return f[0] == "enable" && len(f) > 1
	}
	return true
}

// typed makes steps of what somebody typed between the captures of a session, at the prompt of a router or of its
// shell.
func (w *drafter) typed(n *infer.Node) {
	if n.Platform != platform(n) {
		return
	}
	var lines []string
	var from *answer
	flush := func() {
		if len(lines) > 0 {
			w.change(Change{Node: n.Name, What: "somebody typed " + strings.Join(lines, " / "), From: w.at(from), steps: []step{{Node: n.Name, Configure: lines}}})
		}
		lines, from = nil, nil
	}
	configuring := false
	for _, a := range w.answers[n.Name] {
		f := strings.Fields(a.typed)
		switch {
		case a.typed == "":
			flush()
			configuring = false
		case strings.HasPrefix("configure", f[0]) && len(f[0]) > 3:
			configuring = true
		case configuring:
			if from == nil {
				from = a
			}
			lines = append(lines, a.typed)
		case n.Platform == "frr" && f[0] == "clear", n.Platform == "bird" && slices.Contains([]string{"enable", "disable", "restart", "reload", "configure"}, f[0]):
			w.change(Change{Node: n.Name, What: "somebody typed " + a.typed, From: w.at(a), steps: []step{{Node: n.Name, Run: a.typed}}})
		case f[0] == "ip" || f[0] == "bridge" || f[0] == "nft" || f[0] == "tc" || f[0] == "ethtool" || f[0] == "sysctl":
			w.change(Change{Node: n.Name, What: "somebody typed " + a.typed, From: w.at(a), steps: []step{{Node: n.Name, Exec: a.typed}}})
		default:
			w.unknown("%s: somebody typed %s (%s): whether it matters is not known", n.Name, firstWord(a.typed), w.at(a))
		}
	}
	flush()
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
			s := e.rule.step
			if e.rule.port {
				if n.Ports[e.m["port"]] == "" {
					w.unknown("%s: %s (%s): no link of the lab is there", n.Name, what, from)
					continue
				}
				w.flap(n.Name, n.Ports[e.m["port"]], what, from, 5*time.Second, e.at)
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
			w.change(Change{Node: n.Name, What: what, From: from, at: nanoseconds(e.at), steps: []step{s}})
		}
	}
}

// levels finds an adjacency of IS-IS at a level that the configuration of the neighbour does not have: it had it
// when the adjacency came up (ISO/IEC 10589, 8.4.2).
func (w *drafter) levels(n *infer.Node) {
	list := w.listings(n.Name, ISIS)
	if len(list) < 2 {
		return
	}
	last := list[len(list)-1]
	for _, id := range slices.Sorted(maps.Keys(last.rows)) {
		r := last.rows[id]
		if !r.up || list[0].rows[id].up {
			continue
		}
		other := w.net.Of(w.across(n.Name, r.iface))
		if other == nil || platform(other) != "frr" {
			continue
		}
		text, from := w.config(other.Name, true)
		tag := regexp.MustCompile(`(?m)^router isis (\S+)`).FindStringSubmatch(text)
		is := regexp.MustCompile(`(?m)^ is-type (level-1|level-2-only)\s*$`).FindStringSubmatch(text)
		had := map[string]string{"1": "level-1", "2": "level-2-only"}[r.name]
		if tag == nil || is == nil || is[1] == had {
			continue
		}
		s, _ := w.sign(n, ISIS, id, r)
		s.look.Eventually = "60s"
		w.change(Change{
			Node: other.Name, From: w.at(last.answer),
			What: fmt.Sprintf("%s has an adjacency at %s, and the configuration of %s is %s (%s): it was %s a short time ago", n.Name, id, other.Name, is[1], w.at(from), had),
			steps: []step{
				{Node: other.Name, Configure: []string{"router isis " + tag[1], "is-type " + had}},
				{WaitFor: &s.look},
				{Node: other.Name, Configure: []string{"router isis " + tag[1], "is-type " + is[1]}},
			},
		})
	}
}

// across is the node at the other end of an interface.
func (w *drafter) across(node, iface string) string {
	for _, l := range w.net.Links {
		switch (infer.Endpoint{Node: node, Port: iface}) {
		case l.A:
			return l.B.Node
		case l.B:
			return l.A.Node
		}
	}
	return ""
}
