package tester

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
	"github.com/reprise-lab/reprise/drivers/session"
	"github.com/reprise-lab/reprise/drivers/tester/speaker"
)

// Platform is the name that scenarios use.
const Platform = "tester"

const (
	program    = "/usr/local/lib/reprise/tester" // in the node
	configFile = "/etc/reprise/tester.yaml"
	daemon     = "tester"
)

// Factory opens drivers of tester nodes.
type Factory struct {
	// Program is the file that is put into nodes; empty means this program. It must handle speaker.Verb.
	Program string
}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// Daemons implements drivers.DaemonLister.
func (Factory) Daemons() []string { return []string{daemon} }

// TellsStatus implements drivers.StatusTeller.
func (Factory) TellsStatus() bool { return true }

// Placed implements drivers.Placed.
func (Factory) Placed() string { return "the speaker of a tester" }

// CheckSyntax implements drivers.SyntaxChecker; the speaker's own reader is here already.
func (Factory) CheckSyntax(_ context.Context, _ drivers.Host, config []byte) (refused string, err error) {
	if _, wrong := speaker.Parse(config); wrong != nil {
		refused = wrong.Error()
	}
	return refused, nil
}

// Open implements drivers.Factory.
func (f Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	for _, s := range t.Services {
		if s.Name != daemon || len(s.Args) > 0 {
			return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: fmt.Errorf("service %q: a tester node runs its speaker only, without arguments: %w", s.Name, drivers.ErrUnsupported)}
		}
	}
	n, err := node.Open(ctx, Platform, failuresYAML, t)
	if err != nil {
		return nil, err
	}
	n.SetServices([]node.Service{{
		Name:   daemon,
		Argv:   []string{program, speaker.Verb, "serve", configFile},
		Before: "rm -f " + speaker.Socket,
		Ready:  "[ -S " + speaker.Socket + " ]",
		Own:    true,
	}})
	d := &Driver{Node: n, program: f.Program}
	n.StartBy(node.Start{SetUp: d.setUp, Daemons: d.boot})
	return d, nil
}

// Driver drives one tester node.
type Driver struct {
	*node.Node
	program string
}

// setUp puts the program into the node, and sets the addresses of its interfaces.
func (d *Driver) setUp(ctx context.Context) error {
	c, err := speaker.Parse(d.Target.Config)
	if err != nil {
		return d.Fail("read configuration", fmt.Errorf("%w: %w", drivers.ErrRefused, err))
	}
	if err := d.place(ctx); err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString("set -e\n")
	for _, name := range slices.Sorted(maps.Keys(c.Interfaces)) {
		for _, a := range c.Interfaces[name] {
			nodad := ""
			if a.Addr().Is6() {
				nodad = " nodad" // it is spoken from at once
			}
			fmt.Fprintf(&script, "ip addr replace %s dev %s%s\n", a, session.Quote(name), nodad)
		}
		fmt.Fprintf(&script, "ip link set %s up\n", session.Quote(name))
	}
	_, err = d.Control(ctx, "set addresses", script.String())
	return err
}

// place puts the program into the node, where it is not there already: a node that was started anew
// keeps its files.
func (d *Driver) place(ctx context.Context) error {
	const op = "put the speaker in place"
	from := d.program
	if from == "" {
		var err error
		if from, err = os.Executable(); err != nil {
			return d.Fail(op, fmt.Errorf("find this program: %w", err))
		}
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return d.Fail(op, fmt.Errorf("read this program: %w", err))
	}
	machine, err := d.Try(ctx, op, "uname -m")
	if err != nil {
		return err
	}
	if got, want := strings.TrimSpace(machine.Output), machineName(); want != "" && got != want {
		return d.Fail(op, fmt.Errorf("the node is a machine of kind %s, and this program is for %s: give it an image of that kind: %w", got, want, drivers.ErrUnsupported))
	}
	size, err := d.Try(ctx, op, "mkdir -p "+path.Dir(program)+"; stat -c %s "+program+" 2>/dev/null")
	if err != nil || strings.TrimSpace(size.Output) == fmt.Sprint(len(data)) {
		return err
	}
	return d.Put(ctx, program, data, 0o755)
}

// machineName is what a kernel that runs this program calls its machine; empty where that is not known.
func machineName() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
}

func (d *Driver) boot(ctx context.Context) error {
	if err := d.Put(ctx, configFile, d.Target.Config, 0o644); err != nil {
		return err
	}
	err := d.StartAll(ctx)
	if e, ok := errors.AsType[*node.ExitedError](err); ok && !e.Crashed() {
		return fmt.Errorf("%w: %w", drivers.ErrRefused, err) // what it announces from the start, for one
	}
	return err
}

