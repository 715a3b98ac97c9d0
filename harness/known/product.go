package known

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Products are the products that documents are of and how text speaks of them: versions are
// compared within one product only. nil knows none.
type Products struct {
	list     []drivers.Product
	word     expression // any name of a product
	sentence expression // what a sentence about versions consists of; the rest is passed over
	title    expression // a product and its release, as titles have them
	head     expression // the same as a line of its own, as changelogs have it
}

// NewProducts makes the products of what a registry knows (drivers.Registry.Products).
func NewProducts(list []drivers.Product) *Products {
	words := func(shortest int) string {
		var all []string
		for _, p := range list {
			for _, w := range p.Words {
				if len(w) >= shortest {
					all = append(all, regexp.QuoteMeta(w))
				}
			}
		}
		if len(all) == 0 {
			return `[^\s\S]` // nothing is one
		}
		slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
		return strings.Join(all, "|")
	}
	return &Products{
		list:     list,
		word:     express(`(?i)\b(` + words(1) + `)\b`),
		sentence: express(`(?i)` + sentenceForm + `|\b(` + words(1) + `)\b`),
		title:    express(`(?i)\b(` + words(3) + `)\b[^.\n]{0,60}?(` + versionForm + `)`),
		head:     express(`^(?:#+ )?((?i:` + words(3) + `)) v?(\d+\.\d+[\w.]*)(?: .*)?$`),
	}
}

// orNone is p, or the products of somebody who knows none.
func (p *Products) orNone() *Products {
	if p == nil {
		return NewProducts(nil)
	}
	return p
}

func (p *Products) all() []drivers.Product {
	if p == nil {
		return nil
	}
	return p.list
}

// Name gives the name under which a product is kept, of what somebody calls it; what is not
// known stays as it is, in lower case.
func (p *Products) Name(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, product := range p.all() {
		if slices.Contains(product.Words, s) {
			return product.Name
		}
	}
	return s
}

// vendor gives who makes the product that is kept under a name; empty for one that is not known.
func (p *Products) vendor(name string) string {
	for _, product := range p.all() {
		if product.Name == name {
			return product.Vendor
		}
	}
	return ""
}

// names reports whether s is what somebody calls a product.
func (p *Products) names(s string) bool { return p.vendor(p.Name(s)) != "" }

// toolWords are those of programs that manage products and have versions of their own.
var toolWords = express(`(?i)\bansible\b.{0,60}\bcollections?\b|\bcollections?\b.{0,60}\bansible\b|galaxy\.ansible|\bansible[-_.]|\bterraform\b.{0,30}\bprovider\b|\bterraform-provider-|\bnapalm[-_. ]|\bnetmiko\b|\b(?:prometheus|snmp)[ _-]exporter\b`) //nolint:gochecknoglobals // it is compiled once

// toolNames are those of programs that are called by what they manage: keepalived-exporter. A network-operator is a role.
var toolNames = express(`(?i)\b([a-z]+)[_-](?:exporter|operator|dashboard|helm|sdk)\b`) //nolint:gochecknoglobals // it is compiled once

// aboutTool reports whether a document is of a program that manages a product: its versions are
// not the product's.
func (p *Products) aboutTool(s string) bool {
	return toolWords().MatchString(s) || slices.ContainsFunc(toolNames().FindAllStringSubmatch(s, 20), func(m []string) bool { return p.names(m[1]) })
}

// in finds the first product that a text names; empty where it names none.
func (p *Products) in(s string) string {
	for _, product := range p.allIn(s) {
		return product
	}
	return ""
}

// allIn finds the products that a text names. Short forms count in capitals only.
func (p *Products) allIn(s string) (list []string) {
	for _, m := range p.orNone().word().FindAllString(s, 8) {
		if len(m) == 2 && m != strings.ToUpper(m) {
			continue
		}
		if name := p.Name(m); p.names(m) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
