package isolate

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/isolate"
)

func TestRunLine(t *testing.T) {
	unit := []isolate.Unit{{ID: "line a:1", Kind: isolate.Line, Parent: -1}}
	main, control := isolate.Whole(unit), isolate.Whole(unit)
	control.Control = true
	for _, tt := range []struct {
		of     isolate.Candidate
		result isolate.Result
		want   string
	}{
		{main, isolate.Result{Outcome: isolate.Hit, Took: time.Second}, "hit, 1s"},
		{main, isolate.Result{Outcome: isolate.Miss, Took: time.Second, Reason: "it is up"}, "miss, 1s"},
		{main, isolate.Result{Outcome: isolate.Invalid, Took: time.Second, Reason: "no baseline", GaveUp: true}, "invalid, 1s: no baseline (given up early: others hold sooner)"},
		{control, isolate.Result{Outcome: isolate.Miss, Took: time.Second, Reason: "it is up"}, "control is healthy, 1s"},
		{control, isolate.Result{Outcome: isolate.Hit, Took: time.Second}, "control fails too, 1s"},
		{control, isolate.Result{Outcome: isolate.Invalid, Took: time.Second, Reason: "no baseline"}, "control invalid, 1s: no baseline"},
	} {
		if got := runLine(isolate.Entry{Candidate: tt.of.Key(unit), Result: tt.result}); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
