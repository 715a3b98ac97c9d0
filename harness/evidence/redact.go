package evidence

import (
	"bytes"
	"slices"
	"strings"
)

// Cut replaces a secret in everything that is written.
const Cut = "«secret»"

// Redactor cuts known secrets out of text by value. The zero value cuts nothing.
type Redactor struct {
	secrets  []string
	replacer *strings.Replacer
}

// NewRedactor makes a redactor for these values. Values shorter than four characters
// are left out: cutting them would destroy the record without hiding anything.
func NewRedactor(secrets ...string) Redactor {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < 4 })
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // longest first
	secrets = slices.Compact(secrets)
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, Cut)
	}
	return Redactor{secrets: secrets, replacer: strings.NewReplacer(pairs...)}
}

// Text cuts the secrets out of s.
func (r Redactor) Text(s string) string {
	if len(r.secrets) == 0 {
		return s
	}
	return r.replacer.Replace(s)
}

// hold tells how many bytes at the end of p may be the beginning of a secret, so that
// a stream keeps them back until more is known.
func (r Redactor) hold(p []byte) int {
	longest := 0
	for _, s := range r.secrets {
		for n := min(len(s)-1, len(p)); n > longest; n-- {
			if bytes.HasSuffix(p, []byte(s[:n])) {
				longest = n
			}
		}
	}
	return longest
}
