package known

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Range is a piece of what a document says about where an issue is: a point, or all from one
// version to another. An end that is not given is open.
type Range struct {
	Product string `json:"product,omitempty"` // where it is not the issue's
	From    string `json:"from,omitempty"`
	After   bool   `json:"after,omitempty"` // From is the last that is not in it
	To      string `json:"to,omitempty"`
	Before  bool   `json:"before,omitempty"` // To is the first that is not in it
	// Point is a version that the document names. That others have the issue too is not ruled out.
	Point bool `json:"point,omitempty"`
	// Line says that To, or the From of a point or of After, is all that begins so: 9.1.x.
	Line bool   `json:"line,omitempty"`
	Text string `json:"text"` // as written
}

// String gives the range as a person reads it.
func (r Range) String() string {
	p := ""
	if r.Product != "" {
		p = r.Product + " "
	}
	if r.Line && (r.Point || r.After && r.To == "") {
		r.From += ".x"
	} else if r.Line {
		r.To += ".x"
	}
	switch {
	case r.Point:
		return p + r.From
	case r.To == "" && r.After:
		return p + "after " + r.From
	case r.To == "":
		return p + r.From + " and later"
	case r.Before && r.From == "":
		return p + "before " + r.To
	case r.After && r.Before:
		return p + "after " + r.From + " to before " + r.To
	case r.After:
		return p + "after " + r.From + " to " + r.To
	case r.Before:
		return p + r.From + " to before " + r.To
	default:
		return p + strings.TrimPrefix(r.From+" to ", " ") + r.To
	}
}

// Fix is a version that is free of an issue.
type Fix struct {
	Product string `json:"product,omitempty"`
	Version string `json:"version"`
	// Latest says that it is fixed in this version or in one before: that is all that is known.
	Latest bool `json:"latest,omitempty"`
}

// String gives the fix as a person reads it.
func (f Fix) String() string {
	s := f.Version
	if f.Product != "" {
		s = f.Product + " " + s
	}
	if f.Latest {
		s += " at the latest"
	}
	return s
}

// versionForm is how a version stands in text: of Junos, of IOS and NX-OS, of a rebuild or a port, and of all others. What version.Parse reads
// has to be read whole here: of 15.2(4)E7 the beginning is another version.
const versionForm = `\d{2}\.\d{1,2}(?-i:(?:R\d{1,3}(?:-S\d{1,4})?|X\d{2,4}(?:-D\d{1,4})?)(?:\.\d{1,5})?(?:-EVO)?\b)` +
	`|\d{1,2}\.\d{1,2}\(\d{1,3}(?-i:[a-z]?\)(?:[A-Z]{1,5}\d{0,4}(?:[a-z]\b|\(\d{1,3}[a-z]?\))?)?)` +
	`|\d{1,3}\.\d{1,4}\.\d{1,5}(?:\.\d{1,5})?(?-i:[FM]|[a-z])\b|\d{1,3}(?:\.\d{1,4}){1,3}_\d{1,4}\b` +
	`|(?:VOSS[0-9A-Z]*\.|[vV])?\d{1,3}\.(?:\d{1,4}|x)(?:\.(?:\d{1,5}|x)){0,4}(?:b\d{1,3})?(?:_B\d{1,4})?(?:\.GA)?(?:-[Pp]atch\d{1,2}-\d{1,3}|-(?:dev|rc\d*)|-\d[\w.+~]*)?|\bv\d{4}b\d{1,3}(?:-patch\d{1,2}-\d{1,3})?|\b\d{1,2}\.x`

var versionWord = express(versionForm) //nolint:gochecknoglobals // it is compiled once

// sentenceForm is what a sentence about versions consists of, beside the names of products.
const sentenceForm = `(` + versionForm + `)|\b(fixed|resolved|corrected|fix is|patched|first clean)\b|\b((?:before|prior to|earlier than|below|up to|to)(?: and| or|,)* (?:through|including)|up to and including|no later than|through|thru)\b|\b(before|prior to|(?:earlier|lower|older|less) than|below|up to but not including)\b|\b(to|up to|until)\b|(?:^|\s)([-–—])(?:\s|$)|\b((?:and|or) (?:later|above|higher|newer|greater)|onwards?|upwards?|(?:and|or) up)\b|\b(at the latest|(?:or|and)(?: all)? (?:earlier|before|prior|previous|below|older|lower))\b|\b(found|affects|affected|seen|introduced|present)\b|(;)|(?:^|[\s(,;])(>)\s`

