package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// simFlags say what to simulate.
type simFlags struct {
	dir, scenario string
	exos, voss    int
	links         int
	reboot        time.Duration
	verbose       bool
}

func (a *app) simVerb() *cobra.Command {
	f := &simFlags{}
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
		RunE: func(c *cobra.Command, _ []string) error { return a.runSim(c.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", "sim-lab", "folder for the inventory and the switches' flash; what it holds is used again")
	fl.StringVar(&f.scenario, "scenario", "", "simulate the nodes and links of this scenario")
	fl.IntVar(&f.exos, "exos", 2, "EXOS switches")
	fl.IntVar(&f.voss, "voss", 0, "VOSS switches")
	fl.IntVar(&f.links, "links", 2, "cables from each switch to the next")
	fl.DurationVar(&f.reboot, "reboot", 3*time.Second, "how long a reboot takes")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "print what the switches are told")
	c.ValidArgsFunction = cobra.NoFileCompletions
	_ = c.RegisterFlagCompletionFunc("scenario", a.CompleteScenario) // the flag is there
	return c
}

func (a *app) runSim(ctx context.Context, f *simFlags) error {
	nodes, cables, err := a.simPlan(f)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(f.dir)
	if err != nil {
		return err
	}
	var log func(string)
	if f.verbose {
		log = func(line string) { a.Progress("%s", line) }
	}
	lab, err := cli.StartSims(dir, nodes, cables, f.reboot, log)
	defer func() { _ = lab.Close() }() // they end with the process anyway
	if err != nil {
		return cli.WithCode(cli.ExitEnvironment, err)
	}
	inventory := filepath.Join(dir, "lab.yaml")
	if done, err := a.Emit(map[string]any{"inventory": inventory, "switches": lab.Lines}); done && err != nil {
		return err
	}
	a.Say("%s", sim.Banner)
	for _, line := range lab.Lines {
		a.Say("  %s", line)
	}
	a.Say("password  %s (every switch, users admin and user)", cli.SimPassword)
	a.Say("inventory %s", inventory)
	a.Say("try       reprise lab check --lab %s", relative(inventory))
	a.Say("end them with Ctrl-C")
	<-ctx.Done()
	return nil
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
func (a *app) simPlan(f *simFlags) ([]cli.SimNode, []cli.SimCable, error) {
	if f.scenario != "" {
		p, err := a.Plan(f.scenario, &cli.PlanFlags{Labs: 1})
		if err == nil {
			err = a.Permit(p)
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
	if f.exos < 0 || f.voss < 0 || f.exos+f.voss < 1 || f.exos+f.voss > 64 || f.links < 0 || f.links > cli.SimPorts/2 {
		return nil, nil, cli.InputError("--exos and --voss take 1 to 64 together, --links 0 to %d", cli.SimPorts/2)
	}
	var nodes []cli.SimNode
	for i := range f.exos {
		nodes = append(nodes, cli.SimNode{Name: fmt.Sprintf("exos%d", i+1), Platform: sim.PlatformEXOS})
	}
	for i := range f.voss {
		nodes = append(nodes, cli.SimNode{Name: fmt.Sprintf("voss%d", i+1), Platform: sim.PlatformVOSS})
	}
	var cables []cli.SimCable
	for i := range len(nodes) - 1 {
		for l := range f.links {
			x, y := nodes[i], nodes[i+1]
			cables = append(cables, cli.SimCable{A: x.Name, APort: cli.PortName(x.Platform, f.links+l+1), B: y.Name, BPort: cli.PortName(y.Platform, l+1)})
		}
	}
	return nodes, cables, nil
}
