package redact

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

// edit replaces data[start:end].
type edit struct {
	start, end int
	with       string
	rule       Rule
}

// scanner goes over a text once. What it finds it either learns or replaces.
type scanner struct {
	r     *Redactor
	d     *dictionary
	data  []byte
	learn bool
	// sameLength asks for replacements that keep the length, for packets.
	sameLength bool
	depth      int  // how many encodings the text stands in
	values     bool // looks for known values only

	marks    []mark // what is encoded
	noun     int    // where the word for a secret ends whose secret is looked for
	split    []edit // of values that the end of a line cuts in two
	edited   bool   // a terminal wrote it
	high     bool   // it has bytes outside of ASCII
	dumped   int    // the line that was tried as one of a dump, and one
	line     int    // where the line begins
	ends     span   // of the line whose end was looked for last: from there on, to there
	steps    int    // bytes that structures were followed
	marker   int    // where the last mark of a shell ends
	limit    int    // where the line ends for what is looked for before a value; 0 at its end
	done     int    // nothing before this is looked at again
	noAddr   int    // no address begins before this
	noCodes  int    // no codes of letters begin before this
	noEscape int    // escapes before this were looked at as numbers
	edits    []edit
	learned  []known
}

// span is a part of the text.
type span struct{ from, to int }

// reach bounds how far on a line is looked behind a word for its value, in bytes, and back for
// what it is part of: with no bound the work would grow with the square of a line's length.
const (
	reach = 2 << 10
	// quoteReach bounds what stands between quotes: keys are long.
	quoteReach = 16 << 10
)

// scan finds everything in the text. The edits are in order and do not overlap.
func (s *scanner) scan() {
	if !s.values {
		s.head(0)
	}
	s.span(0, len(s.data))
}

// span looks at data[from:to].
func (s *scanner) span(from, to int) {
	data := s.data[:to]
	for i := from; i < to; {
		class := classes[data[i]]
		if class&isWord == 0 {
			if class&isSpecial != 0 {
				i = s.special(i)
			} else {
				i++
			}
			continue
		}
		if s.values && data[i] >= 0x80 && strayAt(data, i) {
			i++
			continue
		}
		if n := signAt(data[i:]); n > 0 {
			s.high = true
			i += n
			s.marker = i
			continue
		}
		start := i
		h := uint32(hashBasis)
		var flags byteClass
		for {
			h = (h ^ uint32(class>>hashShift)) * hashPrime
			flags |= class
			i++
			if i == len(data) {
				break
			}
			if class = classes[data[i]]; class&isWord == 0 {
				break
			}
			if data[i] >= firstSign && signAt(data[i:]) > 0 || s.values && data[i] >= 0x80 && strayAt(data, i) {
				class = 0
				break
			}
		}
		if start < s.done {
			if i <= s.done {
				continue
			}
			start = s.done // a value ended within this run
		}
		if i-start > markerLen && markerAt(data, start) { // what follows is a word of its own
			i = start + markerLen
			s.marker = i
			continue
		}
		if flags&notHex != 0 && start > from && data[start-1] == '\\' && strings.IndexByte("nrt", data[start]) >= 0 && allHex(data[start+1:i]) { // an address after \n
			start++
			h, flags = hashRun(string(data[start:i])), 0
			for _, c := range data[start:i] {
				flags |= classes[c]
			}
		}
		if !s.d.has(h) && i-start > 3 && escapeBefore(data, start+1) { // a known word after \n
			if rest := hashRun(string(data[start+1 : i])); s.d.has(rest) {
				start++
				h = rest
				s.marker = start
			}
		}
		next := byteClass(0) // of the byte after the run
		if i < len(data) {
			next = class
		}
		switch n := i - start; {
		case n == 5 && next&marksAddress != 0 && s.unitSerial(start, i):
		case flags&notHex == 0:
			if n <= 4 && n > 1 && i+1 < len(data) && (data[i] == ',' || data[i] == ' ' || data[i] == '.') {
				s.codes(start, n, flags&notDec == 0)
			}
			if n <= 4 {
				if next&marksAddress != 0 && start >= s.noAddr {
					s.address(start, i, flags&notDec == 0)
				}
			} else if n >= 8 {
				s.hexRun(start, i)
			} else if next&marksAddress != 0 && data[i] == '.' && flags&notDec != 0 {
				s.glued(start, i)
			}
		case n >= shortestBase64 || n == 10 && data[start] == '0':
			s.longRun(start, i)
		case n == 4 && data[start] == '0' && data[start+1]|0x20 == 'x' && i < len(data) && (data[i] == ',' || data[i] == ' '):
			s.note(kindGroups, start)
		case next&marksAddress != 0 && classes[data[i-1]]&notDec == 0 && (data[i] == '.' || data[i] == '-'):
			s.glued(start, i)
		}
		if flags&isHigh != 0 {
			s.high = true
			if i-start >= len("密码") && !s.values {
				s.wideSentence(start, i)
			}
		}
		if len(s.d.inside.list) > 0 && i-start > shortestInside && !s.learn {
			s.inside(start, i)
		}
		if s.d.has(h) {
			s.word(h, start, i)
		} else if next&endsKey != 0 && flags&notHex != 0 && start >= s.done {
			s.camel(start, i)
		}
		if i < s.done {
			i = s.done
		}
	}
}

// unitSerial takes the serial number of a unit of Extreme's, 1502N-41234: year, week and plant, and five digits.
func (s *scanner) unitSerial(start, end int) bool {
	const digits = 5
	data := s.data
	if data[end] != '-' || !capital(data[end-1]) || !isNumber(string(data[start:end-1])) || end+1+digits > len(data) || !isNumber(string(data[end+1:end+1+digits])) ||
		end+1+digits < len(data) && (wordClass(data[end+1+digits]) || data[end+1+digits] == '-') || start > 0 && strings.IndexByte("-/.", data[start-1]) >= 0 || start < s.done || s.values {
		return false
	}
	s.replace("", RuleSerial, field{start: start, end: end + 1 + digits, next: end + 1 + digits}, string(data[start:end+1+digits]))
	return true
}

// codes looks at a short number that may be the first of several that are codes of letters.
func (s *scanner) codes(start, n int, decimal bool) {
	if start < s.noCodes {
		return
	}
	if decimal && n <= 3 && s.data[start+n] != '.' && numbersAt(s.data, start) {
		s.note(kindOID, start)
		s.noCodes = start + 2*fewestNumbers
	}
	if n%2 == 0 && (n == 4 || s.data[start+n] != ' ') && pairsAt(s.data, start) {
		s.note(kindGroups, start)
		s.noCodes = start + 3*leastPairs
	}
}

// special looks at bytes that begin something: a line, $n$, an address after "::", a mail
// address. It returns where to go on.
func (s *scanner) special(i int) int {
	switch s.data[i] {
	case '\n':
		s.newLine(i)
		if octalOffset(s.data[i+1:]) {
			s.note(kindOctal, i+1)
		}
	case '^':
		if i+1 < len(s.data) && (s.data[i+1] == '[' || s.data[i+1] == 'H') {
			s.note(kindCaret, i)
		}
	case '#':
		if _, ok := hashEscape(s.data[i:]); ok {
			s.note(kindHash, i)
		}
	case '\b', 0x1b:
		s.edited = true
	case '\r':
		if i+1 < len(s.data) && s.data[i+1] != '\n' && s.data[i+1] != '\r' {
			s.edited = true
		}
	case '%':
		if _, n := percentCode(s.data[i:]); n > 0 {
			s.note(kindPercent, i)
		}
	case '&':
		s.note(kindEntity, i)
	case '\\':
		if _, ok := zeroEscape(s.data[i:]); ok {
			s.note(kindZero, i)
		}
		if _, n := wideEscape(s.data[i:]); n > 0 {
			s.note(kindEscape, i)
		} else if _, n := oneEscape(s.data[i:]); n > 1 {
			if s.data[i+1] == 'x' && i >= s.noEscape {
				s.escapedNumbers(i)
			}
			s.note(kindEscape, i)
		}
	case '=':
		if i+2 < len(s.data) && (upperHex(s.data[i+1]) && upperHex(s.data[i+2]) || softLength(s.data[i:]) > 0) {
			s.note(kindQuoted, i)
		}
		if i+1 < len(s.data) && s.data[i+1] == '?' {
			s.note(kindWords, i)
		}
		if i > 2 && continuesFrom(s.data[:i]) {
			s.note(kindContinued, i)
		}
	case '$':
		if i >= s.done {
			s.dollar(i)
		}
	case '@':
		if i >= s.done && !s.values {
			s.mail(i)
		}
	}
	return max(i+1, s.done)
}

