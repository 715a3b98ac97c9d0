package voss

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Platform is the name that scenarios use.
const Platform = "voss"

//go:embed dialect.yaml
var dialectYAML []byte

//go:embed failures.yaml
var failuresYAML []byte

//go:embed templates/*.textfsm
var templates embed.FS

// Dialect is how the command line speaks.
func Dialect() (*session.Dialect, error) { return session.ParseDialect(dialectYAML) }

// Factory opens drivers of Fabric Engine switches.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// Templates implements drivers.TemplateSource.
func (Factory) Templates() fs.FS { return templates }

// Virtual implements drivers.Virtualised: Virtual_VOSS, after its vendor's own notes and
// licence.
func (Factory) Virtual() drivers.Virtual {
	return drivers.Virtual{
		Cannot: map[string]string{
			"poe":               "a virtual switch powers nothing",
			"optics":            "a virtual switch has no transceivers",
			"vist":              "the virtual form is like an XA1400, whose feature table has no vIST and no SMLT",
			"fast-failover":     "failover takes seconds that a switch does not take",
			"hash-distribution": "traffic is not spread by the switch chip's hash",
			"hardware-tables":   "there are no hardware tables to run out of",
			"asic-counters":     "there is no switch chip that counts",
			"line-rate":         "a virtual switch forwards a fraction of a port's rate",
		},
		Licence: "the licence of Virtual VOSS forbids making results of tests or analysis available to a third party",
	}
}

// Open implements drivers.Factory.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	dialect, err := Dialect()
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	d, err := device.Open(ctx, Platform, dialect, t, prepare)
	if err != nil {
		return nil, err
	}
	if err := d.NameFailuresBy(failuresYAML); err != nil {
		return nil, errors.Join(err, d.Close(ctx))
	}
	return &Driver{Device: d, tails: device.NewLogTails()}, nil
}

// prepare has every session prove which switch it leads to.
func prepare(ctx context.Context, d *device.Device, c *session.CLI) error {
	x, err := c.Run(ctx, drivers.Command{Line: askFacts})
	if err != nil {
		return err
	}
	f, err := parseFacts(x.Output, "")
	if err != nil {
		return err
	}
	return d.SameDevice(f.Details["serial"])
}

// Driver drives one switch.
type Driver struct {
	*device.Device
	tails *device.LogTails

	mu     sync.Mutex
	boot   int       // counts the starts of the switch that this driver has seen
	latest time.Time // the present one was not later than this
}

// Configure implements drivers.Configurer.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	return d.Device.Configure(ctx, lines, []string{"configure terminal"}, []string{"end"})
}

// Boot implements drivers.Booter: the start-up configuration is added to what the switch
// already runs, line by line. Comments and blank lines are passed over.
func (d *Driver) Boot(ctx context.Context) error {
	return d.Apply(ctx, d.Target.Config, "#", d.Configure)
}

// PortDown implements drivers.LinkFlapper.
func (d *Driver) PortDown(ctx context.Context, port string) error {
	return d.setPort(ctx, port, "shutdown", "Disabled")
}

// PortUp implements drivers.LinkFlapper.
func (d *Driver) PortUp(ctx context.Context, port string) error {
	return d.setPort(ctx, port, "no shutdown", "Enabled")
}

// setPort changes a port and looks whether it changed.
func (d *Driver) setPort(ctx context.Context, port, verb, want string) error {
	op := verb + " port " + port
	if err := device.CheckPort(port); err != nil {
		return d.Fail(op, err)
	}
	xs, err := d.Configure(ctx, []string{"interface gigabitEthernet " + port, verb, "exit"})
	if err != nil {
		return d.Fail(op, err)
	}
	for _, x := range xs {
		if x.Rejected != "" {
			return d.Fail(op, fmt.Errorf("%q: %s", x.Command, x.Rejected))
		}
	}
	rows, err := d.Table(ctx, op, "show interfaces gigabitEthernet state "+port, templates, "ports")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r["PORT"] == port && device.Admin(r["ADMIN"]) == want {
			return nil
		}
	}
	return d.Fail(op, device.NotSeen("the port is "+want, rows))
}

// Neighbours implements drivers.NeighbourSource: LLDP.
func (d *Driver) Neighbours(ctx context.Context) ([]drivers.Neighbour, error) {
	rows, err := d.Table(ctx, "ask for neighbours", "show lldp neighbor", templates, "lldp")
	if err != nil {
		return nil, err
	}
	all := make([]drivers.Neighbour, 0, len(rows))
	for _, r := range rows {
		all = append(all, drivers.Neighbour{Port: r["PORT"], Protocol: "lldp", RemoteName: r["NAME"], RemoteID: r["CHASSIS"], RemotePort: r["REMOTE_PORT"]})
	}
	return all, nil
}
