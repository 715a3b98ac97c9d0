package redact

import (
	"cmp"
	"slices"
)

// Bounds of what is decoded: how deep encodings may stand in each other, how long one
// encoded part may be, and how much one text may become, as a multiple of itself.
const (
	maxReadings   = 4
	longestPart   = 256 << 10
	longestToken  = 4 << 10
	readingBudget = 4
	readingFloor  = 1 << 20
)

// reading is a part of a text that does not stand there as it is meant: a terminal has
// wrapped or edited it, or an encoding has written it. It is searched as what it says, and
// what is replaced in it is written back in the same manner.
type reading struct {
	start, end int    // in the text
	text       []byte // what it says
	// from and to are where in the text each byte of what it says is written.
	from, to []int
	// write writes one byte as the old one was written; nil writes it as it is.
	write func(old []byte, c byte) []byte
	// letters writes what stands for a letter of several bytes that stand at one place, as the old one was written.
	letters func(old []byte, text string) string
	// also are further places at which a byte stands, as a dump shows it in a column of its own.
	also map[int][]int
	// erased are bytes that a terminal no longer shows.
	erased []bool
	// again writes the whole part anew, where single bytes cannot be.
	again func(text []byte) []byte
	// length asks for replacements that keep the length.
	length bool
	// values: it is searched for known values only, for it is no line of a text.
	values bool
}

// kind is one manner of writing that the scanner notices by its first bytes.
type kind int

const (
	kindPercent kind = iota + 1
	kindEscape
	kindEntity
	kindQuoted
	kindBase64
	kindHex
	kindGroups
	kindDump
	kindOID
	kindZero
	kindCaret
	kindOctal
	kindHash
	kindBase32
	kindRows
	kindSwapped
	kindUU
	kindASCII85
	kindPieces
	kindWords
	kindFolded
	kindContinued
	kinds
)

// mark is a place where something seems to be encoded.
type mark struct {
	kind kind
	at   int
}

// note remembers a place to decode; one that an earlier part of its kind covers is skipped
// when it is read.
func (s *scanner) note(k kind, at int) {
	if s.depth < maxReadings {
		s.marks = append(s.marks, mark{k, at})
	}
}

// readers make a reading of the part around a place. They say false where nothing is encoded.
//
//nolint:gochecknoglobals // a table that is only read
var readers = [kinds]func(data []byte, at int) (reading, bool){
	kindPercent: readPercent, kindEscape: readEscapes, kindEntity: readEntities, kindQuoted: readQuoted,
	kindBase64: readBase64, kindHex: readHex, kindGroups: readGroups, kindDump: readDump, kindOID: readOID,
	kindZero: readZeroEscapes, kindCaret: readCarets, kindOctal: readOctal, kindHash: readHashes, kindBase32: readBase32,
	kindRows: readRows, kindSwapped: readSwappedRows, kindUU: readUU, kindASCII85: readASCII85,
	kindPieces: readPieces, kindWords: readEncodedWords, kindFolded: readFolded, kindContinued: readContinued,
}

// readings decodes what was noticed, within the budget.
func (s *scanner) readings() []reading {
	var list []reading
	var covered [kinds]int
	budget := readingBudget*len(s.data) + readingFloor
	take := func(v reading, ok bool) {
		if ok && budget > 0 {
			budget -= len(v.text)
			list = append(list, v)
		}
	}
	if s.depth < 2 && s.edited {
		take(readTerminal(s.data))
	}
	if s.depth == 0 && s.high {
		take(readBlanks(s.data))
	}
	if s.depth < 2 && !s.learn {
		for _, v := range markups(s.data) {
			take(v, true)
		}
		if s.high {
			for _, v := range composed(s.data) {
				take(v, true)
			}
		}
	}
	s.armour()
	for _, m := range s.marks {
		if m.at < covered[m.kind] {
			continue
		}
		v, ok := readers[m.kind](s.data, m.at)
		covered[m.kind] = max(m.at+1, v.end)
		take(v, ok)
	}
	return list
}

// whole scans the text and everything that is encoded in it.
func (s *scanner) whole() {
	s.scan()
	if !s.values {
		if first := s.tabled(); len(first) > 0 { // it knows more than the line does
			s.edits = merge(first, s.edits)
		}
	}
	add := s.split
	if !s.learn {
		add = append(add, s.d.loose.find(s.data, s.edits)...)
	}
	if len(s.r.patterns) > 0 {
		add = append(add, s.matches()...)
	}
	for _, v := range s.readings() {
		if s.learn && v.values {
			continue
		}
		in := scanner{
			r: s.r, d: s.d, data: v.text, learn: s.learn, sameLength: s.sameLength || v.length, depth: s.depth + 1, values: s.values || v.values,
		}
		in.whole()
		s.learned = append(s.learned, in.learned...)
		add = append(add, v.back(s.data, in.edits)...)
	}
	s.edits = merge(s.edits, add)
}