// Words that are taken for a line of PEM: within a block that ends, and in one whose end is cut off.
const (
	shortestPEM = 4
	wholePEM    = 60
)

// pem takes the body of the PEM block whose BEGIN is at pos: to its END, and where that is cut
// off, as far as there is base64.
func (s *scanner) pem(pos int) {
	const dashes = "-----"
	line := min(s.newline(pos), pos+longestStructure/4)
	before := bytes.TrimSpace(s.data[s.line : pos-len("-----BEGIN")])
	if n := bytes.Index(s.data[pos:line], []byte(dashes)); n >= 0 && len(bytes.TrimSpace(s.data[pos+n+len(dashes):line])) > 0 {
		if rest := s.data[pos+n+len(dashes) : line]; bytes.Contains(rest, []byte("-----END")) || len(before) == 0 || len(base64Run(rest)) >= shortestPEM {
			s.pemOnLine(pos+n+len(dashes), line)
			return
		}
	}
	if len(before) > 0 {
		s.pemBehind(line)
		return
	}
	head := bytes.IndexByte(s.data[pos:min(len(s.data), pos+reach)], '\n')
	if head < 0 {
		return
	}
	body := pos + head + 1
	end := bytes.Index(s.data[body:min(len(s.data), body+longestStructure/4)], []byte("-----END "))
	whole := end >= 0
	if !whole {
		end = min(len(s.data)-body, longestStructure)
	}
	for at := body; at < body+end; {
		for at < body+end && strings.IndexByte(" \t\r\n", s.data[at]) >= 0 {
			at++
		}
		stop := at
		for stop < body+end && s.data[stop] != '\n' && s.data[stop] != '\r' {
			stop++
		}
		line := s.data[at:stop]
		if !whole && bytes.IndexByte(line, ' ') >= 0 && bytes.IndexByte(line, ':') < 0 || bytes.HasPrefix(line, []byte("-----BEGIN")) {
			return
		}
		if bytes.IndexByte(line, ':') < 0 { // not a header such as Proc-Type:
			if s.learn && stop-at >= 20 {
				s.learned = append(s.learned, known{value: string(line), rule: RuleSecret})
			}
			s.found(at, stop, RuleKeyBlock, s.r.shapes.forward(string(line)))
		}
		at = stop + 1
	}
}

// pemBehind takes the body of a PEM block whose lines stand behind something else each, as the head of a log, or within
// quotes: what looks like one of its lines in each line from a place on, to its END. Where that is cut off, as far as
// there are whole lines of it.
func (s *scanner) pemBehind(at int) {
	at = min(at+1, len(s.data))
	stop := bytes.Index(s.data[at:min(len(s.data), at+longestStructure/4)], []byte("-----END "))
	least := shortestPEM
	if stop += at; stop < at {
		stop, least = len(s.data), wholePEM
	}
	for at < stop {
		end := len(s.data)
		if n := bytes.IndexByte(s.data[at:], '\n'); n >= 0 {
			end = at + n
		}
		if end >= stop && stop < len(s.data) {
			return // the line of its END
		}
		line := s.data[at:end]
		run := base64Run(line)
		from := at + bytes.LastIndex(line, run)
		at = end + 1
		if len(run) < least {
			if least == wholePEM {
				return
			}
			continue
		}
		if s.learn && len(run) >= 20 {
			s.learned = append(s.learned, known{value: string(run), rule: RuleSecret})
		}
		s.found(from, from+len(run), RuleKeyBlock, s.r.shapes.forward(string(run)))
	}
}

