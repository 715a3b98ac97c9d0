package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/transport"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// checkOptions are what "lab check" was asked.
type checkOptions struct {
	*inventory
	devices []string // none: all
}

func newCheck(f *inventory, runF func(context.Context, *checkOptions) error) *cobra.Command {
	o := &checkOptions{inventory: f}
	c := &cobra.Command{
		Use:   "check [DEVICE...]",
		Short: "Compare the inventory with what the devices say",
		Long: `Ask every device (or those named) what it is and who its neighbours are, and
compare: serial number, version, and the cables with LLDP and EDP. Nothing is
changed on a device, and one that somebody else has is left alone.

Exit status: 0 all agree, 1 something differs, 2 a device could not be asked.`,
		ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			o.devices = args
			return cli.Run(runF, runCheck)(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&f.acceptNew, "accept-new", false, "believe ssh host keys that are not known yet, and keep them")
	return c
}

// deviceCheck is what one device said.
type deviceCheck struct {
	Device  string        `json:"device"`
	Facts   drivers.Facts `json:"facts,omitzero"`
	Marks   []string      `json:"marks,omitempty"`
	Notes   []string      `json:"notes,omitempty"` // of how the session was opened, and what was not read
	Differs []string      `json:"differs,omitempty"`
	Skipped string        `json:"skipped,omitempty"`
	Error   string        `json:"error,omitempty"`

	seen []lab.Seen
}

func runCheck(ctx context.Context, o *checkOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		if err := knownDevices(l, o.devices...); err != nil {
			return err
		}
		names := o.devices
		if len(names) == 0 {
			names = l.Inventory.Names()
		}
		if err := askHostKeys(ctx, o.App, l, names); err != nil {
			return err
		}
		out := checkedAs(l.Inventory, checkDevices(ctx, l, names))
		err := o.Show(out, func(w io.Writer) { printChecked(w, out) })
		return errors.Join(err, cli.Answer(out.exit()))
	})
}

// checkDevices asks devices, some at a time.
func checkDevices(ctx context.Context, l *lab.Lab, names []string) []deviceCheck {
	checks := make([]deviceCheck, len(names))
	var wg sync.WaitGroup
	limit := make(chan struct{}, 16)
	for i, name := range names {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			checks[i] = checkDevice(ctx, l, name)
		})
	}
	wg.Wait()
	return checks
}

// checked is what "lab check" prints with --json.
type checked struct {
	Cabling []lab.Difference `json:"cabling"`
	Devices []deviceCheck    `json:"devices"`
}

// checkedAs holds what the devices saw against the cables of the inventory.
func checkedAs(inv *lab.Inventory, checks []deviceCheck) checked {
	seen := map[string][]lab.Seen{}
	for _, c := range checks {
		if c.Error == "" && c.Skipped == "" {
			seen[c.Device] = c.seen
		}
	}
	return checked{lab.CheckCabling(inv, seen), checks}
}

// exit is the exit status: a device that could not be asked leaves it open whether all agree.
func (c checked) exit() int {
	switch {
	case slices.ContainsFunc(c.Devices, func(d deviceCheck) bool { return d.Error != "" }):
		return cli.ExitInconclusive
	case slices.ContainsFunc(c.Devices, func(d deviceCheck) bool { return len(d.Differs) > 0 }),
		slices.ContainsFunc(c.Cabling, func(d lab.Difference) bool { return d.Kind != lab.NeighbourUnknown }):
		return cli.ExitNo
	default:
		return cli.ExitYes
	}
}

// printChecked writes in what the inventory and the devices differ, for people.
func printChecked(w io.Writer, out checked) {
	for _, c := range out.Devices {
		printCheck(w, c)
	}
	for _, d := range out.Cabling {
		cli.Line(w, "cabling: %s", d.Text)
	}
	if out.exit() == cli.ExitYes {
		cli.Line(w, "the inventory agrees with the devices")
	}
}

func printCheck(w io.Writer, c deviceCheck) {
	switch {
	case c.Skipped != "":
		cli.Line(w, "%s: left alone: %s", c.Device, c.Skipped)
	case c.Error != "":
		cli.Line(w, "%s: could not be asked: %s", c.Device, c.Error)
	default:
		cli.Line(w, "%s: %s %s, serial %s, %s", c.Device, c.Facts.Details["model"], c.Facts.Version, orNone(c.Facts.Details["serial"]), cli.Plural(len(c.seen), "neighbour"))
	}
	for _, d := range c.Differs {
		cli.Line(w, "  differs: %s", d)
	}
	for _, m := range c.Marks {
		cli.Line(w, "  mark: %s", reports.MarkWords(m))
	}
	for _, n := range c.Notes {
		cli.Line(w, "  note: %s", n)
	}
}

// inUse reports whether somebody, or a run, has the device. One that this person has reserved
// by hand may be asked.
func inUse(l *lab.Lab, s lab.Status) bool {
	return s.Lease != nil && (s.Lease.PID != 0 || s.Lease.Owner != l.Owner())
}

