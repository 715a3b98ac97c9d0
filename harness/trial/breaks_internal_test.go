package trial

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// breaker is a driver that tells what broke.
type breaker struct {
	drivers.Driver
	list []drivers.Break
	err  error
}

func (b *breaker) Breaks(context.Context) ([]drivers.Break, error) {
	return slices.Clone(b.list), b.err
}

// TestBreakWatch: what broke is told once, with its node; what was over before the trial is not the trial's, what was
// broken still is, and so is what was begun anew within it. Where nobody can tell, that is told.
func TestBreakWatch(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0)
	broke := func(what string, over bool) drivers.Break {
		return drivers.Break{What: "session " + what, Why: "no port", At: at, Over: over}
	}
	dir := evidence.Dir{Path: t.TempDir()}.Trial(1)
	rec, err := newRecorder(dir, evidence.Clock{}, evidence.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{list: []drivers.Break{broke("before", true), broke("still", false)}}
	w := newBreakWatch(&Lab{plan: &plan.Plan{}, nodes: []*labNode{{Node: plan.Node{Name: "t1"}, driver: b}, {}}}, rec)
	w.begin(t.Context())
	if w.check(t.Context()) {
		t.Error("what is broken is whole")
	}
	b.list = append(b.list, broke("within", true))
	if w.check(t.Context()) {
		t.Error("what broke and was begun anew is whole")
	}
	if !w.check(t.Context()) {
		t.Error("nothing broke since")
	}
	// A node that a fault restarts knows of nothing after that.
	b.list = append(b.list, broke("restarted", false))
	restart := plan.Step{Step: scenarios.Step{Node: "t1", Fault: scenarios.FaultRestart}}
	if err := nodeFault(t.Context(), &actor{lab: w.lab, rec: rec, breaks: w}, restart); err == nil {
		t.Error("a node that nothing can restart was")
	}
	b.list = nil
	if b.err = errors.New("no answer"); w.check(t.Context()) {
		t.Error("what nobody knows is whole")
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
	record, err := dir.Read()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range record.Events {
		if e.Kind == evidence.EventLab && e.Outcome == evidence.Failed {
			said = append(said, e.Detail)
		}
	}
	want := []string{
		"t1: session still ended by its own error: no port", "t1: session within ended by its own error: no port",
		"t1: session restarted ended by its own error: no port",
		"whether all went on that t1 was told to do is not known: no answer",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}
