package reportstest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/reports"
)

// Render reads a run directory and renders it.
func Render(tb testing.TB, path string, write func(io.Writer, *reports.Run) error) []byte {
	tb.Helper()
	r, err := reports.Load(path)
	must(tb, err)
	var b bytes.Buffer
	must(tb, write(&b, r))
	return b.Bytes()
}

// Golden compares got with a file of testdata; update writes it instead.
func Golden(tb testing.TB, name string, got []byte, update bool) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if update {
		must(tb, os.MkdirAll("testdata", 0o755))
		must(tb, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		tb.Fatalf("%s is missing: run the test with -update", path)
	}
	must(tb, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
