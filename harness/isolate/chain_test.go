package isolate_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/isolate"
)

// hits is an oracle of which every run is a hit.
type hits struct{}

func (hits) Vet(context.Context, isolate.Candidate) error { return nil }

func (hits) Try(_ context.Context, _ isolate.Candidate, n int) ([]isolate.Result, error) {
	return slices.Repeat([]isolate.Result{{Outcome: isolate.Hit}}, n), nil
}

// TestChain: a ledger is gone on with, and read, as it was written: with the options that it was begun with, and every line of it. One of
// an older program has no sums, up to where it was gone on with.
func TestChain(t *testing.T) {
	const line = `{"seq":1,"candidate":"a","run":1,"outcome":"hit","took":1}` + "\n"
	path := filepath.Join(t.TempDir(), "ledger.ndjson")
	write := func(n int, begun string) error {
		r, err := isolate.NewRecorder(path, begun, nil, hits{})
		if err != nil {
			return err
		}
		defer r.Close() //nolint:errcheck // what matters was written
		_, err = r.Try(t.Context(), isolate.Candidate{}, n)
		return err
	}
	if err := write(2, "one"); err != nil {
		t.Fatal(err)
	}
	if err := write(3, "one"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil || bytes.Count(whole, []byte(`"prev":"`)) != 3 {
		t.Fatalf("%s, %v", whole, err)
	}
	first, rest, _ := bytes.Cut(whole, []byte("\n"))
	for _, tt := range []struct {
		name, text, begun, want string
	}{
		{"as it was", string(whole), "one", ""},
		{"a last line that was cut", string(whole[:len(whole)-5]), "one", ""},
		{"other options", string(whole), "two", ":1: the search was begun with other options"},
		{"an altered line", strings.Replace(string(whole), `"hit"`, `"miss"`, 1), "one", ":2: the line before was altered or taken out"},
		{"a line without its sum", strings.Replace(string(whole), `"prev"`, `"older"`, 1), "one", ":2: the line before was altered"},
		{"a line without its sum behind one", string(first) + "\n" + strings.Replace(string(rest), `"prev"`, `"older"`, 1), "one", ":2: the line before was altered"},
		{"an older program's", line, "one", ""},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := isolate.ReadLedger(path, tt.begun)
		again := write(1, tt.begun)
		for _, err := range []error{err, again} {
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want …%s…", tt.name, err, tt.want)
			}
		}
		if _, err := isolate.ReadLedger(path, ""); err != nil {
			t.Errorf("%s: where nobody knows what it was begun with: %v", tt.name, err)
		}
	}
}
