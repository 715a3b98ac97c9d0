package redact

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// This file finds secrets whose name stands elsewhere than beside them: at the head of a
// column, in an element of its own, around a CDATA section, or at the kind of an object.

// tabled looks for them, and gives what it replaces. It reads only where the head of a
// table, </name>, <![CDATA[ or "kind: Secret" is.
func (s *scanner) tabled() []edit {
	in := scanner{r: s.r, d: s.d, data: s.data, learn: s.learn, sameLength: s.sameLength, depth: s.depth}
	var all []edit
	for _, look := range []func(){in.columns, in.namedElements, in.attributed, in.cdata, in.kubernetes, in.shaped, in.pppSecrets} {
		in.done, in.edits = 0, nil
		look()
		all = merge(all, in.edits)
	}
	s.learned = append(s.learned, in.learned...)
	return all
}

// secretName gives the keyword of a name that says that its value is secret, as a column or
// an element has it; "" for others.
func (s *scanner) secretName(name []byte) string {
	if len(name) < 2 || len(name) > 40 {
		return ""
	}
	low := strings.NewReplacer("_", "-", " ", "-").Replace(lower(string(name)))
	if t, ok := terms[low]; ok && t.rule == RuleSecret && !t.random || s.endsInSecret([]byte(low)) {
		return low
	}
	for _, end := range camelEnds {
		if strings.HasSuffix(low, end) {
			return end
		}
	}
	return ""
}

// cells are the fields of a row, without the blanks and quotes around them.
func cells(data []byte, start, end int, sep byte) []span {
	var list []span
	for from, i, quoted := start, start, false; i <= end; i++ {
		if i < end && data[i] == '"' {
			quoted = !quoted
		}
		if i < end && (quoted || data[i] != sep) {
			continue
		}
		c := span{from, i}
		for c.from < c.to && (data[c.from] == ' ' || data[c.from] == '"') {
			c.from++
		}
		for c.to > c.from && (data[c.to-1] == ' ' || data[c.to-1] == '"' || data[c.to-1] == '\r') {
			c.to--
		}
		list = append(list, c)
		from = i + 1
	}
	return list
}

// rowEnd is where the line ends.
func rowEnd(data []byte, start int) int {
	if n := bytes.IndexByte(data[start:], '\n'); n >= 0 {
		return start + n
	}
	return len(data)
}

// longestHead bounds the head of a table, in bytes.
const longestHead = 4 << 10

// columns takes the columns whose head names a secret, of a text whose first line is the head
// of a table with commas, semicolons, tabs or bars.
func (s *scanner) columns() {
	start := 0
	if bytes.HasPrefix(s.data, []byte("\xef\xbb\xbf")) {
		start = 3
	}
	end := rowEnd(s.data[:min(len(s.data), longestHead)], start)
	for _, sep := range []byte(",;\t|") {
		if bytes.IndexByte(s.data[start:end], sep) >= 0 && s.data[start] != '|' {
			s.column(sep, start, end)
			break
		}
	}
	s.barred()
}

// barred takes the columns of tables of Markdown (a line of dashes is below the head) and of Jira (two bars are around each).
func (s *scanner) barred() {
	for at := 0; at < len(s.data); {
		stop := rowEnd(s.data, at)
		row := bytes.TrimSpace(s.data[at:stop])
		next := min(stop+1, len(s.data))
		below := bytes.TrimSpace(s.data[next:rowEnd(s.data, next)])
		if len(row) > 2 && row[0] == '|' && len(row) < longestHead && (row[1] == '|' || len(below) > 2 && below[0] == '|' && len(bytes.Trim(below, "|-: ")) == 0) {
			s.column('|', at, stop)
		}
		at = stop + 1
	}
}

func (s *scanner) column(sep byte, start, end int) {
	head := cells(s.data, start, end, sep)
	names := make([]string, len(head))
	found := false
	for i, c := range head {
		text := s.data[c.from:c.to]
		if len(text) == 0 && sep == '|' {
			continue
		}
		if len(text) == 0 || len(text) > 40 || len(bytes.Fields(text)) > 3 || bytes.ContainsAny(text, ":=<>{}()/.'") {
			return // a row of values, or prose
		}
		if names[i] = s.secretName(text); names[i] == "" && strings.EqualFold(string(text), "key") {
			names[i] = "key"
		}
		found = found || names[i] != ""
	}
	for at := end + 1; found && at < len(s.data); {
		stop := rowEnd(s.data, at)
		row := cells(s.data, at, stop, sep)
		if sep == '|' && len(bytes.TrimSpace(s.data[at:stop])) == 0 {
			return // the table ends
		}
		if stop > at && len(row) != len(head) && (sep != '|' || bytes.Count(s.data[start:end], []byte("||")) < 2) {
			return
		}
		for i, c := range row {
			if stop > at && names[i] != "" && (names[i] != "key" || looksRandom(string(s.data[c.from:c.to]))) {
				s.plain(names[i], c.from, c.to)
			}
		}
		at = stop + 1
	}
}

