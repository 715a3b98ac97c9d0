package html

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// A phase is drawn once, also where its record tells twice of it: the workaround's with its steps and with what must hold then.
func TestPhaseOnce(t *testing.T) {
	at := func(s int, k evidence.EventKind, p evidence.Phase, name string) evidence.Event {
		return evidence.Event{At: time.Duration(s) * time.Second, Kind: k, Phase: p, Name: name}
	}
	d := &reports.Detail{End: 30 * time.Second, Events: []evidence.Event{
		at(0, evidence.EventPhase, evidence.PhaseSymptom, ""), at(9, evidence.EventPhaseEnd, evidence.PhaseSymptom, ""),
		at(10, evidence.EventPhase, evidence.PhaseWorkaround, ""), at(15, evidence.EventPhase, evidence.PhaseWorkaround, evidence.PhaseExpect),
		at(25, evidence.EventPhaseEnd, evidence.PhaseWorkaround, ""),
		at(26, evidence.EventPhase, evidence.PhaseSymptom, ""), // which began anew
	}}
	var b strings.Builder
	plot{end: d.End}.bands(&b, d, 100)
	if n := strings.Count(b.String(), "band p-workaround"); n != 1 || !strings.Contains(b.String(), "workaround, 10.000 s to 25.000 s") {
		t.Errorf("%d bands of the workaround: %s", n, b.String())
	}
	if n := strings.Count(b.String(), "band p-symptom"); n != 2 {
		t.Errorf("%d bands of the symptom", n)
	}
	if got := what(d.Events[3]); got != "the steps of the workaround are over: what must hold is watched" {
		t.Errorf("the events say %q", got)
	}
}