// base64Run is the last word of a line of base64 that may be one of PEM (RFC 7468), in or behind something else: 64
// letters and fewer in the last line. None where there is no such word.
func base64Run(line []byte) []byte {
	line = bytes.TrimRight(bytes.TrimSpace(line), `"'+,;)\`)
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte(`\n`)), []byte(`\r`))
	from := len(line)
	for from > 0 && (base64Class[line[from-1]] != 0 || line[from-1] == '=') {
		from--
	}
	return line[from:]
}

// pemOnLine takes the body of a PEM block that is all on one line, as a text in quotes or a log has it,
// its lines parted by \n or blanks: from what follows its BEGIN to its END, or to the end of the line.
func (s *scanner) pemOnLine(from, to int) {
	if n := bytes.Index(s.data[from:to], []byte("-----END")); n >= 0 {
		to = from + n
	}
	for at := from; at < to; {
		if s.data[at] == '\\' {
			for at < to && s.data[at] == '\\' {
				at++
			}
			at++ // the n
			continue
		}
		stop := at
		for stop < to && base64Class[s.data[stop]] != 0 || stop < to && s.data[stop] == '=' {
			stop++
		}
		if stop-at >= shortestBase64 {
			if s.learn && stop-at >= 20 {
				s.learned = append(s.learned, known{value: string(s.data[at:stop]), rule: RuleSecret})
			}
			s.found(at, stop, RuleKeyBlock, s.r.shapes.forward(string(s.data[at:stop])))
		}
		at = max(stop, at+1)
	}
}

// newline is where the line that pos is on ends, or the text.
func (s *scanner) newline(pos int) int {
	if pos < s.ends.from || pos > s.ends.to || s.ends.to == 0 {
		n := bytes.IndexByte(s.data[pos:], '\n')
		if n < 0 {
			n = len(s.data) - pos
		}
		s.ends = span{pos, pos + n}
	}
	return s.ends.to
}

// lineEnd is the end of the line that pos is on, or how far it is looked at.
func (s *scanner) lineEnd(pos int) int {
	end := s.newline(pos)
	for range 8 {
		if end >= len(s.data) || !continued(s.data[s.line:end]) && !s.cutBehindType(end) && !s.cutBehindWord(end) {
			break
		}
		n := bytes.IndexByte(s.data[end+1:min(len(s.data), end+1+reach)], '\n') // a backslash takes the next line along
		if n < 0 {
			end = min(len(s.data), end+1+reach)
			break
		}
		end += 1 + n
	}
	if end = min(end, pos+reach); end > s.line && s.data[end-1] == '\r' {
		end--
	}
	return end
}

// uncut is the field with all of a value that the reach has cut off.
func (s *scanner) uncut(f field) field {
	if f.quoted || f.end-f.start < reach/2 {
		return f
	}
	for f.end < len(s.data) && s.data[f.end] > ' ' && quoteAt(s.data, f.end) == 0 {
		f.end++
	}
	f.next = max(f.next, f.end)
	return f
}

// continued tells whether a line ends in a blank and a backslash, so that it goes on.
func continued(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte("\r"))
	n := len(line)
	return n > 1 && line[n-1] == '\\' && line[n-2] <= ' '
}

// cutBehindType tells whether the line that ends at end lacks the secret whose form it names, "… password 0", and the
// next one is nothing else than a word that may be it: a screen or a mail has wrapped it. A line "key 7" is a whole one.
func (s *scanner) cutBehindType(end int) bool {
	line := bytes.TrimRight(s.data[s.line:end], " \t\r")
	if n := len(line); n < 3 || line[n-2] != ' ' || !isDigit(line[n-1]) {
		return false
	}
	line = line[:len(line)-2]
	at := bytes.LastIndexByte(line, ' ') + 1
	switch lower(string(line[at:])) {
	case "password", "secret", "key-string":
	case "key":
		if len(bytes.TrimLeft(line[:at], " \t")) == 0 || bytes.HasSuffix(line[:at], []byte(" no ")) {
			return false
		}
	default:
		return false
	}
	from, to := nextLine(s.data, lineAfter(s.data, end))
	return from >= 0 && to-from > 3 && bytes.IndexByte(s.data[from:to], ' ') < 0 && isOdd(string(s.data[from:to]))
}

// cutBehindWord tells whether the line that ends at end is a command that lacks the community that its last word announces,
// and the next one is that and nothing but what may follow it: a terminal has wrapped it.
func (s *scanner) cutBehindWord(end int) bool {
	line := bytes.TrimRight(s.data[s.line:end], " \t\r")
	if !bytes.HasSuffix(line, []byte("snmp-server community")) {
		return false
	}
	from, to := nextLine(s.data, lineAfter(s.data, end))
	if from < 0 {
		return false
	}
	words := strings.Fields(string(s.data[from:to]))
	return len(words) == 1 && isOdd(words[0]) || len(words) > 1 && len(words) < 6 && (words[1] == "ro" || words[1] == "rw" || words[1] == "RO" || words[1] == "RW")
}

// blank gives how many bytes at pos are a blank: one, or a backslash and the end of a line.
func blank(data []byte, pos int) int {
	switch c := data[pos]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return 1
	case c == '\\' && pos+1 < len(data) && (data[pos+1] == '\n' || data[pos+1] == '\r'):
		return 2
	}
	return 0
}

// found records a replacement, or keeps silent while learning.
func (s *scanner) found(start, end int, rule Rule, with string) {
	if start < s.done || end <= start || s.limit > 0 && end > s.limit {
		return
	}
	if !s.learn {
		if s.edits == nil {
			s.edits = make([]edit, 0, 16+len(s.data)/256)
		}
		s.edits = append(s.edits, edit{start, end, with, rule})
	}
	s.done = end
}

// free tells whether a value that begins at at can be replaced, and drops what was found
// inside of it.
func (s *scanner) free(at int) bool {
	if at >= s.done {
		return true
	}
	k := len(s.edits)
	for k > 0 && s.edits[k-1].start >= at {
		k--
	}
	if k == len(s.edits) || k > 0 && s.edits[k-1].end > at {
		return false
	}
	s.takeBack(at)
	return true
}

// word handles a run that may be a learned value or end a keyword.
func (s *scanner) word(h uint32, start, end int) {
	if e, at, ok := s.d.at(h, s.data, start); ok && !s.learn && s.free(at) {
		s.edits = append(s.edits, edit{at, at + len(e.match), e.cased(string(s.data[at : at+len(e.match)])), e.replaces()})
		s.done = at + len(e.match)
		return
	}
	if start > 0 && s.data[start-1] == '\\' && end-start > 3 { // a word after \n in a quoted text
		if c := s.data[start]; c == 'n' || c == 'r' || c == 't' {
			h = hashRun(string(s.data[start+1 : end]))
			if s.d.has(h) {
				s.word(h, start+1, end)
			}
			return
		}
	}
	if s.values {
		return
	}
	if end-start <= 24 && s.d.isKeyword(h, s.data, end) {
		if end < len(s.data) && strings.IndexByte("_-.", s.data[end]) >= 0 && s.tokenAfter(end) {
			return
		}
		s.keyword(start, end)
	} else if end < len(s.data) && (s.data[end] == '"' || s.data[end] == '=' || s.data[end] == ':' || s.data[end] == '>') && start >= s.done {
		s.camel(start, end)
	}
}

// inside replaces names of the owner within a word.
func (s *scanner) inside(start, end int) {
	for from := start; ; {
		at, name, ok := s.d.inside.find(s.data, start, end, max(from, s.done))
		if !ok {
			return
		}
		from = at + len(name.low)
		s.found(at, from, RuleName, asCased(name.with, string(s.data[at:from])))
	}
}

// keyword looks whether the field that this run ends is a keyword, and takes its value.
func (s *scanner) keyword(start, end int) {
	if end+1 < len(s.data) && (s.data[end] == '-' || s.data[end] == '_') && wordClass(s.data[end+1]) {
		return
	}
	for start > s.line && start != s.marker && end-start <= 64 && (wordClass(s.data[start-1]) || s.data[start-1] == '-' || s.data[start-1] == '_' || s.data[start-1] == '/') {
		start--
	}
	if end-start > 64 {
		return
	}
	var buf [64]byte
	lower := buf[:0]
	for _, c := range s.data[start:end] {
		if c = byte(classes[c] & 0xff); c == '_' {
			c = '-'
		}
		if len(lower) > 0 || c != '-' && c != '/' {
			lower = append(lower, c)
		}
	}
	list := s.d.forms[string(lower)]
	if n := bytes.LastIndexByte(lower, '/'); len(list) == 0 && n >= 0 && s.data[start] == '/' { // a program by its path
		list = s.d.forms[string(lower[n+1:])]
	}
	if len(list) > 0 && s.forms(list, start, end) {
		return
	}
	switch string(lower) {
	case "snmp-server":
		s.trapHost(end)
		return
	case "rev":
		s.partSerial(start)
		return
	case "wifi":
		s.wifi(end)
		return
	case "ansible-vault": // $ANSIBLE_VAULT;1.1;AES256, and lines of hex
		if start > 0 && s.data[start-1] == '$' {
			s.hexBlock(s.newline(end), hexBytes("ansible-vault"))
		}
		return
	case "begin":
		if bytes.HasSuffix(s.data[:end], []byte("-----BEGIN")) {
			s.pem(end)
		}
		return
	}
	t, ok := terms[string(lower)]
	if string(lower) == "key" && (s.aggregates(start, end) || s.ofTunnel(end)) {
		return
	}
	if !ok && !s.r.options.ASNumbers && !s.endsInSecret(lower) && !saysSecret[string(lower)] {
		return
	}
	name := string(lower)
	if !ok && s.r.options.ASNumbers && !s.sameLength {
		t, ok = asTerms[name]
	}
	if !ok && s.endsInSecret(lower) {
		t, ok = term{rule: RuleSecret, ending: true, assigned: bytes.HasSuffix(lower, []byte("-pass")) || keyed(name)}, true
	}
	was := s.done
	if ok {
		s.take(name, t, start, end)
	}
	if s.done == was && s.limit == 0 && !s.sameLength && saidNoun(name) && (name != "community" && name != "communities" || s.inPlace(name, term{rule: RuleName, not: t.not}, start, end, true)) {
		s.sentence(name, start, end)
	}
}

// endsInSecret tells whether a keyword ends as one of a secret does: db-password.
func (s *scanner) endsInSecret(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	switch name[len(name)-1] {
	case 'd', 'e', 't', 'n', 'k', 'y', 's', 'l':
		if keyed(string(name)) {
			return true
		}
	case '5', 'w':
		return keyed(string(name))
	default:
		return false
	}
	for _, suffix := range suffixes {
		if n := len(name) - len(suffix) + 1; n == 0 && string(name) == suffix[1:] || n > 0 && string(name[n-1:]) == suffix {
			return true
		}
	}
	return false
}

// take finds the value that a keyword introduces.
func (s *scanner) take(name string, t term, start, end int) {
	if t.rule == RuleSecret && s.opens(start, end) {
		return
	}
	limit := s.lineEnd(end)
	pos, assigned := s.separator(end, limit)
	if pos+1 < limit && s.data[pos] == '<' && (letter(s.data[pos+1]) || s.data[pos+1] == '/' || s.data[pos+1] == '!') && start > 0 && strings.IndexByte("</:", s.data[start-1]) >= 0 {
		n := bytes.IndexByte(s.data[pos:limit], '>')
		if n < 0 {
			return
		}
		tag, _, _ := strings.Cut(lower(string(s.data[pos+1:pos+n])), " ") // without attributes
		tag = tag[strings.LastIndexAny(tag, "-:")+1:]
		if at := s.elementName(start); tag == "name" || !valueKeys[tag] || s.data[start] == '/' || at > 0 && s.data[at-1] == '/' {
			return // an element of XML, with others in it or behind it
		}
		pos += n + 1
	}
	brace, braced := s.braced(start, pos, limit)
	assigned = assigned || braced
	if t.rule == RuleSecret && s.isOption(start, end) && optionSecret(name, t) {
		t = term{rule: RuleSecret}
	}
	if t.rule == RuleSecret && !assigned {
		if quoteAt(s.data, end) > 0 {
			s.pair(name, start, end)
		}
		if s.limit == 0 && name != "input" && (s.beside(name, start, end) || s.question(name, start, end, limit)) {
			return
		}
	}
	if assigned && t.rule == RuleSecret && !braced {
		pos = s.overTag(pos, limit)
	}
	if assigned && t.rule == RuleSecret && (pos >= limit || s.data[pos] == '|' || s.data[pos] == '>') {
		s.below(name, start, pos, limit)
		return
	}
	if pos < limit && strings.IndexByte(",;)]}|", s.data[pos]) >= 0 || end < limit && strings.IndexByte(" \t:=>#\\&'\"", s.data[end]) < 0 && assigns(s.data[end:limit]) == 0 {
		return // a word of a sentence, of a list or of a program
	}
	if assigned && t.rule == RuleSecret {
		if pos < limit && (s.data[pos] == '[' || s.data[pos] == '{') && quoteAt(s.data, end) > 0 {
			if s.inPlace(name, t, start, end, assigned) {
				s.nested(name, pos, end)
			}
			return
		}
	}
	if nestedKeys[name] || t.assigned && !assigned || t.loose && assigned || !s.inPlace(name, t, start, end, assigned) {
		return
	}
	if t.block {
		if name != "pregenerated" || pos >= limit {
			s.hexBlock(limit, hexBytes(name))
		}
		return
	}
	if t.rest {
		s.restOfLine(t, pos, limit)
		return
	}
	f, ok := brace, braced
	if !ok {
		f, ok = s.value(name, t, pos, limit, assigned)
	}
	if !ok || f.start < s.done {
		return
	}
	f = s.otherwise(f)
	if s.besides(name, t, start, f, limit, assigned) {
		return
	}
	if start > 0 && (s.data[start-1] == '?' || s.data[start-1] == '&') && !f.quoted { // in the query of an URL
		if i := bytes.IndexByte(s.data[f.start:f.end], '&'); i >= 0 {
			f.end = f.start + i
			f.next = f.end
		}
	}
	v := string(s.data[f.start:f.end])
	if t.ending || t.said && assigned {
		t.random = !equals(s.data[end:pos]) && !s.alone(start, f, limit) && (s.data[end] != '>' || !bytes.HasPrefix(s.data[f.end:], []byte("</")))
	}
	if isReference(v) || t.rule == RuleSecret && !f.quoted && !assigned && s.isPAM(f, limit) || name == "key" && (s.isKeyRef(start) || assigned && s.secretName([]byte(v)) != "") {
		return
	}
	if t.rule == RuleSecret && !f.quoted && !isNumber(v) && typeWords[lower(v)] && !s.another(f, limit) {
		return // it says how, and no value follows
	}
	if t.rule == RuleName && !f.quoted && !assigned && ordinary()[lower(v)] {
		if _, more := s.field(f.next, limit, false); more {
			return // a sentence
		}
	}
	if !f.quoted && len(v) > 2 && (v[0] == '<' && strings.HasSuffix(v, ">") || v[0] == '(' && strings.HasSuffix(strings.TrimRight(v, ":="), ")") || v[0] == '[' && strings.HasSuffix(strings.TrimRight(v, ".,:="), "]")) {
		return // a place in a description, a reference
	}
	if t.rule == RuleSecret && !f.quoted && s.isGrammar(name, f, v, limit) || name == "key" && f.quoted && quoteAt(s.data, end) > 0 && (!looksRandom(v) || !strings.ContainsAny(v, "0123456789")) && !s.aboutKeys(start) {
		return
	}
	if t.rule == RuleSecret && s.noSecret(name, t, f, v, limit, assigned) || t.rule == RuleName && (ordinaryParts(v) || accountTerms[name] && !f.quoted && grammarWords(v, false)) {
		return
	}
	if strings.Contains(v, "«") || !f.quoted && (t.random || !assigned && s.inProse(name, t, start)) && !looksRandom(v) && !s.typed(pos, f) {
		return
	}
	if t.rule == RuleKeyBlock && f.quoted && strings.Contains(v, " ") {
		return // ssh-rsa "ssh-rsa AAAA... comment": the words inside are looked at
	}
	if f = s.uncut(f); f.end-f.start != len(v) {
		v = string(s.data[f.start:f.end])
	}
	s.replace(name, t.rule, f, v)
	if name == "key" { // mac security: key CKN 7 CAK
		kind, ok := s.field(f.next, limit, false)
		if ok && kind.end-kind.start == 1 && isNumber(string(s.data[kind.start:kind.end])) {
			if f, ok = s.field(kind.next, limit, false); ok && looksRandom(string(s.data[f.start:f.end])) {
				s.replace(name, t.rule, f, string(s.data[f.start:f.end]))
			}
		}
	}
}

// isOption tells an option of a command, --community S, from a word of a sentence.
func (s *scanner) isOption(start, end int) bool {
	return end-start > 3 && s.data[start] == '-' && s.data[start+1] == '-' && s.data[start+2] != '-' && (start == 0 || !wordClass(s.data[start-1]))
}

// optionSecret tells options whose value is the secret itself, and no file that has it or word about it.
func optionSecret(name string, t term) bool {
	switch name {
	case "community", "communities", "psk", "token", "pass", "pw", "pwd", "access-key", "secret-key", "priv", "bearer":
		return true
	}
	return t.ending && !strings.HasSuffix(name, "-key")
}

// ofFile tells a line with the checksums of a file.
func (s *scanner) ofFile() bool {
	line := lower(string(s.data[s.line:min(s.newline(s.line), s.line+reach)]))
	for _, word := range []string{"crc", "checksum", "sha1", "sha256", "sha512", "image", "size", "file"} {
		if strings.Contains(line, word) {
			return !strings.Contains(line, "auth") && !strings.Contains(line, "key") && !strings.Contains(line, "snmp")
		}
	}
	return false
}

// noSecret tells what stands in the place of a secret and is none: the path of a file, a command that writes it, the mark of a here-document, words that say that it is
// not shown, zeros, a flag that does not look random, the number of a key, and where no sign is before it, one word of the language.
func (s *scanner) noSecret(name string, t term, f field, v string, limit int, assigned bool) bool {
	low := lower(v)
	switch {
	case isPath(v), strings.HasPrefix(v, "<("), strings.HasPrefix(v, "<<"), hiddenWords[strings.Trim(low, "[]<>().,")], strings.Trim(v, "0") == "", strings.Trim(low, "x*.-_") == "":
		return true
	case isNumber(v) && len(v) < 3 && (t.ending || t.random || !assigned):
		return true
	case name == "key" && assigned && ordinary()[low]:
		return true
	case name == "md5" && len(v) == 32 && allHex([]byte(low)) && s.ofFile():
		return true
	case f.quoted:
		return len(v) < 3 && !assigned
	case !assigned:
		return v[0] == '-' && !looksRandom(v) || len(v) < 3 || ordinary()[low] || inflected(low, true) || foreignNouns[name] && !looksRandom(v)
	default:
		return ordinary()[low] && s.another(f, limit) && s.data[f.next-1] != ';' && s.data[f.next-1] != ','
	}
}

// hiddenWords stand where a secret is not shown.
//
//nolint:gochecknoglobals // a table that is only read
var hiddenWords = set("hidden masked redacted removed tbd omitted scrubbed suppressed unchanged n/a none null nil unset empty")

// isPath tells the path of a file, or the name of one that holds a key.
func isPath(v string) bool {
	for _, end := range []string{".key", ".pem", ".crt", ".cer", ".p12", ".pfx", ".jks", ".psk"} {
		if strings.HasSuffix(v, end) {
			return true
		}
	}
	if strings.HasPrefix(v, "./") || strings.HasPrefix(v, "~/") {
		return true
	}
	dir, _, _ := strings.Cut(strings.TrimPrefix(v, "/"), "/")
	return v[0] == '/' && rootDirs[dir]
}

//nolint:gochecknoglobals // a table that is only read
var rootDirs = set("etc var run home root opt usr tmp srv mnt media proc sys dev boot bin sbin lib secrets data")

// ordinaryParts tells several words of the language with signs between: local,tacacs+ and host:port:user.
func ordinaryParts(v string) bool {
	n := 0
	for w := range strings.FieldsFuncSeq(lower(v), func(c rune) bool { return c == ',' || c == ':' || c == '+' || c == '/' }) {
		n++
		if !ordinary()[w] && !stops[w] && !loginMethods[w] {
			return false
		}
	}
	return n > 1 || loginMethods[lower(v)]
}

// accountTerms are the terms that name somebody.
//
//nolint:gochecknoglobals // a table that is only read
var accountTerms = set("account user username login")

// loginMethods say how somebody logs in, where a name may stand as well.
//
//nolint:gochecknoglobals // a table that is only read
var loginMethods = set("pam file nopassword local radius tacacs ldap kerberos aaa")

// besides tells what stands behind a word in the place of its value and is none: the next of several
// key=value, a legend such as (H), a column's head, what is not advertised, a path or a slot of a chassis
// behind "location", and the name of a part behind DEVICE_NAME.
func (s *scanner) besides(name string, t term, start int, f field, limit int, assigned bool) bool {
	if f.quoted {
		return false
	}
	v := string(s.data[f.start:f.end])
	low := lower(v)
	switch {
	case (assigned || start > 0 && s.data[start-1] == '=') && s.data[f.start-1] == ' ' && namesNext(v), v[0] == '(' && f.end < limit && s.data[f.end] == ')', low == "n/a", strings.HasPrefix(low, "[not"), low == "(not":
		return true
	case name == "token" || name == "key":
		return len(v) <= len("0x00000000") && strings.HasPrefix(low, "0x") && allHex([]byte(low[2:]))
	case t.rule != RuleName:
		return false
	case name == "device-name" && s.data[start] == 'D' && s.data[start+1] == 'E':
		return true
	case !assigned && v[len(v)-1] == ':':
		return true
	case !assigned && s.data[start] >= 'A' && s.data[start] <= 'Z' && v[0] >= 'A' && v[0] <= 'Z':
		return ordinary()[low] || s.another(f, limit) && s.heads(limit)
	}
	return false
}

// longestHeads bounds a line of heads of columns, in bytes.
const longestHeads = 512

// heads tells whether the line before limit is of heads of columns: each of its words begins with a capital, and none
// is a value, with digits or without order.
func (s *scanner) heads(limit int) bool {
	if limit-s.line > longestHeads {
		return false
	}
	for w := range strings.FieldsSeq(string(s.data[s.line:limit])) {
		if w[0] < 'A' || w[0] > 'Z' || strings.ContainsAny(w, "0123456789") || looksRandom(w) {
			return false
		}
	}
	return true
}

// namesNext tells key=value, and key= with nothing, or quotes, behind it.
func namesNext(v string) bool {
	key, _, ok := strings.Cut(v, "=")
	return ok && len(key) > 2 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz-_") == ""
}

// opens tells whether a word is the name of an element of XML, with attributes behind it.
func (s *scanner) opens(start, end int) bool {
	if end >= len(s.data) || s.data[end] != ' ' || start <= s.line {
		return false
	}
	at := s.elementName(start)
	n := bytes.IndexAny(s.data[end:min(len(s.data), end+longestToken)], "=>")
	return at > s.line && s.data[at-1] == '<' && n > 0 && s.data[end+n] == '='
}

// elementName is where the name of an element of XML begins whose last word does at start, before the name of its space.
func (s *scanner) elementName(start int) int {
	if start <= s.line || s.data[start-1] != ':' {
		return start
	}
	at := start - 1
	for at > s.line && (wordClass(s.data[at-1]) || s.data[at-1] == '-') {
		at--
	}
	return at
}

// alone tells whether a word and its value are all that a line has, behind "set" or a dash, and
// the value is no word of the language: sae-password S, admin_secret: S.
func (s *scanner) alone(start int, f field, limit int) bool {
	before := lower(string(bytes.Trim(s.data[s.line:start], " \t-\"'")))
	v := lower(strings.Trim(string(s.data[f.start:f.end]), ".,;"))
	return (before == "" || before == "set" || before == "export") && !s.another(f, limit) && len(v) > 3 && !ordinary()[v] && !stops[v] && !fillers[v] &&
		(!isNumber(v) || len(v) > 5)
}

// overTag skips the tag and the anchor of YAML before a value: !vault, &name.
func (s *scanner) overTag(pos, limit int) int {
	for pos+1 < limit && (s.data[pos] == '!' || s.data[pos] == '&') && (letter(s.data[pos+1]) || s.data[pos+1] == '!') && quoteAt(s.data, pos) == 0 {
		f, ok := s.field(pos, limit, false)
		if !ok || !s.another(f, limit) {
			return pos
		}
		pos = skipBlanks(s.data[:limit], f.next)
	}
	return pos
}

// braced is what stands in the braces of Tcl behind a variable that is set, as in quotes: set password {S}.
func (s *scanner) braced(start, pos, limit int) (field, bool) {
	if pos >= limit || s.data[pos] != '{' {
		return field{}, false
	}
	if word := s.wordBefore(start, " \t"); word != "set" && word != "variable" {
		return field{}, false
	}
	n := bytes.IndexAny(s.data[pos+1:limit], "{}")
	if n <= 0 || s.data[pos+1+n] != '}' {
		return field{}, false
	}
	return field{start: pos + 1, end: pos + 1 + n, next: pos + n + 2, quoted: true}, true
}

// typed tells whether a word before a value says how it is written.
func (s *scanner) typed(pos int, f field) bool {
	word := bytes.TrimSpace(s.data[min(pos, f.start):f.start])
	return len(word) > 1 && typeWords[lower(string(word))] && !bytes.EqualFold(word, []byte("type"))
}

// equals tells whether what stands between a word and its value is a =.
func equals(between []byte) bool {
	between = bytes.Trim(between, " \t\"'\\")
	return len(between) > 0 && between[0] == '='
}

// isGrammar tells words of a grammar or a sentence from a value: several of them joined, or
// one with more behind it. A number behind key is the number of one, where keys have numbers.
func (s *scanner) isGrammar(name string, f field, v string, limit int) bool {
	if isNumber(v) {
		return (name == "key" || name == "authentication-key") && len(v) <= 5 && s.isKeyNumber(f.start)
	}
	_, more := s.field(f.next, limit, false)
	return grammarWords(v, more)
}

func grammarWords(v string, more bool) bool {
	v = lower(strings.Trim(v, "().,:;!?"))
	n := 0
	for w := range strings.FieldsFuncSeq(v, func(c rune) bool { return c == '-' || c == '_' }) {
		n++
		if _, term := terms[w]; !term && !ordinary()[w] && !stops[w] && !fillers[w] && len(w) > 3 {
			return false
		}
	}
	return n > 1 || n == 1 && more && len(v) > 3 && v != "community"
}

// aggregationKeys are words before the key of a port that can be aggregated, which is a number and no secret.
//
//nolint:gochecknoglobals // a table that is only read
var aggregationKeys = set("actor partner port oper operational admin administrative aggregation aggregator lacp")

// aggregates tells whether a word key, which ends at end, names that of a port that can be aggregated (IEEE 802.1AX, 6.3.5).
func (s *scanner) aggregates(start, end int) bool {
	words := strings.Fields(lower(string(s.data[max(s.line, start-longestWord):start])))
	if len(words) == 0 || !aggregationKeys[strings.Trim(words[len(words)-1], "([")] {
		return false
	}
	limit := s.lineEnd(end)
	pos, _ := s.separator(end, limit)
	f, ok := s.field(pos, limit, true)
	return ok && f.end-f.start <= 5 && isNumber(string(s.data[f.start:f.end]))
}

// ofTunnel tells the key of a tunnel of Open vSwitch, which is the number of its network and no secret: options:key=5010,
// {key="100", remote_ip="10.0.0.1"} (ovs-vswitchd.conf.db(5)).
func (s *scanner) ofTunnel(end int) bool {
	if end+1 >= len(s.data) || s.data[end] != '=' {
		return false
	}
	stop := end + 1
	for stop < len(s.data) && (isDigit(s.data[stop]) || s.data[stop] == '"') {
		stop++
	}
	v := strings.Trim(string(s.data[end+1:stop]), `"`)
	if !isNumber(v) && v != "" || stop < len(s.data) && wordClass(s.data[stop]) {
		return false
	}
	return bytes.Contains(s.data[max(s.line, end-4*longestWord):min(s.newline(end), end+4*longestWord)], []byte("remote_ip")) || bytes.HasSuffix(s.data[s.line:end], []byte("options:key"))
}

// isKeyNumber tells whether a number after key is the number of a key: on lines about NTP,
// and in a chain of keys.
func (s *scanner) isKeyNumber(at int) bool {
	before := lower(string(s.data[max(s.line, at-400):at]))
	if strings.Contains(before, "ntp") || strings.Contains(before, "chain") {
		return true
	}
	if strings.TrimSpace(before) != "key" {
		return false
	}
	parent := s.parent()
	return parent == "" || strings.Contains(parent, "chain")
}

// parent is the line before that is indented less, in small letters.
func (s *scanner) parent() string {
	found := ""
	s.above(func(line string) bool {
		found = line
		return true
	})
	return found
}

// under tells whether one of the lines that this one is indented under has the words, as
// brackets, "edit" of FortiOS and the blocks of IOS nest.
func (s *scanner) under(words string) bool {
	if words[0] == '/' {
		return strings.HasPrefix(s.menu(), words)
	}
	return s.above(func(line string) bool { return strings.Contains(line, words) })
}

// menu is the menu of RouterOS that a line is below: the last line before, within reach, that begins with a slash.
func (s *scanner) menu() string {
	first := max(0, s.line-2*reach)
	if at := bytes.LastIndex(s.data[first:s.line], []byte("\n/")); at >= 0 {
		first += at + 1
	}
	if first >= s.line || s.data[first] != '/' {
		return ""
	}
	return lower(string(s.data[first:min(rowEnd(s.data, first), first+longestWord)]))
}

// above gives the lines before that are indented less, each less than the one given before it,
// in small letters, until is true for one.
func (s *scanner) above(is func(line string) bool) bool {
	own := indentOf(s.data, s.line, len(s.data))
	for end, n := s.line, 0; end > 0 && own > 0 && s.line-end < 2*reach && n < 100; n++ {
		from := max(0, end-1-reach)
		start := from + bytes.LastIndexByte(s.data[from:end-1], '\n') + 1
		if in := indentOf(s.data, start, end); in < own && len(bytes.TrimSpace(s.data[start:end])) > 0 {
			own = in
			if is(lower(string(bytes.TrimSpace(s.data[start:end])))) {
				return true
			}
		}
		end = start
	}
	return false
}

// aboutKeys tells whether JSON's "key" stands in something that has secret keys.
func (s *scanner) aboutKeys(start int) bool {
	before := lower(string(s.data[max(s.line, start-400):start])) + s.parent()
	return slices.ContainsFunc(keyLines, func(w string) bool { return w != "server" && w != "chain" && strings.Contains(before, w) })
}

// inProse tells the head of a table and a sentence from a line of configuration: the word
// is capitalised, or it is "key" on a line that is about nothing that has one.
func (s *scanner) inProse(name string, t term, start int) bool {
	if t.rule != RuleSecret {
		return false
	}
	if c := s.data[start]; c >= 'A' && c <= 'Z' {
		return true
	}
	before := bytes.ToLower(bytes.TrimSpace(s.data[max(s.line, start-400):start]))
	if name != "key" || len(before) == 0 {
		return false
	}
	for _, w := range keyLines {
		if bytes.Contains(before, []byte(w)) {
			return false
		}
	}
	return true
}

// inPlace tells whether the words before allow the keyword.
func (s *scanner) inPlace(name string, t term, start, end int, assigned bool) bool {
	if len(t.within) == 0 && len(t.not) == 0 {
		return true
	}
	before := string(bytes.ToLower(s.data[max(s.line, start-400):end]))
	for _, w := range t.not {
		if strings.Contains(before, w) && (!assigned || w != "set community") { // Set Community : S
			return false
		}
	}
	if len(t.within) == 0 || assigned && name == "community" || assigned && t.rule == RuleName && t.within[0] == "snmp" {
		return true
	}
	for _, w := range t.within {
		if strings.Contains(before, w) {
			return true
		}
	}
	if t.within[0] != "snmp" {
		return false
	}
	section := s.section()
	return section == "snmp" || section == "system" && name == "user"
}

// section is the name of the brace section that the line is in, as Junos shows them: the last
// line before that is not indented and ends in a brace.
func (s *scanner) section() string {
	end := s.line
	for range 200 {
		if end <= 0 || s.line-end > 2*reach {
			break
		}
		from := max(0, end-1-reach)
		start := from + bytes.LastIndexByte(s.data[from:end-1], '\n') + 1
		line := bytes.TrimRight(s.data[start:end], "\r\n ")
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			if line[len(line)-1] != '{' {
				return ""
			}
			return string(bytes.TrimRight(line[:len(line)-1], " "))
		}
		end = start
	}
	return ""
}

