package triage

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/unpack"
	plainfile "github.com/reprise-lab/reprise/topologies/plain"
)

// ErrNoCore is the error of what is no core file.
var ErrNoCore = errors.New("no core file")

// Bounds on what a stranger's file makes us hold.
const (
	maxUnpacked = 16 << 30 // bytes that a packed core file may grow to, on disk
	maxNotes    = 64 << 20 // bytes of notes
	maxThreads  = 1 << 16
	maxMappings = 1 << 16  // of all notes together
	maxModules  = 1 << 10  // a program with more is none of a switch
	maxHeader   = 64 << 10 // bytes of a module's ELF header and its notes, in memory
	maxSections = 16       // program headers of one module
	maxRunnable = 1 << 12  // parts of memory that may be executed
)

// File is a core file that is open.
type File struct {
	evidence.Core
	Path     string // unpacked
	file     *os.File
	machine  machine
	order    binary.ByteOrder
	loads    []*elf.Prog
	runnable []*elf.Prog // those that may be executed
	mappings []mapping
	modules  []module // in the order of their mappings
	pc       uint64
	aux      map[uint64]uint64 // the auxiliary vector (getauxval(3))
	unpacked bool              // Path is ours
	scratch  string
}

// mapping is one line of NT_FILE.
type mapping struct {
	start, end, offset uint64 // offset in bytes of the file
	path               string
}

// module is a file that is mapped, in part to be executed.
type module struct {
	evidence.CoreModule
	base uint64 // address of its first byte
	bias uint64 // what is added to its own addresses
}

// Close closes the file, and removes what was unpacked.
func (f *File) Close() error {
	err := f.file.Close()
	if f.unpacked {
		err = errors.Join(err, os.Remove(f.Path))
	}
	return err
}

// Open opens a core file, packed by gzip or zstd or not at all, and reads its notes. What is unpacked, and
// what gdb is shown, goes into the folder scratch. A file that is no core file is [ErrNoCore]; one that is cut is read as
// far as it goes.
func Open(name, scratch string) (*File, error) {
	file, unpacked, err := plain(name, scratch)
	if err != nil {
		return nil, err
	}
	f := &File{Path: file.Name(), file: file, unpacked: unpacked, scratch: scratch}
	f.File = filepath.Base(name)
	if err := f.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return f, nil
}

