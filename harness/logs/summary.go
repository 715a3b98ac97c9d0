package logs

import (
	"cmp"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// maxListed is how many gaps, steps and examples a summary lists.
const maxListed = 5

// Gap is how long a log must say nothing to be told of.
const Gap = time.Minute

// Summarise counts what a log holds. What cannot be read further says so in Error; what was read
// until then is counted.
func Summarise(name string, o Options) result.LogFile {
	s := summary{LogFile: result.LogFile{File: name, Formats: map[string]int{}}, set: NewSet(0)}
	for l, err := range ReadFile(name, o) {
		if err != nil {
			s.Error = err.Error()
			break
		}
		s.take(l)
	}
	s.Templates = s.set.Len() + s.set.Dropped
	s.NewestFirst = len(s.falls) > 0 && s.fell > s.rose
	s.StepsBack, s.Gaps = s.falls, longest(s.up)
	if s.NewestFirst {
		s.StepsBack, s.Gaps = s.up, longest(s.falls)
	}
	s.StepsBack = s.StepsBack[:min(len(s.StepsBack), maxListed)]
	return s.LogFile
}

// summary is one under way.
type summary struct {
	result.LogFile
	set        *Set
	last       *Line
	rose, fell int
	up, falls  []result.LogGap // of the time from line to line; bounded
}

func (s *summary) take(l *Line) {
	s.Lines++
	if l.Cut > 0 {
		s.Cut++
	}
	if l.Text == "" && !l.Parsed() {
		s.Empty++
		return
	}
	s.set.Of(l)
	if !l.Parsed() {
		s.Unparsed++
		if len(s.Examples) < maxListed {
			s.Examples = append(s.Examples, placeOf(l))
		}
		return
	}
	s.Formats[string(l.Format)]++
	if l.Time.IsZero() {
		return
	}
	s.Local = s.Local || l.Local
	if s.First.IsZero() || l.Time.Before(s.First) {
		s.First = l.Time
	}
	if l.Time.After(s.Last) {
		s.Last = l.Time
	}
	if s.last != nil {
		s.step(l)
	}
	s.last = l
}

// step notes what the time did since the line before.
func (s *summary) step(l *Line) {
	gap := result.LogGap{Line: l.Number, From: s.last.Time, To: l.Time, Took: l.Time.Sub(s.last.Time)}
	switch {
	case gap.Took > 0:
		s.rose++
		s.up = keep(s.up, gap)
	case gap.Took < 0:
		s.fell++
		s.falls = keep(s.falls, gap)
	}
}

// keep holds the first few and the longest few of many.
func keep(list []result.LogGap, g result.LogGap) []result.LogGap {
	list = append(list, g)
	if len(list) < 8*maxListed {
		return list
	}
	by := slices.Clone(list[maxListed:])
	slices.SortFunc(by, longer)
	return append(list[:maxListed], by[:maxListed]...)
}

func longer(a, b result.LogGap) int {
	return cmp.Or(cmp.Compare(b.Took.Abs(), a.Took.Abs()), cmp.Compare(a.Line, b.Line))
}

// longest are the gaps worth telling, the longest first.
func longest(list []result.LogGap) (gaps []result.LogGap) {
	list = slices.Clone(list)
	slices.SortFunc(list, longer)
	for _, g := range list {
		if g.Took.Abs() >= Gap && len(gaps) < maxListed {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
