package redact

import "bytes"

// head looks at the begin of a line of a log: the host's name stands after the time, in the
// forms of RFC 3164 and RFC 5424 and those that daemons write to files.
func (s *scanner) head(at int) {
	data := s.data
	if at+20 > len(data) {
		return
	}
	i := at
	if data[i] == '<' { // the priority
		i++
		for i < len(data) && i-at < 6 && data[i] >= '0' && data[i] <= '9' {
			i++
		}
		if i+20 > len(data) || data[i] != '>' {
			return
		}
		i++
	}
	version := data[i] == '1' && data[i+1] == ' '
	if version {
		i += 2
	}
	if data[i] == '*' || data[i] == '.' {
		i++
	}
	switch {
	case isMonth(data[i:]):
		i = afterTime(data, i+3)
	case data[i] == '2' && data[i+1] == '0' && isDigit(data[i+2]) && data[i+4] == '-':
		i = afterStamp(data, i)
	case data[i] == '2' && data[i+1] == '0' && isDigit(data[i+2]) && data[i+4] == ' ' && isMonth(data[i+5:]):
		i = afterTime(data, i+8)
	default:
		return
	}
	if i < 0 {
		return
	}
	start := i
	for i < len(data) && (wordClass(data[i]) || data[i] == '-' || data[i] == '.' || data[i] == '_') {
		i++
	}
	if i == start || i >= len(data) || data[i] != ' ' || !s.syslogAfter(i, version) {
		return
	}
	if v := string(data[start:i]); isHost(v) && start >= s.done && !isLevel(v) {
		s.replace("", RuleName, field{start: start, end: i, next: i}, v)
	}
}

func isLevel(v string) bool {
	switch lower(v) {
	case "info", "warn", "warning", "error", "debug", "notice", "crit", "critical", "alert", "emerg", "fatal", "trace", "utc", "cet", "cest", "gmt":
		return true
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isMonth(b []byte) bool {
	if len(b) < 5 || b[3] != ' ' {
		return false
	}
	switch string(b[:3]) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// afterTime goes over " 28 06:28:14[.123]" and the blank after; -1 where that does not stand.
func afterTime(data []byte, i int) int {
	for i < len(data) && data[i] == ' ' {
		i++
	}
	day := i
	for i < len(data) && i-day < 2 && isDigit(data[i]) {
		i++
	}
	if i == day || i+6 > len(data) || data[i] != ' ' {
		return -1
	}
	i++
	if isDigit(data[i]) && i+5 < len(data) && data[i+4] == ' ' { // a year
		i += 5
	}
	return overClock(data, i)
}

// afterStamp goes over 2026-11-28T06:28:14.123+00:00 and the blank after.
func afterStamp(data []byte, i int) int {
	if i+11 >= len(data) || data[i+7] != '-' || data[i+10] != 'T' && data[i+10] != ' ' {
		return -1
	}
	return overClock(data, i+11)
}

func overClock(data []byte, i int) int {
	if i+8 > len(data) || data[i+2] != ':' || data[i+5] != ':' || !isDigit(data[i]) {
		return -1
	}
	for i < len(data) && (isDigit(data[i]) || data[i] == ':' || data[i] == '.' || data[i] == '+' || data[i] == '-' || data[i] == 'Z') {
		i++
	}
	if i >= len(data) || data[i] != ' ' {
		return -1
	}
	for i < len(data) && data[i] == ' ' {
		i++
	}
	return i
}

// syslogAfter tells whether what follows a host is what follows one: a program with a colon
// or brackets, a code with a per cent sign, a sequence number, or the fields of RFC 5424.
func (s *scanner) syslogAfter(i int, version bool) bool {
	rest := s.data[i+1 : s.lineEnd(i)]
	if version {
		return len(rest) > 0
	}
	rest = bytes.TrimLeft(rest, " :")
	if len(rest) > 0 && rest[0] == '%' {
		return true
	}
	n := bytes.IndexByte(rest, ' ')
	if n < 0 {
		n = len(rest)
	}
	word := rest[:n]
	if bytes.HasSuffix(word, []byte(":")) {
		return len(word) > 1
	}
	open := bytes.IndexByte(word, '[')
	return open > 0 && bytes.HasSuffix(word, []byte("]:"))
}
