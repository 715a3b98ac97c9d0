package logs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// MostTimeline is how many lines [Trial.Merged] can hold.
const MostTimeline = 200_000

// Merged is the lines of a trial that fit see, in the order of time, those of all nodes together: the first most of
// them; the rest is counted. It holds at most twice as many, and of each no more than what is shown.
func (t *Trial) Merged(see *regexp.Regexp, most int) (result.LogTimeline, error) {
	out := result.LogTimeline{Lines: []result.LogMatch{}}
	for _, n := range t.Nodes {
		out.Clocks = append(out.Clocks, n.Clock)
	}
	type placed struct {
		at time.Duration
		result.LogMatch
	}
	var lines []placed
	byTime := func(a, b placed) int { return cmp.Compare(a.at, b.at) }
	shrink := func(to int) {
		slices.SortStableFunc(lines, byTime)
		clear(lines[min(to, len(lines)):])
		lines = lines[:min(to, len(lines))]
	}
	set := NewSet(0)
	local := map[string]bool{}
	for e, err := range t.Lines() {
		switch {
		case err != nil:
			return out, err
		case see != nil && !see.MatchString(e.Raw):
		case !e.Timed:
			out.Untimed++
		default:
			out.Total++
			local[e.Node] = local[e.Node] || e.Local
			m := match(*t, e, set.Of(e.Line).ID)
			if t.Run == "" {
				m.Time = e.Time.Add(t.added[e.Node]).UTC()
			}
			if lines = append(lines, placed{e.At, m}); len(lines) == 2*most {
				shrink(most)
			}
		}
	}
	shrink(most)
	for _, l := range lines {
		out.Lines = append(out.Lines, l.LogMatch)
	}
	for i := range out.Clocks {
		if c := &out.Clocks[i]; c.Basis == "own" && local[c.Node] {
			c.Why += ", which name no zone that is known: they are taken as UTC"
		}
	}
	return out, nil
}

// FilesInTime are logs that belong to no trial, each of a device of its own, in the order of the devices' own
// times; offsets, by file, are added to these.
func FilesInTime(names []string, offsets map[string]time.Duration) (Trial, error) {
	t := Trial{added: map[string]time.Duration{}}
	for _, name := range names {
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			return t, fmt.Errorf("%s: there is no such file", name)
		}
		node, by := filepath.Base(name), offsets[name]
		if slices.ContainsFunc(t.Nodes, func(n Node) bool { return n.Name == node }) {
			node = name
		}
		c := result.LogClock{Node: node, Basis: "own", Why: "its times are as it wrote them", Offset: by}
		if by != 0 {
			c.Why = fmt.Sprintf("%s is added to its times", by)
		}
		t.added[node] = by
		t.Nodes = append(t.Nodes, Node{Name: node, Files: []string{name}, Clock: c, since: func(at time.Time) time.Duration { return at.Add(by).Sub(time.Unix(0, 0)) }})
	}
	return t, nil
}
