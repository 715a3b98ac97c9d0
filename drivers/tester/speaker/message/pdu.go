package message

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// MAC is an address of Ethernet.
type MAC [6]byte

// ParseMAC reads one.
func ParseMAC(text string) (m MAC, err error) {
	a, err := net.ParseMAC(text)
	if err != nil || len(a) != len(m) {
		return m, fmt.Errorf("%q is no MAC address", text)
	}
	return MAC(a), nil
}

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// Broadcast is the address of all stations.
func Broadcast() MAC { return MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }

// Types of what a frame carries (IEEE's registry of EtherTypes).
const (
	TypeIPv4 = 0x0800
	TypeARP  = 0x0806
	TypeVLAN = 0x8100
	TypeIPv6 = 0x86dd
	TypeSlow = 0x8809
	TypeLLDP = 0x88cc
)

// Protocols of IP (IANA's registry).
const (
	ProtoIGMP   = 2
	ProtoUDP    = 17
	ProtoICMPv6 = 58
	ProtoOSPF   = 89
	ProtoVRRP   = 112
)

// Shortest and Longest bound a frame, in bytes without its checksum (IEEE 802.3, 3.2.8); the longest is what
// Linux' largest MTU takes.
const (
	Shortest = 60
	Longest  = 65535
)

// PDU is one message of a protocol, and what it travels in.
type PDU struct {
	// Protocol is the word for the protocol, and Kind that for what it says, as "hello": empty where there is
	// one kind only.
	Protocol, Kind string
	To             MAC
	// EtherType is of the frame; 0 is a frame of IEEE 802.2, whose body begins with its LLC.
	EtherType int
	// Source, Destination, Proto, TTL and Options are of the packet, where Source is valid.
	Source, Destination netip.Addr
	Proto, TTL          byte
	Options             []byte
	// FromPort and ToPort are of UDP, where ToPort is not 0.
	FromPort, ToPort uint16
	Body             []byte

	layer layer
}

// layer is how the lengths and checksums of one are put.
type layer struct {
	lengthAt, lengthSize int // size 0: it has none
	length               func(size int) int
	sumAt                int // of two bytes
	sum                  func(b []byte) uint16
	seal                 func(b []byte) []byte // adds what is over all of it, behind it
}

// Alter changes messages on purpose, one after the other where there are several.
type Alter struct {
	// Of are the kinds that are changed; all, where none is named.
	Of []string `yaml:"of"`
	// From and Count say which ones of them, counted since this was said; all, where both are 0. From 2 begins with
	// the second.
	From  int `yaml:"from"`
	Count int `yaml:"count"`
	// Layer is what is changed: message, udp, ip or frame. The message, where it is empty.
	Layer string `yaml:"layer"`

	At       *int   `yaml:"at"`    // where Bytes are written, counted from the layer's first byte, or from behind the last where it is negative
	Bytes    string `yaml:"bytes"` // hexadecimal digits
	Cut      int    `yaml:"cut"`   // bytes that are left out at the end
	Append   string `yaml:"append"`
	Length   *int   `yaml:"length"`   // what the length field says
	Checksum string `yaml:"checksum"` // "wrong", or its four hexadecimal digits
	Silent   bool   `yaml:"silent"`   // it is not sent at all
}

// wrongBy is what is wrong in a checksum that is only said to be wrong.
const wrongBy = 0x5555

var errSilent = errors.New("it is not sent")

// Check says what is wrong with what was asked for.
func (a *Alter) Check() error {
	switch a.Layer {
	case "", "message", "udp", "ip", "frame":
	default:
		return fmt.Errorf("layer: there is no %q: there are message, udp, ip and frame", a.Layer)
	}
	if a.From < 0 || a.Count < 0 || a.Cut < 0 {
		return errors.New("from, count and cut: they are not negative")
	}
	if !a.Silent && a.At == nil && a.Bytes == "" && a.Cut == 0 && a.Append == "" && a.Length == nil && a.Checksum == "" {
		return errors.New("it changes nothing: name at and bytes, cut, append, length, checksum or silent")
	}
	if (a.At != nil) != (a.Bytes != "") {
		return errors.New("at and bytes: one says where the other is written")
	}
	for name, text := range map[string]string{"bytes": a.Bytes, "append": a.Append} {
		if _, err := Digits(text); err != nil {
			return fmt.Errorf("%s: %q is no hexadecimal digits", name, text)
		}
	}
	if a.Checksum != "" && a.Checksum != "wrong" {
		if b, err := Digits(a.Checksum); err != nil || len(b) != 2 {
			return fmt.Errorf("checksum: %q is neither wrong nor four hexadecimal digits", a.Checksum)
		}
	}
	return nil
}

