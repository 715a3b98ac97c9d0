package cli

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ShellLine is a command as one line for a shell. A word that no shell can be given is left as it is.
func ShellLine(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = w
		if q, err := syntax.Quote(w, syntax.LangPOSIX); err == nil {
			words[i] = q
		}
	}
	return strings.Join(words, " ")
}
