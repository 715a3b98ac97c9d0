package scratch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/topologies/scratch"
)

// TestMain makes a folder and leaves it behind when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("SCRATCH_LEAVE") != "" {
		dir, err := scratch.Make("left")
		if err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestGC: what a process left that has ended is removed, and nothing else.
func TestGC(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	own, err := scratch.Make("own")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(own); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SCRATCH_LEAVE=1")
	left, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(os.TempDir(), "reprise-of-somebody")
	reused := filepath.Join(os.TempDir(), "reprise-old-1.1.00000000-77") // a pid that is alive, of another boot
	for _, dir := range []string{other, reused} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := scratch.GC()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(removed)
	want := []string{string(left), reused}
	slices.Sort(want)
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	for _, dir := range []string{own, other} {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}
