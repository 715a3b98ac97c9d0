package cases

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/unpack"
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

// TestWordsOfDamage: what keeps a customer's file from being read is said as what to do about it.
func TestWordsOfDamage(t *testing.T) {
	const words = "sw1# show version\nAn answer of the switch\n"
	var many bytes.Buffer
	w := tar.NewWriter(&many)
	for i := range maxMembers + 1 {
		if err := w.WriteHeader(&tar.Header{Name: strconv.Itoa(i), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var locked bytes.Buffer
	z := zip.NewWriter(&locked)
	f, err := z.CreateHeader(&zip.FileHeader{Name: "tech.txt", Flags: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, words); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"whole", gz(t, []byte(words)), ""},
		{"cut", gz(t, []byte(words))[:30], "it is cut: the archive ends in the middle"},
		{"too deep", gz(t, gz(t, gz(t, gz(t, []byte(words))))), "more than 3 deep"},
		{"too many", many.Bytes(), "more than 1000 files"},
		{"with a password", locked.Bytes(), "tech.txt in it is encrypted: attach it unpacked"},
		{"damaged", []byte("\x1f\x8b\x08 no gzip at all, but as long as one"), "unpack it: damaged"},
	} {
		found, err := texts(tt.data)
		if tt.want == "" && (err != nil || len(found) != 1 || string(found[0].Text) != words) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, %v, want %q", tt.name, found, err, tt.want)
		}
	}
	if err := inWords(fmt.Errorf("%w of 9 bytes", unpack.ErrSize)); !strings.Contains(err.Error(), "more than 256 MB: attach the part") {
		t.Error(err)
	}
}

// TestWhole: one whole text is enough beside those of other kinds; a cut one of its kind is told.
func TestWhole(t *testing.T) {
	w := whole{
		lacks: func(text string) []string {
			var missing []string
			for _, part := range []string{"BEGIN", "END"} {
				if !strings.Contains(text, part) {
					missing = append(missing, part)
				}
			}
			return missing
		},
		begins: func(text string) bool { return strings.Contains(text, "BEGIN") },
	}
	anything := whole{lacks: w.lacks}
	for _, tt := range []struct {
		name  string
		w     whole
		texts []string
		want  string
	}{
		{"whole", w, []string{"BEGIN END"}, ""},
		{"beside a log", w, []string{"up", "BEGIN END", "down"}, ""},
		{"a cut one before", w, []string{"BEGIN", "BEGIN END"}, "0 in it is not whole: END"},
		{"a cut one behind", w, []string{"BEGIN END", "up", "BEGIN"}, "2 in it is not whole: END"},
		{"two cut ones", w, []string{"BEGIN", "BEGIN END", "BEGIN"}, "0 in it is not whole: END; 2 in it is not whole: END"},
		{"no whole one", w, []string{"up", "END"}, "1 in it is not whole: BEGIN"},
		{"nothing", w, nil, "there is no text in it"},
		{"kinds that are not told apart", anything, []string{"BEGIN END", "BEGIN"}, ""},
		{"of no kind that is asked", whole{}, []string{"BEGIN"}, ""},
	} {
		var texts []unpack.Text
		for i, text := range tt.texts {
			texts = append(texts, unpack.Text{Name: strconv.Itoa(i), Text: []byte(text)})
		}
		said := ""
		if err := tt.w.check(texts); err != nil {
			said = err.Error()
		}
		if said != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, said, tt.want)
		}
	}
}
