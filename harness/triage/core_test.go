package triage_test

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/triage"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

func open(tb testing.TB, name string) evidence.Core {
	tb.Helper()
	f, err := triage.Open(name, tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Error(err)
	}
	return f.Core
}

// Core files of all machines of which there are any here tell where the program ended, in kernels'
// layouts of 32 and 64 bits and both byte orders.
func TestMachines(t *testing.T) {
	for _, tt := range []struct {
		file, machine, module string
		offset                uint64
	}{
		{"arm", "arm", "arm", 0x5c},
		{"aarch64", "arm64", "aarch64", 0x80},
		{"ppc", "ppc", "ppc", 0x5c},
		{"ppc64", "ppc64", "", 0x6000000038600000},
		{"mips", "mips", "mips", 0xd4},
		{"mips64", "mips64", "mips64", 0xf4},
		{"i386", "386", "i386", 0x8049001},
	} {
		t.Run(tt.file, func(t *testing.T) {
			c := open(t, "testdata/core."+tt.file+".gz")
			want := []evidence.CoreFrame{{Module: tt.module, Offset: tt.offset}}
			if c.Machine != tt.machine || c.Signal != "SIGSEGV" || c.Process != tt.file || c.PID == 0 || c.PID != c.Thread || c.Threads != 1 || !cmp.Equal(c.Frames, want) {
				t.Errorf("%+v", c)
			}
			if (c.Signature != "") != (tt.module != "") || c.Cut {
				t.Errorf("signature %q, quality %s, cut %t", c.Signature, c.Quality, c.Cut)
			}
		})
	}
}

const program = `
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) void inner(int *p) { *p = 7; }
__attribute__((noinline)) void by_pointer(int *p) { inner(p); puts("x"); }
__attribute__((noinline)) void by_abort(int n) { if (n) abort(); puts("y"); }
static void on(int s) { signal(s, SIG_DFL); abort(); }
int main(int argc, char **argv) {
	char how = argv[1][0];
	if (argc > 2) memset(malloc(atol(argv[2])), 1, atol(argv[2]));
	if (how == 'h') { signal(SIGSEGV, on); by_pointer(0); }
	if (how == 'p') by_pointer(0);
	if (how == 'a') by_abort(1);
	if (how == 'n') { void (*f)(void) = 0; f(); }
	return 0;
}
`

// compile makes the program, which ends in the way that its argument says.
func compile(tb testing.TB, flags ...string) (binary string) {
	tb.Helper()
	dir := tb.TempDir()
	source := filepath.Join(dir, "crash.c")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		tb.Fatal(err)
	}
	binary = filepath.Join(dir, "crash")
	args := append([]string{"-g0", "-O1", "-rdynamic", "-Wl,--build-id", "-o", binary, source}, flags...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		livetest.Missing(tb, "a C compiler", fmt.Errorf("%w: %s", err, out))
	}
	return binary
}

// crash runs the program, and gives its core file.
func crash(tb testing.TB, binary string, args ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	c := exec.Command("sh", append([]string{"-c", `ulimit -c unlimited; exec "$@"`, "sh", binary}, args...)...)
	c.Dir = dir
	err := c.Run()
	files, _ := filepath.Glob(filepath.Join(dir, "core*"))
	if len(files) != 1 {
		pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
		livetest.Missing(tb, "core files beside the program that ends", fmt.Errorf("core_pattern %s, %w", pattern, err))
	}
	return files[0]
}

