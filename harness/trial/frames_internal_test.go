package trial

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/topologies"
)

// TestLooksGoOn: a look counts the frames that came since the one before, not all of them anew: a hundred
// more looks at many frames take less than the first.
func TestLooksGoOn(t *testing.T) {
	rec, err := newRecorder(evidence.Dir{Path: t.TempDir()}.Trial(1), evidence.Clock{}, evidence.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.close() //nolint:errcheck // nothing is recorded
	const many = judge.MaxSeen / 4
	var l frameLog
	for range many {
		l.add(topologies.Frame{At: time.Now(), Way: topologies.WayIn, Length: 60})
	}
	look := func(want int) time.Duration {
		begin := time.Now()
		f := evidence.Frames{FrameWindow: evidence.FrameWindow{Began: rec.start.Round(0)}}
		if over, err := l.look(&f, rec); over || err != nil || f.Count != want || f.Delivered != want || f.Bytes != 60*want {
			t.Fatalf("%d frames of %d bytes, %v, over: %t", f.Count, f.Bytes, err, over)
		}
		return time.Since(begin)
	}
	first := look(many)
	var others time.Duration
	for i := range 100 {
		l.add(topologies.Frame{At: time.Now(), Way: topologies.WayIn, Length: 60})
		others += look(many + 1 + i)
	}
	if others > 10*first { // each would have been as long as the first
		t.Errorf("the first look took %s, a hundred more %s", first, others)
	}
}
