package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// literal is a JSON string in a file: what it means, and where each byte of that came from.
type literal struct {
	start, end int // between the quotes
	text       []byte
	from       []int // the offset in the file of each byte of text and of its end; nil when nothing is escaped
}

// at gives the offset in the file of byte i of the text.
func (l literal) at(i int) int {
	if l.from == nil {
		return l.start + i
	}
	return l.from[i]
}

// nextLiteral finds the next string from pos on.
func nextLiteral(data []byte, pos int) (literal, bool) {
	open := bytes.IndexByte(data[pos:], '"')
	if open < 0 {
		return literal{}, false
	}
	l := literal{start: pos + open + 1}
	escaped := false
	i := l.start
	for i < len(data) && data[i] != '"' {
		if data[i] == '\\' {
			escaped = true
			i++
		}
		i++
	}
	if i >= len(data) {
		return literal{}, false
	}
	l.end = i
	if !escaped {
		l.text = data[l.start:l.end]
		return l, true
	}
	l.text = make([]byte, 0, l.end-l.start)
	l.from = make([]int, 0, l.end-l.start+1)
	for i = l.start; i < l.end; {
		r, n := unescape(data[i:l.end])
		for range len(r) {
			l.from = append(l.from, i)
		}
		l.text = append(l.text, r...)
		i += n
	}
	l.from = append(l.from, l.end)
	return l, true
}

// unescape reads one character of a JSON string and tells how many bytes it took.
func unescape(b []byte) ([]byte, int) {
	if b[0] != '\\' || len(b) < 2 {
		return b[:1], 1
	}
	switch b[1] {
	case 'n':
		return []byte{'\n'}, 2
	case 'r':
		return []byte{'\r'}, 2
	case 't':
		return []byte{'\t'}, 2
	case 'b':
		return []byte{'\b'}, 2
	case 'f':
		return []byte{'\f'}, 2
	case 'u':
		v, ok := hex4(b[2:])
		if !ok {
			return b[:1], 1
		}
		if utf16.IsSurrogate(v) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if low, ok := hex4(b[8:]); ok {
				return utf8.AppendRune(nil, utf16.DecodeRune(v, low)), 12
			}
		}
		return utf8.AppendRune(nil, v), 6
	}
	return b[1:2], 2
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(v), err == nil
}

// quoted writes text for the inside of a JSON string.
func quoted(text string) string {
	if strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError }) < 0 {
		return text
	}
	return plainJSONForm(text)
}

// jsonEdits replaces inside the strings of a JSON file, and the values of keys that a
// grammar knows. What is not replaced keeps its bytes, escapes included.
func (r *Redactor) jsonEdits(data []byte) []edit {
	outer := scanner{r: r, d: r.dictionary(), data: maskLong(data)}
	outer.whole() // keys and their values, and what is no string
	var edits []edit
	k := 0
	take := func(limit int, keep bool) { // the outer edits that begin before limit
		for k < len(outer.edits) && outer.edits[k].start < limit {
			if keep {
				edits = append(edits, outer.edits[k])
			}
			k++
		}
	}
	for pos := 0; ; {
		l, ok := nextLiteral(data, pos)
		if !ok {
			break
		}
		pos = l.end + 1
		take(l.start, true)
		if l.from == nil && (k == len(outer.edits) || outer.edits[k].start >= l.end) {
			continue // plain, and the scan of the whole found nothing: it reads the same
		}
		inner := r.plainEdits(l.text)
		if len(inner) == 0 {
			// The key before may have said that the whole value is secret.
			take(l.end, true)
			continue
		}
		if k < len(outer.edits) && outer.edits[k].start == l.start && outer.edits[k].end == l.end {
			take(l.end, true)
			continue
		}
		take(l.end, false)
		for _, e := range inner {
			edits = append(edits, edit{l.at(e.start), l.at(e.end), quoted(e.with), e.rule})
		}
	}
	take(len(data), true)
	return tidy(edits)
}

// tidy orders edits and drops those that overlap an earlier one.
func tidy(edits []edit) []edit {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	out := edits[:0]
	at := 0
	for _, e := range edits {
		if e.start >= at {
			out = append(out, e)
			at = e.end
		}
	}
	return out
}

// texts are the texts in a file, for learning.
func (r *Redactor) texts(name string, data []byte) [][]byte {
	switch strings.ToLower(path.Ext(name)) {
	case ".ndjson", ".jsonl":
		if isTranscript(data) {
			t := readTranscript(data)
			r.typedSecrets(t)
			out := make([][]byte, 0, len(t.streams))
			for _, s := range t.streams {
				out = append(out, s.text)
			}
			return out
		}
		return append(literals(data), maskLong(data))
	case ".json":
		return append(literals(data), maskLong(data))
	}
	return [][]byte{data}
}

// maskLong blanks the strings of more than one line: they are texts of their own, and
// what begins in one must not end outside of it.
func maskLong(data []byte) []byte {
	var out []byte
	for pos := 0; ; {
		l, ok := nextLiteral(data, pos)
		if !ok {
			break
		}
		pos = l.end + 1
		if l.from != nil && bytes.IndexByte(l.text, '\n') >= 0 {
			if out == nil {
				out = bytes.Clone(data)
			}
			for i := l.start; i < l.end; i++ {
				out[i] = ' '
			}
		}
	}
	if out == nil {
		return data
	}
	return out
}

