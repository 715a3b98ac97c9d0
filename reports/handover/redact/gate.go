package redact

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/unpack"
	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// ErrCanary refuses a result in which a real value was found.
var ErrCanary = errors.New("a value that was to be cut is still there")

// Marker is a real value that must not be found, planted or learned.
type Marker struct {
	Value string
	Rule  Rule
	// Inside looks for a name inside of longer words too, but not of ordinary ones.
	Inside bool
}

// Hit is a place where a marker was found. It does not say which.
type Hit struct {
	File   string `json:"file"` // with "!member" for archives, "!tcp" for joined segments
	Offset int    `json:"offset"`
	Form   string `json:"form"` // raw, hex, base64, ...
	Rule   Rule   `json:"rule"`

	length int // of what was found
}

// Gate searches results for markers, in every form that they may hide in: as they are, in
// other capitals, as UTF-16, hex, base64, URL, JSON and HTML write them, behind Cisco's
// type 7, in archives, and in packets across the segments of TCP.
type Gate struct {
	folded, exact patternSet
	short         map[string]Rule // names of three bytes, looked for in text only
	inside        insides
	type7         map[string]Rule
	ours          map[string]bool
}

// shortest marker that is looked for, and shortest that is looked for in other forms.
const (
	shortestMarker  = 4
	shortestName    = 3 // of the owner's words
	shortestEncoded = 6
)

type pattern struct {
	text string
	form string
	rule Rule
	word bool // only as a word of its own
}

// patternSet finds patterns by their first four bytes.
type patternSet struct {
	maybe [1 << 10]uint64
	by    map[string][]pattern
}

func (p *patternSet) add(text, form string, rule Rule, word bool) {
	if len(text) < shortestMarker {
		return
	}
	if p.by == nil {
		p.by = map[string][]pattern{}
	}
	head := text[:4]
	if slices.ContainsFunc(p.by[head], func(o pattern) bool { return o.text == text }) {
		return
	}
	p.by[head] = append(p.by[head], pattern{text, form, rule, word})
	h := headHash([]byte(head))
	p.maybe[h>>6] |= 1 << (h & 63)
}

func headHash(b []byte) uint32 {
	v := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return v * 2654435761 >> 16
}

func (p *patternSet) search(name string, data []byte, hits []Hit) []Hit {
	for i := 0; i+4 <= len(data); i++ {
		h := headHash(data[i:])
		if p.maybe[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, pt := range p.by[string(data[i:i+4])] {
			end := i + len(pt.text)
			if end > len(data) || string(data[i:end]) != pt.text {
				continue
			}
			if pt.word && (!bordered(data, i) || wordAt(data, end)) {
				continue
			}
			hits = append(hits, Hit{name, i, pt.form, pt.rule, len(pt.text)})
		}
	}
	return hits
}

// NewGate makes a gate for these markers. Those shorter than four bytes are left out, names
// of three excepted.
func NewGate(markers ...Marker) *Gate {
	g := &Gate{type7: map[string]Rule{}}
	for _, m := range markers {
		g.add(m)
	}
	return g
}

func (g *Gate) add(m Marker) {
	v, low := m.Value, uncased(m.Value)
	word := m.Rule == RuleName || m.Rule == RuleIPv4 || m.Rule == RuleIPv6 || len(v) < shortestEncoded || !mixed(v)
	g.folded.add(low, "raw", m.Rule, word)
	if latin, ok := oneByte(v); ok {
		g.folded.add(uncased(latin), "latin-1", m.Rule, word)
	}
	if !isASCII(v) {
		for page, text := range otherPages(v) {
			g.folded.add(uncased(text), page, m.Rule, word)
		}
	}
	if m.Rule == RuleName {
		g.addShort(low)
		if m.Inside {
			g.inside.add(v, "")
		}
	}
	if len(v) < shortestEncoded {
		return
	}
	g.type7[v] = m.Rule
	g.folded.add(wide(low), "utf-16", m.Rule, false)
	g.folded.add(uncased(wide(strings.ToUpper(v))), "utf-16", m.Rule, false)
	g.folded.add(uncased(url.QueryEscape(v)), "url", m.Rule, word)
	g.folded.add(uncased(url.PathEscape(v)), "url", m.Rule, word)
	g.folded.add(uncased(jsonForm(v)), "json", m.Rule, word)
	g.folded.add(uncased(html.EscapeString(v)), "html", m.Rule, word)
	for _, spelled := range []string{v, low, strings.ToUpper(v), asCased(low, strings.ToUpper(low))} {
		hexed := hex.EncodeToString([]byte(spelled))
		g.folded.add(hexed, "hex", m.Rule, false)
		g.folded.add(grouped(hexed), "hex", m.Rule, false)
		g.folded.add(strings.ReplaceAll(grouped(hexed), ":", " "), "hex", m.Rule, false)
		g.folded.add(strings.ReplaceAll(grouped(hexed), ":", "-"), "hex", m.Rule, false)
	}
	g.exact.add(base32Plain.EncodeToString([]byte(v)), "base32", m.Rule, false)
	for shift := range 3 {
		// What stands before and after changes the characters at the ends: they are left out.
		padded := append(make([]byte, shift), v...)
		from := (shift*8 + 5) / 6
		to := len(padded) * 8 / 6
		if to-from < shortestEncoded {
			continue
		}
		g.exact.add(base64.RawStdEncoding.EncodeToString(padded)[from:to], "base64", m.Rule, false)
		g.exact.add(base64.RawURLEncoding.EncodeToString(padded)[from:to], "base64", m.Rule, false)
	}
}

// mixed tells whether a value is no word and no number, so that it is itself inside of
// longer words too: others are parts of words that mean something else.
func mixed(v string) bool {
	digits, others := 0, 0
	for _, c := range []byte(v) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case wordClass(c):
			others++
		}
	}
	return digits > 0 && others > 0
}

