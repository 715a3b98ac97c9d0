package known

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Points of a match. They are added, and every reason says what it gave.
const (
	pointsID       = 40.0 // the case names the issue
	pointsMnemonic = 14.0
	pointsFunction = 20.0 // a function of the crash's stack stands in the issue: few names are as much one thing's own
	pointsFeature  = 4.0
	maxFeature     = 8.0
	pointsAffected = 6.0
	pointsLater    = 3.0 // not said to affect this version, but fixed in a later one
	pointsNot      = -20.0
	wordPoint      = 1.0 // times the rarity of the word, times the weight of where it stands
	titlePoint     = 0.6 // more of it for a word that stands in the issue's title
	maxWordRarity  = 6.0
)

const (
	maxTerms      = 48   // words of a case that are looked for, the most telling first
	maxPostings   = 4000 // issues of all products with a word; one that is in more tells nothing
	maxCandidates = 200  // of which the text is read
)

// Candidate is an issue that may be the case's.
type Candidate struct {
	Issue
	Score   float64  `json:"score"`
	Reasons []Reason `json:"reasons"`
	Affects Answer   `json:"affects"`
	// FixedLater says that a later release is free of it.
	FixedLater bool `json:"fixed-later"`
	// Verify is what would prove the fix.
	Verify string `json:"verify,omitempty"`
}

// Reason is why a candidate is one.
type Reason struct {
	Points float64 `json:"points"`
	Says   string  `json:"says"`
}

// Matching is the result of a match.
type Matching struct {
	Subject    Subject        `json:"subject"`
	Candidates []Candidate    `json:"candidates"`
	Looked     int            `json:"looked"` // issues of the product
	Documents  []DocumentInfo `json:"documents"`
	Hints      []string       `json:"hints,omitempty"`
}

// Match ranks the issues that may be behind a case. It is deterministic: the same database
// and subject give the same list.
func (d *DB) Match(ctx context.Context, s Subject, limit int) (Matching, error) {
	if limit <= 0 {
		limit = 10
	}
	m := Matching{Subject: s, Candidates: []Candidate{}}
	docs, err := d.Documents(ctx)
	if err != nil {
		return m, err
	}
	for _, doc := range docs {
		doc.Imported = doc.Imported.Round(0)
		m.Documents = append(m.Documents, doc)
	}
	g := gather{db: d, subject: s, issues: map[int64]*evidenceFor{}}
	if err := g.run(ctx); err != nil {
		return m, err
	}
	m.Looked = g.total
	if m.Candidates, err = g.rank(ctx, limit); err != nil {
		return m, err
	}
	m.Hints = hints(s, g)
	return m, nil
}

func hints(s Subject, g gather) []string {
	var list []string
	if s.Product == "" {
		list = append(list, "the product is not known: issues of every product were looked through; set product.platform")
	}
	if s.Version == "" {
		list = append(list, "the version is not known: whether an issue affects it cannot be said; set product.version")
	} else if _, err := version.Parse(s.Version); err != nil {
		list = append(list, err.Error()+": whether an issue affects it cannot be said")
	}
	if g.total == 0 && s.Product != "" {
		list = append(list, "nothing is known about "+s.Product+": import its release notes (reprise known import)")
	}
	return list
}

// evidenceFor is what speaks for one issue.
type evidenceFor struct {
	words     map[string]float64 // points before the title is looked at
	mnemonics []string
	functions []string
	features  []string
	id        string
	sum       float64
}

// gather finds issues by words, mnemonics, features and ids, each by one look into the index.
type gather struct {
	db      *DB
	subject Subject
	total   int
	issues  map[int64]*evidenceFor
}

