package packet

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The file header of pcap (draft-ietf-opsawg-pcap, section 4).
const (
	pcapLink      = 20 // link type; the upper half are flags
	pcapHeaderLen = 24
)

// The head of a packet in it (section 5).
const (
	pcapCaptured  = 8 // how many bytes of the packet are there
	pcapRecordLen = 16
)

// pcapMagics begin a file, by the order of its bytes and the unit of its times.
func pcapMagics() []pcapMagic {
	return []pcapMagic{
		{"\xd4\xc3\xb2\xa1", binary.LittleEndian}, // microseconds
		{"\xa1\xb2\xc3\xd4", binary.BigEndian},
		{"\x4d\x3c\xb2\xa1", binary.LittleEndian}, // nanoseconds
		{"\xa1\xb2\x3c\x4d", binary.BigEndian},
	}
}

type pcapMagic struct {
	bytes string
	order binary.ByteOrder
}

// pcapOrder is the order of bytes in a pcap file; nil when it is none.
func pcapOrder(data []byte) binary.ByteOrder {
	magics := pcapMagics()
	i := slices.IndexFunc(magics, func(m pcapMagic) bool { return bytes.HasPrefix(data, []byte(m.bytes)) })
	if i < 0 {
		return nil
	}
	return magics[i].order
}

func isPcap(data []byte) bool { return pcapOrder(data) != nil }

func (c *capture) pcap() bool {
	if len(c.old) < pcapHeaderLen {
		return false
	}
	order := pcapOrder(c.old)
	link := uint16(order.Uint32(c.old[pcapLink:])) //nolint:gosec // the rest are flags
	for at := pcapHeaderLen; at < len(c.old); {
		if at+pcapRecordLen > len(c.old) {
			return c.tail(at)
		}
		n := int(order.Uint32(c.old[at+pcapCaptured:]))
		start := at + pcapRecordLen
		if n < 0 || n > len(c.old)-start {
			return c.tail(start)
		}
		c.frames = append(c.frames, frame{start: start, end: start + n, link: link})
		at = start + n
	}
	return true
}
