package message

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// LLDP is a neighbour's word of itself (IEEE 802.1AB-2016, 8).
type LLDP struct {
	Chassis     string  `yaml:"chassis"` // MAC address; the frame's source where it is empty
	PortID      string  `yaml:"port-id"` // name of an interface
	TTL         *uint16 `yaml:"ttl"`     // seconds; 120 where it is absent, and 0 takes the neighbour back
	SystemName  string  `yaml:"system-name"`
	Description string  `yaml:"port-description"`
	// TLVs are further ones: type, and value as hexadecimal digits.
	TLVs []TLV `yaml:"tlvs"`
}

// TLV is one of LLDP, right or wrong.
type TLV struct {
	Type  uint8  `yaml:"type"`
	Value string `yaml:"value"`
}

// TLVs of LLDP, and the kinds of ids that are used here (IEEE 802.1AB-2016, 8.5).
const (
	tlvChassis, chassisMAC = 1, 4
	tlvPort, portName      = 2, 5
	tlvTTL                 = 3
	tlvPortDescription     = 4
	tlvSystemName          = 5
	mostTLV                = 511
	defaultTTL             = 120
)

// PDU makes the frame's content, from a station.
func (l *LLDP) PDU(own MAC) (PDU, error) {
	var err error
	if l.Chassis != "" {
		if own, err = ParseMAC(l.Chassis); err != nil {
			return PDU{}, err
		}
	}
	if l.PortID == "" {
		return PDU{}, errors.New("port-id: it names the interface")
	}
	var body []byte
	add := func(typ uint8, value []byte) {
		if len(value) > mostTLV || typ > 127 {
			err = fmt.Errorf("a TLV has a type to 127 and at most %d bytes", mostTLV)
			return
		}
		body = binary.BigEndian.AppendUint16(body, uint16(typ)<<9|uint16(len(value))) //nolint:gosec // checked
		body = append(body, value...)
	}
	add(tlvChassis, append([]byte{chassisMAC}, own[:]...))
	add(tlvPort, append([]byte{portName}, l.PortID...))
	add(tlvTTL, binary.BigEndian.AppendUint16(nil, Or(l.TTL, defaultTTL)))
	if l.Description != "" {
		add(tlvPortDescription, []byte(l.Description))
	}
	if l.SystemName != "" {
		add(tlvSystemName, []byte(l.SystemName))
	}
	for _, t := range l.TLVs {
		value, bad := Digits(t.Value)
		if bad != nil {
			return PDU{}, fmt.Errorf("tlvs: %q is no hexadecimal digits", t.Value)
		}
		add(t.Type, value)
	}
	add(0, nil)
	return PDU{Protocol: "lldp", To: MAC{0x01, 0x80, 0xc2, 0, 0, 0x0e}, EtherType: TypeLLDP, Body: body}, err
}