func (g *gather) run(ctx context.Context) error {
	// The index is asked for a word alone and the product is looked up here: a search for both
	// walks through every issue of the product, for every word.
	query, args := "SELECT coalesce(group_concat(id), '') FROM issues", []any{}
	if g.subject.Product != "" {
		query, args = "SELECT coalesce(group_concat(rowid), '') FROM words WHERE words MATCH ?", []any{"scope:" + scopeWord(g.subject.Product)}
	}
	var list string
	if err := g.db.db.QueryRowContext(ctx, query, args...).Scan(&list); err != nil {
		return fmt.Errorf("match: %w", err)
	}
	ours, _ := rowids(list, nil)
	g.total = len(ours)
	scope := make(map[int64]bool, len(ours))
	for _, id := range ours {
		scope[id] = true
	}
	stmt, err := g.db.db.PrepareContext(ctx, "SELECT coalesce(group_concat(rowid), '') FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)")
	if err != nil {
		return fmt.Errorf("match: %w", err)
	}
	defer stmt.Close() //nolint:errcheck // read only
	return g.look(ctx, func(term string) ([]int64, bool, error) {
		var list string
		if err := stmt.QueryRowContext(ctx, term, maxPostings+1).Scan(&list); err != nil {
			return nil, false, fmt.Errorf("match: %w", err)
		}
		ids, n := rowids(list, scope)
		return ids, n > maxPostings, nil
	})
}

// rowids reads a list with commas, keeping what is in scope, and counts all of it. One text
// is read from the database faster than its rows are.
func rowids(list string, scope map[int64]bool) (ids []int64, n int) {
	for part := range strings.SplitSeq(list, ",") {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			continue // the empty list
		}
		n++
		if scope == nil || scope[id] {
			ids = append(ids, id)
		}
	}
	return ids, n
}

func (g *gather) look(ctx context.Context, look func(string) (ids []int64, common bool, err error)) error {
	for _, t := range termsOf(g.subject) {
		ids, common, err := look(t.fts)
		if err != nil {
			return err
		}
		if common || len(ids) == 0 {
			continue
		}
		rarity := min(maxWordRarity, math.Log(float64(g.total+1)/float64(len(ids)))+0.5)
		for _, id := range ids {
			e := g.at(id)
			points := wordPoint * rarity * t.weight
			e.words[t.word] = points
			e.sum += points
		}
	}
	for _, m := range slices.Sorted(maps.Keys(g.subject.Mnemonics)) {
		ids, _, err := look(phrase(m))
		if err != nil {
			return err
		}
		for _, id := range ids {
			e := g.at(id)
			e.mnemonics = append(e.mnemonics, m)
			e.sum += pointsMnemonic
		}
	}
	for _, f := range slices.Sorted(maps.Keys(g.subject.Functions)) {
		ids, common, err := look(phrase(f))
		if err != nil {
			return err
		}
		if common {
			continue // its words are those of many
		}
		if ids, err = g.naming(ctx, f, ids); err != nil {
			return err
		}
		for _, id := range ids {
			e := g.at(id)
			e.functions = append(e.functions, f)
			e.sum += pointsFunction
		}
	}
	for _, f := range slices.Sorted(maps.Keys(g.subject.Features)) {
		ids, common, err := look("{feature title}: " + phrase(f))
		if err != nil {
			return err
		}
		if common {
			continue // added below to those that something else speaks for
		}
		for _, id := range ids {
			e := g.at(id)
			e.features = append(e.features, f)
			e.sum += pointsFeature
		}
	}
	return g.byID(ctx)
}

// naming are those of the issues whose title or text holds a function's name as it is written: to the index
// bgp_stop and "BGP stopped" are the same two words.
func (g *gather) naming(ctx context.Context, function string, ids []int64) ([]int64, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	const mark = "[^A-Za-z0-9_]" // what a name ends at
	var named string
	err = g.db.db.QueryRowContext(ctx, `SELECT coalesce(group_concat(id), '') FROM issues
		WHERE id IN (SELECT value FROM json_each(?)) AND ' ' || title || ' ' || body || ' ' GLOB ?`,
		string(list), "*"+mark+function+mark+"*").Scan(&named)
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	out, _ := rowids(named, nil)
	return out, nil
}