// plain opens a file, unpacked.
func plain(name, scratch string) (file *os.File, unpacked bool, err error) {
	in, err := plainfile.Open(name)
	if err != nil {
		return nil, false, err
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, false, errors.Join(fmt.Errorf("%s: %w", name, ErrNoCore), in.Close())
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, false, errors.Join(err, in.Close())
	}
	var from io.Reader
	switch unpack.FormatOf(head[:n]) {
	case unpack.Plain:
		return in, false, nil
	case unpack.Gzip:
		from, err = gzip.NewReader(in)
	case unpack.Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(in, zstd.WithDecoderMaxMemory(maxHeader<<10)); err == nil {
			defer z.Close()
			from = z
		}
	default:
		return nil, false, errors.Join(fmt.Errorf("%s is packed, and not by gzip or zstd: unpack it first", name), in.Close())
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	out, err := os.CreateTemp(scratch, "core-*")
	if err != nil {
		return nil, false, err
	}
	n64, err := io.Copy(out, io.LimitReader(from, maxUnpacked+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && n64 > 0: // it was cut: what is there is read
		err = nil
	case err == nil && n64 > maxUnpacked:
		err = fmt.Errorf("it is more than %d GiB unpacked", maxUnpacked>>30)
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("%s: %w", name, err), out.Close(), os.Remove(out.Name()))
	}
	return out, true, nil
}

func (f *File) read() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.Size = info.Size()
	e, err := elf.NewFile(f.file)
	if err != nil {
		return fmt.Errorf("%w: its beginning is not that of an ELF file, or is damaged", ErrNoCore)
	}
	if e.Type != elf.ET_CORE {
		return fmt.Errorf("%w: an ELF file of type %s", ErrNoCore, e.Type)
	}
	f.order = e.ByteOrder
	known := false
	if f.machine, known = machineOf(e, f.flags(e.Class)); !known {
		f.Machine = strings.ToLower(strings.TrimPrefix(e.Machine.String(), "EM_"))
		f.miss("how core files of this machine are laid out is not known here")
	} else {
		f.Machine = f.machine.name
	}
	left := int64(maxNotes)
	for _, p := range e.Progs {
		if p.Filesz > 0 && (p.Off+p.Filesz < p.Off || p.Off+p.Filesz > uint64(f.Size)) { //nolint:gosec // no file is smaller than nothing
			f.Cut = true
		}
		switch p.Type { //nolint:exhaustive // what a core file has
		case elf.PT_LOAD:
			f.loads = append(f.loads, p)
			if p.Flags&elf.PF_X != 0 && len(f.runnable) < maxRunnable {
				f.runnable = append(f.runnable, p)
			}
		case elf.PT_NOTE:
			if left -= int64(min(p.Filesz, maxNotes+1)); left < 0 {
				return fmt.Errorf("%w: its notes are more than %d MiB", ErrNoCore, maxNotes>>20)
			}
			notes, err := io.ReadAll(io.LimitReader(p.Open(), maxNotes))
			if err != nil && len(notes) == 0 {
				f.Cut = true
				continue
			}
			f.notes(notes)
		}
	}
	if f.Cut {
		f.miss("the file is cut: it ends before what its header promises")
	}
	if len(f.mappings) == 0 {
		f.link()
	}
	f.findModules()
	f.place()
	return nil
}

// miss says once what could not be known.
func (f *File) miss(format string, args ...any) {
	if words := fmt.Sprintf(format, args...); !slices.Contains(f.Missing, words) {
		f.Missing = append(f.Missing, words)
	}
}

// flags are e_flags of the ELF header, which debug/elf does not give.
func (f *File) flags(class elf.Class) uint32 {
	at := int64(36)
	if class == elf.ELFCLASS64 {
		at = 48
	}
	b := make([]byte, 4)
	if _, err := f.file.ReadAt(b, at); err != nil {
		return 0
	}
	return f.order.Uint32(b)
}

// Notes of the kernel (linux/elf.h).
const (
	noteStatus  = 1
	noteInfo    = 3
	noteAuxv    = 6
	noteFile    = 0x46494c45
	noteSigInfo = 0x53494749
	noteBuildID = 3 // NT_GNU_BUILD_ID, of "GNU"
)

// eachNote takes notes apart: name and contents are each padded to four bytes, whatever the alignment
// says, but of 8.
func eachNote(b []byte, order binary.ByteOrder, align uint64, do func(name string, kind uint32, desc []byte)) {
	if align != 8 {
		align = 4
	}
	pad := func(n uint64) uint64 { return (n + align - 1) &^ (align - 1) }
	for len(b) >= 12 {
		name, size, kind := uint64(order.Uint32(b)), uint64(order.Uint32(b[4:])), order.Uint32(b[8:])
		at := pad(12 + name)
		if at > uint64(len(b)) || size > uint64(len(b))-at || 12+name > uint64(len(b)) {
			return
		}
		do(strings.TrimRight(string(b[12:12+name]), "\x00"), kind, b[at:at+size])
		b = b[min(at+pad(size), uint64(len(b))):]
	}
}

// notes reads those of the kernel, which pads all of a core file's to four bytes.
func (f *File) notes(b []byte) {
	if f.machine.name == "" {
		return
	}
	eachNote(b, f.order, 4, func(name string, kind uint32, desc []byte) {
		if name != "CORE" {
			return
		}
		switch kind {
		case noteStatus:
			f.status(desc)
		case noteInfo:
			f.info(desc)
		case noteSigInfo:
			f.sigInfo(desc)
		case noteAuxv:
			f.auxv(desc)
		case noteFile:
			f.files(desc)
		}
	})
}

