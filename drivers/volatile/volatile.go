// Package volatile takes out of answers what changes by itself: counters, ages, uptimes, times. What
// is left of two answers to the same command differs when the device does.
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
}

// Apply applies rules in their order and drops blanks at line ends.
func Apply(output string, rules []Rule) string {
	for _, r := range rules {
		output = r.See.ReplaceAllString(output, r.Put)
	}
	lines := strings.Split(output, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r")
	}
	return strings.Join(lines, "\n")
}

// Rules makes rules of pairs: a pattern, and what is put for it. A pattern that does not compile is a
// fault of the program, and panics.
func Rules(pairs ...string) []Rule {
	rules := make([]Rule, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		rules = append(rules, Rule{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return rules
}
