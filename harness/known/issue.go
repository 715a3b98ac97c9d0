package known

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Issue is one thing that somebody wrote down about a product.
type Issue struct {
	// Key is what "show" takes: the first id, or for a note without one a name made from its
	// text that stays the same from import to import.
	Key      string   `json:"key"`
	IDs      []string `json:"ids,omitempty"`
	Vendor   string   `json:"vendor,omitempty"`
	Product  string   `json:"product,omitempty"`  // exos, voss, extremeware, frr … as Product gives it
	Platform string   `json:"platform,omitempty"` // models, as the document groups them
	// Also are the other products that the document names it for.
	Also       []string `json:"also,omitempty"`
	Feature    string   `json:"feature,omitempty"`
	Title      string   `json:"title"`
	Text       string   `json:"text,omitempty"`
	Workaround string   `json:"workaround,omitempty"`
	Status     Status   `json:"status"`
	Found      []Range  `json:"found,omitempty"`
	Fixed      []Fix    `json:"fixed,omitempty"`
	// Unaffected are versions that are named as free of it among others that are ill.
	Unaffected []Range `json:"unaffected,omitempty"`
	// Undecided are versions of which the document says that it does not know.
	Undecided []Range `json:"undecided,omitempty"`
	// Unsaid tells that it says so of all that it does not name.
	Unsaid bool `json:"unsaid,omitempty"`
	// Unclear is what is said of versions and was not understood: "8.4.4 (reverted in 8.4.5)".
	Unclear []string `json:"unclear,omitempty"`
	Kind    Kind     `json:"kind"`
	Source  Source   `json:"source"`
}

// Status of an issue. The zero value is invalid.
type Status string

// States of an issue. StatusUnspecified is what a document that does not say leaves.
const (
	StatusOpen        Status = "open"
	StatusResolved    Status = "resolved"
	StatusBehaviour   Status = "known behaviour" // as specified, or accepted
	StatusUnspecified Status = "unspecified"
)

// Kind of document that an issue is from. The zero value is invalid.
type Kind string

// Kinds.
const (
	ReleaseNote Kind = "release-note"
	CVE         Kind = "cve"
	FieldNotice Kind = "field-notice"
	KB          Kind = "kb"
	Changelog   Kind = "changelog"
	Table       Kind = "table"
)

// Source is where an issue was read.
type Source struct {
	Document string `json:"document"`
	SHA256   string `json:"sha256,omitempty"` // of the document, unpacked
	Page     int    `json:"page,omitempty"`   // from 1; 0 where there are no pages
	Line     int    `json:"line,omitempty"`   // from 1
	Note     string `json:"note,omitempty"`   // what the document itself names as its source
}

// ID is what a person calls the issue: its ids, or its key.
func (i Issue) ID() string {
	if len(i.IDs) > 0 {
		return strings.Join(i.IDs, ", ")
	}
	return i.Key
}

// finish fills in what follows from the rest.
func (i *Issue) finish(p *Products) {
	i.Title = clip(squeeze(i.Title), 200)
	i.Text, i.Workaround = clip(squeeze(i.Text), maxField), clip(squeeze(i.Workaround), maxField)
	i.Feature = clip(squeeze(i.Feature), 80)
	if i.Title == "" {
		i.Title = firstSentence(i.Text)
	}
	if m := areaPrefix().FindStringSubmatch(i.Title); m != nil && i.Feature == "" && !cveWord().MatchString(m[1]) && !p.names(m[1]) {
		i.Feature, i.Title = m[1], m[2] // "bgpd: fix a crash"
	}
	i.Status = cmp.Or(i.Status, StatusUnspecified)
	if i.Product == "" && len(i.Found) > 0 {
		i.Product = i.Found[0].Product
	}
	if i.Product == "" && len(i.Fixed) > 0 {
		i.Product = i.Fixed[0].Product
	}
	i.Vendor = cmp.Or(i.Vendor, p.vendor(i.Product))
	if i.Key == "" && len(i.IDs) > 0 {
		i.Key = i.IDs[0]
	}
	if i.Key == "" {
		sum := sha256.Sum256([]byte(i.Product + "\x00" + i.Feature + "\x00" + i.Title))
		i.Key = "note-" + hex.EncodeToString(sum[:4])
	}
}

// products are all that it is of.
func (i Issue) products() []string {
	list := []string{i.Product}
	add := func(product string) {
		if product != "" && !slices.Contains(list, product) {
			list = append(list, product)
		}
	}
	for _, p := range i.Also {
		add(p)
	}
	for _, r := range slices.Concat(i.Found, i.Unaffected, i.Undecided) {
		add(r.Product)
	}
	for _, f := range i.Fixed {
		add(f.Product)
	}
	return list
}

// versions gives what is said of a product, where a document speaks of several.
func (i Issue) versions(product string) (found []Range, fixed []Fix) {
	found = slices.DeleteFunc(slices.Clone(i.Found), func(r Range) bool { return !i.about(product, r.Product) })
	return found, slices.DeleteFunc(slices.Clone(i.Fixed), func(f Fix) bool { return !i.about(product, f.Product) })
}

const maxField = 16 << 10 // bytes of one text that are kept

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := strings.ToValidUTF8(s[:n], "")
	if i := strings.LastIndexByte(cut, ' '); i > n/2 {
		cut = cut[:i]
	}
	return cut + " …"
}

// squeeze makes one line of a text, without what steers a terminal.
func squeeze(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xad || r == 0xfeff
	}), " ")
}

// firstSentence is a title for a text that has none.
func firstSentence(s string) string {
	s = squeeze(s)
	for i := 0; i+1 < len(s) && i < 160; i++ {
		if (s[i] == '.' || s[i] == ';') && s[i+1] == ' ' && i > 20 {
			return s[:i]
		}
	}
	return strings.TrimSuffix(clip(s, 140), ".")
}
