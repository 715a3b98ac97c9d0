package known

import (
	"slices"
	"strings"
)

// undone reports whether a cell of states says that an entry is not fixed, or not whole, or was none, as trackers name these.
// What is long is no state but the words of a resolution.
func undone(state string) bool {
	return len(state) < 60 && (statusOf(state) == StatusOpen || notDone().MatchString(state))
}

var notDone = express(`^(?:in progress|reopened|assigned|confirmed|triaged|to do|todo|backlog|in review|under investigation|need.*|work ?around.*|stale|expired|on hold|blocked|suspended|withdrawn|obsolete)$|` + //nolint:gochecknoglobals // it is compiled once
	`\b(?:not|never|no|deferred|postponed|partial\w*|incomplete\w*|wo?n['’]?t|wontfix|will|to be|future|planned|pending|duplicate|rejected|declined|cannot|unable|invalid|revert\w*|tbd|as designed|by design|works as|worksforme|works for me|fail\w*|unreproducible|notabug)\b`)

// undoneIn is the state of a row that says so; empty where none does.
func undoneIn(cells []string, roles []role) string {
	for n, as := range roles {
		if state := cell(cells, n); as == roleStatus && undone(state) {
			return state
		}
	}
	return ""
}

// plan takes the fixes of a row whose state says that it is not fixed: they are where it is planned to be.
func (i *Issue) plan(cells []string, roles []role) {
	state := undoneIn(cells, roles)
	if state == "" {
		return
	}
	for _, f := range i.Fixed {
		i.addUnclear(state + ", to be fixed in " + f.String())
	}
	i.Fixed = nil
}

//nolint:gochecknoglobals // each is compiled once
var (
	// denied is what a sentence says that takes a fix back, narrows it or wants something besides.
	denied = express(`(?i)\b(?:the|this|that|an?|initial|first|previous|earlier) fix(?:es)?\b(?:[^.;]|\.\d){0,60}\b(?:incomplete|insufficient|partial\w*|backed|reverted|withdrawn|removed|pulled|requires?|needs?|only|not|pending|planned|causes?|introduc\w+)\b|` +
		`^[\W_]*fix(?:es)? (?:(?:was|were|is|are|has been|have been) (?:\w+ )?(?:incomplete|insufficient|partial\w*|backed|reverted|withdrawn|removed|pulled|only|not|pending|planned|tbd)|requires?|needs?|does not|did not|only|pending|planned|will|is for|applies)\b|` +
		`\b(?:not|never|partial(?:ly)?|incompletely|only) (?:(?:yet|been|be|fully|completely|entirely|properly|always) )*(?:fixed|resolved|corrected|addressed)(?: (?:on|in|for|by|with|yet|if|when|at)\b|[.,;)]|$)|\b(?:fixed|resolved|corrected|addressed) (?:only |partially |in part |for \w+ only|on \w+ only)|` +
		`\b(?:incomplete|partial|temporary|interim|preliminary) (?:\w+ )?fix\b|^\W*work(?:s|ed|ing)? ?around\b|\byanked\b|\battempt(?:s|ed)? (?:to|at) (?:fix|resolv|correct)\w*|\b(?:the |a )?(?:real|proper|full|complete|final) fix\b|\bbacked out\b|\breopened\b`)
	// seenAgain does so where a version stands in the sentence.
	seenAgain = express(`(?i)\b(?:again|still|regress\w*|recurr\w*|reappear\w*)\b`)
)

// heed keeps as unclear what sentences beside the versions say against a fix.
func (i *Issue) heed(texts ...string) {
	if len(i.Fixed) == 0 {
		return
	}
	ofFix := func(s string) bool {
		return slices.ContainsFunc(versionWord().FindAllString(s, -1), func(v string) bool {
			return slices.ContainsFunc(i.Fixed, func(f Fix) bool { return f.Version == v })
		})
	}
	for _, text := range texts {
		for text = clip(squeeze(text), 4<<10); text != ""; {
			end := len(text)
			if m := sentenceEnd().FindStringIndex(text); m != nil {
				end = m[1]
			}
			s := text[:end]
			ours := i.Kind != CVE || ofFix(s) // what a record says of a fix else is of another's
			if ours && (denied().MatchString(s) || seenAgain().MatchString(s) && versionWord().MatchString(s)) {
				i.addUnclear(clip(strings.TrimSpace(s), maxUnclear))
			}
			text = text[end:]
		}
	}
}

// remarks are the cells of a row that nothing is read of.
func remarks(cells []string, roles []role) (list []string) {
	for n, c := range cells {
		if n >= len(roles) || slices.Contains([]role{roleNone, roleStatus, roleSource}, roles[n]) {
			list = append(list, c)
		}
	}
	return list
}
