package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// OtherClock is the clock of another machine of a lab, by which something was given its times.
type OtherClock struct {
	Host   string        `json:"host"`
	Within time.Duration `json:"within"` // how wrong times may be that were told by it, either way, in real time
	// Unmeasured says that nobody measured the clock, so that Within is not known.
	Unmeasured bool `json:"unmeasured,omitempty"`
}

// String says what is known of it.
func (c OtherClock) String() string {
	if c.Unmeasured {
		return fmt.Sprintf("the clock of host %s was not measured", c.Host)
	}
	return fmt.Sprintf("the clock of host %s is known to within %s", c.Host, c.Within)
}

// Otherwise is what a look would have seen had all that it saw come earlier, and later, by what the clock that told of it may be wrong
// by; none where that is too little to matter. The clock is nil of a look that needed no other machine's. The error is that of a text that
// cannot be read.
func (o Observation) Otherwise() (clock *OtherClock, others []Observation, err error) {
	add := func(text any, count int) {
		data, failed := json.Marshal(text)
		err = errors.Join(err, failed)
		other := o
		other.Text, other.Count = string(data), count
		others = append(others, other)
	}
	switch o.Probe {
	case ProbeFrame:
		f, failed := ReadFrames(o.Text)
		clock, err = f.Clock, failed
		for _, x := range []*Frames{f.Earlier, f.Later} {
			if x != nil {
				add(x, x.Count)
			}
		}
	case ProbeTraffic:
		var f FlowReading
		err = json.Unmarshal([]byte(o.Text), &f)
		clock = f.Clock
		for _, x := range []*FlowReading{f.Earlier, f.Later} {
			if x != nil {
				add(x, int(x.Received)) //nolint:gosec // a count of packets
			}
		}
	}
	return clock, others, err
}
