package frr

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Platform is the name that scenarios use.
const Platform = "frr"

const (
	configFile = "/etc/frr/frr.conf"
	// booted holds the running configuration as it was after Boot.
	booted = "/run/reprise/frr.running"
	// running prints the running configuration without vtysh's words about it, which
	// frr-reload.py would take for configuration.
	running = "vtysh -c 'show running-config' 2>/dev/null | sed '1,/^Current configuration:/d; /^end$/d'"
)

//go:embed dialect.yaml
var dialectYAML []byte

// Dialect is how vtysh speaks.
func Dialect() (*session.CompiledDialect, error) { return dialect() }

// dialect is read once: its patterns take longer to compile than a node takes to be made.
//
//nolint:gochecknoglobals // what it gives never changes
var dialect = sync.OnceValues(func() (*session.CompiledDialect, error) { return session.ParseDialect(dialectYAML) })

// Factory opens drivers of FRR nodes.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// Open implements drivers.Factory.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	speaks, err := Dialect()
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	n, err := node.Open(ctx, Platform, failuresYAML, t)
	if err != nil {
		return nil, err
	}
	n.SetVolatile(settle())
	x, err := n.AskPrograms(ctx, "look at the software", askFacts+"; test -x /usr/lib/frr/mgmtd", version)
	if err != nil {
		return nil, errors.Join(err, n.Close(ctx))
	}
	v := versionOf(x.Output)
	n.SetServices(plan(string(t.Config), t.Services, software{mgmtd: x.Exit == 0, oneLog: beforeLogs(v)}))
	d := &Driver{Node: n, version: v, cli: session.NewReopening(t.Node, func(ctx context.Context, i int) (*session.CLI, error) {
		return session.OpenCLI(ctx, session.Config{Node: t.Node, Host: t.Host, Recorder: t.Recorder, Channel: session.Channel("cli", i)}, speaks)
	})}
	n.StartBy(node.Start{Ask: d.learn, Dirs: dirs(), Before: before(), Daemons: d.boot, Forget: "rm -rf /run/frr/* /var/lib/frr/* /var/tmp/frr/*"})
	return d, nil
}

// dirs are those that belong to the daemons.
func dirs() []string {
	return []string{"/run/frr", "/var/log/frr", "/var/lib/frr", "/var/tmp/frr", "/etc/frr"}
}

// before gives the daemons what is theirs, and vtysh the word that all have one file.
func before() string {
	return `while read -r l; do [ "$l" != 'service integrated-vtysh-config' ] || break; done 2>/dev/null </etc/frr/vtysh.conf || l=
[ "$l" = 'service integrated-vtysh-config' ] || echo 'service integrated-vtysh-config' >> /etc/frr/vtysh.conf
chown -R frr:frr ` + strings.Join(dirs(), " ")
}

// Driver drives one FRR node.
type Driver struct {
	*node.Node
	cli     *session.Reopening[*session.CLI]
	version string // known from Boot on; empty where it was not told before

	mu       sync.Mutex
	warnings []string // of the last start
}

// Run implements drivers.Driver: a line for vtysh.
func (d *Driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	return askAgain(ctx, c, d.cli.Run)
}

// OpenSession implements drivers.SessionOpener: vtysh takes a while to learn what all daemons take.
func (d *Driver) OpenSession(ctx context.Context) error {
	return d.cli.Do(ctx, func(*session.CLI) error { return nil })
}

// Close implements drivers.Driver.
func (d *Driver) Close(ctx context.Context) error {
	return errors.Join(d.cli.Close(ctx), d.Node.Close(ctx))
}