// The groups of Products.sentence.
const (
	gVersion = iota + 1
	gFixed
	gThrough
	gBefore
	gTo
	gDash
	gLater
	gLatest
	gFound
	gSemicolon
	gAfter
	gProduct
)

// ParseVersions reads what a document says in prose about where an issue is and where it is
// fixed: "FE 9.1.x, 9.2; SE 33.2 to 33.5.1; fixed FE 9.3.1, SE 33.5.2". What cannot be
// ordered is left out: a version that is not known stays unknown.
func (p *Products) ParseVersions(text, inProduct string) (found []Range, fixed []Fix) {
	p = p.orNone()
	r := versionReader{products: p, product: inProduct, base: inProduct}
	text = spread(spell(clip(squeeze(text), 4<<10)))
	end := 0
	for _, m := range p.sentence().FindAllStringSubmatchIndex(text, 400) {
		for g := gVersion; g <= gProduct; g++ {
			if m[2*g] >= 0 {
				if g == gVersion && aside().MatchString(text[end:m[0]]) {
					r.before, r.to = false, false
				}
				word := text[m[2*g]:m[2*g+1]]
				if g == gVersion {
					word += unread().FindString(text[m[1]:])
				}
				if g == gFixed && negated().MatchString(text[end:m[0]]) {
					g = gFound
				}
				r.take(g, word)
				break
			}
		}
		end = m[1]
	}
	r.flush()
	return r.found, r.fixed
}

//nolint:gochecknoglobals // each is compiled once
var (
	closeRange = express(`\b(\d+(?:\.\d+){1,3})([-–])(\d+(?:\.\d+){1,3})\b`)
	wordGoesOn = express(`^[.+~_-]\w`)
)

// spread takes a range apart that is written as one word, "3.7.11-3.7.12". Behind a hyphen may be the revision of a package
// as well, "8.4.4-1.1", "5.14.0-362.8.1.el9": a range is of two versions of one form that begin alike.
func spread(text string) string {
	var b strings.Builder
	at := 0
	for _, m := range closeRange().FindAllStringSubmatchIndex(text, -1) {
		from, to := text[m[2]:m[3]], text[m[6]:m[7]]
		first, _, _ := strings.Cut(from, ".")
		alike := strings.Count(from, ".") == strings.Count(to, ".") && strings.HasPrefix(to, first+".")
		whole := !wordGoesOn().MatchString(text[m[1]:]) && (m[0] == 0 || text[m[0]-1] != '.')
		x, err := version.Parse(from)
		y, err2 := version.Parse(to)
		if err != nil || err2 != nil || y.Compare(x) <= 0 || !whole || !alike && text[m[4]:m[5]] == "-" {
			continue
		}
		b.WriteString(text[at:m[0]] + from + " to " + to)
		at = m[1]
	}
	return b.String() + text[at:]
}

// aside finds what stands before a version that a word of a range does not speak of: "before the
// session is up in 9.1", "through a crafted packet in 9.1".
var aside = express(`(?i)\b(?:in|is|are|was|were|on|with|when|while|for|by|an?|can|could|may)\b`) //nolint:gochecknoglobals // it is compiled once

// unread is what goes on a version in a form that is not known, "4.22.1FX-CLI": the whole of it has no order, and its
// beginning is another version.
var unread = express(`^(?:[A-Za-z_]|\(\d)[\w()-]*`) //nolint:gochecknoglobals // it is compiled once

// negated ends in what turns "fixed in 9.1" round.
var negated = express(`(?i)(?:\b(?:not|never|nor)|n['’]t)(?: (?:yet|been|be|fully|completely))*\s*$`) //nolint:gochecknoglobals // it is compiled once

// versionReader goes through the words of a sentence about versions.
type versionReader struct {
	products       *Products
	product, base  string
	fixing         bool
	before, to     bool   // the next version ends a range
	listed         bool   // the last one did so as one of a list: "before 22.7 and 30.2"
	from           string // a version that may begin one
	line           bool   // from is a line, 9.1.x
	after          bool   // the next version, or from, is the last before one
	found          []Range
	fixed          []Fix
	lastWasVersion bool
}

