package exos

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Facts implements drivers.FactSource: Details hold serial, part-number, model, system-mac,
// bootrom, selected and booted configuration, slot-N for the members of a stack, and
// licence where the switch shows one.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	const op = "ask for facts"
	version, err := d.Ask(ctx, op, askFacts)
	if err != nil {
		return drivers.Facts{}, err
	}
	system, err := d.Ask(ctx, op, "show switch")
	if err != nil {
		return drivers.Facts{}, err
	}
	f, err := parseFacts(version, system)
	if err != nil {
		return f, d.Fail(op, err)
	}
	if strings.Contains(version+system, "Simulator") {
		f.Details[drivers.MarkSimulated] = "true"
	}
	x, err := d.Run(ctx, drivers.Command{Line: "show license"})
	if err != nil {
		return f, err
	}
	if m := regexp.MustCompile(`(?m)^Enabled License Level:\s*\n\s*(\S.*)$`).FindStringSubmatch(x.Output); x.Rejected == "" && m != nil {
		f.Details["licence"] = strings.TrimSpace(m[1])
	}
	return f, nil
}

// parseFacts reads "show version" and "show switch". The first word behind the slot is the
// part number, the second the serial number; some models print PN: and SN: instead.
func parseFacts(version, system string) (drivers.Facts, error) {
	f := drivers.Facts{Platform: Platform, Details: map[string]string{}}
	m := regexp.MustCompile(`(?m)^Image\s*:\s*(?:ExtremeXOS|Switch Engine|EXOS)\s+version\s+(\S+)(?:\s+(\S+))?`).FindStringSubmatch(version)
	if m == nil {
		return f, fmt.Errorf("show version names no image: %q", firstLines(version, 4))
	}
	f.Version = m[1]
	// The second word is the whole name of a patch: 30.6.1.11-patch1-11.
	if strings.HasPrefix(m[2], m[1]+"-") {
		f.Version = m[2]
	}
	unit := regexp.MustCompile(`(?m)^(Switch|Slot-\d+|MSM-[A-Z]|Chassis)\s*:\s*(?:PN:)?(\d{6}-\d\d-\d\d|\S+)\s+(?:SN:)?(\S+)(?:.*?BootROM:\s*(\S+))?`)
	for _, u := range unit.FindAllStringSubmatch(version, -1) {
		if u[2] == "Slot" || strings.HasPrefix(u[2], "---") {
			continue
		}
		name := strings.ToLower(u[1])
		if f.Details["serial"] == "" {
			f.Details["part-number"], f.Details["serial"] = u[2], u[3]
			if u[4] != "" {
				f.Details["bootrom"] = u[4]
			}
		}
		if strings.HasPrefix(name, "slot") {
			f.Details[name] = u[2] + " " + u[3]
		}
	}
	if f.Details["serial"] == "" {
		return f, fmt.Errorf("show version names no serial number: %q", firstLines(version, 4))
	}
	for key, label := range map[string]string{
		"name": "SysName", "model": "System Type", "system-mac": "System MAC", "selected": "Config Selected", "booted": "Config Booted",
	} {
		if v, ok := field(system, label); ok {
			f.Details[key] = v
		}
	}
	return f, nil
}

// field finds "Label: value" at the begin of a line.
func field(text, label string) (string, bool) {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok && strings.TrimSpace(name) == label {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

func firstLines(s string, n int) string {
	lines := strings.SplitN(s, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
