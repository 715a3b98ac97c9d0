package node

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Keys of a mark that tell what time it was in the node, in seconds since 1970, and how far its zone is ahead of UTC, in seconds.
const (
	markedAt   = "time of the mark"
	markedZone = "zone of the mark"
)

// mostLate is how long after the time that it names a line may be written.
const mostLate = time.Minute

// markTime notes what time it is in the node, by the clock that its daemons have. A node that cannot tell has none.
func (n *Node) markTime(ctx context.Context, m drivers.LogMark) error {
	out, err := n.Control(ctx, "mark logs", `LD_PRELOAD="$REPRISE_CLOCK" date '+%s %z' 2>/dev/null || true`)
	if err != nil {
		return err
	}
	words := strings.Fields(out)
	if len(words) != 2 {
		return nil
	}
	at, err := strconv.ParseInt(words[0], 10, 64)
	zone, zerr := time.Parse("-0700", words[1])
	if err != nil || zerr != nil {
		return n.Fail("mark logs", fmt.Errorf("unexpected time %q", out))
	}
	_, offset := zone.Zone()
	m[markedAt], m[markedZone] = at, int64(offset)
	return nil
}

// dates are how the lines of logs begin that name a day: of FRR, BIRD, Open vSwitch and our reader of syslog; and of
// syslog without a year.
var dates = regexp.MustCompile(`^(?:(\d{4})[-/](\d\d)[-/](\d\d)[ T]|([A-Z][a-z]{2}) ([ \d]\d) )(\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?`)

// outdated reports whether a line names a time long before the mark, in whichever of its zones the node writes it, and
// of the year that is nearest where it names none.
func outdated(line string, m drivers.LogMark) bool {
	seconds, known := m[markedAt]
	if !known {
		return false
	}
	mark := time.Unix(seconds, 0).UTC()
	d := dates.FindStringSubmatch(line)
	if d == nil {
		return false
	}
	layout, text := "2006 01 02 15:04:05", strings.Join([]string{d[1], d[2], d[3], d[6]}, " ")
	if d[1] == "" {
		layout, text = "2006 Jan _2 15:04:05", fmt.Sprintf("%d %s %s %s", mark.Year(), d[4], d[5], d[6])
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		return false
	}
	const half = 183 * 24 * time.Hour
	switch {
	case d[1] != "":
	case at.Sub(mark) > half:
		at = at.AddDate(-1, 0, 0)
	case mark.Sub(at) > half: // of the new year, which began since
		at = at.AddDate(1, 0, 0)
	}
	switch zone := strings.ReplaceAll(d[7], ":", ""); zone {
	case "Z":
	case "": // of the node's zone, or UTC
		at = at.Add(max(0, -time.Duration(m[markedZone])*time.Second))
	default:
		z, err := time.Parse("-0700", zone)
		if err != nil {
			return false
		}
		_, offset := z.Zone()
		at = at.Add(-time.Duration(offset) * time.Second)
	}
	return mark.Sub(at) > mostLate
}
