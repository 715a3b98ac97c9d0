package trial

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// meddling tells what somebody from outside did to a node while the symptom was looked at: what no
// daemon does by itself, and no command of the scenario may have done. What a node sets within itself is the
// node's own otherwise, and no change of the lab's; so is what a condition looks at, which may be the failure itself.
type meddling struct {
	lab *Lab
	rec *recorder

	looking sync.WaitGroup
	mu      sync.Mutex
	was     map[string]nodeState // by node, as the stimulus left it
}

// stateOf is a script that prints what a node's kernel has, in the forms of proc(5): flags of interfaces, addresses, and
// what stands still.
const stateOf = `for f in /sys/class/net/*/flags; do
	f=${f%/flags}
	{ read -r x <"$f/flags" && read -r m <"$f/mtu"; } 2>/dev/null && echo "link ${f##*/} $x $m"
done
for p in /proc/[0-9]*; do
	{ read -r s <"$p/stat"; } 2>/dev/null || continue
	case ${s##*) } in T*) { read -r c <"$p/comm"; } 2>/dev/null && echo "halted ${p#/proc/} $c";; esac
done
grep -B 1 "/32 host LOCAL" /proc/net/fib_trie
true
`

// lookTimeout bounds one look at a node's state.
const lookTimeout = 5 * time.Second

// nodeState is what a node's kernel has.
type nodeState struct {
	up        map[string]bool // whether an interface is, of those that are there
	mtu       map[string]string
	addresses map[string]bool // of IPv4
	halted    map[string]string
}

// parseState reads what [stateOf] prints.
func parseState(out string) nodeState {
	s := nodeState{up: map[string]bool{}, mtu: map[string]string{}, addresses: map[string]bool{}, halted: map[string]string{}}
	leaf := ""
	for line := range strings.Lines(out) {
		w := strings.Fields(line)
		switch {
		case len(w) == 4 && w[0] == "link":
			flags, err := strconv.ParseUint(w[2], 0, 32)
			s.up[w[1]], s.mtu[w[1]] = err == nil && flags&1 != 0, w[3] // IFF_UP
		case len(w) >= 3 && w[0] == "halted":
			s.halted[w[1]] = strings.Join(w[2:], " ")
		case len(w) == 2 && w[0] == "|--":
			leaf = w[1]
		case len(w) == 3 && w[0] == "/32" && w[1] == "host" && w[2] == "LOCAL":
			s.addresses[leaf] = true
		}
	}
	return s
}

// begin remembers how the stimulus left the nodes. It does not wait for their answers: the symptom is looked at meanwhile.
func (m *meddling) begin(ctx context.Context) {
	m.looking.Go(func() {
		m.lab.devices(func(n *labNode) {
			if s, ok := m.look(ctx, n); ok {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.was[n.Name] = s
			}
		})
	})
}

// end looks again, and records what was done meanwhile.
func (m *meddling) end(ctx context.Context) {
	m.looking.Wait()
	m.lab.devices(func(n *labNode) {
		m.mu.Lock()
		was, known := m.was[n.Name]
		m.mu.Unlock()
		if !known {
			return
		}
		if now, ok := m.look(ctx, n); ok {
			if what := m.done(n, was, now); what != "" {
				m.rec.event(evidence.Event{
					Kind: evidence.EventLab, Lane: n.Name, Outcome: evidence.Failed,
					Detail: what + " while the symptom was looked at, and nothing of the scenario does that",
				})
			}
		}
	})
}

