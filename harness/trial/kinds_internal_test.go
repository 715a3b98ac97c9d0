package trial

import (
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// Whatever a scenario can say is carried out.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, kind := range scenarios.ProbeKinds() {
		if probes()[kind] == nil {
			t.Errorf("nothing observes with the probe %s", kind)
		}
	}
	for _, kind := range scenarios.ActionKinds() {
		if actions()[kind] == nil {
			t.Errorf("nothing carries out the action %s", kind)
		}
	}
	if len(probes()) != len(scenarios.ProbeKinds()) || len(actions()) != len(scenarios.ActionKinds()) {
		t.Error("something is carried out that no scenario can say")
	}
}
