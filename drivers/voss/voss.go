package voss

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// Platform is the name that scenarios use.
const Platform = "voss"

//go:embed dialect.yaml
var dialectYAML []byte

//go:embed failures.yaml
var failuresYAML []byte

//go:embed templates/*.textfsm
var templates embed.FS

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

// system is what a Fabric Engine switch does in its own way.
func system() device.System {
	return device.System{
		Platform: Platform, Dialect: dialectYAML, Failures: failuresYAML,
		Identity: askFacts, Serial: serial,
		Enter: []string{"configure terminal"}, Leave: []string{"end"},
		ShowConfig: "show running-config", ConfigHas: "# software version", Clean: cleanConfig,
		Persists:  regexp.MustCompile(`(?i)^(?:sav?e?|backup|boot|reset|remove|delete|copy|cp|mv|move|rename|software|source|run|ftp|tftp|edit|restore|no boot)\b`),
		ListFiles: "ls /intflash/", FileName: file,
		Remove: func(name string) (string, []drivers.Reply) {
			return "remove " + file(name) + " -y", []drivers.Reply{{Question: `(?i)remove|delete|sure`, Answer: "y"}}
		},
		// No public source tells of an end marker: the prompt behind the answer is the only end,
		// and what is checked is that the parts are there that a case needs.
		Tech:      []string{"show fulltech", "show tech"},
		TechBegun: func(answer string) bool { return len(answer) >= 2000 }, TechLacks: techMissing,
	}
}

// Open implements drivers.Factory.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	s, err := device.OpenSwitch(ctx, system(), t)
	if err != nil {
		return nil, err
	}
	return &Driver{Switch: s}, nil
}

// serial is the serial number in the answer to askFacts.
func serial(answer string) (string, error) {
	f, err := parseFacts(answer, "")
	return f.Details["serial"], err
}

// Driver drives one switch.
type Driver struct {
	*device.Switch

	mu     sync.Mutex
	boot   int       // counts the starts of the switch that this driver has seen
	latest time.Time // the present one was not later than this
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
