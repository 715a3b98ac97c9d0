package store

import (
	"io"
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
