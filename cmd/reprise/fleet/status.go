package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
)

// askOptions are what a verb was asked that asks a fleet something.
type askOptions struct {
	*cli.App
	where  cli.LabFlags
	worker string // name, key, or the beginning of a key
	follow bool
	all    bool
}

// errNoFleet says that no fleet was named.
func (o *askOptions) check() error {
	if o.where.FleetURL() == "" {
		return cli.InputError("of which fleet? give --fleet URL, or set $%s, as reprise fleet serve prints it", cli.EnvFleet)
	}
	return nil
}

// dial connects to the fleet that is asked.
func (o *askOptions) dial(ctx context.Context) (*fleet.Conn, error) {
	return cli.DialFleet(ctx, o.where.FleetURL(), fleet.RoleCoordinator, "", nil)
}

func newStatus(a *cli.App, runF func(context.Context, *askOptions) error) *cobra.Command {
	o := &askOptions{App: a}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the workers of a fleet, what is done, and why a worker gets no work",
		Long: `Show each worker with what it has and what it does, each work and who gives it, and the trials that wait.
Where a worker does nothing, it says why: nothing is there to do, it lacks what the trials need, it is told to leave, or
it rests since something went wrong on its machine. --all also shows what each worker cannot, and how to get it.

Exit status: 0, 4 wrong input, 5 the server does not answer, 6 it does not know this key and token.`,
		Example: "  reprise fleet status --fleet URL\n  reprise fleet status --all\n  reprise fleet status --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runStatus)(c.Context(), o)
		},
	}
	cli.FleetFlag(c.Flags(), &o.where.Fleet)
	c.Flags().BoolVarP(&o.all, "all", "a", false, "also what each worker cannot, and how to get it")
	return c
}

func runStatus(ctx context.Context, o *askOptions) error {
	conn, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	s, err := fleet.ReadStatus(ctx, conn)
	if err != nil {
		return cli.AsFleetError(err)
	}
	return o.Show(s, func(w io.Writer) { printStatus(w, s, o.all) })
}

func printStatus(w io.Writer, s fleet.Status, all bool) {
	cli.Line(w, "server   %s, renewed every %s, %.1f MB on its disk", cmp.Or(s.Server, "in this process"), s.Renewal, float64(s.Bytes)/1e6)
	if s.You != "" {
		cli.Line(w, "you      %s", s.You)
	}
	if len(s.Workers) == 0 {
		cli.Line(w, "workers  none: on each machine with labs run reprise worker --join URL, as reprise fleet serve prints it")
	}
	for _, worker := range s.Workers {
		printWorker(w, worker, all)
	}
	if len(s.Works) == 0 {
		cli.Line(w, "works    none: give trials with --fleet URL (reprise rate, isolate, matrix run …)")
	}
	for _, work := range s.Works {
		line := fmt.Sprintf("work     %s of %s%s: %s without a result", work.Work, work.Name, since(work.Since), cli.Plural(work.Queued, "trial"))
		if work.Results > 0 {
			line += fmt.Sprintf(", %s to be fetched", cli.Plural(work.Results, "result"))
		}
		cli.Tell(w, "%s", line)
	}
	for _, n := range s.Needs {
		if n.Waiting+n.Running == 0 {
			continue
		}
		cli.Tell(w, "trials   %d wait, %d run: they need %s", n.Waiting, n.Running, needWords(n.Needs))
		switch {
		case !n.Met:
			cli.Line(w, "         NO WORKER CAN TAKE THEM")
		case n.Waits:
			cli.Line(w, "         NO WORKER TAKES THEM FOR NOW")
		}
		for _, line := range labpool.RefusalLines(n.Refusals) {
			cli.Tell(w, "       %s", line)
		}
	}
}

// printWorker writes a worker, and why it does nothing.
func printWorker(w io.Writer, worker fleet.WorkerStatus, all bool) {
	cli.Tell(w, "worker   %s (%.8s)%s: %d of %s busy; %s", worker.Name, worker.Key, since(worker.Since), worker.Busy, cli.Plural(worker.Slots, "lab"), hasWords(worker.Offer))
	if u := worker.Usage; u.Stored > 0 && u.Share > 0 {
		cli.Tell(w, "           on the server's disk: %.1f of %.0f MB", float64(u.Stored)/1e6, float64(u.Share)/1e6)
	}
	how := "idle"
	if worker.Draining {
		how = "leaving"
	}
	for _, why := range worker.Idle {
		cli.Tell(w, "           %s: %s", how, why)
	}
	if len(worker.Providers) == 0 || all {
		for _, ability := range slices.Sorted(maps.Keys(worker.Abilities)) {
			if why := worker.Abilities[ability]; why != "" {
				cli.Tell(w, "           cannot: %s: %s", ability, why)
			}
		}
	}
}

