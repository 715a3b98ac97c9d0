package draft

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
)

// Windows, in seconds of the lab's time. Hello and dead intervals are ten and forty by default (RFC 2328, C.3).
const (
	settles  = 90  // that the healthy state takes to come up
	breaks   = 60  // that the symptom takes to show, after what recovers has had its time: see recovery
	stays    = 10  // that it must stay
	passes   = 3   // that one must stay which comes at a moment, and may go by itself
	building = 10  // that a lab takes to build, and to be looked at
	leads    = 300 // from the begin of the lab's clock to the moment that matters
)

// most bounds hypotheses, and the conditions of one.
const (
	mostHypotheses = 12
	mostSymptoms   = 4
	mostVersions   = 2
	versionTrials  = 2 // of each side where two versions are held against each other: one may have been slow by chance
)

// hypotheses makes them, the likeliest first.
func (w *drafter) hypotheses() {
	if len(w.d.Broken) == 0 {
		return
	}
	absent := w.d.Broken[0].Why != "" // root leaves one sort
	var all []step
	var soft []step
	var reasons []string
	for _, c := range w.d.Changes {
		reasons = append(reasons, c.reason())
		soft = append(soft, c.soft...)
	}
	all = w.inOrder(w.d.Changes)
	if !absent && w.notable() {
		w.atThatTime()
		for i := range w.d.Hypotheses {
			w.accounts(&w.d.Hypotheses[i])
		}
	}
	w.upgrades()
	if absent && !slices.ContainsFunc(w.d.Changes, func(c Change) bool { return len(c.steps[0].Configure) > 0 }) {
		w.fromTheStart() // with another configuration it is another start
	}
	from := len(w.d.Hypotheses)
	if len(all) > 0 {
		w.add("changes", "What the files say was done, all of it in order", reasons, all)
	}
	if len(w.d.Changes) > 1 {
		for i, c := range w.d.Changes {
			if len(w.d.Hypotheses) >= mostHypotheses {
				w.left += len(w.d.Changes) - i
				break
			}
			w.add("change "+fmt.Sprint(i+1), "One of the changes alone: "+short(c.What), reasons[i:i+1], w.inOrder([]Change{c}))
		}
	}
	if len(soft) > 0 {
		w.add("changes and refresh", "What was done, and then the sessions send everything again",
			append(slices.Clone(reasons), "a changed policy of BGP takes effect when routes are sent again"), append(slices.Clone(all), soft...))
	}
	w.doubted(from)
	if !absent {
		w.guesses()
	}
	if w.left > 0 {
		w.unknown("%d more hypotheses are left out", w.left)
	}
	for i := range w.d.Hypotheses {
		h := &w.d.Hypotheses[i]
		h.Name = fmt.Sprintf("%02d-%s", i+1, h.Name)
		h.file.ID = "draft-" + h.Name
	}
}

// short is enough of a sentence for a title.
func short(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// inOrder are the steps of changes. Between two whose times are known, a trial waits as long as the log has
// between them, a second at least.
func (w *drafter) inOrder(list []Change) (steps []step) {
	last := int64(0)
	for _, c := range list {
		if last != 0 && c.at != 0 {
			gap := min(max(time.Duration(c.at-last).Round(time.Second), time.Second), maxGap)
			steps = append(steps, step{Hold: gap.String(), Why: fmt.Sprintf("the files have %s between the two, a trial at least 1s and at most %s", time.Duration(c.at-last).Round(time.Second), maxGap)})
		}
		last = cmp.Or(c.at, last)
		steps = append(steps, c.steps...)
	}
	return steps
}

// add adds a hypothesis that has a stimulus.
func (w *drafter) add(name, title string, reasons []string, steps []step) {
	h := w.hypothesis(name, title, reasons)
	h.file.Stimulus = append(slices.Clone(steps), w.arrived()...)
	if w.d.Broken[0].Why != "" {
		w.versions(h)
		return
	}
	without := &control{}
	for i := range h.file.Stimulus {
		without.Without = append(without.Without, fmt.Sprintf("stimulus.%d", i))
	}
	if w.d.Broken[0].Kind != Crash { // what died does not come back
		h.file.Stimulus = append(h.file.Stimulus, step{Hold: seconds(w.recovery()), Why: "what was only disturbed is back by then, and what goes unheard is lost"})
	}
	h.file.Control, h.Control = without, "the same without what is done"
	w.keep(h)
}

// keep takes a hypothesis, if none before it is the same, as long as there are not too many.
func (w *drafter) keep(h Hypothesis) {
	text := printed(h)
	switch {
	case w.printed[text]:
	case len(w.d.Hypotheses) >= mostHypotheses:
		w.left++
	default:
		w.printed[text] = true
		h.Name = slug(h.Name)
		w.d.Hypotheses = append(w.d.Hypotheses, h)
	}
}

// slug is a title as the name of a folder.
func slug(s string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(s), "-"), "-")
}

