package redact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Errors of captures.
var (
	// ErrCapture says that a file is no capture that can be rewritten.
	ErrCapture = errors.New("no pcap or pcapng that can be rewritten whole")
	// ErrASNumbers refuses a capture whose AS numbers would no longer be those of the texts.
	ErrASNumbers = errors.New("AS numbers are replaced in texts, and a capture keeps its own")
)

// capture is one capture file being read (learn) or rewritten in place.
type capture struct {
	r     *Redactor
	d     *dictionary
	name  string
	learn bool
	out   []byte // the file; changed in place
	old   []byte // as it was

	frames []frame
	flows  map[string]*flow
	lsas   map[string]uint16 // the new checksum of each LSA whose body was seen
	edits  int
}

// frame is one packet: where it is and which checksums depend on what.
type frame struct {
	start, end int
	link       uint16
	sums       []checksum
}

// checksum is one Internet checksum over parts of the file. Parts before it in the list
// of a frame lie around it, so that the innermost is made first.
type checksum struct {
	at    int
	parts [][2]int
	udp   bool // zero means none
}

// Capture rewrites a pcap or pcapng file. The result has the same length, the same frames
// and the same times.
func (r *Redactor) Capture(name string, data []byte) ([]byte, error) {
	if r.options.ASNumbers {
		return nil, ErrASNumbers
	}
	c := &capture{r: r, d: r.dictionary(), name: name, out: slices.Clone(data), old: data, lsas: map[string]uint16{}}
	if !c.file() {
		return nil, ErrCapture
	}
	c.packets() // bodies of LSAs teach the checksums that their headers name elsewhere
	copyFrames(c)
	c.packets()
	c.fixSums()
	r.mu.Lock()
	if c.edits > 0 {
		r.pointed.add(name, RuleRegion, c.edits)
	}
	r.mu.Unlock()
	return c.out, nil
}

// copyFrames puts the packets back, to go over them again with what is known now.
func copyFrames(c *capture) {
	for i := range c.frames {
		f := &c.frames[i]
		copy(c.out[f.start:f.end], c.old[f.start:f.end])
		f.sums = nil
	}
	c.edits = 0
}

// learnCapture teaches what packets say in places that protocols reserve for it.
func (r *Redactor) learnCapture(data []byte) {
	c := &capture{r: r, d: r.words, learn: true, out: slices.Clone(data), old: data, lsas: map[string]uint16{}}
	if c.file() {
		c.packets()
	}
}

// packets goes over all frames, then over what TCP carried.
func (c *capture) packets() {
	c.flows = map[string]*flow{}
	for i := range c.frames {
		c.frame(&c.frames[i])
	}
	c.streams()
}

func (c *capture) file() bool {
	switch formatOf(c.old) {
	case formatPcapng:
		return c.pcapng()
	case formatPcap:
		return c.pcap()
	default:
		return false
	}
}

func (c *capture) pcap() bool {
	if len(c.old) < 24 {
		return false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if c.old[0] == 0xa1 {
		order = binary.BigEndian
	}
	link := uint16(order.Uint32(c.old[20:])) //nolint:gosec // the rest are flags
	for at := 24; at < len(c.old); {
		if at+16 > len(c.old) {
			return c.tail(at)
		}
		n := int(order.Uint32(c.old[at+8:]))
		start := at + 16
		if n < 0 || n > len(c.old)-start {
			return c.tail(start)
		}
		c.frames = append(c.frames, frame{start: start, end: start + n, link: link})
		at = start + n
	}
	return true
}

// tail blanks what follows the last whole packet of a broken-off file.
func (c *capture) tail(at int) bool {
	c.r.region(c.name, "the last packet is cut off; its bytes were blanked")
	clear(c.out[at:])
	return true
}

// pcapng block types (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2
	blockSimple    = 3
	blockNames     = 4
	blockStats     = 5
	blockEnhanced  = 6
	blockSecrets   = 10
)

