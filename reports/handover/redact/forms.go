package redact

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// formsText is the grammar of lines that hold secrets and names, by platform.
//
//go:embed forms.txt
var formsText string

// form is one line of forms.txt with its optional parts decided.
type form struct {
	platform string
	begins   bool   // only where a line begins
	prompted bool   // only where a line begins, or behind a prompt
	numbered bool   // only where a number alone begins the line
	under    string // what one of the lines has that this one is indented under
	tokens   []token
	next     uint64   // the beginnings of the second word; none where it may be any
	needs    []uint64 // for each word after the first, the beginnings of words that it may be
}

type tokenKind int

const (
	tokenWord tokenKind = iota + 1
	tokenAny
	tokenNumber
	tokenType
	tokenSkip
	tokenEnd
	tokenValue
)

// token is one part of a form.
type token struct {
	kind     tokenKind
	words    []spelled // of a word
	assigned bool      // a : or = must follow
	glued    string    // what stands before a value without a blank
	place    string    // what kind of value: secret, user, ...
}

// spelled is a word that may be cut after min bytes, or that stands inside of another.
type spelled struct {
	text      string
	min       int
	low, high bool // * before, * after
	cluster   bool // -^u: a flag that is the last of several, as in -sku
	exact     bool // a flag of one letter: -c is another one than -C
}

// matches tells whether a word is meant, of which got are the small letters.
func (w *spelled) matches(got, written []byte) bool {
	switch {
	case w.exact:
		return w.text == string(written)
	case w.cluster:
		return len(got) > 1 && len(got) < 7 && got[0] == '-' && got[1] != '-' && bytes.HasSuffix(got, []byte(w.text))
	case w.low && w.high:
		return bytes.Contains(got, []byte(w.text))
	case w.low:
		return bytes.HasSuffix(got, []byte(w.text))
	case w.high:
		return bytes.HasPrefix(got, []byte(w.text))
	}
	return len(got) >= w.min && len(got) <= len(w.text) && w.text[:len(got)] == string(got)
}

// shortestLicense is the least length of a <serial>: a service tag has seven.
const shortestLicense = 7

// longestCode is the least length of a <long>.
const longestCode = 24

// mostSkipped bounds what ... stands for, in words.
const mostSkipped = 24

// builtIn are the forms of forms.txt, by the words that they begin with.
//
//nolint:gochecknoglobals // a table that is only read
var builtIn = sync.OnceValues(func() (map[string][]form, error) { return parseForms(formsText) })

