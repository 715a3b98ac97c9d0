package voss

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// cleanConfig keeps what is configuration.
func cleanConfig(out string) string {
	stamp := regexp.MustCompile(`^# (?:\w{3} )?\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}.*$|^Preparing to Display Configuration\.+$`)
	var b strings.Builder
	for _, line := range device.Lines(stripBanner(out)) {
		if !stamp.MatchString(line) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// stripBanner takes out the rule of asterisks and the time that show commands begin with.
func stripBanner(out string) string {
	return regexp.MustCompile(`(?m)^\s*\*{60,}\n\s*Command Execution Time:.*\n\s*\*{60,}\n?`).ReplaceAllString(out, "")
}

// SaveConfig implements drivers.ConfigSaver.
func (d *Driver) SaveConfig(ctx context.Context) error {
	_, err := d.Ask(ctx, "save configuration", "save config", drivers.Reply{Question: `(?i)overwrite|save`, Answer: "y"})
	return err
}

// Checkpoint implements drivers.Checkpointer.
func (d *Driver) Checkpoint(ctx context.Context, name string, keep func(drivers.Checkpoint) error) (drivers.Checkpoint, error) {
	const op = "checkpoint"
	if err := device.NameOfConfig(name); err != nil {
		return drivers.Checkpoint{}, d.Fail(op, err)
	}
	c := drivers.Checkpoint{Name: name}
	if err := d.Keep(ctx, &c, keep); err != nil {
		return c, d.Fail(op, err)
	}
	if _, err := d.Ask(ctx, op, "save config file "+file(name), drivers.Reply{Question: `(?i)overwrite|save`, Answer: "y"}); err != nil {
		return c, err
	}
	return c, d.Fail(op, d.Saved(ctx, name))
}

// file is where a checkpoint lies on the switch.
func file(name string) string { return "/intflash/" + name + ".cfg" }

// Restore implements drivers.Checkpointer, through a restart where anything has changed.
func (d *Driver) Restore(ctx context.Context, c drivers.Checkpoint) error {
	return d.Fail("restore configuration", d.BringBack(ctx, c, func(ctx context.Context) error {
		return d.restart(ctx, "boot config "+file(c.Name)+" -y")
	}))
}

// Reboot implements drivers.Rebooter. Unsaved changes are not saved.
func (d *Driver) Reboot(ctx context.Context) error { return d.restart(ctx, "reset -y") }

func (d *Driver) restart(ctx context.Context, line string) error {
	return d.Device.Reboot(ctx, line, []drivers.Reply{
		{Question: `(?i)save`, Answer: "n"},
		{Question: `(?i)reset|boot|sure`, Answer: "y"},
	}, d.boots)
}

// boots tells one run of the switch from the next, by the moment at which it started: the
// time of asking less the uptime. It is known to lie between two bounds, because an uptime
// is in whole seconds and an answer takes its time; only a start that lies wholly behind the
// one before is another.
func (d *Driver) boots(ctx context.Context) (string, error) {
	x, err := d.Run(ctx, drivers.Command{Line: askFacts})
	if err == nil && x.Rejected != "" {
		err = fmt.Errorf("show sys-info: %s", x.Rejected)
	}
	if err != nil {
		return "", d.Fail("ask for the uptime", err)
	}
	up, err := uptime(x.Output)
	if err != nil {
		return "", d.Fail("ask for the uptime", err)
	}
	from, to := x.Started.Add(-up-time.Second), x.Started.Add(x.Took-up)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.boot == 0 || from.After(d.latest) {
		d.boot, d.latest = d.boot+1, to
	} else if to.Before(d.latest) {
		d.latest = to
	}
	return strconv.Itoa(d.boot), nil
}
