package triage

import (
	"bytes"
	"debug/elf"
	"path"
	"strings"
)

// Of the auxiliary vector (linux/auxvec.h).
const (
	auxProgram = 3 // AT_PHDR
	auxEntry   = 9
	auxName    = 31 // AT_EXECFN
)

// Of the dynamic section (elf.h). On MIPS it may not be written, and holds where the place is.
const (
	dynDebug      = 21         // DT_DEBUG
	dynMIPSMap    = 0x70000016 // DT_MIPS_RLD_MAP
	dynMIPSMapRel = 0x70000035 // DT_MIPS_RLD_MAP_REL, from the entry itself
)

// maxLinked bounds the list of a damaged file.
const maxLinked = 4096

// link finds out what is mapped where, for core files of kernels before 3.7, which write no NT_FILE: the program
// by the auxiliary vector, and its libraries by the list that the dynamic linker keeps for debuggers (struct
// r_debug and link_map of link.h).
func (f *File) link() {
	at, ok := f.aux[auxProgram]
	if !ok {
		return
	}
	const page = 4096 // at which programs are mapped at least; the program's headers are in the first
	base := at &^ (page - 1)
	name := f.text(f.aux[auxName])
	if name == "" {
		name = f.Process
	}
	e, bias, ok := f.mapped(base, name)
	if !ok { // its headers were not dumped: addresses count from where it was mapped
		for _, p := range f.loads {
			if entry := f.aux[auxEntry]; entry >= p.Vaddr && entry < p.Vaddr+p.Memsz && base <= entry {
				f.mappings = append(f.mappings, mapping{start: base, end: p.Vaddr + p.Memsz, path: path.Clean(name)})
			}
		}
		return
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_DYNAMIC && p.Filesz < maxHeader {
			f.libraries(f.debug(bias+p.Vaddr, f.memory(bias+p.Vaddr, p.Filesz)))
		}
	}
}

// mapped adds a file by its own ELF header in memory.
func (f *File) mapped(base uint64, name string) (e *elf.File, bias uint64, ok bool) {
	e, err := elf.NewFile(bytes.NewReader(withoutSections(f.memory(base, maxHeader))))
	if err != nil {
		return nil, 0, false
	}
	first, end := ^uint64(0), uint64(0)
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			if p.Off == 0 {
				first = min(first, p.Vaddr)
			}
			end = max(end, p.Vaddr+p.Memsz)
		}
	}
	if first == ^uint64(0) {
		return nil, 0, false
	}
	bias = base - first
	f.mappings = append(f.mappings, mapping{start: base, end: bias + end, path: path.Clean(name)})
	return e, bias, true
}

// debug is where the dynamic linker's list begins, by the program's dynamic section.
func (f *File) debug(at uint64, section []byte) uint64 {
	w := f.machine.word
	for i := 0; i+2*w <= len(section); i += 2 * w {
		value := f.word(section, i+w, w)
		switch f.word(section, i, w) {
		case dynDebug:
			if value != 0 {
				return value
			}
		case dynMIPSMap:
			return f.pointer(value)
		case dynMIPSMapRel:
			return f.pointer(at + uint64(i) + value)
		}
	}
	return 0
}

// pointer is the address at a place of memory.
func (f *File) pointer(at uint64) uint64 {
	const widest = 8
	return f.word(f.memory(at, widest), 0, f.machine.word)
}

// libraries are the members of the list but the first, which is the program.
func (f *File) libraries(debug uint64) {
	w := uint64(f.machine.word) //nolint:gosec // 4 or 8
	if debug == 0 {
		return
	}
	member := f.pointer(debug + w) // r_map, behind r_version
	for range maxLinked {
		if member == 0 {
			return
		}
		base, name := f.pointer(member), f.text(f.pointer(member+w))
		if strings.HasPrefix(name, "/") {
			f.mapped(base, name)
		}
		member = f.pointer(member + 3*w) // l_next, behind l_addr, l_name and l_ld
	}
}

// text is a string of C in memory; empty where it is not in the file, or is no name of a file.
func (f *File) text(at uint64) string {
	const most = 4096 // PATH_MAX
	if at == 0 {
		return ""
	}
	b, _, ok := bytes.Cut(f.memory(at, most), []byte{0})
	if !ok {
		return ""
	}
	return strings.ToValidUTF8(string(b), "?")
}
