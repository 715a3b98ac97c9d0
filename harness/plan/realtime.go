package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// leaning is a trace in a scenario of something that keeps real time in a lab whose clocks do not:
// libfaketime reaches processes, and not the kernel, links and processors beneath them.
type leaning struct {
	trace *regexp.Regexp
	what  string
}

func leanings() []leaning {
	l := func(trace, what string) leaning { return leaning{regexp.MustCompile(`(?i)` + trace), what} }
	return []leaning{
		l(`\bstp_state\b|\b(forward_delay|hello_time|max_age)\s+\d+.*\bbridge\b|\bbridge\b.*\b(forward_delay|hello_time|max_age)\b|\bbrctl\s+stp\b`, "the kernel's spanning tree"),
		l(`\bageing_time\b|\bbrctl\s+setageing\b`, "ageing of addresses in a kernel bridge"),
		l(`\bmcast_(snooping|querier|router|last_member|membership|query)`, "multicast snooping of a kernel bridge"),
		l(`\bip\s+(-6\s+)?neigh|\bneigh[./]|\bgc_stale_time\b|\bbase_reachable_time`, "the kernel's neighbours (ARP, ND) and their ages"),
		l(`\btcp_(keepalive|retries|syn|fin|user|orphan|rto|early)|\bso_keepalive\b|\bbgp\s+tcp-keepalive\b`, "TCP's own timers"),
		l(`\bnf_conntrack|\bconntrack\b`, "connection tracking"),
		l(`\btc\s+(qdisc|class|filter)\b|\bnetem\b`, "the kernel's queueing (tc)"),
		l(`\btype\s+bond\b|\blacp_rate\b|\bmiimon\b`, "the kernel's bonding"),
		l(`\b(valid|preferred)_lft\b|\baccept_ra\b`, "lifetimes of the kernel's addresses and routers"),
		l(`\bip\s+(-6\s+)?route\b.*\bexpires\b`, "routes of the kernel that expire"),
	}
}

// fastTimer is a setting whose times are short.
type fastTimer struct {
	trace *regexp.Regexp
	unit  time.Duration
}

func fastTimers() []fastTimer {
	t := func(trace string, unit time.Duration) fastTimer {
		return fastTimer{regexp.MustCompile(`(?i)` + trace), unit}
	}
	return []fastTimer{
		t(`\b(?:transmit|receive|echo transmit|echo receive|echo)-interval\s+(\d+)\b`, time.Millisecond),      // FRR's bfdd
		t(`\b(?:min\s+rx|min\s+tx|idle\s+tx|echo)?\s*interval\s+(\d+)\s*ms\b`, time.Millisecond),              // BIRD's BFD
		t(`\b(?:advertisement|advert)-interval\s+(\d+)\b`, 10*time.Millisecond),                               // FRR's vrrpd: centiseconds
		t(`\badvert_int\s+(\d*\.?\d+)\b`, time.Second),                                                        // keepalived
		t(`\b(?:hello|keepalive)-interval\s+(\d+)\b`, time.Second),                                            // FRR's ospfd, isisd, ldpd, pimd
		t(`\btimers\s+bgp\s+(\d+)\b|\bneighbor\s+\S+\s+timers\s+(\d+)\b`, time.Second),                        // FRR's bgpd
		t(`\b(?:hello|keepalive\s+time)\s+(\d+)\s*;`, time.Second),                                            // BIRD
		t(`\bvrrp_(?:lower|higher)_prio_\w*delay\s+(\d+)\b`, time.Second),                                     // keepalived
		t(`\b(?:bfd|cfm_interval)\S*\s*[=:]\s*min_[rt]x\s*=\s*(\d+)\b|\bmin_[rt]x=(\d+)\b`, time.Millisecond), // Open vSwitch
	}
}

// multiplier is FRR's and others' way to say hellos of less than a second.
var multiplier = regexp.MustCompile(`(?i)\bdead-interval\s+minimal\s+hello-multiplier\s+(\d+)\b`)

// usesBFD finds a session of BFD, whose packets come every 300 ms where nothing else is said (FRR's
// bfdd; BIRD's come faster).
var usesBFD = regexp.MustCompile(`(?i)^\s*(?:bfd|neighbor\s+\S+\s+bfd|ip\s+ospf\s+bfd|isis\s+bfd|protocol\s+bfd)\b`)

const defaultBFD = 300 * time.Millisecond

// carrier is how long the kernel may take to tell of a carrier that changed: it gathers changes
// for up to a second (net/core/link_watch.c, Linux 6).
const carrier = time.Second

// shortest is the shortest timer that a process can be expected to keep, in real time: what a
// scheduler that shares a processor adds is a few milliseconds.
const shortest = 20 * time.Millisecond

