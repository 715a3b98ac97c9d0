package cases

import (
	"errors"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// whole is how the texts of a file are asked whether they are whole. The zero value asks nothing.
type whole struct {
	lacks  func(text string) []string
	begins func(text string) bool // nil where texts of other kinds are not told apart
}

// wholeness is what a kind of file of a platform is asked.
func wholeness(kind, platform string, p Platforms) whole {
	var w whole
	switch {
	case kind == "tech-support" && p.Lacks != nil:
		w.lacks = func(text string) []string { return p.Lacks(platform, text) }
		if p.Begins != nil {
			w.begins = func(text string) bool { return p.Begins(platform, text) }
		}
	case kind == "config" && p.ConfigLacks != nil:
		w.lacks = func(text string) []string { return p.ConfigLacks(platform, text) }
	}
	return w
}

// check says what is missing in the texts of a file. A text that is begun and cut is told whatever
// is beside it: a whole collection of one switch says nothing of that of another. Otherwise one
// text has to be whole, and where none is, what the one lacks that lacks least.
func (w whole) check(texts []unpack.Text) error {
	if w.lacks == nil {
		return nil
	}
	var cut []string
	var least []string
	of, found := "", false
	for _, t := range texts {
		text := string(t.Text)
		missing := w.lacks(text)
		switch {
		case len(missing) == 0:
			found = true
		case w.begins != nil && w.begins(text):
			cut = append(cut, notWhole(t.Name, missing).Error())
		}
		if len(missing) > 0 && (least == nil || len(missing) < len(least)) {
			least, of = missing, t.Name
		}
	}
	switch {
	case len(cut) > 0:
		return errors.New(strings.Join(cut, "; "))
	case found:
		return nil
	case least == nil:
		return errors.New("there is no text in it")
	}
	return notWhole(of, least)
}

// notWhole says what a text lacks that has a name where it lies in an archive.
func notWhole(name string, missing []string) error {
	what := "it is not whole"
	if name != "" {
		what = name + " in it is not whole"
	}
	return fmt.Errorf("%s: %s", what, strings.Join(missing, ", "))
}
