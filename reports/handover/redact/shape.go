package redact

import (
	"encoding/binary"
	"strings"
	"sync"
)

// shapes replaces a value by another of the same length and shape: a digit by a digit,
// a letter by a letter of the same case, and all other characters by themselves, so that
// a password stays one that the same parser accepts. It is a keyed permutation over the
// values of one shape, so two values never become one, and the key alone reverses it:
// a Feistel network whose halves are added modulo the size of each position's alphabet
// (the construction of NIST SP 800-38G, on mixed alphabets, with HMAC-SHA256).
type shapes struct {
	key prf

	mu    sync.RWMutex
	cache map[string]string
}

const (
	shapeRounds = 10
	// cacheLongest is the longest value kept in a cache; longer ones are keys that come once.
	cacheLongest = 256
)

// place is one position that varies: where, its alphabet's first character and size.
type place struct {
	at          int
	first, size byte
}

// places lists what varies in v. Hex digits of a long hex string are one alphabet; of a
// character outside ASCII, the last byte's six bits vary.
func places(v []byte) (list []place, hexa bool) {
	list = make([]place, 0, len(v))
	hexa = isHexSecret(v)
	for i, c := range v {
		switch {
		case hexa && isHex(c):
			list = append(list, place{i, 0, 16})
		case c >= '0' && c <= '9':
			list = append(list, place{i, '0', 10})
		case c >= 'a' && c <= 'z':
			list = append(list, place{i, 'a', 26})
		case c >= 'A' && c <= 'Z':
			list = append(list, place{i, 'A', 26})
		case c >= 0x80 && c < 0xc0 && i > 0 && v[i-1] >= 0x80 && (i+1 == len(v) || v[i+1] < 0x80 || v[i+1] >= 0xc0):
			list = append(list, placeOf(i, v[i-1], c))
		}
	}
	return list, hexa
}

// letterBlocks are where the small letters of two bytes stand, and the capitals: by the
// first byte, the first of the second ones and how many.
//
//nolint:gochecknoglobals // a table that is only read
var letterBlocks = map[byte][]place{
	0xc3: {{0, 0x80, 31}, {0, 0x9f, 33}}, // Latin-1
	0xce: {{0, 0x80, 44}, {0, 0xac, 20}}, // Greek
	0xcf: {{0, 0x80, 15}, {0, 0x8f, 49}}, // Greek
	0xd0: {{0, 0x80, 48}, {0, 0xb0, 16}}, // Cyrillic
	0xd1: {{0, 0x80, 32}, {0, 0xa0, 32}}, // Cyrillic
}

// placeOf is the place of the last byte of a character.
func placeOf(at int, first, last byte) place {
	for _, b := range letterBlocks[first] {
		if last >= b.first && last < b.first+b.size {
			return place{at, b.first, b.size}
		}
	}
	return place{at, 0x80, 64}
}

// isHexSecret tells whether v is a hex string of 8 bytes and more in one case, possibly
// in groups.
func isHexSecret(v []byte) bool {
	digits, letters, upper, lower := 0, 0, 0, 0
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'f':
			letters++
			lower++
		case c >= 'A' && c <= 'F':
			letters++
			upper++
		case c == ':' || c == ' ' || c == '-' || c == '.':
		default:
			return false
		}
	}
	return digits+letters >= 16 && letters > 0 && (upper == 0 || lower == 0)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

func (s *shapes) forward(v string) string { return s.get(v, false) }

func (s *shapes) backward(v string) string { return s.get(v, true) }

func (s *shapes) get(v string, back bool) string {
	if back || len(v) > cacheLongest {
		return s.permute(v, back)
	}
	s.mu.RLock()
	out, ok := s.cache[v]
	s.mu.RUnlock()
	if ok {
		return out
	}
	out = s.permute(v, false)
	s.mu.Lock()
	s.cache[v] = out
	s.mu.Unlock()
	return out
}

// permutePart is as much of a value as is permuted as one: the work for a part grows with the
// square of its length.
const permutePart = 4 << 10

func (s *shapes) permute(v string, back bool) string {
	if len(v) <= permutePart {
		return s.permuteOne(v, back)
	}
	var b strings.Builder
	for len(v) > permutePart {
		b.WriteString(s.permuteOne(v[:permutePart], back))
		v = v[permutePart:]
	}
	b.WriteString(s.permuteOne(v, back))
	return b.String()
}

func (s *shapes) permuteOne(v string, back bool) string {
	out := []byte(v)
	list, hexa := places(out)
	digits := "0123456789abcdef"
	val := make([]byte, len(list))
	for i, p := range list {
		if hexa {
			val[i] = hexValue(out[p.at])
			if out[p.at] >= 'A' && out[p.at] <= 'F' {
				digits = "0123456789ABCDEF"
			}
		} else {
			val[i] = out[p.at] - p.first
		}
	}
	for letter := !hexa; ; {
		s.feistel(list, val, back)
		for i, p := range list {
			if hexa {
				out[p.at] = digits[val[i]]
				letter = letter || val[i] > 9
			} else {
				out[p.at] = p.first + val[i]
			}
		}
		if letter || len(list) == 0 { // hex that became a number walks on, so that it can be told back
			return string(out)
		}
	}
}

// hex permutes the hex digits at these places of v, each in its case.
func (s *shapes) hex(v string, at []int) string {
	out := []byte(v)
	list, val := make([]place, len(at)), make([]byte, len(at))
	upper := false
	for i, p := range at {
		list[i], val[i] = place{i, 0, 16}, hexValue(out[p])
		upper = upper || out[p] >= 'A' && out[p] <= 'F'
	}
	s.feistel(list, val, false)
	for i, p := range at {
		digits := "0123456789abcdef"
		if out[p] >= 'A' && out[p] <= 'F' || upper && isDigit(out[p]) {
			digits = "0123456789ABCDEF"
		}
		out[p] = digits[val[i]]
	}
	return string(out)
}

func (s *shapes) feistel(list []place, val []byte, back bool) {
	if len(list) == 0 {
		return
	}
	cut := len(list) / 2
	for i := range shapeRounds {
		round := i
		if back {
			round = shapeRounds - 1 - i
		}
		lo, hi, other := cut, len(list), val[:cut]
		if round%2 == 1 && cut > 0 {
			lo, hi, other = 0, cut, val[cut:]
		}
		s.add(list[lo:hi], val[lo:hi], other, byte(round), back)
	}
}

func (s *shapes) add(list []place, val, other []byte, round byte, back bool) {
	var block [32]byte
	for i, p := range list {
		if i%16 == 0 {
			var n [4]byte
			binary.BigEndian.PutUint32(n[:], uint32(i))
			block = s.key.sum([]byte{round, byte(len(list) & 0xff), byte(len(list) >> 8 & 0xff)}, n[:], other)
		}
		size := uint16(p.size)
		step := binary.BigEndian.Uint16(block[i%16*2:]) % size
		if back {
			step = size - step
		}
		val[i] = byte((uint16(val[i]) + step) % size & 0xff)
	}
}
