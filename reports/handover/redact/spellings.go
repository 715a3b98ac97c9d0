package redact

import (
	"slices"
	"strings"
	"unicode"
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

// Spellings are the ways in which names are written: whole, word by word, and with the
// letters that German has of its own written as two.
func Spellings(names ...string) []string {
	latin := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss")
	var list []string
	add := func(s string) {
		all := []string{s, latin.Replace(s)}
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
