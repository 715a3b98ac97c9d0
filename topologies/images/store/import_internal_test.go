package store

import (
	"io"
	"os"
	"strings"
	"testing"
)

// What unpacks without an end is not read to it.
func TestUntil(t *testing.T) {
	for room, want := range map[int64]bool{9: false, 10: true} {
		_, err := io.Copy(io.Discard, &until{t.Context(), strings.NewReader("ten bytes!"), room})
		if (err == nil) != want {
			t.Errorf("room for %d: %v", room, err)
		}
	}
}

// The layers of an image that is taken in have one bound together.
func TestGather(t *testing.T) {
	s := &Store{dir: t.TempDir()}
	ten := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("ten bytes!")), nil }
	for room, want := range map[int64]bool{10: false, 19: false, 20: true} {
		here, gone, err := s.gather([]Layer{ten, ten}, &until{ctx: t.Context(), room: room})
		if (err == nil) != want {
			t.Errorf("room for %d: %v", room, err)
		}
		for _, layer := range here {
			r, err := layer()
			if err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(r); err != nil || string(data) != "ten bytes!" {
				t.Errorf("%q, %v", data, err)
			}
		}
		gone()
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