// word is an address of the notes at a place; 0 beyond their end.
func (f *File) word(b []byte, at, width int) uint64 {
	if at < 0 || at+width > len(b) {
		return 0
	}
	if width == 4 {
		return uint64(f.order.Uint32(b[at:]))
	}
	return f.order.Uint64(b[at:])
}

// status is NT_PRSTATUS: one for each thread, and first that which was given the signal.
func (f *File) status(b []byte) {
	if f.Threads++; f.Threads > 1 || len(b) < f.machine.registers {
		f.Threads = min(f.Threads, maxThreads)
		return
	}
	w := f.machine.registerWord()
	f.Signal = signalName(int(f.order.Uint16(b[12:])), f.machine.codeBefore)
	f.Thread = f.number(b, f.machine.pid)
	f.pc = f.word(b, f.machine.registers+f.machine.pc*w, w)
}

// number is a count or a name of 32 bits at a place; 0 beyond the end.
func (f *File) number(b []byte, at int) int {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return int(f.order.Uint32(b[at:]))
}

// info is NT_PRPSINFO. Of machines of 32 bits the size tells whether user and group are 16 bits wide
// (124 bytes) or 32 (128).
func (f *File) info(b []byte) {
	pid, name := 24, 40
	if f.machine.word == 4 {
		if pid, name = 12, 28; len(b) >= 128 {
			pid, name = 16, 32
		}
	}
	if len(b) < name+16 {
		return
	}
	f.PID = f.number(b, pid)
	text, _, _ := bytes.Cut(b[name:name+16], []byte{0})
	f.Process = strings.ToValidUTF8(string(text), "?")
}

func (f *File) sigInfo(b []byte) {
	at := 8
	if f.machine.codeBefore {
		at = 4
	}
	if len(b) < 12 || f.Code != "" {
		return
	}
	code := f.number(b, at)
	if code > math.MaxInt32 {
		code -= 1 << 32
	}
	f.Code = codeName(f.Signal, code)
}

func (f *File) auxv(b []byte) {
	f.aux = map[uint64]uint64{}
	for w := f.machine.word; len(b) >= 2*w; b = b[2*w:] {
		f.aux[f.word(b, 0, w)] = f.word(b, w, w)
	}
}

// files is NT_FILE: how many there are, how large a page is, start, end and page of each, and their
// names.
func (f *File) files(b []byte) {
	w := f.machine.word
	count, page := f.word(b, 0, w), f.word(b, w, w)
	n := int(min(count, maxMappings+1))
	if n+len(f.mappings) > maxMappings || len(b) < 2*w+n*3*w {
		f.miss("the list of mapped files is damaged")
		return
	}
	names := b[2*w+n*3*w:]
	for i := range n {
		at := 2*w + i*3*w
		name, rest, ok := bytes.Cut(names, []byte{0})
		if !ok {
			return
		}
		names = rest
		f.mappings = append(f.mappings, mapping{
			start: f.word(b, at, w), end: f.word(b, at+w, w), offset: f.word(b, at+2*w, w) * page, path: strings.ToValidUTF8(string(name), "?"),
		})
	}
}

// memory reads of the process's memory, as far as it was dumped.
func (f *File) memory(at, size uint64) []byte {
	for _, p := range f.loads {
		if at < p.Vaddr || at >= p.Vaddr+p.Filesz {
			continue
		}
		b := make([]byte, min(size, p.Vaddr+p.Filesz-at))
		n, _ := p.ReadAt(b, int64(at-p.Vaddr)) //nolint:gosec // less than Filesz; and what is there of a file that is cut
		return b[:n]
	}
	return nil
}

