package redact_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"mime/quotedprintable"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// The corpus is in testdata/corpus: planted-PLATFORM.txt are lines with places for values,
// innocent-PLATFORM.txt are lines in which nothing may change. In a place stands
//
//	@s@ a secret  @m@ one that looks random  @c@ a community  @u@ a user  @h@ a host  @n@ a name
//	@x@ hex  @7@ type 7  @b@ letters and digits at random  @d@ digits  @A@ capitals and digits
//
// Each line is planted as often as there are variants, with values of other shapes.

var platforms = []string{"ios", "nxos", "junos", "eos", "exos", "voss", "linux", "logs", "others", "vendors", "services", "prose"}

const variants = 3

// long are those of which each line is planted once, with one of the variants.
var long = []string{"vendors", "services", "prose"}

// planter makes values; no two are the same.
type planter struct{ n int }

var syllables = strings.Fields("ka sto ni bel ru mi tan vo les dri go pu zen fal hi wor")

func (p *planter) letters() string {
	out := ""
	for n := p.n*7919 + 4096*16; n > 0; n /= 16 {
		out += syllables[n%16]
	}
	return out
}

func (p *planter) random(n int) string {
	const all = "bcdfghkmnpqrstvwxzBCDFGHKMNPQRSTVWXZ23456789"
	out, v := make([]byte, n), uint64(p.n)*6364136223846793005+1442695040888963407
	for i := range out {
		v = v*6364136223846793005 + 1442695040888963407
		out[i] = all[v>>33%uint64(len(all))]
	}
	return string(out)
}

func (p *planter) value(kind string, variant int) string {
	p.n++
	switch kind {
	case "s":
		switch (p.n + variant) % 6 {
		case 0:
			return p.letters()
		case 1:
			return strconv.Itoa(70000000 + p.n*7919)
		case 2:
			return "Zr!" + p.random(5) + "#" + strconv.Itoa(p.n)
		case 3:
			return "Kiesel-" + strconv.Itoa(1000+p.n) + "q"
		case 4:
			return []string{"Welcome", "Router", "Network", "summer"}[p.n%4] + strconv.Itoa(1000+p.n)
		}
		return p.random(11) + strconv.Itoa(p.n)
	case "c":
		if variant == 0 {
			return p.letters()
		}
		return "Wiese" + strconv.Itoa(1000+p.n)
	case "u":
		return []string{p.letters(), "u" + strconv.Itoa(40000+p.n), "j." + p.letters()}[variant%3]
	case "h":
		return []string{"zrh-core-" + strconv.Itoa(1000+p.n), "brn" + p.letters() + "sw4", "MUC-" + strings.ToUpper(p.letters()) + "-7"}[variant%3]
	case "n":
		return "Ahornhof" + strconv.Itoa(1000+p.n)
	case "x":
		return hex.EncodeToString([]byte(p.random(16)))
	case "7":
		return type7(p.random(9))
	case "d":
		return strconv.Itoa(100000 + p.n*37)
	case "A":
		return strings.ToUpper(p.random(16))
	}
	return p.random(22 + p.n%7)
}

func type7(plain string) string {
	const key = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
	out := "08"
	for i := range len(plain) {
		out += fmt.Sprintf("%02X", plain[i]^key[8+i])
	}
	return out
}

var places = regexp.MustCompile(`@([smcuhnx7bdA])@`)

