package bird

import (
	"testing"
	"time"
)

func TestLate(t *testing.T) {
	d := &Driver{}
	for line, want := range map[string]time.Duration{
		"2026-11-28 21:25:47.101 <WARN> I/O loop cycle took 5250 ms for 6 events": 5250 * time.Millisecond,
		"2026-11-28 21:25:47.101 <WARN> Kernel latency 1200 ms":                   1200 * time.Millisecond,
		"2026-11-28 21:25:47.101 <INFO> Reconfigured":                             0,
	} {
		if by, ok := d.Late(line); ok != (want > 0) || by != want {
			t.Errorf("%s: %v, %v", line, by, ok)
		}
	}
}
