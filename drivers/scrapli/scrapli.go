package scrapli

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Prefix is what platform names begin with.
const Prefix = "scrapli:"

// Factory opens drivers of one of scrapligo's platforms.
type Factory struct {
	Name string // as scrapligo names it: arista_eos
}

// Factories gives one per platform.
func Factories() []Factory {
	var all []Factory
	for _, n := range Names() {
		all = append(all, Factory{Name: n})
	}
	return all
}

// Platform implements drivers.Factory.
func (f Factory) Platform() string { return Prefix + f.Name }

// Open implements drivers.Factory.
func (f Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	fail := func(err error) (drivers.Driver, error) {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	def, err := load(f.Name)
	if err != nil {
		return fail(err)
	}
	dialect, err := def.dialect(f.Name)
	if err != nil {
		return fail(err)
	}
	var enable drivers.Secret
	if t.Access != nil {
		if enable, err = drivers.ResolveSecret(t.Access.Enable); err != nil {
			return fail(err)
		}
	}
	d := &Driver{definition: def, enable: enable}
	if d.Device, err = device.Open(ctx, f.Platform(), dialect, t, d.prepare); err != nil {
		return nil, err
	}
	return d, nil
}

// Driver drives one peer.
type Driver struct {
	*device.Device
	definition *definition
	enable     drivers.Secret
}

// prepare raises a fresh session to the level that the platform wants, and has it not page.
// What the account may not do is left: the session then stays where it is.
func (d *Driver) prepare(ctx context.Context, _ *device.Device, c *session.CLI) error {
	for _, l := range d.definition.way(d.definition.Default.Desired) {
		if l.Escalate == "" {
			continue
		}
		if _, err := c.Run(ctx, drivers.Command{Line: l.Escalate, Replies: []drivers.Reply{{Question: `(?i)password`, Secret: d.enable}}}); err != nil {
			return err
		}
	}
	for _, op := range d.definition.Default.OnOpen {
		if op.Operation == "driver.send-command" {
			if _, err := c.Run(ctx, drivers.Command{Line: op.Command}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Configure implements drivers.Configurer, in the platform's level "configuration"; a
// platform without one takes configuration lines where it stands. Where changes must be
// committed, the lines say so themselves.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	var enter, leave []string
	if l, ok := d.definition.Default.Levels["configuration"]; ok && l.Escalate != "" {
		enter, leave = []string{l.Escalate}, []string{l.Deescalate}
	}
	return d.Device.Configure(ctx, lines, enter, leave)
}

// Boot implements drivers.Booter: the start-up configuration is added line by line.
func (d *Driver) Boot(ctx context.Context) error {
	return d.Apply(ctx, d.Target.Config, "!", d.Configure)
}

// Facts implements drivers.FactSource: the version, from "show version".
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	const op = "ask for facts"
	out, err := d.Ask(ctx, op, "show version")
	if err != nil {
		return drivers.Facts{}, err
	}
	f := drivers.Facts{Platform: d.Platform().Name, Details: map[string]string{}}
	m := regexp.MustCompile(`(?i)\b(?:software image version|version|junos|release)\b[:,]?\s+v?(\d[\w.()\-]*)`).FindStringSubmatch(out)
	if m == nil {
		return f, d.Fail(op, fmt.Errorf("show version names no version: %q", out[:min(300, len(out))]))
	}
	f.Version = m[1]
	if s := regexp.MustCompile(`(?i)\b(?:serial number|processor board id|chassis serial)\b[:\s]+(\S+)`).FindStringSubmatch(out); s != nil {
		f.Details["serial"] = s[1]
	}
	return f, nil
}

// EvidenceCommands implements drivers.EvidenceSource. Which of them a platform knows is for
// it to say: a refusal is recorded as one.
func (d *Driver) EvidenceCommands() []string {
	commands := []string{"show version", "show lldp neighbors"}
	if strings.Contains(d.Platform().Name, "junos") {
		return append(commands, "show configuration", "show interfaces terse", "show route")
	}
	return append(commands, "show running-config", "show interfaces", "show ip route", "show vlan", "show mac address-table")
}