// RealTime says, for people, what in the plan does not follow the lab's clocks where those run at
// another speed: what is the kernel's, what is measured by a processor's time, and timers that
// are too short for the speed. Empty for a lab in real time.
func (p *Plan) RealTime() []string {
	if !p.Clock.Scaled() {
		return nil
	}
	var found []string
	add := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	for _, n := range p.Nodes {
		if n.RealTime {
			add("%s keeps real time, as the scenario says", n.Name)
			continue
		}
		for _, line := range p.linesOf(n.Name) {
			for _, l := range leanings() {
				if trace := l.trace.FindString(line); trace != "" {
					add("%s: %s keep real time (%q)", n.Name, l.what, strings.TrimSpace(trace))
				}
			}
		}
		for _, f := range p.fastTimersOf(n.Name) {
			if d := p.Clock.Real(f.every); d < shortest {
				add("%s: a timer of %s is %s of real time, which processes do not keep (%q)", n.Name, f.every, d.Round(10*time.Microsecond), f.text)
			}
		}
	}
	for _, s := range Each(p.Stimulus, p.Workaround) {
		if s.Step.Fault == scenarios.FaultDown && s.Step.For > 0 && p.Clock.Real(time.Duration(s.Step.For)) < carrier && !s.LeftOut {
			add("%s: down for %s is %s of real time, and the kernel may take %s to tell of a carrier (link watch)", s.Step.Link, s.Step.For, p.Clock.Real(time.Duration(s.Step.For)), carrier)
		}
		if f := s.Step.Fault; f != "" && f.OnLink() && f != scenarios.FaultUp && !s.LeftOut && p.ridesOnTCP() {
			add("%s: TCP sends again what was lost by its own timers, in real time (BGP, LDP and MSDP ride on it)", s.Step.Link)
		}
	}
	p.measured(add)
	return found
}

// measured names the conditions that are decided by how long a device takes to answer.
func (p *Plan) measured(add func(format string, args ...any)) {
	checks := slices.Concat(p.Baseline, p.Symptom, p.Expect, p.Relief)
	for _, s := range Each(p.Stimulus, p.Workaround) {
		checks = append(checks, s.Looks()...)
	}
	for _, c := range checks {
		if c.Cond.Probe().Sight().Flow && usesLatency.MatchString(c.Cond.Expect) {
			add("%q: how long packets are under way is the kernel's doing, in real time; it is told in the lab's", c.Cond.Name)
		}
		if c.Cond.Hangs > 0 || c.Cond.Step == "" && usesTook.MatchString(c.Cond.Expect) {
			add("%q: how long a command takes to be answered is measured in real time", c.Cond.Name)
		}
	}
}

var (
	usesLatency = regexp.MustCompile(`\blatency\b`)

	usesTook = regexp.MustCompile(`\btook\b`)
	onTCP    = regexp.MustCompile(`(?im)^\s*(router bgp|protocol bgp|mpls ldp|msdp)\b`)
)

func (p *Plan) ridesOnTCP() bool {
	return slices.ContainsFunc(p.Nodes, func(n Node) bool { return onTCP.Match(n.Config) })
}

// linesOf are the lines that a node is given, and those of the settings of its kernel.
func (p *Plan) linesOf(node string) []string {
	lines := p.CommandsFor(node)
	if t, ok := p.Topology.Node(node); ok {
		for key := range t.Sysctls {
			lines = append(lines, key)
		}
	}
	slices.Sort(lines)
	return lines
}

// short is a timer that a line sets.
type short struct {
	every time.Duration
	text  string
}

func (p *Plan) fastTimersOf(node string) []short {
	var found []short
	for _, line := range p.linesOf(node) {
		for _, t := range fastTimers() {
			for _, m := range t.trace.FindAllStringSubmatch(line, -1) {
				if v, err := strconv.ParseFloat(strings.Join(m[1:], ""), 64); err == nil && v > 0 {
					found = append(found, short{time.Duration(v * float64(t.unit)), strings.TrimSpace(m[0])})
				}
			}
		}
		if usesBFD.MatchString(line) {
			found = append(found, short{defaultBFD, "bfd"})
		}
		if m := multiplier.FindStringSubmatch(line); m != nil {
			if v, err := strconv.Atoi(m[1]); err == nil && v > 0 {
				found = append(found, short{time.Second / time.Duration(v), strings.TrimSpace(m[0])})
			}
		}
	}
	return found
}

// mostSlack bounds Slack for timers that a scenario does not name. The shortest that protocols have
// by themselves, but for BFD, come every second, and three of them may be lost (VRRP, LACP's short
// rate).
const mostSlack = time.Second

// leastSlack bounds Slack from below, in the lab's time.
const leastSlack = 100 * time.Millisecond

// Slack is how long, in the lab's time, a process of the lab may wait for a processor before a
// trial says nothing any more: half of the shortest timer that the scenario sets, and a quarter of
// the shortest time that it waits for something.
func (p *Plan) Slack() time.Duration {
	slack := mostSlack
	less := func(d time.Duration, part time.Duration) {
		if d > 0 {
			slack = max(min(slack, d/part), leastSlack)
		}
	}
	checks := slices.Concat(p.Baseline, p.Symptom, p.Expect)
	for _, s := range p.Stimulus {
		if s.Step.Repeat != nil {
			less(time.Duration(s.Step.Repeat.Every), 4)
		}
	}
	for _, s := range Each(p.Stimulus) {
		checks = append(checks, s.Looks()...)
		less(time.Duration(s.Step.For), 4)
	}
	for _, c := range checks {
		for _, d := range []scenarios.Duration{c.Cond.Eventually, c.Cond.Within, c.Cond.Consistently, c.Cond.Never} {
			less(time.Duration(d), 4)
		}
		less(time.Duration(c.Cond.Unchanged), 4)
		if c.Cond.Rate != nil {
			less(time.Duration(c.Cond.Rate.Over), 4)
		}
		if c.Cond.Changes != nil {
			less(time.Duration(c.Cond.Changes.Within), 4)
		}
	}
	for _, n := range p.Nodes {
		for _, f := range p.fastTimersOf(n.Name) {
			less(f.every, 2)
		}
	}
	return slack
}
