package wiring

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	probe "github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// hook is a place in the kernel where our program runs.
type hook struct {
	kind       ebpf.ProgramType
	begin, end int16           // in the context, of where the frame begins and ends
	pass, drop int32           // verdicts
	load       asm.BuiltinFunc // reads bytes of the frame
	// plain says that the kernel is too old for what picks frames and keeps the first of them: every frame that a
	// predicate matches is dropped, and counted.
	plain bool
	// has asks the kernel whether it has a helper for programs of a kind.
	has func(ebpf.ProgramType, asm.BuiltinFunc) error
}

// arriving is where frames arrive: the generic hook of XDP (struct xdp_md of linux/bpf.h).
func arriving() hook {
	const aborted, drop, pass = 0, 1, 2
	return hook{kind: ebpf.XDP, begin: 0, end: 4, pass: pass, drop: drop, load: asm.FnXdpLoadBytes, has: probe.HaveProgramHelper}
}

// Fields of struct __sk_buff of linux/bpf.h.
const (
	skbLength = 0
	skbTagged = 20 // a VLAN tag is held beside the frame
	skbBegin  = 76
	skbEnd    = 80
	skbPieces = 164 // frames that a train is to be cut into
)

// leaving is where frames leave: the filters of tc. What is dropped goes as if it had been sent, so that the
// sender learns nothing (TC_ACT_STOLEN and TC_ACT_UNSPEC of linux/pkt_cls.h).
func leaving() hook {
	const stolen, unspec = 4, -1
	return hook{kind: ebpf.SchedCLS, begin: skbBegin, end: skbEnd, pass: unspec, drop: stolen, load: asm.FnSkbLoadBytes, has: probe.HaveProgramHelper}
}

// Where the program keeps what it reads of a frame, below the frame pointer. Numbers of more
// than one byte are in host order, addresses as on the wire. What a frame has not is zero.
const (
	slotOuter   = -8  // type field behind the addresses: a tag's, or that of the payload
	slotInner   = -16 // type field behind the tags
	slotProto   = -24 // IP protocol; none, where there is no IP
	slotSport   = -32 // of TCP or UDP; zero in all but the first fragment
	slotDport   = -40 //
	slotSrc     = -56 // 16 bytes
	slotDst     = -72 // 16 bytes
	slotKey     = -88 // keySize bytes: that of a counter
	slotEnd     = slotKey
	slotContext = -96
	slotLength  = -104 // of the frame
	slotPieces  = -112 // frames that it is to be cut into; 0 and 1 are the same
	slotTagged  = -120 // whether a tag is beside it
	slotOrdinal = -128
	slotIndex   = -136 // key of a hit
	slotBytes   = -144 // that a filter reads
	slotTally   = -152 // of the filter, while another is asked
	slotCells   = slotTally - 4*filterCells
	noProto     = 1 << 8
)

// keySize is the size of a counter's key: the name of its filter, padded with zeros.
const keySize = 16

const (
	maxTags    = 2 // that are looked behind
	maxHeaders = 4 // of IPv6 before that of the payload
)

// Registers that live through the whole program.
const (
	regFrame = asm.R6 // first byte of the frame
	regEnd   = asm.R7 // behind its last
	regAt    = asm.R8 // the header that is read
	regWord  = asm.R9
)

// programMaps are those of a program, by their descriptors.
type programMaps struct {
	counters int
	hits     map[string]int // by the filter
}

// program gives the instructions of a program that drops what any of the filters wants dropped, counts
// it under the filter's name in a map, and keeps the first in another. A filter sees what those before
// it have let pass. Fields of IP are looked for behind up to two VLAN tags. mtu is what the link carries.
func (h hook) program(filters []Filter, m programMaps, mtu int) (asm.Instructions, error) {
	p := h.begins()
	p = append(p, asm.Mov.Imm(regWord, 0))
	for slot := -8; slot >= slotEnd; slot -= 8 {
		p = append(p, asm.StoreMem(asm.RFP, int16(slot), regWord, asm.DWord))
	}
	p = append(p, asm.Mov.Imm(regWord, noProto), asm.StoreMem(asm.RFP, slotProto, regWord, asm.DWord))
	p = append(p, parse()...)
	p = append(p, asm.Mov.Imm(asm.R0, 0).WithSymbol("filters"))
	for i, f := range filters {
		next := fmt.Sprintf("next-%d", i)
		block, err := h.filterBlock(f, next, m, mtu)
		if err != nil {
			return nil, err
		}
		// R0 is zero. The kernel takes no instructions that no jump leads to, and a filter of
		// everything has none of its own.
		p = append(append(p, asm.JNE.Imm(asm.R0, 0, next)), block...)
		p = append(p, asm.Mov.Imm(asm.R0, 0).WithSymbol(next))
	}
	if h.kind != ebpf.XDP {
		p = append(p, seen(m.counters)...)
	}
	return append(p, asm.Mov.Imm(asm.R0, h.pass), asm.Return()), nil
}

