package scenarios

import (
	"math"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Bounds of a lab's speed. Beyond them a process cannot be told the time in steps that mean
// anything: a poll of one millisecond would have to wait 10 µs, or ten seconds.
const (
	MinSpeed = 0.01
	MaxSpeed = 1000
)

// Clock is how time passes in the lab. Every other time in a scenario is the lab's.
type Clock struct {
	Speed Speed `yaml:"speed" json:"speed,omitempty" jsonschema_description:"Seconds of the lab in a second of this machine: with 10 a wait of 40 s takes 4. Below 1 the lab is slower, for a machine that is too small. The kernel's own timers, links and processors keep real time."`
	Start Date  `yaml:"start" json:"start,omitzero" jsonschema_description:"Date at which the lab's clocks begin, in every trial: 2038-01-19T03:13:00Z. Takes reset: redeploy."`
}

// Speed is how many seconds pass in the lab in one of this machine; 0 is not said, and 1.
type Speed float64

// Real is how long a time of the lab takes on this machine.
func (s Speed) Real(lab time.Duration) time.Duration {
	if s == 0 {
		return lab
	}
	if d := float64(lab) / float64(s); d < math.MaxInt64 {
		return time.Duration(d)
	}
	return math.MaxInt64
}

// DecodeYAML reads a speed within its bounds.
func (s *Speed) DecodeYAML(doc *yamlpos.Doc, n *yaml.Node, path string) {
	var v float64
	switch err := n.Decode(&v); {
	case n.Kind != yaml.ScalarNode || err != nil:
		doc.NodeFaultf(n, "write 10, or 0.5", "%s: %q is no number", path, n.Value)
	case !ValidSpeed(v):
		doc.NodeFaultf(n, "0.01 to 1000; 1 is real time", "%s: a lab cannot have %s times the speed of this machine", path, n.Value)
	default:
		*s = Speed(v)
	}
}

// ValidSpeed reports whether a lab can have a speed.
func ValidSpeed(v float64) bool { return !math.IsNaN(v) && v >= MinSpeed && v <= MaxSpeed }

// Date is a moment, written as RFC 3339 has it.
type Date struct{ time.Time }

// tellable reports whether programs can be told a date: nanoseconds since 1970 hold it in 64
// bits, with the time before it that a program may ask for.
func tellable(d time.Time) bool { return d.Year() >= 1971 && d.Year() < 2262 }

// DecodeYAML reads a date.
func (d *Date) DecodeYAML(doc *yamlpos.Doc, n *yaml.Node, path string) {
	v, err := time.Parse(time.RFC3339, strings.TrimSpace(n.Value))
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		doc.NodeFaultf(n, "write 2038-01-19T03:13:00Z", "%s: %q is no date", path, n.Value)
	case !tellable(v.UTC()):
		doc.NodeFaultf(n, "1971 to 2261: what nanoseconds since 1970 hold in 64 bits", "%s: programs cannot be told the date %s", path, n.Value)
	default:
		d.Time = v.UTC()
	}
}

// JSONSchema describes a date to editors.
func (Date) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Format: "date-time", Examples: []any{"2038-01-19T03:13:00Z"}}
}

// JSONSchema describes a speed to editors.
func (Speed) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "number", Minimum: "0.01", Maximum: "1000", Examples: []any{10, 0.5}}
}

// NodeClock is by which clock a node runs.
type NodeClock string

// Clocks of a node.
const (
	ClockLab  NodeClock = "lab"  // the scenario's; the default
	ClockReal NodeClock = "real" // this machine's
)

// JSONSchema describes the clocks to editors.
func (NodeClock) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Enum: []any{ClockLab, ClockReal}}
}

// clock checks what the scenario says of time.
func (c *checker) clock() {
	for name, n := range c.s.Nodes {
		if n.Clock != "" && n.Clock != ClockLab && n.Clock != ClockReal {
			c.Faultf(yamlpos.Join("nodes", name)+".clock", "lab or real", "there is no clock %q", n.Clock)
		}
	}
	if c.s.Clock.Start.IsZero() {
		return
	}
	if r := c.s.Trials.Reset; r != "" && r != ResetRedeploy {
		c.Faultf("clock.start", "leave trials.reset out: every trial is a cold start then", "with reset %s the second trial would begin at a later date than the first", r)
	}
}
