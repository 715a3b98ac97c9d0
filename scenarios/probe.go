package scenarios

import (
	"slices"
	"time"
)

// Probe is how a condition looks at its node, with the fields of its kind. There is one type
// for each kind, in a file of its own; probes that look at the same are equal.
type Probe interface {
	Kind() ProbeKind
	// Describe returns the probe in one line, for people.
	Describe() string
	// Sight says what an observation with the probe holds.
	Sight() Sight
	// check reports what is wrong with the probe of a condition that stands at where.
	check(c *checker, where string, cond Condition)
}

// ProbeKind names a kind of probe by its key in a condition.
type ProbeKind string

// probeTable lists the kinds in the order of the reference. Each row reads the probe of its
// kind from a condition; ok is false for a condition that has none.
func probeTable() []probeRow {
	return []probeRow{
		{ProbeRun, runProbe},
		{ProbeExec, execProbe},
		{ProbeLog, logProbe},
		{ProbeReach, reachProbe},
		{ProbeCore, coreProbe},
		{ProbeStep, stepProbe},
		{ProbeFrame, frameProbe},
		{ProbeTraffic, trafficProbe},
	}
}

type probeRow struct {
	kind ProbeKind
	of   func(Condition) (p Probe, ok bool)
}

// ProbeKinds lists the kinds of probe that there are.
func ProbeKinds() []ProbeKind {
	var kinds []ProbeKind
	for _, row := range probeTable() {
		kinds = append(kinds, row.kind)
	}
	return kinds
}

// Probe returns what the condition looks with. It is never nil: what borrows its probe by
// same-as has one of no kind.
func (c Condition) Probe() Probe {
	if all := c.probes(); len(all) > 0 {
		return all[0]
	}
	return borrowed{from: c.SameAs}
}

// probes lists what the condition looks with: exactly one where its file is valid.
func (c Condition) probes() []Probe {
	var all []Probe
	for _, row := range probeTable() {
		if p, ok := row.of(c); ok {
			all = append(all, p)
		}
	}
	return all
}

// Describe returns the probe in one line, for people.
func (c Condition) Describe() string { return c.Probe().Describe() }

// Channel is a way to give a node commands.
type Channel string

// Channels.
const (
	CommandLine Channel = "run"  // of the platform
	Shell       Channel = "exec" // beneath it
)

// Sight is what the observations with a probe hold, as far as it differs between kinds.
type Sight struct {
	// Channel is where the probe's command is answered; empty for one that asks none. What a
	// command says has no meaning of its own: the expression must be written, its status may
	// say that it failed, and it may hang.
	Channel Channel
	// Anew says that what is seen begins with the stimulus: there is no state of before.
	Anew bool
	// Rows says that the text is a JSON list of rows, without a template.
	Rows bool
	// Fields are the keys of the rows and of json; nil where they are the answer's own.
	Fields *Fields
	// Flow says that expressions have the words of a flow.
	Flow bool
	// NoJSON names what the text is, where it can never be JSON.
	NoJSON string
	// Most bounds the count; 0 means no bound.
	Most int
	// Silent is how long an observation without an answer takes; 0 where nobody knows.
	Silent time.Duration
}

// borrowed is the probe of a condition that has none of its own.
type borrowed struct{ from string }

// Kind implements Probe.
func (borrowed) Kind() ProbeKind { return "" }

// Describe implements Probe.
func (b borrowed) Describe() string { return "same-as: " + b.from }

// Sight implements Probe.
func (borrowed) Sight() Sight { return Sight{} }

func (borrowed) check(*checker, string, Condition) {}

// stateProbe is the probe of a condition that looks at a state, which there was before the
// stimulus too; nil for what begins with it.
func stateProbe(c Condition) Probe {
	p := c.Probe()
	if p.Kind() == "" || p.Sight().Anew {
		return nil
	}
	return p
}

// inBaseline finds the condition of the baseline that looks at the same thing as a symptom
// and expects the same, so that the symptom's expression is true when the stimulus begins.
// Logs and deaths do not count: they begin anew with the stimulus.
func (c *checker) inBaseline(s Condition) (Condition, bool) {
	if s.Probe().Sight().Anew || !s.Boolean() {
		return Condition{}, false
	}
	i := slices.IndexFunc(c.s.Baseline, func(b Condition) bool {
		if b.Probe().Sight().Anew || b.Never != 0 || !b.Boolean() {
			return false
		}
		if s.SameAs != "" {
			return s.Name == b.Name
		}
		return s.Node == b.Node && s.Probe() == b.Probe() && s.Template == b.Template && s.Predicate() == b.Predicate()
	})
	if i < 0 {
		return Condition{}, false
	}
	return c.s.Baseline[i], true
}

// waitedFor reports whether a step of the stimulus waits with a condition's probe: what is
// looked at afterwards is then no longer the state of before.
func (c *checker) waitedFor(b Condition) bool {
	return slices.ContainsFunc(Each(c.s.Stimulus), func(s Step) bool {
		w := s.WaitFor
		return w != nil && w.Node == b.Node && stateProbe(*w) == stateProbe(b)
	})
}
