package reports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Bounds of one state command's answer.
const (
	headState, tailState = 2 << 10, 1 << 10
	// maxCompared bounds the text that is compared line by line; a larger answer is
	// compared as a whole, and its difference shown for the head and tail.
	headCompared, tailCompared = 128 << 10, 64 << 10
)

// states pairs the answers before and after, changed ones first.
func (d *Detail) states(dir evidence.TrialDir, text *budget) {
	type key struct{ node, file string }
	var keys []key
	for _, when := range []string{"before", "after"} {
		for _, node := range nodesIn(dir, "", "states", when) {
			for _, file := range nodesIn(dir, ".json", "states", when, node) {
				keys = append(keys, key{node, file})
			}
		}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return strings.Compare(a.node+"\x00"+a.file, b.node+"\x00"+b.file)
	})
	keys = slices.Compact(keys)
	for i, k := range keys {
		share := text.part(text.left / (len(keys) - i))
		d.States = append(d.States, d.state(dir, k.node, k.file+".json", share))
		text.left += share.left
	}
	slices.SortStableFunc(d.States, func(a, b State) int { return int(a.Change - b.Change) })
	if len(keys) == 0 {
		d.miss("no state was recorded")
	}
}

func (d *Detail) state(dir evidence.TrialDir, node, file string, text *budget) State {
	s := State{Node: cleanField(node)}
	var notes []string
	read := func(when string) (evidence.State, bool) {
		var st evidence.State
		name := filepath.Join("states", when, node, file)
		err := evidence.ReadJSON(dir.File(name), &st)
		switch {
		case errors.Is(err, os.ErrNotExist):
			notes = append(notes, "not asked "+when)
		case err != nil:
			notes = append(notes, fmt.Sprintf("%s: %v", when, err))
		case st.Error != "":
			notes = append(notes, "no answer "+when+": "+st.Error)
		case st.Rejected != "":
			notes = append(notes, "refused "+when+": "+st.Rejected)
		case st.Truncated:
			notes = append(notes, "cut in the record "+when)
		}
		if st.Command != "" {
			s.Command = cleanField(st.Command)
		}
		return st, err == nil && st.Error == ""
	}
	before, hasBefore := read("before")
	after, hasAfter := read("after")
	s.Note = cleanField(strings.Join(notes, "; "))
	name := d.Folder + "/" + filepath.ToSlash(filepath.Join("states", "after", cleanField(node), cleanField(file)))
	s.Change = Same
	if !hasBefore || !hasAfter {
		s.Change = Unpaired
	}
	switch {
	case hasBefore && hasAfter && before.Output != after.Output:
		was, is := before.Output, after.Output
		s.Change = Words
		switch like, now := settled(before), settled(after); {
		case like == now || numberless(was) == numberless(is):
			s.Change = Numbers
		default:
			was, is = like, now // what moved on by itself hides nothing
		}
		s.Hunks = diff(compared(was), compared(is), text.left, name)
		for _, h := range s.Hunks {
			text.left -= h.size()
		}
	case hasAfter:
		s.Text = text.text(after.Output, headState, tailState, name)
	case hasBefore:
		s.Text = text.text(before.Output, headState, tailState, strings.Replace(name, "states/after", "states/before", 1))
	}
	return s
}

// settled is an answer without what moves on by itself, as its platform's rules know it.
func settled(s evidence.State) string {
	if s.Comparable != "" {
		return s.Comparable
	}
	return s.Output
}

func compared(output string) []string {
	e := cut(output, headCompared, tailCompared)
	return strings.Split(strings.TrimRight(e.String(), "\n"), "\n")
}

// numberless is a text without its numbers and the room they take, so that an answer in
// which only times and counters moved on is told from one that says something else.
func numberless(s string) string {
	b := make([]byte, 0, len(s))
	last := byte(0)
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c = '0'
		case c == ' ' || c == '\t':
			c = ' '
		}
		if c == last && (c == '0' || c == ' ') {
			continue
		}
		b = append(b, c)
		last = c
	}
	return string(b)
}