// since says from when on something is there; empty where that is not known.
func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " since " + at.Local().Format("Mon 15:04:05")
}

// hasWords says what a worker has.
func hasWords(o fleet.Offer) string {
	parts := []string{"labs of " + cmp.Or(strings.Join(o.Kinds, ", "), "no kind") + " with " + cmp.Or(strings.Join(o.Providers, ", "), "nothing")}
	if o.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%g cores", o.Cores))
	}
	if o.KVM {
		parts = append(parts, "KVM")
	}
	images := map[string]bool{} // by digest: one that was sent has no name
	for _, digest := range o.Images {
		images[digest] = true
	}
	parts = append(parts, cli.Plural(len(images), "image"))
	for _, d := range o.Devices {
		parts = append(parts, strings.TrimSpace(d.Name+" ("+d.Platform+" "+d.Model)+")")
	}
	if here, err := cli.Build(); err != nil || o.Version != here {
		parts = append(parts, "version "+o.Version)
	}
	return strings.Join(parts, ", ")
}

// needWords says what trials need.
func needWords(n fleet.Needs) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if n.Kind != "" {
		add("a lab of kind %s", n.Kind)
	}
	if n.Provider != "" {
		add("%s", n.Provider)
	}
	if n.Cores > 0 {
		add("%g cores", n.Cores)
	}
	if n.Memory > 0 {
		add("%d MB of memory", n.Memory/1e6)
	}
	if n.KVM {
		add("KVM")
	}
	for _, i := range n.Images {
		add("%s", i.Ref)
	}
	parts = append(parts, n.Devices...)
	for _, p := range n.Platforms {
		add("a device of %s", p)
	}
	parts = append(parts, n.Abilities...)
	return cmp.Or(strings.Join(parts, ", "), "nothing")
}

// about makes a verb that is about one worker.
func about(a *cli.App, c *cobra.Command, run func(context.Context, *askOptions) error, more func(*askOptions)) *cobra.Command {
	o := &askOptions{App: a}
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.worker = args[0]
		if err := o.check(); err != nil {
			return err
		}
		return run(c.Context(), o)
	}
	c.ValidArgsFunction = completeWorker(a)
	cli.FleetFlag(c.Flags(), &o.where.Fleet)
	if more != nil {
		more(o)
	}
	return c
}

