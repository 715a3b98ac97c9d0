package html

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// The table of events tells which frames a fault acted on, the first of them.
func TestHits(t *testing.T) {
	f := &evidence.FaultFrames{Matched: 9, Hit: 6, Passed: 3, Healed: 2, Seed: 7, Late: 1234 * time.Microsecond}
	f.First = []evidence.Hit{{To: "r1:eth1", Ordinal: 1, Time: time.Unix(0, 5000).UTC(), Length: 134, Digest: "d4b60e6852e9299c"}}
	const one = "6 of 9 frames; no. 1 to r1:eth1 at 00:00:00.000005, 134 bytes, SHA-256 d4b60e6852e9299c…; 2 let go at the end; up to 1ms late; seed 7"
	if got := hits(f); got != one {
		t.Errorf("%q, want %q", got, one)
	}
	f.First = append(f.First, make([]evidence.Hit, maxHits)...)
	f.Healed, f.Seed, f.Late = 0, 0, 0
	const end = "… (all in timeline.ndjson)"
	if got := hits(f); got[len(got)-len(end):] != end {
		t.Errorf("%q", got)
	}
}
