package redact

import (
	"encoding/hex"
	"strings"
)

// secret gives the replacement of a secret in its own format, so that the parser of the
// platform accepts it: type 7 decodes to the replacement of what it hid, Junos $9$ too,
// and a hash keeps its algorithm and rounds.
func (r *Redactor) secret(v string) string {
	if len(v) > cacheLongest {
		return r.makeSecret(v)
	}
	if out, ok := r.made.Load(v); ok {
		if text, ok := out.(string); ok {
			return text
		}
	}
	out := r.makeSecret(v)
	r.made.Store(v, out)
	return out
}

func (r *Redactor) makeSecret(v string) string {
	if plain, ok := decodeType7(v); ok && !isNumber(v) { // a number is more often itself
		if out := encodeType7(r.shapes.forward(plain), v); out != v {
			return out
		}
	}
	if strings.HasPrefix(v, "$9$") && !strings.Contains(v[3:], "$") {
		if plain, ok := decodeJunos9(v); ok {
			if out, ok := encodeJunos9(r.shapes.forward(plain), v); ok {
				return out
			}
		}
	}
	n := hashHead(v)
	return v[:n] + r.shapes.forward(v[n:])
}

// hashHead is the length of $6$, $2b$10$, $5$rounds=5000$, {SSHA512} or 0x in front of a value.
func hashHead(v string) int {
	switch {
	case strings.HasPrefix(v, "0x") || strings.HasPrefix(v, "0X"):
		return 2
	case strings.HasPrefix(v, "{"):
		if i := strings.IndexByte(v, '}'); i > 0 && i < 12 {
			return i + 1
		}
		return 0
	case !strings.HasPrefix(v, "$"):
		return 0
	}
	i := strings.IndexByte(v[1:], '$')
	if i < 1 || i > 12 {
		return 0
	}
	n := i + 2
	for {
		j := strings.IndexByte(v[n:], '$')
		part := ""
		if j > 0 {
			part = v[n : n+j]
		}
		if j <= 0 || !strings.Contains(part, "=") && (len(part) > 2 || strings.Trim(part, "0123456789") != "") {
			return n
		}
		n += j + 1
	}
}

// type7Key is the constant that Cisco's type 7 is masked with; it is public.
const type7Key = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// decodeType7 reveals a type 7 string: two decimal digits of offset and hex.
func decodeType7(v string) (string, bool) {
	if len(v) < 6 || len(v)%2 != 0 || v[0] < '0' || v[0] > '5' || v[1] < '0' || v[1] > '9' {
		return "", false
	}
	raw, err := hex.DecodeString(v[2:])
	at := int(v[0]-'0')*10 + int(v[1]-'0')
	if err != nil || at >= len(type7Key) {
		return "", false
	}
	for i := range raw {
		raw[i] ^= type7Key[(at+i)%len(type7Key)]
		if raw[i] < ' ' || raw[i] > '~' {
			return "", false
		}
	}
	return string(raw), true
}

func encodeType7(plain, like string) string {
	at := int(like[0]-'0')*10 + int(like[1]-'0')
	raw := []byte(plain)
	for i := range raw {
		raw[i] ^= type7Key[(at+i)%len(type7Key)]
	}
	out := hex.EncodeToString(raw)
	if strings.ContainsAny(like[2:], "abcdef") {
		return like[:2] + out
	}
	return like[:2] + strings.ToUpper(out)
}

// junosFamilies order the alphabet of Junos $9$, which hides a text without a key. The
// algorithm is public (Crypt::Juniper).
//
//nolint:gochecknoglobals // a table that is only read
var (
	junosFamilies = []string{"QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T"}
	junosWeights  = [][]int{{1, 4, 32}, {1, 16, 32}, {1, 8, 32}, {1, 64}, {1, 32}, {1, 4, 16, 128}, {1, 32, 64}}
)

func junosIndex(c byte) (index, extra int, ok bool) {
	at := 0
	for i, f := range junosFamilies {
		if j := strings.IndexByte(f, c); j >= 0 {
			return at + j, 3 - i, true
		}
		at += len(f)
	}
	return 0, 0, false
}

func decodeJunos9(v string) (string, bool) {
	alphabet := strings.Join(junosFamilies, "")
	body := v[3:]
	if body == "" {
		return "", false
	}
	prev, extra, ok := junosIndex(body[0])
	if !ok || len(body) < 1+extra {
		return "", false
	}
	at := 1 + extra
	var plain []byte
	for at < len(body) {
		weights := junosWeights[len(plain)%len(junosWeights)]
		if at+len(weights) > len(body) {
			return "", false
		}
		sum := 0
		for _, w := range weights {
			index, _, ok := junosIndex(body[at])
			if !ok {
				return "", false
			}
			gap := (index-prev+len(alphabet))%len(alphabet) - 1
			if gap < 0 {
				gap += len(alphabet)
			}
			sum += gap * w
			prev = index
			at++
		}
		plain = append(plain, byte(sum%256))
	}
	return string(plain), len(plain) > 0
}

func encodeJunos9(plain, like string) (string, bool) {
	alphabet := strings.Join(junosFamilies, "")
	prev, extra, ok := junosIndex(like[3])
	if !ok {
		return "", false
	}
	out := []byte(like[:4+extra])
	for i := range len(plain) {
		weights := junosWeights[i%len(junosWeights)]
		gaps := make([]int, len(weights))
		rest := int(plain[i])
		for j := len(weights) - 1; j >= 0; j-- {
			gaps[j] = rest / weights[j]
			rest %= weights[j]
		}
		for _, g := range gaps {
			prev = (prev + g + 1) % len(alphabet)
			out = append(out, alphabet[prev])
		}
	}
	return string(out), len(out) == len(like)
}