// namedElements takes <name>password</name><value>S</value>, and a property list's <key>.
func (s *scanner) namedElements() {
	for at := 0; ; {
		n := bytes.Index(s.data[at:], []byte("</"))
		if n < 0 {
			return
		}
		stop := at + n
		at = stop + 2
		end := bytes.IndexByte(s.data[at:min(len(s.data), at+40)], '>')
		if end < 0 {
			continue
		}
		tag := s.data[at : at+end]
		switch lower(string(tag[bytes.LastIndexByte(tag, ':')+1:])) {
		case "name", "key":
		default:
			continue
		}
		from := stop
		for from > 0 && stop-from <= 40 && s.data[from-1] != '>' && s.data[from-1] != '\n' {
			from--
		}
		if name := s.secretName(bytes.TrimSpace(s.data[from:stop])); name != "" && from > 0 && s.data[from-1] == '>' {
			s.element(name, at+end+1)
		}
	}
}

// attributed takes the text of elements whose name says that it is secret, and that have
// attributes: <wsse:Password Type="x">S</wsse:Password>. The scanner reads those that have none.
func (s *scanner) attributed() {
	for at := 0; ; {
		n := bytes.Index(s.data[at:], []byte("</"))
		if n < 0 {
			return
		}
		stop := at + n
		at = stop + 2
		end := bytes.IndexByte(s.data[at:min(len(s.data), at+longestWord)], '>')
		if end < 0 {
			continue
		}
		tag := s.data[at : at+end]
		name := s.secretName(tag[bytes.LastIndexByte(tag, ':')+1:])
		if name == "" {
			continue
		}
		from := max(0, stop-longestToken)
		open := bytes.LastIndex(s.data[from:stop], append([]byte{'<'}, tag...))
		if open < 0 {
			continue
		}
		start := from + open + 1 + len(tag)
		if text := bytes.IndexByte(s.data[start:stop], '>'); text > 0 && s.data[start] == ' ' && bytes.IndexByte(s.data[start+text:stop], '<') < 0 {
			s.plain(name, start+text+1, stop)
		}
	}
}

// element takes the text of the element that follows.
func (s *scanner) element(name string, at int) {
	data := s.data[:min(len(s.data), at+longestToken)]
	at = skipBlanks(data, at)
	if at+1 >= len(data) || data[at] != '<' || !letter(data[at+1]) {
		return
	}
	n := bytes.IndexByte(data[at:], '>')
	if n < 0 || data[at+n-1] == '/' {
		return
	}
	start := at + n + 1
	if n = bytes.IndexByte(data[start:], '<'); n > 0 {
		s.plain(name, start, start+n)
	}
}

// cdata takes the section in an element whose name says that it is secret.
func (s *scanner) cdata() {
	const head, tail = "<![CDATA[", "]]>"
	for at := 0; ; {
		n := bytes.Index(s.data[at:], []byte(head))
		if n < 0 {
			return
		}
		open := bytes.TrimRight(s.data[max(at, at+n-longestWord):at+n], " \t\r\n")
		at += n + len(head)
		tag := open[bytes.LastIndexByte(open, '<')+1:]
		end := bytes.Index(s.data[at:min(len(s.data), at+longestToken)], []byte(tail))
		if end < 0 || !bytes.HasSuffix(tag, []byte(">")) {
			continue
		}
		tag, _, _ = bytes.Cut(bytes.TrimSuffix(tag, []byte(">")), []byte(" "))
		if name := s.secretName(tag[bytes.LastIndexByte(tag, ':')+1:]); name != "" {
			s.plain(name, at, at+end)
		}
		at += end
	}
}

// kubernetes takes what is below data: and stringData: of a Secret in YAML.
func (s *scanner) kubernetes() {
	if !bytes.Contains(s.data, []byte("kind: Secret")) {
		return
	}
	for from := 0; from < len(s.data); {
		end := len(s.data)
		if n := bytes.Index(s.data[from:], []byte("\n---")); n >= 0 {
			end = from + n + 1
		}
		if bytes.Contains(s.data[from:end], []byte("kind: Secret\n")) || bytes.HasSuffix(s.data[from:end], []byte("kind: Secret")) {
			s.secretObject(from, end)
		}
		from = end + 3
	}
}

func (s *scanner) secretObject(from, end int) {
	part, indent := "", 0
	for at := from; at < end; at = rowEnd(s.data, at) + 1 {
		start, stop := nextLine(s.data[:end], at)
		if start < 0 || start == stop {
			continue
		}
		key, _, ok := bytes.Cut(s.data[start:stop], []byte(":"))
		value := skipBlanks(s.data[:stop], start+len(key)+1)
		switch deep := start - at; {
		case ok && value >= stop && (string(key) == "data" || string(key) == "stringData"):
			part, indent = string(key), deep
		case part == "" || deep <= indent || !ok:
			if deep <= indent {
				part = ""
			}
		case part == "data":
			s.encoded(value, stop)
		default:
			s.plain("secret", value, stop)
		}
	}
}

// encoded takes a secret in base64: it is learned as what it says, too.
func (s *scanner) encoded(start, end int) {
	if q := quoteAt(s.data[:end], start); q > 0 && end-start > 2*q {
		start, end = start+q, end-q
	}
	plain, err := base64.StdEncoding.DecodeString(string(s.data[start:min(end, start+longestStructure)]))
	if err != nil || len(plain) == 0 || !mostlyText(plain) {
		s.plain("secret", start, end)
		return
	}
	text := strings.TrimSuffix(string(plain), "\n")
	if s.learn {
		s.learned = append(s.learned, known{value: text, rule: RuleSecret})
	}
	with := s.r.secret(text) + string(plain[len(text):])
	s.found(start, end, RuleSecret, base64.StdEncoding.EncodeToString([]byte(with)))
}
