package packet

import "encoding/binary"

// The header of TCP (RFC 9293, section 3.1). Source and destination port are its begin.
const (
	tcpSource   = 0
	tcpDest     = 2
	tcpPorts    = 4 // both
	tcpSequence = 4
	tcpOffset   = 12 // in words of four bytes, the upper half of the byte
	tcpSum      = 16
	tcpOptions  = 20
	tcpLen      = 20

	tcpOffsetShift = 4
)

// Options that sign a segment (RFC 2385; RFC 5925, section 2.2), and where the digest is.
const (
	tcpMD5       = 19
	tcpMD5Digest = 2
	tcpAO        = 29
	tcpAODigest  = 4
)

// portBGP is where BGP listens (RFC 4271, section 8.2.1).
const portBGP = 179

// tcp cuts digests and keeps what the segment carries for [capture.streams].
func (c *capture) tcp(at, end int, pseudo part) {
	head := c.byteAt(at+tcpOffset) >> tcpOffsetShift * headerWord
	if head < tcpLen || at+head > end {
		return
	}
	c.in(at, "TCP")
	c.plain(at, at+head)
	c.ipOptions(at+tcpOptions, at+head, func(kind, p, stop int) {
		switch kind {
		case tcpMD5:
			c.digest(p+tcpMD5Digest, stop)
		case tcpAO:
			c.digest(p+tcpAODigest, stop)
		}
	})
	if at+head >= end {
		return
	}
	c.plain(at+head, end) // which [capture.streams] reads
	seq := binary.BigEndian.Uint32(c.old[at+tcpSequence:])
	key := string(c.old[pseudo.start:pseudo.end]) + string(c.old[at:at+tcpPorts])
	fl := c.flows[key]
	if fl == nil {
		fl = &flow{base: seq, ports: [2]int{c.u16(at + tcpSource), c.u16(at + tcpDest)}}
		half := (pseudo.end - pseudo.start) / 2
		fl.back = string(c.old[pseudo.start+half:pseudo.end]) + string(c.old[pseudo.start:pseudo.start+half]) +
			string(c.old[at+tcpDest:at+tcpPorts]) + string(c.old[at+tcpSource:at+tcpDest])
		c.flows[key] = fl
	}
	fl.segments = append(fl.segments, segment{at + head, end, int(int32(seq - fl.base))}) //nolint:gosec // sequence numbers wrap
}
