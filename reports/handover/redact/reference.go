package redact

import (
	"bytes"
	"strings"
)

// isReference tells what names a value from the value itself: $PASSWORD, ${db.password}, $1,
// $(cat file), {{ vault }}, %(password)s, %PASSWORD%, @PASSWORD@, and the key that is typed behind one.
func isReference(v string) bool {
	if len(v) < 2 {
		return false
	}
	switch v[0] {
	case '\\': // the key that ends a line: "$password\r"
		return len(v) <= len(`\r\n`)
	case '$':
		return isVariable(v[1:])
	case '{':
		return strings.HasPrefix(v, "{{")
	case '%':
		return strings.HasPrefix(v, "%(") && len(v) > 3 || v[len(v)-1] == '%' && isNamed(v[1:len(v)-1])
	case '@':
		return v[len(v)-1] == '@' && isNamed(v[1:len(v)-1])
	}
	return false
}

// isVariable tells what follows the $ of a variable from a password that begins with one: a
// variable is named by a word that means something, or stands in brackets.
func isVariable(v string) bool {
	switch {
	case v[0] == '(':
		return len(v) > 2 && letter(v[1])
	case v[0] == '{':
		return strings.Trim(strings.TrimRight(v[1:], "}"), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:") == ""
	case isDigit(v[0]) || v[0] == '@' || v[0] == '*':
		return len(v) == 1
	}
	return isNamed(v)
}

// isNamed tells the name of a variable: capitals, or small letters without digits, of which
// one part is a word of a grammar.
func isNamed(v string) bool {
	low := lower(v)
	if v == "" || v != low && v != strings.ToUpper(v) || v == low && strings.ContainsAny(v, "0123456789") {
		return false
	}
	some := false
	for part := range strings.FieldsFuncSeq(low, func(c rune) bool { return c == '_' || c >= '0' && c <= '9' }) {
		for i := range len(part) {
			if !letter(part[i]) || part[i] >= 0x80 {
				return false
			}
		}
		_, keyword := terms[part]
		some = some || keyword || variableParts[part]
	}
	return some
}

// variableParts are what names of variables are made of, beside the words of the grammars.
//
//nolint:gochecknoglobals // a table that is only read
var variableParts = set("pass pw psk pwd comm auth cred creds tok db snmp user usr usern host login community secret key")

// otherwise gives the value in ${NAME:-value}, and the field itself where it is none.
func (s *scanner) otherwise(f field) field {
	v := s.data[f.start:f.end]
	if !bytes.HasPrefix(v, []byte("${")) {
		return f
	}
	for _, mark := range []string{":-", ":="} {
		if i := bytes.Index(v, []byte(mark)); i > 0 && i+len(mark) < len(v) {
			f.start += i + len(mark)
			if s.data[f.end-1] == '}' {
				f.end--
			}
			return f
		}
	}
	return f
}

// isPlaceholder tells the words of a manual, USER:PASSWORD, from a login.
func isPlaceholder(v string) bool {
	v = strings.Trim(v, "<>[]{}$\"'")
	switch lower(v) {
	case "user", "username", "login", "name", "pass", "password", "passwd", "pw", "secret", "token", "key":
		return v == strings.ToUpper(v) || v == lower(v)
	}
	return false
}

// isDate tells whether a month or a day of the week stands at f, with the rest of a date behind it.
func (s *scanner) isDate(f field) bool {
	if f.end-f.start < 3 || f.end-f.start > len("Wednesday") {
		return false
	}
	word := lower(string(s.data[f.start:f.end]))
	after := bytes.TrimLeft(s.data[f.end:min(len(s.data), f.end+8)], " ,")
	if len(after) == 0 || len(after) == len(s.data[f.end:min(len(s.data), f.end+8)]) {
		return false
	}
	switch dates[word] {
	case 'm':
		return isDigit(after[0])
	case 'd':
		return isDigit(after[0]) || len(after) >= 3 && dates[lower(string(after[:3]))] == 'm'
	}
	return false
}

// dates are the months (m) and the days of the week (d).
//
//nolint:gochecknoglobals // a table that is only read
var dates = func() map[string]byte {
	m := map[string]byte{}
	for kind, words := range map[byte]string{
		'm': "january february march april may june july august september october november december sept",
		'd': "monday tuesday wednesday thursday friday saturday sunday tues thur thurs",
	} {
		for w := range set(words) {
			m[w], m[w[:3]] = kind, kind
		}
	}
	return m
}()

// isPAM tells a line of a PAM stack: password requisite pam_unix.so.
func (s *scanner) isPAM(f field, limit int) bool {
	v := lower(string(s.data[f.start:f.end]))
	switch v {
	case "include", "substack":
		return true
	case "required", "requisite", "sufficient", "optional", "binding":
	default:
		if v[0] != '[' || !strings.Contains(v, "=") {
			return false
		}
	}
	return bytes.Contains(s.data[f.end:max(f.end, min(limit, f.end+200))], []byte("pam_"))
}

// isKeyRef tells the name of a field from a key: below secretKeyRef of Kubernetes, and its like.
func (s *scanner) isKeyRef(start int) bool {
	near := s.data[max(s.line, start-80):start]
	return bytes.Contains(near, []byte("KeyRef")) || strings.Contains(s.parent(), "keyref")
}
