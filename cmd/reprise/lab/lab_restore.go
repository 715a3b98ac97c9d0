package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// restoreOptions are what "lab restore" was asked.
type restoreOptions struct {
	*inventory
	devices []string
	all     bool
	dismiss string // why somebody ends the entry
}

func newRestore(f *inventory, runF func(context.Context, *restoreOptions) error) *cobra.Command {
	o := &restoreOptions{inventory: f}
	c := &cobra.Command{
		Use:   "restore [DEVICE...]",
		Short: "Bring back devices that a broken-off run left changed",
		Long: `Before a run touches a device, the restore point is written to the journal. A run that
was killed, or whose machine lost power, leaves its entries open, and the devices
are given to nobody. This brings them back: the saved configuration is made the
running one and compared line by line, and the entry ends only then.

--dismiss ends an entry without touching the device, because somebody has brought
it back by hand; what the entry held is kept aside.

Exit status: 0 all are as they were, 2 one is not, 6 one is in use.`,
		ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			o.devices = args
			return cli.Run(runF, runRestore)(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, "every device with an open entry")
	c.Flags().StringVar(&o.dismiss, "dismiss", "", "end the entry without touching the device, for this reason")
	c.Flags().BoolVar(&f.acceptNew, "accept-new", false, "believe ssh host keys that are not known yet, and keep them")
	return c
}

// restored is what became of one device.
type restored struct {
	Device string `json:"device"`
	Was    string `json:"was"` // the entry's run
	State  string `json:"state"`
	Error  string `json:"error,omitempty"`
}

func runRestore(ctx context.Context, o *restoreOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		if err := knownDevices(l, o.devices...); err != nil {
			return err
		}
		entries, err := l.Journal.Open()
		if err != nil {
			return err
		}
		if len(o.devices) == 0 && !o.all {
			return listEntries(o.App, entries)
		}
		out, err := restoreEntries(ctx, o, l, entries)
		return errors.Join(err, o.Show(out, func(w io.Writer) { printRestored(w, out) }))
	})
}

// restoreEntries brings back the devices that were asked for, one after the other.
func restoreEntries(ctx context.Context, o *restoreOptions, l *lab.Lab, entries []lab.Entry) ([]restored, error) {
	var out []restored
	var errs []error
	for _, e := range entries {
		if !o.all && !slices.Contains(o.devices, e.Device) {
			continue
		}
		r := restored{Device: e.Device, Was: e.Run, State: "restored"}
		if o.dismiss != "" || e.State == lab.EntryUnfinished {
			r.State = "dismissed, and not touched"
		}
		o.Progress("%s: bringing it back (run %s)", e.Device, orNone(e.Run))
		if err := restoreEntry(ctx, o.App, l, e, o.dismiss); err != nil {
			r.State, r.Error = "not restored", err.Error()
			errs = append(errs, fmt.Errorf("%s: %w", e.Device, err))
		}
		out = append(out, r)
	}
	return out, errors.Join(errs...)
}

// printRestored writes what became of each device, for people.
func printRestored(w io.Writer, out []restored) {
	for _, r := range out {
		cli.Line(w, "%s: %s", r.Device, r.State)
	}
	if len(out) == 0 {
		cli.Line(w, "nothing has to be brought back")
	}
}

// listEntries prints what has to be brought back. For people that is an answer: no where there
// is something.
func listEntries(a *cli.App, entries []lab.Entry) error {
	err := a.Show(entries, func(w io.Writer) { printEntries(w, entries) })
	if err != nil || a.JSON || len(entries) == 0 {
		return err
	}
	return cli.Answer(cli.ExitNo)
}

// printEntries writes what has to be brought back, for people.
func printEntries(w io.Writer, entries []lab.Entry) {
	for _, e := range entries {
		cli.Line(w, "%s: %s, run %s, taken %s; configuration in %s %s", e.Device, e.State, orNone(e.Run), e.RestorePoint.Taken.Local().Format("2006-01-02 15:04"), e.ConfigPath, e.Problem)
	}
	if len(entries) == 0 {
		cli.Line(w, "nothing has to be brought back")
		return
	}
	cli.Line(w, "bring them back: reprise lab restore --all")
}

// restoreEntry brings one device back under a lease of its own.
func restoreEntry(ctx context.Context, a *cli.App, l *lab.Lab, e lab.Entry, dismiss string) error {
	if dismiss == "" && e.State == lab.EntryUnfinished {
		dismiss = "the entry was never finished: the device was not touched"
	}
	if dismiss != "" {
		aside, err := l.Dismiss(ctx, e.Device, dismiss)
		if err == nil && aside != "" {
			a.Progress("%s: what the entry held is in %s", e.Device, aside)
		}
		return err
	}
	hold, err := l.Reserve(ctx, lab.Order{Request: lab.RequestDevices(e.Device), Purpose: "bring " + e.Device + " back", Mend: true})
	if err != nil {
		return err
	}
	err = restoreDevice(ctx, l, hold, e)
	return errors.Join(err, hold.Release(context.WithoutCancel(ctx)))
}

func restoreDevice(ctx context.Context, l *lab.Lab, hold *lab.Hold, e lab.Entry) error {
	w, err := e.Load()
	if err != nil {
		return fmt.Errorf("%w; look at the device, and end the entry with --dismiss REASON", err)
	}
	driver, err := openDevice(ctx, l, e.Device)
	if err != nil {
		return err
	}
	keeper := heldDevice{l, hold}
	err = trial.BringBack(ctx, keeper, e.Device, driver, w)
	return errors.Join(err, driver.Close(context.WithoutCancel(ctx)))
}

// openDevice opens a session with a device of the inventory.
func openDevice(ctx context.Context, l *lab.Lab, name string) (drivers.Driver, error) {
	reg, err := cli.Registry()
	if err != nil {
		return nil, err
	}
	d, _ := l.Inventory.Device(name)
	access := drivers.Access(d.Access)
	return reg.Open(ctx, d.Platform, drivers.Target{Node: name, Access: &access, Console: (*drivers.Access)(d.Console)})
}

// heldDevice is one device under a lease, as the harness brings it back.
type heldDevice struct {
	lab  *lab.Lab
	hold *lab.Hold
}

func (h heldDevice) Device(name string) (topologies.Device, error) {
	d, ok := h.lab.Inventory.Device(name)
	if !ok {
		return topologies.Device{}, fmt.Errorf("the inventory has no device %q", name)
	}
	return topologies.Device{Name: d.Name, Platform: d.Platform, Model: d.Model, Serial: d.Serial, Marks: d.Marks}, nil
}

// Lost and Err implement topologies.Loser.
func (h heldDevice) Lost() <-chan struct{} { return h.hold.Lost() }
func (h heldDevice) Err() error            { return h.hold.Err() }

func (h heldDevice) Keep(ctx context.Context, name string, w topologies.RestorePoint) error {
	return h.hold.Keep(ctx, name, name, w)
}

func (h heldDevice) Kept(name string) (topologies.RestorePoint, bool, error) {
	return h.hold.Kept(name)
}

// Restored ends the entry, and the quarantine that an earlier attempt has put the device in.
func (h heldDevice) Restored(ctx context.Context, name string) error {
	if err := h.hold.Restored(ctx, name); err != nil {
		return err
	}
	s, err := statusOf(ctx, h.lab, name)
	if err != nil || s.Quarantine == nil {
		return err
	}
	return h.lab.Unquarantine(ctx, name, "its configuration is back")
}

func (h heldDevice) Quarantine(ctx context.Context, name, reason string) error {
	return h.lab.Quarantine(ctx, name, reason)
}
