package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestFaultSweep: of the LS Updates on their way to a router the second delays a network, and not the
// first; what a busy machine cannot tell it does not tell.
func TestFaultSweep(t *testing.T) {
	livetest.Long(t, "labs of namespaces")
	needLab(t)
	needSpaces(t)
	t.Parallel()
	var done func()
	for try := 1; ; try++ {
		if try == 2 {
			done = alone()
			defer done()
		}
		var got struct {
			result.Sweep
			Exit int
		}
		c := exec.Command(os.Args[0], "fault", "sweep", "ospf-lost-ls-update", "--nth", "1,2", "--speed", "2", "--sprt", "0.3,0.9", "--control-trials", "1",
			"--provider", "namespaces", "--dir", t.TempDir(), "-q", "--json")
		c.Args[0] = "reprise"
		out, err := c.Output()
		if _, answered := errors.AsType[*exec.ExitError](err); err != nil && !answered {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got.Outcome == result.Inconclusive && try < realTries {
			t.Log(got.Answer)
			continue
		}
		if len(got.Points) != 2 || got.Points[0].Effect != result.EffectHarmless || got.Points[1].Effect != result.EffectTriggers || got.Exit != 0 {
			t.Errorf("%s", out)
		}
		return
	}
}
