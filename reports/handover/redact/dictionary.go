package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// known is one value that was learned: it is replaced wherever it stands as a word.
type known struct {
	value string
	rule  Rule
	fold  bool // names are the same in capitals
	owner bool // a name that the options give
}

// dictionary finds learned values and keywords by the hash of their longest alphanumeric
// run, so that a text costs one table look-up per word, however many values there are.
type dictionary struct {
	maybe   [1 << 12]uint64   // 262144 bits: the hashes that may have something
	keyword map[uint32]uint64 // what the word after a keyword may begin with; all bits: with anything
	entries map[uint32][]entry
	inside  insides
	splits  splits
	loose   anywhere
	forms   map[string][]form
}

type entry struct {
	match, with string
	lead        int // bytes of match before its longest alphanumeric run
	rule        Rule
	fold        bool
	anyCase     bool // other capitals are the same value, though not the same text
}

const (
	hashBasis = 2166136261
	hashPrime = 16777619
)

// byteClass is what the scanner asks of a byte: its folded value below, flags above, and
// on top what a run is hashed by, which is one for all bytes of letters outside ASCII.
type byteClass uint32

const (
	isWord byteClass = 1 << (8 + iota)
	notHex           // a word byte that is no hex digit
	notDec           // a word byte that is no decimal digit
	isSpecial
	endsKey // may stand after the name of a value
	marksAddress
	isHigh // outside of ASCII

	hashShift = 16
)

//nolint:gochecknoglobals // a table that is only read
var classes = makeClasses()

func makeClasses() (t [256]byteClass) {
	for i := range t {
		c := byte(i)
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		t[i] = byteClass(c)
		t[i] |= byteClass(min(c, 0x80)) << hashShift
		if wordClass(byte(i)) {
			t[i] |= isWord
			if !isHex(byte(i)) {
				t[i] |= notHex
			}
			if i < '0' || i > '9' {
				t[i] |= notDec
			}
		}
		switch i {
		case '$', '\n', '@', '%', '&', '^', '#', '\\', '=', '\r', '\b', 0x1b:
			t[i] |= isSpecial
		}
		if i >= 0x80 {
			t[i] |= isHigh
		}
		if strings.IndexByte("\":=\\>", c) >= 0 {
			t[i] |= endsKey
		}
		if strings.IndexByte(".:-\\ _[(", c) >= 0 {
			t[i] |= marksAddress
		}
	}
	return t
}

func hashRun(s string) uint32 {
	h := uint32(hashBasis)
	for i := range len(s) {
		h = (h ^ uint32(classes[s[i]]>>hashShift)) * hashPrime
	}
	return h
}

func (d *dictionary) mark(h uint32) {
	h ^= h >> 16
	d.maybe[h>>6&0xfff] |= 1 << (h & 63)
}

func (d *dictionary) has(h uint32) bool {
	h ^= h >> 16
	return d.maybe[h>>6&0xfff]>>(h&63)&1 == 1
}

// isKeyword tells whether the run that ends at end may be, or end, a keyword that what
// stands behind it lets be one.
func (d *dictionary) isKeyword(h uint32, data []byte, end int) bool {
	next, ok := d.keyword[h]
	if !ok || next == anything {
		return ok
	}
	return next&nextBeginning(data, end) != 0
}

// anything is every beginning of a word.
const anything = ^uint64(0)

// nextBeginning is the bit of the word after end; every bit where none is on the line.
func nextBeginning(data []byte, end int) uint64 {
	for ; end+1 < len(data) && data[end] != '\n'; end++ {
		if classes[data[end]]&isWord != 0 {
			return beginning(data[end], data[end+1])
		}
	}
	return anything
}

// compile makes the dictionary of the values.
func compile(values []known, replace func(known) string, grammar map[string][]form) *dictionary {
	d := &dictionary{keyword: map[uint32]uint64{}, entries: map[uint32][]entry{}, forms: grammar}
	for run, next := range lastParts(grammar) {
		h := hashRun(run)
		d.keyword[h] |= next
		d.mark(h)
	}
	seen := map[string]bool{}
	for _, k := range values {
		with := replace(k)
		if with == k.value {
			continue
		}
		if k.owner {
			d.inside.add(k.value, with)
		}
		if k.rule != RuleMAC && k.rule != RuleKeyBlock {
			d.splits.add(entry{match: k.value, with: with, rule: k.rule, fold: k.fold}, isLoose(k))
		}
		if isLoose(k) && len(with) == len(k.value) {
			d.loose.add(entry{match: k.value, with: with, rule: k.rule})
		}
		for _, form := range forms(k, with) {
			if !seen[form[0]] {
				seen[form[0]] = true
				d.add(entry{match: form[0], with: form[1], rule: k.rule, fold: k.fold, anyCase: form[0] == k.value})
			}
		}
	}
	for h, list := range d.entries {
		slices.SortStableFunc(list, func(a, b entry) int { return len(b.match) - len(a.match) })
		d.entries[h] = list
	}
	return d
}

