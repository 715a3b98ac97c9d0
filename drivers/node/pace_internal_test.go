package node

import (
	"testing"
	"time"
)

// A start is looked at again before it is likely to be over, and soon where nothing is known; a slow one
// of the past keeps nobody waiting for long.
func TestPace(t *testing.T) {
	t.Parallel()
	p := pace{took: map[string]time.Duration{}}
	want := func(what string, least, most time.Duration) {
		t.Helper()
		if got := p.first("zebra"); got < least || got > most {
			t.Errorf("%s: first after %v, want %v to %v", what, got, least, most)
		}
	}
	want("nothing is known", startRound, startRound)
	p.learn("zebra", 200*time.Millisecond)
	want("one was seen", 100*time.Millisecond, 199*time.Millisecond)
	p.learn("bgpd", time.Millisecond)
	for range 20 {
		p.learn("zebra", 10*time.Second)
	}
	want("many were slow", startSlow, startSlow)
	for range 20 {
		p.learn("zebra", time.Millisecond)
	}
	want("many were fast since", startRound, startRound)
}
