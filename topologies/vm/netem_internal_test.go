package vm

import (
	"errors"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// What had left before a queue was there is known when two looks agree; under load, but for what they differ by.
// One frame more has gone past the queue.
func TestSettle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		looks []uint64 // the last goes on
		want  most
	}{
		{"quiet", []uint64{7}, most{sent: 7}},
		{"in the device", []uint64{3, 7}, most{sent: 7}},
		{"two low ones", []uint64{7, 5, 5, 7, 7}, most{sent: 7}},
		{"under load", []uint64{4, 5, 7, 6, 7, 5, 7, 6, 7, 6, 5}, most{sent: 7, unsure: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := -1
			got, err := settle(t.Context(), func() (uint64, error) {
				i = min(i+1, len(tt.looks)-1)
				return tt.looks[i], nil
			})
			if got != tt.want || err != nil {
				t.Errorf("%+v, want %+v, %v", got, tt.want, err)
			}
			e, bound := topologies.Endpoint{Node: "n1", Interface: "eth1"}, tt.want.sent+tt.want.unsure
			if got.past(bound, e) != nil || got.past(bound+1, e) == nil {
				t.Errorf("of %d and one more frame: %v, %v", bound, got.past(bound, e), got.past(bound+1, e))
			}
		})
	}
	no := errors.New("no answer")
	if _, err := settle(t.Context(), func() (uint64, error) { return 0, no }); !errors.Is(err, no) {
		t.Errorf("a guest that does not answer: %v", err)
	}
}

// A delay that could not be taken back in time is refused, and not found out when it is.
func TestNetemLongest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		delay, jitter time.Duration
		refused       bool
	}{{netemMost, 0, false}, {netemMost - time.Second, time.Second, false}, {netemMost, time.Millisecond, true}, {time.Minute, 0, true}} {
		f := topologies.Fault{Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: tt.delay, Jitter: tt.jitter, Unorder: true}}
		_, err := netemWords(f)
		if _, missing := errors.AsType[*topologies.MissingError](err); missing != tt.refused {
			t.Errorf("%v and %v of jitter: %v", tt.delay, tt.jitter, err)
		}
	}
}
