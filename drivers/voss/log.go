package voss

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/volatile"
)

const logFile = "logging"

// MarkLogs implements drivers.LogSource.
func (d *Driver) MarkLogs(ctx context.Context) (drivers.LogMark, error) {
	lines, err := d.logLines(ctx)
	if err != nil {
		return nil, err
	}
	return drivers.LogMark{logFile: d.Tails.Mark(lines)}, nil
}

// LogsSince implements drivers.LogSource: oldest line first. A log that has lost its mark
// is given whole and marked Truncated.
func (d *Driver) LogsSince(ctx context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	lines, err := d.logLines(ctx)
	if err != nil {
		return nil, err
	}
	fresh, found := d.Tails.Since(m[logFile], lines)
	if len(fresh) == 0 {
		return nil, nil
	}
	return []drivers.LogFile{{Path: logFile + ".log", Text: strings.Join(fresh, "\n") + "\n", Truncated: !found}}, nil
}

// logLines are the lines of the log file, oldest first, as the switch shows them.
func (d *Driver) logLines(ctx context.Context) ([]string, error) {
	out, err := d.Ask(ctx, "read log", "show logging file")
	if err != nil {
		return nil, err
	}
	return parseLog(out), nil
}

// parseLog keeps the lines of the log: "CP1  [time] code …"; a line that does not begin so
// belongs to the one before it.
func parseLog(out string) []string {
	begin := regexp.MustCompile(`^(?:CP|IO)\d{1,2}\s+\[`)
	var lines []string
	for line := range strings.Lines(stripBanner(out)) {
		line = strings.TrimRight(line, " \r\n")
		switch {
		case begin.MatchString(line):
			lines = append(lines, line)
		case line != "" && len(lines) > 0:
			lines[len(lines)-1] += " " + strings.TrimSpace(line)
		}
	}
	return lines
}

// MarkClock implements drivers.LogMarker: the banner of the answer holds the switch's time
// at a moment that the exchange tells. The switch takes no log message of ours, which is what
// Rejected says.
func (d *Driver) MarkClock(ctx context.Context, _ string) (drivers.Exchange, error) {
	x, err := d.Run(ctx, drivers.Command{Line: askFacts})
	if err == nil && x.Rejected == "" {
		x.Rejected = "a Fabric Engine switch takes no log message of ours; its time stands in the banner"
	}
	return x, err
}

// Normalise implements drivers.Normaliser.
func (d *Driver) Normalise(_, output string) string { return normalise(output) }

func normalise(output string) string { return volatile.Apply(stripBanner(output), rules()) }

// rules are what changes by itself in the answers of a switch: the volatile lines of
// "show sys-info", times, ages and the mode of the prompt.
//
//nolint:gochecknoglobals // what it gives never changes
var rules = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`(?m)^(\s*(?:SysUpTime|Last Change|Last Vlan Change|Last Statistic Reset|Total Power Usage|(?:CPU|MAC|PHY\d*) Temperature|.*\b[Tt]emperature.*|.*\brpm\b.*?|.*FanSpeed.*?))\s*:.*$`, "$1: <value>",
		`\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3}(?::\w+)?\]`, "[<time>]",
		`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \d{4}(?: [A-Z]{3,4})?`, "<time>",
		`\b\d+ day\(?s?\)?,? \d+:\d\d:\d\d\b`, "<duration>",
		`(?m)^([\w.\-~@]{1,255}:\d{1,2})(?:\([\w\-]+\))?([>#])`, "$1$2",
	)
})
