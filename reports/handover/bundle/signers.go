package bundle

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Signers is a list of keys and the names that they sign for, in the format that ssh-keygen
// calls allowed signers. It is read as ssh-keygen(1) of OpenSSH 9 reads it, line by line:
// the names and the namespaces are lists of patterns, of which those that begin with an
// exclamation mark forbid; a line that cannot be read allows nobody.
type Signers []signer

type signer struct {
	line       int
	principals string // patterns
	key        ssh.PublicKey
	authority  bool // it signs certificates, and nothing else
	after      time.Time
	before     time.Time
	namespaces *string // patterns; nil allows all
	fault      error   // why the line is not read
}

// ParseSigners reads an allowed-signers file. The error says why no line of it can be used;
// where some can, [Signers.Faults] tells of the others.
func ParseSigners(data []byte) (Signers, error) {
	var out Signers
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		s := parseSigner(line)
		s.line = n
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.New("it names no signer")
	}
	if faults := out.Faults(); len(faults) == len(out) {
		return nil, faults[0]
	}
	if !slices.ContainsFunc(out, func(s signer) bool { return s.fault == nil && !s.authority }) {
		return nil, errors.New("it names authorities for certificates, and a signature by a certificate is not accepted")
	}
	return out, nil
}

// Faults says which lines cannot be read, and why.
func (ss Signers) Faults() []error {
	var faults []error
	for _, s := range ss {
		if s.fault != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", s.line, s.fault))
		}
	}
	return faults
}

func parseSigner(line string) (s signer) {
	rest := ""
	if s.principals, rest, s.fault = cutPrincipals(line); s.fault != nil {
		return s
	}
	var err error
	if s.key, err = readKey(rest); err == nil {
		return s
	}
	options, key, err := cutOptions(rest)
	if err == nil {
		if s.key, err = readKey(key); err == nil {
			err = s.read(options)
		}
	}
	s.fault = err
	return s
}

// cutPrincipals takes the first word of a line, in which quotes may hold blanks.
func cutPrincipals(line string) (names, rest string, err error) {
	const blank = " \t\r\n"
	i := strings.IndexAny(line, blank+`"`)
	if i < 0 {
		return "", "", errors.New("want PRINCIPALS [OPTIONS] KEYTYPE KEY")
	}
	names, rest = line[:i], line[i+1:]
	if line[i] == '"' {
		inner, after, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", "", errors.New("a quote is open at the end")
		}
		names, rest = names+inner, after
	}
	return names, strings.TrimLeft(rest, blank), nil
}

// cutOptions takes the options off, in which quotes may hold blanks.
func cutOptions(text string) (options, rest string, err error) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return text[:i], strings.TrimLeft(text[i:], " \t"), nil
		}
	}
	if quoted {
		return "", "", errors.New("a quote is open at the end of the options")
	}
	return "", "", errors.New("the key is missing")
}

// readKey reads KEYTYPE KEY at the beginning of a text.
func readKey(text string) (ssh.PublicKey, error) {
	kind, rest, ok := cutBlank(text)
	if !ok {
		return nil, errors.New("the key is missing")
	}
	encoded, _, _ := cutBlank(strings.TrimLeft(rest, " \t"))
	blob, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if key.Type() != kind {
		return nil, fmt.Errorf("the key is of type %s and not of %q", key.Type(), kind)
	}
	return key, nil
}