// addShort adds a name of three bytes.
func (g *Gate) addShort(low string) {
	if len(low) != shortestName {
		return
	}
	if g.short == nil {
		g.short = map[string]Rule{}
	}
	g.short[low] = RuleName
}

// words searches what has letters of one byte for names of three bytes, as words of their own.
func (g *Gate) words(name string, low []byte, hits []Hit) []Hit {
	if len(g.short) == 0 {
		return hits
	}
	for i := 0; i < len(low); i++ {
		start := i
		for i < len(low) && wordClass(low[i]) {
			i++
		}
		if i-start == shortestName {
			if rule, ok := g.short[string(low[start:i])]; ok {
				hits = append(hits, Hit{name, start, "raw", rule, i - start})
			}
		}
	}
	return hits
}

func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u & 0xff))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// Data searches one file.
func (g *Gate) Data(name string, data []byte) []Hit {
	hits := g.data(name, data, outermost(defaultMember))
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), strings.Compare(a.Form, b.Form))
	})
	return slices.Compact(hits)
}

func (g *Gate) data(name string, data []byte, in nesting) []Hit {
	low := slices.Clone(data)
	foldText(low)
	hits := g.folded.search(name, low, nil)
	format := formatOf(data)
	if format == formatUTF16 || unpack.IsText(low) || unpack.IsOneByteText(low) {
		hits = g.words(name, low, hits)
	}
	hits = g.inside.search(name, data, hits)
	hits = g.exact.search(name, data, hits)
	hits = g.decoded(name, data, hits)
	if in.depth >= maxDepth {
		return append(hits, Hit{File: name, Form: "not searched"})
	}
	switch format {
	case formatPacked:
		err := in.each(data, func(m unpack.Member) error {
			hits = append(hits, g.data(inner(name, m.Name), m.Data, in.deeper())...)
			hits = append(hits, g.data(name+"!names", []byte(m.Name), in.last())...)
			return nil
		})
		if err != nil {
			hits = append(hits, Hit{File: name, Form: "not searched"})
		}
	case formatCapture:
		hits = append(hits, g.segments(name, data, in)...)
	case formatUTF16:
		text, _, _ := fromUTF16(data)
		hits = append(hits, g.data(name+"!utf-16", text, in.last())...)
		if in.depth < maxReadings { // a few letters of one byte each may stand in it
			hits = append(hits, g.written(name, data, in)...)
		}
	case formatText:
		if in.depth < maxReadings {
			hits = append(hits, g.written(name, data, in)...)
		}
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson") {
			for _, text := range literals(data) {
				hits = append(hits, g.data(name+"!text", text, in.last())...)
			}
			if isTranscript(data) {
				for _, s := range readTranscript(data).streams {
					hits = append(hits, g.data(name+"!stream", s.text, in.last())...)
				}
			}
		}
	default:
	}
	return hits
}

