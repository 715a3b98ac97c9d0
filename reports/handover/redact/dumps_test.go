package redact_test

import (
	"bytes"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// memory is a way in which memory is shown; it is given the address and sixteen bytes.
type memory struct {
	name string
	row  func(at int, bytes string) string
}

// groupsOf writes bytes in groups of hex digits, each of them reversed where the machine keeps the least byte first.
func groupsOf(bytes string, size int, head, sep string, reversed bool) string {
	var list []string
	for part := range slices.Chunk([]byte(bytes), size) {
		part = slices.Clone(part)
		if reversed {
			slices.Reverse(part)
		}
		list = append(list, head+hex.EncodeToString(part))
	}
	return strings.Join(list, sep)
}

func memories() []memory {
	return []memory{
		{"tcpdump -x", func(at int, b string) string { return fmt.Sprintf("\t0x%04x:  %s", at, groupsOf(b, 2, "", " ", false)) }},
		{"xxd", func(at int, b string) string {
			return fmt.Sprintf("%08x: %s  %s", at, groupsOf(b, 2, "", " ", false), b)
		}},
		{"show memory", func(at int, b string) string {
			return fmt.Sprintf("%08X: %s  %s", 0x0f1ca6e0+at, strings.ToUpper(groupsOf(b, 4, "", " ", false)), b)
		}},
		{"show memory without the text", func(at int, b string) string {
			return fmt.Sprintf("%08X: %s", 0x0f1ca6e0+at, strings.ToUpper(groupsOf(b, 4, "", " ", false)))
		}},
		{"d of VxWorks", func(at int, b string) string {
			return fmt.Sprintf("0x%08x:  %s   *%s*", 0x1234560+at, groupsOf(b, 2, "", " ", false), b)
		}},
		{"md of a boot loader", func(at int, b string) string {
			return fmt.Sprintf("%08x: %s    %s", at, groupsOf(b, 4, "", " ", true), b)
		}},
		{"od -t x4", func(at int, b string) string { return fmt.Sprintf("%07o %s", at, groupsOf(b, 4, "", " ", true)) }},
		{"x/4xw of gdb", func(at int, b string) string {
			return fmt.Sprintf("0x7ffd%08x:\t%s", at, groupsOf(b, 4, "0x", "\t", true))
		}},
		{"x/2xg of gdb", func(at int, b string) string {
			return fmt.Sprintf("0x7ffd%08x:\t%s", at, groupsOf(b, 8, "0x", "\t", true))
		}},
		{"x/16xb of gdb", func(at int, b string) string {
			return fmt.Sprintf("0x7ffd%08x <buf+%d>:\t%s", at, at, groupsOf(b, 1, "0x", "\t", false))
		}},
		{"print_hex_dump", func(at int, b string) string {
			return fmt.Sprintf("[   12.345678] skb linear:   %08x: %s  %s", at, groupsOf(b, 1, "", " ", false), b)
		}},
		{"in a syslog", func(at int, b string) string {
			return fmt.Sprintf("Nov 30 10:00:00 sw1 tcpdump[77]: \t0x%04x:  %s", at, groupsOf(b, 2, "", " ", false))
		}},
		{"in a mail", func(at int, b string) string {
			return fmt.Sprintf("> %08x: %s  %s", at, groupsOf(b, 2, "", " ", false), b)
		}},
		{"s_client -msg", func(at int, b string) string {
			return fmt.Sprintf("%04x - %s   %s", at, groupsOf(b, 1, "", " ", false), b)
		}},
		{"with bars", func(at int, b string) string {
			return fmt.Sprintf("%04x | %s | %s", at, groupsOf(b, 1, "", " ", false), b)
		}},
		{"with decimal addresses", func(at int, b string) string { return fmt.Sprintf("%d: %s", at, groupsOf(b, 1, "", " ", false)) }},
		{"words alone", func(_ int, b string) string { return groupsOf(b, 2, "", " ", false) }},
		{"long words alone", func(_ int, b string) string { return groupsOf(b, 4, "", " ", false) }},
	}
}

// uuencoded is what uuencode of the sharutils makes of a text.
func uuencoded(text []byte) string {
	var b strings.Builder
	letter := func(n byte) byte { return "`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[n&63] }
	b.WriteString("begin 644 config.txt\n")
	for line := range slices.Chunk(text, 45) {
		b.WriteByte(letter(byte(len(line))))
		for part := range slices.Chunk(line, 3) {
			p := append(slices.Clone(part), 0, 0)
			b.Write([]byte{letter(p[0] >> 2), letter(p[0]<<4 | p[1]>>4), letter(p[1]<<2 | p[2]>>6), letter(p[2])})
		}
		b.WriteByte('\n')
	}
	return b.String() + "`\nend\n"
}

// uudecoded takes it off again.
func uudecoded(s string) (text []byte) {
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "begin") || line == "end" {
			continue
		}
		var out []byte
		bits, have := 0, 0
		for _, c := range []byte(line[1:]) {
			bits, have = bits<<6|int(c-32)&63, have+6
			if have >= 8 {
				have -= 8
				out = append(out, byte(bits>>have))
			}
		}
		text = append(text, out[:min(len(out), int(line[0]-32)&63)]...)
	}
	return text
}

