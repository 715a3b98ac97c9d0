package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
)

// workerOptions are what worker was asked.
type workerOptions struct {
	*cli.App
	join, name string
	labs       int
	lab        string // inventory
	acceptNew  bool
	provider   string
	idle       time.Duration
	address    string // by which others reach this machine
	registries []string
	accept     []string // public keys of who may give trials
}

// noParts is what --address says where no parts of labs are built for others.
const noParts = "none"

// parts is what a worker may build of labs that are spread over machines; nil: nothing.
func (o *workerOptions) parts(serve func(context.Context, net.Conn) error) *fleet.Parts {
	if o.address == noParts {
		return nil
	}
	at, _ := netip.ParseAddr(o.address) // check has read it
	return &fleet.Parts{Address: at, Serve: serve}
}

// nameOfWorker is how a worker may be called: names of labs and of files end in it.
var nameOfWorker = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// check tells what is wrong with the options.
func (o *workerOptions) check() error {
	switch {
	case o.join == "":
		return cli.InputError("join what? --join URL, as reprise fleet serve prints it")
	case o.labs < 1 || o.labs > 64:
		return cli.InputError("--labs takes 1 to 64")
	case o.name != "" && !nameOfWorker.MatchString(o.name):
		return cli.InputError("--name %q: want letters, digits, dots, hyphens and underscores, 63 at most", o.name)
	case o.address != "" && o.address != noParts && !isAddress(o.address):
		return cli.InputError("--address %q: want an IP address of this machine, or %s", o.address, noParts)
	case slices.ContainsFunc(o.registries, func(r string) bool { return r == "" || strings.ContainsAny(r, "/@ ") }):
		return cli.InputError("--registry %q: want HOST or HOST:PORT", o.registries)
	case slices.ContainsFunc(o.accept, func(k string) bool { return !fleet.IsKey(k) }):
		return cli.InputError("--accept %q: want public keys, U… of 56 letters and digits, as reprise fleet status says yours", o.accept)
	case o.idle <= 0:
		return cli.InputError("--idle %s: want a time, as 30s", o.idle)
	}
	switch o.provider {
	case "", cli.ProviderContainers, cli.ProviderNamespaces, cli.ProviderMixed, "vm", labpool.HowDevices:
		return nil
	default:
		return cli.NoProvider(o.provider)
	}
}

func isAddress(text string) bool {
	at, err := netip.ParseAddr(text)
	return err == nil && at.IsValid() && !at.IsUnspecified()
}

func newWorker(a *cli.App, runF func(context.Context, *workerOptions) error) *cobra.Command {
	o := &workerOptions{App: a}
	c := &cobra.Command{
		Use:   "worker",
		Short: "Give the labs of this machine to a fleet",
		Long: `Join a fleet and execute its trials in labs of this machine, until Ctrl-C: then the trials that run are ended and
sent, and a second Ctrl-C leaves at once and lets others execute them.

What the machine offers is what reprise doctor finds: what labs can be made of, images, kernel abilities, KVM, and with
--lab the devices of an inventory, by name, platform and model alone. An image that it lacks is sent to it by whoever
has it, or fetched by digest where --registry names the registry, and $REPRISE_REGISTRY does where the trials are given.
Trials whose needs it does not meet are left to others; reprise fleet status says which needs those are.

Every scenario is somebody else's: it gets of this machine what confirm would give it, which is nothing, and what
--trust names. The container engine is such a thing (--trust engine): without it labs are made of namespaces, and take
neither root nor an engine.

Labs may be spread over several machines: a worker builds a part of one where who wants trials asks for it by its key, over a
connection that both sides know each other on; nothing listens on this machine before. Its part is reached, and reaches the others
by UDP, at --address, which is the one by which it reaches the server where nothing else is said; with none it builds no parts.

A worker may be killed, cut off and started again at any time: what it was at is executed elsewhere.

Exit status: 0 ended by Ctrl-C or by fleet drain, 4 wrong input, 5 the server does not answer, or this machine can
build no lab for others, 6 the server does not know this key and token.`,
		Example: `  reprise worker --join 'tls://TOKEN@lab:4222?sha256=…'
  reprise worker --join "$URL" --labs 4 --name rack-3
  reprise worker --join "$URL" --lab lab.yaml --provider lab
  reprise worker --join "$URL" --trust engine
  reprise worker --join "$URL" --address 192.0.2.7`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runWorker)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.join, "join", "", "`URL` of the fleet, as reprise fleet serve prints it for workers")
	fl.IntVar(&o.labs, "labs", 1, "labs side by side")
	fl.StringVar(&o.name, "name", "", "how it is called in records and by reprise fleet (default: the machine's name)")
	fl.StringVar(&o.lab, "lab", "", "offer the devices of this `inventory` (lab.yaml) too; their passwords and addresses stay here")
	fl.BoolVar(&o.acceptNew, "accept-new", false, "with --lab: believe ssh host keys that are not known yet, and keep them")
	fl.StringVar(&o.provider, "provider", "", "`what` labs are made of, and nothing else: namespaces, containers, mixed, vm, or lab, the devices (default: whatever is there)")
	fl.StringVar(&o.address, "address", "", "`ADDRESS` by which the other machines of a lab that is spread over several reach this one; none: it builds no parts of such labs (default: the one by which it reaches the server)")
	fl.DurationVar(&o.idle, "idle", labworker.DefaultIdle, "how long a lab stays up for the next trial of the same plan")
	fl.StringArrayVar(&o.registries, "registry", nil, "fetch images that are asked for by digest and lacking from this registry, `HOST[:PORT]` (repeatable); docker login on this machine says who it is there")
	fl.StringArrayVar(&o.accept, "accept", nil, "take trials of who has this public `KEY`, and of nobody else (repeatable); reprise fleet status tells everybody theirs (default: whoever the server lets give trials)")
	return a.Trusting(c)
}

