package reports

import (
	"strconv"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Of what flaps few changes are shown, and all are counted; no answer is no change.
func TestWatchTurns(t *testing.T) {
	w := &watch{}
	for i := range 301 {
		w.see(evidence.Observation{Seq: 2 * i, Value: strconv.FormatBool(i%2 == 1)}, false, "f")
		w.see(evidence.Observation{Seq: 2*i + 1, Error: "session lost"}, false, "f")
	}
	w.flush()
	if c := w.condition("symptom", &budget{}, &budget{}); c.Turns != 300 || len(c.Looks) > maxChanges+2 {
		t.Errorf("%d turns, %d looks", c.Turns, len(c.Looks))
	}
}