const dumpedSecret = "Kiesel-1007qZurich"

func dumpedText() string {
	return strings.Repeat("#\n# of the box\n", 4) + "and its password is " + dumpedSecret + " and then there is more of it, to fill a line or two\n"
}

// TestDumps: a secret that is known is found in memory that is shown in hex, in lines with CRLF too, and no byte of it is
// left where it stood.
func TestDumps(t *testing.T) {
	r := newRedactor(t, redact.Options{Secrets: []string{dumpedSecret}})
	gate := r.Gate()
	text := strings.ReplaceAll(dumpedText(), "\n", ".")
	for _, m := range memories() {
		for _, ends := range []string{"\n", "\r\n"} {
			in := "first line" + ends
			for at := 0; at < len(text); at += 16 {
				in += m.row(at, text[at:min(len(text), at+16)]) + ends
			}
			in += "last line" + ends
			out := string(r.Text("a.txt", []byte(in)))
			if len(gate.Data("a.txt", []byte(in))) == 0 {
				t.Errorf("%s %q: the gate does not see it", m.name, ends)
			}
			if hits := gate.Data("a.txt", []byte(out)); len(hits) > 0 || len(out) != len(in) {
				t.Errorf("%s %q: %v in\n%s", m.name, ends, hits, out)
				continue
			}
			differ := 0
			for i := range in {
				if in[i] != out[i] {
					differ++
				}
			}
			if differ < len(dumpedSecret)/2 || differ > 3*len(dumpedSecret) {
				t.Errorf("%s %q: %d letters are others in\n%s", m.name, ends, differ, out)
			}
		}
	}
}

