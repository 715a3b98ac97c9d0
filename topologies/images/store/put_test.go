package store_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/images/store"
)

// A layer that a configuration calls by no digest is not taken in: it would be kept in a file
// of that name, wherever that leads.
func TestPutOfNoDigest(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(filepath.Join(dir, "images"))
	if err != nil {
		t.Fatal(err)
	}
	layer := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
	for _, id := range []string{"sha256:../../elsewhere/layer", "../../elsewhere/layer", "sha256:", "sha256:" + strings.Repeat("g", 64)} {
		if _, err := s.Put(t.Context(), []byte(`{"rootfs":{"diff_ids":["`+id+`"]}}`), []store.Layer{layer}, nil); err == nil || !strings.Contains(err.Error(), "no SHA-256 digest") {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("a folder was made outside of the store")
	}
}