func cutBlank(text string) (before, after string, found bool) {
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// read takes the options of a line in.
func (s *signer) read(options string) error {
	for options != "" {
		name, value, rest, err := cutOption(options)
		if err != nil {
			return err
		}
		switch {
		case name == "" && value == nil: // two commas in a row
		case name == "cert-authority" && value == nil:
			s.authority = true
		case name == "namespaces" && value != nil && s.namespaces == nil:
			s.namespaces = value
		case name == "valid-after" && value != nil && s.after.IsZero():
			s.after, err = parseSignerTime(*value)
		case name == "valid-before" && value != nil && s.before.IsZero():
			s.before, err = parseSignerTime(*value)
		default:
			err = fmt.Errorf("the option %q is not known, stands twice, or has no value in quotes", name)
		}
		if err != nil {
			return err
		}
		if rest == "" {
			break
		}
		if options = rest[1:]; rest[0] != ',' || options == "" {
			return errors.New("the options do not end where they should")
		}
	}
	if !s.after.IsZero() && !s.before.IsZero() && !s.before.After(s.after) {
		return errors.New("valid-before is before valid-after")
	}
	return nil
}

// cutOption takes one option off: NAME, or NAME="VALUE" in which \" stands for a quote.
func cutOption(options string) (name string, value *string, rest string, err error) {
	i := strings.IndexAny(options, "=,")
	if i < 0 || options[i] == ',' {
		if i < 0 {
			i = len(options)
		}
		return strings.ToLower(options[:i]), nil, options[i:], nil
	}
	name = strings.ToLower(options[:i])
	text, ok := strings.CutPrefix(options[i+1:], `"`)
	if !ok {
		return name, nil, "", fmt.Errorf("the value of the option %q does not begin with a quote", name)
	}
	var b strings.Builder
	for j := 0; j < len(text); j++ {
		switch {
		case text[j] == '\\' && j+1 < len(text) && text[j+1] == '"':
			j++
			b.WriteByte('"')
		case text[j] == '"':
			out := b.String()
			return name, &out, text[j+1:], nil
		default:
			b.WriteByte(text[j])
		}
	}
	return name, nil, "", fmt.Errorf("the value of the option %q does not end with a quote", name)
}

// parseSignerTime reads YYYYMMDD[HHMM[SS]][Z]; without Z it is local time, as for ssh-keygen.
// Days beyond the end of a month are of the next one, as for mktime(3).
func parseSignerTime(s string) (time.Time, error) {
	wrong := fmt.Errorf("time %q: want YYYYMMDD[HHMM[SS]][Z]", s)
	where := time.Local
	for _, suffix := range []string{"z", "utc"} {
		if n := len(s) - len(suffix); n > 0 && strings.EqualFold(s[n:], suffix) {
			s, where = s[:n], time.UTC
			break
		}
	}
	if n := len(s); n != 8 && n != 12 && n != 14 || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, wrong
	}
	s += "000000"[:14-len(s)]
	var v [6]int
	for i, part := range []string{s[:4], s[4:6], s[6:8], s[8:10], s[10:12], s[12:14]} {
		v[i], _ = strconv.Atoi(part) // digits
	}
	if v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 61 {
		return time.Time{}, wrong
	}
	t := time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, where)
	if t.Unix() <= 0 {
		return time.Time{}, wrong
	}
	return t, nil
}

// matches is match_pattern(3) of OpenSSH: * stands for any text, ? for one character, and
// nothing else has a meaning.
func matches(s, pattern string) bool {
	star, back := -1, 0
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, back = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			back++
			i, j = back, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// allowedBy says whether a list of patterns allows s: one matches it, and none that begins
// with an exclamation mark does.
func allowedBy(s, patterns string) bool {
	const longest = 1023 // of one pattern, in bytes, as in OpenSSH
	allowed := false
	for patterns != "" {
		pattern, rest, _ := strings.Cut(patterns, ",")
		patterns = rest
		pattern, forbids := strings.CutPrefix(pattern, "!")
		switch {
		case len(pattern) >= longest:
			return false
		case !matches(s, pattern):
		case forbids:
			return false
		default:
			allowed = true
		}
	}
	return allowed
}

// covers says whether a line is about a key in a namespace at a time.
func (s *signer) covers(namespace string, key ssh.PublicKey, now time.Time) bool {
	return s.fault == nil && !s.authority && bytes.Equal(s.key.Marshal(), key.Marshal()) &&
		(s.namespaces == nil || allowedBy(namespace, *s.namespaces)) &&
		(s.after.IsZero() || now.Unix() >= s.after.Unix()) && (s.before.IsZero() || now.Unix() <= s.before.Unix())
}

// Allows says whether a key may sign for a name in a namespace at a time, as
// ssh-keygen -Y verify -I NAME -n NAMESPACE does.
func (ss Signers) Allows(name, namespace string, key ssh.PublicKey, now time.Time) bool {
	for _, s := range ss {
		if s.covers(namespace, key, now) && allowedBy(name, s.principals) {
			return true
		}
	}
	return false
}

// Principals are the names, or patterns of names, that a key may sign for in a namespace at
// a time: those that the same line does not forbid again.
func (ss Signers) Principals(namespace string, key ssh.PublicKey, now time.Time) []string {
	var names []string
	for _, s := range ss {
		if !s.covers(namespace, key, now) {
			continue
		}
		for name := range strings.SplitSeq(s.principals, ",") {
			if name != "" && name[0] != '!' && allowedBy(name, s.principals) {
				names = append(names, name)
			}
		}
	}
	return names
}
