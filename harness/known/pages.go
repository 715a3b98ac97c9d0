package known

import (
	"cmp"
	"slices"
	"strings"
)

// part is a piece of a page that has a name: "Symptoms" of a field notice.
type part struct {
	name  string
	block block
	text  []string
}

func (p part) String() string { return strings.Join(p.text, " ") }

// parts cuts a document at headings of which the names are known.
func parts(list []block, names map[string]string) map[string]*part {
	found := map[string]*part{}
	var cur *part
	for _, b := range list {
		name, rest := partName(b, names)
		switch {
		case name != "":
			cur = found[name]
			if cur == nil {
				cur = &part{name: name, block: b}
				found[name] = cur
			}
			if rest != "" {
				cur.text = append(cur.text, rest)
			}
		case b.kind == heading && cur != nil && b.level < 4 && b.level > 0:
			cur = nil // a heading that belongs to no part ends one
		case cur != nil:
			cur.text = append(cur.text, sentenceOf(b))
		}
	}
	return found
}

func sentenceOf(b block) string {
	if len(b.cells) > 0 {
		return strings.Join(b.cells, " ") + ";"
	}
	return b.text
}

var afterName = express(`^([A-Za-z][A-Za-z /()-]{2,40}?)\s*:\s*(.*)$`) //nolint:gochecknoglobals // it is compiled once

// partName reads a heading, "Symptoms", or one with its text behind it, "Symptoms: reboots".
func partName(b block, names map[string]string) (name, rest string) {
	if len(b.cells) == 2 {
		return names[strings.ToLower(strings.Trim(b.cells[0], " :"))], b.cells[1]
	}
	text := squeeze(b.text)
	if n, ok := names[strings.ToLower(strings.TrimRight(text, " :"))]; ok {
		return n, ""
	}
	if m := afterName().FindStringSubmatch(text); m != nil {
		if n, ok := names[strings.ToLower(m[1])]; ok {
			return n, m[2]
		}
	}
	// A text without blank lines puts the heading and what follows into one paragraph.
	for n := 4; n >= 1; n-- {
		words := strings.SplitN(text, " ", n+1)
		if len(words) == n+1 && len(text) > 30 {
			if name, ok := names[strings.ToLower(strings.Join(words[:n], " "))]; ok && words[n][0] >= 'A' && words[n][0] <= 'Z' {
				return name, words[n]
			}
		}
	}
	return "", ""
}

// The parts of a field notice and of a knowledge base article, as the domain notes give them.
var noticeParts = map[string]string{ //nolint:gochecknoglobals // a table that nothing changes
	"summary": "summary", "background": "background", "impact": "impact",
	"products affected": "products", "products": "products", "affected products": "products",
	"software affected": "software", "software": "software", "affected software": "software", "software versions affected": "software",
	"symptoms": "symptoms", "symptom": "symptoms", "issue": "symptoms",
	"work around": "workaround", "workaround": "workaround", "work-around": "workaround",
	"solution": "solution", "resolution": "solution", "fix": "solution", "solution/workaround": "solution", "solution / workaround": "solution", "solution/work around": "solution",
	"cause": "cause", "root cause": "cause", "environment": "software", "changes": "changes", "goals": "goals",
	"article id": "id", "article number": "id", "revision history": "history", "additional information": "more", "additional notes": "more", "contact": "more",
}

