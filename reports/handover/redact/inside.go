package redact

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// ordinaryText are words of texts about networks: what is one of them is no place for a
// name, whatever it has inside.
//
//go:embed words.txt
var ordinaryText string

//nolint:gochecknoglobals // a table that is only read
var ordinary = sync.OnceValue(func() map[string]bool { return set(ordinaryText) })

const (
	shortestInside = 4
	// surelyInside is the length from which a name is one wherever it stands in a word.
	surelyInside = 5
	// longestWord bounds the words that are looked into: longer ones are encoded data.
	longestWord = 64
)

// insides finds names of the owner inside of longer words, such as ACMEsw2 and acmecore1.
type insides struct {
	heads [256]uint64 // of pairs of small bytes
	list  []insideName
}

type insideName struct {
	name, low, with string
	capitals        bool // given in capitals
}

// add adds a name, if it is one word of letters that may be looked for inside of others.
func (n *insides) add(name, with string) {
	if !insideable(name) {
		return
	}
	low := uncased(name)
	n.list = append(n.list, insideName{name: name, low: low, with: with, capitals: strings.ToUpper(name) == name})
	h := pairHash(low[0], low[1])
	n.heads[h>>6] |= 1 << (h & 63)
}

// insideable tells whether a name is one word of four letters and more, and no hex.
func insideable(name string) bool {
	hexa := true
	for i := range len(name) {
		if !letter(name[i]) {
			return false
		}
		hexa = hexa && isHex(name[i])
	}
	return !hexa && utf8.RuneCountInString(name) >= shortestInside
}

func letter(c byte) bool { return wordClass(c) && (c < '0' || c > '9') }

func pairHash(a, b byte) uint32 {
	x, y := uint32(classes[a]>>hashShift), uint32(classes[b]>>hashShift)
	return (x*131 + y*7919) >> 2 & 0x3fff
}

// find gives the first place from on in the word data[start:end] where a name stands inside.
func (n *insides) find(data []byte, start, end, from int) (int, insideName, bool) {
	if end-start > longestWord || end-start <= shortestInside {
		return 0, insideName{}, false
	}
	if c := data[start]; start > 0 && data[start-1] == '\\' && (c == 'n' || c == 'r' || c == 't') {
		start++ // a word after \n in a quoted text
	}
	for i := max(start, from); i+shortestInside <= end; i++ {
		h := pairHash(data[i], data[i+1])
		if n.heads[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, name := range n.list {
			to := i + len(name.low)
			if to <= end && to-i < end-start && sameLetters(data[i:to], name.low) && name.standsAt(data[start:end], i-start, to-start) {
				return i, name, true
			}
		}
	}
	return 0, insideName{}, false
}

// standsAt tells whether the letters from..to of a word are the name. They are where case or
// a digit sets them apart. Else the rest must be no ordinary word with them, and the name
// long, or in its capitals, or at an end of a word with digits.
func (n insideName) standsAt(word []byte, from, to int) bool {
	if setApartBefore(word, from) && setApartAfter(word, from, to) {
		return true
	}
	if ordinary()[n.low] || ordinary()[around(word, from, to)] {
		return false
	}
	if utf8.RuneCountInString(n.low) >= surelyInside || n.capitals && string(word[from:to]) == n.name {
		return true
	}
	return (from == 0 || to == len(word)) && strings.ContainsAny(string(word), "0123456789")
}

func setApartBefore(word []byte, at int) bool {
	if at == 0 || !letter(word[at-1]) {
		return true
	}
	return !capital(word[at-1]) && capital(word[at])
}

func setApartAfter(word []byte, from, at int) bool {
	if at == len(word) || !letter(word[at]) {
		return true
	}
	if capital(word[at]) {
		return !capital(word[at-1])
	}
	for _, c := range word[from:at] {
		if !capital(c) {
			return false
		}
	}
	return true
}

func capital(c byte) bool { return c >= 'A' && c <= 'Z' }

// around is the part of a word, as case and digits part it, that from..to stands in.
func around(word []byte, from, to int) string {
	for from > 0 && letter(word[from-1]) && (!capital(word[from]) || capital(word[from-1])) {
		from--
	}
	for to < len(word) && letter(word[to]) && (!capital(word[to]) || capital(word[to-1])) {
		to++
	}
	return uncased(string(word[from:to]))
}

// search finds names inside of words for a gate.
func (n *insides) search(file string, data []byte, hits []Hit) []Hit {
	if len(n.list) == 0 {
		return hits
	}
	for i := 0; i < len(data); i++ {
		start := i
		for i < len(data) && wordClass(data[i]) {
			i++
		}
		if at, name, ok := n.find(data, start, i, start); ok {
			hits = append(hits, Hit{file, at, "inside", RuleName, len(name.low)})
		}
	}
	return hits
}
