package capture_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
)

// TestSync: what had come when Sync was called is in the file when it returns, and was told, frame by
// frame as it is in the file.
func TestSync(t *testing.T) {
	c := newCable(t)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	var told []read
	run := c.start(t, capture.Options{Path: path, Each: func(f topologies.Frame) {
		told = append(told, read{data: slices.Clone(f.Data), at: f.At, out: f.Way == topologies.WayOut})
		if f.Length != len(f.Data) {
			t.Errorf("%d of %d bytes", len(f.Data), f.Length)
		}
	}})
	if s, err := run.Sync(t.Context()); s.Frames != 0 || err != nil {
		t.Errorf("%+v %v: nothing was sent", s, err)
	}
	frames := sendable(7, 2000)[:600]
	for i := 0; i < len(frames); i += 100 {
		send(t, c.far, frames[i:i+50]...)
		send(t, c.near, frames[i+50:i+100]...)
		s, err := run.Sync(t.Context())
		if err != nil || s.Frames != uint64(i+100) || s.Dropped != 0 || len(told) != i+100 {
			t.Fatalf("%+v %v, %d told, after %d", s, err, len(told), i+100)
		}
		if list, _ := readFile(t, path); len(list) != i+100 {
			t.Fatalf("the file has %d of %d", len(list), i+100)
		}
	}
	list, _ := readFile(t, path)
	for i := range list {
		list[i].comments = nil
	}
	if diff := cmp.Diff(list, told, cmp.AllowUnexported(read{})); diff != "" {
		t.Error(diff)
	}
	want := stop(t, run)
	if s, err := run.Sync(t.Context()); s != want || err != nil {
		t.Errorf("%+v %v after the end", s, err)
	}
}

// TestSyncWaits: who waits for a capture that says nothing can give up.
func TestSyncWaits(t *testing.T) {
	c := newCable(t)
	run := c.start(t, capture.Options{Path: filepath.Join(t.TempDir(), "x.pcapng"), Each: func(topologies.Frame) { <-t.Context().Done() }})
	ctx, cancel := context.WithCancelCause(t.Context())
	send(t, c.far, sendable(1, 50)[0])
	cancel(os.ErrDeadlineExceeded)
	if _, err := run.Sync(ctx); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
