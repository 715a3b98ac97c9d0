package redact

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// nameless are words of a company's name that name nobody.
func nameless() []string {
	return []string{
		"gmbh", "ag", "kg", "co", "ltd", "llc", "inc", "corp", "sa", "se", "bv", "ab", "as", "oy", "plc", "spa", "srl",
		"the", "and", "und", "for", "von", "van", "der", "die", "das", "des", "los", "las", "building", "floor", "site", "room", "street",
		"network", "networks", "group", "company", "customer", "service", "services", "support", "solutions", "systems", "data", "center",
		"centre", "office", "west", "east", "north", "south", "lab", "test", "core", "mail", "info", "com", "net", "org", "example",
	}
}

// latinSpellings are a name without letters outside of ASCII, as names of hosts and addresses of mail have it: its umlauts
// as two letters, and all letters without their marks.
func latinSpellings(name string) (list []string) {
	bare := strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, norm.NFD.String(name))
	for _, s := range []string{germanLatin.Replace(name), bare} {
		if s != name && isASCII(s) && len(s) > shortestInside && !ordinary()[lower(s)] {
			list = append(list, s)
		}
	}
	return list
}

//nolint:gochecknoglobals // a table that is only read
var germanLatin = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss")

// Spellings are the ways in which names are written: whole, word by word, and with the
// letters that German has of its own written as two.
func Spellings(names ...string) []string {
	var list []string
	add := func(s string) {
		all := []string{s, germanLatin.Replace(s)}
		if strings.IndexFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) >= 0 {
			all = append(all, strings.ToUpper(s), strings.ToLower(s)) // letters that only Unicode folds
		}
		for _, w := range all {
			if !slices.Contains(list, w) {
				list = append(list, w)
			}
		}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		add(name)
		words := strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
		for _, w := range words {
			if len([]rune(w)) >= 3 && !slices.Contains(nameless(), strings.ToLower(w)) && strings.IndexFunc(w, unicode.IsLetter) >= 0 {
				add(w)
			}
		}
	}
	return list
}
