package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/logs"
)

// audit is what somebody did at once, by a daemon's log of commands: FRR's "log commands".
type audit struct {
	configure []string
	run       string
	at        time.Time
	line      int
}

// same reports whether another is the same, as two logs have it.
func (x audit) same(y audit) bool {
	return y.at.Equal(x.at) && y.run == x.run && slices.Equal(y.configure, x.configure)
}

// auditor reads the lines of one log.
type auditor struct {
	prompt *regexp.Regexp
	done   []audit
	open   bool // the last of them may go on
}

func newAuditor() *auditor {
	return &auditor{prompt: regexp.MustCompile(`\bvty\[\d+\]@(?:\((config[\w-]*)\))?([#>]) *(\S.*)$`)}
}

// take reads a line that begins so many lines after the log. What comes before a daemon has read its
// configuration is that, and nothing that was done.
func (u *auditor) take(l *logs.Line, at int) {
	if strings.Contains(l.Raw, "Configuration Read in Took") {
		u.done, u.open = nil, false
		return
	}
	m := u.prompt.FindStringSubmatch(l.Raw)
	if m == nil {
		return
	}
	command := strings.TrimSpace(m[3])
	switch {
	case m[1] == "" && strings.HasPrefix(command, "clear "):
		u.done, u.open = append(u.done, audit{run: command, at: l.Time, line: at}), false
	case m[1] == "" || command == "end":
		u.open = false
	case strings.HasPrefix(command, "exit") || strings.HasPrefix(command, "XFRR_"):
	case u.open:
		last := &u.done[len(u.done)-1]
		last.configure = append(last.configure, command)
	default:
		u.done, u.open = append(u.done, audit{configure: []string{command}, at: l.Time, line: at}), true
	}
}

// audited makes steps of what logs of commands say was done. Every daemon that a line concerns logs it: what one
// has is left out where another has it and more.
func (w *drafter) audited(n *infer.Node) {
	type one struct {
		audit
		doubt, from string
	}
	var all []one
	for _, a := range w.answers[n.Name] {
		for _, x := range a.audits {
			old, doubt := w.before(n, a, x.at, func(b *answer) bool { return slices.ContainsFunc(b.audits, x.same) })
			if old {
				continue
			}
			all = append(all, one{x, doubt, fmt.Sprintf("%s:%d", w.files[a.part], x.line)})
		}
	}
	for i, x := range all {
		within := slices.ContainsFunc(all, func(y one) bool {
			return len(y.configure) > len(x.configure) && y.at.Sub(x.at).Abs() <= time.Second && contains(y.configure, x.configure)
		})
		again := slices.ContainsFunc(all[:i], func(y one) bool { return x.same(y.audit) })
		switch {
		case within, again:
		case n.Platform != platform(n):
			w.unknown("%s: somebody typed %s (%s): the lab has no step for that", n.Name, firstWord(x.run+strings.Join(x.configure, " ")), x.from)
		case x.run != "":
			w.change(Change{Node: n.Name, What: "somebody typed " + x.run, From: x.from, at: nanoseconds(x.at), doubt: x.doubt, steps: []step{{Node: n.Name, Run: x.run}}})
		default:
			w.change(Change{Node: n.Name, What: "somebody typed " + strings.Join(x.configure, " / "), From: x.from, at: nanoseconds(x.at), doubt: x.doubt, steps: []step{{Node: n.Name, Configure: x.configure}}})
		}
	}
}

// contains reports whether all lines of a part are in the whole.
func contains(whole, part []string) bool {
	return !slices.ContainsFunc(part, func(l string) bool { return !slices.Contains(whole, l) })
}

// told leaves out the difference of two configurations where it is told by what was typed: that has an order
// and a time.
func (w *drafter) told() {
	w.d.Changes = slices.DeleteFunc(w.d.Changes, func(c Change) bool {
		if !c.difference {
			return false
		}
		var typed []string
		for i := range w.d.Changes {
			x := &w.d.Changes[i]
			if x.Node != c.Node || x.difference {
				continue
			}
			for _, s := range x.steps {
				typed = append(typed, s.Configure...)
				if len(s.Configure) > 0 && contains(c.steps[0].Configure, s.Configure) {
					x.doubt = "" // the configuration of the healthy capture does not have it
				}
			}
		}
		return contains(typed, c.steps[0].Configure)
	})
}
