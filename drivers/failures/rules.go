package failures

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers"
)

// Written is one rule as a table holds it.
type Written struct {
	// Kind is that of the failures that it names.
	Kind drivers.FailureKind `yaml:"kind"`
	// See is a regular expression that finds what tells of the failure in one line; its named
	// groups are the words of the title. The first line that it matches counts.
	See string `yaml:"see"`
	// Not is one for what it finds that tells nothing, as the handler of a signal in a
	// backtrace: the next line is looked at then.
	Not string `yaml:"not"`
	// Of are the signals of deaths that it is for; any, where it has none.
	Of []string `yaml:"of"`
	// Title has {process}, {signal} and the groups of See for words.
	Title string   `yaml:"title"`
	Alt   []string `yaml:"alt"`
}

// Rules name failures; they come from [Parse] alone. Nil has no rule.
type Rules struct{ rules []rule }

type rule struct {
	Written
	see, not *regexp.Regexp
}

// Bounds on what is taken over from a device: a title is a name.
const (
	maxWord  = 80
	maxTitle = 200
)

// Parse reads a table: a list of [Written], of which the first that fits counts. Unknown keys
// and kinds, patterns that do not compile and words that no group gives are errors.
func Parse(data []byte) (*Rules, error) {
	var table []Written
	if err := yaml.Load(data, &table, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read failures: %w", err)
	}
	r := &Rules{}
	var errs []error
	for i, w := range table {
		c, err := compile(w)
		if err != nil {
			errs = append(errs, fmt.Errorf("read failures: rule %d: %w", i+1, err))
		}
		r.rules = append(r.rules, c)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func compile(w Written) (c rule, err error) {
	c.Written = w
	if !slices.Contains(drivers.FailureKinds(), w.Kind) {
		return c, fmt.Errorf("there is no kind %q", w.Kind)
	}
	if w.See == "" || w.Title == "" {
		return c, errors.New("see and title are needed")
	}
	if c.see, err = regexp.Compile(w.See); err != nil {
		return c, fmt.Errorf("see: %w", err)
	}
	if w.Not != "" {
		if c.not, err = regexp.Compile(w.Not); err != nil {
			return c, fmt.Errorf("not: %w", err)
		}
	}
	known := append(c.see.SubexpNames(), "process", "signal")
	for _, t := range append([]string{w.Title}, w.Alt...) {
		for _, m := range word.FindAllStringSubmatch(t, -1) {
			if !slices.Contains(known, m[1]) {
				return c, fmt.Errorf("see has no group %q, of which %q is made", m[1], t)
			}
		}
	}
	return c, nil
}

var word = regexp.MustCompile(`\{(\w+)\}`)

// Len is the number of rules.
func (r *Rules) Len() int {
	if r == nil {
		return 0
	}
	return len(r.rules)
}

// Name names a death by what was said before it, and where no rule fits by how the process
// ended. What the process ended with is among the other titles in either case.
func (r *Rules) Name(d drivers.Death, said string) drivers.Failure {
	f, _ := r.Which(d, said)
	return f
}

// Which is Name, and the rule that gave it: its place in the table, or -1.
func (r *Rules) Which(d drivers.Death, said string) (drivers.Failure, int) {
	d.Failure = drivers.Failure{}
	plain := d.Named()
	if r == nil {
		return plain, -1
	}
	for i, c := range r.rules {
		if words, ok := c.match(d, said); ok {
			f := drivers.Failure{Title: fill(c.Title, words), Kind: c.Kind}
			for _, t := range append(slices.Clone(c.Alt), plain.Title) {
				if t = fill(t, words); t != f.Title && !slices.Contains(f.Alt, t) {
					f.Alt = append(f.Alt, t)
				}
			}
			return f, i
		}
	}
	return plain, -1
}

// match finds the first line that tells of the failure, and the words in it.
func (c rule) match(d drivers.Death, said string) (map[string]string, bool) {
	if len(c.Of) > 0 && !slices.Contains(c.Of, d.Signal) {
		return nil, false
	}
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, " \r\n")
		m := c.see.FindStringSubmatch(line)
		if m == nil || c.not != nil && c.not.MatchString(m[0]) {
			continue
		}
		words := map[string]string{"process": d.Process, "signal": d.Signal}
		for i, name := range c.see.SubexpNames() {
			if name != "" {
				words[name] = m[i]
			}
		}
		return words, true
	}
	return nil, false
}

// fill makes a title. The words are a device's: nothing in them moves a terminal's cursor.
func fill(title string, words map[string]string) string {
	text := word.ReplaceAllStringFunc(title, func(w string) string { return bounded(words[w[1:len(w)-1]], maxWord) })
	return bounded(strings.Join(strings.Fields(text), " "), maxTitle)
}

func bounded(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