// fill puts values into the places of a line.
func (p *planter) fill(line string, variant int) (text string, values []string) {
	line = strings.NewReplacer(`\\`, "\x00", `\n`, "\n", `\t`, "\t", `\r`, "\r", `\xa0`, "\xa0").Replace(line)
	text = places.ReplaceAllStringFunc(line, func(place string) string {
		v := p.value(place[1:2], variant)
		if place == "@m@" && len(v) < 12 {
			v += "7Qx"
		}
		values = append(values, v)
		return v
	})
	return strings.ReplaceAll(text, "\x00", `\`), values
}

func corpusLines(tb testing.TB, kind, platform string) []string {
	tb.Helper()
	var list []string
	for line := range strings.Lines(string(read(tb, "corpus/"+kind+"-"+platform+".txt"))) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func tablesTold(t *testing.T, head string, rows [][4]any) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-22s %8s %8s %9s\n", head, "tried", "missed", "share")
	var all, missed int
	for _, r := range rows {
		n, m := r[1].(int), r[2].(int) //nolint:forcetypeassert // made here
		all, missed = all+n, missed+m
		fmt.Fprintf(&b, "%-22s %8d %8d %8.2f%%\n", r[0], n, m, 100*float64(m)/float64(max(1, n)))
	}
	fmt.Fprintf(&b, "%-22s %8d %8d %8.2f%%\n", "all", all, missed, 100*float64(missed)/float64(max(1, all)))
	t.Log(b.String())
}

// TestCorpusRecall: of what a line declares to be secret or a name nothing is left.
func TestCorpusRecall(t *testing.T) {
	var rows [][4]any
	planted := 0
	for _, platform := range platforms {
		p := planter{}
		tried, missed := 0, 0
		for n, line := range corpusLines(t, "planted", platform) {
			for variant := range variants {
				if testing.Short() && variant > 0 {
					break
				}
				if slices.Contains(long, platform) && variant != n%variants {
					continue
				}
				text, values := p.fill(line, variant)
				name := "x.log"
				if strings.HasPrefix(text, "{") {
					name = "x.json"
				}
				r := newRedactor(t, redact.Options{})
				r.Learn(name, []byte(text))
				out := string(r.Text(name, []byte(text)))
				for _, v := range values {
					tried++
					if strings.Contains(strings.ToLower(out), strings.ToLower(v)) {
						missed++
						t.Errorf("%s: %q of %q is left: %q", platform, v, text, out)
					}
				}
				if hits := r.Gate().Data(name, []byte(out)); len(hits) > 0 {
					t.Errorf("%s: %q became %q, and the gate finds %v", platform, text, out, hits)
				}
			}
		}
		planted += tried
		rows = append(rows, [4]any{platform, tried, missed})
	}
	tablesTold(t, "planted values", rows)
	if planted < 600 {
		t.Errorf("%d planted values, want 600 and more", planted)
	}
}

// TestCorpusPrecision: lines that hold nothing stay as they are, alone and as a file, also
// beside what else was learned on that platform.
func TestCorpusPrecision(t *testing.T) {
	var rows [][4]any
	all, changed := 0, 0
	for _, platform := range platforms {
		lines := corpusLines(t, "innocent", platform)
		r := newRedactor(t, redact.Options{})
		p := planter{}
		for _, line := range corpusLines(t, "planted", platform) {
			text, _ := p.fill(line, 0)
			r.Learn("p.log", []byte(text))
		}
		whole := []byte(strings.Join(lines, "\n") + "\n")
		r.Learn("x.log", whole)
		out := strings.Split(string(r.Text("x.log", whole)), "\n")
		bad := 0
		for i, line := range lines {
			single := newRedactor(t, redact.Options{})
			name := "x.log"
			if strings.HasPrefix(line, "{") {
				name = "x.json"
			}
			single.Learn(name, []byte(line))
			if got := string(single.Text(name, []byte(line))); i >= len(out) || out[i] != line || got != line {
				bad++
				t.Logf("%s: %q became %q in its file, and %q alone", platform, line, out[min(i, len(out)-1)], got)
			}
		}
		all, changed = all+len(lines), changed+bad
		rows = append(rows, [4]any{platform, len(lines), bad})
	}
	tablesTold(t, "innocent lines", rows)
	if all < 600 {
		t.Errorf("%d innocent lines, want 600 and more", all)
	}
	if changed*200 >= all {
		t.Errorf("%d of %d innocent lines were changed, want less than 0.5 %%", changed, all)
	}
}

// encoding is one way in which a value is written; decode takes it off, with nothing of the
// code under test.
type encoding struct {
	name   string
	encode func(v string) string
	decode func(t string) string
}

func each(v string, form func(c byte) string) string {
	out := ""
	for i := range len(v) {
		out += form(v[i])
	}
	return out
}

func wrapped(s string, width int) string {
	out := ""
	for len(s) > width {
		out += s[:width] + "\n"
		s = s[width:]
	}
	return out + s
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func unzipped(b []byte) string {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return ""
	}
	out, _ := io.ReadAll(z)
	return string(out)
}

func unbase64(s string) string {
	out, _ := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", " ", "").Replace(s))
	return string(out)
}

// xxd writes a dump with the text beside it.
func xxd(text string, group int, head, edge string) string {
	out := ""
	for at := 0; at < len(text); at += 16 {
		row := text[at:min(len(text), at+16)]
		hexed := ""
		for i := range len(row) {
			if i > 0 && i%group == 0 {
				hexed += " "
			}
			hexed += fmt.Sprintf("%02x", row[i])
		}
		out += fmt.Sprintf(head, at) + fmt.Sprintf("%-*s", 32+32/(2*group), hexed) + " " + edge + row + edge + "\n"
	}
	return out
}

var dumped = regexp.MustCompile(`(?m)^\s*(?:0x)?[0-9a-f]+:?\s+((?:[0-9a-f]{2,4} ?)+)`)

func undump(s string) string {
	out := ""
	for _, m := range dumped.FindAllStringSubmatch(s, -1) {
		raw, _ := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
		out += string(raw)
	}
	return out
}

var (
	escaped  = regexp.MustCompile(`\\x[0-9a-f]{2}|\\[0-3][0-7]{2}|\\u00[0-9a-f]{2}`)
	coloured = regexp.MustCompile("\x1b\\[[0-9;]*m")
	number   = regexp.MustCompile(`\d+`)
)

func unescaped(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		base, digits := 16, e[2:]
		switch e[1] {
		case 'x', 'u':
		default:
			base, digits = 8, e[1:]
		}
		n, _ := strconv.ParseUint(digits, base, 8)
		return string([]byte{byte(n)})
	})
}

func inWords(v string) string {
	out := ""
	for i := range len(v) {
		if out += hex.EncodeToString([]byte{v[i]}); i%2 == 1 {
			out += " "
		}
	}
	return strings.TrimSuffix(out, " ")
}

// unnumbered and unpaired take off the codes of letters, in decimal and in hex.
func unnumbered(s string) string {
	out := ""
	for _, n := range number.FindAllString(s, -1) {
		v, _ := strconv.ParseUint(n, 10, 8)
		out += string([]byte{byte(v)})
	}
	return out
}

func unpaired(s string) string {
	out, _ := hex.DecodeString(strings.NewReplacer(" ", "", ",", "", ".", "").Replace(s))
	return string(out)
}

// od writes a dump of od -b or od -c; what is no letter is an octal number in both.
func od(text, cell string) string {
	out := ""
	for at := 0; at < len(text); at += 16 {
		out += fmt.Sprintf("%07o", at)
		for _, c := range []byte(text[at:min(len(text), at+16)]) {
			if c == '\n' {
				out += `  \n`
			} else {
				out += fmt.Sprintf(cell, c)
			}
		}
		out += "\n"
	}
	return out
}

func unod(s string) string {
	out := ""
	for line := range strings.Lines(s) {
		for i := 7; i+4 <= len(line)-1; i += 4 {
			cell := strings.TrimSpace(line[i : i+4])
			if n, err := strconv.ParseUint(cell, 8, 8); err == nil && len(cell) == 3 {
				cell = string(rune(n))
			}
			out += cell
		}
	}
	return out
}

func deflated(s string) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

const around = "the owner is %s and nobody else, says the log of today\n"

func encodings() []encoding {
	sprintf := func(format string) func(byte) string { return func(c byte) string { return fmt.Sprintf(format, c) } }
	same := func(s string) string { return s }
	half := func(v string) int { return len(v) / 2 }
	list := []encoding{
		{"base64, wrapped", func(v string) string {
			return wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 51)+fmt.Sprintf(around, v))), 76)
		}, unbase64},
		{"base64 of base64", func(v string) string {
			return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(around, v)))))
		}, func(s string) string { return unbase64(unbase64(s)) }},
		{
			"base64 of gzip", func(v string) string {
				return wrapped(base64.StdEncoding.EncodeToString(zipped(fmt.Sprintf(around, v))), 76)
			},
			func(s string) string { return unzipped([]byte(unbase64(s))) },
		},
		{"hex", func(v string) string { return hex.EncodeToString([]byte("is " + v + " or")) }, func(s string) string { out, _ := hex.DecodeString(s); return string(out) }},
		{
			"hex in groups", func(v string) string { return strings.TrimSuffix(each("is "+v, sprintf("%02x:")), ":") },
			func(s string) string { out, _ := hex.DecodeString(strings.ReplaceAll(s, ":", "")); return string(out) },
		},
		{"xxd", func(v string) string { return xxd(fmt.Sprintf(around, v), 2, "%08x: ", "") }, undump},
		{"hexdump -C", func(v string) string { return xxd(fmt.Sprintf(around, v), 1, "%08x  ", "|") }, undump},
		{"tcpdump -x", func(v string) string { return xxd(fmt.Sprintf(around, v), 2, "\t0x%04x:  ", "") }, undump},
		{`\x escapes`, func(v string) string { return each(v, sprintf(`\x%02x`)) }, unescaped},
		{"octal escapes", func(v string) string { return each(v, sprintf(`\%03o`)) }, unescaped},
		{"percent, whole", func(v string) string { return each(v, sprintf("%%%02X")) }, func(s string) string { out, _ := url.PathUnescape(s); return out }},
		{"percent, partly", func(v string) string { return fmt.Sprintf("%%%02X", v[0]) + url.PathEscape(v[1:]) }, func(s string) string { out, _ := url.PathUnescape(s); return out }},
		{"HTML entities", func(v string) string { return each(v[:3], sprintf("&#%d;")) + v[3:] }, html.UnescapeString},
		{"HTML entities, hex", func(v string) string { return each(v, sprintf("&#x%x;")) }, html.UnescapeString},
		{"OID decimals", func(v string) string {
			return "1.3.6.1.4.1.99.2." + strconv.Itoa(len(v)) + each(v, sprintf(".%d"))
		}, func(s string) string {
			return string(number.ReplaceAllFunc([]byte(strings.ReplaceAll(s, ".", "")+s), func(n []byte) []byte {
				v, _ := strconv.Atoi(string(n))
				return []byte(string(rune(v)))
			}))
		}},
		{"quoted-printable", func(v string) string { return "x" + v[:half(v)] + "=\n" + v[half(v):] + " =3D" }, func(s string) string {
			out, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(s)))
			return string(out[1:])
		}},
		{"colour codes", func(v string) string { return "\x1b[1m" + v[:half(v)] + "\x1b[0m" + v[half(v):] + "\x1b[m" }, func(s string) string { return coloured.ReplaceAllString(s, "") }},
		{"backspace", func(v string) string { return v[:half(v)] + "#\b" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, "#\b", "") }},
		{"line wrap", func(v string) string { return v[:half(v)] + "\r\n" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, "\r\n", "") }},
		{"line wrap after one", func(v string) string { return v[:1] + "\n" + v[1:] }, func(s string) string { return strings.ReplaceAll(s, "\n", "") }},
		{"soft wrap of a shell", func(v string) string { return strings.Repeat("y ", 30) + v[:half(v)] + " \r" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, " \r", "") }},
		{"capitals", strings.ToUpper, same},
		{"bytes of a program", func(v string) string { return "{" + strings.TrimSuffix(each("is "+v, sprintf("0x%02x, ")), ", ") + "}" }, func(s string) string {
			out, _ := hex.DecodeString(strings.NewReplacer("0x", "", ", ", "", "{", "", "}", "").Replace(s))
			return string(out)
		}},
		{"numbers of a list", func(v string) string { return "[" + strings.TrimSuffix(each(v, sprintf("%d, ")), ", ") + "]" }, unnumbered},
		{"numbers with blanks", func(v string) string { return strings.TrimSuffix(each(v, sprintf("%d ")), " ") }, unnumbered},
		{"hex with commas", func(v string) string { return strings.TrimSuffix(each(v, sprintf("%02X, ")), ", ") }, unpaired},
		{"hex with dots", func(v string) string { return strings.TrimSuffix(each(v, sprintf("%02x.")), ".") }, unpaired},
		{"hex in words", func(v string) string { return inWords(v) }, unpaired},
		{`\\u in JSON in JSON`, func(v string) string { return each(v, sprintf(`\\u%04x`)) }, func(s string) string { return unescaped(strings.ReplaceAll(s, `\\`, `\`)) }},
		{`\U`, func(v string) string { return each(v, sprintf(`\U%08x`)) }, func(s string) string { return unescaped(strings.ReplaceAll(s, `\U0000`, `\u`)) }},
		{"#033 of a syslog", func(v string) string { return v[:half(v)] + "#033[0m" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, "#033[0m", "") }},
		{"escaped colour codes", func(v string) string { return v[:half(v)] + `\033[0m` + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, `\033[0m`, "") }},
		{"base64 behind an escape", func(v string) string {
			return `"` + strings.ReplaceAll(wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 45)+fmt.Sprintf(around, v))), 60), "\n", `\n`) + `"`
		}, func(s string) string { return unbase64(strings.NewReplacer(`\n`, "", `"`, "").Replace(s)) }},
		{"octal with a zero", func(v string) string { return each(v, sprintf(`\0%03o`)) }, func(s string) string {
			return unescaped(strings.ReplaceAll(s, `\0`, `\`))
		}},
		{`\u{}`, func(v string) string { return each(v, sprintf(`\u{%x}`)) }, func(s string) string {
			return unescaped(strings.NewReplacer(`\u{`, `\x`, "}", "").Replace(s))
		}},
		{"entities without ;", func(v string) string { return each(v, sprintf("&#%d")) }, html.UnescapeString},
		{`\e as letters`, func(v string) string { return `\e[1m` + v[:half(v)] + `\e[0m` + v[half(v):] }, func(s string) string {
			return strings.NewReplacer(`\e[1m`, "", `\e[0m`, "").Replace(s)
		}},
		{"^[ as letters", func(v string) string { return v[:half(v)] + "^[[0m" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, "^[[0m", "") }},
		{"^H as letters", func(v string) string { return v[:half(v)] + "#^H" + v[half(v):] }, func(s string) string { return strings.ReplaceAll(s, "#^H", "") }},
		{"od -b", func(v string) string { return od(fmt.Sprintf(around, v), " %03o") }, unod},
		{"od -c", func(v string) string { return od(fmt.Sprintf(around, v), "   %c") }, unod},
		{"xxd -p", func(v string) string {
			return wrapped(hex.EncodeToString([]byte(strings.Repeat("x", 22)+fmt.Sprintf(around, v))), 60)
		}, func(s string) string { out, _ := hex.DecodeString(strings.ReplaceAll(s, "\n", "")); return string(out) }},
		{"xxd -i", func(v string) string {
			return "  " + strings.ReplaceAll(wrapped(strings.TrimSuffix(each("the owner is "+v+" and", sprintf("0x%02x, ")), ", "), 72), " \n", "\n  ")
		}, func(s string) string {
			out, _ := hex.DecodeString(strings.NewReplacer("0x", "", ",", "", " ", "", "\n", "").Replace(s))
			return string(out)
		}},
		{"base64 of UTF-16", func(v string) string {
			return base64.StdEncoding.EncodeToString([]byte(each(strings.TrimSuffix(fmt.Sprintf(around, v), "\n"), sprintf("%c\x00"))))
		}, func(s string) string { return strings.ReplaceAll(unbase64(s), "\x00", "") }},
		{"base64 of zlib", func(v string) string { return base64.StdEncoding.EncodeToString(deflated(fmt.Sprintf(around, v))) }, func(s string) string {
			z, err := zlib.NewReader(strings.NewReader(unbase64(s)))
			if err != nil {
				return ""
			}
			out, _ := io.ReadAll(z)
			return string(out)
		}},
		{"plain", same, same},
	}
	return append(list, moreEncodings()...)
}

// TestCorpusEncodings: a value that is known is found however it is written, by the redactor
// and by the gate.
func TestCorpusEncodings(t *testing.T) {
	p := planter{}
	var secrets, names []string
	each := 150
	if testing.Short() {
		each = 30
	}
	for range each {
		secrets = append(secrets, p.value("s", p.n), p.value("c", p.n))
		names = append(names, p.value("h", p.n), "Quarz"+p.letters())
	}
	r := newRedactor(t, redact.Options{Secrets: secrets, Names: names})
	gate := r.Gate()
	var rows, blind [][4]any
	all := encodings()
	for i, e := range all {
		missed, unseen := 0, 0
		values := append(append([]string{}, secrets...), names...)
		if i >= len(all)-len(moreEncodings()) { // a fifth will do
			values = slices.DeleteFunc(values, func(v string) bool { return len(v)%5 != i%5 })
		}
		for _, v := range values {
			in := e.encode(v)
			if e.name == "quoted-printable" {
				in = strings.Replace(in, "x", " ", 1)
			}
			text := "first line\nsee " + in + " there\nlast line\n"
			if strings.Contains(in, "\n") && e.name != "line wrap" && !strings.HasPrefix(e.name, "line wrap") && e.name != "quoted-printable" {
				text = "first line\n" + in + "\nlast line\n"
			}
			out := string(r.Text("a.txt", []byte(text)))
			if len(gate.Data("a.txt", []byte(text))) == 0 {
				unseen++
				if unseen < 3 {
					t.Errorf("%s: the gate does not see %q in %q", e.name, v, text)
				}
			}
			body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(out, "first line\n"), "see "), "last line\n")
			body = strings.TrimSuffix(strings.TrimSuffix(body, "\n"), " there")
			if hits := gate.Data("a.txt", []byte(out)); len(hits) > 0 || out == text || strings.Contains(strings.ToLower(e.decode(body)), strings.ToLower(v)) {
				missed++
				if missed < 3 {
					t.Errorf("%s: %q in %q became %q (%v)", e.name, v, text, out, hits)
				}
			}
		}
		rows = append(rows, [4]any{e.name, len(values), missed})
		blind = append(blind, [4]any{e.name, len(values), unseen})
	}
	tablesTold(t, "known values", rows)
	tablesTold(t, "what the gate missed", blind)
	if os.Getenv("REDACT_SHOW") != "" {
		t.Log(string(r.Text("a.txt", []byte(encodings()[5].encode(names[0])))))
	}
}