// begins finds the frame, its length, and what tells that it is no plain frame.
func (h hook) begins() asm.Instructions {
	p := asm.Instructions{asm.Mov.Reg(regWord, asm.R1), asm.StoreMem(asm.RFP, slotContext, asm.R1, asm.DWord)}
	frame := asm.Instructions{asm.LoadMem(regFrame, regWord, h.begin, asm.Word), asm.LoadMem(regEnd, regWord, h.end, asm.Word)}
	if h.plain {
		return append(p, frame...)
	}
	if h.kind == ebpf.XDP { // frames come in one piece, with their tags in them
		p = append(p, asm.FnXdpGetBuffLen.Call(), keep(slotLength, asm.R0), asm.Mov.Imm(asm.R0, 0), keep(slotPieces, asm.R0), keep(slotTagged, asm.R0))
	} else {
		const whole = "whole"
		p = append(p,
			asm.LoadMem(asm.R2, regWord, skbPieces, asm.Word), keep(slotPieces, asm.R2),
			asm.LoadMem(asm.R2, regWord, skbTagged, asm.Word), keep(slotTagged, asm.R2),
			asm.LoadMem(asm.R2, regWord, skbLength, asm.Word), keep(slotLength, asm.R2),
		)
		p = append(append(p, frame...), asm.Mov.Reg(asm.R3, regEnd), asm.Sub.Reg(asm.R3, regFrame), asm.JGE.Reg(asm.R3, asm.R2, whole))
		p = append(p, asm.Mov.Reg(asm.R1, regWord), asm.FnSkbPullData.Call())
		p = append(append(p, frame...), asm.Mov.Imm(asm.R0, 0).WithSymbol(whole))
		return p
	}
	return append(p, frame...)
}

// room jumps to a label unless so many bytes are there at the header that is read.
func room(bytes int32, otherwise string) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, regAt), asm.Add.Imm(asm.R1, bytes), asm.JGT.Reg(asm.R1, regEnd, otherwise),
	}
}

// half reads a number of two bytes of the header into a register.
func half(to asm.Register, offset int16) asm.Instructions {
	return asm.Instructions{asm.LoadMem(to, regAt, offset, asm.Half), asm.HostTo(asm.BE, to, asm.Half)}
}

func keep(slot int16, from asm.Register) asm.Instruction {
	return asm.StoreMem(asm.RFP, slot, from, asm.DWord)
}

// copyBytes copies bytes of the header, four at a time, into a slot.
func copyBytes(slot, offset, bytes int16) asm.Instructions {
	var p asm.Instructions
	for i := int16(0); i < bytes; i += 4 {
		p = append(p, asm.LoadMem(asm.R1, regAt, offset+i, asm.Word), asm.StoreMem(asm.RFP, slot+i, asm.R1, asm.Word))
	}
	return p
}

// parse fills the slots, as far as the frame goes.
func parse() asm.Instructions {
	p := asm.Instructions{asm.Mov.Reg(regAt, regFrame)}
	p = append(p, room(14, "filters")...)
	p = append(p, half(regWord, 12)...)
	p = append(p, keep(slotOuter, regWord), keep(slotInner, regWord), asm.Add.Imm(regAt, 14))
	for i := range maxTags {
		tag := fmt.Sprintf("tag-%d", i)
		p = append(p, asm.JEq.Imm(regWord, unix.ETH_P_8021Q, tag), asm.JNE.Imm(regWord, unix.ETH_P_8021AD, "untagged"))
		body := room(4, "filters")
		body[0] = body[0].WithSymbol(tag)
		p = append(p, body...)
		p = append(p, half(regWord, 2)...)
		p = append(p, keep(slotInner, regWord), asm.Add.Imm(regAt, 4))
	}
	p = append(p,
		asm.JEq.Imm(regWord, unix.ETH_P_IP, "ipv4").WithSymbol("untagged"),
		asm.JEq.Imm(regWord, unix.ETH_P_IPV6, "ipv6"),
		asm.Ja.Label("filters"),
	)
	p = append(p, parse4()...)
	p = append(p, parse6()...)
	return append(p, parsePorts()...)
}

