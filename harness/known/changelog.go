package known

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Headings of a version in what open projects ship: Debian's changelog, "Version 2.0.12
// (2023-01-23)" of BIRD, "v3.1.0 - 16 Feb 2023" of Open vSwitch, "lldpd (1.0.16)" and
// "1.0.16 [2022-11-11 …]:" of lldpd, "* keepalived-2.0.20" and "Release 2.2.8 31th May 2023"
// of keepalived. "FRR 8.5" is Products.head.
var releaseHeads = []expression{ //nolint:gochecknoglobals // a table that nothing changes
	express(`^([a-z0-9][a-z0-9+.-]+) \(([^()\s]+)\) [a-zA-Z0-9 -]+;`),
	express(`^()Version (\d[\w.]*) \(\d{4}-`),
	express(`^()[vV](\d+\.\d+[\w.]*) - \S`),
	express(`^([a-z][a-z0-9-]+) \((\d[\w.]*)\)\s*$`),
	express(`^()(\d+\.\d+[\w.]*) \[\d{4}-`),
	express(`^\s*\* (keepalived)-(\d[\d.]*\d)(?: released)?\.?$`),
	// Markdown, as keepachangelog.com and forges' release pages have it.
	express(`^#{1,4} ()\[?[vV]?(\d+\.\d+[\w.]*)\]?(?:\([^()\s]+\))?(?: *[-–—,]? *\(?\d{4}-\d\d-\d\d\)?)?(?: *[-–—] *[\w ]{1,30}| \[[A-Z]+\])?$`),
	// A sentence may speak of a release, and a line of it begin so: no small letters follow a heading's.
	express(`^#+ (?:([A-Za-z][A-Za-z ]{1,20}) )?[Rr]elease (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
	express(`^(?:\* )?()Release (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
	express(`^([A-Z][A-Za-z ]{1,20}) [Rr]elease (\d+\.\d+[\w.]*)(?: [^a-z\s].*)?$`),
}

// hardWords are what an entry that is surely a fault speaks of.
const hardWords = `\b(?:crash(?:e[sd]|ing)?|segfault\w*|segmentation|leaks?|leaked|overflow|underflow|oob|out[- ]of[- ]bounds|overread|deadlock|dead ?lock|(?:infinite|busy|endless|routing|forwarding) loops?|busy loop\w*|loops? forever|corrupt\w*|vulnerab\w*|dereference|use[- ]after[- ]free|double free|assert\w*|abort(?:s|ed)?|panics?|core dump\w*|freez\w+)\b|CVE-\d{4}-\d+`

//nolint:gochecknoglobals // each is compiled once
var (
	unreleasedHead = express(`(?i)^#{1,4} \[?(?:unreleased|next|upcoming|main|master|head)\]?`)
	sectionHead    = express(`^#{2,6} +(?:[^\w\s]+ *)?([A-Za-z].{0,60})$`)
	newsHeading    = express(`(?i)^(?:added|revert(?:ed|s)|adds|changed|changes|removed|deprecated|deprecations|new\b.*|features?|enhancements?|improvements?|documentation|docs|dependencies|internal|maintenance|breaking\b.*|upgrad\w+\b.*|contributors?|credits|thanks\b.*)\s*:?$`)
	// What stands below one of these the version has, and does not fix.
	openHeading = express(`(?i)^(?:(?:known|open|unresolved|outstanding|remaining)(?: (?:and|or|open|known))* (?:issues?|bugs?|problems?|defects?|limitations?|regressions?)(?: (?:and|or|&) [a-z]+)?|limitations?|caveats?|errata)(?: (?:in|of|with) .{1,40})?\s*:?$`)
	openSuffix  = express(`(?i) *[-–—:] *((?:known|open|unresolved) (?:issues?|bugs?|problems?))$`)
	isRevert    = express(`(?i)^(?:[\w./-]{1,24}: +)*revert(?:s|ed|ing)?\b`)
	gitCommit   = express(`^commit [0-9a-f]{40}$`)
	bullet      = express(`^(\s*)(?:([*+o•·–-])\s+|\[[0-9a-f]{7,12}\] )(.*)$`)
	hashPrefix  = express(`^\[[0-9a-f]{7,12}\] `)
	byAuthor    = express(` \([^()]{3,60}\)$`)
	dayHead     = express(`^\d{4}-\d\d-\d\d\s+\S`)
	notProduct  = express(`(?i)^(?:build|ci|redhat|rpm|debian|tests?|docs?|documentation|packaging|github|gitignore|travis|fuzz|oss-fuzz|snap|copr|release|README|osx|libevent|topotests?)$`)
	isFix       = express(`(?i)\b(fix(?:e[sd]|ing)?|bugs?|wrong\w*|incorrect\w*|broken|regression|race|hang|stuck|invalid|uninitiali[sz]ed|missing|failures?|resolve[sd]?|different netlink|spurious\w*|unexpected\w*|correctly|properly)\b|` + hardWords)
	asFix       = express(`(?i)^(?:[\w./-]{1,24}: +|on [\w ]{2,20}, )*(?:correct(?:ly|s|ed)?|prevent\w*|avoid\w*|ensure[sd]?|make sure|do(?:es)? ?n['’o]t|should ?n['’o]t|do not|never|handle|properly|ignore|reject|consider|no longer|(?:log|use|set|send|return|report|show|display|print)s? (?:the )?(?:correct|right|proper)|add(?:s|ed)? (?:the |a |an |some )?missing|makes? .{1,40} work|stop(?:s|ped)? (?:always|erroneously|unnecessarily|repeatedly|sending|checking|going|resetting|removing|ignoring|dropping))\b`)
	isHard      = express(`(?i)` + hardWords)
	// A version takes away what one of these says, also where that stands below a heading of fixes.
	isGone = express(`(?i)\b(?:(?:(?:is|are) (?:now )?)?no longer (?:supported|available|built|shipped)|no longer (?:supports?|builds?|ships?)|(?:has|have) been (?:removed|deprecated|dropped)|deprecat\w+)\b`)
	// What came of the fault that an entry tells of in its explanation.
	wasFault   = express(`(?i)\b(?:(?:was|were|did|had|could|would) (?:not|n['’]t|never)|(?:was|were|did|could|would)n['’]t|(?:was|were) (?:only|still|always|being) \w+(?:ed|ing)|omitted to|failed to|caus(?:ed|ing)|result(?:ed|ing) in|led to|(?:issue|bug|ticket)s? #?\d+ (?:identified|reported|noted|pointed)|too (?:wide|small|short|large|big|long|early|late|often|soon|low|high|few|many))\b`)
	isRework   = express(`(?i)^(?:[\w./-]{1,24}: +)*(?:simplif\w+|us(?:e|ing)|mark|optimi[sz]\w+|streamlin\w+|refactor\w*|renam\w+|improv\w+|tid(?:y|ies|ied)\w*|clean(?:s|ed)? ?up|mov(?:es?|ed|ing)|defin\w+|chang\w+|make \w+ functions?|make functions?|mak(?:e|es|ing) .* more|allow more|report\w*|check for|log\b|stop logging)\b`)
	isNews     = express(`(?i)\b(?:(?:is|are) (?:now )?(?:no longer|not) (?:supported|available|needed|required|necessary|built|shipped|used|installed|enabled|the default|maintained)|no longer (?:supports?|requires?|needs?|depends?|ships?|builds?|uses?)|(?:has|have) been (?:removed|deprecated|renamed|added|introduced|dropped)|deprecat\w+|now (?:supports?|defaults?|accepts?|allows?|possible|requires?|optional)|(?:new|experimental|optional|ability to|option to) \w+|support for|by default)\b`)
	isBuild    = express(`(?i)\b(?:compil(?:e[rsd]?|ing|ation)|build(?:ing|s)?|cross-build|configure script|autoconf|automake|makefiles?|rpm|spec file|packag\w+|typos?|spelling|whitespace|indent\w*|documentation|doc|docs|man ?pages?|comments?|coverity|lint\w*|warnings?|header files?|copyright|licen[cs]e|unit ?tests?|test suite|tests?|testsuite|travis|CI|snaps?|docker\w*|LGTM|\w+\.(?:spec|h|ac|am|conf\(5\)))(?:\W|$)`)
	vague      = express(`(?i)^(?:as usual\w*,? )?(?:(?:and|fix(?:e[sd])?|including|the|lots of|a|couple|number|of|two|three|few|many|several|various|some|usual|serious|important|minor|small|other|more|misc(?:ellaneous)?|updates?|updated|improvements?|documentation|cleanups?|changes|enhancements|bug|memory leaks?)[ ,]*)*(?:bug ?)?(?:fix(?:es)?|bugs|problems)(?:,? (?:and|in|to|of|including|for|with)\b.{0,60})?\.?$|^[\w, /-]{1,40} (?:bug ?)?fixes\.?$`)
	notFix     = express(`(?i)^(?:add(?:ed|s)?|new|support|update[ds]? (?:standards|d/|debian|copyright|changelog|version|upstream source)|bump|refresh|document(?:ation)?\b|build\b|ci\b|tests?\b|packaging|lintian|drop|remove|switch (?:to|from)|d/|debian/|point watch|closes?:|upload|non-maintainer|team upload|rebuild|new upstream|release\b|import|merge\b|doc:|NEWS|use dh|standards-version|rules?:|control:|topotests?:|\.?github)`)
	fixHeading = express(`(?i)^(?:(?:bug[ -]?)?fix(?:es|ed)?(?: bugs| issues)?|bug[ -]?fixes|bugs? fixed|resolved(?: issues)?|security(?: fixes| updates)?|important bugfixes|misc(?:ellaneous)? fix(?:es)?)\s*(?:\([^)]*\))?\s*:?$`)
	emptyWords = express(`(?i)^(?:(?:important |many |various |some |several |minor |other |misc(?:ellaneous)? )*(?:bug ?)?fixes|bug fixes|minor (?:bug ?)?fix(?:es)?(?: and improvements)?|documentation fixes)\.?$`)
	birdHead   = express(`(?m)^Version \d[\w.]* \(\d{4}-\d\d-\d\d\)\n +o `)
	ovsHead    = express(`(?m)^v\d+\.\d+\.\d+ - .*\n-{8,}`)
	areaPrefix = express(`^([A-Za-z][\w./-]{1,24}(?:[ ,/][A-Za-z][\w-]{1,20})?): +(\S.*)$`)
)

// headOf reads a line that begins what a version brought.
func (p *Products) headOf(line string) (product, v string, ok bool) {
	for _, h := range append(slices.Clip(releaseHeads), p.head) {
		if m := h().FindStringSubmatch(line); m != nil {
			if _, err := version.Parse(m[2]); err == nil {
				return strings.TrimSpace(m[1]), m[2], true
			}
		}
	}
	return "", "", false
}

// isChangelog looks for a heading of a version with a list below, or for commits.
func (p *Products) isChangelog(text string) bool {
	n, heads, bullets := 0, 0, 0
	for line := range strings.Lines(clip(text, 64<<10)) {
		line = strings.TrimRight(line, "\r\n \t")
		if n++; n > 400 {
			break
		}
		if gitCommit().MatchString(line) {
			return true
		}
		if _, _, ok := p.headOf(line); ok {
			heads++
		} else if heads > 0 && bullet().MatchString(line) {
			bullets++
		}
	}
	return heads > 0 && bullets > 0
}

// item is one entry of a list of changes.
type item struct {
	text   string
	line   int
	indent int
	parent int // index of the entry it stands below, or -1
	leaf   bool
	first  int  // length of the first line: a subject, where a paragraph follows
	signed bool // ends in its author, as git shortlogs do
}

// changes goes through a list of changes.
type changes struct {
	*reader
	product, version string
	packaged         string // the package that the first stanza is of
	section          string // what stands above the entries: Fixed, Added …
	items            []item
	git              bool
	heads            int
}

func (r *reader) changelog(text string) error {
	r.doc.Shape = "list of changes"
	c := changes{reader: r}
	if r.doc.Product == "" {
		r.doc.Product = r.products.ofName(r.name, text)
	}
	n, open := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.TrimRight(line, " \t\r\f")
		product, v, ok := r.products.headOf(line)
		switch {
		case gitCommit().MatchString(line):
			c.end()
			c.git, c.version, open = true, r.doc.Release, false
		case ok:
			c.end()
			c.product, c.version, c.section, open = product, v, "", true
			if m := openSuffix().FindStringSubmatch(line); m != nil {
				c.section = m[1]
			}
			if c.heads == 0 {
				c.packaged = product
			}
			c.heads++
		case c.git:
			c.commitLine(line, n)
		case unreleasedHead().MatchString(line):
			c.end()
			c.product, c.version, c.section, open = "", "", "", true
		case open && sectionHead().MatchString(line):
			c.end()
			c.section = sectionHead().FindStringSubmatch(line)[1]
		case open && c.turns(line):
			c.end()
			c.section = strings.TrimSpace(line)
		case dayHead().MatchString(line), unreadHead(line):
			c.end()
			c.version = "" // a version is named below it, or none is known
		case line == "" || strings.HasPrefix(line, " -- "):
			c.gap()
		case !open:
			r.doc.Passed++
		case bullet().MatchString(line):
			c.bullet(line, n)
		case len(c.items) > 0:
			c.goOn(line)
		}
		if len(c.items) > 20_000 {
			c.end()
		}
	}
	c.end()
	return nil
}

// ofName knows a daemon by the name of the file or by how its list begins.
func (p *Products) ofName(name, text string) string {
	if aboutTool(name) {
		return ""
	}
	if named := p.in(strings.NewReplacer("-", " ", "_", " ", ".", " ").Replace(name)); named != "" {
		return named
	}
	head := clip(text, 2000)
	switch {
	case aboutTool(head):
		return ""
	case birdHead().MatchString(head):
		return "bird"
	case ovsHead().MatchString(head):
		return "ovs"
	}
	return p.in(head)
}

// unreadHead tells a line at the margin that names a version in a form that is not known:
// what follows is not of the version above.
func unreadHead(line string) bool {
	return line != "" && line[0] > ' ' && len(line) < 100 && !bullet().MatchString(line) && versionWord().MatchString(line)
}

// turns reports whether a line begins what a version has and does not fix, or ends that.
func (c *changes) turns(line string) bool {
	line = strings.TrimSpace(line)
	return openHeading().MatchString(line) || openHeading().MatchString(c.section) && (fixHeading().MatchString(line) || newsHeading().MatchString(line))
}

func (c *changes) bullet(line string, n int) {
	m := bullet().FindStringSubmatch(line)
	text := hashPrefix().ReplaceAllString(m[3], "")
	it := item{signed: text != m[3] || m[2] == "", text: text, line: n, indent: len(expand(m[1])), parent: -1, leaf: true, first: len(text)}
	for k := len(c.items) - 1; k >= 0; k-- {
		if c.items[k].indent < it.indent {
			it.parent = k
			c.items[k].leaf = false
			break
		}
	}
	c.items = append(c.items, it)
}

func expand(s string) string { return strings.ReplaceAll(s, "\t", "        ") }

// goOn adds a line to the entry that it is indented below.
func (c *changes) goOn(line string) {
	last := &c.items[len(c.items)-1]
	if len(expand(line))-len(strings.TrimLeft(expand(line), " ")) > 0 && !strings.HasSuffix(last.text, "\x00") {
		last.text += " " + strings.TrimSpace(line)
	}
}

// gap ends the entry: what follows an empty line is a note and no more of it.
func (c *changes) gap() {
	if n := len(c.items); n > 0 && !strings.HasSuffix(c.items[n-1].text, "\x00") {
		c.items[n-1].text += "\x00"
	}
}

// commitLine reads what git log prints: a subject and a body, both indented.
func (c *changes) commitLine(line string, n int) {
	body, ok := strings.CutPrefix(line, "    ")
	switch {
	case !ok || strings.HasPrefix(body, "Signed-off-by") || strings.HasPrefix(body, "Thanks to"):
	case len(c.items) == 0:
		c.items = append(c.items, item{text: strings.TrimSpace(body), line: n, parent: -1, leaf: true, first: len(strings.TrimSpace(body))})
	default:
		c.items[0].text += " " + strings.TrimSpace(body)
	}
}

// end makes issues of the entries of one version.
func (c *changes) end() {
	for k := range c.items {
		c.items[k].text = strings.TrimSuffix(c.items[k].text, "\x00")
	}
	for _, it := range c.items {
		c.item(it)
	}
	c.items = nil
}

// isIssue reports whether an entry speaks of one fault. text is all of it, about the part that
// reports whether it is a fix; underFix says that it stands below a heading of fixes.
func (c *changes) isIssue(it item, text, about string, underFix bool) bool {
	named, hard := len(idsIn(text)) > 0, isHard().MatchString(about)
	switch {
	case emptyWords().MatchString(text), fixHeading().MatchString(text), openHeading().MatchString(text), !it.leaf && !named:
		return false
	case isRevert().MatchString(about): // of a fix, perhaps, which is then none
		return false
	case named:
		return underFix || isFix().MatchString(about) || asFix().MatchString(about) || !notFix().MatchString(about)
	case vague().MatchString(about), isBuild().MatchString(about) && !hard:
		return false
	case !underFix && !asFix().MatchString(about) && (notFix().MatchString(about) || isNews().MatchString(about) && !hard):
		return false
	case underFix && isGone().MatchString(about) && !hard && !isFix().MatchString(about) && !asFix().MatchString(about):
		return false
	}
	why := it.explanation()
	return underFix || isFix().MatchString(about) || asFix().MatchString(about) ||
		!isRework().MatchString(about) && (isFix().MatchString(why) && !isBuild().MatchString(why) || wasFault().MatchString(why) || isHard().MatchString(why))
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

// explanation is what an entry says of why: the sentences below its line, or what stands in brackets.
func (it *item) explanation() string {
	if it.explained() {
		return it.text[it.first:]
	}
	if open := strings.IndexByte(it.text, '('); open > 0 {
		return it.text[open:]
	}
	return ""
}

func (c *changes) item(it item) {
	text := squeeze(it.text)
	if it.signed {
		text = byAuthor().ReplaceAllString(text, "")
	}
	about := text // what reports whether it is a fix
	if c.git || it.explained() {
		about = text[:min(it.first, len(text))]
	}
	area, underFix, unfixed := "", fixHeading().MatchString(c.section), openHeading().MatchString(c.section)
	if c.section != "" && !underFix && newsHeading().MatchString(c.section) {
		c.doc.Passed++
		return
	}
	for p := it.parent; p >= 0; p = c.items[p].parent {
		above := strings.TrimSpace(c.items[p].text)
		underFix, unfixed = underFix || fixHeading().MatchString(above), unfixed || openHeading().MatchString(above)
		if head, ok := strings.CutSuffix(above, ":"); ok && len(head) < 40 && !fixHeading().MatchString(above) && !openHeading().MatchString(above) && !strings.HasPrefix(strings.ToLower(head), "change") {
			area = cmp.Or(area, head)
		}
		underFix = underFix || isFix().MatchString(above) && !strings.HasSuffix(above, ":")
	}
	if text == "" || !c.isIssue(it, text, about, underFix || unfixed) {
		c.doc.Passed++
		return
	}
	i := Issue{Kind: Changelog, Status: StatusResolved, Feature: area, Source: Source{Line: it.line}}
	i.Text = text
	i.Title = firstSentence(i.Text)
	if it.first < len(it.text) && c.git {
		i.Title = text[:min(it.first, len(text))]
	}
	if m := areaPrefix().FindStringSubmatch(i.Title); m != nil && !strings.HasPrefix(strings.ToUpper(m[1]), "CVE") {
		if notProduct().MatchString(m[1]) {
			c.doc.Passed++
			return
		}
		i.Feature, i.Title = m[1], m[2]
	}
	i.IDs = idsIn(text)
	if m := pullWord().FindStringSubmatch(text); m != nil && len(i.IDs) == 0 {
		i.Source.Note = m[0]
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
