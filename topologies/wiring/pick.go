package wiring

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// tally is what the map keeps for a filter. Matched counts all frames; the program gives each its
// ordinal by it.
type tally struct {
	Matched uint64
	Dropped uint64
	Passed  uint64 // that matched and were not picked
	Picked  uint64 // of a share, how many were drawn; more than Dropped where no more are to be
	Odd     uint64 // that are several frames, so that their ordinals are none
	Unread  uint64 // whose tag is not in them, so that nobody knows whether they match
	Beside  uint64 // that the predicate matches, and a filter in tcpdump's syntax does not
	Hits    uint32 // the kernel's number of the map that keeps the first
	_       uint32
}

// Places in a tally.
const (
	tallySize     = 64
	offsetMatched = 0
	offsetDropped = 8
	offsetPassed  = 16
	offsetPicked  = 24
	offsetOdd     = 32
	offsetUnread  = 40
	offsetBeside  = 48
)

// hit is what the map keeps of a frame that was dropped.
type hit struct {
	Ordinal uint64
	Time    uint64 // of the kernel's monotonic clock, in ns
	Length  uint64
	Data    [hitData]byte
}

const (
	hitData       = 2024 // a frame that is longer has no digest
	hitSize       = 24 + hitData
	offsetOrdinal = 0
	offsetTime    = 8
	offsetLength  = 16
	offsetData    = 24
)

// counts says whether it matters which number a frame has.
func (f Filter) counts() bool {
	return f.Pick.Nth > 1 || f.Pick.Count > 0 || f.Pick.Every > 1 || f.shares()
}

// shares says whether the lot decides.
func (f Filter) shares() bool { return f.Probability > 0 && f.Probability < 1 }

// picks says whether more than the predicate and chance decides.
func (f Filter) picks() bool {
	return len(f.Pick.Filters) > 0 || f.Pick.Nth > 1 || f.Pick.Count > 0 || f.Pick.Every > 1 || f.shares() && f.Pick.Lot != 0 && !f.Pick.Chance
}

// bump adds one to a number of the tally that is in regWord; to gets what it was.
func bump(to asm.Register, offset int16) asm.Instructions {
	add := asm.FetchAdd.Mem(regWord, to, asm.DWord, offset)
	add.Constant = int64(asm.FetchAdd >> 8) // which the library leaves out when it writes the instruction (v0.22.0)
	return asm.Instructions{asm.Mov.Imm(to, 1), add}
}

// findTally puts the tally of a filter into regWord, or jumps where it is missing, which it never is, as
// the kernel's check does not know.
func findTally(f Filter, counters int, missing string) asm.Instructions {
	var p asm.Instructions
	key := key(f.ID)
	for i := 0; i < keySize; i += 8 {
		p = append(p, asm.LoadImm(asm.R1, int64(binary.NativeEndian.Uint64(key[i:])), asm.DWord), //nolint:gosec // bytes
			asm.StoreMem(asm.RFP, slotKey+int16(i), asm.R1, asm.DWord))
	}
	return append(p,
		asm.LoadMapPtr(asm.R1, counters), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, slotKey),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, missing),
		asm.Mov.Reg(regWord, asm.R0),
	)
}

// What is counted of all frames is beside the tallies of filters, whose names are longer: frames that have
// passed the program, and how many the interface had sent when it came.
const seenKey, sentKey = "\x01", "\x02"

// seen counts the frames of what passes.
func seen(counters int) asm.Instructions {
	p := findTally(Filter{ID: seenKey}, counters, "unseen")
	return append(p,
		asm.LoadMem(asm.R1, asm.RFP, slotPieces, asm.DWord), asm.JNE.Imm(asm.R1, 0, "pieces"), asm.Mov.Imm(asm.R1, 1),
		asm.FetchAdd.Mem(regWord, asm.R1, asm.DWord, offsetMatched).WithSymbol("pieces"),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("unseen"),
	)
}

