package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Repeat has a step carried out time and again.
type Repeat struct {
	Times int      `yaml:"times" json:"times" jsonschema:"required,minimum=1,maximum=1000" jsonschema_description:"How often."`
	Every Duration `yaml:"every" json:"every" jsonschema:"required" jsonschema_description:"From the beginning of one to the beginning of the next, in the lab's time."`
}

// Bounds of repetition.
const (
	maxTimes    = 1000
	maxCarried  = 5000           // steps of a list, each counted as often as it is repeated
	maxRepeated = 24 * time.Hour // from the first beginning to the last
)

// String says how often and how far apart, for people.
func (r Repeat) String() string { return fmt.Sprintf("%d times, %s apart", r.Times, r.Every) }

// Longest is the longest time that the step can take by itself, all its repetitions together: one
// that takes longer than to the next makes that begin late.
func (s Step) Longest() time.Duration {
	one := s.Action().Effect().Longest
	if s.Repeat == nil {
		return one
	}
	return time.Duration(s.Repeat.Times-1)*max(one, time.Duration(s.Repeat.Every)) + one
}

// Members are the steps that a group holds; none for any other step.
func (s Step) Members() []Step { return append(slices.Clip(s.Steps), s.Together...) }

// Each lists the steps that act or wait by themselves, those of groups in their place, each once
// however often it is repeated.
func Each(steps []Step) []Step {
	var all []Step
	for _, s := range steps {
		if members := s.Members(); len(members) > 0 {
			all = append(all, Each(members)...)
			continue
		}
		all = append(all, s)
	}
	return all
}

// carried counts steps as often as they are carried out.
func carried(steps []Step) int {
	n := 0
	for _, s := range steps {
		one := max(carried(s.Members()), 1)
		if s.Repeat != nil {
			one *= min(max(s.Repeat.Times, 1), maxCarried+1)
		}
		n = min(n+one, maxCarried+1)
	}
	return n
}

// repeat checks how often a step is carried out.
func (c *checker) repeat(where string, s Step) {
	r := s.Repeat
	if r == nil {
		return
	}
	at := where + ".repeat"
	if r.Times < 1 || r.Times > maxTimes {
		c.Faultf(at+".times", fmt.Sprintf("1 to %d", maxTimes), "a step cannot be repeated %d times", r.Times)
		return
	}
	if r.Every <= 0 {
		if !c.Has(at + ".every") { // else it was reported as it was read
			c.Faultf(at, "every: 2s, from one beginning to the next", "%s says not how far apart the repetitions begin", at)
		}
		return
	}
	if last := time.Duration(r.Times-1) * time.Duration(r.Every); last > maxRepeated {
		c.Faultf(at, "", "the last repetition would begin after %s, more than %s", last, maxRepeated)
	}
	c.repeatedFaults(where, s)
	one := s.Action().Effect()
	if (s.Hold > 0 || s.Fault != "") && one.Longest > time.Duration(r.Every) {
		c.Faultf(at+".every", "from one beginning to the next: more than "+one.Longest.String(), "each repetition takes %s, and the next is to begin after %s", one.Longest, r.Every)
	}
}

// boundedSteps checks how many steps of a list are carried out in all.
func (c *checker) boundedSteps(list string, steps []Step) {
	if carried(steps) > maxCarried {
		c.Faultf(list, "", "%s has more than %d steps, counted as often as they are repeated", list, maxCarried)
	}
}

// effectOf is what steps do together, where each of them is carried out. longest combines how long
// they take.
func effectOf(steps []Step, longest func(a, b time.Duration) time.Duration) Effect {
	var e Effect
	for _, s := range steps {
		one := s.Action().Effect()
		e.Acts = e.Acts || one.Acts
		e.TakenBack = e.TakenBack || one.TakenBack
		for _, node := range one.Nodes {
			if !slices.Contains(e.Nodes, node) {
				e.Nodes = append(e.Nodes, node)
			}
		}
		e.Longest = longest(e.Longest, s.Longest())
	}
	return e
}

// wordsOf are what each of several steps does, on one line.
func wordsOf(steps []Step) []string {
	var list []string
	for _, s := range steps {
		list = append(list, s.words())
	}
	return list
}

// sameLane names a node whose session two of several steps would share; empty where there is none. lines
// are the steps of one that need a session.
func sameLane(steps []Step, lines func(Step) []Step) string {
	var nodes []string
	for _, s := range steps {
		var own []string
		for _, line := range lines(s) {
			if line.Action().Effect().Channel != CommandLine {
				continue
			}
			if slices.Contains(nodes, line.Node) {
				return line.Node
			}
			own = append(own, line.Node)
		}
		nodes = append(nodes, own...)
	}
	return ""
}

// firsts are the steps that a step begins with.
func firsts(s Step) []Step {
	switch {
	case len(s.Steps) > 0:
		return firsts(s.Steps[0])
	case len(s.Together) > 0:
		var all []Step
		for _, m := range s.Together {
			all = append(all, firsts(m)...)
		}
		return all
	default:
		return []Step{s}
	}
}

// actOn reports whether one of several steps acts on a node.
func actOn(node string, steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return slices.Contains(s.Action().Effect().Nodes, node) })
}

// sideBySide checks the steps that are carried out together.
func (c *checker) sideBySide(list string, steps []Step) {
	if len(steps) == 1 {
		c.Warnf(list, "", "one step alone is not done together with another")
	}
	if node := sameLane(steps, firsts); node != "" {
		c.refuse(list, "a session takes one command at a time: write steps:, or exec where the shell is meant", "two of %s begin with the command line of %s, and cannot at the same time", list, node)
	} else if node := sameLane(steps, func(s Step) []Step { return Each([]Step{s}) }); node != "" {
		c.Warnf(list, "a session takes one command at a time", "two of %s are for the command line of %s, which one waits for where both need it", list, node)
	}
	for i, s := range steps {
		c.besideOthers(list, placed(yamlpos.Index(list, i), s), slices.Delete(slices.Clone(steps), i, i+1))
	}
}

// besideOthers checks what one of the steps that are carried out together does, in order, beside the others.
func (c *checker) besideOthers(list string, own []placedStep, others []Step) {
	for _, s := range own {
		if s.Fault == FaultRestart && s.Process == "" && saidOf(list, s) && actOn(s.Node, others) {
			c.Faultf(s.where+".fault", "restart it in a step of its own", "%s restarts while another of %s is for it", s.Node, list)
		}
	}
	inForceAfter(own, func(up placedStep, could []placedStep) {
		alone := !slices.ContainsFunc(Each(others), func(o Step) bool { return o.Link == up.Link && o.Fault != "" })
		if saidOf(list, up) && (len(could) == 0 || !alone && up.Ends == "") {
			c.Faultf(up.where+".fault", "give the fault a for:, or a step of its own", "whether a fault is there that up could end is not known: the others are done at the same time")
		}
	})
}

// saidOf reports whether what is wrong with a step beside others is said of this group, and not of one
// within.
func saidOf(list string, s placedStep) bool {
	own := listOf(s.where)
	return own == list || !strings.HasSuffix(own, ".together")
}
