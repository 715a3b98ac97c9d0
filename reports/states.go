package reports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
	was := answerFile{dir: dir, name: filepath.Join("states", Before, node, file), folder: d.Folder, when: Before, dated: true}
	is := answerFile{dir: dir, name: filepath.Join("states", After, node, file), folder: d.Folder, when: After, dated: true}
	return pairState(node, was, is, text)
}

// answerFile is where the answer to a state command is: name is within the trial's folder, folder that of
// the trial for people, and when is how it is told from the other of its pair.
type answerFile struct {
	dir                evidence.TrialDir
	name, folder, when string
	own                addresses // of its moment, where the other is of another run
	dated              bool      // the other is of the same trial, and has the same times of the clock
}

// shown is the file's name for people.
func (f answerFile) shown() string { return f.folder + "/" + cleanField(filepath.ToSlash(f.name)) }

// pairState compares two answers to the same command.
func pairState(node string, was, is answerFile, text *budget) State {
	s := State{Node: cleanField(node)}
	var notes []string
	read := func(f answerFile) (evidence.State, bool) {
		var st evidence.State
		if f.name == "" {
			notes = append(notes, "not asked "+f.when)
			return st, false
		}
		err := evidence.ReadJSON(f.dir.File(f.name), &st)
		switch {
		case errors.Is(err, os.ErrNotExist):
			notes = append(notes, "not asked "+f.when)
		case err != nil:
			notes = append(notes, fmt.Sprintf("%s: %v", f.when, err))
		case st.Error != "":
			notes = append(notes, "no answer "+f.when+": "+st.Error)
		case st.Rejected != "":
			notes = append(notes, "refused "+f.when+": "+st.Rejected)
		case st.Truncated:
			notes = append(notes, "cut in the record "+f.when)
		}
		if st.Command != "" {
			s.Command = cleanField(st.Command)
		}
		st.Output, st.Comparable = f.own.replace(st.Output), f.own.replace(st.Comparable)
		if !f.dated {
			st.Comparable = stamp.ReplaceAllString(settled(st), "$1<time>")
		}
		return st, err == nil && st.Error == ""
	}
	before, hasBefore := read(was)
	after, hasAfter := read(is)
	s.Note = cleanField(strings.Join(notes, "; "))
	settledOld, settledNow := settled(before), settled(after)
	switch {
	case !hasBefore, !hasAfter, before.Rejected != "" && after.Rejected != "":
		s.Change = Unpaired
	case settledOld == settledNow && (before.Truncated || after.Truncated):
		s.Change = Unpaired // what was cut may differ
	case before.Output == after.Output:
		s.Change = Same
	case settledOld == settledNow:
		s.Change = Volatile
	case numberless(settledOld) == numberless(settledNow):
		s.Change = Numbers
	default:
		s.Change = Words
	}
	switch {
	case s.Change == Words, s.Change == Numbers, s.Change == Volatile:
		old, now := before.Output, after.Output
		if s.Change != Volatile {
			old, now = settledOld, settledNow // what moved on by itself hides nothing
		}
		s.Hunks = diff(compared(old), compared(now), text.left, is.shown())
		for _, h := range s.Hunks {
			text.left -= h.size()
		}
	case hasAfter:
		s.Text = text.text(after.Output, headState, tailState, is.shown())
	case hasBefore:
		s.Text = text.text(before.Output, headState, tailState, was.shown())
	}
	return s
}

// stamp finds times of the clock: a date with a time, keepalived's with the seconds since 1970 before it, or
// a time alone that has a fraction of a second, which an age has not.
var stamp = regexp.MustCompile(`(^|[^:.\w])(?:` +
	`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|` +
	`\d+\.\d+ \(` + ctime + `\)|` + ctime + `|` +
	`\d\d:\d\d:\d\d\.\d+)`)

const ctime = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,4})?(?: \d{4})?`

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
