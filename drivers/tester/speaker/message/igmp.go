package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// IGMP is a message of version 2 (RFC 2236), or of version 3 (RFC 3376).
type IGMP struct {
	Type    string       `yaml:"type"`    // query, report or leave
	Version int          `yaml:"version"` // 2 where it is 0
	Source  netip.Addr   `yaml:"source"`
	Group   netip.Addr   `yaml:"group"` // absent in a query for all
	Sources []netip.Addr `yaml:"sources"`
	// Mode is that of a group in a report of version 3: include, exclude, to-include, to-exclude, allow or block. to-exclude,
	// where it is empty: it joins.
	Mode string `yaml:"mode"`
	// Answer is within how many tenths of a second a query wants to be answered: 100 where it is absent.
	Answer *uint8 `yaml:"answer"`
	TTL    *uint8 `yaml:"ttl"` // 1
	// NoAlert leaves the option of IP out that has routers look.
	NoAlert bool `yaml:"no-router-alert"`
}

const igmpSumAt = 2

func igmpModes() []string {
	return []string{"", "include", "exclude", "to-include", "to-exclude", "allow", "block"}
}

// PDU makes the message.
func (i *IGMP) PDU() (PDU, error) {
	group := netip.AddrFrom4([4]byte{})
	if i.Group.IsValid() {
		group = i.Group
	}
	if !i.Source.Is4() || !group.Is4() {
		return PDU{}, errors.New("source and group: they are of IPv4")
	}
	if i.Version != 0 && i.Version != 2 && i.Version != 3 || len(i.Sources) > 300 {
		return PDU{}, errors.New("version: there are 2 and 3, the latter with at most 300 sources")
	}
	b, dst := []byte{0, 0, 0, 0}, group
	switch i.Type {
	case "query":
		b[0], b[1] = 0x11, Or(i.Answer, 100)
		if group.IsUnspecified() {
			dst = netip.AddrFrom4([4]byte{224, 0, 0, 1})
		}
	case "report":
		b[0] = 0x16
	case "leave":
		b[0], dst = 0x17, netip.AddrFrom4([4]byte{224, 0, 0, 2})
	default:
		return PDU{}, fmt.Errorf("type: there is no %q: there are query, report and leave", i.Type)
	}
	if !dst.IsMulticast() || i.Type != "query" && !group.IsMulticast() {
		return PDU{}, fmt.Errorf("group: %s is none", group)
	}
	var sources []byte
	for _, s := range i.Sources {
		sources = append(sources, four(s)...)
	}
	switch {
	case i.Version != 3:
		b = append(b, group.AsSlice()...)
	case i.Type == "query":
		b = append(append(b, group.AsSlice()...), 2, 125)                                // robustness, and its interval
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(i.Sources))), sources...) //nolint:gosec // bounded
	default:
		mode := 4 // to-exclude
		if i.Type == "leave" {
			mode = 3
		}
		for n, word := range igmpModes() {
			if word == i.Mode && n > 0 {
				mode = n
			}
		}
		b[0], dst = 0x22, netip.AddrFrom4([4]byte{224, 0, 0, 22})
		b = append(b, 0, 0, 0, 1, byte(mode), 0)
		b = append(append(binary.BigEndian.AppendUint16(b, uint16(len(i.Sources))), group.AsSlice()...), sources...) //nolint:gosec // bounded
	}
	p := PDU{
		Protocol: "igmp", Kind: i.Type, To: Group(dst), EtherType: TypeIPv4, Source: i.Source, Destination: dst, Proto: ProtoIGMP, TTL: Or(i.TTL, linkLocalTTL),
		Options: []byte{0x94, 4, 0, 0}, Body: b, // RFC 2113
		layer: layer{sumAt: igmpSumAt, sum: func(b []byte) uint16 { return Checksum(b) }},
	}
	if i.NoAlert {
		p.Options = nil
	}
	return p, nil
}

// IGMPHeard is a message of IGMP that came.
type IGMPHeard struct {
	Type    string // query, report or leave
	Version int
	Answer  time.Duration         // of a query
	Groups  map[netip.Addr]string // with the mode of a report of version 3; of a query the one that it is for, if one
}

// ParseIGMP reads a message of what a packet of IPv4 carries.
func ParseIGMP(b []byte) (h IGMPHeard, err error) {
	const head, record = 8, 8
	if len(b) < head || Checksum(b) != 0 {
		return h, fmt.Errorf("%d bytes are no message of IGMP with a right checksum", len(b))
	}
	h.Groups = map[netip.Addr]string{}
	h.Version = 2
	group := netip.AddrFrom4([4]byte(b[4:8]))
	switch b[0] {
	case 0x11:
		h.Type, h.Answer = "query", time.Duration(b[1])*100*time.Millisecond
		if len(b) >= 12 {
			h.Version = 3
		}
		if !group.IsUnspecified() {
			h.Groups[group] = ""
		}
	case 0x12, 0x16:
		h.Type, h.Groups[group] = "report", ""
	case 0x17:
		h.Type, h.Groups[group] = "leave", ""
	case 0x22:
		h.Type, h.Version = "report", 3
		count := int(binary.BigEndian.Uint16(b[6:]))
		rest := b[head:]
		for range count {
			if len(rest) < record {
				return h, fmt.Errorf("a report of IGMPv3 says %d groups and breaks off", count)
			}
			size := record + 4*int(binary.BigEndian.Uint16(rest[2:])) + 4*int(rest[1])
			if size > len(rest) {
				return h, fmt.Errorf("a group of a report of IGMPv3 has %d bytes of %d", size, len(rest))
			}
			mode := fmt.Sprint(rest[0])
			if n := int(rest[0]); n > 0 && n < len(igmpModes()) {
				mode = igmpModes()[n]
			}
			h.Groups[netip.AddrFrom4([4]byte(rest[4:8]))] = mode
			rest = rest[size:]
		}
	default:
		return h, fmt.Errorf("no message of IGMP is of type %#x", b[0])
	}
	return h, nil
}
