package scenarios

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Platform is what a scenario has to fit: what is known of a platform before any node of it
// is there. It mirrors drivers.Description.
type Platform struct {
	Statuses   bool     // run gives exit statuses
	Daemons    []string // that its nodes can run; empty where they start none
	AnyService bool     // a node runs any program that is named under its services
	// Starts chooses the daemons that a node runs; nil where it runs all that it has.
	Starts func(config string, services []string) []string
}

// refuse reports what can never be meant. A scenario that is read back from a record was
// valid to the program that made it: there it is a warning. What could not be read is not refused besides.
func (c *checker) refuse(where, hint, format string, args ...any) {
	if c.Misread(where) {
		return
	}
	if c.opts.Recorded {
		c.Warnf(where, hint, format, args...)
		return
	}
	c.Faultf(where, hint, format, args...)
}

// platform tells what is known of a node's platform; ok is false where nothing is.
func (c *checker) platform(node string) (p Platform, name string, ok bool) {
	if c.opts.Describe == nil {
		return p, "", false
	}
	name = c.s.Nodes[node].Platform
	if name == "" {
		name = "linux"
	}
	p, ok = c.opts.Describe(name)
	return p, name, ok
}

// values checks what an expression looks at against what the probe can see.
func (c *checker) values(where string, cond Condition, p *Predicate) {
	at := where + ".expect"
	if p.unsupported != "" {
		c.refuse(at, words, "an expression cannot have %s", p.unsupported)
	}
	sight := cond.Probe().Sight()
	if sight.Channel != "" && cond.Template == "" && (p.uses["count"] || p.beforeUses["count"]) {
		c.refuse(at, `add template: …, or count in the text: len(split(text, "Full")) - 1`, "count is the number of rows, and nothing makes rows of the output: it is always 0")
	}
	if p.beforeUses["rows"] && cond.Template == "" && !sight.Rows {
		c.refuse(at, "add template: FILE.textfsm, or one that comes with the platform, as exos:sharing", "the expression looks at before.rows, but nothing makes rows of the output")
	}
	if p.uses["json"] && sight.NoJSON != "" {
		c.refuse(at, "count is the number of answers", "%s is no JSON", sight.NoJSON)
	}
	if (p.UsesExit || p.UsesBeforeExit) && !c.hasStatus(cond.Node, sight.Channel) {
		c.refuse(at, c.noStatusHint(cond.Node, sight.Channel), "there is no exit status to look at: it is always -1")
	}
	c.fields(at, p, sight.Fields)
	if cond.Boolean() && !p.constant {
		written, most, _ := c.reaches(where, cond)
		if part := p.impossible(quantities(cond, most)); part != "" {
			c.refuse(at, limits(cond, p), "%s is never true", part)
		} else if p.certain(quantities(cond, most)) {
			c.Warnf(at, "say what only the failing network shows", "%s is always true, whatever is seen", p.source)
		} else if part := p.impossible(quantities(cond, written)); part != "" {
			c.Warnf(at, "a longer window, or a smaller number", "%s is never true where the stimulus takes no longer than is written: with the window it is %s from its begin", part, written-cond.Interval())
		}
	}
	if p.constant && cond.Boolean() {
		c.Warnf(at, "say what only the failing network shows", "the expression looks at nothing: it is always the same")
	}
	for _, pattern := range p.matches() {
		c.pattern(at, pattern)
	}
	if p.decided != "" {
		c.Warnf(at, "leave it out", "%q decides the expression by itself", p.decided)
	}
	if of, _, known := c.platform(cond.Node); sight.Channel != Shell && (sight.Channel != CommandLine || !known || !of.AnyService) {
		return // it is no shell that answers
	}
	for _, whole := range p.wholes {
		c.Warnf(at, "", "%s", whole)
	}
	if probe := cond.Probe(); findsItself.MatchString(cond.Exec + "\n" + cond.Run) {
		c.Warnf(where+"."+string(probe.Kind()), "pgrep NAME finds processes, and not itself; or write the pattern as [n]ame", "grep finds itself among the processes: there is always one")
	}
	if hidesFailure.MatchString(cond.Exec) && cond.Boolean() && p.uses["text"] && len(p.beforeUses) == 0 {
		if holds, err := p.Eval(View{}, nil); err == nil && holds == (cond.Never == 0) {
			c.Warnf(at, "leave it out: a command that fails then has no answer; or ask for what must be there as well",
				"a command that fails is hidden by what stands behind ||, and an empty answer decides")
		}
	}
}

// hidesFailure matches a command that succeeds whatever it ran.
var hidesFailure = regexp.MustCompile(`\|\|\s*(?:true|:|exit 0)\s*$`)

// findsItself matches the search for a process in a list in which the search itself is.
var findsItself = regexp.MustCompile(`(?:^|[;|&(])\s*ps(?:\s+-?[a-zA-Z]+)*\s*\|\s*grep\s+(?:-[a-zA-Z]+\s+)*["']?[\w/.-]+["']?\s*(?:\n|$|\|\s*wc|>|;|&)`)

