package scenarios

import (
	"maps"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// ProbeTraffic is the kind of [TrafficProbe].
const ProbeTraffic ProbeKind = "traffic"

// TrafficProbe is what came of a flow's packets.
type TrafficProbe struct{ FlowLook }

// FlowLook says which packets of a flow to look at.
type FlowLook struct {
	Flow string   `yaml:"flow" json:"flow"`
	Last Duration `yaml:"last" json:"last,omitempty"`
}

// DefaultLast is which packets a condition of the baseline looks at that says nothing.
const DefaultLast = Duration(time.Second)

// DecodeYAML accepts a flow's name too.
func (l *FlowLook) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		l.Flow = n.Value
		return
	}
	type plain FlowLook
	d.Value(n, (*plain)(l), path)
}

// JSONSchema describes both forms.
func (FlowLook) JSONSchema() *jsonschema.Schema {
	props := jsonschema.NewProperties()
	props.Set("flow", &jsonschema.Schema{Type: "string", Description: "Name of the flow, below traffic."})
	props.Set("last", Duration(0).JSONSchema())
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Description: "Name of the flow, below traffic."},
		{Type: "object", Properties: props, Required: []string{"flow"}, AdditionalProperties: jsonschema.FalseSchema},
	}}
}

func trafficProbe(c Condition) (Probe, bool) {
	if c.Traffic == nil {
		return nil, false
	}
	return TrafficProbe{*c.Traffic}, true
}

// Kind implements Probe.
func (TrafficProbe) Kind() ProbeKind { return ProbeTraffic }

// Describe implements Probe.
func (p TrafficProbe) Describe() string {
	if p.Last > 0 {
		return "traffic: " + p.Flow + ", the last " + p.Last.String()
	}
	return "traffic: " + p.Flow
}

// Sight implements Probe.
func (p TrafficProbe) Sight() Sight { return Sight{Anew: true, Flow: true} }

// flowEnv is the environment of an expression that looks at a flow: its words and every other. Times
// are in seconds.
type flowEnv struct {
	env
	Sent       int       `expr:"sent"`
	Received   int       `expr:"received"`
	Lost       int       `expr:"lost"`
	Loss       float64   `expr:"loss"`
	Duplicated int       `expr:"duplicated"`
	Reordered  int       `expr:"reordered"`
	Latency    latencies `expr:"latency"`
	Gap        float64   `expr:"gap"`
	Gaps       []gapEnv  `expr:"gaps"`
}

type latencies struct {
	P50 float64 `expr:"p50"`
	P95 float64 `expr:"p95"`
	P99 float64 `expr:"p99"`
	Max float64 `expr:"max"`
}

type gapEnv struct {
	Start  float64 `expr:"start"`
	Length float64 `expr:"length"`
	Least  float64 `expr:"least"`
	Most   float64 `expr:"most"`
	Goes   bool    `expr:"goes"`
}

// flowWords are the words of a flow, for hints.
const flowWords = "the words of traffic are sent received lost loss duplicated reordered latency.p50 .p95 .p99 .max gap gaps"

// check looks at the flow that is looked at. A condition on it has no node of its own.
func (p TrafficProbe) check(c *checker, where string, cond Condition) {
	if _, known := c.s.Traffic[p.Flow]; !known {
		names := slices.Sorted(maps.Keys(c.s.Traffic))
		hint := yamlpos.Suggest(p.Flow, names)
		if hint == "" && len(names) == 0 {
			hint = "traffic: {" + "video: {from: h1, to: h2, dst: 10.0.0.2}}"
		}
		c.Faultf(where+".traffic", hint, "the scenario has no flow %q", p.Flow)
	}
	if cond.Node != "" {
		c.Faultf(where+".node", "leave it out", "a flow is between two nodes, and says itself which")
	}
	if cond.Expect == "" {
		c.Faultf(where, "write expect: gap > 50ms", "%s says what to look at but not what to expect", where)
	}
}

// LooksAt are the nodes that a condition looks at: its own, or those between which its flow goes.
func (s *Scenario) LooksAt(c Condition) []string {
	if p, ok := c.Probe().(TrafficProbe); ok {
		f := s.Traffic[p.Flow]
		return []string{f.From, f.To}
	}
	return named(c.Node)
}
