package known

import (
	"slices"
	"strings"
	"unicode"
)

//nolint:gochecknoglobals // each is compiled once
var (
	intervals  = express(`([\[(])\s*(` + versionForm + `)?\s*,\s*(` + versionForm + `)?\s*([\])])`)
	comparison = express(`(<=|=<|≤|⩽|>=|=>|≥|⩾|<|>)\s*[vV=]?\s*(` + versionForm + `)(?:[\s,&]*(?:and )?(<=|=<|≤|⩽|<)\s*[vV=]?\s*(` + versionForm + `))?`)
	isAfter    = express(`(?i)\b(?:after|(?:later|newer|greater|higher) than)(?: (?:version|release))? (` + versionForm + `)`)
	plusBehind = express(`(` + versionForm + `)\+(\s|[,;)]|$)`)
	ofSeries   = express(`(?i)\s*(?:\((?:the )?(?:` + versionForm + `) (?:series|branch|line|train|stream)\)|(?:in|for|of|on) the (?:` + versionForm + `) (?:series|branch|line|train|stream)\b)`)
	lineBreak  = express(`(?i)\s*<br */?>\s*`)
	andUpTo    = express(`(?i)\b(?:and|or) up to\b`)
	stars      = express(`(\d)\.\*`)
	dots       = express(`(` + versionForm + `)\s*(?:\.{2,3}|…)\s*(` + versionForm + `)`)
	inclusive  = express(`(?i)\bbetween (` + versionForm + `) and (` + versionForm + `),? (?:\(?inclusive\)?|both included)`)
)

// spell writes the signs of a range as the words that a sentence has for them: "[8.0, 8.4)", ">=8.0 <8.4", "8.4+", "8.4.*". An
// open end before a version stays a sign, "> 8.4". "(8.0, 8.4)" may be a list as well, and stays as it is.
func spell(text string) string {
	text = intervals().ReplaceAllStringFunc(text, func(s string) string {
		m := intervals().FindStringSubmatch(s)
		from, to := m[2], m[3]
		if from == "" && to == "" || from != "" && to != "" && (m[1] == "[") == (m[4] == "]") {
			return s
		}
		if from != "" && m[1] == "(" {
			from = "> " + from
		}
		switch {
		case to == "" && m[1] == "[":
			return from + " and later"
		case to == "":
			return from
		case m[4] == ")":
			return strings.TrimSpace(from + " before " + to)
		case from == "":
			return "up to and including " + to
		}
		return from + " to " + to
	})
	text = ofSeries().ReplaceAllString(text, "")
	text = lineBreak().ReplaceAllString(text, ", ")
	text = andUpTo().ReplaceAllString(text, "up to")
	text = dots().ReplaceAllString(text, "$1 to $2")
	text = inclusive().ReplaceAllString(text, "$1 to $2")
	text = stars().ReplaceAllString(text, "$1.x")
	text = plusBehind().ReplaceAllString(text, "$1 and later$2")
	text = strings.ReplaceAll(text, "||", " , ")
	text = strings.NewReplacer("->", " to ", "→", " to ").Replace(text)
	text = comparison().ReplaceAllStringFunc(text, func(s string) string {
		m := comparison().FindStringSubmatch(s)
		first, last := compared(m[1], m[2]), ""
		if m[3] != "" {
			last = strings.TrimPrefix(compared(m[3], m[4]), "up to and including ")
			if m[3] != "<" {
				last = "to " + last
			}
			first = strings.TrimSuffix(first, " and later")
		}
		return " " + strings.TrimSpace(first+" "+last) + " "
	})
	return squeeze(isAfter().ReplaceAllString(text, " > $1"))
}

// compared writes a sign and a version as words.
func compared(sign, v string) string {
	switch sign {
	case "<":
		return "before " + v
	case ">":
		return "> " + v
	case "<=", "=<", "≤", "⩽":
		return "up to and including " + v
	}
	return v + " and later"
}

// plainWords are those that may stand in a cell of versions, beside what a sentence about versions consists of, and do not
// turn round what it says.
var plainWords = []string{ //nolint:gochecknoglobals // a table that nothing changes
	"a", "an", "the", "all", "any", "every", "and", "or", "in", "on", "of", "from", "since", "starting", "beginning", "as", "with", "at", "also", "both", "only",
	"first", "for", "was", "is", "are", "version", "versions", "release", "releases", "rel", "ver", "v", "r", "software", "firmware", "build", "train", "line", "branch", "series",
	"none", "n", "unknown", "inclusive", "including",
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
}

// plainly reports whether a text about versions consists of nothing but them, the words of ranges and fixes, and such as
// change nothing. Any other may turn it round.
func (p *Products) plainly(text string) bool {
	rest := p.orNone().sentence().ReplaceAllString(text, " ")
	if footnote().MatchString(rest) || strings.ContainsAny(rest, "!~^<>=*?≠¬") || strings.ContainsFunc(rest, func(r rune) bool { return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sm, r) }) {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(rest), func(r rune) bool { return !unicode.IsLetter(r) })
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(plainWords, w) })
}

// footnote is a mark of what is said elsewhere.
var footnote = express(`\(\s*\d{1,2}\s*\)|\[\^?\w{1,3}\]|[¹²³⁴⁵†‡§#]`) //nolint:gochecknoglobals // it is compiled once

// ofRange are the words of a range, which in a cell of fixes say something else than a fix.
var ofRange = express(`(?i)\b(?:before|prior to|(?:earlier|lower|older|less) than|below|up to|until|through|thru|to|found|affects|affected|seen|introduced|present)\b|(?:^|\s)>`) //nolint:gochecknoglobals // it is compiled once

// A fix in a line of releases, "8.5.x": in which of them is not said.
//
//nolint:gochecknoglobals // each is compiled once
var (
	ofLine      = express(`(?i)\d\.x\b`)
	onlyWord    = express(`(?i)\bonly\b`) // on some platform
	fixedInLine = express(`(?i)\b(?:fixed|resolved|corrected|patched)\b[^;]*\d\.x\b`)
)

// inCell reads a cell of a column that says where an issue is (roleFound), where it is fixed (roleFixed), or both (roleVersions).
// A cell that says more of its versions than ranges and fixes, "not in 8.4.4", "8.4.4 (reverted in 8.4.5)", "all but 8.4.4",
// gives none of them, and what it says as unclear.
func (p *Products) inCell(as role, c, product string) (found []Range, fixed []Fix, unclear string) {
	text := spread(spell(clip(squeeze(c), 4<<10)))
	if !versionWord().MatchString(text) {
		return nil, nil, ""
	}
	if as == roleFixed && (ofLine().MatchString(text) || onlyWord().MatchString(text)) || fixedInLine().MatchString(text) || !p.plainly(text) || as == roleTarget || as == roleFixed && ofRange().MatchString(text) {
		return nil, nil, clip(squeeze(c), maxUnclear)
	}
	if as != roleFixed {
		found, fixed = p.ParseVersions(text, product)
		return found, fixed, ""
	}
	// What such a cell names is a fix, one behind the other.
	_, fixed = p.ParseVersions("fixed "+strings.ReplaceAll(text, ";", ","), product)
	return nil, fixed, ""
}

const maxUnclear = 200 // bytes of what is said of versions and is not understood

// addUnclear keeps what is said of versions and not understood.
func (i *Issue) addUnclear(texts ...string) {
	for _, s := range texts {
		if s != "" && !slices.Contains(i.Unclear, s) {
			i.Unclear = append(i.Unclear, s)
		}
	}
}
