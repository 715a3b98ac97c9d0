package lab

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// reserveOptions are what "lab reserve" was asked.
type reserveOptions struct {
	*inventory
	devices       []string
	purpose, kick string
	term          time.Duration
	wait          bool
	priority      int
}

// check tells what is wrong with the options.
func (o *reserveOptions) check() error {
	switch {
	case strings.TrimSpace(o.purpose) == "":
		return cli.InputError("--purpose says what for: the others will read it")
	case o.term <= 0 || o.term > 30*24*time.Hour:
		return cli.InputError("--for %s: want more than nothing and at most 30 days", o.term)
	}
	return nil
}

func newReserve(f *inventory, runF func(context.Context, *reserveOptions) error) *cobra.Command {
	o := &reserveOptions{inventory: f}
	c := &cobra.Command{
		Use:   "reserve DEVICE...",
		Short: "Take devices for yourself, all or none, for a time",
		Long: `Lease devices by hand. The lease is bound to no process and ends by itself.
A run needs no reservation: it leases what it needs.

--kick takes a device from who has it. The reason is recorded, and they are told.`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			o.devices = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runReserve)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.purpose, "purpose", "", "what for, in words for the others (required)")
	fl.DurationVar(&o.term, "for", 4*time.Hour, "how long")
	fl.BoolVar(&o.wait, "wait", false, "queue for devices that are taken")
	fl.IntVar(&o.priority, "priority", 0, "place in the queue; higher goes first")
	fl.StringVar(&o.kick, "kick", "", "take the devices from who has them, for this reason")
	return c
}

func runReserve(ctx context.Context, o *reserveOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		if err := knownDevices(l, o.devices...); err != nil {
			return err
		}
		if err := kick(ctx, o.App, l, o.devices, o.kick); err != nil {
			return err
		}
		hold, err := l.Reserve(ctx, lab.Order{
			Request: lab.RequestDevices(o.devices...), Purpose: o.purpose, Term: o.term, Priority: o.priority, ByHand: true, Wait: o.wait,
			Waiting: func(p lab.Place) { o.Progress("waiting, %d of %d: %v", p.Position, p.Of, p.Busy) },
		})
		if err != nil {
			return err
		}
		lease := hold.Lease()
		return o.Show(lease, func(w io.Writer) { printLease(w, lease) })
	})
}

// printLease writes what was reserved and until when, for people.
func printLease(w io.Writer, lease lab.Lease) {
	cli.Line(w, "reserved %s until %s", strings.Join(lease.Devices, ", "), lease.Until.Local().Format("2006-01-02 15:04"))
}

// kick takes those of the devices that somebody has.
func kick(ctx context.Context, a *cli.App, l *lab.Lab, devices []string, reason string) error {
	if reason == "" {
		return nil
	}
	for _, d := range devices {
		s, err := statusOf(ctx, l, d)
		if err != nil {
			return err
		}
		if s.Lease == nil {
			continue
		}
		if err := l.Kick(ctx, d, reason); err != nil {
			return err
		}
		a.Progress("took %s from %s (%s): %s", d, s.Lease.Owner, s.Lease.Purpose, reason)
	}
	return nil
}

// releaseOptions are what "lab release" was asked.
type releaseOptions struct {
	*inventory
	devices            []string
	kick, unquarantine string // for this reason
}

func newRelease(f *inventory, runF func(context.Context, *releaseOptions) error) *cobra.Command {
	o := &releaseOptions{inventory: f}
	c := &cobra.Command{
		Use:   "release DEVICE...",
		Short: "Give devices back that you reserved",
		Args:  cobra.MinimumNArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			o.devices = args
			return cli.Run(runF, runRelease)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.kick, "kick", "", "end somebody else's lease, for this reason")
	c.Flags().StringVar(&o.unquarantine, "end-quarantine", "", "give out again a device that was quarantined, for this reason")
	return c
}

// released is what "lab release" prints with --json.
type released struct {
	Devices []string `json:"released"`
}

func runRelease(ctx context.Context, o *releaseOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		if err := knownDevices(l, o.devices...); err != nil {
			return err
		}
		var err error
		switch {
		case o.unquarantine != "":
			for _, d := range o.devices {
				err = errors.Join(err, l.Unquarantine(ctx, d, o.unquarantine))
			}
		case o.kick != "":
			err = kick(ctx, o.App, l, o.devices, o.kick)
		default:
			err = l.Release(ctx, o.devices...)
		}
		if err != nil {
			return err
		}
		return o.Show(released{o.devices}, func(w io.Writer) { cli.Line(w, "released %s", strings.Join(o.devices, ", ")) })
	})
}