func (c *capture) pcapng() bool {
	var order binary.ByteOrder = binary.LittleEndian
	var links []uint16
	for at := 0; at < len(c.old); {
		if at+12 > len(c.old) {
			return c.tail(at)
		}
		if binary.BigEndian.Uint32(c.old[at:]) == blockSection {
			order = binary.LittleEndian
			if binary.BigEndian.Uint32(c.old[at+8:]) == 0x1a2b3c4d {
				order = binary.BigEndian
			}
			links = nil
		}
		kind, n := order.Uint32(c.old[at:]), int(order.Uint32(c.old[at+4:]))
		if n < 12 || n%4 != 0 {
			return false
		}
		if n > len(c.old)-at {
			return c.tail(at + 8)
		}
		body, end := at+8, at+n-4
		switch kind {
		case blockSection:
			c.options(order, body+16, end, kind)
		case blockInterface:
			if body+8 > end {
				return false
			}
			links = append(links, order.Uint16(c.old[body:]))
			c.options(order, body+8, end, kind)
		case blockEnhanced, blockPacket:
			if body+20 > end {
				return false
			}
			iface, size := int(order.Uint32(c.old[body:])), int(order.Uint32(c.old[body+12:]))
			if kind == blockPacket {
				iface = int(order.Uint16(c.old[body:]))
			}
			if iface >= len(links) || size < 0 || size > end-body-20 {
				return false
			}
			c.frames = append(c.frames, frame{start: body + 20, end: body + 20 + size, link: links[iface]})
			c.options(order, body+20+(size+3)&^3, end, kind)
		case blockSimple:
			if len(links) == 0 || body+4 > end {
				return false
			}
			size := min(int(order.Uint32(c.old[body:])), end-body-4)
			c.frames = append(c.frames, frame{start: body + 4, end: body + 4 + max(size, 0), link: links[0]})
		case blockNames:
			c.names(order, body, end)
		case blockStats:
			c.options(order, body+12, end, kind)
		default: // keys of TLS sessions, journals, vendors' blocks
			clear(c.out[body:end])
			c.r.region(c.name, "a block that is no packet was blanked")
		}
		at += n
	}
	return true
}

// options replaces in the texts and addresses of a block's options.
func (c *capture) options(order binary.ByteOrder, at, end int, kind uint32) {
	for at+4 <= end {
		code, n := order.Uint16(c.old[at:]), int(order.Uint16(c.old[at+2:]))
		at += 4
		if code == 0 || at+n > end {
			return
		}
		switch {
		case kind == blockInterface && code == 4 && n == 8:
			c.addr(at, 4)
		case kind == blockInterface && code == 5 && n == 17:
			c.addr(at, 16)
		case kind == blockInterface && code == 6 && n == 6:
			c.mac(at)
		case code == 1 || kind == blockInterface && code <= 3 || kind == blockInterface && (code == 11 || code == 12 || code == 15) || kind == blockSection:
			c.text(at, at+n)
		}
		at += (n + 3) &^ 3
	}
}

// names replaces in a name resolution block.
func (c *capture) names(order binary.ByteOrder, at, end int) {
	for at+4 <= end {
		kind, n := order.Uint16(c.old[at:]), int(order.Uint16(c.old[at+2:]))
		at += 4
		if kind == 0 || at+n > end {
			return
		}
		size := map[uint16]int{1: 4, 2: 16}[kind]
		if size > 0 && n > size {
			c.addr(at, size)
			for name := range bytes.SplitSeq(bytes.TrimRight(c.old[at+size:at+n], "\x00"), []byte{0}) {
				c.nameAt(at+size+bytes.Index(c.old[at+size:at+n], name), len(name))
			}
		}
		at += (n + 3) &^ 3
	}
}

// put writes over what was at, and counts.
func (c *capture) put(at int, with []byte) {
	if !bytes.Equal(c.out[at:at+len(with)], with) {
		copy(c.out[at:], with)
		c.edits++
	}
}

// addr maps an address of n bytes.
func (c *capture) addr(at, n int) { c.network(at, n, -1) }

// network maps an address that is a network of this length; -1 when it is unknown.
func (c *capture) network(at, n, bits int) {
	if at+n > len(c.old) {
		return
	}
	ip, ok := addrFrom(c.old[at : at+n])
	if !ok {
		return
	}
	if c.learn {
		if _, zero := hostFill(ip, max(bits, 0)); zero && bits >= 0 && bits < n*6 && !ip.IsUnspecified() && bits > 0 && (n == 16 && bits < 64 || n == 4 && bits < 24) {
			c.r.addresses.note(ip, bits)
		}
	}
	c.put(at, c.r.addresses.network(ip, bits).AsSlice())
}

func (c *capture) mac(at int) {
	if at+6 > len(c.old) {
		return
	}
	m := [6]byte(c.old[at : at+6])
	if c.learn && m[0]&1 == 0 && m != [6]byte{} {
		c.r.noteMAC(m)
	}
	c.r.mapMAC(&m)
	c.put(at, m[:])
}

