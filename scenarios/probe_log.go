package scenarios

import "regexp"

// ProbeLog is the kind of [LogProbe].
const ProbeLog ProbeKind = "log"

// LogProbe is the log lines since the phase began that match a regular expression.
type LogProbe struct{ Pattern string }

func logProbe(c Condition) (Probe, bool) { return LogProbe{c.Log}, c.Log != "" }

// Kind implements Probe.
func (LogProbe) Kind() ProbeKind { return ProbeLog }

// Describe implements Probe.
func (p LogProbe) Describe() string { return "log: " + p.Pattern }

// Sight implements Probe.
func (LogProbe) Sight() Sight { return Sight{Anew: true} }

// Lines compiles what the lines must match.
func (p LogProbe) Lines() (*regexp.Regexp, error) { return boundedRegexp(p.Pattern) }

func (p LogProbe) check(c *checker, where string, cond Condition) {
	c.pattern(where+".log", p.Pattern)
	if _, err := p.Lines(); err != nil {
		c.Faultf(where+".log", "Go regular expressions (RE2)", "%v", err)
	} else if matchesNone(p.Pattern, true) {
		c.refuse(where+".log", "what one line has", "no line can match: a line ends where the log's does, and has no line end within")
	} else if noLetters(p.Pattern) {
		c.Warnf(where+".log", "what one line has", "only an empty line can match, and none is logged")
	} else if matchesAll(p.Pattern) {
		c.Warnf(where+".log", "the words that only the failure logs", "every line that is logged matches")
	}
	if predicate, err := cond.Compile(); err == nil && cond.Eventually > 0 && !cond.AfterFalse && len(predicate.beforeUses) == 0 && !predicate.constant {
		if holds, err := predicate.Eval(View{}, nil); err == nil && holds == true {
			c.Warnf(where+".eventually", "never: T, of the opposite, where no such line may come within T", "it is true while nothing is logged: the first look decides")
		}
	}
}
