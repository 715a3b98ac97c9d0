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
	"slices"
	"strings"
)

// Rule replaces what changes by itself.
type Rule struct {
	see   *regexp.Regexp
	put   string
	not   *regexp.Regexp // lines that it leaves as they are
	needs [][]run        // one of each is in all that it sees
	lines bool           // what it sees is within a line
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

// apply looks only where a rule may see something: an expression is a hundred times slower than to look for a word.
func (r Rule) apply(output string) string {
	switch {
	case !r.may(output):
		return output
	case !r.lines:
		return r.see.ReplaceAllString(output, r.put)
	}
	lines := strings.Split(output, "\n")
	for i, l := range lines {
		if r.may(l) && (r.not == nil || !r.not.MatchString(l)) {
			lines[i] = r.see.ReplaceAllString(l, r.put)
		}
	}
	return strings.Join(lines, "\n")
}

// may reports whether a text may have something that the rule sees.
func (r Rule) may(text string) bool {
	for _, need := range r.needs {
		if !slices.ContainsFunc(need, func(r run) bool { return r.in(text) }) {
			return false
		}
	}
	return true
}

// Rules makes rules of pairs: a pattern, and what is put for it. A pattern that does not compile is a
// fault of the program, and panics.
func Rules(pairs ...string) []Rule {
	rules := make([]Rule, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		needs, lines := study(pairs[i])
		rules = append(rules, Rule{see: regexp.MustCompile(pairs[i]), put: pairs[i+1], needs: needs, lines: lines})
	}
	return rules
}

// Except makes a rule that sees a line at a time, and leaves lines as they are in which another pattern is.
func Except(not, see, put string) Rule {
	r := Rules(see, put)[0]
	r.not, r.lines = regexp.MustCompile(not), true
	return r
}
