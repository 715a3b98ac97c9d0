package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// inventory is what every verb of `reprise lab` has: the program and the file of the devices.
type inventory struct {
	*cli.App
	file      string
	acceptNew bool
}

// newLab is the group of the verbs of real switches.
func newLab(a *cli.App) *cobra.Command {
	f := &inventory{App: a}
	c := labGroup(f)
	c.AddCommand(newList(f, nil), newShow(f, nil), newCheck(f, nil), newReserve(f, nil), newRelease(f, nil), newRestore(f, nil), newHistory(f, nil), newSchema(f, nil))
	return c
}

// labGroup is the group without its verbs.
func labGroup(f *inventory) *cobra.Command {
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
	return c
}

// open opens the lab of the inventory.
func (f *inventory) open(ctx context.Context) (*lab.Lab, error) {
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
	inv, err := labs.LoadInventory(file, f.acceptNew)
	if err != nil {
		return nil, err
	}
	return lab.Open(ctx, inv, lab.Settings{})
}

// withLab runs a verb with the opened lab.
func (f *inventory) withLab(ctx context.Context, do func(l *lab.Lab) error) error {
	l, err := f.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(l), l.Close())
}

// completeDevice completes the names of the inventory's devices.
func (f *inventory) completeDevice(c *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
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

// listOptions are what "lab list" was asked.
type listOptions struct{ *inventory }

func newList(f *inventory, runF func(context.Context, *listOptions) error) *cobra.Command {
	o := &listOptions{f}
	return &cobra.Command{
		Use: "list", Short: "List the devices, and who has them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runList)(c.Context(), o) },
	}
}

func runList(ctx context.Context, o *listOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		devices, err := l.List(ctx)
		if err != nil {
			return err
		}
		queue, err := l.Queue(ctx)
		if err != nil {
			return err
		}
		out := deviceList{devices, queue}
		return o.Show(out, func(w io.Writer) { printDevices(w, out) })
	})
}

// deviceList is what "lab list" prints with --json.
type deviceList struct {
	Devices []lab.Status `json:"devices"`
	Queue   []lab.Lease  `json:"queue"`
}

// printDevices writes the devices and who has or waits for them, for people; see [cli.App.Show].
func printDevices(out io.Writer, list deviceList) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tPLATFORM\tMODEL\tVERSION\tKIND\tSTATE\tWHO, WHAT FOR")
	for _, d := range list.Devices {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Device.Name, d.Device.Platform, d.Device.Model, d.Device.Version, d.Device.Kind, d.State, whoHas(d))
	}
	_ = w.Flush() // out keeps its error
	for i, q := range list.Queue {
		cli.Line(out, "waiting %d: %s for %s, since %s", i+1, q.Owner, q.Purpose, q.Since.Local().Format(time.TimeOnly))
	}
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

// showOptions are what "lab show" was asked.
type showOptions struct {
	*inventory
	device string
}

func newShow(f *inventory, runF func(context.Context, *showOptions) error) *cobra.Command {
	o := &showOptions{inventory: f}
	return &cobra.Command{
		Use: "show DEVICE", Short: "Show one device with its ports and cables", Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeDevice,
		RunE: func(c *cobra.Command, args []string) error {
			o.device = args[0]
			return cli.Run(runF, runShow)(c.Context(), o)
		},
	}
}

func runShow(ctx context.Context, o *showOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		s, err := statusOf(ctx, l, o.device)
		if err != nil {
			return err
		}
		out := shownDevice{l.Inventory.CablesOf(o.device), s}
		return o.Show(out, func(w io.Writer) { printDevice(w, out) })
	})
}

// shownDevice is what "lab show" prints with --json.
type shownDevice struct {
	Cables []lab.Cable `json:"cables"`
	Device lab.Status  `json:"device"`
}

// printDevice writes one device with its cables, for people.
func printDevice(w io.Writer, out shownDevice) {
	s, d := out.Device, out.Device.Device
	cli.Line(w, "%s: %s %s, version %s, serial %s, %s", d.Name, d.Platform, d.Model, orNone(d.Version), orNone(d.Serial), d.Kind)
	cli.Line(w, "  reached by  %s %s as %s", d.Access.Transport, d.Access.Address, orNone(d.Access.User))
	if d.Console != nil {
		cli.Line(w, "  console     %s %s", d.Console.Console, d.Console.Address)
	}
	cli.Line(w, "  state       %s %s", s.State, whoHas(s))
	cli.Line(w, "  ports       %d", len(d.Ports))
	if len(d.Capabilities) > 0 {
		cli.Line(w, "  can         %s", strings.Join(d.Capabilities, ", "))
	}
	for _, m := range d.Marks {
		cli.Line(w, "  mark        %s", reports.MarkWords(m))
	}
	for _, c := range out.Cables {
		cli.Line(w, "  cable       %s", c)
	}
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

// historyOptions are what "lab history" was asked.
type historyOptions struct {
	*inventory
	limit int
}

func newHistory(f *inventory, runF func(context.Context, *historyOptions) error) *cobra.Command {
	o := &historyOptions{inventory: f}
	c := &cobra.Command{
		Use: "history", Short: "Show who reserved, took, restored what, and why", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runHistory)(c.Context(), o) },
	}
	c.Flags().IntVarP(&o.limit, "limit", "n", 30, "events to show, the newest first")
	return c
}

func runHistory(ctx context.Context, o *historyOptions) error {
	return o.withLab(ctx, func(l *lab.Lab) error {
		events, err := l.History(ctx, o.limit)
		if err != nil {
			return err
		}
		return o.Show(events, func(w io.Writer) { printHistory(w, events) })
	})
}

// printHistory writes who did what, for people.
func printHistory(w io.Writer, events []lab.Event) {
	for _, e := range events {
		cli.Line(w, "%s  %-12s %-10s %s  %s", e.At.Local().Format(time.DateTime), e.What, e.Device, e.Who, e.Reason)
	}
}

// schemaOptions are what "lab schema" was asked.
type schemaOptions struct{ *inventory }

func newSchema(f *inventory, runF func(context.Context, *schemaOptions) error) *cobra.Command {
	o := &schemaOptions{f}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of lab.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runSchema)(c.Context(), o) },
	}
}

func runSchema(_ context.Context, o *schemaOptions) error {
	data, err := lab.Schema()
	if err == nil {
		_, err = o.Document().Write(data)
	}
	return err
}
