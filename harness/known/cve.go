package known

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// cveRecord is what is read of a record of the CVE list, JSON 5.x. Its schema is public
// (github.com/CVEProject/cve-schema).
type cveRecord struct {
	DataType string `json:"dataType"`
	Metadata struct {
		ID    string `json:"cveId"`
		State string `json:"state"`
	} `json:"cveMetadata"`
	Containers struct {
		CNA struct {
			Title        string        `json:"title"`
			Descriptions []cveText     `json:"descriptions"`
			Affected     []cveAffected `json:"affected"`
			Workarounds  []cveText     `json:"workarounds"`
			Solutions    []cveText     `json:"solutions"`
			References   []struct {
				URL string `json:"url"`
			} `json:"references"`
		} `json:"cna"`
		// ADP are others who add to a record; some say what its author left out.
		ADP []struct {
			Affected []cveAffected `json:"affected"`
		} `json:"adp"`
	} `json:"containers"`
}

type cveText struct {
	Lang  string `json:"lang"`
	Value string `json:"value"`
}

type cveAffected struct {
	Vendor        string       `json:"vendor"`
	Product       string       `json:"product"`
	DefaultStatus string       `json:"defaultStatus"`
	Platforms     []string     `json:"platforms"`
	Modules       []string     `json:"modules"`
	PackageName   string       `json:"packageName"`
	Versions      []cveVersion `json:"versions"`
}

type cveVersion struct {
	Version         string      `json:"version"`
	Status          string      `json:"status"`
	LessThan        string      `json:"lessThan"`
	LessThanOrEqual string      `json:"lessThanOrEqual"`
	Changes         []cveChange `json:"changes"`
}

type cveChange struct {
	At     string `json:"at"`
	Status string `json:"status"`
}

// cve reads one record, a list of them, or one in each line.
func (r *reader) cve(data []byte) error {
	r.doc.Shape = "cve records"
	var records []json.RawMessage
	if err := json.Unmarshal(data, &records); err != nil {
		records = nil
		dec := json.NewDecoder(bytes.NewReader(data))
		for dec.More() && len(records) < maxIssues {
			var one json.RawMessage
			if err := dec.Decode(&one); err != nil {
				if len(records) == 0 {
					return fmt.Errorf("%w: %w", ErrNotDocument, err)
				}
				r.leave(block{text: "JSON after record " + fmt.Sprint(len(records))}, err.Error())
				break
			}
			records = append(records, one)
		}
	}
	for n, raw := range records {
		var rec cveRecord
		if err := json.Unmarshal(raw, &rec); err != nil {
			r.leave(block{text: clip(string(raw), 80)}, err.Error())
			continue
		}
		r.cveRecord(rec, n, raw)
	}
	return nil
}

func (r *reader) cveRecord(rec cveRecord, n int, raw json.RawMessage) {
	id := canonical(rec.Metadata.ID)
	cna := rec.Containers.CNA
	switch {
	case !cveWord().MatchString(id):
		r.leave(block{text: clip(string(raw), 80), line: n + 1}, "not a CVE record of version 5: it has no cveMetadata.cveId")
		return
	case strings.EqualFold(rec.Metadata.State, "REJECTED"):
		r.doc.Passed++
		return
	}
	text := inEnglish(cna.Descriptions)
	if text == "" && cna.Title == "" {
		r.leave(block{text: id}, "a record without a description")
		return
	}
	i := Issue{IDs: []string{id}, Kind: CVE, Status: StatusUnspecified, Title: cna.Title, Text: text, Workaround: inEnglish(cna.Workarounds)}
	if s := inEnglish(cna.Solutions); s != "" {
		i.Text += " " + s
	}
	for _, ref := range cna.References {
		if i.Source.Note == "" && strings.HasPrefix(ref.URL, "https://") {
			i.Source.Note = clip(ref.URL, 200)
		}
	}
	var parts []partly
	for k, a := range cna.Affected {
		parts = append(parts, i.affected(a, k == 0, r.products))
	}
	i.dependingOnPart(parts)
	i.withinOthers()
	told := len(i.Found)+len(i.Fixed) > 0
	for _, adp := range rec.Containers.ADP {
		if told { // by its author: of the same product others may know more that is ill
			for _, a := range adp.Affected {
				i.alsoAffected(a, r.products)
			}
			continue
		}
		if i.Product == "" { // theirs may be a distribution, named before what the issue is of
			i.Product = cmp.Or(r.products.in(i.Title+" "+i.Text), r.products.among(adp.Affected))
			i.Vendor = r.products.vendor(i.Product)
		}
		for k, a := range adp.Affected {
			i.affected(a, k == 0 && i.Product == "", r.products)
		}
	}
	if i.Product == "" {
		i.Product = r.products.in(i.Title + " " + i.Text)
	}
	if len(i.Found) == 0 && len(i.Fixed) == 0 {
		// Old records say "n/a" where the versions belong, and give them in words.
		i.Found, i.Fixed, i.Unclear = r.products.inProse(text, i.Product, false)
	}
	if len(i.Fixed) > 0 {
		i.Status = StatusResolved
	}
	r.add(i)
}

