package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// ErrCapture says that a file is no capture that can be rewritten.
var ErrCapture = errors.New("no pcap or pcapng that can be rewritten whole")

// Lengths of addresses.
const (
	macLen  = 6  // IEEE 802, 8.2
	ipv4Len = 4  // RFC 791
	ipv6Len = 16 // RFC 4291
)

// unknownBits is the length of a network of which the packet says none.
const unknownBits = -1

// capture is one capture file being read or rewritten in place.
type capture struct {
	m   Mapper
	out []byte // the file; changed in place
	old []byte // as it was

	frames    []frame
	current   *frame // that is gone over
	end       int    // of what is gone over: a frame, or all; no field is beyond
	depth     int    // of packets in packets
	flows     map[string]*flow
	lsas      map[string]uint16 // the new checksum of each LSA whose body was seen
	edits     int
	blank     bool                       // what cannot be read is blanked
	silent    bool                       // what is not read is not told
	unread    int                        // frames that cannot be read
	templates map[string][]templateField // of exporters of flows
	known     bitmap                     // bytes that a decoder replaced or knows
	begins    []begun                    // the protocols of a frame
}

// frame is one packet: where it is and which checksums depend on what.
type frame struct {
	start, end int
	link       uint16
	sums       []checksum
}

func newCapture(data []byte, m Mapper) *capture {
	return &capture{m: m, out: slices.Clone(data), old: data, end: len(data), lsas: map[string]uint16{}, known: newBitmap(len(data))}
}

// IsCapture reports whether a file begins as a pcap or pcapng file does.
func IsCapture(data []byte) bool { return isPcapng(data) || isPcap(data) }

// Rewrite returns the file with what m puts in place of its contents, and how many places
// that changed. data is not changed.
//
// A frame of a link type that is not known is blanked; a file of nothing else is [ErrCapture].
func Rewrite(data []byte, m Mapper) (out []byte, edits int, err error) { return rewrite(data, m, true) }

// rewrite is [Rewrite], which may let pass what it cannot read.
func rewrite(data []byte, m Mapper, blank bool) (out []byte, edits int, err error) {
	c := newCapture(data, m)
	c.silent = !blank
	if !c.file() {
		return nil, 0, ErrCapture
	}
	c.packets() // bodies of LSAs teach the checksums that their headers name elsewhere
	if n := len(c.frames); blank && n > 0 && c.unread >= n {
		return nil, 0, fmt.Errorf("%w: no link type that is understood", ErrCapture)
	}
	copyFrames(c)
	c.blank = blank
	c.packets()
	c.fixSums()
	return c.out, c.edits, nil
}

// Read shows m all that it would be asked for, up to where the file is broken. What m
// returns is dropped.
func Read(data []byte, m Mapper) {
	if c := newCapture(data, m); c.file() {
		c.packets()
	}
}

// copyFrames puts the packets back, to go over them again with what is known now.
func copyFrames(c *capture) {
	clear(c.known)
	for i := range c.frames {
		f := &c.frames[i]
		copy(c.out[f.start:f.end], c.old[f.start:f.end])
		f.sums = f.sums[:0]
	}
	c.edits = 0
}

// packets goes over all frames, then over what TCP carried.
func (c *capture) packets() {
	c.flows = map[string]*flow{}
	c.eachFrame()
	c.streams()
}

// eachFrame goes over the frames, each within its bounds.
func (c *capture) eachFrame() {
	for i := range c.frames {
		f := &c.frames[i]
		c.end, c.begins, c.current = f.end, c.begins[:0], f
		c.frame(f)
		for _, s := range f.sums {
			c.plain(s.at, s.at+sumLen)
		}
		c.rest(f.start, f.end)
	}
	c.end, c.current = len(c.old), nil
}

func (c *capture) file() bool {
	switch {
	case isPcapng(c.old):
		return c.pcapng()
	case isPcap(c.old):
		return c.pcap()
	}
	return false
}

// tail blanks what follows the last whole packet of a broken-off file.
func (c *capture) tail(at int) bool {
	c.m.Note("the last packet is cut off; its bytes were blanked")
	clear(c.out[at:])
	return true
}

