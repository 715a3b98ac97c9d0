package message

import (
	"bytes"
	"crypto/md5" //nolint:gosec // it is the protocol's
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// OSPF is a packet of OSPFv2 (RFC 2328 appendix A.3): one of Hello, DD, Request, Update and Ack.
type OSPF struct {
	Source      netip.Addr  `yaml:"source"`
	Destination netip.Addr  `yaml:"destination"` // AllSPFRouters where it is absent
	TTL         *uint8      `yaml:"ttl"`         // 1
	Version     *uint8      `yaml:"version"`     // 2
	Type        *uint8      `yaml:"type"`        // that of the body
	Router      netip.Addr  `yaml:"router-id"`
	Area        *netip.Addr `yaml:"area"` // 0.0.0.0
	AuthType    *uint16     `yaml:"auth-type"`
	Auth        string      `yaml:"auth"` // eight bytes as hexadecimal digits, that the checksum passes over
	// Key authenticates it cryptographically, by MD5.
	Key *OSPFKey `yaml:"md5"`

	Hello   *OSPFHello    `yaml:"hello"`
	DD      *OSPFDD       `yaml:"dd"`
	Request []OSPFRequest `yaml:"request"`
	Update  []LSA         `yaml:"update"`
	Ack     []LSA         `yaml:"ack"`

	// Heads are described after those of DD, and Confirm confirmed after those of Ack: of LSAs that came.
	Heads   []LSAHead `yaml:"-"`
	Confirm []LSAHead `yaml:"-"`
	raw     [][]byte
}

// OSPFKey is a key of cryptographic authentication (RFC 2328 appendix D.3).
type OSPFKey struct {
	ID     uint8  `yaml:"id"`
	Secret string `yaml:"key"` // at most 16 bytes
	// Sequence is the number of the packet; the session's own, where it is absent.
	Sequence *uint32 `yaml:"sequence"`
}

// seal adds the digest of a packet and the key.
func (k *OSPFKey) seal(b []byte) []byte {
	var key [md5.Size]byte
	copy(key[:], k.Secret)
	d := md5.Sum(append(slices.Clone(b), key[:]...)) //nolint:gosec // it is the protocol's
	return append(b, d[:]...)
}

// OSPFHello is the body of a Hello.
type OSPFHello struct {
	Mask      netip.Addr   `yaml:"mask"`     // 255.255.255.0
	Interval  *uint16      `yaml:"interval"` // seconds; 10
	Options   *uint8       `yaml:"options"`  // 0x02, an area with external routes
	Priority  *uint8       `yaml:"priority"`
	Dead      *uint32      `yaml:"dead"` // seconds; 40
	DR        netip.Addr   `yaml:"dr"`
	BDR       netip.Addr   `yaml:"bdr"`
	Neighbors []netip.Addr `yaml:"neighbors"`
}

// OSPFDD is the body of a Database Description.
type OSPFDD struct {
	MTU      *uint16 `yaml:"mtu"`     // 1500
	Options  *uint8  `yaml:"options"` // 0x02
	Flags    *uint8  `yaml:"flags"`   // 7: the first, more to come, of the master
	Sequence uint32  `yaml:"sequence"`
	Headers  []LSA   `yaml:"lsas"`
}

// OSPFRequest names an LSA that is asked for.
type OSPFRequest struct {
	Type   uint32     `yaml:"type"`
	ID     netip.Addr `yaml:"id"`
	Router netip.Addr `yaml:"router"`
}

// Types of packets of OSPF.
const (
	OSPFTypeHello = iota + 1
	OSPFTypeDD
	OSPFTypeRequest
	OSPFTypeUpdate
	OSPFTypeAck
)

// Flags of a Database Description.
const (
	DDMaster = 1 << iota
	DDMore
	DDInit
)

const (
	ospfHead        = 24
	ospfSumAt       = 12
	ospfAuthAt      = 16
	ospfLengthAt    = 2
	ospfOptions     = 2 // E
	ospfHello       = 20
	ospfMTU         = 1500
	ospfCrypto      = 2
	ospfInterval    = 10
	ospfDead        = 40
	ospfDDBody      = 8
	ospfRequest     = 12
	ospfUpdateCount = 4
)

// AllSPFRouters is where packets of OSPF go to.
func AllSPFRouters() netip.Addr { return netip.AddrFrom4([4]byte{224, 0, 0, 5}) }

func ospfKinds() []string { return []string{"", "hello", "dd", "request", "update", "ack"} }

func four(a netip.Addr) []byte {
	if !a.Is4() {
		return make([]byte, 4)
	}
	return a.AsSlice()
}

// body is what follows the head, and its type.
func (o *OSPF) body() (kind uint8, b []byte, err error) {
	kinds := 0
	if h := o.Hello; h != nil {
		kinds, kind = kinds+1, OSPFTypeHello
		mask := h.Mask
		if !mask.IsValid() {
			mask = netip.AddrFrom4([4]byte{255, 255, 255, 0})
		}
		b = binary.BigEndian.AppendUint16(four(mask), Or(h.Interval, ospfInterval))
		b = append(b, Or(h.Options, ospfOptions), Or(h.Priority, 1))
		b = binary.BigEndian.AppendUint32(b, Or(h.Dead, ospfDead))
		b = append(append(b, four(h.DR)...), four(h.BDR)...)
		for _, n := range h.Neighbors {
			b = append(b, four(n)...)
		}
	}
	if d := o.DD; d != nil {
		kinds, kind = kinds+1, OSPFTypeDD
		b = binary.BigEndian.AppendUint16(nil, Or(d.MTU, ospfMTU))
		b = binary.BigEndian.AppendUint32(append(b, Or(d.Options, ospfOptions), Or(d.Flags, DDInit|DDMore|DDMaster)), d.Sequence)
		for _, l := range d.Headers {
			made, bad := l.Bytes(o.Router)
			err = errors.Join(err, bad)
			b = append(b, made[:min(len(made), lsaHead)]...)
		}
		for _, h := range o.Heads {
			b = append(b, h.Bytes()...)
		}
	}
	if len(o.Request) > 0 {
		kinds, kind = kinds+1, OSPFTypeRequest
		for _, r := range o.Request {
			b = append(append(binary.BigEndian.AppendUint32(b, r.Type), four(r.ID)...), four(r.Router)...)
		}
	}
	if len(o.Update)+len(o.raw) > 0 {
		kinds, kind = kinds+1, OSPFTypeUpdate
		b = binary.BigEndian.AppendUint32(nil, uint32(len(o.Update)+len(o.raw))) //nolint:gosec // of a scenario
		for _, r := range o.raw {
			b = append(b, r...)
		}
		for _, l := range o.Update {
			made, bad := l.Bytes(o.Router)
			err = errors.Join(err, bad)
			b = append(b, made...)
		}
	}
	if len(o.Ack)+len(o.Confirm) > 0 {
		kinds, kind = kinds+1, OSPFTypeAck
		for _, l := range o.Ack {
			made, bad := l.Bytes(o.Router)
			err = errors.Join(err, bad)
			b = append(b, made[:min(len(made), lsaHead)]...)
		}
		for _, h := range o.Confirm {
			b = append(b, h.Bytes()...)
		}
	}
	if kinds != 1 {
		return 0, nil, errors.New("name one of hello, dd, request, update and ack")
	}
	return kind, b, err
}

// PDU makes the packet.
func (o *OSPF) PDU() (PDU, error) {
	kind, body, err := o.body()
	if err != nil {
		return PDU{}, err
	}
	to := o.Destination
	if !to.IsValid() {
		to = AllSPFRouters()
	}
	if !o.Source.Is4() || !to.Is4() || !o.Router.Is4() {
		return PDU{}, errors.New("source, destination and router-id: they are of IPv4")
	}
	b := append([]byte{Or(o.Version, 2), Or(o.Type, kind), 0, 0}, o.Router.AsSlice()...)
	b = append(append(b, four(Or(o.Area, netip.AddrFrom4([4]byte{})))...), 0, 0)
	b = binary.BigEndian.AppendUint16(b, Or(o.AuthType, 0))
	auth, err := Digits(o.Auth)
	if err != nil || len(auth) > 8 {
		return PDU{}, fmt.Errorf("auth: %q is no eight bytes", o.Auth)
	}
	b = append(append(b, auth...), make([]byte, 8-len(auth))...)
	if k := o.Key; k != nil {
		if len(k.Secret) > md5.Size {
			return PDU{}, fmt.Errorf("md5: key: it has %d bytes: at most %d", len(k.Secret), md5.Size)
		}
		binary.BigEndian.PutUint16(b[14:], Or(o.AuthType, ospfCrypto))
		b = binary.BigEndian.AppendUint32(append(b[:ospfAuthAt], 0, 0, k.ID, md5.Size), Or(k.Sequence, 1))
	}
	if len(b)+len(body) > Longest/2 {
		return PDU{}, fmt.Errorf("a packet of %d bytes", len(b)+len(body))
	}
	p := PDU{
		Protocol: "ospf", Kind: ospfKinds()[kind], EtherType: TypeIPv4, Source: o.Source, Destination: to,
		Proto: ProtoOSPF, TTL: Or(o.TTL, linkLocalTTL), Body: append(b, body...),
		layer: layer{
			lengthAt: ospfLengthAt, lengthSize: 2, length: func(n int) int { return n }, sumAt: ospfSumAt,
			sum: func(b []byte) uint16 {
				return Checksum(b[:min(ospfAuthAt, len(b))], b[min(ospfHead, len(b)):])
			},
		},
	}
	if o.Key != nil {
		p.layer.sum, p.layer.seal = func([]byte) uint16 { return 0 }, o.Key.seal
	}
	if to.IsMulticast() {
		p.To = Group(to)
	}
	return p, nil
}

// UpdateOf makes an Update of LSAs as they are.
func (o *OSPF) UpdateOf(list [][]byte) (PDU, error) {
	x := *o
	x.raw = list
	return x.PDU()
}

// OSPFPacket is one that came. Of its bodies, that of its type is there.
type OSPFPacket struct {
	Type         uint8
	Router, Area netip.Addr
	AuthType     uint16
	Hello        OSPFHello
	DD           OSPFDD
	Heads        []LSAHead
	Request      []OSPFRequest
	Update       [][]byte // LSAs as they came, each whole
}

// ParseOSPF reads a packet of IP's payload whose length and checksum are right.
func ParseOSPF(b []byte) (p OSPFPacket, err error) {
	short := fmt.Errorf("%d bytes are no packet of OSPFv2", len(b))
	if len(b) < ospfHead || b[0] != 2 {
		return p, short
	}
	n := int(binary.BigEndian.Uint16(b[ospfLengthAt:]))
	if n < ospfHead || n > len(b) {
		return p, short
	}
	b = b[:n]
	p.Type, p.AuthType = b[1], binary.BigEndian.Uint16(b[14:])
	p.Router, p.Area = netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4([4]byte(b[8:12]))
	if p.AuthType <= 1 && Checksum(b[:ospfAuthAt], b[ospfHead:]) != 0 {
		return p, errors.New("the checksum of OSPF is wrong")
	}
	body := b[ospfHead:]
	switch p.Type {
	case OSPFTypeHello:
		err = p.readHello(body)
	case OSPFTypeDD:
		if len(body) < ospfDDBody {
			return p, short
		}
		p.DD = OSPFDD{MTU: new(binary.BigEndian.Uint16(body)), Options: &body[2], Flags: &body[3], Sequence: binary.BigEndian.Uint32(body[4:])}
		p.Heads, err = readHeads(body[ospfDDBody:])
	case OSPFTypeRequest:
		for ; len(body) >= ospfRequest; body = body[ospfRequest:] {
			p.Request = append(p.Request, OSPFRequest{binary.BigEndian.Uint32(body), netip.AddrFrom4([4]byte(body[4:8])), netip.AddrFrom4([4]byte(body[8:12]))})
		}
	case OSPFTypeUpdate:
		err = p.readUpdate(body)
	case OSPFTypeAck:
		p.Heads, err = readHeads(body)
	default:
		err = fmt.Errorf("no packet of OSPF is of type %d", p.Type)
	}
	return p, err
}

func (p *OSPFPacket) readHello(b []byte) error {
	if len(b) < ospfHello {
		return fmt.Errorf("a Hello of %d bytes", len(b))
	}
	addr := func(at int) netip.Addr { return netip.AddrFrom4([4]byte(b[at : at+4])) }
	p.Hello = OSPFHello{
		Mask: addr(0), Interval: new(binary.BigEndian.Uint16(b[4:])), Options: &b[6], Priority: &b[7],
		Dead: new(binary.BigEndian.Uint32(b[8:])), DR: addr(12), BDR: addr(16),
	}
	for at := ospfHello; at+4 <= len(b); at += 4 {
		p.Hello.Neighbors = append(p.Hello.Neighbors, addr(at))
	}
	return nil
}

func (p *OSPFPacket) readUpdate(b []byte) error {
	if len(b) < ospfUpdateCount {
		return fmt.Errorf("an Update of %d bytes", len(b))
	}
	count := int(binary.BigEndian.Uint32(b))
	b = b[ospfUpdateCount:]
	for range count {
		h, err := ReadLSAHead(b)
		if err != nil || int(h.Length) < lsaHead || int(h.Length) > len(b) {
			return errors.New("an LSA that is not whole")
		}
		p.Update = append(p.Update, bytes.Clone(b[:h.Length]))
		b = b[h.Length:]
	}
	return nil
}

func readHeads(b []byte) (list []LSAHead, err error) {
	for ; len(b) > 0; b = b[lsaHead:] {
		h, err := ReadLSAHead(b)
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return slices.Clip(list), nil
}
