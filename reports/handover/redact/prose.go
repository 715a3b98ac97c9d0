package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// This file finds secrets that a person wrote down: "the password for sw1 is S", "PSK on both
// ends = S", "Kennwort lautet S", "| Password | S |". There is no grammar, so it asks for three
// things on one line: a word for a secret, a word that says that the secret follows, and
// something behind it that is no word of the language.

// mostSaid bounds what stands between a word for a secret and the secret, in words.
const mostSaid = 10

// saysSecret are words of prose for a secret that no grammar has; the others are terms.
//
//nolint:gochecknoglobals // a table that is only read
var saysSecret = set("pw pass pin pins otp totp seed code codes schlüssel schluessel pws pre-shared preshared lösenordet passordet adgangskoden")

// foreignNouns are those of other languages, whose words behind them this package does not know.
//
//nolint:gochecknoglobals // a table that is only read
var foreignNouns = set("passwort kennwort contraseña contrasena senha wachtwoord hasło heslo parola lösenord lösenordet passord passordet adgangskode salasana jelszó пароль Пароль passe clave schlüssel schluessel şifre")

// saysOwner are words of which one stands on the line of a key, a code or a seed that is secret.
//
//nolint:gochecknoglobals // a table that is only read
var saysOwner = set(`radius tacacs tacacs+ ospf ospfv3 isis bgp ntp rip eigrp vrrp hsrp glbp wifi wi-fi wlan wpa wpa2 wpa3 vpn ipsec ike ikev2 isakmp macsec mka snmp snmpv2 snmpv3 ldp md5 hmac
	enter telnet ssh ftp sftp scp user login enable root admin pem
	shared pre-shared preshared psk auth authentication encryption api license totp otp 2fa mfa authenticator recovery verification backup scratch sim pin one-time tunnel secret private console`)

// links say that a value follows: those of English, and of other languages, whose words this package does not know.
//
//nolint:gochecknoglobals // tables that are only read
var (
	links      = set("is was are were = == := -> => ~> – — - reads equals now")
	otherLinks = set("ist lautet war sind heißt heisst est était es era è é era är var er jest to je byl 为 是 は")
)

// isWordLink tells a link that is a word from one that is a sign: is, and =.
func isWordLink(link string) bool { return link[0] >= 'a' && link[0] <= 'z' }

// linked may stand between a link and the value.
//
//nolint:gochecknoglobals // a table that is only read
var linked = set("is now still currently simply just always again set changed reset to as the a nun jetzt noch weiterhin immer aktuell toujours")

// moved are words behind which "to" says that a new value follows, and "from" that the old one does.
//
//nolint:gochecknoglobals // a table that is only read
var moved = set("changed change set reset updated rotated switched went")

// sentence looks behind a word for a secret for what somebody wrote down.
func (s *scanner) sentence(name string, start, end int) {
	limit := s.lineEnd(end)
	s.noun = end
	if bytes.Contains(s.data[end:min(limit, end+4*longestWord)], []byte("pam_")) {
		return
	}
	if name == "key" || name == "code" || name == "codes" || name == "seed" || name == "pin" || name == "pins" || name == "pass" {
		if !s.owned(start, limit, name) {
			return
		}
	}
	pos, told := overMarkup(s.data[:limit], end)
	if told { // in the next cell, behind a mark, or behind dots
		s.told(pos, limit, true)
		return
	}
	before := s.movedBefore(start)
	for n := range mostSaid {
		at := skipBlanks(s.data[:limit], pos)
		if at >= limit {
			if n == 0 {
				s.labelled(start, limit)
			}
			return
		}
		stop := at
		for stop < limit && s.data[stop] > ' ' {
			stop++
		}
		if stop == at { // what no text has
			return
		}
		if n == 0 && s.data[at] == '(' && s.saidAside(at, stop, limit) {
			return
		}
		if n == 0 && at > end && (saysSecret[name] || foreignNouns[name]) && s.saidNext(at, limit) {
			return
		}
		word := lower(string(s.data[at:stop]))
		bare := strings.Trim(word, `"'()[]{}*_`+"`")
		if bare == "" || bare == ":" {
			bare = word
		}
		pos = stop
		switch {
		case n == 0 && (s.data[at] == ':' || s.data[at] == '=') && at == end:
			s.told(at+1, limit, true)
			return
		case links[bare] && foreignNouns[name] && isWordLink(bare):
			s.said(pos, limit)
			return
		case links[bare] && (bare != "-" && bare != "now" || n == 0):
			s.told(pos, limit, !isWordLink(bare))
			return
		case otherLinks[bare] && (foreignNouns[name] || bare != "to"):
			s.said(pos, limit)
			return
		case (bare == "to" || bare == "from") && moved[before]:
			at := s.told(pos, limit, false)
			if bare == "from" && at > pos {
				if f, ok := s.field(at, limit, false); ok && lower(string(s.data[f.start:f.end])) == "to" {
					s.told(f.next, limit, false)
				}
			}
			return
		case strings.HasSuffix(word, ":") && (n > 0 || asides[bare[:len(bare)-1]] || foreignNouns[name] || strings.IndexByte("([/", word[0]) >= 0) || n > 0 && strings.HasSuffix(word, "="):
			if n > 0 && (before == "for" || before == "di" || before == "do") {
				s.saidOf(at, stop-1)
			}
			s.told(pos, limit, true)
			return
		case strings.HasPrefix(bare, "phrase:") && len(bare) > len("phrase:"):
			s.told(at+len("phrase:"), limit, true)
			return
		case bytes.IndexByte([]byte(".;?!"), word[len(word)-1]) >= 0 || strings.HasSuffix(word, ","):
			return // the sentence ends
		}
		before = bare
	}
}

