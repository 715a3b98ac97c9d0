package sim

import (
	"maps"
	"strconv"
	"strings"
)

// token is one word of a command line and the column where it begins. A quoted word loses
// its quotes and keeps its spaces.
type token struct {
	text   string
	col    int
	quoted bool
}

// tokenize splits a command line into words. An open quote reaches to the end of the line.
func tokenize(line string) []token {
	var toks []token
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		start := i
		if line[i] == '"' {
			end := strings.IndexByte(line[i+1:], '"')
			if end < 0 {
				toks = append(toks, token{line[i+1:], start, true})
				return toks
			}
			toks = append(toks, token{line[i+1 : i+1+end], start, true})
			i += end + 2
			continue
		}
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		toks = append(toks, token{line[start:i], start, false})
	}
	return toks
}

type elemKind int

const (
	elemWord  elemKind = iota + 1 // one of some keywords
	elemParam                     // one word of any text
	elemInt                       // one number
	elemRest                      // the rest of the line, at least one word
	elemOpt                       // a group that may be left out
)

type elem struct {
	kind  elemKind
	words []string
	name  string
	group []elem
}

// compile reads a pattern: keywords, a|b for one of several keywords, n:a|b to keep which one
// it was, <x> for a word, <x:int> for a number, <x..> for the rest of the line and [ … ] for
// what may be left out.
func compile(pattern string) []elem {
	elems, _ := compileFields(strings.Fields(pattern))
	return elems
}

func compileFields(fields []string) ([]elem, []string) {
	var out []elem
	for len(fields) > 0 {
		f := fields[0]
		fields = fields[1:]
		switch {
		case f == "[":
			var group []elem
			group, fields = compileFields(fields)
			out = append(out, elem{kind: elemOpt, group: group})
		case f == "]":
			return out, fields
		case strings.HasPrefix(f, "<"):
			name := strings.Trim(f, "<>")
			switch {
			case strings.HasSuffix(name, ".."):
				out = append(out, elem{kind: elemRest, name: strings.TrimSuffix(name, "..")})
			case strings.HasSuffix(name, ":int"):
				out = append(out, elem{kind: elemInt, name: strings.TrimSuffix(name, ":int")})
			default:
				out = append(out, elem{kind: elemParam, name: name})
			}
		default:
			name, words, ok := strings.Cut(f, ":")
			if !ok {
				name, words = "", f
			}
			out = append(out, elem{kind: elemWord, name: name, words: strings.Split(words, "|")})
		}
	}
	return out, nil
}

// matching is one attempt to read a line by a pattern.
type matching struct {
	toks  []token
	args  map[string]string
	canon []string // the words read so far, keywords written out
	exact int      // keywords that were written out
	far   int      // index of the first word that did not fit
	short bool     // the line ended where more was expected
	next  []string
}

// miss notes that nothing fits at word i; want says what would have.
func (m *matching) miss(i int, want string) {
	if i < m.far {
		return
	}
	if i > m.far {
		m.far, m.short, m.next = i, false, nil
	}
	m.short = m.short || i >= len(m.toks)
	m.next = append(m.next, want)
}

func (m *matching) match(elems []elem, i int) bool {
	if len(elems) == 0 {
		if i == len(m.toks) {
			return true
		}
		m.miss(i, "<cr>")
		return false
	}
	e, rest := elems[0], elems[1:]
	if e.kind == elemOpt {
		exact, canon, args := m.exact, len(m.canon), maps.Clone(m.args)
		if m.match(append(append([]elem{}, e.group...), rest...), i) {
			return true
		}
		m.exact, m.canon, m.args = exact, m.canon[:canon], args
		return m.match(rest, i)
	}
	if i >= len(m.toks) {
		m.miss(i, e.describe())
		return false
	}
	t := m.toks[i]
	switch e.kind {
	case elemWord:
		word, exact := e.pick(t)
		if word == "" {
			m.miss(i, e.describe())
			return false
		}
		if exact {
			m.exact++
		}
		m.set(e.name, word)
		m.canon = append(m.canon, word)
	case elemInt:
		if _, err := strconv.Atoi(t.text); err != nil {
			m.miss(i, e.describe())
			return false
		}
		m.set(e.name, t.text)
		m.canon = append(m.canon, t.text)
	case elemRest:
		words := make([]string, 0, len(m.toks)-i)
		for _, w := range m.toks[i:] {
			words = append(words, w.quotedText())
		}
		m.set(e.name, strings.Join(words, " "))
		m.canon = append(m.canon, words...)
		return true
	default:
		m.set(e.name, t.text)
		m.canon = append(m.canon, quoteIfNeeded(t.text))
	}
	return m.match(rest, i+1)
}

