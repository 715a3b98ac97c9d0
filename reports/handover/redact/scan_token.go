package redact

import (
	"bytes"
	"strings"
)

// dollar looks for $n$..., a password hash or an obfuscated secret, wherever it stands.
func (s *scanner) dollar(i int) {
	data := s.data
	j := i + 1
	for j < len(data) && j-i < 12 && (wordClass(data[j]) || data[j] == '-') {
		j++
	}
	if j == i+1 || j >= len(data) || data[j] != '$' {
		return
	}
	end := j
	for end < len(data) && (wordClass(data[end]) || strings.IndexByte("$./+=,-", data[end]) >= 0) {
		end++
	}
	for end > j && strings.IndexByte(".,", data[end-1]) >= 0 {
		end--
	}
	if end-j < 8 {
		return
	}
	v := string(data[i:end])
	if s.learn {
		s.learned = append(s.learned, known{value: v, rule: RuleHash})
		s.learnHidden(v)
	}
	s.found(i, end, RuleHash, s.r.secret(v))
}

// longRun looks at a long run of letters and digits: a JWT, or the blob of an ssh key.
func (s *scanner) longRun(start, end int) {
	data := s.data
	if data[start] == 'A' && (end-start == 20 && (bytes.HasPrefix(data[start:], []byte("AKIA")) || bytes.HasPrefix(data[start:], []byte("ASIA"))) || end-start >= 35 && bytes.HasPrefix(data[start:], []byte("AIza"))) {
		s.token(start, start+4, end)
		return
	}
	if s.webhook(start, end) {
		return
	}
	if isBase32(data[start:end]) {
		s.note(kindBase32, start)
	}
	if n := end - start; n < 20 {
		if n == 10 && data[start] == '0' && data[start+1] == 'x' && allHex(data[start+2:end]) {
			s.hexAddress(start+2, end)
		} else if n >= shortestBase64 && looksBase64(data[start:end]) {
			s.note(kindBase64, start)
		}
		if n > 10 && data[start] == '0' && data[start+1] == 'x' && allHex(data[start+2:end]) {
			s.note(kindHex, start+2)
		}
		return
	}
	switch {
	case data[start] == '0' && data[start+1] == 'x' && allHex(data[start+2:end]):
		s.macInHex(start+2, end)
		s.note(kindHex, start+2)
	case data[start] == 'e' && data[start+1] == 'y' && end < len(data) && data[end] == '.':
		for end < len(data) && (wordClass(data[end]) || strings.IndexByte("-_.=", data[end]) >= 0) {
			end++
		}
		if bytes.Count(data[start:end], []byte(".")) >= 2 {
			s.found(start, end, RuleToken, "eyJ"+s.r.shapes.forward(string(data[start+3:end])))
		}
	case bytes.HasPrefix(data[start:], []byte("AAAA")) && bytes.Contains(data[start:start+20], []byte("3Nza")) ||
		bytes.HasPrefix(data[start:], []byte("AAAAE2Vj")):
		for end < len(data) && (wordClass(data[end]) || strings.IndexByte("+/=", data[end]) >= 0) {
			end++
		}
		s.found(start, end, RuleKeyBlock, s.r.replacement(known{value: string(data[start:end]), rule: RuleKeyBlock}))
	default:
		if _, ok := base64At(data, start); ok {
			s.note(kindBase64, start)
		}
	}
}

// webhooks are what stands before the secret in an URL to which anybody may post who knows it.
//
//nolint:gochecknoglobals // a table that is only read
var webhooks = []string{"hooks.slack.com/", "/api/webhooks/", "/incomingwebhook/", "webhook.office.com/", "api.telegram.org/bot", "chat.googleapis.com/", "hooks.zapier.com/", "webhook.site/"}

// webhook looks at the last part of such an URL.
func (s *scanner) webhook(start, end int) bool {
	if start <= s.line || s.data[start-1] != '/' && s.data[start-1] != ':' {
		return false
	}
	from := start
	for from > s.line && start-from < 160 && s.data[from-1] > ' ' && s.data[from-1] != '"' && s.data[from-1] != '\'' {
		from--
	}
	url := lower(string(s.data[from:start]))
	for _, head := range webhooks {
		if strings.Contains(url, "://") && strings.Contains(url, head) {
			for end < len(s.data) && (wordClass(s.data[end]) || s.data[end] == '-' || s.data[end] == '_') {
				end++
			}
			s.token(start, start, end)
			return true
		}
	}
	return false
}

// tokenHeads are what tokens of well-known services begin with, without what may be a part
// of the same run of letters.
//
//nolint:gochecknoglobals // a table that is only read
var tokenHeads = []string{
	"ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "npm_", "hvs.", "hvb.", "sk_live_", "sk_test_",
	"rk_live_", "pypi-", "dop_v1_", "dckr_pat_", "ya29.", "shpat_", "sk-", "hf_", "glsa_", "glc_", "tskey-", "atlasv1.", "SG.", "AGE-SECRET-KEY-",
}

// tokenAfter looks at a run that may end the head of a token: ghp_...
func (s *scanner) tokenAfter(end int) bool {
	data := s.data[:end+1]
	for _, head := range tokenHeads {
		if at := end + 1 - len(head); at >= 0 && bytes.HasSuffix(data, []byte(head)) && (at == 0 || !wordClass(data[at-1])) {
			stop := end + 1
			for stop < len(s.data) && (wordClass(s.data[stop]) || strings.IndexByte("_-.", s.data[stop]) >= 0) {
				stop++
			}
			if stop-end > 16 {
				s.token(at, end+1, stop)
				return true
			}
		}
	}
	return false
}

