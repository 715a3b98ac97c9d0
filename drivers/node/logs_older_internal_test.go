package node

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// TestOutdatedAtNewYear: a line without a year is of the year that is nearest to the mark, before it and behind it.
func TestOutdatedAtNewYear(t *testing.T) {
	for _, tt := range []struct {
		mark string
		zone int64 // in seconds
		line string
		want bool
	}{
		{"2026-12-31T23:59:50Z", 0, "Jan  1 00:00:05 r1 x: bad", false},
		{"2026-12-31T23:59:50Z", 0, "Dec 31 23:59:55 r1 x: bad", false},
		{"2026-12-31T23:59:50Z", 0, "Dec 31 22:00:00 r1 x: bad", true},
		{"2027-01-01T00:00:10Z", 0, "Dec 31 23:59:55 r1 x: bad", false},
		{"2027-01-01T00:00:10Z", 0, "Dec 31 22:00:00 r1 x: bad", true},
		{"2026-12-31T23:30:00Z", 3600, "Jan  1 00:30:05 r1 x: bad", false},
		{"2027-01-01T00:30:00Z", -3600, "Dec 31 23:30:05 r1 x: bad", false},
	} {
		at, err := time.Parse(time.RFC3339, tt.mark)
		if err != nil {
			t.Fatal(err)
		}
		if got := outdated(tt.line, drivers.LogMark{markedAt: at.Unix(), markedZone: tt.zone}); got != tt.want {
			t.Errorf("%s, marked at %s: outdated %t, want %t", tt.line, tt.mark, got, tt.want)
		}
	}
}
