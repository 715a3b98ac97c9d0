package known

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	Versions      []cveVersion `json:"versions"`
}

type cveVersion struct {
	Version         string `json:"version"`
	Status          string `json:"status"`
	LessThan        string `json:"lessThan"`
	LessThanOrEqual string `json:"lessThanOrEqual"`
	Changes         []struct {
		At     string `json:"at"`
		Status string `json:"status"`
	} `json:"changes"`
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
	for k, a := range cna.Affected {
		i.affected(a, k == 0, r.products)
	}
	for _, adp := range rec.Containers.ADP {
		if len(i.Found)+len(i.Fixed) > 0 {
			break
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
		i.Found, i.Fixed = r.products.ParseVersions(text, i.Product)
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
func (i *Issue) affected(a cveAffected, first bool, p *Products) {
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
	}
	for _, v := range a.Versions {
		i.affectedVersion(v, other, p)
	}
}

func (i *Issue) affectedVersion(v cveVersion, product string, p *Products) {
	from := known(v.Version)
	switch strings.ToLower(v.Status) {
	case "affected":
	case "unaffected":
		if from != "" && v.LessThan == "" && v.LessThanOrEqual == "" {
			i.addFix(Fix{Product: product, Version: from})
		}
		return
	default:
		return
	}
	r := Range{Product: product, From: from}
	switch {
	case known(v.LessThan) != "":
		r.To, r.Before = known(v.LessThan), true
		r.Text = strings.TrimSpace(from + " before " + r.To)
		i.addFix(Fix{Product: product, Version: r.To})
	case known(v.LessThanOrEqual) != "":
		r.To = known(v.LessThanOrEqual)
		r.Text = strings.TrimSpace(from + " to " + r.To)
	case from == "":
		if v.Version != "" && v.LessThan == "" {
			found, fixed := p.ParseVersions(v.Version, i.Product)
			i.Found, i.Fixed = append(i.Found, found...), append(i.Fixed, fixed...)
		}
		return
	default:
		r.Point, r.Text = true, from
		if strings.Contains(v.LessThan+v.LessThanOrEqual, "*") {
			r.Point, r.Text = false, from+" and later"
		}
	}
	i.Found = append(i.Found, r)
	for _, c := range v.Changes {
		if strings.EqualFold(c.Status, "unaffected") && known(c.At) != "" {
			i.addFix(Fix{Product: product, Version: known(c.At)})
		}
	}
}

func (i *Issue) addFix(f Fix) {
	if !slices.Contains(i.Fixed, f) {
		i.Fixed = append(i.Fixed, f)
	}
}

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
