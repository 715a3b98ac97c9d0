package redact

import "bytes"

// questionWords begin the line of a question.
//
//nolint:gochecknoglobals // a table that is only read
var questionWords = set("enter re-enter reenter type retype re-type please new old current repeat confirm verify community your the input provide give choose set")

// longestQuestion bounds what stands between the word and the colon, in bytes.
const longestQuestion = 80

// question takes the answer to a question with more words before its colon, on its line or
// below: "Enter passphrase for key '/x': S". It tells whether the line is a question.
func (s *scanner) question(name string, start, end, limit int) bool {
	if s.limit > 0 {
		return false
	}
	first := bytes.TrimLeft(s.data[s.line:end], " \t")
	if i := bytes.IndexAny(first, " :"); i > 0 {
		first = first[:i]
	}
	if !questionWords[lower(string(first))] {
		return false
	}
	rest := s.data[end:min(limit, end+2*longestQuestion)]
	colon := bytes.LastIndexByte(rest, ':')
	if colon < 1 || colon > longestQuestion || rest[0] != ' ' && rest[0] != '\t' {
		return false
	}
	if words := bytes.Fields(rest[:colon]); len(words) == 0 || stops[lower(string(words[len(words)-1]))] {
		return false // about one: password policy:
	}
	from := skipBlanks(s.data[:limit], end+colon+1)
	if from == end+colon+1 && from < limit {
		return false
	}
	if from >= limit {
		s.below(name, start, limit, limit)
		return true
	}
	v := bytes.TrimRight(s.data[from:limit], " \t\r")
	if len(v) < 4 || bytes.IndexByte(v, ' ') >= 0 || ordinary()[lower(string(v))] || bytes.HasSuffix(v, []byte(":")) {
		return false
	}
	if words := bytes.Fields(rest[:colon]); len(words) > 1 && lower(string(words[len(words)-2])) == "for" { // new password for joe: S
		s.saidOf(end+colon-len(words[len(words)-1]), end+colon)
	}
	return s.takePlain(name, from, from+len(v))
}