// notice reads a field notice or an article: one issue with named parts.
func (r *reader) notice(list []block) bool {
	found := parts(list, noticeParts)
	if found["symptoms"] == nil || found["solution"] == nil && found["workaround"] == nil {
		return false
	}
	text := func(names ...string) string {
		var all []string
		for _, n := range names {
			if p := found[n]; p != nil {
				all = append(all, p.String())
			}
		}
		return strings.Join(all, " ")
	}
	var first []string
	for _, b := range list[:min(len(list), 12)] {
		first = append(first, b.all())
	}
	head := strings.Join(first, "\n")
	i := Issue{Kind: KB, Status: StatusUnspecified, Source: Source{Page: list[0].page, Line: list[0].line}}
	if fn := fnWord().FindString(head + text("id")); fn != "" {
		i.IDs, i.Kind = []string{fn}, FieldNotice
	} else if m := kbArticle().FindStringSubmatch(head); m != nil {
		i.IDs = []string{m[1]}
	} else if id := squeeze(text("id")); id != "" {
		i.IDs = idsOfCell(id)
	} else if found["software"] == nil && found["cause"] == nil {
		return false // "Symptoms" alone is a heading of any manual
	}
	for _, id := range idsIn(head) {
		if !slices.Contains(i.IDs, id) {
			i.IDs = append(i.IDs, id)
		}
	}
	i.Title = noticeTitle(list, cmp.Or(text("summary"), text("symptoms")))
	i.Text = squeeze(text("summary", "background", "impact", "symptoms", "cause"))
	i.Workaround = squeeze(text("workaround"))
	i.Platform = clip(squeeze(text("products")), 400)
	i.Found, i.Fixed, i.Unclear = r.products.inProse(text("software"), r.doc.Product, false)
	// What a solution names is what to go to, unless its words turn that round.
	_, fixed, unclear := r.products.inProse(text("solution"), r.doc.Product, true)
	i.Fixed = append(i.Fixed, fixed...)
	i.addUnclear(unclear...)
	if len(fixed) > 0 {
		i.Status = StatusResolved
	} else if i.Workaround == "" {
		i.Workaround = squeeze(text("solution"))
	}
	r.doc.Shape = string(i.Kind)
	r.doc.Release = ""
	r.add(i)
	return true
}

// noticeTitle takes the line that names the matter, or else the first sentence.
func noticeTitle(list []block, summary string) string {
	for _, b := range list[:min(len(list), 6)] {
		t := squeeze(b.text)
		name, _ := partName(b, noticeParts)
		t = strings.Trim(fnWord().ReplaceAllString(t, ""), " :-–")
		t = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(t, "Field Notice"), ":"))
		if name == "" && len(t) > 20 && len(t) < 160 && !kbArticle().MatchString(t) {
			return strings.Trim(t, " :-–")
		}
		if name != "" {
			break
		}
	}
	return firstSentence(summary)
}

var featureParts = map[string]string{ //nolint:gochecknoglobals // a table that nothing changes
	"supported platforms": "platforms", "limitations": "limitations", "limitation": "limitations", "restrictions": "limitations",
	"new cli commands": "commands", "changed cli commands": "commands", "new/changed cli commands": "commands", "new and changed cli commands": "commands", "new / changed cli commands": "commands",
}

// featurePage reads a page of EXOS release notes that presents a feature: its limitations
// are known behaviour of the release.
func (r *reader) featurePage(list []block) bool {
	found := parts(list, featureParts)
	if found["platforms"] == nil || found["limitations"] == nil && found["commands"] == nil {
		return false
	}
	r.doc.Shape = "feature page"
	var title string
	var lead []string
	for _, b := range list {
		if name, _ := partName(b, featureParts); name != "" {
			break
		}
		t := squeeze(b.text)
		switch {
		case b.kind == heading || title == "" && short(t):
			if !r.products.title().MatchString(t) && !strings.Contains(strings.ToLower(t), "release notes") {
				title = t
			}
		case title != "":
			lead = append(lead, t)
		}
	}
	p := found["limitations"]
	if title == "" || p == nil || len(p.text) == 0 {
		for _, b := range list[:min(1, len(list))] {
			r.leave(b, "a page of a feature that says of no limitation")
		}
		return true
	}
	i := Issue{Kind: ReleaseNote, Status: StatusBehaviour, Feature: title, Source: Source{Page: p.block.page, Line: p.block.line}}
	i.Title = title + ": " + firstSentence(p.text[0])
	i.Text = strings.Join(append(p.text, lead...), " ")
	i.Platform = clip(squeeze(found["platforms"].String()), 400)
	i.IDs = idsIn(i.Text)
	if r.doc.Release != "" {
		i.Found = []Range{{From: r.doc.Release, Point: true, Text: r.doc.Release}}
	}
	r.add(i)
	return true
}
