package namespaces

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestSpare: what a file system keeps for another user makes it neither larger nor fuller, and of a large one no more than 1 GiB stays free.
func TestSpare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		blocks, free, avail uint64
		want                uint64
	}{
		{"in memory", 1 << 18, 1 << 18, 1 << 18, 1 << 12},
		{"most of it another's", 66053021, 62907410, 1 << 20, (66053021 - 62907410 + 1<<20) / 64},
		{"large", 1 << 30, 1 << 29, 1 << 29, 1 << 18},
	} {
		if got := spare(&unix.Statfs_t{Bsize: 4096, Blocks: tt.blocks, Bfree: tt.free, Bavail: tt.avail}); got != tt.want {
			t.Errorf("%s: %d blocks stay free, want %d", tt.name, got, tt.want)
		}
	}
}