func (r *versionReader) take(group int, word string) {
	switch group {
	case gVersion:
		r.version(word)
		r.lastWasVersion = true
		return
	case gFixed:
		r.flush()
		r.fixing = true
	case gFound, gSemicolon:
		r.flush()
		r.fixing = false
	case gAfter:
		r.flush()
		r.after = true
	case gThrough, gTo, gDash:
		r.begins()
		r.ends(group, word)
	case gBefore:
		r.begins()
		r.before = true
	case gLater:
		r.begins()
		if r.from != "" && !r.fixing {
			r.add(Range{From: r.from, Text: r.from + " " + word})
			r.from = ""
		}
	case gLatest:
		if r.fixing && len(r.fixed) > 0 {
			r.fixed[len(r.fixed)-1].Latest = true
		} else if r.from != "" {
			r.add(Range{To: r.from, Line: r.line, Text: r.from + " " + word})
			r.from = ""
		}
	case gProduct:
		if len(word) == 2 && word != strings.ToUpper(word) {
			break // "se" and "fe" are words of other languages
		}
		r.flush()
		r.product = r.products.Name(word)
	}
	r.lastWasVersion = false
}

// begins gives back a version that was taken for one of a list, where it begins a range of its
// own: "before 7.5.1 and 8.0 through 8.1".
func (r *versionReader) begins() {
	if !r.listed || !r.lastWasVersion {
		return
	}
	last := len(r.found) - 1
	r.from = r.found[last].To
	r.found, r.fixed = r.found[:last], r.fixed[:len(r.fixed)-1]
	r.before, r.listed = false, false
}

// ends takes in a word behind which the last version of a range stands.
func (r *versionReader) ends(group int, word string) {
	if group == gThrough { // that version is ill too, whatever begins the range
		r.before, r.to = false, true
		return
	}
	r.to = r.from != "" && (r.lastWasVersion || group == gTo)
	if !r.to && group == gTo && strings.EqualFold(word, "up to") {
		r.to = true
	}
}

// version takes the next version in.
func (r *versionReader) version(text string) {
	open := strings.HasSuffix(strings.ToLower(text), ".x")
	v := text
	again := r.before && r.lastWasVersion
	r.listed = false
	for strings.HasSuffix(strings.ToLower(v), ".x") {
		v = v[:len(v)-2]
	}
	if _, err := version.Parse(v); err != nil {
		r.flush()
		return
	}
	switch {
	case r.fixing && r.after: // in a later one: in which is not said
		r.after = false
	case r.fixing:
		r.fixed = append(r.fixed, Fix{Product: r.other(), Version: v})
	case r.before && !open:
		from := r.from
		r.from = ""
		r.add(Range{From: from, To: v, Before: true, Text: strings.TrimSpace(from + " before " + text)})
		// What is before it is ill, so it is well.
		r.fixed = append(r.fixed, Fix{Product: r.other(), Version: v})
		r.before, r.listed = r.lists(), again
	case r.before && !again: // before the first of a line
		r.add(Range{From: r.from, To: v, Before: true, Text: strings.TrimSpace(r.from + " before " + text)})
		r.from, r.before = "", false
	case r.to:
		r.add(Range{From: r.from, To: v, Line: open, Text: strings.TrimSpace(r.from + " to " + text)})
		r.from = ""
	default:
		after := r.after
		r.flush()
		r.from, r.line, r.after = v, open, after
	}
	r.to = false
}

// lists says whether "before" goes on: "before 22.7 and 30.2" names two lines of releases.
func (r *versionReader) lists() bool {
	return r.from == "" && !strings.Contains(r.found[len(r.found)-1].Text, " before ")
}

// flush takes a version that begins no range as a point.
func (r *versionReader) flush() {
	if r.from != "" {
		r.add(Range{From: r.from, Point: !r.after, Line: r.line, Text: r.from})
		r.from = ""
	}
	r.before, r.to, r.after = false, false, false
}

func (r *versionReader) add(g Range) {
	g.Product = r.other()
	if r.after && g.From != "" {
		g.After, g.Text = true, "after "+g.Text
	}
	r.after = false
	r.found = append(r.found, g)
}

// other is the product, where it is not the one that everything is about.
func (r *versionReader) other() string {
	if r.product == r.base {
		return ""
	}
	return r.product
}

// Affected says whether a version has an issue. The zero value is invalid.
type Affected string

// Answers.
const (
	AffectedYes     Affected = "yes"
	AffectedNo      Affected = "no"
	AffectedUnknown Affected = "unknown"
)

// Answer is what is known about one version and one issue.
type Answer struct {
	Affected Affected `json:"affected"`
	Reason   string   `json:"reason"`
	// FixedIn is the first later version that is free of it, of the same line where there is one.
	FixedIn string `json:"fixed-in,omitempty"`
}

