package html

import (
	"strings"
	"testing"
)

func TestClipped(t *testing.T) {
	for _, tt := range []struct {
		text         string
		lines, bytes int
		want         string
	}{
		{"a\nb", 2, 10, "a\nb"},
		{"a\nb\nc\nd", 2, 10, "a\nb\n… 2 lines more"},
		{"aaaa\nbbbb\ncccc", 9, 9, "aaaa\nbbbb\n… 1 line more"},
		{strings.Repeat("ä", 10), 3, 5, "ää…"},
		{"", 3, 5, ""},
	} {
		if got := clipped(tt.text, tt.lines, tt.bytes); got != tt.want {
			t.Errorf("%q to %d lines and %d bytes: %q, want %q", tt.text, tt.lines, tt.bytes, got, tt.want)
		}
	}
}
