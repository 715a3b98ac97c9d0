package plan

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// DefaultPlatform is the driver of a node that names none.
const DefaultPlatform = "linux"

// Bounds of what has no window of its own.
const (
	CollectTimeout = 2 * time.Minute // evidence of one trial
	ReleaseTimeout = time.Minute     // taking a lab down, or a fault back
)

// Options are the choices of one run; zero values leave the scenario's own.
type Options struct {
	Variant evidence.Variant  // zero means the scenario itself
	Set     map[string]string // as scenarios.Settable says
	Trials  int
	Labs    int
	Reset   scenarios.Reset
	Speed   float64 // of the lab's clocks; 0 is the scenario's
}

// Plan is what a run executes. It is not changed after New.
type Plan struct {
	Loaded     *scenarios.Loaded
	Topology   topologies.Topology // overrides applied
	Nodes      []Node              // in the topology's order
	Baseline   []Check
	Stimulus   []Step
	Symptom    []Check
	Expect     []Check // what a network that works shows, watched beside the symptom
	Workaround []Step
	Relief     []Check // what the workaround must bring about
	Variant    evidence.Variant
	Set        map[string]string
	Trials     int
	Labs       int
	Reset      scenarios.Reset
	Clock      evidence.Clock // how time passes in the lab
	Timeout    time.Duration  // of one trial, in real time
	// Rules judge the trials: those of today, or those of the record that was opened.
	Rules evidence.Rules
}

// Node is one node with everything resolved.
type Node struct {
	Name     string
	Role     scenarios.Role
	Platform string
	Image    string
	Segment  bool
	RealTime bool // it has not the lab's clock
	Config   []byte
	Files    map[string][]byte
	Services []drivers.Service
	Exec     []string // containerlab's exec: shell lines to run after the start
}

// Step is one step with its place in the scenario.
type Step struct {
	Ref     string // stimulus[0]; stimulus[0].together[1] of a group; stimulus[0]#3 where it is repeated
	Step    scenarios.Step
	Check   *Check // of a wait-for
	Arm     *Check // of a fault that takes force as a condition holds
	Disarm  *Check // of a fault that ends as a condition holds
	LeftOut bool   // by the control
	// Parts are the steps of a group, or the repetitions of a step.
	Parts []Step
	// Nth is the number of the repetition that the step is, or belongs to, from 1; 0 for none. Of
	// how many is known to the repetition itself.
	Nth, Of int
}

// Check is one condition, compiled.
type Check struct {
	Ref       string // symptom[0]
	Cond      scenarios.Condition
	Predicate *scenarios.Predicate
	Template  *Table // nil without one
	// Interfaces of the node in the topology: what the expression's ports are where the lab
	// chose none.
	Interfaces []string
}

// New resolves a loaded scenario. Loading has validated it, so an error here
// concerns the options.
func New(l *scenarios.Loaded, o Options) (*Plan, error) {
	s := &l.Scenario
	p := &Plan{Loaded: l, Topology: l.Topology.Clone(), Variant: o.Variant, Set: o.Set, Trials: o.Trials, Labs: max(o.Labs, 1), Reset: o.Reset, Rules: evidence.CurrentRules}
	if p.Variant == "" {
		p.Variant = evidence.VariantMain
	}
	if p.Trials == 0 {
		p.Trials = s.Trials.Count
	}
	if p.Trials == 0 {
		p.Trials = scenarios.DefaultTrials
	}
	p.Labs = min(p.Labs, p.Trials)
	var err error
	if p.Clock, err = clockOf(s.Clock, o.Speed); err != nil {
		return nil, err
	}
	if p.Reset == "" {
		p.Reset = DeclaredReset(s)
	}
	if err := p.resets(); err != nil {
		return nil, err
	}
	set, without, err := p.overrides()
	if err != nil {
		return nil, err
	}
	if err := p.resolveNodes(set); err != nil {
		return nil, err
	}
	stimulus, err := l.StimulusWith(set)
	if err != nil {
		return nil, fmt.Errorf("set a value of a step: %w", err)
	}
	if err := p.resolveChecks(stimulus); err != nil {
		return nil, err
	}
	for _, ref := range without {
		n, err := strconv.Atoi(strings.TrimPrefix(ref, "stimulus."))
		if err != nil || n < 0 || n >= len(p.Stimulus) {
			return nil, fmt.Errorf("the control leaves out %s, which is no step", ref)
		}
		p.Stimulus[n].LeftOut = true
	}
	p.Timeout = p.timeout()
	return p, nil
}

// DeclaredReset is how a scenario has its lab cleaned between two trials, where nothing else is asked for.
func DeclaredReset(s *scenarios.Scenario) scenarios.Reset {
	return cmp.Or(s.Trials.Reset, scenarios.ResetRedeploy)
}

