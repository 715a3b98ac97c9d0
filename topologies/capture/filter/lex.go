package filter

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind of a token.
type kind int

const (
	endOfText kind = iota + 1
	word           // a name or a keyword
	quoted         // a name behind a backslash, which is no keyword
	number
	dotted // an IPv4 address, whole or its first bytes
	address6
	mac
	operator
)

// token is one of a filter.
type token struct {
	kind  kind
	text  string
	at    int // in bytes, from 0
	num   uint32
	bytes []byte // of addresses; of dotted as many as are written
}

// is says whether it is one of these operators or keywords.
func (t token) is(texts ...string) bool {
	return (t.kind == operator || t.kind == word) && slices.Contains(texts, t.text)
}

// String is how messages call it.
func (t token) String() string {
	if t.kind == endOfText {
		return "the end"
	}
	return strconv.Quote(t.text)
}

// operators, those first that begin with another.
func operators() []string {
	return []string{
		"&&", "||", "<<", ">>", "<=", ">=", "==", "!=", "!", "(", ")", "[", "]", ":", "/", "+", "-", "*", "%", "&", "|", "^", "<", ">", "=",
	}
}

// How tokens are written. Of an address with colons it takes two to tell it from a slice, as in [6:2].
var (
	spellAddress = regexp.MustCompile(`^[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*`)
	spellWord    = regexp.MustCompile(`^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?`)
	spellNumber  = regexp.MustCompile(`^(?:0[xX][0-9a-fA-F]+|[0-9]+)$`)
	spellDotted  = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+){1,3}$`)
	spellRange   = regexp.MustCompile(`^([0-9]+)-([0-9]+)$`)
	spellGroups  = regexp.MustCompile(`^[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}$`)
	spellMAC     = regexp.MustCompile(`^[0-9a-fA-F]{1,2}(?:[:.-][0-9a-fA-F]{1,2}){5}$`)
)

// fault is an error at a place of the text.
func fault(text string, at int, hint, format string, args ...any) *Error {
	return &Error{Text: text, Column: at + 1, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// tokens takes a text apart; the last token is its end.
func tokens(text string) ([]token, error) {
	var list []token
	for at := 0; ; {
		for at < len(text) && strings.IndexByte(" \t\r\n", text[at]) >= 0 {
			at++
		}
		if at == len(text) {
			return append(list, token{kind: endOfText, at: at}), nil
		}
		t, err := next(text, at)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		at += len(t.text)
	}
}

func next(text string, at int) (token, error) {
	rest := text[at:]
	t := token{at: at}
	if t.text = spellAddress.FindString(rest); t.text != "" {
		return spelled(text, t)
	}
	if t.text = spellWord.FindString(rest); t.text != "" {
		return spelled(text, t)
	}
	if name := spellWord.FindString(strings.TrimPrefix(rest, `\`)); rest[0] == '\\' && name != "" {
		t.kind, t.text = quoted, `\`+name
		return t, nil
	}
	for _, op := range operators() {
		if strings.HasPrefix(rest, op) {
			t.kind, t.text = operator, op
			return t, nil
		}
	}
	return t, fault(text, at, "", "%q belongs to no filter", []rune(rest)[0])
}

// spelled tells what a word, a number or an address is.
func spelled(text string, t token) (token, error) {
	switch {
	case spellMAC.MatchString(t.text):
		t.kind = mac
		for _, part := range strings.FieldsFunc(t.text, func(r rune) bool { return strings.ContainsRune(":.-", r) }) {
			b, _ := strconv.ParseUint(part, 16, 8) // two hexadecimal digits
			t.bytes = append(t.bytes, byte(b))
		}
	case strings.Contains(t.text, ":"):
		a, err := netip.ParseAddr(t.text)
		if err != nil {
			return t, fault(text, t.at, "an Ethernet address has six bytes, one of IPv6 eight groups or ::", "%q is no address", t.text)
		}
		b := a.As16()
		t.kind, t.bytes = address6, b[:]
	case spellDotted.MatchString(t.text):
		t.kind = dotted
		for part := range strings.SplitSeq(t.text, ".") {
			b, err := strconv.ParseUint(part, 10, 8)
			if err != nil {
				return t, fault(text, t.at, "", "%q is no address of IPv4", t.text)
			}
			t.bytes = append(t.bytes, byte(b))
		}
	case spellNumber.MatchString(t.text):
		n, err := strconv.ParseUint(t.text, 0, 32)
		if err != nil {
			return t, fault(text, t.at, "", "%q is no number of 32 bits", t.text)
		}
		t.kind, t.num = number, uint32(n)
	default:
		if spellGroups.MatchString(t.text) {
			t.kind = mac
			t.bytes, _ = hex.DecodeString(strings.ReplaceAll(t.text, ".", "")) // hexadecimal digits
			return t, nil
		}
		t.kind = word
		if n, ok := constants()[t.text]; ok {
			t.kind, t.num = number, n
		}
	}
	return t, nil
}

func parse32(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err
}
