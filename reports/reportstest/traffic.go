package reportstest

import (
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Flowing is a trial with a flow that had a gap.
func Flowing() Trial {
	loss := 0.25
	series := evidence.FlowSeries{Flow: "video", Begin: 3 * time.Second, Span: 100 * time.Millisecond}
	for i := range 160 {
		series.Sent = append(series.Sent, 100)
		came := uint32(100)
		if i >= 40 && i < 50 {
			came = 0
		}
		series.Received = append(series.Received, came)
	}
	return Trial{
		Verdict: evidence.Reproduced, Text: "it went", Series: series,
		Flow: &evidence.Flow{Name: "video", From: "h1", To: "h2", What: "h1 → h2", File: "traffic/video.json", Reading: &evidence.FlowReading{
			Flow: "video", Since: "the stimulus", From: 5 * time.Second, To: 19 * time.Second, Sent: 4000, Received: 3000, Lost: 1000, Reordered: 7, Loss: &loss,
			Latency: &evidence.FlowLatency{P50: 0.001, P95: 0.002, P99: 0.0025, Max: 0.25},
			Gap:     &evidence.FlowGap{Start: 2, Length: 1, Least: 0.98, Most: 1.02}, Gaps: []evidence.FlowGap{{Start: 2, Length: 1, Least: 0.98, Most: 1.02}},
		}},
	}
}
