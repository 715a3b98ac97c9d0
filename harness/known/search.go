package known

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Query is what is searched for.
type Query struct {
	Words   string // words, "phrases in quotes", and beginnings: repro*
	Product string
	Feature string
	// Version leaves out what does not affect it, as far as that is known.
	Version string
	// FixedAfter keeps what was fixed in a later release than this.
	FixedAfter string
	Limit      int // 0 is 20
}

// Found is one result of a search.
type Found struct {
	Issue
	Snippet string  `json:"snippet,omitempty"` // the place in the text, the words in [brackets]
	Rank    float64 `json:"rank"`              // less is better (bm25)
	Affects *Answer `json:"affects,omitempty"`
	row     int64
}

// maxLooked bounds the results that are looked through for those that pass a filter which
// the database does not know.
const maxLooked = 5000

// Search finds issues by their words, best first. No words give every issue that passes.
func (d *DB) Search(ctx context.Context, q Query) ([]Found, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	match := ftsQuery(q.Words)
	if q.Product != "" {
		match = and("scope:"+scopeWord(d.products.Name(q.Product)), match)
	}
	if q.Feature != "" {
		if f := phrase(q.Feature); f != "" {
			match = and("feature:"+f, match)
		}
	}
	if q.Version != "" {
		if _, err := version.Parse(q.Version); err != nil {
			return nil, err
		}
	}
	// Issues that have all the words in their title, feature or ids come first. Where there
	// are enough of them, the texts are not ranked: words that are in many are in many titles.
	list, err := d.pick(ctx, q, inTitle(match), limit, nil)
	if err == nil && len(list) < limit && match != "" {
		list, err = d.pick(ctx, q, match, limit, list)
	}
	if err != nil {
		return nil, err
	}
	for n := range list {
		list[n].Snippet = snippet(list[n].Issue, q.Words)
	}
	return list, nil
}

// inTitle narrows a search to what names an issue.
func inTitle(match string) string {
	if match == "" {
		return ""
	}
	return "{scope ids title feature}: (" + match + ")"
}

// pick adds the best results that pass to those that are there.
func (d *DB) pick(ctx context.Context, q Query, match string, limit int, list []Found) ([]Found, error) {
	sqlText, args, err := q.statement(match, limit)
	if err != nil {
		return nil, err
	}
	there := map[int64]bool{}
	for _, f := range list {
		there[f.row] = true
	}
	rows, err := d.db.QueryContext(ctx, sqlText, args...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() && len(list) < limit {
		var f Found
		var data string
		if err := rows.Scan(&data, &f.row, &f.Rank); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if err := json.Unmarshal([]byte(data), &f.Issue); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if there[f.row] {
			continue
		}
		if !q.fixedAfter(f.Issue, d.products.Name(q.Product)) {
			continue
		}
		if q.Version != "" {
			a := f.Issue.Affects(d.products.Name(q.Product), q.Version)
			if a.Affected == AffectedNo {
				continue
			}
			f.Affects = &a
		}
		list = append(list, f)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return list, nil
}

// fixedAfter reports whether an issue has a fix of the product that is later than what is asked for.
func (q Query) fixedAfter(i Issue, product string) bool {
	bound, err := version.Parse(q.FixedAfter)
	return err != nil || slices.ContainsFunc(i.Fixed, func(f Fix) bool {
		v, err := version.Parse(f.Version)
		return err == nil && v.Compare(bound) > 0 && i.about(product, f.Product)
	})
}

// snippet gives the words around the first that is searched for, and marks those.
func snippet(i Issue, query string) string {
	var stems []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(query), notWord) {
		stems = append(stems, stem(w))
	}
	hit := func(word string) bool {
		return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(word), notWord), func(w string) bool {
			return slices.Contains(stems, stem(w)) || slices.ContainsFunc(stems, func(s string) bool { return len(s) > 3 && strings.HasPrefix(w, s) })
		})
	}
	words := strings.Fields(i.Text)
	first := slices.IndexFunc(words, hit)
	if first < 0 {
		words = strings.Fields(i.Workaround)
		if first = slices.IndexFunc(words, hit); first < 0 {
			return ""
		}
	}
	from, to := max(0, first-4), min(len(words), first+10)
	part := slices.Clone(words[from:to])
	for n, w := range part {
		if hit(w) {
			part[n] = "[" + w + "]"
		}
	}
	text := strings.Join(part, " ")
	if from > 0 {
		text = "… " + text
	}
	if to < len(words) {
		text += " …"
	}
	return text
}

// statement is the search as SQL. The best are picked from the index alone, and their text
// is read after.
func (q Query) statement(match string, limit int) (string, []any, error) {
	if q.Version != "" || q.FixedAfter != "" {
		limit = maxLooked
	}
	where, args := "", []any{}
	if q.FixedAfter != "" {
		v, err := version.Parse(q.FixedAfter)
		if err != nil {
			return "", nil, err
		}
		where, args = " AND i.fixkey > ?", []any{v.Key()}
	}
	if match == "" {
		return "SELECT i.data, i.id, 0.0 FROM issues i WHERE 1=1" + where + " ORDER BY i.id LIMIT ?", append(args, limit), nil
	}
	const weights = ` AND rank MATCH 'bm25(0.0, 10.0, 5.0, 3.0, 1.0, 0.5)'`
	if where == "" {
		return `SELECT i.data, best.id, best.r FROM (SELECT rowid AS id, rank AS r FROM words WHERE words MATCH ?` + weights + ` ORDER BY rank LIMIT ?) best
			JOIN issues i ON i.id = best.id ORDER BY best.r, best.id`, []any{match, limit}, nil
	}
	return `SELECT i.data, i.id, best.r FROM (SELECT rowid AS id, rank AS r FROM words WHERE words MATCH ?` + weights + ` ORDER BY rank) best
		JOIN issues i ON i.id = best.id WHERE 1=1` + where + ` ORDER BY best.r, best.id LIMIT ?`, append(append([]any{match}, args...), limit), nil
}

func and(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + " AND (" + b + ")"
}

// ftsQuery makes a search of what a person types. Everything is quoted, so that no word of
// theirs is a word of the search's own language.
func ftsQuery(s string) string {
	var terms []string
	for len(terms) < 32 {
		s = strings.TrimLeft(s, " \t\n")
		if s == "" {
			break
		}
		var word string
		if rest, quoted := strings.CutPrefix(s, `"`); quoted {
			word, s, _ = strings.Cut(rest, `"`)
		} else {
			end := strings.IndexAny(s, " \t\n")
			if end < 0 {
				end = len(s)
			}
			word, s = s[:end], s[end:]
		}
		prefix := strings.HasSuffix(word, "*")
		if p := phrase(word); p != "" {
			if prefix {
				p += "*"
			}
			terms = append(terms, p)
		}
	}
	return strings.Join(terms, " AND ")
}

// phrase quotes words that have to stand together.
func phrase(s string) string {
	clean := strings.Join(strings.FieldsFunc(s, notWord), " ")
	if clean == "" {
		return ""
	}
	return `"` + clean + `"`
}

// notWord is what the index separates words by.
func notWord(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return false
	}
	return r <= 0x7f || strings.ContainsRune("…–—“”‘’", r)
}
