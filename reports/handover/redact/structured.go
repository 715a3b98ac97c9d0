package redact

import (
	"bytes"
	"strings"
)

// longestStructure bounds how far the value of one key is followed, in bytes.
const longestStructure = 64 << 10

// follow tells whether the next bytes of a structure may be looked at: in all a few times as
// many as the text has, for what is nested is followed once from each of its keys.
func (s *scanner) follow(n int) bool {
	s.steps += n
	return s.steps <= 4*len(s.data)+4*longestStructure
}

// valueKeys hold the secret in an object or a block that a key says to be one.
//
//nolint:gochecknoglobals // a table that is only read
var valueKeys = set("value values val string text data plain plaintext plain-text clear cleartext clear-text cipher encrypted hash secret password pass key name content raw ascii hex psk current next previous old new active primary secondary")

// nestedKeys say that what is below them is secret, and mean nothing on a line of their own.
//
//nolint:gochecknoglobals // a table that is only read
var nestedKeys = set("passwords secrets communities passphrases tokens psks snmp-communities community-strings credentials pre-shared-keys")

// namesOf are plurals below which each key names whose secret its value is.
//
//nolint:gochecknoglobals // a table that is only read
var namesOf = set("credentials passwords secrets communities passphrases psks snmp-communities community-strings")

// communityLists are keys below which a name is a community.
//
//nolint:gochecknoglobals // a table that is only read
var communityLists = set("community communities snmp-communities community-strings")

// plainKey tells a key that names somebody from one that says what its value is.
func plainKey(key string) bool {
	_, keyword := terms[key]
	return !keyword && !ordinary()[key] && !fillers[key] && !grammarWords(key, false)
}

// userKey tells a key that names a user in a map of users and their passwords.
func userKey(key string) bool {
	return len(key) > 1 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") == "" && plainKey(key)
}

// camelEnds are the ends of keys in one word, such as wpaPassphrase, by which they are told.
//
//nolint:gochecknoglobals // a table that is only read
var camelEnds = []string{
	"password", "passwd", "passphrase", "secret", "token", "apikey", "psk", "community", "privatekey", "sharedkey", "presharedkey", "authkey", "accesskey",
	"secretkey", "encryptionkey", "pwd", "passcode", "privkey", "privpass", "authpass", "userpass", "communitystring", "sessionid", "sessid", "sshpass", "ldappw", "bindpw", "adminpw", "rootpw", "dbpw", "userpw",
	"dbpass", "rootpass", "adminpass", "smtppass", "vpnpass", "wifipass", "loginpass", "keypass", "storepass", "certpass", "communityname", "ftppass", "passkey", "authpasswd", "keystring", "passwords", "secrets", "communities",
}

// camel looks at a word with a : or = or quote after it, whose end may be a keyword.
func (s *scanner) camel(start, end int) {
	switch s.data[end-1] | 0x20 {
	case 'd', 'e', 't', 'n', 'k', 'y', 's', 'g', 'w':
	default:
		return
	}
	n := end - start
	if n < 6 || n > 40 {
		return
	}
	got := s.data[start:end]
	for _, w := range camelEnds {
		if n >= len(w) && sameLetters(got[n-len(w):], w) {
			name := w
			t := term{rule: RuleSecret, assigned: true, ending: true}
			if w == "community" || w == "communitystring" || w == "communityname" {
				name = "community"
			}
			s.take(name, t, start, end)
			return
		}
	}
}

// nested follows the array or object at pos, which is the value of a key that says that it
// is secret.
func (s *scanner) nested(name string, pos, end int) {
	data := s.data[:min(len(s.data), pos+longestStructure)]
	at := end
	var open []byte
	key, written := "", ""
	for i := pos; i < len(data) && s.follow(1); {
		switch c := data[i]; c {
		case '[', '{':
			open = append(open, c)
			key = ""
			i++
			continue
		case ']', '}':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
			if len(open) == 0 {
				return
			}
			i++
			continue
		}
		q := quoteAt(data, i)
		if q == 0 {
			if data[i] == ',' {
				key = ""
			}
			i++
			continue
		}
		f, ok := s.field(i, len(data), false)
		if !ok {
			i += 2 * q // an empty string
			continue
		}
		i = f.next
		text := string(data[f.start:f.end])
		if k := skipBlanks(data, f.next); k < len(data) && data[k] == ':' {
			key = strings.ReplaceAll(lower(text), "_", "-")
			written = text
			i = k + 1
			continue
		}
		switch {
		case name == "credentials" && key != "" && !valueKeys[key] && (!userKey(written) || !isOdd(text) || isPath(text)):
		case open[len(open)-1] == '{' && (key == "" || !valueKeys[key] && (!namesOf[name] || !plainKey(key))):
		case f.start < s.done || bgpCommunity(text) || key == "" && len(text) < 3 || key == "name" && !communityLists[name]:
		default:
			s.span(at, f.start)
			s.replace(name, RuleSecret, f, text)
			at = max(at, f.end)
		}
		key = ""
	}
}