// filterBlock drops and counts what one filter wants dropped, and jumps to next with
// whatever it does not.
func (h hook) filterBlock(f Filter, next string, m programMaps, mtu int) (asm.Instructions, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	match, err := read(f.Match)
	if err != nil {
		return nil, err
	}
	drop, passed := next+"-drop", next+"-passed"
	var p asm.Instructions
	if h.kind != ebpf.XDP {
		whole := next + "-whole"
		p = append(p, asm.LoadMem(asm.R1, asm.RFP, slotTagged, asm.DWord), asm.JEq.Imm(asm.R1, 0, whole))
		p = append(p, findTally(f, m.counters, next)...)
		p = append(p, bump(asm.R1, offsetUnread)...)
		p = append(p, asm.Ja.Label(next), asm.Mov.Imm(asm.R0, 0).WithSymbol(whole))
	}
	p = append(p, match.block(next)...)
	p = append(p, findTally(f, m.counters, drop)...)
	if h.plain {
		return append(p,
			asm.Mov.Imm(asm.R1, 1), asm.AddAtomic.Mem(regWord, asm.R1, asm.DWord, offsetMatched), asm.AddAtomic.Mem(regWord, asm.R1, asm.DWord, offsetDropped),
			asm.Mov.Imm(asm.R0, h.drop).WithSymbol(drop), asm.Return(),
		), nil
	}
	chosen, err := h.chosen(f, next)
	if err != nil {
		return nil, err
	}
	p = append(p, chosen...)
	p = append(p, bump(asm.R1, offsetMatched)...)
	p = append(p, asm.Add.Imm(asm.R1, 1), keep(slotOrdinal, asm.R1))
	if f.counts() {
		p = append(p, odd(next, mtu)...)
		p = append(p, f.choice(passed)...)
	}
	p = append(p, bump(asm.R1, offsetDropped)...)
	if fd, ok := m.hits[f.ID]; ok {
		p = append(p, h.witness(fd, drop)...)
	}
	p = append(p, asm.Mov.Imm(asm.R0, h.drop).WithSymbol(drop), asm.Return())
	if !f.counts() {
		return p, nil
	}
	body := bump(asm.R1, offsetPassed)
	body[0] = body[0].WithSymbol(passed)
	return append(p, append(body, asm.Ja.Label(next))...), nil
}

// chosen counts what the filters in tcpdump's syntax do not accept, and jumps to next with it.
func (h hook) chosen(f Filter, next string) (asm.Instructions, error) {
	if len(f.Pick.Filters) == 0 {
		return nil, nil
	}
	beside, on := next+"-beside", next+"-chosen"
	p := asm.Instructions{keep(slotTally, regWord)}
	for i, text := range f.Pick.Filters {
		one, err := filter.Compile(text)
		if err != nil {
			return nil, err
		}
		block, err := h.classic(one.Offline(), fmt.Sprintf("%s-f%d", next, i), beside)
		if err != nil {
			return nil, err
		}
		p = append(p, block...)
	}
	again := asm.LoadMem(regWord, asm.RFP, slotTally, asm.DWord)
	p = append(p, asm.JEq.Imm(asm.R0, 0, on), again.WithSymbol(beside)) // R0 is zero, but a filter may accept all
	p = append(p, bump(asm.R1, offsetBeside)...)
	return append(p, asm.Ja.Label(next), again.WithSymbol(on)), nil
}

// odd counts what is longer than the link carries, or is to be cut: it is several frames.
func odd(next string, mtu int) asm.Instructions {
	const header = 14 + 4*maxTags
	one, several := next+"-one", next+"-several"
	p := asm.Instructions{
		asm.LoadMem(asm.R1, asm.RFP, slotPieces, asm.DWord), asm.JGT.Imm(asm.R1, 1, several),
		asm.LoadMem(asm.R1, asm.RFP, slotLength, asm.DWord), asm.JLE.Imm(asm.R1, int32(mtu+header), one), //nolint:gosec // an MTU is small
	}
	body := bump(asm.R1, offsetOdd)
	body[0] = body[0].WithSymbol(several)
	return append(append(p, body...), asm.Mov.Imm(asm.R0, 0).WithSymbol(one))
}

// choice jumps with a frame that is not picked; wire.Fault makes the same of the same ordinals.
func (f Filter) choice(passed string) asm.Instructions {
	wide := func(to asm.Register, n uint64) asm.Instruction { return asm.LoadImm(to, int64(n), asm.DWord) } //nolint:gosec // bits
	p := asm.Instructions{
		asm.LoadMem(asm.R2, asm.RFP, slotOrdinal, asm.DWord),
		wide(asm.R1, uint64(max(f.Pick.Nth, 1))), asm.JLT.Reg(asm.R2, asm.R1, passed), asm.Sub.Reg(asm.R2, asm.R1),
	}
	if f.Pick.Every > 1 {
		p = append(p, wide(asm.R1, uint64(f.Pick.Every)), asm.Mov.Reg(asm.R3, asm.R2), asm.Mod.Reg(asm.R3, asm.R1), asm.JNE.Imm(asm.R3, 0, passed), asm.Div.Reg(asm.R2, asm.R1))
	}
	if !f.shares() {
		if f.Pick.Count > 0 {
			p = append(p, wide(asm.R1, uint64(f.Pick.Count)), asm.JGE.Reg(asm.R2, asm.R1, passed))
		}
		return p
	}
	p = append(p, asm.LoadMem(asm.R1, asm.RFP, slotOrdinal, asm.DWord), wide(asm.R2, topologies.LotStep), asm.Mul.Reg(asm.R1, asm.R2), wide(asm.R2, uint64(f.Pick.Lot)), asm.Add.Reg(asm.R1, asm.R2))
	for _, step := range []struct {
		shift  int32
		factor uint64
	}{{30, topologies.LotFirst}, {27, topologies.LotSecond}, {31, 0}} {
		p = append(p, asm.Mov.Reg(asm.R2, asm.R1), asm.RSh.Imm(asm.R2, step.shift), asm.Xor.Reg(asm.R1, asm.R2))
		if step.factor != 0 {
			p = append(p, wide(asm.R2, step.factor), asm.Mul.Reg(asm.R1, asm.R2))
		}
	}
	p = append(p, asm.RSh.Imm(asm.R1, 64-topologies.LotBits), wide(asm.R2, topologies.LotLimit(f.Probability)), asm.JGE.Reg(asm.R1, asm.R2, passed))
	if f.Pick.Count > 0 {
		p = append(p, bump(asm.R1, offsetPicked)...)
		p = append(p, wide(asm.R2, uint64(f.Pick.Count)), asm.JGE.Reg(asm.R1, asm.R2, passed))
	}
	return p
}

