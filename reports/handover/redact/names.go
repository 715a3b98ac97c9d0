package redact

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// This file finds names that no word announces: in distinguished names, and in lists of users of JSON.

// attribute is one part of a distinguished name (RFC 4514, 3; openssl x509): CN=x, OU=y, O = Z AG.
//
//nolint:gochecknoglobals // compiled once
var attribute = sync.OnceValue(func() *regexp.Regexp {
	const word = `[^\s,/\]"'<>;=+()\\{}*$%#|]+`
	return regexp.MustCompile(`(?:^|[\s,/"'\[(;+=:])(?:(?:CN|OU|O|cn|ou|emailAddress) ?= ?(` + word + `(?: [A-Z&][^\s,/\]"'<>;=+()\\{}*$%#|]*)*)|(?:DC|dc|UID) ?= ?(` + word + `))`)
})

// commonParts are parts of distinguished names that many have: top-level domains, and the folders of directories.
//
//nolint:gochecknoglobals // a table that is only read
var commonParts = set(`com net org edu gov int mil info biz local lan intern internal home corp arpa example test invalid localhost domain
	users computers people groups services devices switches servers admins administrators certificates root ca intermediate`)

// distinguished takes the parts of distinguished names, on lines that have a common name or the components of a domain.
func (s *scanner) distinguished() {
	for at := 0; at < len(s.data); {
		n := indexAttribute(s.data[at:])
		if n < 0 {
			return
		}
		start := lineStart(s.data, at+n)
		stop := min(rowEnd(s.data, at+n), at+n+longestToken)
		start = max(start, at, at+n-longestToken)
		for from := start; from < stop; {
			m := attribute().FindSubmatchIndex(s.data[from:stop])
			if m == nil {
				break
			}
			k := 2
			if m[k] < 0 {
				k = 4
			}
			v := bytes.TrimRight(s.data[from+m[k]:from+m[k+1]], ".,: ")
			s.part(from+m[k], from+m[k]+len(v))
			from += m[k+1]
		}
		at = max(stop, at+n+1)
	}
}

// indexAttribute is where a common name or the component of a domain stands; -1 where none does.
func indexAttribute(data []byte) int {
	first := -1
	for _, word := range []string{"CN=", "cn=", "CN = ", "DC=", "dc="} {
		end := len(data)
		if first >= 0 {
			end = first
		}
		if n := bytes.Index(data[:end], []byte(word)); n >= 0 && (n == 0 || !wordClass(data[n-1])) {
			first = n
		}
	}
	return first
}

// part takes the value of one attribute.
func (s *scanner) part(from, to int) {
	v := string(s.data[from:to])
	low := lower(v)
	if len(v) < 2 || commonParts[low] || isReference(v) || isNumber(v) || ordinary()[low] || strings.Contains(v, "@") {
		return
	}
	if _, err := netip.ParseAddr(v); err != nil {
		s.takeName(RuleName, from, to)
	}
}

// userLists are keys of JSON below which "name" is a user's.
//
//nolint:gochecknoglobals // a table that is only read
var userLists = []string{`"username"`, `"user"`, `"users"`, `"accounts"`, `"local-user"`, `"login-user"`}

// listedUsers takes the names of users in lists of JSON whose key says what they are: "username":[{"name":"joe"}].
func (s *scanner) listedUsers() {
	for _, key := range userLists {
		for at := 0; ; {
			n := bytes.Index(s.data[at:], []byte(key))
			if n < 0 {
				break
			}
			at += n + len(key)
			pos := skipBlanks(s.data, at)
			if pos >= len(s.data) || s.data[pos] != ':' {
				continue
			}
			if pos = skipBlanks(s.data, pos+1); pos < len(s.data) && (s.data[pos] == '[' || s.data[pos] == '{') {
				s.done = 0
				s.usersBelow(pos)
			}
		}
	}
}

// usersBelow takes the values of "name" in the objects of the array or object at pos, and in nothing that is nested in those.
func (s *scanner) usersBelow(pos int) {
	data := s.data[:min(len(s.data), pos+longestStructure)]
	depth, objects := 0, 1
	if data[pos] == '[' {
		objects = 2
	}
	for i := pos; i < len(data) && s.follow(1); {
		switch data[i] {
		case '[', '{':
			depth++
			i++
		case ']', '}':
			if depth--; depth == 0 {
				return
			}
			i++
		case '"':
			end := s.closing(i+1, len(data), data[i:i+1])
			if end < 0 {
				return
			}
			key := string(data[i+1 : end])
			i = end + 1
			if depth != objects || key != "name" {
				continue
			}
			if i = skipBlanks(data, i); i < len(data) && data[i] == ':' {
				if i = skipBlanks(data, i+1); i < len(data) && data[i] == '"' {
					if stop := s.closing(i+1, len(data), data[i:i+1]); stop > i+1 && isName(string(data[i+1:stop]), false) {
						s.takeName(RuleName, i+1, stop)
						i = stop + 1
					}
				}
			}
		default:
			i++
		}
	}
}
