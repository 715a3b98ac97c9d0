package faketime

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// TestEpochElsewhere: a moment is the same one on a machine whose clocks show something else, whether these were read before
// or after it; one whose clocks are not known well enough has none.
func TestEpochElsewhere(t *testing.T) {
	t.Parallel()
	e, err := Now()
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{-time.Minute, 0, 90 * time.Second} {
		there := topologies.MachineClocks{
			At: e.Real.Add(-after), Within: time.Millisecond, Real: e.Real.Add(-after).Add(-2 * time.Hour),
			Monotonic: 1000 * time.Second, Raw: 900 * time.Second, Boot: 1100 * time.Second,
		}
		got, err := e.on(there)
		if err != nil {
			t.Fatal(err)
		}
		if want := e.Real.Add(-2 * time.Hour); !got.Real.Round(0).Equal(want.Round(0)) {
			t.Errorf("%s after the clocks were read, its date is %s, want %s", after, got.Real, want)
		}
		for name, clock := range map[string]struct {
			got  unix.Timespec
			then time.Duration
		}{"monotonic": {got.monotonic, 1000 * time.Second}, "raw": {got.raw, 900 * time.Second}, "boot": {got.boot, 1100 * time.Second}} {
			if want := clock.then + after; time.Duration(clock.got.Nano()) != want {
				t.Errorf("%s: %s, want %s", name, time.Duration(clock.got.Nano()), want)
			}
		}
	}
	_, err = e.on(topologies.MachineClocks{At: e.Real, Real: e.Real, Within: Tolerance/2 + 1})
	if unknown, ok := errors.AsType[*UnknownError](err); !ok || unknown.Within != Tolerance/2+1 {
		t.Errorf("clocks that are known to within more than they may differ: %v", err)
	}
	here, err := Clocks()
	// On a machine that never slept they show the same, and are read one after the other.
	if err != nil || here.Monotonic <= 0 || here.Boot < here.Monotonic-time.Minute || time.Since(here.Real) > time.Minute {
		t.Errorf("%+v, %v", here, err)
	}
}
