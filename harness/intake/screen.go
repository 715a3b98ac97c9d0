package intake

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// widest bounds a line of a terminal, in characters.
const widest = 16 << 10

// cleaner gives lines as a terminal showed them.
type cleaner struct {
	pager         *regexp.Regexp
	snipped, dots *regexp.Regexp
}

func newCleaner() *cleaner {
	return &cleaner{
		snipped: regexp.MustCompile(`(?i)^[\s!#/*<\[({.…=~-]*(?:snip(?:ped)?|omitted|truncated|(?:(?:some|the|rest|remaining|other|more|many|several|irrelevant|unrelated|\d+|of)\s+)*(?:output|lines?|config(?:uration)?|text|rest|interfaces?|parts?|sections?)\s+(?:(?:was|were|is|are|has|have|been)\s+)*(?:omitted|removed|truncated|skipped|deleted|cut|left out|snipped|suppressed)(?:\s+(?:here|for\s+\w+))?)[\s!#/*>\])}.…=~-]*$`),
		dots:    regexp.MustCompile(`^[\s!#<\[(]*(?:\.{3,}|…)[\s>\])]*$`),
		pager:   regexp.MustCompile(`^\s*(?:-{1,2} ?\(?[Mm]ore(?: ?\d+%)?\)? ?-{0,3}(?: \(q = quit\))?|<-{2,3} ?[Mm]ore ?-{2,3}>|-{3}\(more(?: \d+%)?\)-{3}|Press (?:<SPACE>|SPACE|any key) to continue(?: or <Q> to quit)?:?)\s*`),
	}
}

// quits reports whether a line is what answers a pager to show no more.
func (c *cleaner) quits(text string) bool {
	text = strings.TrimSpace(text)
	return text == "q" || text == "Q" || text == "^C"
}

// leavesOut reports whether a line says that lines were left out there, as people write who shorten what they send. Dots
// alone say so in a configuration; elsewhere they may be of a ping.
func (c *cleaner) leavesOut(text string, config bool) bool {
	const longest = 100 // of such a line, in bytes
	return len(text) <= longest && (c.snipped.MatchString(text) || config && c.dots.MatchString(text))
}

// line takes out sequences of a terminal, what was written over, and pagers; pager tells that nothing
// else was on the line, and paged that one stood at its begin, though it was written over.
func (c *cleaner) line(s string, n *Cleaned) (text string, pager, paged bool) {
	if strings.IndexByte(s, 0x1b) >= 0 {
		n.Colours++
		s = withoutEscapes(s)
	}
	if strings.ContainsAny(s, "\r\b\x1b") {
		paged = c.pagerIn(s) > 0
		n.Overwritten++
		s = shown(s)
	}
	if at := c.pagerIn(s); at > 0 {
		n.Pagers++
		s = s[at:]
		return s, s == "", true
	}
	return s, false, paged
}

// pagerIn is where a pager ends that stands at the begin of a line; 0 where none does.
func (c *cleaner) pagerIn(s string) int {
	if !strings.Contains(s, "ore") && !strings.Contains(s, "Press") {
		return 0
	}
	if at := c.pager.FindStringIndex(s); at != nil && strings.TrimSpace(s[:at[1]]) != "--" {
		return at[1]
	}
	return 0
}

// withoutEscapes takes out sequences that begin with ESC (ECMA-48, 5.4 and 8.3.89; titles as xterm has them). Of the
// cursor's way back (CUB, 8.3.18) backspaces stay, and of erasing to the end of the line (EL, 8.3.41) a lone ESC.
func withoutEscapes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != 0x1b {
			b.WriteByte(s[i])
			i++
			continue
		}
		from := i
		i = escapeEnd(s, i+1)
		switch seq := s[from+1 : i]; {
		case seq == "[K" || seq == "[0K":
			b.WriteByte(0x1b)
		case len(seq) > 1 && seq[0] == '[' && seq[len(seq)-1] == 'D':
			n := 1
			if count, err := strconv.Atoi(seq[1 : len(seq)-1]); err == nil {
				n = max(1, min(count, widest))
			}
			b.WriteString(strings.Repeat("\b", n))
		}
	}
	out := strings.TrimRight(b.String(), "\x1b") // the line is whole
	if strings.ContainsAny(out, "\r\b") {
		return out
	}
	return strings.ReplaceAll(out, "\x1b", "") // nothing stands behind the cursor
}

// escapeEnd is where a sequence ends whose ESC stands before i.
func escapeEnd(s string, i int) int {
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case '[':
		for i++; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
		}
		return i
	case ']':
		for i++; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return i
	}
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	return min(i+1, len(s))
}

// shown is a line after carriage returns and backspaces have moved where its characters went; an ESC erases what
// stands behind it.
func shown(s string) string {
	var cells []rune
	at := 0
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case r == '\r':
			at = 0
		case r == '\b':
			at = max(0, at-1)
		case r == 0x1b:
			cells = cells[:min(at, len(cells))]
		case at < len(cells):
			cells[at] = r
			at++
		case at < widest:
			cells = append(cells, r)
			at++
		}
	}
	return strings.TrimRight(string(cells), " ")
}
