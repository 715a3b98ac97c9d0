package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func fileOf(name, text string) bundle.File {
	sum := sha256.Sum256([]byte(text))
	return bundle.File{Path: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Type: "text/plain", From: "x", Sensitivity: bundle.SensitivityNone}
}

// manifest gives the bytes of a manifest that names these files, whatever they are.
func manifest(t *testing.T, files ...bundle.File) []byte {
	t.Helper()
	m := bundle.Manifest{Reprise: bundle.Format, Kind: bundle.KindReproduction, Files: files, Tree: bundle.TreeDigest(files)}
	data, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// raw is a tar of headers and contents that its test makes up, packed and sealed rightly.
func raw(t *testing.T, parts ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, p := range parts {
		switch p := p.(type) {
		case *tar.Header:
			err = w.WriteHeader(p)
		case string:
			_, err = io.WriteString(w, p)
		case []byte: // a manifest
			_, err = z.Write(append(append(bundle.TarHeader("manifest.json", int64(len(p))), p...), make([]byte, (512-len(p)%512)%512)...))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return bundle.SealTar(out.Bytes())
}

func header(name string, size int) *tar.Header {
	return &tar.Header{Name: name, Size: int64(size), Mode: 0o644, ModTime: at().AddDate(-26, -2, 0).Truncate(24 * 3600e9), Format: tar.FormatUSTAR}
}

// The headers that the tests make up are the ones that are written, but for what they change.
func TestMadeUpArchiveIsOne(t *testing.T) {
	a, b := fileOf("a", "aa"), fileOf("b", "bbb")
	if err := readAll(t, raw(t, manifest(t, a, b), header("a", 2), "aa", header("b", 3), "bbb"), bundle.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestHostileTar(t *testing.T) {
	a, b := fileOf("a", "aa"), fileOf("b", "bbb")
	m := manifest(t, a, b)
	with := func(h *tar.Header, change func(*tar.Header)) *tar.Header { change(h); return h }
	for name, data := range map[string][]byte{
		"dropped":                raw(t, m, header("a", 2), "aa"),
		"added":                  raw(t, m, header("a", 2), "aa", header("b", 3), "bbb", header("c", 1), "c"),
		"reordered":              raw(t, m, header("b", 3), "bbb", header("a", 2), "aa"),
		"twice":                  raw(t, m, header("a", 2), "aa", header("a", 2), "aa", header("b", 3), "bbb"),
		"truncated":              raw(t, m, header("a", 1), "a", header("b", 3), "bbb"),
		"longer":                 raw(t, m, header("a", 3), "aaa", header("b", 3), "bbb"),
		"content":                raw(t, m, header("a", 2), "ab", header("b", 3), "bbb"),
		"symlink":                raw(t, m, with(header("a", 0), func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd" }), header("b", 3), "bbb"),
		"hard link":              raw(t, m, header("a", 2), "aa", with(header("b", 0), func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeLink, "a" })),
		"device":                 raw(t, m, with(header("a", 0), func(h *tar.Header) { h.Typeflag = tar.TypeChar }), header("b", 3), "bbb"),
		"fifo":                   raw(t, m, with(header("a", 0), func(h *tar.Header) { h.Typeflag = tar.TypeFifo }), header("b", 3), "bbb"),
		"folder":                 raw(t, m, with(header("d/", 0), func(h *tar.Header) { h.Typeflag = tar.TypeDir }), header("a", 2), "aa", header("b", 3), "bbb"),
		"traversal":              raw(t, m, header("../a", 2), "aa", header("b", 3), "bbb"),
		"mode":                   raw(t, m, with(header("a", 2), func(h *tar.Header) { h.Mode = 0o4755 }), "aa", header("b", 3), "bbb"),
		"owner":                  raw(t, m, with(header("a", 2), func(h *tar.Header) { h.Uname = "root" }), "aa", header("b", 3), "bbb"),
		"pax path":               raw(t, m, with(header("a", 2), func(h *tar.Header) { h.Format, h.PAXRecords = tar.FormatPAX, map[string]string{"X.y": "z"} }), "aa", header("b", 3), "bbb"),
		"no manifest":            raw(t, header("a", 2), "aa"),
		"manifest later":         raw(t, header("a", 2), "aa", m),
		"signature that is none": raw(t, m, header("manifest.json.sig", 3), "sig", header("a", 2), "aa", header("b", 3), "bbb"),
	} {
		if err := readAll(t, data, bundle.ReadOptions{}); err == nil {
			t.Errorf("%s: nobody noticed", name)
		} else if bad := new(bundle.DamagedError); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Frames that hide something, each with a right seal.
func TestHostileFrames(t *testing.T) {
	data := small(t, bundle.Options{})
	frame := data[:len(data)-8-bundle.SealSize]
	skippable := []byte("\x50\x2a\x4d\x18\x04\x00\x00\x00evil")
	empty := new(bytes.Buffer)
	z, err := zstd.NewWriter(empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte{}); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if err := readAll(t, bundle.SealTar(frame), bundle.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][][]byte{
		"a skippable frame before": {skippable, frame},
		"a skippable frame after":  {frame, skippable},
		"an empty frame after":     {frame, {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00, 0x99, 0xe9, 0xd8, 0x51}},
		"bytes after":              {frame, []byte("evil")},
		"two seals":                {data},
		"twice":                    {frame, frame},
	} {
		if readAll(t, bundle.SealTar(bytes.Join(parts, nil)), bundle.ReadOptions{}) == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

func TestHostileManifest(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, files := range map[string][]bundle.File{
		"traversal":                {fileOf("../a", "")},
		"traversal within":         {fileOf("a/../../b", "")},
		"absolute":                 {fileOf("/etc/passwd", "")},
		"backslash":                {fileOf(`a\b`, "")},
		"nul":                      {fileOf("a\x00b", "")},
		"escape":                   {fileOf("a\x1b[2Jb", "")},
		"dot":                      {fileOf(".", "")},
		"empty":                    {fileOf("", "")},
		"double slash":             {fileOf("a//b", "")},
		"trailing slash":           {fileOf("a/", "")},
		"long":                     {fileOf(long, "")},
		"twice":                    {fileOf("a", ""), fileOf("a", "")},
		"unsorted":                 {fileOf("b", ""), fileOf("a", "")},
		"case":                     {fileOf("A", ""), fileOf("a", "")},
		"case of a folder":         {fileOf("A/x", ""), fileOf("a/y", "")},
		"fold":                     {fileOf("K", ""), fileOf("\u212a", "")},
		"file and folder":          {fileOf("a", ""), fileOf("a/b", "")},
		"file and folder, by case": {fileOf("A", ""), fileOf("a/b", "")},
		"its own name":             {fileOf("manifest.json", "")},
		"its own name, by case":    {fileOf("Manifest.JSON.sig", "")},
		"negative":                 {{Path: "a", Size: -1, SHA256: strings.Repeat("0", 64)}},
		"giant":                    {{Path: "a", Size: 1 << 62, SHA256: strings.Repeat("0", 64)}},
		"no digest":                {{Path: "a", SHA256: "x"}},
	} {
		if _, err := bundle.ParseManifest(manifest(t, files...), bundle.Limits{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good := manifest(t, fileOf("a", ""))
	if _, err := bundle.ParseManifest(good, bundle.Limits{}); err != nil {
		t.Fatal(err)
	}
	for name, swap := range map[string][2]string{
		"an unknown key":    {`"kind"`, "\"more\": 1,\n \"kind\""},
		"a key twice":       {` "kind": "reproduction",`, " \"kind\": \"x\",\n \"kind\": \"reproduction\","},
		"a key in capitals": {`"kind"`, `"Kind"`},
		"blanks":            {`"kind":`, `"kind": `},
		"a later version":   {"bundle/v1", "bundle/v2"},
		"another tree":      {`"tree": "`, `"tree": "0`},
	} {
		if _, err := bundle.ParseManifest(bytes.Replace(good, []byte(swap[0]), []byte(swap[1]), 1), bundle.Limits{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What is too large is refused before it is unpacked.
func TestLimits(t *testing.T) {
	zeros := func(path string, size int64) bundle.File {
		return bundle.File{Path: path, Size: size, SHA256: strings.Repeat("0", 64)}
	}
	many := []byte("{\n \"reprise\": \"bundle/v1\",\n \"files\": [" + strings.Repeat(`{"path":"a"},`, 1_000_000) + "]}\n")
	for name, tt := range map[string]struct {
		data   []byte
		limits bundle.Limits
	}{
		"a million entries": {data: raw(t, many)},
		"a huge manifest":   {data: raw(t, many), limits: bundle.Limits{Manifest: 1 << 20}},
		"one file":          {data: raw(t, manifest(t, zeros("a", 2000))), limits: bundle.Limits{FileBytes: 1000}},
		"all files":         {data: raw(t, manifest(t, zeros("a", 7<<30), zeros("b", 7<<30), zeros("c", 7<<30)))},
		"two files":         {data: raw(t, manifest(t, zeros("a", 1), zeros("b", 1))), limits: bundle.Limits{Entries: 1}},
		"the ratio":         {data: raw(t, manifest(t, zeros("a", 2<<30)))},
	} {
		var limit *bundle.LimitError
		if err := readAll(t, tt.data, bundle.ReadOptions{Limits: tt.limits}); !errors.As(err, &limit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A record that nobody could judge in the memory there is, is not begun with.
func TestJudgedFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "runs", "x", "ledger.ndjson")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 65<<20)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := bundle.Write(t.Context(), &out, bundle.Source{Dir: dir}, bundle.Options{}); err != nil {
		t.Fatal(err)
	}
	var limit *bundle.LimitError
	if _, err := verify(t.Context(), out.Bytes(), bundle.ReadOptions{}, bundle.VerifyOptions{Rejudge: judgeAgain}); !errors.As(err, &limit) {
		t.Errorf("%v", err)
	}
}

// A bomb behind a small announcement is read no further than was announced, and a window
// that asks for memory gets none.
func TestBombs(t *testing.T) {
	m := manifest(t, fileOf("a", "aa"))
	if readAll(t, raw(t, m, header("a", 64<<20), strings.Repeat("a", 64<<20)), bundle.ReadOptions{}) == nil {
		t.Error("64 MB behind two bytes: nobody noticed")
	}
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithWindowSize(64<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(append(bundle.TarHeader("manifest.json", 16<<20), bytes.Repeat([]byte("abcd"), 4<<20)...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, bundle.SealTar(out.Bytes()), bundle.ReadOptions{}); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("a window of 64 MB: %v", err)
	}
}

// A zip whose parts disagree, sealed rightly.
func TestHostileZip(t *testing.T) {
	data := small(t, bundle.Options{Zip: true})
	if err := readAll(t, bundle.SealZip(data), bundle.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	local := bytes.Index(data, []byte("runs/x/a.log"))
	central := bytes.LastIndex(data, []byte("runs/x/a.log"))
	for name, at := range map[string]int{
		"the local name": local, "the directory's name": central, "the method": central - 46 + 10, "the mode": central - 46 + 41,
		"the offset": central - 46 + 42, "the size": central - 46 + 24, "the extra length": central - 46 + 30, "a local flag": local - 30 + 6,
	} {
		altered := bytes.Clone(data)
		altered[at] ^= 1
		if readAll(t, bundle.SealZip(altered), bundle.ReadOptions{}) == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
	if readAll(t, bundle.SealZip(append([]byte("PK\x03\x04MZ"), data...)), bundle.ReadOptions{}) == nil {
		t.Error("something before it: nobody noticed")
	}
	// An ordinary program's zip of the same files is none of ours.
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(manifest(t)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.SetComment(strings.Repeat("x", bundle.SealSize)), w.Close()); err != nil {
		t.Fatal(err)
	}
	if readAll(t, bundle.SealZip(out.Bytes()), bundle.ReadOptions{}) == nil {
		t.Error("another program's zip: nobody noticed")
	}
}

// What is refused leaves nothing on the disk.
func TestHostileExtractLeavesNothing(t *testing.T) {
	a := fileOf("a", "aa")
	data := raw(t, manifest(t, a), header("a", 2), "ab")
	b, err := bundle.New(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	if err := b.Extract(t.Context(), filepath.Join(parent, "x"), nil); err == nil {
		t.Error("a wrong digest: it is unpacked")
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestNotABundle(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	for _, text := range []string{"", "hello", "age-encryption.org/v1\n", "PK\x03\x04", "\x28\xb5\x2f\xfd"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.Open(t.Context(), file, bundle.ReadOptions{}); err == nil {
			t.Errorf("%q is opened", text)
		}
	}
	if _, err := bundle.Open(t.Context(), t.TempDir(), bundle.ReadOptions{}); !errors.Is(err, bundle.ErrNotBundle) {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzRead: whatever is read is refused or read to its end; nothing panics or grows.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("aa"), 0o600); err != nil {
		f.Fatal(err)
	}
	for _, asZip := range []bool{false, true} {
		var out bytes.Buffer
		if _, err := bundle.Write(f.Context(), &out, bundle.Source{Dir: dir}, bundle.Options{Zip: asZip}); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	limits := bundle.Limits{Entries: 100, FileBytes: 1 << 20, TotalBytes: 4 << 20, Manifest: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, sealed := range [][]byte{data, reseal(data)} {
			b, err := bundle.New(t.Context(), bytes.NewReader(sealed), int64(len(sealed)), bundle.ReadOptions{Limits: limits})
			if err != nil {
				continue
			}
			var total int64
			err = b.Each(t.Context(), func(file bundle.File, r io.Reader) error {
				if err := bundle.CheckName(file.Path); err != nil {
					return fmt.Errorf("%q was passed on: %w", file.Path, err)
				}
				n, err := io.Copy(io.Discard, r)
				total += n
				return err
			})
			if err == nil && total != b.Manifest.Size() {
				t.Errorf("%d bytes were read of %d", total, b.Manifest.Size())
			}
		}
	})
}

// reseal lets the fuzzer past the seal.
func reseal(data []byte) []byte {
	switch {
	case len(data) < bundle.SealSize+8:
		return data
	case bytes.HasPrefix(data, []byte("PK")):
		return bundle.SealZip(data)
	default:
		return bundle.SealTar(data[:len(data)-8-bundle.SealSize])
	}
}