// Affects says whether a version of a product has the issue, as far as the document says.
func (i Issue) Affects(productName, v string) Answer {
	if v == "" {
		return Answer{AffectedUnknown, "the version is not known", ""}
	}
	have, err := version.ParseOf(cmp.Or(productName, i.Product), v)
	if err != nil {
		return Answer{AffectedUnknown, err.Error(), ""}
	}
	if r, ok := i.spared(productName, have); ok {
		return Answer{AffectedNo, "named as unaffected: " + r.String(), ""}
	}
	for _, r := range i.Undecided {
		in := foundIn(have, []Range{r}).Affected
		if i.about(productName, r.Product) && (in == AffectedYes || in == AffectedUnknown && !r.Point) {
			return Answer{AffectedUnknown, "said to be not known: " + cmp.Or(r.Text, r.String()), ""}
		}
	}
	return i.doubt(i.judge(productName, have), productName, have)
}

// judge decides by what is said to be ill and by the fixes.
func (i Issue) judge(productName string, have version.Version) Answer {
	found, fixed := i.versions(productName)
	fixes := parseFixes(cmp.Or(productName, i.Product), fixed)
	a, decided := fixedBy(have, fixes, found, i.Unsaid)
	if !decided {
		in := foundIn(have, found)
		a.Affected, a.Reason = in.Affected, in.Reason
		if in.Affected == AffectedNo && i.Unsaid {
			a.Affected, a.Reason = AffectedUnknown, in.Reason+"; of all others it is said to be not known"
		}
		if a.FixedIn != "" && a.Affected == AffectedUnknown && len(found) == 0 {
			a.Reason = "fixed in " + a.FixedIn + "; since which version it is there is not said"
		}
	}
	return a
}

// about reports whether something of a product, or of the issue's where none is named, is of the one that is asked for.
func (i Issue) about(asked, product string) bool {
	product = cmp.Or(product, i.Product)
	return asked == "" || product == "" || product == asked
}

// spared is what names a version as free of the issue among others that are ill.
func (i Issue) spared(productName string, have version.Version) (Range, bool) {
	for _, r := range i.Unaffected {
		if i.about(productName, r.Product) && foundIn(have, []Range{r}).Affected == AffectedYes {
			return r, true
		}
	}
	return Range{}, false
}

// doubt turns an answer into an unknown one where something else that is said may turn it round: a version is well that is of
// the same line and before this one, or words about versions were not understood.
func (i Issue) doubt(a Answer, productName string, have version.Version) Answer {
	if a.Affected == AffectedUnknown {
		if len(i.Unclear) > 0 {
			a.Reason += "; what is said is not understood: " + strconv.Quote(i.Unclear[0])
		}
		return a
	}
	for _, r := range i.Unaffected {
		v, err := version.Parse(r.From)
		if a.Affected == AffectedYes && err == nil && i.about(productName, r.Product) && have.Line(v) >= 2 && have.Compare(v) > 0 {
			return Answer{AffectedUnknown, a.Reason + ", but " + r.String() + " of the same line is named as unaffected", a.FixedIn}
		}
	}
	for _, s := range i.Unclear {
		if a.Affected == AffectedNo || named(have, s) {
			return Answer{AffectedUnknown, a.Reason + "; what else is said is not understood: " + strconv.Quote(s), a.FixedIn}
		}
	}
	return a
}

// named reports whether a text names a version, or an earlier one of its line.
func named(have version.Version, text string) bool {
	return slices.ContainsFunc(versionWord().FindAllString(text, -1), func(word string) bool {
		v, err := version.Parse(word)
		return err == nil && (have.Line(v) >= 2 && have.Compare(v) >= 0 || have.Compare(v) == 0)
	})
}

type parsedFix struct {
	Fix
	v version.Version
}

func parseFixes(product string, fixed []Fix) []parsedFix {
	var list []parsedFix
	for _, f := range fixed {
		if v, err := version.ParseOf(product, f.Version); err == nil {
			list = append(list, parsedFix{f, v})
		}
	}
	slices.SortStableFunc(list, func(a, b parsedFix) int { return a.v.Compare(b.v) })
	return list
}

