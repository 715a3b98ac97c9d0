package trial

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/docker/go-units"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// meddling tells what somebody from outside did to a node while the symptom was looked at, and before that since the lab was up: what
// no software of a node does by itself, and no command of the scenario may have done. What a condition of the node looks at may be the
// failure itself. A port that went down and an address that went are noted and decide nothing where a program runs that nobody knows.
// Of the time before, what a node does as it comes up is not told from what somebody does, so that less is asked; nor is more than what
// stands still of a node of which a step may change anything.
type meddling struct {
	lab   *Lab
	rec   *recorder
	since time.Time // from when on processes that ended count

	up, held, begun *sight // when the lab was, when the baseline did, and when the stimulus was over; nil until then
}

// sight is how nodes were at a moment.
type sight struct {
	looking sync.WaitGroup
	mu      sync.Mutex
	was     map[string]nodeState // by node
	unseen  map[string]error     // why a node was not looked at
}

// of is how a node was, when all have answered.
func (s *sight) of(node string) (nodeState, error) {
	s.looking.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.was[node], s.unseen[node]
}

// stateOf is a script that prints what a node's kernel has, in the forms of proc(5): flags of interfaces, addresses, what
// runs and what stands still; and the queues and tables of rules that frames go through, where there are programs that
// show them. Tables of keepalived, which writes them by itself, are left out. Neighbours, rules of policy and routes are those
// that somebody put in by hand: what a routing daemon puts in has its protocol (rtnetlink(7), rtm_protocol). Policies are those of
// IPsec, which no program of ours puts in. A route of the kernel itself goes with its address and its port, or by somebody's hand.
const stateOf = `for f in /sys/class/net/*/flags; do
	f=${f%/flags}
	{ read -r x <"$f/flags" && read -r m <"$f/mtu" && read -r a <"$f/address"; } 2>/dev/null && echo "link ${f##*/} $x $m $a"
	[ -e "$f/master" ] && { read -r x <"$f/master/ifindex"; } 2>/dev/null && echo "member ${f##*/} $x"
done
for p in /proc/[0-9]*; do
	{ read -r s <"$p/stat" && read -r c <"$p/comm"; } 2>/dev/null || continue
	case ${s##*) } in T*) echo "halted ${p#/proc/} $c";; *) echo "runs $c";; esac
done
x=; { read -r x </proc/sys/net/ipv4/icmp_echo_ignore_all; } 2>/dev/null # which ends with no line, read letter by letter
echo "mute $x"
tc qdisc show 2>/dev/null
nft list tables 2>/dev/null | while read -r _ family name; do
	[ "$name" = keepalived ] || echo "rules $(nft -s list table "$family" "$name" 2>/dev/null | cksum) $family $name"
done
for what in "neigh show nud permanent" "neigh show proxy" "rule show" "route show table all proto boot" "route show table all proto static" "xfrm policy"; do
	for x in -4 -6; do
		ip -o $x $what 2>/dev/null | while read -r line; do echo "hand $x ${what%% *} $line"; done
	done
done
ip -o -4 route show proto kernel 2>/dev/null | while read -r line; do echo "kernel -4 route $line"; done
grep -rs "" /proc/sys/net/ipv4 /proc/sys/net/ipv6/conf /proc/sys/net/ipv6/icmp
grep -B 1 "/32 host LOCAL" /proc/net/fib_trie
true
`

// lookTimeout bounds one look at a node's state.
const lookTimeout = 5 * time.Second

// mostState bounds what a node may say of its state, and mostGone what a note tells of it, in bytes.
const (
	mostState = 4 << 20 // settings of a node with several hundred interfaces
	mostGone  = 200
)

