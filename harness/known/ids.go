package known

import (
	"slices"
	"strings"
)

// Ids as the domain notes list them: seen are PD2- and PD4-, 1-B1O4L, VOSS-, FN- and CVE-;
// the widths of xos, EXOS and wi are as people quote them. CSC, BUG and PR are those of other vendors' notes. An id within a text is looked for
// with idWord. A bare number and 1-B1O4L are ids only where an id stands: in an id's column,
// or alone in the parentheses that end an entry.
const (
	idForm   = `(?:xos\d{7}|EXOS\d{7,8}|EXOS-\d{2,6}|VOSS-\d{2,6}|wi\d{8}|PD[2-4]-\d{6,12}|FN-\d{4}-\d{3}|CVE-\d{4}-\d{4,7}|CSC[a-z]{2}\d{5}|BUG\d{4,7}|PR\d{6,7})`
	bareForm = `(?:1-[0-9A-Z]{4,6}|\d{4,9})`
)

//nolint:gochecknoglobals // each is compiled once
var (
	idWord    = express(`(?i)\b` + idForm + `\b`)
	idCell    = express(`(?i)^(?:` + idForm + `|` + bareForm + `|[A-Z]{2,8}-\d{1,8}|#\d{1,7})$`)
	idsEnd    = express(`(?is)\(((?:` + idForm + `|` + bareForm + `)(?:\s*[,/;]\s*(?:` + idForm + `|` + bareForm + `))*)\)\s*\.?$`)
	idsBegin  = express(`(?is)^(?:[*•-] )?(` + idForm + `(?:[,/;] ?` + idForm + `)*)(?: +[:–-])?:? +([^\s,;/:–-].{14,})$`)
	idGap     = express(`[\s,;/]+`)
	idBroken  = express(`(?i)\b(PD[2-4]-|VOSS-|CVE-\d{4}-|FN-\d{4}-|xos|EXOS)\s+(\d)`)
	cveWord   = express(`(?i)\bCVE-\d{4}-\d{4,7}\b`)
	fnWord    = express(`\bFN-\d{4}-\d{3}\b`)
	pullWord  = express(`(?i)\b(?:pull request|pull|issue|issues|PR|bug)[ #/]*(\d{2,6})\b`)
	kbArticle = express(`(?i)\b(?:article(?: id| number)?|an=)[ :=]*(\d{4,9})\b`)
)

// canonical is the form of an id in which it is compared.
func canonical(id string) string { return strings.ToUpper(strings.TrimSpace(id)) }

// idsIn finds the ids that a text names, in order.
func idsIn(s string) []string {
	var ids []string
	for _, id := range idWord().FindAllString(mendIDs(s), 64) {
		if id = tidyID(id); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// idsOfCell reads what stands in an id's column: ids and nothing else, or none.
func idsOfCell(s string) []string {
	var ids []string
	for _, w := range idGap().Split(strings.Trim(mendIDs(squeeze(s)), " ()."), -1) {
		if w == "" {
			continue
		}
		if !idCell().MatchString(w) {
			return nil
		}
		ids = append(ids, tidyID(w))
	}
	return ids
}

// mendIDs takes out the space that a line break left in an id.
func mendIDs(s string) string { return idBroken().ReplaceAllString(s, "$1$2") }

func tidyID(id string) string {
	switch upper := strings.ToUpper(id); {
	case strings.HasPrefix(upper, "XOS"), strings.HasPrefix(upper, "WI"):
		return strings.ToLower(id)
	case strings.HasPrefix(upper, "CSC") && idWord().MatchString(id):
		return "CSC" + strings.ToLower(id[3:])
	case idWord().MatchString(id):
		return upper
	}
	return id
}
