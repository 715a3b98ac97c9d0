package linux

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// Platform is the name that scenarios use.
const Platform = "linux"

// script is where the start-up configuration lies in the node.
const script = "/etc/reprise/setup.sh"

// Factory opens drivers of Linux nodes.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// TellsStatus implements drivers.StatusTeller: a line is a command of the shell.
func (Factory) TellsStatus() bool { return true }

// RunsAnyService implements drivers.ServiceRunner.
func (Factory) RunsAnyService() bool { return true }

// Daemons implements drivers.DaemonLister.
func (Factory) Daemons() []string { return Known() }

// Open implements drivers.Factory.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	n, err := node.Open(ctx, Platform, failuresYAML, t)
	if err != nil {
		return nil, err
	}
	n.SetVolatile(settle())
	d := &Driver{Node: n}
	var services []node.Service
	for _, s := range t.Services {
		k := service(s)
		services = append(services, k.Service)
		d.touches = d.touches || k.touches
	}
	n.SetServices(services)
	n.StartBy(node.Start{SetUp: d.setUp, Daemons: n.StartAll})
	return d, nil
}

// Driver drives one Linux node.
type Driver struct {
	*node.Node
	touches bool // a service changes addresses or routes
}

// Absent implements drivers.ProgramSeeker: a line of Run is a shell line too.
func (d *Driver) Absent(ctx context.Context, line string, _ bool) ([]string, error) {
	return d.Node.Absent(ctx, line, true)
}

// Parts implements drivers.PartTeller: a line of Run is a shell line too.
func (d *Driver) Parts(line string, _ bool) []drivers.HiddenPart { return d.Node.Parts(line, true) }

// Refusal implements drivers.Refuser: a line of Run is a shell line too.
func (d *Driver) Refusal(command string, _ bool, answer string) string {
	return d.Node.Refusal(command, true, answer)
}

// Untaken implements drivers.UntakenTeller: a line of Run is a shell line too.
func (d *Driver) Untaken(command string, _ bool, answer string) string {
	return d.Node.Untaken(command, true, answer)
}

// Run implements drivers.Driver: a shell line.
func (d *Driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	return d.Shell(ctx, c)
}

// Configure implements drivers.Configurer: every line is a shell line, and one that
// exits with another status than 0 was refused.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	var done []drivers.Exchange
	for _, line := range lines {
		absent, _ := d.Node.Absent(ctx, line, true) // the line itself tells what is wrong with the session
		x, err := d.Shell(ctx, drivers.Command{Line: line})
		if err != nil {
			return done, err
		}
		d.ForgetPrograms()
		if len(absent) > 0 && x.Exit == 0 {
			if absent, err = d.Node.Absent(ctx, line, true); err == nil && len(absent) > 0 {
				x.Rejected = strings.Join(absent, ", ") + ": not found"
			}
		}
		if x.Exit != 0 {
			x.Rejected = strings.TrimSpace(x.Output)
			if x.Rejected == "" {
				x.Rejected = fmt.Sprintf("exit status %d", x.Exit)
			}
		}
		done = append(done, x)
		if x.Rejected != "" {
			break
		}
	}
	return done, nil
}

// setUp runs the start-up configuration, a script.
func (d *Driver) setUp(ctx context.Context) error {
	if len(d.Target.Config) == 0 {
		return nil
	}
	if err := d.Put(ctx, script, d.Target.Config, 0o755); err != nil {
		return err
	}
	_, err := d.Control(ctx, "run set-up script", "sh -e "+script)
	if err != nil && !errors.Is(err, drivers.ErrTimeout) {
		return fmt.Errorf("%w: %w", drivers.ErrRefused, err)
	}
	return err
}

// ResetConfig implements drivers.ConfigResetter.
func (d *Driver) ResetConfig(ctx context.Context) error {
	if d.touches {
		return d.Fail("reset configuration", fmt.Errorf("a service here changes addresses itself: %w; restart the daemons instead", drivers.ErrUnsupported))
	}
	return d.RestoreNetwork(ctx)
}

// Facts implements drivers.FactSource. The version is the distribution's.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	names := []string{"iproute2"}
	for _, s := range d.Services() {
		names = append(names, s.Name)
	}
	details, err := d.Packages(ctx, names...)
	if err != nil {
		return drivers.Facts{}, err
	}
	if err := d.System(ctx, details); err != nil {
		return drivers.Facts{}, err
	}
	return drivers.Facts{Platform: Platform, Version: details["os"], Details: details}, nil
}

// EvidenceCommands implements drivers.EvidenceSource.
func (d *Driver) EvidenceCommands() []string {
	commands := []string{
		"ip -d -s link show", "ip addr show", "ip route show table all", "ip -6 route show table all", "ip neigh show",
		"bridge -d link show", "bridge fdb show", "bridge vlan show", "tc -s qdisc show", "ss -ntulp", "ps axf",
	}
	for _, s := range d.Services() {
		switch s.Name {
		case "keepalived":
			commands = append(commands, "cat /etc/keepalived/keepalived.conf")
		case "lldpd":
			commands = append(commands, "lldpcli show neighbors details", "lldpcli show interfaces", "lldpcli show statistics")
		case "bird":
			commands = append(commands, "birdc show protocols all", "birdc show route all")
		}
	}
	return commands
}
