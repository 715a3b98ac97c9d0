package known

import (
	"slices"
	"strings"
	"unicode"
)

// versionList is one version, or some of them in a row.
const versionList = `(?:` + versionForm + `)(?:(?:,? (?:and|or) |, | / ?)(?:` + versionForm + `))*`

//nolint:gochecknoglobals // each is compiled once
var (
	// "Version 8.4.3 contains a fix", "8.4.3 resolves the issue".
	holdsFix = express(`(?i)(?:\b(?:versions?|releases?) )?\b(` + versionList + `) (?:(?:contains?|includes?|has|have|provides?|ships?(?: with)?) (?:an? |the )?(?:fix(?:es)?|patch(?:es)?|corrections?)\b(?: for [^.;]{0,80})?|` +
		`(?:fix(?:es|ed)?|patch(?:es|ed)?|resolves?d?|correct(?:s|ed)?|address(?:es|ed)?) (?:this|the|that|these) (?:issue|problem|vulnerability|flaw|bug|defect|weakness)(?:e?s)?\b)`)
	// "Users should upgrade to 8.4.3".
	goTo      = express(`(?i)(?:^|[.;] |\b(?:should|please|must|to|be|and|by) )(?:upgrade|update|upgrading|updating|move|moving|migrate) (?:(?:the|your|all|their) \w+ )?to (?:at least )?`)
	otherFix  = express(`(?i)\b(?:addressed|remediated|rectified|remedied|repaired|eliminated|solved)\b(,? (?:in|with|by|as of|since|from)\b)`)
	openEnd   = express(`(?i)\b(?:up )?to,? \(?(?:but |and )?(?:not including|excluding|exclusive of|exclusive)\)?,?`)
	closedEnd = express(`(?i)\bup to,? \(?(?:and )?(?:including|inclusive)\)?,?`)
	// Numbers that are no versions: of a section, of a score, of an address, of seconds.
	otherNumber = express(`(?i)\b(?:sections?|chapters?|tables?|figures?|cvss|score|tls|ssl|http|rfc)[ /:v]*\d+(?:\.\d+)+\b|\b[12]\d\d(?:\.\d{1,3}){3}\b|\b\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}\b|\b\d+\.\d+ ?(?:seconds?|secs?|milliseconds?|ms|minutes?|hours?|percent|[KMGkm](?:i?B|bps|b/s)|%)`)
	// dubious are words that turn round what a sentence says of a version.
	dubious = express(`(?i)\bunaffected\b|\b(?:not|never|nor)\b(?: \w+){0,3} (?:affected|vulnerable|impacted|susceptible|present)\b|n['’]t (?:affected|vulnerable|impacted|susceptible|present)\b|\bexcept(?:ing| of| for)?\b|\bexclud\w+|\bother than\b|` +
		`\b(?:do not|don['’]t|never|not to|must not|should not) (?:use|install|upgrade|run|go|move)\b|` +
		`\b(?:will|to|should|shall|may|might) be (?:\w+ )?(?:fixed|resolved|corrected|addressed|released|available)\b|` +
		`\b(?:fix|correction|patch|release|resolution) (?:is |was )?(?:planned|scheduled|targeted|expected|intended|pending)\b|\b(?:planned|scheduled|targeted|expected|intended|pending) (?:for|in|to be (?:fixed|resolved|corrected))\b|` +
		`\bpartial(?:ly)?\b|\bincomplete(?:ly)?\b|\brevert\w*|\bback(?:ed)? out\b|\breintroduc\w+|\breopen\w*|\bregress(?:ed|es)\b|\bavoid (?:using|running|versions?|releases?)\b|\bdowngrad\w+|\broll(?:ed)? back\b|\buntested\b|\bun(?:resolved|fixed|patched)\b|` +
		`\bno (?:\w+ ){0,2}(?:fix(?:es)?|patch(?:es)?|resolution|correction|versions?|releases?)\b|(?: not|n['’]t) (?:receive|get an?|fix|solve|resolve|help|suffice)\b|\b(?:not|never) (?:in|on|for|with|by|before|from|until|to|since)\b|\bdo(?:es)?(?: not|n['’]t)(?:[.;,)]|$)|` +
		`\b(?:is|are|was|were)(?: \w+)? (?:safe|immune|clean|fine|free|secure)\b|\bstill (?:vulnerable|affected|present|broken|unfixed|open|there|exists?|occurs?|happens?)\b|\bmaster (?:branch|up to|before|through|until|as of|since)\b|\b(?:in|and|on) master\b(?:[,.;)]|$| (?:and|or)\b)|\bcommit [0-9a-f]{6,40}\b|\bdevelopment (?:branch|version)\b|\b(?:again|back) (?:in|since|with)\b|\bregressions? (?:in|of|since|with)\b|\bre-?(?:appear|surfac|emerg|occur)\w*|\bcame back\b|` +
		`\bmitigat\w+ (?:in|by|with)\b|\bwork-?arounds?\b|\bback-?port\w*|\breleased to\b|\b(?:fix|patch|correction)\w* (?:[\w.,]+ ){0,6}(?:insufficient|inadequate|ineffective|wrong|incorrect|broken|buggy|faulty)\b|` +
		`\b(?:after|when|while|during|on|upon|following|if|once)\b.{0,30}\b(?:upgrad\w+|migrat\w+|updat(?:ed|ing))\b|\b(?:upgrad(?:ed|es|ing)|updat(?:ed|ing))\b.{0,20}\b(?:from|to)\b`)

	sentenceEnd = express(`; ?|\. +`)
)

