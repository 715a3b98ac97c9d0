package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// simOptions are what sim was asked to simulate.
type simOptions struct {
	*cli.App
	dir, scenario string
	exos, voss    int
	links         int
	reboot        time.Duration
	verbose       bool
}

// check tells what is wrong with the options. A scenario says itself what it needs.
func (o *simOptions) check() error {
	if o.scenario == "" && (o.exos < 0 || o.voss < 0 || o.exos+o.voss < 1 || o.exos+o.voss > 64 || o.links < 0 || o.links > cli.SimPorts/2) {
		return cli.InputError("--exos and --voss take 1 to 64 together, --links 0 to %d", cli.SimPorts/2)
	}
	return nil
}

func newSim(a *cli.App, runF func(context.Context, *simOptions) error) *cobra.Command {
	o := &simOptions{App: a}
	c := &cobra.Command{
		Use:   "sim",
		Short: "Simulate EXOS and VOSS command lines, for people without switches",
		Long: `Start simulated switches with an inventory of them, and serve ssh, telnet and a
console on this machine until Ctrl-C. They keep state: VLANs, ports, saved
configurations, logs, reboots.

They have no data plane. What is made on them is marked, never counts as a
reproduction, and cannot be escalated as one.`,
		Example: `  reprise sim                          # two EXOS switches with two cables
  reprise sim --scenario exos-ospf-mtu # those that a scenario needs
  reprise lab list --lab sim-lab/lab.yaml
  reprise run exos-ospf-mtu --lab sim-lab/lab.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runSim)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.dir, "dir", "sim-lab", "folder for the inventory and the switches' flash; what it holds is used again")
	fl.StringVar(&o.scenario, "scenario", "", "simulate the nodes and links of this scenario")
	fl.IntVar(&o.exos, "exos", 2, "EXOS switches")
	fl.IntVar(&o.voss, "voss", 0, "VOSS switches")
	fl.IntVar(&o.links, "links", 2, "cables from each switch to the next")
	fl.DurationVar(&o.reboot, "reboot", 3*time.Second, "how long a reboot takes")
	fl.BoolVarP(&o.verbose, "verbose", "v", false, "print what the switches are told")
	c.ValidArgsFunction = cobra.NoFileCompletions
	_ = c.RegisterFlagCompletionFunc("scenario", a.CompleteScenario) // the flag is there
	return a.Trusting(c)
}

func runSim(ctx context.Context, o *simOptions) error {
	nodes, cables, err := simPlan(o)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	var log func(string)
	if o.verbose {
		log = func(line string) { o.Progress("%s", line) }
	}
	lab, err := cli.StartSims(dir, nodes, cables, o.reboot, log)
	defer func() { _ = lab.Close() }() // they end with the process anyway
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	out := simulated{filepath.Join(dir, "lab.yaml"), lab.Lines}
	if err := o.Show(out, func(w io.Writer) { printSimulated(w, out) }); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// simulated is what sim prints with --json.
type simulated struct {
	Inventory string   `json:"inventory"`
	Switches  []string `json:"switches"` // how to reach each
}

// printSimulated writes how to reach the switches, for people.
func printSimulated(w io.Writer, out simulated) {
	cli.Line(w, "%s", sim.Banner)
	for _, line := range out.Switches {
		cli.Line(w, "  %s", line)
	}
	cli.Line(w, "password  %s (every switch, users admin and user)", cli.SimPassword)
	cli.Line(w, "inventory %s", out.Inventory)
	cli.Line(w, "try       reprise lab check --lab %s", relative(out.Inventory))
	cli.Line(w, "end them with Ctrl-C")
}

// relative is a path as a person in this folder would type it.
func relative(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if r, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(r, "..") {
			return r
		}
	}
	return path
}

// simPlan is what to start.
func simPlan(o *simOptions) ([]cli.SimNode, []cli.SimCable, error) {
	if o.scenario != "" {
		p, err := o.Plan(o.scenario, &cli.PlanFlags{Labs: 1})
		if err == nil {
			err = o.Permit(p)
		}
		if err != nil {
			return nil, nil, err
		}
		platforms := map[string]string{}
		for _, n := range p.Nodes {
			platforms[n.Name] = n.Platform
		}
		return cli.SimsFor(p.Topology, platforms)
	}
	var nodes []cli.SimNode
	for i := range o.exos {
		nodes = append(nodes, cli.SimNode{Name: fmt.Sprintf("exos%d", i+1), Platform: sim.PlatformEXOS})
	}
	for i := range o.voss {
		nodes = append(nodes, cli.SimNode{Name: fmt.Sprintf("voss%d", i+1), Platform: sim.PlatformVOSS})
	}
	var cables []cli.SimCable
	for i := range len(nodes) - 1 {
		for l := range o.links {
			x, y := nodes[i], nodes[i+1]
			cables = append(cables, cli.SimCable{A: x.Name, APort: cli.PortName(x.Platform, o.links+l+1), B: y.Name, BPort: cli.PortName(y.Platform, l+1)})
		}
	}
	return nodes, cables, nil
}
