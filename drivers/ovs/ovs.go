package ovs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
	"github.com/reprise-lab/reprise/drivers/refusals"
)

// Platform is the name that scenarios use.
const Platform = "ovs"

const (
	database  = "/etc/openvswitch/conf.db"
	serverLog = "/var/log/openvswitch/ovsdb-server.log"
	switchLog = "/var/log/openvswitch/ovs-vswitchd.log"
	booted    = "/run/reprise/ovs.show"
)

// Factory opens drivers of Open vSwitch nodes.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// TellsStatus implements drivers.StatusTeller: a line is a command of its tools.
func (Factory) TellsStatus() bool { return true }

// Daemons implements drivers.DaemonLister.
func (Factory) Daemons() []string { return []string{"ovsdb-server", "ovs-vswitchd"} }

// Open implements drivers.Factory. Services may give further arguments to
// ovsdb-server and ovs-vswitchd; others are not run here.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	services, err := plan(t.Services)
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	n, err := node.Open(ctx, Platform, failuresYAML, t)
	if err != nil {
		return nil, err
	}
	n.SetVolatile(settle())
	n.SetServices(services)
	d := &Driver{Node: n}
	n.StartBy(node.Start{Daemons: d.boot})
	return d, nil
}

func plan(named []drivers.Service) ([]node.Service, error) {
	services := []node.Service{
		{
			Name: "ovsdb-server",
			Argv: []string{"ovsdb-server", database, "--remote=punix:/run/openvswitch/db.sock", "--pidfile", "--log-file=" + serverLog, "-vconsole:off"},
			Before: `mkdir -p /run/openvswitch /var/log/openvswitch /etc/openvswitch
rm -f /run/openvswitch/db.sock /run/openvswitch/ovsdb-server.pid /etc/openvswitch/.conf.db.~lock~
[ -e ` + database + ` ] || ovsdb-tool create ` + database + ` /usr/share/openvswitch/vswitch.ovsschema || exit 7`,
			Ready: "ovs-vsctl --timeout=2 --no-wait init",
			Logs:  []string{serverLog},
			Own:   true,
			Quiet: quiet("ovsdb-server"),
		},
		{
			Name:   "ovs-vswitchd",
			Argv:   []string{"ovs-vswitchd", "unix:/run/openvswitch/db.sock", "--pidfile", "--log-file=" + switchLog, "-vconsole:off", "--disable-system"},
			Before: "rm -f /run/openvswitch/ovs-vswitchd.pid /run/openvswitch/*.mgmt /run/openvswitch/ovs-vswitchd.*.ctl",
			Ready:  "ovs-appctl -T 2 version",
			Logs:   []string{switchLog},
			Own:    true,
			Quiet:  quiet("ovs-vswitchd"),
		},
	}
	for _, s := range named {
		i := slices.IndexFunc(services, func(x node.Service) bool { return x.Name == s.Name })
		if i < 0 {
			return nil, fmt.Errorf("service %q: an ovs node runs ovsdb-server and ovs-vswitchd: %w", s.Name, drivers.ErrUnsupported)
		}
		services[i].Argv = append(services[i].Argv, s.Args...)
	}
	return services, nil
}

// quiet prints the first module of a daemon that does not log at level info to its file, as it
// does from the start on (ovs-appctl(8), vlog/list: module, console, syslog, file).
func quiet(daemon string) string {
	return "ovs-appctl -T 3 -t " + daemon + ` vlog/list 2>/dev/null | awk 'NR > 2 && $4 !~ /^(INFO|DBG)$/ { print "module " $1 " has level " $4 " for its file"; exit }'`
}

// Driver drives one Open vSwitch node.
type Driver struct {
	*node.Node
}

// Absent implements drivers.ProgramSeeker: a line of Run is a shell line too.
func (d *Driver) Absent(ctx context.Context, line string, _ bool) ([]string, error) {
	return d.Node.Absent(ctx, line, true)
}

