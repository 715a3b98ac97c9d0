package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// LSA is a link state advertisement of OSPFv2 (RFC 2328 appendix A.4). Its body is Body, or what its type has:
// Links of a router's, Mask and Routers of a network's, Mask and Metric of a summary, those and Forward and Tag of
// an external one.
type LSA struct {
	Type     uint8       `yaml:"type"`
	ID       netip.Addr  `yaml:"id"`
	Router   *netip.Addr `yaml:"router"` // that which advertises; the packet's where it is absent
	Age      uint16      `yaml:"age"`    // seconds
	Options  *uint8      `yaml:"options"`
	Sequence *uint32     `yaml:"sequence"` // 0x80000001
	Length   *uint16     `yaml:"length"`
	Checksum *uint16     `yaml:"checksum"`

	Flags   uint8        `yaml:"flags"` // of a router: 1 at the border of areas, 2 of the AS
	Links   []LSALink    `yaml:"links"`
	Mask    netip.Addr   `yaml:"mask"`
	Routers []netip.Addr `yaml:"routers"`
	Metric  uint32       `yaml:"metric"`
	// Type2 is an external metric of type 2.
	Type2   bool       `yaml:"type-2"`
	Forward netip.Addr `yaml:"forward"`
	Tag     uint32     `yaml:"tag"`
	Body    *string    `yaml:"body"` // hexadecimal digits, in the place of what is above
}

// LSALink is a link of a router (RFC 2328 appendix A.4.2): of type 1 to a router, 2 to a transit network, 3 to a
// stub, 4 a virtual one.
type LSALink struct {
	Type   uint8      `yaml:"type"`
	ID     netip.Addr `yaml:"id"`
	Data   netip.Addr `yaml:"data"`
	Metric uint16     `yaml:"metric"`
}

// Types of LSAs.
const (
	LSARouter   = 1
	LSANetwork  = 2
	LSASummary  = 3
	LSASummary4 = 4
	LSAExternal = 5
)

const (
	lsaHead = 20
	lsaSum  = 16
	// FirstSequence is the first number of an LSA (RFC 2328 appendix B).
	FirstSequence = 0x80000001
	// MaxAge is the age of one that goes, in seconds.
	MaxAge = 3600
)

// LSAKey is what tells LSAs apart.
type LSAKey struct {
	Type       uint8
	ID, Router netip.Addr
}

// LSAHead is the head of an LSA.
type LSAHead struct {
	LSAKey

	Age      uint16
	Options  uint8
	Sequence uint32
	Checksum uint16
	Length   uint16
}

// ReadLSAHead reads the head that bytes begin with.
func ReadLSAHead(b []byte) (h LSAHead, err error) {
	if len(b) < lsaHead {
		return h, fmt.Errorf("%d bytes are no head of an LSA", len(b))
	}
	h.Age, h.Options, h.Type = binary.BigEndian.Uint16(b), b[2], b[3]
	h.ID, h.Router = netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4([4]byte(b[8:12]))
	h.Sequence, h.Checksum, h.Length = binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint16(b[lsaSum:]), binary.BigEndian.Uint16(b[18:])
	return h, nil
}

// Bytes are the head as it travels.
func (h LSAHead) Bytes() []byte {
	b := append(binary.BigEndian.AppendUint16(nil, h.Age), h.Options, h.Type)
	b = append(append(b, four(h.ID)...), four(h.Router)...)
	b = binary.BigEndian.AppendUint32(b, h.Sequence)
	b = binary.BigEndian.AppendUint16(b, h.Checksum)
	return binary.BigEndian.AppendUint16(b, h.Length)
}

// Newer says which of two instances of one LSA is the newer (RFC 2328 section 13.1): above 0 where h is.
func (h LSAHead) Newer(o LSAHead) int {
	const maxAgeDiff = 900
	gone := func(x LSAHead) bool { return x.Age >= MaxAge }
	switch {
	case h.Sequence != o.Sequence:
		if int32(h.Sequence) > int32(o.Sequence) { //nolint:gosec // they are signed numbers
			return 1
		}
		return -1
	case h.Checksum != o.Checksum:
		return int(h.Checksum) - int(o.Checksum)
	case gone(h) != gone(o):
		if gone(h) {
			return 1
		}
		return -1
	case max(h.Age, o.Age)-min(h.Age, o.Age) > maxAgeDiff:
		return int(o.Age) - int(h.Age)
	}
	return 0
}

// metric24 is the greatest of a summary and an external one.
const metric24 = 1<<24 - 1

func (l *LSA) body() ([]byte, error) {
	if l.Body != nil {
		return Digits(*l.Body)
	}
	if l.Metric > metric24 {
		return nil, fmt.Errorf("metric: %d has more than 24 bits", l.Metric)
	}
	var b []byte
	switch l.Type {
	case LSARouter:
		b = binary.BigEndian.AppendUint16([]byte{l.Flags, 0}, uint16(len(l.Links))) //nolint:gosec // of a scenario
		for _, k := range l.Links {
			b = append(append(append(b, four(k.ID)...), four(k.Data)...), k.Type, 0)
			b = binary.BigEndian.AppendUint16(b, k.Metric)
		}
	case LSANetwork:
		b = four(l.Mask)
		for _, r := range l.Routers {
			b = append(b, four(r)...)
		}
	case LSASummary, LSASummary4:
		b = binary.BigEndian.AppendUint32(four(l.Mask), l.Metric)
	case LSAExternal, 7:
		m := l.Metric
		if l.Type2 {
			m |= 1 << 31
		}
		b = append(binary.BigEndian.AppendUint32(four(l.Mask), m), four(l.Forward)...)
		b = binary.BigEndian.AppendUint32(b, l.Tag)
	default:
		return nil, fmt.Errorf("type %d: it has a body, as hexadecimal digits", l.Type)
	}
	return b, nil
}

// Bytes are the LSA as it travels, whose router is one that is given where it says none.
func (l *LSA) Bytes(router netip.Addr) ([]byte, error) {
	body, err := l.body()
	if err != nil {
		return nil, fmt.Errorf("lsa: %w", err)
	}
	if !l.ID.Is4() {
		return nil, errors.New("lsa: id: it is an address of IPv4")
	}
	if lsaHead+len(body) > Longest {
		return nil, fmt.Errorf("lsa: %d bytes are too many", lsaHead+len(body))
	}
	h := LSAHead{
		LSAKey: LSAKey{l.Type, l.ID, Or(l.Router, router)}, Age: l.Age, Options: Or(l.Options, ospfOptions),
		Sequence: Or(l.Sequence, FirstSequence), Length: uint16(lsaHead + len(body)), //nolint:gosec // checked
	}
	b := append(h.Bytes(), body...)
	sum := Fletcher(b[2:], lsaSum-2) // the age is passed over (RFC 2328 section 12.1.7)
	binary.BigEndian.PutUint16(b[lsaSum:], Or(l.Checksum, sum))
	if l.Length != nil {
		binary.BigEndian.PutUint16(b[18:], *l.Length)
	}
	return b, nil
}
