package known

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Headings of a version in what open projects ship: Debian's changelog, "Version 2.0.12
// (2023-01-23)" of BIRD, "v3.1.0 - 16 Feb 2023" of Open vSwitch, "lldpd (1.0.16)" and
// "1.0.16 [2022-11-11 …]:" of lldpd, "* keepalived-2.0.20" and "Release 2.2.8 31th May 2023"
// of keepalived. "FRR 8.5" is Products.head.
var releaseHeads = []expression{ //nolint:gochecknoglobals // a table that nothing changes
	debianHead,
	express(`^()Version (\d[\w.]*) \(\d{4}-`),
	express(`^()[vV](\d+\.\d+[\w.]*) - \S`),
	express(`^([a-z][a-z0-9-]+) \((\d[\w.]*)\)\s*$`),
	express(`^()(\d+\.\d+[\w.]*) \[\d{4}-`),
	express(`^\s*\* (keepalived)-(\d[\d.]*\d)(?: released)?\.?$`),
	// Markdown, as keepachangelog.com and forges' release pages have it.
	express(`^#{1,4} ()\[?[vV]?(\d+\.\d+[\w.]*(?:-(?:alpha|beta|pre|rc)[\d.]*)?)\]?(?:\([^()\s]+\))?(?: *[-–—,]? *\(?\d{4}-\d\d-\d\d\)?)?(?: *[-–—] *[\w ]{1,30}| \[[A-Z]+\])?$`),
	express(`^#{1,4} ()\[?[vV]?(\d+\.\d+[\w.]*)\]?(?: *[-–—:])? *["'‘“„«][^"'‘“„«]{1,60}["'’”“»]$`), // a release with a name
	// A sentence may speak of a release, and a line of it begin so: no small letters follow a heading's.
	express(`^#+ (?:([A-Za-z][A-Za-z ]{1,20}) )?[Rr]elease (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
	express(`^(?:\* )?()Release (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
	// "*5.10*:", and what stands before a page that is made of such notes.
	express(`^()\*{1,2}[vV]?(\d+\.\d+[\w.]*)\*{1,2}:?$`),
	express(`^()(?:release|version) ?[=:] ?["']?[vV]?(\d+\.\d+[\w.]*)["']?$`),
	express(`^([A-Z][A-Za-z ]{1,20}) [Rr]elease (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
}

// dateForm is a day as lists of changes write it; some have it still to come.
const dateForm = `(?:\d{4}[-/.](?:\d{1,2}|[A-Z][a-z]{2})[-/.]\d{1,2}|\d{1,2}(?:st|nd|rd|th)? [A-Z][a-z]{2,8},? \d{4}|[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?,? \d{4}|[A-Z][a-z]{2,8} \d{4}|x{3} x{2} x{4})`

// faultNoun is what a heading calls what stands below it.
const faultNoun = `(?:issues?|bugs?|problems?|defects?|limitations?|regressions?|caveats?|behaviou?rs?|tickets?|(?:problem )?reports?|faults?|restrictions?|anomal(?:y|ies)|vulnerabilit(?:y|ies)|errata)`

//nolint:gochecknoglobals // each is compiled once
var (
	debianHead = express(`^ ?([a-z0-9][a-z0-9+.-]+) \(([^()\s]+)\) [a-zA-Z0-9 -]+;`)
	// looseHead is a line that a version stands in, between words of a name and what may follow one.
	looseHead = express(`^(?:(` + dateForm + `)[\s:–-]+)?((?:[A-Za-z][\w.'+]*[ -]){0,4})\[?[vV]?(\d+\.\d+[\w.+~-]*)\]?((?:\[[^\[\]]{0,40}\]|\([^()\s]*\)| ?\([^()]{1,60}\)|[\s:,–—-]+|released(?: on)?\b|[A-Z][A-Za-z]{1,14}\b|` + dateForm + `)*)$`)
	centred   = express(`^(?:\t{2,}| {12,})\S`)
	inHead    = express(`(?i)\((?:the )?((?:new )?features?|(?:bug|security) ?fixes|(?:known|open) (?:issues|bugs))\):?$`)
	aloneHead = express(`^[Vv]ersion \d+\.\d+[\w.]*$`)
	dateWord  = express(`\b` + dateForm + `\b`)
	dayHead   = express(`^(?:\* )?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2} [A-Z][a-z]{2,8} \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})(?:\s*:|\s)\s*\S.{0,70}$`)
	underline = express(`^(?:-{3,}|={3,}|~{3,}|\^{3,}|#{3,}|\*{3,})\s*$`)
	marked    = express(`^(?:#{1,6} +|\*\*)`)

	unreleasedHead = express(`(?i)^\[?(?:unreleased|(?:next|upcoming)(?: (?:release|version))?|main|master|head)\]?(?:\[\]|\([^()]*\))*(?: *[-–(].*)?:?$`)
	sectionHead    = express(`^#{2,6} +(?:[^\w\s]+ *)?([A-Za-z].{0,60})$`)
	boldHead       = express(`^\*\*(?:[^\w\s]+ *)?([A-Za-z][^*]{0,60}?):?\*\*:?$`)
	newsHeading    = express(`(?i)^(?:(?:major |release )?highlights|(?:other|further|additional|internal|notable) changes|added|revert(?:ed|s)|adds|changed|changes|removed|deprecated|deprecations|new\b.*|features?|enhancements?|improvements?|documentation|docs|dependencies|internal|maintenance|miscellaneous|chores?|performance|optimi[sz]ations?|tests?|breaking\b.*|(?:behaviou?r|configuration|syntax)\b.{0,20}\bchanges\b.*|upgrad\w+\b.*|contributors?|credits|thanks\b.*)\s*:?$`)
	// A heading of fixes is made of their words: "Bugs or regressions", "Other resolved issues".
	fixHeading = express(`(?i)^(?:(?:other|important|critical|major|minor|misc(?:ellaneous)?|general|and|or|&|/|,|-) *)*(?:(?:bugs?|(?:bug|security)[ -]?fix(?:es)?|fix|fixes|fixed|resolved|corrected|solved|vulnerabilit(?:y|ies)|security) *(?:(?:and|or|&|/|,|-|other|security|bugs?|issues?|problems?|defects?|regressions?|fixed|fix(?:es)?|resolved|corrected|updates?|vulnerabilit(?:y|ies)|corrections) *)*)(?:\([^)]*\))?\s*:?$`)
	headingOf  = express(`(?i) (?:in|of|for|since) .{1,40}$`)
	// Below one of these there are faults, too.
	isMixed = express(`(?i)^(?:chang(?:e[sd]?|es)|improvements?|enhancements?|maintenance|misc(?:ellaneous)?|performance)\b`)
	// What stands below one of these the version has, and does not fix.
	openHeading = express(`(?i)^(?:(?:known|open|unresolved|outstanding|remaining|unfixed|still|pending)(?: (?:and|or|/|open|known|unresolved|unfixed|software))* ` + faultNoun + `(?: (?:and|or|&) [a-z]+)?|limitations?|caveats?|errata|` +
		`(?:(?:the|other|known|` + faultNoun + `|which|that|are|were|have|but)[ ,]+)*(?:not (?:(?:yet|been) )*(?:fixed|resolved|corrected|solved|closed|addressed)(?: yet)?|un(?:fixed|resolved|corrected|solved|patched)|still (?:open|present|there|known|unresolved|unfixed|outstanding|to be fixed)|(?:yet )?to be (?:fixed|resolved|corrected))(?: ` + faultNoun + `)?)(?: (?:in|of|with|as of) .{1,40})?\s*:?$`)
	// What says no or still is no heading of fixes, whatever else it says.
	deniedHeading = express(`(?i)\b(?:not|never|still|un(?:fixed|resolved|corrected|solved|patched))\b`)
	openSuffix    = express(`(?i) *[-–—:] *((?:known|open|unresolved) (?:issues?|bugs?|problems?))$`)
	gitCommit     = express(`^commit [0-9a-f]{40}$`)
	birdHead      = express(`(?m)^Version \d[\w.]* \(\d{4}-\d\d-\d\d\)\n +o `)
	ovsHead       = express(`(?m)^v\d+\.\d+\.\d+ - .*\n-{8,}`)
)

// headOf reads a line that begins what a version brought. The line below it may underline it. What is yet to be
// released has no version.
func (p *Products) headOf(line, below string) (product, v string, ok bool) {
	for _, h := range append(slices.Clip(releaseHeads), p.head) {
		if m := h().FindStringSubmatch(line); m != nil {
			if _, err := version.Parse(m[2]); err == nil {
				return strings.TrimSpace(m[1]), m[2], true
			}
		}
	}
	return looseHeadOf(line, below)
}

// generalWords are those that stand before a version in a heading and name no product.
var generalWords = []string{"version", "release", "released", "changes", "what's", "new", "in", "for", "notes", "stable", "security", "maintenance"} //nolint:gochecknoglobals // a table that nothing changes

// looseHeadOf reads a heading of a form of its own: a version, with a name of two words at most before it, that a mark of
// Markdown, a line below it or a day next to it makes a heading, or else the word version and a colon.
func looseHeadOf(line, below string) (product, v string, ok bool) {
	if len(line) > 140 || !centred().MatchString(line) && (strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")) {
		return "", "", false
	}
	heading := aloneHead().MatchString(line) || marked().MatchString(line) || underline().MatchString(below)
	text := strings.TrimSpace(strings.Trim(marked().ReplaceAllString(strings.TrimSpace(line), ""), "*"))
	if heading && unreleasedHead().MatchString(text) {
		return "", "", true
	}
	m := looseHead().FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	var name []string
	said, later := false, false
	for _, w := range strings.FieldsFunc(m[2], func(r rune) bool { return r == ' ' || r == '-' }) {
		switch lower := strings.ToLower(w); {
		case slices.Contains(generalWords, lower):
			said = said || lower == "version" || lower == "release" || lower == "what's"
		case lower == "post" || lower == "after" || lower == "since":
			later = true
		default:
			name = append(name, w)
		}
	}
	dated := m[1] != "" || dateWord().MatchString(m[4])
	later = later && len(name) == 0
	if later && strings.HasPrefix(m[2], "Changes ") {
		heading = true
	}
	if len(name) > 2 || !heading && !dated && (!said || !strings.HasSuffix(text, ":")) {
		return "", "", false
	}
	if later {
		return "", "", true
	}
	if _, err := version.Parse(m[3]); err != nil {
		return "", "", false
	}
	return strings.ToLower(strings.Join(name, " ")), m[3], true
}

// sectionName reads a line that says of what kind the entries below it are: one that is marked as a heading, or one that
// says nothing else. alone tells that empty lines stand around it.
func sectionName(line, below string, alone bool) (name string, ok bool) {
	if m := sectionHead().FindStringSubmatch(line); m != nil {
		return m[1], true
	}
	if m := boldHead().FindStringSubmatch(line); m != nil {
		return m[1], true
	}
	text := strings.TrimSpace(line)
	if text == "" || len(text) > 60 || line[0] == ' ' || line[0] == '\t' || bullet().MatchString(line) {
		return "", false
	}
	if underline().MatchString(below) {
		return text, true
	}
	return text, fixes(text) || (strings.HasSuffix(text, ":") || alone) && (newsHeading().MatchString(text) || openHeading().MatchString(text))
}

// fixes reports whether a heading is one of fixes, "Fixed bugs in the agent".
func fixes(heading string) bool {
	return fixHeading().MatchString(heading) || fixHeading().MatchString(headingOf().ReplaceAllString(heading, ""))
}

// isChangelog looks for a heading of a version or of a day with a list below, or for commits.
func (p *Products) isChangelog(text string) bool {
	heads, entries, margin := 0, 0, 0
	lines := strings.Split(clip(text, 64<<10), "\n")
	for k, line := range lines[:min(len(lines), 400)] {
		line = strings.TrimRight(line, "\r\n \t")
		if gitCommit().MatchString(line) {
			return true
		}
		if _, _, ok := p.headOf(line, lineAt(lines, k+1)); ok || dayHead().MatchString(line) {
			heads++
		} else if _, ok := entryOf(line); ok && heads > 0 {
			entries++
		} else if line != "" && line[0] > ' ' {
			margin++
		}
	}
	return heads > 0 && entries > 0 || heads > 1 && inParagraphs(lines) && margin < heads
}

// inParagraphs reports whether entries are paragraphs that stand in from the margin, without a mark, as dnsmasq's list has
// them.
func inParagraphs(lines []string) bool {
	entries, paragraphs := 0, 0
	for k, line := range lines[:min(len(lines), 400)] {
		if _, ok := entryOf(line); ok {
			entries++
		} else if k > 0 && strings.TrimSpace(line) != "" && line[0] <= ' ' && (strings.TrimSpace(lines[k-1]) == "" || lines[k-1][0] > ' ') {
			paragraphs++
		}
	}
	return entries*4 < paragraphs
}

func lineAt(lines []string, k int) string {
	if k < len(lines) {
		return strings.TrimRight(lines[k], "\r\n \t")
	}
	return ""
}

// isList reports whether most of what is said of in a text is said in entries of a list, as announcements of a release have
// it below a letter, and some of them tell of a fault.
func isList(text string) bool {
	entries, faults, rest := 0, 0, 0
	for line := range strings.Lines(clip(text, 64<<10)) {
		line = strings.TrimRight(line, "\r\n \t")
		it, ok := entryOf(line)
		switch {
		case ok:
			entries++
			faults += b2i(isFix().MatchString(it.text) || asFix().MatchString(it.text))
		case line != "" && line[0] != ' ' && line[0] != '\t':
			rest++
		}
	}
	return entries >= 8 && faults >= 3 && entries > rest
}
