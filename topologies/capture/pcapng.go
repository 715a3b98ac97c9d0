package capture

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Blocks and options of a pcapng file (draft-ietf-opsawg-pcapng).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6

	optionEnd     = 0
	optionComment = 1

	sectionOS, sectionProgram = 3, 4

	interfaceName, interfaceAbout, interfaceResolution, interfaceFilter = 2, 3, 9, 11

	statisticsBegin, statisticsEnd, statisticsReceived, statisticsAccepted, statisticsDropped, statisticsDelivered = 2, 3, 4, 6, 7, 8

	packetFlags = 2

	byteOrder    = 0x1a2b3c4d
	ethernet     = 1
	nanoseconds  = 9
	snapLength   = 262144
	maxComment   = 4 << 10 // bytes
	filterAsText = 0
)

// block makes one block at the end of a buffer.
type block struct {
	to    []byte
	begin int
}

func begin(to []byte, kind uint32) block {
	b := block{to: to, begin: len(to)}
	b.u32(kind, 0)
	return b
}

func (b *block) u16(list ...uint16) {
	for _, v := range list {
		b.to = binary.LittleEndian.AppendUint16(b.to, v)
	}
}

func (b *block) u32(list ...uint32) {
	for _, v := range list {
		b.to = binary.LittleEndian.AppendUint32(b.to, v)
	}
}

// halves are a time in nanoseconds; the upper half is written first.
func halves(at time.Time) (upper, lower uint32) {
	ns := at.UnixNano()
	return uint32(ns >> 32), uint32(ns & 0xffffffff)
}

func (b *block) time(at time.Time) {
	upper, lower := halves(at)
	b.u32(upper, lower)
}

func (b *block) pad() {
	for (len(b.to)-b.begin)%4 != 0 {
		b.to = append(b.to, 0)
	}
}

func (b *block) option(code uint16, value []byte) {
	b.u16(code, uint16(len(value))) //nolint:gosec // values are bounded
	b.to = append(b.to, value...)
	b.pad()
}

// text is an option; an empty one is left out.
func (b *block) text(code uint16, text string) {
	if text != "" {
		b.option(code, []byte(bounded(text)))
	}
}

func (b *block) number(code uint16, n uint64) {
	b.option(code, binary.LittleEndian.AppendUint64(nil, n))
}

// end ends the options and the block, and gives the buffer.
func (b *block) end() []byte {
	b.u32(optionEnd)
	return b.seal()
}

// seal is end for a block without options.
func (b *block) seal() []byte {
	size := uint32(len(b.to) - b.begin + 4) //nolint:gosec // blocks are bounded
	b.u32(size)
	binary.LittleEndian.PutUint32(b.to[b.begin+4:], size)
	return b.to
}

// bounded makes a text fit for an option.
func bounded(text string) string {
	if len(text) > maxComment {
		text = text[:maxComment]
	}
	return strings.ToValidUTF8(text, "")
}

// header begins a file, with its one interface.
func (o Options) header() []byte {
	b := begin(nil, blockSection)
	b.u32(byteOrder)
	b.u16(1, 0)
	b.u32(0xffffffff, 0xffffffff) // its length is not known
	b.text(optionComment, o.About)
	b.text(sectionOS, "Linux")
	b.text(sectionProgram, "reprise")
	b = begin(b.end(), blockInterface)
	b.u16(ethernet, 0)
	b.u32(snapLength)
	b.text(interfaceName, o.Name)
	b.text(interfaceAbout, o.Describe)
	b.option(interfaceResolution, []byte{nanoseconds})
	if text := o.Tap.Filter; text != "" {
		b.option(interfaceFilter, append([]byte{filterAsText}, bounded(text)...))
	}
	return b.end()
}

// packet is a frame, with its outer tag where it was on the wire.
func packet(to []byte, f *frame, comments []string) []byte {
	kept, whole := len(f.data), f.whole
	if f.tagged {
		kept, whole = kept+len(f.tag), whole+len(f.tag)
	}
	b := begin(to, blockPacket)
	b.u32(0)
	b.time(f.at)
	b.u32(uint32(kept), uint32(max(kept, whole))) //nolint:gosec // frames are bounded
	if at := addresses; f.tagged && len(f.data) >= at {
		b.to = append(b.to, f.data[:at]...)
		b.to = append(b.to, f.tag[:]...)
		b.to = append(b.to, f.data[at:]...)
	} else {
		b.to = append(b.to, f.data...)
	}
	b.pad()
	for _, c := range comments {
		b.text(optionComment, c)
	}
	b.u16(packetFlags, 4)
	b.u32(f.flags())
	return b.end()
}

// packetData is where the frame stands in its block.
const packetData = 28

// told is what others are told of a frame that was made a block of.
func told(f *frame, block []byte) topologies.Frame {
	kept := binary.LittleEndian.Uint32(block[20:])
	t := topologies.Frame{At: f.at, Way: topologies.WayIn, Length: int(binary.LittleEndian.Uint32(block[24:])), Data: block[packetData : packetData+kept]}
	if f.kind == outgoing {
		t.Way = topologies.WayOut
	}
	return t
}

// addresses are so many bytes, before the tag.
const addresses = 12

// Which way a frame went, and whom it was for: kinds of the kernel (linux/if_packet.h), and the flags
// of pcapng for them.
const forUs, broadcast, multicast, forOthers, outgoing = 0, 1, 2, 3, 4

func (f *frame) flags() uint32 {
	const (
		in, out                                 = 1, 2
		isUnicast, isMulticast, isBroadcast, is = 1 << 2, 2 << 2, 3 << 2, 4 << 2
	)
	switch f.kind {
	case forUs:
		return in | isUnicast
	case broadcast:
		return in | isBroadcast
	case multicast:
		return in | isMulticast
	case forOthers:
		return in | is
	case outgoing:
		return out
	default:
		return 0
	}
}

// statistics end a file.
func statistics(s Summary, comment string) []byte {
	b := begin(nil, blockStatistics)
	b.u32(0)
	b.time(s.End)
	b.text(optionComment, comment)
	at := func(code uint16, t time.Time) {
		upper, lower := halves(t)
		b.option(code, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, upper), lower))
	}
	at(statisticsBegin, s.Begin)
	at(statisticsEnd, s.End)
	b.number(statisticsReceived, s.Frames+s.Dropped)
	b.number(statisticsAccepted, s.Frames+s.Dropped)
	b.number(statisticsDropped, s.Dropped)
	b.number(statisticsDelivered, s.Frames)
	return b.end()
}
