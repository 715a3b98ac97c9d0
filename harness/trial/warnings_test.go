package trial_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestWarnings: what a lab was built without is in the record, and changes no verdict.
func TestWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.provider.Warnings = []string{"the kernel does not bound the nodes of this lab"}
		v := w.trial(t, t.Context(), planOf(t, stuck, plan.Options{}))
		record, err := w.dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		said := func(e evidence.Event) bool {
			return e.Kind == evidence.EventNote && e.Name == w.provider.Warnings[0]
		}
		if v.Verdict != evidence.Reproduced || !slices.ContainsFunc(record.Events, said) {
			t.Errorf("verdict %s %s, events %+v", v.Verdict, v.Reason, record.Events)
		}
	})
}
