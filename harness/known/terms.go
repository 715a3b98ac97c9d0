package known

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// term is a word, or words that stand together, that is looked for.
type term struct {
	word   string
	fts    string
	weight float64
}

// stopList tells nothing of a problem: those of the language, and those of every case.
const stopList = `a about after again all already also although always an and another any are as at
	back be because been before being but by can cannot come comes configured contains could count did do does done down
	each else end ends eventually every exit expect first for from gets given goes had has have he her here his how i if in
	instead into is it its json keeps last later len lets like longer made make makes many may more most must my name never new no node none not now
	of off old on once one only or other our out own per problem rows same see seen set should show shows side since so some
	split startswith stays step still such sudo text than that the their them then there these they this those time timeout times to together
	too two under until up use used using value very via was we were what when where whether which while who why will with within without would you your
	router routers switch switches device devices version release image case issue found fixed int trim matches true false
	run exec sh int eth1 eth2 r1 r2 ip configure ipv4 unicast printf echo null dev sleep`

var stopWords = wordSet(stopList) //nolint:gochecknoglobals // a table that nothing changes

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

// termsOf takes the telling words out of what people wrote, the heaviest first.
func termsOf(s Subject) []term {
	weights := map[string]float64{}
	order := map[string]int{}
	for _, t := range s.Text {
		for _, w := range wordsOf(t.Text, s.Products) {
			if _, there := order[w]; !there {
				order[w] = len(order)
			}
			weights[w] = max(weights[w], t.Weight)
		}
	}
	words := slices.SortedFunc(maps.Keys(weights), func(a, b string) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(order[a], order[b]))
	})
	var terms []term
	seen := map[string]bool{}
	for _, w := range words {
		f := phrase(w)
		if f == "" || seen[stem(w)] || len(terms) >= maxTerms {
			continue
		}
		seen[stem(w)] = true
		terms = append(terms, term{w, f, weights[w]})
	}
	return terms
}

// wordsOf splits a text. A word with marks inside, a command or a prefix
// ("default-originate", "0.0.0.0/1"), is looked for whole.
func wordsOf(text string, p *Products) []string {
	var words []string
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		w = strings.Trim(w, `.,;:!?()[]{}<>"'`+"`"+`“”‘’*_=|&$\^`)
		w = strings.TrimSuffix(w, "'s")
		parts := strings.FieldsFunc(w, notWord)
		switch {
		case len(parts) == 0 || len(parts) > 8 || len(w) > 60:
			continue
		case len(parts) == 1 && (len(parts[0]) < 3 || stopWords[parts[0]] || allDigits(parts[0]) && len(parts[0]) < 4):
			continue
		case len(parts) == 1:
			w = parts[0]
		}
		if p.names(w) || stopWords[w] {
			continue // the product is in the search already
		}
		words = append(words, w)
		if len(parts) > 1 && !strings.ContainsAny(w, "0123456789") {
			for _, p := range parts {
				if len(p) >= 4 && !stopWords[p] {
					words = append(words, p)
				}
			}
		}
	}
	return words
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
