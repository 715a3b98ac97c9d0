package node_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/reprise-lab/reprise/drivers/node"
)

// coreHead makes the beginning of a core file of a 64-bit machine: a header, one segment of
// notes, and in it a note of another kind before the one that has the process number.
func coreHead(order binary.ByteOrder, pid uint32) []byte {
	var b bytes.Buffer
	data := byte(1)
	if order == binary.BigEndian {
		data = 2
	}
	b.Write([]byte{0x7f, 'E', 'L', 'F', 2, data, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	put := func(v ...any) {
		for _, x := range v {
			_ = binary.Write(&b, order, x) // a buffer takes everything
		}
	}
	note := func(kind uint32, desc []byte) []byte {
		var n bytes.Buffer
		for _, v := range []uint32{5, uint32(len(desc)), kind} {
			_ = binary.Write(&n, order, v)
		}
		n.WriteString("CORE\x00\x00\x00\x00")
		n.Write(desc)
		return n.Bytes()
	}
	info := make([]byte, 136)
	order.PutUint32(info[24:], pid)
	notes := append(note(1, make([]byte, 336)), note(3, info)...)
	put(uint16(4), uint16(62), uint32(1), uint64(0), uint64(64), uint64(0), uint32(0), uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0))
	put(uint32(4), uint32(0), uint64(120), uint64(0), uint64(0), uint64(len(notes)), uint64(0), uint64(4))
	b.Write(notes)
	return b.Bytes()
}

func TestDumpedPID(t *testing.T) {
	little := coreHead(binary.LittleEndian, 4711)
	tests := []struct {
		name string
		head []byte
		want int
	}{
		{"little-endian", little, 4711},
		{"big-endian", coreHead(binary.BigEndian, 4711), 4711},
		{"cut before the number", little[:len(little)-120], 0},
		{"a text", []byte("core of the matter"), 0},
		{"empty", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := node.DumpedPID(tt.head); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func FuzzDumpedPID(f *testing.F) {
	head := coreHead(binary.LittleEndian, 7)
	f.Add(head)
	huge := bytes.Clone(head)
	binary.LittleEndian.PutUint64(huge[64+32:], 1<<64-1) // the size of the segment
	f.Add(huge)
	f.Fuzz(func(_ *testing.T, head []byte) { node.DumpedPID(head) })
}