// reworded writes what people say in other words as ParseVersions knows it, and leaves out the numbers that are none of versions.
func reworded(text string) string {
	text = otherNumber().ReplaceAllString(text, " ")
	text = openEnd().ReplaceAllString(text, "before")
	text = closedEnd().ReplaceAllString(text, "up to and including")
	text = otherFix().ReplaceAllString(text, "fixed$1")
	text = holdsFix().ReplaceAllString(text, "; fixed in $1")
	return squeeze(goTo().ReplaceAllString(text, "; fixed in "))
}

// inProse reads what a text says of versions, as ParseVersions does, but for the sentences that say the opposite of what
// their words do alone, "8.4.4 is not affected", "to be fixed in 8.4.4", and those that speak of the versions of something
// else, "with libyang before 2.1": these are unclear. What a solution names is a fix.
func (p *Products) inProse(text, product string, solution bool) (found []Range, fixed []Fix, unclear []string) {
	p = p.orNone()
	var kept strings.Builder
	for text = reworded(clip(squeeze(text), 4<<10)); text != ""; {
		end := len(text)
		if m := sentenceEnd().FindStringIndex(text); m != nil {
			end = m[1]
		}
		sentence := text[:end]
		text = text[end:]
		if versionWord().MatchString(sentence) && (dubious().MatchString(sentence) || fixedInLine().MatchString(sentence) || p.ofOthers(sentence, product)) {
			unclear = append(unclear, clip(squeeze(sentence), maxUnclear))
			sentence = "; "
		} else if solution {
			sentence = "fixed " + sentence
		}
		kept.WriteString(sentence)
	}
	found, fixed = p.ParseVersions(kept.String(), product)
	return found, fixed, unclear
}

// joining are words behind which a version is of what the sentence speaks of, whatever stands before them.
var joining = []string{ //nolint:gochecknoglobals // a table that nothing changes
	"in", "on", "of", "from", "since", "with", "at", "for", "by", "as", "is", "are", "was", "were", "to", "run", "runs", "running", "ran", "use", "using", "uses", "install", "installed", "into",
}

// ofOthers reports whether a sentence has a version that seems to be of something else than the product: a name that is not
// the product's stands before it, with at most the words of a range between. So it reports of a fix that other words
// stand before.
func (p *Products) ofOthers(sentence, product string) bool {
	text := spread(spell(sentence))
	r := ownership{name: strings.FieldsFunc(strings.ToLower(product), notWord)}
	at := 0
	for _, m := range p.sentence().FindAllStringSubmatchIndex(text, 400) {
		r.words = append(r.words, strings.FieldsFunc(strings.ToLower(text[at:m[0]]), func(r rune) bool { return !unicode.IsLetter(r) && r != ',' })...)
		at = m[1]
		switch is := text[m[0]:m[1]]; {
		case m[2*gVersion] >= 0:
			if !r.ours() {
				return true
			}
			r.words, r.named = nil, false
		case m[2*gProduct] >= 0 && len(is) == 2 && is != strings.ToUpper(is): // a word of a language
			r.words = append(r.words, strings.ToLower(is))
		case m[2*gProduct] >= 0:
			r.words, r.named = nil, true
		case m[2*gFixed] >= 0, m[2*gFound] >= 0, m[2*gSemicolon] >= 0:
			r.words, r.named, r.fixing = nil, false, m[2*gFixed] >= 0
		}
	}
	return false
}

// ownership is what stands before a version, since the last one or since what it may be of.
type ownership struct {
	name   []string // of the product that all is about
	words  []string
	named  bool // a product stands before the words
	fixing bool
}

// ours reports whether the version behind the words is of the product.
func (r ownership) ours() bool {
	strange := func(w string) bool {
		return w != "," && !slices.Contains(plainWords, w) && !slices.Contains(joining, w) && !slices.Contains(r.name, w)
	}
	if r.fixing {
		return !slices.ContainsFunc(r.words, strange)
	}
	if r.named && len(r.words) <= 3 && !slices.ContainsFunc(r.words, func(w string) bool { // "FRRouting bgpd before 8.4"
		return w == "," || w == "and" || w == "or" || slices.Contains(joining, w)
	}) {
		return true
	}
	for _, w := range slices.Backward(r.words) {
		switch {
		case slices.Contains(joining, w):
			return true
		case strange(w):
			return false
		}
	}
	return true
}
