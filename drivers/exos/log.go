package exos

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/volatile"
)

// logs are the buffers of the event log, with the command that shows each.
func logs() map[string]string {
	return map[string]string{"memory-buffer": "show log", "nvram": "show log messages nvram"}
}

// MarkLogs implements drivers.LogSource.
func (d *Driver) MarkLogs(ctx context.Context) (drivers.LogMark, error) {
	m := drivers.LogMark{}
	for name, command := range logs() {
		lines, err := d.logLines(ctx, command)
		if err != nil {
			return nil, err
		}
		m[name] = d.Tails.Mark(lines)
	}
	return m, nil
}

// LogsSince implements drivers.LogSource: oldest line first. A buffer that has lost its
// mark, through a restart or because it ran over, is given whole and marked Truncated.
func (d *Driver) LogsSince(ctx context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	var files []drivers.LogFile
	for name, command := range logs() {
		lines, err := d.logLines(ctx, command)
		if err != nil {
			return nil, err
		}
		fresh, found := d.Tails.Since(m[name], lines)
		if len(fresh) > 0 {
			files = append(files, drivers.LogFile{Path: name + ".log", Text: strings.Join(fresh, "\n") + "\n", Truncated: !found})
		}
	}
	slices.SortFunc(files, func(a, b drivers.LogFile) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// logLines are the lines of a buffer, oldest first; the switch shows the newest first. A
// compaction line ("Previous message repeated …") stays behind the line it speaks of.
func (d *Driver) logLines(ctx context.Context, command string) ([]string, error) {
	out, err := d.Ask(ctx, "read log", command)
	if err != nil {
		return nil, err
	}
	return parseLog(out), nil
}

func parseLog(out string) []string {
	trailer := regexp.MustCompile(`^A total of \d+ log messages? (?:was|were) displayed\.?$`)
	var lines []string
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, " \r\n")
		if line != "" && !trailer.MatchString(line) {
			lines = append(lines, line)
		}
	}
	slices.Reverse(lines)
	return lines
}

// MarkClock implements drivers.LogMarker. Where the switch does not take a message of ours,
// the exchange holds its own time instead, and its Rejected says why.
func (d *Driver) MarkClock(ctx context.Context, text string) (drivers.Exchange, error) {
	text = strings.Map(func(r rune) rune {
		if r == '"' || r < ' ' {
			return '\''
		}
		return r
	}, text)
	x, err := d.Run(ctx, drivers.Command{Line: `create log message "` + text + `"`})
	if err != nil || x.Rejected == "" {
		return x, err
	}
	refused := x.Rejected
	if x, err = d.Run(ctx, drivers.Command{Line: "show switch"}); err == nil && x.Rejected == "" {
		x.Rejected = "no message of ours is taken: " + refused
	}
	return x, err
}

// Normalise implements drivers.Normaliser.
func (d *Driver) Normalise(command, output string) string { return normalise(command, output) }

func normalise(_, output string) string {
	return volatile.Apply(output, rules())
}

// rules are what changes by itself in the answers of a switch.
//
//nolint:gochecknoglobals // what it gives never changes
var rules = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`(?m)^(Current Time|Boot Time|System UpTime|Boot Count|Current State|\s*saved):.*$`, "$1: <time>",
		`\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?:\.\d\d)?`, "<time>",
		`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?`, "<time>",
		`\b\d+d:\d+h:\d+m:\d+s\b`, "<duration>",
		`\b\d+ days? \d+ hours? \d+ minutes? \d+ seconds?\b`, "<duration>",
		`(?m)^(?:! )?(?:\* )?((?:\([^)\n]*\) )?(?:Slot-\d+ )?\S+)\.\d+ ([#>])`, "$1.<n> $2",
		`Execution Time: \d+:\d\d:\d\d(?:\.\d+)?`, "Execution Time: <duration>",
	)
})
