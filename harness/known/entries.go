package known

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// hardWords are what an entry that is surely a fault speaks of.
const hardWords = `\b(?:crash(?:e[sd]|ing)?|segfault\w*|segmentation|leaks?|leaked|overflows?|underflows?|oob|out[- ]of[- ]bounds|overread|deadlock|dead ?lock|(?:infinite|busy|endless|routing|forwarding) loops?|busy loop\w*|loops? forever|corrupt\w*|vulnerab\w*|dereference|use[- ]after[- ]free|double free|assert\w*|abort(?:s|ed)?|panics?|core dump\w*|freez\w+|denial[- ]of[- ]service|possible DoS|guest escape|privilege escalation|code execution)\b|CVE-\d{4}-\d+`

//nolint:gochecknoglobals // each is compiled once
var (
	isRevert = express(`(?i)^(?:[\w./-]{1,24}: +)*revert(?:s|ed|ing)?\b`)
	bullet   = express(`^(\s*)(?:([*+o•·–!-]|\*\))\s+|\[[0-9a-f]{7,12}\] )(.*)$`)
	// What Kea's list begins an entry with: its number, of which kind it is, and who made it.
	// An entry without a mark, as trackers list what was closed: of which kind it is, its number and its title.
	closed     = express(`^((?:[A-Z][a-z]+) #\d+: \S.*)$`)
	numbered   = express(`^\d+\.\s+(\[\w+\])\*?(?:\s+\S.*)?$`)
	hashPrefix = express(`^\[[0-9a-f]{7,12}\] `)
	byAuthor   = express(` \([^()]{3,60}\)$`)
	notProduct = express(`(?i)^(?:[\w./-]*/)?(?:testing|build|ci|redhat|rpm|debian|(?:[\w-]+[ -])?tests?|docs?|qa|e2e\S*|man(?:page)?|documentation|packaging|github|gitignore|travis|fuzz|oss-fuzz|snap|copr|release|README|osx|libevent|topotests?)(?:[/,].*)?$`)
	isFix      = express(`(?i)\b(fix(?:e[sd]|ing)?|bugs?|wrong\w*|incorrect\w*|broken|regression|(?:multiple|timing|stability|memory|interoperability) (?:issues|problems)|to (?:avoid|prevent|fix|work around) (?:\w+ ){0,3}(?:issues?|problems?|errors?|failures?)|now (?:actually|really|handled)|gracefully|to ensure|inapp?ropriate\w*|(?:rather than|instead of) (?:ignor|dropp?|fail|crash|reject|restart)\w*|race|hang|stuck|invalid|uninitiali[sz]ed|missing|failures?|resolve[sd]?|different netlink|spurious\w*|unexpected\w*|correctly|properly)\b|` + hardWords)
	asFix      = express(`(?i)^(?:[\w./-]{1,24}: +|on [\w ]{2,20}, )*(?:fix(?:e[sd]|ing)?\b|saniti[sz]e|correct(?:ly|s|ed)?|prevent\w*|preserv(?:e[sd]?|ing)\b|return(?:s|ed)? \w+ when|improve input validation|avoid\w*|ensure[sd]?|make sure|do(?:es)? ?n['’o]t|should ?n['’o]t|do not|never|handle|properly|ignore|reject|consider|no longer|(?:log|use|set|send|return|report|show|display|print)s? (?:the )?(?:correct|right|proper)|add(?:s|ed)? (?:the |a |an |some )?missing|makes? .{1,40} work|stop(?:s|ped)? (?:always|erroneously|unnecessarily|repeatedly|sending|checking|going|resetting|removing|ignoring|dropping))\b`)
	// What a commit does that mends something, where its first line does not say so.
	asCommit = express(`(?i)^(?:guard|protect|keep|validate|treat|include|clear|unlock|iterate|restrict)s?\b`)
	// A change that is taken back because of what it brought about.
	revertedFor = express(`(?i)\brevert\w*\b.{0,200}?\b(?:to restore|due to|(?:as|because|since) .{0,80}(?:\bnot\b|n['’]t|\bbroke\w*|\bwrong|\bincorrect|\bcrash\w*|\bcaus\w+|\bregress\w+))`)
	isHard      = express(`(?i)` + hardWords)
	// A version takes away what one of these says, also where that stands below a heading of fixes.
	isGone = express(`(?i)\b(?:(?:(?:is|are) (?:now )?)?no longer (?:supported|available|built|shipped)|no longer (?:supports?|builds?|ships?)|(?:has|have) been (?:removed|deprecated|dropped)|deprecat\w+)\b`)
	// What came of the fault that an entry tells of in its explanation.
	wasFault   = express(`(?i)\b(?:(?:was|were|did|had|could|would) (?:not|n['’]t|never)|(?:was|were|did|could|would)n['’]t|(?:was|were) (?:only|still|always|being) \w+(?:ed|ing)|omitted to|failed to|caus(?:ed|ing)|result(?:ed|ing) in|led to|(?:issue|bug|ticket)s? #?\d+ (?:identified|reported|noted|pointed)|\boops\b|\bfix(?:e[sd])? (?:this|that|it) by\b|\brejects?\b.{0,80}\bbecause\b|\bprior to this (?:commit|patch|change)\b|\bas a result\b|would (?:block|hang|fail|crash|return|loop)|only .{1,40} (?:was|were) (?:being )?\w+ed|, but not\b|\bfails\b|too (?:wide|small|short|large|big|long|early|late|often|soon|low|high|few|many))\b|\bbefore:`)
	isRework   = express(`(?i)^(?:[\w./-]{1,24}: +)*(?:simplif\w+|us(?:e|ing)|mark|optimi[sz]\w+|streamlin\w+|refactor\w*|renam\w+|improv\w+|tid(?:y|ies|ied)\w*|clean(?:s|ed)? ?up|mov(?:es?|ed|ing)|defin\w+|chang\w+|make \w+ functions?|make functions?|mak(?:e|es|ing) .* more|allow more|report\w*|check for|log\b|stop logging)\b`)
	isNews     = express(`(?i)\b(?:(?:is|are) (?:now )?(?:no longer|not) (?:supported|available|needed|required|necessary|built|shipped|used|installed|enabled|the default|maintained)|no longer (?:supports?|requires?|needs?|depends?|ships?|builds?|uses?)|(?:has|have) been (?:removed|deprecated|renamed|added|introduced|dropped)|deprecat\w+|now (?:supports?|defaults?|accepts?|allows?|possible|requires?|optional)|(?:new|experimental|optional|ability to|option to) \w+|support for|by default)\b`)
	isBuild    = express(`(?i)\b(?:compil(?:e[rsd]?|ing|ation)|build(?:ing|s)?|cross-build|configure script|autoconf|automake|makefiles?|rpm|spec file|packag\w+|typos?|spelling|whitespace|indent\w*|documentation|doc|docs|man ?pages?|comments?|coverity|lint\w*|warnings?|header files?|lib\w+ headers?|copyright|Test[A-Z]\w+|licen[cs]e|unit ?tests?|test suite|tests?|testsuite|travis|CI|snaps?|docker\w*|LGTM|\w+\.(?:spec|h|ac|am|conf\(5\)))(?:\W|$)`)
	vague      = express(`(?i)^(?:as usual\w*,? )?(?:(?:and|fix(?:e[sd])?|including|the|lots of|a|couple|number|of|two|three|few|many|several|various|some|usual|serious|important|minor|small|other|more|misc(?:ellaneous)?|updates?|updated|improvements?|documentation|cleanups?|changes|enhancements|bug|memory leaks?)[ ,]*)*(?:bug ?)?(?:fix|problems|(?:fixes|bugs)(?:,? (?:and|in|to|of|including|for|with)\b.{0,60})?)\.?$|^[\w, /-]{1,40} (?:bug ?)?fixes\.?$`)
	notFix     = express(`(?i)^(?:add(?:ed|s)?|new|support|update[ds]? (?:standards|d/|debian|copyright|changelog|version|upstream source)|bump|refresh|document(?:s|ed|ation)?\b|implement(?:s|ed)? |extend(?:s|ed)? |introduc(?:e[sd]?) |enable[sd]? |provide[sd]? |expose[sd]? |build\b|ci\b|tests?\b|packaging|lintian|drop|remove|switch (?:to|from)|d/|debian/|point watch|closes?:|upload|non-maintainer|team upload|rebuild|new upstream|(?:\w+ )?release\b|import|merge\b|doc:|NEWS|use dh|standards-version|rules?:|control:|topotests?:|\.?github)`)
	emptyWords = express(`(?i)^(?:(?:important |many |various |some |several |minor |other |misc(?:ellaneous)? )*(?:bug ?)?fixes|bug fixes|minor (?:bug ?)?fix(?:es)?(?: and improvements)?|documentation fixes)\.?$`)
	// An entry may begin with of which kind it is: "Fix: ", "[bug] ", "BUG/MINOR: ", "fix(bgp): ", "Bug #12: ".
	tagPrefix = express(`^(?:\[(\w+)\]\*?:?|(\w+)(?:/\w+)?(?:\(([^()]{1,40})\))?!?:|(\w+) #\d+(?: \(\w+\))?:|\*\*(\w+)(?:\(([^()]{1,40})\))?:?\*\*:?) *(.*)$`)
	// What a commit says below its text, in the manner of Linux: which one it mends.
	fixesTrailer = express(`^(?i:fixes): (?:commit )?[0-9a-f]{7,40}\b`)
	mergePrefix  = express(`^[Mm]erge (?:pull request |PR )?#\d+(?: from [\w./-]+)?:? *`)
	// … and with what it is of: "**[server]** ", "[server] ", "**server:** ", "server - ".
	boldArea = express(`^(?:\*\*\[?([^\]*:]{1,40})\]?:?\*\*:?|\[([^\]]{1,40})\]:?|([a-z][\w-]{1,20}) [-–]) +(\S.*)$`)
	inLink   = express(`!?\[([^\[\]]{1,200})\](?:\([^()\s]*\)|\[[^\[\]]{0,60}\])`)
	inRole   = express(":[a-z][\\w:-]{1,20}:`([^`]{1,200})`")
	inTicks  = express("``([^`]+(?:`[^`]+)*)``")
	inBold   = express(`\*\*([^*]+)\*\*`)
	// What a fix brings along, and is none: another version of what is used.
	// What stands below a heading of fixes and is none, since the product did not have it.
	isNewBelow = express(`(?i)^(?:(?:add|support|expos|introduc)\w* (?:(?:an?|new|the|more) )*(?:\w+ ){0,2}(?:options?|flags?|knobs?|parameters?|commands?) (?:to|for)\b|add(?:ed|s)? support for (?:a |the )?new\b|publish\w*\b|rewrit\w+\b|renam\w+\b|refactor\w*\b|migrat\w+\b)`)
	// What a tracker closed, and what of that is work and no fault: it lists both below one heading.
	isClosed   = express(`(?i)\b(?:resolved|closed) (?:issues|tickets|tasks)|\b(?:issues|tickets|tasks) (?:resolved|closed)`)
	isWork     = express(`(?i)^(?:need (?:to|for)|updat(?:e|ing)\b|upgrad|rewrit|replac|migrat|moderni|standardi|refactor|cache\b|convert|improve\b|split\b|move\b|use\b|backport\b)|\bbackport\b`)
	ticket     = express(`^([A-Z]{1,8}-?\d{2,6}):? +`)
	isAllowing = express(`(?i)^allow(?:s|ed)? `)
	noLonger   = express(`(?i)\bno longer \w+`)
	isBump     = express(`(?i)^(?:bump|upgrad|updat)(?:e[sd]?|s|ed|ing)?\b.{0,120}\b(?:to|from) (?:version )?v?\d+\.\d`)
	isPackage  = express(`(?i)\b(?:sphinx\w*|texinfo|lintian|FTBFS|dependenc(?:y|ies)|build-dep\w*|autopkgtest|debhelper|postinst|postrm|prerm|dh[_-]\w+|d/\w+|debian|git URLs?|init script|watch file)\b`)
	// What stands below a heading of fixes and is none of the product: of its documents, its build and its tests.
	isPaper    = express(`(?i)^(?:(?:fix|correct|improve|update|add|clarify|mention|remove)(?:e[sd]|s|ed|d)? )?(?:(?:a|an|the|some|more|missing|\w+) ){0,3}(?:typos?|spelling|grammar|documentation|docs?|README\S*|man ?pages?|comments?|links)\b|\b(?:in|of|from|to|for|at) (?:the )?(?:\S+ ){0,2}(?:documentation|docs|README\S*|man ?pages?|user ?guide|changelog|comments?)\b|^document(?:s|ed|ing)?\b|\bclarif\w+\b|\bheader files?\b|\bunresolved symbols?\b|^updated? (?:the )?(?:URL|links?)\b|\bcompil(?:e|er|es|ing|ation)\b|\b(?:build|linking?) (?:error|failure|issue|problem|warning|fix|system|fail)\w*|\b(?:fix(?:e[sd])?|broken?) (?:the )?build(?:ing|s)?\b|\b(?:gcc|clang|cppcheck|coverity|lint\w*|autoconf|automake|cmake|configure\.ac|makefiles?|meson|musl|travis|spec file|packaging)\b|\b(?:unit|regression|smoke|integration|flaky) ?tests?\b|\btest(?:s|suite| suite| cases?)\b|\bCI\b|\bsonar\w*|\bcode clean[- ]?ups?\b|\bpep ?8\b|\b(?:parallel|cross)[- ]builds?\b|\bto build\b|\bunused (?:variable|parameter|function)s?\b|\b\w+\.(?:spec|h|ac|am|conf\(5\))(?:\W|$)`)
	areaPrefix = express(`^([A-Za-z][\w./-]{1,24}(?:(?:, |[ ,/])[A-Za-z][\w-]{1,20})?): +(\S.*)$`)
)

