package voss

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// RunningConfig implements drivers.ConfigSaver, without the banner and the time of asking.
func (d *Driver) RunningConfig(ctx context.Context) (string, error) {
	const op = "read running configuration"
	x, err := d.Run(ctx, drivers.Command{Line: "show running-config", Timeout: device.LongTimeout})
	switch {
	case err != nil:
	case x.Rejected != "":
		err = fmt.Errorf("show running-config: %s", x.Rejected)
	case x.Truncated:
		err = errors.New("show running-config is longer than the bound of an answer")
	case !strings.Contains(x.Output, "# software version"):
		err = fmt.Errorf("show running-config holds no software version: %q", first(x.Output, 300))
	}
	if err != nil {
		return "", d.Fail(op, err)
	}
	return cleanConfig(x.Output), nil
}

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
	if !regexp.MustCompile(`^[A-Za-z][\w-]{0,31}$`).MatchString(name) {
		return drivers.Checkpoint{}, d.Fail(op, fmt.Errorf("%q is no name of a configuration", name))
	}
	c := drivers.Checkpoint{Name: name}
	var err error
	if c.Config, err = d.RunningConfig(ctx); err != nil {
		return c, d.Fail(op, err)
	}
	if keep != nil {
		if err := keep(c); err != nil {
			return c, d.Fail(op, err)
		}
	}
	if _, err = d.Ask(ctx, op, "save config file "+file(name), drivers.Reply{Question: `(?i)overwrite|save`, Answer: "y"}); err != nil {
		return c, err
	}
	return c, d.Fail(op, d.has(ctx, name))
}

// file is where a checkpoint lies on the switch.
func file(name string) string { return "/intflash/" + name + ".cfg" }

// errNotSaved says that a configuration is not among the switch's files.
var errNotSaved = errors.New("it is not among the switch's files")

// has looks for a saved configuration; errNotSaved when it is not there.
func (d *Driver) has(ctx context.Context, name string) error {
	out, err := d.Ask(ctx, "list files", "ls /intflash/")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)(?:^|[\s/])` + regexp.QuoteMeta(name) + `\.cfg\s*$`).MatchString(out) {
		return fmt.Errorf("%s: %w", file(name), errNotSaved)
	}
	return nil
}

// Restore implements drivers.Checkpointer, through a restart where anything has changed.
func (d *Driver) Restore(ctx context.Context, c drivers.Checkpoint) error {
	const op = "restore configuration"
	now, err := d.RunningConfig(ctx)
	if err != nil {
		return d.Fail(op, err)
	}
	if device.Compare(c.Config, now) != "" {
		if err := d.has(ctx, c.Name); err != nil {
			return d.Fail(op, err)
		}
		if err := d.restart(ctx, "boot config "+file(c.Name)+" -y"); err != nil {
			return d.Fail(op, err)
		}
		if now, err = d.RunningConfig(ctx); err != nil {
			return d.Fail(op, err)
		}
	}
	if diff := device.Differ(c.Config, now); diff != "" {
		return d.Fail(op, fmt.Errorf("the configuration is not the one that was saved: %s", diff))
	}
	return nil
}

// Forget implements drivers.Checkpointer. A checkpoint that is gone already is forgotten.
func (d *Driver) Forget(ctx context.Context, c drivers.Checkpoint) error {
	switch err := d.has(ctx, c.Name); {
	case errors.Is(err, errNotSaved):
		return nil
	case err != nil:
		return d.Fail("remove "+c.Name, err)
	}
	_, err := d.Ask(ctx, "remove "+c.Name, "remove "+file(c.Name)+" -y", drivers.Reply{Question: `(?i)remove|delete|sure`, Answer: "y"})
	return err
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

var persists = regexp.MustCompile(`(?i)^(?:sav?e?|backup|boot|reset|remove|delete|copy|cp|mv|move|rename|software|source|run|ftp|tftp|edit|restore|no boot)\b`)

// Persists implements drivers.Persister.
func (d *Driver) Persists(line string) bool { return persists.MatchString(strings.TrimSpace(line)) }