// field is one word of a line or what stands between quotes.
type field struct {
	start, end, next int
	quoted           bool
}

// separator skips what may stand between a keyword and its value.
func (s *scanner) separator(pos, limit int) (int, bool) {
	if q := quoteAt(s.data[:limit], pos); q > 0 {
		pos += q // the quote that ends the keyword: "key": "value"
	}
	assigned := false
	for pos < limit {
		switch c := s.data[pos]; {
		case blank(s.data[:limit], pos) > 0:
			pos += blank(s.data[:limit], pos) - 1
		case (c == ':' || c == '=' || c == '>' || c == '#') && !assigned:
			assigned = assigned || c != '#'
		case c == '>' && s.data[pos-1] == '=':
		case c >= firstSign && assigns(s.data[pos:limit]) > 0:
			assigned = true
			pos += assigns(s.data[pos:limit]) - 1
		default:
			return pos, assigned
		}
		pos++
	}
	return pos, assigned
}

// quoteAt gives the length of the quote at pos: plain, escaped, or as HTML writes it.
func quoteAt(data []byte, pos int) int {
	if pos >= len(data) {
		return 0
	}
	switch data[pos] {
	case '"', '\'':
		return 1
	case '\\':
		if pos+1 < len(data) && data[pos+1] == '"' {
			return 2
		}
	case '&':
		for _, q := range []string{"&#34;", "&quot;", "&#39;"} {
			if bytes.HasPrefix(data[pos:], []byte(q)) {
				return len(q)
			}
		}
	}
	return 0
}

