package judge

import (
	"encoding/json"
	"fmt"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// flowWords gives the words of a recorded reading of a flow.
func flowWords(text string) (map[string]scenarios.Word, error) {
	var r evidence.FlowReading
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("read a recorded reading of traffic: %w", err)
	}
	words := map[string]scenarios.Word{
		"sent": {Value: int(r.Sent)}, "duplicated": {Value: int(r.Duplicated)}, "reordered": {Value: int(r.Reordered)}, //nolint:gosec // counts of packets
		"received": {Value: int(r.Received)}, "lost": {Value: int(r.Lost)}, //nolint:gosec // counts of packets
		"loss": lossWord(r), "latency": latencyWord(r), "gap": gapWord(r), "gaps": gapsWord(r),
	}
	if r.Uncounted == "" {
		return words, nil
	}
	for _, w := range []string{"received", "lost", "loss", "gap", "gaps", "duplicated", "reordered"} {
		words[w] = scenarios.Word{Why: r.Uncounted}
	}
	return words, nil
}

func lossWord(r evidence.FlowReading) scenarios.Word {
	if r.Loss == nil {
		return scenarios.Word{Why: "no packet that was sent since has come, or is overdue"}
	}
	return scenarios.Word{Value: *r.Loss}
}

func latencyWord(r evidence.FlowReading) scenarios.Word {
	if r.Latency == nil {
		return scenarios.Word{Why: "no packet that was sent since has come"}
	}
	l := r.Latency
	return scenarios.Word{Value: map[string]any{"p50": l.P50, "p95": l.P95, "p99": l.P99, "max": l.Max}}
}

func gapWord(r evidence.FlowReading) scenarios.Word {
	if r.Gap == nil {
		return scenarios.Word{Why: "no packet of the flow has ever come: there is nothing to count an outage from"}
	}
	return scenarios.Word{Value: r.Gap.Length, Least: r.Gap.Least, Most: r.Gap.Most}
}

func gapsWord(r evidence.FlowReading) scenarios.Word {
	if r.Gap == nil {
		return gapWord(r)
	}
	list := []any{}
	for _, g := range r.Gaps {
		least, most := g.Least, g.Most
		if least == most {
			least, most = g.Length, g.Length
		}
		list = append(list, map[string]any{"start": g.Start, "length": g.Length, "least": least, "most": most, "goes": g.Goes})
	}
	return scenarios.Word{Value: list}
}

// saidByFlow gives a recorded reading of a flow in one line.
func saidByFlow(text string) string {
	var r evidence.FlowReading
	if json.Unmarshal([]byte(text), &r) != nil {
		return ""
	}
	return r.String()
}