// resets refuses a reset that the lab's clocks do not allow.
func (p *Plan) resets() error {
	if p.Clock.Start.IsZero() || p.Reset == scenarios.ResetRedeploy {
		return nil
	}
	return fmt.Errorf("the lab's clocks begin at %s in every trial, which takes a cold start: reset %s is not possible", p.Clock.Start.Format(time.RFC3339), p.Reset)
}

// mostWait bounds the windows of one trial in real time: a slow lab's are longer than a run lasts.
const mostWait = 1000 * time.Hour

// timeout is the bound of one trial: the scenario's, or what its windows take and some more.
func (p *Plan) timeout() time.Duration {
	if t := p.Loaded.Scenario.Trials.Timeout; t != 0 {
		return time.Duration(t)
	}
	return min(p.Clock.Real(p.Longest()), mostWait) + 3*time.Minute
}

// clockOf is the scenario's clock, at the speed that was asked for.
func clockOf(c scenarios.Clock, speed float64) (evidence.Clock, error) {
	if speed != 0 && !scenarios.ValidSpeed(speed) {
		return evidence.Clock{}, fmt.Errorf("a lab cannot have %g times the speed of this machine: 0.01 to 1000", speed)
	}
	if speed == 0 {
		speed = float64(c.Speed)
	}
	if speed == 1 {
		speed = 0
	}
	return evidence.Clock{Speed: speed, Start: c.Start.Time}, nil
}

// overrides merges what the control and the command line replace; the command line wins.
func (p *Plan) overrides() (set map[string]string, without []string, err error) {
	set = map[string]string{}
	if p.Variant == evidence.VariantControl {
		ctl := p.Loaded.Scenario.Control
		if ctl == nil {
			return nil, nil, fmt.Errorf("scenario %s declares no control", p.Loaded.Scenario.ID)
		}
		without = ctl.Without
		maps.Copy(set, ctl.Set)
	}
	maps.Copy(set, p.Set)
	return set, without, nil
}

func (p *Plan) resolveNodes(set map[string]string) error {
	declared := map[string]scenarios.Node{}
	maps.Copy(declared, p.Loaded.Scenario.Nodes)
	for key, value := range set {
		if p.Loaded.SetsStep(key) {
			continue
		}
		if err := applyOverride(&p.Topology, declared, key, value); err != nil {
			return err
		}
	}
	for i := range p.Topology.Nodes {
		t := &p.Topology.Nodes[i]
		d := declared[t.Name]
		if d.Image != "" {
			t.Image = d.Image
		}
		rights, err := topologies.ParseRights(t.Labels[topologies.LabelRights] + "," + strings.Join(d.Rights, ","))
		if err != nil {
			return fmt.Errorf("rights of %s: %w", t.Name, err)
		}
		t.Rights = rights
		if d.Placement != "" {
			t.Placement = d.Placement
		}
		n := Node{Name: t.Name, Role: d.Role, Platform: d.Platform, Image: t.Image, Segment: t.IsSegment(), RealTime: d.Clock == scenarios.ClockReal, Exec: t.Exec, Files: map[string][]byte{}}
		if n.Platform == "" {
			n.Platform = DefaultPlatform
		}
		config := d.Config
		if config == "" && !n.Segment {
			config = t.StartupConfig
		}
		if config != "" {
			if n.Config, err = p.Loaded.Text(config); err != nil {
				return fmt.Errorf("configuration of %s: %w", t.Name, err)
			}
		}
		for path, value := range d.Files {
			if n.Files[path], err = p.Loaded.Text(value); err != nil {
				return fmt.Errorf("file %s of %s: %w", path, t.Name, err)
			}
		}
		for _, s := range d.Services {
			n.Services = append(n.Services, drivers.Service(s))
		}
		p.Nodes = append(p.Nodes, n)
	}
	return nil
}

func applyOverride(t *topologies.Topology, declared map[string]scenarios.Node, key, value string) error {
	name, field, _ := strings.Cut(key, ".")
	i := slices.IndexFunc(t.Nodes, func(n topologies.Node) bool { return n.Name == name })
	if i < 0 {
		return fmt.Errorf("set %s: the topology has no node %q (it has %s)", key, name, strings.Join(t.Names(), ", "))
	}
	d := declared[name]
	switch {
	case field == "image":
		t.Nodes[i].Image, d.Image = value, value
	case field == "config":
		d.Config = value
	case field == "platform":
		d.Platform = value
	case field == "placement":
		d.Placement = value
	case strings.HasPrefix(field, "files./"):
		d.Files = maps.Clone(d.Files)
		if d.Files == nil {
			d.Files = map[string]string{}
		}
		d.Files[strings.TrimPrefix(field, "files.")] = value
	case strings.HasPrefix(field, "sysctls."):
		if t.Nodes[i].Sysctls == nil {
			t.Nodes[i].Sysctls = map[string]string{}
		}
		t.Nodes[i].Sysctls[strings.TrimPrefix(field, "sysctls.")] = value
	case strings.HasPrefix(field, "env."):
		t.Nodes[i].Env[strings.TrimPrefix(field, "env.")] = value
	default:
		return fmt.Errorf("set %s: it is %s", key, scenarios.Settable)
	}
	declared[name] = d
	return nil
}

