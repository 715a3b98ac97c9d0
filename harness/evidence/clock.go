package evidence

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Clock is how time passes in the lab of a run. Times of a record (At, Took) are the lab's; where
// they are moments (Time, Started) they are real ones. The zero value is a lab in real time.
type Clock struct {
	// Speed is how many seconds pass in the lab in a real one; 0 is 1.
	Speed float64 `json:"speed,omitempty"`
	// Start is the date at which the lab's clocks begin in each trial; zero where that is the real one.
	Start time.Time `json:"start,omitzero"`
}

// Factor is the speed, 1 for real time.
func (c Clock) Factor() float64 {
	if c.Speed == 0 {
		return 1
	}
	return c.Speed
}

// Scaled reports whether the lab's clocks run at another speed than real ones.
func (c Clock) Scaled() bool { return c.Factor() != 1 }

// Own reports whether the lab has clocks of its own: by their speed, or by their date.
func (c Clock) Own() bool { return c.Scaled() || !c.Start.IsZero() }

// Same reports whether time passes alike.
func (c Clock) Same(d Clock) bool { return c.Factor() == d.Factor() && c.Start.Equal(d.Start) }

// Lab is how much time passes in the lab in a real time.
func (c Clock) Lab(d time.Duration) time.Duration {
	if !c.Scaled() {
		return d
	}
	return times(d, c.Factor())
}

// Real is how much real time a time of the lab takes.
func (c Clock) Real(lab time.Duration) time.Duration {
	if !c.Scaled() {
		return lab
	}
	return times(lab, 1/c.Factor())
}

// times multiplies, and keeps to what a time can hold.
func times(d time.Duration, f float64) time.Duration {
	v := float64(d) * f
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(v))
}

// Beside is what stands beside a verdict or a rate: " at speed 10", and nothing where nothing is
// unlike real time.
func (c Clock) Beside() string {
	switch s := c.String(); {
	case s == "":
		return ""
	case c.Scaled():
		return " at " + s
	default:
		return ", " + s
	}
}

// Before is Beside for the beginning of a sentence: "at speed 10: ".
func (c Clock) Before() string {
	if s := strings.TrimLeft(c.Beside(), ", "); s != "" {
		return s + ": "
	}
	return ""
}

// String says what is unlike real time, for people: "speed 10, from 2038-01-19 03:13:00 UTC on".
// Empty where nothing is.
func (c Clock) String() string {
	var s string
	if c.Scaled() {
		s = "speed " + strconv.FormatFloat(c.Speed, 'g', -1, 64)
	}
	if c.Start.IsZero() {
		return s
	}
	if s != "" {
		s += ", "
	}
	return s + fmt.Sprintf("from %s on", c.Start.UTC().Format("2006-01-02 15:04:05 MST"))
}
