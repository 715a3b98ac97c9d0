package scenarios

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// eaten are the escapes of a regular expression that a double-quoted text, of YAML or of an expression, takes for a character
// of its own.
const eaten = "\a\b\f\v\x00"

// writtenOtherwise tells where a pattern is most likely not what its author wrote or meant; empty where it is not. never says that it
// then matches nothing that is printed.
func writtenOtherwise(pattern string) (why, hint string, never bool) {
	if i := strings.IndexAny(pattern, eaten); i >= 0 {
		return fmt.Sprintf("the pattern has the control character %q: the double quotes made it of a backslash and a letter", pattern[i]),
			`single quotes keep backslashes: '\bFull\b'; within double ones write \\b`, true
	}
	re, err := boundedRegexp(pattern)
	if err != nil || re.MatchString(pattern) || operators.MatchString(pattern) {
		return "", "", false
	}
	if part := pasted(pattern); part != "" {
		return fmt.Sprintf("%s is no text in a regular expression: the line that is written here does not match", part), "where the text is meant: '" + regexp.QuoteMeta(pattern) + "'", false
	}
	return "", "", false
}

// pasted finds what is a part of a line of text and no regular expression: a group that groups nothing, as (r2), or a list that
// names a character twice, as [EC 33554].
func pasted(pattern string) string {
	for i := 0; i < len(pattern); i++ {
		switch rest := pattern[i:]; rest[0] {
		case '\\':
			i++
		case '(':
			if m := plainGroup.FindStringSubmatch(rest); m != nil {
				return m[1]
			}
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 2 {
				return ""
			}
			if list := rest[1:end]; !strings.ContainsAny(list, `-^\[:`) && twice(list) {
				return rest[:end+1]
			}
			i += end
		}
	}
	return ""
}

// operators match what nobody writes who means a text: classes and places by a letter, repetitions, alternatives, ends of a line, flags.
var operators = regexp.MustCompile(`\\[A-Za-z]|[*+?|^$]|\{\d`)

// plainGroup matches a group of words alone, which nothing repeats.
var plainGroup = regexp.MustCompile(`^(\([\w ./:,-]+\))(?:[^*+?{]|$)`)

func twice(list string) bool {
	for i, r := range list {
		if strings.ContainsRune(list[i+utf8.RuneLen(r):], r) {
			return true
		}
	}
	return false
}

// pattern checks how one is written.
func (c *checker) pattern(where, pattern string) {
	switch why, hint, never := writtenOtherwise(pattern); {
	case never:
		c.refuse(where, hint, "%s", why)
	case why != "":
		c.Warnf(where, hint, "%s", why)
	}
}
