package evidence_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Of a folder that anybody may have made, only what lies in it is copied.
func TestCopyDir(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for name, text := range map[string]string{secret: "secret", filepath.Join(from, "run.json"): "{}", filepath.Join(from, "trials/0001/verdict.json"): "[]"} {
		if err := evidence.WriteFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"file": secret, "folder": filepath.Dir(secret), "inner": "run.json", "trials/up": "../.."} {
		if err := os.Symlink(to, filepath.Join(from, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(from, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := evidence.CopyDir(to, from); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := fs.WalkDir(os.DirFS(to), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if d := cmp.Diff([]string{"run.json", "trials/0001/verdict.json"}, names); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := evidence.CopyDir(filepath.Join(t.TempDir(), "x"), filepath.Join(from, "none")); err == nil {
		t.Error("what is not there was copied")
	}
}