// What an entry says that the version has, and does not fix.
//
//nolint:gochecknoglobals // each is compiled once
var (
	knownEntry = express(`(?i)^(?:[\w./-]{1,24}: +)?(?:[\[(]known ` + faultNoun + `[\])]:? +|known ` + faultNoun + `(?: (?:in|of|with|#)[^:]{1,30}?)?(?:: *| +[–-] +))`)
	unfixed    = express(`(?i)\b(?:not (?:(?:yet|been) )*fixed\b|not yet (?:been )?(?:resolved|corrected)|not (?:been )?(?:resolved|corrected) yet|(?:to|will) be (?:fixed|resolved|corrected)(?: (?:in|with|by|soon|later)\b|[.;,)]|$)|(?:fixed|resolved|corrected)\b.{0,60}\bis back\b)`)
	stillThere = express(`(?i)\bstill (?:crash\w*|hangs?|leaks?|fails?|present|there|open|broken|unfixed|happens?|occurs?)\b`)
)

// stands says what an entry tells of a fault besides that there is one: that the version has it (open), or perhaps (unsure).
// underFix says that it stands below a heading of fixes or calls itself one.
func (it *item) stands(known bool, about string, underFix bool) (open, unsure bool) {
	says, _ := it.parts(about)
	switch {
	case known:
		return !underFix, underFix
	case asFix().MatchString(says):
		return false, false
	default:
		return unfixed().MatchString(about), !underFix && stillThere().MatchString(says)
	}
}

