package logs

import (
	"strings"
	"time"
)

// priority reads "<PRI>" and what follows: RFC 5424, RFC 3164 or /dev/kmsg.
func (p *Parser) priority(l *Line, s string) {
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 {
		return
	}
	pri, ok := number(s[1:end])
	if !ok || pri > 191 {
		return
	}
	rest := s[end+1:]
	switch {
	case strings.HasPrefix(rest, "1 ") && rfc5424(l, rest[2:]):
	case strings.HasPrefix(rest, "["):
		kernel(l, rest)
	default:
		p.loose(l, rest)
	}
	if l.Parsed() && l.Severity == NoSeverity {
		l.Severity = Severity(pri%8 + 1)
	}
}

// rfc5424 reads "timestamp host app procid msgid [sd] text", after the version.
func rfc5424(l *Line, s string) bool {
	var field [5]string
	for i := range field {
		var ok bool
		if field[i], s, ok = strings.Cut(s, " "); !ok && i < len(field)-1 {
			return false
		}
		if field[i] == "-" {
			field[i] = ""
		}
	}
	if field[0] != "" {
		at, rest, ok := stamp(l, field[0])
		if !ok || rest != "" {
			return false
		}
		l.Time = at
	}
	l.Format, l.Host, l.Program, l.PID, l.Mnemonic = RFC5424, field[1], field[2], field[3], field[4]
	s = strings.TrimPrefix(structured(s), "\ufeff")
	l.Text = s
	if l.Mnemonic == "" {
		facility(l)
	}
	return true
}

// structured skips the elements of structured data, in which "\]" ends nothing.
func structured(s string) string {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return strings.TrimPrefix(rest, " ")
	}
	whole := s
	for strings.HasPrefix(s, "[") {
		end, quoted := -1, false
		for i := 1; i < len(s) && end < 0; i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				quoted = !quoted
			case ']':
				if !quoted {
					end = i
				}
			}
		}
		if end < 0 {
			return whole // cut within
		}
		s = s[end+1:]
	}
	return strings.TrimPrefix(s, " ")
}

// stamp reads an ISO 8601 date and time from the beginning of s.
func stamp(l *Line, s string) (at time.Time, rest string, ok bool) {
	if len(s) < 19 || s[10] != 'T' && s[10] != ' ' {
		return at, s, false
	}
	date, ok1 := ymd(s)
	d, rest, ok2 := clock(s[11:])
	if !ok1 || !ok2 {
		return at, s, false
	}
	offset, rest, zoned := zone(rest)
	l.Local = !zoned
	return date.Add(d - offset), rest, true
}

// loose reads what senders make of RFC 3164: a stamp of either kind or none, a host or none.
func (p *Parser) loose(l *Line, s string) {
	switch {
	case len(s) > 15 && s[3] == ' ' && month(s[:3]) != 0:
		p.bsd(l, s, 0)
	case len(s) > 19 && s[10] == 'T':
		iso(l, s)
	default:
		l.Format = RFC3164
		tag(l, s, false)
	}
}

// bsd reads "Mmm dd hh:mm:ss" and what follows: RFC 3164, or EMS on a reformatted target. Some
// write the year behind the day, some before the month: that is given, 0 where there is none. Some write a zone.
func (p *Parser) bsd(l *Line, s string, year int) {
	m := month(s[:3])
	rest := strings.TrimLeft(s[4:], " ")
	word, rest, _ := strings.Cut(rest, " ")
	d, ok := number(word)
	if !ok || d > 31 {
		return
	}
	dated := year > 0
	if !dated && len(rest) > 5 && rest[4] == ' ' {
		if year, dated = number(rest[:4]); dated {
			rest = rest[5:]
		}
	}
	at, rest, ok := clock(rest)
	if !ok {
		return
	}
	if !dated && p.Year != nil {
		year = p.Year(m, d)
	}
	midnight, ok := day(year, m, d)
	if !ok {
		return
	}
	l.Time, l.Local = midnight.Add(at), true
	if name, text, zoned := strings.Cut(rest, ": %"); zoned && len(name) > 3 && len(name) < 7 && name[0] == ' ' && strings.ToUpper(name) == name {
		l.Local, rest = name != " UTC" && name != " GMT", ": %"+text
	}
	rest = strings.TrimPrefix(rest, ":")
	rest = strings.TrimPrefix(rest, " ")
	if strings.HasPrefix(rest, "<") && component(l, rest) {
		return
	}
	l.Format = RFC3164
	tag(l, rest, true)
}