func (p *Plan) resolveChecks(stimulus []scenarios.Step) error {
	s := &p.Loaded.Scenario
	var err error
	for _, list := range []struct {
		into *[]Check
		name string
		from []scenarios.Condition
	}{
		{&p.Baseline, "baseline", s.Baseline}, {&p.Symptom, "symptom", s.Symptom}, {&p.Expect, "expect", s.Expect},
	} {
		if *list.into, err = p.checks(list.name, list.from); err != nil {
			return err
		}
	}
	if p.Stimulus, err = p.steps("stimulus", stimulus); err != nil {
		return err
	}
	if s.Workaround == nil {
		return nil
	}
	if p.Workaround, err = p.steps("workaround.steps", s.Workaround.Steps); err != nil {
		return err
	}
	p.Relief, err = p.checks("workaround.expect", s.Workaround.Expect)
	return err
}

func (p *Plan) checks(list string, from []scenarios.Condition) ([]Check, error) {
	var out []Check
	for i, c := range from {
		check, err := p.check(fmt.Sprintf("%s[%d]", list, i), c)
		if err != nil {
			return nil, err
		}
		out = append(out, check)
	}
	return out, nil
}

func (p *Plan) check(ref string, c scenarios.Condition) (Check, error) {
	if c.SameAs != "" {
		c = p.borrow(c)
	}
	if c.Name == "" {
		c.Name = ref
	}
	c.Every = scenarios.Duration(p.every(c))
	if flow, ok := c.Probe().(scenarios.TrafficProbe); ok {
		c.Node = p.Loaded.Scenario.Traffic[flow.Flow].To
	}
	check := Check{Ref: ref, Cond: c, Interfaces: p.Topology.Interfaces(c.Node)}
	var err error
	if check.Predicate, err = c.Compile(); err != nil {
		return check, fmt.Errorf("%s: %w", ref, err)
	}
	if c.Template != "" {
		file, _ := scenarios.TemplatePath(c.Template)
		text, err := p.Loaded.Text(file)
		if err != nil {
			return check, fmt.Errorf("%s: %w", ref, err)
		}
		if check.Template, err = ParseTable(string(text)); err != nil {
			return check, fmt.Errorf("%s: %w", ref, err)
		}
	}
	return check, nil
}

// lookEvery is how often a condition of a fast lab is looked at that does not say it, in real
// time: a look takes about as long.
const lookEvery = 50 * time.Millisecond

// every is the time of the lab between two looks at a condition. In a fast lab the default would
// have a machine do nothing but look; it is longer there, but never more than a tenth of the window.
func (p *Plan) every(c scenarios.Condition) time.Duration {
	if c.Every > 0 || p.Clock.Factor() <= 1 {
		return time.Duration(c.Every)
	}
	return max(c.Interval(), min(p.Clock.Lab(lookEvery), c.Length()/10))
}

// borrow completes a condition that is the same as one of the baseline. A window of its own wins.
func (p *Plan) borrow(c scenarios.Condition) scenarios.Condition {
	for _, b := range p.Loaded.Scenario.Baseline {
		if b.Name != c.Name {
			continue
		}
		if c.Length() > 0 {
			b.Eventually, b.Within, b.Consistently, b.Never, b.Changes = c.Eventually, c.Within, c.Consistently, c.Never, c.Changes
		}
		b.AfterFalse, b.MayHoldBefore = c.AfterFalse, c.MayHoldBefore
		return b
	}
	return c
}

// Checks are all conditions, in the order in which they are looked at.
func (p *Plan) Checks() []Check {
	all := slices.Clone(p.Baseline)
	var steps func(list []Step)
	steps = func(list []Step) {
		for _, s := range list {
			all = append(all, s.Looks()...)
			steps(s.Parts)
		}
	}
	steps(p.Stimulus)
	all = append(append(all, p.Symptom...), p.Expect...)
	steps(p.Workaround)
	return append(all, p.Relief...)
}

// Check finds a condition by its place in the scenario.
func (p *Plan) Check(ref string) (Check, bool) {
	all := p.Checks()
	i := slices.IndexFunc(all, func(c Check) bool { return c.Ref == ref })
	if i < 0 {
		return Check{}, false
	}
	return all[i], true
}

