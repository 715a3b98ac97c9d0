package volatile

import (
	"cmp"
	"math/bits"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// class is a set of ASCII characters.
type class [2]uint64

func (c class) has(b byte) bool { return b < utf8.RuneSelf && c[b>>6]&(1<<(b&63)) != 0 }

func (c class) size() int { return bits.OnesCount64(c[0]) + bits.OnesCount64(c[1]) }

// first is the lowest of a set that is not empty.
func (c class) first() byte {
	if c[0] != 0 {
		return byte(bits.TrailingZeros64(c[0])) //nolint:gosec // below 64
	}
	return byte(64 + bits.TrailingZeros64(c[1])) //nolint:gosec // below 128
}

func of(b byte) (c class) {
	c[b>>6] |= 1 << (b & 63)
	return c
}

// run is characters that stand side by side in all that an expression matches. The zero run is unknown.
type run struct {
	classes []class
	word    string // the longest of it that is always the same
	at      int    // where that begins
}

// newRun finds the word; a run without one is unknown.
func newRun(classes []class) (r run) {
	word := make([]byte, 0, len(classes))
	for i := range len(classes) + 1 {
		if i < len(classes) && classes[i].size() == 1 {
			word = append(word, classes[i].first())
			continue
		}
		if len(word) > len(r.word) {
			r = run{classes: classes, word: string(word), at: i - len(word)}
		}
		word = word[:0]
	}
	return r
}

// worth is how seldom a run is where nothing is matched: characters that are always the same count most.
func (r run) worth() int {
	n := len(r.classes)
	for _, c := range r.classes {
		if c.size() == 1 {
			n += 3
		}
	}
	return n
}

// in reports whether the run is in a text.
func (r run) in(text string) bool {
	for from := 0; ; from++ {
		i := strings.Index(text[from:], r.word)
		if i < 0 {
			return false
		}
		from += i
		if begin := from - r.at; begin >= 0 && begin+len(r.classes) <= len(text) && r.here(text[begin:]) {
			return true
		}
	}
}

func (r run) here(text string) bool {
	for i, c := range r.classes {
		if !c.has(text[i]) {
			return false
		}
	}
	return true
}

// maxNeeds bounds what is looked for before a pattern is tried.
const maxNeeds = 4

// study finds sets of runs, of each of which one is in all that a pattern matches, and whether no match reaches over the end
// of a line. A pattern that does not compile gives nothing.
func study(pattern string) (needs [][]run, lines bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, false
	}
	var s sequence
	s.add(re)
	s.end()
	slices.SortStableFunc(s.needs, func(a, b []run) int { return cmp.Compare(worst(b), worst(a)) })
	return s.needs[:min(len(s.needs), maxNeeds)], !over(re)
}

// sequence studies expressions that follow each other.
type sequence struct {
	now   []class // the run that goes on
	needs [][]run
}

func worst(runs []run) int {
	n := 0
	for i, r := range runs {
		if w := r.worth(); i == 0 || w < n {
			n = w
		}
	}
	return n
}

// end ends the run that goes on.
func (s *sequence) end() {
	if r := newRun(s.now); r.word != "" {
		s.needs = append(s.needs, []run{r})
	}
	s.now = nil
}

// maxRepeat bounds how often a part that is repeated is studied.
const maxRepeat = 8

// add goes on with an expression.
func (s *sequence) add(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if c >= utf8.RuneSelf || re.Flags&syntax.FoldCase != 0 {
				s.end()
				continue
			}
			s.now = append(s.now, of(byte(c))) //nolint:gosec // an ASCII character
		}
	case syntax.OpCharClass:
		if c, ok := single(re); ok {
			s.now = append(s.now, c)
		} else {
			s.end()
		}
	case syntax.OpCapture:
		s.add(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			s.add(sub)
		}
	case syntax.OpPlus:
		s.repeat(re.Sub[0], 1, false)
	case syntax.OpRepeat:
		s.repeat(re.Sub[0], re.Min, re.Min == re.Max)
	case syntax.OpAlternate:
		s.end()
		s.alternate(re.Sub)
	default:
		s.end()
	}
}

// repeat goes on with what is there at least so often.
func (s *sequence) repeat(re *syntax.Regexp, least int, exact bool) {
	n := min(least, maxRepeat)
	for range n {
		s.add(re)
	}
	if exact && n == least {
		return
	}
	s.end() // any number may come between the first of them and the last
	for range n {
		s.add(re)
	}
}

func (s *sequence) alternate(list []*syntax.Regexp) {
	var all []run
	for _, re := range list {
		var one sequence
		one.add(re)
		one.end()
		if len(one.needs) == 0 {
			return
		}
		all = append(all, slices.MaxFunc(one.needs, func(a, b []run) int { return cmp.Compare(worst(a), worst(b)) })...)
	}
	s.needs = append(s.needs, all)
}

// single is a class of ASCII characters and no others.
func single(re *syntax.Regexp) (c class, ok bool) {
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1] >= utf8.RuneSelf {
			return class{}, false
		}
		for b := re.Rune[i]; b <= re.Rune[i+1]; b++ {
			c[b>>6] |= 1 << (b & 63)
		}
	}
	return c, true
}

// over reports whether an expression may match the end of a line, or asks for the beginning or the end of the whole text.
func over(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpBeginText, syntax.OpEndText:
		return true
	case syntax.OpLiteral:
		if strings.ContainsRune(string(re.Rune), '\n') {
			return true
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return true
			}
		}
	default:
	}
	return slices.ContainsFunc(re.Sub, over)
}
