package frr

import (
	"slices"
	"strings"
)

// maxUndo bounds the lines that a configuration is taken back by: frr-reload.py loads more at once.
const maxUndo = 50

// entry is a line of a configuration with the stanzas that it stands in, the outermost first.
type entry struct {
	within []string
	line   string
}

// entries reads a running configuration: a line stands in those before it that are indented less.
func entries(config string) []entry {
	var out []entry
	var depths []int // of the stanzas that are open
	var open []int   // and where they stand in out
	for raw := range strings.Lines(config) {
		if skipped(raw) || closes(raw) {
			continue
		}
		line := strings.TrimSpace(raw)
		depth := len(raw) - len(strings.TrimLeft(raw, " \t"))
		for len(depths) > 0 && depths[len(depths)-1] >= depth {
			depths, open = depths[:len(depths)-1], open[:len(open)-1]
		}
		e := entry{line: line}
		if n := len(open); n > 0 {
			parent := out[open[n-1]]
			e.within = append(slices.Clone(parent.within), parent.line)
		}
		out = append(out, e)
		depths, open = append(depths, depth), append(open, len(out)-1)
	}
	return out
}

// String is the line in its place, alone.
func (e entry) String() string { return strings.Join(append(slices.Clone(e.within), e.line), " / ") }

// placed writes a configuration with every line in its place, so that one that moved to another
// stanza is another line.
func placed(config string) string {
	var b strings.Builder
	for _, e := range entries(config) {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

// undo returns the lines that take a running configuration back to an earlier one, as far as the two tell:
// what came is taken away, last first, and what is missing is given again in its order. Whether that
// was right shows in what runs then. It is nil where nothing differs, and where more does than is
// worth it.
func undo(then, now string) []entry {
	had, has := entries(then), entries(now)
	var changes []entry
	for _, e := range slices.Backward(missing(has, had)) {
		changes = append(changes, entry{e.within, negated(e.line)})
	}
	changes = append(changes, missing(had, has)...)
	if len(changes) > maxUndo {
		return nil
	}
	return changes
}

// missing returns what is in one configuration and not in another.
func missing(in, of []entry) []entry {
	count := map[string]int{}
	for _, e := range of {
		count[e.String()]++
	}
	var out []entry
	for _, e := range in {
		if key := e.String(); count[key] > 0 {
			count[key]--
			continue
		}
		out = append(out, e)
	}
	return out
}

// negated is what takes a line back.
func negated(line string) string {
	if rest, ok := strings.CutPrefix(line, "no "); ok {
		return rest
	}
	return "no " + line
}

// shorter is a line without its last word, which many lines are taken back by ("no description");
// empty where nothing is left to take back.
func shorter(line string) string {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] != "no" {
		return ""
	}
	return strings.Join(words[:len(words)-1], " ")
}