// hypothesis is one with baseline, symptom and lab, without a stimulus.
func (w *drafter) hypothesis(name, title string, reasons []string) Hypothesis {
	h := Hypothesis{Name: name, Title: title, Reasons: distinct(reasons), extra: map[string]string{}}
	suspects := w.suspects()
	h.file = scenarioFile{
		Reprise: "v1", Title: title, Labels: []string{"draft"}, Topology: labFile, Nodes: map[string]node{},
		Problem: problem{What: cmp.Or(w.d.Sentence, w.summary()), How: "Not claimed: drafted of files; " + strings.Join(reasons, "; ")},
		Trials:  trials{1, "redeploy"},
	}
	for _, n := range w.net.Nodes {
		if n.Image == "" {
			continue
		}
		x := node{Role: role(suspects, n.Name), Platform: platform(&n)}
		if n.Config != "" {
			x.Config = n.Name + ".conf"
		}
		if x.Platform == "keepalived" { // a program on a host
			x.Platform, x.Config, x.Services = "linux", "", []string{x.Platform}
			x.Files = map[string]string{"/etc/keepalived/keepalived.conf": n.Name + ".conf"}
		}
		for _, c := range w.d.Changes {
			if c.Node == n.Name && c.later != "" {
				file := w.beside(n.Name, "later")
				x.Files, h.extra[file] = map[string]string{laterFile: file}, c.later
			}
		}
		h.file.Nodes[n.Name] = x
		if x.Role == "dut" && h.file.Problem.Product.Platform == "" {
			h.file.Problem.Product = product{n.Platform, n.Version}
		}
	}
	h.file.Baseline, h.file.Symptom = w.baseline(), w.symptom()
	h.Seconds, h.Short, h.Said = building+w.recovery(), w.short, w.said
	h.Likeness = w.likeness()
	if b := w.d.Broken[0]; b.Why == "" && b.Kind != Crash {
		h.Seconds += w.showing(b)
	}
	return h
}

// beside is a file of a node beside its configuration, by a name that no other node's has.
func (w *drafter) beside(node, what string) string {
	name := node + "-" + what
	for slices.ContainsFunc(w.net.Nodes, func(n infer.Node) bool { return n.Name == name }) {
		name += "-"
	}
	return name + ".conf"
}

// likeness says which nodes of the lab are others than the customer's.
func (w *drafter) likeness() (list []string) {
	for _, n := range w.net.Nodes {
		sent := strings.TrimSpace(n.Platform + " " + n.Version)
		switch n.Likeness {
		case infer.Exact:
		case infer.Near:
			list = append(list, fmt.Sprintf("%s stands for the %s of %s", n.Image, sent, n.Name))
		case infer.Substitute:
			list = append(list, fmt.Sprintf("%s stands for %s, which is %s: other software", n.Image, n.Name, cmp.Or(sent, "not known")))
		default:
			list = append(list, n.Name+" is not in the lab")
		}
	}
	return list
}

// summary is what is broken, in a sentence.
func (w *drafter) summary() string {
	var list []string
	for _, s := range w.d.Broken[:min(len(w.d.Broken), mostSymptoms)] {
		list = append(list, fmt.Sprintf("%s: %s is %s", s.Node, s.What, cmp.Or(s.Is, "not there")))
	}
	return strings.Join(list, "; ")
}

// suspects are the nodes that may be at fault, the likeliest first.
func (w *drafter) suspects() (list []string) {
	for _, s := range w.d.Broken {
		list = append(list, s.suspect...)
	}
	for _, c := range w.d.Changes {
		list = append(list, c.Node)
	}
	return distinct(list)
}

func distinct(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// baseline is what the lab must show first: the neighbours of the earliest capture, and the prefixes and routes
// that are lost. Of a daemon that died it is that it runs; of a session that never was, that its ends reach each
// other; of a metric, that the route is there.
func (w *drafter) baseline() (list []condition) {
	for _, s := range w.d.Healthy {
		lost := slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.Node == s.Node && b.Kind == s.Kind && b.id == s.id })
		if s.Kind == Prefix || s.Kind == Route {
			if !lost {
				continue
			}
		}
		c := s.look
		c.Eventually = seconds(settles)
		list = append(list, c)
	}
	for _, s := range w.d.Broken {
		if s.Kind == Crash {
			list = append(list, condition{Name: s.id + " of " + s.Node + " runs", Node: s.Node, Exec: "pidof " + s.id, Expect: `trim(text) != ""`, Eventually: seconds(settles)})
		}
		if w.claimed { // that it was healthy is the customer's word
			c := s.look
			c.Eventually = seconds(settles)
			list = append(list, c)
		}
		if s.Kind == Metric { // it was announced before it was given another metric
			c := *s.peer
			c.Eventually = seconds(settles)
			list = append(list, c)
		}
		if a, err := netip.ParseAddr(s.id); err == nil && (s.Kind == BGP || s.Kind == OSPF) && s.Why != "" {
			list = append(list, condition{Name: s.Node + " reaches " + s.id, Node: s.Node, Reach: &reach{a.String()}, Eventually: seconds(settles)})
		}
	}
	return list
}

