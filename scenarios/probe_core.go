package scenarios

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// ProbeCore is the kind of [CoreProbe].
const ProbeCore ProbeKind = "core"

// AnyProcess in a [CoreProbe] stands for every process of the node.
const AnyProcess = "any"

// CoreProbe is the deaths of a daemon or process of the node.
type CoreProbe struct{ Process string }

func coreProbe(c Condition) (Probe, bool) { return CoreProbe{c.Core}, c.Core != "" }

// Kind implements Probe.
func (CoreProbe) Kind() ProbeKind { return ProbeCore }

// Describe implements Probe.
func (p CoreProbe) Describe() string { return "core: " + p.Process }

// Sight implements Probe.
func (CoreProbe) Sight() Sight {
	f := Fields{
		Rows:   []string{"process", "pid", "exit", "signal", "at", "oom", "core", "no-core", "last-log", "title", "kind", "alt", "by", "sent"},
		Values: map[string][]string{},
	}
	for _, s := range signals() {
		f.Values["signal"] = append(f.Values["signal"], "SIG"+s)
	}
	return Sight{Anew: true, Rows: true, Fields: &f}
}

// Asks reports whether the probe asks for the deaths of a process. A name asks for those of
// that daemon's own processes too.
func (p CoreProbe) Asks(process string) bool {
	return p.Process == AnyProcess || process == p.Process || strings.HasPrefix(process, p.Process+" ")
}

// check looks at the name that is waited for. Whatever dies in a node counts, also what the
// scenario starts itself there: a name that nothing of it mentions can only be a mistake.
func (p CoreProbe) check(c *checker, where string, cond Condition) {
	platform, name, known := c.platform(cond.Node)
	if !known || p.Process == AnyProcess {
		return
	}
	daemons := c.daemons(cond.Node, platform)
	// A process that a daemon starts is told with the daemon's name before it.
	base, _, _ := strings.Cut(p.Process, "/")
	if slices.Contains(daemons, p.Process) || slices.Contains(daemons, base) {
		c.started(where+".core", cond.Node, base, platform)
		return
	}
	hint := yamlpos.Suggest(p.Process, daemons)
	if c.starts(cond.Node, p.Process, platform) {
		if hint != "" {
			c.Warnf(where+".core", hint, "%q is no daemon of %s (%s)", p.Process, cond.Node, name)
		}
		return
	}
	switch {
	case hint != "":
	case len(daemons) == 0:
		hint = c.noDaemons(cond.Node, platform) + ", or write core: any"
	default:
		hint = "it has " + strings.Join(daemons, ", ") + "; or write core: any"
	}
	c.refuse(where+".core", hint, "%s (%s) runs no daemon %q, and the scenario starts none: nothing of that name can die", cond.Node, name, p.Process)
}