// fixedBy decides by the fixes, and finds the next one. A fix in an older line of releases
// says nothing of a newer line that has its own fix: 9.1.2.0 does not heal 9.2.0.0. Nor does one in a maintenance release
// where no other is known: the newer line may have left before. What is named as ill behind a fix is ill. unsaid tells that of
// versions that are not named nothing is known.
func fixedBy(have version.Version, fixes []parsedFix, found []Range, unsaid bool) (Answer, bool) {
	var last *parsedFix
	var next *parsedFix
	for i := range fixes {
		f := &fixes[i]
		c, ok := have.Against(f.v)
		switch {
		case !ok:
			return Answer{AffectedUnknown, "it is fixed in " + f.String() + ", and " + have.String() + " does not say whether it holds that", f.Version}, true
		case c >= 0:
			last = f
		case next == nil || have.Line(f.v) > have.Line(next.v):
			next = f
		}
	}
	a := Answer{}
	if next != nil {
		a.FixedIn = next.Version
	}
	switch {
	case last == nil:
		return a, false
	case foundAfter(have, last.v, found) != "":
		a.Affected, a.Reason = AffectedYes, foundAfter(have, last.v, found)
		return a, true
	case next == nil && (have.Line(last.v) >= 2 || last.v.Opens()):
		return Answer{AffectedNo, "fixed in " + last.String(), ""}, true
	case next == nil:
		if in := foundIn(have, found); in.Affected == AffectedNo && !unsaid {
			return in, true
		}
		return Answer{AffectedUnknown, "fixed in " + last.String() + ", of another line", ""}, true
	case have.Line(last.v) >= 2 && have.Line(last.v) >= have.Line(next.v):
		return Answer{AffectedNo, "fixed in " + last.String() + ", of the same line", ""}, true
	case have.Line(next.v) > have.Line(last.v):
		return a, false // its own line has its fix still to come
	default:
		a.Affected, a.Reason = AffectedUnknown, "between the fixes "+last.Version+" and "+next.Version+", of other lines"
		return a, true
	}
}

// foundAfter says what names a version as ill that begins behind a fix; nothing where none does.
func foundAfter(have, fix version.Version, found []Range) string {
	for _, r := range found {
		from, err := version.Parse(r.From)
		if err != nil || from.Compare(fix) <= 0 {
			continue
		}
		if in := foundIn(have, []Range{r}); in.Affected == AffectedYes {
			return in.Reason
		}
	}
	return ""
}

// foundIn decides by where the issue is said to be.
func foundIn(have version.Version, found []Range) Answer {
	ranges, outside, atEnd := false, false, ""
	for _, r := range found {
		from, errFrom := version.Parse(r.From)
		to, errTo := version.Parse(r.To)
		if errFrom != nil && errTo != nil {
			continue
		}
		after, ok1 := 0, true
		if errFrom == nil {
			after, ok1 = have.Against(from)
		}
		if r.Point {
			if ok1 && after == 0 && (r.Line || !have.Beyond(from)) {
				return Answer{AffectedYes, "found in " + cmp.Or(r.Text, r.From), ""}
			}
			outside = outside || ok1
			continue
		}
		ok1 = ok1 && (after != 0 || !r.After || r.Line || !have.Beyond(from))
		ranges = true
		until, ok2 := -1, true
		if errTo == nil {
			until, ok2 = have.Against(to)
			ok2 = ok2 && (until != 0 || r.Before || r.Line || !have.Beyond(to))
		}
		if !ok1 || !ok2 {
			atEnd = cmp.Or(atEnd, r.String())
			continue
		}
		if (after > 0 || after == 0 && !r.After) && (until < 0 || until == 0 && !r.Before) {
			return Answer{AffectedYes, "within " + r.String(), ""}
		}
	}
	switch {
	case atEnd != "":
		return Answer{AffectedUnknown, "at an end of " + atEnd, ""}
	case ranges && !afterPoint(have, found):
		return Answer{AffectedNo, "outside of what is named: " + joinRanges(found), ""}
	case outside:
		return Answer{AffectedUnknown, "found in " + joinRanges(found) + "; nothing is said of " + have.String(), ""}
	default:
		return Answer{AffectedUnknown, "no version is named", ""}
	}
}

// afterPoint reports whether an earlier version of the same line is named alone: until when the line is ill is not said.
func afterPoint(have version.Version, found []Range) bool {
	return slices.ContainsFunc(found, func(r Range) bool {
		from, err := version.Parse(r.From)
		return err == nil && r.Point && have.Line(from) >= 2 && have.Compare(from) > 0
	})
}

func joinRanges(list []Range) string {
	var words []string
	for _, r := range list {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}

// CheckVersion reports whether a version can be ordered, and what is wrong if not.
func CheckVersion(v string) error {
	_, err := version.Parse(v)
	return err
}