// nodeState is what a node's kernel has.
type nodeState struct {
	up        map[string]bool   // whether an interface is, of those that are there
	flags     map[string]uint64 // of what is not seen otherwise: quietFlags
	masters   map[string]string // the index of the bridge, bond or VRF that an interface is of
	mtu       map[string]string
	macs      map[string]string
	queues    map[string]string // of interfaces, of a kind that only a command brings
	tables    map[string]string // the sum of each table of rules
	mute      string            // whether no ping is answered
	addresses map[string]bool   // of IPv4
	halted    map[string]string
	busy      bool              // something runs there that may change ports and addresses
	hand      map[string]string // what was put in by hand, and of which kind it is
	kernel    map[string]bool   // routes that the kernel put in
	sysctls   map[string]string // by file
	unknown   bool              // something runs there of which nobody knows what it puts in and sets
}

// idlers are programs that change nothing by themselves, and are in every node of ours; and those of [stateOf], of which another look
// may be under way.
//
//nolint:gochecknoglobals // a list that is only read
var idlers = strings.Fields("init docker-init tini sh dash bash perl ip tc nft cksum")

// lookers are programs that look, say or wait, and change nothing of a node's kernel.
//
//nolint:gochecknoglobals // a list that is only read
var lookers = strings.Fields("true : false echo printf test [ logger touch date ls cat grep head tail wc ps pgrep pidof ping arping traceroute sleep wait kill")

// unsaid is what a command may do beside what its program does: a command in it, and a write to the kernel.
var unsaid = regexp.MustCompile("[$]\\(|`|/proc/|/sys/")

// daemons are programs that mark what they put in as theirs, and set nothing of the kernel while they run.
//
//nolint:gochecknoglobals // a list that is only read
var daemons = []string{
	"zebra", "mgmtd", "watchfrr", "staticd", "bgpd", "ospfd", "ospf6d", "isisd", "fabricd", "ripd", "ripngd", "eigrpd", "babeld", "ldpd", "pimd", "pim6d",
	"nhrpd", "pathd", "bfdd", "vrrpd", "vtysh", "bird", "bird6", "birdc", "ovs-vswitchd", "ovsdb-server", "mstpd", "lldpd", "tcpdump", "iperf3",
}

// Flags of an interface that only a command changes: it is up, it resolves no addresses, it takes no frames for many (netdevice(7)).
const (
	flagUp        = 1
	flagNoARP     = 0x80
	flagMulticast = 0x1000
	quietFlags    = flagNoARP | flagMulticast
)

// plainQueues are what the kernel gives an interface by itself.
//
//nolint:gochecknoglobals // a list that is only read
var plainQueues = []string{"noqueue", "noop", "mq", "pfifo_fast", "fq_codel", "fq"}

// parseState reads what [stateOf] prints. What looks run is nothing that does something.
func parseState(out string, looks []string) nodeState {
	s := nodeState{
		up: map[string]bool{}, flags: map[string]uint64{}, masters: map[string]string{}, mtu: map[string]string{}, macs: map[string]string{}, queues: map[string]string{}, tables: map[string]string{},
		addresses: map[string]bool{}, halted: map[string]string{}, hand: map[string]string{}, kernel: map[string]bool{}, sysctls: map[string]string{},
	}
	leaf := ""
	for line := range strings.Lines(out) {
		w := strings.Fields(line)
		switch {
		case len(w) == 5 && w[0] == "link":
			flags, err := strconv.ParseUint(w[2], 0, 32)
			s.up[w[1]], s.mtu[w[1]], s.macs[w[1]] = err == nil && flags&flagUp != 0, w[3], w[4]
			s.flags[w[1]] = flags & quietFlags
		case len(w) == 3 && w[0] == "member":
			s.masters[w[1]] = w[2]
		case len(w) >= 3 && w[0] == "halted":
			s.halted[w[1]] = strings.Join(w[2:], " ")
		case len(w) >= 2 && w[0] == "runs":
			idle := slices.Contains(idlers, w[1]) || slices.Contains(lookers, w[1]) || slices.Contains(looks, w[1])
			s.busy = s.busy || !idle
			s.unknown = s.unknown || !idle && !slices.Contains(daemons, w[1])
		case len(w) == 2 && w[0] == "mute":
			s.mute = w[1]
		case len(w) >= 5 && w[0] == "qdisc" && w[3] == "dev":
			if !slices.Contains(plainQueues, w[1]) {
				s.queues[w[4]] = w[1]
			}
		case len(w) == 5 && w[0] == "rules": // sum, length, family, name
			s.tables[w[3]+" "+w[4]] = w[1]
		case len(w) > 3 && w[0] == "hand":
			s.byHand(w[1:])
		case len(w) > 3 && w[0] == "kernel":
			s.kernel[lasting(w[1:])] = true
		case strings.HasPrefix(line, "/proc/sys/net/"):
			name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "/proc/sys/net/")), ":")
			s.sysctls[name] = value
		case len(w) == 2 && w[0] == "|--":
			leaf = w[1]
		case len(w) == 3 && w[0] == "/32" && w[1] == "host" && w[2] == "LOCAL":
			s.addresses[leaf] = true
		}
	}
	return s
}