// hasStatus reports whether what answers a command on a node gives an exit status. Where
// nothing is known of the platform it may.
func (c *checker) hasStatus(node string, by Channel) bool {
	switch by {
	case Shell:
		return true
	case CommandLine:
		p, _, known := c.platform(node)
		return !known || p.Statuses
	default:
		return false
	}
}

func (c *checker) noStatusHint(node string, by Channel) string {
	if by == CommandLine {
		_, name, _ := c.platform(node)
		return fmt.Sprintf("the command line of %s gives none: look at text; a command that it refuses has no answer anyhow. exec has a status", name)
	}
	return "only commands end with a status: look at count"
}

// answers checks what a condition takes for an answer: exit, and hangs.
func (c *checker) answers(where string, cond Condition) {
	by := cond.Probe().Sight().Channel
	if len(cond.Exit) > 0 && !c.hasStatus(cond.Node, by) {
		c.refuse(where+".exit", c.noStatusHint(cond.Node, by), "exit has no meaning here")
	}
	c.statuses(where, cond.Exit)
	if cond.AfterFalse && cond.Changes != nil {
		c.Faultf(where+".after-false", "changes counts from the first look on", "after-false has no meaning together with changes")
	}
	if cond.MayHoldBefore && !strings.HasPrefix(where, "symptom") {
		c.Faultf(where+".may-hold-before", "it is for symptoms", "may-hold-before has no meaning here")
	}
	if cond.Hangs == 0 {
		return
	}
	switch {
	case by == "":
		c.Faultf(where+".hangs", "it is for run and exec", "hangs has no meaning here")
	case cond.Expect != "" || cond.Template != "" || len(cond.Exit) > 0:
		c.Faultf(where+".hangs", "leave out expect, template and exit; or look at took", "%s hangs or is answered, and what it answers does not matter", where)
	case cond.Length() > 0 && time.Duration(cond.Hangs) > cond.Length():
		c.Faultf(where+".hangs", "", "a command that hangs %s is not known to do so within the window of %s", cond.Hangs, cond.Length())
	}
}

// statuses checks a list of exit statuses.
func (c *checker) statuses(where string, list Statuses) {
	if list != nil && len(list) == 0 {
		c.Faultf(where+".exit", "exit: [0, 1]", "no status is named")
	}
}

// observesOften checks that a window has the observations it needs.
func (c *checker) observesOften(where string, cond Condition) {
	if ch := cond.Changes; ch != nil && time.Duration(ch.AtLeast)*cond.Interval() > time.Duration(ch.Within) {
		c.refuse(where+".changes", fmt.Sprintf("every is %s: look more often, or longer", cond.Interval()),
			"%d changes cannot be seen within %s", ch.AtLeast, ch.Within)
	}
	p := cond.Probe()
	if silent := p.Sight().Silent; cond.Length() > 0 && silent > cond.Length() {
		c.Warnf(where+"."+string(p.Kind()), "wait less for each, or longer for the condition",
			"without an answer a look takes %s, and the window is %s: that there is none cannot be seen within", silent, cond.Length())
	}
}

// daemons are those that a node can run: what its services name, or what its platform has.
func (c *checker) daemons(node string, p Platform) []string {
	if p.AnyService {
		var names []string
		for _, s := range c.s.Nodes[node].Services {
			names = append(names, s.Name)
		}
		return names
	}
	return p.Daemons
}

func (c *checker) noDaemons(node string, p Platform) string {
	if p.AnyService {
		return fmt.Sprintf("name it: nodes: {%s: {services: [keepalived]}}", node)
	}
	return "its platform starts none"
}

// started warns of a daemon that the platform has, and this node does not run.
func (c *checker) started(where, node, daemon string, p Platform) {
	if p.Starts == nil {
		return
	}
	config, err := c.loaded.Text(c.loaded.ConfigOf(node))
	if value := c.loaded.ConfigOf(node); value != "" && err != nil {
		return // reported as it was read
	}
	var services []string
	for _, s := range c.s.Nodes[node].Services {
		services = append(services, s.Name)
	}
	if runs := p.Starts(string(config), services); !slices.Contains(runs, daemon) && !c.starts(node, daemon, p) {
		c.Warnf(where, "it starts "+strings.Join(runs, ", ")+"; services: names others",
			"%s does not run %s: its configuration has nothing for it", node, daemon)
	}
}