// tag reads "host tag[pid]: text"; the host may be missing.
func tag(l *Line, s string, hosted bool) {
	l.Text = s
	head, text, ok := strings.Cut(s, ": ")
	if !ok {
		head, ok = strings.CutSuffix(s, ":")
		text = ""
	}
	words := strings.Count(head, " ")
	if !ok || words > 1 {
		if hosted && words > 1 {
			host, rest, _ := strings.Cut(s, " ")
			l.Host, l.Text = host, rest
		}
		facility(l)
		return
	}
	if host, t, two := strings.Cut(head, " "); two {
		l.Host, head = host, t
	}
	if name, pid, ok := strings.Cut(head, "["); ok && strings.HasSuffix(pid, "]") {
		l.PID, head = pid[:len(pid)-1], name
	}
	if strings.HasPrefix(head, "%") { // %FAC-SEV-MNEMONIC
		l.Text = head + ": " + text
		facility(l)
		return
	}
	l.Program, l.Text = head, text
	facility(l)
	if l.Mnemonic == "" {
		inner(l)
	}
}

// facility reads "%FACILITY-SEVERITY-MNEMONIC: text" from the beginning of the text.
func facility(l *Line) {
	if !strings.HasPrefix(l.Text, "%") {
		return
	}
	name, text, ok := strings.Cut(l.Text[1:], ":")
	if !ok || strings.ContainsAny(name, " \t") {
		return
	}
	parts := strings.Split(name, "-")
	for i := 1; i+1 < len(parts); i++ {
		if n, ok := number(parts[i]); ok && n < 8 {
			l.Mnemonic, l.Severity = "%"+name, Severity(n+1)
			l.Text = strings.TrimLeft(text, " ")
			return
		}
	}
}

// inner reads what daemons put into a message of syslog that they put into their own logs too: the
// id of FRR, and Open vSwitch's "ovs|00001|vlog|INFO|text".
func inner(l *Line) {
	if strings.HasPrefix(l.Text, "[") {
		frrIDs(l)
		return
	}
	if rest, ok := strings.CutPrefix(l.Text, "ovs|"); ok {
		ovsFields(l, rest)
	}
}

// iso reads a line that begins with an ISO 8601 time: Open vSwitch, lldpd, or syslog as rsyslog and
// journald write it.
func iso(l *Line, s string) {
	at, rest, ok := stamp(l, s)
	if !ok || rest == "" {
		return
	}
	switch {
	case rest[0] == '|':
		if ovsFields(l, rest[1:]) {
			l.Format, l.Time = OVS, at
		}
	case strings.HasPrefix(rest, " [") && lldpd(l, rest[2:]):
		l.Time = at
	case rest[0] == ' ':
		l.Format, l.Time = RFC3164, at
		tag(l, rest[1:], true)
	}
}

// ovsFields reads "number|module|LEVEL|text".
func ovsFields(l *Line, s string) bool {
	n, s, _ := strings.Cut(s, "|")
	module, s, _ := strings.Cut(s, "|")
	level, text, ok := strings.Cut(s, "|")
	if _, numbered := number(n); !ok || !numbered {
		return false
	}
	if level == "EMER" {
		l.Severity = Emergency
	} else if l.Severity = severity(level); l.Severity == NoSeverity {
		return false
	}
	l.Program, l.Text = module, text
	return true
}

// lldpd reads "LEVEL/module] text".
func lldpd(l *Line, s string) bool {
	head, text, ok := strings.Cut(s, "] ")
	level, module, two := strings.Cut(head, "/")
	sev := severity(strings.TrimSpace(level))
	if !ok || !two || sev == NoSeverity || strings.ContainsRune(module, ' ') {
		return false
	}
	l.Format, l.Severity, l.Program, l.Text = LLDPD, sev, module, text
	return true
}

// frr reads "yyyy/mm/dd hh:mm:ss NAME: [ID][EC n] text".
func frr(l *Line, s string) {
	if s[10] != ' ' {
		return
	}
	date, ok1 := ymd(s)
	at, rest, ok2 := clock(s[11:])
	if !ok1 || !ok2 || !strings.HasPrefix(rest, " ") {
		return
	}
	rest = rest[1:]
	// With "log record-priority" the priority stands first.
	word, after, ok := strings.Cut(rest, ": ")
	if sev := severity(word); ok && sev != NoSeverity {
		l.Severity, rest = sev, after
		word, after, ok = strings.Cut(rest, ": ")
	}
	if !ok { // a message without a text
		word, ok = strings.CutSuffix(rest, ":")
		after = ""
	}
	if !ok || strings.ContainsAny(word, " \t") {
		return
	}
	l.Format, l.Time, l.Local, l.Program, l.Text = FRR, date.Add(at), true, word, after
	frrIDs(l)
}