// literals are the escaped strings of a JSON file; plain ones read the same in the file.
func literals(data []byte) [][]byte {
	var out [][]byte
	for pos := 0; ; {
		l, ok := nextLiteral(data, pos)
		if !ok {
			return out
		}
		pos = l.end + 1
		if l.from != nil {
			out = append(out, l.text)
		}
	}
}

// transcript is a file of chunks, joined to what each channel said in each direction: a
// value may be cut in two by a chunk's end, and typed characters come one by one.
type transcript struct {
	chunks  []chunkAt
	streams []*stream
}

type chunkAt struct {
	stream     *stream
	from, to   int // in the stream
	start, end int // of the literal in the file
	raw        bool
}

type stream struct {
	dir  string
	text []byte
}

func isTranscript(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	var head struct {
		Channel *string `json:"channel"`
		Dir     *string `json:"dir"`
		Data    *string `json:"data"`
	}
	return json.Unmarshal(line, &head) == nil && head.Channel != nil && head.Dir != nil && head.Data != nil
}

func readTranscript(data []byte) transcript {
	var t transcript
	byKey := map[string]*stream{}
	for at := 0; at < len(data); {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			end = len(data) - at
		}
		line := data[at : at+end]
		var head struct {
			Channel string `json:"channel"`
			Dir     string `json:"dir"`
			Raw     string `json:"raw"`
		}
		if json.Unmarshal(line, &head) == nil {
			key := head.Channel + "\x00" + head.Dir
			if byKey[key] == nil {
				byKey[key] = &stream{dir: head.Dir}
				t.streams = append(t.streams, byKey[key])
			}
			t.add(byKey[key], line, at, head.Raw != "")
		}
		at += end + 1
	}
	return t
}

// add finds the chunk's data in its line.
func (t *transcript) add(s *stream, line []byte, at int, raw bool) {
	want := "data"
	if raw {
		want = "raw"
	}
	for pos := 0; ; {
		key, ok := nextLiteral(line, pos)
		if !ok {
			return
		}
		pos = key.end + 1
		if pos >= len(line) || line[pos] != ':' {
			continue
		}
		value, ok := nextLiteral(line, pos)
		if !ok {
			return
		}
		if string(key.text) != want {
			if len(bytes.TrimSpace(line[pos+1:value.start-1])) == 0 {
				pos = value.end + 1
			}
			continue
		}
		text := value.text
		if raw {
			var err error
			if text, err = base64.StdEncoding.DecodeString(string(text)); err != nil {
				return
			}
		}
		c := chunkAt{stream: s, from: len(s.text), start: at + value.start, end: at + value.end, raw: raw}
		s.text = append(s.text, text...)
		c.to = len(s.text)
		t.chunks = append(t.chunks, c)
		return
	}
}

// transcriptEdits replaces in the joined streams and cuts the result at the same places.
func (r *Redactor) transcriptEdits(data []byte) []edit {
	t := readTranscript(data)
	found := map[*stream][]edit{}
	for _, s := range t.streams {
		found[s] = r.plainEdits(s.text)
	}
	var out []edit
	for _, c := range t.chunks {
		text, rule, n := cutChunk(c.stream.text, found[c.stream], c.from, c.to)
		if n == 0 {
			continue
		}
		with := ""
		switch {
		case !c.raw:
			with = jsonForm(string(text))
		default:
			with = base64.StdEncoding.EncodeToString(text)
		}
		out = append(out, edit{c.start, c.end, with, rule})
	}
	return tidy(out)
}

// cutChunk gives text[from:to] after the edits. Of one that is cut by the chunk's end,
// each chunk gets as many bytes as it had, and the last one the rest.
func cutChunk(text []byte, edits []edit, from, to int) (out []byte, rule Rule, n int) {
	first, _ := slices.BinarySearchFunc(edits, from, func(e edit, at int) int {
		if e.end <= at {
			return -1
		}
		return 1
	})
	at := from
	for _, e := range edits[first:] {
		if e.start >= to {
			break
		}
		n++
		rule = e.rule
		if e.start > at {
			out = append(out, text[at:e.start]...)
		}
		lo, hi := min(max(from-e.start, 0), len(e.with)), len(e.with)
		if e.end > to {
			hi = min(to-e.start, len(e.with))
		}
		out = append(out, e.with[lo:max(lo, hi)]...)
		at = min(e.end, to)
	}
	return append(out, text[at:to]...), rule, n
}

// typedSecrets learns what was typed after a question for a password: the question stands
// in one direction and the answer in the other.
func (r *Redactor) typedSecrets(t transcript) {
	asked := false
	var answer []byte
	last := map[*stream][]byte{}
	for _, c := range t.chunks {
		text := c.stream.text[c.from:c.to]
		if c.stream.dir == "in" {
			tail := append(last[c.stream], text...)
			tail = tail[max(0, len(tail)-80):]
			last[c.stream] = slices.Clone(tail)
			if asksSecret(tail) {
				asked, answer = true, nil
			}
			continue
		}
		if !asked {
			continue
		}
		line, _, whole := bytes.Cut(text, []byte("\n"))
		answer = append(answer, bytes.TrimRight(line, "\r")...)
		if whole || bytes.IndexByte(text, '\r') >= 0 {
			asked = false
			if k := (known{value: string(answer), rule: RuleSecret}); byValue(k) {
				r.put(k)
			}
		}
	}
}

func asksSecret(tail []byte) bool {
	low := strings.ToLower(strings.TrimRight(string(tail), " "))
	return strings.HasSuffix(low, "password:") || strings.HasSuffix(low, "passphrase:") || strings.HasSuffix(low, "secret:") || strings.HasSuffix(low, "passcode:")
}