// completeWorker offers the workers of the fleet that the environment names.
func completeWorker(a *cli.App) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(c *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		o := &askOptions{App: a}
		if f := c.Flags().Lookup("fleet"); f != nil {
			o.where.Fleet = f.Value.String()
		}
		if len(args) > 0 || o.where.FleetURL() == "" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		conn, err := o.dial(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer conn.Close()
		if s, err := fleet.ReadStatus(ctx, conn); err == nil {
			for _, worker := range s.Workers {
				names = append(names, worker.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// find connects, and finds the worker that is meant.
func (o *askOptions) find(ctx context.Context) (*fleet.Conn, fleet.Offer, error) {
	conn, err := o.dial(ctx)
	if err != nil {
		return nil, fleet.Offer{}, err
	}
	worker, err := fleet.FindWorker(ctx, conn, o.worker)
	if err != nil {
		conn.Close()
		err = cli.AsFleetError(err)
		if _, known := errors.AsType[*cli.CodedError](err); known {
			return nil, worker, err
		}
		return nil, worker, cli.WithCode(cli.ExitInput, fmt.Errorf("%w (reprise fleet status shows the workers)", err))
	}
	return conn, worker, nil
}

func newDrain(a *cli.App, runF func(context.Context, *askOptions) error) *cobra.Command {
	return about(a, &cobra.Command{
		Use:   "drain WORKER",
		Short: "Have a worker end what it does, and leave",
		Long: `Ask a worker, by its name or the beginning of its key, to take nothing more, to end the trials that run, and to
leave. Nothing is lost and nothing is executed twice.

Exit status: 0 it was asked, 4 there is no such worker, 5 the server does not answer.`,
		Example: "  reprise fleet drain rack-3",
	}, cli.Run(runF, runDrain), nil)
}

func runDrain(ctx context.Context, o *askOptions) error {
	conn, worker, err := o.find(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := fleet.DrainWorker(ctx, conn, worker.Key); err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	return o.Show(asked{Worker: worker.Name, Key: worker.Key, Busy: worker.Busy}, func(w io.Writer) {
		cli.Line(w, "%s ends what it does (%s) and leaves", worker.Name, cli.Plural(worker.Busy, "trial"))
	})
}

// asked is what "fleet drain" and "fleet remove" print with --json: the worker that leaves.
type asked struct {
	Worker string `json:"worker"`
	Key    string `json:"key"`
	Busy   int    `json:"busy"` // trials that it was at
}

func newRemove(a *cli.App, runF func(context.Context, *askOptions) error) *cobra.Command {
	return about(a, &cobra.Command{
		Use:   "remove WORKER",
		Short: "Put a worker out of a fleet at once",
		Long: `Ask a worker, by its name or its key, to leave at once, have others execute what it was at, and have the server of
reprise fleet serve refuse its key for good. The machine knows the URL for workers, so that one is void too: who joins
from now on, this machine by another --name too, takes the one that fleet url prints. The workers that are there stay.

Exit status: 0 it is out, 4 there is no such worker, 5 the server does not answer.`,
		Example: "  reprise fleet remove rack-3",
	}, cli.Run(runF, runRemove), nil)
}

func runRemove(ctx context.Context, o *askOptions) error {
	conn, worker, err := o.find(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := fleet.RemoveWorker(ctx, conn, worker.Key); err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	return o.Show(asked{Worker: worker.Name, Key: worker.Key, Busy: worker.Busy}, func(w io.Writer) {
		cli.Line(w, "%s (%s) is out of the fleet; workers join with another URL from now on: reprise fleet url", worker.Name, worker.Key)
	})
}

// joining is what "fleet url" prints with --json.
type joining struct {
	Worker string `json:"worker"` // URL that workers join with
}

func newURL(a *cli.App, runF func(context.Context, *askOptions) error) *cobra.Command {
	o := &askOptions{App: a}
	c := &cobra.Command{
		Use:   "url",
		Short: "Print the URL that workers join with",
		Long: `Print the URL that workers join with, as it is now: fleet remove, and fleet serve --new-tokens, make another one of
it. It holds a token: who has it can take trials.

Exit status: 0, 4 wrong input, 5 the server does not answer, or is one of others, which has no such URL, 6 it does not
know this key and token.`,
		Example: "  reprise fleet remove rack-3 && reprise fleet url",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runURL)(c.Context(), o)
		},
	}
	cli.FleetFlag(c.Flags(), &o.where.Fleet)
	return c
}

func runURL(ctx context.Context, o *askOptions) error {
	conn, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fleet.ReadStatus(ctx, conn); err != nil { // which ends where the key may not ask
		return cli.AsFleetError(err)
	}
	at, err := fleet.WorkerURL(ctx, conn)
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	return o.Show(joining{at}, func(w io.Writer) { cli.Line(w, "%s", at) })
}

func newLogs(a *cli.App, runF func(context.Context, *askOptions) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "logs WORKER",
		Short: "Show what a worker said last, and what its trials say",
		Long: `Show the last lines of a worker's log. With --follow go on with what its trials say while they run, until
Ctrl-C.

Exit status: 0, 4 there is no such worker, 5 the server or the worker does not answer.`,
		Example: "  reprise fleet logs rack-3 --follow",
	}
	return about(a, c, cli.Run(runF, runLogs), func(o *askOptions) {
		c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what its trials say")
	})
}

func runLogs(ctx context.Context, o *askOptions) error {
	conn, worker, err := o.find(ctx)
	if errors.Is(err, fleet.ErrNoWorker) { // the lines that are asked for are in a worker's memory
		return cli.AsInputError(fmt.Errorf("%w; a worker that has left keeps its log on its own machine, where reprise worker wrote it to standard error", err))
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	lines, err := fleet.WorkerLog(ctx, conn, worker.Key)
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	err = o.Show(lines, func(w io.Writer) {
		for _, l := range lines {
			cli.Tell(w, "%s %s", l.At.Local().Format(time.DateTime), l.Text)
		}
	})
	if err != nil || !o.follow {
		return err
	}
	err = fleet.Watch(ctx, conn, worker.Key, func(p fleet.Progress) { o.Say("%s %s", p.ID, p.Text) })
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