// checkDevice asks one device, unless somebody else has it.
func checkDevice(ctx context.Context, l *lab.Lab, name string) (c deviceCheck) {
	c.Device = name
	fail := func(err error) deviceCheck {
		c.Error = err.Error()
		return c
	}
	status, err := statusOf(ctx, l, name)
	if err != nil {
		return fail(err)
	}
	if inUse(l, status) {
		c.Skipped = "in use by " + status.Lease.Owner + " for " + status.Lease.Purpose
		return c
	}
	if status.Lease == nil { // nobody shall begin with it meanwhile
		hold, err := l.Reserve(ctx, lab.Order{Request: lab.RequestDevices(name), Purpose: "a look by lab check", Term: 10 * time.Minute, Mend: true})
		var busy *lab.BusyError
		switch {
		case errors.As(err, &busy):
			c.Skipped = err.Error()
			return c
		case err != nil:
			return fail(err)
		}
		defer hold.Release(context.WithoutCancel(ctx)) //nolint:errcheck // the lease ends by itself
	}
	driver, err := openDevice(ctx, l, name)
	if err != nil {
		return fail(err)
	}
	defer driver.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what it said is in hand
	d := status.Device
	c.Facts, err = trial.CheckIdentity(ctx, name, topologies.Device{Name: name, Serial: d.Serial}, driver)
	var wrong *trial.IdentityError
	switch {
	case errors.As(err, &wrong):
		c.Differs = append(c.Differs, fmt.Sprintf("%s: the device says %q, the inventory %q", wrong.What, wrong.Got, wrong.Want))
	case err != nil:
		return fail(err)
	}
	if d.Version != "" && c.Facts.Version != "" && !strings.EqualFold(d.Version, c.Facts.Version) {
		c.Differs = append(c.Differs, fmt.Sprintf("version: the device says %q, the inventory %q", c.Facts.Version, d.Version))
	}
	if m, ok := drivers.As[drivers.Marked](driver); ok {
		c.Marks = m.Marks()
	}
	if n, ok := drivers.As[drivers.Noter](driver); ok {
		c.Notes = n.Notes()
	}
	src, ok := drivers.As[drivers.NeighbourSource](driver)
	if !ok {
		return c
	}
	neighbours, err := src.Neighbours(ctx)
	return c.heard(l.Inventory, neighbours, err)
}

// heard adds the neighbours that a device told. Rows that its driver does not read are notes, unless
// one of them may be of a cable of the inventory: a port of the device that has one is not among
// those that were read.
func (c deviceCheck) heard(inv *lab.Inventory, neighbours []drivers.Neighbour, err error) deviceCheck {
	var unread *drivers.UnreadError
	if err != nil && !errors.As(err, &unread) {
		c.Error = err.Error()
		return c
	}
	for _, n := range neighbours {
		c.seen = append(c.seen, lab.Seen{Port: n.Port, RemoteName: n.RemoteName, RemotePort: n.RemotePort, Protocol: n.Protocol})
	}
	if unread == nil {
		return c
	}
	for _, r := range unread.Rows {
		c.Notes = append(c.Notes, r.String())
	}
	for _, cable := range inv.Cables {
		for _, end := range []lab.End{cable.A, cable.B} {
			if end.Device == c.Device && !slices.ContainsFunc(c.seen, func(s lab.Seen) bool { return lab.SamePort(s.Port, end.Port) }) {
				c.Error = fmt.Sprintf("what port %s ends at is not known: %v", end.Port, err)
				return c
			}
		}
	}
	return c
}

// askHostKeys shows a person the ssh host keys that are not known yet, one by one. Where
// nobody can be asked, the check itself says what is missing.
func askHostKeys(ctx context.Context, a *cli.App, l *lab.Lab, names []string) error {
	asker := a.Asker()
	if asker == nil || a.JSON {
		return nil
	}
	for _, name := range names {
		d, _ := l.Inventory.Device(name)
		if status, err := statusOf(ctx, l, name); err != nil || inUse(l, status) || d.Access.Transport != drivers.TransportSSH {
			continue
		}
		conn, err := transport.Dial(ctx, drivers.Access(d.Access))
		if err == nil {
			_ = conn.Close()
			continue
		}
		var unknown *transport.UnknownHostError
		if !errors.As(err, &unknown) {
			continue // the check will say what it is
		}
		reply, err := asker.Ask(ctx, fmt.Sprintf("%s (%s) shows the ssh host key %s, which is not known.\nIs that the device's own? (y/N) ", name, unknown.Address, unknown.Fingerprint))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && strings.HasPrefix(strings.ToLower(reply), "y") { // who gives no answer does not say yes
			if err := unknown.Accept(); err != nil {
				return err
			}
		}
	}
	return nil
}
