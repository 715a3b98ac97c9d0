package trial

import (
	"context"
	"encoding/json"

	"github.com/reprise-lab/reprise/scenarios"
)

// observeTraffic reads a flow; Count is the number of packets that came.
func observeTraffic(ctx context.Context, b *observer, q question, p scenarios.TrafficProbe) error {
	r, err := b.lab.traffic.read(ctx, p)
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	q.seen.Text, q.seen.Count = string(text), int(r.Received) //nolint:gosec // a count of packets
	return err
}
