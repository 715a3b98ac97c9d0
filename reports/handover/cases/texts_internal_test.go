package cases

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
)

func gz(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(names); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: names[i], Size: int64(len(names[i+1])), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, names[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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

// What a customer sends is read in whatever it is packed and written; damage is told.
func TestTexts(t *testing.T) {
	const words = "sw1# show version\r\nAn answer of the switch\r\n"
	want := strings.ReplaceAll(words, "\r\n", "\n")
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"plain", []byte(words), "=" + want},
		{"with a mark", []byte("\xef\xbb\xbf" + words), "=" + want},
		{"gzip", gz(t, []byte(words)), "=" + want},
		{"tgz", gz(t, tarred(t, "a/tech.txt", words, "core", "\x7fELF\x00\x00")), "a/tech.txt=" + want},
		{"zip", zipped(t, "tech.txt", words), "tech.txt=" + want},
		{"zip of gzip", zipped(t, "tech.gz", string(gz(t, []byte(words)))), "tech.gz=" + want},
		{"UTF-16", utf16of(binary.LittleEndian, true, words), "=" + want},
		{"UTF-16, big end first", utf16of(binary.BigEndian, true, words), "=" + want},
		{"UTF-16 without a mark", utf16of(binary.LittleEndian, false, words), "=" + want},
		{"UTF-16, big end first, without a mark", utf16of(binary.BigEndian, false, words), "=" + want},
		{"Latin-1", []byte("Geb\xe4ude\r\n"), "=Gebäude\n"},
		{"no text", []byte("\x7fELF\x00\x00\x00"), ""},
		{"gzip, cut", gz(t, []byte(words))[:30], "it is cut"},
		{"tar, cut", tarred(t, "a", strings.Repeat(words, 100))[:1200], "it is cut"},
		{"archives in archives", gz(t, gz(t, gz(t, gz(t, []byte(words))))), "4 deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := texts(tt.data)
			var got []string
			for _, f := range found {
				got = append(got, f.name+"="+string(f.text))
			}
			said := strings.Join(got, "|")
			if err != nil {
				said = err.Error()
			}
			if said != tt.want && (err == nil || !strings.Contains(said, tt.want)) {
				t.Errorf("got %q, want %q", said, tt.want)
			}
		})
	}
}

// An archive that unpacks to more than there is room for is not read to its end.
func TestTextsAreBounded(t *testing.T) {
	u := unpacker{room: 1000, members: 3}
	if err := u.file("", gz(t, make([]byte, 5000)), 0); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v", err)
	}
	u = unpacker{room: maxLog, members: 3}
	if err := u.file("", tarred(t, "a", "1", "b", "2", "c", "3", "d", "4"), 0); err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("got %v", err)
	}
}
