package linux

import (
	"strings"
)

// frame is a construct of the shell that is open while a line is read.
type frame byte

const (
	single   frame = iota + 1 // '…'
	double                    // "…"
	back                      // `…`
	param                     // ${…}
	arith                     // $((…))
	subst                     // $(…)
	paren                     // ( … )
	brace                     // { …; }
	ifs                       // if … fi
	loop                      // for, while, until, select … done
	caseHead                  // case … up to in
	casePat                   // the patterns of a branch
	caseBody                  // the commands of a branch
)

// statement is a command of a script with everything that belongs to it.
type statement struct {
	last     int        // its last line
	compound bool       // more than simple commands
	docs     []document // here-documents
}

// document is the body of a here-document: lines from and up to but without to.
type document struct {
	end      string // the line that closes it
	strip    bool   // leading tabs do not count (<<-)
	quoted   bool   // nothing in it is expanded
	from, to int
}

// shell reads a script as POSIX.1-2024 (Shell Command Language, 2.2 to 2.10) has it, as far
// as is needed to see where a command ends. What is never closed reaches to the script's end.
type shell struct {
	stack    []frame
	word     strings.Builder
	inWord   bool
	quoted   bool // the word is more than its plain characters
	command  bool // the next word stands where a command begins
	joined   bool // the line ends with |, && or ||, or with the () of a function
	compound bool
	docs     []document
}

// read finds the end of the statement that begins in line i.
func read(lines []string, i int) statement {
	s := &shell{command: true}
	var out statement
	for j := i; j < len(lines); j++ {
		goesOn := s.line(lines[j])
		out.last = j
		if !goesOn && !s.inQuotes() {
			for _, d := range s.docs {
				d.from = out.last + 1
				d.to = d.from
				for d.to < len(lines) && !d.closes(lines[d.to]) {
					d.to++
				}
				out.last = min(d.to, len(lines)-1)
				out.docs = append(out.docs, d)
			}
			s.docs, j = nil, out.last
		}
		if !goesOn && !s.joined && len(s.stack) == 0 {
			break
		}
	}
	out.compound = s.compound
	return out
}

func (d document) closes(line string) bool {
	if d.strip {
		line = strings.TrimLeft(line, "\t")
	}
	return line == d.end
}

func (s *shell) top() frame {
	if len(s.stack) == 0 {
		return 0
	}
	return s.stack[len(s.stack)-1]
}

func (s *shell) push(f frame) { s.stack = append(s.stack, f) }

func (s *shell) pop() { s.stack = s.stack[:len(s.stack)-1] }

// become changes the open construct into its next part.
func (s *shell) become(f frame) { s.stack[len(s.stack)-1] = f }

func (s *shell) within(f frame) bool { return strings.IndexByte(string(s.bytes()), byte(f)) >= 0 }

func (s *shell) bytes() []byte {
	out := make([]byte, len(s.stack))
	for i, f := range s.stack {
		out[i] = byte(f)
	}
	return out
}

func (s *shell) inQuotes() bool {
	switch s.top() {
	case single, double, param, arith:
		return true
	default:
		return false
	}
}

// line reads one line, and tells whether a backslash joins the next one to it.
func (s *shell) line(text string) (goesOn bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && s.top() != single {
			if i == len(text)-1 {
				return true
			}
			s.put()
			i++
			continue
		}
		switch s.top() {
		case single:
			if c == '\'' {
				s.pop()
			}
		case double, param, arith:
			i += s.quote(text[i:])
		default:
			if c == '#' && !s.inWord {
				i = len(text)
				break
			}
			i += s.code(text[i:])
		}
	}
	if !s.inQuotes() {
		s.endWord()
		s.command = true
	}
	return false
}

// quote reads within double quotes and the like; it returns what it read beyond one byte.
func (s *shell) quote(text string) int {
	switch top, c := s.top(), text[0]; {
	case c == '"' && top == double, c == '}' && top == param:
		s.pop()
	case c == '"' && top == param:
		s.push(double)
	case c == '\'' && top == param:
		s.push(single)
	case c == ')' && top == arith:
		if strings.HasPrefix(text, "))") {
			s.pop()
			return 1
		}
	case c == '`':
		s.backquote()
	case c == '$':
		return s.dollar(text)
	}
	return 0
}

