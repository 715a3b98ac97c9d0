package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/transport"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

func (a *app) labCheckVerb(f *inventoryFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [DEVICE...]",
		Short: "Compare the inventory with what the devices say",
		Long: `Ask every device (or those named) what it is and who its neighbours are, and
compare: serial number, version, and the cables with LLDP and EDP. Nothing is
changed on a device, and one that somebody else has is left alone.

Exit status: 0 all agree, 1 something differs, 2 a device could not be asked.`,
		ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error { return a.labCheck(c.Context(), l, args) })
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
	Notes   []string      `json:"notes,omitempty"` // of how the session was opened
	Differs []string      `json:"differs,omitempty"`
	Skipped string        `json:"skipped,omitempty"`
	Error   string        `json:"error,omitempty"`

	seen []lab.Seen
}

func (a *app) labCheck(ctx context.Context, l *lab.Lab, names []string) error {
	if err := knownDevices(l, names...); err != nil {
		return err
	}
	if len(names) == 0 {
		names = l.Inventory.Names()
	}
	if err := a.askHostKeys(ctx, l, names); err != nil {
		return err
	}
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
	seen := map[string][]lab.Seen{}
	for _, c := range checks {
		if c.Error == "" && c.Skipped == "" {
			seen[c.Device] = c.seen
		}
	}
	cabling := lab.CheckCabling(l.Inventory, seen)
	code := cli.ExitYes
	for _, c := range checks {
		if len(c.Differs) > 0 {
			code = cli.ExitNo
		}
	}
	if slices.ContainsFunc(cabling, func(d lab.Difference) bool { return d.Kind != lab.NeighbourUnknown }) {
		code = cli.ExitNo
	}
	if slices.ContainsFunc(checks, func(c deviceCheck) bool { return c.Error != "" }) {
		code = cli.ExitInconclusive
	}
	if done, err := a.Emit(map[string]any{"devices": checks, "cabling": cabling}); done {
		return errors.Join(err, cli.Answer(code))
	}
	for _, c := range checks {
		a.printCheck(c)
	}
	for _, d := range cabling {
		a.Say("cabling: %s", d.Text)
	}
	if code == cli.ExitYes {
		a.Say("the inventory agrees with the devices")
	}
	return cli.Answer(code)
}

func (a *app) printCheck(c deviceCheck) {
	switch {
	case c.Skipped != "":
		a.Say("%s: left alone: %s", c.Device, c.Skipped)
	case c.Error != "":
		a.Say("%s: could not be asked: %s", c.Device, c.Error)
	default:
		a.Say("%s: %s %s, serial %s, %s", c.Device, c.Facts.Details["model"], c.Facts.Version, orNone(c.Facts.Details["serial"]), cli.Plural(len(c.seen), "neighbour"))
	}
	for _, d := range c.Differs {
		a.Say("  differs: %s", d)
	}
	for _, m := range c.Marks {
		a.Say("  mark: %s", reports.MarkWords(m))
	}
	for _, n := range c.Notes {
		a.Say("  note: %s", n)
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
	if err != nil {
		return fail(err)
	}
	for _, n := range neighbours {
		c.seen = append(c.seen, lab.Seen{Port: n.Port, RemoteName: n.RemoteName, RemotePort: n.RemotePort, Protocol: n.Protocol})
	}
	return c
}

// askHostKeys shows a person the ssh host keys that are not known yet, one by one. Where
// nobody can be asked, the check itself says what is missing.
func (a *app) askHostKeys(ctx context.Context, l *lab.Lab, names []string) error {
	in, ok := a.In.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(in.Fd())) || a.JSON {
		return nil
	}
	lines := bufio.NewReader(a.In)
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
		fmt.Fprintf(a.Err, "%s (%s) shows the ssh host key %s, which is not known.\nIs that the device's own? (y/N) ", name, unknown.Address, unknown.Fingerprint)
		reply, _ := lines.ReadString('\n')
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(reply)), "y") {
			if err := unknown.Accept(); err != nil {
				return err
			}
		}
	}
	return nil
}
