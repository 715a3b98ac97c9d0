package known

import (
	"cmp"
	"slices"
	"strings"
)

// section is what a chapter of release notes says of the entries in it.
type section struct {
	status  Status
	release string
	unclear string // the heading, where it says of several kinds at once, or more than it
}

//nolint:gochecknoglobals // each is compiled once
var (
	openWords   = express(`(?i)\b(open issues?|known issues?|known problems?|outstanding issues?|unresolved|limitations and known issues)\b`)
	openToo     = express(`(?i)\b(?:open|known|outstanding)(?: and| or|,| ?[/&]) ?(?:resolved|fixed|corrected|closed)\b|\b(?:resolved|fixed|corrected|closed)(?: and| or|,| ?[/&]) ?(?:open|known|outstanding|unresolved)\b`)
	undoneWords = express(`(?i)\b(?:not|never) (?:(?:yet|been|be|fully) )*(?:resolved|fixed|corrected|addressed|closed)\b|\bto be (?:\w+ )?(?:resolved|fixed|corrected|addressed)\b|\b(?:resolved|fixed|corrected|addressed) (?:in|by|with) (?:a|the|some|one of the) (?:future|later|next|upcoming|coming) \w+|` +
		`\b(?:partial(?:ly)?|incomplete(?:ly)?) (?:resolved|fixed|corrected|fix(?:es)?)\b|\b(?:open|outstanding|deferred|reopened|reverted) (?:issues?|caveats?|bugs?|defects?|problems?|fix(?:es)?|(?:problem )?reports?)\b|\b(?:issues?|caveats?|bugs?|defects?|problems?|fix(?:es)?) (?:deferred|reopened|reverted)\b`)
	yetToBe        = express(`(?i)\b(?:(?:to|will|shall|should) be|future|later|next|upcoming|coming)\b`)
	doubtfully     = express(`(?i)\b(?:except\w*|exclud\w+|without|previously listed|removed|pending|unverified|verification|candidates?|partial\w*|only|not|tentative\w*|provisional\w*|expected|planned|targeted|some)\b`)
	resolvedWords  = express(`(?i)\b(resolved|(?:fixed|corrected|closed|addressed) (?:issues?|defects?|caveats?|problems?|bugs?)|(?:issues?|defects?|caveats?|problems?|bugs?) (?:fixed|corrected|closed|addressed)|closed with code changes?|bug fixes)\b`)
	behaviourWords = express(`(?i)\b(known behaviou?rs?|clarifications?|restrictions?|limitations?|expected behaviou?rs?|notes and restrictions)\b`)
)

// sectionOf reads a heading. A heading of several kinds at once ("Open Issues, Known
// Behaviors, and Resolved Issues") is the chapter above them: it says nothing.
func sectionOf(s string) section {
	if len(s) > 120 || strings.HasSuffix(strings.TrimSpace(s), ".") && len(s) > 60 {
		return section{}
	}
	var found []Status
	said := undoneWords().ReplaceAllString(s, "")
	if said != s {
		found = append(found, StatusOpen)
	}
	for _, k := range []struct {
		status Status
		words  expression
	}{{StatusOpen, openWords}, {StatusOpen, openToo}, {StatusResolved, resolvedWords}, {StatusBehaviour, behaviourWords}} {
		if k.words().MatchString(said) && !slices.Contains(found, k.status) {
			found = append(found, k.status)
		}
	}
	sec := section{release: versionWord().FindString(s)}
	if yetToBe().MatchString(s) {
		sec.release = "" // it is that of a release to come
	}
	switch {
	case len(found) > 1, len(found) == 1 && found[0] == StatusResolved && doubtfully().MatchString(s):
		sec.status, sec.unclear = StatusUnspecified, clip(squeeze(s), maxUnclear)
	case len(found) == 1:
		sec.status = found[0]
	}
	return sec
}

var aloneRelease = express(`(?i)\b(?:software )?(?:version|release)\s+(` + versionForm + `)`) //nolint:gochecknoglobals // it is compiled once

// blocks reads a document that was taken apart: what it is of, then its entries by the
// shape that they have.
func (r *reader) blocks(list []block) error {
	r.head(list)
	switch {
	case r.notice(list):
	case r.featurePage(list):
	default:
		r.notes(list)
	}
	return nil
}

// head finds the product and the release that a document is of, on its first page.
func (r *reader) head(list []block) {
	d := r.doc
	var text strings.Builder
	for _, b := range list[:min(len(list), 40)] {
		if b.kind == row || b.kind == header || text.Len() > 4000 {
			break
		}
		text.WriteString(b.text + "\n")
	}
	s := text.String()
	if r.products.aboutTool(s) {
		return
	}
	if d.Product == "" {
		d.Product = r.products.in(s)
	}
	if d.Release != "" {
		return
	}
	for _, m := range r.products.title().FindAllStringSubmatch(s, 20) {
		if d.Product == "" || r.products.Name(m[1]) == d.Product {
			d.Release = strings.TrimSuffix(m[2], ".x")
			return
		}
	}
	if m := aloneRelease().FindStringSubmatch(s); m != nil {
		d.Release = strings.TrimSuffix(m[1], ".x")
	}
}