func (s *scanner) field(pos, limit int, assigned bool) (field, bool) {
	data := s.data[:limit]
	for pos < limit && blank(data, pos) > 0 {
		pos += blank(data, pos)
	}
	if pos >= limit {
		return field{}, false
	}
	if q := quoteAt(data, pos); q > 0 {
		if q == 1 && pos+6 < limit && data[pos+1] == data[pos] && data[pos+2] == data[pos] {
			q = 3 // a text of Python or TOML
		}
		start := pos + q
		if end := s.closing(start, limit, data[pos:start]); end >= 0 {
			return field{start, end, end + q, true}, end > start
		}
		pos = start // no closing quote: the rest is taken as it stands
	}
	end := pos
	for end < limit && data[end] > ' ' && data[end] != '"' {
		if data[end] == '<' && end+1 < limit && data[end+1] == '/' || data[end] == '&' && quoteAt(data, end) > 0 {
			break
		}
		end++
	}
	next := end
	if end > pos && data[end-1] == '\\' && end < limit {
		end-- // the backslash of an escaped quote
	}
	cut := ";"
	if assigned {
		cut = ";,)}]"
	}
	for end > pos && strings.IndexByte(cut, data[end-1]) >= 0 {
		end--
	}
	return field{pos, end, next, false}, end > pos
}