// token replaces what follows the head of a token.
func (s *scanner) token(start, body, end int) {
	for end > body && s.data[end-1] == '.' {
		end--
	}
	v := string(s.data[start:end])
	if s.learn {
		s.learned = append(s.learned, known{value: v, rule: RuleToken})
	}
	s.found(body, end, RuleToken, s.r.shapes.forward(string(s.data[body:end])))
}

func allHex(b []byte) bool {
	for _, c := range b {
		if !isHex(c) {
			return false
		}
	}
	return true
}

// mail looks at an @: the user and password of an URL, or a mail address.
func (s *scanner) mail(i int) {
	data := s.data
	start := i
	for start > s.line && start > s.done && i-start < reach/8 && data[start-1] > ' ' && strings.IndexByte("\"'<>()[]{},;&", data[start-1]) < 0 {
		start--
	}
	if start > 0 && data[start-1] == ';' { // a domain before the user (draft-crhertel-smb-url)
		from := start - 1
		for from > s.line && i-from < reach/8 && (wordClass(data[from-1]) || strings.IndexByte(":/.-_", data[from-1]) >= 0) {
			from--
		}
		if bytes.Contains(data[from:start], []byte("://")) {
			s.userInfo(start, i)
			return
		}
	}
	left := data[start:i]
	if k := bytes.Index(left, []byte("://")); k >= 0 {
		s.userInfo(start+k+3, i)
		return
	}
	end := i + 1
	for end < len(data) && (wordAt(data, end) || data[end] == '-' || data[end] == '.') {
		end++
	}
	for end > i && data[end-1] == '.' {
		end--
	}
	if k := bytes.Index(data[i+1:end], []byte("..")); k >= 0 {
		end = i + 1 + k
	}
	host := data[i+1 : end]
	if _, _, ok := parseIPv4(host); ok && start >= s.done {
		for len(left) > 0 && !wordClass(left[0]) {
			left, start = left[1:], start+1
		}
		if v := string(left); len(v) > 1 && letter(v[0]) && !strings.ContainsAny(v, "=:|\\/") {
			s.takeBack(start)
			s.replace("", RuleName, field{start: start, end: i, next: i}, v)
		}
		return
	}
	if algorithmDomains[lower(string(host))] {
		s.done = max(s.done, end)
		return
	}
	dot := bytes.LastIndexByte(host, '.')
	for len(left) > 0 && !wordClass(left[0]) {
		left = left[1:]
		start++
	}
	if k := bytes.LastIndexAny(left, "=:|\\"); k >= 0 {
		left = left[k+1:]
		start += k + 1
	}
	if k := bytes.LastIndex(left, []byte("..")); k >= 0 {
		left = left[k+2:]
		start += k + 2
	}
	if !dotted(left) || !dotted(host) { // bytes of a packet beside its hex
		return
	}
	if len(left) == 0 || dot < 1 || len(host)-dot < 3 || bytes.ContainsAny(host[dot:], "0123456789") || start < s.done {
		return
	}
	if s.r.kept(string(left) + "@" + string(host)) {
		return
	}
	s.takeBack(start)
	with := s.r.name(string(left)) + "@" + s.r.name(string(host[:dot])) + string(host[dot:])
	s.r.mails.Store(with, string(data[start:end]))
	s.found(start, end, RuleMail, with)
}

// dotted tells what does not begin or end with a dot, as bytes of a packet do that are no text.
func dotted(b []byte) bool { return len(b) > 0 && b[0] != '.' && b[len(b)-1] != '.' }

// algorithmDomains name algorithms: aes256-gcm@openssh.com is nobody's address (RFC 4251, 6).
//
//nolint:gochecknoglobals // a table that is only read
var algorithmDomains = set("openssh.com libssh.org lysator.liu.se ssh.com putty.projects.tartarus.org tinyssh.org cryptosys.net roumenpetrov.info")

// userInfo handles user:password before the @ of an URL. A password may hold an @ itself.
func (s *scanner) userInfo(start, at int) {
	end := at
	for k := at + 1; k < len(s.data) && s.data[k] > ' ' && s.data[k] != '/' && s.data[k] != '"'; k++ {
		if s.data[k] == '@' {
			end = k
		}
	}
	colon := bytes.IndexByte(s.data[start:end], ':')
	user, pass := string(s.data[start:end]), ""
	if colon >= 0 {
		user, pass = user[:colon], user[colon+1:]
	}
	s.takeBack(start)
	if user != "" && !wellKnown[strings.ToLower(user)] {
		k := known{value: user, rule: RuleName, fold: true}
		if s.learn {
			s.learned = append(s.learned, k)
		}
		s.found(start, start+len(user), RuleURL, s.r.replacement(k))
	}
	if pass != "" {
		k := known{value: pass, rule: RuleSecret}
		if s.learn {
			s.learned = append(s.learned, k)
		}
		s.found(start+colon+1, end, RuleURL, s.r.replacement(k))
	}
	s.done = max(s.done, end)
}

// takeBack drops what was found from start on: more is known now.
func (s *scanner) takeBack(start int) {
	for len(s.edits) > 0 && s.edits[len(s.edits)-1].start >= start {
		s.edits = s.edits[:len(s.edits)-1]
	}
	s.done = min(s.done, start)
	if n := len(s.edits); n > 0 {
		s.done = max(s.done, s.edits[n-1].end)
	}
}
