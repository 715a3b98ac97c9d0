package namespaces

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The first process of a node ends with the node and is all that an idle one has: a program of
// a few hundred bytes, in the processor's own language, that is part of this one. It mounts the
// node's /proc, which only a process of the node can, filters its own system calls as those of
// every process of the node are, and says how that went. From then on it reaps the node's
// orphans, and tells of each before it does: it writes the beginning of siginfo_t to its
// standard input, a socket, and waits for an answer. It has no environment and no other files.

//go:noescape
func initCode() unsafe.Pointer

const (
	// initSize is more than the code has; what follows it is never reached.
	initSize = 768
	// initAddress is where the program is loaded, and filterAt where in it the filter is.
	initAddress = 0x400000
	filterAt    = 0x400
)

// initArguments are those of the first process: where it mounts its /proc, where it stands, and
// what that is called.
func initArguments(proc string) []string { return []string{"init", proc, "/", "proc"} }

// initProgram gives an open file with the program, that may be executed by its descriptor.
func initProgram(filter []unix.SockFilter) (*os.File, error) {
	machine, ok := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if !ok {
		return nil, errors.New("there is no first process of a node for " + runtime.GOARCH)
	}
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 2,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	const start = 64 + 2*56
	h.Entry = initAddress + start
	size := uint64(filterAt + 16 + 8*len(filter))
	var b bytes.Buffer
	for _, part := range []any{
		h,
		elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: initAddress, Paddr: initAddress, Filesz: size, Memsz: size, Align: 0x1000},
		elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16},
		unsafe.Slice((*byte)(initCode()), initSize), //nolint:gosec // the code of this program
		make([]byte, filterAt-start-initSize),
		uint64(len(filter)), uint64(initAddress + filterAt + 16), // struct sock_fprog
		filter,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("make the first process of nodes: %w", err)
		}
	}
	fd, err := unix.MemfdCreate("init", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make the first process of nodes: %w", err)
	}
	f := os.NewFile(uintptr(fd), "init")
	if _, err := f.Write(b.Bytes()); err != nil {
		return nil, errors.Join(fmt.Errorf("make the first process of nodes: %w", err), f.Close())
	}
	// A file that is open for writing cannot be executed.
	r, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("make the first process of nodes: %w", err)
	}
	return r, nil
}

// ready reads how the first process began.
func ready(tube int) error {
	b := make([]byte, reportSize)
	n, err := unix.Read(tube, b)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Read(tube, b)
	}
	if err == nil && n < reportSize {
		err = errors.New("it ended")
	}
	if err != nil {
		return fmt.Errorf("wait for the node's first process: %w", err)
	}
	r, _ := readReport(b) // it is long enough
	if r.code != 0 {
		return fmt.Errorf("mount the node's /proc: %w", syscall.Errno(-r.code))
	}
	if r.status != 0 {
		return fmt.Errorf("filter system calls: %w", syscall.Errno(-r.status))
	}
	return nil
}

// report is what the first process tells of an orphan that has ended.
type report struct {
	pid    int // in the node
	code   int // CLD_EXITED, CLD_KILLED or CLD_DUMPED
	status int // exit status or signal
}

// reportSize is what it writes.
const reportSize = 32

// readReport reads the beginning of siginfo_t (signal(7)).
func readReport(b []byte) (report, bool) {
	if len(b) < reportSize {
		return report{}, false
	}
	word := func(at int) int { return int(int32(binary.NativeEndian.Uint32(b[at:]))) } //nolint:gosec // numbers of 32 bits
	return report{pid: word(16), code: word(8), status: word(24)}, true
}
