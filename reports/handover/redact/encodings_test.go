package redact_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
)

var moves = regexp.MustCompile("\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b\\[[0-9;?]*[A-Za-z]")

func unhexed(s string) string { out, _ := hex.DecodeString(s); return string(out) }

var wordsOfDump = regexp.MustCompile(`(?m) +([0-9a-f]{4})\b`)

func unswapped(s string) string {
	out := ""
	for _, m := range wordsOfDump.FindAllStringSubmatch(s, -1) {
		raw, _ := hex.DecodeString(m[1])
		out += string([]byte{raw[1], raw[0]})
	}
	return out
}

// eachTwo gives the form of two bytes at a time; the last one alone has a zero beside it.
func eachTwo(v string, form func(a, b byte) string) string {
	out := ""
	for i := 0; i < len(v); i += 2 {
		b := byte(0)
		if i+1 < len(v) {
			b = v[i+1]
		}
		out += form(v[i], b)
	}
	return out
}

// swapped is a dump of words of two bytes as a little-endian machine shows them: hexdump, od -x.
func swapped(text, head, word string) string {
	out := ""
	for at := 0; at < len(text); at += 16 {
		out += fmt.Sprintf(head, at) + eachTwo(text[at:min(len(text), at+16)], func(a, b byte) string { return fmt.Sprintf(word, b, a) }) + "\n"
	}
	return out
}

