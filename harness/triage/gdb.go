package triage

import (
	"context"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

const (
	// gdbTime bounds the debugger, in the wall's time: it reads a core file of 200 MB in a second.
	gdbTime = 20 * time.Second
	// gdbOutput bounds what it says, in bytes, and most how many frames.
	gdbOutput = 1 << 20
	most      = 64
	// maxProgram bounds one file of the program that is looked at, in bytes.
	maxProgram = 1 << 30
)

// ErrNoDebugger is the error where there is no gdb for the core file's machine.
var ErrNoDebugger = errors.New("there is no gdb")

// Bounds on what is fetched for one core file.
const (
	mostWanted  = 256
	wantedBytes = 1 << 30
)

// Gather copies the files that a stack is unwound with below root: the program and its libraries, as they were
// called where it ran, which read opens. What cannot be had is left out, as [File.Unwind] says. A core file
// may be made by anybody: a path that is not a plain one is no file's.
func (f *File) Gather(root *os.Root, read func(name string) (io.ReadCloser, error)) {
	left := int64(wantedBytes)
	for i, m := range f.modules {
		if i == mostWanted || left <= 0 {
			f.miss("the program has more files than are looked at")
			return
		}
		if !path.IsAbs(m.Path) || path.Clean(m.Path) != m.Path {
			f.miss("%q is no plain path, and was not looked at", evidence.Bounded(m.Path, 200))
			continue
		}
		n, err := fetch(root, m.Path[1:], read, left)
		if left -= n; err != nil {
			_ = root.Remove(m.Path[1:]) // a part of a file is another file
		}
	}
}

func fetch(root *os.Root, name string, read func(string) (io.ReadCloser, error), most int64) (n int64, err error) {
	in, err := read("/" + name)
	if err != nil {
		return 0, err
	}
	defer in.Close() //nolint:errcheck // read only
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return 0, err
	}
	out, err := root.Create(name)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(out, io.LimitReader(in, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("it is more than %d bytes", most)
	}
	return n, errors.Join(err, out.Close())
}

// Unwind asks gdb for the stack of the thread that ended the process, and signs it. root is a folder with
// the program's own files below it, by the paths of [File.Wanted]; a file of another build-id than the one
// that ran is left out, and said. Where nothing can be unwound the record stays what it was, with the
// reason in Missing. The error is of ctx.
func (f *File) Unwind(ctx context.Context, root string) error {
	program, ok := f.program()
	if !ok {
		f.miss("which of the mapped files is the program is not told: its stack was not unwound")
		return nil
	}
	f.Process = filepath.Base(program.Path) // which the kernel's name may be a part of
	defer func() { Sign(&f.Core) }()
	if f.Threads == 0 {
		return nil
	}
	own, err := os.MkdirTemp(f.scratch, "triage-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(own) //nolint:errcheck // nothing but copies is left
	for _, m := range f.modules {
		if err := keep(own, root, m); errors.Is(err, os.ErrNotExist) {
			if m.Path == program.Path {
				f.miss("%s is not at hand: its stack was not unwound", m.Path)
				return nil
			}
			f.miss("%s is not at hand", m.Path)
		} else if err != nil {
			f.miss("%v", err)
			if m.Path == program.Path {
				return nil
			}
		}
	}
	out, err := f.gdb(ctx, own, program.Path, filepath.Join(root, "usr/lib/debug"))
	if errors.Is(err, ErrNoDebugger) || ctx.Err() == nil && err != nil {
		f.miss("its stack was not unwound: %v", err)
		return nil
	} else if err != nil {
		return err
	}
	frames, whole := f.frames(out)
	if len(frames) == 0 {
		f.miss("its stack was not unwound: gdb gave no frame")
		return nil
	}
	f.Frames, f.Quality = frames, evidence.CorePartial
	if whole {
		f.Quality = evidence.CoreFull
	} else {
		f.miss("the stack could not be followed to its beginning")
	}
	return nil
}

// keep copies a module's file to where gdb looks for it, when it is the one that ran: the file alone, since
// gdb would run scripts that lie beside it, and by its name alone, since the linker may have known it by
// another path than the kernel (/lib for /usr/lib).
func keep(own, root string, m module) error {
	if path.Clean(m.Path) != m.Path {
		return fmt.Errorf("%q is no plain path, and was not looked at", evidence.Bounded(m.Path, 200))
	}
	from, err := os.OpenInRoot(root, strings.TrimPrefix(m.Path, "/"))
	if err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	defer from.Close() //nolint:errcheck // it was only read
	id, err := buildID(from)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	if m.BuildID == "" {
		return fmt.Errorf("%s: the core file does not say which build of it ran, and it was not used", m.Path)
	}
	if id != m.BuildID {
		return fmt.Errorf("%s is another build than the one that ran (build-id %s, not %s), and was not used", m.Path, id, m.BuildID)
	}
	out, err := os.Create(filepath.Join(own, path.Base(m.Path)))
	if err != nil {
		return err
	}
	_, err = from.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(out, io.LimitReader(from, maxProgram))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return alias(own, path.Base(m.Path))
}

// alias lets gdb find a library by the name that programs ask for (libc.so.6), where its file has another
// (libc-2.31.so).
func alias(own, file string) error {
	e, err := elf.Open(filepath.Join(own, file))
	if err != nil {
		return err
	}
	names, err := e.DynString(elf.DT_SONAME)
	if err = errors.Join(err, e.Close()); err != nil || len(names) == 0 || names[0] == file || !filepath.IsLocal(names[0]) || path.Base(names[0]) != names[0] {
		return nil //nolint:nilerr // a program without a dynamic section has no other name
	}
	if err := os.Symlink(file, filepath.Join(own, names[0])); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// buildID is that of a program or library; empty where it has none.
func buildID(r io.ReaderAt) (string, error) {
	e, err := elf.NewFile(r)
	if err != nil {
		return "", err
	}
	id := ""
	for _, p := range e.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz > maxHeader {
			continue
		}
		b, err := io.ReadAll(p.Open())
		if err != nil {
			return "", err
		}
		eachNote(b, e.ByteOrder, p.Align, func(name string, kind uint32, desc []byte) {
			if name == "GNU" && kind == noteBuildID {
				id = hex.EncodeToString(desc)
			}
		})
	}
	return id, nil
}

// debuggers are the names of gdb, for any machine and for this one.
func debuggers() []string { return []string{"gdb-multiarch", "gdb"} }

// gdb prints the stack: without arguments of functions, which are the process's memory, without what
// somebody has put into an initialisation file, beside the core file or beside the program, and without asking
// anybody on the network.
func (f *File) gdb(ctx context.Context, root, program, symbols string) (string, error) {
	var gdb string
	for _, name := range debuggers() {
		if found, err := exec.LookPath(name); err == nil {
			gdb = found
			break
		}
	}
	if gdb == "" {
		return "", fmt.Errorf("%w: install gdb (gdb-multiarch for core files of other machines)", ErrNoDebugger)
	}
	ctx, cancel := context.WithTimeout(ctx, gdbTime)
	defer cancel()
	c := exec.CommandContext(ctx, gdb, "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set auto-load safe-path /nonexistent", //nolint:gosec // gdb, and files of names that we made
		"-iex", "set width 0", "-iex", "set print frame-arguments none", "-iex", "set print entry-values no", "-iex", "set filename-display basename",
		"-iex", "set style enabled off", "-iex", "set sysroot "+root, "-iex", "set solib-search-path "+root, "-iex", "set debug-file-directory "+symbols+":/usr/lib/debug",
		"-se", filepath.Join(root, path.Base(program)), "-c", f.Path, "-ex", fmt.Sprintf("backtrace %d", most))
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C.UTF-8", "DEBUGINFOD_URLS="}
	c.WaitDelay = time.Second
	out := bounded.NewFirst(gdbOutput)
	c.Stdout = out
	err := c.Run()
	if ctx.Err() != nil && err != nil {
		return "", fmt.Errorf("gdb did not end within %s", gdbTime)
	}
	return out.String(), err
}

var (
	frameLine = regexp.MustCompile(`^#(\d+)\s+(?:(0x[0-9a-f]+) in )?(.*?)(?: \(.*\))?(?: at (\S+:\d+)| from (\S+))?$`)
	handler   = regexp.MustCompile(`^#\d+\s+<signal handler called>`)
	// begins are functions that nothing calls: the first frame of a thread.
	begins = regexp.MustCompile(`^(?:_start|__libc_start_main\S*|main|clone3?|__clone3?|start_thread|_dl_start_user)$`)
)

// frames takes apart what gdb says of a stack, and whether it is whole: unwound to its first frame, or
// as far as a signature reaches. What comes after a frame that is in no module is not believed.
func (f *File) frames(out string) (frames []evidence.CoreFrame, whole bool) {
	stopped := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "Backtrace stopped") {
			stopped = true
		}
		if strings.HasPrefix(line, "#0 ") { // gdb shows the first frame when it opens the file, too
			frames = nil
		}
		if handler.MatchString(line) {
			frames = append(frames, evidence.CoreFrame{Signal: true})
			continue
		}
		m := frameLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		address, err := strconv.ParseUint(strings.TrimPrefix(m[2], "0x"), 16, 64)
		if err != nil { // the first frame has no address where it is at the beginning of a line of source
			address = f.pc
		}
		frame := f.frame(address)
		if m[3] != "??" {
			frame.Function = m[3]
		}
		frame.Source = m[4]
		frames = append(frames, frame)
	}
	for i, frame := range frames {
		if i > 0 && frame.Module == "" && !frame.Signal {
			frames, stopped = frames[:i], true
			break
		}
	}
	if len(frames) == 0 {
		return nil, false
	}
	last := frames[len(frames)-1]
	return frames, !stopped || begins.MatchString(name(last)) || len(keysOf(&f.Core, telling(frames))) >= depth
}
