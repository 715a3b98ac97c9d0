package drivertest

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/replay"
)

// Transcript is a recorder that keeps everything, for tests.
type Transcript struct {
	mu     sync.Mutex
	begin  time.Time // of the first record
	events []replay.Record
}

// Records are what was recorded so far.
func (t *Transcript) Records() []replay.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.events)
}

// Record implements drivers.Recorder.
func (t *Transcript) Record(at time.Time, channel string, d drivers.Direction, p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begin.IsZero() {
		t.begin = at
	}
	t.events = append(t.events, replay.Record{At: at.Sub(t.begin), Channel: channel, Dir: d, Data: bytes.Clone(p)})
}

// Bytes joins what one direction of a channel carried; "" means every channel.
func (t *Transcript) Bytes(channel string, d drivers.Direction) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b bytes.Buffer
	for _, e := range t.events {
		if e.Dir == d && (channel == "" || e.Channel == channel) {
			b.Write(e.Data)
		}
	}
	return b.Bytes()
}