// byID finds what the case names itself, whatever product it is of.
func (g *gather) byID(ctx context.Context) error {
	for _, id := range g.subject.IDs {
		rows, err := g.db.db.QueryContext(ctx, "SELECT issue FROM names WHERE name = ?", canonical(id))
		if err != nil {
			return fmt.Errorf("match: %w", err)
		}
		for rows.Next() {
			var row int64
			if err := rows.Scan(&row); err != nil {
				return fmt.Errorf("match: %w", cmp.Or(err, rows.Close()))
			}
			e := g.at(row)
			e.id = id
			e.sum += pointsID
		}
		if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("match: %w", err)
		}
	}
	return nil
}

func (g *gather) at(id int64) *evidenceFor {
	e := g.issues[id]
	if e == nil {
		e = &evidenceFor{words: map[string]float64{}}
		g.issues[id] = e
	}
	return e
}

// rank reads the best and adds what only the issue itself tells.
func (g *gather) rank(ctx context.Context, limit int) ([]Candidate, error) {
	ids := slices.SortedFunc(maps.Keys(g.issues), func(a, b int64) int {
		return cmp.Or(cmp.Compare(g.issues[b].sum, g.issues[a].sum), cmp.Compare(a, b))
	})
	list := []Candidate{}
	stmt, err := g.db.db.PrepareContext(ctx, "SELECT data FROM issues WHERE id = ?")
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	defer stmt.Close() //nolint:errcheck // read only
	for _, id := range ids[:min(len(ids), maxCandidates)] {
		e := g.issues[id]
		if e.id == "" && len(e.mnemonics)+len(e.functions) == 0 && len(e.words) < 2 && (len(e.words) == 0 || len(e.features) == 0) {
			continue // one word in common is chance
		}
		var data string
		if err := stmt.QueryRowContext(ctx, id).Scan(&data); err != nil {
			return nil, fmt.Errorf("match: %w", err)
		}
		var i Issue
		if err := json.Unmarshal([]byte(data), &i); err != nil {
			return nil, fmt.Errorf("match: %w", err)
		}
		if c := g.candidate(i, e); c.Score > 0 {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Source.Document, b.Source.Document))
	})
	return list[:min(len(list), limit)], nil
}

func (g *gather) candidate(i Issue, e *evidenceFor) Candidate {
	s := g.subject
	c := Candidate{Issue: i}
	add := func(points float64, format string, args ...any) {
		points = math.Round(points*10) / 10
		c.Score = math.Round((c.Score+points)*10) / 10
		c.Reasons = append(c.Reasons, Reason{points, fmt.Sprintf(format, args...)})
	}
	if e.id != "" {
		add(pointsID, "the case names %s", e.id)
	}
	for _, m := range e.mnemonics {
		add(pointsMnemonic, "log message %s, in %s", m, s.Mnemonics[m])
	}
	for _, f := range e.functions {
		add(pointsFunction, "the crash is in %s, in %s", f, s.Functions[f])
	}
	words, points := e.weigh(i)
	if points > 0 {
		add(points, "words: %s", strings.Join(words, ", "))
	}
	features := 0.0
	for _, f := range g.featuresOf(i, e) {
		if features < maxFeature {
			features += pointsFeature
			add(pointsFeature, "feature %s (%s)", f, s.Features[f])
		}
	}
	c.Affects = i.Affects(s.Product, s.Version)
	c.FixedLater = c.Affects.FixedIn != "" && c.Affects.Affected != AffectedNo
	switch {
	case c.Affects.Affected == AffectedYes:
		add(pointsAffected, "%s is affected: %s", s.Version, c.Affects.Reason)
	case c.Affects.Affected == AffectedNo && e.id == "":
		add(pointsNot, "%s is not affected: %s", s.Version, c.Affects.Reason)
	case c.FixedLater:
		add(pointsLater, "fixed in %s, later than %s; %s", c.Affects.FixedIn, s.Version, c.Affects.Reason)
	}
	if c.FixedLater {
		c.Verify = proposal(s, i, c.Affects.FixedIn)
	}
	return c
}