// byHand takes what somebody put in: its family, its kind and what ip(8) shows of it, less what comes and goes with the port.
// What has a protocol is a daemon's.
func (s nodeState) byHand(w []string) {
	if what := lasting(w); !slices.Contains(w, "proto") {
		s.hand[what] = map[string]string{
			"neigh": "neighbour", "rule": "rule of policy", "route": "route", "xfrm": "policy of IPsec",
		}[w[1]]
	}
}

// lasting is what ip(8) shows, its family, and not its kind, less what the kernel changes by itself.
func lasting(w []string) string {
	what := strings.Fields(passing.ReplaceAllString(strings.Join(w[2:], " "), " "))
	return strings.Join(slices.Concat(w[:1], what), " ")
}

// passing is what ip(8) shows of a route and changes by itself.
var passing = regexp.MustCompile(`\b(?:linkdown|dead|offload|trap|rt_offload|rt_trap|expires \d+sec)\b`)

// look begins to look at every node. It does not wait for their answers.
func (m *meddling) look(ctx context.Context) *sight {
	s := &sight{was: map[string]nodeState{}, unseen: map[string]error{}}
	s.looking.Go(func() {
		m.hosts(func(n *labNode) {
			state, err := m.state(ctx, n)
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.was[n.Name] = state; err != nil {
				s.unseen[n.Name] = err
			}
		})
	})
	return s
}

// booted remembers how the nodes were when the lab was up, and holds how they are when the baseline does: the end of the trial is to wait
// for the one, and the stimulus for the other. The functions that they return do.
func (m *meddling) booted(ctx context.Context) (wait func()) {
	m.up = m.look(ctx)
	return m.up.looking.Wait
}

func (m *meddling) holds(ctx context.Context) (wait func()) {
	m.held = m.look(ctx)
	return m.held.looking.Wait
}

// begin remembers how the stimulus left the nodes; the symptom is looked at meanwhile.
func (m *meddling) begin(ctx context.Context) { m.begun = m.look(ctx) }

// end looks again, and records what was done meanwhile.
func (m *meddling) end(ctx context.Context) {
	m.begun.looking.Wait()
	m.hosts(func(n *labNode) {
		was, err := m.begun.of(n.Name)
		var now nodeState
		if err == nil {
			now, err = m.state(ctx, n)
		}
		switch {
		case ctx.Err() != nil: // the trial is cut, and the record says so
		case err != nil:
			m.note(n, fmt.Sprintf("not looked at for what is done to it from outside: %v", err))
		case m.faulted(n, scenarios.Fault.Shuts):
		default:
			m.before(n, was)
			m.compare(n, was, now)
			m.ended(ctx, n)
		}
	})
}

// before records what was done to a node before the symptom was looked at, as it was then.
func (m *meddling) before(n *labNode, begun nodeState) {
	held, err := m.held.of(n.Name)
	if err != nil {
		return // that it answered when it mattered is enough
	}
	const when = "before the symptom was looked at, and nothing of the scenario does that"
	what := m.halted(n, held, begun)
	if what == "" && !m.stirred(n) {
		what = cmp.Or(m.done(n, held, begun), m.addressed(n, held, begun), m.gone(n, held, begun, when))
	}
	if up, err := m.up.of(n.Name); err == nil && what == "" {
		what = cmp.Or(m.halted(n, up, held), m.came(n, up, held), m.gone(n, up, held, when))
	}
	m.broke(n, what, when)
}

