package redact

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// This file finds secrets whose name stands elsewhere than beside them: at the head of a
// column, in an element of its own, around a CDATA section, or at the kind of an object.

// tabled looks for them, and gives what it replaces. It reads only where the head of a
// table, <td>, INTO, </name>, <![CDATA[ or "kind: Secret" is.
func (s *scanner) tabled() []edit {
	in := scanner{r: s.r, d: s.d, data: s.data, learn: s.learn, sameLength: s.sameLength, depth: s.depth}
	var all []edit
	for _, look := range []func(){in.columns, in.aligned, in.htmlRows, in.inserts, in.namedElements, in.attributed, in.cdata, in.kubernetes, in.shaped, in.pppSecrets, in.distinguished, in.listedUsers} {
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

// table has what the columns of a table hold.
type table struct {
	names []column
	cells int  // how many fields each row has; 0 is any
	jira  bool // names and rows are without what is outside of the first and the last bar
	known bool // of one of the columns it is known
}

// barred takes the columns of tables of Markdown (a line of dashes is below the head) and of Jira (two bars are around
// each). A head inside of a table adds its names to those above, so that each line is read once.
func (s *scanner) barred() {
	var markdown, jira table
	for at := 0; at < len(s.data); {
		stop := rowEnd(s.data, at)
		row := bytes.TrimSpace(s.data[at:stop])
		for _, in := range []*table{&markdown, &jira} {
			if in.known && (len(row) == 0 || !s.row(*in, '|', at, stop)) {
				*in = table{}
			}
		}
		if len(row) > 2 && row[0] == '|' && len(row) < longestHead {
			next := min(stop+1, len(s.data))
			below := bytes.TrimSpace(s.data[next:rowEnd(s.data, next)])
			if len(below) > 2 && below[0] == '|' && len(bytes.Trim(below, "|-: ")) == 0 {
				markdown.join(s.tableHead('|', at, stop, false))
			} else if row[1] == '|' {
				jira.join(s.tableHead('|', at, stop, true))
			}
		}
		at = stop + 1
	}
}

// join adds the columns of another head.
func (t *table) join(other table) {
	switch {
	case !other.known:
		return
	case !t.known:
		*t = other
		return
	}
	for i, name := range other.names {
		switch {
		case i >= len(t.names):
			t.names = append(t.names, name)
		case t.names[i].rule == "" || t.names[i].name == "key" && name.rule != "":
			t.names[i] = name
		}
	}
}

// column takes the columns of the table whose head stands here, up to a row of another length.
func (s *scanner) column(sep byte, start, end int) {
	in := s.tableHead(sep, start, end, false)
	for at := end + 1; in.known && at < len(s.data); {
		stop := rowEnd(s.data, at)
		if sep == '|' && len(bytes.TrimSpace(s.data[at:stop])) == 0 || stop > at && !s.row(in, sep, at, stop) {
			return // the table ends
		}
		at = stop + 1
	}
}

// tableHead reads the names of the columns.
func (s *scanner) tableHead(sep byte, start, end int, jira bool) table {
	list := cells(s.data, start, end, sep)
	in := table{cells: len(list), jira: jira}
	if jira {
		list = s.filled(s.inner(list, start, end))
	}
	if jira || sep == '|' && bytes.Count(s.data[start:end], []byte("||")) > 1 {
		in.cells = 0
	}
	for _, c := range list {
		text := s.data[c.from:c.to]
		if len(text) == 0 && sep == '|' {
			continue
		}
		if len(text) == 0 || len(text) > 40 || len(bytes.Fields(text)) > 3 || bytes.ContainsAny(text, ":=<>{}()/.'") {
			return table{} // a row of values, or prose
		}
	}
	heads := s.headOf(list)
	in.names, in.known = heads.names, heads.known
	return in
}

// headOf tells what the columns of these heads hold.
func (s *scanner) headOf(list []span) table {
	in := table{names: make([]column, len(list))}
	secret := false
	for i, c := range list {
		in.names[i] = s.columnOf(s.data[c.from:c.to])
		in.known = in.known || in.names[i].rule != ""
		secret = secret || in.names[i].rule == RuleSecret && in.names[i].name != "key"
	}
	for i, c := range list {
		if secret && in.names[i].rule == "" && c.to-c.from < longestWord {
			in.names[i] = besideSecrets[headName(s.data[c.from:c.to])]
		}
	}
	return in
}

// cellsOf takes what stands below the heads.
func (s *scanner) cellsOf(in table, list []span) {
	for i, c := range list[:min(len(list), len(in.names))] {
		if in.names[i].rule != "" && c.from < c.to {
			s.cell(in.names[i], c.from, c.to, false)
		}
	}
}

// row takes what stands below the names of secrets; false where it is no row of the table.
func (s *scanner) row(in table, sep byte, start, end int) bool {
	list := cells(s.data, start, end, sep)
	if in.jira {
		if bytes.TrimSpace(s.data[start:end])[0] != '|' {
			return true // a cell goes on
		}
		if list = s.inner(list, start, end); len(list) > len(in.names) { // ||joe||S||
			list = s.filled(list)
		}
	} else if in.cells > 0 && len(list) != in.cells {
		return false
	}
	s.cellsOf(in, list)
	return true
}

// inner are the cells between the first bar and the last.
func (s *scanner) inner(list []span, start, end int) []span {
	row := bytes.TrimSpace(s.data[start:end])
	if bytes.HasPrefix(row, []byte("|")) {
		list = list[1:]
	}
	if bytes.HasSuffix(row, []byte("|")) {
		list = list[:len(list)-1]
	}
	return list
}

// filled are the cells without those between two bars with nothing between, not even a blank.
func (s *scanner) filled(list []span) []span {
	return slices.DeleteFunc(list, func(c span) bool {
		return c.from == c.to && s.data[c.from-1] == '|' && c.to < len(s.data) && s.data[c.to] == '|'
	})
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
