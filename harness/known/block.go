package known

import (
	"slices"
	"strings"
)

// block is a piece of a document, whatever its format: a heading, a paragraph, or a row of a
// table.
type block struct {
	kind  blockKind
	text  string
	cells []string // of a row
	bold  bool     // the whole of it
	level int      // of a heading, where it is known
	page  int
	line  int
}

type blockKind int

const (
	paragraph blockKind = iota + 1
	heading
	row
	header // a row that names the columns
)

func (b block) all() string {
	if len(b.cells) > 0 {
		return strings.Join(b.cells, " | ")
	}
	return b.text
}

// role is what a column holds.
type role string

const (
	roleNone       role = ""
	roleID         role = "id"
	roleTitle      role = "title"
	roleText       role = "text"
	roleWorkaround role = "workaround"
	roleFeature    role = "feature"
	roleFound      role = "found"
	roleFixed      role = "fixed"
	roleTarget     role = "target" // where a fix is planned for
	roleVersions   role = "versions"
	roleProduct    role = "product"
	rolePlatform   role = "platform"
	roleStatus     role = "status"
	roleSource     role = "source"
	roleVendor     role = "vendor"
)

// columns are the words that documents put above columns, in lower case.
var columns = map[role][]string{ //nolint:gochecknoglobals // a table that nothing changes
	roleID:         {"id", "cr number", "cr", "cr id", "cr #", "issue number", "issue", "issue id", "defect", "defect id", "defect number", "bug", "bug id", "key", "ticket", "number", "issue key", "cve", "cve id", "pd number", "tracking id", "tracking number", "reference number"},
	roleTitle:      {"title", "summary", "headline", "subject", "synopsis", "short description"},
	roleText:       {"description", "details", "text", "issue description", "problem", "problem description", "symptom", "symptoms", "explanation"},
	roleWorkaround: {"workaround", "work around", "work-around", "mitigation", "recommendation", "workarounds"},
	roleFeature:    {"feature", "component", "area", "category", "module", "functional area", "feature area", "components"},
	roleFound:      {"found in", "found in version", "found in release", "affected", "affects", "affects version", "affected versions", "affected version", "affects version/s", "versions affected", "introduced", "introduced in", "reported in", "seen in", "first seen"},
	roleFixed:      {"fixed", "fixed in", "fix version", "fix version/s", "fixed version", "fixed in version", "fixed in release", "resolved in", "corrected in", "fix versions", "solution release"},
	roleTarget:     {"target release", "target version", "target fix version", "target fix", "target milestone", "planned for", "planned fix", "planned release"},
	roleVersions:   {"versions", "version", "release", "releases", "version range"},
	roleProduct:    {"product", "products", "software", "os", "operating system"},
	rolePlatform:   {"platform", "platforms", "model", "models", "hardware"},
	roleStatus:     {"status", "state", "resolution"},
	roleSource:     {"source", "url", "link"},
	roleVendor:     {"vendor"},
}

func roleOf(s string) role {
	s = strings.ToLower(strings.Trim(squeeze(strings.ReplaceAll(s, "_", " ")), " :*#"))
	for r, words := range columns {
		if slices.Contains(words, s) {
			return r
		}
	}
	return roleNone
}

// rolesOf reads a row that names columns: at least one that tells what the issue is, and no
// cell that is long.
func rolesOf(cells []string) ([]role, bool) {
	roles := make([]role, len(cells))
	known, text, id := 0, false, false
	for i, c := range cells {
		if len(c) > 60 {
			return nil, false
		}
		r := roleOf(c)
		roles[i] = r
		if r != roleNone {
			known++
		}
		text = text || r == roleText || r == roleTitle
		id = id || r == roleID
	}
	if !text && id && known >= 2 {
		// "Issue | Workaround": what stands first is the text, not a number.
		for i, r := range roles {
			if r == roleID && strings.EqualFold(strings.TrimSpace(cells[i]), "issue") {
				roles[i], text = roleText, true
			}
		}
	}
	return roles, known >= 2 && (text || id && known >= 3)
}
