package message

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// VRRP is an advertisement over IPv4, of version 2 (RFC 3768) or 3 (RFC 5798).
type VRRP struct {
	Version   int          `yaml:"version"` // 2 where it is 0
	ID        uint8        `yaml:"id"`
	Priority  *uint8       `yaml:"priority"` // 100 where it is absent; 0 gives the place up
	Interval  uint16       `yaml:"interval"` // seconds of version 2, hundredths of version 3; one second where it is 0
	Source    netip.Addr   `yaml:"source"`   // of the packet
	Addresses []netip.Addr `yaml:"addresses"`
	TTL       *uint8       `yaml:"ttl"` // 255
}

const vrrpSumAt = 6

// PDU makes the advertisement.
func (v *VRRP) PDU() (PDU, error) {
	version := cmp.Or(v.Version, 2)
	if version != 2 && version != 3 || v.ID == 0 || !v.Source.Is4() || len(v.Addresses) > 255 {
		return PDU{}, errors.New("it has an id, a source and addresses of IPv4, and version 2 or 3")
	}
	if most := map[int]uint16{2: 0xff, 3: 0x0fff}[version]; v.Interval > most { // 8 bits, and 12
		return PDU{}, fmt.Errorf("interval: %d is more than version %d can say: at most %d", v.Interval, version, most)
	}
	b := []byte{byte(version)<<4 | 1, v.ID, Or(v.Priority, 100), byte(len(v.Addresses)), 0, 0, 0, 0} //nolint:gosec // checked
	if version == 2 {
		b[5] = byte(cmp.Or(v.Interval, 1)) //nolint:gosec // checked
	} else {
		binary.BigEndian.PutUint16(b[4:], cmp.Or(v.Interval, 100))
	}
	for _, a := range v.Addresses {
		if !a.Is4() {
			return PDU{}, fmt.Errorf("addresses: %s is none of IPv4", a)
		}
		b = append(b, a.AsSlice()...)
	}
	group := netip.AddrFrom4([4]byte{224, 0, 0, 18})
	sum := func(b []byte) uint16 { return Checksum(b) }
	if version == 2 {
		b = append(b, make([]byte, 8)...) // no authentication
	} else {
		sum = func(b []byte) uint16 { return Checksum(pseudo(v.Source, group, ProtoVRRP, len(b)), b) }
	}
	return PDU{
		Protocol: "vrrp", To: Group(group), EtherType: TypeIPv4, Source: v.Source, Destination: group, Proto: ProtoVRRP, TTL: Or(v.TTL, greatestTTL), Body: b,
		layer: layer{sumAt: vrrpSumAt, sum: sum},
	}, nil
}

// VRRPAdvert is an advertisement that came.
type VRRPAdvert struct {
	Version      int
	ID, Priority uint8
	Interval     uint16 // as in VRRP
	Addresses    []netip.Addr
}

// ParseVRRP reads an advertisement of what a packet of IPv4 carries.
func ParseVRRP(b []byte, source, group netip.Addr) (a VRRPAdvert, err error) {
	const head = 8
	if len(b) < head || b[0]&15 != 1 {
		return a, fmt.Errorf("%d bytes are no advertisement of VRRP", len(b))
	}
	a.Version, a.ID, a.Priority = int(b[0]>>4), b[1], b[2]
	count := int(b[3])
	switch {
	case a.Version != 2 && a.Version != 3 || len(b) < head+4*count:
		return a, fmt.Errorf("an advertisement of VRRP of version %d with %d addresses in %d bytes", a.Version, count, len(b))
	case a.Version == 2 && Checksum(b) != 0, a.Version == 3 && Checksum(pseudo(source, group, ProtoVRRP, len(b)), b) != 0:
		return a, errors.New("the checksum of VRRP is wrong")
	}
	if a.Interval = uint16(b[5]); a.Version == 3 {
		a.Interval = binary.BigEndian.Uint16(b[4:]) & 0x0fff
	}
	for i := range count {
		a.Addresses = append(a.Addresses, netip.AddrFrom4([4]byte(b[head+4*i:head+4*i+4])))
	}
	return a, nil
}
