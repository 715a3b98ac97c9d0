package voss

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// uptime reads how long a switch has been up from "show sys-info".
func uptime(out string) (time.Duration, error) {
	// "SysUpTime : 12 day(s), 03:04:05"
	m := regexp.MustCompile(`(?m)^\s*SysUpTime\s*:\s*(\d+) day\(?s?\)?,? (\d+):(\d\d):(\d\d)`).FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("show sys-info tells no uptime: %q", first(out, 300))
	}
	seconds := 0
	for i, scale := range []int{86400, 3600, 60, 1} {
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return 0, fmt.Errorf("read uptime: %w", err)
		}
		seconds += n * scale
	}
	return time.Duration(seconds) * time.Second, nil
}
