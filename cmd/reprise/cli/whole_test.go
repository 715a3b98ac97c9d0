package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestWholeFolder: a folder is there with all that belongs into it, or not at all.
func TestWholeFolder(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "a", "result")
	full := errors.New("no space left on device")
	half := func(part string) error {
		return errors.Join(os.WriteFile(filepath.Join(part, "first"), []byte("1"), 0o600), full)
	}
	if err := cli.WholeFolder(dir, half); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(list) > 0 {
		t.Errorf("left: %v, %v", list, err)
	}
	whole := func(part string) error { return os.WriteFile(filepath.Join(part, "first"), []byte("1"), 0o600) }
	if err := cli.WholeFolder(dir, whole); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "first")); err != nil {
		t.Error(err)
	}
	if err := cli.WholeFolder(dir, whole); err == nil {
		t.Error("what was there is gone")
	}
	file := filepath.Join(dir, "first")
	if err := cli.WholeFolder(file, whole); err == nil {
		t.Error("a folder came in the place of a file")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "1" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if list, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(list) != 1 {
		t.Errorf("left: %v, %v", list, err)
	}
}