// notes reads release notes: tables, and prose that ends an entry with its ids.
func (r *reader) notes(list []block) {
	p := notesReader{reader: r}
	for i, b := range list {
		next := block{}
		if i+1 < len(list) {
			next = list[i+1]
		}
		p.block(b, next)
	}
	p.endEntry()
	r.doc.Shape = cmp.Or(r.doc.Shape, p.shape(), "nothing known")
}

// notesReader goes through release notes.
type notesReader struct {
	*reader
	section  section
	feature  string
	platform string
	roles    []role
	title    *block // a bold or short line that may be an entry's title
	body     []block
	tables   int
	prose    int
	last     *Issue // of the row before, that a row without an id goes on with
}

func (p *notesReader) shape() string {
	switch {
	case p.tables > 0 && p.prose > 0:
		return "tables and prose"
	case p.tables > 0:
		return "tables"
	case p.prose > 0:
		return "prose"
	}
	return ""
}

func (p *notesReader) block(b, next block) {
	switch b.kind {
	case header:
		p.endEntry()
		p.roles, _ = rolesOf(b.cells)
	case row:
		p.endEntry()
		p.row(b)
	case heading:
		p.endEntry()
		p.headline(b)
	case paragraph:
		p.paragraph(b, next)
	}
}

func (p *notesReader) headline(b block) {
	if s := sectionOf(b.text); s.status != "" {
		p.section, p.feature, p.platform, p.title, p.roles = s, "", "", nil, nil
		return
	}
	if p.title != nil {
		p.feature = p.title.text
	}
	p.title = &b
}

// row reads a row of a table whose columns are known.
func (p *notesReader) row(b block) {
	filled := slices.DeleteFunc(slices.Clone(b.cells), func(c string) bool { return strings.TrimSpace(c) == "" })
	switch {
	case p.roles == nil:
		if p.section.status != "" {
			p.leave(b, "a row of a table whose columns have no names that are known")
		} else {
			p.doc.Passed++
		}
		return
	case len(filled) == 0:
		return
	case len(filled) == 1 && strings.TrimSpace(b.cells[0]) != "" && idsOfCell(filled[0]) == nil && len(filled[0]) < 100:
		p.platform = squeeze(filled[0]) // "ExtremeSwitching X690 Series", over all columns
		return
	}
	p.tables++
	i := Issue{Kind: ReleaseNote, Status: p.section.status, Platform: p.platform, Feature: p.feature, Source: Source{Page: b.page, Line: b.line}}
	if p.title != nil && i.Feature == "" && len(p.title.text) < 40 {
		i.Feature = p.title.text
	}
	idText := ""
	for n, c := range b.cells {
		c = squeeze(c)
		if n < len(p.roles) && c != "" {
			if p.roles[n] == roleID {
				idText = c
			}
			i.set(p.roles[n], c, p.doc.Product, p.products)
		}
	}
	if len(i.IDs) == 0 && slices.Contains(p.roles, roleID) {
		if idText == "" && p.last != nil && i.Text != "" && len(p.doc.Issues) > 0 {
			p.last.Text = clip(p.last.Text+" "+i.Text, maxField) // a cell that a page cut in two
			return
		}
		p.leave(b, "no id where the table has its ids")
		return
	}
	i.plan(b.cells, p.roles)
	if i.Title == "" && i.Text == "" {
		p.leave(b, "an id without a description")
		return
	}
	if state := undoneIn(b.cells, p.roles); p.section.status == StatusResolved && state != "" {
		i.addUnclear(strings.TrimSpace("below " + string(StatusResolved) + " " + cmp.Or(p.section.release, p.doc.Release) + ": " + state))
		i.Status = cmp.Or(statusOf(state), StatusUnspecified)
	} else {
		p.place(&i)
	}
	i.heed(remarks(b.cells, p.roles)...)
	p.add(i)
	p.last = &p.doc.Issues[p.seen[p.products.key(i)]]
}

// key is that under which an issue is kept.
func (p *Products) key(i Issue) string {
	i.finish(p)
	return i.Key
}

// place says what follows from the chapter: an issue that is open in a release is found in
// it, one that is resolved is fixed in it.
func (p *notesReader) place(i *Issue) {
	release := cmp.Or(p.section.release, p.doc.Release)
	if p.doc.Product == "extremeware" && i.Workaround == "" {
		i.Workaround = workaroundIn(i.Text)
	}
	if release == "" {
		return
	}
	switch p.section.status {
	case StatusResolved:
		if len(i.Fixed) == 0 {
			i.Fixed = []Fix{{Version: release}}
		}
	case StatusOpen, StatusBehaviour:
		if len(i.Found) == 0 {
			i.Found = []Range{{From: release, Point: true, Text: release}}
		}
	case StatusUnspecified:
		// The chapter above the three kinds names its release, and the document is of it:
		// that the entry is about it is all that is known.
		if len(i.Found) == 0 && len(i.Fixed) == 0 {
			i.addUnclear(strings.TrimSpace(release + ": " + p.section.unclear))
		}
	}
}

