package draft

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// changedConfig makes a step of what the configuration of a node's latest capture has more, or less, than that
// of its earliest.
func (w *drafter) changedConfig(n *infer.Node) {
	before, from := w.config(n.Name, false)
	after, to := w.config(n.Name, true)
	if from == nil || before == after {
		return
	}
	switch {
	case n.Platform == "bird" && platform(n) == "bird" && from.cut+to.cut != "":
		w.unknown("%s: what changed in its configuration is not known: one of %s and %s is not whole", n.Name, w.at(from), w.at(to))
		return
	case n.Platform == "bird" && platform(n) == "bird":
		w.change(loaded(n.Name, before, after, w.at(from), w.at(to)))
		return
	case n.Platform != "frr" || platform(n) != "frr":
		w.otherLines(n, before, after, from, to)
		return
	}
	if dead := w.deaths(n.Name); len(dead) > 0 { // a daemon that is not there shows no configuration
		w.unknown("%s: what its configuration lost is not known: %s does not run in its latest capture", n.Name, dead[0].process)
		after = before + after
	}
	before, after = withCut(before, from.cut != "", after), withCut(after, to.cut != "", before)
	lines, added, removed := difference(before, after)
	if len(lines) == 0 {
		return
	}
	c := Change{Node: n.Name, From: w.at(to), difference: true, steps: []step{{Node: n.Name, Configure: lines}}}
	c.What = fmt.Sprintf("the configuration has %s more, and %s less, than in %s: %s", count(added, "line"), count(removed, "line"), w.at(from), strings.Join(lines, " / "))
	if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "router bgp") }) {
		for _, p := range n.BGP {
			if _, err := netip.ParseAddr(p.Address); err != nil {
				continue
			}
			c.soft = append(c.soft, step{Node: n.Name, Run: "clear bgp ipv4 unicast " + p.Address + " soft"})
		}
	}
	w.change(c)
}

// numbered is a line of a configuration, with the one that it stands below, and which it is.
type numbered struct {
	above, text string
	number      int
}

// numberedOf are the lines of a configuration of any platform, without remarks; the first is 0.
func numberedOf(text string) (list []numbered) {
	above, number := "", -1
	for raw := range strings.Lines(text) {
		number++
		trimmed := strings.TrimSpace(raw)
		if trimmed == "" || strings.HasPrefix(trimmed, "!") || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if raw[0] != ' ' && raw[0] != '\t' {
			above = trimmed
		}
		list = append(list, numbered{above, trimmed, number})
	}
	return list
}

// mostLines bounds the lines that are told of a difference, of each side.
const mostLines = 5

// otherLines tells which lines of two configurations of a platform that no lab is configured like are others, and makes a
// change of those that set an MTU.
func (w *drafter) otherLines(n *infer.Node, before, after string, from, to *answer) {
	less := func(of, other []numbered) (list []numbered) {
		has := map[numbered]bool{}
		for _, l := range other {
			has[numbered{l.above, l.text, 0}] = true
		}
		for _, l := range of {
			if !has[numbered{l.above, l.text, 0}] {
				list = append(list, l)
			}
		}
		return list
	}
	old, now := numberedOf(before), numberedOf(after)
	gone, came := less(old, now), less(now, old)
	for _, l := range came {
		name, is := mtuOf(l)
		i := slices.IndexFunc(gone, func(g numbered) bool { other, _ := mtuOf(g); return other == name })
		if name == "" || from.cut+to.cut != "" {
			continue
		}
		was, at := labMTU, ""
		if i >= 0 {
			_, was = mtuOf(gone[i])
			at = w.lineOf(from, gone[i].number)
		}
		w.resized(n, name, is, was, w.lineOf(to, l.number), at)
	}
	told := func(list []numbered, a *answer) string {
		var lines []string
		for _, l := range list[:min(len(list), mostLines)] {
			lines = append(lines, fmt.Sprintf("%s (%s)", short(l.text), w.lineOf(a, l.number)))
		}
		if len(list) > mostLines {
			lines = append(lines, fmt.Sprintf("and %d more", len(list)-mostLines))
		}
		return strings.Join(lines, " / ")
	}
	text := fmt.Sprintf("%s: its configuration is another in %s than in %s, and the lab has no step for all of that", n.Name, w.at(to), w.at(from))
	if len(came) > 0 {
		text += "; more: " + told(came, to)
	}
	if len(gone) > 0 {
		text += "; less: " + told(gone, from)
	}
	w.unknown("%s", text)
}

