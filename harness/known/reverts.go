package known

import (
	"cmp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// takenBack is an entry of a list of changes that takes an earlier one back.
type takenBack struct {
	version, says string
	ids           []string
	title         string // of what it takes back, where it quotes it or has it behind its own word
	matter        string // of the patch that it drops
}

const maxTakenBack = 1000 // entries of a list that take others back; each is held against all

// takesBack finds what follows "revert": `Revert "bgpd: fix a leak"`, "Reverts: bgpd: fix a leak", "Revert fix for CVE-2023-38802".
var takesBack = express(`(?i)^(?:[\w./-]{1,24}: +)*revert(?:s|ed|ing)?\b[: ]*(?:["“'‘` + "`" + `](.{12,}?)["”'’` + "`" + `](?:\W|$)|(.{12,}?)\.?$)`) //nolint:gochecknoglobals // it is compiled once

// drops finds a patch that a package leaves out again; one that its upstream has now is none of these.
//
//nolint:gochecknoglobals // each is compiled once
var (
	drops    = express(`(?i)\b(?:drop|remove|disable|back(?:ed|s)? out|reverse)(?:s|d|ped)? (?:the |our |a )?(?:patch(?:es)?|fix(?:es)?|change) (?:for|of|from) (?:the )?(.{8,}?)(?:[,;.(:]|$)`)
	upstream = express(`(?i)\b(?:upstream\w*|merged|applied|included|obsolete|(?:no longer|not) (?:needed|required|necessary)|superseded|fixed (?:in|by)|new(?:er)? version)\b`)
)

// takeBack keeps an entry that takes another back, until all of the list is read: lists begin with what is newest.
func (c *changes) takeBack(text, about string) {
	t := takenBack{version: c.version, says: clip(squeeze(strings.TrimSpace(c.version+" "+text)), maxUnclear), ids: idsIn(text)}
	if m := takesBack().FindStringSubmatch(about); m != nil {
		t.title = m[1] + m[2]
	}
	if m := drops().FindStringSubmatch(about); m != nil {
		t.matter = m[1]
	}
	if revertsHead().MatchString(c.section) {
		t.title = cmp.Or(t.title, text)
	}
	if len(c.back) < maxTakenBack {
		c.back = append(c.back, t)
	}
}

// takesBack reports whether an entry takes another back.
func (c *changes) takesBack(about string) bool {
	return isRevert().MatchString(about) || revertsHead().MatchString(c.section) || drops().MatchString(about) && !upstream().MatchString(about)
}

var revertsHead = express(`(?i)^(?:revert(?:s|ed)?|backed out|withdrawn)\b`) //nolint:gochecknoglobals // it is compiled once

// undo says of each entry that another one of the same version or a later one takes back that its fix may be none.
func (c *changes) undo() {
	for _, t := range c.back {
		for k := range c.doc.Issues {
			if i := &c.doc.Issues[k]; t.of(*i) {
				i.addUnclear(t.says)
			}
		}
	}
}

func (t takenBack) of(i Issue) bool {
	same := slices.ContainsFunc(t.ids, func(id string) bool { return slices.Contains(i.IDs, id) }) ||
		t.title != "" && strings.HasPrefix(i.Text, t.title) || t.matter != "" && strings.Contains(i.Text, t.matter)
	at, err := version.Parse(t.version)
	return same && (err != nil || !slices.ContainsFunc(i.Fixed, func(f Fix) bool {
		fixed, err := version.Parse(f.Version)
		return err == nil && at.Compare(fixed) < 0
	}))
}
