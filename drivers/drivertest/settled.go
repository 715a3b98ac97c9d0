package drivertest

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// Settled are two answers of a device that did not change, and one of a device that did.
type Settled struct{ Was, Is, Not string }

// Settles checks that rules make two answers the same where the device is, and leave them different
// where it is not; an empty Not is not checked.
func Settles(t *testing.T, rules []volatile.Rule, answers []Settled) {
	t.Helper()
	for _, a := range answers {
		was, is, not := volatile.Apply(a.Was, rules), volatile.Apply(a.Is, rules), volatile.Apply(a.Not, rules)
		if was != is {
			t.Errorf("%q\nis not\n%q", was, is)
		}
		if a.Not != "" && was == not {
			t.Errorf("%q is taken for\n%q, both as %q", a.Not, a.Was, was)
		}
	}
}
