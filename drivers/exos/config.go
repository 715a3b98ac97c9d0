package exos

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// RunningConfig implements drivers.ConfigSaver.
func (d *Driver) RunningConfig(ctx context.Context) (string, error) {
	const op = "read running configuration"
	x, err := d.Run(ctx, drivers.Command{Line: "show configuration", Timeout: device.LongTimeout})
	switch {
	case err != nil:
	case x.Rejected != "":
		err = fmt.Errorf("show configuration: %s", x.Rejected)
	case x.Truncated:
		err = errors.New("show configuration is longer than the bound of an answer")
	case !strings.Contains(x.Output, "# Module "):
		err = fmt.Errorf("show configuration holds no module: %q", firstLines(x.Output, 3))
	}
	if err != nil {
		return "", d.Fail(op, err)
	}
	return strings.Join(device.Lines(x.Output), "\n") + "\n", nil
}

// SaveConfig implements drivers.ConfigSaver.
func (d *Driver) SaveConfig(ctx context.Context) error {
	_, err := d.Ask(ctx, "save configuration", "save configuration", yes(`(?i)save configuration|overwrite`)...)
	return err
}

func yes(question string) []drivers.Reply { return []drivers.Reply{{Question: question, Answer: "y"}} }

// nameOf is a configuration's name as commands take it, without the suffix.
func nameOf(file string) string { return strings.TrimSuffix(strings.TrimSpace(file), ".cfg") }

// Checkpoint implements drivers.Checkpointer. What the switch starts with by itself is not
// changed: the question about the default is answered with no, and looked at afterwards.
func (d *Driver) Checkpoint(ctx context.Context, name string, keep func(drivers.Checkpoint) error) (drivers.Checkpoint, error) {
	const op = "checkpoint"
	if !regexp.MustCompile(`^[A-Za-z][\w-]{0,31}$`).MatchString(name) {
		return drivers.Checkpoint{}, d.Fail(op, fmt.Errorf("%q is no name of a configuration", name))
	}
	selected, err := d.selected(ctx)
	if err != nil {
		return drivers.Checkpoint{}, d.Fail(op, err)
	}
	c := drivers.Checkpoint{Name: name, Selected: selected}
	if selected != "" {
		switch err := d.has(ctx, selected); {
		case errors.Is(err, errNotSaved): // a switch on its defaults names a file that was never saved
			c.Unsaved = true
		case err != nil:
			return c, d.Fail(op, err)
		}
	}
	if c.Config, err = d.RunningConfig(ctx); err != nil {
		return c, d.Fail(op, err)
	}
	if keep != nil {
		if err := keep(c); err != nil {
			return c, d.Fail(op, err)
		}
	}
	_, err = d.Ask(ctx, op, "save configuration "+name,
		drivers.Reply{Question: `(?i)default (?:database|configuration)`, Answer: "n"},
		drivers.Reply{Question: `(?i)save configuration|overwrite`, Answer: "y"})
	if err != nil {
		return c, err
	}
	if err := d.has(ctx, name); err != nil {
		return c, d.Fail(op, err)
	}
	now, err := d.selected(ctx)
	if err == nil && now != selected && selected != "" {
		err = errors.Join(fmt.Errorf("the switch would now start with %s instead of %s", now, selected), d.selectAgain(ctx, c))
	}
	return c, d.Fail(op, err)
}

// errNotSaved says that a configuration is not among the switch's files.
var errNotSaved = errors.New("it is not among the switch's files")

