package peer

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// IGMP is a member of groups (RFC 2236, RFC 3376), or a router that asks for members.
type IGMP struct {
	Source  netip.Addr   `yaml:"source"`
	Version int          `yaml:"version"` // 2 where it is 0
	Groups  []netip.Addr `yaml:"groups"`
	// Deaf is a member that answers no query.
	Deaf    bool `yaml:"deaf"`
	Querier bool `yaml:"querier"`
	// Every is the time between two queries: 125 s. Answer is within how many tenths of a second they want to be answered.
	Every  time.Duration `yaml:"every"`
	Answer *uint8        `yaml:"answer"`
}

// Times of IGMP (RFC 3376 section 8).
const (
	igmpEvery  = 125 * time.Second
	igmpTenths = 100
	igmpAgain  = time.Second // from a first report to the next (RFC 3376 section 8.11); in version 2 it is at most 10 s
)

type igmp struct {
	c IGMP

	joined  map[netip.Addr]bool
	again   map[netip.Addr]time.Duration // when a report that was not sent, or has to be said twice, is due
	due     time.Duration                // of a query
	silent  time.Duration                // until when another asks
	answer  time.Duration                // when the groups are told again; 0 is never
	heard   map[netip.Addr]time.Duration
	querier netip.Addr
}

// IGMPPeer is what is known of a segment.
type IGMPPeer struct {
	Querier string `json:"querier,omitempty"` // that was heard last
	// Groups are those that others reported, each within the time that reports are good for.
	Groups []string `json:"groups"`
}

func (g *igmp) configure(s *Spec) error {
	c := *s.IGMP
	if !c.Source.Is4() || c.Every < 0 || c.Querier == (len(c.Groups) > 0) {
		return errors.New("it has a source of IPv4, and either groups or querier: true")
	}
	for _, a := range c.Groups {
		probe := message.IGMP{Type: "report", Version: c.Version, Source: c.Source, Group: a}
		if _, err := probe.PDU(); err != nil {
			return fmt.Errorf("groups: %w", err)
		}
	}
	probe := message.IGMP{Type: "query", Version: c.Version, Source: c.Source}
	if _, err := probe.PDU(); err != nil {
		return err
	}
	g.c, g.due = c, 0
	if g.joined == nil {
		g.joined, g.again, g.heard = map[netip.Addr]bool{}, map[netip.Addr]time.Duration{}, map[netip.Addr]time.Duration{}
	}
	return nil
}

func (g *igmp) every() time.Duration {
	if g.c.Every > 0 {
		return g.c.Every
	}
	return igmpEvery
}

// good is how long a report is (RFC 3376 section 8.4).
func (g *igmp) good() time.Duration {
	return 2*g.every() + time.Duration(message.Or(g.c.Answer, igmpTenths))*100*time.Millisecond
}

func (g *igmp) receive(l *link, f frame) {
	if f.proto != message.ProtoIGMP || !f.source.Is4() {
		return
	}
	m, err := message.ParseIGMP(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	l.state.Received[m.Type]++
	switch m.Type {
	case "query":
		g.querier = f.source
		if g.c.Querier && f.source.Compare(g.c.Source) < 0 {
			g.silent = l.now + g.good()
		}
		mine := len(m.Groups) == 0
		for _, a := range g.c.Groups {
			_, asked := m.Groups[a]
			mine = mine || asked
		}
		if mine && !g.c.Deaf && len(g.c.Groups) > 0 && g.answer == 0 {
			g.answer = max(l.now+m.Answer/2, 1)
		}
	case "report":
		for a, mode := range m.Groups {
			if mode == "to-include" || mode == "include" {
				delete(g.heard, a)
			} else if len(g.heard) < mostAddresses {
				g.heard[a] = l.now
			}
		}
	case "leave":
		for a := range m.Groups {
			delete(g.heard, a)
		}
	}
}

func (g *igmp) send(l *link, typ string, group netip.Addr) bool {
	m := message.IGMP{Type: typ, Version: g.c.Version, Source: g.c.Source, Group: group, Answer: g.c.Answer}
	if _, twice := g.again[group]; typ == "report" && g.joined[group] && !twice {
		m.Mode = "exclude" // as it is, and not as it changes
	}
	return l.send(m.PDU())
}

// join reports a group, twice, for one report may get lost (RFC 3376 section 8.1).
func (g *igmp) join(l *link, a netip.Addr) {
	due, waits := g.again[a]
	switch {
	case g.joined[a] && !waits, waits && l.now < due:
	case !g.send(l, "report", a):
		g.again[a] = l.now + igmpAgain
	case g.joined[a]:
		delete(g.again, a)
	default:
		g.joined[a], g.again[a] = true, l.now+igmpAgain
	}
}

func (g *igmp) tick(l *link) time.Duration {
	for a, at := range g.heard {
		if l.now >= at+g.good() {
			delete(g.heard, a)
		}
	}
	if g.c.Querier {
		asks := l.now >= g.silent
		word := "listening"
		if asks {
			word = "asking"
		}
		l.become(word, asks)
		if !asks {
			return g.silent
		}
		if l.now >= g.due {
			g.send(l, "query", netip.Addr{})
			g.due = l.now + g.every()
		}
		return g.due
	}
	l.become("member", true)
	for a := range g.joined {
		if !slices.Contains(g.c.Groups, a) {
			delete(g.joined, a)
			delete(g.again, a)
			g.send(l, "leave", a)
		}
	}
	for _, a := range g.c.Groups {
		g.join(l, a)
	}
	if g.answer > 0 && l.now >= g.answer {
		g.answer = 0
		for _, a := range g.c.Groups {
			g.send(l, "report", a)
		}
	}
	next := g.answer
	for a, at := range g.again {
		switch {
		case !slices.Contains(g.c.Groups, a):
			delete(g.again, a)
		case next == 0 || at < next:
			next = at
		}
	}
	return next
}

func (g *igmp) show(*link) any {
	p := IGMPPeer{Groups: []string{}}
	if g.querier.IsValid() {
		p.Querier = g.querier.String()
	}
	for _, a := range slices.SortedFunc(maps.Keys(g.heard), netip.Addr.Compare) {
		p.Groups = append(p.Groups, a.String())
	}
	return p
}