func (s *shell) dollar(text string) int {
	s.put()
	switch {
	case strings.HasPrefix(text, "$(("):
		s.push(arith)
		return 2
	case strings.HasPrefix(text, "$("):
		s.push(subst)
		s.begin()
		return 1
	case strings.HasPrefix(text, "${"):
		s.push(param)
		return 1
	}
	return 0
}

// put adds to the word what is no plain character.
func (s *shell) put() { s.inWord, s.quoted, s.joined = true, true, false }

// begin is where a command may stand.
func (s *shell) begin() { s.inWord, s.quoted, s.command = false, false, true; s.word.Reset() }

func (s *shell) backquote() {
	if s.within(back) {
		for s.top() != back {
			s.pop()
		}
		s.pop()
		s.put()
		return
	}
	s.push(back)
	s.begin()
}

// code reads outside quotes; it returns what it read beyond one byte.
func (s *shell) code(text string) int {
	c := text[0]
	switch c {
	case ' ', '\t', '\r':
		s.endWord()
	case '\'':
		s.put()
		s.push(single)
	case '"':
		s.put()
		s.push(double)
	case '`':
		s.backquote()
	case '$':
		return s.dollar(text)
	case ';', '&', '|':
		return s.separator(text)
	case '(':
		s.endWord()
		s.compound = true
		if strings.HasPrefix(strings.TrimLeft(text[1:], " \t"), ")") && s.top() != casePat {
			s.command, s.joined = true, true // the head of a function
			return strings.IndexByte(text, ')')
		}
		if s.top() != casePat {
			s.push(paren)
		}
		s.begin()
	case ')':
		s.closeParen()
	case '<', '>':
		return s.redirect(text)
	default:
		s.inWord, s.joined = true, false
		s.word.WriteByte(c)
	}
	return 0
}

func (s *shell) separator(text string) int {
	s.endWord()
	s.command = true
	switch {
	case strings.HasPrefix(text, ";;") && s.top() == caseBody:
		s.become(casePat)
		return 1
	case strings.HasPrefix(text, "&&"), strings.HasPrefix(text, "||"):
		s.joined = true
		return 1
	}
	s.joined = text[0] == '|' && s.top() != casePat
	return 0
}

func (s *shell) closeParen() {
	s.endWord()
	s.joined = false
	switch s.top() {
	case casePat:
		s.become(caseBody)
		s.command = true
	case subst:
		s.pop()
		s.put()
	case paren:
		s.pop()
		s.command = false
	default: // it closes nothing
	}
}

func (s *shell) redirect(text string) int {
	s.endWord()
	s.joined = false
	switch {
	case strings.HasPrefix(text, "<<<"):
		return 2
	case strings.HasPrefix(text, "<<") && !s.within(arith):
		return s.document(text)
	}
	return len(text) - len(strings.TrimLeft(text[1:], "<>&|")) - 1
}

// document reads the head of a here-document.
func (s *shell) document(text string) int {
	rest, strip := strings.CutPrefix(text[2:], "-")
	rest = strings.TrimLeft(rest, " \t")
	n := strings.IndexAny(rest, " \t;&|<>()")
	if n < 0 {
		n = len(rest)
	}
	end := strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(rest[:n])
	s.docs = append(s.docs, document{end: end, strip: strip, quoted: end != rest[:n]})
	return len(text) - len(rest) + n - 1
}

// endWord ends a word, which may open or close a construct.
func (s *shell) endWord() {
	if !s.inWord {
		return
	}
	w := s.word.String()
	plain, command := !s.quoted, s.command
	s.begin()
	s.command = false
	switch {
	case !plain:
	case s.top() == caseHead && w == "in":
		s.become(casePat)
	case s.top() == casePat:
		if w == "esac" {
			s.pop()
		}
	case w == "do" && s.top() == loop:
		s.command = true
	case command:
		s.keyword(w)
	}
}

// keyword takes a word that stands where a command begins.
func (s *shell) keyword(w string) {
	open := map[string]frame{"if": ifs, "for": loop, "while": loop, "until": loop, "select": loop, "case": caseHead, "{": brace}
	shut := map[string]frame{"fi": ifs, "done": loop, "esac": caseBody, "}": brace}
	switch {
	case open[w] != 0:
		s.push(open[w])
		s.compound = true
		s.command = w != "for" && w != "case" && w != "select"
	case shut[w] != 0:
		if s.top() == shut[w] {
			s.pop()
		}
	case w == "then", w == "do", w == "else", w == "elif", w == "!", w == "time", strings.Contains(w, "="):
		s.command = true
	}
}