// broke records what breaks the lab; nothing where there is nothing.
func (m *meddling) broke(n *labNode, what, when string) {
	if what != "" {
		m.rec.event(evidence.Event{
			Kind: evidence.EventLab, Lane: n.Name, Outcome: evidence.Failed,
			Detail: what + " " + when,
		})
	}
}

// stirred reports whether a step of the scenario runs what may change anything of a node, as far as its lines tell.
func (m *meddling) stirred(n *labNode) bool {
	return slices.ContainsFunc(m.lab.plan.CommandsSince(n.Name), func(command string) bool {
		words := strings.Fields(command)
		return len(words) > 0 && (!slices.Contains(lookers, words[0]) || unsaid.MatchString(command))
	})
}

// came tells what was put in by hand, or which address, while a node came up; empty where there is nothing of the kind.
func (m *meddling) came(n *labNode, was, now nodeState) string {
	if _, ours := drivers.As[drivers.ScriptReader](n.driver); !ours || was.unknown || now.unknown {
		return ""
	}
	what := m.putIn(n, was, now)
	if what == "" && !was.busy && !now.busy { // a daemon may still be about to set its own
		what = m.addressed(n, was, now)
	}
	return what
}

// addressed tells of an address that was put in, where nothing of the node does that; empty where there is none.
func (m *meddling) addressed(n *labNode, was, now nodeState) string {
	for _, a := range slices.Sorted(maps.Keys(now.addresses)) {
		if !was.addresses[a] && !was.unknown && !now.unknown && !m.mayHave(n, addressed, ports) { // what runs elsewhere may take one
			return fmt.Sprintf("address %s of %s was put in", a, n.Name)
		}
	}
	return ""
}

// ended records which process that nobody waited for, as one that a step left running, somebody from outside has ended. What ends by its
// own fault, or as a daemon, is a death; what no process of a node was sent a signal by is told where nobody hears of signals alone.
func (m *meddling) ended(ctx context.Context, n *labNode) {
	if n.target.Ends == nil {
		return
	}
	ends, _, _, err := n.target.Ends(ctx)
	if err != nil {
		return // that nobody sees them is said of deaths
	}
	unheard := "this kind of lab hears of no signals"
	if n.target.Hears != nil {
		unheard = n.target.Hears()
	}
	for _, e := range ends {
		if e.At.Before(m.since) || !e.Orphan || e.Raised() || e.Sent == 0 && unheard == "" || n.knows(e.PID) || m.mayHave(n, endings, nothing) {
			continue
		}
		how := "by " + e.Sender
		if e.Sent == 0 {
			how = "and by whom is not known: " + unheard
		}
		m.rec.event(evidence.Event{
			Kind: evidence.EventLab, Lane: n.Name, Outcome: evidence.Failed,
			Detail: fmt.Sprintf("%s (process %d) of %s was ended with signal %d, %s, and nothing of the scenario does that", cmp.Or(e.Name, e.By, "a process"), e.PID, n.Name, cmp.Or(e.Sent, e.Signal), how),
		})
		return
	}
}

// knows reports whether a process of a node is one whose death is told.
func (n *labNode) knows(pid int) bool {
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	return slices.ContainsFunc(n.told, func(d death) bool { return d.PID == pid })
}

// hosts calls a function for the nodes that are processes of this machine; of others nothing is known.
func (m *meddling) hosts(f func(*labNode)) {
	m.lab.devices(func(n *labNode) {
		if n.target.Host != nil && n.target.Access == nil {
			f(n)
		}
	})
}

func (m *meddling) note(n *labNode, text string) {
	m.rec.event(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: n.Name + ": " + text})
}

// state asks a node for its state.
func (m *meddling) state(ctx context.Context, n *labNode) (nodeState, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out := bounded.NewFirst(mostState)
	exit, err := n.target.Host.Exec(ctx, []string{"sh", "-c", stateOf}, nil, out, nil)
	switch {
	case err != nil:
		return nodeState{}, err
	case exit != 0:
		return nodeState{}, fmt.Errorf("its shell ended with status %d", exit)
	case out.Over():
		return nodeState{}, fmt.Errorf("its state is longer than %s", units.BytesSize(mostState))
	}
	return parseState(out.String(), m.looks(n)), nil
}

