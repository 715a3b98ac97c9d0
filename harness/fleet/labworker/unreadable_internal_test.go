package labworker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/harness/plan"
)

// TestUnreadable: what is wrong with a machine is no reason to give a plan up on all of them.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	full := func() error { return os.WriteFile("/dev/full", []byte("run.json"), 0) }
	nowhere := func() error { _, _, _, err := plan.OpenRunHere(filepath.Join(t.TempDir(), "none"), nil); return err }
	ended := func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := openPayload(ctx, make([]byte, 100), t.TempDir())
		return errors.Join(err, ctx.Err())
	}
	garbage := func() error { _, err := openPayload(t.Context(), make([]byte, 100), t.TempDir()); return err }
	for _, tt := range []struct {
		name    string
		happens func() error
		refused bool
	}{
		{"no room on the disk", full, false},
		{"the trial is not wanted any more", ended, false},
		{"may not be read", func() error { return &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission} }, false},
		{"no run is in it", nowhere, true},
		{"it is no archive", garbage, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.happens()
			if err == nil {
				t.Fatal("nothing happened")
			}
			if _, refused := errors.AsType[*RefusedError](unreadable(err)); refused != tt.refused {
				t.Errorf("%v: refused %t", err, refused)
			}
		})
	}
}
