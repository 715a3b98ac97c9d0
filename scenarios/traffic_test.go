package scenarios_test

import (
	"math"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// withTraffic is a scenario of two nodes with a flow, and a symptom that looks at it.
func withTraffic(flow, symptom string) string {
	return `reprise: v1
id: flows
title: A flow
topology: {nodes: {h1: {kind: linux, image: x}, h2: {kind: linux, image: x}, lan: {kind: bridge}}, links: [{endpoints: ["h1:eth1", "h2:eth1"]}]}
nodes: {h2: {files: {/etc/x: "address\n10.0.0.2/24 2001:db8::2\n"}}}
traffic: {video: {` + flow + `}}
baseline: [{name: it passes, traffic: {flow: video, last: 500ms}, expect: loss == 0, eventually: 5s}]
stimulus: [{link: "h1:eth1", fault: down, for: 1s}]
symptom: [{name: lost, ` + symptom + `}]
control: {without: [stimulus.0]}
`
}

// What of a flow cannot be meant is told, with where it stands.
func TestTraffic(t *testing.T) {
	const good = `from: h1, to: h2, dst: 10.0.0.2`
	const symptom = `traffic: video, expect: gap > 50ms and latency.p99 < 2ms, eventually: 10s`
	for _, tt := range []struct{ name, flow, symptom, want string }{
		{"good", good, symptom, ""},
		{"all keys", good + `, src: 10.0.0.1, port: 5004, rate: 50/s, size: 1500, count: 1000, dscp: 46, start: stimulus`, symptom, ""},
		{"over before the window is", good + `, rate: 50/s, count: 500`, symptom, "the flow video is over after 10s, and the window of symptom[0] may end 21s after it began"},
		{"over before the window of the baseline is", good + `, rate: 50/s, count: 100`, symptom, "the flow video is over after 2s, and the window of baseline[0] may end 5s after"},
		{"begun with the stimulus, and over", good + `, count: 10999, start: stimulus`, symptom, "the window of symptom[0] may end 11s after it began"},
		{"long enough", good + `, count: 21000`, symptom, ""},
		{"not for the watching before the stimulus", good + `, count: 20999`, symptom, "the window of symptom[0] may end 21s after it began"},
		{"long enough without it", good + `, count: 11000`, symptom + ", may-hold-before: true", ""},
		{"IPv6", `from: h1, to: h2, dst: "2001:db8::2", size: 76`, symptom, ""},
		{"rate 0", good + `, rate: 0/s`, symptom, "cannot send 0/s"},
		{"no rate", good + `, rate: fast`, symptom, `"fast" is no rate`},
		{"too fast", good + `, rate: 1000000`, symptom, "cannot send 1000000"},
		{"less than its headers", good + `, size: 55`, symptom, "packets of 55 bytes"},
		{"size 0", good + `, size: 0`, symptom, "packets of 0 bytes"},
		{"less than those of IPv6", `from: h1, to: h2, dst: "2001:db8::2", size: 75`, symptom, "packets of 75 bytes"},
		{"too large", good + `, size: 9001`, symptom, "packets of 9001 bytes"},
		{"dscp", good + `, dscp: 64`, symptom, "dscp 64"},
		{"port", good + `, port: 0`, symptom, "port 0"},
		{"count", good + `, count: 0`, symptom, "count 0"},
		{"unknown node", `from: h1, to: h3, dst: 10.0.0.2`, symptom, `no node "h3"`},
		{"a segment", `from: lan, to: h2, dst: 10.0.0.2`, symptom, "lan is a bridge segment"},
		{"itself", `from: h2, to: h2, dst: 10.0.0.2`, symptom, "sends to itself"},
		{"nowhere", `from: h1, to: h2`, symptom, "which address"},
		{"no address", `from: h1, to: h2, dst: h2`, symptom, `"h2" is no address`},
		{"of one link", `from: h1, to: h2, dst: "fe80::1"`, symptom, "not the address of one node"},
		{"of many", `from: h1, to: h2, dst: 224.0.0.5`, symptom, "not the address of one node"},
		{"two families", `from: h1, to: h2, dst: 10.0.0.2, src: "2001:db8::1"`, symptom, "cannot send to"},
		{"nobody has it", `from: h1, to: h2, dst: 10.0.0.9`, symptom, "warning: nothing of the scenario gives h2 the address 10.0.0.9"},
		{"unknown flow", good, `traffic: vide, expect: gap > 1, eventually: 10s`, `no flow "vide"`},
		{"with a node", good, `node: h1, traffic: video, expect: gap > 1, eventually: 10s`, "a flow is between two nodes"},
		{"no expression", good, `traffic: video, eventually: 10s`, "not what to expect"},
		{"percent", good, `traffic: video, expect: loss > 5, eventually: 10s`, "never true"},
		{"less than nothing", good, `traffic: video, expect: gap < 0ms, eventually: 10s`, "never true"},
		{"a word of another probe", good, `node: h1, exec: x, expect: gap > 1, eventually: 10s`, "unknown name gap"},
		{"a mistake behind a time", good, `traffic: video, expect: gap > 5ms and gop > 1, eventually: 10s`, "at column 15 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := scenarios.Load(write(t, withTraffic(tt.flow, tt.symptom)), scenarios.Options{})
			said := ""
			if err != nil {
				said = err.Error()
			} else if w := l.Warnings.Error(); len(l.Warnings) > 0 {
				said = w
			}
			if tt.want == "" && said != "" || !strings.Contains(said, strings.TrimPrefix(tt.want, "warning: ")) {
				t.Errorf("said %s\nwant %s", said, tt.want)
			}
		})
	}
}

