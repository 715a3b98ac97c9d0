package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/scenarios/spec"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// checker looks at what the walk over the file cannot see: meaning, and whether the
// parts fit together.
type checker struct {
	*yamlpos.Doc
	loaded *Loaded
	s      *Scenario
	root   *os.Root
	opts   Options
	meant  map[string][]placedStep // see meantBy
	unsure bool                    // the lab is up, and nodes may carry longer packets than the files have it
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func (c *checker) scenario() {
	s := c.s
	switch {
	case s.Reprise == "":
		c.Faultf("reprise", "begin the file with reprise: v1", "the format's version is missing")
	case s.Reprise != Version:
		c.Faultf("reprise", "this program reads "+Version, "unknown format version %q", s.Reprise)
	}
	c.loaded.lines["id"], _ = c.At("id")
	if !idPattern.MatchString(s.ID) {
		c.Faultf("id", "lower-case letters, digits and dashes, at most 63", "%q cannot be an id", s.ID)
	}
	if strings.TrimSpace(s.Title) == "" {
		c.Faultf("title", "say the failing behaviour in one line", "the scenario has no title")
	}
	if s.Problem.Severity < 0 || s.Problem.Severity > 4 {
		c.Faultf("problem.severity", "1 network down … 4 question", "severity %d does not exist", s.Problem.Severity)
	}
	c.spec()
	c.needs()
	c.nodes()
	c.traffic()
	c.conditions("baseline", s.Baseline)
	c.steps("stimulus", s.Stimulus)
	c.conditions("symptom", s.Symptom)
	c.conditions("expect", s.Expect)
	if len(s.Symptom)+len(s.Expect) == 0 {
		c.Faultf("symptom", "say which condition tells the failing behaviour from a healthy one, or with expect what a network that works shows", "the scenario has no symptom")
	}
	if s.Workaround != nil && len(s.Expect) > 0 {
		c.Faultf("workaround", "say what fails as a symptom, and no expect", "a workaround is tried once the symptom was seen, and has no meaning beside what is expected")
	}
	if s.Workaround != nil {
		c.steps("workaround.steps", s.Workaround.Steps)
		c.conditions("workaround.expect", s.Workaround.Expect)
	}
	c.control()
	c.overrides()
	c.evidence()
	c.trials()
	c.clock()
	c.flowsLast()
	c.advice()
}

// spec finds the requirements that the problem is about: in a file beside the scenario, which is kept
// with it, or among those that come with the program.
func (c *checker) spec() {
	p := &c.s.Problem
	var expected []string
	for i, id := range c.s.Spec {
		r, err := spec.Find(id, func(name string) ([]byte, error) {
			if _, err := c.root.Stat(name); err != nil {
				return nil, err
			}
			data, ok := c.input(yamlpos.Index("spec", i), name)
			if !ok {
				return nil, errors.New("it cannot be read")
			}
			return data, nil
		})
		where := yamlpos.Index("spec", i)
		if unknown := (*spec.UnknownError)(nil); errors.As(err, &unknown) {
			c.refuse(where, unknown.Hint, "%v", err)
			continue
		} else if err != nil {
			c.Faultf(where, "", "%s: %v", id, err)
			continue
		}
		c.loaded.Spec = append(c.loaded.Spec, r)
		expected = append(expected, r.String())
		if !slices.ContainsFunc(p.References, r.CitedBy) {
			p.References = append(p.References, r.Place())
		}
	}
	if p.Expected == "" {
		p.Expected = strings.Join(expected, "; ")
	}
}

// Features are the words of needs: what a lab of virtual switches, or of programs, may lack.
func Features() []string {
	return []string{
		"poe", "optics", "stacking", "ecmp", "vist", "vxlan-data-plane", "vpls-data-plane", "fast-failover", "hash-distribution", "hardware-tables",
		"asic-counters", "line-rate",
	}
}

// needs checks the features that the problem needs: no lab lacks one that is no word.
func (c *checker) needs() {
	for i, need := range c.s.Needs {
		if slices.Contains(Features(), need) {
			continue
		}
		c.refuse(yamlpos.Index("needs", i), cmp.Or(yamlpos.Suggest(need, Features()), "there are "+strings.Join(Features(), ", ")), "unknown feature %q", need)
	}
}

func (c *checker) nodes() {
	for name, n := range c.s.Nodes {
		where := yamlpos.Join("nodes", name)
		t, ok := c.loaded.Topology.Node(name)
		if !ok && len(c.loaded.Topology.Nodes) == 0 {
			continue // there is none, which was told
		}
		if !ok {
			c.Faultf(where, yamlpos.Suggest(name, c.loaded.Topology.Names()), "the topology has no node %q", name)
			continue
		}
		if t.IsSegment() && (n.Platform != "" && n.Platform != "linux" || n.Config != "") {
			c.Faultf(where, "", "%s is a %s segment; it takes no platform or configuration", name, t.Kind)
		}
		c.platformName(where+".platform", n.Platform)
		if n.Config != "" && !isInline(n.Config) {
			c.input(where+".config", n.Config)
		}
		if _, err := topologies.ParseRights(strings.Join(n.Rights, ",")); err != nil {
			c.Faultf(where+".rights", "there are "+topologies.RightNames(), "%v", err)
		}
		c.services(where, name, n)
		for target, value := range n.Files {
			at := yamlpos.Join(where+".files", target)
			if !path.IsAbs(target) {
				c.Faultf(at, "write /etc/…", "%q is not an absolute path", target)
			}
			if !isInline(value) {
				c.input(at, value)
			}
		}
	}
}

func (c *checker) node(where, name, why string) {
	switch name {
	case "":
		c.Faultf(where, "", "node is missing: %s", why)
	default:
		if _, ok := c.loaded.Topology.Node(name); !ok && len(c.loaded.Topology.Nodes) > 0 {
			c.Faultf(where+".node", yamlpos.Suggest(name, c.loaded.Topology.Names()), "the topology has no node %q", name)
		}
	}
}

func (c *checker) conditions(list string, cs []Condition) {
	names := map[string]int{}
	if c.tooMany(list, len(cs)) {
		return
	}
	for i, cond := range cs {
		where := yamlpos.Index(list, i)
		line, _ := c.At(where)
		c.loaded.lines[where] = line
		if first, twice := names[cond.Name]; twice && cond.Name != "" {
			c.Faultf(where+".name", "", "%s and %s have the same name", yamlpos.Index(list, first), where)
		}
		names[cond.Name] = i
		c.condition(where, cond)
	}
	c.exclude(list, cs)
}

func (c *checker) condition(where string, cond Condition) {
	if strings.TrimSpace(cond.Name) == "" {
		c.Faultf(where, "say what holds when it is true", "%s has no name", where)
	}
	probes := cond.probes()
	if cond.SameAs != "" {
		c.sameAs(where, cond, probes)
		return
	}
	if len(probes) != 1 {
		c.Faultf(where, "one of "+listed(ProbeKinds()), "%s needs exactly one probe, here are %d", where, len(probes))
		return
	}
	if cond.Step == "" && !probes[0].Sight().Flow {
		c.node(where, cond.Node, "the probe needs to know where to look")
	}
	c.window(where, cond)
	c.observesOften(where, cond)
	c.probe(where, cond)
	c.answers(where, cond)
	predicate, err := cond.Compile()
	if err != nil {
		c.Faultf(where+".expect", cond.words(), "%v", err)
		return
	}
	if predicate.uses["rows"] && cond.Template == "" && !probes[0].Sight().Rows {
		c.Faultf(where+".expect", "add template: FILE.textfsm, or one that comes with the platform, as exos:sharing", "the expression looks at rows, but nothing makes rows of the output")
	}
	if predicate.UsesBefore && !strings.HasPrefix(where, "symptom") && !strings.HasPrefix(where, "expect") {
		c.Faultf(where+".expect", "", "before exists only in a symptom, and in what is expected: it is the value at the end of the baseline")
	}
	c.follows(where, cond, predicate)
	if cond.Hangs == 0 {
		c.values(where, cond, predicate)
	}
}

func (c *checker) probe(where string, cond Condition) {
	p := cond.Probe()
	if p.Sight().Channel != "" && cond.Expect == "" && cond.Hangs == 0 {
		c.Faultf(where, `write expect: 'text contains "Full"'`, "%s says what to look at but not what to expect", where)
	}
	p.check(c, where, cond)
	if cond.Template == "" {
		return
	}
	if data, ok := c.template(where+".template", cond.Template); ok {
		if _, err := ParseTemplate(string(data)); err != nil {
			c.Faultf(where+".template", "", "TextFSM template %s: %v", cond.Template, err)
		}
	}
}

func (c *checker) sameAs(where string, cond Condition, probes []Probe) {
	if cond.SameAs != "baseline" {
		c.Faultf(where+".same-as", "write same-as: baseline", "conditions can only be borrowed from the baseline")
		return
	}
	var names []string
	for _, b := range c.s.Baseline {
		names = append(names, b.Name)
	}
	if !slices.Contains(names, cond.Name) {
		c.Faultf(where+".name", yamlpos.Suggest(cond.Name, names), "the baseline has no condition %q", cond.Name)
	}
	if cond.Follows() {
		c.Faultf(where, "write the probe, and the value that is meant", "what is the same as a condition of the baseline is true or false, and has no value that unchanged or rate could follow")
	}
	if len(probes) > 0 || cond.Expect != "" || cond.Hangs > 0 || len(cond.Exit) > 0 {
		c.Faultf(where, "leave out the probe and expect, hangs and exit", "%s borrows its probe and has one of its own", where)
	}
}

func (c *checker) window(where string, cond Condition) {
	var have []string
	for _, w := range []struct {
		key string
		set bool
	}{
		{"eventually", cond.Eventually > 0},
		{"within", cond.Within > 0},
		{"never", cond.Never > 0},
		{"changes", cond.Changes != nil},
		{"unchanged", cond.Unchanged > 0},
		{"rate", cond.Rate != nil},
	} {
		if w.set {
			have = append(have, w.key)
		}
	}
	if len(have) == 0 && (c.Has(where+".eventually") || c.Has(where+".within") || c.Has(where+".never") || c.Has(where+".changes") || c.Has(where+".unchanged")) {
		return // written, and reported as it was read
	}
	const hint = "one of eventually: T; within: T with consistently: D; never: T; changes: {at-least: n, within: T}; unchanged: T; rate: {at-least: n, over: T}"
	switch {
	case len(have) == 0 && cond.Consistently > 0:
		c.Faultf(where, "add within: T", "%s must stay true, but says not by when it becomes true", where)
	case len(have) == 0:
		c.Faultf(where, hint, "%s has no window: it would wait for ever", where)
	case len(have) > 1:
		c.Faultf(where, hint, "%s has several windows: %s", where, strings.Join(have, ", "))
	case have[0] == "within" && cond.Consistently == 0:
		c.Faultf(where, "add consistently: D, or write eventually: "+cond.Within.String(), "%s has within, but says not how long it stays true", where)
	case have[0] != "within" && cond.Consistently > 0:
		c.Faultf(where, "write within: T, consistently: D", "%s has consistently together with %s", where, have[0])
	case cond.Changes != nil && (cond.Changes.AtLeast < 1 || cond.Changes.Within <= 0):
		c.Faultf(where+".changes", "changes: {at-least: 2, within: 30s}", "changes needs both a number and a time")
	case cond.Every > 0 && cond.Interval() > cond.Length():
		c.Faultf(where+".every", "", "every %s never looks twice within %s", cond.Every, cond.Length())
	}
}

func (c *checker) control() {
	ctl := c.s.Control
	if ctl == nil {
		return
	}
	if len(ctl.Without) == 0 && len(ctl.Set) == 0 {
		c.Faultf("control", "without: [stimulus.0], or set: {r1.image: …}", "the control does not differ from the scenario")
	}
	for i, ref := range ctl.Without {
		n, err := strconv.Atoi(strings.TrimPrefix(ref, "stimulus."))
		if err != nil || !strings.HasPrefix(ref, "stimulus.") || n < 0 || n >= len(c.s.Stimulus) {
			c.Faultf(yamlpos.Index("control.without", i), fmt.Sprintf("stimulus.0 to stimulus.%d", len(c.s.Stimulus)-1), "%q is no step of the stimulus", ref)
		}
	}
	at := func(key string) string { return yamlpos.Join("control.set", key) }
	for key, value := range ctl.Set {
		c.setting(at(key), key, value)
	}
	c.setSteps(at, ctl.Set)
	c.controlDiffers(ctl)
}

// overrides checks those of the command line; they stand in no file.
func (c *checker) overrides() {
	outside := func(what string, check func()) {
		known := len(c.Problems)
		check()
		for i := range c.Problems[known:] {
			p := &c.Problems[known+i]
			p.File, p.Line, p.Col = "--set "+what, 0, 0 // it stands in no file
		}
	}
	for key, value := range c.opts.Set {
		outside(key+"="+value, func() { c.setting("", key, value) })
	}
	outside("of steps", func() { c.setSteps(func(string) string { return "" }, c.opts.Set) })
}

// platformName checks the name of a platform. Without one a node has that of its kind.
func (c *checker) platformName(where, name string) {
	if name == "" || len(c.opts.Platforms) == 0 || slices.Contains(c.opts.Platforms, name) {
		return
	}
	c.Faultf(where, cmp.Or(yamlpos.Suggest(name, c.opts.Platforms), "known platforms: "+strings.Join(c.opts.Platforms, ", ")), "unknown platform %q", name)
}

// setting checks one override of a node's value.
func (c *checker) setting(where, key, value string) {
	if c.loaded.SetsStep(key) {
		return // those of steps are checked together
	}
	node, field, _ := strings.Cut(key, ".")
	if _, ok := c.loaded.Topology.Node(node); !ok {
		c.Faultf(where, yamlpos.Suggest(node, c.loaded.Topology.Names()), "%q: the topology has no node %q", key, node)
		return
	}
	switch {
	case field == "config":
		if !isInline(value) {
			c.input(where, value)
		}
	case field == "image" && strings.TrimSpace(value) == "":
		c.refuse(where, "an image as reprise images list shows them", "%s has no image then: it cannot be built", node)
	case field == "platform":
		c.platformName(where, value)
	case c.setOnNode(where, field, value):
	case !settable(field):
		c.Faultf(where, Settable, "%q cannot be set", key)
	}
}

func settable(field string) bool {
	return slices.Contains([]string{"image", "config", "platform", "placement"}, field) || strings.HasPrefix(field, "env.")
}

func (c *checker) evidence() {
	c.captures()
	for node := range c.s.Evidence.Commands {
		c.node(yamlpos.Join("evidence.commands", node), node, "")
	}
	for node := range c.s.Evidence.Classes {
		c.node(yamlpos.Join("evidence.classes", node), node, "")
	}
	for i, node := range c.s.Evidence.Tech {
		c.node(yamlpos.Index("evidence.tech-support", i), node, "")
	}
	for node, files := range c.s.Evidence.Files {
		where := yamlpos.Join("evidence.files", node)
		c.node(where, node, "")
		for i, f := range files {
			if !path.IsAbs(f) {
				c.Faultf(yamlpos.Index(where, i), "write /var/…", "%q is not an absolute path", f)
			}
		}
	}
}

// advice warns of what is allowed and rarely meant.
func (c *checker) advice() {
	if len(c.s.Symptom) == 0 {
		c.adviceExpect()
		return // that nothing came up is a failure, and there is nothing that a control could share with it
	}
	if len(c.s.Baseline) == 0 {
		c.Warnf("", "without one, a lab that never came up looks like the problem", "the scenario has no baseline")
	}
	if c.s.Control == nil {
		c.Warnf("", "without one nobody knows how often the symptom shows on a healthy set-up", "the scenario has no control")
	}
	shared, meant := 0, false
	for i, s := range c.s.Symptom {
		b, ok := c.inBaseline(s)
		meant = meant || s.AfterFalse || s.MayHoldBefore
		if !ok {
			continue
		}
		shared++
		if s.AfterFalse || s.MayHoldBefore || len(c.s.Stimulus) == 0 || c.waitedFor(b) {
			continue
		}
		where := yamlpos.Index("symptom", i)
		switch old := "the baseline's " + strconv.Quote(b.Name); {
		case s.Never > 0:
			c.Warnf(where+".never", "after-false: true begins the window when it is gone; or wait for that with a wait-for step",
				"%s is true until the stimulus has acted, and never counts that: it fails at the first look", old)
		case len(c.s.Symptom) > 1:
			c.Warnf(where, "after-false: true where it must come back; may-hold-before: true where the failure is that it stays",
				"%s is the same: it holds before the stimulus already", old)
		}
	}
	c.adviceNever()
	if shared == 0 || shared < len(c.s.Symptom) || meant {
		return
	}
	if len(c.s.Stimulus) == 0 {
		c.Warnf("symptom[0]", "say what only the failing network shows", "every symptom is a baseline condition too: a healthy network matches")
		return
	}
	if c.s.Symptom[0].Never == 0 && !c.waitedFor(c.s.Symptom[0]) {
		c.Warnf("symptom[0]", "say what only the failing network shows; may-hold-before: true where the failure is that it stays, after-false: true where it must come back",
			"every symptom is a baseline condition too, and holds before the stimulus: a trial is then inconclusive")
	}
}

// adviceExpect warns of what is expected after a stimulus and shown nowhere: what can never come about looks like the problem.
func (c *checker) adviceExpect() {
	if len(c.s.Stimulus) == 0 || c.s.Control != nil {
		return
	}
	for i, e := range c.s.Expect {
		if _, shown := c.inBaseline(e); !shown && !c.waitedFor(e) && e.Never == 0 {
			c.Warnf(yamlpos.Index("expect", i), "a control in which it does, or a baseline that has it",
				"nothing shows that %q can come about: what is mistaken in it looks like the problem, and a trial in which no look shows it is inconclusive", e.Name)
			return
		}
	}
}

// adviceNever warns where all that the symptom says is that something never is: that was so
// before the stimulus too, unless the baseline shows it or it was there by then.
func (c *checker) adviceNever() {
	if len(c.s.Stimulus) == 0 {
		return
	}
	first := -1
	for i, s := range c.s.Symptom {
		if s.MayHoldBefore {
			continue
		}
		if _, shown := c.inBaseline(s); s.Never == 0 || s.AfterFalse || shown || c.waitedFor(s) {
			return
		}
		if first < 0 {
			first = i
		}
	}
	if first >= 0 {
		c.Warnf(yamlpos.Index("symptom", first)+".never",
			"may-hold-before: true where the failure is that it does not come; or let the baseline show it, and after-false: true begin the window when it is gone",
			"what never is, is not there before the stimulus either, unless something shows it: a trial is then inconclusive")
	}
}

// maxParts bounds the conditions or steps of one list: each is compiled.
const maxParts = 500

func (c *checker) tooMany(list string, n int) bool {
	if n > maxParts {
		c.Faultf(list, "", "%s has %d parts, more than %d", list, n, maxParts)
	}
	return n > maxParts || c.Full()
}

// listed names what there is to choose from, for a hint.
func listed[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}
