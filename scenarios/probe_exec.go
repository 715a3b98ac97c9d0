package scenarios

import "strings"

// ProbeExec is the kind of [ExecProbe].
const ProbeExec ProbeKind = "exec"

// ExecProbe is a command for the shell beneath the platform.
type ExecProbe struct{ Command string }

func execProbe(c Condition) (Probe, bool) { return ExecProbe{c.Exec}, c.Exec != "" }

// Kind implements Probe.
func (ExecProbe) Kind() ProbeKind { return ProbeExec }

// Describe implements Probe.
func (p ExecProbe) Describe() string { return "exec: " + p.Command }

// Sight implements Probe.
func (ExecProbe) Sight() Sight { return Sight{Channel: Shell} }

func (p ExecProbe) check(c *checker, where string, _ Condition) {
	if strings.TrimSpace(p.Command) == "" {
		c.blank(where + ".exec")
	}
}