// frrIDs takes "[XXXXX-XXXXX]" and "[EC n]" from the beginning of the text. An error code makes an
// error of a line that does not say how bad it is.
func frrIDs(l *Line) {
	for strings.HasPrefix(l.Text, "[") {
		id, rest, ok := strings.Cut(l.Text[1:], "]")
		switch {
		case !ok:
			return
		case len(id) == 11 && id[5] == '-':
			l.Mnemonic = id
		case strings.HasPrefix(id, "EC "):
			if l.Severity == NoSeverity {
				l.Severity = Error
			}
		default:
			return
		}
		l.Text = strings.TrimPrefix(rest, " ")
	}
}

// bird reads "yyyy-mm-dd hh:mm:ss.mmm <LEVEL> text", or a line of syslog behind the stamp of whoever
// wrote it down.
func (p *Parser) bird(l *Line, s string) {
	date, ok1 := ymd(s)
	at, rest, ok2 := clock(s[11:])
	if !ok1 || !ok2 {
		return
	}
	rest, ok := strings.CutPrefix(rest, " ")
	if !ok {
		return
	}
	if strings.HasPrefix(rest, "<") {
		level, text, ok := strings.Cut(rest[1:], ">")
		sev := severity(level)
		if !ok || sev == NoSeverity {
			return
		}
		l.Format, l.Time, l.Local, l.Severity, l.Program = BIRD, date.Add(at), true, sev, "bird"
		l.Text = strings.TrimPrefix(text, " ")
		return
	}
	if len(rest) > 15 && rest[3] == ' ' && month(rest[:3]) != 0 {
		year := p.Year
		defer func() { p.Year = year }()
		p.Year = func(time.Month, int) int { return date.Year() }
		p.bsd(l, rest, 0)
		return
	}
	l.Format, l.Time, l.Local = RFC3164, date.Add(at), true
	tag(l, rest, true)
}

// ems reads "mm/dd/yyyy hh:mm:ss.hh <Sev:Component.Condition> text".
func (p *Parser) ems(l *Line, s string) {
	if s[5] != '/' || s[10] != ' ' {
		return
	}
	m, ok1 := number(s[:2])
	d, ok2 := number(s[3:5])
	y, ok3 := number(s[6:10])
	midnight, ok4 := day(y, time.Month(m), d)
	at, rest, ok5 := clock(s[11:])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return
	}
	l.Time, l.Local = midnight.Add(at), true
	if !component(l, strings.TrimPrefix(rest, " ")) {
		l.Time, l.Local = time.Time{}, false
	}
}

