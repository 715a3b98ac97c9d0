package scenarios

import "strings"

// ProbeRun is the kind of [RunProbe].
const ProbeRun ProbeKind = "run"

// RunProbe is a command for the node's command line.
type RunProbe struct{ Command string }

func runProbe(c Condition) (Probe, bool) { return RunProbe{c.Run}, c.Run != "" }

// Kind implements Probe.
func (RunProbe) Kind() ProbeKind { return ProbeRun }

// Describe implements Probe.
func (p RunProbe) Describe() string { return "run: " + p.Command }

// Sight implements Probe.
func (RunProbe) Sight() Sight { return Sight{Channel: CommandLine} }

func (p RunProbe) check(c *checker, where string, _ Condition) {
	if strings.TrimSpace(p.Command) == "" {
		c.blank(where + ".run")
	}
}