// Meant says whether the nth message of a kind, counted from 1, is one that is changed.
func (a *Alter) Meant(kind string, nth int) bool {
	if len(a.Of) > 0 && !slices.Contains(a.Of, kind) {
		return false
	}
	first := max(a.From, 1)
	return nth >= first && (a.Count == 0 || nth < first+a.Count)
}

// Digits reads bytes of hexadecimal digits, between which may be spaces and colons.
func Digits(text string) ([]byte, error) {
	return hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(text))
}

// Frame is the whole frame, from an address, with a tag where the VLAN is not 0. An alteration that cannot be
// made, as one of a byte or a layer that is not there, is an error.
func (p PDU) Frame(from MAC, vlan uint16, alter []Alter) ([]byte, error) {
	for _, a := range alter {
		if a.Layer == "udp" && p.ToPort == 0 || a.Layer == "ip" && !p.Source.IsValid() {
			return nil, fmt.Errorf("alter the %s: a message of %s has none", a.Layer, p.Protocol)
		}
	}
	b, err := p.layer.finish("message", slices.Clone(p.Body), alter)
	if err != nil {
		return nil, err
	}
	if p.ToPort != 0 {
		if b, err = p.udp(b, alter); err != nil {
			return nil, err
		}
	}
	if p.Source.IsValid() {
		if b, err = p.ip(b, alter); err != nil {
			return nil, err
		}
	}
	f := append(slices.Clone(p.To[:]), from[:]...)
	if vlan != 0 {
		f = binary.BigEndian.AppendUint16(f, TypeVLAN)
		f = binary.BigEndian.AppendUint16(f, vlan)
	}
	kind := p.EtherType
	if kind == 0 {
		kind = len(b)
	}
	f = binary.BigEndian.AppendUint16(f, uint16(kind)) //nolint:gosec // of the constants, and less than Longest
	f = append(f, b...)
	f = append(f, make([]byte, max(0, Shortest-len(f)))...)
	f, err = layer{lengthAt: len(f) - len(b) - 2}.finish("frame", f, alter)
	if err == nil && len(f) > Longest {
		err = fmt.Errorf("a frame of %d bytes: at most %d", len(f), Longest)
	}
	return f, err
}

func (p PDU) udp(body []byte, alter []Alter) ([]byte, error) {
	b := make([]byte, 8, 8+len(body))
	binary.BigEndian.PutUint16(b, p.FromPort)
	binary.BigEndian.PutUint16(b[2:], p.ToPort)
	return layer{
		lengthAt: 4, lengthSize: 2, length: func(n int) int { return n },
		sumAt: 6, sum: func(b []byte) uint16 {
			if s := Checksum(pseudo(p.Source, p.Destination, ProtoUDP, len(b)), b); s != 0 {
				return s
			}
			return 0xffff // RFC 768
		},
	}.finish("udp", append(b, body...), alter)
}

// ip is a packet of IPv4 (RFC 791) or IPv6 (RFC 8200).
func (p PDU) ip(body []byte, alter []Alter) ([]byte, error) {
	if !p.Source.Is4() {
		b := []byte{0x6c, 0, 0, 0, 0, 0, p.Proto, p.TTL}
		b = append(append(b, p.Source.AsSlice()...), p.Destination.AsSlice()...)
		return layer{lengthAt: 4, lengthSize: 2, length: func(n int) int { return n - 40 }}.finish("ip", append(append(b, p.Options...), body...), alter)
	}
	head := 20 + len(p.Options)
	b := []byte{0x40 | byte(head/4), 0xc0, 0, 0, 0, 0, 0, 0, p.TTL, p.Proto, 0, 0} //nolint:gosec // at most 60
	b = append(append(append(b, p.Source.AsSlice()...), p.Destination.AsSlice()...), p.Options...)
	return layer{
		lengthAt: 2, lengthSize: 2, length: func(n int) int { return n },
		sumAt: 10, sum: func(b []byte) uint16 { return Checksum(b[:min(head, len(b))]) },
	}.finish("ip", append(b, body...), alter)
}

// finish puts the length of a layer, its checksum and its seal, each right or as it is wanted.
func (l layer) finish(name string, b []byte, alter []Alter) ([]byte, error) {
	b, err := l.filled(name, b, alter)
	if err == nil && l.seal != nil {
		b = l.seal(b)
	}
	return b, err
}

