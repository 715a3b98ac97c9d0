package known

import (
	"regexp"
	"sync"
)

// expression is a regular expression that is compiled when it is first asked for: few calls of
// the program read documents, and every start of it would wait for all of theirs.
type expression func() *regexp.Regexp

// express panics where the text is none, as regexp.MustCompile does, but only when it is used.
func express(text string) expression {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
