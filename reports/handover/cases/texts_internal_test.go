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