// back takes edits of what a part says to edits of the text.
func (v *reading) back(data []byte, edits []edit) []edit {
	if len(edits) == 0 {
		return nil
	}
	if v.again != nil {
		return []edit{{v.start, v.end, string(v.again(apply(v.text, edits))), edits[0].rule}}
	}
	var out []edit
	for _, e := range edits {
		out = append(out, v.place(data, e)...)
	}
	return out
}

// place takes one edit back, byte by byte: what stands between the bytes stays.
func (v *reading) place(data []byte, e edit) []edit {
	var puts []edit
	low, high := len(data), 0
	for i, next := e.start, 0; i < e.end; i = next {
		for next = i + 1; next < e.end && v.from[next] == v.from[i]; {
			next++ // a letter of several bytes
		}
		with := ""
		switch n := i - e.start; {
		case next == e.end && n < len(e.with):
			with = e.with[n:]
		case n < len(e.with):
			with = e.with[n:min(len(e.with), next-e.start)]
		}
		old := data[v.from[i]:v.to[i]]
		low, high = min(low, v.from[i]), max(high, v.to[i])
		if next > i+1 && v.letters != nil {
			puts = append(puts, edit{v.from[i], v.to[i], v.letters(old, with), ""})
			continue
		}
		puts = append(puts, edit{v.from[i], v.to[i], v.written(old, with), ""})
		for _, at := range v.also[v.from[i]] {
			c := "."
			if with != "" && with[0] >= ' ' && with[0] < 0x7f {
				c = with[:1]
			}
			puts = append(puts, edit{at, at + 1, c, ""})
		}
	}
	for at := low; v.erased != nil && at < high; at++ {
		if v.erased[at] && letter(data[at]) {
			puts = append(puts, edit{at, at + 1, "x", ""})
		} else if v.erased[at] && wordClass(data[at]) {
			puts = append(puts, edit{at, at + 1, "0", ""})
		}
	}
	slices.SortStableFunc(puts, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	out := puts[:0]
	for _, p := range puts {
		switch last := len(out) - 1; {
		case last >= 0 && p.start < out[last].end:
		case last >= 0 && p.start == out[last].end:
			out[last].end, out[last].with = p.end, out[last].with+p.with
		default:
			out = append(out, p)
		}
	}
	out[0].rule = e.rule
	return out
}

func (v *reading) written(old []byte, text string) string {
	if v.write == nil {
		return text
	}
	var out []byte
	for i := range len(text) {
		out = append(out, v.write(old, text[i])...)
	}
	return string(out)
}

// merge orders edits; of two that overlap, the longer one stays.
func merge(edits, add []edit) []edit {
	if len(add) == 0 {
		return edits
	}
	all := append(edits, add...)
	slices.SortStableFunc(all, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	out := make([]edit, 0, len(all))
	for _, e := range all {
		for len(out) > 0 && out[len(out)-1].end > e.start && e.end-e.start > out[len(out)-1].end-out[len(out)-1].start {
			out = out[:len(out)-1]
		}
		if len(out) == 0 || out[len(out)-1].end <= e.start {
			out = append(out, e)
		}
	}
	return out
}

// lineAround is the line that at is on, cut to a token's longest length on both sides.
func lineAround(data []byte, at int) (start, end int) {
	start, end = at, at
	for start > 0 && at-start < longestToken && data[start-1] != '\n' {
		start--
	}
	for end < len(data) && end-at < longestToken && data[end] != '\n' {
		end++
	}
	return start, end
}

// add appends one byte that data[from:to] writes.
func (v *reading) add(c byte, from, to int) {
	v.text = append(v.text, c)
	v.from = append(v.from, from)
	v.to = append(v.to, to)
}

// addLetter appends the bytes of one letter that data[from:to] writes.
func (v *reading) addLetter(letter string, from, to int) {
	for i := range len(letter) {
		v.add(letter[i], from, to)
	}
}

// mostlyText tells whether decoded bytes are a text that somebody wrote.
func mostlyText(b []byte) bool {
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			odd += 3
		} else if c >= 0x80 {
			odd++
		}
	}
	return odd*4 <= len(b)
}