// Parts implements drivers.PartTeller: a line of Run is a shell line too.
func (d *Driver) Parts(line string, _ bool) []drivers.HiddenPart { return d.Node.Parts(line, true) }

// Run implements drivers.Driver.
func (d *Driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	if c.Timeout <= 0 {
		c.Timeout = drivers.DefaultTimeout
	}
	line := c.Line
	c.Line = complete(line, c.Timeout)
	x, err := d.Shell(ctx, c)
	x.Command = line
	if err == nil && x.Exit != 0 {
		x.Rejected = strings.TrimSpace(x.Output)
		if x.Rejected == "" {
			x.Rejected = fmt.Sprintf("exit status %d", x.Exit)
		}
	}
	if err == nil && x.Rejected == "" {
		x.Rejected = refusals.Within(refusals.OVS, x.Output)
	}
	return x, err
}

// Refusal implements drivers.Refuser: of a port that could not be set up, whatever else stands there. A line of Run has been
// asked for that already.
func (d *Driver) Refusal(command string, shell bool, answer string) string {
	if shell && slices.Contains(refusals.InShell(command), refusals.OVS) {
		return cmp.Or(refusals.Within(refusals.OVS, answer), d.Node.Refusal(command, true, answer))
	}
	return d.Node.Refusal(command, shell, answer)
}

// Untaken implements drivers.UntakenTeller: a line of Run is a shell line too.
func (d *Driver) Untaken(command string, _ bool, answer string) string {
	return d.Node.Untaken(command, true, answer)
}

// Stops implements drivers.Stopper: lines are the shell's, with the tool left out or not.
func (d *Driver) Stops(line string, _ bool, process string) []string {
	return d.Node.Stops(line, true, process)
}

// complete names the tool where the line does not, and gives it its time limit.
func complete(line string, timeout time.Duration) string {
	tool, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	limit := max(1, int((timeout-2*time.Second)/time.Second))
	switch {
	case tool == "ovs-vsctl":
		return fmt.Sprintf("ovs-vsctl --timeout=%d %s", limit, rest)
	case tool == "ovs-appctl" || tool == "ovs-ofctl" || tool == "ovs-dpctl" || tool == "ovsdb-client":
		return fmt.Sprintf("%s --timeout=%d %s", tool, limit, rest)
	case strings.HasPrefix(tool, "ovs") || tool == "vtep-ctl":
		return fmt.Sprintf("timeout %d %s", limit, line)
	}
	return fmt.Sprintf("ovs-vsctl --timeout=%d %s", limit, line)
}

// Configure implements drivers.Configurer.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	var done []drivers.Exchange
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		x, err := d.Run(ctx, drivers.Command{Line: line})
		if err != nil {
			return done, err
		}
		done = append(done, x)
		if x.Rejected != "" {
			break
		}
	}
	return done, nil
}

func (d *Driver) boot(ctx context.Context) error {
	if _, err := d.Control(ctx, "forget database", "rm -f "+database); err != nil {
		return err
	}
	if err := d.StartAll(ctx); err != nil {
		return err
	}
	if err := d.configure(ctx); err != nil {
		crashed, err2 := d.Crashed(ctx)
		if crashed {
			return err2
		}
		return errors.Join(err, err2)
	}
	show, err := d.show(ctx)
	if err != nil {
		return err
	}
	return d.Put(ctx, booted, []byte(show), 0o644)
}

// configure runs the start-up configuration.
func (d *Driver) configure(ctx context.Context) error {
	done, err := d.Configure(ctx, strings.Split(string(d.Target.Config), "\n"))
	if err != nil {
		return err
	}
	if n := len(done); n > 0 && done[n-1].Rejected != "" {
		return d.Fail("load start-up configuration", fmt.Errorf("%w: %q: %s", drivers.ErrRefused, done[n-1].Command, done[n-1].Rejected))
	}
	return nil
}

