package scenarios

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func (c *checker) steps(list string, steps []Step) {
	if c.tooMany(list, len(steps)) {
		return
	}
	c.boundedSteps(list, steps)
	for i, s := range steps {
		where := yamlpos.Index(list, i)
		line, _ := c.At(where)
		c.loaded.lines[where] = line
		c.step(where, s)
	}
}

func (c *checker) step(where string, s Step) {
	actions := s.actions()
	misspelt := c.Strange(where) || slices.ContainsFunc(ActionKinds(), func(k ActionKind) bool { return c.Misread(where + "." + string(k)) })
	if len(actions) == 0 && misspelt {
		return // which was said
	}
	if len(actions) != 1 {
		c.Faultf(where, "one of "+listed(ActionKinds()), "%s needs exactly one action, here are %d", where, len(actions))
		return
	}
	c.stray(where, s, actions[0])
	actions[0].check(c, where)
	c.repeat(where, s)
}

// sending checks a step that gives a node commands.
func (c *checker) sending(where string, s Step) {
	c.node(where, s.Node, "the step needs to know where to act")
	c.statuses(where, s.Exit)
	if a := s.Action(); strings.TrimSpace(strings.Join(a.Effect().Lines, "")) == "" {
		c.blank(where + "." + string(a.Kind()))
	}
}

// blank refuses a command of which nothing is carried out.
func (c *checker) blank(where string) { c.refuse(where, "leave it out", "the command is blank") }

// stray reports keys that belong to another action.
func (c *checker) stray(where string, s Step, a Action) {
	for _, k := range []struct {
		key    string
		set    bool
		belong string
	}{
		{"exit", s.Exit != nil, "exec, and to run where the platform has statuses"},
		{"may-fail", s.MayFail, "run and exec"},
		{"timeout", s.Timeout > 0, "run and exec"},
		{"for", s.For > 0, "a fault that can be taken back"},
		{"arm", s.Arm != nil, "faults, restart and up aside"},
		{"disarm", s.Disarm != nil, "a fault that can be taken back"},
		{"ends", s.Ends != "", "up"},
		{"background", s.Background, "a fault with for: without it, and with arm or disarm, the next step does not wait anyhow"},
		{"process", s.Process != "", "kill, restart and pause"},
		{"signal", s.Signal != "", "kill"},
		{"times", s.Times > 0, "flap"},
		{"every", s.Every > 0, "flap"},
		{"direction", s.Direction != "", onFrames},
		{"match", c.Has(where + ".match"), onFrames},
		{"probability", s.Probability != 0, onFrames},
		{"may-miss", s.MayMiss, onFrames},
		{"filter", c.Has(where + ".filter"), onFrames},
		{"nth", c.Has(where + ".nth"), onFrames},
		{"count", c.Has(where + ".count"), onFrames},
		{"every-nth", c.Has(where + ".every-nth"), onFrames},
		{"seed", c.Has(where + ".seed"), onFrames},
		{"transmission", s.Sent != "", onFrames},
		{"expect", s.Expect != nil, onFrames},
		{"delay", c.Has(where + ".delay"), "delay"},
		{"jitter", c.Has(where + ".jitter"), "delay"},
		{"reorder", s.Reorder, "delay"},
		{"offset", c.Has(where + ".offset"), "corrupt"},
		{"xor", c.Has(where + ".xor"), "corrupt"},
		{"after", c.Has(where + ".after"), "reorder"},
		{"size", c.Has(where + ".size"), "truncate and mtu"},
		{"rate", c.Has(where + ".rate"), "rate"},
		{"queue", c.Has(where + ".queue"), "rate"},
		{"link", s.Link != "", "faults of a link"},
		{"why", s.Why != "", "hold"},
		{"node", s.Node != "", "steps that act on a node"},
	} {
		if k.set && !a.takes(c, k.key) {
			c.Faultf(where+"."+k.key, "it belongs to "+k.belong, "%s has no meaning here", k.key)
		}
	}
}