// asides are words between one for a secret and the colon behind which the secret stands.
//
//nolint:gochecknoglobals // a table that is only read
var asides = set("code used phrase string text value now below again")

// movedBefore gives the word that tells of a change before a word for a secret: changed the password from.
func (s *scanner) movedBefore(start int) string {
	words := bytes.Fields(s.data[max(s.line, start-longestWord):start])
	for _, w := range words[max(0, len(words)-4):] {
		if moved[lower(string(w))] {
			return lower(string(w))
		}
	}
	return ""
}

// mostLabel bounds a label that stands alone on its line, in words.
const mostLabel = 3

// labelled takes what stands alone on the line below a label that stands alone on its own, as what was copied from a
// page or a form has it, where it looks random.
func (s *scanner) labelled(start, limit int) {
	if s.limit > 0 || limit >= len(s.data) || s.data[limit] != '\n' && s.data[limit] != '\r' {
		return
	}
	words := bytes.Fields(s.data[s.line:start])
	if len(words) >= mostLabel {
		return
	}
	for _, w := range words {
		if !allLetters(w) || stops[lower(string(w))] {
			return
		}
	}
	from, to := nextLine(s.data, lineAfter(s.data, limit))
	if from < 0 || from == to {
		return
	}
	v := string(s.data[from:to])
	if strings.ContainsAny(v, " \t:<>{}()") || isPort(v) || !looksRandom(v) || isTechnical(v) || isReference(v) || isNumber(v) || !isASCII(v) {
		return
	}
	s.replace("", RuleSecret, field{start: from, end: to, next: to}, v)
}

// isPort tells the name of a port, GigabitEthernet1/0/1, from what looks random.
func isPort(v string) bool {
	at := strings.IndexByte(v, '/')
	return at > 0 && at+1 < len(v) && isDigit(v[at-1]) && isDigit(v[at+1])
}

// allLetters tells whether a word is of letters and hyphens only.
func allLetters(w []byte) bool {
	for _, c := range w {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '-' {
				return false
			}
		}
	}
	return true
}

// saidNext takes what stands right behind a short word such as pw, where it looks random.
func (s *scanner) saidNext(at, limit int) bool {
	f, ok := s.saidField(at, limit)
	if !ok || f.start < s.done {
		return false
	}
	v := string(s.data[f.start:f.end])
	if !looksRandom(v) || isTechnical(v) || isReference(v) || isNumber(v) || !isASCII(v) {
		return false
	}
	s.replace("", RuleSecret, f, v)
	return true
}

// owned tells whether a word such as key stands on a line, or behind words, that make a secret of it.
func (s *scanner) owned(start, limit int, name string) bool {
	if name == "pass" { // user joe pass S
		before := bytes.Fields(s.data[max(s.line, start-longestWord):start])
		if s.data[min(start+len(name), limit-1)] == '=' && bytes.Contains(bytes.ToLower(s.data[max(s.line, start-2*longestWord):start]), []byte("user")) {
			return true
		}
		return len(before) > 0 && saysOwner[lower(string(before[len(before)-1]))] || len(before) == 0
	}
	for w := range strings.FieldsSeq(lower(string(s.data[max(s.line, start-4*longestWord):min(limit, start+2*longestWord)]))) {
		if w = strings.Trim(w, ".,:;()'\"*`"); w != name && saysOwner[w] {
			return true
		}
	}
	return (name == "pin" || name == "pins") && len(bytes.TrimSpace(s.data[max(s.line, start-longestWord):start])) == 0
}