// Configure implements drivers.Configurer.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	var done []drivers.Exchange
	err := d.cli.Do(ctx, func(c *session.CLI) error {
		x, err := c.RunConfig(ctx, drivers.Command{Line: "configure terminal"})
		if err != nil {
			return err
		}
		if x.Rejected != "" {
			done = append(done, x)
			return nil
		}
		for _, line := range lines {
			if x, err = c.RunConfig(ctx, drivers.Command{Line: line}); err != nil {
				return err
			}
			done = append(done, x)
			if x.Rejected != "" {
				break
			}
		}
		// A line may have left the mode itself; "end" is then refused, and harmless.
		_, err = c.Run(ctx, drivers.Command{Line: "end"})
		return err
	})
	return done, err
}

// Stops implements drivers.Stopper: nothing that vtysh takes ends a daemon.
func (d *Driver) Stops(line string, shell bool, process string) []string {
	if !shell {
		return nil
	}
	return d.Node.Stops(line, true, process)
}

// learn asks for the version, on which depends what may be looked at.
func (d *Driver) learn(ctx context.Context) (err error) {
	if d.version != "" {
		return nil
	}
	d.version, err = d.VersionOf(ctx, Factory{}.Products()[0], version)
	return err
}

// loadTimeout bounds reading the start-up configuration: 12,000 routes take vtysh 10 to 30 s.
const loadTimeout = time.Minute

func (d *Driver) boot(ctx context.Context) error {
	if err := d.cli.Renew(ctx); err != nil && !errors.Is(err, drivers.ErrClosed) {
		return err
	}
	if err := d.Put(ctx, configFile, d.Target.Config, 0o640); err != nil {
		return err
	}
	if err := d.StartAll(ctx); err != nil {
		return err
	}
	if err := d.load(ctx); err != nil {
		return err
	}
	if d.Target.NoReset {
		return nil
	}
	_, err := d.Control(ctx, "save running configuration", running+" > "+booted+" || true")
	return err
}

// load gives the daemons the start-up configuration, where there is any: vtysh, which takes as much
// of a processor as a daemon, is not started for nothing.
func (d *Driver) load(ctx context.Context) error {
	var x drivers.Exchange
	if len(bytes.TrimSpace(d.Target.Config)) > 0 {
		var err error
		if x, err = d.TryFor(ctx, "load "+configFile, "vtysh -b", loadTimeout); err != nil {
			return err
		}
	}
	d.warned(x)
	if x.Exit != 0 {
		crashed, err := d.Crashed(ctx)
		if err != nil {
			return err
		}
		if !crashed {
			words := loadRefusals(x.Output)
			if len(words) == 0 {
				words = []string{strings.TrimSpace(x.Output)}
			}
			return d.Fail("load "+configFile, fmt.Errorf("%w, with status %d: %s", drivers.ErrRefused, x.Exit, strings.Join(words, "; ")))
		}
	}
	return nil
}

// BootWarnings implements drivers.BootTeller.
func (d *Driver) BootWarnings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.warnings)
}

// warned keeps what was said of a configuration that was taken: the status of "vtysh -b"
// alone tells of a refusal, in every version. A daemon may warn of a line and take it ("% No
// Path to RP address specified", while the interfaces are not configured yet).
func (d *Driver) warned(x drivers.Exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.warnings = nil
	if x.Exit != 0 {
		return
	}
	progress := regexp.MustCompile(`^\[\d+\|\w+\] (?:sending configuration|done)|^[Ww]aiting for children|No changes found to be committed`)
	for line := range strings.Lines(x.Output) {
		if line = strings.TrimSpace(line); line != "" && !progress.MatchString(line) && !slices.Contains(d.warnings, line) {
			d.warnings = append(d.warnings, line)
		}
	}
}

// loadRefusals are the lines of "vtysh -b" that tell of a refused line, each once:
// from FRR 10 on every daemon says it again.
func loadRefusals(out string) []string {
	re := regexp.MustCompile(`^line \d+: |^% `)
	noise := regexp.MustCompile(`sending configuration|processing failure|[Ww]aiting for children`)
	var words []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if re.MatchString(line) && !noise.MatchString(line) && !slices.Contains(words, line) {
			words = append(words, line)
		}
	}
	return words
}

