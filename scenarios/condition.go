package scenarios

import (
	"fmt"
	"time"
)

// Condition looks with a probe, decides with an expression, and holds or fails over a
// window of time. It has exactly one probe and exactly one window.
type Condition struct {
	Name string `yaml:"name" json:"name,omitempty" jsonschema_description:"What holds when this is true; only wait-for may leave it out."`
	Node string `yaml:"node" json:"node,omitempty" jsonschema_description:"The node to look at."`

	Run   string `yaml:"run" json:"run,omitempty" jsonschema_description:"Probe: a command for the node's command line."`
	Exec  string `yaml:"exec" json:"exec,omitempty" jsonschema_description:"Probe: a command for the shell beneath the platform. Its answer is what it writes to standard output and standard error; 2>/dev/null leaves the latter out."`
	Log   string `yaml:"log" json:"log,omitempty" jsonschema_description:"Probe: log lines since the phase began that match this regular expression; text holds them, count their number."`
	Reach *Reach `yaml:"reach" json:"reach,omitempty" jsonschema_description:"Probe: ping or TCP connection from the node; count is the number of answers."`
	Core  string `yaml:"core" json:"core,omitempty" jsonschema_description:"Probe: deaths of this daemon or process (or any of the node) since the stimulus began, or since the trial began where the stimulus only waits; count is their number, rows their details."`
	Step  string `yaml:"step" json:"step,omitempty" jsonschema_description:"Probe: how long the step of this name took, of one that is repeated its last repetition: took, in seconds of the lab's time. It needs no node."`
	Frame *Frame `yaml:"frame" json:"frame,omitempty" jsonschema_description:"Probe: frames that pass an endpoint since the stimulus began; count is their number, rows the frames (time, direction, length, src, dst, vlan, ethertype, ipsrc, ipdst, proto, sport, dport, kind, message), json has bytes, rate, first, last, gap and silence. The node is the endpoint's."`

	Traffic *FlowLook `yaml:"traffic" json:"traffic,omitempty" jsonschema_description:"Probe: what came of the packets of a flow that were sent since the stimulus (or the workaround) began, in the baseline in the last second; or {flow, last: 5s}. Expressions have sent, received, lost, loss, duplicated, reordered, latency.p50 .p95 .p99 .max, gap, gaps; times in seconds, or written as 50ms."`

	SameAs   string   `yaml:"same-as" json:"same-as,omitempty" jsonschema_description:"Instead of a probe: the baseline condition of the same name."`
	Template string   `yaml:"template" json:"template,omitempty" jsonschema_description:"TextFSM template that turns the output into rows: a file beside the scenario, or PLATFORM:NAME for one that comes with the platform."`
	Expect   string   `yaml:"expect" json:"expect,omitempty" jsonschema_description:"Expression over text, json, rows, exit, count, took, ports and before; 50ms is 0.05. Default for log, reach, core and frame: count > 0; with unchanged and rate, count."`
	Exit     Statuses `yaml:"exit" json:"exit,omitempty" jsonschema_description:"Exit status that is an answer, or a list of them, for exec, and for run where the platform has statuses. Without this only 0 is, unless the expression looks at exit: a command that fails has no answer. any takes every status of a command that could be run."`
	// Hangs takes the place of an expression: the condition is true at an observation that waited
	// this long and got no answer, and false at one that was answered.
	Hangs Duration `yaml:"hangs" json:"hangs,omitempty" jsonschema_description:"Instead of expect, for run and exec: true when the command is not answered within this time."`

	Eventually   Duration `yaml:"eventually" json:"eventually,omitempty" jsonschema_description:"Window: true at some time within."`
	Within       Duration `yaml:"within" json:"within,omitempty" jsonschema_description:"Window, with consistently: becomes true within this time."`
	Consistently Duration `yaml:"consistently" json:"consistently,omitempty" jsonschema_description:"Window, with within: and stays true this long."`
	Never        Duration `yaml:"never" json:"never,omitempty" jsonschema_description:"Window: not true at any time within."`
	Changes      *Changes `yaml:"changes" json:"changes,omitempty" jsonschema_description:"Window: the value of the expression changes this often within."`
	Unchanged    Duration `yaml:"unchanged" json:"unchanged,omitempty" jsonschema_description:"Window: the value of the expression does not change for this time."`
	Rate         *Rate    `yaml:"rate" json:"rate,omitempty" jsonschema_description:"Window: the value of the expression, a number that grows, does so at this rate."`

	Every Duration `yaml:"every" json:"every,omitempty" jsonschema_description:"Time between two looks; default 250ms."`

	AfterFalse    bool `yaml:"after-false" json:"after-false,omitempty" jsonschema_description:"The window begins at the first look at which the expression is false, which must come within its length: the state from before does not count. A condition that is true in every look is unknown."`
	MayHoldBefore bool `yaml:"may-hold-before" json:"may-hold-before,omitempty" jsonschema_description:"For a symptom: that it holds before the stimulus already is meant. Otherwise a trial in which every symptom does is inconclusive."`
}

// Changes is a window in which a value must change.
type Changes struct {
	AtLeast int      `yaml:"at-least" json:"at-least" jsonschema:"required,minimum=1" jsonschema_description:"Number of changes."`
	Within  Duration `yaml:"within" json:"within" jsonschema:"required" jsonschema_description:"Length of the window."`
}

// DefaultEvery is the time between two observations of a condition that names none.
const DefaultEvery = Duration(250 * time.Millisecond)

// Predicate is the expression that decides, with the default of the probe.
func (c Condition) Predicate() string {
	if c.Hangs > 0 {
		return fmt.Sprintf("took >= %v", time.Duration(c.Hangs).Seconds())
	}
	if c.Expect == "" && c.Follows() {
		return "count"
	}
	if c.Expect == "" {
		return "count > 0"
	}
	return c.Expect
}

// Interval is the time between two observations.
func (c Condition) Interval() time.Duration {
	if c.Every > 0 {
		return time.Duration(c.Every)
	}
	return time.Duration(DefaultEvery)
}

// Longest is the longest time the condition can take to be decided.
func (c Condition) Longest() time.Duration {
	d := c.Length()
	if c.AfterFalse { // as long again until it is false
		d *= 2
	}
	return d + time.Duration(c.Hangs) // a last observation that waits
}

// Length is how long the condition's window is.
func (c Condition) Length() time.Duration {
	d := c.Eventually + c.Within + c.Consistently + c.Never
	if c.Changes != nil {
		d += c.Changes.Within
	}
	return time.Duration(d) + c.span()
}

// Window gives the window in one line, for people.
func (c Condition) Window() string {
	switch {
	case c.Eventually > 0:
		return "eventually " + c.Eventually.String()
	case c.Never > 0:
		return "never " + c.Never.String()
	case c.Changes != nil:
		return fmt.Sprintf("changes at least %d times within %s", c.Changes.AtLeast, c.Changes.Within)
	case c.Unchanged > 0:
		return "unchanged " + c.Unchanged.String()
	case c.Rate != nil:
		return fmt.Sprintf("%s over %s", c.Rate, c.Rate.Over)
	default:
		return fmt.Sprintf("within %s, consistently %s", c.Within, c.Consistently)
	}
}
