package logs

import (
	"regexp"
	"strings"
	"time"
)

// Parser reads lines, each by itself: of a file that several programs write, each line has its own
// format. It is not safe for use from several goroutines.
type Parser struct {
	// Year gives the year of a line that names none, by the month and the day of it; 0 is 1970's
	// epoch left as it is: the year 0. Nil takes every such line for one of the year 0.
	Year func(month time.Month, day int) int
}

// Parse fills the fields of a line from its Raw. A line that no format fits keeps Raw as its Text.
func (p *Parser) Parse(l *Line) {
	s := strings.TrimRight(withoutColours(l.Raw), "\r\n\t ")
	p.text(l, s)
	if rest := behindTerminal(s); !l.Parsed() && rest != s {
		p.text(l, rest)
	}
	repeats(l)
}

// pager is what a program that shows a page at a time leaves before the next line.
var pager = regexp.MustCompile(`^(?:-+ ?\(?[Mm][Oo][Rr][Ee][^-]{0,24}-+|Press <SPACE> to continue or <Q> to quit:)[\s\x08\x00]*`)

// behindTerminal is a line without what is no part of it: the zeros that a file system leaves where the power failed, and a
// pager.
func behindTerminal(s string) string {
	return pager.ReplaceAllString(strings.TrimLeft(s, "\x00\x08 \r"), "")
}

// text reads a line of any format.
func (p *Parser) text(l *Line, s string) {
	l.Text = s
	if s == "" {
		return
	}
	switch c := s[0]; {
	case c == '<':
		p.priority(l, s)
	case c == '[':
		kernel(l, s)
	case c >= '0' && c <= '9':
		p.dated(l, s)
	case c == 'C' || c == 'I':
		voss(l, s)
	case (c == '*' || c == '.') && len(s) > 16 && s[4] == ' ' && month(s[1:4]) != 0: // of a clock that nothing sets, or no longer
		p.bsd(l, s[1:], 0)
	}
	if !l.Parsed() && (s[0] >= 'A' && s[0] <= 'Z') {
		p.named(l, s)
	}
}

// withoutColours is a line without what sets colours and brightness on a terminal (SGR; ECMA-48, 8.3.117).
func withoutColours(s string) string {
	if !strings.Contains(s, "\x1b[") {
		return s
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		end := strings.IndexFunc(after, func(r rune) bool { return r != ';' && (r < '0' || r > '9') })
		if end < 0 || after[end] != 'm' {
			b.WriteString("\x1b[")
			s = after
			continue
		}
		s = after[end+1:]
	}
}

// dated reads a line that begins with a date in digits.
func (p *Parser) dated(l *Line, s string) {
	if len(s) < 19 {
		return
	}
	switch {
	case strings.HasPrefix(s, "1 ") && s[12] == 'T':
		vossFile(l, s)
	case s[4] == '/':
		frr(l, s)
	case s[2] == '/':
		p.ems(l, s)
	case s[4] == '-' && s[10] == 'T':
		iso(l, s)
	case s[4] == '-' && s[10] == ' ':
		p.bird(l, s)
	case s[4] == ' ' && month(s[5:8]) != 0:
		if year, ok := number(s[:4]); ok {
			p.bsd(l, s[5:], year)
		}
	}
}

// named reads a line that begins with the name of a month, or of a day of the week.
func (p *Parser) named(l *Line, s string) {
	if len(s) < 15 || s[3] != ' ' {
		return
	}
	if month(s[:3]) != 0 {
		p.bsd(l, s, 0)
		return
	}
	keepalived(l, s)
}

// month gives the month of its three letters, 0 for others.
func month(s string) time.Month {
	const all = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if i := strings.Index(all, s); i >= 0 && i%3 == 0 && len(s) == 3 {
		return time.Month(i/3 + 1)
	}
	return 0
}

// number reads a number of digits alone, of which there is at least one and at most nine.
func number(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, true
}

