package scenarios

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Rate is a window over which a value grows so fast.
type Rate struct {
	AtLeast *float64 `yaml:"at-least" json:"at-least,omitempty" jsonschema_description:"So much per second, or more."`
	AtMost  *float64 `yaml:"at-most" json:"at-most,omitempty" jsonschema:"minimum=0" jsonschema_description:"So much per second, or less."`
	Over    Duration `yaml:"over" json:"over" jsonschema:"required" jsonschema_description:"Length of the window, in the lab's time."`
}

// String gives the bounds for people.
func (r Rate) String() string {
	var words []string
	if r.AtLeast != nil {
		words = append(words, fmt.Sprintf("at least %g", *r.AtLeast))
	}
	if r.AtMost != nil {
		words = append(words, fmt.Sprintf("at most %g", *r.AtMost))
	}
	return strings.Join(words, " and ") + " a second"
}

// Boolean reports whether the condition's expression has to be true or false. The other windows look
// at how its value moves.
func (c Condition) Boolean() bool { return c.Changes == nil && !c.Follows() }

// Follows reports whether the window looks at whether, or how fast, a value moves.
func (c Condition) Follows() bool { return c.Unchanged > 0 || c.Rate != nil }

// follows checks a window that follows a value.
func (c *checker) follows(where string, cond Condition, p *Predicate) {
	if !cond.Follows() {
		return
	}
	if cond.AfterFalse {
		c.Faultf(where+".after-false", "the window begins with the first look", "after-false has no meaning together with unchanged and rate")
	}
	if cond.Hangs > 0 {
		c.Faultf(where+".hangs", "it is for windows of what is true or false", "hangs has no meaning together with unchanged and rate")
	}
	if p != nil && p.constant {
		c.Faultf(where+".expect", "write the value that is meant, as json.rx or count", "the expression looks at nothing: it never moves")
	}
	if 2*cond.Interval() > cond.Length() && cond.Length() > 0 {
		c.Faultf(where, "look more often with every, or longer", "that a value moves takes two looks, and a look every %s within %s is not enough", cond.Interval(), cond.Length())
	}
	if cond.Rate == nil {
		return
	}
	if p != nil && p.noNumber() {
		c.Faultf(where+".expect", "write the number that is meant, as json.rx or count", "a rate is of a number, and the expression is none")
	}
	c.rate(where+".rate", *cond.Rate)
	if p == nil || cond.Rate.AtLeast == nil || cond.Rate.Over <= 0 {
		return
	}
	looks := time.Duration(cond.Rate.Over) - 2*cond.Interval() // the first and the last stand so far apart at least
	if can := p.possibly(quantities(cond, 0)).span(p.node); *cond.Rate.AtLeast*looks.Seconds() > can.max-can.min {
		c.refuse(where+".rate.at-least", limits(cond, p), "%s is %g to %g: it never grows by %g a second for %s", p.source, can.min, can.max, *cond.Rate.AtLeast, cond.Rate.Over)
	}
}

// rate checks the bounds of a rate.
func (c *checker) rate(where string, r Rate) {
	const hint = "rate: {at-least: 100, over: 10s}, at-most: 0, or both"
	number := func(key string, v *float64, least float64) {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0) || *v < least) {
			c.Faultf(where+"."+key, hint, "%g is no rate that decides anything", *v)
		}
	}
	number("at-least", r.AtLeast, math.SmallestNonzeroFloat64)
	number("at-most", r.AtMost, 0)
	switch {
	case r.Over <= 0 && !c.Has(where+".over"):
		c.Faultf(where, hint, "rate says not over which time")
	case r.AtLeast == nil && r.AtMost == nil:
		c.Faultf(where, hint, "rate says not how fast")
	case r.AtLeast != nil && r.AtMost != nil && *r.AtLeast > *r.AtMost:
		c.Faultf(where, hint, "no rate is at least %g and at most %g", *r.AtLeast, *r.AtMost)
	}
}

// span is how long the window of a condition that follows a value is.
func (c Condition) span() time.Duration {
	d := c.Unchanged
	if c.Rate != nil {
		d += c.Rate.Over
	}
	return time.Duration(d)
}
