package evidence_test

import (
	"math"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

func TestClock(t *testing.T) {
	date := time.Date(2038, 1, 19, 3, 13, 0, 0, time.UTC)
	for _, tt := range []struct {
		clock  evidence.Clock
		lab    time.Duration // of a real second
		real   time.Duration // of a second of the lab
		scaled bool
		own    bool
		text   string
		beside string
		before string
	}{
		{evidence.Clock{}, time.Second, time.Second, false, false, "", "", ""},
		{evidence.Clock{Speed: 1}, time.Second, time.Second, false, false, "", "", ""},
		{evidence.Clock{Speed: 10}, 10 * time.Second, 100 * time.Millisecond, true, true, "speed 10", " at speed 10", "at speed 10: "},
		{evidence.Clock{Speed: 0.1}, 100 * time.Millisecond, 10 * time.Second, true, true, "speed 0.1", " at speed 0.1", "at speed 0.1: "},
		{evidence.Clock{Start: date}, time.Second, time.Second, false, true, "from 2038-01-19 03:13:00 UTC on", ", from 2038-01-19 03:13:00 UTC on", "from 2038-01-19 03:13:00 UTC on: "},
		{evidence.Clock{Speed: 60, Start: date}, time.Minute, time.Second / 60, true, true, "speed 60, from 2038-01-19 03:13:00 UTC on", " at speed 60, from 2038-01-19 03:13:00 UTC on", "at speed 60, from 2038-01-19 03:13:00 UTC on: "},
	} {
		c := tt.clock
		if lab, wall := c.Lab(time.Second), c.Real(time.Second); lab != tt.lab || (wall-tt.real).Abs() > 1 || c.Scaled() != tt.scaled || c.Own() != tt.own || c.String() != tt.text {
			t.Errorf("%+v: a second is %v in the lab, one of the lab %v, %v, %v, %q", c, lab, wall, c.Scaled(), c.Own(), c)
		}
		if c.Beside() != tt.beside || c.Before() != tt.before {
			t.Errorf("%+v is told as %q and %q", c, c.Beside(), c.Before())
		}
		if other := (evidence.Clock{Speed: 7}); !c.Same(evidence.Clock{Speed: c.Factor(), Start: c.Start.Local()}) || c.Same(other) || c.Same(evidence.Clock{Speed: c.Speed, Start: date.Add(1)}) {
			t.Errorf("%+v is taken for another", c)
		}
	}
	if got := (evidence.Clock{Speed: 1000}).Lab(math.MaxInt64 / 10); got != math.MaxInt64 {
		t.Errorf("what no time can hold: %v", got)
	}
}