// item is one entry of a list of changes.
type item struct {
	text   string
	line   int
	indent int
	parent int // index of the entry it stands below, or -1
	leaf   bool
	first  int  // length of the first line: a subject, where a paragraph follows
	fixes  bool // says which commit it mends
	signed bool // ends in its author, as git shortlogs do
}

// entryOf reads a line that begins an entry.
func entryOf(line string) (item, bool) {
	if m := numbered().FindStringSubmatch(line); m != nil {
		return item{text: m[1], parent: -1, leaf: true, first: maxField}, true
	}
	if m := closed().FindStringSubmatch(line); m != nil {
		return item{text: m[1], parent: -1, leaf: true, first: len(m[1])}, true
	}
	m := bullet().FindStringSubmatch(line)
	if m == nil {
		return item{}, false
	}
	text := hashPrefix().ReplaceAllString(m[3], "")
	return item{signed: text != m[3] || m[2] == "", text: text, indent: len(expand(m[1])), parent: -1, leaf: true, first: len(text)}, true
}

func expand(s string) string { return strings.ReplaceAll(s, "\t", "        ") }

// tag is what an entry says of its kind. The zero value is an entry that does not say.
type tag int

const (
	taggedFix tag = iota + 1
	taggedNews
)

// Words that say of an entry that it is a fix, or that it is none.
//
//nolint:gochecknoglobals // tables that nothing changes
var (
	fixTags  = []string{"fix", "fixes", "fixed", "bug", "bugs", "bugfix", "bugfixes", "hotfix", "security", "sec", "vulnerability", "regression", "closes", "closed", "resolves", "resolved"}
	newsTags = []string{
		"feat", "feature", "features", "func", "new", "add", "adds", "added", "doc", "docs", "documentation", "task", "chore", "ci", "build", "test", "tests", "tooling",
		"refactor", "refactoring", "perf", "performance", "optimization", "optimisation", "style", "cleanup", "clean", "improvement", "improve", "improved", "enhancement",
		"change", "changed", "changes", "compatibility", "compat", "deprecated", "deprecate", "deprecation", "remove", "removed", "removal", "minor", "medium", "major",
		"import", "regtests", "dev", "debug", "scripts", "contrib", "examples", "license", "deps", "dependency", "dependencies", "bump", "release", "rework", "misc",
	}
)

