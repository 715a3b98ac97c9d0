package message

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// LACP is an LACPDU (IEEE 802.1AX-2014 section 6.4.2.3).
type LACP struct {
	Version *uint8   `yaml:"version"` // 1 where it is absent
	Actor   LACPSide `yaml:"actor"`
	Partner LACPSide `yaml:"partner"`
	// MaxDelay is the collector's, in tens of microseconds.
	MaxDelay *uint16 `yaml:"collector-max-delay"`
}

// LACPSide is what an LACPDU says of one of the two sides.
type LACPSide struct {
	SystemPriority *uint16 `yaml:"system-priority"`
	System         string  `yaml:"system"` // MAC address; the frame's source where it is empty, and of the partner none
	Key            *uint16 `yaml:"key"`
	PortPriority   *uint16 `yaml:"port-priority"`
	Port           *uint16 `yaml:"port"`
	// State are the flags that are set: activity, timeout (short), aggregation, synchronization, collecting,
	// distributing, defaulted, expired.
	State *[]string `yaml:"state"`
}

// Flags of LACP's state, from the lowest bit on.
const (
	LACPActivity = 1 << iota
	LACPTimeout
	LACPAggregation
	LACPSynchronization
	LACPCollecting
	LACPDistributing
	LACPDefaulted
	LACPExpired
)

func lacpFlags() []string {
	return []string{"activity", "timeout", "aggregation", "synchronization", "collecting", "distributing", "defaulted", "expired"}
}

// LACPState is what flags are as words.
func LACPState(flags byte) []string {
	words := []string{}
	for i, word := range lacpFlags() {
		if flags>>i&1 != 0 {
			words = append(words, word)
		}
	}
	return words
}

// LACPInfo is one side of an LACPDU.
type LACPInfo struct {
	SystemPriority uint16
	System         MAC
	Key            uint16
	PortPriority   uint16
	Port           uint16
	State          byte
}

// Layout of an LACPDU.
const (
	lacpSubtype  = 1
	lacpVersion  = 1
	lacpInfo     = 20 // bytes of a TLV of a side
	lacpActor    = 2
	lacpPartner  = lacpActor + lacpInfo
	lacpCollects = lacpPartner + lacpInfo
	lacpBody     = 110
	lacpPriority = 32768
)

// Over is a side as its fields say, with what they do not say.
func (s *LACPSide) Over(i LACPInfo) (LACPInfo, error) {
	i.SystemPriority, i.Key = Or(s.SystemPriority, i.SystemPriority), Or(s.Key, i.Key)
	i.PortPriority, i.Port = Or(s.PortPriority, i.PortPriority), Or(s.Port, i.Port)
	if s.System != "" {
		var err error
		if i.System, err = ParseMAC(s.System); err != nil {
			return i, fmt.Errorf("system: %w", err)
		}
	}
	if s.State != nil {
		i.State = 0
		for _, word := range *s.State {
			n := slices.Index(lacpFlags(), word)
			if n < 0 {
				return i, fmt.Errorf("state: there is no %q: there are %v", word, lacpFlags())
			}
			i.State |= 1 << n
		}
	}
	return i, nil
}

func (i LACPInfo) put(b []byte, kind byte) {
	b[0], b[1] = kind, lacpInfo
	binary.BigEndian.PutUint16(b[2:], i.SystemPriority)
	copy(b[4:], i.System[:])
	binary.BigEndian.PutUint16(b[10:], i.Key)
	binary.BigEndian.PutUint16(b[12:], i.PortPriority)
	binary.BigEndian.PutUint16(b[14:], i.Port)
	b[16] = i.State
}

func readInfo(b []byte) (i LACPInfo) {
	i.SystemPriority, i.Key = binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[10:])
	i.PortPriority, i.Port, i.State = binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:]), b[16]
	copy(i.System[:], b[4:])
	return i
}

// DefaultActor is a side of which nothing is said: active, and ready to be aggregated.
func DefaultActor(own MAC) LACPInfo {
	return LACPInfo{SystemPriority: lacpPriority, System: own, Key: 1, PortPriority: lacpPriority, Port: 1, State: LACPActivity | LACPAggregation}
}

// PDU makes the LACPDU, from a station.
func (l *LACP) PDU(own MAC) (PDU, error) {
	actor, err := l.Actor.Over(DefaultActor(own))
	if err != nil {
		return PDU{}, fmt.Errorf("actor: %w", err)
	}
	partner, err := l.Partner.Over(LACPInfo{})
	if err != nil {
		return PDU{}, fmt.Errorf("partner: %w", err)
	}
	return l.Made(actor, partner), nil
}

// Made is the LACPDU that says this of its two sides.
func (l *LACP) Made(actor, partner LACPInfo) PDU {
	b := make([]byte, lacpBody)
	b[0], b[1] = lacpSubtype, Or(l.Version, lacpVersion)
	actor.put(b[lacpActor:], 1)
	partner.put(b[lacpPartner:], 2)
	b[lacpCollects], b[lacpCollects+1] = 3, 16
	binary.BigEndian.PutUint16(b[lacpCollects+2:], Or(l.MaxDelay, 0))
	return PDU{Protocol: "lacp", To: MAC{0x01, 0x80, 0xc2, 0, 0, 2}, EtherType: TypeSlow, Body: b}
}

// ParseLACP reads an LACPDU. Its version and the lengths of its TLVs are not looked at, as the standard has it
// (IEEE 802.1AX-2014 section 6.4.2.3 and its notes).
func ParseLACP(b []byte) (actor, partner LACPInfo, err error) {
	if len(b) < lacpCollects || b[0] != lacpSubtype || b[lacpActor] != 1 || b[lacpPartner] != 2 {
		return actor, partner, fmt.Errorf("%d bytes are no LACPDU", len(b))
	}
	return readInfo(b[lacpActor:]), readInfo(b[lacpPartner:]), nil
}
