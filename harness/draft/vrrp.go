package draft

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/logs"
)

// Roles of a node in a virtual router. A node that is not the master may be backup, or out of it.
const (
	master    = "master"
	notMaster = "not master"
)

// entered is a line by which keepalived says that it is the master from now on.
type entered struct {
	instance string
	at       time.Time
	line     int
	burst    int       // of the log
	first    bool      // since it was started
	started  time.Time // then; zero where the log does not tell
}

// elects takes a line of a log, if keepalived tells of an election in it.
func (a *answer) elects(l *logs.Line) {
	if l.Format != logs.Keepalived && !strings.HasPrefix(l.Program, "Keepalived") {
		return
	}
	if strings.Contains(l.Text, "Starting Keepalived v") {
		clear(a.mastered)
		a.started = l.Time
	}
	m := regexp.MustCompile(`^\(([^()]+)\) Entering MASTER STATE`).FindStringSubmatch(l.Text)
	if m == nil || len(a.entered) >= maxEvents {
		return
	}
	if a.mastered == nil {
		a.mastered = map[string]bool{}
	}
	a.entered = append(a.entered, entered{m[1], l.Time, a.line + l.Number - 1, a.bursts, !a.mastered[m[1]], a.started})
	a.mastered[m[1]] = true
}

// masters makes a table of who is the master of what each list of addresses shows: who has the virtual addresses is.
func (w *drafter) masters() {
	for _, n := range w.nodes() {
		if n.Platform != "keepalived" {
			continue
		}
		for _, a := range w.answers[n.Name] {
			if a.addresses == nil || len(n.VRRP) == 0 || a.one && movesAddresses(n.Sent) {
				continue
			}
			rows := map[string]row{}
			for _, v := range n.VRRP {
				first, ok := shown(v)
				if !ok || a.one && !slices.ContainsFunc(a.addresses, func(i infer.Interface) bool { return i.Name == v.Interface }) {
					continue
				}
				role := notMaster
				if slices.ContainsFunc(a.addresses, func(i infer.Interface) bool {
					return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == first })
				}) {
					role = master
				}
				roleOf(rows, v.Interface+" "+v.Name+" "+first.String(), role)
			}
			a.tables = append(a.tables, table{VRRP, rows})
		}
	}
}

// movesAddresses reports whether a configuration of keepalived may have virtual addresses at another interface than that of
// their virtual router: what one interface shows tells then nothing of them.
func movesAddresses(conf string) bool {
	return regexp.MustCompile(`(?m)^\s*use_vmac\b|^\s*[0-9A-Fa-f.:/]+\s.*\bdev\b`).MatchString(conf)
}

// shown is the first virtual address that lists of addresses are read for, which is none of a link alone: one of IPv6 begins
// with such a one.
func shown(v infer.VirtualRouter) (first netip.Addr, ok bool) {
	i := slices.IndexFunc(v.Addresses, func(a netip.Addr) bool { return !a.IsLinkLocalUnicast() })
	if i < 0 {
		return first, false
	}
	return v.Addresses[i], true
}

// roleOf lists a node's role in a virtual router: it has one, and has not the other.
func roleOf(rows map[string]row, id, role string) {
	for _, r := range []string{master, notMaster} {
		rows[id+": "+r] = row{up: r == role, state: role}
	}
}

// vrrpStates reads what FRR's vrrpd shows of each virtual router, for IPv4.
func vrrpStates(text string) map[string]row {
	rows := map[string]row{}
	re := regexp.MustCompile(`(?m)^ *Virtual Router ID +(\d+) *$(?:\n.*)*?\n *Interface +(\S+) *$(?:\n.*)*?\n *Status \(v4\) +(Master|Backup|Initialize) *$`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		role := notMaster
		if m[3] == "Master" {
			role = master
		}
		roleOf(rows, m[2]+" "+m[1], role)
		for id, r := range rows {
			if r.state == notMaster {
				rows[id] = row{up: r.up, state: strings.ToLower(m[3])}
			}
		}
	}
	return rows
}

