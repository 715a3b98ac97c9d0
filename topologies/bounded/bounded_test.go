package bounded_test

import (
	"io"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/bounded"
)

func TestFirst(t *testing.T) {
	for _, tt := range []struct {
		name, write, kept string
		over              bool
	}{
		{"nothing", "", "", false},
		{"less", "ab|c", "abc", false},
		{"all", "ab|cd", "abcd", false},
		{"more at once", "abcde", "abcd", true},
		{"more later", "abcd|e|", "abcd", true},
	} {
		f := bounded.NewFirst(4)
		for part := range strings.SplitSeq(tt.write, "|") {
			if n, err := io.WriteString(f, part); n != len(part) || err != nil {
				t.Errorf("%s: took %d, %v", tt.name, n, err)
			}
		}
		if f.String() != tt.kept || f.Over() != tt.over {
			t.Errorf("%s: kept %q, over %v", tt.name, f, f.Over())
		}
	}
}

func TestLast(t *testing.T) {
	for _, tt := range []struct{ name, write, kept string }{
		{"nothing", "", ""},
		{"less", "ab|c", "abc"},
		{"more at once", "abcdefgh", "efgh"},
		{"more later", "abcd|e|fg", "defg"},
		{"half a character", "aé|bcd", "bcd"},
		{"space", "a| b\n", "a b"},
	} {
		l := bounded.NewLast(4)
		for part := range strings.SplitSeq(tt.write, "|") {
			if n, err := io.WriteString(l, part); n != len(part) || err != nil {
				t.Errorf("%s: took %d, %v", tt.name, n, err)
			}
		}
		if l.String() != tt.kept {
			t.Errorf("%s: kept %q", tt.name, l)
		}
	}
}

// Of what was cut only whole lines are repeated: half a secret is found by nobody.
func TestLines(t *testing.T) {
	for write, want := range map[string]string{
		"":                     "",
		"secret\n":             "secret\n",
		"my secret\nbye":       "bye",
		"a line|\nand another": "and another",
		"one line without end": "",
	} {
		l := bounded.NewLast(12)
		for part := range strings.SplitSeq(write, "|") {
			_, _ = io.WriteString(l, part)
		}
		if got := l.Lines(); got != want {
			t.Errorf("of %q: %q, want %q", write, got, want)
		}
	}
}

// However long somebody speaks, memory is taken for what is kept.
func TestEndless(t *testing.T) {
	f, l := bounded.NewFirst(bounded.Words), bounded.NewLast(bounded.Words)
	chunk := make([]byte, 32<<10)
	if grown := testing.AllocsPerRun(100, func() {
		_, _ = f.Write(chunk)
		_, _ = l.Write(chunk)
	}); grown > 0 {
		t.Errorf("%v allocations a write", grown)
	}
	if len(f.Bytes()) != bounded.Words {
		t.Errorf("%d bytes are kept", len(f.Bytes()))
	}
}