// symptom is what is broken, stricter where the files tell the state that it is in.
func (w *drafter) symptom() (list []condition) {
	seen := map[string]bool{}
	add := func(c condition) {
		if k := fmt.Sprint(c.Node, c.Run, c.Exec, c.Reach, c.Expect); !seen[k] {
			seen[k] = true
			list = append(list, c)
		}
	}
	for _, s := range w.d.Broken[:min(len(w.d.Broken), mostSymptoms)] {
		c := s.look
		switch {
		case s.Why != "":
			c.Name, c.Never, c.MayHoldBefore = s.Node+" never has "+s.What, seconds(w.recovery()), true
			add(c)
		case s.Kind == Crash:
			c.Eventually = seconds(w.recovery())
			add(c)
		case s.Kind == VRRP && s.happens.Log == "":
			c.Name, c.Expect, c.Within, c.Consistently = fmt.Sprintf("%s is %s in %s", s.Node, s.Is, s.What), s.stuck, seconds(breaks), seconds(stays)
			add(c)
		case s.happens.Log != "":
			c = s.happens
			c.Eventually = seconds(breaks)
			add(c)
		case c.Reach != nil:
			c.Name, c.Never, c.AfterFalse = s.Node+" has lost "+cmp.Or(s.what, s.What), seconds(stays), true
			add(c)
		default:
			c.Name, c.Within, c.Consistently = s.Node+" has lost "+s.What, seconds(breaks), seconds(stays)
			if c.Expect = "not (" + s.look.Expect + ")"; s.stuck != "" {
				c.Name, c.Expect = s.Node+" is stuck: "+s.What+" is "+s.Is, s.stuck
			}
			add(c)
		}
		if s.seen != nil {
			add(w.shows(s))
		}
		if s.peer != nil {
			p := *s.peer
			p.Name, p.Within, p.Consistently, p.MayHoldBefore = p.Name+" all the while", "5s", seconds(w.recovery()), true
			add(p)
		}
	}
	for _, s := range w.besides() {
		s.look.Name, s.look.Within, s.look.Consistently, s.look.MayHoldBefore = s.look.Name+" still", seconds(breaks), seconds(stays), true
		add(s.look)
	}
	for _, n := range w.nodes() { // what came in the place of what is lost
		if len(w.d.Broken) == 0 || w.d.Broken[0].Kind != Prefix || w.d.Broken[0].Why != "" || w.d.Broken[0].Node != n.Name {
			continue
		}
		for _, s := range w.gained(n, Prefix) {
			c := s.look
			c.Within, c.Consistently = seconds(breaks), seconds(stays)
			add(c)
		}
	}
	return list
}

// shows is the state of a sign as part of a symptom.
func (w *drafter) shows(s Sign) condition {
	c := *s.seen
	c.Eventually, c.MayHoldBefore = seconds(w.showing(s)), s.Why != ""
	return c
}

// showing is the time in seconds in which a state has to be seen once: a session of BGP goes from state to state by its
// timers.
func (w *drafter) showing(s Sign) int {
	if s.Kind == BGP {
		return max(breaks, w.recovery())
	}
	return breaks
}

// gained is what a node's latest capture has of a kind, and its earliest has not.
func (w *drafter) gained(n *infer.Node, kind Kind) (signs []Sign) {
	list := w.listings(n.Name, kind)
	if len(list) < 2 {
		return nil
	}
	last := list[len(list)-1]
	for _, id := range slices.Sorted(maps.Keys(last.rows)) {
		if !last.rows[id].up || list[0].rows[id].up || list[0].silent(id) {
			continue
		}
		if s, ok := w.sign(n, kind, id, last.rows[id]); ok && w.inLab(n, kind, id, last.rows[id]) {
			signs = append(signs, s)
		}
	}
	return signs
}

// arrived waits, after what is done, for the neighbours that only the latest captures have.
func (w *drafter) arrived() (steps []step) {
	for _, n := range w.nodes() {
		for _, kind := range []Kind{OSPF, BGP} {
			for _, s := range w.gained(n, kind) {
				c := s.look
				c.Eventually = seconds(settles)
				steps = append(steps, step{WaitFor: &c})
			}
		}
	}
	return steps
}
