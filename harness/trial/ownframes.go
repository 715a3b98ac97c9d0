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
// network.
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
}

// begin notes that one is sent. The function that it returns notes when it has ended.
func (l *ownFrames) begin(node string, r scenarios.Reach, now func() time.Duration) (over func()) {
	one := &ownReach{node: node, reach: r, begin: now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, one)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		one.end = now()
	}
}

// among counts the frames of a look that cannot be told from those of a probe, and names the first such probe.
func (l *ownFrames) among(f *evidence.Frames) (n int, whose string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, frame := range f.Shown() {
		at := f.From + time.Duration(frame.Time*float64(time.Second))
		for _, one := range l.list {
			if one.sends(frame) && one.mayAt(at) {
				n++
				whose = cmp.Or(whose, one.node+" reaches "+cmp.Or(one.reach.Ping, one.reach.TCP))
				break
			}
		}
	}
	return n, whose
}

// mayAt reports whether a frame of the probe may have been there at a moment: an answer may be late by as long as it is waited for.
func (o *ownReach) mayAt(at time.Duration) bool {
	return at >= o.begin-ownSlack && (o.end == 0 || at <= o.end+o.reach.Wait()+ownSlack)
}

// ownSlack is what times of frames are rounded by, and more.
const ownSlack = time.Millisecond

// sends reports whether a frame may be one of the probe, or an answer to it: an echo, or a segment of TCP to or from its port. Of
// a name the address is not known: it may be any.
func (o *ownReach) sends(f evidence.Frame) bool {
	host, port := o.reach.Ping, 0
	if host == "" {
		h, p, err := net.SplitHostPort(o.reach.TCP)
		if err != nil {
			return false
		}
		host, port = h, atoi(p)
		if f.Proto == nil || *f.Proto != tcpProtocol || f.SPort != port && f.DPort != port {
			return false
		}
	} else if f.Message != "echo" && f.Message != "echo-reply" {
		return false
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