func (f *File) executable(m mapping) bool {
	return slices.ContainsFunc(f.runnable, func(p *elf.Prog) bool { return p.Vaddr < m.end && p.Vaddr+max(p.Memsz, 1) > m.start })
}

// findModules groups the mappings of files of which a part may be executed.
func (f *File) findModules() {
	seen := map[string]bool{}
	for _, m := range f.mappings {
		if seen[m.path] || !f.executable(m) {
			continue
		}
		seen[m.path] = true
		if len(f.modules) == maxModules {
			f.miss("more than %d files are mapped to be executed: the others are left out", maxModules)
			return
		}
		mod := module{CoreModule: evidence.CoreModule{Path: m.path}, base: m.start - m.offset}
		for _, other := range f.mappings {
			if other.path == m.path && other.offset == 0 {
				mod.base = min(mod.base, other.start)
			}
		}
		mod.bias = mod.base
		f.header(&mod)
		f.modules, f.Modules = append(f.modules, mod), append(f.Modules, mod.CoreModule)
	}
}

// header reads a module's own ELF header, which the kernel dumps for its build-id.
func (f *File) header(m *module) {
	progs, err := elf.NewFile(bytes.NewReader(withoutSections(f.memory(m.base, maxHeader))))
	if err != nil {
		return
	}
	first := ^uint64(0)
	for _, p := range progs.Progs {
		if p.Type == elf.PT_LOAD && p.Off == 0 {
			first = min(first, p.Vaddr)
		}
	}
	if first == ^uint64(0) {
		return
	}
	m.bias = m.base - first
	for i, p := range progs.Progs {
		if i == maxSections {
			return
		}
		if p.Type != elf.PT_NOTE || p.Filesz > maxHeader {
			continue
		}
		eachNote(f.memory(m.bias+p.Vaddr, p.Filesz), f.order, p.Align, func(name string, kind uint32, desc []byte) {
			if name == "GNU" && kind == noteBuildID {
				m.BuildID = hex.EncodeToString(desc)
			}
		})
	}
}

// withoutSections takes the sections out of an ELF header in memory: they are at the end of the file, and
// not loaded.
func withoutSections(b []byte) []byte {
	if len(b) < 64 {
		return nil
	}
	b = bytes.Clone(b)
	if elf.Class(b[elf.EI_CLASS]) == elf.ELFCLASS64 {
		clear(b[40:48]) // e_shoff
		clear(b[58:64]) // e_shentsize, e_shnum, e_shstrndx
	} else {
		clear(b[32:36])
		clear(b[46:52])
	}
	return b
}

// in is the module that an address is in.
func (f *File) in(address uint64) (module, bool) {
	for _, m := range f.mappings {
		if address < m.start || address >= m.end {
			continue
		}
		if i := slices.IndexFunc(f.modules, func(o module) bool { return o.Path == m.path }); i >= 0 {
			return f.modules[i], true
		}
	}
	return module{}, false
}

// frame is the frame of an address, without a name.
func (f *File) frame(address uint64) evidence.CoreFrame {
	if m, ok := f.in(address); ok {
		return evidence.CoreFrame{Module: path.Base(m.Path), Offset: address - m.bias}
	}
	return evidence.CoreFrame{Offset: address}
}

// program is the module that the kernel started.
func (f *File) program() (module, bool) {
	entry, ok := f.aux[auxEntry]
	if !ok {
		return module{}, false
	}
	return f.in(entry)
}

// place is what the notes alone tell of where the process ended.
func (f *File) place() {
	f.Quality = evidence.CoreNone
	switch {
	case f.Threads == 0:
		f.miss("it has no record of a thread (NT_PRSTATUS)")
		return
	case len(f.mappings) == 0:
		f.miss("it has no list of mapped files (NT_FILE), and the dynamic linker's is not in it: an address says nothing of the program")
	}
	f.Frames = []evidence.CoreFrame{f.frame(f.pc)}
	Sign(&f.Core)
}
