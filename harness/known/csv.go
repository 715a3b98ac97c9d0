package known

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// separatorOf finds the mark that stands most often in the first line.
func separatorOf(line string) rune {
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t', '|'} {
		if n := strings.Count(line, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func (r *reader) isCSV(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	rec, err := csvReader(line, separatorOf(line)).Read()
	if err != nil || len(rec) < 2 {
		return false
	}
	_, ok := rolesOf(rec)
	return ok
}

func csvReader(text string, sep rune) *csv.Reader {
	c := csv.NewReader(strings.NewReader(text))
	c.Comma, c.FieldsPerRecord, c.LazyQuotes, c.TrimLeadingSpace = sep, -1, true, sep != '\t'
	return c
}

var asNumber = express(`(?i)^as \d+$`) //nolint:gochecknoglobals // it is compiled once

// csv reads a table with a line of names above it.
func (r *reader) csv(text string) error {
	r.doc.Shape = "table"
	line, _, _ := strings.Cut(text, "\n")
	c := csvReader(text, separatorOf(line))
	names, err := c.Read()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotDocument, err)
	}
	roles, _ := rolesOf(names)
	var before Issue
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		at, _ := 1, 0
		if len(rec) > 0 {
			at, _ = c.FieldPos(0)
		}
		if err != nil {
			r.leave(block{line: at, text: strings.Join(rec, " ")}, err.Error())
			if len(rec) == 0 {
				return nil
			}
			continue
		}
		i := r.record(rec, roles, at)
		switch {
		case i.Title == "" && i.Text == "":
			r.leave(block{line: at, cells: rec}, "a row without a description")
			continue
		case asNumber().MatchString(versionsText(rec, roles)):
			i.Found, i.Fixed, i.Product = before.Found, before.Fixed, before.Product // "as 38": as the entry before
		}
		before = i
		r.add(i)
	}
}

func versionsText(rec []string, roles []role) string {
	for n, as := range roles {
		if as == roleVersions && n < len(rec) {
			return strings.TrimSpace(rec[n])
		}
	}
	return ""
}

// record reads one row. The product is read first: versions are of it.
func (r *reader) record(rec []string, roles []role, line int) Issue {
	i := Issue{Kind: Table, Source: Source{Line: line}}
	for _, first := range []bool{true, false} {
		for n, c := range rec {
			if n < len(roles) && c != "" && (roles[n] == roleProduct) == first {
				i.set(roles[n], squeeze(c), r.doc.Product, r.products)
			}
		}
	}
	if i.Product == "" && r.doc.Product == "" {
		// The versions name it, "EW 7.0": it is the entry's, and needs no mention at each.
		i.Product = r.products.in(versionsText(rec, roles))
		if i.Product == "" {
			for n, as := range roles {
				if n < len(rec) && (as == roleFeature || as == roleTitle) && i.Product == "" {
					i.Product = r.products.in(rec[n])
				}
			}
		}
		for n := range i.Found {
			if i.Found[n].Product == i.Product {
				i.Found[n].Product = ""
			}
		}
		for n := range i.Fixed {
			if i.Fixed[n].Product == i.Product {
				i.Fixed[n].Product = ""
			}
		}
	}
	for _, id := range i.IDs {
		switch {
		case cveWord().MatchString(id):
			i.Kind = CVE
		case fnWord().MatchString(id):
			i.Kind = FieldNotice
		}
	}
	if i.Status == "" && len(i.Fixed) > 0 {
		i.Status = StatusResolved
	}
	return i
}
