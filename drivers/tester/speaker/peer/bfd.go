package peer

import (
	"math/rand/v2"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// BFD is a session of RFC 5880 in the asynchronous mode, over one hop (RFC 5881). What of the packet is said here is sent as
// it is said, whatever the session's own state would have it be.
type BFD struct {
	message.BFD `yaml:",inline"`

	// Passive waits for the other side's first packet.
	Passive bool `yaml:"passive"`
}

// Times of BFD: what is sent while it is not up (RFC 5880 section 6.8.3), and where nothing is said.
const (
	bfdSlow    = time.Second
	bfdMinimum = 300 * time.Millisecond
	bfdMult    = 3
	bfdPort    = 3784
)

// Reasons why a session went down (RFC 5880 section 4.1).
const (
	bfdTimedOut = 1
	bfdTold     = 3
)

type bfd struct {
	c BFD

	state  layers.BFDState
	reason uint8
	begun  bool // state is of a session that was configured
	remote layers.BFD
	seen   bool // remote is of the other side
	heard  time.Duration
	due    time.Duration
	poll   bool
}

// BFDPeer is what the other side says.
type BFDPeer struct {
	State      string  `json:"state"`
	Diagnostic uint8   `json:"diagnostic"`
	Mine       uint32  `json:"discriminator"`
	DetectMult uint8   `json:"detect-mult"`
	MinTX      float64 `json:"min-tx"` // seconds
	MinRX      float64 `json:"min-rx"`
	// Detect is after how many seconds without a packet the session goes down here.
	Detect float64 `json:"detect"`
	Reason uint8   `json:"reason"` // our own diagnostic
}

func (b *bfd) configure(s *Spec) error {
	if err := s.BFD.Check(); err != nil {
		return err
	}
	was := b.c
	b.c = *s.BFD
	if !b.begun {
		b.begun, b.state = true, layers.BFDStateDown
		return nil
	}
	b.due = 0 // what is said anew is said at once
	if message.Or(was.MinTX, bfdMinimum) != message.Or(b.c.MinTX, bfdMinimum) || message.Or(was.MinRX, bfdMinimum) != message.Or(b.c.MinRX, bfdMinimum) {
		b.poll = b.state == layers.BFDStateUp
	}
	return nil
}

func micro(t layers.BFDTimeInterval) time.Duration { return time.Duration(t) * time.Microsecond }

// detect is the time without a packet after which the session is down (RFC 5880 section 6.8.4).
func (b *bfd) detect() time.Duration {
	return time.Duration(b.remote.DetectMultiplier) * max(message.Or(b.c.MinRX, bfdMinimum), micro(b.remote.DesiredMinTxInterval))
}

func (b *bfd) receive(l *link, f frame) {
	if f.proto != message.ProtoUDP || f.source != b.c.Remote || f.dest != b.c.Local || f.toPort != b.c.BFDPort() || b.c.BFDPort() == bfdPort && f.ttl != 255 {
		return
	}
	p, err := message.ParseBFD(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	mine := layers.BFDDiscriminator(message.Or(b.c.Mine, 1))
	if p.YourDiscriminator != 0 && p.YourDiscriminator != mine || p.AuthPresent ||
		p.YourDiscriminator == 0 && p.State != layers.BFDStateDown && p.State != layers.BFDStateAdminDown {
		l.say("a packet of another session: your discriminator %d, state %s", p.YourDiscriminator, message.BFDState(p.State))
		return
	}
	l.state.Received["bfd"]++
	b.remote, b.seen, b.heard = p, true, l.now
	b.remote.BaseLayer = layers.BaseLayer{}
	if p.Final {
		b.poll = false
	}
	b.hear(l, p.State)
	if p.Poll {
		b.transmit(l, true)
	}
}

// hear goes to the state that the other side's has (RFC 5880 section 6.8.6).
func (b *bfd) hear(l *link, other layers.BFDState) {
	was := b.state
	switch {
	case other == layers.BFDStateAdminDown:
		if was != layers.BFDStateDown {
			b.state, b.reason = layers.BFDStateDown, bfdTold
		}
	case was == layers.BFDStateDown && other == layers.BFDStateDown:
		b.state = layers.BFDStateInit
	case was == layers.BFDStateDown && other == layers.BFDStateInit, was == layers.BFDStateInit && other >= layers.BFDStateInit:
		b.state, b.reason = layers.BFDStateUp, 0
		b.poll = true // the times are other ones now (RFC 5880 section 6.8.3)
	case was == layers.BFDStateUp && other == layers.BFDStateDown:
		b.state, b.reason = layers.BFDStateDown, bfdTold
	}
	if b.state != was {
		b.due = l.now
		b.tell(l)
	}
}

func (b *bfd) tell(l *link) {
	l.become(message.BFDState(b.state), b.state == layers.BFDStateUp)
	if b.state != layers.BFDStateUp {
		b.poll = false
	}
}

// transmit says what the session has to say, under what is said of the packet.
func (b *bfd) transmit(l *link, final bool) {
	p := b.c.BFD
	if p.State == "" {
		p.State = message.BFDState(b.state)
	}
	set(&p.Diagnostic, b.reason)
	set(&p.Final, final)
	set(&p.Poll, b.poll && !final)
	set(&p.Yours, uint32(b.remote.MyDiscriminator))
	set(&p.MinTX, b.wanted())
	set(&p.MinRX, bfdMinimum)
	l.send(p.PDU())
}

// set gives a field a value, where it has none.
func set[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

// wanted is the least time between two packets that is spoken of.
func (b *bfd) wanted() time.Duration {
	d := message.Or(b.c.MinTX, bfdMinimum)
	if b.state != layers.BFDStateUp {
		return max(d, bfdSlow)
	}
	return d
}

func (b *bfd) tick(l *link) time.Duration {
	if b.seen && l.now >= b.heard+b.detect() {
		if b.state != layers.BFDStateDown {
			b.state, b.reason, b.due = layers.BFDStateDown, bfdTimedOut, l.now
			b.tell(l)
			l.say("nothing was heard for the detection time")
		}
		b.remote.MyDiscriminator, b.seen, b.due = 0, false, l.now // RFC 5880 section 6.8.1
	}
	if b.c.Passive && !b.seen || b.seen && b.remote.RequiredMinRxInterval == 0 {
		return b.lost(-1)
	}
	if l.now >= b.due {
		b.transmit(l, false)
		every := b.wanted()
		if b.seen {
			every = max(every, micro(b.remote.RequiredMinRxInterval))
		}
		b.due = l.now + b.jittered(every)
	}
	return b.lost(b.due)
}

// jittered is a time less 0 to 25 percent, and with a multiplier of 1 less 10 at least (RFC 5880 section 6.8.7).
func (b *bfd) jittered(d time.Duration) time.Duration {
	least := 0.0
	if message.Or(b.c.DetectMult, bfdMult) == 1 {
		least = 0.1
	}
	return time.Duration(float64(d) * (1 - least - rand.Float64()*(0.25-least))) //nolint:gosec // no secret
}

// lost is the earlier of a time and that at which the other side is gone.
func (b *bfd) lost(due time.Duration) time.Duration {
	if !b.seen {
		return due
	}
	at := b.heard + b.detect()
	if due < 0 {
		return at
	}
	return min(due, at)
}

func (b *bfd) show(*link) any {
	if !b.seen {
		return nil
	}
	r := b.remote
	return BFDPeer{
		State: message.BFDState(r.State), Diagnostic: uint8(r.Diagnostic), Mine: uint32(r.MyDiscriminator), DetectMult: uint8(r.DetectMultiplier),
		MinTX: micro(r.DesiredMinTxInterval).Seconds(), MinRX: micro(r.RequiredMinRxInterval).Seconds(), Detect: b.detect().Seconds(), Reason: b.reason,
	}
}