// ResetConfig implements drivers.ConfigResetter. What changed since Boot is taken back line by line;
// where that does not lead to what ran then, FRR's own frr-reload.py does it.
func (d *Driver) ResetConfig(ctx context.Context) error {
	const op = "reset configuration"
	x, err := d.Try(ctx, op, "test -s "+booted+" && cat "+booted)
	if err != nil {
		return err
	}
	if x.Exit != 0 {
		return d.Fail(op, fmt.Errorf("no configuration saved at boot: %w", drivers.ErrUnsupported))
	}
	if err := d.cli.Renew(ctx); err != nil {
		return err
	}
	back, err := d.takeBack(ctx, x.Output)
	if err == nil && !back {
		err = d.reload(ctx, x.Output)
	}
	if err != nil {
		return err
	}
	if err := d.Put(ctx, configFile, d.Target.Config, 0o640); err != nil {
		return err
	}
	_, err = d.Control(ctx, op, "chown frr:frr "+configFile)
	return err
}

// takeBack tells whether the configuration that ran then runs again, after its lines were taken back
// where it did not.
func (d *Driver) takeBack(ctx context.Context, then string) (bool, error) {
	now, err := d.running(ctx)
	if err != nil || placed(then) == placed(now) {
		return err == nil, err
	}
	changes := undo(then, now)
	if changes == nil {
		return false, nil
	}
	for _, e := range changes {
		if done, err := d.change(ctx, e); err != nil || !done {
			return false, err
		}
	}
	now, err = d.running(ctx)
	return err == nil && placed(then) == placed(now), err
}

// running asks for the running configuration in the session that commands go to, which costs no
// start of vtysh.
func (d *Driver) running(ctx context.Context) (string, error) {
	x, err := d.Run(ctx, drivers.Command{Line: "show running-config"})
	if err != nil {
		return "", err
	}
	_, config, _ := strings.Cut(x.Output, "\nCurrent configuration:\n")
	return config, nil
}

// change configures one line in its place, and tells whether it was taken.
func (d *Driver) change(ctx context.Context, e entry) (bool, error) {
	for line := e.line; line != ""; line = shorter(line) {
		done, err := d.Configure(ctx, append(slices.Clone(e.within), line))
		if err != nil {
			return false, err
		}
		last := done[len(done)-1]
		if last.Rejected == "" {
			return true, nil
		}
		if last.Command != line {
			break // there is no such place
		}
	}
	return false, nil
}

// reload has frr-reload.py make the configuration what it was then. It now and then needs a second
// pass, and cannot remove a line that holds "?".
func (d *Driver) reload(ctx context.Context, then string) error {
	const op = "reset configuration"
	x, err := d.Try(ctx, op, "test -x /usr/lib/frr/frr-reload.py")
	if err != nil {
		return err
	}
	if x.Exit != 0 {
		return d.Fail(op, fmt.Errorf("its changes cannot be taken back line by line, and there is no frr-reload.py (package frr-pythontools): %w", drivers.ErrUnsupported))
	}
	var diff string
	for range 2 {
		if x, err = d.Try(ctx, op, "timeout 18 /usr/lib/frr/frr-reload.py --reload --overwrite --log-level error --stdout "+booted+" 2>&1"); err != nil {
			return err
		}
		now, err := d.Control(ctx, "read running configuration", running)
		if err != nil {
			return err
		}
		if diff = node.Diff(placed(then), placed(now)); diff == "" {
			return nil
		}
	}
	return d.Fail(op, fmt.Errorf("frr-reload.py (exit status %d: %s) left differences (-boot +now):\n%s", x.Exit, strings.TrimSpace(x.Output), diff))
}