// deepest bounds packets in packets: tunnels in tunnels are two or three deep, and a stranger
// can write any number.
const deepest = 16

// enter begins a packet, perhaps in another one; false is beyond the bound, where it is searched
// as a payload. Who enters leaves.
func (c *capture) enter(at, end int) bool {
	if c.depth >= deepest {
		c.m.Note("packets in packets beyond the bound, searched by value")
		c.payload(at, end)
		return false
	}
	c.depth++
	return true
}

func (c *capture) leave() { c.depth-- }

// byteAt and u16 read a field as it was.
func (c *capture) byteAt(at int) int { return int(c.old[at]) }

func (c *capture) u16(at int) int { return int(binary.BigEndian.Uint16(c.old[at:])) }

// put writes over what was at, and counts.
func (c *capture) put(at int, with []byte) {
	c.plain(at, at+len(with))
	if !bytes.Equal(c.out[at:at+len(with)], with) {
		copy(c.out[at:], with)
		c.edits++
	}
}

// addr maps an address of n bytes.
func (c *capture) addr(at, n int) { c.network(at, n, unknownBits) }

// addrs maps the addresses of n bytes that fill a list.
func (c *capture) addrs(at, end, n int) {
	for ; at+n <= end; at += n {
		c.addr(at, n)
	}
}

// network maps an address that is a network of this length.
func (c *capture) network(at, n, bits int) {
	if at+n > c.end {
		return
	}
	c.plain(at, at+n)
	if ip, ok := netip.AddrFromSlice(c.old[at : at+n]); ok {
		c.put(at, c.m.Addr(ip, bits).AsSlice())
	}
}

// prefix maps a prefix of an address of size bytes, of which only those that count are there.
func (c *capture) prefix(at, bits, size int) {
	raw := make([]byte, size)
	n := octets(bits)
	c.plain(at, at+n)
	copy(raw, c.old[at:at+n])
	ip, ok := netip.AddrFromSlice(raw)
	if !ok || bits == 0 {
		return
	}
	c.put(at, netip.PrefixFrom(c.m.Addr(ip, bits), bits).Masked().Addr().AsSlice()[:n])
}

// octets is how many bytes hold so many bits.
func octets(bits int) int { return (bits + 7) / 8 }

func (c *capture) mac(at int) {
	if at+macLen > c.end {
		return
	}
	m := c.m.MAC([macLen]byte(c.old[at : at+macLen]))
	c.put(at, m[:])
}

func (c *capture) text(start, end int)    { c.bytes(Text, start, end) }
func (c *capture) payload(start, end int) { c.bytes(Payload, start, end) }
func (c *capture) name(start, end int)    { c.bytes(Name, start, end) }
func (c *capture) secret(start, end int)  { c.bytes(Secret, start, end) }

// digest cuts what was made with a secret; zeros stand for none.
func (c *capture) digest(start, end int) {
	if start < end && end <= c.end && zeros(c.old[start:end]) {
		c.plain(start, end)
		return
	}
	c.bytes(Digest, start, end)
}

func (c *capture) bytes(kind Kind, start, end int) {
	if start >= end || end > c.end {
		return
	}
	c.plain(start, end)
	if with := c.m.Bytes(kind, c.old[start:end]); len(with) == end-start {
		c.put(start, with)
	}
}

// field is a name or a secret, of which the frame may have the begin only.
func (c *capture) field(kind Kind, start, stop, end int) {
	if stop > end {
		kind, stop = Part, end
	}
	c.bytes(kind, start, stop)
}

// padded is a secret of n bytes that a zero may end, of which the frame may have the begin only.
func (c *capture) padded(at, n, end int) {
	if at >= end {
		return
	}
	if stop := c.untilZero(at, min(n, end-at)); stop < end || at+n <= end {
		c.secret(at, stop)
	} else {
		c.field(Secret, at, at+n, end)
	}
}

// untilZero is the end of a value of at most n bytes that a zero ends.
func (c *capture) untilZero(at, n int) int {
	if k := bytes.IndexByte(c.old[at:at+n], 0); k >= 0 {
		return at + k
	}
	return at + n
}