// closing is where the quote stands again that closes a text that begins at start; -1 where it
// does not. A text that the reach has cut off is followed further, on its line.
func (s *scanner) closing(start, limit int, quote []byte) int {
	if limit-start >= reach/2 {
		limit = max(limit, min(s.newline(start), start+quoteReach))
	}
	data := s.data[:limit]
	if !bytes.Contains(data[start:], quote) {
		return -1
	}
	for end := start; end < limit; end++ {
		if len(quote) == 1 && data[end] == '\\' {
			end++
		} else if data[end] == quote[0] && bytes.HasPrefix(data[end:], quote) {
			return end
		}
	}
	return -1
}

// value skips fillers and key numbers before the value.
func (s *scanner) value(name string, t term, pos, limit int, assigned bool) (field, bool) {
	skip := fillers
	switch name {
	case "user":
		skip = userFillers
	case "account":
		skip = accountFillers
	case "username":
		skip = nil
	}
	for range 8 {
		if t.rule == RuleSecret {
			pos = s.overType(pos, limit)
		}
		f, ok := s.field(pos, limit, assigned)
		if !ok {
			return f, false
		}
		if f.quoted {
			return f, true
		}
		word := lower(string(s.data[f.start:f.end]))
		bare := strings.TrimRight(word, ".:,;")
		if skip[bare] && word[len(word)-1] == ',' && t.rule == RuleSecret && !assigned {
			return f, false // a list of counters: bad key id, 0 bad sequence
		}
		if bare == "" || word == "=" {
			assigned, pos = true, f.next
			continue
		}
		following, more := s.field(f.next, limit, assigned)
		if bare == "is" && t.rule == RuleSecret && more && s.isValue(following, limit) {
			return following, true
		}
		if _, other := terms[bare]; stops[bare] || other && !skip[bare] {
			return f, false
		}
		if more && !following.quoted && trailer(string(s.data[following.start:following.end])) {
			more = false
		}
		if name == "cvauth" || name == "ingestauth" {
			f.start += strings.IndexByte(word, ',') + 1 // -cvauth=key,TOKEN
			return f, f.end > f.start
		}
		switch {
		case t.rule == RuleName && !skip[bare]:
			return f, true
		case t.rule == RuleASN:
			return f, isNumber(bare)
		case !skip[bare] && (!isNumber(word) || len(word) > 5) && word != "8a":
			return f, true
		case !more:
			// The last word is the value, unless it can only be the number of a key.
			return f, (!strings.HasSuffix(name, "key") || !isNumber(word) || len(word) > 3) && !skip[bare]
		}
		pos = f.next
	}
	return field{}, false
}