func unwind(tb testing.TB, core, root string) evidence.Core {
	tb.Helper()
	f, err := triage.Open(core, tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if err := f.Unwind(tb.Context(), root); err != nil {
		tb.Fatal(err)
	}
	if strings.Contains(strings.Join(f.Missing, " "), triage.ErrNoDebugger.Error()) {
		livetest.Missing(tb, "gdb", triage.ErrNoDebugger)
	}
	return f.Core
}

// Two crashes of one cause have one signature, wherever the program was loaded; those of two have two,
// with the stack and, where it is no shared library's, without.
func TestSignatures(t *testing.T) {
	binary := compile(t)
	seen := map[string]string{}
	for _, tt := range []struct {
		how, title string
		alone      bool // the notes tell where
	}{
		{"p", "SIGSEGV in inner | by_pointer", true},
		{"h", "SIGABRT in inner | by_pointer", false},
		{"a", "SIGABRT in by_abort", false},
		{"n", "SIGSEGV in main", false},
	} {
		t.Run(tt.how, func(t *testing.T) {
			first, second := crash(t, binary, tt.how), crash(t, binary, tt.how)
			alone := open(t, first)
			if (alone.Signature != "") != tt.alone || alone.Signature != open(t, second).Signature {
				t.Errorf("by its notes: %+v", alone)
			}
			a, b := unwind(t, first, "/"), unwind(t, second, "/")
			if a.Title != tt.title || a.Quality != evidence.CoreFull || len(a.Missing) > 0 {
				t.Errorf("%+v", a)
			}
			if a.Signature != b.Signature || seen[a.Signature] != "" {
				t.Errorf("%s and %s; it was that of %s", a.Signature, b.Signature, seen[a.Signature])
			}
			seen[a.Signature] = tt.how
		})
	}
}

// The files of another build say nothing of a crash.
func TestOtherBuild(t *testing.T) {
	binary := compile(t)
	core := crash(t, binary, "p")
	other := compile(t, "-O0")
	data, err := os.ReadFile(other)
	if err == nil {
		err = os.WriteFile(binary, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := unwind(t, core, "/")
	if c.Quality != evidence.CorePlace || c.Signature != open(t, core).Signature || !strings.Contains(strings.Join(c.Missing, " "), "another build") {
		t.Errorf("%+v", c)
	}
	if c = unwind(t, core, t.TempDir()); c.Quality != evidence.CorePlace || !strings.Contains(strings.Join(c.Missing, " "), "not at hand") {
		t.Errorf("%+v", c)
	}
}

// Older kernels write no list of what is mapped: the dynamic linker's own tells the same.
func TestWithoutFileNote(t *testing.T) {
	core := crash(t, compile(t), "p")
	want := open(t, core)
	data, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	note := []byte{0x45, 0x4c, 0x49, 0x46, 'C', 'O', 'R', 'E'} // NT_FILE, and whose
	at := bytes.Index(data, note)
	if at < 0 {
		t.Fatal("no NT_FILE")
	}
	data[at] = 0
	if err := os.WriteFile(core, data, 0o644); err != nil {
		t.Fatal(err)
	}
	got := open(t, core)
	if !cmp.Equal(got.Frames, want.Frames) || got.Signature == "" || len(got.Modules) != len(want.Modules) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// What is packed is the same file.
func TestPacked(t *testing.T) {
	core := crash(t, compile(t), "p")
	want := open(t, core)
	data, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	var zipped, zstandard bytes.Buffer
	z := gzip.NewWriter(&zipped)
	s, err := zstd.NewWriter(&zstandard)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{z, s} {
		_, err := w.Write(data)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, packed := range [][]byte{zipped.Bytes(), zstandard.Bytes()} {
		name := filepath.Join(t.TempDir(), "core")
		if err := os.WriteFile(name, packed, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := open(t, name); got.Signature != want.Signature || got.Size != want.Size {
			t.Errorf("%+v", got)
		}
	}
}

// A core file that was cut tells what it has, and that it was cut; what is none is none.
func TestDamage(t *testing.T) {
	core := crash(t, compile(t), "p")
	data, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	want := open(t, core)
	name := filepath.Join(t.TempDir(), "core")
	for size := 0; size < len(data); size += 1 + len(data)/97 {
		if err := os.WriteFile(name, data[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := triage.Open(name, t.TempDir())
		if errors.Is(err, triage.ErrNoCore) {
			continue
		} else if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if !f.Cut || f.Signature != "" && f.Signal != want.Signal {
			t.Errorf("%d of %d bytes: %+v", size, len(data), f.Core)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "x", strings.Repeat("hello ", 1000), "\x7fELF", "\x1f\x8b"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := triage.Open(name, t.TempDir()); err == nil {
			t.Errorf("%q was taken for a core file", text)
		}
	}
	if _, err := triage.Open(os.Args[0], t.TempDir()); !errors.Is(err, triage.ErrNoCore) {
		t.Errorf("a program: %v", err)
	}
}

// A core file that somebody made leads nowhere out of the folder that the program's files are gathered in.
func TestPathsOfOthers(t *testing.T) {
	binary := compile(t)
	core := crash(t, binary, "p")
	data, err := os.ReadFile(core)
	if err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	evil := "/.." + filepath.Join(outside, "x")
	if len(evil) > len(binary) {
		t.Fatalf("%s is longer than %s", evil, binary)
	}
	for len(evil) < len(binary) {
		evil = "/" + evil
	}
	name := filepath.Join(t.TempDir(), "core")
	if err := os.WriteFile(name, bytes.ReplaceAll(data, []byte(binary), []byte(evil)), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := triage.Open(name, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // it was only a way to the folder
	asked := 0
	f.Gather(root, func(string) (io.ReadCloser, error) {
		asked++
		return io.NopCloser(strings.NewReader("evil")), nil
	})
	if err := f.Unwind(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if asked == 0 || asked == len(f.Modules) || !strings.Contains(strings.Join(f.Missing, " "), "no plain path") {
		t.Errorf("asked for %d of %d: %q", asked, len(f.Modules), f.Missing)
	}
}

// Notes that fill the memory are none.
func TestLargeNotes(t *testing.T) {
	core := crash(t, compile(t), "p")
	file, err := os.OpenFile(core, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const size = 200 << 20
	e, err := elf.NewFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(e.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_NOTE })
	if at < 0 || e.Class != elf.ELFCLASS64 {
		t.Fatal("no notes of 64 bits")
	}
	const header, entry, fileSize = 64, 56, 32 // Elf64_Ehdr, Elf64_Phdr, and p_filesz in it (elf(5))
	b := make([]byte, 8)
	e.ByteOrder.PutUint64(b, size/2)
	_, err = file.WriteAt(b, int64(header+at*entry+fileSize))
	if err = errors.Join(err, file.Truncate(size), file.Close()); err != nil {
		t.Fatal(err)
	}
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	_, err = triage.Open(core, t.TempDir())
	goruntime.ReadMemStats(&after)
	if !errors.Is(err, triage.ErrNoCore) || after.TotalAlloc-before.TotalAlloc > 16<<20 {
		t.Errorf("%v, with %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}

// With a debugger and without, the first frame is the same.
func TestLoose(t *testing.T) {
	core := crash(t, compile(t), "p")
	if a, b := open(t, core), unwind(t, core, "/"); a.Loose == "" || a.Loose != b.Loose || a.Signature == b.Signature {
		t.Errorf("%s %s, and %s %s", a.Loose, a.Signature, b.Loose, b.Signature)
	}
}

func FuzzOpen(f *testing.F) {
	for _, machine := range []string{"arm", "i386", "mips64"} {
		packed, err := os.Open("testdata/core." + machine + ".gz")
		if err != nil {
			f.Fatal(err)
		}
		z, err := gzip.NewReader(packed)
		if err != nil {
			f.Fatal(err)
		}
		head := make([]byte, 16<<10)
		if _, err := io.ReadFull(z, head); err != nil {
			f.Fatal(err)
		}
		f.Add(head)
		if err := packed.Close(); err != nil {
			f.Error(err)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(dir, "core")
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := triage.Open(name, dir)
		if err != nil {
			return
		}
		if file.Signature == "" && file.Quality != evidence.CoreNone {
			t.Errorf("no signature, and %+v", file.Core)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkOpen reads a core file of 200 MB and follows its stack.
func BenchmarkOpen(b *testing.B) {
	core := crash(b, compile(b), "p", "200000000")
	b.ResetTimer()
	for b.Loop() {
		if c := unwind(b, core, "/"); c.Quality != evidence.CoreFull {
			b.Fatalf("%+v", c)
		}
	}
}