// witness keeps a frame that is dropped, of which R1 says how many were before it.
func (h hook) witness(hits int, drop string) asm.Instructions {
	fits := drop + "-fits"
	return asm.Instructions{
		asm.JGE.Imm(asm.R1, topologies.MaxHits, drop),
		asm.StoreMem(asm.RFP, slotIndex, asm.R1, asm.Word),
		asm.LoadMapPtr(asm.R1, hits), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, slotIndex),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, drop),
		asm.Mov.Reg(regWord, asm.R0),
		asm.FnKtimeGetNs.Call(),
		asm.StoreMem(regWord, offsetTime, asm.R0, asm.DWord),
		asm.LoadMem(asm.R4, asm.RFP, slotLength, asm.DWord), asm.StoreMem(regWord, offsetLength, asm.R4, asm.DWord),
		asm.JLE.Imm(asm.R4, hitData, fits),
		asm.Mov.Imm(asm.R4, hitData),
		asm.JLT.Imm(asm.R4, 1, drop).WithSymbol(fits), // older kernels learn nothing from what a number is not
		asm.LoadMem(asm.R1, asm.RFP, slotContext, asm.DWord), asm.Mov.Imm(asm.R2, 0), asm.Mov.Reg(asm.R3, regWord), asm.Add.Imm(asm.R3, offsetData),
		h.load.Call(),
		asm.LoadMem(asm.R1, asm.RFP, slotOrdinal, asm.DWord), // last: it says that the rest is there
		asm.StoreMem(regWord, offsetOrdinal, asm.R1, asm.DWord),
	}
}

// acted tells what a filter did, of its tally and of what was kept of frames.
func (t tally) acted() (a topologies.Acted, err error) {
	a = topologies.Acted{Matched: t.Matched, Hit: t.Dropped, Passed: t.Passed}
	if t.Hits == 0 || t.Dropped == 0 {
		return a, nil
	}
	hits, err := ebpf.NewMapFromID(ebpf.MapID(t.Hits))
	if err != nil {
		return a, fmt.Errorf("read what a program dropped: %w", err)
	}
	defer func() { err = errors.Join(err, hits.Close()) }()
	now, clock := time.Now(), unix.Timespec{}
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock); err != nil {
		return a, fmt.Errorf("read the kernel's clock: %w", err)
	}
	for i := range uint32(min(t.Dropped, topologies.MaxHits)) {
		var x hit
		if err := hits.Lookup(i, &x); err != nil {
			return a, fmt.Errorf("read what a program dropped: %w", err)
		}
		if x.Ordinal == 0 { // another processor is about to tell
			continue
		}
		a.Hits = append(a.Hits, x.told(now, uint64(clock.Nano()))) //nolint:gosec // since the machine began
	}
	return a, nil
}

// digestSize is how many bytes of a SHA-256 tell one frame from another.
const digestSize = 8

// told makes of what was kept of a frame what is told of it, by two clocks at one moment.
func (x hit) told(now time.Time, clock uint64) topologies.Hit {
	h := topologies.Hit{Ordinal: x.Ordinal, Time: now.Add(-time.Duration(clock - x.Time)), Length: int(x.Length)} //nolint:gosec // of a frame; since then
	kept := x.Data[:min(x.Length, hitData)]
	h.Summary = frames.Decode(kept).Summary
	if x.Length <= hitData {
		d := sha256.Sum256(kept)
		h.Digest = hex.EncodeToString(d[:digestSize])
	}
	return h
}
