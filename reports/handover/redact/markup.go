package redact

import (
	"bytes"

	"golang.org/x/text/unicode/norm"
)

// regions are the lines of a text that have what has finds, each with those that follow it and have it too.
func regions(data []byte, has func(b []byte) int) (list []span) {
	for at := 0; at < len(data); {
		n := has(data[at:])
		if n < 0 {
			break
		}
		start := max(at, lineStart(data, at+n))
		end := rowEnd(data, at+n)
		for end < len(data) && end-start < longestPart {
			next := rowEnd(data, end+1)
			if has(data[end+1:next]) < 0 {
				break
			}
			end = next
		}
		end = min(end, start+longestPart)
		list = append(list, span{start, end})
		at = end + 1
	}
	return list
}

// markups are the parts of a text that have tags or characters that a page does not show.
func markups(data []byte) (list []reading) {
	for _, r := range regions(data, firstTag) {
		if v, ok := readMarkup(data, r.from, r.to); ok {
			list = append(list, v)
		}
	}
	return list
}

// firstTag is where the first of them is; -1 where there is none.
func firstTag(b []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexAny(b[i:], "<&")
		if n < 0 {
			return -1
		}
		if i += n; tagLength(b[i:]) > 0 || unseenEntity(b[i:]) > 0 {
			return i
		}
	}
}

// readMarkup reads a part of HTML or XML without its tags and comments, and without what a page does not show, as a
// reader sees a word that is half in bold: <b>Acme</b>corp, the runs of a document, Acme<wbr>corp.
func readMarkup(data []byte, start, end int) (reading, bool) {
	v := reading{start: start, end: end, values: true}
	tags := false
	data = data[:end]
	for i := start; i < end; {
		n := 0
		switch data[i] {
		case '<', ']':
			n = tagLength(data[i:])
		case '&':
			n = unseenEntity(data[i:])
		}
		if n == 0 {
			v.add(data[i], i, i+1)
			i++
			continue
		}
		tags = true
		i += n
		if data[i-1] == '>' {
			i += betweenTags(data[i:])
		}
	}
	return v, tags
}

// tagLength is the length of the tag, the comment or the mark of CDATA that b begins with; 0 where there is none.
func tagLength(b []byte) int {
	for _, mark := range []string{"<![CDATA[", "]]>"} {
		if bytes.HasPrefix(b, []byte(mark)) {
			return len(mark)
		}
	}
	b = b[:min(len(b), longestToken)]
	if bytes.HasPrefix(b, []byte("<!--")) {
		if n := bytes.Index(b, []byte("-->")); n > 0 {
			return n + len("-->")
		}
		return 0
	}
	if len(b) < 3 || b[0] != '<' || b[1] != '/' && (!letter(b[1]) || b[1] >= 0x80) || b[1] == '/' && (!letter(b[2]) || b[2] >= 0x80) {
		return 0
	}
	n := bytes.IndexAny(b[1:], "<>\x00") + 1
	if n == 0 || b[n] != '>' {
		return 0
	}
	return n + 1
}

// betweenTags is the length of the end of a line and its blanks between two tags, which show nothing.
func betweenTags(b []byte) int {
	n, lines := 0, 0
	for n < len(b) && (b[n] == ' ' || b[n] == '\t' || b[n] == '\r' || b[n] == '\n') {
		if b[n] == '\n' {
			lines++
		}
		n++
	}
	if lines == 0 || n >= len(b) || b[n] != '<' {
		return 0
	}
	return n
}

// unseenEntity is the length of the entity of a character without width that b begins with; 0 where there is none.
func unseenEntity(b []byte) int {
	for _, e := range []string{"&shy;", "&#173;", "&#xad;", "&#xAD;", "&zwnj;", "&zwj;", "&#8203;", "&#x200b;", "&#x200B;", "&#8288;", "&ZeroWidthSpace;", "&NoBreak;"} {
		if bytes.HasPrefix(b, []byte(e)) {
			return len(e)
		}
	}
	return 0
}

// composed are the parts of a text that have marks behind their letters.
func composed(data []byte) (list []reading) {
	for _, r := range regions(data, firstMark) {
		if v, ok := readComposed(data, r.from, r.to); ok {
			list = append(list, v)
		}
	}
	return list
}

// readComposed reads a part whose marks stand behind their letters (Unicode's form D, as macOS writes names of files) with
// letters that have them.
func readComposed(data []byte, start, end int) (reading, bool) {
	v := reading{start: start, end: end, values: true, letters: func(_ []byte, text string) string { return norm.NFD.String(text) }}
	data = data[:end]
	for i := start; i < end; {
		n := 1
		for data[i] < 0x80 && i+n+1 < len(data) && isMark(data[i+n:]) {
			n += 2
		}
		if n == 1 {
			v.add(data[i], i, i+1)
			i++
			continue
		}
		v.addLetter(norm.NFC.String(string(data[i:i+n])), i, i+n)
		i += n
	}
	return v, len(v.text) < end-start
}

// firstMark is where the first combining mark is; -1 where there is none.
func firstMark(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if isMark(b[i:]) {
			return i
		}
	}
	return -1
}

// isMark tells a combining mark of U+0300 to U+036F.
func isMark(b []byte) bool {
	return b[0] == 0xcc && b[1] >= 0x80 || b[0] == 0xcd && b[1] >= 0x80 && b[1] <= 0xaf
}