func (l layer) filled(name string, b []byte, alter []Alter) ([]byte, error) {
	if l.lengthSize > 0 {
		l.put(b, l.length(len(b)))
	}
	for _, a := range alter {
		if a.Silent {
			return nil, errSilent
		}
		if a.Layer != name && (a.Layer != "" || name != "message") {
			continue
		}
		var err error
		if b, err = a.change(b); err != nil {
			return nil, fmt.Errorf("alter the %s: %w", name, err)
		}
		switch {
		case a.Length == nil:
		case l.lengthSize == 0 || l.lengthAt+l.lengthSize > len(b):
			return nil, fmt.Errorf("alter the %s: it has no length", name)
		default:
			l.put(b, *a.Length)
		}
	}
	if l.sum == nil || l.sumAt+2 > len(b) {
		for _, a := range alter {
			if a.Checksum != "" && (a.Layer == name || a.Layer == "" && name == "message") {
				return nil, fmt.Errorf("alter the %s: it has no checksum", name)
			}
		}
		return b, nil
	}
	binary.BigEndian.PutUint16(b[l.sumAt:], 0)
	s := l.sum(b)
	for _, a := range alter {
		switch {
		case a.Layer != name && (a.Layer != "" || name != "message") || a.Checksum == "":
		case a.Checksum == "wrong":
			s ^= wrongBy
		default:
			v, err := Digits(a.Checksum)
			if err != nil || len(v) != 2 {
				return nil, fmt.Errorf("checksum: %q is no four hexadecimal digits", a.Checksum)
			}
			s = binary.BigEndian.Uint16(v)
		}
	}
	binary.BigEndian.PutUint16(b[l.sumAt:], s)
	return b, nil
}

func (l layer) put(b []byte, n int) {
	if l.lengthSize == 1 {
		b[l.lengthAt] = byte(n) //nolint:gosec // what does not fit is as wrong as was asked for
		return
	}
	binary.BigEndian.PutUint16(b[l.lengthAt:], uint16(n)) //nolint:gosec // likewise
}

func (a *Alter) change(b []byte) ([]byte, error) {
	if a.At != nil {
		with, err := Digits(a.Bytes)
		if err != nil {
			return nil, err
		}
		at := *a.At
		if at < 0 {
			at += len(b)
		}
		if at < 0 || at+len(with) > len(b) {
			return nil, fmt.Errorf("%d bytes at %d of %d", len(with), *a.At, len(b))
		}
		copy(b[at:], with)
	}
	if a.Cut > len(b) {
		return nil, fmt.Errorf("%d bytes less of %d", a.Cut, len(b))
	}
	more, err := Digits(a.Append)
	return append(b[:len(b)-a.Cut], more...), err
}

// IsSilent says that an alteration has a message not sent.
func IsSilent(err error) bool { return errors.Is(err, errSilent) }

// Checksum is that of RFC 1071, over parts of an even length but for the last.
func Checksum(parts ...[]byte) uint16 {
	var s uint32
	for _, b := range parts {
		for i := 0; i < len(b); i += 2 {
			s += uint32(b[i]) << 8
			if i+1 < len(b) {
				s += uint32(b[i+1])
			}
		}
		s = s&0xffff + s>>16
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

// pseudo is the header over which checksums of transports go too (RFC 768, RFC 8200 section 8.1).
func pseudo(from, to netip.Addr, proto byte, size int) []byte {
	b := append(from.AsSlice(), to.AsSlice()...)
	if from.Is4() {
		return binary.BigEndian.AppendUint16(append(b, 0, proto), uint16(size)) //nolint:gosec // of a frame
	}
	b = binary.BigEndian.AppendUint32(b, uint32(size)) //nolint:gosec // of a frame
	return append(b, 0, 0, 0, proto)
}

// Group is the address of Ethernet that a group of IP has (RFC 1112 section 6.4, RFC 2464 section 7).
func Group(a netip.Addr) MAC {
	if a.Is4() {
		b := a.As4()
		return MAC{0x01, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	b := a.As16()
	return MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// Fletcher is the checksum of ISO 8473 (RFC 905 annex B) that stands at an offset of b, where its two bytes count as
// zero: of a link state of OSPF and IS-IS.
func Fletcher(b []byte, at int) uint16 {
	var c0, c1 int
	for i, v := range b {
		if i == at || i == at+1 {
			v = 0
		}
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	x := ((len(b)-at-1)*c0 - c1) % 255
	if x <= 0 {
		x += 255
	}
	y := 510 - c0 - x
	if y > 255 {
		y -= 255
	}
	return uint16(x)<<8 | uint16(y) //nolint:gosec // each at most 255
}
