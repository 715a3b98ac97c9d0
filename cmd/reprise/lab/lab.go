package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// inventoryFlags name the inventory of `reprise lab`.
type inventoryFlags struct {
	file      string
	acceptNew bool
}

func (a *app) labVerb() *cobra.Command {
	f := &inventoryFlags{}
	c := &cobra.Command{
		Use:   "lab",
		Short: "Real switches: what there is, who has it, and giving it back",
		Long: `An inventory (lab.yaml) lists the devices of a lab, how each is reached, their
ports and the cables between them. Credentials are references (env:NAME,
file:PATH, agent), never values.

A run with --lab leases what its scenario needs, all or nothing, checks each
device's identity, saves its configuration on the device and here, and gives it
back afterwards, compared line by line. What a killed run left, "reprise lab
restore" brings back. A device that cannot be brought back is quarantined.`,
		Example: `  reprise lab list
  reprise lab check sw1 sw2
  reprise run my-case --lab lab.yaml
  reprise lab restore --all`,
	}
	c.PersistentFlags().StringVar(&f.file, "lab", "", "inventory (default: $REPRISE_LAB, else lab.yaml)")
	c.AddCommand(a.labListVerb(f), a.labShowVerb(f), a.labCheckVerb(f), a.labReserveVerb(f), a.labReleaseVerb(f), a.labRestoreVerb(f), a.labHistoryVerb(f), a.labSchemaVerb())
	return c
}

// open opens the lab of the inventory.
func (f *inventoryFlags) open(ctx context.Context) (*lab.Lab, error) {
	file := f.file
	if file == "" {
		file = os.Getenv("REPRISE_LAB")
	}
	if file == "" {
		file = "lab.yaml"
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, cli.InputError("%s: there is no inventory here; name one with --lab or $REPRISE_LAB (reprise sim makes one of simulators)", file)
	}
	inv, err := cli.LoadInventory(file, f.acceptNew)
	if err != nil {
		return nil, err
	}
	return lab.Open(ctx, inv, lab.Settings{})
}

// withLab runs a verb with the opened lab.
func (f *inventoryFlags) withLab(ctx context.Context, do func(l *lab.Lab) error) error {
	l, err := f.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(l), l.Close())
}

// completeDevice completes the names of the inventory's devices.
func (f *inventoryFlags) completeDevice(c *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	l, err := f.open(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer l.Close() //nolint:errcheck // nothing was written
	var names []string
	for _, n := range l.Inventory.Names() {
		if !strings.Contains(" "+strings.Join(given, " ")+" ", " "+n+" ") {
			names = append(names, n)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) labListVerb(f *inventoryFlags) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the devices, and who has them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error { return a.labList(c.Context(), l) })
		},
	}
}

func (a *app) labList(ctx context.Context, l *lab.Lab) error {
	devices, err := l.List(ctx)
	if err != nil {
		return err
	}
	queue, err := l.Queue(ctx)
	if err != nil {
		return err
	}
	if done, err := a.Emit(map[string]any{"devices": devices, "queue": queue}); done {
		return err
	}
	w := tabwriter.NewWriter(a.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tPLATFORM\tMODEL\tVERSION\tKIND\tSTATE\tWHO, WHAT FOR")
	for _, d := range devices {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Device.Name, d.Device.Platform, d.Device.Model, d.Device.Version, d.Device.Kind, d.State, whoHas(d))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, q := range queue {
		a.Say("waiting %d: %s for %s, since %s", i+1, q.Owner, q.Purpose, q.Since.Local().Format(time.TimeOnly))
	}
	return nil
}

// whoHas says in a few words why a device is not free.
func whoHas(s lab.Status) string {
	switch {
	case s.Quarantine != nil:
		return cli.FirstLine(s.Quarantine.Reason, 100)
	case s.Entry != nil && s.Lease == nil:
		return "has to be brought back: reprise lab restore " + s.Device.Name
	case s.Lease != nil:
		return fmt.Sprintf("%s, %s, until %s", s.Lease.Owner, s.Lease.Purpose, s.Lease.Until.Local().Format("2006-01-02 15:04"))
	default:
		return ""
	}
}

func (a *app) labShowVerb(f *inventoryFlags) *cobra.Command {
	return &cobra.Command{
		Use: "show DEVICE", Short: "Show one device with its ports and cables", Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error { return a.labShow(c.Context(), l, args[0]) })
		},
	}
}

func (a *app) labShow(ctx context.Context, l *lab.Lab, name string) error {
	s, err := statusOf(ctx, l, name)
	if err != nil {
		return err
	}
	var cables []lab.Cable
	for _, c := range l.Inventory.Cables {
		if c.A.Device == name || c.B.Device == name {
			cables = append(cables, c)
		}
	}
	if done, err := a.Emit(map[string]any{"device": s, "cables": cables}); done {
		return err
	}
	d := s.Device
	a.Say("%s: %s %s, version %s, serial %s, %s", d.Name, d.Platform, d.Model, orNone(d.Version), orNone(d.Serial), d.Kind)
	a.Say("  reached by  %s %s as %s", d.Access.Transport, d.Access.Address, orNone(d.Access.User))
	if d.Console != nil {
		a.Say("  console     %s %s", d.Console.Console, d.Console.Address)
	}
	a.Say("  state       %s %s", s.State, whoHas(s))
	a.Say("  ports       %d", len(d.Ports))
	if len(d.Capabilities) > 0 {
		a.Say("  can         %s", strings.Join(d.Capabilities, ", "))
	}
	for _, m := range d.Marks {
		a.Say("  mark        %s", reports.MarkWords(m))
	}
	for _, c := range cables {
		a.Say("  cable       %s", c)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "(not said)"
	}
	return s
}

// statusOf finds one device.
func statusOf(ctx context.Context, l *lab.Lab, name string) (lab.Status, error) {
	if err := knownDevices(l, name); err != nil {
		return lab.Status{}, err
	}
	all, err := l.List(ctx)
	for _, s := range all {
		if s.Device.Name == name {
			return s, err
		}
	}
	return lab.Status{}, errors.Join(err, fmt.Errorf("%s is not in the list", name))
}

func knownDevices(l *lab.Lab, names ...string) error {
	for _, name := range names {
		if _, ok := l.Inventory.Device(name); !ok {
			return cli.InputError("the inventory has no device %q (it has %s)", name, strings.Join(l.Inventory.Names(), ", "))
		}
	}
	return nil
}

func (a *app) labHistoryVerb(f *inventoryFlags) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "history", Short: "Show who reserved, took, restored what, and why", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.withLab(c.Context(), func(l *lab.Lab) error {
				events, err := l.History(c.Context(), limit)
				if err != nil {
					return err
				}
				if done, err := a.Emit(events); done {
					return err
				}
				for _, e := range events {
					a.Say("%s  %-12s %-10s %s  %s", e.At.Local().Format(time.DateTime), e.What, e.Device, e.Who, e.Reason)
				}
				return nil
			})
		},
	}
	c.Flags().IntVarP(&limit, "limit", "n", 30, "events to show, the newest first")
	return c
}

func (a *app) labSchemaVerb() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of lab.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			data, err := lab.Schema()
			if err == nil {
				_, err = a.Document().Write(data)
			}
			return err
		},
	}
}
