package wire

import (
	"encoding/binary"
	"hash/maphash"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
)

// packet is what IP carries in a frame that is no later fragment, without what a link adds behind it.
type packet struct {
	proto     byte
	addresses []byte // of the sender and of the receiver
	data      []byte
}

func packetOf(b []byte) (p packet, ok bool) {
	at := behindTags(b)
	if at > len(b) {
		return p, false
	}
	switch kind, ip := binary.BigEndian.Uint16(b[at-2:]), b[at:]; {
	case kind == 0x0800 && len(ip) >= 20 && binary.BigEndian.Uint16(ip[6:])&0x1fff == 0:
		head, total := 4*int(ip[0]&0xf), int(binary.BigEndian.Uint16(ip[2:]))
		if head < 20 || total < head || total > len(ip) {
			return p, false
		}
		return packet{ip[9], ip[12:20], ip[head:total]}, true
	case kind == 0x86dd && len(ip) >= 40:
		end := 40 + int(binary.BigEndian.Uint16(ip[4:]))
		if end > len(ip) {
			return p, false
		}
		return packet{ip[6], ip[8:40], ip[40:end]}, true
	default:
		return p, false
	}
}

const protoOSPF, portBGP = 89, 179

// lsas are the headers of the LSAs that an LS Update or an LS Ack of OSPF has (RFC 2328 sections A.3.5 and
// A.3.6, RFC 5340 sections A.3.5 and A.3.6), as far as they are there; router is the ID of its sender.
func (p packet) lsas() (version byte, router []byte, headers [][]byte) {
	const update, ack, header = 4, 5, 20
	if p.proto != protoOSPF || len(p.data) < 16 {
		return 0, nil, nil
	}
	at := map[byte]int{2: 24, 3: 16}[p.data[0]] // what all packets begin with
	if kind := p.data[1]; at == 0 || kind != update && kind != ack {
		return 0, nil, nil
	} else if kind == update {
		at += 4 // their number
	}
	for at+header <= len(p.data) {
		h := p.data[at:][:header]
		headers = append(headers, h)
		size := header
		if p.data[1] == update {
			size = max(size, int(binary.BigEndian.Uint16(h[18:])))
		}
		at += size
	}
	return p.data[0], p.data[4:8], headers
}

// carriesLSA says whether an LSA of a type is among those of a frame.
func carriesLSA(b []byte, kind topologies.LSAType) bool {
	p, ok := packetOf(b)
	if !ok {
		return false
	}
	version, _, headers := p.lsas()
	return slices.ContainsFunc(headers, func(h []byte) bool { return isLSA(version, h, kind) })
}

// isLSA says whether a header is that of an LSA of a type.
func isLSA(version byte, h []byte, kind topologies.LSAType) bool {
	if version == 2 {
		return kind.V2 != 0 && h[3] == kind.V2
	}
	return kind.V3 != 0 && binary.BigEndian.Uint16(h[2:])&0x1fff == kind.V3
}

// carriesAttribute says whether a path attribute is in an UPDATE of BGP that begins in a frame (RFC 4271
// section 4.3), as far as it is there. The first message begins with the segment.
func carriesAttribute(b []byte, attribute uint8) bool {
	p, ok := packetOf(b)
	if !ok || p.proto != protoTCP || len(p.data) < 20 {
		return false
	}
	if binary.BigEndian.Uint16(p.data) != portBGP && binary.BigEndian.Uint16(p.data[2:]) != portBGP {
		return false
	}
	const header, update = 19, 2
	for data := p.data[min(headerOf(p.data, 0), len(p.data)):]; len(data) >= header && binary.BigEndian.Uint64(data) == 1<<64-1; {
		size := max(int(binary.BigEndian.Uint16(data[16:])), header)
		if data[18] == update && hasAttribute(data[header:min(size, len(data))], attribute) {
			return true
		}
		data = data[min(size, len(data)):]
	}
	return false
}

// hasAttribute goes through the attributes of an UPDATE, behind the routes that it withdraws.
func hasAttribute(body []byte, attribute uint8) bool {
	const extended = 0x10 // its length is of two bytes
	if len(body) < 2 {
		return false
	}
	body = body[min(2+int(binary.BigEndian.Uint16(body)), len(body)):]
	if len(body) < 2 {
		return false
	}
	body = body[2:min(2+int(binary.BigEndian.Uint16(body)), len(body))]
	for len(body) >= 3 {
		if body[1] == attribute {
			return true
		}
		at := 3 + int(body[2])
		if body[0]&extended != 0 {
			if len(body) < 4 {
				return false
			}
			at = 4 + int(binary.BigEndian.Uint16(body[2:]))
		}
		body = body[min(at, len(body)):]
	}
	return false
}