// saidAside takes the secret in "the password (S)", and in "Password (admin): S" nothing.
func (s *scanner) saidAside(at, stop, limit int) bool {
	v := strings.TrimRight(string(s.data[at+1:stop]), ").,;:")
	if !looksRandom(v) || isTechnical(v) || s.data[min(stop, limit)-1] == ':' || !bytes.ContainsRune(s.data[at:stop], ')') {
		return false
	}
	s.replace("", RuleSecret, field{start: at + 1, end: at + 1 + len(v), next: stop}, v)
	return true
}

// saidOf takes the user in "Password for joe: ", of which no word of the language is one.
func (s *scanner) saidOf(at, stop int) {
	v := strings.Trim(string(s.data[at:stop]), `"'`)
	at += bytes.Index(s.data[at:stop], []byte(v))
	if isOdd(v) && !strings.ContainsAny(v, "@/:") && len(v) > 1 {
		s.replace("", RuleName, field{start: at, end: at + len(v), next: stop}, v)
	}
}

// told takes what follows a link, and what an "and", a comma or a slash joins to it. Behind a sign
// it may be of letters alone; behind a word only where it ends the line. It tells where it ended.
func (s *scanner) told(pos, limit int, sign bool) int {
	from := pos
	for range mostSaid {
		f, ok := s.saidField(pos, limit)
		if !ok {
			return pos
		}
		v := string(s.data[f.start:f.end])
		low := lower(v)
		if !f.quoted && linked[low] {
			pos = f.next
			continue
		}
		_, more := s.field(f.next, limit, false)
		last := !more || f.end < f.next && strings.IndexByte(",;)|*`/<", s.data[f.end]) >= 0 || sign && s.joins(f.next, limit) || s.clauseEnds(f.next, limit)
		switch {
		case strings.Contains(v, "«") || isReference(v) || isPlaceholder(v) || !f.quoted && isTechnical(v) || f.quoted && strings.Contains(v, " "), isPath(v), hiddenWords[low], namesNext(v), strings.HasPrefix(low, "0x") && len(v) <= 10:
			return pos
		case looksRandom(v) || isNumber(v) && len(v) > 5 || (f.quoted && isUncommon(v) || last && isOdd(v) && !inflected(low, sign)) && (sign || len(v) > 4):
		default:
			return pos
		}
		if f.start >= s.done {
			s.between(s.noun, f.start)
			s.replace("", RuleSecret, f, v)
		}
		if pos = s.overAccess(f.next, limit); !s.joins(pos, limit) {
			return pos
		}
		at := skipBlanks(s.data[:limit], pos)
		for at < limit && strings.IndexByte(",/&+|", s.data[at]) >= 0 {
			at++
		}
		if g, ok := s.field(at, limit, false); ok && joiners[lower(string(s.data[g.start:g.end]))] {
			at = g.next
		}
		pos = at
	}
	return from
}

// between looks at what stands between a word for a secret and the secret.
func (s *scanner) between(from, to int) {
	was := s.limit
	s.limit = to
	s.span(max(from, s.done), to)
	s.limit = was
}

// clauseEnds tells whether a cell or a clause ends here.
func (s *scanner) clauseEnds(pos, limit int) bool {
	at := skipBlanks(s.data[:limit], pos)
	return at < limit && strings.IndexByte("|(", s.data[at]) >= 0
}

// overAccess skips (ro) and (rw).
func (s *scanner) overAccess(pos, limit int) int {
	at := skipBlanks(s.data[:limit], pos)
	if at+4 <= limit && (s.data[at] == '(' && s.data[at+3] == ')') {
		return at + 4
	}
	return pos
}

// inflected tells forms of words that say how something is, not what: mismatched, swapped, friendly.
func inflected(low string, sign bool) bool {
	if strings.Trim(low, "abcdefghijklmnopqrstuvwxyz-") != "" || otherWords[low] {
		return otherWords[low]
	}
	for _, end := range []string{"ed", "ing", "able", "ible", "less"} {
		if strings.HasSuffix(low, end) {
			return true
		}
	}
	if sign {
		return false
	}
	for _, end := range []string{"ly", "ous", "ive", "ful", "ness", "tion", "ment", "ity", "ent", "ant", "ic", "ical"} {
		if strings.HasSuffix(low, end) {
			return true
		}
	}
	return false
}