func skipBlanks(data []byte, i int) int {
	for i < len(data) && strings.IndexByte(" \t\r\n", data[i]) >= 0 {
		i++
	}
	return i
}

// pair looks at {"key": "snmpCommunity", "value": "..."} and name="password" value="...",
// where the word that says it is itself a value.
func (s *scanner) pair(name string, start, end int) {
	q := quoteAt(s.data, end)
	if q == 0 || start < s.line+4 {
		return
	}
	before := bytes.TrimRight(s.data[max(s.line, start-24):start], " \t\"'\\")
	if n := len(before); n == 0 || before[n-1] != ':' && before[n-1] != '=' {
		return
	}
	data := s.data[:min(len(s.data), end+longestToken)]
	i := skipBlanks(data, end+q)
	if i < len(data) && data[i] == ',' {
		i = skipBlanks(data, i+1)
	}
	i += quoteAt(data, i)
	from := i
	for i < len(data) && wordClass(data[i]) {
		i++
	}
	switch lower(string(data[from:i])) {
	case "value", "val", "data", "content", "text":
	default:
		return
	}
	pos, assigned := s.separator(i, len(data))
	if f, ok := s.field(pos, len(data), true); ok && assigned && f.quoted && f.start >= s.done {
		s.replace(name, RuleSecret, f, string(s.data[f.start:f.end]))
	}
}

// beside takes the value of a word that is itself the value of a name, or the key of a call or
// of a mapping of YAML, on this line or the next:
//
//   - name: API_TOKEN          config.set('password', 'S')      ? password
//     value: S                 os.environ['PASSWORD'] = 'S'     : S
func (s *scanner) beside(name string, start, end int) bool {
	before := string(bytes.Trim(s.data[max(s.line, start-longestWord):start], " \t-\"'"))
	limit := s.lineEnd(end)
	if q := quoteAt(s.data[:limit], end); q > 0 {
		at := skipBlanks(s.data[:limit], end+q)
		if at+1 >= limit || s.data[at] != ',' && s.data[at] != ']' || !strings.HasSuffix(before, "(") && !strings.HasSuffix(before, "[") {
			return false
		}
		at = skipBlanks(s.data[:limit], at+1)
		if s.data[min(at, limit-1)] == '=' {
			at = skipBlanks(s.data[:limit], at+1)
		}
		f, ok := s.field(at, limit, true)
		return ok && f.quoted && s.takePlain(name, f.start, f.end)
	}
	if len(bytes.TrimSpace(s.data[end:limit])) > 0 {
		return false
	}
	next, stop := nextLine(s.data, lineAfter(s.data, s.newline(end)))
	if next < 0 {
		return false
	}
	switch line := s.data[next:stop]; {
	case s.data[start] == '-' && bytes.HasPrefix(line, []byte("- ")) && len(bytes.TrimSpace(s.data[s.line:start])) == 1: // - --password
		return s.takePlain(name, next+2, stop)
	case before == "?" && bytes.HasPrefix(line, []byte(": ")):
		return s.takePlain(name, next+2, stop)
	case before == "name:" || before == "key:" || strings.HasSuffix(before, " name:"):
		key, _, ok := bytes.Cut(line, []byte(":"))
		if at := next + len(key) + 1; ok && valueKeys[lower(string(key))] && at < stop {
			return s.takePlain(name, skipBlanks(s.data[:stop], at), stop)
		}
	}
	return false
}

// takePlain takes a scalar and tells whether it was one to take.
func (s *scanner) takePlain(name string, start, end int) bool {
	was := s.done
	if start < end && !isReference(string(s.data[start:end])) {
		s.plain(name, start, end)
	}
	return s.done > was
}

// below takes what stands on the lines after a key: the answer to a question, or a block or
// list of YAML.
func (s *scanner) below(name string, start, pos, limit int) {
	mark := string(bytes.TrimSpace(s.data[pos:limit]))
	block := mark != "" && strings.Trim(mark, "|>-+123456789") == "" && (mark[0] == '|' || mark[0] == '>')
	if mark != "" && !block || s.limit > 0 {
		return
	}
	indent := indentOf(s.data, s.line, limit)
	after := lineAfter(s.data, s.newline(limit))
	next, stop := nextLine(s.data, after)
	for blanks := 0; next == stop && next >= 0 && blanks < 3; blanks++ {
		after = lineAfter(s.data, after)
		next, stop = nextLine(s.data, after)
	}
	if next < 0 {
		return
	}
	list := bytes.HasPrefix(s.data[next:stop], []byte("- "))
	whole := len(bytes.Trim(s.data[s.line:start], " \t-\"")) == 0
	switch deeper := indentOf(s.data, after, stop) > indent; {
	case whole && (block && deeper || list):
		s.blockOf(name, after, indent, block)
	case whole && deeper && !list && bytes.IndexByte(s.data[next:stop], ':') > 0:
		s.mappingOf(name, after, indent)
	case !nestedKeys[name] && !block:
		s.answer(name, next, stop)
	}
}