var workaroundSentence = express(`(?i)([^.]*\b(?:work ?around|as a workaround|to avoid (?:this|the) (?:problem|issue)|to recover|you must manually|manually)\b[^.]*(?:\.|$))`) //nolint:gochecknoglobals // it is compiled once

// workaroundIn finds the sentence that says what to do.
func workaroundIn(s string) string {
	return strings.TrimSpace(workaroundSentence().FindString(s))
}

// set puts a cell where its column says.
func (i *Issue) set(as role, c, product string, p *Products) {
	switch as {
	case roleID:
		i.IDs = append(i.IDs, idsOfCell(strings.ReplaceAll(c, struckOut, ""))...)
	case roleTitle:
		i.Title = c
	case roleText:
		i.Text = c
	case roleWorkaround:
		if !noneWord().MatchString(c) {
			i.Workaround = c
		}
	case roleFeature:
		i.Feature = c
	case roleFound, roleVersions, roleFixed, roleTarget:
		found, fixed, unclear := p.inCell(as, c, cmp.Or(i.Product, product))
		i.Found = append(i.Found, found...)
		for _, f := range fixed {
			i.addFix(f)
		}
		i.addUnclear(unclear)
	case roleProduct:
		i.Product = p.Name(c)
		if all := p.allIn(c); len(all) > 0 {
			i.Product, i.Also = all[0], all[1:]
		}
	case rolePlatform:
		i.Platform = c
	case roleStatus:
		i.Status = cmp.Or(statusOf(c), i.Status)
	case roleSource:
		i.Source.Note = c
	case roleVendor:
		i.Vendor = strings.ToLower(c)
	case roleNone:
	}
}

var noneWord = express(`(?i)^(?:none|n/?a|no workaround|not available|-+|–|none\.|no)\.?$`) //nolint:gochecknoglobals // it is compiled once

func statusOf(s string) Status {
	switch strings.ToLower(s) {
	case "open", "new", "unresolved", "active", "known", "outstanding":
		return StatusOpen
	case "resolved", "fixed", "closed", "corrected", "done", "verified", "completed":
		return StatusResolved
	case "known behaviour", "known behavior", "by design", "expected", "limitation", "restriction":
		return StatusBehaviour
	}
	return ""
}

// paragraph reads prose: a title, paragraphs, and the ids in parentheses before the final
// stop of the last.
func (p *notesReader) paragraph(b, next block) {
	if s := sectionOf(b.text); s.status != "" && (b.bold || short(b.text)) {
		p.endEntry()
		p.headline(b)
		return
	}
	ids := idsEnd().FindStringSubmatch(mendIDs(b.text))
	first := idsBegin().FindStringSubmatch(b.text)
	switch {
	case ids == nil && first != nil && len(p.body) == 0 && p.section.status != "":
		b.text = first[2]
		p.body = append(p.body, b)
		p.entry(idsOfCell(first[1]))
	case ids != nil:
		p.body = append(p.body, b)
		p.entry(idsOfCell(ids[1]))
	case (b.bold || short(b.text)) && next.kind != 0:
		p.endEntry()
		p.headline(b)
	default:
		p.body = append(p.body, b)
	}
}

func short(s string) bool {
	return len(s) < 80 && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ":") && !strings.HasSuffix(s, ";") && !strings.Contains(s, ". ")
}

// entry makes an issue of the paragraphs since the title.
func (p *notesReader) entry(ids []string) {
	i := Issue{IDs: ids, Kind: ReleaseNote, Status: p.section.status, Feature: p.feature, Platform: p.platform}
	first := p.body[0]
	i.Source = Source{Page: first.page, Line: first.line}
	var text []string
	for _, b := range p.body {
		text = append(text, strings.TrimLeft(b.text, "*•- "))
	}
	i.Text = idsEnd().ReplaceAllString(mendIDs(strings.Join(text, " ")), "")
	i.Text = strings.TrimSpace(i.Text)
	if i.Text != "" && !strings.HasSuffix(i.Text, ".") {
		i.Text += "."
	}
	if p.title != nil {
		i.Title = p.title.text
	} else if title, rest, ok := leadTitle(i.Text); ok {
		i.Title, i.Text = title, rest
	}
	i.Workaround = workaroundIn(i.Text)
	p.place(&i)
	p.prose++
	p.add(i)
	p.body, p.title = nil, nil
}

// leadTitle takes a title off that stands in the paragraph's own first line.
func leadTitle(s string) (title, rest string, ok bool) {
	title, rest, ok = strings.Cut(s, ": ")
	return title, rest, ok && short(title) && len(rest) > 20
}

// endEntry closes paragraphs that came to no id.
func (p *notesReader) endEntry() {
	if len(p.body) > 0 && p.section.status != "" && p.section.status != StatusUnspecified && p.roles == nil && p.prose > 0 {
		p.leave(p.body[0], "a paragraph among issues that ends in no id")
	} else {
		p.doc.Passed += len(p.body)
	}
	p.body = nil
}
