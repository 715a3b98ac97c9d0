package redact

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"sync"
)

// residue is the shape of a secret that nobody needs to know the value of.
type residue struct {
	form string
	rule Rule
	find func(data []byte, n int) [][]int // of each of the first n, as [regexp.Regexp.FindAllSubmatchIndex] has them
	head int                              // bytes of the match that the replacement keeps
}

// residues are all of them.
//
//nolint:gochecknoglobals // compiled once
var residues = sync.OnceValue(func() []residue {
	return []residue{
		{"hash", RuleHash, regexp.MustCompile(`\$(?:1|2[aby]|5|6|8|9|14|y|gy|sha1)\$[\w./$=,+-]{8,}`).FindAllSubmatchIndex, 0},
		{"jwt", RuleToken, regexp.MustCompile(`eyJ[\w-]{10,}\.[\w-]{4,}\.[\w-]+`).FindAllSubmatchIndex, 3},
		{"pem", RuleKeyBlock, regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----\r?\n[ \t]*([A-Za-z0-9+/=]{16,})`).FindAllSubmatchIndex, 0},
		{"url", RuleURL, regexp.MustCompile(`://[^\s/:@"']+:([^\s/@"']+)@`).FindAllSubmatchIndex, 0},
		{"random", RuleSecret, announced, 0},
	}
})

// randomBits is the entropy of one character from which a long value looks random.
const randomBits = 3.5

// Residue searches a text for what looks like a secret and was not made by the redactor:
// hashes, tokens, keys, passwords in addresses, and random values after a word that
// announces one. Only a gate of [Redactor.Gate] knows what was made.
func (g *Gate) Residue(name string, data []byte) []Hit {
	var hits []Hit
	for _, s := range residues() {
		for _, m := range s.find(data, 10000) {
			at, end := m[0]+s.head, m[1]
			if len(m) > 2 {
				at, end = m[2], m[3]
			}
			v := data[at:end]
			if g.isOurs(v) || bytes.Contains(v, []byte("«")) || s.form == "random" && entropy(v) < randomBits {
				continue
			}
			hits = append(hits, Hit{name, at, "residue: " + s.form, s.rule, end - at})
		}
	}
	return hits
}

// announcement is a long value after a word that announces one.
const announcement = `(?i)(?:password|passwd|passphrase|secret|token|community|api[_-]?key|psk|authkey|key-string)["']?[\s:=]+["']?([^\s"'<>;,]{20,})`

//nolint:gochecknoglobals // compiled once, and a table
var (
	announcements = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(announcement) })
	// The same where it begins.
	oneAnnouncement = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A` + announcement) })
	announcing      = []string{"password", "passwd", "passphrase", "secret", "token", "community", "apikey", "api_key", "api-key", "psk", "authkey", "key-string"}
)

// announced finds the first n announcements. The expression begins with no letter of its own and would be tried at
// every byte: its words are looked for first, and it is tried where one is and a long value can follow.
func announced(data []byte, n int) [][]int {
	if bytes.Contains(data, []byte("\u017f")) || bytes.Contains(data, []byte("\u212a")) { // s and k, where case is ignored
		return announcements().FindAllSubmatchIndex(data, n)
	}
	var found [][]int
	for at := 0; at < len(data) && len(found) < n; at++ {
		word := announces(data[at:])
		if word == 0 {
			continue
		}
		m := oneAnnouncement().FindSubmatchIndex(data[at : at+announceable(data[at:], word)])
		if m == nil {
			continue
		}
		for i := range m {
			m[i] += at
		}
		found = append(found, m)
		at = m[1] - 1
	}
	return found
}

// announces returns the length of the word that announces a value and begins the text, 0 for none.
func announces(text []byte) int {
	switch text[0] | 0x20 {
	case 'p', 's', 't', 'c', 'a', 'k':
	default:
		return 0
	}
	for _, w := range announcing {
		if len(text) > len(w) && bytes.EqualFold(text[:len(w)], []byte(w)) {
			return len(w)
		}
	}
	return 0
}

// announceable returns how much of a text an announcement after a word of that length can be: a quote, what parts, a quote,
// and the value. It is 0 where that is too short for one.
func announceable(text []byte, word int) int {
	over := func(at, most int, set string) int {
		for ; at < len(text) && most > 0 && strings.IndexByte(set, text[at]) >= 0; most-- {
			at++
		}
		return at
	}
	parts := over(word, 1, `"'`)
	end := over(parts, len(text), "\t\n\f\r :=")
	if end == parts {
		return 0
	}
	end = over(end, 1, `"'`)
	if i := bytes.IndexAny(text[end:], "\t\n\f\r \"'<>;,"); i >= 0 {
		end += i
	} else {
		end = len(text)
	}
	if end-parts <= 20 {
		return 0
	}
	return end
}

// entropy is Shannon's, in bits for each byte.
func entropy(v []byte) float64 {
	var n [256]int
	for _, c := range v {
		n[c]++
	}
	sum := 0.0
	for _, k := range n {
		if k > 0 {
			p := float64(k) / float64(len(v))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
