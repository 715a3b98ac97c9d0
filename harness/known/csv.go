package known

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
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
	if list := releaseColumns(names); len(list) > 0 {
		r.leave(block{line: 1, cells: names}, "columns that are not read: "+strings.Join(list, ", "))
	}
	is, came := column(names, "issue type", "type", "tracker"), column(names, "resolution")
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
		if tableRule().MatchString(strings.Trim(strings.Join(rec, "|"), "| ")) {
			continue
		}
		none := noIssue(cell(rec, is), cell(rec, came))
		i := r.record(rec, roles, at)
		if accepted(cell(rec, came)) {
			i.Status = StatusBehaviour
		}
		switch {
		case i.Title == "" && i.Text == "" && !none:
			r.leave(block{line: at, cells: rec}, "a row without a description")
			continue
		case asNumber().MatchString(versionsText(rec, roles)):
			i.Found, i.Fixed, i.Unclear, i.Product = before.Found, before.Fixed, before.Unclear, before.Product // "as 38": as the entry before
		}
		before = i
		if none {
			r.doc.Passed++
			continue
		}
		r.add(i)
	}
}

// column is where a column stands that has one of these names; -1 where none does.
func column(names []string, of ...string) int {
	return slices.IndexFunc(names, func(name string) bool {
		return slices.Contains(of, strings.ToLower(squeeze(strings.ReplaceAll(name, "_", " "))))
	})
}

// cell is what a row has in a column, in lower case.
func cell(rec []string, at int) string {
	if at < 0 || at >= len(rec) {
		return ""
	}
	return strings.ToLower(squeeze(rec[at]))
}

// noIssue reports whether a tracker says of an entry that it is none of the software: it is of another kind, or came to
// nothing, as Jira, Redmine and Bugzilla name these.
func noIssue(is, came string) bool {
	return slices.Contains([]string{"new feature", "feature", "feature request", "improvement", "enhancement", "task", "sub-task", "subtask", "story", "epic", "documentation", "question", "support"}, is) ||
		slices.Contains([]string{"duplicate", "invalid", "worksforme", "works for me", "cannot reproduce", "not a bug", "notabug", "not an issue", "incomplete", "insufficient_data", "moved"}, came)
}

// accepted reports whether an entry is one that stays as it is.
func accepted(came string) bool {
	return slices.Contains([]string{"won't fix", "wontfix", "won't do", "declined", "rejected", "by design", "works as designed", "works as intended"}, came)
}

// releaseColumns are names of columns that are releases: which of them has an issue stands in the rows.
func releaseColumns(names []string) (list []string) {
	for _, name := range names {
		name = strings.TrimSpace(name)
		if versionWord().FindString(name) == name && name != "" {
			list = append(list, name)
		}
	}
	return list
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
	i.plan(rec, roles)
	i.heed(remarks(rec, roles)...)
	if i.Status == "" && len(i.Fixed) > 0 {
		i.Status = StatusResolved
	}
	return i
}