// show is the configured part of the database, and the flows and groups of every
// bridge, in a form that can be compared: without row identifiers and counters.
func (d *Driver) show(ctx context.Context) (string, error) {
	const script = `t() { ovs-vsctl --timeout=5 --format=csv --no-headings --columns="$2" list "$1" || exit 1; }
t Bridge name,datapath_type,protocols,fail_mode,stp_enable,rstp_enable,mcast_snooping_enable,other_config,external_ids,flood_vlans | sort
t Port name,tag,trunks,vlan_mode,bond_mode,lacp,other_config,external_ids | sort
t Interface name,type,options,ofport_request,mtu_request,other_config,external_ids,lldp | sort
for b in $(ovs-vsctl --timeout=5 list-br); do
	echo "bridge $b: $(ovs-vsctl --timeout=5 list-ports "$b" | sort | tr '\n' ' ')"
	for c in dump-flows dump-groups dump-meters; do
		ovs-ofctl --timeout=5 -O OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15 $c "$b" 2>/dev/null | grep -v '_REPLY\|_reply\|reply (' | sed 's/duration=[^,]*, //; s/n_packets=[^,]*, //; s/n_bytes=[^,]*, //; s/idle_age=[^,]*, //; s/hard_age=[^,]*, //' | sort
	done
done`
	return d.Control(ctx, "read switch configuration", script)
}

// ResetConfig implements drivers.ConfigResetter.
func (d *Driver) ResetConfig(ctx context.Context) error {
	const op = "reset configuration"
	x, err := d.Try(ctx, op, "cat "+booted)
	if err != nil {
		return err
	}
	if x.Exit != 0 {
		return d.Fail(op, fmt.Errorf("nothing was saved at boot: %w", drivers.ErrUnsupported))
	}
	if _, err := d.Control(ctx, op, `set -e
ovs-vsctl --timeout=5 emer-reset
for b in $(ovs-vsctl --timeout=5 list-br); do ovs-vsctl --timeout=5 del-br "$b"; done`); err != nil {
		return err
	}
	if err := d.configure(ctx); err != nil {
		return d.Fail(op, err)
	}
	now, err := d.show(ctx)
	if err != nil {
		return err
	}
	if diff := node.Diff(x.Output, now); diff != "" {
		return d.Fail(op, fmt.Errorf("differences remain (-boot +now):\n%s", diff))
	}
	return nil
}

// version finds it in "ovs-vswitchd (Open vSwitch) 3.1.0".
var version = regexp.MustCompile(`\(Open vSwitch\) (\S+)`)

// Facts implements drivers.FactSource.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	return d.FactsOf(ctx, Factory{}.Products()[0], version, "iproute2")
}

// EvidenceCommands implements drivers.EvidenceSource.
func (d *Driver) EvidenceCommands() []string {
	each := func(command string) string {
		return "!for b in $(ovs-vsctl --timeout=5 list-br); do echo \"== $b\"; " + command + "; done"
	}
	return []string{ // the kernel's first: it answers where the switch hangs
		"!ip -d -s link show", "!ip addr show",
		"ovs-vsctl show", "ovs-vsctl list Bridge", "ovs-vsctl list Port", "ovs-vsctl list Interface",
		each("ovs-ofctl --timeout=5 -O OpenFlow13 show $b"), each("ovs-ofctl --timeout=5 -O OpenFlow13 dump-flows $b"),
		each("ovs-ofctl --timeout=5 -O OpenFlow13 dump-ports $b"), each("ovs-appctl --timeout=5 fdb/show $b"),
		each("ovs-appctl --timeout=5 stp/show $b"), each("ovs-appctl --timeout=5 rstp/show $b"),
		"ovs-appctl dpif/show", "ovs-appctl dpctl/dump-flows", "ovs-appctl coverage/show", "ovs-appctl lacp/show", "ovs-appctl bond/show",
	}
}
