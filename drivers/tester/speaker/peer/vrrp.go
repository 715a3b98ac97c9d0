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

// skew is how much sooner one of a higher priority is the master (RFC 5798 section 6.1).
func (v *vrrp) skew() time.Duration {
	return v.interval() * time.Duration(256-int(message.Or(v.c.Priority, 100))) / 256
}

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
		v.down = l.now + 3*v.interval() + v.skew()
	}
}

func (v *vrrp) tick(l *link) time.Duration {
	if !v.begun {
		v.begun, v.down = true, l.now+3*v.interval()+v.skew()
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