// otherWords say in other languages how a secret is.
//
//nolint:gochecknoglobals // a table that is only read
var otherWords = set(`falsch richtig korrekt abgelaufen gesperrt leer lang kurz ungültig gültig gesetzt geändert unbekannt bekannt erforderlich nötig gleich gespeichert verschlüsselt verloren vergessen sicher schwach stark
	oublié expirée publique pública privada incorrect expiré obligatoire oublié incorrecta obligatoria caducada errata scaduta obbligatoria errada verlopen onjuist verplicht wygasło nieprawidłowe nesprávné fel vergeten keiner keine kein valor`)

// joiners are words that join a second secret to the first.
//
//nolint:gochecknoglobals // a table that is only read
var joiners = set("and or und oder et y e")

// joins tells whether a second secret may follow.
func (s *scanner) joins(pos, limit int) bool {
	at := skipBlanks(s.data[:limit], pos)
	if at > 0 && at < limit && s.data[at-1] == ' ' && at-pos < 3 && bytes.HasSuffix(bytes.TrimRight(s.data[max(s.line, at-4):at], " "), []byte(",")) {
		return true
	}
	if at >= limit {
		return false
	}
	if strings.IndexByte(",/&+", s.data[at]) >= 0 || at > 0 && s.data[at-1] == ',' {
		return true
	}
	f, ok := s.field(at, limit, false)
	return ok && joiners[lower(string(s.data[f.start:f.end]))]
}

// said takes what follows a link of another language, of which only what looks like a secret is one.
func (s *scanner) said(pos, limit int) {
	for range 3 {
		f, ok := s.saidField(pos, limit)
		if !ok {
			return
		}
		v := string(s.data[f.start:f.end])
		if !f.quoted && linked[lower(v)] {
			pos = f.next
			continue
		}
		if (f.quoted && (looksRandom(v) || isUncommon(v)) || !isTechnical(v) && (looksRandom(v) || isNumber(v) && len(v) > 5)) && f.start >= s.done && isASCII(v) {
			s.replace("", RuleSecret, f, v)
		}
		return
	}
}

// saidField is a word of a text without the marks and stops around it.
func (s *scanner) saidField(pos, limit int) (field, bool) {
	pos, _ = overMarkup(s.data[:limit], pos)
	f, ok := s.field(pos, limit, true)
	if !ok || f.quoted {
		return f, ok
	}
	for f.start < f.end && strings.IndexByte("*`_([<", s.data[f.start]) >= 0 {
		f.start++
	}
	if n := bytes.IndexAny(s.data[f.start:f.end], "<|"); n >= 0 {
		f.end = f.start + n
	}
	for f.end > f.start && strings.IndexByte(".,;:!?)*`'\"]>|", s.data[f.end-1]) >= 0 {
		f.end--
	}
	if n := bytes.IndexByte(s.data[f.start:f.end], '/'); n > 0 && f.end-f.start > n+1 && isOdd(string(s.data[f.start:f.start+n])) {
		f.end, f.next = f.start+n, f.start+n
	}
	return f, f.end > f.start
}

// overMarkup skips the marks of Markdown, Jira and HTML, and the dots of a form. It tells whether
// one of them says that the value follows: a bar, the end of a cell, a colon behind a mark, dots.
func overMarkup(data []byte, pos int) (int, bool) {
	told, marks := false, 0
	for pos < len(data) {
		c := data[pos]
		switch {
		case c == '*' || c == '`' || c == '_' && marks > 0:
			marks++
		case c == '|':
			told = true
		case c == ':' && (marks > 0 || bytes.HasPrefix(data[pos:], []byte("::"))):
			told = true
		case c == '\t':
			told = true
		case c == ' ':
			if bytes.HasPrefix(data[pos:], []byte("   ")) {
				told = true
			}
		case c == '.' && (bytes.HasPrefix(data[pos:], []byte("..")) || bytes.HasPrefix(data[max(0, pos-1):], []byte(".."))):
			told = true
		case c == ':' && told || c == ':' && pos+1 < len(data) && data[pos+1] == '<':
			told = true
		case c == '<':
			n := bytes.IndexByte(data[pos:min(len(data), pos+longestWord)], '>')
			if n < 0 {
				return pos, told
			}
			told = told || data[pos+1] == '/'
			pos += n
		default:
			r, n := utf8.DecodeRune(data[pos:])
			if r != '：' && r != '\u00a0' && r != '\u3000' {
				return pos, told
			}
			told = told || r == '：'
			pos += n - 1
		}
		pos++
	}
	return pos, told
}

