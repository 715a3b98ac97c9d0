package sim

import (
	"slices"
	"strings"
)

// lineStore keeps configuration lines that are not modelled further. A line is found again
// by its key, the part of it that says which setting it is, so that a second line about the
// same setting replaces the first.
type lineStore struct {
	lines map[string]storedLine
}

type storedLine struct {
	section string // EXOS module, or VOSS context
	text    string
	vlan    string // the VLAN it is about; the line goes when the VLAN does
}

func newLineStore() *lineStore { return &lineStore{lines: map[string]storedLine{}} }

func (l *lineStore) set(section, key, text, vlan string) {
	l.lines[section+"\x00"+key] = storedLine{section, text, vlan}
}

func (l *lineStore) unset(section, key string) { delete(l.lines, section+"\x00"+key) }

func (l *lineStore) removeIf(drop func(storedLine) bool) bool {
	n := len(l.lines)
	for k, line := range l.lines {
		if drop(line) {
			delete(l.lines, k)
		}
	}
	return len(l.lines) < n
}

// removePrefix removes the lines of a section that are prefix or go on after it.
func (l *lineStore) removePrefix(section, prefix string) bool {
	return l.removeIf(func(s storedLine) bool { return s.section == section && hasWords(s.text, prefix) })
}

func (l *lineStore) removeVLAN(name string) {
	l.removeIf(func(s storedLine) bool { return s.vlan == name })
}

// has says whether a line of the section begins with these words.
func (l *lineStore) has(section, prefix string) bool {
	for _, s := range l.lines {
		if s.section == section && hasWords(s.text, prefix) {
			return true
		}
	}
	return false
}

func hasWords(line, prefix string) bool {
	rest, ok := strings.CutPrefix(line, prefix)
	return ok && (rest == "" || rest[0] == ' ')
}

// section gives the lines of one section in an order in which they can be loaded: what
// creates, what configures, what enables; within each by text.
func (l *lineStore) section(name string) []string {
	var out []string
	for _, s := range l.lines {
		if s.section == name {
			out = append(out, s.text)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return out
}

func rank(line string) int {
	verb, _, _ := strings.Cut(line, " ")
	switch {
	case strings.HasPrefix(line, "configure bgp AS-number"), strings.HasPrefix(line, "configure bgp routerid"):
		return 0
	case verb == "create":
		return 1
	case verb == "enable", verb == "disable":
		return 3
	default:
		return 2
	}
}

// family is one kind of configuration line that is kept as it is.
type family struct {
	pattern string
	section string
	// key is how many words name the setting; 0 means the whole line.
	key int
	// needs is a line that must be there before, with {name} for an argument.
	needs string
	// drops is the beginning of the lines that this one removes instead of being kept.
	drops string
	// toggle keeps only the verb that is not the default: "enable" keeps enable lines and
	// lets disable remove them, "disable" the other way round.
	toggle string
}

// fill puts arguments into a template.
func fill(template string, args map[string]string) string {
	for k, v := range args {
		template = strings.ReplaceAll(template, "{"+k+"}", quoteIfNeeded(v))
	}
	return template
}
