package fleet

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// serveOptions are what "fleet serve" was asked.
type serveOptions struct {
	*cli.App
	listen, advertise, dir string
	renewal                time.Duration
	store                  int64 // megabytes
	newTokens              bool
}

// check tells what is wrong with the options.
func (o *serveOptions) check() error {
	switch {
	case o.renewal < 0 || o.renewal > 0 && o.renewal < 100*time.Millisecond:
		return cli.InputError("--renewal %s: want 100ms or more, as 5s", o.renewal)
	case o.store < 0:
		return cli.InputError("--max-store %d: want megabytes, or 0 for half of what is free", o.store)
	}
	return nil
}

func newServe(a *cli.App, runF func(context.Context, *serveOptions) error) *cobra.Command {
	o := &serveOptions{App: a}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server of a fleet, and print how to join it",
		Long: `Run a NATS JetStream server in this process until Ctrl-C, with its state on the disk: killed and started
again, it goes on where it was, and so does every work.

At the first start it makes a TLS certificate and two tokens. The URL for workers lets a machine take trials and send
back results; the other one lets somebody give trials, and see and end everything in the fleet: give it to whom you
would give a shell in a lab. Each holds the digest of the certificate, so that nobody can stand in between.
Whoever joined once is known by a key of their own. --new-tokens makes the URLs that were given out void;
fleet remove makes a worker unknown.

Exit status: 0 ended by Ctrl-C, 4 wrong input, 5 the port is taken, or the folder cannot be written.`,
		Example: `  reprise fleet serve
  reprise fleet serve --listen 0.0.0.0:4333 --advertise lab.example.org`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runServe)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.listen, "listen", "0.0.0.0:4222", "`ADDRESS:PORT` to listen at; port 0 takes a free one")
	fl.StringVar(&o.advertise, "advertise", "", "`HOST` or HOST:PORT by which others reach this machine (default: the address that leads out)")
	fl.DurationVar(&o.renewal, "renewal", 0, "how often workers say that they are alive: a dead one's trial begins elsewhere within twice that (default: as before, at first 5s)")
	fl.Int64Var(&o.store, "max-store", 0, "most `megabytes` on the disk (default: half of what is free)")
	fl.StringVar(&o.dir, "dir", "", "folder of the server's state (default: reprise/fleet/server in $XDG_STATE_HOME, else in ~/.local/state)")
	fl.BoolVar(&o.newTokens, "new-tokens", false, "make the URLs void that were given out, and print new ones; who joined stays")
	return c
}

// served is what "fleet serve" prints with --json, once, when the server is there.
type served struct {
	Worker      string `json:"worker"`      // URL that workers join with
	Coordinator string `json:"coordinator"` // URL for --fleet
	Listen      string `json:"listen"`
	Dir         string `json:"dir"`
}

func runServe(ctx context.Context, o *serveOptions) (err error) {
	dir := o.dir
	if dir == "" {
		state, err := cli.FleetDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(state, "server")
	}
	s, err := server.Start(ctx, server.Options{Dir: dir, Listen: o.listen, Advertise: o.advertise, Renewal: o.renewal, MaxStore: o.store << 20, Log: cli.TellLog(o.Progress)})
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if o.newTokens {
		if err := s.RenewTokens(); err != nil {
			return err
		}
	}
	out := served{Worker: s.URL(fleet.RoleWorker), Coordinator: s.URL(fleet.RoleCoordinator), Listen: s.Addr(), Dir: dir} //nolint:contextcheck // it only looks which address leads out
	if err := o.Show(out, func(w io.Writer) { printServed(w, out) }); err != nil {
		return err
	}
	<-ctx.Done()
	o.Progress("the server ends; what was given to it stays in %s", dir)
	return nil
}

func printServed(w io.Writer, out served) {
	cli.Line(w, "the fleet's server listens at %s; its state is in %s", out.Listen, out.Dir)
	cli.Line(w, "")
	cli.Line(w, "on each machine with labs:")
	cli.Line(w, "  reprise worker --join '%s'", out.Worker)
	cli.Line(w, "")
	cli.Line(w, "for who wants trials (it may do everything in the fleet):")
	cli.Line(w, "  export %s='%s'", cli.EnvFleet, out.Coordinator)
	cli.Line(w, "  reprise fleet status")
	cli.Line(w, "  reprise rate SCENARIO")
}
