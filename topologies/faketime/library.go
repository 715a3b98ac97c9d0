package faketime

import (
	"bytes"
	"encoding/binary"
)

// What surrounds the mistake that mend mends, as Debian's packages for amd64 have it (for arm64: seconds): the seconds
// of a wait are loaded and compared with zero, and times 10⁹ if they are not less or equal.
const (
	load1    = "\x48\x8b\x03"
	load2    = "\x49\x8b\x04\x24"
	test     = "\x48\x85\xc0"
	multiply = "\x48\x69\xc0\x00\xca\x9a\x3b"
)

// Jumps if less or equal, by a distance of one byte and of four. Two less are those if less.
const (
	jumpNear = "\x7e"
	jumpFar  = "\x0f\x8e"
)

// mend is a library whose ppoll scales every wait, and whether that took a change. libfaketime
// before 0.9.11 gives a wait below a second its time as it is. FRR waits in ppoll: its timers of
// a second then come up to a second of real time late, which at speed 60 is a minute of the lab's.
func mend(library []byte) ([]byte, bool) {
	var at []int
	for from := 0; ; {
		i := bytes.Index(library[from:], []byte(multiply))
		if i < 0 {
			break
		}
		from += i
		if jump := jumpBefore(library[:from]); jump >= 0 {
			at = append(at, jump)
		}
		from += len(multiply)
	}
	at = append(at, jumpsArm(library)...)
	if len(at) != 1 {
		return library, false
	}
	library = bytes.Clone(library)
	library[at[0]] -= 2
	return library, true
}

// jumpBefore is where the condition of a jump is that code ends with, after a load and a test;
// -1 where it ends otherwise.
func jumpBefore(code []byte) int {
	for _, jump := range []struct {
		opcode   string
		distance int
	}{{jumpNear, 1}, {jumpFar, 4}} {
		for _, load := range []string{load1, load2} {
			head := load + test + jump.opcode
			at := len(code) - jump.distance - len(head)
			if at >= 0 && bytes.HasPrefix(code[at:], []byte(head)) {
				return at + len(head) - 1
			}
		}
	}
	return -1
}

// instruction is one of arm64 but for the bits that are the compiler's choice: registers and distances.
type instruction struct{ mask, bits uint32 }

// seconds is where Debian's packages for arm64 have the mistake: the seconds of a wait are loaded and
// compared with zero, and if they are not less or equal the nanoseconds are loaded too, and 10⁹.
func seconds() []instruction {
	return []instruction{
		{0xffffffff, 0xf9400282}, // ldr  x2, [x20]
		{0xffffffff, 0xf100005f}, // cmp  x2, #0
		{0xff00001f, 0x5400000d}, // b.le
		{0x9f000000, 0x90000000}, // adrp
		{0xffffffe0, 0x1e6e1000}, // fmov d, #1.0
		{0xffffffe0, 0xf9400680}, // ldr  x, [x20, #8]
		{0xffffffe0, 0xd2994000}, // mov  x, #0xca00
	}
}

// jumpsArm are where the conditions of the jumps are that mend changes, in code of arm64, whose
// instructions have four bytes. Less or equal is 13 in the low bits of a jump's first byte, and less 11.
func jumpsArm(library []byte) (at []int) {
	const jump = 2 // of seconds
	known := seconds()
next:
	for i := 0; i+4*len(known) <= len(library); i += 4 {
		for n, is := range known {
			if binary.LittleEndian.Uint32(library[i+4*n:])&is.mask != is.bits {
				continue next
			}
		}
		at = append(at, i+4*jump)
	}
	return at
}