// parse4 reads the header of IPv4 (RFC 791 section 3.1).
func parse4() asm.Instructions {
	p := room(20, "filters")
	p[0] = p[0].WithSymbol("ipv4")
	p = append(p, copyBytes(slotSrc, 12, 4)...)
	p = append(p, copyBytes(slotDst, 16, 4)...)
	p = append(p, asm.LoadMem(regWord, regAt, 9, asm.Byte), keep(slotProto, regWord))
	p = append(p, half(asm.R1, 6)...)
	return append(p,
		asm.And.Imm(asm.R1, 0x1fff), asm.JNE.Imm(asm.R1, 0, "filters"), // not the first fragment
		asm.LoadMem(asm.R1, regAt, 0, asm.Byte), asm.And.Imm(asm.R1, 0xf), asm.LSh.Imm(asm.R1, 2),
		asm.JLT.Imm(asm.R1, 20, "filters"),
		asm.Add.Reg(regAt, asm.R1),
		asm.Ja.Label("ports"),
	)
}

// parse6 reads the header of IPv6 and goes through those that may follow it (RFC 8200
// section 4) up to that of the payload.
func parse6() asm.Instructions {
	p := room(40, "filters")
	p[0] = p[0].WithSymbol("ipv6")
	p = append(p, copyBytes(slotSrc, 8, 16)...)
	p = append(p, copyBytes(slotDst, 24, 16)...)
	p = append(p, asm.LoadMem(regWord, regAt, 6, asm.Byte), keep(slotProto, regWord), asm.Add.Imm(regAt, 40))
	for i := range maxHeaders {
		label := func(s string) string { return fmt.Sprintf("%s-%d", s, i) }
		p = append(p,
			asm.JEq.Imm(regWord, unix.IPPROTO_HOPOPTS, label("options")), asm.JEq.Imm(regWord, unix.IPPROTO_ROUTING, label("options")),
			asm.JEq.Imm(regWord, unix.IPPROTO_DSTOPTS, label("options")), asm.JEq.Imm(regWord, unix.IPPROTO_AH, label("ah")),
			asm.JNE.Imm(regWord, unix.IPPROTO_FRAGMENT, "ports"),
		)
		p = append(p, room(8, "filters")...)
		p = append(p, asm.LoadMem(regWord, regAt, 0, asm.Byte), keep(slotProto, regWord))
		p = append(p, half(asm.R1, 2)...)
		p = append(p,
			asm.And.Imm(asm.R1, 0xfff8), asm.JNE.Imm(asm.R1, 0, "filters"), // not the first fragment
			asm.Add.Imm(regAt, 8), asm.Ja.Label(label("follows")),
		)
		for _, h := range []struct {
			label       string
			first, unit int32 // length = (field + first) << unit
		}{{label("ah"), 2, 2}, {label("options"), 1, 3}} {
			body := room(8, "filters")
			body[0] = body[0].WithSymbol(h.label)
			p = append(p, body...)
			p = append(p,
				asm.LoadMem(regWord, regAt, 0, asm.Byte), keep(slotProto, regWord),
				asm.LoadMem(asm.R1, regAt, 1, asm.Byte), asm.Add.Imm(asm.R1, h.first), asm.LSh.Imm(asm.R1, h.unit),
				asm.Add.Reg(regAt, asm.R1), asm.Ja.Label(label("follows")),
			)
		}
		p = append(p, asm.Mov.Imm(asm.R0, 0).WithSymbol(label("follows")))
	}
	return p
}

