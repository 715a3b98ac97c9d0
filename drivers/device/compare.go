package device

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers/node"
)

// Lines are the lines of a configuration as they are compared: trailing blanks and blank
// lines are nothing.
func Lines(config string) []string {
	var lines []string
	for line := range strings.Lines(config) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Differ says in words, and without a line of either, that two configurations differ: lines
// of a configuration hold communities and keys. It is empty when they are the same.
func Differ(saved, now string) string {
	diff := Compare(saved, now)
	if diff == "" {
		return ""
	}
	gone, added := 0, 0
	for line := range strings.Lines(diff) {
		switch line[0] {
		case '-':
			gone++
		case '+':
			added++
		}
	}
	if gone+added == 0 {
		return "its lines stand in another order"
	}
	return fmt.Sprintf("%d lines that were saved are not there, and %d are there that were not", gone, added)
}

// Compare tells where two configurations differ, line by line and in order: lines of a
// that b has not behind "-", lines of b that a has not behind "+". It is empty when they are
// the same.
func Compare(a, b string) string {
	x, y := Lines(a), Lines(b)
	if slices.Equal(x, y) {
		return ""
	}
	diff := node.Diff(strings.Join(x, "\n"), strings.Join(y, "\n"))
	if diff == "" {
		return "the same lines in another order\n"
	}
	return diff
}
