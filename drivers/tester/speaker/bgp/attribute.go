package bgp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Attribute is a path attribute as it goes over the wire (RFC 4271 section 4.3), right or wrong.
type Attribute struct {
	Type  *uint8 `yaml:"type" json:"type"`
	Flags *uint8 `yaml:"flags" json:"flags"` // 0xc0, optional and transitive, where it is absent
	Value Hex    `yaml:"value" json:"value"`
	// Length stands in the place of the value's own.
	Length *uint16 `yaml:"length" json:"length,omitempty"`
}

// Flags of attributes.
const (
	flagOptional   = 0x80
	flagTransitive = 0x40
	flagExtended   = 0x10 // the length has two bytes
)

func (a Attribute) check() error {
	if a.Type == nil {
		return errors.New("attributes: each has a type, and its value as hexadecimal digits: {type: 23, value: 000b0000}")
	}
	if len(a.Value) > 65535-4 {
		return fmt.Errorf("attributes: a value has at most 65531 bytes, and this has %d", len(a.Value))
	}
	return nil
}

// bytes is the attribute on the wire. Its length has two bytes where the flags say so, or where one
// does not hold it: then the flag is set too.
func (a Attribute) bytes() []byte {
	flags, length := uint8(flagOptional|flagTransitive), len(a.Value)
	if a.Flags != nil {
		flags = *a.Flags
	}
	if a.Length != nil {
		length = int(*a.Length)
	}
	if length > 255 {
		flags |= flagExtended
	}
	b := []byte{flags, *a.Type}
	if flags&flagExtended != 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(length)) //nolint:gosec // checked
	} else {
		b = append(b, uint8(length)) //nolint:gosec // it is at most 255
	}
	return append(b, a.Value...)
}

// wired is one attribute on the wire with its type, by which the attributes of a message are sorted.
type wired struct {
	typ  uint8
	data []byte
}

// join sorts attributes by their types, as RFC 4271 section 5 wants it; of one type they stay in order.
func join(list []wired) []byte {
	slices.SortStableFunc(list, func(a, b wired) int { return int(a.typ) - int(b.typ) })
	var all []byte
	for _, w := range list {
		all = append(all, w.data...)
	}
	return all
}

// split cuts a message's attributes apart. Those before the one that cannot be read are returned with
// the error.
func split(data []byte) (list []Attribute, err error) {
	for len(data) > 0 {
		if len(data) < 3 {
			return list, errors.New("an attribute breaks off in its head")
		}
		flags, typ, length, head := data[0], data[1], int(data[2]), 3
		if flags&flagExtended != 0 {
			if len(data) < 4 {
				return list, errors.New("an attribute breaks off in its head")
			}
			length, head = int(binary.BigEndian.Uint16(data[2:])), 4
		}
		if len(data) < head+length {
			return list, fmt.Errorf("attribute %d has %d bytes by its length, and %d are left", typ, length, len(data)-head)
		}
		list = append(list, Attribute{Type: &typ, Flags: &flags, Value: Hex(data[head : head+length])})
		data = data[head+length:]
	}
	return list, nil
}
