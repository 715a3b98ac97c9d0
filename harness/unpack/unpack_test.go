package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/unpack"
)

func gz(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	packed(tb, z, data)
	return b.Bytes()
}

func packed(tb testing.TB, w io.WriteCloser, data []byte) {
	tb.Helper()
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

func zst(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		tb.Fatal(err)
	}
	packed(tb, z, data)
	return b.Bytes()
}

func tarred(tb testing.TB, names ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(names); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: names[i], Size: int64(len(names[i+1])), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, names[i+1]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o700}); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// folders is a tar of so many folders and no file.
func folders(tb testing.TB, n int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range n {
		if err := w.WriteHeader(&tar.Header{Name: strconv.Itoa(i) + "/", Typeflag: tar.TypeDir, Mode: 0o700, Format: tar.FormatUSTAR}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func zipped(tb testing.TB, name, content string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []string{"folder/", name} {
		w, err := z.Create(f)
		if err != nil {
			tb.Fatal(err)
		}
		if f == name {
			if _, err := io.WriteString(w, content); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// locked is a zip archive whose file is marked as encrypted.
func locked(tb testing.TB) []byte {
	tb.Helper()
	data := zipped(tb, "tech.txt", "secret")
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("PK\x01\x02"))
		if i < 0 {
			return data
		}
		at += i + 4
		data[at+4] |= 1
	}
}

func utf16of(order binary.AppendByteOrder, mark bool, s string) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// bz is bzip2 of "An answer of the switch\n", of which the standard library has no writer.
const bz = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x51\x9f\x78\x6c\x00\x00\x02\xd5\x80\x00\x10\x40\x00\x20\x00\x2b\x61\x9c\x80\x20\x00\x31\x4c\x00\x01\x4d\x0d\x3d\x13\x64\x82\x6a\x25\xfa\x85\xa3\xcd\xd1\x1e\x3a\x4d\x78\xf8\xbb\x92\x29\xc2\x84\x82\x8c\xfb\xc3\x60"

var wide = unpack.Limits{Depth: 3, Members: 1000, Size: 256 << 20}

// What a customer sends is read in whatever it is packed and written; damage is told.
func TestTexts(t *testing.T) {
	const words = "sw1# show version\r\nAn answer of the switch\r\n"
	want := strings.ReplaceAll(words, "\r\n", "\n")
	for _, tt := range []struct {
		name string
		data []byte
		want string
		err  error
	}{
		{"plain", []byte(words), "=" + want, nil},
		{"with a mark", []byte("\xef\xbb\xbf" + words), "=" + want, nil},
		{"gzip", gz(t, []byte(words)), "=" + want, nil},
		{"zstd", zst(t, []byte(words)), "=" + want, nil},
		{"bzip2", []byte(bz), "=An answer of the switch\n", nil},
		{"no bzip2", []byte("BZh and no more"), "=BZh and no more", nil},
		{"tgz", gz(t, tarred(t, "a/tech.txt", words, "core", "\x7fELF\x00\x00")), "a/tech.txt=" + want, nil},
		{"tar of two", tarred(t, "a", "1", "b", string(gz(t, []byte("2")))), "a=1|b=2", nil},
		{"zip", zipped(t, "tech.txt", words), "tech.txt=" + want, nil},
		{"zip of gzip", zipped(t, "tech.gz", string(gz(t, []byte(words)))), "tech.gz=" + want, nil},
		{"tar in zip", zipped(t, "all.tar", string(tarred(t, "a", words))), "all.tar/a=" + want, nil},
		{"UTF-16", utf16of(binary.LittleEndian, true, words), "=" + want, nil},
		{"UTF-16, big end first", utf16of(binary.BigEndian, true, words), "=" + want, nil},
		{"UTF-16 without a mark", utf16of(binary.LittleEndian, false, words), "=" + want, nil},
		{"UTF-16, big end first, without a mark", utf16of(binary.BigEndian, false, words), "=" + want, nil},
		{"Latin-1", []byte("Geb\xe4ude\r\n"), "=Gebäude\n", nil},
		{"no text", []byte("\x7fELF\x00\x00\x00"), "", nil},
		{"gzip, cut", gz(t, []byte(words))[:30], "", unpack.ErrCut},
		{"gzip, head cut", gz(t, []byte(words))[:5], "", unpack.ErrCut},
		{"zstd, cut", zst(t, []byte(words))[:20], "", unpack.ErrCut},
		{"bzip2, cut", []byte(bz)[:30], "", unpack.ErrCut},
		{"zip, cut", zipped(t, "tech.txt", words)[:60], "", unpack.ErrCut},
		{"tar, cut", tarred(t, "a", strings.Repeat(words, 100))[:1200], "", unpack.ErrCut},
		{"gzip, damaged", []byte("\x1f\x8b\x08 no gzip at all, but as long as one"), "", unpack.ErrDamaged},
		{"zip with a password", locked(t), "", unpack.ErrEncrypted},
		{"archives in archives", gz(t, gz(t, gz(t, gz(t, []byte(words))))), "", unpack.ErrDeep},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := unpack.Texts(tt.data, wide)
			var got []string
			for _, f := range found {
				got = append(got, f.Name+"="+string(f.Text))
			}
			if said := strings.Join(got, "|"); said != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("got %q, %v, want %q, %v", said, err, tt.want, tt.err)
			}
		})
	}
}

// TestBounds: bounds are of all that comes out of one file, and nothing is read far beyond them.
func TestBounds(t *testing.T) {
	big := strings.Repeat("x", 5000)
	many := tarred(t, "a", "1", "b", "2", "c", "3", "d", "4")
	for _, tt := range []struct {
		name   string
		data   []byte
		limits unpack.Limits
		err    error
	}{
		{"size", gz(t, []byte(big)), unpack.Limits{Size: 1000}, unpack.ErrSize},
		{"size of all", tarred(t, "a", big, "b", big), unpack.Limits{Size: 6000}, unpack.ErrSize},
		{"size of a level above", tarred(t, "a", string(gz(t, []byte(big)))), unpack.Limits{Size: 5010}, unpack.ErrSize},
		{"size of one", tarred(t, "a", big), unpack.Limits{Size: 6000, Member: 1000}, unpack.ErrMember},
		{"members", many, unpack.Limits{Size: 1000, Members: 3}, unpack.ErrMembers},
		{"members of all levels", tarred(t, "a", string(tarred(t, "b", "1")), "c", "2"), unpack.Limits{Size: 1 << 20, Members: 2}, unpack.ErrMembers},
		{"folders are no members", folders(t, 20), unpack.Limits{Size: 1000, Members: 2}, nil},
		{"folders", folders(t, 21), unpack.Limits{Size: 1000, Members: 2}, unpack.ErrMembers},
		{"a window", []byte("\x28\xb5\x2f\xfd\x00\x98\x01\x00\x00"), wide, unpack.ErrWindow},
		{"the longest window", []byte("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"), wide, nil},
		{"zstd in zstd", zst(t, zst(t, []byte(big))), wide, nil},
		{"no bound on members", many, unpack.Limits{Size: 1000}, nil},
	} {
		if _, err := unpack.Texts(tt.data, tt.limits); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
}

// TestEach: an archive is given entry by entry, with what it takes to write it again, up to the
// first error.
func TestEach(t *testing.T) {
	stop := errors.New("enough")
	for name, data := range map[string][]byte{"tar": tarred(t, "a", "1", "b", "2"), "zip": zipped(t, "a", "1")} {
		var got []string
		err := unpack.New(wide).Each(data, 0, func(m unpack.Member) error {
			got = append(got, m.Name+strconv.FormatBool(m.Regular))
			if (m.Tar == nil) == (m.Zip == nil) {
				t.Errorf("%s: %s has no head", name, m.Name)
			}
			if m.Name == "a" {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || got[len(got)-1] != "atrue" {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
	if err := unpack.New(wide).Each([]byte("no archive"), 9, nil); err != nil {
		t.Error(err)
	}
}

// TestWide: a text of UTF-16 comes back byte for byte.
func TestWide(t *testing.T) {
	for _, mark := range []bool{true, false} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			words := "hostname of the core in Zürich ✓"
			if mark {
				words += "😀"
			}
			in := utf16of(order, mark, words)
			w, ok := unpack.WideOf(in)
			if text := w.Narrow(in); !ok || string(text) != words || !bytes.Equal(w.Widen(text), in) {
				t.Errorf("%+v %v: %q", w, ok, text)
			}
		}
	}
	for _, no := range []string{"", "a", "a\x00", "plain text", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if w, ok := unpack.WideOf([]byte(no)); ok {
			t.Errorf("%q is %+v", no, w)
		}
	}
}

// TestMixed: a log of UTF-16 to which lines of ASCII were appended, as a shell does, is no text of
// UTF-16, with a mark or without; what has letters of East Asia is one.
func TestMixed(t *testing.T) {
	log := strings.Repeat("the link of the core is up\r\n", 40)
	east := "交换机的接口已经关闭，请检查网线。……\r\nありがとうございました、またよろしくおねがいします。\r\n═════════════════\r\n"
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []bool{true, false} {
			for _, tt := range []struct {
				name string
				data []byte
				want bool
			}{
				{"whole", utf16of(order, mark, log), true},
				{"with a name of East Asia", utf16of(order, mark, log+"京都"+log), true},
				{"ASCII behind", append(utf16of(order, mark, log), "password Winter24\r\n"...), false},
				{"much ASCII behind", append(utf16of(order, mark, log), log...), false},
				{"a word behind", append(utf16of(order, mark, log), "Winter24"...), false},
				{"ASCII between", append(append(utf16of(order, mark, log), "password Winter24\r\n"...), utf16of(order, false, log)...), false},
				{"ASCII before", append(append(utf16of(order, mark, ""), "pw: Winter24\r\n"...), utf16of(order, false, log)...), false},
				{"other bytes behind", append(utf16of(order, mark, log), strings.Repeat("\x81\x92", 2*512)...), mark},
			} {
				if w, ok := unpack.WideOf(tt.data); ok != tt.want {
					t.Errorf("%s, %v, mark %v: %v, %+v", tt.name, order, mark, ok, w)
				}
			}
		}
		if _, ok := unpack.WideOf(utf16of(order, true, strings.Repeat(east, 50))); !ok {
			t.Errorf("%v: a text of East Asia is none", order)
		}
		if _, ok := unpack.WideOf(append(utf16of(order, true, strings.Repeat(east, 50)), "snmp community s3cr3t-of-us\n"...)); ok {
			t.Errorf("%v: ASCII behind a text of East Asia was not found", order)
		}
	}
}

func TestIsText(t *testing.T) {
	for text, want := range map[string][2]bool{
		"plain\n\x1b[1mbold\x1b[0m\a": {true, true}, "Zürich": {true, true}, "Z\xfcrich": {false, true}, "a\x00b": {false, false},
		"\x01\x02\x03\x04": {false, false}, "": {true, true}, "\xff\xfe\xfd\xfc": {false, false},
	} {
		if got := [2]bool{unpack.IsText([]byte(text)), unpack.IsOneByteText([]byte(text))}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// FuzzTexts: whatever comes, there is a text or an error, within the bounds.
func FuzzTexts(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add(gz(f, tarred(f, "a", "text")))
	f.Add(zst(f, []byte("text")))
	f.Add([]byte(bz))
	f.Add(zipped(f, "a", "text"))
	f.Add(utf16of(binary.LittleEndian, true, "wide"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const size = 1 << 20
		found, err := unpack.Texts(data, unpack.Limits{Depth: 4, Members: 100, Size: size})
		n := 0
		for _, text := range found {
			n += len(text.Text)
		}
		if err == nil && n > 4*(size+len(data)) { // a byte of UTF-16 or Latin-1 is up to two of UTF-8
			t.Errorf("%d bytes of %d", n, len(data))
		}
	})
}