// text replaces what the dictionary and the grammar find, keeping the length.
func (c *capture) text(start, end int) { c.put(start, c.textOf(c.old[start:end])) }

func (c *capture) textOf(data []byte) []byte {
	if c.learn {
		c.r.learnText(data)
		return data
	}
	s := scanner{r: c.r, d: c.d, data: data, sameLength: true}
	s.whole()
	out := slices.Clone(data)
	for _, e := range s.edits {
		with := e.with
		if len(with) != e.end-e.start {
			with = fitAddress(string(data[e.start:e.end]), with+string(data))
		}
		copy(out[e.start:e.end], with)
	}
	return out
}

// nameAt replaces a name in a field that holds nothing else.
func (c *capture) nameAt(at, n int) { c.valueAt(at, n, RuleName) }

// secretAt replaces a secret in a field that holds nothing else.
func (c *capture) secretAt(at, n int) { c.valueAt(at, n, RuleSecret) }

func (c *capture) valueAt(at, n int, rule Rule) {
	if n <= 0 || at+n > len(c.old) {
		return
	}
	v := string(c.old[at : at+n])
	k := known{value: v, rule: rule, fold: rule == RuleName}
	switch {
	case wellKnown[lower(v)] || c.r.kept(v):
		return
	case !isText(c.old[at : at+n]):
		c.digestAt(at, n)
		return
	}
	if c.learn {
		if byValue(k) {
			c.r.put(k)
		}
		return
	}
	if with := c.r.replacement(k); len(with) == n {
		c.put(at, []byte(with))
	}
}

// lower folds ASCII only, which keeps lengths.
func lower(s string) string {
	out := []byte(s)
	for i, c := range out {
		out[i] = byte(classes[c] & 0xff)
	}
	return string(out)
}

// digestAt cuts bytes that were made with a key, so that the key cannot be tried on them.
func (c *capture) digestAt(at, n int) {
	if n <= 0 || at+n > len(c.old) || c.learn {
		return
	}
	out := c.r.shapes.key.sum([]byte("digest"), c.old[at:at+n])
	with := bytes.Repeat(out[:], n/len(out)+1)[:n]
	c.put(at, with)
}

// payload replaces by value in bytes of an unknown protocol: words, and known MACs.
func (c *capture) payload(start, end int) {
	if start >= end {
		return
	}
	out := c.textOf(c.old[start:end])
	if !c.learn && !c.r.options.KeepMACs {
		c.r.mu.Lock()
		for i := 0; i+6 <= len(out); i++ {
			m := [6]byte(c.old[start+i : start+i+6])
			if m[0]|m[1]|m[2] != 0 && c.r.macs[m] {
				c.r.mapMAC(&m)
				copy(out[i:], m[:])
				i += 5
			}
		}
		c.r.mu.Unlock()
	}
	c.put(start, out)
}

// fixSums adjusts each checksum by what changed below it (RFC 1624): a right one stays
// right, and a wrong one stays wrong by as much.
func (c *capture) fixSums() {
	for i := range c.frames {
		for _, s := range slices.Backward(c.frames[i].sums) {
			was := binary.BigEndian.Uint16(c.old[s.at:])
			if s.udp && was == 0 {
				continue
			}
			var delta, changed uint64
			for _, p := range s.parts {
				for at := p[0]; at < p[1]; at += 2 {
					if at == s.at {
						continue
					}
					a, b := word(c.old, at, p[1]), word(c.out, at, p[1])
					changed |= uint64(a ^ b)
					delta += uint64(b) + uint64(^a)
				}
			}
			if changed == 0 {
				continue
			}
			now := ^fold(uint64(^was) + delta)
			if now == 0 && s.udp {
				now = 0xffff
			}
			if now == 0xffff && !s.udp && was != 0xffff {
				now = 0
			}
			binary.BigEndian.PutUint16(c.out[s.at:], now)
		}
	}
}

// word reads two bytes, or one and a zero at the end of a part.
func word(b []byte, at, end int) uint16 {
	if at+1 < end {
		return binary.BigEndian.Uint16(b[at:])
	}
	return uint16(b[at]) << 8
}

func fold(v uint64) uint16 {
	for v > 0xffff {
		v = v&0xffff + v>>16
	}
	return uint16(v)
}
