package frr

import (
	"regexp"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// starved is what lib/thread.c (from FRR 10 on lib/event.c) logs of a timer that is more than four
// seconds late: "Thread Starvation: {(thread *)0x5… arg=… timer r=-4.3 …} was scheduled to pop
// greater than 4s ago".
var starved = regexp.MustCompile(`Starvation: .* was scheduled to pop greater than (\d+)s ago`)

// Late implements drivers.LatenessReader.
func (*Driver) Late(line string) (time.Duration, bool) {
	return drivers.LateBy(starved, time.Second, line)
}