// among is the first product that is one of the known.
func (p *Products) among(list []cveAffected) string {
	for _, a := range list {
		if product := p.in(a.Product); product != "" {
			return product
		}
	}
	return ""
}

func inEnglish(list []cveText) string {
	for _, t := range list {
		if strings.HasPrefix(strings.ToLower(t.Lang), "en") {
			return squeeze(t.Value)
		}
	}
	return ""
}

// affected takes in the versions of one product.
func (i *Issue) affected(a cveAffected, first bool, p *Products) partly {
	product := p.in(a.Product)
	if product == "" {
		product = p.Name(a.Product)
	}
	if product == "n/a" || product == "unspecified" {
		product = ""
	}
	other := product
	if first {
		i.Product, other = product, ""
		i.Vendor = p.vendor(product)
		i.Platform = clip(squeeze(strings.Join(a.Platforms, ", ")), 200)
	} else if product == i.Product {
		other = ""
	} else if product != "" && !slices.Contains(i.Also, product) {
		i.Also = append(i.Also, product)
	}
	all := Issue{Product: i.Product, Found: i.Found, Fixed: i.Fixed}
	i.Found, i.Fixed = nil, nil
	for _, v := range a.Versions {
		r, ok := v.span(other)
		switch {
		case strings.EqualFold(v.Status, "affected"):
			i.affectedVersion(v, other, p)
		case ok && strings.EqualFold(v.Status, "unaffected"):
			i.changing(v, r)
		case ok && strings.EqualFold(v.Status, "unknown"):
			i.addUndecided(r)
		}
	}
	for _, v := range a.Versions {
		if strings.EqualFold(v.Status, "unaffected") {
			i.unaffectedVersion(v, other, strings.EqualFold(a.DefaultStatus, "affected"))
		}
	}
	switch {
	case strings.EqualFold(a.DefaultStatus, "affected"):
		i.allBefore(a.Versions, other)
	case strings.EqualFold(a.DefaultStatus, "unknown"):
		i.Unsaid = true
	}
	own := partly{of: fmt.Sprint(a.Platforms, a.Modules, a.PackageName), product: product, found: i.Found, fixed: i.Fixed}
	i.Found, i.Fixed = all.Found, all.Fixed
	for _, r := range own.found {
		i.addFound(r)
	}
	for _, f := range own.fixed {
		i.addFix(f)
	}
	return own
}

// partly is what a record says of one of the platforms, modules or packages of a product.
type partly struct {
	of, product string
	found       []Range
	fixed       []Fix
}

// dependingOnPart leaves undecided what one part of a product has fixed and another has not yet: which of them a switch has
// is not asked for.
func (i *Issue) dependingOnPart(parts []partly) {
	for _, a := range parts {
		for _, b := range parts {
			if a.of == b.of || a.product != b.product {
				continue
			}
			for _, f := range a.fixed {
				v, err := version.Parse(f.Version)
				for _, r := range b.found {
					if err == nil && !r.Point && foundIn(v, []Range{r}).Affected == AffectedYes {
						i.addUndecided(Range{Product: f.Product, From: f.Version, To: r.To, Before: r.Before, Line: r.Line, Text: "fixed in " + f.Version + " of a part of the product"})
					}
				}
			}
		}
	}
}

// alsoAffected takes in what somebody else says is affected of the product that a record is of. What is free of it, the
// author has said.
func (i *Issue) alsoAffected(a cveAffected, p *Products) {
	if product := p.in(a.Product); product == "" || product != i.Product {
		return
	}
	own := slices.Clone(i.Fixed)
	for _, v := range a.Versions {
		if strings.EqualFold(v.Status, "affected") {
			i.affectedVersion(v, "", p)
		}
	}
	i.Fixed = own
}

