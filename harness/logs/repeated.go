package logs

import (
	"fmt"
	"regexp"
	"time"
)

// span is when a message came, as far as it is known: a repetition came between the message before and the line that counts it.
type span struct{ first, last time.Time }

// within reports whether two messages lie within a time of each other for sure, and whether they may.
func (s span) within(o span, window time.Duration) (sure, may bool) {
	if o.last.Before(s.last) {
		s, o = o, s
	}
	return o.last.Sub(s.first) <= window, o.first.Sub(s.last) <= window
}

// said is the message that a line which counts repetitions is about.
type said struct {
	line  *Line
	until time.Time // the latest that it is known to have come at
}

// sayings are the last messages of a file, by who wrote them.
type sayings struct {
	file string
	last map[string]said
}

// take keeps a message, and gives that which a line counts repetitions of: with no line where it is not there.
func (s *sayings) take(l *Line) (of said, repeated bool) {
	if l.File != s.file || s.last == nil || len(s.last) > 2*mostHosts {
		s.file, s.last = l.File, map[string]said{}
	}
	keys := []string{l.host(), l.host() + "\x00" + l.Program, l.host() + "\x00" + l.Program + "\x00" + l.Mnemonic}
	switch {
	case l.Repeats > 0:
		key := keys[0]
		if l.Mnemonic != "" {
			key = keys[2]
		} else if l.Program != "" {
			key = keys[1]
		}
		of = s.last[key]
		if of.line != nil && !l.Time.IsZero() && l.Time.Before(of.until) {
			of = said{} // the newest stands first
		}
		if of.line != nil {
			s.last[key] = said{of.line, l.Time}
		}
		return of, true
	case !l.Parsed() && l.Text != "":
		clear(s.last) // it may be that one which is counted next
	case !l.Parsed():
	default:
		for _, key := range keys {
			s.last[key] = said{l, l.Time}
		}
	}
	return of, false
}

// again is a message as a line that counts it has it: its own words, as often, between the two.
func (o said) again(l *Line) *Line {
	again := *o.line
	again.Times, again.Since, again.Time, again.after = l.Repeats, 0, l.Time, o.until
	return &again
}

// losing is what says that messages were left out: journald, rsyslog, the kernel, and switches of a buffer that was full.
var losing = regexp.MustCompile(`(?i)\b(?:suppressed \d+ messages?|\d+ messages? (?:were )?(?:lost|dropped|discarded|suppressed)|lost \d+ messages?|\d+ callbacks suppressed)\b`)

// lost says what a log left out; empty for nothing.
func (h *counting) lost() string {
	switch {
	case h.orphans > 0:
		return fmt.Sprintf("%d lines count again what is not there", h.orphans)
	case h.left > 0:
		return fmt.Sprintf("%d lines say that messages were left out", h.left)
	}
	return ""
}
