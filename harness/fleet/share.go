package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Usage is what a worker has stored on the server that no coordinator has fetched yet: its results, and its records beyond 256 KiB. Of a
// server without bounds (see [SetupWithin]) a worker has no share.
type Usage struct {
	// Stored is in bytes, of results or of records, of which it is whichever is nearer to its share; every message counts as the largest there may be.
	Stored int64 `json:"stored,omitempty"`
	Share  int64 `json:"share,omitempty"` // bytes that one worker may store of these; 0: as much as there is room for
	// Full is a worker that stores its share of results, or of records: it takes no more tasks. Over is one that goes on storing, and has twice
	// of it, or three quarters of what all may store: the server takes nothing more from it.
	Full bool `json:"full,omitempty"`
	Over bool `json:"over,omitempty"`
}

// A worker's share of results, and of records, is a quarter of what all may store, but of records the room for two of the largest in any case.
const (
	shareOf     = 4
	leastRecord = 2 * DefaultMaxRecord / chunk // messages
)

// Usages is what workers have stored, by their keys.
func (c *Conn) Usages(ctx context.Context) (map[string]Usage, error) {
	usages := map[string]Usage{}
	for _, s := range []struct {
		stream, subjects string
		worker           int // its place in them
		size, least      int64
	}{
		{streamRecords, prefixRecord + ".>", 2, recordSize, leastRecord},
		{streamResults, prefixResult + ".>", 3, resultSize, 1},
	} {
		stream, err := c.js.Stream(ctx, s.stream)
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", s.stream, err)
		}
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(s.subjects))
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", s.stream, err)
		}
		messages := map[string]int64{}
		for on, n := range info.State.Subjects {
			messages[strings.Split(on, ".")[s.worker]] += int64(n) //nolint:gosec // numbers of messages
		}
		share, over := int64(0), int64(0)
		if most := info.Config.MaxMsgs; most > 0 {
			share = min(most, max(most/shareOf, s.least))
			over = max(share, min(2*share, most-most/shareOf))
		}
		for worker, n := range messages {
			was := usages[worker]
			u := Usage{Stored: n * s.size, Share: share * s.size, Full: share > 0 && n >= share, Over: share > 0 && n >= over}
			if u.used() < was.used() {
				u.Stored, u.Share = was.Stored, was.Share
			}
			u.Full, u.Over = u.Full || was.Full, u.Over || was.Over
			usages[worker] = u
		}
	}
	return usages, nil
}

// used is the part of its share that a worker has stored.
func (u Usage) used() float64 { return float64(u.Stored) / float64(max(u.Share, 1)) }

// requestShare tells a worker what it has stored.
const requestShare = "share"

// TellUsage tells a worker what it has stored, for an embedded server.
func (c *Conn) TellUsage(worker string, u Usage) error {
	body, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("tell worker %s what it has stored: %w", worker, err)
	}
	on := subject(prefixControl, worker, requestShare)
	data, err := signWord(c.pair, on, body)
	if err == nil {
		err = c.nc.Publish(on, data)
	}
	if err != nil {
		return fmt.Errorf("tell worker %s what it has stored: %w", worker, err)
	}
	return nil
}

// fullFor is how long a worker believes that its share is used up; it is told again before.
const fullFor = 15 * time.Second

// hearUsage has the worker take no more tasks while its share is used up.
func (w *Worker) hearUsage(body []byte) {
	var u Usage
	if json.Unmarshal(body, &u) != nil {
		return
	}
	w.mu.Lock()
	was := time.Now().Before(w.full)
	w.full, w.offer.Full = time.Time{}, Usage{}
	if u.Full {
		w.full, w.offer.Full = time.Now().Add(fullFor), u
	}
	w.mu.Unlock()
	if was != u.Full {
		w.announce("%s", u)
		w.wake()
		w.tell()
	}
}

// String says it to the worker's owner.
func (u Usage) String() string {
	const mega = 1e6
	stored := fmt.Sprintf("%.0f MB that no coordinator has fetched, of %.0f MB that one worker may have on the server's disk", float64(u.Stored)/mega, float64(u.Share)/mega)
	if u.Full {
		return "nothing more is taken: this worker has stored " + stored
	}
	return "tasks are taken again: this worker has stored " + stored
}

// WithoutUploads are permissions to publish without those to store results and records.
func WithoutUploads(publish []string) []string {
	return slices.DeleteFunc(slices.Clone(publish), func(on string) bool {
		return strings.HasPrefix(on, prefixResult+".") || strings.HasPrefix(on, prefixRecord+".")
	})
}