// lead takes off an entry what it begins with: of which kind it is and what it is of.
func lead(text string) (kind tag, area, rest string) {
	rest = mergePrefix().ReplaceAllString(text, "")
	if m := tagPrefix().FindStringSubmatch(rest); m != nil {
		word := strings.ToLower(cmp.Or(m[1], m[2], m[4], m[5]))
		switch {
		case slices.Contains(fixTags, word):
			kind = taggedFix
		case slices.Contains(newsTags, word):
			kind = taggedNews
		}
		if kind != 0 {
			area, rest = cmp.Or(m[3], m[6]), m[7]
			if notProduct().MatchString(word) {
				area = word
			}
		}
	}
	if m := boldArea().FindStringSubmatch(rest); m != nil && area == "" {
		area, rest = cmp.Or(m[1], m[2], m[3]), m[4]
	}
	rest = ticket().ReplaceAllString(unmark(rest), "")
	if m := areaPrefix().FindStringSubmatch(rest); m != nil && area == "" && !strings.HasPrefix(strings.ToUpper(m[1]), "CVE") {
		area, rest = m[1], m[2]
	}
	return kind, area, rest
}

// unmark takes out of a text what marks it in Markdown and reStructuredText.
func unmark(s string) string {
	s = inRole().ReplaceAllString(s, "$1")
	s = inTicks().ReplaceAllString(s, "$1")
	s = inLink().ReplaceAllString(s, "$1")
	return strings.TrimSpace(inBold().ReplaceAllString(s, "$1"))
}