// mtuOf is the interface, or the VLAN, to which a line gives an MTU for IP, as Switch Engine and IOS write it; empty where
// it gives none.
func mtuOf(l numbered) (name string, mtu int) {
	if m := regexp.MustCompile(`^configure ip-mtu (\d+) vlan "?([^"\s]+)"?$`).FindStringSubmatch(l.text); m != nil {
		mtu, _ = strconv.Atoi(m[1])
		return m[2], mtu
	}
	m := regexp.MustCompile(`^(?:ip )?mtu (\d+)$`).FindStringSubmatch(l.text)
	if iface, ok := strings.CutPrefix(l.above, "interface "); m != nil && ok {
		mtu, _ = strconv.Atoi(m[1])
		return strings.TrimSpace(iface), mtu
	}
	return "", 0
}

// withCut is a configuration. One that was cut off has all that another has too: its last line may be half of one,
// and what it does not list may be there.
func withCut(text string, cut bool, other string) string {
	if !cut {
		return text
	}
	text = strings.TrimRight(text, "\n")
	return text[:max(strings.LastIndexByte(text, '\n'), 0)] + "\n" + other
}

// laterFile is where a BIRD has the configuration that its latest capture shows, until it is loaded.
const laterFile = "/etc/bird/later.conf"

// loaded is a BIRD that takes over another configuration, whole: its language has no lines that take others back.
func loaded(node, before, after, from, to string) Change {
	had, has := map[string]bool{}, map[string]bool{}
	for l := range strings.Lines(before) {
		had[strings.TrimSpace(l)] = true
	}
	var more []string
	for l := range strings.Lines(after) {
		l = strings.TrimSpace(l)
		if has[l] = true; !had[l] {
			more = append(more, l)
		}
	}
	less := 0
	for l := range had {
		if !has[l] {
			less++
		}
	}
	return Change{
		Node: node, From: to, later: after,
		What: fmt.Sprintf("the configuration has %s more, and %s less, than in %s: %s", count(len(more), "line"), count(less, "line"), from, strings.Join(more, " / ")),
		steps: []step{
			{Name: "put the later configuration in place", Node: node, Exec: "cp " + laterFile + " /etc/bird/bird.conf"},
			{Name: "have it loaded", Node: node, Run: "configure", MayFail: true},
		},
	}
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
// last word is written over where its kind has one value, and else taken out first.
func difference(before, after string) (lines []string, added, removed int) {
	key := func(l line) string { return strings.Join(l.path, "\x00") + "\x00\x00" + l.text }
	one := regexp.MustCompile(`^(?:hostname|description|default-metric|maximum-paths|is-type|metric-style|(?:ospf |bgp )?router-id|ip(?:v6)? ospf6? (?:cost|priority|hello-interval|dead-interval|retransmit-interval|mtu|network)|` +
		`isis (?:metric|priority|hello-interval|hello-multiplier|circuit-type)|neighbor \S+ (?:remote-as|timers|password|description|weight|maximum-prefix|ebgp-multihop|update-source|advertisement-interval|local-as)|` +
		`set (?:metric|local-preference|weight|origin|ip next-hop)|bandwidth|distance|timers bgp)\b`)
	stem := func(l line) string {
		i := len(l.text)
		if one.MatchString(l.text) {
			i = strings.LastIndexByte(l.text, ' ')
		}
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
	above := map[string]bool{} // lines that others stand below
	for _, l := range now {
		above[strings.Join(l.path, "\x00")] = true
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
		if below := append(slices.Clone(l.path), l.text); above[strings.Join(below, "\x00")] {
			at = below
		}
	}
	return lines, added, removed
}
