// Package volatile takes out of answers what changes by itself: counters of what is routine, ages,
// uptimes. What is left of two answers to the same command differs when the device does.
//
// What stands still until something happens is left: counters of drops, errors and lost sessions, "never"
// beside an age, the age at which a link-state advertisement ends, and the time of the clock at which
// something began. Of two trials the last differs as well; reports.CompareStates leaves it out there.
//
// It is a leaf: drivers of switches and of nodes use it.
package volatile

import (
	"regexp"
	"strings"
)

// Rule replaces what changes by itself.
type Rule struct {
	See *regexp.Regexp
	Put string
	Not *regexp.Regexp // lines that it leaves as they are; with it, See sees a line at a time
}

// Apply applies rules in their order and drops blanks at line ends.
func Apply(output string, rules []Rule) string {
	for _, r := range rules {
		output = r.apply(output)
	}
	lines := strings.Split(output, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r")
	}
	return strings.Join(lines, "\n")
}

func (r Rule) apply(output string) string {
	if r.Not == nil {
		return r.See.ReplaceAllString(output, r.Put)
	}
	lines := strings.Split(output, "\n")
	for i, l := range lines {
		if !r.Not.MatchString(l) {
			lines[i] = r.See.ReplaceAllString(l, r.Put)
		}
	}
	return strings.Join(lines, "\n")
}

// Rules makes rules of pairs: a pattern, and what is put for it. A pattern that does not compile is a
// fault of the program, and panics.
func Rules(pairs ...string) []Rule {
	rules := make([]Rule, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		rules = append(rules, Rule{See: regexp.MustCompile(pairs[i]), Put: pairs[i+1]})
	}
	return rules
}