// looks are the words of what the conditions of a node run, some of them names of programs: whoever is asked at the same moment shows
// them.
func (m *meddling) looks(n *labNode) (words []string) {
	p := m.lab.plan
	for _, c := range slices.Concat(p.Baseline, p.Symptom, p.Expect) {
		if c.Cond.Node == n.Name {
			words = append(words, strings.FieldsFunc(c.Cond.Exec, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
			})...)
		}
	}
	return words
}

// compare records what is otherwise than it was.
func (m *meddling) compare(n *labNode, was, now nodeState) {
	const when = "while the symptom was looked at, and nothing of the scenario does that"
	m.broke(n, cmp.Or(m.done(n, was, now), m.addressed(n, was, now), m.gone(n, was, now, when)), when)
}

// gone tells of ports that were shut down and addresses that went, where nothing of the node does that; empty where there is none. Where
// a program runs that nobody knows, or the scenario may have done it, it is a note of the record.
func (m *meddling) gone(n *labNode, was, now nodeState, when string) string {
	var gone []string
	for _, iface := range slices.Sorted(maps.Keys(was.up)) {
		if up, there := now.up[iface]; there && was.up[iface] && !up && m.lab.cabled(n.Name, iface) {
			gone = append(gone, "port "+iface+" was shut down")
		}
	}
	for _, a := range slices.Sorted(maps.Keys(was.addresses)) {
		if !now.addresses[a] {
			gone = append(gone, "address "+a+" was taken away")
		}
	}
	switch what := n.Name + ": " + evidence.Bounded(strings.Join(gone, ", "), mostGone); {
	case len(gone) == 0:
		return ""
	case was.unknown || now.unknown || m.mayHave(n, sizes, ports) || m.mayHave(n, addressed, ports):
		short, _, _ := strings.Cut(when, ",")
		m.rec.event(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: what + " " + short})
		return ""
	default:
		return what
	}
}

// put tells what was put in by hand, or taken out, and which setting is another one; empty where there is nothing of the
// kind, or the scenario may have done it. A route that goes with its port or its address is none.
func (m *meddling) put(n *labNode, was, now nodeState) string {
	if what := m.putIn(n, was, now); what != "" {
		return what
	}
	forms := forms()
	for _, what := range slices.Sorted(maps.Keys(was.hand)) {
		kind := was.hand[what]
		if _, there := now.hand[what]; !there && was.keeps(now) && !m.mayHave(n, forms[kind], nothing) {
			return fmt.Sprintf("a %s of %s was taken out by hand (%s)", kind, n.Name, shown(what))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(was.kernel)) {
		if !now.kernel[what] && was.keeps(now) && !m.mayHave(n, kernelRoutes, nothing) {
			return fmt.Sprintf("the kernel's route of %s was taken out by hand, or its address has another length (%s)", n.Name, shown(what))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was.sysctls)) {
		is, there := now.sysctls[name]
		if there && is != was.sysctls[name] && !slices.Contains(told, path.Base(name)) && !m.mayHave(n, settings, nothing) {
			return fmt.Sprintf("net.%s of %s was set to %s", strings.ReplaceAll(name, "/", "."), n.Name, is)
		}
	}
	return ""
}

// forms are the commands that may put something in by hand, by what it is.
func forms() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{"neighbour": neighbours, "rule of policy": policies, "route": routes, "policy of IPsec": encryption}
}

// putIn is [meddling.put] of what was put in alone.
func (m *meddling) putIn(n *labNode, was, now nodeState) string {
	forms := forms()
	for _, what := range slices.Sorted(maps.Keys(now.hand)) {
		kind := now.hand[what]
		if _, before := was.hand[what]; !before && !m.mayHave(n, forms[kind], nothing) {
			return fmt.Sprintf("a %s of %s was put in by hand (%s)", kind, n.Name, shown(what))
		}
	}
	return ""
}

