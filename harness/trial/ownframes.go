package trial

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// ownFrames are the pings and connections by which conditions of the trial look: the frames of these are no work of the
// network, nor are the questions for an address that they cause, and the errors about them.
type ownFrames struct {
	mu   sync.Mutex
	list []*ownReach
}

// ownReach is one of them, in the lab's time since the trial began.
type ownReach struct {
	node  string
	reach scenarios.Reach
	begin time.Duration
	end   time.Duration // 0 while it goes on
	whole bool          // it is a ping of which every answer has come
	after time.Duration // for which an address that it was sent to may still be asked for
}

// askedAfter is how long after a packet its destination's address may still be asked for, in real time: what a kernel has learned and sent to is
// confirmed after 5 s, by three questions a second apart (RFC 4861, section 10: DELAY_FIRST_PROBE_TIME, MAX_UNICAST_SOLICIT; ARP alike).
const askedAfter = 8 * time.Second

// begin notes that one is sent. The function that it returns notes when it has ended, and whether all that it sent was answered.
func (l *ownFrames) begin(node string, r scenarios.Reach, rec *recorder) (over func(answered bool)) {
	now := rec.now
	one := &ownReach{node: node, reach: r, begin: now(), after: rec.clock.Lab(askedAfter)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, one)
	return func(answered bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		to, err := netip.ParseAddr(r.Ping)
		one.end, one.whole = now(), answered && err == nil && !to.IsMulticast() // of which every member answers
	}
}

// among counts the frames of a look that cannot be told from those of a probe, and names the first such probe.
func (l *ownFrames) among(f *evidence.Frames) (n int, whose string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, frame := range f.Shown() {
		at := f.From + time.Duration(frame.Time*float64(time.Second))
		for _, one := range l.list {
			if one.sends(frame) && one.mayAt(at, asks(frame)) {
				n++
				whose = cmp.Or(whose, one.node+" reaches "+cmp.Or(one.reach.Ping, one.reach.TCP))
				break
			}
		}
	}
	return n, whose
}

// mayAt reports whether a frame of the probe may have been there at a moment: an answer that did not come in time may be late by as long as
// it is waited for, and a question for an address by longer.
func (o *ownReach) mayAt(at time.Duration, asks bool) bool {
	late := ownSlack
	if !o.whole || asks {
		late += o.reach.Wait()
	}
	if asks {
		late += o.after
	}
	return at >= o.begin-ownSlack && (o.end == 0 || at <= o.end+late)
}

// ownSlack is what times of frames are rounded by, and more.
const ownSlack = time.Millisecond

// asks reports whether a frame asks for the address of a neighbour, or answers that.
func asks(f evidence.Frame) bool {
	return f.Kind == "arp" || f.Message == "neighbor-solicitation" || f.Message == "neighbor-advertisement"
}

// sends reports whether a frame may be one of the probe, or an answer to it: an echo, or a segment of TCP to or from its port, an error about one of
// these, or a question for the address that it goes to, or from that. Of a name the address is not known: it may be any.
func (o *ownReach) sends(f evidence.Frame) bool {
	if asks(f) {
		return o.names(f) || f.About != nil && o.names(*f.About)
	}
	if f.About != nil {
		return o.sends(*f.About)
	}
	if o.reach.Ping != "" {
		return (f.Message == "echo" || f.Message == "echo-reply") && o.names(f)
	}
	_, p, err := net.SplitHostPort(o.reach.TCP)
	if err != nil {
		return false
	}
	port := atoi(p)
	return f.Proto != nil && *f.Proto == tcpProtocol && (f.SPort == port || f.DPort == port) && o.names(f)
}

// names reports whether a frame is from or to what the probe reaches.
func (o *ownReach) names(f evidence.Frame) bool {
	host := o.reach.Ping
	if host == "" {
		host, _, _ = net.SplitHostPort(o.reach.TCP) // that it is one was asked before
	}
	to, err := netip.ParseAddr(host)
	return err != nil || sameAddress(to, f.IPDst) || sameAddress(to, f.IPSrc)
}

// tcpProtocol is the protocol number of TCP (RFC 9293).
const tcpProtocol = 6

func sameAddress(a netip.Addr, text string) bool {
	b, err := netip.ParseAddr(text)
	return err == nil && a.WithZone("") == b.WithZone("")
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// ownFramesError says that frames of a look are, or may be, those of the trial's own probes.
type ownFramesError struct {
	count int
	whose string
}

func (e *ownFramesError) Error() string {
	return fmt.Sprintf("%d of the frames cannot be told from those of a probe of the scenario (%s): let a step send what is counted, "+
		"or a filter leave the probe's out", e.count, e.whose)
}
