package parcel_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/fleet/parcel"
)

var bounds = parcel.Bounds{Files: 5, Size: 1 << 20, Packed: 1 << 20}

// folder writes files and gives the folder that they are in.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// filesOf reads a folder back.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, rerr := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return errors.Join(err, rerr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	files := map[string]string{"timeline.ndjson": "{}\n", "states/before/r1/routes": strings.Repeat("10.0.0.0/8 ", 1000), "logs/r1/empty": ""}
	dir := folder(t, files)
	data, err := parcel.Pack(t.Context(), dir, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parcel.Pack(t.Context(), folder(t, files), bounds, nil)
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same files in another folder are another parcel (%v)", err)
	}
	to := filepath.Join(t.TempDir(), "trials", "0001")
	if err := parcel.Unpack(t.Context(), data, to, bounds, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, filesOf(t, to)); diff != "" {
		t.Error(diff)
	}
	if err := parcel.Unpack(t.Context(), data, to, bounds, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time into the same folder: %v", err)
	}
}

// TestOnlyWhatIsWanted: the same function says what is packed and what is taken.
func TestOnlyWhatIsWanted(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"run.json": "1", "input/a.yaml": "2", "ledger.ndjson": "3"})
	inputs := func(name string) bool { return name == "run.json" || strings.HasPrefix(name, "input/") }
	data, err := parcel.Pack(t.Context(), dir, bounds, inputs)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "run")
	if err := parcel.Unpack(t.Context(), data, to, bounds, inputs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"run.json": "1", "input/a.yaml": "2"}, filesOf(t, to)); diff != "" {
		t.Error(diff)
	}
	all, err := parcel.Pack(t.Context(), dir, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := parcel.Unpack(t.Context(), all, filepath.Join(t.TempDir(), "run"), bounds, inputs); err == nil || !strings.Contains(err.Error(), `"ledger.ndjson" is in it and was not asked for`) {
		t.Errorf("what was not asked for: %v", err)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1000)
	dir := folder(t, map[string]string{"a": big, "b": big, "c/d": "random 1b4f0e98"})
	data, err := parcel.Pack(t.Context(), dir, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		bounds     parcel.Bounds
	}{
		{"files", "more than 2 files", parcel.Bounds{Files: 2, Size: 1 << 20, Packed: 1 << 20}},
		{"size", "more than 1999 bytes of files", parcel.Bounds{Files: 9, Size: 1999, Packed: 1 << 20}},
		{"packed", "more than 20 bytes packed", parcel.Bounds{Files: 9, Size: 1 << 20, Packed: 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			_, err := parcel.Pack(t.Context(), dir, tt.bounds, nil)
			for what, err := range map[string]error{"pack": err, "unpack": parcel.Unpack(t.Context(), data, filepath.Join(parent, "to"), tt.bounds, nil)} {
				if _, ok := errors.AsType[*parcel.BoundError](err); !ok || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: %v, want %q", what, err, tt.want)
				}
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Errorf("%v is left (%v)", left, err)
			}
		})
	}
}

// TestNothingButFiles: what is no regular file is not packed, and nothing is followed.
func TestNothingButFiles(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret": "s"})
	dir := folder(t, map[string]string{"a": "1"})
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if data, err := parcel.Pack(t.Context(), dir, bounds, nil); err == nil {
		t.Errorf("a link was packed: %d bytes", len(data))
	}
}

// TestHostile: whatever is sent, nothing is written beside the folder, and nothing of it stays.
func TestHostile(t *testing.T) {
	t.Parallel()
	file := func(name string) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 4, Mode: 0o644}
	}
	for _, tt := range []struct {
		name  string
		heads []tar.Header
		want  string
	}{
		{"out of it", []tar.Header{file("../out")}, "no name of a file"},
		{"absolute", []tar.Header{file("/tmp/out")}, "no name of a file"},
		{"through a folder", []tar.Header{file("a/../../out")}, "no name of a file"},
		{"itself", []tar.Header{file(".")}, "no name of a file"},
		{"a link", []tar.Header{{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc/passwd"}}, "no regular file"},
		{"a hard link", []tar.Header{file("a"), {Typeflag: tar.TypeLink, Name: "b", Linkname: "a"}}, "no regular file"},
		{"a device", []tar.Header{{Typeflag: tar.TypeChar, Name: "a"}}, "no regular file"},
		{"a folder", []tar.Header{{Typeflag: tar.TypeDir, Name: "a/"}}, "no regular file"},
		{"twice", []tar.Header{file("a"), file("a")}, "exists"},
		{"a file as a folder", []tar.Header{file("a"), file("a/b")}, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			z, err := zstd.NewWriter(&out)
			if err != nil {
				t.Fatal(err)
			}
			w := tar.NewWriter(z)
			for _, h := range tt.heads {
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if h.Size > 0 {
					if _, err := w.Write([]byte("text")); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := errors.Join(w.Close(), z.Close()); err != nil {
				t.Fatal(err)
			}
			parent := t.TempDir()
			err = parcel.Unpack(t.Context(), out.Bytes(), filepath.Join(parent, "in", "to"), bounds, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(map[string]string{}, filesOf(t, parent)); diff != "" {
				t.Errorf("something stays: %s", diff)
			}
		})
	}
}

// TestCut: a parcel that ends anywhere before its end is an error, and leaves nothing.
func TestCut(t *testing.T) {
	t.Parallel()
	data, err := parcel.Pack(t.Context(), folder(t, map[string]string{"a": "1 text of some length", "b": "another"}), bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	for n := range data {
		if err := parcel.Unpack(t.Context(), data[:n], filepath.Join(parent, "to"), bounds, nil); err == nil {
			t.Fatalf("%d of %d bytes are taken for all", n, len(data))
		}
	}
	for n := range data {
		bad := bytes.Clone(data)
		bad[n] ^= 0x40
		if err := parcel.Unpack(t.Context(), bad, filepath.Join(parent, "to"), bounds, nil); err == nil { // the head of a frame has bits that mean nothing
			if diff := cmp.Diff(map[string]string{"a": "1 text of some length", "b": "another"}, filesOf(t, filepath.Join(parent, "to"))); diff != "" {
				t.Errorf("byte %d of %d was altered, and what came out is taken for what was packed: %s", n, len(data), diff)
			}
			if err := os.RemoveAll(filepath.Join(parent, "to")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

// TestSweep: what a process left that ended in the middle is removed, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"0001/a": "1", ".parcel-123/a": "1"})
	if err := errors.Join(parcel.Sweep(dir), parcel.Sweep(filepath.Join(dir, "nowhere"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"0001/a": "1"}, filesOf(t, dir)); diff != "" {
		t.Error(diff)
	}
}
