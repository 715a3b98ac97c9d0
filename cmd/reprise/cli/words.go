package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Plural counts a noun: 1 trial, 2 trials, 3 entries.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "ty"); ok {
		return fmt.Sprintf("%d %sties", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// FirstLine is the first line of a text, at most so many characters of it.
func FirstLine(s string, limit int) string {
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// OrDash stands a dash for nothing.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// AsInputError says that an error is one of the input; nil stays nil.
func AsInputError(err error) error {
	if err == nil {
		return nil
	}
	return WithCode(ExitInput, err)
}

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// Hint adds to an error what to do about it.
func Hint(err error, what string) error { return hinted{err, what} }

func (h hinted) Error() string { return h.error.Error() + " (" + h.hint + ")" }

func (h hinted) Unwrap() error { return h.error }

// Present leaves out what is empty.
func Present(words ...string) []string {
	var list []string
	for _, w := range words {
		if w != "" {
			list = append(list, w)
		}
	}
	return list
}

// Wrap breaks a text between words into lines of so many characters at most. A longer word has a line of its own.
func Wrap(s string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(s) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
