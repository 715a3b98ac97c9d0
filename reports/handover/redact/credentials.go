package redact

import "strings"

// schemes are those of HTTP's Authorization (RFC 9110, 11.1) and of services that made their own.
//
//nolint:gochecknoglobals // a table that is only read
var schemes = set(`bearer basic token digest apikey api-key key negotiate ntlm kerberos gssapi oauth hawk jwt aws aws4-hmac-sha256 aws4-ecdsa-p256-sha256 sharedkey sharedkeylite
	hmac hmac-sha256 signature mutual vapid scram-sha-1 scram-sha-256 dpop privatetoken sso-key splunk genie-key googlelogin`)

// shownParameters tell who asks for what, and no secret.
//
//nolint:gochecknoglobals // a table that is only read
var shownParameters = set(`realm uri algorithm qop nc credential signedheaders scope charset id keyid headers created expires oauth_consumer_key oauth_version oauth_signature_method oauth_timestamp
	error error_description title stale domain ts ext app userhash opaque`)

// credentials replaces what stands behind the scheme at f: one token, or parameters.
func (s *scanner) credentials(f field, v string) {
	if !schemes[lower(v)] {
		s.replace("", RuleSecret, f, v)
		return
	}
	end := s.lineEnd(f.end)
	at := skipBlanks(s.data[:end], f.end)
	if n, ok := parameterName(s.data[at:end]); !ok {
		stop := at
		for stop < end && (wordClass(s.data[stop]) || strings.IndexByte("-._~+/=:!#$%^*", s.data[stop]) >= 0) {
			stop++
		}
		if v := string(s.data[at:stop]); stop-at > 3 && !isReference(v) && !isPlaceholder(v) {
			s.replace("", RuleSecret, s.uncut(field{start: at, end: stop, next: stop}), v)
		}
		return
	} else if n == 0 {
		return
	}
	for at < end {
		n, ok := parameterName(s.data[at:end])
		if !ok {
			return
		}
		name := lower(string(s.data[at : at+n]))
		value, ok := s.parameter(at+n+1, end)
		if !ok {
			return
		}
		switch text := string(s.data[value.start:value.end]); {
		case shownParameters[name] || len(text) < 4 || isReference(text):
		case name == "username":
			s.replace("", RuleName, value, text)
		default:
			s.replace("", RuleSecret, value, text)
		}
		at = value.next
		for at < end && (s.data[at] == ',' || s.data[at] == ' ' || s.data[at] == '\t') {
			at++
		}
	}
}

// parameterName is the length of a name with a = behind it.
func parameterName(b []byte) (int, bool) {
	n := 0
	for n < len(b) && n < longestWord && (wordClass(b[n]) || b[n] == '_' || b[n] == '-') {
		n++
	}
	return n, n > 0 && n+1 < len(b) && b[n] == '=' && b[n+1] > ' ' && b[n+1] != '='
}

// parameter is the value of one, with or without quotes.
func (s *scanner) parameter(at, end int) (field, bool) {
	if q := quoteAt(s.data[:end], at); q > 0 {
		if stop := s.closing(at+q, end, s.data[at:at+q]); stop >= 0 {
			return field{at + q, stop, stop + q, true}, true
		}
		return field{}, false
	}
	stop := at
	for stop < end && s.data[stop] > ' ' && strings.IndexByte(",'\"`\\", s.data[stop]) < 0 {
		stop++
	}
	return field{start: at, end: stop, next: stop}, stop > at
}
