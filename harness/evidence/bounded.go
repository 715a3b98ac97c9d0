package evidence

import (
	"fmt"
	"strings"
)

// Bounded cuts a text to at most n bytes of whole characters, and marks the cut.
func Bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Short gives an expression's value for people, at most 200 bytes of it.
func Short(v any) string {
	s := fmt.Sprint(v)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