// A time in an expression is seconds, and no text of it is touched.
func TestTimesInExpressions(t *testing.T) {
	for _, tt := range []struct {
		source string
		want   any
	}{
		{"took > 50ms", true},
		{"took == 1m30s", true},
		{"took - 90s == 0", true},
		{`text == "50ms"`, true},
		{"1.5s + 500ms == 2", true},
		{`text == '50ms' and took < 2m`, true},
		{"len(1..5) == 5", true},
	} {
		p, err := scenarios.CompilePredicate(tt.source, true)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if got, err := p.Eval(scenarios.View{Text: "50ms", Took: 90}, nil); err != nil || got != tt.want {
			t.Errorf("%s is %v, %v", tt.source, got, err)
		}
	}
}

// A word of which bounds are known decides where it decides for all that it may be, and a word that is
// unknown never does.
func TestWords(t *testing.T) {
	words := map[string]scenarios.Word{
		"gap": {Value: 1.0, Least: 0.9, Most: 1.1}, "lost": {Value: 3, Least: 3, Most: 8, Because: "the flow was over"}, "latency.max": {Least: 0.01, Most: math.Inf(1)}, "sent": {Value: 10}, "loss": {Why: "nobody knows"},
		"latency": {Value: map[string]any{"p99": 0.002}}, "gaps": {Value: []any{map[string]any{"start": 0.5}}},
	}
	for _, tt := range []struct {
		source string
		want   any // nil: unknown
	}{
		{"gap > 500ms", true},
		{"gap > 5s", false},
		{"5s < gap", false},
		{"not (gap >= 1.2)", true},
		{"gap > 1", nil},
		{"gap == 1", nil},
		{"gap + 1 > 5", nil},
		{"max(gap, 0) > 5", nil},
		{"gap > 1 and sent == 9", false},
		{"loss > 0.5", nil},
		{"lost == 0", false},
		{"0 != lost", true},
		{"lost == 4", nil},
		{"lost > 2 and not (lost > 8)", true},
		{"latency.max > 9ms", true},
		{"latency.max > 11ms", nil},
		{"loss > 0.5 or sent == 10", true},
		{"latency.p99 < 3ms and gaps[0].start > 400ms", true},
		{"latency.p50 < 3ms", nil},
	} {
		c := scenarios.Condition{Traffic: &scenarios.FlowLook{Flow: "video"}, Expect: tt.source}
		p, err := c.Compile()
		if err != nil {
			t.Fatalf("%s: %v", tt.source, err)
		}
		got, err := p.Eval(scenarios.View{Words: words}, nil)
		if got != tt.want || (err == nil) != (tt.want != nil) {
			t.Errorf("%s is %v, %v; want %v", tt.source, got, err, tt.want)
		}
	}
}

// A flow goes with a node at which it begins or ends, and with it what the baseline says of it.
func TestCutFlow(t *testing.T) {
	dir := t.TempDir()
	text := `reprise: v1
id: flows
title: Two flows
topology: {nodes: {h1: {kind: linux, image: x}, h2: {kind: linux, image: x}, h3: {kind: linux, image: x}}, links: [{endpoints: ["h1:eth1", "h2:eth1"]}, {endpoints: ["h1:eth2", "h3:eth1"]}]}
traffic: {video: {from: h1, to: h2, dst: 10.0.0.2}, voice: {from: h1, to: h3, dst: 10.0.1.2}}
baseline:
  - {name: video passes, traffic: video, expect: lost == 0, eventually: 5s}
  - {name: voice passes, traffic: {flow: voice}, expect: lost == 0, eventually: 5s}
stimulus: [{link: "h1:eth1", fault: down, for: 1s}]
symptom: [{name: lost, traffic: video, expect: gap > 50ms, eventually: 5s}]
`
	l, err := scenarios.Load(write(t, text), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Write(dir, scenarios.Cut{Nodes: map[string]bool{"h3": true}}); err != nil {
		t.Fatal(err)
	}
	got, err := scenarios.Load(dir, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Scenario; len(s.Traffic) != 1 || s.Traffic["video"].To != "h2" || len(s.Baseline) != 1 {
		t.Errorf("%+v %+v", s.Traffic, s.Baseline)
	}
}
