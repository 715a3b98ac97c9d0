package drivertest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// leakTimeout is how long goroutines of what was closed may take to end. It is reached on a
// machine with a leak only, however busy it is.
const leakTimeout = 30 * time.Second

// NoLeaks has a test fail when it leaves goroutines behind. It is called first: the check
// comes after every clean-up that is registered later, and waits for what is ending, since
// a session that hung is closed from elsewhere, by a process that has to be killed first.
func NoLeaks(tb testing.TB, o ...goleak.Option) {
	tb.Helper()
	tb.Cleanup(func() {
		deadline := time.Now().Add(leakTimeout)
		for {
			err := goleak.Find(o...) // looks again and again for half a second
			if err == nil {
				return
			}
			if time.Now().After(deadline) {
				tb.Error(err)
				return
			}
		}
	})
}