func (m *matching) set(name, value string) {
	if name != "" {
		m.args[name] = value
	}
}

// quoteIfNeeded puts quotes around a text that is not one word.
func quoteIfNeeded(text string) string {
	if text == "" || strings.ContainsAny(text, " \t") {
		return `"` + text + `"`
	}
	return text
}

// quotedText is the word as it was written, with its quotes.
func (t token) quotedText() string {
	if t.quoted {
		return `"` + t.text + `"`
	}
	return t.text
}

func (e elem) describe() string {
	if e.kind == elemWord {
		return strings.Join(e.words, " ")
	}
	return "<" + e.name + ">"
}

// pick finds the keyword that t stands for: written out, or its beginning of two letters and more.
func (e elem) pick(t token) (word string, exact bool) {
	if t.quoted {
		return "", false
	}
	low := strings.ToLower(t.text)
	for _, w := range e.words {
		if low == strings.ToLower(w) {
			return w, true
		}
	}
	if len(low) < 2 {
		return "", false
	}
	for _, w := range e.words {
		if strings.HasPrefix(strings.ToLower(w), low) {
			return w, false
		}
	}
	return "", false
}

// command is one line of a platform's command table.
type command struct {
	pattern string
	mode    mode   // the least mode in which it can be given
	in      string // what must be being configured, by its first words; VOSS only
	writes  bool   // it changes the configuration: a read-only account does not have it
	admin   bool   // a read-only account does not have it, and it changes no configuration
	run     func(*call)

	elems []elem
}

// table is the compiled command table of a platform.
type table struct {
	commands []command
}

func newTable(lists ...[]command) *table {
	t := &table{}
	for _, l := range lists {
		for _, c := range l {
			c.elems = compile(c.pattern)
			t.commands = append(t.commands, c)
		}
	}
	return t
}

// lookup is the result of reading a line: the command, or where and why reading stopped.
type lookup struct {
	command *command
	args    map[string]string
	canon   []string
	short   bool     // more words are needed
	far     int      // index of the word that does not fit
	next    []string // what would fit there
}

// find reads a line. allowed says which commands exist for whoever gives it. The command
// with most keywords written out wins, and the earlier one among equals.
func (t *table) find(toks []token, allowed func(*command) bool) lookup {
	best := lookup{far: -1}
	bestExact := -1
	for i := range t.commands {
		c := &t.commands[i]
		if len(c.elems) > 0 && len(toks) > 0 && c.elems[0].kind == elemWord {
			if w, _ := c.elems[0].pick(toks[0]); w == "" {
				continue
			}
		}
		if !allowed(c) {
			continue
		}
		m := matching{toks: toks, args: map[string]string{}}
		if m.match(c.elems, 0) {
			if c.in != "" {
				m.exact += 100 // what belongs to the thing being configured comes first
			}
			if m.exact > bestExact {
				best, bestExact = lookup{command: c, args: m.args, canon: m.canon}, m.exact
			}
			continue
		}
		if best.command != nil || m.far < best.far {
			continue
		}
		if m.far > best.far {
			best = lookup{far: m.far}
		}
		best.short = best.short || m.short
		best.next = append(best.next, m.next...)
	}
	if best.far < 0 {
		best.far = 0
	}
	return best
}