// starts reports whether what the scenario runs in a node's shell has a program's name.
func (c *checker) starts(node, program string, p Platform) bool {
	var texts []string
	files := slices.Collect(maps.Values(c.s.Nodes[node].Files))
	if p.AnyService { // its configuration is a script
		files = append(files, c.s.Nodes[node].Config)
	}
	for _, value := range files {
		if data, err := c.loaded.Text(value); err == nil {
			texts = append(texts, string(data))
		}
	}
	if t, ok := c.loaded.Topology.Node(node); ok {
		texts = append(texts, t.Exec...)
	}
	for _, s := range Each(c.s.Stimulus) {
		if s.Node != node {
			continue
		}
		if e := s.Action().Effect(); e.Channel == Shell || p.AnyService { // then any line is the shell's
			texts = append(texts, e.Lines...)
		}
	}
	re := regexp.MustCompile(`(?:^|[^\w-])` + regexp.QuoteMeta(program) + `(?:$|[^\w-])`)
	return slices.ContainsFunc(texts, re.MatchString)
}

// services checks the daemons that a node is told to run.
func (c *checker) services(where, node string, n Node) {
	p, name, known := c.platform(node)
	if !known || p.AnyService {
		return
	}
	for i, s := range n.Services {
		at := yamlpos.Index(where+".services", i)
		switch {
		case len(p.Daemons) == 0:
			c.refuse(at, "what runs there is the device's own", "%s (%s) starts no services", node, name)
		case !slices.Contains(p.Daemons, s.Name):
			hint := yamlpos.Suggest(s.Name, p.Daemons)
			if hint == "" {
				hint = "it has " + strings.Join(p.Daemons, ", ") + "; platform linux runs any"
			}
			c.refuse(at, hint, "%s (%s) runs no service %q", node, name, s.Name)
		}
	}
}

// controlDiffers checks that the control is another set-up than the scenario.
func (c *checker) controlDiffers(ctl *Control) {
	seen := map[string]bool{}
	for i, ref := range ctl.Without {
		if seen[ref] {
			c.refuse(yamlpos.Index("control.without", i), "", "%s is left out twice", ref)
		}
		seen[ref] = true
	}
	if len(ctl.Set) == 0 && len(ctl.Without) > 0 && !slices.ContainsFunc(ctl.Without, c.acts) {
		c.Warnf("control.without", "leave out a step that sets the problem off", "the control leaves out nothing but waiting")
	}
	same := 0
	for key, value := range ctl.Set {
		if !c.alreadySo(key, value) {
			continue
		}
		same++
		c.refuse(yamlpos.Join("control.set", key), "set what makes the difference, or leave out a step", "%s is %s in the scenario already", key, firstLine(value))
	}
	if same > 0 && same == len(ctl.Set) && len(ctl.Without) == 0 {
		c.refuse("control", "without: [stimulus.0], or set: {r1.image: …}", "the control does not differ from the scenario")
	}
}

// acts reports whether a step that a control leaves out does something to the lab.
func (c *checker) acts(ref string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(ref, "stimulus."))
	if err != nil || n < 0 || n >= len(c.s.Stimulus) {
		return true // reported as no step
	}
	return c.s.Stimulus[n].Action().Effect().Acts
}

func firstLine(s string) string {
	line, rest, more := strings.Cut(s, "\n")
	if more && rest != "" {
		return line + " …"
	}
	return line
}

// alreadySo reports whether a setting gives what the scenario has without it.
func (c *checker) alreadySo(key, value string) bool {
	name, field, _ := strings.Cut(key, ".")
	t, ok := c.loaded.Topology.Node(name)
	if !ok {
		return false
	}
	n := c.s.Nodes[name]
	switch {
	case field == "image" && n.Image != "":
		return value == n.Image
	case field == "image":
		return value == t.Image
	case field == "platform" && n.Platform == "":
		return value == "linux"
	case field == "platform":
		return value == n.Platform
	case field == "config":
		return c.sameText(value, c.loaded.ConfigOf(name))
	case strings.HasPrefix(field, "files."):
		was, there := n.Files[strings.TrimPrefix(field, "files.")]
		return there && c.sameText(value, was)
	case strings.HasPrefix(field, "sysctls."):
		was, there := t.Sysctls[strings.TrimPrefix(field, "sysctls.")]
		return there && was == value
	case strings.HasPrefix(field, "env."):
		was, there := t.Env[strings.TrimPrefix(field, "env.")]
		return there && was == value
	default:
		return false
	}
}

// sameText reports whether two values name, or are, the same text.
func (c *checker) sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := c.loaded.Text(a)
	y, errY := c.loaded.Text(b)
	return errX == nil && errY == nil && b != "" && string(x) == string(y)
}

// trials checks the numbers of trials and their time.
func (c *checker) trials() {
	t := c.s.Trials
	switch {
	case t.Count < 0 || t.Count > 10000:
		c.Faultf("trials.count", "1 to 10000", "%d trials are not possible", t.Count)
	case t.Count == 0 && c.Has("trials.count"):
		c.refuse("trials.count", "1 to 10000", "a run of no trial says nothing")
	}
	if t.Timeout == 0 {
		return
	}
	need := c.s.Clock.Speed.Real(c.s.longest())
	if time.Duration(t.Timeout) < need {
		c.refuse("trials.timeout", "leave it out: by default it is the sum and three minutes", "a trial is cut off after %s, and its windows alone take %s", t.Timeout, need)
	}
}