// lineAfter is where the line after the one that ends at limit begins.
func lineAfter(data []byte, limit int) int {
	for limit < len(data) && data[limit] != '\n' {
		limit++
	}
	return min(limit+1, len(data))
}

// nextLine gives the text of a line without the blanks around it; -1 where there is none.
func nextLine(data []byte, from int) (start, end int) {
	if from >= len(data) {
		return -1, 0
	}
	end = from
	for end < len(data) && data[end] != '\n' {
		end++
	}
	start = from
	for start < end && (data[start] == ' ' || data[start] == '\t') {
		start++
	}
	for end > start && data[end-1] <= ' ' {
		end--
	}
	return start, end
}

func indentOf(data []byte, from, end int) int {
	n := 0
	for from+n < end && (data[from+n] == ' ' || data[from+n] == '\t') {
		n++
	}
	return n
}

// blockOf takes each line of a block, or each item of a list.
func (s *scanner) blockOf(name string, from, indent int, block bool) {
	items := -1 // their indent
	for at := from; at < len(s.data) && at-from < longestStructure; at = lineAfter(s.data, at) {
		start, end := nextLine(s.data, at)
		if !s.follow(end - at) {
			return
		}
		if start == end {
			continue
		}
		item := bytes.HasPrefix(s.data[start:end], []byte("- "))
		if start-at < indent || start-at == indent && !item {
			return
		}
		if !block {
			if item {
				items = start - at
				start += 2
			} else if items < 0 || start-at <= items {
				return
			}
			if colon := bytes.IndexByte(s.data[start:end], ':'); !item || colon > 0 && bytes.IndexByte(s.data[start:end], ' ') > 0 { // a mapping in a list: its keys tell
				if key := lower(string(bytes.TrimSpace(s.data[start : start+max(colon, 0)]))); valueKeys[key] && (key != "name" || communityLists[name]) {
					if v := skipBlanks(s.data[:end], start+colon+1); v < end {
						s.plain(name, v, end)
					}
				}
				continue
			}
		}
		s.plain(name, start, end)
	}
}

// plain takes a scalar, with or without quotes.
func (s *scanner) plain(name string, start, end int) {
	f := field{start: start, end: end, next: end}
	if q := quoteAt(s.data[:end], start); q > 0 && end-start > 2*q {
		f.start, f.end, f.quoted = start+q, end-q, true
	}
	v := string(s.data[f.start:f.end])
	if f.start < s.done || bgpCommunity(v) || stops[lower(v)] || wellKnown[lower(v)] || len(v) < 3 || strings.Contains(v, "«") {
		return
	}
	was := s.line
	s.line = f.start
	s.replace(name, RuleSecret, f, v)
	s.line = was
}

// mappingOf takes the keys of a block whose key is a plural, and else the values of keys
// that hold one.
func (s *scanner) mappingOf(name string, from, indent int) {
	for at := from; at < len(s.data) && at-from < longestStructure; at = lineAfter(s.data, at) {
		start, end := nextLine(s.data, at)
		if !s.follow(end - at) {
			return
		}
		if start == end {
			continue
		}
		colon := bytes.IndexByte(s.data[start:end], ':')
		if start-at <= indent || colon < 0 {
			return
		}
		key := string(bytes.Trim(s.data[start:start+colon], "\"' "))
		switch _, term := terms[lower(key)]; {
		case valueKeys[lower(key)] && !term:
			if v := skipBlanks(s.data[:end], start+colon+1); v < end {
				s.plain(name, v, end)
			}
		case name == "credentials" && !term && userKey(key):
			if v := skipBlanks(s.data[:end], start+colon+1); v < end && isOdd(string(bytes.Trim(s.data[v:end], "\"'"))) && s.data[v] != '/' {
				s.plain(name, v, end)
			}
		case nestedKeys[name] && name == "passwords" && !term && !ordinary()[lower(key)]:
			s.plain(name, start, start+colon)
		}
	}
}

// answer takes the line after a question as what was typed: one word, that is no prompt and
// no word of a device's.
func (s *scanner) answer(name string, start, end int) {
	if q := quoteAt(s.data[:end], start); q > 0 { // of JSON
		if stop := s.closing(start+q, end, s.data[start:start+q]); stop > 0 && len(bytes.Trim(s.data[stop+q:end], " ,}]")) == 0 {
			s.plain(name, start, stop+q)
		}
		return
	}
	v := string(s.data[start:end])
	if end-start < 4 || strings.ContainsAny(v, " \t") || strings.HasSuffix(v, "#") || strings.HasSuffix(v, ">") || strings.HasSuffix(v, ":") || strings.HasSuffix(v, "...") ||
		strings.Trim(v, "*.-=#") == "" || ordinary()[lower(strings.Trim(v, ".!"))] || strings.Contains(v, "«") || strings.Contains(v, "\x1b") || v[0] == '%' || v[0] == '{' || v[0] == '<' {
		return
	}
	switch name {
	case "password", "passphrase", "secret", "passcode", "passwd", "community", "pin":
		s.plain(name, start, end)
	}
}
