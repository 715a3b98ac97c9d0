package peer

import (
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// LACP is one port of an aggregation (IEEE 802.1AX-2014 section 6.4), whose other side is the device. What of the LACPDU is
// said here is sent as it is said.
type LACP struct {
	message.LACP `yaml:",inline"`

	// Passive speaks only to who is active; Fast asks to be spoken to every second, and not every 30.
	Passive bool `yaml:"passive"`
	Fast    bool `yaml:"fast"`
	// Individual is a port that says that it cannot be aggregated, and stands alone.
	Individual bool `yaml:"individual"`
	// Every is the time between two LACPDUs, in the place of what the other side asks for.
	Every time.Duration `yaml:"every"`
}

// Times of LACP (IEEE 802.1AX-2014 section 6.4.4).
const (
	lacpFast   = time.Second
	lacpSlow   = 30 * time.Second
	lacpMisses = 3
	lacpBurst  = lacpFast / 3 // between two LACPDUs at least
)

type lacp struct {
	c LACP

	actor, partner message.LACPInfo
	state          string // current, expired, or defaulted
	until          time.Duration
	due            time.Duration
	sent           time.Duration
	begun, told    bool
}

// LACPPeer is the other side's view.
type LACPPeer struct {
	Receive        string   `json:"receive"` // current, expired or defaulted
	State          []string `json:"state"`
	System         string   `json:"system"`
	SystemPriority uint16   `json:"system-priority"`
	Key            uint16   `json:"key"`
	Port           uint16   `json:"port"`
	PortPriority   uint16   `json:"port-priority"`
	Own            []string `json:"own-state"`
}

func (x *lacp) configure(s *Spec) error {
	c := *s.LACP
	if _, err := c.PDU(message.MAC{}); err != nil {
		return err
	}
	if c.Every < 0 {
		return fmt.Errorf("every: %v is negative", c.Every)
	}
	x.c, x.due = c, 0
	if !x.begun {
		x.begun, x.state = true, "defaulted"
	}
	return nil
}

// own are our flags.
func (x *lacp) own() byte {
	var flags byte
	put := func(is bool, flag byte) {
		if is {
			flags |= flag
		}
	}
	put(!x.c.Passive, message.LACPActivity)
	put(x.c.Fast, message.LACPTimeout)
	put(!x.c.Individual, message.LACPAggregation)
	put(x.state == "defaulted", message.LACPDefaulted)
	put(x.state == "expired", message.LACPExpired)
	// A link that stands alone is in its own aggregation (IEEE 802.1AX-2014 section 6.4.14).
	if x.state == "current" && (x.c.Individual || x.partner.State&message.LACPAggregation != 0) {
		flags |= message.LACPSynchronization
		if x.partner.State&message.LACPSynchronization != 0 {
			flags |= message.LACPCollecting | message.LACPDistributing
		}
	}
	return flags
}

// side is our own word of us, from an address.
func (x *lacp) side(l *link) message.LACPInfo {
	i := message.DefaultActor(l.mac)
	i.State = x.own()
	made, err := x.c.Actor.Over(i)
	if err != nil { // it was checked
		l.fail(err)
	}
	return made
}

func (x *lacp) receive(l *link, f frame) {
	if f.kind != message.TypeSlow || len(f.body) == 0 || f.body[0] != 1 {
		return
	}
	actor, seen, err := message.ParseLACP(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	l.state.Received["lacp"]++
	x.partner, x.state = actor, "current"
	x.until = l.now + lacpMisses*x.wait()
	now := x.side(l)
	if seen != now { // it does not know us as we are now
		x.due = min(x.due, max(l.now, x.sent+lacpBurst))
	}
	x.tell(l, now)
}

// wait is the time within which we want to be spoken to.
func (x *lacp) wait() time.Duration {
	if x.c.Fast {
		return lacpFast
	}
	return lacpSlow
}

func (x *lacp) tell(l *link, now message.LACPInfo) {
	if now != x.actor {
		x.actor = now
		x.due = min(x.due, max(l.now, x.sent+lacpBurst))
	}
	up := x.own()&message.LACPDistributing != 0
	word := x.state
	if up {
		word = "distributing"
	}
	l.become(word, up)
}

func (x *lacp) tick(l *link) time.Duration {
	if !x.told {
		x.told = true
		x.tell(l, x.side(l))
	}
	if x.state != "defaulted" && l.now >= x.until {
		if x.state == "current" {
			x.state, x.until = "expired", l.now+lacpMisses*lacpFast
			x.partner.State |= message.LACPTimeout
			x.partner.State &^= message.LACPSynchronization
		} else {
			x.state, x.partner = "defaulted", message.LACPInfo{}
		}
		x.tell(l, x.side(l))
	}
	every := x.every()
	if every > 0 && l.now >= x.due {
		x.transmit(l)
		x.due = l.now + every
	}
	next := x.due
	if every <= 0 {
		next = -1
	}
	if x.state != "defaulted" && (next < 0 || x.until < next) {
		next = x.until
	}
	return next
}

// every is the time from one LACPDU to the next; 0 is none.
func (x *lacp) every() time.Duration {
	switch {
	case x.c.Every > 0:
		return x.c.Every
	case x.c.Passive && x.partner.State&message.LACPActivity == 0:
		return 0
	case x.state == "defaulted" || x.partner.State&message.LACPTimeout != 0:
		return lacpFast
	}
	return lacpSlow
}

func (x *lacp) transmit(l *link) {
	x.actor, x.sent = x.side(l), l.now
	partner, err := x.c.Partner.Over(x.partner)
	l.send(x.c.Made(x.actor, partner), err)
}

func (x *lacp) show(*link) any {
	return LACPPeer{
		Receive: x.state, State: message.LACPState(x.partner.State), System: x.partner.System.String(), SystemPriority: x.partner.SystemPriority,
		Key: x.partner.Key, Port: x.partner.Port, PortPriority: x.partner.PortPriority, Own: message.LACPState(x.actor.State),
	}
}
