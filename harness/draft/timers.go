package draft

import (
	"regexp"
	"slices"
	"strconv"
)

// Bounds of what a trial waits for what recovers, in seconds of the lab's time.
const (
	holds     = 180  // BGP's hold time by FRR's default; both are longer than ConnectRetry's 120 s (RFC 4271, 10)
	holdsBIRD = 240  // and by BIRD's
	elects    = 15   // that VRRP takes to elect anew: three intervals and a bit, by keepalived's default (RFC 5798, 6.1), and as long again to give the role back
	lacps     = 90   // that a member is good without being heard (IEEE 802.1AX-2014, 6.4.4: three times Slow_Periodic_Time)
	margin    = 30   // that a session takes once its timer is over
	longest   = 1200 // that a trial waits at most
)

// timer is a line of a configuration that says how long a neighbour may be silent, or away.
type timer struct {
	re    *regexp.Regexp // its first group is a number of seconds
	times int
	bgp   bool
}

// timers are those of FRR and BIRD. An adjacency of OSPF may take the dead interval twice: to be lost, and to elect
// anew (RFC 2328, 9.1); IS-IS holds for ten hellos, by FRR's default.
func timers() []timer {
	return []timer{
		{regexp.MustCompile(`(?m)^\s*(?:neighbor \S+ )?timers (?:bgp )?\d+ (\d+)\s*$`), 1, true},
		{regexp.MustCompile(`(?m)^\s*(?:neighbor \S+ )?timers connect (\d+)`), 1, true},
		{regexp.MustCompile(`\b(?:hold|connect retry) time (\d+)`), 1, true},
		{regexp.MustCompile(`\berror wait time (?:\d+ *, *)?(\d+)`), 1, true},
		{regexp.MustCompile(`\bdead-interval (\d+)`), 2, false},
		{regexp.MustCompile(`\bdead (\d+);`), 2, false},
		{regexp.MustCompile(`\bisis hello-interval (\d+)`), 10, false},
		{regexp.MustCompile(`\badvert_int (\d+)`), 8, false},
		{regexp.MustCompile(`\bpreempt_delay (\d+)`), 1, false},
	}
}

// recovery is the time in seconds after which what a healthy network loses for a moment is back, and what is not
// heard any more is lost: by the defaults, or by the timers of the configurations where these are longer.
func (w *drafter) recovery() int {
	if w.recovers > 0 {
		return w.recovers
	}
	bgp := slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return slices.Contains([]Kind{BGP, Prefix, Route, Crash}, s.Kind) })
	most := settles
	if !slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return s.Kind != VRRP }) {
		most = elects + margin
	}
	for i := range w.net.Nodes {
		if hold := holds; bgp {
			if platform(&w.net.Nodes[i]) == "bird" {
				hold = holdsBIRD
			}
			most = max(most, hold+margin)
		}
	}
	if slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return s.Kind == LAG }) {
		most = max(most, lacps+margin)
	}
	for _, t := range timers() {
		if t.bgp && !bgp {
			continue
		}
		for _, n := range w.net.Nodes {
			for _, m := range t.re.FindAllStringSubmatch(n.Config, -1) {
				if seconds, err := strconv.Atoi(m[1]); err == nil {
					most = max(most, min(seconds, longest)*t.times+margin)
				}
			}
		}
	}
	if most > longest {
		w.short = true
		w.unknown("a timer of the configurations needs %d s or more, and a trial waits %d s: that nothing shows by then tells nothing", most, longest)
	}
	w.recovers = min(most, longest)
	return w.recovers
}
