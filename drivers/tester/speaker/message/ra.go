package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// RA is a router advertisement of IPv6 (RFC 4861 section 4.2).
type RA struct {
	Source      netip.Addr   `yaml:"source"`      // link-local; made of the MAC address, where it is absent
	Destination *netip.Addr  `yaml:"destination"` // all nodes
	HopLimit    *uint8       `yaml:"hop-limit"`   // of the packet; 255
	CurHopLimit *uint8       `yaml:"cur-hop-limit"`
	Managed     bool         `yaml:"managed"`
	Other       bool         `yaml:"other"`
	Preference  string       `yaml:"preference"` // high, medium or low (RFC 4191)
	Lifetime    *uint16      `yaml:"lifetime"`   // seconds; 1800
	Reachable   uint32       `yaml:"reachable"`  // ms
	Retransmit  uint32       `yaml:"retransmit"` // ms
	MTU         *uint32      `yaml:"mtu"`
	Prefixes    []RAPrefix   `yaml:"prefixes"`
	DNS         []netip.Addr `yaml:"dns"`
	NoLinkLayer bool         `yaml:"no-link-layer"` // the option with the MAC address is left out
	Options     []RAOption   `yaml:"options"`
}

// RAPrefix is a prefix of the link.
type RAPrefix struct {
	Prefix    netip.Prefix   `yaml:"prefix"`
	OnLink    *bool          `yaml:"on-link"`
	Auto      *bool          `yaml:"autonomous"`
	Valid     *time.Duration `yaml:"valid"`     // 30 days
	Preferred *time.Duration `yaml:"preferred"` // 7 days
}

// RAOption is one by its bytes.
type RAOption struct {
	Type   uint8  `yaml:"type"`
	Length *uint8 `yaml:"length"` // in units of eight bytes
	Value  string `yaml:"value"`  // what follows type and length, as hexadecimal digits
}

const (
	raType     = 134
	raLifetime = 1800
	raValid    = 30 * 24 * time.Hour
	raPrefer   = 7 * 24 * time.Hour
	raSource   = 1
	raPrefix   = 3
	raMTU      = 5
	raDNS      = 25
	icmpSumAt  = 2
)

// LinkLocal is the address that a station makes of its MAC address (RFC 4291 appendix A).
func LinkLocal(m MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// PDU makes the advertisement, from a station.
func (r *RA) PDU(own MAC) (PDU, error) {
	source := r.Source
	if !source.IsValid() {
		source = LinkLocal(own)
	}
	to := Or(r.Destination, netip.AddrFrom16([16]byte{0xff, 0x02, 15: 1}))
	if source.Is4() || to.Is4() {
		return PDU{}, errors.New("source and destination: they are of IPv6")
	}
	var flags byte
	if r.Managed {
		flags |= 0x80
	}
	if r.Other {
		flags |= 0x40
	}
	switch r.Preference {
	case "", "medium":
	case "high":
		flags |= 0x08
	case "low":
		flags |= 0x18
	default:
		return PDU{}, fmt.Errorf("preference: there is no %q: there are high, medium and low", r.Preference)
	}
	b := []byte{raType, 0, 0, 0, Or(r.CurHopLimit, 64), flags}
	b = binary.BigEndian.AppendUint16(b, Or(r.Lifetime, raLifetime))
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, r.Reachable), r.Retransmit)
	if !r.NoLinkLayer {
		b = append(append(b, raSource, 1), own[:]...)
	}
	if r.MTU != nil {
		b = binary.BigEndian.AppendUint32(append(b, raMTU, 1, 0, 0), *r.MTU)
	}
	for _, p := range r.Prefixes {
		if p.Prefix.Addr().Is4() || !p.Prefix.IsValid() {
			return PDU{}, fmt.Errorf("prefixes: %s is none of IPv6", p.Prefix)
		}
		b = append(b, p.bytes()...)
	}
	if len(r.DNS) > 0 {
		if len(r.DNS) > 100 {
			return PDU{}, errors.New("dns: there are at most 100")
		}
		b = binary.BigEndian.AppendUint32(append(b, raDNS, byte(1+2*len(r.DNS)), 0, 0), raLifetime) //nolint:gosec // bounded
		for _, a := range r.DNS {
			x := a.As16()
			b = append(b, x[:]...)
		}
	}
	for _, o := range r.Options {
		value, err := Digits(o.Value)
		if err != nil || len(value) > 8*mostValue {
			return PDU{}, fmt.Errorf("options: %q is no hexadecimal digits of an option", o.Value)
		}
		value = append(value, make([]byte, (8-(2+len(value))%8)%8)...)
		b = append(append(b, o.Type, Or(o.Length, byte((2+len(value))/8))), value...) //nolint:gosec // bounded
	}
	p := PDU{
		Protocol: "icmpv6", Kind: "ra", EtherType: TypeIPv6, Source: source, Destination: to, Proto: ProtoICMPv6, TTL: Or(r.HopLimit, greatestTTL), Body: b,
		layer: layer{sumAt: icmpSumAt, sum: func(b []byte) uint16 { return Checksum(pseudo(source, to, ProtoICMPv6, len(b)), b) }},
	}
	if to.IsMulticast() {
		p.To = Group(to)
	} else {
		p.To = Broadcast()
	}
	return p, nil
}

func (p RAPrefix) bytes() []byte {
	var flags byte
	if Or(p.OnLink, true) {
		flags |= 0x80
	}
	if Or(p.Auto, true) {
		flags |= 0x40
	}
	seconds := func(d *time.Duration, or time.Duration) uint32 {
		return uint32(max(0, min(Or(d, or).Seconds(), mostUint32)))
	}
	b := []byte{raPrefix, 4, byte(p.Prefix.Bits()), flags} //nolint:gosec // at most 128
	b = binary.BigEndian.AppendUint32(b, seconds(p.Valid, raValid))
	b = append(binary.BigEndian.AppendUint32(b, seconds(p.Preferred, raPrefer)), 0, 0, 0, 0)
	a := p.Prefix.Masked().Addr().As16()
	return append(b, a[:]...)
}