// isIssue reports whether an entry speaks of one fault. text is all of it, about the part that reports whether it is a fix,
// kind what it says of itself; underFix says that it stands below a heading of fixes.
func (c *changes) isIssue(it item, text, about string, kind tag, underFix bool) bool {
	named, hard := len(idsIn(text)) > 0, isHard().MatchString(about)
	underFix = underFix || kind == taggedFix
	says, why := it.parts(about) // what was done, and what of it is told below or behind that
	switch {
	case about == "", emptyWords().MatchString(text), fixHeading().MatchString(text), openHeading().MatchString(text), !it.leaf && !named && kind == 0:
		return false
	case isRevert().MatchString(about): // of a fix, perhaps, which is then none
		return revertedFor().MatchString(about)
	case named:
		return underFix || isFix().MatchString(about) || asFix().MatchString(about) || !notFix().MatchString(about)
	case kind == taggedNews, isBump().MatchString(about), c.debian && isPackage().MatchString(about) && !hard:
		return false
	case vague().MatchString(says), !hard && (underFix && isPaper().MatchString(says) || !underFix && isBuild().MatchString(says)):
		return false
	case !underFix && !asFix().MatchString(says) && (notFix().MatchString(says) || isNews().MatchString(says) && !hard || isAllowing().MatchString(says) && !wasFault().MatchString(why)):
		return false
	case kind == 0 && isClosed().MatchString(c.section) && (notFix().MatchString(says) || isWork().MatchString(says)) && !hard && !isFix().MatchString(says):
		return false
	case underFix && isNewBelow().MatchString(says) && !isFix().MatchString(says):
		return false
	case underFix && isGone().MatchString(says) && !hard && !isFix().MatchString(says) && !asFix().MatchString(says):
		return false
	}
	if underFix || isFix().MatchString(says) || asFix().MatchString(says) || noLonger().MatchString(says) || c.git && asCommit().MatchString(says) {
		return true
	}
	return (strings.HasPrefix(why, "(") || !isRework().MatchString(says)) && wasFault().MatchString(why) ||
		!isRework().MatchString(says) && (isFix().MatchString(why) && !isBuild().MatchString(why) || isHard().MatchString(why))
}

// parts are what an entry says that was done, and of why: the sentences below its line or behind its first, or what stands
// in brackets.
func (it *item) parts(about string) (says, why string) {
	if it.explained() {
		return about, it.text[it.first:]
	}
	if says, why, ok := strings.Cut(about, ". "); ok && len(says) > 20 {
		return says, why
	}
	if open := strings.IndexByte(it.text, '('); open > 0 {
		return about, it.text[open:]
	}
	return about, ""
}