func (d *dictionary) add(e entry) {
	end := 0
	for i := 0; i < len(e.match); {
		from := i
		for i < len(e.match) && wordClass(e.match[i]) && signAt([]byte(e.match[i:])) == 0 {
			i++
		}
		if i-from > end-e.lead {
			e.lead, end = from, i
		}
		i += max(1, signAt([]byte(e.match[min(i, len(e.match)):])))
	}
	if end == e.lead || end-e.lead <= 2 && e.rule != RuleMAC && strings.Count(e.match, ":") > 4 {
		return // nothing to find it by: it is replaced in its place, or as groups of hex
	}
	h := hashRun(e.match[e.lead:end])
	d.entries[h] = append(d.entries[h], e)
	d.mark(h)
}

// forms lists how a value may be written: as it is, and as JSON, HTML, URLs, hex and
// base64 write it, each with its replacement in the same form.
func forms(k known, with string) [][2]string {
	list := [][2]string{{k.value, with}}
	put := func(a, b string) {
		if a != k.value && len(a) >= 4 {
			list = append(list, [2]string{a, b})
		}
	}
	if strings.ContainsAny(k.value, `"\<>&'`) || !isASCII(k.value) {
		put(jsonForm(k.value), jsonForm(with))
		put(plainJSONForm(k.value), plainJSONForm(with))
		put(html.EscapeString(k.value), html.EscapeString(with))
	}
	if latin, ok := oneByte(k.value); ok {
		latinWith, ok := oneByte(with)
		if !ok {
			latinWith = strings.Repeat("x", len(latin))
		}
		put(latin, latinWith)
	}
	if !isASCII(k.value) {
		pages, pagesWith := otherPages(k.value), otherPages(with)
		for page, text := range pages {
			if pagesWith[page] == "" {
				pagesWith[page] = strings.Repeat("x", len(text))
			}
			put(text, pagesWith[page])
		}
	}
	put(url.QueryEscape(k.value), url.QueryEscape(with))
	put(url.PathEscape(k.value), url.PathEscape(with))
	if k.rule == RuleMAC {
		if len(k.value) != 12 || len(with) != 12 { // of a map, which knows no rules
			return list
		}
		put("0x"+k.value, "0x"+with)
		put(k.value[:6]+"-"+k.value[6:], with[:6]+"-"+with[6:])
		return list
	}
	if len(k.value) >= 6 {
		low, lowWith := hex.EncodeToString([]byte(k.value)), hex.EncodeToString([]byte(with))
		put(low, lowWith)
		put(strings.ToUpper(low), strings.ToUpper(lowWith))
		put("0x"+low, "0x"+lowWith)
		put("0x"+strings.ToUpper(low), "0x"+strings.ToUpper(lowWith))
		put(base32Plain.EncodeToString([]byte(k.value)), base32Plain.EncodeToString([]byte(with)))
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding, base64.URLEncoding} {
			put(enc.EncodeToString([]byte(k.value)), enc.EncodeToString([]byte(with)))
		}
	}
	return list
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func grouped(hexed string) string {
	var b strings.Builder
	for i := 0; i+1 < len(hexed); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(hexed[i : i+2])
	}
	return b.String()
}

// jsonForm is s as encoding/json writes it between quotes.
func jsonForm(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(out[1 : len(out)-1])
}

// plainJSONForm is s with only quotes and backslashes escaped, as most others write it.
func plainJSONForm(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return s
	}
	out := bytes.TrimSpace(b.Bytes())
	return string(out[1 : len(out)-1])
}

// at finds the longest entry that stands around the run beginning at s, as a word of its own.
func (d *dictionary) at(h uint32, data []byte, s int) (entry, int, bool) {
	for _, e := range d.entries[h] {
		start := s - e.lead
		if start < 0 || start+len(e.match) > len(data) {
			continue
		}
		end := start + len(e.match)
		got := data[start:end]
		if string(got) != e.match && (!e.fold && !e.anyCase || !sameLetters(got, e.match)) {
			continue
		}
		if wordClass(e.match[0]) && !bordered(data, start) || wordClass(e.match[len(e.match)-1]) && wordAt(data, end) {
			continue
		}
		return e, start, true
	}
	return entry{}, 0, false
}