// clock reads "hh:mm:ss" and a fraction after a dot or a comma; rest is what follows.
func clock(s string) (d time.Duration, rest string, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, "", false
	}
	h, ok1 := number(s[:2])
	m, ok2 := number(s[3:5])
	sec, ok3 := number(s[6:8])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 60 {
		return 0, "", false
	}
	d = time.Duration(h*3600+m*60+sec) * time.Second
	i := 8
	if i < len(s) && (s[i] == '.' || s[i] == ',') {
		unit := time.Second / 10
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			d += time.Duration(s[i]-'0') * unit
			unit /= 10
		}
	}
	return d, s[i:], true
}

// day is midnight of a date in UTC; ok is false for dates that no calendar has.
func day(year int, month time.Month, day int) (t time.Time, ok bool) {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return t, false
	}
	t = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == day
}

// ymd reads "yyyy-mm-dd" with any separators.
func ymd(s string) (time.Time, bool) {
	y, ok1 := number(s[:4])
	m, ok2 := number(s[5:7])
	d, ok3 := number(s[8:10])
	if !ok1 || !ok2 || !ok3 {
		return time.Time{}, false
	}
	return day(y, time.Month(m), d)
}

// zone reads "Z", "+hh:mm" or "-hhmm" from the beginning of s.
func zone(s string) (offset time.Duration, rest string, ok bool) {
	if s == "" {
		return 0, s, false
	}
	if s[0] == 'Z' {
		return 0, s[1:], true
	}
	if s[0] != '+' && s[0] != '-' || len(s) < 5 {
		return 0, s, false
	}
	end := 5
	minutes := s[3:5]
	if s[3] == ':' && len(s) >= 6 {
		end, minutes = 6, s[4:6]
	}
	h, ok1 := number(s[1:3])
	m, ok2 := number(minutes)
	if !ok1 || !ok2 || h > 15 || m > 59 {
		return 0, s, false
	}
	offset = time.Duration(h*60+m) * time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, s[end:], true
}

// severity reads the words that programs have for it, in any case; whole words and their first
// four letters.
func severity(word string) Severity {
	if len(word) > 16 {
		return NoSeverity
	}
	switch strings.ToLower(word) {
	case "emer", "emerg", "emergency", "emergencies", "off":
		return Emergency
	case "aler", "alert", "alerts", "fatal":
		return Alert
	case "crit", "critical":
		return Critical
	case "erro", "error", "err", "errors", "bug", "auth":
		return Error
	case "warn", "warning", "warnings", "rmt":
		return Warning
	case "noti", "notice", "notif", "notifications":
		return Notice
	case "info", "informational", "inform":
		return Info
	case "debu", "debug", "dbg", "trace", "summ", "verb", "data", "debug-summary", "debug-verbose", "debug-data":
		return Debug
	}
	return NoSeverity
}

// repeats reads what a program writes instead of a message that came again.
func repeats(l *Line) {
	i := strings.Index(l.Text, "repeated ")
	if i < 0 {
		return
	}
	before, after := l.Text[:i], l.Text[i+len("repeated "):]
	if before != "Previous message " && before != "last message " && before != "message " && before != "Last message " {
		return
	}
	count, after, _ := strings.Cut(after, " ")
	n, ok := number(count)
	after = strings.TrimPrefix(after, "additional ")
	if !ok || !strings.HasPrefix(after, "time") {
		return
	}
	l.Repeats = n
	// rsyslog says which: "message repeated 3 times: [ text]".
	if _, text, ok := strings.Cut(after, ": ["); ok {
		l.Text, l.Repeats = strings.TrimSpace(strings.TrimSuffix(text, "]")), 0
		l.Times = n
		switch {
		case l.Format == FRR:
			frrIDs(l)
		case l.Mnemonic == "":
			if facility(l); l.Mnemonic == "" {
				inner(l)
			}
		}
	}
}