// shown is what was put in, less its family.
func shown(what string) string { return evidence.Bounded(what[len("-4 "):], mostGone) }

// told are settings of which [meddling.done] tells already, by what they follow.
//
//nolint:gochecknoglobals // a list that is only read
var told = []string{"mtu", "icmp_echo_ignore_all"}

// keeps reports whether a node has every port and every address still, as they were.
func (s nodeState) keeps(now nodeState) bool {
	for iface, up := range s.up {
		if is, there := now.up[iface]; !there || is != up {
			return false
		}
	}
	for a := range s.addresses {
		if !now.addresses[a] {
			return false
		}
	}
	return true
}

// done tells what no software of a node does by itself, and by whose hand nobody knows; empty where there is nothing of
// the kind.
func (m *meddling) done(n *labNode, was, now nodeState) string {
	if what := m.halted(n, was, now); what != "" {
		return what
	}
	for _, iface := range slices.Sorted(maps.Keys(was.mtu)) {
		is, there := now.mtu[iface]
		if there && is != was.mtu[iface] && m.lab.cabled(n.Name, iface) && !m.mayHave(n, sizes, ports) {
			return fmt.Sprintf("%s of %s was given the MTU %s", iface, n.Name, is)
		}
	}
	return m.turned(n, was, now)
}

// halted is [meddling.done] of processes that stand still.
func (m *meddling) halted(n *labNode, was, now nodeState) string {
	for _, pid := range slices.Sorted(maps.Keys(now.halted)) {
		if _, before := was.halted[pid]; !before && !m.mayHave(n, halts, states) {
			return fmt.Sprintf("%s (process %s) of %s was stopped by a signal", now.halted[pid], pid, n.Name)
		}
	}
	return ""
}

// turned is [meddling.done] of what a node's kernel does with frames, where the node has none but programs of ours: a
// vendor's system writes its own rules.
func (m *meddling) turned(n *labNode, was, now nodeState) string {
	if _, ours := drivers.As[drivers.ScriptReader](n.driver); !ours {
		return ""
	}
	for _, iface := range slices.Sorted(maps.Keys(was.macs)) {
		if !m.lab.cabled(n.Name, iface) {
			continue
		}
		mac, there := now.macs[iface]
		switch {
		case !there && !m.mayHave(n, names, ports):
			return fmt.Sprintf("%s of %s was given another name, or taken away", iface, n.Name)
		case there && mac != was.macs[iface] && !m.mayHave(n, names, ports):
			return fmt.Sprintf("%s of %s was given the address %s", iface, n.Name, mac)
		case there && now.masters[iface] != was.masters[iface] && !m.mayHave(n, names, ports):
			return fmt.Sprintf("%s of %s was put into a bridge, a bond or a VRF, or taken out of one", iface, n.Name)
		case there && now.flags[iface] != was.flags[iface] && !m.mayHave(n, flagged, ports):
			return fmt.Sprintf("whether %s of %s resolves addresses, and takes frames for many, was changed (arp, multicast)", iface, n.Name)
		case now.queues[iface] != was.queues[iface] && !m.mayFilter(n):
			return fmt.Sprintf("the queue of %s of %s was changed (%s)", iface, n.Name, cmp.Or(now.queues[iface], was.queues[iface]))
		}
	}
	if now.mute != was.mute && now.mute != "" && was.mute != "" && !m.mayHave(n, filters, rules) {
		return fmt.Sprintf("whether %s answers pings was changed (icmp_echo_ignore_all is %s)", n.Name, now.mute)
	}
	for _, table := range tablesOf(was, now) {
		if was.tables[table] != now.tables[table] && !m.mayFilter(n) {
			return fmt.Sprintf("the rules that frames go through in %s were changed (table %s)", n.Name, table)
		}
	}
	switch what := m.put(n, was, now); {
	case what == "":
		return ""
	case was.unknown || now.unknown:
		m.note(n, what+" while the symptom was looked at")
		return ""
	default:
		return what
	}
}

