package draft

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
)

// maxGap is the longest time between two lines of a log that a trial waits for.
const maxGap = 20 * time.Second

// changed finds what the files say was done or happened.
func (w *drafter) changed() {
	for _, n := range w.nodes() {
		w.changedConfig(n)
		w.changedLinks(n)
		w.typed(n)
		w.audited(n)
		w.logged(n)
		w.levels(n)
	}
	w.unequal()
	w.told()
	slices.SortStableFunc(w.d.Changes, func(x, y Change) int { return int(min(max(x.at-y.at, -1), 1)) })
}

// change keeps a change, once. What a file says was typed is somebody else's text: only what is plain words is ever
// given to a lab's shell or command line.
func (w *drafter) change(c Change) {
	for _, s := range c.steps {
		if !isPlain(s.Exec) || !isPlain(s.Run) || !isPlain(s.Process) || !isPlain(s.Link) {
			w.unknown("%s: %s (%s): it is more than plain words, and is not repeated", c.Node, short(c.What), c.From)
			return
		}
	}
	key := fmt.Sprintf("%+v %d", c.steps, c.at)
	switch i, had := w.done[key]; {
	case len(c.steps) == 0:
	case had:
		w.d.Changes[i].doubt = sure(w.d.Changes[i].doubt, c.doubt)
	default:
		w.done[key] = len(w.d.Changes)
		w.d.Changes = append(w.d.Changes, c)
	}
}

// isPlain reports whether a text has nothing that a shell, or an expression, takes for more than a word.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(" ./:,@%+_-*", r)
	})
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
	case "show", "sh", "display", "ping", "traceroute", "exit", "end", "quit", "logout", "cat", "ls", "more", "uname", "terminal", "enable", "en", "debug", "date", "hostname", "tail", "grep", "head", "uptime", "dmesg", "journalctl", "birdc", "vtysh", "ps", "ss", "keepalived":
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
		case f[0] == "end":
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
		if !r.up || list[0].rows[id].up || list[0].silent(id) {
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
