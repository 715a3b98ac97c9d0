package redact_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// bzipped is bzip2 of "the switch zurich-core-07 was down\n", of which the standard library has
// no writer.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xa5\xc8\x1a\x40\x00\x00\x0e\xd9\x80\x00\x10\x40\x02\x40\x80\x2e\x61\x9e\x90\x20\x00\x22\x23\x23\x21\xa3\x4d\xa8\x29\x93\x13\x20\xc8\xc7\x8d\x33\x9d\x5b\x02\x62\xce\xb3\x04\xa6\xc4\x9d\x90\x32\xe3\xc8\x18\xfe\x2e\xe4\x8a\x70\xa1\x21\x4b\x90\x34\x80"

// TestWideTexts: a text of UTF-16 is redacted with a mark of its order and without, and comes
// out as it was written.
func TestWideTexts(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []string{"\ufeff", ""} {
			var in []byte
			for _, u := range utf16.Encode([]rune(mark + "the switch zurich-core-07 was down\n")) {
				in = order.AppendUint16(in, u)
			}
			r := newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}})
			r.LearnFile("a.log", in)
			out, ok := r.File("a.log", in)
			var want []byte
			for _, u := range utf16.Encode([]rune(mark + "the switch " + r.Name("zurich-core-07") + " was down\n")) {
				want = order.AppendUint16(want, u)
			}
			if !ok || !bytes.Equal(out, want) {
				t.Errorf("%v with the mark %q: %v, %q, want %q", order, mark, ok, out, want)
			}
		}
	}
}

// TestMixedTexts: a log of UTF-16 with lines of ASCII behind is left out, and the gate reads what
// is too short to be told.
func TestMixedTexts(t *testing.T) {
	for _, mark := range []string{"\ufeff", ""} {
		var in []byte
		for _, u := range utf16.Encode([]rune(mark + strings.Repeat("the switch was down\r\n", 40))) {
			in = binary.LittleEndian.AppendUint16(in, u)
		}
		r := newRedactor(t, redact.Options{Names: []string{"ABB"}})
		long := append(bytes.Clone(in), "username admin password Winter-2024-x\r\n"...)
		r.LearnFile("a.log", long)
		if out, ok := r.File("a.log", long); ok || len(r.Report().Dropped) != 1 {
			t.Errorf("mark %q: %v, %q", mark, ok, out[max(0, len(out)-60):])
		}
		if hits := r.Gate("Winter-2024-x").Data("a.log", long); len(hits) == 0 {
			t.Errorf("mark %q: the gate passes a secret", mark)
		}
		if hits := r.Gate().Data("a.log", append(bytes.Clone(in), "ABB\r\n\r"...)); len(hits) == 0 {
			t.Errorf("mark %q: the gate passes a name", mark)
		}
	}
}

// TestBzip2: what is in it is learned and searched, and it leaves only where the owner asks for
// binaries as they are.
func TestBzip2(t *testing.T) {
	in := []byte(bzipped)
	r := newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}})
	if _, ok := r.File("a.bz2", in); ok || len(r.Report().Dropped) != 1 || !strings.Contains(r.Report().Dropped[0].Why, "bzip2") {
		t.Errorf("%v, %+v", ok, r.Report().Dropped)
	}
	r = newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}, KeepBinaries: true})
	out, ok := r.File("a.bz2", in)
	if !ok || !bytes.Equal(out, in) {
		t.Fatalf("%v, %q", ok, out)
	}
	if hits := r.Gate("zurich-core-07").Data("a.bz2", out); len(hits) == 0 {
		t.Error("the gate does not look into it")
	}
}

// TestDocuments: a document of an office program is left out and named, also in an archive, for a name in it may be parted; who
// asks for binaries has it without what is whole in it, and is told.
func TestDocuments(t *testing.T) {
	pack := func(members ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(members); i += 2 {
			w, err := z.Create(members[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(members[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const parted = "<w:p><w:r><w:t>zurich-</w:t></w:r><w:r><w:t>core-07</w:t></w:r><w:r><w:t> zurich-core-07</w:t></w:r></w:p>"
	word := pack("[Content_Types].xml", "<Types/>", "word/document.xml", parted)
	for name, in := range map[string][]byte{
		"a.docx": word, "a.odt": pack("mimetype", "application/vnd.oasis.opendocument.text", "content.xml", parted), "a.rtf": []byte(`{\rtf1 zurich-{\b core-07}}`),
	} {
		r := newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}})
		r.LearnFile(name, in)
		if out, ok := r.File(name, in); ok || out != nil {
			t.Errorf("%s passes", name)
		}
		if d := r.Report().Dropped; len(d) != 1 || d[0].File != name || !strings.Contains(d[0].Why, "a person") {
			t.Errorf("%+v", d)
		}
	}
	r := newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}})
	out, ok := r.File("all.zip", pack("notes.docx", string(word), "a.log", "the switch zurich-core-07 was down\n"))
	if d := r.Report().Dropped; !ok || bytes.Contains(out, []byte("notes.docx")) || !bytes.Contains(out, []byte("a.log")) || len(d) != 1 || d[0].File != "all.zip!notes.docx" {
		t.Errorf("%v, %q, %+v", ok, out, d)
	}
	r = newRedactor(t, redact.Options{Names: []string{"zurich-core-07"}, KeepBinaries: true})
	out, ok = r.File("a.docx", word)
	if g := r.Report().Regions; !ok || len(r.Gate().Data("a.docx", out)) > 0 || len(g) != 1 || g[0].File != "a.docx" {
		t.Errorf("%v, %+v", ok, g)
	}
}

// TestAllMembersAreBounded: many members, each within its bound, are too much together, through
// all levels.
func TestAllMembersAreBounded(t *testing.T) {
	const most = 1 << 10
	full := strings.Repeat("x", most)
	pack := func(n int, content string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for range n {
			w, err := z.Create("a.txt")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, in := range map[string]struct {
		data string
		ok   bool
	}{"few": {pack(15, full), true}, "many": {pack(17, full), false}, "many below": {pack(3, pack(6, full)), false}} {
		r := newRedactor(t, redact.Options{MaxMember: most})
		r.LearnFile("a.zip", []byte(in.data))
		r.File("a.zip", []byte(in.data))
		if dropped := len(r.Report().Dropped) > 0; dropped == in.ok {
			t.Errorf("%s: %+v", name, r.Report().Dropped)
		}
	}
}