// isValue tells the secret in "the password is ..." from a word about it.
func (s *scanner) isValue(f field, limit int) bool {
	v := string(s.data[f.start:f.end])
	if !f.quoted && isTechnical(v) {
		return false
	}
	low := lower(strings.Trim(v, ".,;:!"))
	_, more := s.field(f.next, limit, false)
	return f.quoted || looksRandom(v) || !more && len(low) > 3 && !inflected(low, false) && !ordinary()[low] && !stops[low] && !fillers[low]
}

// trailer are words that follow a value and cannot be one.
func trailer(w string) bool {
	switch strings.ToLower(w) {
	case "ro", "rw", "level-1", "level-2", "{", "address", "used-by", "vr", "role", "##", "accept", "view", "auth-port", "acct-port", "timeout":
		return true
	}
	return false
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// looksRandom tells a value from a word of prose.
func looksRandom(v string) bool {
	if len(v) < 6 || strings.HasSuffix(v, "...") {
		return false
	}
	v = strings.TrimRight(v, ".,:;")
	digit, upper, lower, symbol, plain := 0, 0, 0, 0, 0
	for i, c := range []byte(v) {
		switch {
		case c >= '0' && c <= '9':
			digit++
		case c >= 'A' && c <= 'Z':
			if i > 0 {
				upper++
			}
		case c >= 'a' && c <= 'z':
			lower++
		case c == '-' || c == '.' || c == '_' || c == '/':
			plain++
		default:
			symbol++
		}
	}
	if isNumber(v) {
		return len(v) >= 8
	}
	return digit > 0 && (lower > 0 || upper > 0 || symbol > 0) || symbol > 0 && lower+upper > 0 || upper > 0 && lower > 0 && plain == 0 ||
		len(v) >= 20 && plain == 0
}

// restOfLine takes the rest of the line as one name.
func (s *scanner) restOfLine(t term, pos, limit int) {
	f, ok := s.field(pos, limit, false)
	if !ok {
		return
	}
	if !f.quoted {
		if f.end = limit; limit-pos >= reach-1 {
			f.end = s.newline(pos)
		}
		for f.end > f.start && strings.IndexByte(" \t;,\"'", s.data[f.end-1]) >= 0 {
			f.end--
		}
		if i := bytes.Index(s.data[f.start:f.end], []byte("</")); i >= 0 {
			f.end = f.start + i
		}
	}
	v := string(s.data[f.start:f.end])
	if t.rule == RuleName && !f.quoted && (v == "" || v[0] == '/' || strings.HasPrefix(lower(v), "slot ") || len(v) < 8 && isDigit(v[0]) && strings.Contains(v, "/")) {
		return // a path, or a place in a chassis
	}
	if f.end > f.start && !stops[strings.ToLower(v)] && !isNumber(v) && f.start >= s.done {
		s.replace("", t.rule, f, v)
	}
}

// serialLetters reports whether letters alone may be a serial number: capitals that are no word.
func serialLetters(v string) bool {
	return len(v) >= shortestLicense && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && isOdd(v)
}

// replace takes v, which stands where a value of this rule stands.
func (s *scanner) replace(name string, rule Rule, f field, v string) {
	low := strings.ToLower(v)
	if (rule == RuleName || strings.HasPrefix(name, "community") || rule == RuleSerial) && (wellKnown[low] || stops[low]) {
		return
	}
	if rule == RuleName && (strings.IndexFunc(v, unicode.IsLetter) < 0 || s.isDate(f)) {
		return
	}
	if s.limit > 0 && f.end > s.limit || s.r.keepWords[low] || rule != RuleSecret && rule != RuleKeyBlock && len(v) < 2 {
		return
	}
	if _, bits, ok := parseIPv4(s.data[f.start:f.end]); ok && bits < 0 && rule != RuleASN {
		return // an address is mapped as one
	}
	if rule == RuleSecret && strings.Trim(v, "0") == "" {
		return
	}
	switch rule {
	case RuleASN:
		if with, ok := s.r.asNumber(v); ok {
			s.found(f.start, f.end, rule, with)
		}
		return
	case RuleSerial:
		if name == "board" && isNumber(v) || lineSpeeds[v] || len(v) < 5 || !strings.ContainsAny(v, "0123456789") && !serialLetters(v) {
			return
		}
	case RuleKeyBlock:
		if len(v) < 20 {
			return
		}
	case RuleSecret:
		if bgpCommunity(v) || f.start > 0 && s.data[f.start-1] == '(' && bgpCommunity("("+v) || oldCommunity(v) && s.aboutRoute(f.start) || strings.HasPrefix(v, "-----BEGIN ") || strings.HasPrefix(v, "-----END ") { // of a key, which is looked at on its own
			return
		}
	default:
	}
	k := known{value: v, rule: rule, fold: rule == RuleName}
	if s.learn {
		s.learned = append(s.learned, k)
		if rule == RuleSecret {
			s.learnHidden(v)
		}
	}
	s.found(f.start, f.end, rule, s.r.replacement(k))
	if rule == RuleKeyBlock && !f.quoted { // the comment of an ssh key names its owner
		limit := s.lineEnd(f.end)
		if c, ok := s.field(f.next, limit, false); ok && (bytes.IndexByte(s.data[c.start:c.end], '@') > 0 || !s.another(c, limit) && strings.HasPrefix(v, "AAAA") && isName(string(s.data[c.start:c.end]), false)) {
			s.replace("", RuleName, c, string(s.data[c.start:c.end]))
		}
	}
}

// lineSpeeds are rates of a serial line, in bits a second.
//
//nolint:gochecknoglobals // a table that is only read
var lineSpeeds = set("19200 38400 57600 115200 230400 921600")

// learnHidden learns what an obfuscated secret hides.
func (s *scanner) learnHidden(v string) {
	if plain, ok := decodeType7(v); ok {
		s.learned = append(s.learned, known{value: plain, rule: RuleSecret})
	}
	if strings.HasPrefix(v, "$9$") {
		if plain, ok := decodeJunos9(v); ok {
			s.learned = append(s.learned, known{value: plain, rule: RuleSecret})
		}
	}
}

// bgpCommunities are those that have a name.
//
//nolint:gochecknoglobals // a table that is only read
var bgpCommunities = set("no-export no-advertise local-as internet graceful-shutdown accept-own blackhole no-peer llgr-stale no-llgr additive none exact-match standard expanded large extended both")

// bgpCommunity tells 65000:100, 65000:1:2, (65000,100) as BIRD writes it, target:65000:1 and no-export, alone or in a list,
// from the community of SNMP.
func bgpCommunity(v string) bool {
	some := false
	for w := range strings.FieldsSeq(v) {
		some = true
		if inner, ok := strings.CutPrefix(w, "("); ok {
			w = strings.ReplaceAll(strings.TrimSuffix(inner, ")"), ",", ":")
		}
		if bgpCommunities[lower(w)] {
			continue
		}
		parts := strings.Split(w, ":")
		if len(parts) > 1 && !isNumber(parts[0]) {
			switch lower(parts[0]) {
			case "target", "origin", "route-target-as", "route-target-ip", "route-target", "route-origin", "site-of-origin", "rt", "soo", "ro", "large", "bandwidth", "lb", "color":
				parts = parts[1:]
			}
		}
		if len(parts) == 1 && parts[0] == w || len(parts) > 3 { // 11:22:33:44:55 is a key
			return false
		}
		for _, p := range parts {
			if !isNumber(p) {
				return false
			}
		}
	}
	return some
}

// oldCommunity tells a community of BGP as one number of 32 bits, decimal or in hex: IOS without ip bgp-community new-format.
func oldCommunity(v string) bool {
	digits, hexed := strings.CutPrefix(lower(v), "0x")
	return hexed && len(digits) <= 8 && allHex([]byte(digits)) || isNumber(v) && len(v) >= len("65536") && len(v) <= len("4294967295")
}

// aboutRoute tells whether nothing but "Community:" stands before at on its line, as in what a router says of a route.
func (s *scanner) aboutRoute(at int) bool {
	return string(bytes.TrimSpace(s.data[lineStart(s.data, at):at])) == "Community:"
}

// hexBytes are the bytes of the lines of hex that follow a word.
func hexBytes(name string) string {
	if name == "pregenerated" {
		return "0123456789abcdefABCDEF :"
	}
	return "0123456789abcdefABCDEF "
}

// hexBlock takes the lines of hex that follow, as IOS prints certificates and EXOS the key of its host.
func (s *scanner) hexBlock(pos int, of string) {
	for pos < len(s.data) && (s.data[pos] == '\r' || s.data[pos] == '\n') {
		start := pos
		for start < len(s.data) && strings.IndexByte("\r\n \t", s.data[start]) >= 0 {
			start++
		}
		end := start
		for end < len(s.data) && s.data[end] != '\n' && s.data[end] != '\r' {
			end++
		}
		line := bytes.TrimRight(s.data[start:end], " \t")
		if len(line) < 2 || len(bytes.Trim(line, of)) > 0 {
			return
		}
		s.found(start, start+len(line), RuleKeyBlock, s.r.shapes.forward(string(line)))
		pos = end
	}
}

// trapHost takes the community or user of "snmp-server host ADDRESS [vrf V] [traps|informs]
// [version 1|2c|3 LEVEL] NAME".
func (s *scanner) trapHost(end int) {
	limit := s.lineEnd(end)
	f, ok := s.field(end, limit, false)
	if !ok || string(s.data[f.start:f.end]) != "host" {
		return
	}
	f, ok = s.field(f.next, limit, false) // the address
	for skip := 0; ok; {
		if f, ok = s.field(f.next, limit, false); !ok {
			return
		}
		word := string(s.data[f.start:f.end])
		switch {
		case skip > 0:
			skip--
		case f.quoted:
			s.span(end, f.start)
			s.replace("community", RuleSecret, f, word)
			return
		case word == "vrf" || word == "use-vrf" || word == "version" || word == "port" || word == "udp-port":
			skip = 1
		case fillers[word] || word == "v1" || word == "noAuthPriv" || word == "authPriv" || word == "authNoPriv" || word == "inform":
		default:
			s.span(end, f.start) // the address
			s.replace("community", RuleSecret, f, word)
			return
		}
	}
}

// wifi takes the name and the secret of a network as its code to scan writes them: WIFI:T:WPA;S:name;P:secret;;
// with a backslash before ; , : and itself.
func (s *scanner) wifi(at int) {
	limit := s.lineEnd(at)
	if at+3 >= limit || s.data[at] != ':' || s.data[at+2] != ':' || strings.IndexByte("TSPHRAEI", s.data[at+1]) < 0 {
		return
	}
	for at++; at+2 < limit && s.data[at+1] == ':'; {
		from, kind := at+2, s.data[at]
		for at = from; at < limit && s.data[at] != ';'; at++ {
			if s.data[at] == '\\' {
				at++
			}
		}
		at = min(at, limit)
		if v := string(s.data[from:at]); v != "" && from >= s.done {
			switch kind {
			case 'P':
				s.replace("", RuleSecret, field{start: from, end: at, next: at}, v)
			case 'S', 'I', 'A':
				s.replace("", RuleName, field{start: from, end: at, next: at}, v)
			}
		}
		at++
	}
}

// partSerial takes the serial number of "800000-00-01 1842N-41234 Rev 1.0", which EXOS
// prints for each board: PART SERIAL Rev.
func (s *scanner) partSerial(pos int) {
	from := max(s.line, pos-200)
	words := bytes.Fields(s.data[from:pos])
	if n := len(words); n >= 2 && len(words[n-2]) == 12 && words[n-2][6] == '-' && words[n-2][9] == '-' {
		at := from + bytes.LastIndex(s.data[from:pos], words[n-1])
		s.replace("", RuleSerial, field{start: at, end: at + len(words[n-1])}, string(words[n-1]))
	}
}
