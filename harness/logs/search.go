package logs

import (
	"regexp"

	"github.com/reprise-lab/reprise/harness/result"
)

// Search finds lines by a regular expression of their text as written, or by the ID of their template. It
// keeps the first limit of them, and counts the rest.
func Search(trials []Trial, see *regexp.Regexp, template string, limit int) (result.LogFound, error) {
	found := result.LogFound{Matches: []result.LogMatch{}}
	set := NewSet(0)
	for _, t := range trials {
		for e, err := range t.Lines() {
			if err != nil {
				return found, err
			}
			found.Lines++
			var id string
			switch {
			case see != nil && !see.MatchString(e.Raw):
				continue
			case template != "":
				if id = set.Of(e.Line).ID; id != template {
					continue
				}
			}
			found.Total++
			if len(found.Matches) < limit {
				found.Matches = append(found.Matches, match(t, e, set.Of(e.Line).ID))
			}
		}
	}
	return found, nil
}

func match(t Trial, e Entry, id string) result.LogMatch {
	m := result.LogMatch{
		LogPlace: placeOf(e.Line), Run: t.Run, Trial: t.Number, Verdict: string(t.Verdict), Node: e.Node,
		Time: e.Time, Severity: e.Severity.String(), Format: string(e.Format), Template: id,
	}
	if e.Timed && t.Began {
		m.SinceT0, m.Aligned = e.At-t.T0, true
	}
	return m
}

// Files are logs that belong to no trial.
func Files(names ...string) Trial {
	return Trial{Nodes: []Node{{Files: names, Clock: result.LogClock{Basis: "none", Why: "files alone do not tell when a trial began"}}}}
}
