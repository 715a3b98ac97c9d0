package speaker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBreaks: what broke is told in its order, as over where that is said or its daemon began anew, and a file that is
// damaged is no file in which nothing broke.
func TestBreaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "breaks")
	lost := func(err error) { t.Error(err) }
	b, err := openBreaks(path, lost)
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		list, err := ReadBreaks(data)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, x := range list {
			if x.At.IsZero() {
				t.Errorf("%+v has no time", x)
			}
			word := x.What + ": " + x.Why
			if x.Over {
				word += ", over"
			}
			words = append(words, word)
		}
		return strings.Join(words, "; ")
	}
	if got := read(); got != "" {
		t.Errorf("before anything broke: %s", got)
	}
	b.note("session a", errors.New("no port"))
	b.note("session b", errors.New("two\nlines"))
	b.note("session a", nil)
	b.note("session a", errors.New("again"))
	if got, want := read(), "session a: no port, over; session b: two\nlines; session a: again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if b, err = openBreaks(path, lost); err != nil {
		t.Fatal(err)
	}
	b.note("session c", errors.New("new"))
	if got, want := read(), "session a: no port, over; session b: two\nlines, over; session a: again, over; session c: new"; got != want {
		t.Errorf("behind a new daemon: got %q, want %q", got, want)
	}
	for _, damaged := range []string{"x", `{"what": "session a", "why": "no`} {
		if _, err := ReadBreaks([]byte(damaged)); err == nil {
			t.Errorf("%q was read", damaged)
		}
	}
	told := false
	b.failed = func(error) { told = true }
	if err := b.file.Close(); err != nil {
		t.Fatal(err)
	}
	if b.note("session a", errors.New("unheard")); !told {
		t.Error("a line that could not be written was not told of")
	}
}

func FuzzReadBreaks(f *testing.F) {
	f.Add([]byte(`{"at":"2026-01-01T00:00:00Z","what":"session a","why":"no port"}` + "\n{}\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = ReadBreaks(data) })
}
