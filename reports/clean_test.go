package reports_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "a\tb\n", "a\tb\n"},
		{"letters beyond ASCII", "Zürich – ✓", "Zürich – ✓"},
		{"colours", "\x1b[1;31mdown\x1b[0m", "down"},
		{"cursor", "\x1b[2J\x1b[10;20Hx", "x"},
		{"character set", "\x1b(Bx\x1b)0y", "xy"},
		{"keypad", "\x1b=x\x1b>", "x"},
		{"line ends", "a\r\nb\r\r\nc\rd", "a\nb\nc␍d"},
		{"title keeps its text", "\x1b]0;evil\x07x", "␛]0;evil␇x"},
		{"cut sequence", "\x1b[31", "␛[31"},
		{"sequence without an end", "\x1b[" + strings.Repeat("1", 80) + "m", "␛[" + strings.Repeat("1", 80) + "m"},
		{"NUL and DEL", "a\x00b\x7f", "a␀b␡"},
		{"invalid UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"no XML character", "a\ufffeb\uffff", "a\ufffdb\ufffd"},
		{"text turned round", "\u202egnp.exe\u202c", "⟨202E⟩gnp.exe⟨202C⟩"},
		{"hidden", "a\u200bb\ufeffc", "a⟨200B⟩b⟨FEFF⟩c"},
		{"eight-bit control", "a\u009b31mb\u2028", "a⟨9B⟩31mb⟨2028⟩"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := reports.Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add(reportstest.Attack(100))
	f.Add("\x1b[31mred\x1b[0m\r\r\n\x1b]0;t\x07\x1bP1\x1b\\")
	f.Fuzz(func(t *testing.T, s string) {
		got := reports.Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q is no UTF-8", s, got)
		}
		for _, r := range got {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r&0xfffe == 0xfffe {
				t.Errorf("Clean(%q) = %q holds %U", s, got, r)
			}
		}
		if again := reports.Clean(got); again != got {
			t.Errorf("Clean(Clean(%q)) = %q, want %q", s, again, got)
		}
		if len(got) > 4*len(s) {
			t.Errorf("Clean(%q) grew from %d to %d bytes", s, len(s), len(got))
		}
	})
}
