package lab

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// reserveFlags are the choices of a reservation by hand.
type reserveFlags struct {
	purpose, kick string
	term          time.Duration
	wait          bool
	priority      int
}

func (a *app) labReserveVerb(f *inventoryFlags) *cobra.Command {
	r := &reserveFlags{}
	c := &cobra.Command{
		Use:   "reserve DEVICE...",
		Short: "Take devices for yourself, all or none, for a time",
		Long: `Lease devices by hand. The lease is bound to no process and ends by itself.
A run needs no reservation: it leases what it needs.

--kick takes a device from who has it. The reason is recorded, and they are told.`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error { return a.labReserve(c.Context(), l, args, r) })
		},
	}
	fl := c.Flags()
	fl.StringVar(&r.purpose, "purpose", "", "what for, in words for the others (required)")
	fl.DurationVar(&r.term, "for", 4*time.Hour, "how long")
	fl.BoolVar(&r.wait, "wait", false, "queue for devices that are taken")
	fl.IntVar(&r.priority, "priority", 0, "place in the queue; higher goes first")
	fl.StringVar(&r.kick, "kick", "", "take the devices from who has them, for this reason")
	return c
}

func (a *app) labReserve(ctx context.Context, l *lab.Lab, devices []string, r *reserveFlags) error {
	if err := knownDevices(l, devices...); err != nil {
		return err
	}
	if strings.TrimSpace(r.purpose) == "" {
		return cli.InputError("--purpose says what for: the others will read it")
	}
	if r.term <= 0 || r.term > 30*24*time.Hour {
		return cli.InputError("--for %s: want more than nothing and at most 30 days", r.term)
	}
	if err := a.kick(ctx, l, devices, r.kick); err != nil {
		return err
	}
	hold, err := l.Reserve(ctx, lab.Order{
		Request: lab.RequestDevices(devices...), Purpose: r.purpose, Term: r.term, Priority: r.priority, ByHand: true, Wait: r.wait,
		Waiting: func(p lab.Place) { a.Progress("waiting, %d of %d: %v", p.Position, p.Of, p.Busy) },
	})
	if err != nil {
		return err
	}
	lease := hold.Lease()
	if done, err := a.Emit(lease); done {
		return err
	}
	a.Say("reserved %s until %s", strings.Join(lease.Devices, ", "), lease.Until.Local().Format("2006-01-02 15:04"))
	return nil
}

// kick takes those of the devices that somebody has.
func (a *app) kick(ctx context.Context, l *lab.Lab, devices []string, reason string) error {
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

func (a *app) labReleaseVerb(f *inventoryFlags) *cobra.Command {
	var kick, unquarantine string
	c := &cobra.Command{
		Use:   "release DEVICE...",
		Short: "Give devices back that you reserved",
		Args:  cobra.MinimumNArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error {
				if err := knownDevices(l, args...); err != nil {
					return err
				}
				var err error
				switch {
				case unquarantine != "":
					for _, d := range args {
						err = errors.Join(err, l.Unquarantine(c.Context(), d, unquarantine))
					}
				case kick != "":
					err = a.kick(c.Context(), l, args, kick)
				default:
					err = l.Release(c.Context(), args...)
				}
				if err == nil {
					a.Say("released %s", strings.Join(args, ", "))
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&kick, "kick", "", "end somebody else's lease, for this reason")
	c.Flags().StringVar(&unquarantine, "end-quarantine", "", "give out again a device that was quarantined, for this reason")
	return c
}
