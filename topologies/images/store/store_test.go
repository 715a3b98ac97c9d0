package store_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// The test binary also plays the program in the namespace.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == store.Verb {
		os.Exit(store.Serve(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// archive packs files; a header whose name ends in a slash is a folder.
func archive(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := f.Header
		switch {
		case h.Typeflag != 0:
		case strings.HasSuffix(h.Name, "/"):
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		default:
			h.Typeflag = tar.TypeReg
		}
		h.Size = int64(len(f.content))
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

type file struct {
	tar.Header
	content string
}

func named(name, content string) file { return file{tar.Header{Name: name}, content} }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// saved is what docker save writes of an image.
func saved(tb testing.TB, ref string, labels map[string]string, layers ...[]byte) []byte {
	tb.Helper()
	var ids, names []string
	var files []file
	for i, l := range layers {
		ids = append(ids, digest(l))
		name := hex.EncodeToString([]byte{byte(i)}) + "/layer.tar"
		names = append(names, name)
		files = append(files, named(name, string(l)))
	}
	config, err := json.Marshal(map[string]any{
		"config": map[string]any{"Env": []string{"PATH=/bin"}, "Cmd": []string{"sh"}, "Labels": labels},
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	if err != nil {
		tb.Fatal(err)
	}
	name := strings.TrimPrefix(digest(config), "sha256:") + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": name, "RepoTags": []string{ref}, "Layers": names}})
	if err != nil {
		tb.Fatal(err)
	}
	return archive(tb, append(files, named(name, string(config)), named("manifest.json", string(manifest)))...)
}

// must ends a test whose step failed; where the kernel makes no namespaces, it is skipped.
func must(t *testing.T, err error) {
	t.Helper()
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok && missing.What != "image" {
		t.Skip(missing) //nolint:forbidigo // the kernel and its settings decide
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open gives an empty store, where this machine can have one. It is emptied behind the test:
// its trees may be of users that only a namespace has.
func open(t *testing.T) *store.Store {
	t.Helper()
	if _, err := userns.Find(); err != nil {
		must(t, err)
	}
	s, err := store.Open(filepath.Join(t.TempDir(), "images"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		list, err := s.List()
		if err != nil {
			t.Error(err)
		}
		for _, img := range list {
			if err := s.Remove(context.WithoutCancel(t.Context()), []string{img.Digest}); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := open(t)
	lower := archive(
		t, named("etc/", ""), named("etc/kept", "lower"), named("etc/gone", "lower"), named("old/", ""), named("old/a", "lower"),
		file{tar.Header{Name: "etc/owned", Uid: 100, Gid: 101, Mode: 0o4750}, "x"},
		file{tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "/../../../etc"}, ""},
		file{tar.Header{Name: "dev/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, ""},
	)
	upper := archive(
		t, named("etc/.wh.gone", ""), named("old/.wh..wh..opq", ""), named("old/b", "upper"), named("out/inside", "upper"),
		named("../../outside", "upper"), file{tar.Header{Name: "etc/linked", Typeflag: tar.TypeLink, Linkname: "etc/kept"}, ""},
	)
	data := saved(t, "lab/test:1", map[string]string{"org.reprise.package.frr": "8.4"}, lower, upper)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, in := range [][]byte{data, zipped.Bytes()} { // the second finds it there
		if _, err := s.Import(t.Context(), bytes.NewReader(in)); err != nil {
			must(t, err)
		}
	}
	img, err := s.Resolve("lab/test:1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Resolve(img.Digest); err != nil || again.Tree != img.Tree {
		t.Errorf("by digest: %+v, %v", again, err)
	}
	if img.Packages["frr"] != "8.4" || !slices.Equal(img.Env, []string{"PATH=/bin"}) || !slices.Equal(img.Command, []string{"sh"}) {
		t.Errorf("got %+v", img)
	}
	for name, want := range map[string]string{"etc/kept": "lower", "etc/linked": "lower", "old/b": "upper", "etc/inside": "upper", "outside": "upper", "etc/gone": "", "old/a": "", "dev/null": ""} {
		got, err := os.ReadFile(filepath.Join(img.Tree, name))
		if string(got) != want || (want == "") != errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	info, err := os.Stat(filepath.Join(img.Tree, "etc/owned"))
	if err != nil || info.Mode() != 0o750|os.ModeSetuid {
		t.Errorf("etc/owned: %v, %v", info, err)
	}
}

// The digests of the configuration are compared with what is there, and nothing is left of an
// image that is not what it says.
func TestImportOfSomethingElse(t *testing.T) {
	t.Parallel()
	s := open(t)
	honest := archive(t, named("a", "honest"))
	data := bytes.Replace(saved(t, "lab/test:1", nil, honest), []byte("honest"), []byte("forged"), 1)
	if _, err := s.Import(t.Context(), bytes.NewReader(data)); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("got %v", err)
	}
	var missing *topologies.MissingError
	if _, err := s.Resolve("lab/test:1"); !errors.As(err, &missing) || !strings.Contains(missing.Hint, "reprise images import") {
		t.Errorf("got %v", err)
	}
	if _, err := s.Import(t.Context(), strings.NewReader("no archive")); err == nil {
		t.Error("a text was taken in")
	}
}

// A name goes over to the image that was taken in last, and an image goes with its last name.
func TestNames(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, content := range []string{"one", "two"} {
		if _, err := s.Import(t.Context(), bytes.NewReader(saved(t, "lab/test:1", nil, archive(t, named("a", content))))); err != nil {
			must(t, err)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 2 {
		t.Fatalf("got %+v, %v", list, err)
	}
	img, err := s.Resolve("lab/test:1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(img.Tree, "a")); err != nil || string(got) != "two" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := s.Remove(t.Context(), []string{"lab/test:1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(img.Tree); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its tree is still there: %v", err)
	}
	if err := s.Remove(t.Context(), []string{"lab/test:1"}); err == nil {
		t.Error("removed twice")
	}
}

// What nodes of a lab are made of stays until the lab is gone.
func TestInUse(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.Import(t.Context(), bytes.NewReader(saved(t, "lab/test:1", nil, archive(t, named("a", "one"))))); err != nil {
		must(t, err)
	}
	img, err := s.Resolve("lab/test:1")
	if err != nil {
		t.Fatal(err)
	}
	first, err := store.Use(img.Tree)
	if err != nil {
		t.Fatal(err)
	}
	second, err := store.Use(img.Tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), []string{"lab/test:1"}); err == nil || !strings.Contains(err.Error(), "a lab that is up") {
		t.Errorf("removed while it is in use: %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(img.Tree, "a")); err != nil || string(got) != "one" {
		t.Errorf("after the refusal: %q, %v", got, err)
	}
	if _, err := s.Resolve("lab/test:1"); err != nil {
		t.Errorf("after the refusal: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), []string{"lab/test:1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Use(img.Tree); err == nil {
		t.Error("an image that is gone can be used")
	}
}
