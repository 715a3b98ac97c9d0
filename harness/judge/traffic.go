package judge

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// flowWords gives the words of a recorded reading of a flow. What was not sent can be neither lost nor late: of a time in which
// the flow was not sending they tell nothing, and are known to be at least as bad as what was seen.
func flowWords(text string) (map[string]scenarios.Word, error) {
	var r evidence.FlowReading
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("read a recorded reading of traffic: %w", err)
	}
	return wordsOf(r), nil
}

func wordsOf(r evidence.FlowReading) map[string]scenarios.Word {
	words := map[string]scenarios.Word{
		"sent": {Value: int(r.Sent)}, "duplicated": {Value: int(r.Duplicated)}, "reordered": {Value: int(r.Reordered)}, //nolint:gosec // counts of packets
		"received": {Value: int(r.Received)}, "lost": {Value: int(r.Lost)}, //nolint:gosec // counts of packets
		"loss": lossWord(r), "latency": latencyWord(r), "gap": gapWord(r), "gaps": gapsWord(r),
	}
	switch d, n := r.Unsent(); {
	case r.Sending != nil && r.Sent == 0:
		for _, w := range []string{"received", "lost", "loss", "latency", "gap", "gaps", "duplicated", "reordered"} {
			words[w] = scenarios.Word{Why: nothingSent(r)}
		}
	case n > 0:
		atLeast(words, r, d, n)
	}
	if r.Uncounted == "" {
		return words
	}
	for _, w := range []string{"received", "lost", "loss", "gap", "gaps", "duplicated", "reordered"} {
		words[w] = scenarios.Word{Why: r.Uncounted}
	}
	return words
}

// goesOn says why a look at a flow has no answer yet because of an outage that goes on: it would have another one however long that
// becomes; empty where it would not, and where none goes on.
func goesOn(c *plan.Check, rules evidence.Rules, o evidence.Observation, before *evidence.Observation, told any) string {
	if _, boolean := told.(bool); !boolean || !c.Cond.Boolean() || !c.Cond.Probe().Sight().Flow || !rules.Since(evidence.RulesV6) {
		return ""
	}
	var r evidence.FlowReading
	if json.Unmarshal([]byte(o.Text), &r) != nil {
		return ""
	}
	open := slices.IndexFunc(r.Gaps, func(g evidence.FlowGap) bool { return g.Goes })
	if open < 0 || r.Gap == nil {
		return ""
	}
	endless := r.Gaps[open]
	endless.Length, endless.Least, endless.Most = math.Inf(1), 0, 0
	why := fmt.Sprintf("an outage goes on that is %s s long by then, and how long it becomes decides", strconv.FormatFloat(r.Gaps[open].Length, 'g', 4, 64))
	r.Gap, r.Gaps = &endless, append([]evidence.FlowGap{endless}, slices.Delete(r.Gaps, open, open+1)...)
	now := view(c, rules, o, c.Predicate.UsesExit)
	now.Words = wordsOf(r)
	if v, err := c.Predicate.Eval(now, earlier(c, rules, before)); err == nil && v == told {
		return ""
	}
	return fmt.Sprintf("%s: it is %v so far", why, told)
}

// longer says how a flow lasts.
const longer = "a higher count or none, or a lower rate, has it last"

// nothingSent says why nothing was sent since a moment.
func nothingSent(r evidence.FlowReading) string {
	if !r.Sending.Ended() {
		return "nothing was sent yet since " + r.Since
	}
	before := max(r.From-r.Sending.Over, 0).Round(time.Millisecond)
	return fmt.Sprintf("nothing was sent since %s: the flow was over %s before; %s", r.Since, before, longer)
}

// atLeast bounds the words of a flow that was not sending for a while, by what it would have seen of so many packets.
func atLeast(words map[string]scenarios.Word, r evidence.FlowReading, d time.Duration, n uint64) {
	why := fmt.Sprintf("the flow began only %s after", d.Round(time.Millisecond))
	if r.Sending.Ended() {
		why = fmt.Sprintf("the flow was over %s before this look; %s", (r.To - r.Sending.Over).Round(time.Millisecond), longer)
	}
	set := func(word string, least, most float64) {
		if w := words[word]; w.Why == "" {
			words[word] = scenarios.Word{Value: w.Value, Least: least, Most: most, Because: why}
		}
	}
	more := float64(n)
	set("lost", float64(r.Lost), float64(r.Lost)+more)
	set("duplicated", float64(r.Duplicated), math.Inf(1))
	set("reordered", float64(r.Reordered), float64(r.Reordered)+more)
	if r.Sending.Begin < r.From { // of a flow that was sent as a whole since, it is known how many came
		set("received", float64(r.Received), float64(r.Received)+more)
	}
	if r.Loss != nil && *r.Loss < 1 {
		due := float64(r.Sent-r.Pending) + more
		set("loss", *r.Loss, (float64(r.Lost)+more)/due)
	}
	if r.Gap != nil {
		least, most := r.Gap.Bounds()
		set("gap", least, most+d.Seconds())
		words["gaps"] = scenarios.Word{Why: why}
	}
	if l := r.Latency; l != nil {
		for part, v := range map[string]float64{"p50": l.P50, "p95": l.P95, "p99": l.P99, "max": l.Max} {
			words["latency."+part] = scenarios.Word{Value: v, Least: v, Most: math.Inf(1), Because: why}
		}
		words["latency"] = scenarios.Word{Why: why}
	}
}

// unbegun reports whether a look at a flow came before the flow's first packet since what it counts from: it then saw nothing,
// and the next look tells of all of that time too.
func unbegun(c *plan.Check, o evidence.Observation) bool {
	if !c.Cond.Probe().Sight().Flow {
		return false
	}
	var r evidence.FlowReading
	if json.Unmarshal([]byte(o.Text), &r) != nil || r.Sending == nil || r.Sent > 0 || r.Sending.Ended() {
		return false
	}
	return !r.Sending.Moving || r.Sending.Begin >= r.From
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
		least, most := g.Bounds()
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