// parseForms reads a table of forms.
func parseForms(text string) (map[string][]form, error) {
	index := map[string][]form{}
	platform := ""
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && !strings.Contains(line, " ") {
			platform = line[1 : len(line)-1]
			continue
		}
		if err := addForm(index, platform, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return index, nil
}

// addForm adds the variants of one form to an index.
func addForm(index map[string][]form, platform, line string) error {
	line, under, _ := strings.Cut(line, " @ ")
	variants, err := expand(strings.Fields(strings.NewReplacer("[", " [ ", "]", " ] ").Replace(line)))
	if err != nil {
		return err
	}
	for _, words := range variants {
		f := form{platform: platform, under: lower(strings.TrimSpace(under))}
		if words[0] == "^<n>" && len(words) > 1 {
			f.numbered, words = true, words[1:]
		}
		if rest, ok := strings.CutPrefix(words[0], "^>"); ok {
			f.prompted = true
			words = append([]string{rest}, words[1:]...)
		} else if rest, ok := strings.CutPrefix(words[0], "^"); ok {
			f.begins = true
			words = append([]string{rest}, words[1:]...)
		}
		values := 0
		for _, w := range words {
			t, err := parseToken(w)
			if err != nil {
				return err
			}
			if t.kind == tokenValue {
				values++
			}
			f.tokens = append(f.tokens, t)
			if bits := t.beginnings(); bits != 0 && len(f.tokens) > 1 {
				f.needs = append(f.needs, bits)
				if len(f.tokens) == 2 {
					f.next = bits
				}
			}
		}
		first := f.tokens[0]
		if first.kind != tokenWord || values == 0 {
			return fmt.Errorf("%q: a form begins with a word and has a place such as <secret>", line)
		}
		for _, w := range first.words {
			if w.low || w.high {
				return fmt.Errorf("%q: the first word cannot have a *", line)
			}
			for n := w.min; n <= len(w.text); n++ {
				name := strings.ReplaceAll(w.text[:n], "_", "-")
				index[name] = append(index[name], f)
			}
		}
	}
	return nil
}

// beginning is one bit of 64 for the first two letters of a word.
func beginning(a, b byte) uint64 {
	x, y := uint32(classes[a]&0xff), uint32(0)
	if wordClass(b) {
		y = uint32(classes[b] & 0xff)
	}
	return 1 << ((x*31 + y*7) * 2654435761 >> 26)
}

// beginnings are the bits of the words of a token; none where any word may stand.
func (t *token) beginnings() (bits uint64) {
	for _, w := range t.words {
		at := strings.IndexFunc(w.text, func(c rune) bool { return c < 0x80 && wordClass(byte(c)) }) //nolint:gosec // below 0x80
		if w.low || w.high || w.cluster || at < 0 {
			return 0
		}
		next := byte(0)
		if at+1 < len(w.text) {
			next = w.text[at+1]
		}
		bits |= beginning(w.text[at], next)
	}
	return bits
}

// lineBits are the bits of all words of data[start:end].
func lineBits(data []byte, start, end int) (bits uint64) {
	before := false
	for i := start; i < end; i++ {
		word := classes[data[i]]&isWord != 0
		if word && !before {
			next := byte(0)
			if i+1 < end {
				next = data[i+1]
			}
			bits |= beginning(data[i], next)
		}
		before = word
	}
	return bits
}

// expand decides the optional parts, each way; the fullest one first.
func expand(words []string) ([][]string, error) {
	open := slices.Index(words, "[")
	if open < 0 {
		if slices.Contains(words, "]") || len(words) == 0 {
			return nil, fmt.Errorf("%q: a ] without a [, or nothing", strings.Join(words, " "))
		}
		return [][]string{words}, nil
	}
	depth, end := 0, -1
	for i := open; i < len(words) && end < 0; i++ {
		switch words[i] {
		case "[":
			depth++
		case "]":
			if depth--; depth == 0 {
				end = i
			}
		}
	}
	if end < 0 {
		return nil, fmt.Errorf("%q: a [ without its ]", strings.Join(words, " "))
	}
	with, err := expand(slices.Concat(words[:open], words[open+1:end], words[end+1:]))
	if err != nil {
		return nil, err
	}
	if open == 0 && end == len(words)-1 {
		return with, nil
	}
	without, err := expand(slices.Concat(words[:open], words[end+1:]))
	return append(with, without...), err
}

// places are the kinds of values that a form may name.
//
//nolint:gochecknoglobals // a table that is only read
var placeRules = map[string]Rule{
	"secret": RuleSecret, "community": RuleSecret, "hex": RuleSecret, "login": RuleSecret, "pair": RuleSecret, "cookies": RuleToken, "target": RuleName,
	"user": RuleName, "host": RuleName, "name": RuleName, "credentials": RuleSecret,
	"quoted": RuleSecret, "sent": RuleSecret, "basic": RuleSecret, "token": RuleSecret, "string": RuleSecret, "odd": RuleSecret, "long": RuleSecret, "random": RuleSecret, "slashed": RuleSecret,
	"phrase": RuleSecret, "url": RuleName, "serial": RuleSerial,
}

func parseToken(w string) (token, error) {
	switch w {
	case "|", "<<<": // of a shell
		return token{kind: tokenWord, words: []spelled{{text: w, min: len(w)}}}, nil
	case "...":
		return token{kind: tokenSkip}, nil
	case "$":
		return token{kind: tokenEnd}, nil
	case "<n>":
		return token{kind: tokenNumber}, nil
	case "<w>":
		return token{kind: tokenAny}, nil
	case "<type>":
		return token{kind: tokenType}, nil
	}
	if open := strings.IndexByte(w, '<'); open >= 0 {
		place := strings.TrimSuffix(w[open+1:], ">")
		if placeRules[place] == "" || !strings.HasSuffix(w, ">") {
			return token{}, fmt.Errorf("%q: want <secret>, <community>, <hex>, <basic>, <token>, <string>, <odd>, <long>, <random>, <slashed>, <phrase>, <login>, <pair>, <cookies>, <credentials>, <quoted>, <sent>, <target>, <user>, <host>, <name>, <url>, <serial>, <n>, <w> or <type>", w)
		}
		return token{kind: tokenValue, glued: w[:open], place: place}, nil
	}
	t := token{kind: tokenWord}
	w, t.assigned = strings.CutSuffix(w, "=")
	for text := range strings.SplitSeq(w, "|") {
		s := spelled{exact: isFlag(text)}
		if !s.exact {
			text = strings.ToLower(text)
		}
		text, s.cluster = strings.CutPrefix(text, "-^")
		text, s.low = strings.CutPrefix(text, "*")
		text, s.high = strings.CutSuffix(text, "*")
		if at := strings.IndexByte(text, '~'); at >= 0 {
			s.text, s.min = text[:at]+text[at+1:], at
		} else {
			s.text, s.min = text, len(text)
		}
		if s.min == 0 {
			return token{}, fmt.Errorf("%q: an empty word", w)
		}
		t.words = append(t.words, s)
	}
	return t, nil
}

// isFlag tells a flag of one letter, which is another one in capitals.
func isFlag(word string) bool { return len(word) == 2 && word[0] == '-' && letter(word[1]) }

// placed is where a form found a value.
type placed struct {
	field

	place    string
	platform string
}

// forms looks whether a form begins with the word at data[start:end], and takes what the
// forms find there.
func (s *scanner) forms(list []form, start, end int) bool {
	second := nextBeginning(s.data, end)
	limit, bits := -1, uint64(0)
	var found []placed
next:
	for i := range list {
		f := &list[i]
		if f.next != 0 && f.next&second == 0 {
			continue
		}
		if limit < 0 {
			limit = s.lineEnd(end)
			bits = lineBits(s.data, end, min(limit, end+longestToken))
		}
		for _, n := range f.needs {
			if n&bits == 0 {
				continue next
			}
		}
		if f.begins && len(bytes.TrimLeft(s.data[s.line:start], " \t")) > 0 {
			continue
		}
		if f.prompted && !s.prompted(start) {
			continue
		}
		if f.numbered && !isNumber(string(bytes.TrimSpace(s.data[s.line:start]))) {
			continue
		}
		m := matcher{s: s, f: f, limit: limit}
		pos, ok := m.after(end, &f.tokens[0])
		if ok && m.match(pos, f.tokens[1:]) && (f.under == "" || s.under(f.under)) {
			found = append(found, m.found...)
		}
	}
	if len(found) == 0 {
		return false
	}
	slices.SortStableFunc(found, func(a, b placed) int {
		if a.start == b.start && (a.place == "phrase") != (b.place == "phrase") {
			return b.end - a.end // all of it
		}
		return a.start - b.start
	})
	was, at, taken := s.limit, end, false
	for _, p := range found {
		if p.start < max(at, s.done) || was > 0 && p.end > was {
			continue
		}
		s.limit = p.start
		s.span(at, p.start)
		s.limit = was
		if s.placeValue(p) {
			taken = true
		}
		at = max(at, p.end)
	}
	return taken
}

// prompted tells whether what stands at start is typed: the line begins there, or a prompt ends.
func (s *scanner) prompted(start int) bool {
	before := bytes.TrimRight(s.data[max(s.line, start-longestWord):start], " \t\"'")
	return len(before) == 0 || strings.IndexByte(">#$]:", before[len(before)-1]) >= 0
}

// placeValue replaces what a form found.
func (s *scanner) placeValue(p placed) bool {
	p.field = s.uncut(p.field)
	v := string(s.data[p.start:p.end])
	before := s.done
	switch p.place {
	case "cookies":
		s.cookies(p.field)
	case "credentials":
		s.credentials(p.field, v)
	case "sent":
		p.end -= len(v) - len(typedText(v))
		s.replace("", RuleSecret, p.field, typedText(v))
	case "login", "pair":
		at := strings.IndexAny(v, ":,%")
		if at < 0 {
			at = strings.IndexByte(v, '/')
		}
		if at < 0 {
			s.replace("", RuleName, p.field, v)
			break
		}
		if isPlaceholder(v[:at]) && isPlaceholder(v[at+1:]) || isReference(v[at+1:]) {
			s.done = max(s.done, p.end)
			break
		}
		user, pass := p.field, p.field
		user.end, pass.start = p.start+at, p.start+at+1
		if user.end > user.start {
			s.replace("", RuleName, user, v[:at])
		}
		if pass.end > pass.start {
			s.replace("", RuleSecret, pass, v[at+1:])
		}
	case "slashed":
		v, _, _ = strings.Cut(v, "@")
		user, pass, both := strings.Cut(v, "/")
		s.replace("", RuleName, field{start: p.start, end: p.start + len(user)}, user)
		if both && pass != "" {
			s.replace("", RuleSecret, field{start: p.start + len(user) + 1, end: p.start + len(v)}, pass)
		}
	case "target":
		s.target(p.field, v)
	case "url":
		from, to := urlHost(v)
		s.replace("", RuleName, field{start: p.start + from, end: p.start + to, next: p.next}, v[from:to])
	case "community":
		s.replace("community", RuleSecret, p.field, v)
	default:
		s.replace("", placeRules[p.place], p.field, v)
	}
	return s.done > before
}

// urlHost is where the host stands in an URL that a form found, without user, port and path.
func urlHost(v string) (from, to int) {
	from = strings.Index(v, "://")
	if from < 0 {
		return 0, 0
	}
	from += len("://")
	to = from
	for to < len(v) && strings.IndexByte(":/?#", v[to]) < 0 {
		if v[to] == '@' {
			from = to + 1
		}
		to++
	}
	return from, to
}

// target replaces the parts of user:secret@host:path.
func (s *scanner) target(f field, v string) {
	at := strings.LastIndexByte(v, '@')
	user, pass, both := strings.Cut(v[:at], ":")
	if user != "" {
		s.replace("", RuleName, field{start: f.start, end: f.start + len(user)}, user)
	}
	if both && pass != "" {
		s.replace("", RuleSecret, field{start: f.start + len(user) + 1, end: f.start + at}, pass)
	}
	host := v[at+1:]
	if i := strings.IndexAny(host, ":/"); i >= 0 {
		host = host[:i]
	}
	if isHost(host) {
		s.replace("", RuleName, field{start: f.start + at + 1, end: f.start + at + 1 + len(host)}, host)
	}
}

// cookies replaces the values of name=value; name=value (RFC 6265, 4.1.1 and 4.2.1), as far as
// they are that.
func (s *scanner) cookies(f field) {
	end := s.lineEnd(f.start)
	if f.quoted {
		end = f.end
	}
	for at := f.start; at < end; {
		n, ok := cookieAt(s.data[at:end])
		if !ok {
			return
		}
		eq := bytes.IndexByte(s.data[at:at+n], '=')
		switch lower(string(s.data[at : at+eq])) {
		case "path", "expires", "domain", "max-age", "samesite", "version":
		default:
			if start := at + eq + 1; at+n-start >= 8 {
				s.replace("", RuleSecret, field{start: start, end: at + n, next: end}, string(s.data[start:at+n]))
			}
		}
		if at += n; at >= end || s.data[at] != ';' {
			return
		}
		at = skipBlanks(s.data[:end], at+1)
	}
}

// cookieAt is the length of the cookie that b begins with: a name, = and what may stand in a value.
func cookieAt(b []byte) (int, bool) {
	i := 0
	for i < len(b) && (wordClass(b[i]) || strings.IndexByte("!#$%&*+.^_|~-", b[i]) >= 0) {
		i++
	}
	if i == 0 || i >= len(b) || b[i] != '=' {
		return 0, false
	}
	i++
	for i < len(b) && b[i] > ' ' && strings.IndexByte("\"',;\\", b[i]) < 0 {
		i++
	}
	return i, true
}

// matcher goes along a line with a form.
type matcher struct {
	s     *scanner
	f     *form
	limit int
	found []placed
}

// after skips what may follow a word: its quote, and : or =.
func (m *matcher) after(pos int, t *token) (int, bool) {
	data := m.s.data[:m.limit]
	quoted := quoteAt(data, pos)
	pos += quoted
	from, seps := pos, 0
	if pos < m.limit && data[pos] == ')' {
		pos++
	}
	if pos < m.limit && data[pos] == ',' && (quoted > 0 || m.f.platform == "tools") { // of a list of arguments
		if pos++; quoted > 0 {
			pos = overBracket(data, pos)
		}
	}
	for pos < m.limit {
		switch c := data[pos]; {
		case c == ' ' || c == '\t' || c == 0xa0 || c == 0xc2 && pos+1 < m.limit && data[pos+1] == 0xa0:
		case (c == ':' || c == '=' || c == '>' && seps > 0) && seps < 3:
			seps++
		case c == '.' && seps == 0 && bytes.HasPrefix(data[pos:], []byte("...")): // that lead to a column
			seps++
			for pos+1 < m.limit && data[pos+1] == '.' {
				pos++
			}
			if low := bytes.ToLower(bytes.TrimLeft(data[pos+1:min(m.limit, pos+8)], " ")); bytes.HasPrefix(low, []byte("n/a")) || bytes.HasPrefix(low, []byte("none")) {
				return pos, false
			}
		case blank(data, pos) > 0:
			pos += blank(data, pos) - 1
		default:
			return pos, (pos > from) && (!t.assigned || seps > 0)
		}
		pos++
	}
	return pos, pos > from && (!t.assigned || seps > 0)
}

// overBracket skips the bracket of a list of arguments that begins behind another argument: 'sshpass', ['-p', 'S'].
func overBracket(data []byte, pos int) int {
	at := skipBlanks(data, pos)
	if at+1 < len(data) && (data[at] == '[' || data[at] == '(') && quoteAt(data, at+1) > 0 {
		return at + 1
	}
	return pos
}

// match tells whether the tokens stand from pos on.
func (m *matcher) match(pos int, tokens []token) bool {
	if len(tokens) == 0 {
		return true
	}
	t, rest := &tokens[0], tokens[1:]
	switch t.kind {
	case tokenSkip:
		for range mostSkipped {
			if m.match(pos, rest) {
				return true
			}
			f, ok := m.s.field(pos, m.limit, false)
			if !ok && f.next <= pos {
				return false
			}
			pos = f.next
		}
		return false
	case tokenEnd:
		return len(strings.TrimSpace(string(m.s.data[min(pos, m.limit):m.limit]))) == 0
	case tokenType:
		return m.typed(pos, rest)
	case tokenValue:
		return m.value(pos, t, rest)
	default: // the others take one field
	}
	f, ok := m.s.field(pos, m.limit, false)
	if !ok {
		return false
	}
	switch t.kind {
	case tokenNumber:
		if !isNumber(strings.TrimRight(string(m.s.data[f.start:f.end]), ":=")) {
			return false
		}
		next := skipBlanks(m.s.data[:m.limit], f.next)
		if next+1 < m.limit && (m.s.data[next] == '=' || m.s.data[next] == ':') && m.s.data[next+1] == ' ' { // enable 15 = S
			next++
		}
		return m.match(next, rest)
	case tokenAny:
		return m.match(f.next, rest)
	default:
		return m.word(f, t, rest)
	}
}

// word matches one word, which may have a : or = glued to it.
func (m *matcher) word(f field, t *token, rest []token) bool {
	for f.start < f.end-1 && strings.IndexByte("([{'", m.s.data[f.start]) >= 0 {
		f.start++
	}
	text := m.s.data[f.start:f.end]
	n := len(text)
	for i, c := range text {
		if c == '=' || c == ':' && i > 0 || c == '"' || c == ',' || c == ')' || c == '(' && i > 0 || c == '.' && i > 0 && bytes.HasPrefix(text[i:], []byte("...")) {
			n = i
			break
		}
	}
	var buf [48]byte
	if n > len(buf) {
		return false
	}
	got := buf[:n]
	for i, c := range text[:n] {
		got[i] = byte(classes[c] & 0xff)
	}
	for i := range t.words {
		if !t.words[i].matches(got, text[:n]) {
			continue
		}
		end := f.start + n
		if len(rest) == 0 && (!t.assigned || end < m.limit && strings.IndexByte(":=", m.s.data[end]) >= 0) {
			return true
		}
		if pos, ok := m.after(end, t); ok && m.match(pos, rest) {
			return true
		}
	}
	return false
}

// typeWords say how a secret is written.
//
//nolint:gochecknoglobals // a table that is only read
var typeWords = set(`0 1 2 3 4 5 6 7 8 8a 9 10 11 encrypted encryption enc hash hashed cipher ciphertext cleartext clear clear-text plain plaintext plain-text unencrypted
	ascii ascii-text hex hexadecimal md5 sha1 sha256 sha384 sha512 sha-1 sha-256 sha-384 sha-512 aes aes128 aes256 3des des irreversible-cipher reversible localized localized-key key simple type
	type0 type4 type5 type6 type7 type8 type9 type10 scrypt bcrypt pbkdf2 argon2 hashed-password reversible-cipher reversible-encrypted encrypted-aes encrypted-text enc-sha256 enc-sha512
	masked obfuscated scrambled lanman nt sm3 sm4`)

// authMethods are ways to authenticate, where a platform has them in the place of a secret: they are no secret.
//
//nolint:gochecknoglobals // a table that is only read
var authMethods = set(`message-digest key-chain clear-text plain-text hmac-md5 hmac-sha-1 hmac-sha-256 hmac-sha-384 hmac-sha-512 keyed-md5 keyed-sha-1 meticulous-md5 meticulous-sha-1 cram-md5 digest-md5 xoauth2 scram-sha-1 scram-sha-256`)

// typed skips words that say how the secret is written, as few as lead to a match.
func (m *matcher) typed(pos int, rest []token) bool {
	for range 4 {
		f, ok := m.s.field(pos, m.limit, false)
		if !ok || f.quoted {
			break
		}
		if _, more := m.s.field(f.next, m.limit, false); !more || !typeWords[lower(string(m.s.data[f.start:f.end]))] {
			break
		}
		pos = f.next
	}
	return m.match(pos, rest)
}

// gluedTo is the length of what stands before a value in a word; 0 where that does not stand.
// -^u is -u, also behind other flags that take no value.
func gluedTo(word, glued string) int {
	flag, cluster := strings.CutPrefix(glued, "-^")
	if !cluster {
		if strings.HasPrefix(word, glued) || !isFlag(glued) && strings.HasPrefix(lower(word), lower(glued)) {
			return len(glued)
		}
		return 0
	}
	at := strings.Index(word, flag)
	if at < 1 || word[0] != '-' || strings.Trim(word[1:at], "sSkLfginv") != "" {
		return 0
	}
	return at + len(flag)
}

// overType skips the words that say how the value behind them is written.
func (s *scanner) overType(pos, limit int) int {
	for range 3 {
		f, ok := s.field(pos, limit, false)
		if !ok || f.quoted || !typeWords[lower(string(s.data[f.start:f.end]))] {
			return pos
		}
		next, more := s.field(f.next, limit, false)
		v := string(s.data[next.start:next.end])
		if !more || !next.quoted && (trailer(v) || v == "type" || s.data[f.start]|0x20 == 't' && typeWords[v] && !s.another(next, limit)) {
			return pos
		}
		pos = f.next
	}
	return pos
}

// another tells whether there is one more field behind f.
func (s *scanner) another(f field, limit int) bool {
	_, ok := s.field(f.next, limit, false)
	return ok
}

// value takes a value, when what follows it matches too.
func (m *matcher) value(pos int, t *token, rest []token) bool {
	if t.glued != "" {
		f, ok := m.s.field(pos, m.limit, false)
		if !ok || f.quoted {
			return false
		}
		n := gluedTo(string(m.s.data[f.start:f.end]), t.glued)
		if n == 0 {
			return false
		}
		pos = f.start + n
		if pos >= m.limit || m.s.data[pos] <= ' ' {
			return false
		}
	}
	if t.place == "community" {
		pos = m.s.overType(pos, m.limit)
	}
	f, ok := m.fieldOf(pos, t)
	if ok {
		f = m.s.otherwise(f)
	}
	if !ok || !m.fits(f, t) {
		return false
	}
	n := len(m.found)
	m.found = append(m.found, placed{f, t.place, m.f.platform})
	next := f.next
	if len(rest) > 0 { // what may stand between a name and the next word
		for next < m.limit && strings.IndexByte(" \t:=,;'\")]", m.s.data[next]) >= 0 {
			next++
		}
	}
	if m.match(next, rest) {
		return true
	}
	m.found = m.found[:n]
	return false
}

// fieldOf is the field of a value. Names and communities end at brackets and commas too.
func (m *matcher) fieldOf(pos int, t *token) (field, bool) {
	data := m.s.data[:m.limit]
	for pos < m.limit && blank(data, pos) > 0 {
		pos += blank(data, pos)
	}
	if t.place != "secret" && pos < m.limit && strings.IndexByte("([{", data[pos]) >= 0 {
		pos++
	}
	f, ok := m.s.field(pos, m.limit, false)
	if !ok || f.quoted {
		return f, ok
	}
	if t.place == "phrase" {
		f.end = f.start + len(bytes.TrimRight(data[f.start:], " \t\r"))
		f.next = f.end
		return f, true
	}
	if t.place == "secret" && t.glued == "{" {
		f.end = f.start + len(strings.TrimRight(string(data[f.start:f.end]), "}"))
	}
	if t.place == "secret" || t.place == "odd" {
		for f.end > f.start+1 && (data[f.end-1] == '\'' || data[f.end-1] == ',' && f.end-f.start > 4) {
			f.end--
		}
		return f, f.end > f.start
	}
	stop := "()[]{},;'\"<>`"
	if t.place == "login" { // user,secret
		stop = strings.ReplaceAll(stop, ",", "")
	}
	if t.place == "user" || t.place == "host" || t.place == "name" {
		stop += "=!|&"
	}
	if i := strings.IndexAny(string(data[f.start:f.end]), stop); i >= 0 {
		f.end = f.start + i
		f.next = f.end
	}
	for f.end > f.start && strings.IndexByte(".:", data[f.end-1]) >= 0 && t.place != "target" {
		f.end--
	}
	return f, f.end > f.start
}

// fits tells whether a value can stand in such a place.
func (m *matcher) fits(f field, t *token) bool {
	v := string(m.s.data[f.start:f.end])
	low := lower(v)
	if strings.Contains(v, "«") || strings.Contains(v, "***") || v == "?" || isReference(v) || strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">") {
		return false
	}
	switch t.place {
	case "hex":
		return len(v) >= 8 && (strings.HasPrefix(low, "0x") || allHex([]byte(low)))
	case "login":
		return !strings.HasPrefix(v, "-") && !ordinary()[low]
	case "pair":
		return strings.IndexByte(v, ':') > 0 && !strings.Contains(v, "://")
	case "community":
		if m.f.platform == "logs" && ordinary()[low] {
			return false
		}
		return f.quoted || len(v) > 1 && !stops[low] && !fillers[low] && !strings.HasPrefix(v, "-")
	case "cookies":
		_, ok := cookieAt(m.s.data[f.start:f.end])
		return ok
	case "token":
		return len(v) > 7 && !isNumber(v)
	case "string":
		return f.quoted && len(v) > 2
	case "odd":
		return isOdd(v) && !inflected(low, true) && (m.f.platform != "tools" || strings.Trim(v, "0123456789:.-/") != "" && !isPath(v))
	case "phrase":
		return !f.quoted && m.isPhrase(low)
	case "random":
		return looksRandom(v) && !isTechnical(v)
	case "long":
		return len(v) >= longestCode && looksRandom(v)
	case "slashed":
		return !strings.HasPrefix(v, "-") && !strings.HasPrefix(v, "/") && strings.IndexByte(v, '/') > 0 && !strings.HasSuffix(v, "/nolog")
	case "basic":
		text, err := base64.StdEncoding.DecodeString(v)
		return err == nil && bytes.IndexByte(text, ':') > 0 && mostlyText(text)
	case "quoted": // id : XAUTH "secret"
		before := bytes.TrimLeft(m.s.data[max(m.s.line, f.start-reach):f.start], " \t")
		return f.quoted && (bytes.HasPrefix(before, []byte(":")) || bytes.Contains(before, []byte(" : ")))
	case "sent":
		return isTyped(v) && f.quoted
	case "credentials":
		return schemes[low] || looksRandom(v)
	case "target":
		at := strings.LastIndexByte(v, '@')
		return at > 0 && at < len(v)-1 && !strings.ContainsAny(v, "\"'<>") && !strings.HasPrefix(v, "-") && !algorithmDomains[low[at+1:]]
	case "url":
		from, to := urlHost(v)
		return isHost(v[from:to])
	case "serial":
		return len(v) >= shortestLicense && strings.ToUpper(v) == v && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "" && (strings.ContainsAny(v, "0123456789") && !isNumber(v) || serialLetters(v))
	case "host":
		return wordClass(v[0]) && isHost(v) && !isPortName(low) && !m.inColumn(f)
	case "user", "name":
		if loginMethods[low] {
			return false
		}
		if t.place == "user" && strings.IndexByte(v, '-') > 0 && grammarWords(v, false) {
			return false
		}
		if f.end < m.limit && m.s.data[f.end] == '=' || isNumber(v) || (stops[low] || fillers[low]) && !wellKnown[low] || !letter(v[0]) && v[0] != '_' || m.f.platform == "logs" && ordinary()[low] {
			return false
		}
	default:
		_, more := m.s.field(f.next, m.limit, false)
		if !f.quoted && (low == "level" || low == "keychain" || low == "inheritance-disable" || strings.Trim(v, "0") == "" && len(v) > 1) {
			return false
		}
		if more && !f.quoted {
			if _, keyword := terms[low]; keyword || typeWords[low] {
				return false
			}
		}
		if name, _, ok := strings.Cut(low, "="); ok && !f.quoted { // the next assignment
			if _, keyword := terms[name]; keyword {
				return false
			}
		}
		// Words of a grammar go before a secret, or stand in what a log says. What ends a line of a configuration
		// is the secret, of whatever words it is made, if it is no way to prove oneself.
		if !f.quoted && (authMethods[low] || (more || m.f.platform == "logs") && grammarWords(v, false)) {
			return false
		}
		if m.f.numbered && (ordinary()[low] || len(v) < 6 || strings.HasSuffix(v, "/sec")) { // a row of a table
			return false
		}
		return f.quoted || !stops[low] && !fillers[low] && !strings.HasPrefix(v, "-")
	}
	return true
}

