package exos

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

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
	if err := device.NameOfConfig(name); err != nil {
		return drivers.Checkpoint{}, d.Fail(op, err)
	}
	selected, err := d.selected(ctx)
	if err != nil {
		return drivers.Checkpoint{}, d.Fail(op, err)
	}
	c := drivers.Checkpoint{Name: name, Selected: selected}
	if selected != "" {
		switch err := d.Saved(ctx, selected); {
		case errors.Is(err, device.ErrNotSaved): // a switch on its defaults names a file that was never saved
			c.Unsaved = true
		case err != nil:
			return c, d.Fail(op, err)
		}
	}
	if err := d.Keep(ctx, &c, keep); err != nil {
		return c, d.Fail(op, err)
	}
	_, err = d.Ask(ctx, op, "save configuration "+name,
		drivers.Reply{Question: `(?i)default (?:database|configuration)`, Answer: "n"},
		drivers.Reply{Question: `(?i)save configuration|overwrite`, Answer: "y"})
	if err != nil {
		return c, err
	}
	if err := d.Saved(ctx, name); err != nil {
		return c, d.Fail(op, err)
	}
	now, err := d.selected(ctx)
	if err == nil && now != selected && selected != "" {
		err = errors.Join(fmt.Errorf("the switch would now start with %s instead of %s", now, selected), d.selectAgain(ctx, c))
	}
	return c, d.Fail(op, err)
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
	if err := d.BringBack(ctx, c, func(ctx context.Context) error { return d.restart(ctx, c) }); err != nil {
		return d.Fail(op, err)
	}
	return d.Fail(op, d.selectAgain(ctx, c))
}

func (d *Driver) restart(ctx context.Context, c drivers.Checkpoint) error {
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
	if now != c.Selected && c.Unsaved {
		// The offer to select what was saved may go unanswered: a busy switch takes the return behind
		// the first answer for the second.
		_, err := d.Ask(ctx, "save "+c.Selected, "save configuration "+c.Selected,
			yes(`(?i)default (?:database|configuration)|save configuration|overwrite`)...)
		if err != nil {
			return err
		}
		if now, err = d.selected(ctx); err != nil {
			return err
		}
	}
	if now != c.Selected {
		line := "use configuration " + c.Selected
		out, err := d.Ask(ctx, "select "+c.Selected, line, yes(`(?i)configuration|database|selected`)...)
		if err != nil {
			return err
		}
		if now, err = d.selected(ctx); err == nil && now != c.Selected {
			err = fmt.Errorf("the switch starts with %s instead of %s; to %q it answered %q", now, c.Selected, line, firstLines(out, 4))
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
