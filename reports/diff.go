package reports

import (
	"fmt"
	"slices"
)

// Bounds of a difference.
const (
	maxEdits    = 400 // lines taken out and put in; beyond, the whole middle counts as changed
	aroundHunk  = 2   // equal lines shown around a change
	maxDiffLine = 400 // bytes of a line that are shown
)

// Hunk is one part of a difference: lines that are shown, after lines that are not.
type Hunk struct {
	Skipped int // equal lines left out before it
	Lines   []DiffLine
	Cut     string // what was left out after it for its size
}

// DiffLine is a line of a hunk. Op is '-' for one that went, '+' for one that came, ' ' for one of both.
type DiffLine struct {
	Op   byte
	Text string
}

func (h Hunk) size() int {
	n := 0
	for _, l := range h.Lines {
		n += len(l.Text) + lineOverhead
	}
	return n
}

// diff gives the hunks that lead from a to b, at most limit bytes of them.
func diff(a, b []string, limit int, file string) []Hunk {
	lines := diffLines(a, b)
	show := make([]bool, len(lines))
	for i, l := range lines {
		if l.Op != ' ' {
			for j := max(0, i-aroundHunk); j <= min(len(lines)-1, i+aroundHunk); j++ {
				show[j] = true
			}
		}
	}
	var hunks []Hunk
	skipped, size := 0, 0
	for i, l := range lines {
		if !show[i] {
			skipped++
			continue
		}
		if i == 0 || !show[i-1] {
			hunks = append(hunks, Hunk{Skipped: skipped})
			skipped = 0
		}
		h := &hunks[len(hunks)-1]
		if len(l.Text) > maxDiffLine {
			l.Text = cut(l.Text, maxDiffLine, 0).Head + " …"
		}
		if size += len(l.Text) + lineOverhead; size > limit {
			h.Cut = fmt.Sprintf("… the rest of the difference is not shown, see %s", file)
			break
		}
		h.Lines = append(h.Lines, l)
	}
	return hunks
}

// diffLines compares line by line (Myers 1986, bounded).
func diffLines(a, b []string) []DiffLine {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []DiffLine
	for _, l := range a[:head] {
		out = append(out, DiffLine{' ', l})
	}
	out = append(out, edits(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, DiffLine{' ', l})
	}
	return out
}

func edits(a, b []string) []DiffLine {
	trace, ok := search(a, b)
	if !ok {
		var out []DiffLine
		for _, l := range a {
			out = append(out, DiffLine{'-', l})
		}
		for _, l := range b {
			out = append(out, DiffLine{'+', l})
		}
		return out
	}
	// Walk back from the end, then turn round.
	var out []DiffLine
	x, y := len(a), len(b)
	for d, v := range slices.Backward(trace) {
		k := x - y
		prev := k - 1
		if k == -d || k != d && v.at(k-1) < v.at(k+1) {
			prev = k + 1
		}
		px := v.at(prev)
		py := px - prev
		for x > px && y > py && x > 0 && y > 0 {
			x, y = x-1, y-1
			out = append(out, DiffLine{' ', a[x]})
		}
		if d == 0 {
			break
		}
		if x == px {
			y--
			out = append(out, DiffLine{'+', b[y]})
		} else {
			x--
			out = append(out, DiffLine{'-', a[x]})
		}
	}
	slices.Reverse(out)
	return out
}

// furthest holds the furthest x on each diagonal.
type furthest struct {
	x   []int
	mid int
}

func (f furthest) at(k int) int { return f.x[f.mid+k] }

// search finds the shortest edit script; trace[d] is the state before step d.
func search(a, b []string) (trace []furthest, ok bool) {
	limit := min(len(a)+len(b), maxEdits)
	mid := limit + 1
	v := make([]int, 2*mid+1)
	for d := 0; d <= limit; d++ {
		trace = append(trace, furthest{slices.Clone(v), mid})
		for k := -d; k <= d; k += 2 {
			x := v[mid+k-1] + 1
			if k == -d || k != d && v[mid+k-1] < v[mid+k+1] {
				x = v[mid+k+1]
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[mid+k] = x
			if x >= len(a) && y >= len(b) {
				return trace, true
			}
		}
	}
	return nil, false
}