// Start implements drivers.ProcessController: the daemon gets its part of the start-up
// configuration again.
func (d *Driver) Start(ctx context.Context, process string) error {
	if err := d.Node.Start(ctx, process); err != nil {
		return err
	}
	if err := d.cli.Renew(ctx); err != nil {
		return err
	}
	// The other daemons hold their configuration; "vtysh -b" for one daemon reads the
	// integrated file too, and lines of other daemons are passed over.
	x, err := d.Try(ctx, "configure "+process, "timeout 15 vtysh -b -d "+session.Quote(process))
	if err != nil {
		return err
	}
	if x.Exit != 0 {
		if x, err = d.Try(ctx, "configure "+process, "timeout 15 vtysh -b"); err != nil {
			return err
		}
		if words := loadRefusals(x.Output); x.Exit != 0 {
			return d.Fail("configure "+process, fmt.Errorf("exit status %d: %s", x.Exit, strings.Join(words, "; ")))
		}
	}
	return nil
}

// Kill implements drivers.ProcessController.
func (d *Driver) Kill(ctx context.Context, process, signal string) error {
	if err := d.Node.Kill(ctx, process, signal); err != nil {
		return err
	}
	return d.cli.Renew(ctx) // vtysh would otherwise report the loss in the next answer
}

// version finds it in "zebra version 8.4.4".
var version = regexp.MustCompile(`version (\S+)`)

// Facts implements drivers.FactSource.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	return d.FactsOf(ctx, Factory{}.Products()[0], version, "libyang2", "libyang3", "iproute2")
}

// versionOf is the version in an answer to askFacts; empty where it has none.
func versionOf(out string) string {
	if m := version.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return ""
}

// beforeLogs reports whether a version has one log file only, so that "log file" in the
// configuration replaces that of the command line: those before 8.0.
func beforeLogs(version string) bool {
	major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	return err == nil && major < 8
}

// harmful reports whether a command is known to end a daemon of this version: looking must
// not change what is looked at. "show ip ospf interface" aborts ospfd in lib/table.c
// before 8.0 (FRRouting/frr issues 9463 and 10203, mended by pull request 8876).
func harmful(command, version string) bool {
	major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	return command == "show ip ospf interface" && (err != nil || major < 8)
}

// ConfigCommand implements drivers.ConfigShower.
func (*Driver) ConfigCommand() string { return "show running-config" }

// EvidenceCommands implements drivers.EvidenceSource.
func (d *Driver) EvidenceCommands() []string {
	commands := []string{
		"show version", "show running-config", "show interface", "show ip route", "show ipv6 route", "show ip nht",
		"!ip -d -s link show", "!ip addr show", "!ip route show table all", "!ip neigh show",
	}
	per := map[string][]string{
		"bgpd":    {"show bgp summary", "show bgp ipv4 unicast", "show bgp ipv6 unicast", "show bgp neighbors"},
		"ospfd":   {"show ip ospf", "show ip ospf neighbor detail", "show ip ospf interface", "show ip ospf database", "show ip ospf route"},
		"ospf6d":  {"show ipv6 ospf6", "show ipv6 ospf6 neighbor detail", "show ipv6 ospf6 interface", "show ipv6 ospf6 database"},
		"isisd":   {"show isis neighbor detail", "show isis interface detail", "show isis database detail", "show isis topology"},
		"ripd":    {"show ip rip", "show ip rip status"},
		"ripngd":  {"show ipv6 ripng", "show ipv6 ripng status"},
		"eigrpd":  {"show ip eigrp neighbor", "show ip eigrp topology"},
		"babeld":  {"show babel neighbor", "show babel route"},
		"bfdd":    {"show bfd peers", "show bfd peers counters"},
		"pimd":    {"show ip pim neighbor", "show ip pim interface", "show ip mroute", "show ip igmp groups"},
		"ldpd":    {"show mpls ldp neighbor", "show mpls ldp binding"},
		"vrrpd":   {"show vrrp"},
		"nhrpd":   {"show ip nhrp", "show ip nhrp nhs"},
		"staticd": nil,
	}
	for _, s := range d.Services() {
		commands = append(commands, per[s.Name]...)
	}
	commands = slices.DeleteFunc(commands, func(c string) bool { return harmful(c, d.version) })
	return commands
}
