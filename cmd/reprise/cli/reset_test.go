package cli

import (
	"testing"

	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestReset: what --reset takes is what a scenario takes, in one place.
func TestReset(t *testing.T) {
	var to string
	fl := pflag.NewFlagSet("x", pflag.ContinueOnError)
	ResetFlag(fl, &to, "trials", "the scenario's")
	if got := fl.Lookup("reset").Usage; got != "between two trials: none, config, daemons or redeploy (default: the scenario's)" {
		t.Errorf("%q", got)
	}
	for _, word := range append(resets(), "") {
		if r, err := ParseReset(word); err != nil || r != scenarios.Reset(word) {
			t.Errorf("%q: %q, %v", word, r, err)
		}
	}
	if r, err := ParseReset("reboot"); err == nil || r != "" {
		t.Errorf("reboot is %q", r)
	}
}
