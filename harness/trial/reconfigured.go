package trial

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// reconfigured tells of nodes whose configuration somebody changed from outside between the states before and after.
type reconfigured struct {
	mu   sync.Mutex
	seen map[string]map[string]string // the configuration, by when and node
}

// keep remembers a node's configuration, where it is that what a state command shows.
func (r *reconfigured) keep(n *labNode, when string, s evidence.State) {
	shower, ok := drivers.As[drivers.ConfigShower](n.driver)
	if !ok || s.Command != shower.ConfigCommand() || s.Error != "" || s.Truncated || s.Rejected != "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]map[string]string{}
	}
	if r.seen[when] == nil {
		r.seen[when] = map[string]string{}
	}
	r.seen[when][n.Name] = s.Output
}

// record compares the configurations of before with those of after. That of a node that the scenario deals with may be another
// one by its doing, and what a process that died had configured is not shown any more.
func (r *reconfigured) record(l *Lab, rec *recorder) {
	l.devices(func(n *labNode) {
		r.mu.Lock()
		was, before := r.seen["before"][n.Name]
		is, after := r.seen["after"][n.Name]
		r.mu.Unlock()
		if !before || !after || n.anyDied() || l.dealsWith(n.Name) {
			return
		}
		if line := otherLine(was, is); line != "" {
			rec.event(evidence.Event{
				Kind: evidence.EventLab, Lane: n.Name, Outcome: evidence.Failed,
				Detail: fmt.Sprintf("the configuration of %s was changed (%s) between the stimulus and the end, and nothing of the scenario does that", n.Name, evidence.Bounded(line, mostGone)),
			})
		}
	})
}

// otherLine gives the first line that one of two configurations has more often than the other, with a sign; empty where none does.
// Ends of sections tell nothing.
func otherLine(was, is string) string {
	count := map[string]int{}
	lines := func(s string) []string {
		return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool {
			l = strings.TrimSpace(l)
			return l == "" || l == "exit" || strings.HasPrefix(l, "!")
		})
	}
	for _, l := range lines(was) {
		count[l]++
	}
	for _, l := range lines(is) {
		if count[l]--; count[l] < 0 {
			return "+ " + strings.TrimSpace(l)
		}
	}
	for _, l := range lines(was) {
		if count[l] > 0 {
			return "- " + strings.TrimSpace(l)
		}
	}
	return ""
}

// dealsWith reports whether a step of the scenario, or a condition that may do more than look, is for a node.
func (l *Lab) dealsWith(node string) bool {
	p := l.plan
	return slices.ContainsFunc(plan.Each(p.Stimulus, p.Workaround), func(s plan.Step) bool { return s.Step.Node == node && !s.LeftOut }) ||
		slices.ContainsFunc(slices.Concat(p.Baseline, p.Symptom, p.Expect), func(c plan.Check) bool {
			return c.Cond.Node == node && strings.Contains(c.Cond.Exec+c.Cond.Run, "conf")
		})
}

// anyDied reports whether a process of a node is known to have died.
func (n *labNode) anyDied() bool {
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	return len(n.told) > 0
}
