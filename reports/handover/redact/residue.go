package redact

import (
	"bytes"
	"math"
	"regexp"
	"sync"
)

// residue is the shape of a secret that nobody needs to know the value of.
type residue struct {
	form string
	rule Rule
	re   *regexp.Regexp
	head int // bytes of the match that the replacement keeps
}

// residues are all of them.
//
//nolint:gochecknoglobals // compiled once
var residues = sync.OnceValue(func() []residue {
	return []residue{
		{"hash", RuleHash, regexp.MustCompile(`\$(?:1|2[aby]|5|6|8|9|14|y|gy|sha1)\$[\w./$=,+-]{8,}`), 0},
		{"jwt", RuleToken, regexp.MustCompile(`eyJ[\w-]{10,}\.[\w-]{4,}\.[\w-]+`), 3},
		{"pem", RuleKeyBlock, regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----\r?\n[ \t]*([A-Za-z0-9+/=]{16,})`), 0},
		{"url", RuleURL, regexp.MustCompile(`://[^\s/:@"']+:([^\s/@"']+)@`), 0},
		{"random", RuleSecret, regexp.MustCompile(`(?i)(?:password|passwd|passphrase|secret|token|community|api[_-]?key|psk|authkey|key-string)["']?[\s:=]+["']?([^\s"'<>;,]{20,})`), 0},
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
		for _, m := range s.re.FindAllSubmatchIndex(data, 10000) {
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