// virtualSign is how to look at a node's role; it has no look where the lab's node does not speak VRRP.
func virtualSign(platform, id string) (what string, look condition) {
	name, role, _ := strings.Cut(id, ": ")
	f := strings.Fields(name)
	switch {
	case platform == "keepalived" && len(f) == 3: // interface, name and address
		look.Exec, look.Expect = "pidof keepalived > /dev/null && ip -o addr show", `text contains " `+f[2]+`/"`
		if role == notMaster {
			look.Expect = "not (" + look.Expect + ")"
		}
		what = fmt.Sprintf("VRRP %s (%s)", f[1], f[2])
	case platform == "frr" && len(f) == 2:
		look.Run, look.Expect = "show vrrp interface "+f[0]+" "+f[1], `text matches "Status \\(v4\\) +Master"`
		if role == notMaster {
			look.Expect = `text matches "Status \\(v4\\) +(Backup|Initialize)"`
		}
		what = fmt.Sprintf("VRRP %s at %s", f[1], f[0])
	}
	return what, look
}

// startedSince reports whether a program may have been started after all was well: then somebody had to become the master.
func (w *drafter) startedSince(n *infer.Node, a *answer, at time.Time) bool {
	if at.IsZero() {
		return false
	}
	old, _ := w.before(n, a, at, func(*answer) bool { return false })
	return !old
}

// besides are the roles in a virtual router that the files show as they were: two masters are another failure than none,
// than another one, and than one that was lost for a while.
func (w *drafter) besides() (list []Sign) {
	of := func(s Sign) string { // the address, or the number
		name, _, _ := strings.Cut(s.id, ": ")
		f := strings.Fields(name)
		return f[len(f)-1]
	}
	for _, s := range w.d.Healthy {
		if s.Kind != VRRP || s.id == "" {
			continue
		}
		changed := slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.Kind == VRRP && b.Node == s.Node && b.id == s.id })
		if !changed && slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.Kind == VRRP && of(b) == of(s) }) {
			list = append(list, s)
		}
	}
	return list
}

// otherRole is the expression for the role that a node has not, where it has this one.
func otherRole(platform, id string) string {
	name, role, _ := strings.Cut(id, ": ")
	_, look := virtualSign(platform, name+": "+map[string]string{master: notMaster, notMaster: master}[role])
	return look.Expect
}

// reelected finds a virtual router of which a node became the master after all was well, and of whose roles the captures
// show nothing: it was lost for a while.
func (w *drafter) reelected() {
	for _, n := range w.nodes() {
		if platform(n) != "keepalived" {
			continue
		}
		for _, a := range w.answers[n.Name] {
			for _, e := range a.entered {
				i := slices.IndexFunc(n.VRRP, func(v infer.VirtualRouter) bool { return v.Name == e.instance })
				told := func(s Sign) bool {
					return s.Node == n.Name && s.Kind == VRRP && i >= 0 && strings.HasPrefix(s.id, n.VRRP[i].Interface+" "+e.instance+" ")
				}
				if i < 0 || len(n.VRRP[i].Addresses) == 0 || !isPlain(e.instance) || slices.ContainsFunc(w.d.Broken, told) || e.first && w.startedSince(n, a, e.started) {
					continue
				}
				old, doubt := w.before(n, a, e.at, func(x *answer) bool {
					return slices.ContainsFunc(x.entered, func(y entered) bool { return y.instance == e.instance && y.at.Equal(e.at) })
				})
				if old || doubt != "" && !a.lately(w.healthy(n.Name), e.burst) {
					continue
				}
				from := fmt.Sprintf("%s:%d", w.files[a.part], e.line)
				address, ok := shown(n.VRRP[i])
				if !ok {
					address = n.VRRP[i].Addresses[0]
				}
				w.d.Broken = append(w.d.Broken, Sign{
					Node: n.Name, Kind: VRRP, What: "VRRP " + e.instance, Is: "master anew", From: from, id: fmt.Sprint(n.VRRP[i].Interface, " ", e.instance, " ", address), suspect: []string{n.Name},
					happens: condition{Name: n.Name + " becomes the master of VRRP " + e.instance + " anew", Node: n.Name, Log: `\(` + regexp.QuoteMeta(e.instance) + `\) Entering MASTER STATE`},
				})
			}
		}
	}
}