// weigh gives the words by their points. One that stands in the title counts more.
func (e *evidenceFor) weigh(i Issue) (words []string, points float64) {
	title := " " + strings.ToLower(strings.Join(strings.FieldsFunc(i.Title, notWord), " "))
	for _, w := range slices.SortedFunc(maps.Keys(e.words), func(a, b string) int {
		return cmp.Or(cmp.Compare(e.words[b], e.words[a]), cmp.Compare(a, b))
	}) {
		p := e.words[w]
		if e.partOf(w) {
			continue
		}
		if strings.Contains(title, " "+stem(strings.Join(strings.FieldsFunc(strings.ToLower(w), notWord), " "))) {
			p *= 1 + titlePoint
		}
		points += p
		words = append(words, w)
	}
	return words[:min(len(words), 10)], points
}

// partOf says whether a word is counted in a longer one already: "pending" stands in
// "suppress-fib-pending".
func (e *evidenceFor) partOf(w string) bool {
	for longer := range e.words {
		if len(longer) > len(w) && slices.Contains(strings.FieldsFunc(longer, notWord), w) {
			return true
		}
	}
	return false
}

// stem cuts what the index's own stemming cuts, roughly: it is used to find a word in a
// title that the index found in the issue.
func stem(s string) string {
	for _, end := range []string{"ings", "ing", "ed", "es", "s", "e"} {
		if cut, ok := strings.CutSuffix(s, end); ok && len(cut) >= 4 {
			return cut
		}
	}
	return s
}

// featuresOf are the features of the case that the issue is about.
func (g *gather) featuresOf(i Issue, e *evidenceFor) []string {
	list := slices.Clone(e.features)
	for _, f := range slices.Sorted(maps.Keys(g.subject.Features)) {
		if slices.Contains(list, f) {
			continue
		}
		for part := range strings.SplitSeq(i.Feature, ",") {
			if featureName(part) == f {
				list = append(list, f)
				break
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// proposal is the command that would prove a fix, or what is missing to run one.
func proposal(s Subject, i Issue, fixed string) string {
	if s.Scenario == "" && s.Node == "" {
		return "ask the vendor for an image of " + cmp.Or(s.Product, i.Product) + " " + fixed + ", and write a scenario that shows the problem (reprise scenario new)"
	}
	image, there := imageOf(s, fixed)
	command := "reprise verify-fix " + shellWord(cmp.Or(s.Scenario, "SCENARIO")) + " --image " + shellWord(cmp.Or(s.Node, "NODE")+"="+image)
	if s.Scenario == "" {
		return "write a scenario that shows the problem (reprise scenario new), then: " + command
	}
	switch {
	case !there:
		return "get an image of " + cmp.Or(s.Product, i.Product) + " " + fixed + " first, for there is none here; then: " + command
	case !strings.HasSuffix(image, ":"+fixed):
		return command + "  # the first after " + fixed + " that there is an image of"
	default:
		return command
	}
}

// imageOf gives the image of a version among those that are at hand, named as the one that
// ran, or of the first version after it. Where there is none it says so, and gives the name
// that it would have.
func imageOf(s Subject, v string) (image string, there bool) {
	at := strings.LastIndexByte(s.Image, ':')
	if at <= strings.LastIndexByte(s.Image, '/') {
		return "IMAGE-OF-" + v, false
	}
	name := s.Image[:at+1]
	if slices.Contains(s.Images, name+v) {
		return name + v, true
	}
	bound, err := version.Parse(v)
	if err != nil {
		return name + v, false
	}
	var first version.Version
	for _, have := range s.Images {
		tag, ours := strings.CutPrefix(have, name)
		if of, err := version.Parse(tag); ours && err == nil && of.Compare(bound) > 0 && (image == "" || of.Compare(first) < 0) {
			image, first = have, of
		}
	}
	if image == "" {
		return name + v, false
	}
	return image, true
}

func shellWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return notWord(r) && !strings.ContainsRune("-_./:=+@", r) || r > 0x7f
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}