// TestArmour: what uuencode and ascii85 hold is redacted as the text that it is, with nobody naming the secret; what they
// hold packed for no text is named.
func TestArmour(t *testing.T) {
	plain := []byte("hostname sw1\nusername admin secret " + dumpedSecret + "\n" + dumpedText())
	a85 := func(b []byte) string {
		out := make([]byte, ascii85.MaxEncodedLen(len(b)))
		return "<~" + wrapped(string(out[:ascii85.Encode(out, b)]), 75) + "~>\n"
	}
	un85 := func(s string) []byte {
		_, s, _ = strings.Cut(s, "<~")
		s, _, _ = strings.Cut(s, "~>")
		out := make([]byte, 4*len(s))
		n, _, err := ascii85.Decode(out, []byte(s), true)
		if err != nil {
			t.Error(err)
		}
		return out[:n]
	}
	headless := func(b []byte) string { _, s, _ := strings.Cut(uuencoded(b), "\n"); return s }
	for _, tt := range []struct {
		name   string
		encode func([]byte) string
		decode func(string) []byte
	}{
		{"uuencode", uuencoded, uudecoded},
		{"uuencode, its head cut off", headless, uudecoded},
		{"uuencode with blanks", func(b []byte) string { return strings.ReplaceAll(uuencoded(b), "`", " ") }, uudecoded},
		{"uuencode with CRLF", func(b []byte) string { return strings.ReplaceAll(uuencoded(b), "\n", "\r\n") }, uudecoded},
		{"uuencode of gzip", func(b []byte) string { return uuencoded(zipped(string(b))) }, func(s string) []byte { return []byte(unzipped(uudecoded(s))) }},
		{"ascii85", a85, un85},
		{"ascii85 of gzip", func(b []byte) string { return a85(zipped(string(b))) }, func(s string) []byte { return []byte(unzipped(un85(s))) }},
	} {
		r := newRedactor(t, redact.Options{})
		head, tail := "attached:\n", "and so on\n"
		in := []byte(head + tt.encode(plain) + tail)
		r.Learn("a.txt", in)
		out := string(r.Text("a.txt", in))
		body := strings.TrimSuffix(strings.TrimPrefix(out, head), tail)
		if got := string(tt.decode(body)); strings.Contains(got, dumpedSecret) || !strings.Contains(got, "and its password is ") || !strings.HasSuffix(got, "to fill a line or two\n") {
			t.Errorf("%s: %q", tt.name, got)
		}
		gate := redact.NewGate(redact.Marker{Value: dumpedSecret, Rule: redact.RuleSecret})
		if len(gate.Data("a.txt", in)) == 0 || len(gate.Data("a.txt", []byte(out))) > 0 {
			t.Errorf("%s: the gate sees %v, and after it %v", tt.name, gate.Data("a.txt", in), gate.Data("a.txt", []byte(out)))
		}
		if left := r.Left(); len(left) > 0 {
			t.Errorf("%s: %+v", tt.name, left)
		}
	}
	core := append([]byte("\xfd7zXZ\x00"), bytes.Repeat([]byte{1, 0xfe, 0x83, 7}, 60)...)
	for name, in := range map[string]string{"uuencode": uuencoded(core), "ascii85": a85(core)} {
		r := newRedactor(t, redact.Options{})
		if out, ok := r.File("a.txt", []byte("see\n"+in)); !ok || string(out) != "see\n"+in {
			t.Errorf("%s of packed data: %q", name, out)
		}
		if left := r.Left(); len(left) != 1 || left[0].Kind != "encoded" || left[0].Line != 2 {
			t.Errorf("%s of packed data: %+v", name, left)
		}
	}
}

// TestDumpsOfCaptures: in what devices answer, tables of MACs and digests among it, nothing is taken for a dump that
// holds a value: each file is redacted with itself learned, and with names as short as they may be.
func TestDumpsOfCaptures(t *testing.T) {
	files, rows, size := 0, 0, 0
	for _, dir := range []string{"../../../harness", "testdata", "../../../drivers", "../../../scenarios/corpus"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".txt", ".log", ".conf", ".cfg", ".ndjson", ".json", ""}, filepath.Ext(path)) || !strings.Contains(path, "testdata") && !strings.Contains(path, "corpus") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil || len(data) > 1<<20 {
				return err
			}
			r := newRedactor(t, redact.Options{Names: []string{"acme", "Zug", "Bern"}})
			r.Learn(path, data)
			n, changed := redact.RowsOf(r, data)
			files, rows, size = files+1, rows+n, size+len(data)
			for _, c := range changed {
				t.Errorf("%s: %s", path, c)
			}
			if left := r.Left(); slices.ContainsFunc(left, func(l redact.Left) bool { return l.Kind == "encoded" }) {
				t.Errorf("%s: %v", path, left)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files of %d kB, %d parts that look like rows of a dump or an armour, none of them with a value", files, size>>10, rows)
	if files < 30 || rows == 0 {
		t.Errorf("%d files with %d rows are too few to tell", files, rows)
	}
}