// parsePorts reads the ports of TCP and UDP.
func parsePorts() asm.Instructions {
	p := asm.Instructions{
		asm.JEq.Imm(regWord, unix.IPPROTO_TCP, "has-ports").WithSymbol("ports"),
		asm.JNE.Imm(regWord, unix.IPPROTO_UDP, "filters"),
	}
	body := room(4, "filters")
	body[0] = body[0].WithSymbol("has-ports")
	p = append(p, body...)
	p = append(p, half(asm.R1, 0)...)
	p = append(p, keep(slotSport, asm.R1))
	p = append(p, half(asm.R1, 2)...)
	return append(p, keep(slotDport, asm.R1))
}

// block jumps to next with a frame that the predicate does not match.
func (f frame) block(next string) asm.Instructions {
	var p asm.Instructions
	for _, side := range []struct {
		mac    net.HardwareAddr
		offset int16
	}{{f.dst, 0}, {f.src, 6}} {
		if side.mac == nil {
			continue
		}
		p = append(p, asm.Mov.Reg(regAt, regFrame))
		p = append(p, room(14, next)...)
		p = append(p,
			asm.LoadMem(asm.R1, regAt, side.offset, asm.Word), asm.LoadImm(asm.R2, int64(binary.NativeEndian.Uint32(side.mac)), asm.DWord),
			asm.JNE.Reg(asm.R1, asm.R2, next),
			asm.LoadMem(asm.R1, regAt, side.offset+4, asm.Half), asm.JNE.Imm(asm.R1, int32(binary.NativeEndian.Uint16(side.mac[4:])), next),
		)
	}
	p = append(p, f.typeBlock(next)...)
	if len(f.protocols) > 0 {
		p = append(p, asm.LoadMem(asm.R1, asm.RFP, slotProto, asm.DWord))
		for _, proto := range f.protocols {
			p = append(p, asm.JEq.Imm(asm.R1, int32(proto), next+"-proto"))
		}
		p = append(p, asm.Ja.Label(next), asm.Mov.Imm(asm.R0, 0).WithSymbol(next+"-proto"))
	}
	p = append(append(p, prefixBlock(f.srcIP, slotSrc, next)...), prefixBlock(f.dstIP, slotDst, next)...)
	for _, side := range []struct {
		port uint16
		slot int16
	}{{f.srcPort, slotSport}, {f.dstPort, slotDport}} {
		if side.port != 0 {
			p = append(p, asm.LoadMem(asm.R1, asm.RFP, side.slot, asm.DWord), asm.JNE.Imm(asm.R1, int32(side.port), next))
		}
	}
	return p
}

// typeBlock compares the type of the payload, or of the tag before it.
func (f frame) typeBlock(next string) asm.Instructions {
	if f.etherType == 0 {
		return nil
	}
	same := next + "-type"
	p := asm.Instructions{asm.LoadMem(asm.R1, asm.RFP, slotInner, asm.DWord)}
	if f.etherType == unix.ETH_P_802_2 { // the kernel's word for frames with a length in the place of the type
		return append(p, asm.JEq.Imm(asm.R1, 0, next), asm.JGE.Imm(asm.R1, unix.ETH_P_802_3_MIN, next))
	}
	return append(p,
		asm.JEq.Imm(asm.R1, int32(f.etherType), same),
		asm.LoadMem(asm.R1, asm.RFP, slotOuter, asm.DWord), asm.JNE.Imm(asm.R1, int32(f.etherType), next),
		asm.Mov.Imm(asm.R0, 0).WithSymbol(same),
	)
}

// prefixBlock compares an address word by word.
func prefixBlock(prefix netip.Prefix, slot int16, next string) asm.Instructions {
	if !prefix.IsValid() {
		return nil
	}
	var p asm.Instructions
	want := prefix.Addr().AsSlice()
	mask := net.CIDRMask(prefix.Bits(), len(want)*8)
	for i := 0; i < len(want); i += 4 {
		m := binary.NativeEndian.Uint32(mask[i:])
		if m == 0 {
			continue
		}
		p = append(p,
			asm.LoadMem(asm.R1, asm.RFP, slot+int16(i), asm.Word), asm.LoadImm(asm.R2, int64(m), asm.DWord), asm.And.Reg(asm.R1, asm.R2),
			asm.LoadImm(asm.R2, int64(binary.NativeEndian.Uint32(want[i:])&m), asm.DWord), asm.JNE.Reg(asm.R1, asm.R2, next),
		)
	}
	return p
}