// Run implements drivers.Driver: an order to the speaker. One that does not run is an error.
func (d *Driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	op := fmt.Sprintf("run %q", c.Line)
	line, err := lineOf(c.Line)
	if err != nil {
		return drivers.Exchange{}, d.Fail(op, err)
	}
	if c.Timeout <= 0 {
		c.Timeout = drivers.DefaultTimeout
	}
	limit := c.Timeout - min(c.Timeout/5, time.Second)
	x, err := d.Shell(ctx, drivers.Command{
		Line:    fmt.Sprintf("LD_PRELOAD= timeout %.3f %s %s ask %s", limit.Seconds(), program, speaker.Verb, session.Quote(line)),
		Timeout: c.Timeout, Limit: c.Limit,
	})
	x.Command = c.Line
	if err != nil {
		// What was typed for the shell is not worth printing; the line is.
		if o := (*drivers.OpError)(nil); errors.As(err, &o) {
			err = o.Err
		}
		return x, d.Fail(op, err)
	}
	const expired = 124 // timeout's own status
	switch words := strings.TrimSpace(x.Output); x.Exit {
	case 0:
		return x, nil
	case speaker.ExitRefused:
		x.Rejected = words
		return x, nil
	case expired:
		return drivers.Exchange{}, d.Fail(op, drivers.ErrTimeout)
	case speaker.ExitUnreachable:
		return drivers.Exchange{}, d.Fail(op, fmt.Errorf("%w: %s", drivers.ErrUnreachable, words))
	case speaker.ExitClosed:
		return drivers.Exchange{}, d.Fail(op, fmt.Errorf("%w: %s", drivers.ErrClosed, words))
	default:
		return drivers.Exchange{}, d.Fail(op, fmt.Errorf("the speaker gave no answer: exit status %d: %q", x.Exit, words[:min(len(words), 400)]))
	}
}

// lineOf is an order in one line.
func lineOf(line string) (string, error) {
	line = strings.NewReplacer("\t", " ", "\n", " ").Replace(line)
	if i := strings.IndexFunc(line, unicode.IsControl); i >= 0 {
		return "", fmt.Errorf("line holds a control character at byte %d", i)
	}
	return strings.TrimSpace(line), nil
}

// Configure implements drivers.Configurer: every line is an order.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	var done []drivers.Exchange
	for _, line := range lines {
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

// Start implements drivers.ProcessController: with the start-up configuration.
func (d *Driver) Start(ctx context.Context, process string) error {
	if err := d.Put(ctx, configFile, d.Target.Config, 0o644); err != nil {
		return err
	}
	return d.Node.Start(ctx, process)
}

// ResetConfig implements drivers.ConfigResetter.
func (d *Driver) ResetConfig(ctx context.Context) error {
	const op = "reset configuration"
	x, err := d.Run(ctx, drivers.Command{Line: "reset"})
	if err != nil {
		return d.Fail(op, err)
	}
	if x.Rejected != "" {
		return d.Fail(op, errors.New(x.Rejected))
	}
	return d.RestoreNetwork(ctx)
}

// Facts implements drivers.FactSource. The version is the program's, with that of its BGP library.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	details, err := d.Packages(ctx, "iproute2")
	if err != nil {
		return drivers.Facts{}, err
	}
	if err := d.System(ctx, details); err != nil {
		return drivers.Facts{}, err
	}
	version, err := d.Control(ctx, "ask for the version", "LD_PRELOAD= "+program+" "+speaker.Verb+" version")
	return drivers.Facts{Platform: Platform, Version: strings.TrimSpace(version), Details: details}, err
}

// Breaks implements drivers.BreakTeller. It is read from what the speaker writes, also where that is paused or dead.
func (d *Driver) Breaks(ctx context.Context) ([]drivers.Break, error) {
	const op = "ask what broke"
	text, err := d.Control(ctx, op, "cat "+speaker.BreakFile)
	if err != nil {
		return nil, err
	}
	found, err := speaker.ReadBreaks([]byte(text))
	if err != nil {
		return nil, d.Fail(op, fmt.Errorf("read %s: %w", speaker.BreakFile, err))
	}
	var list []drivers.Break
	for _, b := range found {
		list = append(list, drivers.Break(b))
	}
	return list, nil
}

// EvidenceCommands implements drivers.EvidenceSource.
func (d *Driver) EvidenceCommands() []string {
	return []string{
		"show neighbors", "show routes {limit: 1000}", "show sessions", "show replays", "!cat " + configFile,
		"!ip -d -s link show", "!ip addr show", "!ip route show table all", "!ip -6 route show table all", "!ip neigh show", "!ss -ntp",
	}
}
