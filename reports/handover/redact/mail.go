package redact

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"sync"
)

// This file reads the heads of a mail: lines that are folded (RFC 5322, 2.2.3), words that are encoded (RFC 2047) and
// parameters that go on in others (RFC 2231, 3).

// mailHeads are the heads whose text people write, or that name hosts.
//
//nolint:gochecknoglobals // a table that is only read
var mailHeads = set("subject from to cc bcc reply-to sender received references in-reply-to thread-topic comments keywords organization")

// isMailHead tells whether a line is such a head.
func isMailHead(line []byte) bool {
	name, _, ok := bytes.Cut(line[:min(len(line), longestWord)], []byte(":"))
	return ok && len(name) > 1 && capital(name[0]) && mailHeads[lower(string(name))]
}

// readFolded reads the head that begins at at as one line.
func readFolded(data []byte, at int) (reading, bool) {
	v := reading{start: at, end: at}
	for i := at; i < len(data) && i-at < longestToken; {
		if n := foldLength(data[i:]); n > 0 {
			v.add(' ', i, i+n)
			i += n
		} else if data[i] == '\n' {
			break
		} else {
			v.add(data[i], i, i+1)
			i++
		}
		v.end = i
	}
	return v, len(v.text) < v.end-v.start
}

// foldLength is the length of the end of a line and the blanks with which the next one goes on.
func foldLength(b []byte) int {
	n := 0
	if n < len(b) && b[n] == '\r' {
		n++
	}
	if n+1 >= len(b) || b[n] != '\n' || b[n+1] != ' ' && b[n+1] != '\t' {
		return 0
	}
	for n++; n < len(b) && (b[n] == ' ' || b[n] == '\t'); {
		n++
	}
	return n
}

// encodedWord is one word of RFC 2047: charset, encoding, text.
//
//nolint:gochecknoglobals // compiled once
var encodedWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^=\?[\w.:+-]+(?:\*[\w-]+)?\?([BbQq])\?([^?\s]*)\?=`) })

// mailWord is where the text of an encoded word stands, and of how many bytes it is.
type mailWord struct {
	start, end int
	bytes      int
	base64     bool
}

// readEncodedWords reads the encoded words from at on, which a reader sees as one text.
func readEncodedWords(data []byte, at int) (reading, bool) {
	v := reading{start: at, end: at, write: writeQ}
	var words []mailWord
	some64 := false
	for i := at; i < len(data) && len(v.text) < longestToken; {
		m := encodedWord().FindSubmatchIndex(data[i:min(len(data), i+longestToken)])
		if m == nil {
			break
		}
		w := mailWord{start: i + m[4], end: i + m[5], base64: data[i+m[2]]|0x20 == 'b'}
		was := len(v.text)
		if !v.addWord(data, w) {
			return v, false
		}
		w.bytes = len(v.text) - was
		words = append(words, w)
		some64 = some64 || w.base64
		v.end = i + m[1]
		i = v.end
		for i < len(data) && strings.IndexByte(" \t\r\n", data[i]) >= 0 {
			i++
		}
	}
	if some64 {
		old := data
		v.again = func(text []byte) []byte { return writeWords(old, v.start, v.end, words, text) }
	}
	return v, len(words) > 0
}

// addWord appends what an encoded word says.
func (v *reading) addWord(data []byte, w mailWord) bool {
	if w.base64 {
		text, err := base64.StdEncoding.DecodeString(string(data[w.start:w.end]))
		if err != nil {
			return false
		}
		for _, c := range text {
			v.add(c, w.start, w.end)
		}
		return true
	}
	for i := w.start; i < w.end; {
		switch c, ok := hex2(data[min(i+1, w.end):w.end]); {
		case data[i] == '=' && ok:
			v.add(c, i, i+3)
			i += 3
		case data[i] == '_':
			v.add(' ', i, i+1)
			i++
		default:
			v.add(data[i], i, i+1)
			i++
		}
	}
	return true
}

// writeQ writes a byte as the encoding Q does, as a number where the old one was.
func writeQ(old []byte, c byte) []byte {
	switch {
	case len(old) != 3 && c == ' ':
		return []byte{'_'}
	case len(old) != 3 && c < 0x80 && (wordClass(c) || strings.IndexByte("!*+-/", c) >= 0):
		return []byte{c}
	}
	return append([]byte{'='}, hexLike([]byte("A"), c)...)
}

// writeWords writes a text into the places of encoded words, as many bytes in each as it had; the last has the rest.
func writeWords(data []byte, start, end int, words []mailWord, text []byte) []byte {
	var out []byte
	at := start
	for i, w := range words {
		n := min(w.bytes, len(text))
		if i == len(words)-1 {
			n = len(text)
		}
		out = append(out, data[at:w.start]...)
		if w.base64 {
			out = base64.StdEncoding.AppendEncode(out, text[:n])
		} else {
			for _, c := range text[:n] {
				out = append(out, writeQ(nil, c)...)
			}
		}
		text, at = text[n:], w.end
	}
	return append(out, data[at:end]...)
}

// continuesFrom tells whether a text ends in name*0 or name*0*, behind which the first part of a parameter stands.
func continuesFrom(text []byte) bool {
	return bytes.HasSuffix(bytes.TrimSuffix(text, []byte("*")), []byte("*0"))
}

// continued parameters: name*1="text", name*2*=te%78t.
//
//nolint:gochecknoglobals // compiled once
var furtherPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^;?\s*[\w-]+\*\d+\*?=`) })

// readContinued reads the parameter whose first part begins behind the = at at.
func readContinued(data []byte, at int) (reading, bool) {
	v := reading{start: at + 1, write: writePercent, values: true}
	parts := 0
	for i := at + 1; ; parts++ {
		quoted := i < len(data) && data[i] == '"'
		if quoted {
			i++
		}
		for i < len(data) && i-at < longestToken && data[i] != '"' && (quoted || data[i] > ' ' && data[i] != ';') {
			if c, n := percentCode(data[i:]); n > 0 {
				v.add(c, i, i+n)
				i += n
				continue
			}
			v.add(data[i], i, i+1)
			i++
		}
		v.end = i
		if quoted && i < len(data) && data[i] == '"' {
			i++
		}
		m := furtherPart().FindIndex(data[i:min(len(data), i+longestWord)])
		if m == nil {
			return v, parts > 0
		}
		i += m[1]
	}
}

// readFirstPart reads the parameter whose name ends in the *0= or *0*= at at.
func readFirstPart(data []byte, at int) (reading, bool) {
	return readContinued(data, at+bytes.IndexByte(data[at:], '='))
}