// decoded looks behind Cisco's type 7.
func (g *Gate) decoded(name string, data []byte, hits []Hit) []Hit {
	for i := 0; i < len(data); {
		if !isHex(data[i]) || i > 0 && wordClass(data[i-1]) {
			i++
			continue
		}
		end := i
		for end < len(data) && isHex(data[end]) {
			end++
		}
		if n := end - i; n >= 2*shortestMarker && n <= 2*cacheLongest {
			if plain, ok := decodeType7(string(data[i:end])); ok {
				if rule, ok := g.type7[plain]; ok {
					hits = append(hits, Hit{name, i, "type 7", rule, end - i})
				}
			}
		}
		i = end + 1
	}
	return hits
}

// segments searches what TCP carried, joined.
func (g *Gate) segments(name string, data []byte, in nesting) []Hit {
	streams, ok := packet.Streams(data)
	if !ok {
		return []Hit{{File: name, Form: "not searched"}}
	}
	var hits []Hit
	for _, joined := range streams {
		hits = append(hits, g.data(name+"!tcp", joined, in.last())...)
	}
	return hits
}

// Dir searches a folder: the files and their names.
func (g *Gate) Dir(ctx context.Context, dir string) ([]Hit, error) {
	files, err := (&Redactor{}).list(dir)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", dir, err)
	}
	var hits []Hit
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return hits, err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return hits, fmt.Errorf("search: %w", err)
		}
		hits = append(hits, g.Data(name, data)...)
		for _, h := range g.Data("", []byte(name)) {
			hits = append(hits, Hit{evidence.SHA256([]byte(name))[:12] + " (name)", h.Offset, h.Form, h.Rule, h.length})
		}
	}
	return hits, nil
}

// Check refuses a folder in which anything is found. The error names the first places.
func (g *Gate) Check(ctx context.Context, dir string) error {
	hits, err := g.Dir(ctx, dir)
	if err != nil {
		return err
	}
	if len(hits) == 0 {
		return nil
	}
	var b strings.Builder
	for i, h := range hits {
		if i == 10 {
			fmt.Fprintf(&b, "; and %d more", len(hits)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s at byte %d (%s, %s)", h.File, h.Offset, h.Rule, h.Form)
	}
	return fmt.Errorf("%w: %s", ErrCanary, &b)
}

// Known are the values that the redactor replaces by value, as markers for a gate. Left
// out are those whose pseudonym is another real value, as happens to short ones, and MACs
// and serials, which permute within few values.
func (r *Redactor) Known() []Marker {
	r.mu.Lock()
	defer r.mu.Unlock()
	made := map[string]bool{}
	list := r.sorted()
	for _, k := range list {
		made[uncased(r.replacement(k))] = true
	}
	var out []Marker
	for _, k := range list {
		shortest := shortestMarker
		if k.owner {
			shortest = shortestName
		}
		if k.rule != RuleMAC && len(k.value) >= shortest && !made[uncased(k.value)] {
			out = append(out, Marker{k.value, k.rule, k.owner})
		}
	}
	return append(out, r.knownAddresses()...)
}

// knownAddresses are the public addresses that were learned and became others, but not those
// that another one became.
func (r *Redactor) knownAddresses() []Marker {
	made := map[netip.Addr]bool{}
	var list []netip.Addr
	for ip := range r.ips {
		out := r.addresses.network(ip, -1)
		made[out], made[r.addresses.forward(ip)] = true, true
		if out != ip && ip.IsGlobalUnicast() && !ip.IsPrivate() && !r.versions[ip] {
			list = append(list, ip)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	var out []Marker
	for _, ip := range list {
		if !made[ip] {
			out = append(out, Marker{Value: ip.String(), Rule: ruleOf(ip)})
		}
	}
	return out
}

// Gate makes the gate for what this redactor replaces and for planted values. It knows
// the redactor's own replacements, so that [Gate.Residue] can tell them.
func (r *Redactor) Gate(planted ...string) *Gate {
	markers := r.Known()
	for _, v := range planted {
		markers = append(markers, Marker{Value: v, Rule: RuleSecret})
	}
	g := NewGate(markers...)
	g.ours = map[string]bool{}
	r.shapes.mu.RLock()
	for _, with := range r.shapes.cache {
		g.ours[with] = true
	}
	r.shapes.mu.RUnlock()
	r.made.Range(func(_, with any) bool {
		g.ours[fmt.Sprint(with)] = true
		return true
	})
	return g
}

// isOurs tells whether v is one of the redactor's own replacements.
func (g *Gate) isOurs(v []byte) bool {
	return g.ours[string(v)] || g.ours[string(bytes.TrimRight(v, ".,;:"))]
}