// moreEncodings are those of other programs.
func moreEncodings() []encoding {
	sprintf := func(format string) func(byte) string { return func(c byte) string { return fmt.Sprintf(format, c) } }
	text := func(v string) string { return fmt.Sprintf(around, v) }
	half := func(v string) int { return len(v) / 2 }
	without := func(cut ...string) func(string) string {
		return func(s string) string {
			for _, c := range cut {
				s = strings.ReplaceAll(s, c, "")
			}
			return s
		}
	}
	between := func(sep string) func(string) string {
		return func(v string) string { return v[:half(v)] + sep + v[half(v):] }
	}
	return []encoding{
		{"base32", func(v string) string { return base32.StdEncoding.EncodeToString([]byte(text(v))) }, func(s string) string {
			out, _ := base32.StdEncoding.DecodeString(s)
			return string(out)
		}},
		{"base32, wrapped", func(v string) string {
			return wrapped(base32.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 34)+text(v))), 76)
		}, func(s string) string {
			out, _ := base32.StdEncoding.DecodeString(s) // it passes over the ends of lines
			return string(out)
		}},
		{"base32 of the value", func(v string) string {
			return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(v))
		}, func(s string) string {
			out, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
			return string(out)
		}},
		{"base64 of the value", func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) }, unbase64},
		{"base64url", func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe?>" + text(v))) }, func(s string) string {
			out, _ := base64.RawURLEncoding.DecodeString(s)
			return string(out)
		}},
		{"base64, quoted in a mail", func(v string) string {
			return "> " + strings.ReplaceAll(wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 51)+text(v))), 76), "\n", "\n> ")
		}, func(s string) string { return unbase64(strings.ReplaceAll(s, "> ", "")) }},
		{"base64, indented", func(v string) string {
			return "    " + strings.ReplaceAll(wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 51)+text(v))), 64), "\n", "\n    ")
		}, unbase64},
		{"base64 with CRLF", func(v string) string {
			return strings.ReplaceAll(wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 51)+text(v))), 76), "\n", "\r\n")
		}, func(s string) string { return unbase64(strings.ReplaceAll(s, "\r", "")) }},
		{"base64 of hex", func(v string) string {
			return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString([]byte(text(v)))))
		}, func(s string) string { return unhexed(unbase64(s)) }},
		{"hex of base64", func(v string) string {
			return hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(text(v)))))
		}, func(s string) string { return unbase64(unhexed(s)) }},
		{"base64 of base64 of base64", func(v string) string {
			return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(text(v)))))))
		}, func(s string) string { return unbase64(unbase64(unbase64(s))) }},
		{"percent twice", func(v string) string { return each(v, sprintf("%%25%02X")) }, func(s string) string {
			return unhexed(strings.ReplaceAll(s, "%25", ""))
		}},
		{"= of quoted-printable", func(v string) string { return "=20" + each(v, sprintf("=%02X")) }, func(s string) string { return unhexed(strings.ReplaceAll(s, "=", "")) }},
		{"encoded word, B", func(v string) string {
			return "Subject: =?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte("on "+v+" here")) + "?="
		}, decodedHeader},
		{"encoded word, Q", func(v string) string { return "Subject: =?utf-8?Q?on_" + each(v, sprintf("=%02X")) + "_here?=" }, decodedHeader},
		{"encoded words, B", func(v string) string {
			return "Subject: =?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte("on "+v[:half(v)])) + "?=\n =?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(v[half(v):]+" here")) + "?="
		}, decodedHeader},
		{"encoded words, Q", func(v string) string {
			return "Subject: =?utf-8?Q?on_" + each(v[:half(v)], sprintf("=%02X")) + "?=\r\n =?utf-8?Q?" + each(v[half(v):], sprintf("=%02X")) + "_here?="
		}, decodedHeader},
		{"continued parameter", func(v string) string {
			return "filename*0*=utf-8''" + each(v[:half(v)], sprintf("%%%02X")) + ";\n filename*1=\"" + v[half(v):] + "\""
		}, func(s string) string {
			s, _ = url.PathUnescape(without("utf-8''", "\n", `"`)(s))
			return regexp.MustCompile(`;? ?filename\*\d\*?=`).ReplaceAllString(s, "")
		}},
		{"half in bold", func(v string) string { return "<b>" + v[:half(v)] + "</b>" + v[half(v):] }, without("<b>", "</b>")},
		{"each letter in a tag", func(v string) string { return each(v, sprintf(`<span class="x">%c</span>`)) }, without(`<span class="x">`, "</span>")},
		{"runs of a document", between("</w:t></w:r>\n  <w:r><w:rPr><w:b/></w:rPr>\n  <w:t>"), without("</w:t></w:r>\n  <w:r><w:rPr><w:b/></w:rPr>\n  <w:t>")},
		{"a place to break", between("<wbr>"), without("<wbr>")},
		{"a soft hyphen's entity", between("&shy;"), without("&shy;")},
		{"a comment inside", between("<!-- x -->"), without("<!-- x -->")},
		{"CDATA", func(v string) string { return v[:half(v)] + "<![CDATA[" + v[half(v):] + "]]>" }, without("<![CDATA[", "]]>")},
		{"wrapped in a quoted mail", func(v string) string { return "> see " + v[:half(v)] + "\n> " + v[half(v):] + " there" }, without("\n> ")},
		{"entities with zeros", func(v string) string { return each(v, sprintf("&#%04d;")) }, func(s string) string { return unnumbered(strings.ReplaceAll(s, "&#", " ")) }},
		{"X'' of a database", func(v string) string { return `X'` + strings.ToUpper(hex.EncodeToString([]byte(v))) + `'` }, func(s string) string { return unhexed(strings.Trim(s, `X'`)) }},
		{"0x of a database", func(v string) string { return "0x" + strings.ToUpper(hex.EncodeToString([]byte(v))) }, func(s string) string { return unhexed(strings.TrimPrefix(s, "0x")) }},
		{"hexdump", func(v string) string { return swapped(text(v), "%07x", " %02x%02x") }, unswapped},
		{"od -x", func(v string) string { return swapped(text(v), "%07o", " %02x%02x") }, unswapped},
		{"tcpdump -X", func(v string) string {
			return strings.ReplaceAll(xxd(strings.ReplaceAll(text(v), "\n", "."), 2, "\t0x%04x:  ", ""), "  the", "  the")
		}, undump},
		{"Wireshark's dump", func(v string) string { return xxd(strings.ReplaceAll(text(v), "\n", "."), 1, "%04x   ", "  ") }, undump},
		{"hd with a star", func(v string) string {
			return xxd(strings.Repeat("=", 16)+strings.ReplaceAll(text(v), "\n", "."), 1, "%08x  ", "|") + "*\n"
		}, undump},
		{"Hex-STRING", func(v string) string {
			return "iso.3.6.1 = Hex-STRING: " + strings.TrimSpace(each(v, sprintf("%02X ")))
		}, func(s string) string {
			_, s, _ = strings.Cut(s, "STRING: ")
			return unhexed(strings.ReplaceAll(s, " ", ""))
		}},
		{"overstruck", func(v string) string { return each(v, func(c byte) string { return string([]byte{c, '\b', c}) }) }, func(s string) string {
			return regexp.MustCompile(`.\x08`).ReplaceAllString(s, "")
		}},
		{"underlined", func(v string) string { return each(v, sprintf("_\b%c")) }, without("_\b")},
		{"erased to the end inside", between("\x1b[K"), func(s string) string { return moves.ReplaceAllString(s, "") }},
		{"a title inside", between("\x1b]0;sw\x07"), func(s string) string { return moves.ReplaceAllString(s, "") }},
		{"a link inside", between("\x1b]8;;http://x\x1b\\"), func(s string) string { return moves.ReplaceAllString(s, "") }},
	}
}

func decodedHeader(s string) string {
	out, _ := new(mime.WordDecoder).DecodeHeader(s)
	return out
}
