package exos

import (
	"context"
	"embed"
	"io/fs"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// Platform is the name that scenarios use.
const Platform = "exos"

//go:embed dialect.yaml
var dialectYAML []byte

//go:embed failures.yaml
var failuresYAML []byte

//go:embed templates/*.textfsm
var templates embed.FS

// Factory opens drivers of Switch Engine switches.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// Templates implements drivers.TemplateSource.
func (Factory) Templates() fs.FS { return templates }

// Virtual implements drivers.Virtualised: Virtual_EXOS, after its vendor's own notes.
func (Factory) Virtual() drivers.Virtual {
	return drivers.Virtual{Cannot: map[string]string{
		"poe":               "a virtual switch powers nothing",
		"optics":            "a virtual switch has no transceivers",
		"stacking":          "a virtual switch does not stack",
		"ecmp":              "the virtual form does not support ECMP",
		"vxlan-data-plane":  "VXLAN can be configured and forwards nothing",
		"vpls-data-plane":   "VPLS and VPWS can be configured and forward nothing",
		"fast-failover":     "failover takes seconds that a switch does not take: up to 10 s for MLAG",
		"hash-distribution": "traffic is not spread by the switch chip's hash",
		"hardware-tables":   "there are no hardware tables to run out of",
		"asic-counters":     "there is no switch chip that counts",
		"line-rate":         "a virtual switch forwards a fraction of a port's rate",
	}}
}

// system is what a Switch Engine switch does in its own way.
func system() device.System {
	return device.System{
		Platform: Platform, Dialect: dialectYAML, Failures: failuresYAML,
		Identity: askFacts, Serial: serial,
		ShowConfig: "show configuration", ConfigHas: "# Module ",
		Persists:  regexp.MustCompile(`(?i)^(?:sa|sav|save|use|unconf\w*|unconfigure|download|install|uninstall|rm|mv|cp|tftp|tftpget|scp2?|edit|synchronize|load|run|upgrade)\b`),
		ListFiles: "ls", FileName: func(name string) string { return name + ".cfg" },
		Remove: func(name string) (string, []drivers.Reply) {
			return "rm " + name + ".cfg", yes(`(?i)remove|delete|rm\b`)
		},
		// "show tech all" is the older form of it.
		Tech: []string{"show tech-support all", "show tech all"}, TechReplies: yes(`(?i)continue`),
		// Features without a licence answer with a refusal of their own in the middle.
		TechBegun: func(answer string) bool { return strings.Contains(answer, "->") }, TechLacks: techMissing,
	}
}

// Open implements drivers.Factory.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	s, err := device.OpenSwitch(ctx, system(), t)
	if err != nil {
		return nil, err
	}
	return &Driver{s}, nil
}

// serial is the serial number in the answer to askFacts.
func serial(answer string) (string, error) {
	f, err := parseFacts(answer, "")
	return f.Details["serial"], err
}

// Driver drives one switch.
type Driver struct{ *device.Switch }

// PortDown implements drivers.LinkFlapper.
func (d *Driver) PortDown(ctx context.Context, port string) error {
	return d.setPort(ctx, port, "disable", "Disabled")
}

// PortUp implements drivers.LinkFlapper.
func (d *Driver) PortUp(ctx context.Context, port string) error {
	return d.setPort(ctx, port, "enable", "Enabled")
}

// setPort changes a port and looks whether it changed.
func (d *Driver) setPort(ctx context.Context, port, verb, want string) error {
	op := verb + " port " + port
	if err := device.CheckPort(port); err != nil {
		return d.Fail(op, err)
	}
	if _, err := d.Ask(ctx, op, verb+" ports "+port); err != nil {
		return err
	}
	rows, err := d.Table(ctx, op, "show ports "+port+" configuration no-refresh", templates, "ports")
	if err != nil {
		return err
	}
	for _, r := range rows { // one alone is that of the port, by whatever display string it goes
		if (r["PORT"] == port || len(rows) == 1) && device.Admin(r["STATE"]) == want {
			return nil
		}
	}
	return d.Fail(op, device.NotSeen("the port is "+want, rows))
}

// Neighbours implements drivers.NeighbourSource: LLDP and EDP.
func (d *Driver) Neighbours(ctx context.Context) ([]drivers.Neighbour, error) {
	const op = "ask for neighbours"
	var all []drivers.Neighbour
	rows, unread, err := d.TablePart(ctx, op, "show lldp neighbors", templates, "lldp")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		all = append(all, drivers.Neighbour{Port: r["PORT"], Protocol: "lldp", RemoteName: advertised(r["NAME"]), RemoteID: r["CHASSIS"], RemotePort: r["REMOTE_PORT"]})
	}
	rows, more, err := d.TablePart(ctx, op, "show edp ports all", templates, "edp")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		all = append(all, drivers.Neighbour{Port: r["PORT"], Protocol: "edp", RemoteName: r["NAME"], RemoteID: r["ID"], RemotePort: r["REMOTE_PORT"]})
	}
	if unread = append(unread, more...); len(unread) > 0 {
		return all, d.Fail(op, &drivers.UnreadError{Rows: unread})
	}
	return all, nil
}

// advertised is empty for what a neighbour does not say.
func advertised(s string) string {
	if s == "Not-Advertised" {
		return ""
	}
	return s
}