// component reads "<Sev:Component.Condition> text", and what reformatted targets make of it:
// "<dm> …", "<dm.info> devmgr: (dm.c:134) …".
func component(l *Line, s string) bool {
	if !strings.HasPrefix(s, "<") {
		return false
	}
	name, text, ok := strings.Cut(s[1:], ">")
	if !ok || name == "" || strings.ContainsAny(name, " \t<") {
		return false
	}
	l.Format, l.Text = EMS, strings.TrimPrefix(text, " ")
	if level, event, two := strings.Cut(name, ":"); two {
		l.Severity, l.Mnemonic = severity(level), event
	} else if module, level, two := cutLast(name, "."); two && severity(level) != NoSeverity {
		l.Severity, name = severity(level), module
	} else {
		l.Mnemonic = ""
	}
	if l.Mnemonic == "" {
		l.Program = name
	} else {
		l.Program, _, _ = strings.Cut(l.Mnemonic, ".")
	}
	return true
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// vossFile reads "1 TIME host CP1 - 0xCODE - 0xALARM … VRF MODULE LEVEL text", as "show logging file" prints the messages of
// releases 8 and on: RFC 5424 without its priority.
func vossFile(l *Line, s string) {
	const fields = 8
	f := strings.SplitN(s, " ", fields)
	if len(f) < fields || !strings.HasPrefix(f[3], "CP") && !strings.HasPrefix(f[3], "IO") || !strings.HasPrefix(f[5], "0x") {
		return
	}
	at, rest, ok := stamp(l, f[1])
	if !ok || rest != "" {
		return
	}
	l.Format, l.Time, l.Host, l.Text = VOSS, at, f[2], f[5]+" "+f[7]
	vossFields(l)
}

// voss reads "CP1  [mm/dd/yy hh:mm:ss.mmm:ZONE] host 0xCODE 0xALARM … VRF MODULE LEVEL text". Earlier releases
// name no host: the card stands for it.
func voss(l *Line, s string) {
	slot, rest, ok := strings.Cut(s, "[")
	if !ok || len(slot) < 4 || len(slot) > 8 || slot[:2] != "CP" && slot[:2] != "IO" || len(rest) < 18 || rest[2] != '/' || rest[5] != '/' || rest[8] != ' ' {
		return
	}
	m, ok1 := number(rest[:2])
	d, ok2 := number(rest[3:5])
	y, ok3 := number(rest[6:8])
	midnight, ok4 := day(2000+y, time.Month(m), d)
	at, rest, ok5 := clock(rest[9:])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return
	}
	name, rest, ok := strings.Cut(rest, "]")
	if !ok || len(name) > 8 {
		return
	}
	l.Format, l.Time, l.Local = VOSS, midnight.Add(at), name != ":UTC"
	l.Host = strings.TrimSpace(slot)
	l.Text = strings.TrimLeft(rest, " ")
	if host, after, ok := strings.Cut(l.Text, " "); ok && !strings.HasPrefix(host, "0x") && strings.HasPrefix(strings.TrimLeft(after, " "), "0x") {
		l.Host = host
	}
	vossFields(l)
}

// vossFields reads what follows the time. The level is the first word that is one, within the first
// eight; the event's code is the vendor's name of it.
func vossFields(l *Line) {
	rest := l.Text
	var before string
	for range 8 {
		word, after, ok := strings.Cut(rest, " ")
		if !ok {
			return
		}
		after = strings.TrimLeft(after, " ")
		if l.Mnemonic == "" && strings.HasPrefix(word, "0x") && len(word) == 10 {
			l.Mnemonic = word
		} else if sev := severity(word); sev != NoSeverity && strings.ToUpper(word) == word && l.Mnemonic != "" {
			l.Severity, l.Program, l.Text = sev, before, after
			return
		}
		before, rest = word, after
	}
}

// keepalived reads "Www Mmm dd hh:mm:ss yyyy: text".
func keepalived(l *Line, s string) {
	const stamp = len("Mon Jan  2 15:04:05 2006")
	if len(s) <= stamp || s[stamp] != ':' {
		return
	}
	at, ok := weekday(s[:stamp])
	if !ok {
		return
	}
	l.Format, l.Time, l.Local, l.Program = Keepalived, at, true, "keepalived"
	l.Text = strings.TrimPrefix(s[stamp+1:], " ")
}

// weekday reads "Www Mmm dd hh:mm:ss yyyy".
func weekday(s string) (at time.Time, ok bool) {
	if len(s) != len("Mon Jan  2 15:04:05 2006") || s[3] != ' ' || !strings.Contains("MonTueWedThuFriSatSun", s[:3]) || s[7] != ' ' {
		return at, false
	}
	m := month(s[4:7])
	d, ok1 := number(strings.TrimLeft(s[8:10], " "))
	since, rest, ok2 := clock(s[11:])
	if m == 0 || !ok1 || !ok2 || len(rest) != 5 {
		return at, false
	}
	y, ok3 := number(rest[1:])
	midnight, ok4 := day(y, m, d)
	return midnight.Add(since), ok3 && ok4
}

// kernel reads "[   12.345678] text", and "[Www Mmm dd hh:mm:ss yyyy] text", which dmesg makes of it.
func kernel(l *Line, s string) {
	head, text, ok := strings.Cut(s[1:], "]")
	if at, dated := weekday(head); ok && dated {
		l.Format, l.Program, l.Time, l.Local, l.Text = Kernel, "kernel", at, true, strings.TrimPrefix(text, " ")
		return
	}
	seconds, fraction, two := strings.Cut(strings.TrimLeft(head, " "), ".")
	n, ok1 := number(seconds)
	f, ok2 := number(fraction)
	if !ok || !two || !ok1 || !ok2 || len(fraction) != 6 {
		return
	}
	l.Format, l.Program = Kernel, "kernel"
	l.Since = time.Duration(n)*time.Second + time.Duration(f)*time.Microsecond
	l.Text = strings.TrimPrefix(text, " ")
}