// explained reports whether an entry is a line that says what was done, and sentences below it that say why: the second
// line begins one, and the first does not break off.
func (it *item) explained() bool {
	if it.first >= len(it.text) {
		return false
	}
	more := strings.TrimSpace(it.text[it.first:])
	return more != "" && more[0] >= 'A' && more[0] <= 'Z' && !strings.HasSuffix(it.text[:it.first], ",")
}

func (c *changes) item(it item) {
	text := squeeze(it.text)
	if it.signed {
		text = byAuthor().ReplaceAllString(text, "")
	}
	subject := text[:min(it.first, len(text))]
	mark := knownEntry().FindString(unmark(text))
	kind, area, about := lead(strings.TrimPrefix(unmark(text), mark)) // what reports whether it is a fix
	if mark == "" {
		kind, area, about = lead(text)
	}
	whole := about
	if mark == "" && (c.git || it.explained()) {
		kind, area, about = lead(subject)
	}
	above := c.above(it)
	underFix, unfixed := it.fixes || above.fixes || fixes(c.section), above.open || openHeading().MatchString(c.section)
	area = cmp.Or(area, above.area)
	open, unsure := it.stands(mark != "", about, underFix || kind == taggedFix)
	unfixed = unfixed || open
	if c.takesBack(about) {
		c.takeBack(text, about)
	}
	if unsure && !unfixed || !unfixed && deniedHeading().MatchString(c.section) || above.told || notProduct().MatchString(area) || !underFix && newsHeading().MatchString(c.section) && !isMixed().MatchString(c.section) || !c.isIssue(it, text, about, kind, underFix || unfixed) {
		c.doc.Passed++
		return
	}
	i := Issue{Kind: Changelog, Status: StatusResolved, Feature: area, Source: Source{Line: it.line}}
	i.Text, i.Title = text, firstSentence(whole)
	if it.first < len(it.text) && c.git {
		i.Title = about
	}
	i.IDs = idsIn(text)
	if m := pullWord().FindStringSubmatch(text); m != nil && len(i.IDs) == 0 {
		i.Source.Note = m[0]
	} else if m := ticket().FindStringSubmatch(unmark(text)); m != nil {
		i.Source.Note = m[1]
	}
	i.Product = cmp.Or(c.doc.Product, c.products.Name(c.product))
	if c.product != "" && c.product != c.packaged { // a predecessor's stanza, in Debian's changelogs
		i.Product = c.products.Name(c.product)
	}
	switch {
	case unfixed:
		i.Status = StatusOpen
		if c.version != "" {
			i.Found = []Range{{From: c.version, Point: true, Text: c.version}}
		}
	case c.version != "":
		i.Fixed = []Fix{{Version: c.version, Latest: c.git}}
	}
	if len(i.IDs) == 0 {
		// The same words may stand below several versions: each is its own entry.
		i.Key = noteKey(i, c.version, it.line*b2i(c.git), c.products)
	}
	c.add(i)
}

// place is what the entries above one say of it.
type place struct {
	fixes, open bool   // it is one of a list of fixes, of what is not fixed
	area        string // which it is of
	told        bool   // it goes on with what an entry above says, or is of what that says, and no fault
}

func (c *changes) above(it item) place {
	var x place
	own, _, _ := lead(it.text)
	for p := it.parent; p >= 0; p = c.items[p].parent {
		text := strings.TrimSpace(c.items[p].text)
		x.fixes, x.open = x.fixes || fixes(text), x.open || openHeading().MatchString(text)
		if head, ok := strings.CutSuffix(text, ":"); ok {
			if len(head) < 40 && !fixes(text) && !openHeading().MatchString(text) && !newsHeading().MatchString(text) {
				x.area = cmp.Or(x.area, head)
			}
			x.told = x.told || isBuild().MatchString(head) || newsHeading().MatchString(head) && !isMixed().MatchString(head)
			continue
		}
		kind, _, rest := lead(text)
		if len(text) < 30 && kind == 0 && !fixes(text) && !openHeading().MatchString(text) && !newsHeading().MatchString(text) && !isFix().MatchString(text) {
			x.area = cmp.Or(x.area, text)
		}
		x.told = x.told || kind != 0 && own == 0 && rest != ""
		x.fixes = x.fixes || isFix().MatchString(text)
	}
	return x
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// noteKey names a note by its text and the version it stands below.
func noteKey(i Issue, v string, line int, p *Products) string {
	n := Issue{Product: i.Product, Feature: i.Feature, Title: fmt.Sprint(i.Title, "\x00", v, "\x00", line)}
	n.finish(p)
	return n.Key
}