// unaffectedVersion takes in a version that is well. It is a fix where an earlier one is ill and no range of the ill goes
// on behind it; one alone in such a range, or where all is ill that is not named, is well and says nothing of those behind it. Where all is ill that is
// not named, what ends a range of the well is ill again.
func (i *Issue) unaffectedVersion(v cveVersion, product string, all bool) {
	from, end := known(v.Version), cmp.Or(v.LessThan, v.LessThanOrEqual)
	open := strings.Contains(end, "*")
	switch {
	case from != "" && end == "" && (all || i.illAt(from, product)):
		i.addUnaffected(Range{Product: product, From: from, Point: true, Text: from})
		if all {
			i.addFound(Range{Product: product, From: from, After: true, Text: "after " + from})
		}
	case from != "" && (open || end == "") && (all || i.illBefore(from, product)):
		i.addFix(Fix{Product: product, Version: from})
	case !all && !open && from != "" && known(end) != "" && i.illAt(from, product):
		r := Range{Product: product, From: from, To: known(end), Before: v.LessThan != ""}
		r.Text = r.String()
		i.addUnaffected(r)
	case all && !open && known(end) != "":
		if from != "" {
			i.addFix(Fix{Product: product, Version: from})
		}
		r := Range{Product: product, From: known(end), After: v.LessThan == ""}
		r.Text = r.String()
		i.addFound(r)
	}
}

// illAt reports whether a range of the ill versions of a product holds one, and does not end there.
func (i *Issue) illAt(v, product string) bool {
	bound, err := version.Parse(v)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(i.Found, func(r Range) bool {
		return r.Product == product && !r.Point && foundIn(bound, []Range{r}).Affected == AffectedYes && r.To != v
	})
}

// illBefore reports whether a range or a point of a product begins before a version.
func (i *Issue) illBefore(v, product string) bool {
	bound, err := version.Parse(v)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(i.Found, func(r Range) bool {
		from, err := version.Parse(r.From)
		return r.Product == product && (r.From == "" || err == nil && from.Compare(bound) < 0)
	})
}

// allBefore is what is ill where all is that is not named: all before the first version that is well.
func (i *Issue) allBefore(list []cveVersion, product string) {
	var first version.Version
	for _, w := range list {
		if !strings.EqualFold(w.Status, "unaffected") {
			continue
		}
		v, err := version.Parse(known(w.Version))
		switch {
		case err != nil && known(cmp.Or(w.LessThan, w.LessThanOrEqual)) != "": // from the first of all
			return
		case err == nil && (first.IsZero() || v.Compare(first) < 0):
			first = v
		}
	}
	if !first.IsZero() {
		i.addFound(Range{Product: product, To: first.String(), Before: true, Text: "before " + first.String()})
	}
}

// span is the range of an entry, or its version alone; ok is false where it names no version that can be ordered.
func (v cveVersion) span(product string) (r Range, ok bool) {
	from := known(v.Version)
	r = Range{Product: product, From: from}
	line := wholeLine().ReplaceAllString(strings.TrimSpace(cmp.Or(v.LessThan, v.LessThanOrEqual)), "")
	switch {
	case known(line) != "" && known(cmp.Or(v.LessThan, v.LessThanOrEqual)) == "": // 9.1.*
		r.To, r.Line = line, true
		r.Text = strings.TrimSpace(from + " to " + line + ".x")
	case known(v.LessThan) != "":
		r.To, r.Before = known(v.LessThan), true
		r.Text = strings.TrimSpace(from + " before " + r.To)
	case known(v.LessThanOrEqual) != "":
		r.To = known(v.LessThanOrEqual)
		r.Text = strings.TrimSpace(from + " to " + r.To)
	case from == "":
		return r, false
	case strings.Contains(v.LessThan+v.LessThanOrEqual, "*"):
		r.Text = from + " and later"
	default:
		r.Point, r.Text = true, from
	}
	return r, true
}

// affectedVersion takes in a version, or a range, that is ill.
func (i *Issue) affectedVersion(v cveVersion, product string, p *Products) {
	r, ok := v.span(product)
	if !ok {
		if v.Version != "" && v.LessThan == "" {
			found, fixed, unclear := p.inProse(v.Version, i.Product, false)
			i.Found, i.Fixed = append(i.Found, found...), append(i.Fixed, fixed...)
			i.addUnclear(unclear...)
		}
		return
	}
	if r.From != "" && r.To != "" && !r.Line {
		if order := compareKnown(r.From, r.To); order > 0 || order == 0 && r.Before {
			i.addUnclear(r.String()) // it holds nothing
			return
		}
	}
	if i.changing(v, r) {
		return
	}
	if at := v.healed(r); at != "" {
		i.addFound(Range{Product: product, From: r.From, To: at, Before: true, Text: strings.TrimSpace(r.From + " before " + at)})
		i.addFix(Fix{Product: product, Version: at})
		return
	}
	i.addFound(r)
	if r.Before {
		i.addFix(Fix{Product: product, Version: r.To})
	}
	for _, c := range v.Changes {
		if strings.EqualFold(c.Status, "unaffected") && known(c.At) != "" {
			i.addFix(Fix{Product: product, Version: known(c.At)})
		}
	}
}