// isOdd tells what is no word of the language, of no grammar and no name of a method.
func isOdd(v string) bool { return isUncommon(v) && !isTechnical(strings.Trim(v, ".,;:!?()\"'`*")) }

// isUncommon tells what is no word of the language and of no grammar.
func isUncommon(v string) bool {
	low := lower(strings.Trim(v, ".,;:!?()\"'`*"))
	if isNumber(low) {
		return len(low) > 3 && strings.Trim(low, "0") != ""
	}
	_, term := terms[low]
	return len(low) > 3 && !term && !ordinary()[low] && !stops[low] && !fillers[low] && !typeWords[low] && !wellKnown[low] && !authMethods[low] && !grammarWords(low, true) &&
		strings.Trim(low, "*x.-_=#") != "" && low[0] != '<' && low[0] != '-'
}

// isTechnical tells SHA-256, 802.1X and 2048-bit, whose parts are names of methods, units and numbers, from what looks
// random. Words of the language with a number are passwords as people choose them: Welcome123.
func isTechnical(v string) bool {
	low := strings.Trim(lower(v), ".,;:!")
	if typeWords[strings.ReplaceAll(low, "-", "")] || authMethods[low] || technical[low] {
		return true
	}
	named := false
	for i := 0; i < len(low); {
		j := i
		switch {
		case low[i] >= 'a' && low[i] <= 'z':
			for j < len(low) && low[j] >= 'a' && low[j] <= 'z' {
				j++
			}
			w := low[i:j]
			if !typeWords[w] && !technical[w] {
				return false
			}
			named = named || technical[w]
		case isDigit(low[i]):
			for j < len(low) && isDigit(low[j]) {
				j++
			}
			if j-i > 4 {
				return false
			}
		case strings.IndexByte("-./_()+", low[i]) >= 0 || low[i] >= 0x80:
			j = i + 1
		default:
			return false
		}
		i = j
	}
	return named
}

// technical are short names of methods and units.
//
//nolint:gochecknoglobals // a table that is only read
var technical = set("rfc ipv tls ssl ssh md aes sha des rc hmac rsa dsa ecdsa ed mschap mschapv chap eap peap ttls pbkdf bcrypt scrypt argon bit bits byte bytes char chars digit digits day days hour hours ms sec min kb mb v x fips dot ieee base32 base64 ed25519 x25519 curve25519")

// wideSecrets are words for a secret in scripts that put no blank between words.
//
//nolint:gochecknoglobals // a table that is only read
var wideSecrets = []string{"密码", "密碼", "口令", "パスワード", "비밀번호", "암호"}

// wideSentence looks at a run of letters outside of ASCII for such a word, and takes what follows it.
func (s *scanner) wideSentence(start, end int) {
	run := s.data[start:end]
	for _, w := range wideSecrets {
		n := bytes.LastIndex(run, []byte(w))
		if n < 0 {
			continue
		}
		at := start + n + len(w)
		limit := s.lineEnd(at)
		for at < limit { // 为：" is", は
			r, size := utf8.DecodeRune(s.data[at:limit])
			if size == 1 && r > ' ' && strings.IndexByte(":=\"'(", s.data[at]) < 0 || size == 1 && r < ' ' && r != '\t' {
				break
			}
			at += size
		}
		stop := at
		for stop < limit && s.data[stop] > ' ' && s.data[stop] < 0x80 {
			stop++
		}
		v := strings.TrimRight(string(s.data[at:stop]), ".,;\"')")
		if isOdd(v) && at >= s.done {
			s.replace("", RuleSecret, field{start: at, end: at + len(v), next: stop}, v)
		}
		return
	}
}

// nouns are the terms of the grammar that people write of as well.
//
//nolint:gochecknoglobals // a table that is only read
var nouns = set(`password passwd passphrase passphrases secret secrets passwords community communities psk pwd key token tokens apikey api-key pre-shared-key preshared-key shared-secret access-key secret-key
	auth-password priv-password auth-key privacy-key community-string passcode credentials`)

// saidNoun tells whether a word of a text says secret.
func saidNoun(name string) bool { return nouns[name] || saysSecret[name] || foreignNouns[name] }
