package ovs

import (
	"regexp"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// longPoll is what lib/timeval.c logs of a round of its loop that took long: "Unreasonably long
// 1203ms poll interval (0ms user, 4ms system)".
var longPoll = regexp.MustCompile(`Unreasonably long (\d+)ms poll interval`)

// Late implements drivers.LatenessReader.
func (*Driver) Late(line string) (time.Duration, bool) {
	return drivers.LateBy(longPoll, time.Millisecond, line)
}
