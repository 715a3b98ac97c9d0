package packet

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
)

// streamWindow bounds how far a segment may lie from the first of its flow.
const streamWindow = 64 << 20

// flow is one direction of a TCP connection: its segments in the file.
type flow struct {
	ports    [2]int // source and destination
	base     uint32
	segments []segment
	back     string // the key of the other direction
	answers  []answer
}

// on reports whether one side has this port.
func (f *flow) on(port int) bool { return f.ports[0] == port || f.ports[1] == port }

type segment struct{ at, end, offset int }

// Streams returns what each direction of each TCP connection carried, joined across holes,
// for who searches a capture. ok is false when the file is no capture.
func Streams(data []byte) (streams [][]byte, ok bool) {
	c := newCapture(data, same{})
	if !c.file() {
		return nil, false
	}
	c.flows = map[string]*flow{}
	c.eachFrame()
	for _, key := range slices.Sorted(maps.Keys(c.flows)) {
		streams = append(streams, c.joinAll(c.flows[key]))
	}
	return streams, true
}

// ordered are the segments of a flow as they were sent.
func (f *flow) ordered() []segment {
	order := slices.Clone(f.segments)
	slices.SortStableFunc(order, func(a, b segment) int { return a.offset - b.offset })
	return order
}

// joinAll puts all segments of a flow together. Of what overlaps, the first counts.
func (c *capture) joinAll(f *flow) []byte {
	order := f.ordered()
	var joined []byte
	next := 0
	for i, s := range order {
		have, lag := c.old[s.at:s.end], s.offset-order[0].offset
		if i > 0 && lag < next {
			have = have[min(len(have), next-lag):]
		}
		joined = append(joined, have...)
		next = max(next, lag+s.end-s.at)
	}
	return joined
}

// streams replaces in what each direction of each connection carried, joined, so that a
// value that two segments share is found. A retransmission gets the same bytes.
func (c *capture) streams() {
	c.dialogs()
	for _, key := range slices.Sorted(maps.Keys(c.flows)) {
		c.stream(c.flows[key])
	}
}

func (c *capture) stream(f *flow) {
	order := f.ordered()
	for len(order) > 0 {
		first := order[0]
		joined, n := c.join(order)
		out := c.streamOf(f, first.offset, joined)
		for _, s := range order[:n] {
			from := s.offset - first.offset
			c.put(s.at, out[from:from+s.end-s.at])
		}
		order = order[n:]
	}
}

// join puts together the first segments, up to a hole or to one that says otherwise than
// those before, which is where another stream begins. n is how many.
func (c *capture) join(order []segment) (joined []byte, n int) {
	first := order[0]
	joined = slices.Clone(c.old[first.at:first.end])
	for n = 1; n < len(order); n++ {
		s := order[n]
		lag := s.offset - first.offset
		if lag > len(joined) || lag > streamWindow {
			break
		}
		have := c.old[s.at:s.end]
		shared := min(len(joined)-lag, len(have))
		if !bytes.Equal(joined[lag:lag+shared], have[:shared]) {
			break
		}
		joined = append(joined, have[shared:]...)
	}
	return joined, n
}

// streamOf gives the joined bytes replaced, which begin at offset of their flow.
func (c *capture) streamOf(f *flow, offset int, joined []byte) []byte {
	sub := newCapture(joined, c.m)
	if f.on(portBGP) {
		sub.bgpMessages()
		return sub.out
	}
	sub.payload(0, len(joined))
	switch {
	case f.on(portLDP):
		sub.ldpMessages()
	case f.on(portSNMP), f.on(portSNMPTrap):
		sub.snmpMessages()
	case sub.tls(), sub.mqtt(), sub.socks(f):
	default:
		sub.ldapBinds()
		sub.hostNames()
		sub.answered(f, offset)
	}
	return sub.out
}

// same is the Mapper that changes nothing.
type same struct{}

func (same) Addr(ip netip.Addr, _ int) netip.Addr { return ip }
func (same) Seen(netip.Addr) bool                 { return false }
func (same) MAC(m [6]byte) [6]byte                { return m }
func (same) Bytes(_ Kind, b []byte) []byte        { return b }
func (same) Note(string)                          {}