// changing takes in a range within which versions become ill, again or for the first time: piece by piece. It reports whether
// the range is one.
func (i *Issue) changing(v cveVersion, r Range) bool {
	ill := func(c cveChange) bool { return strings.EqualFold(c.Status, "affected") }
	if r.Point || !slices.ContainsFunc(v.Changes, ill) {
		return false
	}
	for _, c := range v.Changes {
		if known(c.At) == "" {
			i.addUnclear(clip(squeeze(r.String()+", "+c.Status+" from "+c.At), maxUnclear))
			return true
		}
	}
	changes := slices.SortedFunc(slices.Values(v.Changes), func(a, b cveChange) int { return compareKnown(a.At, b.At) })
	from, sick := r.From, strings.EqualFold(v.Status, "affected")
	for _, c := range changes {
		at := known(c.At)
		if ill(c) == sick {
			continue
		}
		if sick {
			i.addFound(Range{Product: r.Product, From: from, To: at, Before: true, Text: strings.TrimSpace(from + " before " + at)})
			i.addFix(Fix{Product: r.Product, Version: at})
		}
		from, sick = at, !sick
	}
	if sick {
		r.From = from
		r.Text = r.String()
		i.addFound(r)
	}
	if r.Before {
		i.addFix(Fix{Product: r.Product, Version: r.To})
	}
	return true
}

// compareKnown orders two versions that can be ordered.
func compareKnown(a, b string) int {
	x, _ := version.Parse(known(a)) // known has read it
	y, _ := version.Parse(known(b))
	return x.Compare(y)
}

// healed is the version within a range from which on it is well to its end, as one change says; "" where there are more
// changes, which are of several lines of patches.
func (v cveVersion) healed(r Range) string {
	if len(v.Changes) != 1 || !strings.EqualFold(v.Changes[0].Status, "unaffected") {
		return ""
	}
	at, err := version.Parse(known(v.Changes[0].At))
	to, unbounded := version.Parse(r.To)
	if err != nil || r.Point || unbounded == nil && at.Compare(to) >= 0 {
		return ""
	}
	return at.String()
}

// withinOthers takes away the fixes that are ends of ranges within others of the ill: there it goes on.
func (i *Issue) withinOthers() {
	i.Fixed = slices.DeleteFunc(i.Fixed, func(f Fix) bool {
		v, err := version.Parse(f.Version)
		ends := slices.ContainsFunc(i.Found, func(r Range) bool { return r.Before && r.To == f.Version && r.Product == f.Product })
		return ends && err == nil && slices.ContainsFunc(i.Found, func(r Range) bool {
			return !r.Point && r.To != "" && r.Product == f.Product && foundIn(v, []Range{r}).Affected == AffectedYes
		})
	})
}

func (i *Issue) addFound(r Range) {
	if !slices.Contains(i.Found, r) {
		i.Found = append(i.Found, r)
	}
}

func (i *Issue) addUnaffected(r Range) {
	if !slices.Contains(i.Unaffected, r) {
		i.Unaffected = append(i.Unaffected, r)
	}
}

func (i *Issue) addUndecided(r Range) {
	if !slices.Contains(i.Undecided, r) {
		i.Undecided = append(i.Undecided, r)
	}
}

func (i *Issue) addFix(f Fix) {
	if !slices.Contains(i.Fixed, f) {
		i.Fixed = append(i.Fixed, f)
	}
}

// wholeLine is behind the numbers of a line of releases, of which all is meant: 9.1.*, 9.1*, 9.1.x.
var wholeLine = express(`(?i)(?:\.x|\.?\*)+$`) //nolint:gochecknoglobals // it is compiled once

// known gives a version that can be ordered, and nothing for "0", "n/a" and "unspecified".
func known(s string) string {
	s = strings.TrimSpace(s)
	if s == "0" || versionWord().FindString(s) != s {
		if !bareNumber().MatchString(s) || s == "0" {
			return ""
		}
	}
	return s
}

// bareNumber is a version of one number, as "22" of a line of releases.
var bareNumber = express(`^\d{1,3}$`) //nolint:gochecknoglobals // it is compiled once
