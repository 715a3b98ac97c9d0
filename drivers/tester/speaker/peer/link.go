package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// link is what a machine speaks over: the time, what is sent and counted, and the state that is told.
type link struct {
	// now is the lab's time since the session began.
	now time.Duration
	// mac is spoken from, and own that of the address which machines speak from.
	mac   message.MAC
	own   netip.Addr
	ours  bool // nobody but the session answers ARP for own
	write func(b []byte) error

	alter   []message.Alter
	altered []int       // messages that each could have meant
	failed  error       // what it could not do by its own hand, as a change that cannot be made
	broke   func(error) // hears of failed, where it is not nil
	macs    map[netip.Addr]message.MAC
	asked   map[netip.Addr]time.Duration

	state State
}

// State is what has become of a session.
type State struct {
	Port     string `json:"port"`
	Protocol string `json:"protocol"`
	State    string `json:"state"`
	// Ups and Downs count how often it came up, and went down after that.
	Ups   int `json:"ups"`
	Downs int `json:"downs"`
	// Sent and Received are messages, by their kind; Altered those of the sent that are other ones than they would have been,
	// Unsent those that were not sent: on purpose, or for nobody said what address of Ethernet they go to.
	Sent     map[string]int `json:"sent"`
	Received map[string]int `json:"received"`
	Altered  int            `json:"altered"`
	Unsent   int            `json:"unsent"`
	// Malformed are messages that came and could not be read.
	Malformed int `json:"malformed"`
	// Carrier says whether what is sent can leave the port now.
	Carrier bool `json:"carrier"`
	// Said is what was noticed last.
	Said string `json:"said,omitempty"`
	// Peer is what the other side says of itself.
	Peer any `json:"peer,omitempty"`
}

// mostAddresses bounds what is learned of a port.
const mostAddresses = 4096

// become tells of a new state, and counts where it is up.
func (l *link) become(state string, up bool) {
	switch was := l.state.Ups > l.state.Downs; {
	case up && !was:
		l.state.Ups++
	case !up && was:
		l.state.Downs++
	}
	l.state.State = state
}

// say notes what happened.
func (l *link) say(format string, args ...any) { l.state.Said = fmt.Sprintf(format, args...) }

// malformed counts what could not be read.
func (l *link) malformed(err error) {
	l.state.Malformed++
	l.say("%v", err)
}

// send sends a message, changed as is wanted, and says whether that worked: also where it is wanted that nothing is sent.
func (l *link) send(p message.PDU, err error) bool {
	kind := p.Kind
	if kind == "" {
		kind = p.Protocol
	}
	if err != nil {
		l.fail(fmt.Errorf("make a message of %s: %w", kind, err))
		return false
	}
	if p.Destination.IsValid() && p.To == (message.MAC{}) {
		mac, ok := l.macs[p.Destination]
		if !ok {
			l.state.Unsent++
			l.ask(p.Destination)
			return false
		}
		p.To = mac
	}
	meant := l.meant(kind)
	b, err := p.Frame(l.mac, 0, meant)
	if message.IsSilent(err) {
		l.state.Unsent++
		return true
	}
	altered := false
	if len(meant) > 0 {
		b, altered, err = l.change(p, b, err)
	}
	if err == nil {
		err = l.write(b)
	}
	switch {
	case err == nil:
	case isLost(err):
		l.state.Unsent++
		l.say("send %s: %v", kind, err)
		return false
	default:
		l.state.Unsent++
		l.fail(fmt.Errorf("send %s of %d bytes: %w", kind, len(b), err))
		return false
	}
	l.state.Sent[kind]++
	if altered {
		l.state.Altered++
	}
	return true
}

// change compares a message that was changed with what it would have been. One that cannot be changed goes as it is, for
// silence would look like what the case is about; the session has failed.
func (l *link) change(p message.PDU, changed []byte, bad error) (b []byte, altered bool, err error) {
	b, err = p.Frame(l.mac, 0, nil)
	switch {
	case bad != nil && err == nil:
		l.fail(bad)
	case err == nil:
		return changed, !bytes.Equal(b, changed), nil
	}
	return b, false, err
}

// fail notes the first that the session could not do by its own hand: it is not what the scenario says any more.
func (l *link) fail(err error) {
	if l.failed != nil {
		return
	}
	l.failed = err
	if l.broke != nil {
		l.broke(err)
	}
}

// meant are the changes that the next message of a kind gets.
func (l *link) meant(kind string) (list []message.Alter) {
	for i := range l.alter {
		if a := &l.alter[i]; a.Meant(kind, l.altered[i]+1) {
			list = append(list, *a)
		}
		if len(l.alter[i].Of) == 0 || slices.Contains(l.alter[i].Of, kind) {
			l.altered[i]++
		}
	}
	return list
}

// arpRetry is how long an address is not asked for again.
const arpRetry = time.Second

// ask asks who has an address (RFC 826).
func (l *link) ask(a netip.Addr) {
	if at, ok := l.asked[a]; ok && l.now-at < arpRetry || !a.Is4() || !l.own.Is4() {
		return
	}
	l.asked[a] = l.now
	l.arp(1, message.Broadcast(), message.MAC{}, a)
}

func (l *link) arp(operation byte, to, target message.MAC, a netip.Addr) {
	b := append([]byte{0, 1, 8, 0, 6, 4, 0, operation}, l.mac[:]...)
	b = append(append(b, l.own.AsSlice()...), target[:]...)
	f, err := message.PDU{Protocol: "arp", To: to, EtherType: message.TypeARP, Body: append(b, a.AsSlice()...)}.Frame(l.mac, 0, nil)
	if err == nil {
		err = l.write(f)
	}
	switch {
	case err == nil:
	case isLost(err):
		l.say("send arp: %v", err)
	default:
		l.fail(fmt.Errorf("send arp: %w", err))
	}
}

const arpBody = 28

// learn notes where addresses are, and answers for the session's own.
func (l *link) learn(f frame) {
	if f.kind == message.TypeARP && len(f.body) >= arpBody && bytes.HasPrefix(f.body, []byte{0, 1, 8, 0, 6, 4}) {
		sender, target := netip.AddrFrom4([4]byte(f.body[14:18])), netip.AddrFrom4([4]byte(f.body[24:28]))
		l.note(sender, message.MAC(f.body[8:14]))
		if l.ours && target == l.own && binary.BigEndian.Uint16(f.body[6:]) == 1 {
			l.arp(2, f.from, message.MAC(f.body[8:14]), sender)
		}
		return
	}
	if f.source.Is4() && !f.source.IsUnspecified() {
		if _, known := l.macs[f.source]; !known {
			l.note(f.source, f.from)
		}
	}
}

func (l *link) note(a netip.Addr, m message.MAC) {
	if _, known := l.macs[a]; (known || len(l.macs) < mostAddresses) && !a.IsUnspecified() && m[0]&1 == 0 {
		l.macs[a] = m
	}
}
