package bird

import (
	"regexp"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// longLoop is what sysdep/unix/io.c logs of a round of its loop that took long: "I/O loop cycle took
// 5250 ms for 6 events", and of the kernel that let it wait: "Kernel latency 1200 ms".
var longLoop = regexp.MustCompile(`(?:I/O loop cycle took|Event 0x[0-9a-f]+ 0x[0-9a-f]+ took|Kernel latency) (\d+) ms`)

// Late implements drivers.LatenessReader.
func (*Driver) Late(line string) (time.Duration, bool) {
	return drivers.LateBy(longLoop, time.Millisecond, line)
}
