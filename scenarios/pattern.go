package scenarios

import (
	"fmt"
	"regexp"
	"regexp/syntax"
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
