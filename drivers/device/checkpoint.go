package device

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// ErrNotSaved says that a configuration is not among the switch's files.
var ErrNotSaved = errors.New("it is not among the switch's files")

// RunningConfig implements drivers.ConfigSaver.
func (s *Switch) RunningConfig(ctx context.Context) (string, error) {
	const op = "read running configuration"
	show, has := s.system.ShowConfig, s.system.ConfigHas
	x, err := s.Run(ctx, drivers.Command{Line: show, Timeout: LongTimeout})
	switch {
	case err != nil:
	case x.Rejected != "":
		err = fmt.Errorf("%s: %s", show, x.Rejected)
	case x.Truncated:
		err = fmt.Errorf("%s is longer than the bound of an answer", show)
	case !strings.Contains(x.Output, has):
		err = fmt.Errorf("%s holds no %q: %q", show, has, x.Output[:min(300, len(x.Output))])
	}
	if err != nil {
		return "", s.Fail(op, err)
	}
	if s.system.Clean != nil {
		return s.system.Clean(x.Output), nil
	}
	return strings.Join(Lines(x.Output), "\n") + "\n", nil
}

// Saved looks for a saved configuration; [ErrNotSaved] when it is not there.
func (s *Switch) Saved(ctx context.Context, name string) error {
	out, err := s.Ask(ctx, "list files", s.system.ListFiles)
	if err != nil {
		return err
	}
	file := s.system.FileName(name)
	if !regexp.MustCompile(`(?m)(?:^|[\s/])` + regexp.QuoteMeta(file[strings.LastIndex(file, "/")+1:]) + `\s*$`).MatchString(out) {
		return fmt.Errorf("%s: %w", file, ErrNotSaved)
	}
	return nil
}

// Forget implements drivers.Checkpointer. A checkpoint that is gone already is forgotten.
func (s *Switch) Forget(ctx context.Context, c drivers.Checkpoint) error {
	op := "remove " + c.Name
	switch err := s.Saved(ctx, c.Name); {
	case errors.Is(err, ErrNotSaved):
		return nil
	case err != nil:
		return s.Fail(op, err)
	}
	line, replies := s.system.Remove(c.Name)
	_, err := s.Ask(ctx, op, line, replies...)
	return err
}

// Keep begins a checkpoint: it puts the running configuration into c, and has keep write it down
// before anything on the switch changes. keep may be nil.
func (s *Switch) Keep(ctx context.Context, c *drivers.Checkpoint, keep func(drivers.Checkpoint) error) (err error) {
	if c.Config, err = s.RunningConfig(ctx); err != nil || keep == nil {
		return err
	}
	return keep(*c)
}

// NameOfConfig says why a name can be none of a configuration on a switch.
func NameOfConfig(name string) error {
	if !regexp.MustCompile(`^[A-Za-z][\w-]{0,31}$`).MatchString(name) {
		return fmt.Errorf("%q is no name of a configuration", name)
	}
	return nil
}

// BringBack brings the running configuration back to a checkpoint's: restart has the switch start
// with it, and is called only where anything has changed.
func (s *Switch) BringBack(ctx context.Context, c drivers.Checkpoint, restart func(context.Context) error) error {
	now, err := s.RunningConfig(ctx)
	if err != nil {
		return err
	}
	if Compare(c.Config, now) != "" {
		if err := s.Saved(ctx, c.Name); err != nil {
			return err
		}
		if err := restart(ctx); err != nil {
			return err
		}
		if now, err = s.RunningConfig(ctx); err != nil {
			return err
		}
	}
	if diff := Differ(c.Config, now); diff != "" {
		return fmt.Errorf("the configuration is not the one that was saved: %s", diff)
	}
	return nil
}