// maxSent bounds how many messages are told apart.
const maxSent = 1 << 18

// transmissions tells the first transmission of a message from those that follow.
type transmissions struct {
	seed maphash.Seed
	lsa  topologies.LSAType // the type of LSA that counts; zero for all
	sent map[uint64]bool    // LSAs and other messages, by what makes them the same
	ends map[uint64]uint32  // of what TCP has sent of each connection, in each direction
	full bool               // nothing new is told apart any more
}

func newTransmissions(lsa topologies.LSAType) *transmissions {
	return &transmissions{seed: maphash.MakeSeed(), lsa: lsa, sent: map[uint64]bool{}, ends: map[uint64]uint32{}}
}

// of says which transmission of its message a frame is; empty for what is never sent again, as are
// segments of TCP that take no number.
func (t *transmissions) of(b []byte) topologies.Transmission {
	p, ok := packetOf(b)
	switch {
	case ok && p.proto == protoTCP:
		return t.segment(p)
	case !ok:
		return t.among([][]byte{linkMessage(b)})
	}
	if version, router, headers := p.lsas(); len(headers) > 0 {
		var list [][]byte
		for _, h := range headers { // all but the age (RFC 2328 section 13.1), and by whom they are flooded or acknowledged
			if t.lsa == (topologies.LSAType{}) || isLSA(version, h, t.lsa) {
				list = append(list, slices.Concat(p.data[:2], router, h[3:18]))
			}
		}
		return t.among(list)
	}
	message := p.data
	if p.proto == protoOSPF && len(message) >= 24 && message[0] == 2 {
		end := min(max(int(binary.BigEndian.Uint16(message[2:])), 24), len(message))
		message = slices.Concat(message[:12], message[24:end]) // without its checksum, and what authenticates it
	}
	return t.among([][]byte{slices.Concat([]byte{p.proto}, p.addresses, message)})
}

// linkMessage is what makes a message the same that no IP carries: an LSP of IS-IS has a lifetime that goes
// down (ISO 10589 section 9.8).
func linkMessage(b []byte) []byte {
	const sent, first, second, identity = 21, 18, 20, 29
	if len(b) > identity+14 && binary.BigEndian.Uint16(b[14:]) == 0xfefe && b[17] == 0x83 && (b[sent]&0x1f == first || b[sent]&0x1f == second) {
		return slices.Concat(b[6:12], b[sent:sent+1], b[identity:identity+14])
	}
	return b
}

// among says that parts of a message were all sent before, or that one was not.
func (t *transmissions) among(parts [][]byte) topologies.Transmission {
	which := topologies.TransmissionAgain
	for _, part := range parts {
		key := maphash.Bytes(t.seed, part)
		if t.sent[key] {
			continue
		}
		which = topologies.TransmissionFirst
		if len(t.sent) >= maxSent {
			t.full = true
			continue
		}
		t.sent[key] = true
	}
	return which
}

// segment says whether TCP has sent some of what a segment holds before (RFC 9293 section 3.4). A
// connection that begins anew under its ports has sent nothing.
func (t *transmissions) segment(p packet) topologies.Transmission {
	const fin, syn = 0x01, 0x02
	if len(p.data) < 20 {
		return ""
	}
	flags := p.data[13]
	begin := binary.BigEndian.Uint32(p.data[4:])
	end := begin + uint32(max(len(p.data)-headerOf(p.data, 0), 0)) + uint32(flags&fin) + uint32(flags&syn)>>1 //nolint:gosec // it wraps
	if end == begin {
		return ""
	}
	key := maphash.Bytes(t.seed, slices.Concat(p.addresses, p.data[:4]))
	last, known := t.ends[key]
	if known && int32(begin-last) < 0 && (flags&syn == 0 || end == last) { //nolint:gosec // numbers wrap
		if int32(end-last) > 0 { //nolint:gosec // likewise
			t.ends[key] = end
		}
		return topologies.TransmissionAgain
	}
	if !known && len(t.ends) >= maxSent {
		t.full = true
	} else {
		t.ends[key] = end
	}
	return topologies.TransmissionFirst
}
