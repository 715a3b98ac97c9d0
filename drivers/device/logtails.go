package device

import (
	"slices"
	"sync"
)

// tailLines is how many of the last lines make a mark: a single one may stand there twice.
const tailLines = 3

// LogTails are marks in logs that have no positions: a mark is the last lines that were
// there. It is safe for use by several goroutines.
type LogTails struct {
	mu    sync.Mutex
	tails [][]string
}

// NewLogTails makes an empty set of marks.
func NewLogTails() *LogTails { return &LogTails{tails: [][]string{nil}} }

// Mark remembers the end of a log, oldest line first.
func (t *LogTails) Mark(lines []string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tails = append(t.tails, slices.Clone(lines[max(0, len(lines)-tailLines):]))
	return int64(len(t.tails) - 1)
}

// Since gives the lines behind a mark. found is false when the log no longer holds it: then
// the lines are all that is there. The mark 0 stands before the first line.
func (t *LogTails) Since(mark int64, lines []string) (fresh []string, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mark < 0 || mark >= int64(len(t.tails)) {
		return lines, false
	}
	tail := t.tails[mark]
	for end := len(lines); end >= len(tail); end-- {
		if slices.Equal(lines[end-len(tail):end], tail) {
			if len(tail) == 0 {
				return lines, true
			}
			return lines[end:], true
		}
	}
	return lines, false
}