// phraseEnds are words of a grammar behind a secret, so that it is one word.
//
//nolint:gochecknoglobals // a table that is only read
var phraseEnds = set("role level timeout expire lifetime send-lifetime accept-lifetime cryptographic-algorithm algorithm privilege address hostname encrypted mismatch ! // ;")

// isPhrase tells a secret of several words, where a platform takes the rest of a line as one, from one word with more of
// a grammar behind it. In what may be a sentence none of its words is one that only sentences have.
func (m *matcher) isPhrase(low string) bool {
	words := strings.Fields(low)
	if len(words) < 2 || stops[words[0]] || fillers[words[0]] || authMethods[words[0]] || words[0][0] == '-' {
		return false
	}
	for _, w := range words {
		if phraseEnds[w] || trailer(w) || !m.f.begins && stops[w] || strings.ContainsAny(w, "\"{}«*") {
			return false
		}
	}
	return true
}

// inColumn tells a word of a table from the value on a line of a configuration: two blanks stand on
// both its sides, and another word behind it.
func (m *matcher) inColumn(f field) bool {
	const gap = "  "
	data := m.s.data[:m.limit]
	return !f.quoted && f.start >= len(gap) && string(data[f.start-len(gap):f.start]) == gap && bytes.HasPrefix(data[f.end:], []byte(gap)) && m.s.another(f, m.limit)
}

// typedText is what a script sends, without the key that ends it.
func typedText(v string) string {
	for _, end := range []string{`\r\n`, `\r`, `\n`} {
		if text, ok := strings.CutSuffix(v, end); ok {
			return text
		}
	}
	return v
}

// isTyped tells one word that a script types, and that no command has: send "Quarz77\r".
func isTyped(v string) bool {
	text := typedText(v)
	low := lower(text)
	return text != v && len(text) >= 4 && !strings.ContainsAny(text, " \\") && !isReference(text) && text[0] != '$' && !ordinary()[low] && !wellKnown[low] && !stops[low] && !fillers[low]
}

// isHost tells the name of a host from an address and from a word.
func isHost(v string) bool {
	low := lower(v)
	if len(v) < 3 || !letter(v[0]) && !strings.ContainsAny(v, "abcdefghijklmnopqrstuvwxyz") || stops[low] || fillers[low] || wellKnown[low] || strings.ContainsAny(v, "/\\=<>|") {
		return false
	}
	if strings.Count(v, ":") > 1 || strings.HasSuffix(low, "pool.ntp.org") || strings.HasPrefix(low, "vrf") {
		return false
	}
	return strings.ContainsAny(v, ".-_0123456789") || !ordinary()[low]
}