// look asks a node for its state; of what is no process of this machine nothing is known.
func (m *meddling) look(ctx context.Context, n *labNode) (nodeState, bool) {
	if n.target.Host == nil || n.target.Access != nil || ctx.Err() != nil {
		return nodeState{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var out bytes.Buffer
	exit, err := n.target.Host.Exec(ctx, []string{"sh", "-c", stateOf}, nil, &out, nil)
	return parseState(out.String()), err == nil && exit == 0
}

// done tells what is otherwise than it was, and by whose hand nobody knows; empty where there is nothing of the kind.
func (m *meddling) done(n *labNode, was, now nodeState) string {
	for pid, name := range now.halted {
		if _, before := was.halted[pid]; !before && !m.mayHave(n, halts) {
			return fmt.Sprintf("%s (process %s) of %s was stopped by a signal", name, pid, n.Name)
		}
	}
	if m.faulted(n) {
		return ""
	}
	for _, iface := range slices.Sorted(maps.Keys(was.up)) {
		up, there := now.up[iface]
		if !there || !m.lab.cabled(n.Name, iface) {
			continue // that a cable went is for the lab to tell
		}
		if was.up[iface] && !up && !m.mayHave(n, shuts) {
			return fmt.Sprintf("%s of %s was shut down", iface, n.Name)
		}
		if is := now.mtu[iface]; is != was.mtu[iface] && !m.mayHave(n, sizes) {
			return fmt.Sprintf("%s of %s was given the MTU %s", iface, n.Name, is)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(was.addresses)) {
		if !now.addresses[a] && len(n.Services) == 0 && !m.mayHave(n, moves) {
			return fmt.Sprintf("the address %s was taken from %s", a, n.Name)
		}
	}
	return ""
}

// Commands that may have done what is asked about.
var (
	halts = regexp.MustCompile(`\b(?:SIG)?(?:STOP|TSTP)\b|kill\b.*\b(?:19|20)\b|\b(?:gdb|strace)\b`)
	shuts = regexp.MustCompile(`\b(?:down|shutdown|ifdown|off|disable|del|delete|ifreload|netplan|reboot)\b`)
	sizes = regexp.MustCompile(shuts.String() + `|\bmtu\b|\badd-port\b|\bmaster\b`)
	moves = regexp.MustCompile(shuts.String() + `|\b(?:flush|no|replace|change|dhclient|udhcpc|dhcpcd|master|netns)\b`)
)

// Looks that show it: of a node's ports, and of its processes.
var (
	ports  = regexp.MustCompile(`\bip\b.*\b(?:l|li|link|a|addr|address)\b|\b(?:ifconfig|ethtool|interfaces?)\b|/sys/class/net`)
	states = regexp.MustCompile(`\bps\b|/proc/`)
)

// mayHave reports whether a command that the scenario gives a node may have done something, or cannot be read.
func (m *meddling) mayHave(n *labNode, done *regexp.Regexp) bool {
	p := m.lab.plan
	commands := p.CommandsFor(n.Name)
	shown := ports
	if done == halts {
		shown = states
	}
	for _, c := range slices.Concat(p.Baseline, p.Symptom, p.Expect) {
		look := c.Cond.Exec + c.Cond.Run
		if commands = append(commands, look); shown.MatchString(look) {
			return true
		}
	}
	if slices.ContainsFunc(commands, done.MatchString) {
		return true
	}
	reader, ok := drivers.As[drivers.ScriptReader](n.driver)
	return ok && slices.ContainsFunc(plan.Each(p.Stimulus), func(s plan.Step) bool {
		sends := s.Action().Effect()
		return s.Step.Node == n.Name && !s.LeftOut && sends.Channel == scenarios.Shell && slices.ContainsFunc(sends.Lines, reader.Unread)
	})
}

// faulted reports whether a fault of the scenario acts on a node, or on a link of it.
func (m *meddling) faulted(n *labNode) bool {
	return slices.ContainsFunc(plan.Each(m.lab.plan.Stimulus), func(s plan.Step) bool {
		if s.Step.Fault == "" || s.LeftOut {
			return false
		}
		if s.Step.Node == n.Name {
			return true
		}
		node, iface, _ := strings.Cut(s.Step.Link, ":")
		link, ok := m.lab.plan.Topology.Link(node, iface)
		return ok && (link.A.Node == n.Name || link.B.Node == n.Name)
	})
}

// cabled reports whether an interface of a node is the end of a cable.
func (l *Lab) cabled(node, iface string) bool {
	_, ok := l.plan.Topology.Link(node, iface)
	return ok
}
