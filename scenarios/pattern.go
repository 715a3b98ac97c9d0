package scenarios

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Regular expressions of a scenario are Go's: they never take more than the length of the
// text times their own size. That size is bounded here, before they are compiled.

// maxPattern bounds the size of one regular expression, in instructions of its program.
const maxPattern = 20_000

// patternSize estimates the instructions of a regular expression, repetitions written out.
// One that cannot be read has none: whoever compiles it says why.
func patternSize(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return sizeOf(re)
}

func sizeOf(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n = min(n+sizeOf(sub), 1<<40)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(re.Max, re.Min+1, 1), 1<<40)
	}
	return n
}

// boundedRegexp is regexp.Compile within the bound.
func boundedRegexp(pattern string) (*regexp.Regexp, error) {
	if err := checkPattern(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(pattern)
}

func checkPattern(pattern string) error {
	if size := patternSize(pattern); size > maxPattern {
		return fmt.Errorf("the regular expression is too large: about %d steps, at most %d", size, maxPattern)
	}
	return nil
}

// written tells of regular expressions that are not what was meant: an escape that double quotes made a character of, which is refused,
// and a line with parentheses or brackets, of which a warning is given.
func (c *checker) written(at, pattern string) {
	if found := madeByQuotes.FindString(pattern); found != "" {
		r, _ := utf8.DecodeRuneInString(found)
		c.refuse(at, `in single quotes \b is a word's end; where the character is meant, write \x08`,
			"the regular expression holds the character %U itself, as double quotes make it of an escape such as \\b: no line has it", r)
		return
	}
	if pasted(pattern) {
		c.Warnf(at, "where these characters are meant: "+regexp.QuoteMeta(pattern),
			"the regular expression does not match the words that it consists of: ( ) and [ ] have a meaning of their own in it")
	}
}

// madeByQuotes matches what double quotes of YAML, and of an expression, make of \0 \a \b \v \f, which no line has.
var madeByQuotes = regexp.MustCompile(`[\x00\x07\x08\x0b\x0c]`)

// Characters that only a regular expression would have, and what may be one or a text with parentheses or brackets.
var (
	operators = regexp.MustCompile(`[\\*+?|^$]|\{\d`)
	grouped   = regexp.MustCompile(`\([^()\[\]]+\)`)
	bracketed = regexp.MustCompile(`\[([^\[\]]+)\]`)
)

// pasted reports whether a regular expression looks like a text that was never meant to be one, and does not match it: nothing of it has a
// use in a regular expression, but for a group that groups nothing, or a class of characters with one of them twice.
func pasted(pattern string) bool {
	re, err := regexp.Compile(pattern)
	if err != nil || operators.MatchString(pattern) || re.MatchString(pattern) {
		return false
	}
	for _, class := range bracketed.FindAllStringSubmatch(pattern, -1) {
		if twice(class[1]) {
			return true
		}
	}
	return !strings.Contains(pattern, "[") && grouped.MatchString(pattern)
}

// twice reports whether a text has a character more than once.
func twice(text string) bool {
	for i, r := range text {
		if strings.ContainsRune(text[i+utf8.RuneLen(r):], r) {
			return true
		}
	}
	return false
}
