package voss

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// TechLacks implements drivers.TechReader.
func (Factory) TechLacks(text string) []string {
	return append(techMissing(text), device.Cut(text, promptEnd)...)
}

// TechBegins implements drivers.TechReader. A collection has no line that begins it, and each of
// its parts may be in a file of its own, so it is known by two of them in one text.
func (Factory) TechBegins(text string) bool { return len(techMissing(text)) <= 1 }

// ConfigLacks implements drivers.ConfigReader: a running configuration says of which software it is,
// and ends in a line of its own.
func (Factory) ConfigLacks(text string) []string {
	var missing []string
	if !regexp.MustCompile(`(?m)^# software version`).MatchString(text) {
		missing = append(missing, "the begin (# software version)")
	}
	if !regexp.MustCompile(`(?m)^end\s*$`).MatchString(text) {
		missing = append(missing, "the end (a line with end)")
	}
	return missing
}

// promptEnd is how a prompt ends a capture.
var promptEnd = regexp.MustCompile(`[\w)][>#]( ?\w[\w ]{0,20})?$`)

// techMissing tells what a collection lacks of what every one has.
func techMissing(text string) []string {
	var missing []string
	for _, part := range []struct{ name, pattern string }{
		{"the switch's identity (SysDescr)", `(?m)^\s*SysDescr\s*:`},
		{"the running configuration", `(?m)^# software version`},
		{"the log", `(?m)^CP\d+\s+\[`},
	} {
		if !regexp.MustCompile(part.pattern).MatchString(text) {
			missing = append(missing, part.name)
		}
	}
	return missing
}

// Cores implements drivers.CoreLister: what lies in the two folders that practice names. A
// folder that is not there holds no core.
func (d *Driver) Cores(ctx context.Context) ([]drivers.Core, error) {
	var cores []drivers.Core
	for _, dir := range []string{"/intflash/coreFiles", "/intflash/archive"} {
		x, err := d.Run(ctx, drivers.Command{Line: "ls " + dir})
		if err != nil {
			return nil, err
		}
		if x.Rejected == "" {
			cores = append(cores, parseCores(x.Output, dir)...)
		}
	}
	return cores, nil
}

// parseCores reads a listing: the last word of a line that holds a size.
func parseCores(out, dir string) []drivers.Core {
	entry := regexp.MustCompile(`(?m)^.*?\b(\d+)\s.*?\s(\S+)\s*$`)
	var cores []drivers.Core
	for line := range strings.Lines(stripBanner(out)) {
		m := entry.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil || !strings.Contains(strings.ToLower(m[2]), "core") && !strings.HasSuffix(m[2], ".gz") && !strings.HasSuffix(m[2], ".tar") {
			continue
		}
		c := drivers.Core{Name: dir + "/" + m[2]}
		_, _ = fmt.Sscan(m[1], &c.Size) // digits
		cores = append(cores, c)
	}
	return cores
}
