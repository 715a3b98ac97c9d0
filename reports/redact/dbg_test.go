package redact

import (
	"os"
	"strings"
	"testing"
)

func TestDbg(t *testing.T) {
	k, _ := ParseKey(strings.Repeat("5a17", 16))
	r, _ := New(k, Options{})
	text := strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\e`, "\x1b").Replace(os.Getenv("DBG"))
	name := os.Getenv("DBGNAME")
	if name == "" {
		name = "x.log"
	}
	r.Learn(name, []byte(text))
	for _, k := range r.sorted() {
		t.Logf("known %q %s", k.value, k.rule)
	}
	for _, e := range r.edits(name, []byte(text)) {
		t.Logf("%q -> %q %s", text[e.start:e.end], e.with, e.rule)
	}
	t.Logf("%q", r.Text(name, []byte(text)))
}
