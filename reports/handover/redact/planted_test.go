package redact_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// testKey is a fixed key, so that results can be compared.
func testKey(tb testing.TB) redact.Key {
	tb.Helper()
	k, err := redact.ParseKey(strings.Repeat("5a17", 16))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newRedactor(tb testing.TB, o redact.Options) *redact.Redactor {
	tb.Helper()
	r, err := redact.New(testKey(tb), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// marker is one planted value; testdata/markers.txt lists them all.
type marker struct{ kind, value string }

func markers(tb testing.TB) []marker {
	tb.Helper()
	var list []marker
	for line := range strings.Lines(string(read(tb, "markers.txt"))) {
		kind, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		list = append(list, marker{kind, value})
	}
	return list
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

var samples = []string{"ios.cfg", "junos.cfg", "eos.cfg", "frr.cfg", "exos.cfg", "voss.cfg", "device.log", "tech.txt"}

// owner are the words that the owner would name: the customer has no grammar.
var owner = redact.Options{Names: []string{"Acme Bank", "acme-bank"}}

// TestPlanted asks that of all planted secrets and identities none survives, in no form.
func TestPlanted(t *testing.T) {
	r := newRedactor(t, owner)
	texts := map[string][]byte{}
	for _, name := range samples {
		texts[name] = read(t, name)
		r.Learn(name, texts[name])
	}
	list := markers(t)
	if len(list) < 100 {
		t.Fatalf("%d markers, want 100 and more", len(list))
	}
	for name, data := range texts {
		out := r.Text(name, data)
		if os.Getenv("REDACT_SHOW") != "" {
			t.Logf("%s:\n%s", name, out)
		}
		for _, m := range list {
			in := bytes.Contains(data, []byte(m.value))
			if bytes.Contains(bytes.ToLower(out), bytes.ToLower([]byte(m.value))) {
				t.Errorf("%s: %s %q survives (planted here: %v)", name, m.kind, m.value, in)
			}
		}
	}
}
