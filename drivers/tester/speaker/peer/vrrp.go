package peer

import (
	"net/netip"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// VRRP is a router of VRRP over IPv4, of version 2 (RFC 3768) or 3 (RFC 5798). It takes part in the election, and
// answers for no virtual address.
type VRRP struct {
	message.VRRP `yaml:",inline"`

	// NoPreempt leaves a master of a lower priority where it is.
	NoPreempt bool `yaml:"no-preempt"`
	// Always speaks as the master, whoever else does.
	Always bool `yaml:"always"`
}

type vrrp struct {
	c     VRRP
	ready bool

	master bool
	down   time.Duration // when the master is gone
	due    time.Duration
	begun  bool
	every  time.Duration // what the master says of its interval, in version 3; 0 is ours
	last   message.VRRPAdvert
	from   netip.Addr
}

// VRRPPeer is the last advertisement that came.
type VRRPPeer struct {
	Source    string       `json:"source"`
	Version   int          `json:"version"`
	Priority  uint8        `json:"priority"`
	Interval  uint16       `json:"interval"` // seconds of version 2, hundredths of version 3
	Addresses []netip.Addr `json:"addresses"`
}

func (v *vrrp) configure(s *Spec) error {
	if _, err := s.VRRP.PDU(); err != nil {
		return err
	}
	v.c, v.ready, v.due = *s.VRRP, true, 0
	return nil
}

func (v *vrrp) interval() time.Duration {
	if v.c.Version == 3 {
		if v.c.Interval > 0 {
			return time.Duration(v.c.Interval) * 10 * time.Millisecond
		}
		return time.Second
	}
	return time.Duration(max(v.c.Interval, 1)) * time.Second
}

// skew is how much sooner one of a higher priority is the master: a part of a second in version 2 (RFC 3768 section 6.1),
// and of the master's interval in version 3 (RFC 5798 section 6.1).
func (v *vrrp) skew() time.Duration {
	of := time.Second
	if v.c.Version == 3 {
		of = v.masters()
	}
	return of * time.Duration(256-int(message.Or(v.c.Priority, 100))) / 256
}

// masters is the interval of the master's advertisements.
func (v *vrrp) masters() time.Duration {
	if v.every > 0 {
		return v.every
	}
	return v.interval()
}

// gone is how long a master is silent until it is not there any more.
func (v *vrrp) gone() time.Duration { return 3*v.masters() + v.skew() }

func (v *vrrp) receive(l *link, f frame) {
	if f.proto != message.ProtoVRRP || !f.source.Is4() || f.ttl != 255 {
		return
	}
	a, err := message.ParseVRRP(f.body, f.source, f.dest)
	if err != nil {
		l.malformed(err)
		return
	}
	if a.ID != v.c.ID {
		return
	}
	l.state.Received["vrrp"]++
	v.last, v.from = a, f.source
	if said := time.Duration(a.Interval) * time.Second; a.Version == 2 && v.c.Version != 3 && said != v.interval() {
		l.say("an advertisement of %s with another interval, %v", f.source, said) // RFC 3768 section 7.1
		return
	}
	own := message.Or(v.c.Priority, 100)
	higher := a.Priority > own || a.Priority == own && f.source.Compare(v.c.Source) > 0
	switch {
	case v.c.Always:
	case a.Priority == 0 && v.master:
		v.due = l.now
	case a.Priority == 0:
		v.down = l.now + v.skew()
	case v.master && !higher:
	case v.master || v.c.NoPreempt || a.Priority >= own:
		v.master = false
		if a.Version == 3 && v.c.Version == 3 {
			v.every = time.Duration(a.Interval) * 10 * time.Millisecond
		}
		v.down = l.now + v.gone()
	}
}

func (v *vrrp) tick(l *link) time.Duration {
	if !v.begun {
		v.begun, v.down = true, l.now+v.gone()
		v.master = message.Or(v.c.Priority, 100) == 255
	}
	if !v.master && (v.c.Always || l.now >= v.down) {
		v.master, v.due = true, l.now
	}
	word := "backup"
	if v.master {
		word = "master"
	}
	l.become(word, v.master)
	if !v.master {
		return v.down
	}
	if l.now >= v.due {
		l.send(v.c.PDU())
		v.due = l.now + v.interval()
	}
	return v.due
}

func (v *vrrp) show(*link) any {
	if !v.from.IsValid() {
		return nil
	}
	return VRRPPeer{Source: v.from.String(), Version: v.last.Version, Priority: v.last.Priority, Interval: v.last.Interval, Addresses: v.last.Addresses}
}