func runWorker(ctx context.Context, o *workerOptions) (err error) {
	if o.name == "" {
		if o.name, err = os.Hostname(); err != nil || !nameOfWorker.MatchString(o.name) {
			return cli.InputError("this machine's name is %q, and a worker cannot be called so: give --name", o.name)
		}
	}
	state, err := cli.FleetDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(state, "workers", o.name)
	release, err := alone(dir, o.name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	say := func(line string) { o.Progress("%s", line) }
	discreet := &labs.Discreet{Say: say}
	others := labs.ForOthers{Inventory: o.lab, AcceptNew: o.acceptNew, Provider: o.provider, Say: say, Registries: o.registries, Discreet: discreet}
	offered := labs.Offered{Name: o.name, Slots: o.labs, Trust: o.Trust, NoParts: o.address == noParts, ForOthers: others}
	first, err := offered.Offer(ctx)
	if err == nil {
		err = offered.Check(first)
	}
	if err != nil {
		return err
	}
	sweep(ctx, o.App)
	conn, err := cli.DialFleet(ctx, o.join, fleet.RoleWorker, o.name, o.Progress)
	if err != nil {
		return err
	}
	defer conn.Close()
	if mayAsk(ctx, conn, o.join) {
		o.Progress("warning: this is the URL for --fleet, with which this machine may do everything in the fleet: join with the one for workers, which reprise fleet serve prints first")
	}
	reg, err := cli.Registry()
	if err != nil {
		return err
	}
	bench, err := labworker.New(labworker.Settings{
		Labs: others, Registry: reg, Dir: filepath.Join(dir, "runs"), Name: o.name, Slots: o.labs, Trust: o.Trust, Idle: o.idle, Hide: discreet.Hide,
	})
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	first.Key = conn.PublicKey()
	o.Progress("joining the fleet at %s", conn.Server())
	var told error
	w := fleet.NewWorker(conn, &labworker.Executor{Bench: bench, Describe: offered.Offer, Tell: say}, fleet.WorkerOptions{
		Accept: o.accept,
		Parts:  o.parts(offered.ServePart),
		Joined: func() { told = o.Show(first, func(w io.Writer) { printJoined(w, conn.Server(), first) }) },
	})
	err = work(ctx, o.App, w)
	return errors.Join(err, told, bench.Close(context.WithoutCancel(ctx)))
}

// mayAsk reports whether who joined with a URL of reprise fleet serve may do more than a worker. Of another server, which
// does not tell roles apart by URLs, it is false.
func mayAsk(ctx context.Context, conn *fleet.Conn, at string) bool {
	if !strings.Contains(at, "sha256=") {
		return false
	}
	_, err := fleet.ReadStatus(ctx, conn)
	return err == nil
}

// work runs a worker until ctx ends, which drains it; another signal ends it at once.
func work(ctx context.Context, a *cli.App, w *fleet.Worker) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		a.Progress("ending the trials that run, and leaving; Ctrl-C again leaves at once")
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(again)
		w.Drain()
		select {
		case <-over:
		case <-again:
			stop()
		}
	}()
	err := w.Run(running)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// alone makes the folder of a worker, and keeps another of the same name out of it.
func alone(dir, name string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cli.WithCode(cli.ExitEnvironment, fmt.Errorf("make the worker's folder: %w", err))
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, cli.WithCode(cli.ExitEnvironment, fmt.Errorf("lock the worker's folder: %w", err))
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(cli.WithCode(cli.ExitEnvironment, fmt.Errorf("a worker called %s runs on this machine already: give --labs to that one, or --name to this one", name)), lock.Close())
	}
	return lock.Close, nil
}

// sweep removes labs that a worker left which was killed.
func sweep(ctx context.Context, a *cli.App) {
	spaces, err := labs.OpenSpaces()
	if err != nil {
		return // it is told by what the machine offers
	}
	defer spaces.Close() //nolint:errcheck // it holds nothing
	removed, err := spaces.GC(ctx, time.Now())
	if err != nil {
		a.Progress("warning: clean up: %v", err)
	}
	if len(removed) > 0 {
		a.Progress("removed what was left of %s", strings.Join(removed, ", "))
	}
}

func printJoined(w io.Writer, server string, offer fleet.Offer) {
	cli.Tell(w, "%s is in the fleet at %s as %s: %s, %s", offer.Name, server, offer.Key, cli.Plural(offer.Slots, "lab"), hasWords(offer))
}
