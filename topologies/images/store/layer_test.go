package store_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// in opens a store in a folder that the test knows.
func in(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func layers(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "layers", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What is written out again is the same image to whoever takes it in, another store or an
// engine; a layer goes with the last image that has it, and a broken one is not taken in.
func TestExport(t *testing.T) {
	t.Parallel()
	open(t) // skips where there is no namespace
	dir := t.TempDir()
	s := in(t, dir)
	shared, mine := archive(t, named("etc/", ""), named("etc/a", "shared")), archive(t, named("etc/b", "mine"))
	ref, other := "lab/exported:1", "lab/exported:2"
	for _, data := range [][]byte{saved(t, ref, map[string]string{"a": "b"}, shared, mine), saved(t, other, nil, shared)} {
		if _, err := s.Import(t.Context(), bytes.NewReader(data)); err != nil {
			livetest.Missing(t, "user namespaces", err)
		}
	}
	if got := layers(t, dir); len(got) != 2 {
		t.Errorf("layers: %v", got)
	}
	want, err := s.Resolve(ref)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.Export(t.Context(), ref, &out); err != nil {
		t.Fatal(err)
	}
	second := open(t)
	got, err := second.Import(t.Context(), bytes.NewReader(out.Bytes()))
	if err != nil || len(got) != 1 || got[0].Digest != want.Digest || got[0].Refs[0] != ref {
		t.Errorf("taken in again: %+v, %v; want %+v", got, err, want)
	}
	t.Run("engine", func(t *testing.T) {
		load := exec.CommandContext(t.Context(), "docker", "load", "-q")
		load.Stdin = bytes.NewReader(out.Bytes())
		if text, err := load.CombinedOutput(); err != nil {
			livetest.Missing(t, "a container engine", errors.New(string(text)))
		}
		defer exec.Command("docker", "rmi", ref).Run() //nolint:errcheck // tests end without it
		id, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", "-f", "{{.Id}}", ref).Output()
		if err != nil || strings.TrimSpace(string(id)) != want.Digest {
			t.Errorf("the engine calls it %s, %v; want %s", id, err, want.Digest)
		}
	})
	if err := s.Remove(t.Context(), []string{ref}); err != nil {
		t.Fatal(err)
	}
	if got := layers(t, dir); len(got) != 1 {
		t.Errorf("layers of one image: %v", got)
	}
	data, err := os.ReadFile(layers(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(layers(t, dir)[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := s.Export(t.Context(), other, &out); err == nil {
		if _, err := open(t).Import(t.Context(), &out); err == nil {
			t.Error("a broken layer was taken in")
		}
	}
	if err := s.Remove(t.Context(), []string{other}); err != nil {
		t.Fatal(err)
	}
	if got := layers(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

// TestAdopt: an image that somebody sends gets no name, takes none from the image that has it, and comes alone.
func TestAdopt(t *testing.T) {
	t.Parallel()
	open(t) // skips where there is no namespace
	sender := in(t, t.TempDir())
	if _, err := sender.Import(t.Context(), bytes.NewReader(saved(t, "lab/sent:1", nil, archive(t, named("etc/a", "theirs"))))); err != nil {
		livetest.Missing(t, "user namespaces", err)
	}
	sent, err := sender.Resolve("lab/sent:1")
	if err != nil {
		t.Fatal(err)
	}
	var plain, bare bytes.Buffer
	if err := errors.Join(sender.Export(t.Context(), "lab/sent:1", &plain), sender.ExportBare(t.Context(), sent.Digest, &bare)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plain.String(), "lab/sent:1") || strings.Contains(bare.String(), "lab/sent:1") {
		t.Error("the name is in the archive without names, or not in the other")
	}
	for name, data := range map[string][]byte{"with its name": plain.Bytes(), "without": bare.Bytes()} {
		own := open(t)
		if _, err := own.Import(t.Context(), bytes.NewReader(saved(t, "lab/sent:1", nil, archive(t, named("etc/a", "ours"))))); err != nil {
			t.Fatal(err)
		}
		ours, err := own.Resolve("lab/sent:1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := own.Adopt(t.Context(), bytes.NewReader(data), ours.Digest); err == nil || !strings.Contains(err.Error(), "holds no image") {
			t.Errorf("%s: another image was adopted: %v", name, err)
		}
		if _, err := own.Resolve(sent.Digest); err == nil {
			t.Errorf("%s: what nobody wanted was taken in", name)
		}
		got, err := own.Adopt(t.Context(), bytes.NewReader(data), sent.Digest)
		if err != nil || got.Digest != sent.Digest || len(got.Refs) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if still, err := own.Resolve("lab/sent:1"); err != nil || still.Digest != ours.Digest {
			t.Errorf("%s: the name is %s now, and was %s", name, still.Digest, ours.Digest)
		}
	}
}
