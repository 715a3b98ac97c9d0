package node

import "strings"

// Diff tells which lines one text has and the other has not, and is empty when both
// have the same lines as often. It says nothing about their order.
func Diff(then, now string) string {
	count := map[string]int{}
	for line := range strings.Lines(now) {
		count[strings.TrimRight(line, " \r\n")]++
	}
	var b strings.Builder
	for line := range strings.Lines(then) {
		line = strings.TrimRight(line, " \r\n")
		if count[line]--; count[line] < 0 {
			b.WriteString("-" + line + "\n")
		}
	}
	for line := range strings.Lines(now) {
		line = strings.TrimRight(line, " \r\n")
		if count[line] > 0 {
			count[line]--
			b.WriteString("+" + line + "\n")
		}
	}
	return b.String()
}
