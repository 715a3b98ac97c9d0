package voss

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Facts implements drivers.FactSource: Details hold serial, model, name, part-number where
// the switch tells it, and the primary and backup release.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	const op = "ask for facts"
	system, err := d.Ask(ctx, op, askFacts)
	if err != nil {
		return drivers.Facts{}, err
	}
	software, err := d.Ask(ctx, op, "show software")
	if err != nil {
		return drivers.Facts{}, err
	}
	f, err := parseFacts(system, software)
	if strings.Contains(system, "Simulator") && f.Details != nil {
		f.Details[drivers.MarkSimulated] = "true"
	}
	return f, d.Fail(op, err)
}

// parseFacts reads "show sys-info" and "show software".
func parseFacts(system, software string) (drivers.Facts, error) {
	f := drivers.Facts{Platform: Platform, Details: map[string]string{}}
	m := regexp.MustCompile(`(?m)^\s*SysDescr\s*:\s*(\S+)\s+\(([^)\s]+)\)`).FindStringSubmatch(system)
	if m == nil {
		return f, fmt.Errorf("show sys-info has no SysDescr with a release: %q", first(system, 300))
	}
	f.Version, f.Details["model"] = m[2], m[1]
	for key, label := range map[string]string{"name": "SysName", "chassis": "Chassis", "serial": "Serial#", "part-number": "Part Number", "hardware": "HwRev"} {
		if v := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(label) + `\s*:[ \t]*(\S.*?)[ \t]*$`).FindStringSubmatch(system); v != nil {
			f.Details[key] = v[1]
		}
	}
	if f.Details["serial"] == "" {
		return f, fmt.Errorf("show sys-info names no serial number: %q", first(system, 300))
	}
	for _, r := range regexp.MustCompile(`(?m)^\s*(\S+)\s+\((Primary|Backup) Release\)`).FindAllStringSubmatch(software, -1) {
		f.Details[strings.ToLower(r[2])+"-release"] = r[1]
	}
	return f, nil
}

func first(s string, n int) string { return s[:min(n, len(s))] }
