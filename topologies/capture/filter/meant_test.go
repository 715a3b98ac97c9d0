package filter

import (
	"errors"
	"strings"
	"testing"
)

// TestMeant: a protocol that the syntax has no word for is answered with what to write, which is right.
func TestMeant(t *testing.T) {
	if len(meant()) < 40 {
		t.Fatal("few words")
	}
	for name, write := range meant() {
		first, _, _ := strings.Cut(write, ", or ")
		first, _, _ = strings.Cut(first, " (")
		if _, err := Compile(first); err != nil {
			t.Errorf("%s: %q: %v", name, first, err)
		}
		if _, err := Compile(name); err == nil {
			continue // it is a word, and its hint is for where it cannot stand
		}
		_, err := Compile("arp or " + name)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Column != 8 || e.Hint != "write "+write {
			t.Errorf("%s: %v", name, err)
		}
	}
}
