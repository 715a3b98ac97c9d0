package drivers

import (
	"regexp"
	"strconv"
	"time"
)

// LateBy is how a [LatenessReader] reads the number that a pattern finds in a line, in its first
// group.
func LateBy(pattern *regexp.Regexp, unit time.Duration, line string) (time.Duration, bool) {
	m := pattern.FindStringSubmatch(line)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}