// has looks for a saved configuration; errNotSaved when it is not there.
func (d *Driver) has(ctx context.Context, name string) error {
	out, err := d.Ask(ctx, "list files", "ls")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)(?:^|\s)` + regexp.QuoteMeta(name) + `\.cfg\s*$`).MatchString(out) {
		return fmt.Errorf("%s.cfg: %w", name, errNotSaved)
	}
	return nil
}

// selected is the configuration that the switch starts with; empty where it says NONE.
func (d *Driver) selected(ctx context.Context) (string, error) {
	out, err := d.Ask(ctx, "ask for the selected configuration", "show switch")
	if err != nil {
		return "", err
	}
	v, ok := field(out, "Config Selected")
	if fields := strings.Fields(v); ok && len(fields) > 0 {
		if strings.EqualFold(fields[0], "NONE") {
			return "", nil
		}
		return nameOf(fields[0]), nil
	}
	return "", fmt.Errorf("show switch names no selected configuration: %q", firstLines(out, 4))
}

// Restore implements drivers.Checkpointer, through a restart where anything has changed.
// Until the restart is over the switch is set to start with the checkpoint.
func (d *Driver) Restore(ctx context.Context, c drivers.Checkpoint) error {
	const op = "restore configuration"
	now, err := d.RunningConfig(ctx)
	if err != nil {
		return d.Fail(op, err)
	}
	if device.Compare(c.Config, now) != "" {
		if err := d.restart(ctx, c); err != nil {
			return d.Fail(op, err)
		}
	}
	if now, err = d.RunningConfig(ctx); err != nil {
		return d.Fail(op, err)
	}
	if diff := device.Differ(c.Config, now); diff != "" {
		return d.Fail(op, fmt.Errorf("the configuration is not the one that was saved: %s", diff))
	}
	return d.Fail(op, d.selectAgain(ctx, c))
}

func (d *Driver) restart(ctx context.Context, c drivers.Checkpoint) error {
	if err := d.has(ctx, c.Name); err != nil {
		return err
	}
	if _, err := d.Ask(ctx, "select "+c.Name, "use configuration "+c.Name, yes(`(?i)configuration|database|selected`)...); err != nil {
		return err
	}
	return d.Reboot(ctx)
}

// selectAgain has the switch start with what it started with before. A configuration that
// was never saved cannot be selected: it is saved, selected and removed again, so that the
// switch names it and starts with its defaults, as before. Until then it starts with what
// was just restored. Where the switch named none, there is nothing to select: once the
// checkpoint is forgotten it starts with its defaults.
func (d *Driver) selectAgain(ctx context.Context, c drivers.Checkpoint) error {
	now, err := d.selected(ctx)
	if err != nil || c.Selected == "" {
		return err
	}
	if now != c.Selected {
		line, replies := "use configuration "+c.Selected, yes(`(?i)configuration|database|selected`)
		if c.Unsaved {
			line, replies = "save configuration "+c.Selected, yes(`(?i)default (?:database|configuration)|save configuration|overwrite`)
		}
		if _, err := d.Ask(ctx, "select "+c.Selected, line, replies...); err != nil {
			return err
		}
		if now, err = d.selected(ctx); err == nil && now != c.Selected {
			err = fmt.Errorf("the switch starts with %s instead of %s", now, c.Selected)
		}
		if err != nil {
			return err
		}
	}
	if !c.Unsaved {
		return nil
	}
	// Also what a process left that ended in between: nothing else saves on a leased switch.
	return d.Forget(ctx, drivers.Checkpoint{Name: c.Selected})
}

// Forget implements drivers.Checkpointer. A checkpoint that is gone already is forgotten.
func (d *Driver) Forget(ctx context.Context, c drivers.Checkpoint) error {
	switch err := d.has(ctx, c.Name); {
	case errors.Is(err, errNotSaved):
		return nil
	case err != nil:
		return d.Fail("remove "+c.Name, err)
	}
	_, err := d.Ask(ctx, "remove "+c.Name, "rm "+c.Name+".cfg", yes(`(?i)remove|delete|rm\b`)...)
	return err
}

// Reboot implements drivers.Rebooter. Unsaved changes are not saved.
func (d *Driver) Reboot(ctx context.Context) error {
	return d.Device.Reboot(ctx, "reboot", []drivers.Reply{
		{Question: `(?i)save and reboot|save configuration|changes to`, Answer: "n"},
		{Question: `(?i)reboot`, Answer: "y"},
	}, d.boots)
}

// boots tells one run of the switch from the next.
func (d *Driver) boots(ctx context.Context) (string, error) {
	out, err := d.Ask(ctx, "ask for the boot count", "show switch")
	if err != nil {
		return "", err
	}
	count, _ := field(out, "Boot Count")
	at, _ := field(out, "Boot Time")
	if count == "" && at == "" {
		return "", errors.New("show switch tells neither boot count nor boot time")
	}
	return count + " " + at, nil
}

var persists = regexp.MustCompile(`(?i)^(?:sa|sav|save|use|unconf\w*|unconfigure|download|install|uninstall|rm|mv|cp|tftp|tftpget|scp2?|edit|synchronize|load|run|upgrade)\b`)

// Persists implements drivers.Persister.
func (d *Driver) Persists(line string) bool { return persists.MatchString(strings.TrimSpace(line)) }