// Longest is the longest time that the windows of one trial can take together, in the lab's time.
func (p *Plan) Longest() time.Duration {
	total := longestOf(p.Baseline) + p.longestBefore() + max(longestOf(p.Symptom), longestOf(p.Expect)) + longestOf(p.Relief)
	for _, s := range append(slices.Clone(p.Stimulus), p.Workaround...) {
		if !s.LeftOut {
			total += s.Step.Longest()
		}
	}
	return total
}

// longestOf is the longest window: the conditions of a phase are watched side by side.
func longestOf(checks []Check) time.Duration {
	var longest time.Duration
	for _, c := range checks {
		longest = max(longest, c.Cond.Longest())
	}
	return longest
}

// Bound is the longest that all trials of the plan can take in a lab that is built for them,
// whatever hangs: each has its timeout, then evidence is collected and every fault taken
// back, each in a time of its own, and at last the lab is taken down.
func (p *Plan) Bound() time.Duration {
	perLab := (p.Trials + p.Labs - 1) / p.Labs
	one := p.Timeout + CollectTimeout
	for _, s := range Each(p.Stimulus, p.Workaround) {
		if s.Action().Effect().TakenBack && !s.LeftOut {
			one += ReleaseTimeout
		}
	}
	return time.Duration(perLab)*one + ReleaseTimeout
}

// Expected is the verdict that the scenario declares for this variant.
func (p *Plan) Expected() evidence.Verdict {
	if p.Variant == evidence.VariantControl {
		return evidence.NotReproduced
	}
	return evidence.Reproduced
}

// WithReset gives the plan with another way to clean the lab between two trials. A lab that begins
// at a date knows one only.
func (p *Plan) WithReset(r scenarios.Reset) (*Plan, error) {
	q := *p
	q.Reset = r
	return &q, q.resets()
}

// WithSpeed gives the plan at another speed of the lab's clocks.
func (p *Plan) WithSpeed(speed float64) (*Plan, error) {
	return New(p.Loaded, Options{Variant: p.Variant, Set: p.Set, Trials: p.Trials, Labs: p.Labs, Reset: p.Reset, Speed: speed})
}

// WithoutWorkaround gives the plan with the workaround's steps left out and what they
// must bring about still watched: how the problem fares by itself.
func (p *Plan) WithoutWorkaround() *Plan {
	q := *p
	q.Workaround = slices.Clone(p.Workaround)
	for i := range q.Workaround {
		q.Workaround[i].LeftOut = true
	}
	return &q
}

// Acts reports whether the stimulus does anything but wait.
func (p *Plan) Acts() bool {
	return slices.ContainsFunc(p.Stimulus, func(s Step) bool { return !s.LeftOut && s.Action().Effect().Acts })
}

// CommandsFor gives what the scenario has a node carry out: its configuration, files and
// set-up, and the steps on it, one command each.
func (p *Plan) CommandsFor(node string) []string {
	return p.commands(node, func(string) bool { return true })
}

// CommandsSince is [Plan.CommandsFor] less what was over when the node had booted: of its configuration and set-up only what goes on.
func (p *Plan) CommandsSince(node string) []string { return p.commands(node, goesOn.MatchString) }

// goesOn matches a configuration, or a command, that leaves something behind which acts later: in the background, or when a daemon
// calls it.
var goesOn = regexp.MustCompile(`(?:^|[^&>])&(?:$|[^&>0-9-])|\b(?:nohup|setsid|at|crond?|notify\w*|\w*script)\b`)

// commands gives what a node carries out, of its configuration and set-up that which boots says.
func (p *Plan) commands(node string, boots func(string) bool) []string {
	var texts []string
	for _, n := range p.Nodes {
		if n.Name != node {
			continue
		}
		for _, text := range append([]string{string(n.Config)}, n.Exec...) {
			if boots(text) {
				texts = append(texts, text)
			}
		}
		for _, data := range n.Files {
			texts = append(texts, string(data))
		}
	}
	for _, s := range Each(p.Stimulus, p.Workaround) {
		if s.Step.Node == node && !s.LeftOut {
			texts = append(texts, s.Action().Effect().Lines...)
		}
	}
	return strings.FieldsFunc(strings.Join(texts, "\n"), func(r rune) bool { return strings.ContainsRune("\n;|&", r) })
}

// Configures reports whether any step of the plan changes a node's configuration.
func (p *Plan) Configures(node string) bool {
	return slices.ContainsFunc(Each(p.Stimulus, p.Workaround), func(s Step) bool {
		return s.Step.Node == node && s.Action().Effect().Channel == scenarios.CommandLine && !s.LeftOut
	})
}

// PortsOf is the lab's choice, or the interfaces under their own names.
func PortsOf(ports map[string]string, interfaces []string) map[string]string {
	if ports != nil {
		return ports
	}
	own := make(map[string]string, len(interfaces))
	for _, i := range interfaces {
		own[i] = i
	}
	return own
}
