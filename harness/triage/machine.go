package triage

import "debug/elf"

// machine is where the kernel's records of a core file have what is read (struct elf_prstatus and
// elf_prpsinfo of linux/elfcore.h, and elf_gregset_t of each architecture's asm/elf.h and asm/ptrace.h). Places
// are in bytes.
type machine struct {
	name string
	word int // of an address and a register in the notes
	// In NT_PRSTATUS.
	pid, registers int
	pc, sp         int // number among the registers
	// codeBefore says that si_code comes before si_errno, as on MIPS (asm/siginfo.h).
	codeBefore bool
}

// mipsABI2 is the flag of the n32 ABI in the ELF header: addresses of 32 bits, registers of 64.
const mipsABI2 = 0x20

// machineOf tells how a core file is laid out; false where that is not known.
func machineOf(f *elf.File, flags uint32) (machine, bool) {
	wide := machine{word: 8, pid: 32, registers: 112}
	narrow := machine{word: 4, pid: 24, registers: 72}
	with := func(m machine, name string, pc, sp int) (machine, bool) {
		m.name, m.pc, m.sp = name, pc, sp
		return m, true
	}
	is64 := f.Class == elf.ELFCLASS64
	switch f.Machine { //nolint:exhaustive // those that are known
	case elf.EM_X86_64:
		if is64 {
			return with(wide, "amd64", 16, 19)
		}
	case elf.EM_386:
		return with(narrow, "386", 12, 15)
	case elf.EM_AARCH64:
		return with(wide, "arm64", 32, 31)
	case elf.EM_ARM:
		return with(narrow, "arm", 15, 13)
	case elf.EM_PPC:
		return with(narrow, "ppc", 32, 1)
	case elf.EM_PPC64:
		return with(wide, "ppc64", 32, 1)
	case elf.EM_MIPS:
		m, name := narrow, "mips"
		pc, sp := 40, 6+29 // EF_CP0_EPC, and EF_R29 behind six words of nothing
		if is64 || flags&mipsABI2 != 0 {
			name, pc, sp = "mips64", 34, 29
			if is64 {
				m = wide
			}
		}
		m.codeBefore = true
		if f.ByteOrder.String() == "LittleEndian" {
			name += "le"
		}
		m, ok := with(m, name, pc, sp)
		return m, ok
	}
	return machine{}, false
}

// registerWord is how wide a register is in NT_PRSTATUS.
func (m machine) registerWord() int {
	if m.word == 4 && (m.name == "mips64" || m.name == "mips64le") {
		return 8
	}
	return m.word
}