// tablesOf are the tables that a node has in one of two states.
func tablesOf(was, now nodeState) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(was.tables)), maps.Keys(now.tables))
	slices.Sort(all)
	return slices.Compact(all)
}

// Commands that may have done what is asked about.
var (
	endings   = regexp.MustCompile(`\b(?:p?kill|killall5?|skill|fuser|timeout|systemctl|service|stop|restart|reboot|poweroff|halt|shutdown)\b`)
	halts     = regexp.MustCompile(`\b(?:SIG)?(?:STOP|TSTP)\b|kill\b.*\b(?:19|20)\b|\b(?:gdb|strace)\b`)
	sizes     = regexp.MustCompile(`\b(?:down|shutdown|ifdown|off|disable|del|delete|ifreload|netplan|reboot|mtu|add-port|master|flush|replace|dhclient|udhcpc|dhcpcd)\b`)
	names     = regexp.MustCompile(`\b(?:name|netns|del|delete|address|hw|mac|bond|team|master|vrf|add-port|add-bond|nmcli|netplan|ifreload|reboot)\b`)
	addressed = regexp.MustCompile(`\b(?:a|addr|address|ifconfig|ifup|ifreload|nmcli|netplan|dhclient|udhcpc|dhcpcd|reboot)\b`)
	flagged   = regexp.MustCompile(`\b(?:arp|multicast|ifconfig|nmcli|netplan|ifreload|reboot)\b`)
	filters   = regexp.MustCompile(`\b(?:nft|tc|sysctl|ufw|firewall-cmd|qos)\b|tables\b|icmp_echo|/proc/sys`)
)

// Commands that may have put in what is asked about, or have set it; and a look that shows nothing, for no look and no software of a
// node does that.
var (
	neighbours   = regexp.MustCompile(`\b(?:n|nei|neigh|neighbou?r|arp|ndp)\b`)
	policies     = regexp.MustCompile(`\b(?:ru|rule|pbr|vrf)\b`)
	routes       = regexp.MustCompile(`\b(?:r|ro|route|routes|default|gateway|dhclient|udhcpc|dhcpcd|nmcli|netplan|ifup|ifdown|ifreload|reboot)\b`)
	kernelRoutes = regexp.MustCompile(routes.String() + `|` + names.String())
	encryption   = regexp.MustCompile(`\b(?:x|xfrm|ipsec|swanctl|setkey|charon|racoon)\b`)
	settings     = regexp.MustCompile(`\b(?:sysctl|forwarding|reboot)\b|/proc/sys`)
	nothing      = regexp.MustCompile(`$.^`)
)

// Looks that show it: of a node's ports, and of its processes.
var (
	ports  = regexp.MustCompile(`\bip\b.*\b(?:l|li|link|a|addr|address)\b|\b(?:ifconfig|ethtool|interfaces?)\b|/sys/class/net`)
	states = regexp.MustCompile(`\bps\b|/proc/`)
	rules  = regexp.MustCompile(`\b(?:nft|tc|sysctl)\b|tables\b|/proc/sys`)
)

// mayHave reports whether a command that the scenario gives a node may have done something, or cannot be read, or a
// condition of the node shows it.
func (m *meddling) mayHave(n *labNode, done, shown *regexp.Regexp) bool {
	p := m.lab.plan
	commands := p.CommandsSince(n.Name)
	for _, c := range slices.Concat(p.Symptom, p.Expect) {
		if c.Cond.Node != n.Name {
			continue
		}
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

// mayFilter reports whether the scenario may have put in what frames go through: by a command, or by a fault, of which a lab without
// taps of its own has no other way.
func (m *meddling) mayFilter(n *labNode) bool {
	return m.faulted(n, scenarios.Fault.OnLink) || m.mayHave(n, filters, rules)
}

// faulted reports whether a fault of a kind acts on a node, or on a link of it.
func (m *meddling) faulted(n *labNode, is func(scenarios.Fault) bool) bool {
	return slices.ContainsFunc(plan.Each(m.lab.plan.Stimulus), func(s plan.Step) bool {
		if s.Step.Fault == "" || s.LeftOut || !is(s.Step.Fault) {
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
