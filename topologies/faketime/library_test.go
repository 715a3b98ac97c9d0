package faketime //nolint:testpackage // the library's code is nothing that users see

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"strings"
	"testing"
)

// TestMend changes the condition of one jump, of both forms that Debian's libraries have, and
// leaves alone what has none or what it cannot tell apart.
func TestMend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, code, want string }{
		{"0.9.8", load2 + test + "\x7e\xcc" + multiply, load2 + test + "\x7c\xcc" + multiply},
		{"0.9.10", load1 + test + "\x0f\x8e\x99\x00\x00\x00" + multiply, load1 + test + "\x0f\x8c\x99\x00\x00\x00" + multiply},
		{"it looks at nanoseconds itself", load1 + "\x48\x8b\x53\x08" + test + "\x0f\x8e\x0c\x01\x00\x00" + multiply, ""},
		{"twice", load1 + test + "\x7e\xcc" + multiply + load2 + test + "\x7e\xcc" + multiply, ""},
		{"cut off", test + "\x7e\xcc" + multiply, ""},
		{"none", "", ""},
	} {
		library := []byte("before" + c.code + "after")
		was := bytes.Clone(library)
		got, changed := mend(library)
		want := was
		if c.want != "" {
			want = []byte("before" + c.want + "after")
		}
		if changed != (c.want != "") || !bytes.Equal(got, want) {
			t.Errorf("%s: mend = %q, %v, want %q", c.name, got, changed, want)
		}
		if !bytes.Equal(library, was) {
			t.Errorf("%s: it changed what it was given", c.name)
		}
	}
}

// TestMendArm changes the condition of one jump in what ppoll is in Debian's packages for arm64, from the
// load of the seconds on, and leaves alone the one that looks at nanoseconds itself.
func TestMendArm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, code, want string }{
		{
			"0.9.8, bullseye",
			"820240f9 5f0000f1 6dfeff54 c5000090 00106e1e 800640f9 064099d2 a12c40fd 4673a7f2",
			"820240f9 5f0000f1 6bfeff54 c5000090 00106e1e 800640f9 064099d2 a12c40fd 4673a7f2",
		},
		{
			"0.9.10, bookworm",
			"820240f9 5f0000f1 6dfeff54 e0000090 01106e1e 870640f9 064099d2 004440fd 4673a7f2",
			"820240f9 5f0000f1 6bfeff54 e0000090 01106e1e 870640f9 064099d2 004440fd 4673a7f2",
		},
		{"after 0.9.10, trixie", "600e40a9 1f0000f1 0d040054 e10000b0 1d106e1e 054099d2 629692d2 3e4840fd 4573a7f2", ""},
		{"cut off", "820240f9 5f0000f1 6dfeff54 e0000090 01106e1e 870640f9", ""},
		{"not at an instruction", "00 820240f9 5f0000f1 6dfeff54 e0000090 01106e1e 870640f9 064099d2", ""},
	} {
		got, changed := mend(unhex(t, c.code))
		want := unhex(t, cmp.Or(c.want, c.code))
		if changed != (c.want != "") || !bytes.Equal(got, want) {
			t.Errorf("%s: mend = %x, %v, want %x", c.name, got, changed, want)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
